//! `.TAP` files: the blocks of a cassette, each a length, a flag, data and a checksum.

use thiserror::Error;

/// What a header's first byte says about the block behind it.
const CODE: u8 = 3;
const HEADER_FLAG: u8 = 0x00;
const DATA_FLAG: u8 = 0xFF;
const HEADER_BYTES: usize = 17;

/// Why a file is no tape that a program can be started from.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TapeError {
    #[error("block {block} says it has {length} bytes, but the file ends before them")]
    Short { block: usize, length: usize },
    #[error("block {block} is empty: a block has a flag and a checksum at least")]
    Empty { block: usize },
    #[error("the checksum of block {block} is wrong: the file is damaged")]
    Checksum { block: usize },
    #[error("there is no block of machine code on the tape")]
    NoCode,
    #[error("the code block of {length} bytes for {start:04X}h does not fit the memory from 4000h to FFFFh")]
    Place { start: u16, length: usize },
}

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
pub fn blocks(file: &[u8]) -> Result<Vec<Block>, TapeError> {
    let mut blocks = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let block = blocks.len() + 1;
        let short = |length| TapeError::Short { block, length };
        let [low, high, after @ ..] = rest else { return Err(short(rest.len())) };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let bytes = after.get(..length).ok_or_else(|| short(length))?;
        let [flag, data @ .., _] = bytes else { return Err(TapeError::Empty { block }) };
        if bytes.iter().fold(0, |sum, byte| sum ^ byte) != 0 {
            return Err(TapeError::Checksum { block });
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
pub(super) fn code(file: &[u8]) -> Result<Code, TapeError> {
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
                return Err(TapeError::Place { start, length });
            }
            return Ok(Code { start, bytes: data.data.clone() });
        }
    }
    Err(TapeError::NoCode)
}
