//! `.BIN`: a binary file of the Amstrad CPC's disk system, with its header of 128 bytes.
//!
//! The header's fields are those of the cassette firmware's: name, type, length, address, entry; behind them AMSDOS has
//! the length once more, and the sum of the first 67 bytes.

const HEADER: usize = 128;
const BINARY: u8 = 2;

/// A file with `bytes` for `origin`, entered there.
pub(super) fn write(name: &str, origin: u16, bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0; HEADER];
    file[1..9].copy_from_slice(&short_name(name));
    file[9..12].copy_from_slice(b"BIN");
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

/// Eight letters and digits in upper case, blanks behind them.
fn short_name(name: &str) -> [u8; 8] {
    let mut short = [b' '; 8];
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase());
    short.iter_mut().zip(letters).for_each(|(place, letter)| *place = letter);
    short
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
}
