//! From float shadows to the numbers of the network: the one place that knows which integers a layer may hold.

use crate::rounding::round;
use mlc_compiler::model::WeightSet;

/// The integers that parameters may be, and how shadows become them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    /// What a shadow of 1 stands for.
    pub scale: f32,
    /// The smallest and the largest integer.
    pub least: f32,
    pub most: f32,
    /// From an integer to the next.
    pub step: f32,
    /// One of the integers, as near to 0 as any.
    pub origin: f32,
    /// Shadows are kept in this range.
    pub shadows: (f32, f32),
}

impl Grid {
    /// Weights -2..=1. The ends of the shadows' range round to them: beyond, they would only take longer to return.
    pub(crate) const FULL: Self =
        Self { scale: 1.0, least: -2.0, most: 1.0, step: 1.0, origin: 0.0, shadows: (-2.4, 1.4) };

    /// Weights -1, 0 and 1.
    pub(crate) const TERNARY: Self = Self { least: -1.0, shadows: (-1.4, 1.4), ..Self::FULL };

    /// Weights -1 and 1: the sign, of 0 the positive one. The range is that of BinaryConnect (Courbariaux, Bengio,
    /// David 2015, arXiv:1511.00363).
    pub(crate) const BINARY: Self = Self { step: 2.0, origin: 1.0, shadows: (-1.0, 1.0), ..Self::TERNARY };

    /// Biases of 16 bits. A shadow of 1 is a bias of 32, as much as one n-gram of the input: biases then move as
    /// fast as weights.
    pub(crate) const BIAS: Self = Self {
        scale: 32.0,
        least: -32_768.0,
        most: 32_767.0,
        shadows: (f32::NEG_INFINITY, f32::INFINITY),
        ..Self::FULL
    };

    pub(crate) fn of_weights(set: WeightSet) -> Self {
        match set {
            WeightSet::Full => Self::FULL,
            WeightSet::Ternary => Self::TERNARY,
            WeightSet::Binary => Self::BINARY,
        }
    }

    /// Whether a parameter can be nothing. If not, pulling it to zero would only make its sign a matter of chance.
    pub(crate) fn has_zero(self) -> bool {
        self.origin == 0.0
    }

    /// The integer nearest to what the shadow stands for; of two as near, the even one, or -1 and 1: 1.
    #[inline]
    pub(crate) fn integer(self, shadow: f32) -> f32 {
        // Clamped first, to ends that are integers: `round` is for small numbers.
        let number = shadow * self.scale;
        let number = if number > self.least { number } else { self.least };
        let number = if number < self.most { number } else { self.most };
        round((number - self.origin) / self.step) * self.step + self.origin
    }

    /// The shadow, back in its range. (Not `clamp`: it checks its bounds, which costs a loop its vectors.)
    #[inline]
    pub(crate) fn kept(self, shadow: f32) -> f32 {
        let (least, most) = self.shadows;
        let shadow = if shadow > least { shadow } else { least };
        if shadow < most { shadow } else { most }
    }

    /// The shadow of a number, for training that goes on from it.
    pub(crate) fn shadow(self, number: f32) -> f32 {
        number / self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shadows_become_the_nearest_integers_in_range() {
        let weights = [-9.0, -2.4, -1.5, -0.5, -0.4, 0.5, 0.6, 1.4, 7.0].map(|w| Grid::FULL.integer(w));
        assert_eq!(weights, [-2.0, -2.0, -2.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        let weights = [-9.0, -0.51, -0.5, -0.0, 0.5, 0.51, 9.0].map(|w| Grid::TERNARY.integer(w));
        assert_eq!(weights, [-1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        let weights = [-9.0, -1.0, -1e-6, -0.0, 0.0, 1e-6, 0.3, 9.0].map(|w| Grid::BINARY.integer(w));
        assert_eq!(weights, [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        for set in WeightSet::ALL {
            let grid = Grid::of_weights(set);
            assert_eq!(grid.has_zero(), set.contains(0));
            for shadow in (-300..300).map(|i| i as f32 / 100.0) {
                assert!(set.contains(grid.integer(grid.kept(shadow)) as i8), "{set} {shadow}");
            }
        }
        let biases = [-1e9, -1.0, 0.02, 3.0, 1023.99, 1e9].map(|b| Grid::BIAS.integer(b));
        assert_eq!(biases, [-32_768.0, -32.0, 1.0, 96.0, 32_767.0, 32_767.0]);
        for grid in [Grid::FULL, Grid::TERNARY, Grid::BINARY, Grid::BIAS] {
            for number in [grid.least, grid.origin, grid.most] {
                assert_eq!(grid.integer(grid.shadow(number)), number);
            }
        }
    }
}
