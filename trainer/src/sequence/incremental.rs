//! Weights that come onto their grids one after the other, and stay there; those that are still free are floats, and learn to make the
//! errors good: incremental network quantization (Zhou et al. 2017, arXiv:1702.03044). Rounded weights that go on learning never
//! settle: thousands of them lie at the middle between two integers, and each mini-batch throws some to the other side.
//!
//! Zhou et al. fix the largest weights first, half of what is left at a time. Here each row fixes those that are nearest to their grid, a
//! few with every mini-batch, and ever more slowly: the last ones have nobody left to make their errors good.

use super::grid::scale;
use super::layout::Layout;
use super::ops::largest;
use crate::rounding::round;
use mlc_compiler::model::Grid;

/// Shares of the training at which the first weight is fixed, and the last.
const FIRST: f32 = 0.02;
const LAST: f32 = 0.97;

/// Which weights are on their grids for good, and where. Only grids of three bits and more.
#[derive(Debug)]
pub(crate) struct Incremental {
    /// Mini-batches of the whole training.
    updates: u64,
    /// As [`Layout`] has parameters; `NaN`: it is free.
    fixed: Vec<f32>,
}

impl Incremental {
    pub(crate) fn new(layout: &Layout, updates: usize) -> Self {
        Self { updates: updates as u64, fixed: vec![f32::NAN; layout.len] }
    }

    /// Fixes so many of the shadows as are to be after `updates` mini-batches. `mean`, their running mean, takes the values of those that are
    /// fixed, too; it may be empty.
    pub(crate) fn advance(&mut self, layout: &Layout, updates: u64, shadows: &mut [f32], mean: &mut [f32]) {
        let done = updates as f32 / self.updates as f32;
        let rest = 1.0 - ((done - FIRST) / (LAST - FIRST)).clamp(0.0, 1.0);
        let share = 1.0 - rest * rest;
        for tensor in layout.tensors() {
            let Some(grid) = tensor.grid else { continue };
            let rows = shadows[tensor.range()].chunks_exact(tensor.cols);
            let fixed = self.fixed[tensor.range()].chunks_exact_mut(tensor.cols);
            for (r, (row, fixed)) in rows.zip(fixed).enumerate() {
                // Rows take turns: none waits for another mini-batch than its own.
                let turn = (r as f32 + 0.5) / tensor.rows as f32;
                fix(grid, row, fixed, (share * tensor.cols as f32 + turn) as usize);
            }
        }
        self.keep(shadows);
        if !mean.is_empty() {
            self.keep(mean);
        }
    }

    /// Gives weights that are fixed their values again.
    fn keep(&self, weights: &mut [f32]) {
        for (weight, &fixed) in weights.iter_mut().zip(&self.fixed).filter(|(_, fixed)| !fixed.is_nan()) {
            *weight = fixed;
        }
    }
}

