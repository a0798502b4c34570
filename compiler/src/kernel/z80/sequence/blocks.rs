//! What a token runs through: its embedding, the blocks, the logits.

use super::attend;
use super::bound::Bound;
use super::choose;
use super::emit::Emitter;
use super::known;
use super::layout::{Layout, ternary_rows};
use super::norm::Norms;
use super::rescale::Kind;
use super::{activation, embed, rounds};
use crate::CompileError;
use crate::kernel::predict::Runs;
use crate::model::{
    Activation, Attention, Block, FeedForward, Matrix, Norm, NormOrder, Output, Positions, Transformer,
};

/// The output's matrix, tied or not.
pub fn output(body: &Transformer) -> Matrix {
    match &body.output {
        Output::Own(matrix) => matrix.clone(),
        Output::Tied { mantissas, shift } => {
            let (mantissas, shift) = (mantissas.clone(), *shift);
            Matrix { mantissas, shift, ..body.embedding.clone() }
        }
    }
}

/// All vectors of bytes, by their length, and the matrices that read each.
pub fn readers<'m>(body: &'m Transformer, output: &'m Matrix) -> Vec<(usize, Vec<&'m Matrix>)> {
    let mut readers = Vec::new();
    for Block { attention, feed_forward } in &body.blocks {
        readers.push((body.dim, vec![&attention.query, &attention.key, &attention.value]));
        readers.push((attention.output.cols, vec![&attention.output]));
        readers.push((body.dim, feed_forward_inputs(feed_forward)));
        readers.push((feed_forward.down.cols, vec![&feed_forward.down]));
    }
    readers.push((body.dim, vec![output]));
    readers
}

fn feed_forward_inputs(layer: &FeedForward) -> Vec<&Matrix> {
    match &layer.activation {
        Activation::Gate { matrix, .. } => vec![&layer.up, matrix],
        Activation::Relu | Activation::Table(_) => vec![&layer.up],
    }
}

/// The code of a token.
pub struct Code {
    /// Of each token, up to the keys and values of the last block.
    pub read: String,
    /// Of those with an output, behind that.
    pub rest: String,
}

/// The blocks as they are made.
pub struct Blocks<'e, 'a> {
    pub e: &'e mut Emitter<'a>,
    pub norms: Norms,
    /// Whose tables are there: a vector's label, and how it was cut.
    filled: Option<(&'static str, Layout)>,
    /// The norm that the residual stream has gone through last, if it has.
    behind: Option<&'a Norm>,
}

impl<'e, 'a> Blocks<'e, 'a> {
    pub fn new(e: &'e mut Emitter<'a>) -> Self {
        Self { e, norms: Norms::default(), filled: None, behind: None }
    }

    /// All that a token runs through.
    ///
    /// # Errors
    /// What the kernels do not compute.
    pub fn code(&mut self, output: &Matrix) -> Result<Code, CompileError> {
        let body = self.e.site.body;
        known::frame(&mut self.e.known, self.e.site);
        embed::stages(self.e, output)?;
        rounds::begin(self.e);
        if self.e.site.filing.is_some() {
            self.e.line("call file_start");
        }
        let mut read = String::new();
        self.e.runs = Runs::Rounds;
        for (at, block) in body.blocks.iter().enumerate() {
            let bound = self.keys_and_values(at, &block.attention)?;
            if at + 1 == body.blocks.len() {
                read = self.e.take_code();
                self.e.runs = Runs::Rest;
            }
            self.attend(at, &block.attention, bound)?;
            self.feed_forward(at, &block.feed_forward)?;
        }
        rounds::end(self.e);
        self.e.runs = Runs::Answer;
        let bound = match (&body.norm, body.blocks.last()) {
            (Some(norm), _) => self.normalised(norm),
            (None, last) => self.narrowed(last.map_or(0, |block| block.feed_forward.norm.narrow)),
        };
        let layout = self.e.layout(output, ternary_rows(&[output]));
        self.fill("bytes", &layout);
        self.e.stage("output");
        choose::begin(self.e)?;
        self.e.product(("w_out", "output"), output, (&layout, bound), (Kind::Choose, "latent"))?;
        choose::end(self.e);
        known::reply(self.e);
        Ok(Code { read, rest: self.e.take_code() })
    }

    /// The input of a layer, as bytes, and what is proven of it.
    fn input(&mut self, norm: &Norm) -> Bound {
        match self.e.site.body.order {
            NormOrder::Pre => self.normalised(norm),
            NormOrder::Post => self.narrowed(norm.narrow),
        }
    }

    /// A norm of the residual stream, as bytes.
    fn normalised(&mut self, norm: &Norm) -> Bound {
        self.filled = None;
        self.norms.bytes(self.e, norm);
        Bound::of(norm, self.e.site.body.dim)
    }

    /// The residual stream as it is, as bytes.
    fn narrowed(&mut self, bits: u8) -> Bound {
        self.filled = None;
        self.norms.narrow(self.e, bits);
        let dim = self.e.site.body.dim;
        self.behind.map_or(Bound::any(dim), |norm| Bound::behind(norm, bits, dim))
    }

