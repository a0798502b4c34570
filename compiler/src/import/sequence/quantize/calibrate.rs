//! What a float network computes on some texts, kept as what the quantizer asks for.

use crate::import::sequence::float::{Session, Spot, StepError, Vector, Window};
use crate::import::sequence::{Checkpoint, Norm, Problem};
use std::collections::BTreeMap;
use thiserror::Error;

/// Most values kept of one vector: enough to place a scale.
const KEPT: usize = 1 << 16;
/// Widest input whose products of pairs are counted: beyond it, only squares are.
const WIDEST: usize = 2048;

/// Why texts cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unsuitable {
    #[error(transparent)]
    Network(#[from] Problem),
    #[error(transparent)]
    Step(#[from] StepError),
    #[error("there is no token to calibrate on")]
    Empty,
}

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Calibration {
    /// Magnitudes of values by where they were, of all passes.
    values: BTreeMap<(Vector, usize), Values>,
    /// Products of pairs of inputs of matrices, by where they were.
    inputs: BTreeMap<(Vector, usize), Moments>,
    /// Steps that were made.
    steps: usize,
}

/// Values of a vector, one step behind the other.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// Elements of the vector.
    pub len: usize,
    /// Of every so many steps, all elements.
    pub kept: Vec<f32>,
    /// The largest magnitude of each element, of all steps.
    pub most: Vec<f32>,
}

/// Σ x·xᵀ of an input.
#[derive(Debug, Clone, Default)]
pub struct Moments {
    pub len: usize,
    /// `len · len`, or `len` squares where the input is wide.
    pub sums: Vec<f64>,
    pub steps: usize,
}

impl Moments {
    /// Whether products of different elements were counted.
    pub fn is_full(&self) -> bool {
        self.sums.len() == self.len * self.len && self.len > 1
    }

    /// The mean square of an element.
    pub fn square(&self, i: usize) -> f64 {
        let at = if self.is_full() { i * self.len + i } else { i };
        self.sums[at] / self.steps.max(1) as f64
    }

    /// The moments of the same inputs times `factors`.
    pub fn scaled(&self, factors: &[f32]) -> Self {
        let mut moments = self.clone();
        for (i, &a) in factors.iter().enumerate() {
            match self.is_full() {
                true => {
                    let row = &mut moments.sums[i * self.len..][..self.len];
                    row.iter_mut().zip(factors).for_each(|(sum, &b)| *sum *= f64::from(a) * f64::from(b));
                }
                false => moments.sums[i] *= f64::from(a) * f64::from(a),
            }
        }
        moments
    }

    fn add(&mut self, x: &[f32]) {
        let n = x.len();
        let full = n <= WIDEST;
        if self.steps == 0 {
            self.len = n;
            self.sums = vec![0.0; if full { n * n } else { n }];
        }
        self.steps += 1;
        for (i, &a) in x.iter().enumerate() {
            let a = f64::from(a);
            match full {
                true => {
                    let row = &mut self.sums[i * n..][..n];
                    row.iter_mut().zip(x).for_each(|(sum, &b)| *sum += a * f64::from(b));
                }
                false => self.sums[i] += a * a,
            }
        }
    }
}

impl Values {
    fn add(&mut self, x: &[f32]) {
        if self.len == 0 {
            self.len = x.len();
            self.most = vec![0.0; x.len()];
        }
        self.most.iter_mut().zip(x).for_each(|(most, v)| *most = most.max(v.abs()));
        if self.kept.len() + x.len() <= KEPT {
            self.kept.extend_from_slice(x);
        }
    }

    /// The largest magnitude.
    pub fn largest(&self) -> f64 {
        self.most.iter().fold(0.0, |most: f64, &v| most.max(v.into()))
    }
}

impl Calibration {
    /// What was seen of a vector of a layer.
    pub fn values(&self, vector: Vector, layer: usize) -> &Values {
        self.values.get(&(vector, layer)).expect("every step shows every vector")
    }

    /// What was seen of the input of a matrix: for a normalised one, before its gains.
    pub fn moments(&self, vector: Vector, layer: usize) -> &Moments {
        self.inputs.get(&(vector, layer)).expect("every step shows every input")
    }
}

/// Runs a network on texts: tokens, each text from the start.
///
/// # Errors
/// No token, or one that the network does not have.
pub fn calibrate(
    checkpoint: &Checkpoint,
    window: usize,
    texts: &[Vec<u32>],
) -> Result<Calibration, Unsuitable> {
    let mut seen = Calibration::default();
    let mut session = Session::new(checkpoint, Window::Rolling { size: window })?;
    let most = checkpoint.learnt_positions.as_ref().and(checkpoint.shape.positions).unwrap_or(usize::MAX);
    for text in texts {
        session.reset();
        for &token in text.iter().take(most) {
            seen.steps += 1;
            session.step_observed(token as usize, &mut |spot, x| seen.see(checkpoint, spot, x))?;
        }
    }
    if seen.steps == 0 { Err(Unsuitable::Empty) } else { Ok(seen) }
}

impl Calibration {
    fn see(&mut self, checkpoint: &Checkpoint, spot: Spot, x: &[f32]) {
        let layer = spot.layer;
        let gains = |normalised: &[f32]| match checkpoint.shape.norm {
            Norm::Pre => without(x, normalised),
            Norm::Post => x.to_vec(),
        };
        let input = match spot.vector {
            Vector::AttentionIn => Some(gains(&checkpoint.layers[layer].attention_norm)),
            Vector::FeedIn => Some(gains(&checkpoint.layers[layer].feed_norm)),
            Vector::Final => Some(match &checkpoint.final_norm {
                Some(normalised) => without(x, normalised),
                None => x.to_vec(),
            }),
            Vector::AttentionOut | Vector::Hidden => Some(x.to_vec()),
            _ => None,
        };
        // The output belongs to the whole network, not to a layer.
        let key = if spot.vector == Vector::Final { (spot.vector, 0) } else { (spot.vector, layer) };
        match input {
            Some(input) => {
                self.inputs.entry(key).or_default().add(&input);
                self.values.entry(key).or_default().add(&input);
            }
            None if spot.vector == Vector::Scores => {}
            None => {
                let key = if spot.vector == Vector::Logits { (spot.vector, 0) } else { key };
                self.values.entry(key).or_default().add(x);
            }
        }
    }
}

/// A normalised vector before its gains; 0 where a gain is 0, which makes the element of no use.
fn without(x: &[f32], gains: &[f32]) -> Vec<f32> {
    x.iter().zip(gains).map(|(x, &gain)| if gain == 0.0 { 0.0 } else { x / gain }).collect()
}
