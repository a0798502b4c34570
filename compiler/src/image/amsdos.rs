//! `.BIN`: a binary file of the Amstrad CPC's disk system, with its header of 128 bytes.
//!
//! The header's fields are those of the cassette firmware's: name, type, length, address, entry; behind them AMSDOS has
//! the length once more, and the sum of the first 67 bytes. (https://www.cpcwiki.eu/index.php/AMSDOS_Header)

use super::volume::{FileName, file_name};
use crate::target::amsdos;

const HEADER: usize = 128;
pub(super) const BINARY: u8 = 2;

/// A file called `name` with `bytes` for `origin`, entered at `entry`.
pub(super) fn write(name: &FileName, (origin, entry): (u16, u16), bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0; HEADER];
    file[1..12].copy_from_slice(name);
    file[18] = BINARY;
    // No code is longer than the memory.
    let [low, high] = (bytes.len() as u16).to_le_bytes();
    let [start_low, start_high] = origin.to_le_bytes();
    file[19..23].copy_from_slice(&[low, high, start_low, start_high]);
    // The only block of the file, as the first.
    file[23] = 0xFF;
    file[24..26].copy_from_slice(&[low, high]);
    file[26..28].copy_from_slice(&entry.to_le_bytes());
    file[64..67].copy_from_slice(&[low, high, 0]);
    let sum: u16 = file[..67].iter().map(|&byte| u16::from(byte)).sum();
    file[67..69].copy_from_slice(&sum.to_le_bytes());
    file.extend(bytes);
    file
}

/// The name of the program's file as a directory has it.
pub(super) fn full_name(model: &str) -> FileName {
    file_name(&amsdos::file_name(model), "BIN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_what_is_in_the_file() {
        let file = write(&full_name("tiny-model-2"), (0x0170, 0x0180), &[7; 300]);
        assert_eq!(file.len(), 128 + 300);
        assert_eq!(&file[..28], b"\0TINYMODEBIN\0\0\0\0\0\0\x02\x2C\x01\x70\x01\xFF\x2C\x01\x80\x01");
        let sum: u16 = file[..67].iter().map(|&b| u16::from(b)).sum();
        assert_eq!(file[67..69], sum.to_le_bytes());
        assert!(file[69..128].iter().all(|&b| b == 0));
    }
}
