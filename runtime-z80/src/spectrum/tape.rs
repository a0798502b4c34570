//! `.TAP` files: the blocks of a cassette, each a length, a flag, data and a checksum. `.TZX` files with such blocks: each has
//! its kind and a pause in front.

use crate::core::Core;
use crate::file::FileError;
use crate::registers::Registers;
use std::collections::VecDeque;

/// What a header's first byte says about the block behind it.
const CODE: u8 = 3;
/// What one of BASIC says.
const PROGRAM: u8 = 0;
/// The start of a `.TZX` file, and what behind it is its version; blocks as they are in a `.TAP`.
const TZX: &[u8] = b"ZXTape!\x1A";
const VERSION_BYTES: usize = 2;
const STANDARD: u8 = 0x10;
/// Where a screen is loaded to, and its bytes.
pub(super) const SCREEN: (u16, usize) = (0x4000, 6912);
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

/// Reads the blocks of a `.TAP` file, or of a `.TZX` with nothing else.
///
/// # Errors
/// A file that ends too early, and a block whose checksum is wrong; a block of another kind.
pub fn blocks(file: &[u8]) -> Result<Vec<Block>, FileError> {
    let mut blocks = Vec::new();
    let tzx = file.strip_prefix(TZX).map(|rest| rest.get(VERSION_BYTES..).unwrap_or_default());
    let mut rest = tzx.unwrap_or(file);
    while !rest.is_empty() {
        let block = blocks.len() + 1;
        let short = |length| FileError::TapShort { block, length };
        if tzx.is_some() {
            rest = match rest {
                [STANDARD, _, _, after @ ..] => after,
                [STANDARD, ..] => return Err(short(rest.len())),
                [id, ..] => return Err(FileError::TzxBlock { block, id: *id }),
                [] => unreachable!("the loop ends with the file"),
            };
        }
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
    /// What is shown while it loads.
    pub(super) screen: Option<Vec<u8>>,
    pub(super) bytes: Vec<u8>,
    pub(super) behind: Deck,
}

/// The first block of machine code on a tape. A screen is none, unless there is nothing else.
pub(super) fn code(file: &[u8]) -> Result<Code, FileError> {
    let blocks = blocks(file)?;
    let is_of = |at: usize, kind: u8| {
        let header = &blocks[at];
        header.flag == HEADER_FLAG
            && header.data.len() == HEADER_BYTES
            && header.data[0] == kind
            && blocks.get(at + 1).is_some_and(|data| data.flag == DATA_FLAG)
    };
    let start_of = |at: usize| u16::from_le_bytes([blocks[at].data[13], blocks[at].data[14]]);
    let of_code = || (0..blocks.len()).filter(|&at| is_of(at, CODE));
    let is_program = |at: &usize| (start_of(*at), blocks[at + 1].data.len()) != SCREEN;
    let Some(at) = of_code().find(is_program).or_else(|| of_code().next()) else {
        return Err(FileError::NoCode);
    };
    let (start, data) = (start_of(at), &blocks[at + 1].data);
    let length = data.len();
    if start < 0x4000 || usize::from(start) + length > 0x1_0000 || length == 0 {
        return Err(FileError::CodePlace { start, length });
    }
    let basic = (0..at).rev().filter(|&before| is_of(before, PROGRAM));
    let entry =
        basic.map(|before| &blocks[before + 1].data).find_map(|program| usr(program)).unwrap_or(start);
    let screen = of_code().take_while(|&before| before < at).find(|before| !is_program(before));
    let screen = screen.map(|before| blocks[before + 1].data.clone());
    Ok(Code { start, entry, screen, bytes: data.clone(), behind: Deck::new(blocks[at + 2..].to_vec()) })
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