/// Fixes weights of a row until `wanted` of them are.
///
/// The first is the largest, at the end of the grid. So the row's scale is told by what is fixed, and [`scale`] finds it again once all
/// weights are: it tries the scale that puts the largest weight at the end of the grid first, and that one has no error.
fn fix(grid: Grid, row: &[f32], fixed: &mut [f32], wanted: usize) {
    let most = f32::from(grid.limits().1);
    let mut count = fixed.iter().filter(|fixed| !fixed.is_nan()).count();
    // Nothing tells the scale of a row of zeros, and they are on every grid.
    let wanted = wanted.min(row.len());
    if wanted <= count || row.iter().all(|&w| w == 0.0) {
        return;
    }
    if count == 0 {
        let first = (0..row.len()).max_by(|&a, &b| row[a].abs().total_cmp(&row[b].abs()));
        let first = first.expect("rows are not empty");
        fixed[first] = (most * scale(grid, row)).copysign(row[first]);
        count = 1;
    }
    // No comparison finds `NaN` larger.
    let scale = largest(fixed) / most;
    let nearest = |w: f32| round((w / scale).clamp(-most, most)) * scale;
    let mut free: Vec<(f32, usize)> = row
        .iter()
        .enumerate()
        .filter(|(i, _)| fixed[*i].is_nan())
        .map(|(i, &w)| ((w - nearest(w)).abs(), i))
        .collect();
    free.sort_by(|a, b| a.0.total_cmp(&b.0));
    for &(_, i) in free.iter().take(wanted - count) {
        fixed[i] = nearest(row[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::super::grid::integers;
    use super::*;
    use crate::sequence::ops::differences::numbers;

    const UPDATES: usize = 400;

    fn layout(bits: u8) -> Layout {
        let grid = Grid::Symmetric { bits };
        let mut shape = Shape { weights: grid, embedding: grid, gain: true, ..Shape::default() };
        let net = &mut shape.network;
        (net.dim, net.heads, net.kv_heads, net.head_size) = (16, 2, 1, 8);
        (net.hidden, net.vocabulary, net.layers) = (24, 9, 2);
        Layout::new(&shape)
    }

    /// Whatever free weights do meanwhile, those that are fixed stay; at the end all are on their grids, and rounding changes nothing.
    #[test]
    fn weights_are_fixed_one_after_the_other_and_stay() {
        for bits in [3, 4, 5, 8] {
            let layout = layout(bits);
            let mut shadows = numbers(layout.len, bits.into());
            let mut mean = shadows.clone();
            let mut incremental = Incremental::new(&layout, UPDATES);
            let mut before = 0;
            for update in 1..=UPDATES {
                let step = numbers(layout.len, 100 + update as u32);
                shadows.iter_mut().zip(&step).for_each(|(w, s)| *w += s * 0.02);
                let old = incremental.fixed.clone();
                incremental.advance(&layout, update as u64, &mut shadows, &mut mean);
                let fixed = incremental.fixed.iter().filter(|f| !f.is_nan()).count();
                assert!(
                    fixed >= before && old.iter().zip(&incremental.fixed).all(|(a, b)| a.is_nan() || a == b)
                );
                // Twice as many as on the mean at first, and then ever fewer.
                let most = 3 * layout.len / UPDATES;
                assert!(
                    fixed - before <= most,
                    "{bits} bits, mini-batch {update}: {before} and then {fixed}"
                );
                before = fixed;
            }
            for tensor in layout.tensors() {
                let Some(grid) = tensor.grid else {
                    assert!(incremental.fixed[tensor.range()].iter().all(|f| f.is_nan()));
                    continue;
                };
                assert_eq!(shadows[tensor.range()], mean[tensor.range()]);
                for row in shadows[tensor.range()].chunks_exact(tensor.cols) {
                    let (values, scale) = integers(grid, row);
                    let near = |(&q, &w): (&i8, &f32)| (f32::from(q) * scale - w).abs() < 1e-6;
                    assert!(
                        values.iter().zip(row).all(near),
                        "{bits} bits: {values:?} times {scale} for {row:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_nearest_to_the_grid_are_fixed_first() {
        let grid = Grid::Symmetric { bits: 4 };
        let row = [0.7, 0.349, 0.201, -0.102, 0.0, -0.45, 0.298];
        let mut fixed = [f32::NAN; 7];
        fix(grid, &row, &mut fixed, 3);
        let step = fixed[0] / 7.0;
        let error = |w: f32| (w / step - (w / step).round()).abs();
        let [mut least, mut most] = [f32::INFINITY, 0.0f32];
        for i in 1..7 {
            match fixed[i].is_nan() {
                true => least = least.min(error(row[i])),
                false => most = most.max(error(row[i])),
            }
        }
        assert_eq!(fixed.iter().filter(|f| !f.is_nan()).count(), 3);
        assert!(most < least, "{fixed:?}");
        let (mut all, mut zeros) = (fixed, [f32::NAN; 2]);
        fix(grid, &row, &mut all, 7);
        assert!(all.iter().zip(&fixed).all(|(all, f)| !all.is_nan() && (f.is_nan() || all == f)));
        fix(grid, &[0.0, 0.0], &mut zeros, 2);
        assert!(zeros.iter().all(|f| f.is_nan()), "a row of zeros is on its grid");
    }
}
