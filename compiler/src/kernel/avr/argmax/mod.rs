//! The index of the first largest logit. Logits are accumulators behind their shift; comparing accumulators without
//! their lowest bits compares them.

use crate::CompileError;
use crate::kernel::avr::column::label;
use crate::kernel::avr::core::isa;
use crate::kernel::cycles::{Code, START};
use crate::kernel::reply::is_wide;
use crate::kernel::{Fragment, Kernel, Offer, Phase, Site, View};
use crate::stage::{Choose, Stage, Work};
use crate::weights::{Form, tiles};
use serde::Serialize;

pub struct Argmax;

impl Kernel for Argmax {
    fn name(&self) -> &'static str {
        "argmax"
    }

    fn offers(&self, view: &View, at: usize) -> Vec<Offer> {
        match view.stages[at].work {
            Work::Choose(_) => vec![Offer::plain(&Argmax, view, at)],
            _ => vec![],
        }
    }

    fn cost(&self, view: &View, at: usize, _: Option<Form>) -> Vec<(String, f64)> {
        let Work::Choose(choose) = &view.stages[at].work else { return vec![] };
        let context = Context::new(view.stages, choose);
        let is_limited = context.limit.is_some();
        let runs = view.usage.stages[choose.stage].runs as f64;
        let won = (view.usage.choose.won + view.usage.choose.tied_won) as f64;
        let counts: Vec<usize> = context.tiles.iter().map(|tile| tile.count).collect();
        let others: Vec<String> =
            context.tiles.iter().flat_map(|tile| [tile.low.clone(), tile.high.clone()]).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        let code = Code::of(isa(view.machine), "argmax.S", "argmax", context, &others);
        let more = code.way(&["argmax_0", "argmax_more_0", "argmax_next_0"])
            - code.way(&["argmax_0", "argmax_next_0"]);
        let each_run: f64 = counts.iter().enumerate().map(|(t, &count)| tile_cost(&code, t, count)).sum();
        // All logits are taken to be far below the best.
        let far = |(t, count): (usize, &usize)| {
            let [this, near, next] = ["", "_near", "_next"].map(|part| format!("decide_{t}{part}"));
            *count as f64 * code.way(&[&this, &near, &next, &this])
        };
        let margin: f64 = if is_limited { counts.iter().enumerate().map(far).sum() } else { 0.0 };
        let cycles = runs * (each_run + margin) + won * more;
        vec![("argmax".into(), cycles)]
    }

    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError> {
        let Work::Choose(choose) = &site.layout.stages[at].work else {
            unreachable!("offers() takes choices only")
        };
        let context = Context::new(&site.layout.stages, choose);
        let code = site.templates.call("argmax.S", "argmax", context)?;
        Ok(Fragment { code, phases: vec![Phase::new("argmax", "argmax")], ..Fragment::default() })
    }
}

/// The `count` logits of tile `t`, none of them larger than the largest before; the first of all is compared with none.
fn tile_cost(code: &Code, t: usize, count: usize) -> f64 {
    let [this, next, end] = ["", "next_", "end_"].map(|part| format!("argmax_{part}{t}"));
    let before = if t == 0 { START.to_string() } else { format!("argmax_end_{}", t - 1) };
    let compared = if t == 0 { count - 1 } else { count };
    if compared == 0 {
        return code.way(&[&before, &end]);
    }
    let last = code.way(&[&next, &end]) - code.way(&[&next, &this]);
    code.way(&[&before, &this]) + compared as f64 * code.way(&[&this, &this]) + last
}

/// Context of the macro `argmax`.
#[derive(Serialize)]
struct Context {
    mask: u8,
    tiles: Vec<Tile>,
    /// The index has a high byte.
    wide: bool,
    /// The margin as far as accumulators go, if there is one.
    limit: Option<usize>,
    /// The index of what is not sure.
    unsure: usize,
}

#[derive(Serialize)]
struct Tile {
    low: String,
    high: String,
    count: usize,
}

impl Context {
    fn new(stages: &[Stage], choose: &Choose) -> Self {
        let logits = &stages[choose.stage];
        let tile = |(t, &count): (usize, &usize)| Tile {
            low: label(&logits.name, "acc", t),
            high: label(&logits.name, "high", t),
            count,
        };
        let count = logits.product().map_or(0, |p| p.visible());
        let visible = tiles(count);
        // One label alone is always sure.
        let limit = (choose.margin > 0 && count > 1).then(|| usize::from(choose.margin) << choose.shift);
        Self {
            mask: (0xFFu16 << choose.shift) as u8,
            tiles: visible.iter().enumerate().map(tile).collect(),
            wide: is_wide(stages),
            limit,
            unsure: count,
        }
    }
}
