//! Eight weights a byte, for columns of -1 and +1 only: 1 for +1 and 0 for -1, the first output in the lowest bit. Each
//! tile starts a byte.

use super::{Column, tiles};

/// Outputs below which columns of ±1 stay with four weights a byte: one bit each would save nothing.
const LEAST: usize = 8;

/// Whether columns can be stored so: every weight is -1 or +1.
///
/// This follows from the values: in a layer of the binary set no pass makes another weight, since removed neurons take
/// whole rows and columns with them.
pub fn holds(columns: &[Column], outputs: usize) -> bool {
    outputs >= LEAST && are_signs(columns, outputs)
}

/// Whether every weight is -1 or +1.
pub fn are_signs(columns: &[Column], outputs: usize) -> bool {
    columns.iter().all(|c| c.len() == outputs && c.minus.is_sorted_by(|a, b| a < b))
}

/// The bytes of a column of so many outputs.
pub fn encode(column: &Column, outputs: usize) -> Vec<u8> {
    let mut bytes = vec![0u8; bytes_for(outputs)];
    // All tiles but the last have 256 outputs, so no byte is shared.
    column.plus.iter().for_each(|&o| bytes[usize::from(o) / 8] |= 1 << (o % 8));
    bytes
}

/// Bytes of a column of so many outputs.
pub fn bytes_for(outputs: usize) -> usize {
    tiles(outputs).iter().map(|n| n.div_ceil(8)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_hold_eight_outputs() {
        for outputs in [8, 9, 255, 256, 258, 512] {
            let weights: Vec<i8> = (0..outputs).map(|o| if o * o % 7 < 2 { 1 } else { -1 }).collect();
            let column = Column::of(&weights);
            let bytes = encode(&column, outputs);
            assert_eq!(bytes.len(), outputs.div_ceil(8));
            let bit = |o: usize| if bytes[o / 8] >> (o % 8) & 1 == 1 { 1 } else { -1 };
            assert_eq!((0..outputs).map(bit).collect::<Vec<i8>>(), weights, "{outputs}");
        }
    }

    #[test]
    fn only_columns_without_zeros_and_doubles_hold() {
        let column = |plus: &[u16], minus: &[u16]| Column { plus: plus.to_vec(), minus: minus.to_vec() };
        let full = column(&[0, 3, 7], &[1, 2, 4, 5, 6]);
        assert!(holds(&[full.clone(), full.clone()], 8));
        assert!(!holds(&[full.clone(), Column::default()], 8));
        // Output 6 is zero; in the second, output 5 is subtracted twice instead.
        assert!(!holds(&[column(&[0, 3, 7], &[1, 2, 4, 5])], 8));
        assert!(!holds(&[column(&[0, 3, 7], &[1, 2, 4, 5, 5])], 8));
        assert!(!holds(&[column(&[0, 2], &[1])], 3));
    }
}
