//! A float matrix as integers with a scale a row.
//!
//! A row's scale is `mantissa · unit / 2^shift`, the mantissa a byte: it is chosen first, and the weights are rounded to
//! the grid that it gives, so that rounding the scale costs nothing. The mantissa is the one with the least squared error
//! of the result, weighted by how large each input is. Then the weights are rounded one after the other, each error made
//! good by those that are still to come, as far as inputs go together (GPTQ, Frantar et al. 2022, arXiv 2210.17323).

use super::activations::power;
use super::calibrate::Moments;
use crate::import::sequence::{Linear, Problem};
use crate::model::{Grid, Matrix};

/// What is said of a matrix before it is quantized.
pub struct Setting<'a> {
    /// Its name in messages.
    pub name: String,
    pub grid: Grid,
    /// How much a step of its input means.
    pub input: f64,
    /// How much a step of each output means.
    pub outputs: Vec<f64>,
    /// What is known of its input.
    pub moments: Option<&'a Moments>,
}

/// Largest shift behind a product.
const MOST_SHIFT: i32 = crate::arithmetic::MAX_RESCALE as i32;
/// Largest sum of magnitudes of a row: times an activation of -128 it fits 24 bits.
const MOST_SUM: u32 = ((1 << 23) - 1) / 128;
/// Mantissas that are tried for a row: so many around the largest that its weights ask for.
const TRIES: i32 = 16;

/// Quantizes a matrix.
///
/// # Errors
/// A row that needs a scale that does not exist, with the name of the matrix.
pub fn quantize(linear: &Linear, setting: &Setting) -> Result<Matrix, Problem> {
    let Linear { outputs: rows, inputs: cols, .. } = *linear;
    let (_, most) = setting.grid.limits();
    let largest = |row: &[f32]| row.iter().fold(0.0, |most: f64, &w| most.max(f64::from(w).abs()));
    // The factor from a sum to the result that puts the largest weight of a row on the end of the grid.
    let factor = |r: usize| largest(linear.row(r)) / f64::from(most) * setting.input / setting.outputs[r];
    let top = (0..rows).map(factor).fold(0.0, f64::max);
    let mut shift = 0;
    while shift < MOST_SHIFT && top * power(shift) < 128.0 {
        shift += 1;
    }
    if top * power(shift) >= 256.0 {
        return Err(Problem::Value {
            field: setting.name.clone(),
            value: "a matrix whose scale is too large".to_string(),
            wants: "weights and activations that are no further apart".to_string(),
        });
    }
    let rounding = Rounding::new(setting.moments, cols);
    let mut matrix = Matrix {
        rows,
        cols,
        grid: setting.grid,
        values: Vec::with_capacity(rows * cols),
        mantissas: Vec::with_capacity(rows),
        shift: shift as u8,
        bias: Vec::new(),
    };
    for r in 0..rows {
        let unit = setting.outputs[r] / setting.input / power(shift);
        let row: Vec<f64> = linear.row(r).iter().map(|&w| w.into()).collect();
        let start = (factor(r) * power(shift)).round() as i32;
        let (mantissa, values) = quantize_row(&row, unit, start, setting, &rounding);
        matrix.mantissas.push(mantissa);
        matrix.values.extend(values);
    }
    if let Some(bias) = &linear.bias {
        let scaled =
            |(&b, &unit): (&f32, &f64)| (f64::from(b) / unit).round().clamp(-32768.0, 32767.0) as i16;
        matrix.bias = bias.iter().zip(&setting.outputs).map(scaled).collect();
    }
    Ok(matrix)
}

