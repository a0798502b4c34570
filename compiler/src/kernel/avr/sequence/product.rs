//! Products: sums of a tile of rows, then what becomes of them.

use super::context::{Multiply, Rescale, Shift, Tables, Walk, scaled_bytes};
use super::form::{Digits, Form};
use super::writer::{Placed, Writer, value};
use super::{bounds, counted};
use crate::CompileError;
use crate::model::Matrix;

/// What becomes of sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// 8 bits.
    Bytes,
    /// 16 bits.
    Words,
    /// 16 bits, added to what is there.
    Stream,
    /// Logits, of which the first largest is kept.
    Best,
}

/// A product: a matrix by its name, its scale, and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    pub name: &'a str,
    pub matrix: &'a Matrix,
    pub mantissas: &'a [u8],
    pub shift: u8,
    pub bias: &'a [i16],
    /// The name that its weights have, if they are there already.
    pub weights: Option<&'a str>,
    pub to: To,
    pub output: &'static str,
    /// What is 0 for rows that are not needed.
    pub gates: Option<&'static str>,
}

/// How the sums of a product become results.
struct Finish {
    label: String,
    /// Bytes of a sum, of a row's data, of a result.
    sum: usize,
    row: usize,
    result: usize,
}

impl<'a> Product<'a> {
    pub fn new(name: &'a str, matrix: &'a Matrix, to: To, output: &'static str) -> Self {
        let Matrix { mantissas, shift, bias, .. } = matrix;
        Self { name, matrix, mantissas, shift: *shift, bias, weights: None, to, output, gates: None }
    }

    /// The phase that its stages belong to.
    fn phase(&self) -> &'static str {
        match self.name.rsplit('_').next() {
            Some("q") => "query",
            Some("k") => "key",
            Some("v") => "value",
            Some("o") => "projection",
            Some("up") => "up",
            Some("gate") => "gate",
            Some("down") => "down",
            _ => "output",
        }
    }
}

