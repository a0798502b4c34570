//! The text of a program as it grows: what a token runs through, data, and what all of that asks for.

use super::bank::Banks;
use super::bound::{Bound, chunks};
use super::file::{File, RECORD, RECORD_TIME};
use super::fill::tables_name;
use super::known;
use super::layout::{Layout, planes};
use super::rescale::{Kind, Rescales};
use super::rows::{Shape, TABLES};
use crate::CompileError;
use crate::kernel::predict::{Known, Runs};
use crate::kernel::sequence::{Home, Offer, SequenceSite, Step, unsupported};
use crate::kernel::{Buffer, Memory, PAGE, Phase, lines};
use crate::model::{Grid, Matrix};
use crate::target::Machine;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A program that is being made.
pub struct Emitter<'a> {
    pub site: &'a SequenceSite<'a>,
    /// What the stages so far do.
    code: String,
    pub phases: Vec<Phase>,
    /// Weights and other constants, and those that begin with a page.
    data: String,
    paged: String,
    /// What lies apart: what attention looks up, where that must be in the ROM's first half, or what products do, where memory
    /// below is slow.
    near: String,
    /// Constants are such that a token needs few of them.
    texts: bool,
    pub rescales: Rescales,
    pub shapes: BTreeSet<Shape>,
    pub layouts: BTreeSet<Layout>,
    /// How often tables of subsets of a vector are looked at on the mean, by its number of elements.
    looks: BTreeMap<usize, f64>,
    /// Weights beside the program.
    pub file: File,
    /// Weights in banks.
    pub banks: Banks,
    buffers: Vec<Buffer>,
    size: usize,
    /// What is known of its jumps, and how often the stages from here on run.
    pub known: Known,
    pub runs: Runs,
    /// The matrices so far.
    pub steps: Vec<Step>,
}

/// Bytes of a buffer that is not worth a line of its own in a map.
const SMALL: usize = 16;

/// Vectors, and the matrices that read each of them.
pub type Readers<'m> = [(usize, Vec<&'m Matrix>)];

impl<'a> Emitter<'a> {
    /// Nothing yet. `readers`: of all vectors.
    pub fn new(site: &'a SequenceSite<'a>, readers: &Readers) -> Self {
        Self {
            site,
            code: String::new(),
            phases: Vec::new(),
            data: String::new(),
            paged: String::new(),
            near: String::new(),
            texts: false,
            rescales: Rescales::default(),
            shapes: BTreeSet::new(),
            layouts: BTreeSet::new(),
            looks: looks(readers),
            file: File::default(),
            banks: Banks::default(),
            buffers: Vec::new(),
            size: 0,
            known: Known::default(),
            runs: Runs::Token,
            steps: Vec::new(),
        }
    }

    /// A macro of a template.
    pub fn call(&self, file: &str, part: &str, s: impl Serialize) -> Result<String, CompileError> {
        self.site.templates.call(file, part, s)
    }

    /// Something that the kernels do not compute.
    pub fn unsupported(&self, what: impl AsRef<str>) -> CompileError {
        unsupported(self.site, what.as_ref())
    }

    /// A stage begins, which belongs to a phase.
    pub fn stage(&mut self, phase: &str) {
        let label = format!("net_{}_{phase}", self.phases.len());
        let _ = writeln!(self.code, "\n{label}:");
        self.known.part(&label, self.runs);
        self.phases.push(Phase::new(label, phase));
    }

    /// A label in the code of stages.
    pub fn label(&mut self, label: &str) {
        let _ = writeln!(self.code, "{label}:");
    }

    /// An instruction.
    pub fn line(&mut self, text: impl AsRef<str>) {
        let _ = writeln!(self.code, "        {}", text.as_ref());
    }

    /// Instructions.
    pub fn lines(&mut self, texts: &[&str]) {
        texts.iter().for_each(|text| self.line(text));
    }

