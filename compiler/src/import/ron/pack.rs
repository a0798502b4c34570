//! A row of weights as text: codes from the lowest bits of a byte up, from byte to byte, the last byte filled with zeros,
//! base64 (standard alphabet) without `=`. A code is two's complement, of 2 bits in a layer of hashed text, of 2 to 8 in a
//! matrix of a transformer; in a binary layer it is 1 bit: 1 is +1, 0 is -1.

use crate::model::WeightSet;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;

/// Why a text is no row of so many weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowError {
    /// Characters found and wanted.
    Length { found: usize, wants: usize },
    /// The character number `at`, counted from 0, is not of the base64 alphabet.
    Symbol { at: usize, found: char },
    /// Bits behind the last weight are set.
    Padding,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Length { found, wants } => write!(f, "{found} characters, {wants} wanted"),
            Self::Symbol { at, found } => {
                write!(f, "character {at} is '{}', which is not base64", found.escape_debug())
            }
            Self::Padding => f.write_str("bits behind the last weight are not zero"),
        }
    }
}

/// Bits of a code.
fn bits(set: WeightSet) -> usize {
    match set {
        WeightSet::Full | WeightSet::Ternary => 2,
        WeightSet::Binary => 1,
    }
}

/// `weights` as text; each must be one of `set`.
pub fn pack(weights: &[i8], set: WeightSet) -> String {
    pack_bits(weights, bits(set))
}

/// `weights` as text, of `bits` bits each (1 to 8).
pub fn pack_bits(weights: &[i8], bits: usize) -> String {
    let mut bytes = vec![0u8; (weights.len() * bits).div_ceil(8)];
    for (i, &w) in weights.iter().enumerate() {
        let code = if bits == 1 { u16::from(w > 0) } else { u16::from(w as u8) & ((1 << bits) - 1) };
        let at = i * bits;
        let code = code << (at % 8);
        bytes[at / 8] |= code as u8;
        if code > 255 {
            bytes[at / 8 + 1] |= (code >> 8) as u8;
        }
    }
    STANDARD_NO_PAD.encode(bytes)
}

/// The `count` weights of a row. A ternary row may turn out to hold -2, which [`crate::model::Model::check`] finds.
///
/// # Errors
/// The text has another length, another alphabet, or bits behind the last weight.
pub fn unpack(text: &str, count: usize, set: WeightSet) -> Result<Vec<i8>, RowError> {
    unpack_bits(text, count, bits(set))
}

/// The `count` weights of a row of `bits` bits each (1 to 8).
///
/// # Errors
/// See [`unpack`].
pub fn unpack_bits(text: &str, count: usize, bits: usize) -> Result<Vec<i8>, RowError> {
    let symbol = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    if let Some((at, found)) = text.chars().enumerate().find(|&(_, c)| !symbol(c)) {
        return Err(RowError::Symbol { at, found });
    }
    let bytes = (count * bits).div_ceil(8);
    let wants = (bytes * 4).div_ceil(3);
    if text.len() != wants {
        return Err(RowError::Length { found: text.len(), wants });
    }
    // Alphabet and length are right, so all that can be wrong are bits of the last character.
    let data = STANDARD_NO_PAD.decode(text).map_err(|_| RowError::Padding)?;
    let used = count * bits % 8;
    if used > 0 && data.last().is_some_and(|last| last >> used != 0) {
        return Err(RowError::Padding);
    }
    let weight = |i: usize| {
        let at = i * bits;
        let pair = u16::from(data[at / 8]) | u16::from(*data.get(at / 8 + 1).unwrap_or(&0)) << 8;
        let code = (pair >> (at % 8)) as u8;
        match bits {
            1 => 2 * (code & 1) as i8 - 1,
            // A code is sign-extended by moving it to the top of the byte and back.
            _ => (code << (8 - bits)) as i8 >> (8 - bits),
        }
    };
    Ok((0..count).map(weight).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use WeightSet::{Binary, Full, Ternary};

    #[test]
    fn codes_and_their_order() {
        // 0, 1, -1, -2 → 00 01 11 10 from the lowest bits up: 1011_0100 = 0xB4 → base64 "tA".
        assert_eq!(pack(&[0, 1, -1, -2], Full), "tA");
        assert_eq!(unpack("tA", 4, Full), Ok(vec![0, 1, -1, -2]));
        assert_eq!(pack(&[1], Full), "AQ");
        assert_eq!(pack(&[], Full), "");
        assert_eq!(pack(&[-1; 256], Full).len(), 86);
    }

    #[test]
    fn every_length_comes_back() {
        for count in 0..70 {
            let row: Vec<i8> = (0..count).map(|i| [0, 1, -1, -2][(i * 7 + count) % 4]).collect();
            assert_eq!(unpack(&pack(&row, Full), count, Full), Ok(row));
        }
    }

    #[test]
    fn rows_of_every_number_of_bits_come_back() {
        for bits in 2..=8 {
            let limit = 1i16 << (bits - 1);
            for count in 0..40 {
                let weight = |i: usize| ((i * 37 + count * 11) as i16 % (2 * limit) - limit) as i8;
                let row: Vec<i8> = (0..count).map(weight).collect();
                assert_eq!(unpack_bits(&pack_bits(&row, bits), count, bits), Ok(row), "{bits} bits");
            }
        }
        // 5 bits: 10101, 00001 from the lowest up: 0011_0101 00 = 35 00 → base64 "NQA".
        assert_eq!(pack_bits(&[-11, 1], 5), "NQA");
        assert_eq!(unpack_bits("NQQ", 2, 5), Err(RowError::Padding));
    }

    #[test]
    fn binary_rows_have_a_bit_a_weight() {
        // Bits 1 0 0 1 1 1 1 1 and 1 from the lowest up: F9 01 → base64 "+QE".
        let row = [1, -1, -1, 1, 1, 1, 1, 1, 1];
        assert_eq!(pack(&row, Binary), "+QE");
        assert_eq!(unpack("+QE", 9, Binary), Ok(row.to_vec()));
        for count in 0..70 {
            let row: Vec<i8> = (0..count).map(|i| if (i * i + count) % 3 == 0 { 1 } else { -1 }).collect();
            assert_eq!(unpack(&pack(&row, Binary), count, Binary), Ok(row.clone()));
            assert_eq!(pack(&row, Ternary), pack(&row, Full));
        }
        // Nine weights, and a tenth bit that is set.
        assert_eq!(unpack("+QI", 9, Binary), Err(RowError::Padding));
        assert_eq!(unpack("+QEA", 9, Binary), Err(RowError::Length { found: 4, wants: 3 }));
    }

    #[test]
    fn what_is_no_row() {
        assert_eq!(unpack("tA", 5, Full), Err(RowError::Length { found: 2, wants: 3 }));
        assert_eq!(unpack("tAA", 4, Full), Err(RowError::Length { found: 3, wants: 2 }));
        assert_eq!(unpack("t=", 4, Full), Err(RowError::Symbol { at: 1, found: '=' }));
        // The last character holds two bits of the byte and four that must be 0.
        assert_eq!(unpack("tB", 4, Full), Err(RowError::Padding));
        // The fourth code of the byte is set, but there are three weights.
        assert_eq!(unpack("tA", 3, Full), Err(RowError::Padding));
    }
}
