//! `.BIN`: a binary file of the Amstrad CPC's disk system, with its header of 128 bytes.
//!
//! The header's fields are those of the cassette firmware's: name, type, length, address, entry; behind them AMSDOS has
//! the length once more, and the sum of the first 67 bytes. (https://www.cpcwiki.eu/index.php/AMSDOS_Header)

const HEADER: usize = 128;
pub(super) const BINARY: u8 = 2;
/// Characters of a name without its type.
const NAME: usize = 8;

/// A file with `bytes` for `origin`, entered there.
pub(super) fn write(model: &str, origin: u16, bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0; HEADER];
    file[1..12].copy_from_slice(&full_name(model));
    file[18] = BINARY;
    // No code is longer than the memory.
    let [low, high] = (bytes.len() as u16).to_le_bytes();
    let [start_low, start_high] = origin.to_le_bytes();
    file[19..23].copy_from_slice(&[low, high, start_low, start_high]);
    // The only block of the file, as the first.
    file[23] = 0xFF;
    file[24..28].copy_from_slice(&[low, high, start_low, start_high]);
    file[64..67].copy_from_slice(&[low, high, 0]);
    let sum: u16 = file[..67].iter().map(|&byte| u16::from(byte)).sum();
    file[67..69].copy_from_slice(&sum.to_le_bytes());
    file.extend(bytes);
    file
}

/// The name of a model as AMSDOS has names: one to eight letters and digits in upper case.
pub(super) fn name(model: &str) -> String {
    let letters = model.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
    let short: String = letters.take(NAME).collect();
    if short.is_empty() { "MODEL".into() } else { short }
}

/// The same with blanks behind it, and the type of a binary file.
pub(super) fn full_name(model: &str) -> [u8; NAME + 3] {
    let mut full = *b"        BIN";
    full.iter_mut().zip(name(model).bytes()).for_each(|(place, letter)| *place = letter);
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_what_is_in_the_file() {
        let file = write("tiny-model-2", 0x0170, &[7; 300]);
        assert_eq!(file.len(), 128 + 300);
        assert_eq!(&file[..28], b"\0TINYMODEBIN\0\0\0\0\0\0\x02\x2C\x01\x70\x01\xFF\x2C\x01\x70\x01");
        let sum: u16 = file[..67].iter().map(|&b| u16::from(b)).sum();
        assert_eq!(file[67..69], sum.to_le_bytes());
        assert!(file[69..128].iter().all(|&b| b == 0));
    }

    #[test]
    fn names_are_what_amsdos_takes() {
        for (model, wants) in [
            ("guess", "GUESS"),
            ("tiny-model_2", "TINYMODE"),
            ("a-1", "A1"),
            ("-_-", "MODEL"),
            ("twelve-letters", "TWELVELE"),
        ] {
            assert_eq!(name(model), wants);
        }
        assert_eq!(&full_name("guess"), b"GUESS   BIN");
    }
}
