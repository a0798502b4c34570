//! `.TAP`: a cassette with a BASIC program that loads and starts the image behind it. The image itself loads what belongs
//! into pages of memory: blocks without a header at the end of the tape.
//!
//! Each block is a length of 16 bits, then a flag (0 for a header, FFh for data), the bytes, and a checksum that makes
//! the exclusive or of all of it zero. A header has a type, ten characters of name, the length of what follows, and two
//! words: for a program the line to start at and its length without variables, for code its address.

const HEADER: u8 = 0x00;
const DATA: u8 = 0xFF;
const PROGRAM: u8 = 0;
const CODE: u8 = 3;
/// The loader's only line.
const LINE: u16 = 10;
/// Keywords of BASIC, a byte each.
const CLEAR: u8 = 0xFD;
const LOAD: u8 = 0xEF;
const CODE_WORD: u8 = 0xAF;
const RANDOMIZE: u8 = 0xF9;
const USR: u8 = 0xC0;
const POKE: u8 = 0xF4;
const SCREEN_WORD: u8 = 0xAA;

/// Bytes of a screen: 32 by 192 of dots, and 32 by 24 of colours.
pub const SCREEN_BYTES: usize = 6912;
/// Where it is shown.
const SCREEN: u16 = 0x4000;
/// The low byte of the routine that prints on the upper screen, and what it is and where a `RET` stands in the same page of the ROM:
/// so that "Bytes: NAME" of the program's header is not printed over the picture.
const PRINTS: u16 = 23_739;
const LOUD: u16 = 0xF4;
const QUIET: u16 = 0x6F;

/// A block as it is on a tape: flag, bytes and checksum.
pub(super) type Block = Vec<u8>;

/// A tape with `bytes` for `origin`, started at `entry`, and blocks that it loads then. `name` is what the machine shows
/// while it loads; `screen` stands in front of the program.
pub(super) fn blocks<'p>(
    name: &str,
    (origin, entry): (u16, u16),
    (screen, bytes): (Option<&[u8]>, &[u8]),
    pages: impl Iterator<Item = &'p [u8]>,
) -> Vec<Block> {
    let loader = loader(origin, entry, screen.is_some());
    // No code is longer than the memory.
    let length = |bytes: &[u8]| bytes.len() as u16;
    let mut tape = vec![
        block(HEADER, &header(PROGRAM, name, length(&loader), LINE, length(&loader))),
        block(DATA, &loader),
    ];
    for (start, bytes) in screen.map(|screen| (SCREEN, screen)).into_iter().chain([(origin, bytes)]) {
        tape.push(block(HEADER, &header(CODE, name, length(bytes), start, 0x8000)));
        tape.push(block(DATA, bytes));
    }
    tape.extend(pages.map(|page| block(DATA, page)));
    tape
}

/// The file: each block with its length in front.
pub(super) fn write(blocks: &[Block]) -> Vec<u8> {
    blocks.iter().flat_map(|block| [&(block.len() as u16).to_le_bytes()[..], block].concat()).collect()
}

/// `CLEAR origin-1: LOAD ""CODE: RANDOMIZE USR entry`, as BASIC stores it. With a screen `LOAD ""SCREEN$` stands in front of
/// `LOAD`, and around this a `POKE` each that keeps it silent.
pub(super) fn loader(origin: u16, entry: u16, screen: bool) -> Vec<u8> {
    let mut line = vec![CLEAR];
    number(&mut line, origin.wrapping_sub(1));
    let poke = |line: &mut Vec<u8>, value| {
        line.extend([b':', POKE]);
        number(line, PRINTS);
        line.push(b',');
        number(line, value);
    };
    if screen {
        line.extend([b':', LOAD, b'"', b'"', SCREEN_WORD]);
        poke(&mut line, QUIET);
    }
    line.extend([b':', LOAD, b'"', b'"', CODE_WORD]);
    if screen {
        poke(&mut line, LOUD);
    }
    line.extend([b':', RANDOMIZE, USR]);
    number(&mut line, entry);
    line.push(b'\r');
    let mut program = LINE.to_be_bytes().to_vec();
    program.extend((line.len() as u16).to_le_bytes());
    program.extend(line);
    program
}

/// Digits, then the value that BASIC reads: 0Eh and an integer in five bytes.
fn number(line: &mut Vec<u8>, value: u16) {
    line.extend(value.to_string().bytes());
    let [low, high] = value.to_le_bytes();
    line.extend([0x0E, 0, 0, low, high, 0]);
}

fn header(kind: u8, name: &str, length: u16, first: u16, second: u16) -> Vec<u8> {
    let mut header = vec![kind];
    header.extend(name.bytes().chain(std::iter::repeat(b' ')).take(10));
    [length, first, second].iter().for_each(|word| header.extend(word.to_le_bytes()));
    header
}

fn block(flag: u8, data: &[u8]) -> Block {
    let sum = data.iter().fold(flag, |sum, byte| sum ^ byte);
    [&[flag], data, &[sum]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_s_bytes_cancel_out_and_the_loader_is_basic() {
        let pages = [&[4u8; 5][..], &[6]].into_iter();
        let tape = write(&blocks("tiny-model-name", (0x5E00, 0x5E00), (None, &[1, 2, 3]), pages));
        let mut rest = tape.as_slice();
        let mut lengths = Vec::new();
        while let [low, high, after @ ..] = rest {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            assert_eq!(after[..length].iter().fold(0, |sum, byte| sum ^ byte), 0);
            lengths.push(length - 2);
            rest = &after[length..];
        }
        let basic = b"\0\x0A\x20\0\xFD24063\x0E\0\0\xFF\x5D\0:\xEF\"\"\xAF:\xF9\xC024064\x0E\0\0\0\x5E\0\r";
        assert_eq!(lengths, [17, basic.len(), 17, 3, 5, 1]);
        assert_eq!(loader(0x5E00, 0x5E00, false), basic);
        assert!(loader(0x5E00, 0x1234, false).ends_with(b"\xC04660\x0E\0\0\x34\x12\0\r"));
        assert_eq!(&tape[4..14], b"tiny-model", "ten characters of name");
    }

    #[test]
    fn a_screen_is_loaded_in_front_of_the_program_which_is_silent() {
        let screen = [7; SCREEN_BYTES];
        let tape = blocks("t", (0x5E00, 0x5E00), (Some(&screen), &[1, 2, 3]), std::iter::empty());
        let lengths: Vec<usize> = tape.iter().map(|block| block.len() - 2).collect();
        let loader = loader(0x5E00, 0x5E00, true);
        assert_eq!(lengths, [17, loader.len(), 17, SCREEN_BYTES, 17, 3]);
        assert_eq!(tape[2][12..16], [0x00, 0x1B, 0x00, 0x40], "6912 bytes for 4000h");
        let line = b":\xEF\"\"\xAA:\xF423739\x0E\0\0\xBB\x5C\0,111\x0E\0\0\x6F\0\0:\xEF\"\"\xAF:\xF423739\x0E\0\0\xBB\x5C\0,244\x0E\0\0\xF4\0\0:";
        assert!(loader.windows(line.len()).any(|part| part == line), "{}", loader.escape_ascii());
    }
}
