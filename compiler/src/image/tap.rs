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

/// A tape with `bytes` for `origin`, started at `entry`, and blocks that it loads then. `name` is what the machine shows
/// while it loads.
pub(super) fn write<'p>(
    name: &str,
    (origin, entry): (u16, u16),
    bytes: &[u8],
    pages: impl Iterator<Item = &'p [u8]>,
) -> Vec<u8> {
    let loader = loader(origin, entry);
    // No code is longer than the memory.
    let length = |bytes: &[u8]| bytes.len() as u16;
    let mut tape = Vec::new();
    block(&mut tape, HEADER, &header(PROGRAM, name, length(&loader), LINE, length(&loader)));
    block(&mut tape, DATA, &loader);
    block(&mut tape, HEADER, &header(CODE, name, length(bytes), origin, 0x8000));
    block(&mut tape, DATA, bytes);
    pages.for_each(|page| block(&mut tape, DATA, page));
    tape
}

/// `CLEAR origin-1: LOAD ""CODE: RANDOMIZE USR entry`, as BASIC stores it.
pub(super) fn loader(origin: u16, entry: u16) -> Vec<u8> {
    let mut line = vec![CLEAR];
    number(&mut line, origin.wrapping_sub(1));
    line.extend([b':', LOAD, b'"', b'"', CODE_WORD, b':', RANDOMIZE, USR]);
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

fn block(tape: &mut Vec<u8>, flag: u8, data: &[u8]) {
    tape.extend((data.len() as u16 + 2).to_le_bytes());
    tape.push(flag);
    tape.extend(data);
    tape.push(data.iter().fold(flag, |sum, byte| sum ^ byte));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_s_bytes_cancel_out_and_the_loader_is_basic() {
        let tape = write("tiny-model-name", (0x5E00, 0x5E00), &[1, 2, 3], [&[4u8; 5][..], &[6]].into_iter());
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
        assert_eq!(loader(0x5E00, 0x5E00), basic);
        assert!(loader(0x5E00, 0x1234).ends_with(b"\xC04660\x0E\0\0\x34\x12\0\r"));
        assert_eq!(&tape[4..14], b"tiny-model", "ten characters of name");
    }
}
