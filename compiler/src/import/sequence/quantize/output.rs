//! Both ends of a network: the embedding, and what makes logits. They may share their weights.

use super::activations::{exponent, power};
use super::blocks::{Context, mantissas, narrow_bits, norm_unit, shared_shift};
use super::matrix::{self, Setting};
use crate::import::sequence::float::Vector;
use crate::import::sequence::{Linear, Problem};
use crate::model::{Matrix, Norm, Output};

/// Largest logit that was seen, in 16 bits.
const FILLED: f64 = 24_000.0;

/// The parts at both ends.
pub struct Ends {
    pub embedding: Matrix,
    pub norm: Option<Norm>,
    pub output: Output,
    pub logit_bits: u8,
}

/// Quantizes both ends.
///
/// # Errors
/// See [`matrix::quantize`].
pub fn quantize(c: &Context) -> Result<Ends, Problem> {
    let Context { checkpoint, seen, .. } = c;
    let shape = &checkpoint.shape;
    let bits = exponent(seen.values(Vector::Logits, 0).largest(), FILLED).clamp(0, 15);
    let rows = Linear {
        outputs: shape.vocabulary,
        inputs: shape.dim,
        weights: checkpoint.embedding.clone(),
        bias: None,
    };
    let (down, root) = norm_unit(shape.dim);
    let input = seen.values(Vector::Final, 0);
    let outputs = vec![power(-bits); shape.vocabulary];
    let setting = |input, moments| Setting {
        name: "output".into(),
        grid: c.how.embedding,
        input,
        outputs: outputs.clone(),
        moments,
    };
    let is_positive = |gains: &&Vec<f32>| gains.iter().all(|&gain| gain > 0.0);
    let gains = checkpoint.final_norm.as_ref();
    let logit_bits = bits as u8;
    match &checkpoint.output {
        // Shared weights want the gains outside, and these have no sign.
        None if gains.is_none_or(|g| is_positive(&g)) => {
            let (norm, step) = match gains {
                Some(gains) => {
                    let gained = gained(&input.kept, gains);
                    let (mantissas, shift) = mantissas(gains, 1.0, "final norm")?;
                    let narrow = narrow_bits(&gained, 1.0 / root);
                    let norm = Norm { down, gain: Some((mantissas, shift)), narrow };
                    (Some(norm), power(narrow.into()) / root)
                }
                None => (None, c.stream_step()),
            };
            let moments = gains.map(|gains| seen.moments(Vector::Final, 0).scaled(gains));
            let moments = moments.as_ref().unwrap_or(seen.moments(Vector::Final, 0));
            let own = matrix::quantize(&rows, &setting(step, Some(moments)))?;
            let embedding = embedding_of(c, &rows, &own)?;
            let output = Output::Tied { mantissas: own.mantissas, shift: own.shift };
            Ok(Ends { embedding, norm, output, logit_bits })
        }
        output => {
            let linear = output.as_ref().unwrap_or(&rows);
            let (norm, linear, step) = match gains {
                Some(gains) => {
                    let narrow = narrow_bits(&input.kept, 1.0 / root);
                    let mut linear = linear.clone();
                    for row in linear.weights.chunks_exact_mut(gains.len()) {
                        row.iter_mut().zip(gains).for_each(|(w, gain)| *w *= gain);
                    }
                    (Some(Norm { down, gain: None, narrow }), linear, power(narrow.into()) / root)
                }
                None => (None, linear.clone(), c.stream_step()),
            };
            let moments = Some(seen.moments(Vector::Final, 0));
            let output = Output::Own(matrix::quantize(&linear, &setting(step, moments))?);
            Ok(Ends { embedding: c.table("embedding", &rows)?, norm, output, logit_bits })
        }
    }
}

impl Context<'_> {
    /// How much a step of the output's input means where the stream is narrowed as it is: as the last block narrows it.
    fn stream_step(&self) -> f64 {
        let last = self.checkpoint.shape.layers - 1;
        self.narrowed(self.seen.values(Vector::FeedIn, last)).1
    }
}

/// Normalised values with their gains.
fn gained(values: &[f32], gains: &[f32]) -> Vec<f32> {
    values.iter().zip(gains.iter().cycle()).map(|(v, gain)| v * gain).collect()
}

/// The embedding with the weights of the output: for each row the mantissa that comes nearest to it.
///
/// # Errors
/// Rows that are too large for a mantissa of a byte.
fn embedding_of(c: &Context, rows: &Linear, output: &Matrix) -> Result<Matrix, Problem> {
    let dim = rows.inputs;
    let best = |r: usize| -> f64 {
        let q = &output.values[r * dim..][..dim];
        let both: f64 = q.iter().zip(rows.row(r)).map(|(&q, &w)| f64::from(q) * f64::from(w)).sum();
        let square: f64 = q.iter().map(|&q| f64::from(q) * f64::from(q)).sum();
        (both / square.max(1.0)).max(0.0) / c.residual
    };
    let factors: Vec<f64> = (0..rows.outputs).map(best).collect();
    let (mantissas, shift) = shared_shift(&factors).ok_or_else(|| Problem::Value {
        field: "embedding".into(),
        value: "a matrix whose scale is too large".into(),
        wants: "smaller weights or more bits".into(),
    })?;
    Ok(Matrix { mantissas, shift, bias: Vec::new(), ..output.clone() })
}