    /// `ld hl,VALUE` and `ld (TO),hl`.
    pub fn set(&mut self, to: &str, value: &str) {
        self.lines(&[&format!("ld hl,{value}"), &format!("ld ({to}),hl")]);
    }

    /// The code of the stages since this was last asked.
    pub fn take_code(&mut self) -> String {
        std::mem::take(&mut self.code)
    }

    /// All constants.
    pub fn take_data(&mut self) -> String {
        std::mem::take(&mut self.data) + &std::mem::take(&mut self.paged)
    }

    /// What lies apart.
    pub fn take_near(&mut self) -> String {
        std::mem::take(&mut self.near)
    }

    /// Where constants go that attention looks up: `usual`, or apart.
    fn of_attention(&mut self, usual: fn(&mut Self) -> &mut String) -> &mut String {
        if self.hides_caches() { &mut self.near } else { usual(self) }
    }

    /// Constants from the start of pages on that products look up all the time.
    pub fn quick(&mut self, make: impl FnOnce(&mut Self)) {
        let before = std::mem::take(&mut self.paged);
        make(self);
        match self.has_pages() {
            true => self.near += &std::mem::replace(&mut self.paged, before),
            false => self.paged.insert_str(0, &before),
        }
    }

    /// Constants behind a label that attention looks up.
    pub fn attention_data(&mut self, label: &str, bytes: impl IntoIterator<Item = u8>) {
        let text = format!("{label}:\n{}", db(bytes));
        *self.of_attention(|e| &mut e.data) += &text;
    }

    /// The same from the start of a page on.
    pub fn attention_page(&mut self, label: &str, bytes: impl IntoIterator<Item = u8>) {
        let text = format!("        ds (256-($ and 255)) and 255\n{label}:\n{}", db(bytes));
        *self.of_attention(|e| &mut e.paged) += &text;
    }

    /// Has the memory of keys and values shown, or what is there otherwise. Loses all registers.
    pub fn show_caches(&mut self, shown: bool) {
        if self.site.second_ram.is_some() && shown {
            self.line("call show_ram");
        } else if self.hides_caches() {
            self.line("call show_rom");
        }
    }

    /// Whether the program itself lies where keys and values are shown. Otherwise they stay until something else is needed.
    pub fn hides_caches(&self) -> bool {
        self.site.second_ram.is_some() && !self.has_pages()
    }

    /// What `make` gives, its constants put aside where there are banks of RAM.
    pub fn texts<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> T {
        self.texts = true;
        let made = make(self);
        self.texts = false;
        made
    }

    /// Constants behind a label.
    pub fn data(&mut self, label: &str, bytes: impl IntoIterator<Item = u8>) {
        if self.texts && self.has_pages() {
            return self.cold_data(label, bytes);
        }
        let _ = write!(self.data, "{label}:\n{}", db(bytes));
    }

    /// The value of a symbol.
    pub fn constant(&mut self, symbol: &str, value: usize) {
        let _ = writeln!(self.data, "{symbol} equ {value}");
    }

    /// Lines among the constants.
    pub fn text(&mut self, lines: &str) {
        self.data += lines;
    }

    /// Words behind a label.
    pub fn words(&mut self, label: &str, words: impl IntoIterator<Item = u16>) {
        self.data(label, words.into_iter().flat_map(u16::to_le_bytes));
    }

    /// Constants from the start of a page on.
    pub fn page(&mut self, label: &str, bytes: impl IntoIterator<Item = u8>) {
        let _ = write!(self.paged, "        ds (256-($ and 255)) and 255\n{label}:\n{}", db(bytes));
    }

    /// Constants that attention looks up, from the start of a page on that has an even number. `before`: the label is so many bytes further on.
    pub fn even_page(&mut self, label: &str, before: usize, bytes: impl IntoIterator<Item = u8>) {
        let align = "        ds (256-($ and 255)) and 255\n        ds (($/256+1) and 1)*256\n";
        let text = format!("{align}{label} equ $+{before}\n{}", db(bytes));
        *self.of_attention(|e| &mut e.paged) += &text;
    }

