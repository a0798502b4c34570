//! Which matrix is stored in which form, and how much memory sums and their tables get.

use super::counted;
use super::form::Form;
use super::product::BYTE;
use crate::kernel::PAGE;
use crate::kernel::sequence::{Filed, Filing};
use crate::model::{Activation, Matrix, Output, Positions, Transformer};
use std::collections::BTreeMap;

/// Most pages that tables of sums get.
const PAGES: usize = 48;

/// The choice for a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Bytes for sums; tiles of rows have no more.
    pub acc: usize,
    /// Pages for tables of sums; blocks of columns have no more.
    pub pages: usize,
    forms: BTreeMap<String, Form>,
    /// The matrices, with what each form would take.
    ways: Vec<Ways>,
    /// The matrices as the planner of the storage sees them.
    pub filed: Vec<Filed>,
}

/// What each form of a matrix would take: bytes, and cycles of its sums.
#[derive(Debug, Clone, PartialEq)]
pub struct Ways {
    /// Its name in the program.
    pub name: String,
    pub rows: usize,
    pub cols: usize,
    pub forms: Vec<(Form, usize, f64)>,
}

impl Choice {
    /// The form of a matrix.
    pub fn form(&self, name: &str) -> Form {
        self.forms[name]
    }

    /// The matrices, in the order of their names.
    pub fn ways(&self) -> &[Ways] {
        &self.ways
    }

    /// Whether any sums are looked up.
    pub fn looks_up(&self) -> bool {
        self.forms.values().any(|form| form.digits().is_some())
    }

    /// Rows of a tile. Tiles are of equal sizes.
    pub fn tile(&self, form: Form, rows: usize) -> usize {
        let sum = if form.digits().is_some() { 2 } else { 3 };
        let most = (self.acc / sum).clamp(1, 255);
        rows.div_ceil(rows.div_ceil(most))
    }
}

/// Rows of a tile of a matrix whose rows are embedded: a power of two.
pub fn embed_tile(acc: usize) -> usize {
    [128, 64, 32, 16].into_iter().find(|tile| 3 * tile <= acc).unwrap_or(8)
}

/// Least bytes for sums.
pub const LEAST: usize = 24;

/// A matrix with its name in the program.
struct Named<'a> {
    name: String,
    matrix: &'a Matrix,
    /// The number of its input: products of one input follow each other, and may share tables.
    input: usize,
    /// Its rows are read, which tables of sums do not help.
    is_embedded: bool,
    /// Sums of it are made.
    is_product: bool,
    /// It is in a flash chip.
    is_filed: bool,
    /// How often a token needs it.
    rounds: usize,
}

fn matrices<'a>(body: &'a Transformer, filing: Option<&Filing>) -> Vec<Named<'a>> {
    let tied = matches!(body.output, Output::Tied { .. });
    let mut all = Vec::new();
    let mut input = 0;
    let mut add = |name: String, matrix, (is_embedded, is_product), shares: bool| {
        input += usize::from(!shares);
        let is_filed = filing.is_some_and(|filing| !filing.inside.contains(&name));
        let rounds = if name.starts_with('b') { body.rounds } else { 1 };
        all.push(Named { name, matrix, input, is_embedded, is_product, is_filed, rounds });
    };
    add("embedding".into(), &body.embedding, (true, tied), false);
    if let Positions::Learnt(matrix) = &body.positions {
        add("positions".into(), matrix, (true, false), false);
    }
    for (b, block) in body.blocks.iter().enumerate() {
        let (a, f) = (&block.attention, &block.feed_forward);
        let mut product = |name: &str, matrix, shares| {
            add(format!("b{b}_{name}"), matrix, (false, true), shares);
        };
        product("q", &a.query, false);
        product("k", &a.key, true);
        product("v", &a.value, true);
        product("o", &a.output, false);
        product("up", &f.up, false);
        if let Activation::Gate { matrix, .. } = &f.activation {
            product("gate", matrix, true);
        }
        product("down", &f.down, false);
    }
    if let Output::Own(matrix) = &body.output {
        add("output".into(), matrix, (false, true), false);
    }
    all
}

