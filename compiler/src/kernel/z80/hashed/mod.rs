//! Hashed text: each n-gram of the query or of the context window is hashed into a bucket, whose column is added.
//!
//! All that only a hashed first layer has is here: counting in bytes ([`crate::stage::bytes`]), queries too long for
//! bytes ([`long`]), what is known of a window that begins with spaces ([`known`]).

mod cost;
mod known;
mod long;

use super::column::{Apply, ColumnKernel, column_kernel};
use super::{product, starts, table};
use crate::CompileError;
use crate::kernel::cycles;
use crate::kernel::hashing::{BAND_STEP, is_wide, remainder_steps};
use crate::kernel::{
    Fragment, Kernel, Layout, Need, Offer, PAGE, Phase, Section, Site, View, counting_remark,
};
use crate::stage::bytes::Proof;
use crate::stage::{Product, Source, Stage};
use crate::weights::{Form, tiles};
use serde::Serialize;

pub struct Hashed;

impl Kernel for Hashed {
    fn name(&self) -> &'static str {
        "hashed"
    }

    fn offers(&self, view: &View, at: usize) -> Vec<Offer> {
        match view.stages[at].product() {
            Some(product) if product.is_hashed() => product::offers(&Hashed, view, at),
            _ => vec![],
        }
    }

    fn cost(&self, view: &View, at: usize, form: Option<Form>) -> Vec<(String, f64)> {
        let (stage, usage) = (&view.stages[at], &view.usage.stages[at]);
        let (Some(product), Some(form)) = (stage.product(), form) else { return vec![] };
        let kernel = column_kernel(form, product);
        let is_known = known::is_known(product);
        let cost = cost::count(view, at, product, kernel);
        let own = cost.own
            + usage.runs as f64 * product::folds_cost(product)
            + product::columns_cost(product, form, usage, is_known);
        vec![("encode".into(), cost.encode), (stage.name.clone(), own)]
    }

    fn remarks(&self, layout: &Layout, at: usize) -> Vec<String> {
        counting_remark(layout, at).into_iter().collect()
    }

    fn buffers(&self, stage: &Stage) -> Vec<Need> {
        let pieces = counts_in_pieces(std::slice::from_ref(stage));
        pieces.then_some(Need { name: "net_totals", bytes: 2 * PAGE, pages: true }).into_iter().collect()
    }

    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError> {
        let stage = &site.layout.stages[at];
        let (Some(product), Some(form)) = (stage.product(), site.layout.forms[at]) else {
            unreachable!("offers() takes products with weights only")
        };
        let start = starts::text(site, at, product, form)?;
        let context = Context::new(site, at, product, form)?;
        let call = |part: &str| site.templates.call("hashed.asm", part, &context);
        let before = match (&context.long, &context.known) {
            (Some(long), _) => site.templates.call("long.asm", "choose", long)?,
            (None, Some(known)) => site.templates.call("known.asm", "start", known)?,
            (None, None) => String::new(),
        };
        let source = match product.source {
            Source::Trigrams { .. } => call("trigrams")?,
            _ => call("ngrams")?,
        };
        let behind = match &context.long {
            Some(long) => site.templates.call("long.asm", "pieces", long)?,
            None => String::new(),
        };
        let name = &stage.name;
        let title = super::title(stage, product, form);
        let mut data = vec![(Section::Starts, start.data)];
        let [weights, tables] = product::data(site, at, product, form)?;
        data.push(weights);
        if let Some(known) = &context.known {
            data.push((Section::Weights, site.templates.call("known.asm", "tables", known)?));
        }
        data.push(tables);
        let mut enables = start.enables;
        enables.extend(context.lists.then(|| format!("{name}_ei")));
        Ok(Fragment {
            code: format!(
                "; {title}\n{name}:{}{before}{}{source}{behind}{}",
                start.pushes,
                start.copies,
                call("apply")?
            ),
            data,
            phases: vec![
                Phase::new(name, name),
                Phase::new(format!("{name}_hash"), "encode"),
                Phase::new(format!("{name}_apply"), name),
            ],
            enables,
        })
    }
}

/// Whether the proof that a layer counts in bytes can go on with what is known of its window: a record of eight bytes
/// for each number of spaces; the loop over positions is there from three characters on.
pub fn takes_prefix(stages: &[Stage], proof: &Proof) -> bool {
    let source = stages[proof.last].product().map(|product| product.source);
    matches!(source, Some(Source::Ngrams { buckets, length: 3..=32, .. }) if !is_wide(buckets))
}

/// Whether queries too long for bytes are counted in pieces.
pub fn counts_in_pieces(stages: &[Stage]) -> bool {
    products(stages).any(|p| p.counts().is_some_and(|bytes| bytes.long.is_some()))
}