    /// Memory while the program runs; `paged`: from the start of a page on.
    pub fn buffer(&mut self, name: &str, size: usize, paged: bool) {
        let offset = if paged { self.size.next_multiple_of(PAGE) } else { self.size };
        self.buffers.push(Buffer { name: name.to_string(), offset, size, stage: None, live: None });
        self.size = offset + size;
    }

    /// Memory that another buffer has at another time.
    pub fn alias(&mut self, name: &str, offset: usize) {
        self.buffers.push(Buffer { name: name.to_string(), offset, size: 0, stage: None, live: None });
    }

    /// Where all buffers lie; small ones that follow each other are one.
    pub fn memory(self) -> Memory {
        let is_small = |buffer: &Buffer| (1..=SMALL).contains(&buffer.size);
        let together =
            self.buffers.chunk_by(|a, b| is_small(a) && is_small(b) && a.offset + a.size == b.offset);
        let one = |buffers: &[Buffer]| match buffers {
            [only] => only.clone(),
            all => Buffer {
                name: "variables".into(),
                size: all.iter().map(|buffer| buffer.size).sum(),
                ..all[0].clone()
            },
        };
        let start = self.ram_start();
        Memory { buffers: together.map(one).collect(), tiles: vec![], start, size: self.size }
    }

    /// Where they begin, if not behind the image.
    pub fn ram_start(&self) -> Option<usize> {
        self.site.request.target.ram_start(self.size)
    }

    /// The buffers so far.
    pub fn buffers(&self) -> &[Buffer] {
        &self.buffers
    }

    /// Bytes of the buffers so far.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How a matrix is stored. `ternary`: rows of all ternary ones that read the same vector.
    pub fn layout(&self, m: &Matrix, ternary: usize) -> Layout {
        let pages = self.site.pages.unwrap_or(usize::MAX);
        let small = self.site.tight || self.site.request.demands.is_for_size();
        match m.grid {
            Grid::Ternary => Layout::ternary(m.cols, if small { usize::MAX } else { ternary }, pages),
            Grid::Symmetric { .. } | Grid::TwoBits if small && self.site.pages.is_none() => {
                Layout::smallest(m.cols, self.site.filing.is_some())
            }
            Grid::Symmetric { .. } | Grid::TwoBits => {
                let byte = self.site.filing.map_or(0.0, |_| RECORD_TIME / RECORD as f64);
                Layout::planes(m.cols, self.looks.get(&m.cols).copied().unwrap_or(1.0), byte, pages)
            }
        }
    }

    /// Tables of the vector at a label.
    pub fn tables(&mut self, from: &str, layout: &Layout) {
        self.stage("tables");
        self.lines(&[&format!("ld hl,{from}"), &format!("call {}", tables_name(layout))]);
        layout.known(self.known.here());
        self.layouts.insert(layout.clone());
    }

