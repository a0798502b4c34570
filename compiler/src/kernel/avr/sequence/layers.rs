//! The stages of a network: embedding, blocks, output.

use super::context::{Activate, Attend, Embed, Pass, Rotate, Shift, loads};
use super::form::Form;
use super::product::{Product, To};
use super::writer::{Placed, Writer, value};
use super::{bounds, choose, counted};
use crate::CompileError;
use crate::arithmetic::{COSINES, RECIPROCALS, ROOTS};
use crate::kernel::choosing::Choosing;
use crate::kernel::predict::Runs;
use crate::model::{Activation, Attention, FeedForward, Matrix, Output, Positions, Transformer};

/// The most that `adiw` adds.
const ADIW: usize = 63;

/// What all blocks have in common.
struct Heads<'a> {
    body: &'a Transformer,
    rotates: bool,
    /// Scores have 16 bits.
    short: bool,
    /// Bytes of a head's keys and values.
    bytes: usize,
}

impl Writer<'_> {
    /// Everything that is done with a token.
    pub fn layers(&mut self, body: &Transformer, choosing: &Choosing) -> Result<(), CompileError> {
        let size = body.head_size;
        let rotates = matches!(body.positions, Positions::Rotary { .. });
        let is_short = |attention| bounds::are_scores_short(attention, size, rotates);
        let short = body.blocks.iter().all(|block| is_short(&block.attention));
        let heads = Heads { body, rotates, short, bytes: 2 * body.window * size };
        self.page("roots", &*ROOTS);
        self.page("reciprocals", &*RECIPROCALS);
        self.input(body)?;
        let empty = heads.context(String::new(), 0);
        for (label, part) in
            [("net_append", "append"), ("net_attend_scores", "scores"), ("net_attend_mean", "mean")]
        {
            self.routine(label, ("attend.S", part), || value(&empty))?;
        }
        self.begin_rounds(body)?;
        self.runs = Runs::Rounds;
        for (b, block) in body.blocks.iter().enumerate() {
            self.attention(&heads, b, &block.attention)?;
            self.feed_forward(body, b, &block.feed_forward)?;
        }
        self.end_round(body, body.blocks.len() * body.kv_heads * heads.bytes);
        self.runs = Runs::Answer;
        self.output(body, choosing)
    }

    /// The embedding of the token in r25:r24, and what its position shows by.
    fn input(&mut self, body: &Transformer) -> Result<(), CompileError> {
        self.stage("embed", "the token's row");
        self.embed("embedding", &body.embedding, false)?;
        match &body.positions {
            Positions::Learnt(matrix) => {
                self.line("lds r24, net_position");
                self.line("lds r25, net_position+1");
                self.embed("positions", matrix, true)
            }
            Positions::Rotary { steps } => {
                self.page("cosines", &COSINES.map(|cosine| cosine as u8));
                let steps: Vec<u8> =
                    steps.iter().flat_map(|step| step.to_le_bytes().into_iter().take(3)).collect();
                self.data("steps", &steps);
                self.stage("rotate", "cosines and sines of the position");
                let (pairs, sh) = (body.head_size / 2, Shift::new(0));
                let beam = self.beam.is_some();
                self.routine("net_angles", ("rotate.S", "angles"), || {
                    value(Rotate { name: "net_angles".into(), pairs, beam, cycles: "", sh })
                })?;
                self.line("call net_angles");
                self.known.here().rounds("net_angle", pairs as f64);
                Ok(())
            }
            Positions::None => Ok(()),
        }
    }

    fn embed(&mut self, label: &'static str, m: &Matrix, adds: bool) -> Result<(), CompileError> {
        let form = self.choice.form(label);
        let tile = choose::embed_tile(self.choice.acc);
        self.store(label, m, form, tile);
        let Placed { form, tile } = self.placed[label];
        self.data(&format!("{label}_mantissas"), &m.mantissas);
        let last = (m.rows - 1) / tile * tile;
        let chip = self.chip;
        let data = self.data_of(label);
        let is_filed = data.is_some();
        let weights = self.place(&format!("{label}_0"));
        let name = format!("net_get_{label}");
        self.routine(&name, ("embed.S", "routine"), || {
            value(Embed {
                name: name.clone(),
                form: form.name(),
                weights,
                mantissas: format!("{label}_mantissas"),
                tile,
                behind: usize::from(data.is_none()),
                last_tile: last,
                last_rows: m.rows - last,
                row_bytes: form.row_bytes(m.cols),
                block_bytes: form.block_bytes(),
                loads: loads(form),
                cols: m.cols,
                offset: form.offset(),
                dest: "stream",
                adds,
                lpm: chip.lpm(),
                data,
                wide: chip.wide,
                three: chip.three,
                // A weight times a mantissa has 16 bits: 16 shifts and more give 0.
                sh: Shift::new(m.shift.min(16)),
            })
        })?;
        self.line(&format!("call {name}"));
        self.computes(label);
        self.known_row(&name, (m.cols, loads(form)), (form == Form::Fives, is_filed));
        Ok(())
    }

    fn attention(&mut self, heads: &Heads, b: usize, a: &Attention) -> Result<(), CompileError> {
        let body = heads.body;
        let (kv, size) = (body.kv_heads, body.head_size);
        let name = |what: &str| format!("b{b}_{what}");
        self.in_front(&name("an"), &a.norm, body)?;
        let names = ["q", "k", "v"].map(name);
        let list = [
            Product::new(&names[0], &a.query, To::Words, "queries"),
            Product::new(&names[1], &a.key, To::Words, "keys"),
            Product::new(&names[2], &a.value, To::Bytes, "values"),
        ];
        self.products(&list, "act")?;
        if let Some((query, key)) = &a.head_norms {
            self.head_norms(&name("qn"), query, "queries", (body.heads, size))?;
            self.head_norms(&name("kn"), key, "keys", (kv, size))?;
        }
        self.turn(&names[0], (heads.rotates, a.rotate_bits), "queries", (body.heads, size))?;
        self.turn(&names[1], (heads.rotates, a.rotate_bits), "keys", (kv, size))?;
        let cache = b * kv * heads.bytes;
        self.stage("append", &format!("{}: keys and values into their caches", name("kv")));
        for (from, to, flip) in [("keys", cache, 0), ("values", cache + body.window * size, 0x80)] {
            self.pair(26, from);
            self.cache(28, body, to);
            self.line(&format!("ldi r25, {flip}"));
            self.line("call net_append");
        }
        self.known_append(body);
        if b + 1 == body.blocks.len() {
            self.skip_rest(body);
            self.runs = Runs::Rest;
        }
        self.stage("scores", &format!("{}: all heads", name("attend")));
        self.page(&name("weights"), &a.weights);
        let label = format!("net_attend_{}", a.score_bits);
        self.routine(&label, ("attend.S", "routine"), || value(heads.context(label.clone(), a.score_bits)))?;
        self.filled = None;
        self.cache(24, body, cache);
        self.line(&format!("ldi r23, hi8({})", name("weights")));
        self.line(&format!("call {label}"));
        self.known_heads(&label, body);
        self.product(&Product::new(&name("o"), &a.output, To::Stream, "stream"), "mixed")?;
        self.behind(&name("an"), &a.norm, body)
    }

    fn feed_forward(&mut self, body: &Transformer, b: usize, f: &FeedForward) -> Result<(), CompileError> {
        let name = |what: &str| format!("b{b}_{what}");
        self.in_front(&name("fn"), &f.norm, body)?;
        let [up, gate, table] = ["up", "gate", "table"].map(name);
        let product = Product::new(&up, &f.up, To::Bytes, "up");
        let (count, rows) = (f.up.rows % 256, f.up.rows as f64);
        let mut looked = false;
        if let Activation::Gate { matrix, table: values, .. } = &f.activation {
            let gates = Product::new(&gate, matrix, To::Bytes, "gates");
            self.page(&table, &bytes(values));
            looked = self.passes_over(&product);
            if looked {
                self.product(&gates, "act")?;
                self.stage("activation", &format!("{}: gates", name("ff")));
                self.look_up("gates", &table, count, rows)?;
                self.product(&Product { gates: Some("gates"), ..product }, "act")?;
            } else {
                self.products(&[product, gates], "act")?;
            }
        } else {
            self.product(&product, "act")?;
        }
        self.stage("activation", &format!("{}: activation", name("ff")));
        match &f.activation {
            Activation::Relu => {
                let context = Activate::new("net_relu", 2, false, 0);
                self.routine("net_relu", ("activation.S", "relu"), || value(context))?;
                self.pair(26, "up");
                self.call_times("net_relu", count, rows);
            }
            Activation::Table(values) => {
                self.page(&table, &bytes(values));
                self.look_up("up", &table, count, rows)?;
            }
            Activation::Gate { bits, .. } => {
                let label = format!("net_gate_{bits}{}", if looked { "_looked" } else { "" });
                let wide = if *bits >= 15 { 3 } else { 2 };
                let context = Activate::new(&label, wide, looked, *bits);
                self.routine(&label, ("activation.S", "gate"), || value(context))?;
                self.pair(26, "gates");
                self.pair(28, "up");
                if !looked {
                    self.line(&format!("ldi r31, hi8({table})"));
                }
                self.call_times(&label, count, rows);
            }
        }
        self.filled = None;
        self.product(&Product::new(&name("down"), &f.down, To::Stream, "stream"), "up")?;
        self.behind(&name("fn"), &f.norm, body)
    }

    /// Whether rows of `up` are passed over where gates are closed: they are looked up in tables that are there all at once, and
    /// not read from a bus, which would have to be told.
    fn passes_over(&self, up: &Product) -> bool {
        let Some(digits) = self.choice.form(up.name).digits() else { return false };
        let blocks = digits.blocks(up.matrix.cols, self.choice.pages);
        self.gates_first && blocks.len() == 1 && blocks[0].1 <= ADIW && !self.is_filed(up.name)
    }

    /// Bytes, each of which becomes its entry in a table.
    fn look_up(&mut self, at: &str, table: &str, count: usize, rows: f64) -> Result<(), CompileError> {
        let context = Activate::new("net_look", 2, false, 0);
        self.routine("net_look", ("activation.S", "table"), || value(context))?;
        self.pair(26, at);
        self.line(&format!("ldi r31, hi8({table})"));
        self.call_times("net_look", count, rows);
        Ok(())
    }

    /// Calls a routine that does something to each of so many elements; `count` of them, modulo 256.
    fn call_times(&mut self, routine: &str, count: usize, elements: f64) {
        self.line(&format!("ldi r24, {count}"));
        self.line(&format!("call {routine}"));
        self.known.here().rounds(routine, elements);
    }

    fn output(&mut self, body: &Transformer, choosing: &Choosing) -> Result<(), CompileError> {
        let last = &body.blocks[body.blocks.len() - 1].feed_forward.norm;
        match &body.norm {
            Some(norm) => self.norm8("last", norm, body.dim)?,
            None => self.narrow8("last", last.narrow, body.dim)?,
        }
        self.stage("output", "the logits, and the token that they choose");
        self.begin_choice(choosing)?;
        if let Some(prior) = &body.prior {
            self.prior(prior, choosing)?;
        }
        self.bar = choosing.bar();
        self.cost = choosing.prior;
        let product = match &body.output {
            Output::Tied { mantissas, shift } => Product {
                mantissas,
                shift: *shift,
                bias: &[],
                weights: Some("embedding"),
                ..Product::new("output", &body.embedding, To::Best, "")
            },
            Output::Own(matrix) => Product::new("output", matrix, To::Best, ""),
        };
        self.product(&product, "act")?;
        self.end_choice(choosing)
    }
}

fn bytes(table: &[i8]) -> Vec<u8> {
    table.iter().map(|&v| v as u8).collect()
}

impl Heads<'_> {
    fn context(&self, name: String, score_bits: u8) -> Attend {
        let body = self.body;
        let size = body.head_size;
        let pass = |p: usize| Pass { from: 8 * p, count: 8.min(size - 8 * p), name: p };
        let context = Attend {
            name,
            head_size: size,
            kv_heads: body.kv_heads,
            short: self.short,
            group: body.heads / body.kv_heads,
            head_bytes: self.bytes,
            values: body.window * size,
            passes: (0..size.div_ceil(8)).map(pass).collect(),
            cycles: 0,
            sh: Shift::new(score_bits),
        };
        Attend { cycles: counted::score(&context), ..context }
    }
}
