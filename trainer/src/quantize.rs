//! From float shadows to the numbers of the network: the one place that knows which integers a layer may hold.

use crate::network::round;

/// The integers that parameters may be, and how shadows become them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    /// What a shadow of 1 stands for.
    pub scale: f32,
    /// The smallest and the largest integer.
    pub least: f32,
    pub most: f32,
    /// Shadows are kept in this range.
    pub shadows: (f32, f32),
}

impl Grid {
    /// Weights -2..=1. The ends of the shadows' range round to them: beyond, they would only take longer to return.
    pub(crate) const FULL: Self = Self { scale: 1.0, least: -2.0, most: 1.0, shadows: (-2.4, 1.4) };

    /// Biases of 16 bits. A shadow of 1 is a bias of 32, as much as one n-gram of the input: biases then move as
    /// fast as weights.
    pub(crate) const BIAS: Self =
        Self { scale: 32.0, least: -32_768.0, most: 32_767.0, shadows: (f32::NEG_INFINITY, f32::INFINITY) };

    /// The integer nearest to what the shadow stands for, half to even.
    #[inline]
    pub(crate) fn integer(self, shadow: f32) -> f32 {
        // Clamped first, to ends that are integers: `round` is for small numbers.
        let number = shadow * self.scale;
        let number = if number > self.least { number } else { self.least };
        round(if number < self.most { number } else { self.most })
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
        let biases = [-1e9, -1.0, 0.02, 3.0, 1023.99, 1e9].map(|b| Grid::BIAS.integer(b));
        assert_eq!(biases, [-32_768.0, -32.0, 1.0, 96.0, 32_767.0, 32_767.0]);
        for grid in [Grid::FULL, Grid::BIAS] {
            for number in [grid.least, 0.0, grid.most] {
                assert_eq!(grid.integer(grid.shadow(number)), number);
            }
        }
    }
}
