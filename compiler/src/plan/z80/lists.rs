//! A column as the kernels store it: cut into tiles of 256 outputs and into lists that one entry serves.

use crate::ir::{Column, Form};
use crate::plan::memory::PAGE;
use crate::plan::network::Stage;

/// Most additions that one entry into the unrolled block makes: jumps to the carry handlers on both
/// sides of a block of 18 pairs just reach.
pub const LONGEST_LIST: usize = 36;

/// A piece of a column list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Add the activation to these outputs of the tile.
    Add(Vec<u8>),
    /// Subtract it.
    Subtract(Vec<u8>),
    /// The next outputs are in the next tile.
    NextTile,
}

/// The pieces of a column, tile by tile; no `NextTile` stands at the end.
pub fn pieces(column: &Column) -> Vec<Piece> {
    let tiles =
        column.plus.iter().chain(&column.minus).map(|&o| usize::from(o) / PAGE + 1).max().unwrap_or(0);
    let mut pieces = Vec::new();
    for tile in 0..tiles {
        if tile > 0 {
            pieces.push(Piece::NextTile);
        }
        let inside = |list: &[u16]| -> Vec<u8> {
            list.iter().filter(|&&o| usize::from(o) / PAGE == tile).map(|&o| (o % 256) as u8).collect()
        };
        pieces.extend(inside(&column.plus).chunks(LONGEST_LIST).map(|c| Piece::Add(c.to_vec())));
        pieces.extend(inside(&column.minus).chunks(LONGEST_LIST).map(|c| Piece::Subtract(c.to_vec())));
    }
    pieces
}

/// Whether the kernel of a form is a subroutine: its columns are data that do not lead anywhere.
pub fn is_called(form: Form) -> bool {
    matches!(form, Form::Packed | Form::Gaps)
}

/// Whether the addresses of so many columns share a page, low bytes below and high bytes above: the forms that are
/// there for their size take 4 T-states more for half a table.
pub fn half_table(form: Form, columns: usize) -> bool {
    is_called(form) && columns <= PAGE / 2
}

/// Outputs in each tile: 256, and what is left in the last.
pub fn tiles(outputs: usize) -> Vec<usize> {
    (0..outputs.div_ceil(PAGE)).map(|t| (outputs - t * PAGE).min(PAGE)).collect()
}

/// Outputs below which a stage of weights ±1 stays with four weights a byte: it would save nothing.
const LEAST_BITS: usize = 8;

/// Whether the packed form of a stage has eight weights a byte: all of them are -1 or +1.
///
/// This follows from the values: in a layer of the binary set no pass makes another weight, since
/// removed neurons take whole rows and columns with them.
pub fn is_binary(stage: &Stage) -> bool {
    let full = |c: &Column| c.len() == stage.outputs && c.minus.is_sorted_by(|a, b| a < b);
    stage.outputs >= LEAST_BITS && stage.columns.iter().all(full)
}

/// A column's bytes with eight outputs a byte, the first in the lowest bit, 1 for +1 and 0 for -1; each
/// tile starts a byte.
pub fn bits(column: &Column, outputs: usize) -> Vec<u8> {
    let mut bytes = vec![0u8; tiles(outputs).iter().map(|n| n.div_ceil(8)).sum()];
    // All tiles but the last have 256 outputs, so no byte is shared.
    column.plus.iter().for_each(|&o| bytes[usize::from(o) / 8] |= 1 << (o % 8));
    bytes
}

/// A column's bytes in packed form: in each tile four outputs a byte, the first in the lowest bits, as
/// two's complement of 2 bits.
pub fn packed(column: &Column, outputs: usize) -> Vec<u8> {
    let tiles = tiles(outputs);
    let mut starts = Vec::new();
    let mut bytes = Vec::new();
    for &count in &tiles {
        starts.push(bytes.len());
        bytes.resize(bytes.len() + count.div_ceil(4), 0u8);
    }
    let mut put = |o: u16, code: u8| {
        let (tile, index) = (usize::from(o) / PAGE, usize::from(o) % PAGE);
        let shift = index % 4 * 2;
        let byte = &mut bytes[starts[tile] + index / 4];
        *byte = *byte & !(3 << shift) | code << shift;
    };
    column.plus.iter().for_each(|&o| put(o, 0b01));
    for same in column.minus.chunk_by(|a, b| a == b) {
        put(same[0], if same.len() == 2 { 0b10 } else { 0b11 });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Id;
    use crate::plan::network::{Source, Start};

    #[test]
    fn a_column_is_cut_at_tiles_and_at_the_longest_list() {
        let column = Column { plus: (0..40).chain([600]).collect(), minus: vec![3, 3, 256] };
        assert_eq!(
            pieces(&column),
            [
                Piece::Add((0..36).collect()),
                Piece::Add((36..40).collect()),
                Piece::Subtract(vec![3, 3]),
                Piece::NextTile,
                Piece::Subtract(vec![0]),
                Piece::NextTile,
                Piece::Add(vec![88]),
            ]
        );
        assert_eq!(pieces(&Column::default()), []);
    }

    #[test]
    fn bits_hold_eight_outputs() {
        let plus = vec![0, 3, 9, 256];
        let minus = (0..258).filter(|o| !plus.contains(o)).collect();
        let column = Column { plus, minus };
        let bytes = bits(&column, 258);
        assert_eq!(bytes.len(), 32 + 1);
        assert_eq!((bytes[0], bytes[1], bytes[2], bytes[32]), (0b1001, 0b10, 0, 0b1));
    }

    #[test]
    fn only_a_stage_without_zeros_and_doubles_is_binary() {
        let stage = |columns| Stage {
            name: "fc1".into(),
            in_loop: false,
            source: Source::Trigrams { buckets: 1, bands: 1, factor: 32 },
            start: Start::Constant(vec![0; 8]),
            outputs: 8,
            columns,
            folds: vec![],
            sum: Id::first(),
            result: Id::first(),
        };
        let column = |plus: &[u16], minus: &[u16]| Column { plus: plus.to_vec(), minus: minus.to_vec() };
        let full = column(&[0, 3, 7], &[1, 2, 4, 5, 6]);
        assert!(is_binary(&stage(vec![full.clone(), full.clone()])));
        assert!(!is_binary(&stage(vec![full.clone(), Column::default()])));
        // Output 6 is zero; in the second, output 5 is subtracted twice instead.
        assert!(!is_binary(&stage(vec![column(&[0, 3, 7], &[1, 2, 4, 5])])));
        assert!(!is_binary(&stage(vec![column(&[0, 3, 7], &[1, 2, 4, 5, 5])])));
        assert!(!is_binary(&Stage { outputs: 3, ..stage(vec![column(&[0, 2], &[1])]) }));
    }

    #[test]
    fn packed_bytes_hold_four_outputs_and_start_anew_in_each_tile() {
        let column = Column { plus: vec![0, 256], minus: vec![1, 2, 2, 257] };
        let bytes = packed(&column, 258);
        assert_eq!(bytes.len(), 64 + 1);
        assert_eq!((bytes[0], bytes[64]), (0b00_10_11_01, 0b11_01));
    }
}
