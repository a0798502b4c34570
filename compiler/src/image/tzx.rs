//! `.TZX`: a cassette as blocks of some speed. Those here have the ROM's, block ID 10h
//! (https://worldofspectrum.net/TZXformat.html): the pause behind it in milliseconds, a length of 16 bits, flag, bytes and checksum.

use super::tap::Block;

/// The version of the format that blocks of ID 10h are in.
const VERSION: [u8; 2] = [1, 20];
const STANDARD: u8 = 0x10;
/// Milliseconds behind a block.
pub(super) const PAUSE: u16 = 1000;

pub(super) fn write(blocks: &[Block]) -> Vec<u8> {
    let mut file = b"ZXTape!\x1A".to_vec();
    file.extend(VERSION);
    for block in blocks {
        file.push(STANDARD);
        file.extend(PAUSE.to_le_bytes());
        file.extend((block.len() as u16).to_le_bytes());
        file.extend(block);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_its_pause_and_its_length() {
        let file = write(&[vec![0, 5, 5], vec![0xFF, 0xFF]]);
        assert_eq!(file, *b"ZXTape!\x1A\x01\x14\x10\xE8\x03\x03\0\0\x05\x05\x10\xE8\x03\x02\0\xFF\xFF");
    }
}
