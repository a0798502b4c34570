//! Rows in bit planes, for kernels that look sums up: the inputs are split into groups, a table has the sums of all
//! subsets of a group's inputs, and the bits of a group in one plane are a position in its table.
//!
//! A weight of {-2, -1, 0, 1} is two bits, `w = l - 2h`, so a row is `start + Σ l·x - 2·Σ h·x`: two planes. Where all
//! weights are -1 or +1 one plane is enough: bit `p` of a weight says its sign, and a table has the sums in which every
//! input of the group is added or subtracted, so a row is `start + Σ ±x`. Both hold modulo 65536, like all sums here.
//!
//! The first input of a group has the lowest bit. A group never goes across a tile of 256 inputs; what is left at the
//! end of a tile is a smaller group.

use super::{Column, TILE, bits, tiles};

/// Inputs of a group whose table is 128 words.
pub const SEVEN: usize = 7;
/// Inputs of a group whose table is 16 words.
pub const FOUR: usize = 4;

/// What the planes of a product say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Planes {
    /// One: 1 for +1, 0 for -1.
    Signs,
    /// Two: `l` and `h` of `l - 2h`.
    Twos,
}

impl Planes {
    /// Those of columns of so many outputs.
    pub fn of(columns: &[Column], outputs: usize) -> Self {
        if bits::are_signs(columns, outputs) { Self::Signs } else { Self::Twos }
    }

    pub fn count(self) -> usize {
        match self {
            Self::Signs => 1,
            Self::Twos => 2,
        }
    }
}

/// Inputs of each group, `size` at most, tile by tile.
pub fn groups(inputs: usize, size: usize) -> Vec<Vec<usize>> {
    let tile = |n: usize| (0..n.div_ceil(size)).map(|g| (n - g * size).min(size)).collect();
    tiles(inputs).into_iter().map(tile).collect()
}

/// Groups of so many inputs.
pub fn count(inputs: usize, size: usize) -> usize {
    tiles(inputs).into_iter().map(|n| n.div_ceil(size)).sum()
}

/// The weights of each of so many outputs.
pub fn rows(columns: &[Column], outputs: usize) -> Vec<Vec<i8>> {
    let columns: Vec<Vec<i8>> = columns.iter().map(|column| column.weights(outputs)).collect();
    (0..outputs).map(|o| columns.iter().map(|column| column[o]).collect()).collect()
}

/// A row in groups of [`SEVEN`] with its start value, as it is read word by word. A byte is where a word of a table of
/// 128 lies that is filled from its end: `254 - 2·bits`.
///
/// | planes | bytes |
/// |---|---|
/// | signs | start, low byte first; signs |
/// | twos | `h`, and the first `l` where the groups are odd in number; start; the other `l` |
pub fn sevens(row: &[i8], start: i16, planes: Planes) -> Vec<u8> {
    let plane = |bit: fn(i8) -> bool| plane(row, SEVEN, bit).into_iter().map(|bits| 254 - 2 * bits);
    match planes {
        Planes::Signs => start.to_le_bytes().into_iter().chain(plane(is_plus)).collect(),
        Planes::Twos => {
            let mut bytes: Vec<u8> = plane(is_high).chain(plane(is_low)).collect();
            let behind = (bytes.len() / 2).next_multiple_of(2);
            bytes.splice(behind..behind, start.to_le_bytes());
            bytes
        }
    }
}

/// A row in groups of [`FOUR`] with its start value: two groups a byte, the first in the high nibble; each plane starts
/// a byte. Signs stand behind the start value, low byte first; `h` and `l` before it.
pub fn fours(row: &[i8], start: i16, planes: Planes) -> Vec<u8> {
    let plane = |bit: fn(i8) -> bool| {
        let nibbles = plane(row, FOUR, bit);
        let pair = |two: &[u8]| two[0] << 4 | two.get(1).copied().unwrap_or(0);
        nibbles.chunks(2).map(pair).collect::<Vec<_>>()
    };
    match planes {
        Planes::Signs => [start.to_le_bytes().to_vec(), plane(is_plus)].concat(),
        Planes::Twos => [plane(is_high), plane(is_low), start.to_le_bytes().to_vec()].concat(),
    }
}

/// The bits of each group of a row.
fn plane(row: &[i8], size: usize, bit: fn(i8) -> bool) -> Vec<u8> {
    let group = |weights: &[i8]| {
        let bits = weights.iter().enumerate().map(|(i, &w)| u8::from(bit(w)) << i);
        bits.fold(0, |all, bit| all | bit)
    };
    row.chunks(TILE).flat_map(|tile| tile.chunks(size).map(group)).collect()
}

fn is_plus(weight: i8) -> bool {
    weight > 0
}

fn is_low(weight: i8) -> bool {
    weight & 1 == 1
}

