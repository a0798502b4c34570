//! `.TAP` files: the blocks of a cassette, each a length, a flag, data and a checksum.

use crate::file::FileError;

/// What a header's first byte says about the block behind it.
const CODE: u8 = 3;
const HEADER_FLAG: u8 = 0x00;
const DATA_FLAG: u8 = 0xFF;
const HEADER_BYTES: usize = 17;

/// A block as `LD-BYTES` gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub flag: u8,
    /// Without flag and checksum.
    pub data: Vec<u8>,
}

/// Reads the blocks of a `.TAP` file.
///
/// # Errors
/// A file that ends too early, and a block whose checksum is wrong.
pub fn blocks(file: &[u8]) -> Result<Vec<Block>, FileError> {
    let mut blocks = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let block = blocks.len() + 1;
        let short = |length| FileError::TapShort { block, length };
        let [low, high, after @ ..] = rest else { return Err(short(rest.len())) };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let bytes = after.get(..length).ok_or_else(|| short(length))?;
        let [flag, data @ .., _] = bytes else { return Err(FileError::TapEmpty { block }) };
        if bytes.iter().fold(0, |sum, byte| sum ^ byte) != 0 {
            return Err(FileError::TapChecksum { block });
        }
        blocks.push(Block { flag: *flag, data: data.to_vec() });
        rest = &after[length..];
    }
    Ok(blocks)
}

/// A block of machine code and where it is to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) start: u16,
    pub(super) bytes: Vec<u8>,
}

/// The first block of machine code on a tape.
pub(super) fn code(file: &[u8]) -> Result<Code, FileError> {
    let blocks = blocks(file)?;
    let pairs = blocks.iter().zip(blocks.iter().skip(1));
    for (header, data) in pairs {
        let is_code = header.flag == HEADER_FLAG
            && header.data.len() == HEADER_BYTES
            && header.data[0] == CODE
            && data.flag == DATA_FLAG;
        if is_code {
            let start = u16::from_le_bytes([header.data[13], header.data[14]]);
            let length = data.data.len();
            if start < 0x4000 || usize::from(start) + length > 0x1_0000 || length == 0 {
                return Err(FileError::CodePlace { start, length });
            }
            return Ok(Code { start, bytes: data.data.clone() });
        }
    }
    Err(FileError::NoCode)
}
