//! How the accumulators of a stage get their start values: copies of constants in flash, or of other accumulators.

use super::column::label;
use super::core::{isa, to_shared};
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::Code;
use crate::kernel::{Machine, PAGE, Site, lines};
use crate::stage::{Product, Stage, Start};
use crate::weights::tiles;
use serde::Serialize;

/// A copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// From flash, not from RAM.
    pub flash: bool,
    /// Labels of where from and where to.
    pub from: String,
    pub to: String,
    /// How many bytes.
    pub count: usize,
    /// What stands in flash.
    pub bytes: Vec<u8>,
}

impl Load {
    /// Rounds of the copying loop, of eight bytes each, and how many of them the first one copies.
    pub fn rounds(&self) -> (usize, usize) {
        (self.count.div_ceil(8), if self.count.is_multiple_of(8) { 8 } else { self.count % 8 })
    }

    fn constants(from: String, to: String, bytes: Vec<u8>) -> Self {
        Self { flash: true, from, to, count: bytes.len(), bytes }
    }

    fn copy(from: String, to: String, count: usize) -> Self {
        Self { flash: false, from, to, count, bytes: vec![] }
    }
}

/// The copies at the start of stage `at`.
pub fn loads(stages: &[Stage], at: usize) -> Vec<Load> {
    let stage = &stages[at];
    let Some(product) = stage.product() else { return vec![] };
    let acc = |name: &str, tile| label(name, "acc", tile);
    if let Some(bytes) = product.counts() {
        let to = acc(&stage.name, 0);
        return vec![match product.start {
            Start::Constant(_) => Load::constants(format!("{}_start", stage.name), to, bytes.starts.clone()),
            Start::Stage(query) => Load::copy(acc(&stages[query].name, 0), to, bytes.starts.len()),
        }];
    }
    let halves = |(t, &count): (usize, &usize)| {
        [("acc", "low", 0), ("high", "high", 1)].map(|(part, half, byte)| {
            let to = label(&stage.name, part, t);
            match &product.start {
                Start::Constant(values) => {
                    let values = values[t * PAGE..t * PAGE + count].iter();
                    let bytes = values.map(|v| v.to_le_bytes()[byte]).collect();
                    Load::constants(format!("{}_start_{t}_{half}", stage.name), to, bytes)
                }
                Start::Stage(from) => Load::copy(label(&stages[*from].name, part, t), to, count),
            }
        })
    };
    tiles(product.outputs).iter().enumerate().flat_map(halves).collect()
}

/// Cycles of one start.
pub fn cost(product: &Product, machine: Machine) -> f64 {
    copies(product).into_iter().map(|(count, flash)| copy_cost(count, flash, machine)).sum()
}

/// Cycles of one copy of so many bytes.
fn copy_cost(count: usize, flash: bool, machine: Machine) -> f64 {
    let name = if flash { "load" } else { "copy" };
    let load = Load { flash, from: "from".into(), to: "to".into(), count, bytes: vec![] };
    let (rounds, entry) = load.rounds();
    let [first, whole] = [entry, 8].map(|entry| format!("{name}_{entry}"));
    let context = Context { loads: vec![LoadContext::new(load)], call: to_shared(machine).0, tables: vec![] };
    let call = Code::of(isa(machine), "loads.S", "copies", context, &["from", "to", &first]);
    let routine = Code::of(isa(machine), "loads.S", name, (), &[]);
    call.straight() + routine.way(&[&first, "ret"]) + (rounds - 1) as f64 * routine.way(&[&whole, &whole])
}

/// Cycles of one byte of a long copy from flash.
pub fn byte_cost(isa: Isa) -> f64 {
    Code::of(isa, "loads.S", "load", (), &[]).way(&["load_8", "load_8"]) / 8.0
}

/// How many bytes each copy of a product has, and whether they come from flash.
pub fn copies(product: &Product) -> Vec<(usize, bool)> {
    let flash = product.constants().is_some();
    match product.counts() {
        Some(bytes) => vec![(bytes.starts.len(), flash)],
        None => tiles(product.outputs).into_iter().flat_map(|n| [(n, flash); 2]).collect(),
    }
}

/// The code that copies, and the tables in flash.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn text(site: &Site, at: usize) -> Result<(String, String), CompileError> {
    let loads = loads(&site.layout.stages, at);
    let tables = loads
        .iter()
        .filter(|load| load.flash)
        .map(|load| Table { name: load.from.clone(), lines: lines::gnu_bytes(load.bytes.iter().copied()) });
    let context = Context {
        tables: tables.collect(),
        call: to_shared(site.layout.machine).0,
        loads: loads.into_iter().map(LoadContext::new).collect(),
    };
    Ok((
        site.templates.call("loads.S", "copies", &context)?,
        site.templates.call("loads.S", "tables", &context)?,
    ))
}

#[derive(Serialize)]
struct Context {
    loads: Vec<LoadContext>,
    /// What calls shared code.
    call: &'static str,
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct LoadContext {
    flash: bool,
    from: String,
    to: String,
    rounds: usize,
    entry: usize,
}

impl LoadContext {
    fn new(load: Load) -> Self {
        let (rounds, entry) = load.rounds();
        Self { flash: load.flash, from: load.from, to: load.to, rounds, entry }
    }
}

/// A table in flash.
#[derive(Serialize)]
pub struct Table {
    pub name: String,
    pub lines: Vec<String>,
}