    /// A product with the vector whose tables are there, to `out`. `field`: the matrix in messages.
    ///
    /// # Errors
    /// Sums that the kernels do not reach.
    pub fn product(
        &mut self,
        (name, field): (&str, &str),
        m: &Matrix,
        (layout, bound): (&Layout, Bound),
        (kind, out): (Kind, &str),
    ) -> Result<(), CompileError> {
        let gated = self.site.passes_over(m);
        let rows = rows(m, layout);
        if !m.bias.is_empty() {
            self.words(&format!("{name}_bias"), m.bias.iter().map(|&b| b as u16));
        }
        let Some(chunks) = chunks(m, bound) else {
            return Err(self.unsupported(format!("rows with such large sums ({field})")));
        };
        let (layout, base) = (layout.clone(), TABLES);
        let shape = Shape { layout, chunks, mantissa: true, base, skip: 0, gated };
        let sink = self.rescales.sink(kind, m.shift, !m.bias.is_empty(), shape.is_wide());
        self.set("rows_out", out);
        self.set("rows_sink", &sink);
        if !m.bias.is_empty() {
            self.set("rows_bias", &format!("{name}_bias"));
        }
        let routine = shape.name();
        let calls = m.rows.div_ceil(PAGE);
        shape.known(self.known.here(), m.rows as f64 / calls as f64, &sink);
        known::product(self.known.here(), &m.mantissas, self.site.seen.sums(field));
        if gated {
            self.known.here().odds(format!("{routine}_closed"), self.site.seen.closed());
        }
        self.shapes.insert(shape);
        let bytes = rows.iter().map(Vec::len).sum::<usize>();
        let rounds = if kind == Kind::Choose { 1 } else { self.site.body.rounds };
        let home = match self.product_in_file(name, &rows, &routine)? {
            true => Home::File,
            false => match self.product_in_banks(name, &rows, &routine)? {
                Some(runs) => {
                    self.known.here().rounds(format!("{routine}_row"), m.rows as f64 / runs as f64);
                    Home::Bank
                }
                None => Home::Image,
            },
        };
        self.step(field, m, (bytes, rounds * bytes.div_ceil(RECORD)), home);
        if home != Home::Image {
            return Ok(());
        }
        self.data(name, rows.concat());
        let mut left = m.rows;
        while left > 0 {
            let part = left.min(PAGE);
            self.lines(&[&format!("ld a,{}", part % PAGE), "ld (rows_left),a"]);
            match left == m.rows {
                true => self.line(format!("ld hl,{name}")),
                false => self.lines(&["push ix", "pop hl"]),
            }
            self.line(format!("call {routine}"));
            left -= part;
        }
        Ok(())
    }
}

impl Emitter<'_> {
    /// A matrix is a step of the plan: so many bytes, of which a token reads so many records where they are in a file.
    pub fn step(&mut self, name: &str, m: &Matrix, (bytes, records): (usize, usize), home: Home) {
        let form = if m.grid == Grid::Ternary { "ternary" } else { "planes" };
        let image = Offer { form, home: Home::Image, bytes, cycles: 0.0 };
        let file = Offer { home: Home::File, cycles: records as f64 * RECORD_TIME, ..image };
        let banks = Offer { home: Home::Bank, ..image };
        let mut offers = vec![image];
        if self.site.request.target.machine == Machine::Cpm {
            offers.push(file);
        }
        if !self.site.request.target.selectors().is_empty() {
            offers.push(banks);
        }
        offers.sort_by_key(|offer| offer.home != home);
        let parts = self.known.parts.last().map(|part| part.from.clone()).into_iter().collect();
        self.steps.push(Step { name: name.into(), rows: m.rows, cols: m.cols, parts, offers });
    }
}

/// The rows of a matrix, with their mantissas.
fn rows(m: &Matrix, layout: &Layout) -> Vec<Vec<u8>> {
    let bits = planes(m.grid);
    let rows = m.values.chunks(m.cols).zip(&m.mantissas);
    rows.map(|(row, &mantissa)| [layout.row(row, bits), vec![mantissa]].concat()).collect()
}

/// How often tables of subsets are looked at, by the length of vectors: one layout is for all vectors of a length.
fn looks(readers: &Readers) -> BTreeMap<usize, f64> {
    let mut sums: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (cols, matrices) in readers {
        let of = matrices.iter().filter(|m| m.grid != Grid::Ternary);
        let looks: usize = of.map(|m| m.rows * planes(m.grid)).sum();
        if looks > 0 {
            let (sum, count) = sums.entry(*cols).or_default();
            (*sum, *count) = (*sum + looks, *count + 1);
        }
    }
    sums.into_iter().map(|(cols, (sum, count))| (cols, sum as f64 / count as f64)).collect()
}

pub fn db(bytes: impl IntoIterator<Item = u8>) -> String {
    lines::bytes(bytes).iter().fold(String::new(), |text, line| text + "        db " + line + "\n")
}