    /// The residual stream behind a layer.
    fn residual(&mut self, norm: &'a Norm) {
        let body = self.e.site.body;
        if body.order == NormOrder::Post {
            self.norms.groups(self.e, norm, "latent", (1, body.dim));
            self.behind = Some(norm);
        }
    }

    /// Tables of a vector, unless they are there.
    fn fill(&mut self, from: &'static str, layout: &Layout) {
        if self.filled.as_ref().is_none_or(|filled| *filled != (from, layout.clone())) {
            self.e.tables(from, layout);
            self.filled = Some((from, layout.clone()));
        }
    }

    /// A product with the layer's input.
    fn of_input(
        &mut self,
        (what, at): (&str, usize),
        m: &Matrix,
        (rows, bound): (usize, Bound),
        to: (Kind, &str),
    ) -> Result<(), CompileError> {
        let layout = self.e.layout(m, rows);
        self.fill("bytes", &layout);
        self.e.stage(what);
        let (name, field) = (format!("w_{what}_{at}"), format!("{what} of block {}", at + 1));
        self.e.product((&name, &field), m, (&layout, bound), to)
    }

    /// Of this token.
    fn keys_and_values(&mut self, at: usize, attention: &Attention) -> Result<Bound, CompileError> {
        let Attention { query, key, value, norm, head_norms, .. } = attention;
        let bound = self.input(norm);
        let rows = (ternary_rows(&[query, key, value]), bound);
        self.of_input(("key", at), key, rows, (Kind::Store16, "keys"))?;
        self.of_input(("value", at), value, rows, (Kind::Store8, "values"))?;
        let norm = head_norms.as_ref().map(|(_, key)| key);
        self.turn(attention, norm, ["keys", "key_bytes"], self.e.site.body.kv_heads);
        attend::append(self.e, at);
        Ok(bound)
    }

    fn attend(&mut self, at: usize, attention: &'a Attention, bound: Bound) -> Result<(), CompileError> {
        let body = self.e.site.body;
        let Attention { query, key, value, head_norms, output, .. } = attention;
        let rows = (ternary_rows(&[query, key, value]), bound);
        self.of_input(("query", at), query, rows, (Kind::Store16, "queries"))?;
        let norm = head_norms.as_ref().map(|(query, _)| query);
        self.turn(attention, norm, ["queries", "query_bytes"], body.heads);
        attend::attend(self.e, at, attention);
        self.filled = None;
        let layout = self.e.layout(output, ternary_rows(&[output]));
        self.fill("mixed", &layout);
        self.e.stage("projection");
        let (name, field) = (format!("w_projection_{at}"), format!("projection of block {}", at + 1));
        let bound = Bound::any(output.cols);
        self.e.product((&name, &field), output, (&layout, bound), (Kind::Add16, "latent"))?;
        self.residual(&attention.norm);
        Ok(())
    }

    /// Queries or keys in 8 bits.
    fn turn(&mut self, attention: &Attention, norm: Option<&Norm>, [from, to]: [&str; 2], heads: usize) {
        if let Some(norm) = norm {
            self.norms.groups(self.e, norm, from, (heads, self.e.site.body.head_size));
        }
        self.e.stage("rotate");
        known::turn(self.e, heads);
        let turns = matches!(self.e.site.body.positions, Positions::Rotary { .. });
        let (tail, routine) = match turns {
            true => (self.e.rescales.tail(Kind::Store8, attention.rotate_bits), "rotate"),
            false => (self.e.rescales.word(attention.rotate_bits), "narrow"),
        };
        let each = [(tail.as_str(), 1.0)];
        self.e.known.here().detour("rotate_out>ret", &each, None);
        self.e.known.here().detour("narrow_word>ret", &each, Some("narrow_back"));
        self.e.set("rotate_tail", &tail);
        self.e.set("rows_out", to);
        self.e.lines(&[&format!("ld hl,{from}"), &format!("ld a,{heads}"), &format!("call {routine}")]);
    }

    fn feed_forward(&mut self, at: usize, layer: &'a FeedForward) -> Result<(), CompileError> {
        let FeedForward { norm, up, activation, down } = layer;
        let bound = self.input(norm);
        let rows = (ternary_rows(&feed_forward_inputs(layer)), bound);
        let to_ups = (Kind::Store8, "ups");
        match activation {
            Activation::Gate { matrix, table, .. } if self.e.site.gates_first() => {
                self.of_input(("gate", at), matrix, rows, (Kind::Store8, "gates"))?;
                activation::look_up(self.e, at, up.rows, table);
                self.of_input(("up", at), up, rows, to_ups)?;
            }
            Activation::Gate { matrix, .. } => {
                self.of_input(("up", at), up, rows, to_ups)?;
                self.of_input(("gate", at), matrix, rows, (Kind::Store8, "gates"))?;
            }
            Activation::Relu | Activation::Table(_) => self.of_input(("up", at), up, rows, to_ups)?,
        }
        activation::stage(self.e, at, layer);
        self.filled = None;
        let layout = self.e.layout(down, ternary_rows(&[down]));
        self.fill("ups", &layout);
        self.e.stage("down");
        let (name, field) = (format!("w_down_{at}"), format!("down of block {}", at + 1));
        self.e.product((&name, &field), down, (&layout, Bound::any(down.cols)), (Kind::Add16, "latent"))?;
        self.residual(norm);
        Ok(())
    }
}
