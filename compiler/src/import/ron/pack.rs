//! A row of weights as text: codes from the lowest bits of a byte up, the last byte filled with zeros,
//! base64 (standard alphabet) without `=`. A code is 2 bits of two's complement, four a byte; in a binary
//! layer 1 bit, eight a byte: 1 is +1, 0 is -1.

use crate::model::WeightSet;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

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

/// Bits of a code.
fn bits(set: WeightSet) -> usize {
    match set {
        WeightSet::Full | WeightSet::Ternary => 2,
        WeightSet::Binary => 1,
    }
}

/// `weights` as text; each must be one of `set`.
pub fn pack(weights: &[i8], set: WeightSet) -> String {
    let bits = bits(set);
    let code = |w: i8| if bits == 1 { u8::from(w > 0) } else { w as u8 & 3 };
    let byte = |some: &[i8]| some.iter().rev().fold(0u8, |byte, &w| byte << bits | code(w));
    STANDARD_NO_PAD.encode(weights.chunks(8 / bits).map(byte).collect::<Vec<u8>>())
}

/// The `count` weights of a row. A ternary row may turn out to hold -2, which [`crate::model::Model::check`] finds.
///
/// # Errors
/// The text has another length, another alphabet, or bits behind the last weight.
pub fn unpack(text: &str, count: usize, set: WeightSet) -> Result<Vec<i8>, RowError> {
    let symbol = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    if let Some((at, found)) = text.chars().enumerate().find(|&(_, c)| !symbol(c)) {
        return Err(RowError::Symbol { at, found });
    }
    let bits = bits(set);
    let bytes = (count * bits).div_ceil(8);
    let wants = (bytes * 4).div_ceil(3);
    if text.len() != wants {
        return Err(RowError::Length { found: text.len(), wants });
    }
    // Alphabet and length are right, so all that can be wrong are bits of the last character.
    let data = STANDARD_NO_PAD.decode(text).map_err(|_| RowError::Padding)?;
    let code = |i: usize| data[i * bits / 8] >> (i * bits % 8) & ((1 << bits) - 1);
    if (count..bytes * 8 / bits).any(|i| code(i) != 0) {
        return Err(RowError::Padding);
    }
    let weight = |i: usize| match bits {
        1 => 2 * code(i) as i8 - 1,
        // A code of 2 bits is sign-extended by moving it to the top of the byte and back.
        _ => (code(i) << 6) as i8 >> 6,
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
