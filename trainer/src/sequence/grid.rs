//! From float shadows to the weights of a grid with a scale a row: what the machine will have, already in training.

use super::ops::{sum_by_lanes, vectorized};
use crate::rounding::round;
use mlc_compiler::model::Grid;

/// Parts of the scale that the largest weight asks for, of which the one with the least squared error is taken. With few
/// levels it pays to cut large weights off.
pub(crate) const PARTS: [f32; 9] = [1.0, 0.92, 0.84, 0.76, 0.68, 0.6, 0.5, 0.44, 0.36];
const REFINED: usize = 2;

/// The scale of a row of shadows.
///
/// Ternary: the mean magnitude (Ma et al. 2024, arXiv:2402.17764). 8 bits: the largest magnitude is the largest integer. Any
/// other grid: least squares over [`PARTS`] of that, and then [`REFINED`] times the best scale for the integers so far (Lloyd
/// 1982, doi:10.1109/TIT.1982.1056489). So it changes little by little where shadows do; parts alone are 8 % and more apart, half a level
/// of four bits.
#[inline(always)]
pub(crate) fn scale(grid: Grid, row: &[f32]) -> f32 {
    let least = 1e-12;
    if grid == Grid::Ternary {
        return (sum_by_lanes(row, f32::abs) / row.len() as f32).max(least);
    }
    let (low, high) = limits(grid);
    let largest = super::ops::largest(row);
    // -2 to 1 have no common end: the smaller one counts, and half of it is among the parts.
    let whole = (largest / high).max(least);
    if matches!(grid, Grid::Symmetric { bits: 8 }) {
        return whole;
    }
    let error = |scale: f32| {
        let inverse = 1.0 / scale;
        let distance = |w: f32| w - integer(w * inverse, low, high) * scale;
        sum_by_lanes(row, |w| distance(w) * distance(w))
    };
    let mut best = (f32::INFINITY, whole);
    for part in PARTS {
        let found = error(whole * part);
        if found < best.0 {
            best = (found, whole * part);
        }
    }
    let mut scale = best.1;
    for _ in 0..REFINED {
        let inverse = 1.0 / scale;
        let of = |w: f32| integer(w * inverse, low, high);
        let squares = sum_by_lanes(row, |w| of(w) * of(w));
        let better = sum_by_lanes(row, |w| w * of(w)) / squares;
        if better.is_finite() {
            scale = better.max(least);
        }
    }
    scale
}

vectorized! {
/// Rounds a row of shadows to its grid. Gives the scale: the result is whole numbers times it.
pub(crate) fn rounded(grid: Grid, row: &[f32], out: &mut [f32]) -> f32 {
    let scale = scale(grid, row);
    let (low, high) = limits(grid);
    let inverse = 1.0 / scale;
    for (out, &w) in out.iter_mut().zip(row) {
        *out = integer(w * inverse, low, high) * scale;
    }
    scale
}
}

/// The integers of a row of shadows, and their scale.
pub(crate) fn integers(grid: Grid, row: &[f32]) -> (Vec<i8>, f32) {
    let scale = scale(grid, row);
    let (low, high) = limits(grid);
    let inverse = 1.0 / scale;
    (row.iter().map(|&w| integer(w * inverse, low, high) as i8).collect(), scale)
}

#[inline(always)]
fn integer(w: f32, low: f32, high: f32) -> f32 {
    let w = if w > low { w } else { low };
    round(if w < high { w } else { high })
}

fn limits(grid: Grid) -> (f32, f32) {
    let (low, high) = grid.limits();
    (low.into(), high.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::numbers;

    #[test]
    fn rows_are_whole_numbers_times_their_scale() {
        let grids =
            [Grid::Ternary, Grid::TwoBits].into_iter().chain((3..=8).map(|bits| Grid::Symmetric { bits }));
        for grid in grids {
            let row = numbers(65, 7);
            let (values, scale) = integers(grid, &row);
            let mut out = vec![0.0; row.len()];
            assert_eq!(rounded(grid, &row, &mut out), scale);
            let (low, high) = grid.limits();
            for (&q, &w) in values.iter().zip(&out) {
                assert!((low..=high).contains(&q));
                assert_eq!(f32::from(q) * scale, w);
            }
            assert!(values.contains(&low) || values.contains(&high), "{grid:?}");
            // A row that is on its grid stays there, unless there are better scales than the largest weight's.
            let again = integers(grid, &out);
            if grid != Grid::Ternary {
                assert!(
                    again.0.iter().zip(&out).all(|(&q, &w)| (f32::from(q) * again.1 - w).abs() < 1e-5),
                    "{grid:?}"
                );
            }
            assert_eq!(integers(grid, &[0.0; 4]).0, [0; 4]);
        }
    }

    #[test]
    fn scales_have_the_least_error_for_their_integers() {
        for (bits, seed) in (3..=7).zip(1..) {
            let (grid, row) = (Grid::Symmetric { bits }, numbers(96, seed));
            let (values, scale) = integers(grid, &row);
            let error = |scale: f32| -> f32 {
                values.iter().zip(&row).map(|(&q, &w)| (f32::from(q) * scale - w).powi(2)).sum()
            };
            assert!(error(scale) <= error(scale * 1.01) && error(scale) <= error(scale * 0.99), "{bits}");
        }
        // Numbers at the end of floats keep a scale.
        assert!(integers(Grid::Symmetric { bits: 4 }, &[3e38, 1e38, -3e38]).1.is_finite());
    }

    #[test]
    fn more_levels_are_nearer() {
        let row = numbers(256, 2);
        let error = |grid| -> f32 {
            let mut out = vec![0.0; row.len()];
            rounded(grid, &row, &mut out);
            out.iter().zip(&row).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let errors: Vec<f32> = [2, 3, 4, 5, 8]
            .map(|bits| if bits == 2 { Grid::Ternary } else { Grid::Symmetric { bits } })
            .map(error)
            .to_vec();
        assert!(errors.is_sorted_by(|a, b| a > b), "{errors:?}");
    }
}
