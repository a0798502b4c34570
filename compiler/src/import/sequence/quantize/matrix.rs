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

/// The mantissa of a row, and its weights: those with the least error of all that are tried.
fn quantize_row(row: &[f64], unit: f64, start: i32, setting: &Setting, rounding: &Rounding) -> (u8, Vec<i8>) {
    // With few levels the best scale cuts large weights off: down to a sixth of the largest for ternary ones.
    let first = (start / 6).max(1);
    let last = (start + start / 16 + 1).clamp(first, 255);
    let mut best: Option<(f64, i32, Vec<i8>)> = None;
    let mut step = ((last - first) / TRIES).max(1);
    let mut candidates: Vec<i32> = (first..=last).step_by(step as usize).collect();
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
        // The sum is too large with the largest scale that was tried: with the largest of all it is the smallest.
        None => (255, nearest(row, 255.0 * unit, setting.grid)),
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
mod tests {
    use super::*;

    const GRIDS: [Grid; 8] = [
        Grid::Symmetric { bits: 8 },
        Grid::Symmetric { bits: 7 },
        Grid::Symmetric { bits: 6 },
        Grid::Symmetric { bits: 5 },
        Grid::Symmetric { bits: 4 },
        Grid::Symmetric { bits: 3 },
        Grid::Ternary,
        Grid::TwoBits,
    ];

    fn linear(outputs: usize, inputs: usize, weight: impl Fn(usize, usize) -> f32) -> Linear {
        let weights = (0..outputs * inputs).map(|at| weight(at / inputs, at % inputs)).collect();
        Linear { outputs, inputs, weights, bias: None }
    }

    fn setting<'a>(grid: Grid, rows: usize, moments: Option<&'a Moments>) -> Setting<'a> {
        Setting { name: "test".into(), grid, input: 1.0, outputs: vec![1.0; rows], moments }
    }

    /// Σ x·xᵀ of some inputs: each near the one before it.
    fn moments(len: usize) -> Moments {
        let sums =
            (0..len * len).map(|at| 100.0 * 0.5f64.powi((at / len).abs_diff(at % len) as i32)).collect();
        Moments { len, sums, steps: 10 }
    }

    /// Weights that look random, from -1 to 1.
    fn noise(row: usize, col: usize) -> f32 {
        let mut z = (row as u32).wrapping_mul(0x9e37_79b9) ^ (col as u32).wrapping_mul(0x85eb_ca6b);
        z = (z ^ z >> 15).wrapping_mul(0x2c1b_3c6d);
        z = (z ^ z >> 12).wrapping_mul(0x297a_2d39);
        (z ^ z >> 15) as f32 / u32::MAX as f32 * 2.0 - 1.0
    }

    /// Σ (w - q · scale)² of all weights.
    fn error(linear: &Linear, matrix: &Matrix) -> f64 {
        let scale = |row: usize| f64::from(matrix.mantissas[row]) / power(matrix.shift.into());
        let one = |(at, (&w, &q)): (usize, (&f32, &i8))| {
            (f64::from(w) - f64::from(q) * scale(at / matrix.cols)).powi(2)
        };
        linear.weights.iter().zip(&matrix.values).enumerate().map(one).sum()
    }

    #[test]
    fn whole_numbers_of_the_grid_are_exact() {
        for grid in GRIDS {
            let (least, most) = grid.limits();
            let ends = [most, least, 0, most, 0, 0];
            // The ends of the grid on a diagonal, and a number of it beside each.
            let weight =
                |row: usize, col: usize| if row == col { most } else { ends[(row + 2 * col) % 6].min(0) };
            for moments in [None, Some(&moments(6))] {
                let identity = linear(6, 6, |row, col| f32::from(if row == col { most } else { 0 }));
                let exact = quantize(&identity, &setting(grid, 6, moments)).expect("a scale of 1");
                assert_eq!((exact.mantissas.as_slice(), exact.shift), ([128; 6].as_slice(), 7), "{grid:?}");
                assert_eq!(exact.values.iter().map(|&q| f32::from(q)).collect::<Vec<_>>(), identity.weights);
                let full = linear(6, 6, |row, col| f32::from(weight(row, col)));
                let exact = quantize(&full, &setting(grid, 6, moments)).expect("a scale of 1");
                assert_eq!(error(&full, &exact), 0.0, "{grid:?}: {exact:?}");
            }
        }
    }

    #[test]
    fn biases_are_in_units_of_the_result() {
        let bias = Some(vec![0.5, -1000.0, 1.25, 9999.0]);
        let biased = Linear { bias, ..linear(4, 3, noise) };
        let setting = Setting { outputs: vec![0.25, 0.01, 1.0, 0.5], ..setting(GRIDS[0], 4, None) };
        let matrix = quantize(&biased, &setting).expect("small weights");
        assert_eq!(matrix.bias, [2, -32768, 1, 19998]);
    }

    #[test]
    fn the_error_is_that_of_the_grid() {
        let weights = linear(20, 64, noise);
        let mut last = 0.0;
        for grid in GRIDS {
            let (_, most) = grid.limits();
            let matrix = quantize(&weights, &setting(grid, 20, None)).expect("small weights");
            let error = error(&weights, &matrix) / weights.weights.len() as f64;
            // Steps of 1/most, each way a half of it at most: a twelfth of its square.
            let step = 1.0 / f64::from(most);
            assert!(error < step * step / 12.0 * 1.2, "{grid:?}: {error}");
            assert!(grid == Grid::TwoBits || error > last, "{grid:?}: {error} after {last}");
            last = error;
            let (least, most) = grid.limits();
            assert!(matrix.values.iter().all(|q| (least..=most).contains(q)));
        }
    }

    /// What the compensation is for: a smaller error of the result, though a larger one of the weights.
    #[test]
    fn errors_are_made_good_by_inputs_that_go_together() {
        let (weights, moments) = (linear(10, 40, noise), moments(40));
        let of_result = |matrix: &Matrix| -> f64 {
            let d = |row: usize, col: usize| {
                let scale = f64::from(matrix.mantissas[row]) / power(matrix.shift.into());
                f64::from(weights.row(row)[col]) - f64::from(matrix.values[row * 40 + col]) * scale
            };
            let square = |row: usize| -> f64 {
                let pairs = (0..40).flat_map(|i| (0..40).map(move |j| (i, j)));
                pairs.map(|(i, j)| d(row, i) * d(row, j) * moments.sums[i * 40 + j]).sum()
            };
            (0..10).map(square).sum()
        };
        for grid in [Grid::Symmetric { bits: 4 }, Grid::Symmetric { bits: 3 }, Grid::Ternary] {
            let nearest = quantize(&weights, &setting(grid, 10, None)).expect("small weights");
            let made_good = quantize(&weights, &setting(grid, 10, Some(&moments))).expect("small weights");
            let (before, after) = (of_result(&nearest), of_result(&made_good));
            assert!(after < before * 0.95, "{grid:?}: {after} of {before}");
        }
    }

    #[test]
    fn sums_of_wide_rows_have_24_bits() {
        for (cols, weight) in [
            (2048, noise as fn(usize, usize) -> f32),
            // No scale near the one that the largest weight asks for will do.
            (900, |_, _| 1.0),
            (1000, |row, col| if (row + col) % 2 == 0 { 1.0 } else { -0.999 }),
        ] {
            let wide = linear(3, cols, weight);
            let matrix = quantize(&wide, &setting(GRIDS[0], 3, None)).expect("small weights");
            for row in matrix.values.chunks(cols) {
                let sum: i64 = row.iter().map(|q| i64::from(q.unsigned_abs())).sum();
                assert!(sum * 128 < 1 << 23, "{cols} columns: {sum}");
                // And not smaller than it need be.
                assert!(sum * 128 > 1 << 21, "{cols} columns: {sum}");
            }
        }
    }

    #[test]
    fn the_same_comes_out_every_time() {
        let (weights, moments) = (linear(7, 33, noise), moments(33));
        for grid in GRIDS {
            let once = quantize(&weights, &setting(grid, 7, Some(&moments)));
            assert_eq!(once, quantize(&weights, &setting(grid, 7, Some(&moments.clone()))));
        }
    }

    #[test]
    fn scales_that_do_not_exist_are_refused() {
        let weights = linear(2, 2, |_, _| 1.0);
        let of = |input: f64| Setting { input, ..setting(GRIDS[0], 2, None) };
        assert_eq!(quantize(&weights, &of(127.0 * 255.0)).map(|m| m.shift), Ok(0));
        let error = quantize(&weights, &of(127.0 * 256.0)).expect_err("a mantissa of 256").to_string();
        assert_eq!(
            error,
            "test is a matrix whose scale is too large, weights and activations that are no further apart wanted"
        );
        // Ones that are far too small leave nothing, without an error.
        let nothing = quantize(&weights, &of(1e-12)).expect("it can be told apart from nothing by nobody");
        assert_eq!((nothing.shift, nothing.mantissas.as_slice()), (24, [1, 1].as_slice()));
        let zeros = quantize(&linear(2, 2, |_, _| 0.0), &of(1.0)).expect("zeros have every scale");
        assert_eq!(zeros.values, [0; 4]);
    }
}
