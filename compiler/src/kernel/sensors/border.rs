//! What lies around an array, for windows that read over its edge: runs of bytes that are filled, and others between them.

use super::net::Array;
use serde::Serialize;

/// How the border of an array is filled: `first` bytes, then, `rows - 1` times, `inside` bytes are passed and `between` filled,
/// and in the end `inside` are passed and `last` filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fill {
    pub byte: u8,
    pub first: usize,
    pub rows: usize,
    pub inside: usize,
    pub between: usize,
    pub last: usize,
}

impl Fill {
    /// `None` for an array without a border.
    pub fn of(array: &Array) -> Option<Self> {
        let border = array.border;
        if array.size() == array.values() {
            return None;
        }
        let (row, between) = (array.cols * array.channels, array.skip());
        // Rows that follow each other are one.
        let (rows, inside) = if between == 0 { (1, array.rows * row) } else { (array.rows, row) };
        Some(Self {
            byte: border.byte,
            first: border.top * array.pitch() + border.left * array.channels,
            rows,
            inside,
            between,
            last: border.right * array.channels + border.bottom * array.pitch(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::net::Border;
    use super::*;

    #[test]
    fn what_is_filled_and_passed_is_all_of_the_array() {
        for (top, left, bottom, right) in [(0, 0, 0, 0), (1, 0, 2, 0), (0, 2, 0, 1), (2, 1, 1, 3)] {
            let border = Border { top, left, bottom, right, byte: 7 };
            let array = Array { rows: 3, cols: 4, channels: 2, border };
            let Some(fill) = Fill::of(&array) else {
                assert_eq!(array.size(), array.values());
                continue;
            };
            let filled = fill.first + (fill.rows - 1) * fill.between + fill.last;
            assert_eq!(filled + fill.rows * fill.inside, array.size());
            assert_eq!(fill.rows * fill.inside, array.values());
            assert_eq!(fill.first, array.first());
        }
    }
}
