//! A product whose inputs are the accumulators of the layer before: a scan finds those that are positive behind their
//! shift and hands a column for each to the column kernel.

mod bytes;

use super::column::{Apply, ColumnKernel, column_kernel};
use super::{product, quick, starts, table};
use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::{self, Code, START};
use crate::kernel::{Fragment, Kernel, Layout, Offer, Phase, Section, Site, View};
use crate::stage::usage::ProductUsage;
use crate::stage::{Product, Source};
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
        let kernel = column_kernel(form, product);
        let each_run = starts::cost(product, kernel) + product::folds_cost(product);
        let scan = match product.reads_bytes() {
            Some(_) => bytes::cost(product, kernel, usage),
            None => scan_cost(product, kernel, usage),
        };
        let columns = product::columns_cost(product, form, usage, false);
        let quick = match product.quick.is_empty() {
            true => 0.0,
            false => quick::saving(product, usage, around_quick(product)),
        };
        vec![(stage.name.clone(), usage.runs as f64 * each_run + columns + scan - quick)]
    }

    fn remarks(&self, layout: &Layout, at: usize) -> Vec<String> {
        let stage = &layout.stages[at];
        let quick = stage.product().map_or(&[][..], |product| &product.quick);
        let lists = quick.iter().filter(|quick| **quick).count();
        let remark = || format!("{}: {lists} of {} columns as lists, the most used", stage.name, quick.len());
        (lists > 0).then(remark).into_iter().collect()
    }

    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError> {
        let stage = &site.layout.stages[at];
        let (Some(product), Some(form)) = (stage.product(), site.layout.forms[at]) else {
            unreachable!("offers() takes products with weights only")
        };
        let kernel = column_kernel(form, product);
        let start = starts::text(site, at, product, form)?;
        let folds = product::folds_text(site, at, product)?;
        let context = Context::new(site, at, product, form)?;
        let part = if product.reads_bytes().is_some() { "bytes" } else { "words" };
        let scan = site.templates.call("scan.asm", part, &context)?;
        let title = super::title(stage, product, form);
        let name = &stage.name;
        let mut data = vec![(Section::Starts, start.data)];
        data.extend(product::data(site, at, product, form)?);
        if let Some(bytes) = product.reads_bytes() {
            data.push((Section::Tables, bytes::remainders(site, name, bytes)?));
        }
        Ok(Fragment {
            code: format!("; {title}\n{name}:{}{}{scan}{folds}", start.pushes, start.copies),
            data,
            phases: vec![Phase::new(name, name)],
            enables: [start.enables, enables(product, kernel, &context)].concat(),
        })
    }
}

/// Looking at every accumulator of the layer before, and what is around the columns that are added.
fn scan_cost(product: &Product, kernel: &dyn ColumnKernel, usage: &ProductUsage) -> f64 {
    let code = specimen(product, kernel, "words", false);
    let (low, high) = (usage.low.iter().sum::<u64>() as f64, usage.high.iter().sum::<u64>() as f64);
    let negative = (usage.negative - usage.last_negative) as f64;
    let zeros = (usage.zero + usage.last_negative + usage.high_without_low) as f64;
    let segments = tiles(product.columns.len()).len() as f64;
    let last_negative = code.fall(START, "s_0_go") - code.way(&[START, "s_0_go"]);
    negative * code.way(&["s_0_scan", "s_0_scan"])
        + zeros * code.way(&["s_0_scan", "s_0_zero", "s_0_scan"])
        + low * visit_cost(&code, product, kernel, &["s_0_scan"], "s_0_next")
        + if product.is_big() {
            // Behind a high byte the scan goes on, whatever the index: it is not compared with the last.
            let back = if kernel.is_called() { "s_0_again" } else { "s_0_next" };
            high * visit_cost(&code, product, kernel, &["s_0_scan", "s_0_big"], back)
        } else {
            0.0
        }
        + usage.runs as f64 * segments * code.way(&[START, "s_0_go", "s_0_scan"])
        + usage.last_negative as f64 * last_negative
}

/// One accumulator whose column is added, from the look at it to the look at the next one, without the column itself.
/// `look` leads to where its column is handed over.
fn visit_cost(code: &Code, product: &Product, kernel: &dyn ColumnKernel, look: &[&str], back: &str) -> f64 {
    if kernel.is_called() {
        return code.way(&[look, &[back, "s_0_scan"]].concat()) + kernel.returns(product);
    }
    code.way(&[look, &["ret"]].concat()) + kernel.returns(product) + code.way(&["s_0_next", "s_0_scan"])
}

