//! Hashed text: each n-gram of the query or of the context window is hashed into a bucket, whose column is added, tile
//! by tile.

mod cost;

use super::column::column_kernel;
use super::product::{self, Apply};
use super::{chip, loads};
use crate::CompileError;
use crate::kernel::hashing::{BAND_STEP, is_wide, remainder_steps};
use crate::kernel::sequence::Home;
use crate::kernel::{Fragment, Kernel, Layout, Machine, Offer, Phase, Section, Site, View, counting_remark};
use crate::stage::{Product, Source};
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
        let context = Context::specimen(view.machine, product, form, view.home(at));
        let cost = cost::count(context, &product.source, view, usage);
        // For each tile.
        let count = tiles(product.outputs).len() as f64;
        let own = product::each_run_cost(product, usage, view.machine)
            + product::columns_cost(product, column_kernel(form, view.home(at)), usage, view.machine)
            + count * cost.own
            + cost.end;
        vec![("encode".into(), count * cost.encode), (stage.name.clone(), own)]
    }

    fn remarks(&self, layout: &Layout, at: usize) -> Vec<String> {
        counting_remark(layout, at).into_iter().collect()
    }

    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError> {
        let stage = &site.layout.stages[at];
        let (Some(product), Some(form)) = (stage.product(), site.layout.forms[at]) else {
            unreachable!("offers() takes products with weights only")
        };
        let (copies, starts) = loads::text(site, at)?;
        let context = Context::new(site.layout, at, product, form);
        let part = if matches!(product.source, Source::Trigrams { .. }) { "trigrams" } else { "ngrams" };
        let hashes = site.templates.call("hashed.S", part, &context)?;
        let mut data = vec![(Section::Starts, starts)];
        data.extend(product::data(site, at, product, form)?);
        let name = &stage.name;
        let mut phases = vec![Phase::new(name, name)];
        for tile in &context.tiles {
            phases.push(Phase::new(format!("{}_hash", tile.tile.name), "encode"));
            phases.push(Phase::new(format!("{}_apply", tile.tile.name), name));
        }
        let title = crate::kernel::title(stage, product, form);
        let code = format!("; {title}\n{name}:{copies}{hashes}{}", chip::end(site.layout, at));
        Ok(Fragment { code, data, phases, ..Fragment::default() })
    }
}

/// Context of the macros of `hashed.S`.
#[derive(Serialize)]
struct Context {
    #[serde(flatten)]
    apply: Apply,
    /// What one n-gram adds.
    factor: u8,
    tiles: Vec<Tile>,
}

/// Up to 256 outputs, with what their hash is.
#[derive(Serialize)]
struct Tile {
    #[serde(flatten)]
    tile: product::Tile,
    wide_hash: bool,
    wide_table: bool,
    mask: u8,
    mask_high: u8,
    /// Subtracted where it can be, one after the other: what remains is the remainder.
    multiples: Vec<u16>,
    length: u8,
    bands: u8,
    last_band: u8,
}

impl Context {
    fn new(layout: &Layout, at: usize, product: &Product, form: Form) -> Self {
        let apply = Apply::new(layout.machine, product, form, layout.home(at));
        Self::of(apply, product, product::tiles_of(layout, at, product, form))
    }

    /// One tile to be counted: the stage is `s`.
    fn specimen(machine: Machine, product: &Product, form: Form, home: Home) -> Self {
        Self::of(Apply::new(machine, product, form, home), product, vec![product::Tile::specimen()])
    }

    fn of(apply: Apply, product: &Product, tiles: Vec<product::Tile>) -> Self {
        let (buckets, length, bands, factor) = match product.source {
            Source::Trigrams { buckets, bands, factor } => (buckets, 0, bands, factor),
            Source::Ngrams { buckets, length, factor } => (buckets, length, 1, factor),
            Source::Hidden { .. } => unreachable!("offers() takes products of texts only"),
        };
        let power = buckets.is_power_of_two();
        let tile = |tile| Tile {
            tile,
            wide_hash: is_wide(buckets),
            wide_table: buckets > 256,
            mask: if power { ((buckets - 1) & 255) as u8 } else { 255 },
            mask_high: if power && buckets > 256 { ((buckets - 1) >> 8) as u8 } else { 255 },
            multiples: remainder_steps(buckets),
            length,
            bands,
            last_band: (bands - 1).wrapping_mul(BAND_STEP),
        };
        let tiles = tiles.into_iter().map(tile).collect();
        Self { apply, factor, tiles }
    }
}