/// Rows on a grid as floats, for training to begin with: each error of rounding made good as [`quantize`] does. `rows` are of
/// the length of `moments`, the moments of their input. A row's scale is one of `parts` of what its largest weight asks for.
pub fn compensated(rows: &[f32], grid: Grid, moments: &Moments, parts: &[f32]) -> Vec<f32> {
    let rounding = Rounding::new(Some(moments), moments.len);
    let (_, most) = grid.limits();
    let one = |row: &[f32]| -> Vec<f32> {
        let largest = row.iter().fold(0.0, |most: f32, w| most.max(w.abs()));
        let row: Vec<f64> = row.iter().map(|&w| w.into()).collect();
        let mut best: Option<(f64, f64, Vec<i8>)> = None;
        for part in parts {
            let scale = f64::from((largest / f32::from(most)).max(1e-12) * part);
            let (values, error) = rounding.round(&row, scale, grid);
            if best.as_ref().is_none_or(|(least, ..)| error < *least) {
                best = Some((error, scale, values));
            }
        }
        let (_, scale, values) = best.expect("there are parts");
        values.into_iter().map(|q| f32::from(q) * scale as f32).collect()
    };
    rows.chunks_exact(moments.len).flat_map(one).collect()
}

/// The mantissa of a row, and its weights: those with the least error of all that are tried.
fn quantize_row(row: &[f64], unit: f64, start: i32, setting: &Setting, rounding: &Rounding) -> (u8, Vec<i8>) {
    // With few levels the best scale cuts large weights off: down to a sixth of the largest for ternary ones.
    let first = (start / 6).max(1);
    let last = (start + start / 16 + 1).clamp(first, 255);
    let mut best: Option<(f64, i32, Vec<i8>)> = None;
    let mut step = ((last - first) / TRIES).max(1);
    let mut candidates: Vec<i32> =
        (first..=last).step_by(step as usize).chain([start.clamp(1, 255)]).collect();
    loop {
        for &mantissa in &candidates {
            let (values, error) = rounding.round(row, f64::from(mantissa) * unit, setting.grid);
            if fits(&values) && best.as_ref().is_none_or(|(least, ..)| error < *least) {
                best = Some((error, mantissa, values));
            }
        }
        if step == 1 {
            break;
        }
        let around = best.as_ref().map_or(last, |(_, mantissa, _)| *mantissa);
        candidates =
            [around - step / 2, around + (step + 1) / 2].iter().map(|m| *m.clamp(&1, &255)).collect();
        step = (step / 2).max(1);
    }
    match best {
        Some((_, mantissa, values)) => (mantissa as u8, values),
        // The sum is too large with all scales that were tried: the next larger one with which it is not.
        None => {
            let rounded = |mantissa: i32| (mantissa, nearest(row, f64::from(mantissa) * unit, setting.grid));
            let fitting = (last..=255).map(rounded).find(|(_, values)| fits(values));
            let (mantissa, values) = fitting.unwrap_or_else(|| rounded(255));
            (mantissa as u8, values)
        }
    }
}

/// Whether every sum of a row fits 24 bits.
fn fits(values: &[i8]) -> bool {
    values.iter().map(|q| u32::from(q.unsigned_abs())).sum::<u32>() <= MOST_SUM
}

fn nearest(row: &[f64], scale: f64, grid: Grid) -> Vec<i8> {
    row.iter().map(|&w| on_grid(w, scale, grid)).collect()
}

fn on_grid(w: f64, scale: f64, grid: Grid) -> i8 {
    let (least, most) = grid.limits();
    (w / scale + 0.5).floor().clamp(least.into(), most.into()) as i8
}

/// How the weights of a row are rounded.
enum Rounding {
    /// Each to the nearest; errors count by the mean square of their input.
    Nearest(Vec<f64>),
    Compensated(Inverse),
}

/// The inverse of an input's moments: its upper triangle `U`, with `UᵀU` being that inverse, in the order in which
/// weights are rounded: those of the largest inputs first.
struct Inverse {
    order: Vec<usize>,
    upper: Vec<f64>,
}

impl Rounding {
    fn new(moments: Option<&Moments>, cols: usize) -> Self {
        let squares = |m: &Moments| (0..cols).map(|i| m.square(i)).collect();
        match moments {
            None => Self::Nearest(vec![1.0; cols]),
            Some(m) if !m.is_full() => Self::Nearest(squares(m)),
            Some(m) => Inverse::new(m).map_or_else(|| Self::Nearest(squares(m)), Self::Compensated),
        }
    }

