//! A row of weights as text: 2-bit two's-complement codes, four a byte from the lowest bits up,
//! the last byte filled with zeros, base64 (standard alphabet) without `=`.

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

/// `weights` as text; each must be in -2..=1.
pub fn pack(weights: &[i8]) -> String {
    let byte = |four: &[i8]| four.iter().rev().fold(0u8, |byte, &w| byte << 2 | (w as u8 & 3));
    STANDARD_NO_PAD.encode(weights.chunks(4).map(byte).collect::<Vec<u8>>())
}

/// The `count` weights of a row.
///
/// # Errors
/// The text has another length, another alphabet, or bits behind the last weight.
pub fn unpack(text: &str, count: usize) -> Result<Vec<i8>, RowError> {
    let symbol = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    if let Some((at, found)) = text.chars().enumerate().find(|&(_, c)| !symbol(c)) {
        return Err(RowError::Symbol { at, found });
    }
    let bytes = count.div_ceil(4);
    let wants = (bytes * 4).div_ceil(3);
    if text.len() != wants {
        return Err(RowError::Length { found: text.len(), wants });
    }
    // Alphabet and length are right, so all that can be wrong are bits of the last character.
    let data = STANDARD_NO_PAD.decode(text).map_err(|_| RowError::Padding)?;
    // A code is sign-extended by moving it to the top of the byte and back.
    let code = |i: usize| ((data[i / 4] >> (2 * (i % 4))) << 6) as i8 >> 6;
    if (count..bytes * 4).any(|i| code(i) != 0) {
        return Err(RowError::Padding);
    }
    Ok((0..count).map(code).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_their_order() {
        // 0, 1, -1, -2 → 00 01 11 10 from the lowest bits up: 1011_0100 = 0xB4 → base64 "tA".
        assert_eq!(pack(&[0, 1, -1, -2]), "tA");
        assert_eq!(unpack("tA", 4), Ok(vec![0, 1, -1, -2]));
        assert_eq!(pack(&[1]), "AQ");
        assert_eq!(pack(&[]), "");
        assert_eq!(pack(&[-1; 256]).len(), 86);
    }

    #[test]
    fn every_length_comes_back() {
        for count in 0..70 {
            let row: Vec<i8> = (0..count).map(|i| [0, 1, -1, -2][(i * 7 + count) % 4]).collect();
            assert_eq!(unpack(&pack(&row), count), Ok(row));
        }
    }

    #[test]
    fn what_is_no_row() {
        assert_eq!(unpack("tA", 5), Err(RowError::Length { found: 2, wants: 3 }));
        assert_eq!(unpack("tAA", 4), Err(RowError::Length { found: 3, wants: 2 }));
        assert_eq!(unpack("t=", 4), Err(RowError::Symbol { at: 1, found: '=' }));
        // The last character holds two bits of the byte and four that must be 0.
        assert_eq!(unpack("tB", 4), Err(RowError::Padding));
        // The fourth code of the byte is set, but there are three weights.
        assert_eq!(unpack("tA", 3), Err(RowError::Padding));
    }
}