impl Writer<'_> {
    /// Products of one input. Those that look sums up share tables, even where not all of these fit memory at once.
    pub fn products(&mut self, list: &[Product], input: &'static str) -> Result<(), CompileError> {
        let first = self.choice.form(list[0].name);
        let rows: usize = list.iter().map(|product| product.matrix.rows).sum();
        let blocks = first.digits().map(|digits| digits.blocks(list[0].matrix.cols, self.choice.pages).len());
        let is_filed = self.is_filed(list[0].name);
        let together =
            list.iter().all(|p| self.choice.form(p.name) == first && self.is_filed(p.name) == is_filed)
                && rows <= 255.min(self.choice.acc / 2)
                && blocks.is_some_and(|blocks| blocks > 1);
        if !together {
            return list.iter().try_for_each(|product| self.product(product, input));
        }
        let name = format!("{}_all", list[0].name);
        let values = list.iter().flat_map(|product| product.matrix.values.iter().copied()).collect();
        let whole = Matrix { rows, values, ..list[0].matrix.clone() };
        self.store(&name, &whole, first, rows);
        let phase: Vec<_> = list.iter().map(Product::phase).collect();
        self.sums(&name, &phase.join(", "), (&name, whole.cols), (0, rows), (true, false), input)?;
        let mut acc = 0;
        for product in list {
            let finish = self.finish(product, first, true)?;
            self.rescale(product, &finish, (0, product.matrix.rows), acc);
            acc += product.matrix.rows;
        }
        Ok(())
    }

    /// One product.
    pub fn product(&mut self, product: &Product, input: &'static str) -> Result<(), CompileError> {
        let m = product.matrix;
        let weights = product.weights.unwrap_or(product.name);
        if product.weights.is_none() {
            let form = self.choice.form(product.name);
            self.store(product.name, m, form, self.choice.tile(form, m.rows));
        }
        let Placed { form, tile } = self.placed[weights];
        let length = if input == "act" { self.length } else { f64::INFINITY };
        let short = form.digits().is_some() || bounds::are_sums_short(m, length);
        let finish = self.finish(product, form, short)?;
        for t in 0..m.rows.div_ceil(tile) {
            let count = tile.min(m.rows - t * tile);
            if let Some(gates) = product.gates {
                self.pair(20, &format!("{gates}+{}", t * tile));
            }
            let gated = product.gates.is_some();
            self.sums(product.name, product.phase(), (weights, m.cols), (t, count), (short, gated), input)?;
            self.rescale(product, &finish, (t * tile, count), 0);
        }
        Ok(())
    }

    /// Sums of one tile.
    fn sums(
        &mut self,
        name: &str,
        phase: &str,
        (weights, cols): (&str, usize),
        (t, count): (usize, usize),
        (short, gated): (bool, bool),
        input: &'static str,
    ) -> Result<(), CompileError> {
        let form = self.placed[weights].form;
        self.stage(phase, &format!("{name}: sums of {count} rows from {input}"));
        self.computes(weights.strip_suffix("_all").unwrap_or(weights));
        let Some(digits) = form.digits() else {
            let multiply = self.multiply(form, short, weights)?;
            self.weights_at(&format!("{weights}_{t}"));
            self.pair(26, input);
            self.line(&format!("ldi r24, {count}"));
            self.line(&format!("ldi r25, {}", cols.div_ceil(16)));
            self.line(&format!("call {multiply}"));
            self.known_multiply(&multiply, count, cols);
            return Ok(());
        };
        let blocks = digits.blocks(cols, self.choice.pages);
        let one = blocks.len() == 1;
        let groups_a_call =
            blocks.iter().map(|(_, groups)| groups).sum::<usize>() as f64 / blocks.len() as f64;
        for (b, (from, groups)) in blocks.into_iter().enumerate() {
            let hold = Some((form, input));
            if !one || self.filled != hold {
                let tables = self.tables(form, digits)?;
                self.pair(26, &format!("{input}+{from}"));
                self.line(&format!("ldi r24, {groups}"));
                self.line(&format!("call {tables}"));
                self.known_tables(&tables, groups_a_call, digits.per_page());
                self.filled = if one { hold } else { None };
            }
            let walk = self.walk((form, digits), groups, (b > 0, gated), weights)?;
            self.weights_at(&format!("{weights}_{t}_{b}"));
            self.line(&format!("ldi r24, {count}"));
            self.line(&format!("call {walk}"));
            self.known_rows(&walk, count);
        }
        Ok(())
    }

    /// Results of `count` rows from `row` on, whose sums lie from the `acc`th on.
    fn rescale(&mut self, product: &Product, finish: &Finish, (row, count): (usize, usize), acc: usize) {
        self.stage(product.phase(), &format!("{}: rescaled", product.name));
        self.computes(product.weights.unwrap_or(product.name));
        self.pair(30, &format!("{}_rows+{}", product.name, row * finish.row));
        self.pair(28, &format!("acc+{}", acc * finish.sum));
        match product.to {
            To::Best => self.pair(26, &(row + count).to_string()),
            _ => self.pair(26, &format!("{}+{}", product.output, row * finish.result)),
        }
        self.line(&format!("ldi r24, {count}"));
        self.line(&format!("call {}", finish.label));
        self.known_rows(&finish.label, count);
    }

    /// The routine that rescales, and the data of rows.
    fn finish(&mut self, product: &Product, form: Form, short: bool) -> Result<Finish, CompileError> {
        let Product { matrix, mantissas, bias, shift, .. } = *product;
        let (starts, sum) = (form.digits().is_none(), if short { 2 } else { 3 });
        self.row_data(product.name, matrix, mantissas, starts.then_some(sum), bias);
        let row = 1 + if starts { sum } else { 0 } + if bias.is_empty() { 0 } else { 2 };
        let (to, about) = match product.to {
            To::Bytes => ("8", "8 bits"),
            To::Words => ("16", "16 bits"),
            To::Stream => ("x", "16 bits, added to what is there"),
            To::Best => ("best", "logits, of which the first largest is kept"),
        };
        let plain = if starts { "" } else { "_plain" };
        let behind = if bias.is_empty() { "" } else { "_bias" };
        let label = format!("net_rescale_{}{plain}_{shift}_{to}{behind}", 8 * sum);
        let bar = self.bar.filter(|_| product.to == To::Best);
        let cost = self.cost.filter(|_| product.to == To::Best);
        let kept = self.kept.filter(|_| product.to == To::Best);
        self.routine(&label, ("rescale.S", "routine"), || {
            value(Rescale {
                name: label.clone(),
                sum: 8 * sum,
                starts,
                to,
                about,
                bias: !bias.is_empty(),
                bar,
                prior: cost,
                kept,
                bytes: if short { scaled_bytes(shift) } else { 4 },
                sh: Shift::new(shift),
            })
        })?;
        Ok(Finish { label, sum, row, result: if product.to == To::Bytes { 1 } else { 2 } })
    }

    fn multiply(&mut self, form: Form, short: bool, weights: &str) -> Result<String, CompileError> {
        let (chip, data) = (self.chip, self.data_of(weights));
        let verb = if data.is_some() { "stream" } else { "multiply" };
        let name = format!("net_{verb}_{}{}", form.name(), if short { "_16" } else { "" });
        let cycles = counted::multiply(form, short, data.is_some());
        self.routine(&name, ("multiply.S", "routine"), || {
            value(Multiply {
                name: name.clone(),
                form: form.name(),
                short,
                offset: form.offset(),
                lpm: chip.lpm(),
                data,
                wide: chip.wide,
                cycles,
            })
        })?;
        Ok(name)
    }

    fn tables(&mut self, form: Form, digits: Digits) -> Result<String, CompileError> {
        let name = format!("net_tables_{}", form.name());
        self.routine(&name, ("digits.S", "tables"), || {
            value(Tables::new(name.clone(), digits, counted::table(digits)))
        })?;
        Ok(name)
    }

    fn walk(
        &mut self,
        (form, digits): (Form, Digits),
        groups: usize,
        (adds, gated): (bool, bool),
        weights: &str,
    ) -> Result<String, CompileError> {
        let (chip, data) = (self.chip, self.data_of(weights));
        let verb = if data.is_some() { "scan" } else { "walk" };
        let ending = if gated { "_gated" } else { "" };
        let name = format!("net_{verb}_{}_{groups}{}{ending}", form.name(), if adds { "_add" } else { "" });
        if gated {
            self.known.here().odds(format!("{name}_open"), 1.0 - self.seen.closed());
        }
        let cycles = counted::walk(digits, groups, adds, data.is_some());
        let look = counted::look(digits, data.is_some());
        self.routine(&name, ("digits.S", "walk"), || {
            value(Walk {
                name: name.clone(),
                groups,
                adds,
                gated,
                per_page: digits.per_page(),
                lpm: chip.lpm(),
                data,
                wide: chip.wide,
                cycles,
                look,
            })
        })?;
        Ok(name)
    }
}

/// Cycles of a byte of a flash chip: what a byte of the bus takes is 17, and where a loop waits it takes one more.
pub const BYTE: usize = 18;
