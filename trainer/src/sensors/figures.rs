//! How good a network is, counted in the machine's integers.

use super::network::Network;
use super::task::Rows;
use crate::measure::Measure;
use serde::{Deserialize, Serialize};

/// What the integer network says of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    pub rows: usize,
    /// Those whose label is right.
    pub right: usize,
    /// Sum of the negative logarithmic likelihoods of the right labels, in nats.
    pub nats: f64,
}

impl Figures {
    /// Share of rows right, 0 to 1.
    pub fn share(&self) -> f64 {
        self.right as f64 / self.rows.max(1) as f64
    }

    /// Mean nats of a row.
    pub fn loss(&self) -> f64 {
        self.nats / self.rows.max(1) as f64
    }
}

impl Measure for Figures {
    const NAMES: &'static [&'static str] = &["likelihood", "labels"];

    fn shares(&self) -> Vec<f64> {
        vec![(-self.loss()).exp(), self.share()]
    }

    fn headline(&self) -> f64 {
        self.share()
    }

    /// Likelihood and labels count the same: of two that get as many right, the surer one.
    fn score(&self) -> f64 {
        self.share() + (-self.loss()).exp()
    }
}

/// Figures on every `every`th row.
pub(super) fn figures(network: &Network, rows: &Rows, every: usize) -> Figures {
    let mut figures = Figures::default();
    let mut memory = Vec::new();
    for row in (0..rows.len()).step_by(every.max(1)) {
        let outputs = network.run(rows.bytes(row), &mut memory);
        let target = usize::from(rows.targets[row]);
        figures.rows += 1;
        figures.right += usize::from(mlc_compiler::arithmetic::network::decide(outputs, 0) == target);
        figures.nats += nats(outputs, target);
    }
    figures
}

/// The negative logarithm of softmax at `target`.
fn nats(outputs: &[i32], target: usize) -> f64 {
    let most = outputs.iter().copied().max().unwrap_or(0);
    let unit = f64::from(super::network::OUTPUT.step());
    let sum: f64 = outputs.iter().map(|&y| (f64::from(y - most) * unit).exp()).sum();
    sum.ln() - f64::from(outputs[target] - most) * unit
}
