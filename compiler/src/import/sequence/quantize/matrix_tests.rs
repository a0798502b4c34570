//! Matrices as integers: what is exact, how large errors are, and that sums fit.

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
    let sums = (0..len * len).map(|at| 100.0 * 0.5f64.powi((at / len).abs_diff(at % len) as i32)).collect();
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
fn an_identity_is_exact() {
    for grid in GRIDS {
        let (_, most) = grid.limits();
        let identity = linear(6, 6, |row, col| if row == col { most.into() } else { 0.0 });
        for moments in [None, Some(&moments(6))] {
            let exact = quantize(&identity, &setting(grid, 6, moments)).expect("a scale of 1");
            assert_eq!((exact.mantissas.as_slice(), exact.shift), ([128; 6].as_slice(), 7), "{grid:?}");
            assert_eq!(error(&identity, &exact), 0.0, "{grid:?}: {exact:?}");
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
        (1000, noise as fn(usize, usize) -> f32),
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
