//! `.TAP` files: the blocks of a cassette, each a length, a flag, data and a checksum.

use crate::core::Core;
use crate::file::FileError;
use crate::registers::Registers;
use std::collections::VecDeque;

/// What a header's first byte says about the block behind it.
const CODE: u8 = 3;
const HEADER_FLAG: u8 = 0x00;
const DATA_FLAG: u8 = 0xFF;
const HEADER_BYTES: usize = 17;
/// A keyword of BASIC, and what stands in front of a number's value.
const USR: u8 = 0xC0;
const NUMBER: u8 = 0x0E;

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

/// The tape in the recorder.
#[derive(Debug, Default)]
pub struct Deck {
    blocks: VecDeque<Block>,
}

impl Deck {
    pub(super) fn new(blocks: Vec<Block>) -> Self {
        Deck { blocks: blocks.into() }
    }

    /// Loads the next block as `LD-BYTES` would, and returns to its caller: carry set where flag and length are right.
    /// `false`: there is none, and nothing happened.
    pub(super) fn load(&mut self, core: &mut Core) -> bool {
        let registers = core.registers();
        let [flag, f] = registers.af.to_be_bytes();
        let Some(block) = self.blocks.pop_front() else { return false };
        let wanted = usize::from(registers.de);
        let loads = f & 1 != 0;
        let taken = block.data.len().min(wanted);
        let right = block.flag == flag && block.data.len() == wanted && loads;
        let mut at = registers.ix;
        if block.flag == flag && loads {
            for &byte in &block.data[..taken] {
                core.write(at, byte);
                at = at.wrapping_add(1);
            }
        }
        core.set_registers(Registers {
            af: if right { 0x0001 } else { 0x0000 },
            ix: at,
            de: registers.de.wrapping_sub(at.wrapping_sub(registers.ix)),
            ..registers
        });
        core.enable_interrupts();
        core.ret();
        true
    }
}

/// A block of machine code, where it is to stand, and what is behind it on the tape.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) start: u16,
    /// Where BASIC in front of it enters it, or its start.
    pub(super) entry: u16,
    pub(super) bytes: Vec<u8>,
    pub(super) behind: Deck,
}

/// The first block of machine code on a tape.
pub(super) fn code(file: &[u8]) -> Result<Code, FileError> {
    let blocks = blocks(file)?;
    let is_code = |at: usize| {
        let header = &blocks[at];
        header.flag == HEADER_FLAG
            && header.data.len() == HEADER_BYTES
            && header.data[0] == CODE
            && blocks.get(at + 1).is_some_and(|data| data.flag == DATA_FLAG)
    };
    let Some(at) = (0..blocks.len()).find(|&at| is_code(at)) else { return Err(FileError::NoCode) };
    let (header, data) = (&blocks[at].data, &blocks[at + 1].data);
    let start = u16::from_le_bytes([header[13], header[14]]);
    let length = data.len();
    if start < 0x4000 || usize::from(start) + length > 0x1_0000 || length == 0 {
        return Err(FileError::CodePlace { start, length });
    }
    let entry = blocks[..at].iter().rev().find_map(|block| usr(&block.data)).unwrap_or(start);
    Ok(Code { start, entry, bytes: data.clone(), behind: Deck::new(blocks[at + 2..].to_vec()) })
}

/// The number behind the last `USR` of a BASIC program: digits, then 0Eh and an integer in five bytes.
fn usr(program: &[u8]) -> Option<u16> {
    let behind = &program[program.iter().rposition(|&byte| byte == USR)? + 1..];
    let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match behind[digits..] {
        [NUMBER, 0, 0, low, high, 0, ..] if digits > 0 => Some(u16::from_le_bytes([low, high])),
        _ => None,
    }
}