impl Named<'_> {
    fn forms(&self, tables: bool) -> Vec<Form> {
        let mut forms = Form::exact(self.matrix, tables && !self.is_embedded);
        if self.is_filed {
            // Of the bus five bits are less than a byte.
            forms.retain(|form| *form != Form::Bytes);
        }
        forms
    }

    /// What the planner of the storage must know of it: in the image it has the smallest form.
    fn filed(&self, form: Form, acc: usize, pages: usize) -> Filed {
        let inside = Named { is_filed: false, name: String::new(), ..*self };
        let smallest = inside.forms(pages > 0).into_iter().min_by_key(|&form| inside.bytes(form));
        let smallest = smallest.expect("bytes hold every weight");
        let (rows, cols) = (self.matrix.rows, self.matrix.cols);
        // A row that is looked for begins anew at each block.
        let row = if self.is_embedded { cols.div_ceil(16) * 6 * BYTE } else { 0 };
        let more = self.cycles(form, acc, pages) - inside.cycles(smallest, acc, pages);
        let read = if self.is_product { rows } else { 0 } + usize::from(self.is_embedded);
        Filed {
            name: self.name.clone(),
            bytes: inside.bytes(smallest),
            reads: self.rounds * read * form.row_bytes(cols),
            gain: self.rounds * (more.max(0.0) as usize + row),
            inside: !self.is_filed,
        }
    }

    fn bytes(&self, form: Form) -> usize {
        self.matrix.rows * form.row_bytes(self.matrix.cols)
    }

    /// Estimated cycles of its sums.
    fn cycles(&self, form: Form, acc: usize, pages: usize) -> f64 {
        let (rows, cols) = (self.matrix.rows, self.matrix.cols);
        if !self.is_product {
            return 0.0;
        }
        let tiles = rows.div_ceil(if self.is_embedded {
            embed_tile(acc)
        } else {
            (acc / if form.digits().is_some() { 2 } else { 3 }).clamp(1, 255)
        });
        // The command that begins to read.
        let start = if self.is_filed { 5 * BYTE } else { 0 };
        let Some(digits) = form.digits() else {
            let blocks = cols.div_ceil(16);
            let row = counted::multiply(form, false, self.is_filed);
            let block = counted::block(form, self.is_filed);
            return (blocks * (rows * row + tiles * block) + tiles * start) as f64;
        };
        let blocks = digits.blocks(cols, pages);
        let fills = if blocks.len() > 1 { tiles } else { 1 };
        let cycles = blocks.iter().enumerate().map(|(b, (_, groups))| {
            let row = counted::walk(digits, *groups, b > 0, self.is_filed);
            // What calls the routine takes about 40.
            fills * digits.fills(*groups) + rows * row + (40 + start) * tiles
        });
        cycles.sum::<usize>() as f64
    }
}

/// The choice for so many bytes of RAM for sums and tables, and so many of flash; `least` bytes of the RAM are needed
/// for something else anyway.
pub fn choose(
    body: &Transformer,
    filing: Option<&Filing>,
    room: usize,
    least: usize,
    flash: usize,
) -> Choice {
    let all = matrices(body, filing);
    let sums = |m: &Named| if m.is_product { 3 * m.matrix.rows.min(255) } else { LEAST };
    let most = all.iter().map(sums).max().unwrap_or(LEAST).max(least);
    let candidate = |pages: usize| {
        let left = room.checked_sub(pages * PAGE)?;
        let acc = left.min(most);
        (acc >= LEAST).then(|| forms(&all, acc, pages, flash))
    };
    let best = (0..=PAGES).filter_map(candidate).min_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((_, choice)) => choice,
        // It will not fit, and how much is missing will be said.
        None => forms(&all, LEAST, 0, flash).1,
    }
}

/// What the sums of products of one input take together, each in its form: those of the same form fill their tables once, where
/// there is room for all tables at once.
fn cycles_together(group: &[Named], forms: &[Form], acc: usize, pages: usize) -> f64 {
    let mut filled = None;
    let each = group.iter().zip(forms).map(|(m, &form)| {
        let cycles = m.cycles(form, acc, pages);
        let Some(digits) = form.digits().filter(|_| m.is_product) else { return cycles };
        let [(_, groups)] = digits.blocks(m.matrix.cols, pages)[..] else {
            filled = None;
            return cycles;
        };
        let shares = filled.replace(form) == Some(form);
        if shares { cycles - digits.fills(groups) as f64 } else { cycles }
    });
    each.sum()
}

