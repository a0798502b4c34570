//! The constants of generated C, each array once.

use super::super::context::lines;
use serde::Serialize;
use std::collections::BTreeMap;

/// An array of the C.
#[derive(Serialize)]
pub struct Array {
    /// `uint8_t`.
    ty: &'static str,
    name: String,
    lines: Vec<String>,
}

/// All arrays so far.
#[derive(Default)]
pub struct Arrays {
    list: Vec<Array>,
    /// Names by content.
    names: BTreeMap<(&'static str, Vec<i64>), String>,
    pub bytes: usize,
    /// Bytes of the largest one.
    pub largest: usize,
}

/// Types of elements, with the bits that they hold.
const UNSIGNED: [(&str, u32); 3] = [("uint8_t", 8), ("uint16_t", 16), ("uint32_t", 32)];

impl Arrays {
    /// The name of an array of these numbers: one that is there already, or a new one. `ty` holds all of them.
    pub fn add(&mut self, ty: &'static str, name: &str, numbers: impl IntoIterator<Item = i64>) -> String {
        let mut numbers: Vec<i64> = numbers.into_iter().collect();
        // C knows no array of nothing.
        if numbers.is_empty() {
            numbers.push(0);
        }
        let key = (ty, numbers);
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let size = match ty {
            "uint8_t" | "int8_t" => 1,
            "uint16_t" | "int16_t" => 2,
            _ => 4,
        } * key.1.len();
        self.bytes += size;
        self.largest = self.largest.max(size);
        self.list.push(Array { ty, name: name.to_string(), lines: lines(key.1.iter().map(i64::to_string)) });
        self.names.insert(key, name.to_string());
        name.to_string()
    }

    /// The same of bytes.
    pub fn bytes(&mut self, name: &str, bytes: &[u8]) -> String {
        self.add("uint8_t", name, bytes.iter().map(|&byte| byte.into()))
    }

    /// The same of numbers in the smallest type that holds the largest one; gives that type's bits, too.
    pub fn unsigned(&mut self, name: &str, numbers: &[u32]) -> (String, u32) {
        let (ty, bits) = unsigned(numbers.iter().copied().max().unwrap_or(0));
        (self.add(ty, name, numbers.iter().map(|&number| number.into())), bits)
    }

    pub fn into_list(self) -> Vec<Array> {
        self.list
    }
}

/// The smallest type that holds a number, and its bits.
pub fn unsigned(most: u32) -> (&'static str, u32) {
    let found = UNSIGNED.into_iter().find(|&(_, bits)| u64::from(most) < 1 << bits);
    found.expect("the last one has 32 bits")
}

/// Weights of a row, `bits` each with 2^(bits-1) added, the first one in the lowest bits. The last byte is padded.
pub fn packed(row: &[i8], bits: u8) -> Vec<u8> {
    let mut bytes = vec![0u8; (row.len() * usize::from(bits)).div_ceil(8)];
    for (i, &weight) in row.iter().enumerate() {
        let code = (i16::from(weight) + (1 << (bits - 1))) as u16;
        let (at, shift) = (i * usize::from(bits) / 8, i * usize::from(bits) % 8);
        let [low, high] = (code << shift).to_le_bytes();
        bytes[at] |= low;
        if high != 0 {
            bytes[at + 1] |= high;
        }
    }
    bytes
}

/// How eight packed weights are read.
#[derive(Serialize)]
pub struct Width {
    bits: u8,
    /// What a weight of 0 is packed as.
    zero: u8,
    /// The bytes, for a loop.
    bytes: Vec<u8>,
    /// C expressions of the codes, of bytes `b0` and up.
    codes: Vec<String>,
}

impl Width {
    pub fn new(bits: u8) -> Self {
        let code = |i: u8| {
            let (byte, shift) = (i * bits / 8, i * bits % 8);
            let low = if shift == 0 { format!("b{byte}") } else { format!("b{byte} >> {shift}") };
            let all = match shift + bits > 8 {
                true => format!("({low} | b{} << {})", byte + 1, 8 - shift),
                false => low,
            };
            if shift + bits == 8 { all } else { format!("{all} & {}u", (1 << bits) - 1) }
        };
        Self { bits, zero: 1 << (bits - 1), bytes: (0..bits).collect(), codes: (0..8).map(code).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_arrays_are_there_once() {
        let mut arrays = Arrays::default();
        assert_eq!(arrays.bytes("a", &[1, 2]), "a");
        assert_eq!(arrays.bytes("b", &[1, 2]), "a");
        assert_eq!(arrays.bytes("c", &[1]), "c");
        assert_eq!(arrays.add("int16_t", "d", [1]), "d");
        assert_eq!(arrays.unsigned("e", &[256]), ("e".into(), 16));
        assert_eq!((arrays.bytes, arrays.largest, arrays.into_list().len()), (7, 2, 4));
    }

    #[test]
    fn eight_weights_are_read_from_their_bytes() {
        assert_eq!(Width::new(4).codes[..2], ["b0 & 15u", "b0 >> 4"]);
        assert_eq!(Width::new(5).codes[..2], ["b0 & 31u", "(b0 >> 5 | b1 << 3) & 31u"]);
        assert_eq!(Width::new(5).codes[7], "b4 >> 3");
    }

    #[test]
    fn weights_are_packed_from_the_lowest_bits_on() {
        assert_eq!(packed(&[-128, 0, 127], 8), [0, 128, 255]);
        assert_eq!(packed(&[-2, -1, 0, 1, 1], 2), [0b11_10_01_00, 3]);
        assert_eq!(packed(&[-15, 15, 1], 5), [0b1110_0001, 0b0100_0111]);
        // No byte behind the last weight.
        assert_eq!(packed(&[0; 8], 5).len(), 5);
        assert_eq!(packed(&[3; 8], 3), [0xff; 3]);
    }
}
