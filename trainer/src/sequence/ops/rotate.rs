//! Rotation of pairs by the position, and its adjoint: the transposed matrix.

use mlc_compiler::arithmetic::{COSINES, phase};
use mlc_compiler::math;

/// Cosine and sine of each pair at each position.
#[derive(Debug, Clone)]
pub(crate) struct Rotation {
    /// Pairs of a head.
    pairs: usize,
    /// `[positions, pairs]`.
    turns: Vec<(f32, f32)>,
}

impl Rotation {
    /// As the machine rotates: phases of a 256th of a turn, and its table of cosines. `steps`: what a pair turns by from one
    /// position to the next, in 2^-24ths of a turn.
    pub(crate) fn of_machine(steps: &[u32], positions: usize) -> Self {
        let cosine = |phase: u8| f32::from(COSINES[usize::from(phase)]) / 127.0;
        let turn = |position: usize, step: u32| {
            let phase = phase(position, step);
            (cosine(phase), cosine(phase.wrapping_add(192)))
        };
        Self::new(steps, positions, turn)
    }

    /// As a float network rotates.
    pub(crate) fn exact(steps: &[u32], positions: usize) -> Self {
        let turn = |position: usize, step: u32| {
            let turns = position as f64 * f64::from(step) / f64::from(1 << 24);
            let (sin, cos) = math::sin_cos((turns - turns.floor()) * std::f64::consts::TAU);
            (cos as f32, sin as f32)
        };
        Self::new(steps, positions, turn)
    }

    fn new(steps: &[u32], positions: usize, turn: impl Fn(usize, u32) -> (f32, f32)) -> Self {
        let turns = (0..positions).flat_map(|position| steps.iter().map(move |&step| (position, step)));
        Self { pairs: steps.len(), turns: turns.map(|(position, step)| turn(position, step)).collect() }
    }

    /// Positions that there are turns for.
    pub(crate) fn positions(&self) -> usize {
        self.turns.len() / self.pairs.max(1)
    }

    /// Pairs of a head, and cosine and sine of each pair at each of the first positions.
    #[cfg(feature = "tch")]
    pub(crate) fn table(&self, positions: usize) -> (usize, &[(f32, f32)]) {
        (self.pairs, &self.turns[..positions * self.pairs])
    }

    /// Turns all heads of one position.
    #[inline]
    pub(crate) fn turn(&self, position: usize, heads: &mut [f32]) {
        let turns = &self.turns[position * self.pairs..][..self.pairs];
        for head in heads.chunks_exact_mut(2 * self.pairs) {
            for (pair, &(cos, sin)) in head.chunks_exact_mut(2).zip(turns) {
                let (u, v) = (pair[0], pair[1]);
                pair[0] = u * cos - v * sin;
                pair[1] = u * sin + v * cos;
            }
        }
    }

    /// The adjoint of [`Rotation::turn`].
    #[inline]
    pub(crate) fn turn_back(&self, position: usize, heads: &mut [f32]) {
        let turns = &self.turns[position * self.pairs..][..self.pairs];
        for head in heads.chunks_exact_mut(2 * self.pairs) {
            for (pair, &(cos, sin)) in head.chunks_exact_mut(2).zip(turns) {
                let (u, v) = (pair[0], pair[1]);
                pair[0] = u * cos + v * sin;
                pair[1] = v * cos - u * sin;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::ops::differences::check;

    #[test]
    fn the_machine_s_turns_are_nearly_exact_ones() {
        let steps = [0x28_be60, 0x04_1312, 77, 0];
        let (machine, exact) = (Rotation::of_machine(&steps, 70), Rotation::exact(&steps, 70));
        assert_eq!((machine.positions(), exact.positions()), (70, 70));
        for (a, b) in machine.turns.iter().zip(&exact.turns) {
            assert!((a.0 - b.0).abs() < 0.02 && (a.1 - b.1).abs() < 0.02, "{a:?} {b:?}");
        }
        assert_eq!(exact.turns[0], (1.0, 0.0));
    }

    #[test]
    fn the_adjoint_is_that_of_finite_differences() {
        for rotation in [Rotation::of_machine(&[0x28_be60, 0x1234], 9), Rotation::exact(&[999_999, 5], 9)] {
            let run = |x: &[f32]| {
                let mut y = x.to_vec();
                rotation.turn(8, &mut y);
                y
            };
            check(8, run, |_, d| {
                let mut dx = d.to_vec();
                rotation.turn_back(8, &mut dx);
                dx
            });
        }
    }
}
