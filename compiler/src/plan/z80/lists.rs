//! A column as the kernels store it: cut into tiles of 256 outputs and into lists that one entry serves.

use crate::ir::Column;
use crate::plan::memory::PAGE;

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

/// Outputs in each tile: 256, and what is left in the last.
pub fn tiles(outputs: usize) -> Vec<usize> {
    (0..outputs.div_ceil(PAGE)).map(|t| (outputs - t * PAGE).min(PAGE)).collect()
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
    fn packed_bytes_hold_four_outputs_and_start_anew_in_each_tile() {
        let column = Column { plus: vec![0, 256], minus: vec![1, 2, 2, 257] };
        let bytes = packed(&column, 258);
        assert_eq!(bytes.len(), 64 + 1);
        assert_eq!((bytes[0], bytes[64]), (0b00_10_11_01, 0b11_01));
    }
}