/// The forms that are fastest of those that fit the flash, or the smallest; with the cycles that they are to take.
fn forms(all: &[Named], acc: usize, pages: usize, flash: usize) -> (f64, Choice) {
    let smallest = |m: &Named| {
        let forms = m.forms(pages > 0).into_iter();
        forms.min_by_key(|&form| m.bytes(form)).expect("bytes hold every weight")
    };
    let inside = |m: &Named, form| if m.is_filed { 0 } else { m.bytes(form) };
    let bytes = |group: &[Named], forms: &[Form]| -> usize {
        group.iter().zip(forms).map(|(m, &form)| inside(m, form)).sum()
    };
    let groups: Vec<&[Named]> = all.chunk_by(|a, b| a.input == b.input).collect();
    let mut taken: Vec<Vec<Form>> = groups.iter().map(|group| group.iter().map(smallest).collect()).collect();
    let mut used: usize = groups.iter().zip(&taken).map(|(group, forms)| bytes(group, forms)).sum();
    loop {
        // What saves most cycles a byte, of all that there is room for.
        let mut best: Option<(f64, usize, Vec<Form>)> = None;
        for (g, group) in groups.iter().enumerate() {
            let now = cycles_together(group, &taken[g], acc, pages);
            for forms in others(group, &taken[g], pages > 0) {
                let saved = now - cycles_together(group, &forms, acc, pages);
                let more = bytes(group, &forms).saturating_sub(bytes(group, &taken[g]));
                if saved <= 0.0 || (used + more > flash && more > 0) {
                    continue;
                }
                let worth = saved / (more.max(1) as f64);
                if best.as_ref().is_none_or(|(found, ..)| worth > *found) {
                    best = Some((worth, g, forms));
                }
            }
        }
        let Some((_, g, forms)) = best else { break };
        used = used - bytes(groups[g], &taken[g]) + bytes(groups[g], &forms);
        taken[g] = forms;
    }
    let together = groups.iter().zip(&taken).map(|(group, forms)| cycles_together(group, forms, acc, pages));
    let cycles: f64 = together.sum();
    let ways = groups.iter().zip(&taken).flat_map(|(group, forms)| ways(group, forms, acc, pages)).collect();
    let taken = || all.iter().zip(taken.iter().flatten());
    let filed = taken().map(|(m, &form)| m.filed(form, acc, pages)).collect();
    let forms = taken().map(|(m, &form)| (m.name.clone(), form)).collect();
    // What does not fit the flash comes last, so that the smallest is taken of those.
    let over = used.saturating_sub(flash) as f64 * 1e9;
    let choice = Choice { acc, pages, forms, ways, filed };
    let pages = if choice.looks_up() { pages } else { 0 };
    (cycles + over, Choice { pages, ..choice })
}

/// Other forms for products of one input: of one of them, or the same for all.
fn others(group: &[Named], now: &[Form], tables: bool) -> Vec<Vec<Form>> {
    let mut all = Vec::new();
    for (i, m) in group.iter().enumerate() {
        for form in m.forms(tables).into_iter().filter(|&form| form != now[i]) {
            let mut forms = now.to_vec();
            forms[i] = form;
            all.push(forms);
        }
    }
    if group.len() > 1 {
        let fits_all = |form: &Form| group.iter().all(|m| m.forms(tables).contains(form));
        all.extend(group[0].forms(tables).into_iter().filter(fits_all).map(|form| vec![form; group.len()]));
    }
    all
}

/// What each form of these products would take beside the forms that the others have.
fn ways(group: &[Named], taken: &[Form], acc: usize, pages: usize) -> Vec<Ways> {
    let now = cycles_together(group, taken, acc, pages);
    let each = group.iter().enumerate().map(|(i, m)| {
        let own = m.cycles(taken[i], acc, pages);
        let with = |form| {
            let mut forms = taken.to_vec();
            forms[i] = form;
            (form, m.bytes(form), own + cycles_together(group, &forms, acc, pages) - now)
        };
        Ways {
            name: m.name.clone(),
            rows: m.matrix.rows,
            cols: m.matrix.cols,
            forms: m.forms(pages > 0).into_iter().map(with).collect(),
        }
    });
    each.collect()
}
