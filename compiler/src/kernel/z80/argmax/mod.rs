//! The index of the first largest logit. Comparing accumulators with the bits below the shift cleared compares logits.

use crate::CompileError;
use crate::asm::Isa;
use crate::kernel::cycles::{Code, START};
use crate::kernel::reply::is_wide;
use crate::kernel::{Fragment, Kernel, Offer, Phase, Site, View};
use crate::stage::usage::ChooseUsage;
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
        let runs = view.usage.stages[choose.stage].runs as f64;
        let context = Context::new(view.stages, choose, 2);
        let counts: Vec<(usize, usize)> = context.logit_tiles.iter().map(|t| (t.index, t.count)).collect();
        let all: Vec<(usize, usize)> = context.all_tiles.iter().map(|t| (t.index, t.count)).collect();
        let all = if context.limit.is_some() { all } else { vec![] };
        let acc = context.acc.clone();
        let code = Code::of(Isa::Z80, "argmax.asm", "argmax", context, &[&acc]);
        let mut before = START.to_string();
        let mut each_run = 0.0;
        for (index, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            let [this, next, done] = ["", "_next", "_done"].map(|part| format!("argmax_{index}{part}"));
            each_run += code.way(&[&before, &this])
                + count as f64 * code.way(&[&this, &this])
                + code.way(&[&next, &done])
                - code.way(&[&next, &this]);
            before = done;
        }
        if before == START && all.is_empty() {
            each_run += code.straight();
        }
        let met = &view.usage.choose;
        let cycles = runs * (each_run + margin_cost(&code, &all)) + met_cost(&code, met);
        vec![("argmax".into(), cycles)]
    }

    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError> {
        let Work::Choose(choose) = &site.layout.stages[at].work else {
            unreachable!("offers() takes choices only")
        };
        let stages = &site.layout.stages;
        let context = Context::new(stages, choose, site.layout.memory.stride(choose.stage));
        let code = site.templates.call("argmax.asm", "argmax", context)?;
        Ok(Fragment { code, phases: vec![Phase::new("argmax", "argmax")], ..Fragment::default() })
    }
}

/// What logits that are not less by their high bytes take more than the others: all are in the first tile here.
fn met_cost(code: &Code, met: &ChooseUsage) -> f64 {
    if met.won + met.tied_won + met.tied_lost == 0 {
        return 0.0;
    }
    let less = code.way(&["argmax_0", "argmax_0"]);
    let near = |stops: &[&str]| code.way(&[&["argmax_0", "argmax_0_near"], stops].concat()) - less;
    let won = near(&["argmax_0_won", "argmax_0_take", "argmax_0_next", "argmax_0"]);
    let tied_won = near(&["argmax_0_take", "argmax_0_next", "argmax_0"]);
    // A low byte is less or equal, half and half.
    let lost = near(&["argmax_0_next", "argmax_0"]);
    let equal = near(&["jr z,argmax_0_next"]) + code.way(&["argmax_0_next", "argmax_0"]);
    let tied_lost = (lost + equal) / 2.0;
    met.won as f64 * won + met.tied_won as f64 * tied_won + met.tied_lost as f64 * tied_lost
}

/// What the margin takes: all logits are taken to be far below the best.
fn margin_cost(code: &Code, tiles: &[(usize, usize)]) -> f64 {
    let mut cycles = 0.0;
    for &(index, count) in tiles {
        let [this, near, next] = ["", "_near", "_next"].map(|part| format!("decide_{index}{part}"));
        let unequal = format!("jr nz,decide_{index}_next");
        let far = code.way(&[&this, &near, &unequal, &next, &this]);
        cycles += count as f64 * far;
    }
    cycles
}

/// Context of the macro `argmax`.
#[derive(Serialize)]
struct Context {
    acc: String,
    stride: usize,
    tiles: usize,
    logit_mask: u8,
    logit_tiles: Vec<Tile>,
    all_tiles: Vec<Tile>,
    /// The index has a high byte.
    wide: bool,
    /// The margin as far as accumulators go, if there is one.
    limit: Option<Word>,
    /// The index of what is not sure.
    unsure: Word,
}

#[derive(Serialize)]
struct Word {
    low: usize,
    high: usize,
}

impl Word {
    fn new(value: usize) -> Self {
        Self { low: value % 256, high: value / 256 }
    }
}

/// Logits of one tile that are still to be compared: all but the very first.
#[derive(Serialize)]
struct Tile {
    index: usize,
    count: usize,
}

impl Context {
    /// `stride`: pages from one tile of accumulators to the next.
    fn new(stages: &[Stage], choose: &Choose, stride: usize) -> Self {
        let logits = &stages[choose.stage];
        let count = logits.product().map_or(0, |p| p.visible());
        let sizes = tiles(count);
        let tile = |less: usize| {
            move |(index, &count): (usize, &usize)| Tile {
                index,
                count: if index == 0 { count - less } else { count },
            }
        };
        // One label alone is always sure.
        let limit =
            (choose.margin > 0 && count > 1).then(|| Word::new(usize::from(choose.margin) << choose.shift));
        Self {
            acc: format!("{}_acc", logits.name),
            stride,
            tiles: sizes.len(),
            logit_mask: (0xFFu16 << choose.shift) as u8,
            logit_tiles: sizes.iter().enumerate().map(tile(1)).collect(),
            all_tiles: sizes.iter().enumerate().map(tile(0)).collect(),
            wide: is_wide(stages),
            limit,
            unsure: Word::new(count),
        }
    }
}
