//! Index lists: the low addresses of the outputs to add to, then of those to subtract from, tile by tile, cut where a
//! kernel's longest list ends.

use super::{Column, TILE};

/// A piece of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Add the activation to these outputs of the tile.
    Add(Vec<u8>),
    /// Subtract it.
    Subtract(Vec<u8>),
    /// The next outputs are in the next tile.
    NextTile,
}

/// The pieces of a column, tile by tile, each of at most `longest` outputs; no `NextTile` stands at the end.
pub fn pieces(column: &Column, longest: usize) -> Vec<Piece> {
    let tiles =
        column.plus.iter().chain(&column.minus).map(|&o| usize::from(o) / TILE + 1).max().unwrap_or(0);
    let mut pieces = Vec::new();
    for t in 0..tiles {
        if t > 0 {
            pieces.push(Piece::NextTile);
        }
        let tile = column.tile(t);
        let bytes = |list: &[u16]| list.iter().map(|&o| o as u8).collect();
        pieces.extend(tile.plus.chunks(longest).map(|list| Piece::Add(bytes(list))));
        pieces.extend(tile.minus.chunks(longest).map(|list| Piece::Subtract(bytes(list))));
    }
    pieces
}

/// Most outputs behind one length byte.
pub const LONGEST: usize = 255;

/// A column of one tile as bytes: both lists in pieces, a length and so many low addresses of outputs, whose first is
/// `base`; a length of 0 ends a list.
pub fn encode(tile: &Column, base: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for list in [&tile.plus, &tile.minus] {
        for piece in list.chunks(LONGEST) {
            bytes.push(piece.len() as u8);
            bytes.extend(piece.iter().map(|&o| (base + usize::from(o)) as u8));
        }
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(pieces: &[Piece]) -> Column {
        let (mut column, mut tile) = (Column::default(), 0);
        for piece in pieces {
            let outputs = |list: &[u8]| list.iter().map(|&o| tile + u16::from(o)).collect::<Vec<_>>();
            match piece {
                Piece::Add(list) => column.plus.extend(outputs(list)),
                Piece::Subtract(list) => column.minus.extend(outputs(list)),
                Piece::NextTile => tile += TILE as u16,
            }
        }
        column
    }

    #[test]
    fn a_column_is_cut_at_tiles_and_at_the_longest_list() {
        let column = Column { plus: (0..40).chain([600]).collect(), minus: vec![3, 3, 256] };
        let pieces = pieces(&column, 36);
        assert_eq!(
            pieces,
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
        assert_eq!(join(&pieces), column);
        assert_eq!(super::pieces(&Column::default(), 36), []);
    }

    fn decode(bytes: &[u8], base: usize) -> Column {
        let mut column = Column::default();
        let mut bytes = bytes.iter().copied();
        for list in [&mut column.plus, &mut column.minus] {
            while let Some(count @ 1..) = bytes.next() {
                let outputs = bytes.by_ref().take(count.into());
                list.extend(outputs.map(|low| u16::from(low.wrapping_sub(base as u8))));
            }
        }
        assert_eq!(bytes.next(), None);
        column
    }

    #[test]
    fn bytes_name_low_addresses() {
        let whole = Column { plus: (0..256).collect(), minus: vec![7, 7, 255] };
        for column in [Column::default(), Column { plus: vec![], minus: vec![1] }, whole] {
            for base in [0, 1, 200, 255] {
                assert_eq!(decode(&encode(&column, base), base), column, "{base}");
            }
        }
        assert_eq!(
            encode(&Column { plus: vec![1, 2], minus: vec![3, 3] }, 250),
            [2, 251, 252, 0, 2, 253, 253, 0]
        );
    }
}
