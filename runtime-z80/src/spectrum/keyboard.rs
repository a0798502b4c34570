//! The keyboard: eight rows of five keys, and which of them a person presses for a character.

/// Rows as port addresses select them (bit 0 of the upper half selects row 0), keys from bit 0.
const ROWS: [&[u8; 5]; 8] =
    [b"\x01zxcv", b"asdfg", b"qwert", b"12345", b"09876", b"poiuy", b"\rlkjh", b" \x02mnb"];
/// In the rows above: Caps Shift and Symbol Shift.
const CAPS: u8 = 1;
const SYMBOL: u8 = 2;

/// Symbol Shift with a key, in the order of the keys.
const SYMBOLS: [(u8, u8); 31] = [
    (b'!', b'1'),
    (b'@', b'2'),
    (b'#', b'3'),
    (b'$', b'4'),
    (b'%', b'5'),
    (b'&', b'6'),
    (b'\'', b'7'),
    (b'(', b'8'),
    (b')', b'9'),
    (b'_', b'0'),
    (b'<', b'r'),
    (b'>', b't'),
    (b';', b'o'),
    (b'"', b'p'),
    (b'^', b'h'),
    (b'-', b'j'),
    (b'+', b'k'),
    (b'=', b'l'),
    (b':', b'z'),
    (b'`', b'x'),
    (b'?', b'c'),
    (b'/', b'v'),
    (b'*', b'b'),
    (b',', b'n'),
    (b'.', b'm'),
    // In extended mode: both shifts first, then Symbol Shift with the key.
    (b'[', b'y'),
    (b']', b'u'),
    (b'{', b'f'),
    (b'}', b'g'),
    (b'\\', b'd'),
    (b'|', b's'),
];
/// Codes that the ROM has for two keys without a character.
const CAPS_LOCK: u8 = 6;
const EDIT: u8 = 7;
const EXTENDED: &[u8] = b"[]{}\\|~";

/// Keys that are down.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Matrix {
    down: [u8; 8],
}

impl Matrix {
    /// What port FEh reads where the zero bits of `select` name rows: a zero for each key that is down in one of them.
    pub(super) fn read(&self, select: u8) -> u8 {
        let selected = (0..8).filter(|row| select & (1 << row) == 0);
        !selected.fold(0, |keys, row| keys | self.down[row]) & 0x1F
    }

    /// A matrix with these keys down.
    fn of(keys: &[u8]) -> Self {
        let mut matrix = Self::default();
        for (row, names) in ROWS.iter().enumerate() {
            for (bit, name) in names.iter().enumerate() {
                matrix.down[row] |= u8::from(keys.contains(name)) << bit;
            }
        }
        matrix
    }
}

/// The keys to press for a character, one matrix after the other; `None` where the keyboard has it not. Enter is a
/// carriage return, Delete a backspace, Caps Lock 6, Edit 7.
pub(super) fn strokes(character: u8) -> Option<Vec<Matrix>> {
    let one = |keys: &[u8]| Some(vec![Matrix::of(keys)]);
    match character {
        b'a'..=b'z' | b'0'..=b'9' | b' ' | b'\r' => one(&[character]),
        b'A'..=b'Z' => one(&[CAPS, character.to_ascii_lowercase()]),
        CAPS_LOCK => one(&[CAPS, b'2']),
        EDIT => one(&[CAPS, b'1']),
        0x08 => one(&[CAPS, b'0']),
        b'~' => Some(vec![Matrix::of(&[CAPS, SYMBOL]), Matrix::of(&[SYMBOL, b'a'])]),
        _ => {
            let &(_, key) = SYMBOLS.iter().find(|(symbol, _)| *symbol == character)?;
            let stroke = Matrix::of(&[SYMBOL, key]);
            let extended = EXTENDED.contains(&character).then(|| Matrix::of(&[CAPS, SYMBOL]));
            Some(extended.into_iter().chain([stroke]).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_character_can_be_typed() {
        for character in b' '..=b'~' {
            assert!(strokes(character).is_some(), "{:?}", char::from(character));
        }
        assert!(strokes(0x7F).is_none());
    }

    #[test]
    fn rows_are_read_as_they_are_selected() {
        let matrix = Matrix::of(&[CAPS, b'0', b'm']);
        assert_eq!(
            [0xFE, 0xEF, 0x7F, 0xFD, 0x00, 0xFF].map(|select| matrix.read(select)),
            [0b11110, 0b11110, 0b11011, 0b11111, 0b11010, 0b11111]
        );
    }
}