/// Whether hashes start with another value at each position, or in each band of positions.
pub fn seeds_hashes(stages: &[Stage]) -> bool {
    products(stages).any(|p| match p.source {
        Source::Ngrams { .. } => true,
        Source::Trigrams { bands, .. } => bands > 1,
        Source::Hidden { .. } => false,
    })
}

/// Whether n-grams need hashes of 16 bits, kept in memory.
pub fn keeps_hashes(stages: &[Stage]) -> bool {
    products(stages).any(|p| matches!(p.source, Source::Ngrams { buckets, .. } if is_wide(buckets)))
}

fn products(stages: &[Stage]) -> impl Iterator<Item = &Product> {
    stages.iter().filter_map(Stage::product)
}

/// Bytes of code and tables that only hashed text has: remainders, long queries, what is known of windows. Estimated.
pub fn more_bytes(stages: &[Stage]) -> usize {
    products(stages)
        .filter_map(|product| product.counts().map(|bytes| (product, bytes)))
        .map(|(product, bytes)| match product.constants() {
            // A page of remainders; counting long queries, and taking their threshold.
            Some(_) => PAGE + if bytes.long.is_some() { 170 } else { 0 },
            None => bytes.prefix.as_ref().map_or(0, known::bytes),
        })
        .sum()
}

/// Context of the macros of `hashed.asm`.
#[derive(Default, Serialize)]
struct Context {
    name: String,
    segments: Vec<table::Segment>,
    lists: bool,
    switches: bool,
    stride: usize,
    in_bc: bool,
    /// What one n-gram adds; none where it is counted in bytes.
    factor: Option<u8>,
    /// How deep the stack is where a column ends.
    depth: u8,
    wide_table: bool,
    wide_hash: bool,
    mask: u16,
    mask_high: u16,
    multiples: Vec<Multiple>,
    /// Position bands, and the low byte of what the last one adds to a trigram's first character.
    bands: u8,
    last_band: u8,
    /// Characters of the window, and what the hash starts with at the last but one, modulo 256.
    length: u8,
    last_seed: u8,
    apply: String,
    long: Option<long::Context>,
    known: Option<known::Context>,
}

/// A multiple of the bucket count, and what adding it means modulo 65536.
#[derive(Serialize)]
struct Multiple {
    multiple: u16,
    negative: u16,
}

impl Context {
    fn new(site: &Site, at: usize, product: &Product, form: Form) -> Result<Self, CompileError> {
        let (stages, kernel) = (&site.layout.stages, column_kernel(form, product));
        let long = long::Context::new(stages, at, product, &product::page(site.layout, at, false));
        Ok(Self {
            name: stages[at].name.clone(),
            segments: table::context(site.layout, at, product, form).segments,
            lists: form.is_lists(),
            switches: form.is_lists() && tiles(product.outputs).len() > 1,
            stride: site.layout.memory.stride(at),
            in_bc: kernel.in_bc(),
            depth: if long.is_some() { 6 } else { 4 },
            apply: product::apply_text(site, at, product, kernel, false)?,
            long,
            known: known::Context::new(stages, at, product),
            ..Self::hash(product)
        })
    }

    /// What the hash is.
    fn hash(product: &Product) -> Self {
        let (buckets, bands, length, factor) = match product.source {
            Source::Trigrams { buckets, bands, factor } => (buckets, bands, 0, factor),
            Source::Ngrams { buckets, length, factor } => (buckets, 1, length, factor),
            Source::Hidden { .. } => unreachable!("offers() takes products of texts only"),
        };
        let power = buckets.is_power_of_two();
        let steps = remainder_steps(buckets).into_iter();
        Self {
            factor: product.counts().is_none().then_some(factor),
            wide_table: table::is_wide(product),
            wide_hash: is_wide(buckets),
            mask: buckets - 1,
            mask_high: if power && buckets > 256 { (buckets - 1) >> 8 } else { 0 },
            multiples: steps.map(|m| Multiple { multiple: m, negative: m.wrapping_neg() }).collect(),
            bands,
            last_band: (bands - 1).wrapping_mul(BAND_STEP),
            length,
            last_seed: length.saturating_sub(2).wrapping_mul(BAND_STEP),
            ..Self::default()
        }
    }

    /// One to be counted: the stage is `s`.
    fn specimen(stages: &[Stage], at: usize, product: &Product, kernel: &dyn ColumnKernel) -> Self {
        let apply = kernel.apply(cycles::z80(), &Apply::specimen(product));
        let half = table::is_half(kernel, product.columns.len());
        Self {
            name: "s".into(),
            segments: vec![table::Segment::specimen("s", half)],
            lists: !kernel.is_called() && !kernel.calls_carry(),
            in_bc: kernel.in_bc(),
            apply: apply.unwrap_or_else(|e| panic!("a bug in mlc: {e}")),
            long: long::Context::new(stages, at, product, "0").map(long::Context::specimen),
            known: known::Context::new(stages, at, product).map(known::Context::specimen),
            ..Self::hash(product)
        }
    }
}
