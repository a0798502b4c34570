//! Four weights a byte: two bits each, two's complement, the first output in the lowest bits. Each tile starts a byte.

use super::{Column, TILE, tiles};

/// The bytes of a column of so many outputs.
pub fn encode(column: &Column, outputs: usize) -> Vec<u8> {
    let mut starts = Vec::new();
    let mut bytes = Vec::new();
    for count in tiles(outputs) {
        starts.push(bytes.len());
        bytes.resize(bytes.len() + bytes_for(count), 0u8);
    }
    let mut put = |o: u16, code: u8| {
        let (tile, index) = (usize::from(o) / TILE, usize::from(o) % TILE);
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

/// Bytes of a tile of so many outputs.
pub fn bytes_for(outputs: usize) -> usize {
    outputs.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], outputs: usize) -> Column {
        let mut weights = Vec::new();
        let mut bytes = bytes.iter();
        for count in tiles(outputs) {
            let tile: Vec<&u8> = bytes.by_ref().take(count.div_ceil(4)).collect();
            weights.extend((0..count).map(|o| ((tile[o / 4] >> (o % 4 * 2) & 3) << 6) as i8 >> 6));
        }
        assert_eq!(bytes.next(), None);
        Column::of(&weights)
    }

    #[test]
    fn bytes_hold_four_outputs_and_start_anew_in_each_tile() {
        let column = Column { plus: vec![0, 256], minus: vec![1, 2, 2, 257] };
        let bytes = encode(&column, 258);
        assert_eq!(bytes.len(), 64 + 1);
        assert_eq!((bytes[0], bytes[64]), (0b00_10_11_01, 0b11_01));
        assert_eq!(decode(&bytes, 258), column);
    }

    #[test]
    fn every_column_comes_back() {
        for outputs in [1, 3, 4, 5, 255, 256, 257, 512, 1000] {
            let weights: Vec<i8> = (0..outputs).map(|o| [0, 1, -1, -2, 0, 1, -2][o * o % 7]).collect();
            let column = Column::of(&weights);
            assert_eq!(decode(&encode(&column, outputs), outputs), column, "{outputs}");
        }
    }
}
