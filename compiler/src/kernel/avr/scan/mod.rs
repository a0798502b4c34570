//! A product whose inputs are the accumulators of the layer before: a scan finds those that are positive behind their
//! shift and hands a column for each to the column kernel.

use super::chip;
use super::column::{column_kernel, label, low_byte, tile_name};
use super::core::isa;
use super::loads::{self, Table};
use super::product::{self, Apply};
use crate::CompileError;
use crate::kernel::cycles::{Code, END, START};
use crate::kernel::sequence::Home;
use crate::kernel::{Fragment, Kernel, Layout, Machine, Offer, PAGE, Phase, Section, Site, View, lines};
use crate::stage::usage::ProductUsage;
use crate::stage::{Bytes, Product, Source, Stage};
use crate::weights::{Form, tiles};
use serde::Serialize;

pub struct Scan;

impl Kernel for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn offers(&self, view: &View, at: usize) -> Vec<Offer> {
        match view.stages[at].product() {
            Some(product) if !product.is_hashed() => product::offers(&Scan, view, at),
            _ => vec![],
        }
    }

    fn cost(&self, view: &View, at: usize, form: Option<Form>) -> Vec<(String, f64)> {
        let (stage, usage) = (&view.stages[at], &view.usage.stages[at]);
        let (Some(product), Some(form)) = (stage.product(), form) else { return vec![] };
        let home = view.home(at);
        let scan = scan_cost(product, (form, home), usage, view.machine);
        let end = if home == Home::Image { 0.0 } else { chip::end_cost(view.machine) };
        let cycles = product::each_run_cost(product, usage, view.machine)
            + product::columns_cost(product, column_kernel(form, home), usage, view.machine)
            + tiles(product.outputs).len() as f64 * scan
            + usage.runs as f64 * end;
        vec![(stage.name.clone(), cycles)]
    }

    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError> {
        let stage = &site.layout.stages[at];
        let (Some(product), Some(form)) = (stage.product(), site.layout.forms[at]) else {
            unreachable!("offers() takes products with weights only")
        };
        let (copies, starts) = loads::text(site, at)?;
        let (folds, fold_table) = product::folds_text(site, at, product)?;
        let context = Context::new(site.layout, at, product, form);
        let part = if product.reads_bytes().is_some() { "bytes" } else { "words" };
        let scan = site.templates.call("scan.S", part, &context)?;
        let rest = product.reads_bytes().map(|bytes| Remainders {
            tables: [Table {
                name: format!("{}_rest", stage.name),
                lines: lines::gnu_bytes(bytes.remainders.iter().copied()),
            }],
        });
        let rest = rest.map_or(Ok(String::new()), |r| site.templates.call("loads.S", "tables", r))?;
        let mut data = vec![(Section::Starts, format!("{rest}{fold_table}{starts}"))];
        data.extend(product::data(site, at, product, form)?);
        let title = crate::kernel::title(stage, product, form);
        let name = &stage.name;
        Ok(Fragment {
            code: format!("; {title}\n{name}:{copies}{scan}{}{folds}", chip::end(site.layout, at)),
            data,
            phases: vec![Phase::new(name, name)],
            ..Fragment::default()
        })
    }
}

/// Bytes of code that scans of stage `at` take, about; `more`: what a call of two words has more than one of one.
pub fn code_bytes(stages: &[Stage], product: &Product, (form, home): (Form, Home), more: usize) -> usize {
    let from = product.hidden().and_then(|from| stages[from].product());
    let inputs = from.map_or(0, |from| tiles(from.outputs).len());
    let routines = column_kernel(form, home).kinds(product).len();
    let seek = if home == Home::Image { 0 } else { SEEK };
    inputs * tiles(product.outputs).len() * (110 + seek + more * routines)
}

/// Bytes that finding a column in a flash chip takes more than finding it in a table.
pub const SEEK: usize = 20;

/// Looking at every accumulator of the layer before, and what is around the columns that are added, for one output tile.
fn scan_cost(product: &Product, (form, home): (Form, Home), usage: &ProductUsage, machine: Machine) -> f64 {
    let context = Context::specimen(product, (form, home), machine);
    let seek = if context.apply.chip { chip::seek(machine) } else { 0.0 };
    // Activations above 255 have a routine of their own.
    let has_two = product.is_big() && context.apply.wide_kernel.is_some();
    let code = specimen(product, context, machine);
    let (low, high) = (usage.low.iter().sum::<u64>() as f64, usage.high.iter().sum::<u64>() as f64);
    let below = low + usage.high_without_low as f64 - high;
    let done = if has_two { "s_0_done" } else { END };
    // There the way back is too far for a branch.
    let last: &[&str] = if seek > 0.0 { &["s_0_end", done] } else { &[done] };
    let zero = code.way(&["s_0_scan", "s_0_zero", "s_0_scan"]);
    let (byte, wide) = if has_two {
        let byte = code.way(&["s_0_scan", "cpse r25, r1", "s_0_scan"]);
        (byte, code.way(&["s_0_scan", "s_0_wide", "s_0_back", "s_0_scan"]))
    } else {
        let visit = code.way(&["s_0_scan", "mov r21, r28", "s_0_scan"]);
        (visit, visit)
    };
    let negative = code.way(&["s_0_scan", "s_0_scan"]);
    let around = if product.reads_bytes().is_some() {
        // The byte behind the last ends the scan: its activation is 0.
        let run = code.way(&[START, "s_0_scan"]) + code.way(&[&["s_0_scan", "s_0_zero"], last].concat());
        usage.runs as f64 * run + usage.negative as f64 * negative + usage.zero as f64 * zero
    } else {
        let segments = tiles(product.columns.len()).len() as f64;
        let end = code.way(&[&["s_0_zero"], last].concat()) - code.way(&["s_0_zero", "s_0_scan"]);
        let last = usage.last_negative as f64;
        let begin = code.way(&[START, "s_0_go", "s_0_scan"]);
        let begin_negative = code.way(&[START, "sbrs r25, 7", "s_0_scan"]);
        usage.runs as f64 * segments * (begin + end)
            + last * (begin_negative - begin)
            + (usage.negative as f64 - last) * negative
            + (usage.zero as f64 + last) * zero
    };
    around + below * (byte + seek) + high * (wide + seek)
}