    /// The weights of a row, and their error.
    fn round(&self, row: &[f64], scale: f64, grid: Grid) -> (Vec<i8>, f64) {
        match self {
            Self::Nearest(squares) => {
                let values = nearest(row, scale, grid);
                let one = |((&w, &q), square): ((&f64, &i8), &f64)| {
                    let d = w - scale * f64::from(q);
                    d * d * square
                };
                let error = row.iter().zip(&values).zip(squares).map(one).sum();
                (values, error)
            }
            Self::Compensated(inverse) => inverse.round(row, scale, grid),
        }
    }
}

impl Inverse {
    /// `None` where the moments have no inverse, not even with a tenth of their mean added to each square.
    fn new(moments: &Moments) -> Option<Self> {
        let n = moments.len;
        let at = |i: usize, j: usize| moments.sums[i * n + j];
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| at(b, b).total_cmp(&at(a, a)));
        let mean = (0..n).map(|i| at(i, i)).sum::<f64>() / n as f64;
        if mean <= 0.0 {
            return None;
        }
        let mut h: Vec<f64> =
            order.iter().flat_map(|&i| order.iter().map(move |&j| (i, j))).map(|(i, j)| at(i, j)).collect();
        (0..n).for_each(|i| h[i * n + i] += mean * 0.1);
        let lower = cholesky(&invert(&cholesky(&h, n)?, n), n)?;
        let mut upper = vec![0.0; n * n];
        (0..n).for_each(|i| (0..=i).for_each(|j| upper[j * n + i] = lower[i * n + j]));
        Some(Self { order, upper })
    }

    /// Rounds a row to a grid, each error made good by the weights that are rounded after it. Gives what is left of it.
    fn round(&self, row: &[f64], scale: f64, grid: Grid) -> (Vec<i8>, f64) {
        let n = self.order.len();
        let mut rest: Vec<f64> = self.order.iter().map(|&i| row[i]).collect();
        let mut values = vec![0; n];
        let mut left = 0.0;
        for i in 0..n {
            let q = on_grid(rest[i], scale, grid);
            values[self.order[i]] = q;
            let upper = &self.upper[i * n..][..n];
            let error = (rest[i] - scale * f64::from(q)) / upper[i];
            left += error * error;
            rest[i + 1..].iter_mut().zip(&upper[i + 1..]).for_each(|(w, u)| *w -= error * u);
        }
        (values, left)
    }
}

/// The lower triangle `L` with `L·Lᵀ = a`; `None` where a square is not positive.
fn cholesky(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let (row_i, row_j) = (&l[i * n..][..j], &l[j * n..][..j]);
            let sum: f64 = row_i.iter().zip(row_j).map(|(a, b)| a * b).sum();
            let rest = a[i * n + j] - sum;
            if i == j {
                if rest <= 0.0 || !rest.is_finite() {
                    return None;
                }
                l[i * n + i] = rest.sqrt();
            } else {
                l[i * n + j] = rest / l[j * n + j];
            }
        }
    }
    Some(l)
}

/// The inverse of `L·Lᵀ`.
fn invert(l: &[f64], n: usize) -> Vec<f64> {
    // Columns of the inverse of L, kept as rows.
    let mut k = vec![0.0; n * n];
    for j in 0..n {
        k[j * n + j] = 1.0 / l[j * n + j];
        for i in j + 1..n {
            let sum: f64 = (j..i).map(|m| l[i * n + m] * k[j * n + m]).sum();
            k[j * n + i] = -sum / l[i * n + i];
        }
    }
    let mut inverse = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (i..n).map(|m| k[i * n + m] * k[j * n + m]).sum();
            inverse[i * n + j] = sum;
            inverse[j * n + i] = sum;
        }
    }
    inverse
}

#[cfg(test)]
#[path = "matrix_tests.rs"]
mod tests;
