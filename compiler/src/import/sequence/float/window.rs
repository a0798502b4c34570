//! Which keys and values are kept.

use super::super::Problem;

/// How many positions a network looks back at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// All. Memory grows with each token.
    Full,
    /// So many, at least 2: the first one, which is never given up, and the latest ones.
    Rolling {
        /// Positions kept.
        size: usize,
    },
}

impl Window {
    /// Checks the size.
    ///
    /// # Errors
    /// A rolling window of fewer than two positions.
    pub fn check(self) -> Result<(), Problem> {
        match self {
            Self::Rolling { size: size @ 0..2 } => Err(Problem::Value {
                field: "window".to_string(),
                value: size.to_string(),
                wants: "at least 2 positions".to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// Where keys and values of a position are stored: in the place of the oldest but the first.
    pub fn slot(self, position: usize) -> usize {
        match self {
            Self::Rolling { size } if position >= size => 1 + (position - 1) % (size - 1),
            _ => position,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_position_stays_and_the_others_take_turns() {
        let slots: Vec<usize> = (0..10).map(|p| Window::Rolling { size: 4 }.slot(p)).collect();
        assert_eq!(slots, [0, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
        assert_eq!(Window::Rolling { size: 2 }.slot(9), 1);
        assert_eq!(Window::Full.slot(9), 9);
        assert!(Window::Rolling { size: 1 }.check().is_err());
        assert!(Window::Rolling { size: 2 }.check().is_ok());
    }
}