/// A scan of one tile for one tile to be counted: the stage is `s`.
fn specimen(product: &Product, context: Context, machine: Machine) -> Code {
    let part = if product.reads_bytes().is_some() { "bytes" } else { "words" };
    let others = [&["s_table"], &*context.apply.others()].concat();
    Code::of(isa(machine), "scan.S", part, context, &others)
}

/// Context of the macros of `scan.S`.
#[derive(Serialize)]
struct Context {
    #[serde(flatten)]
    apply: Apply,
    shift: u8,
    /// Activations can be above 255.
    big: bool,
    bytes: Option<BytesContext>,
    tiles: Vec<Tile>,
}

/// Up to 256 outputs.
#[derive(Serialize)]
struct Tile {
    #[serde(flatten)]
    tile: product::Tile,
    scans: Vec<Segment>,
}

#[derive(Serialize)]
struct BytesContext {
    threshold: u8,
    bits: u8,
    /// The remainders, less the low address of the first byte: the low address of a byte finds its own.
    rest_at: String,
}

#[derive(Serialize)]
struct Remainders {
    tables: [Table; 1],
}

/// Up to 256 inputs.
#[derive(Serialize)]
struct Segment {
    name: String,
    low: String,
    high: String,
    /// What Y walks: high bytes, or bytes.
    scanned: String,
    count: usize,
    /// YL behind the last.
    end: u8,
    /// The table, less the entries of the low addresses before the first input's: an input's low address finds its own.
    table_at: String,
    /// The same in a flash chip.
    chip_at: String,
}

impl Context {
    fn new(layout: &Layout, at: usize, product: &Product, form: Form) -> Self {
        let Source::Hidden { stage: from, shift, .. } = product.source else {
            unreachable!("offers() takes products of a layer only")
        };
        let apply = Apply::new(layout.machine, product, form, layout.home(at));
        let entry = if apply.code && apply.far_jumps { 4 } else { 2 };
        let tiles = product::tiles_of(layout, at, product, form).into_iter();
        let tiles = tiles.enumerate().map(|(t, tile)| {
            let name = tile_name(&layout.stages[at].name, t);
            let scans = segments(layout, product, from, &name, (entry, tile.stride as i64));
            Tile { tile, scans }
        });
        let bytes = |n: &Bytes| {
            let base = low_byte(layout.memory.start, layout.memory.tiles[from][0].0);
            let rest_at = format!("{}_rest-{base}", layout.stages[at].name);
            BytesContext { threshold: n.threshold, bits: n.bits, rest_at }
        };
        let big = product.is_big();
        Self { apply, shift, big, bytes: product.reads_bytes().map(bytes), tiles: tiles.collect() }
    }

    /// One tile for one tile, to be counted: the stage is `s`.
    fn specimen(product: &Product, (form, home): (Form, Home), machine: Machine) -> Self {
        let Source::Hidden { shift, .. } = product.source else { unreachable!("a scan reads a layer") };
        let tile = Tile { tile: product::Tile::specimen(), scans: vec![Segment::specimen()] };
        let bytes = |n: &Bytes| BytesContext { threshold: n.threshold, bits: n.bits, rest_at: "0".into() };
        Self {
            apply: Apply::new(machine, product, form, home),
            shift,
            big: product.is_big(),
            bytes: product.reads_bytes().map(bytes),
            tiles: vec![tile],
        }
    }
}

impl Segment {
    /// One to be counted.
    fn specimen() -> Self {
        let [low, high, scanned, table_at, chip_at] = ["0", "0", "0", "s_table", "s_chip"].map(String::from);
        Self { name: "s_0".into(), low, high, scanned, count: 1, end: 0, table_at, chip_at }
    }
}

/// The input tiles for an output tile. `entry`: from one entry of its table to the next, `stride`: from one column in a flash chip.
fn segments(
    layout: &Layout,
    product: &Product,
    from: usize,
    tile: &str,
    (entry, stride): (i64, i64),
) -> Vec<Segment> {
    let source = &layout.stages[from];
    let bytes = product.reads_bytes().is_some();
    let segment = |(g, &count): (usize, &usize)| {
        let base = low_byte(layout.memory.start, layout.memory.tiles[from][g].0);
        let (low, high) = (label(&source.name, "acc", g), label(&source.name, "high", g));
        let before = (g * PAGE) as i64 - base as i64;
        Segment {
            name: format!("{tile}_{g}"),
            scanned: if bytes { low.clone() } else { high.clone() },
            low,
            high,
            count,
            end: ((base + count + usize::from(bytes)) % PAGE) as u8,
            table_at: format!("{tile}_table{:+}", entry * before),
            chip_at: format!("{}{:+}", chip::label(tile), stride * before),
        }
    };
    tiles(product.columns.len()).iter().enumerate().map(segment).collect()
}
