//! What entry points are told, where a program of the user's own calls the network.

use super::{Layout, PAGE};
use crate::Request;
use crate::model::Story;
use crate::stage::{Answer, answer, output};
use serde::Serialize;

/// Context of `call.asm`, `call.S` and of what stands on top of such a text.
#[derive(Serialize)]
pub struct Called {
    /// Classifiers: how many labels there are.
    labels: Option<usize>,
    /// It can be unsure of them.
    margin: bool,
    /// Where the logits are, if all of them are there at once.
    logits: Option<Logits>,
    /// How many there are, if they come one after the other and are put aside.
    kept: Option<usize>,
    /// Bytes of the network's own stack.
    stack: u16,
    /// The lowest address that it may have; 0: any.
    lowest_stack: u16,
    /// Its code is in a ROM.
    rom: bool,
}

/// Accumulators of the last layer.
#[derive(Serialize)]
struct Logits {
    count: usize,
    shift: u8,
    tiles: Vec<Tile>,
}

/// Up to 256 of them: where their low and high bytes begin.
#[derive(Serialize)]
struct Tile {
    low: String,
    high: String,
    count: usize,
}

impl Called {
    /// Of a network of stages, whose buffers begin at the label `base`; `None` where it has a console.
    pub fn of_stages(request: &Request, layout: &Layout, base: &str) -> Option<Self> {
        let (stage, choose) = output(&layout.stages);
        let count = count(layout);
        let labels = match answer(&layout.stages) {
            Answer::Label { .. } => Some(count),
            Answer::Chat { .. } => None,
        };
        let tile = |(at, (low, high)): (usize, &(usize, usize))| Tile {
            low: format!("{base}+{low}"),
            high: format!("{base}+{high}"),
            count: (count - at * PAGE).min(PAGE),
        };
        let tiles = layout.memory.tiles[stage].iter().enumerate().map(tile).collect();
        let logits = Logits { count, shift: choose.shift, tiles };
        Some(Self { logits: Some(logits), ..Self::new(request, labels, choose.margin)? })
    }

    /// Of a sequence model with so many outputs: its logits come one after the other. Those of a beam are of many replies.
    pub fn of_sequence(request: &Request, story: &Story, outputs: usize) -> Option<Self> {
        let called = Self::new(request, story.classifies().then_some(outputs), story.margin)?;
        Some(Self { kept: Some(kept(request, story, outputs)).filter(|&kept| kept > 0), ..called })
    }

    /// Of a network whose logits are not all there at once.
    pub fn new(request: &Request, labels: Option<usize>, margin: u8) -> Option<Self> {
        let target = request.target;
        target.is_library().then(|| Self {
            labels,
            margin: margin > 0,
            logits: None,
            kept: None,
            stack: target.stack,
            lowest_stack: target.lowest_stack(),
            rom: target.rom.is_some(),
        })
    }
}

/// Logits of a step.
fn count(layout: &Layout) -> usize {
    layout.stages[output(&layout.stages).0].product().map_or(0, |product| product.visible())
}

/// Logits of a sequence model that are put aside for who calls it.
pub fn kept(request: &Request, story: &Story, outputs: usize) -> usize {
    if request.target.is_library() && story.choice.beam.is_none() { outputs } else { 0 }
}

/// What entry points keep, with its bytes; `logits`: how many there are, 0 where they are not kept.
pub fn buffers(logits: usize) -> [(&'static str, usize); 5] {
    [("net_taken", 1), ("net_state", 1), ("net_caller", 2), ("net_resume", 2), ("net_logits", 2 * logits)]
}
