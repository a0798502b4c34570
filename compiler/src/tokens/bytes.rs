//! Bytes as printable characters: the alphabet of byte-level vocabularies.
//!
//! Source: `bytes_to_unicode` of GPT-2's `encoder.py`. Printable bytes of Latin-1 stand for themselves; the other 68 are
//! U+0100 and up, in order.

/// Whether a byte stands for itself.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff)
}

/// The character that a byte is written as.
pub fn to_char(byte: u8) -> char {
    if is_plain(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&b| !is_plain(b)).count() as u32;
    char::from_u32(0x100 + before)
        .expect("at most 68 bytes are not plain, and U+0100 to U+0143 are characters")
}

/// The byte that a character stands for.
pub fn from_char(c: char) -> Option<u8> {
    match c as u32 {
        code @ 0..0x100 => Some(code as u8).filter(|&byte| is_plain(byte)),
        code @ 0x100..0x144 => (0..=255u8).filter(|&b| !is_plain(b)).nth((code - 0x100) as usize),
        _ => None,
    }
}

/// The bytes that a token of such a vocabulary stands for; `None` where one of its characters stands for no byte.
pub fn from_token(token: &str) -> Option<Vec<u8>> {
    token.chars().map(from_char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_a_character_of_its_own() {
        for byte in 0..=255 {
            assert_eq!(from_char(to_char(byte)), Some(byte));
        }
        assert_eq!([b' ', b'\n', b'\t', 0, 0x7f, 0xad].map(to_char), ['Ġ', 'Ċ', 'ĉ', 'Ā', 'ġ', 'Ń']);
        assert_eq!([' ', '\u{ad}', '\u{144}', '▁'].map(from_char), [None; 4]);
        assert_eq!(from_token("Ġé"), Some(vec![b' ', 0xe9]));
        assert_eq!(from_token("a b"), None);
    }
}