fn is_high(weight: i8) -> bool {
    weight < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUTS: [usize; 16] = [1, 3, 4, 6, 7, 8, 14, 64, 252, 255, 256, 257, 263, 512, 513, 1024];

    /// A weight for each bit of the planes, group by group.
    fn weights(planes: &[Vec<u8>], inputs: usize, size: usize) -> Vec<i8> {
        let groups = groups(inputs, size).concat();
        assert!(planes.iter().all(|plane| plane.len() == groups.len()));
        let weight = |g: usize, i: usize| {
            let bit = |plane: &Vec<u8>| (plane[g] >> i & 1) as i8;
            match planes {
                [signs] => 2 * bit(signs) - 1,
                [high, low] => bit(low) - 2 * bit(high),
                _ => unreachable!("there are one or two planes"),
            }
        };
        groups.iter().enumerate().flat_map(|(g, &n)| (0..n).map(move |i| weight(g, i))).collect()
    }

    fn decode_sevens(bytes: &[u8], inputs: usize, planes: Planes) -> (Vec<i8>, i16) {
        let groups = count(inputs, 7);
        let mut bytes = bytes.to_vec();
        let start_at = match planes {
            Planes::Signs => 0,
            Planes::Twos => groups + groups % 2,
        };
        let start: Vec<u8> = bytes.drain(start_at..start_at + 2).collect();
        let bits: Vec<u8> = bytes.iter().map(|byte| (254 - byte) / 2).collect();
        assert!(bytes.iter().all(|byte| byte % 2 == 0), "a word begins at an even address");
        let planes: Vec<Vec<u8>> = bits.chunks(groups).map(<[u8]>::to_vec).collect();
        (weights(&planes, inputs, 7), i16::from_le_bytes([start[0], start[1]]))
    }

    fn decode_fours(bytes: &[u8], inputs: usize, planes: Planes) -> (Vec<i8>, i16) {
        let groups = count(inputs, 4);
        let mut bytes = bytes.to_vec();
        let start_at = match planes {
            Planes::Signs => 0,
            Planes::Twos => bytes.len() - 2,
        };
        let start: Vec<u8> = bytes.drain(start_at..start_at + 2).collect();
        let plane = |bytes: &[u8]| {
            let mut nibbles: Vec<u8> = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
            assert!(nibbles.drain(groups..).all(|nibble| nibble == 0));
            nibbles
        };
        let planes: Vec<Vec<u8>> = bytes.chunks(groups.div_ceil(2)).map(plane).collect();
        (weights(&planes, inputs, 4), i16::from_le_bytes([start[0], start[1]]))
    }

    #[test]
    fn every_row_comes_back() {
        for inputs in INPUTS {
            for start in [0, 1, -1, 256, i16::MIN, i16::MAX] {
                let signs: Vec<i8> = (0..inputs).map(|i| if i * i % 7 < 2 { 1 } else { -1 }).collect();
                let twos: Vec<i8> = (0..inputs).map(|i| [0, 1, -1, -2, 0, 1, -2][i * i % 11 % 7]).collect();
                for (row, planes) in [(&signs, Planes::Signs), (&signs, Planes::Twos), (&twos, Planes::Twos)]
                {
                    let bytes = sevens(row, start, planes);
                    assert_eq!(bytes.len(), 2 + planes.count() * count(inputs, 7));
                    assert_eq!(decode_sevens(&bytes, inputs, planes), (row.clone(), start), "{inputs}");
                    let bytes = fours(row, start, planes);
                    assert_eq!(bytes.len(), 2 + planes.count() * count(inputs, 4).div_ceil(2));
                    assert_eq!(decode_fours(&bytes, inputs, planes), (row.clone(), start), "{inputs}");
                }
            }
        }
    }

    #[test]
    fn bytes_are_what_they_are() {
        let row = [1, 0, -1, -2, 0, 0, 0, 1];
        // l: 1010000 and 1; h: 0011000 and 0, the first input in the lowest bit.
        let (l, h) = (0b101, 0b1100);
        let at = |bits: u8| 254 - 2 * bits;
        assert_eq!(sevens(&row, 0x1234, Planes::Twos), [at(h), at(0), 0x34, 0x12, at(l), at(1)]);
        assert_eq!(sevens(&row[..7], 0x1234, Planes::Twos), [at(h), at(l), 0x34, 0x12]);
        assert_eq!(fours(&row, 0x1234, Planes::Twos), [0xC0, 0x58, 0x34, 0x12]);
        assert_eq!(fours(&[1, -1, 1, 1, -1], 2, Planes::Signs), [2, 0, 0xD0]);
    }

    #[test]
    fn groups_end_where_tiles_end() {
        assert_eq!(groups(7, 7), [vec![7]]);
        assert_eq!(groups(263, 7), [[vec![7; 36], vec![4]].concat(), vec![7]]);
        assert_eq!(count(263, 7), 38);
        assert_eq!(groups(257, 4), [vec![4; 64], vec![1]]);
    }

    #[test]
    fn rows_are_read_across_columns() {
        let values = [1, 0, -2, -1, 1, 0];
        let columns = Column::of_matrix(2, &values);
        assert_eq!(rows(&columns, 3), [[1, 0], [-2, -1], [1, 0]]);
        assert_eq!(Planes::of(&columns, 3), Planes::Twos);
        assert_eq!(Planes::of(&Column::of_matrix(2, &[1, -1]), 1), Planes::Signs);
    }
}