/// What is around columns of gaps and lists in one scan over accumulators of 16 bits.
pub fn around_quick(product: &Product) -> quick::Around {
    let gaps = column_kernel(Form::Gaps, product);
    let of = |quick| specimen(product, gaps, "words", quick);
    let (plain, both) = (of(false), of(true));
    let gap = both.way(&["s_0_scan", "s_0_next", "s_0_scan"]);
    let list = both.way(&["s_0_scan", "s_0_list", "ret"]) + both.way(&["s_0_back", "s_0_scan"]);
    quick::Around {
        test: gap - plain.way(&["s_0_scan", "s_0_next", "s_0_scan"]),
        list: list - gap,
        back: if product.is_big() { both.way(&["s_0_next", "s_0_again"]) } else { 0.0 },
        bytes: both.bytes() - plain.bytes(),
    }
}

/// A scan of one tile to be counted: the stage is `s`. `quick`: some columns are lists.
fn specimen(product: &Product, kernel: &dyn ColumnKernel, part: &str, quick: bool) -> Code {
    let apply = Apply::specimen(product);
    let apply = |high: bool| {
        let page = if high { "1" } else { "0" };
        kernel.apply(cycles::z80(), &Apply { page: page.into(), ..apply.clone() })
    };
    let text = |high| apply(high).unwrap_or_else(|e| panic!("a bug in mlc: {e}"));
    let Source::Hidden { shift, .. } = product.source else { unreachable!("a scan reads a layer") };
    let context = Context {
        name: "s".into(),
        segments: vec![table::Segment::specimen("s_0", table::is_half(kernel, product.columns.len()))],
        switches: false,
        stride: 2,
        shift,
        big: product.is_big(),
        low_mask: 0,
        // Of those that are not called code calls carries.
        lists: !kernel.is_called() && !kernel.calls_carry(),
        called: kernel.is_called(),
        quick,
        in_bc: kernel.in_bc(),
        page: "0".into(),
        high_page: "1".into(),
        apply: text(false),
        apply_high: text(true),
        bytes: product.reads_bytes().map(bytes::Context::new),
    };
    let others = ["stack_top", "s_0_table", "s_0_rest", "s_0_quick"];
    let others: Vec<&str> = others.iter().copied().chain(kernel.calls().iter().copied()).collect();
    Code::of(Isa::Z80, "scan.asm", part, context, &others)
}

/// Context of the macros of `scan.asm`.
#[derive(Serialize)]
struct Context {
    name: String,
    segments: Vec<table::Segment>,
    /// Outputs in more than one tile: lists have an entry that goes on to the next.
    switches: bool,
    stride: usize,
    shift: u8,
    /// Activations can be above 255.
    big: bool,
    low_mask: u8,
    /// Columns lead back to the stage through SP.
    lists: bool,
    /// The kernel is a subroutine.
    called: bool,
    /// Some columns are lists, the others gaps.
    quick: bool,
    /// The address of a column goes to BC.
    in_bc: bool,
    page: String,
    high_page: String,
    /// Hands a column to the kernel; the same for the page of the high bytes.
    apply: String,
    apply_high: String,
    bytes: Option<bytes::Context>,
}

impl Context {
    fn new(site: &Site, at: usize, product: &Product, form: Form) -> Result<Self, CompileError> {
        let kernel = column_kernel(form, product);
        let Source::Hidden { shift, .. } = product.source else {
            unreachable!("offers() takes products of a layer only")
        };
        Ok(Self {
            name: site.layout.stages[at].name.clone(),
            segments: table::context(site.layout, at, product, form).segments,
            switches: form.is_lists() && tiles(product.outputs).len() > 1,
            stride: site.layout.memory.stride(at),
            shift,
            big: product.is_big(),
            low_mask: ((1u16 << shift) - 1) as u8,
            lists: form.is_lists(),
            called: kernel.is_called(),
            quick: !product.quick.is_empty(),
            in_bc: kernel.in_bc(),
            page: product::page(site.layout, at, false),
            high_page: product::page(site.layout, at, true),
            apply: product::apply_text(site, at, product, kernel, false)?,
            apply_high: product::apply_text(site, at, product, kernel, true)?,
            bytes: product.reads_bytes().map(bytes::Context::new),
        })
    }
}

/// Labels of `ei` behind a scan's columns.
fn enables(product: &Product, kernel: &dyn ColumnKernel, context: &Context) -> Vec<String> {
    let mut labels = Vec::new();
    if context.lists || context.quick {
        labels.extend(context.segments.iter().map(|g| format!("{}_ei", g.name)));
    }
    if context.lists && !kernel.is_called() && product.reads_bytes().is_none() {
        labels.extend(context.segments.iter().map(|g| format!("{}_last_ei", g.name)));
    }
    labels
}
