//! How the accumulators of a stage get their start values: copies of constants in flash, or of other accumulators.

use super::weights::{label, tiles};
use crate::plan::memory::PAGE;
use crate::plan::narrow::Narrow;
use crate::plan::network::{Network, Start};

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

/// The copies at the start of stage `index`.
pub fn loads(network: &Network, narrow: Option<&Narrow>, index: usize) -> Vec<Load> {
    let stage = &network.stages[index];
    let acc = |name: &str, tile| label(name, "acc", tile);
    if let Some(n) = narrow.filter(|n| n.counts(index)) {
        let to = acc(&stage.name, 0);
        return vec![match index == n.query {
            true => Load::constants(format!("{}_start", stage.name), to, n.starts.clone()),
            false => Load::copy(acc(&network.stages[n.query].name, 0), to, n.starts.len()),
        }];
    }
    let halves = |(t, &count): (usize, &usize)| {
        [("acc", "low", 0), ("high", "high", 1)].map(|(part, half, byte)| {
            let to = label(&stage.name, part, t);
            match &stage.start {
                Start::Constant(values) => {
                    let values = values[t * PAGE..t * PAGE + count].iter();
                    let bytes = values.map(|v| v.to_le_bytes()[byte]).collect();
                    Load::constants(format!("{}_start_{t}_{half}", stage.name), to, bytes)
                }
                Start::Stage(from) => Load::copy(label(&network.stages[*from].name, part, t), to, count),
            }
        })
    };
    tiles(stage.outputs).iter().enumerate().flat_map(halves).collect()
}
