//! The pulses of a TZX file, of which `.cdt` is one: <https://worldofspectrum.net/TZXformat.html>.
//!
//! Left out: blocks with samples, and those that jump and choose.

use crate::file::FileError;

/// More than half an hour of tape in the firmware's fastest pulses. It bounds the memory that a file can ask for.
const MOST: usize = 16 << 20;
/// T-states of a millisecond.
const MILLISECOND: u32 = 3500;

/// What comes before the bits of a block, and how long they are.
struct Shape {
    pilot: (u16, usize),
    sync: [u16; 2],
    bits: [u16; 2],
    last_bits: u8,
    pause: u16,
}

/// Lengths in T-states of 3.5 MHz.
pub(super) fn read(file: &[u8]) -> Result<Vec<u32>, FileError> {
    let Some(rest) = file.strip_prefix(b"ZXTape!\x1A") else { return Err(FileError::NoTape) };
    if rest.len() < 2 {
        return Err(FileError::BlockCut { at: 8 });
    }
    let mut pulses = Vec::new();
    let mut at = 10;
    while at < file.len() {
        let block = Block { bytes: &file[at + 1..], at };
        at += 1 + block.play(file[at], &mut pulses)?;
        if pulses.len() > MOST {
            return Err(FileError::TapeLong { most: MOST });
        }
    }
    Ok(pulses)
}

/// The bytes from behind the ID of a block to the end of the file.
struct Block<'f> {
    bytes: &'f [u8],
    at: usize,
}

impl<'f> Block<'f> {
    /// Adds the pulses of the block. Gives its length.
    fn play(&self, id: u8, pulses: &mut Vec<u32>) -> Result<usize, FileError> {
        let word = |at| self.word(at);
        Ok(match id {
            0x10 => {
                let (pause, length) = (word(0)?, word(2)?.into());
                let data = self.data(4, length)?;
                // A flag below 80h is that of a header.
                let count = if data.first().is_some_and(|&flag| flag >= 0x80) { 3223 } else { 8063 };
                let shape =
                    Shape { pilot: (2168, count), sync: [667, 735], bits: [855, 1710], last_bits: 8, pause };
                shape.play(data, pulses);
                4 + length
            }
            0x11 => {
                let length = self.long(15)?;
                let shape = Shape {
                    pilot: (word(0)?, word(10)?.into()),
                    sync: [word(2)?, word(4)?],
                    bits: [word(6)?, word(8)?],
                    last_bits: self.part(12, 1)?[0],
                    pause: word(13)?,
                };
                shape.play(self.data(18, length)?, pulses);
                18 + length
            }
            0x12 => {
                let count = pulses.len() + usize::from(word(2)?);
                pulses.resize(count, word(0)?.into());
                4
            }
            0x13 => {
                let count = usize::from(self.part(0, 1)?[0]);
                let lengths = self.part(1, 2 * count)?.chunks(2);
                pulses.extend(lengths.map(|pair| u32::from(u16::from_le_bytes([pair[0], pair[1]]))));
                1 + 2 * count
            }
            0x14 => {
                let length = self.long(7)?;
                let bits = [word(0)?, word(2)?];
                let (last_bits, pause) = (self.part(4, 1)?[0], word(5)?);
                let shape = Shape { pilot: (0, 0), sync: [0, 0], bits, last_bits, pause };
                shape.play(self.data(10, length)?, pulses);
                10 + length
            }
            0x20 => {
                pause(word(0)?, pulses);
                2
            }
            // Names and remarks, which make no sound.
            0x21 | 0x30 => 1 + usize::from(self.part(0, 1)?[0]),
            0x22 => 0,
            0x31 => 2 + usize::from(self.part(1, 1)?[0]),
            0x32 => 2 + usize::from(word(0)?),
            0x33 => 1 + 3 * usize::from(self.part(0, 1)?[0]),
            0x35 => {
                let length = self.part(16, 4)?;
                20 + u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize
            }
            0x5A => 9,
            _ => return Err(FileError::BlockUnknown { at: self.at, id }),
        })
    }

    fn part(&self, from: usize, length: usize) -> Result<&'f [u8], FileError> {
        self.bytes.get(from..from + length).ok_or(FileError::BlockCut { at: self.at })
    }

    /// Bytes that become 16 pulses each.
    fn data(&self, from: usize, length: usize) -> Result<&'f [u8], FileError> {
        if length > MOST / 16 { Err(FileError::TapeLong { most: MOST }) } else { self.part(from, length) }
    }

    fn word(&self, at: usize) -> Result<u16, FileError> {
        self.part(at, 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    /// A length of three bytes.
    fn long(&self, at: usize) -> Result<usize, FileError> {
        self.part(at, 3)
            .map(|bytes| usize::from(bytes[0]) | usize::from(bytes[1]) << 8 | usize::from(bytes[2]) << 16)
    }
}

impl Shape {
    fn play(&self, data: &[u8], pulses: &mut Vec<u32>) {
        pulses.extend(std::iter::repeat_n(u32::from(self.pilot.0), self.pilot.1));
        pulses.extend(self.sync.into_iter().filter(|&length| length > 0).map(u32::from));
        for (place, byte) in data.iter().enumerate() {
            let count = if place + 1 == data.len() { self.last_bits.clamp(1, 8) } else { 8 };
            for bit in 0..count {
                let length = u32::from(self.bits[usize::from(byte << bit >> 7)]);
                pulses.extend([length, length]);
            }
        }
        pause(self.pause, pulses);
    }
}

/// Silence is a long pulse.
fn pause(milliseconds: u16, pulses: &mut Vec<u32>) {
    if milliseconds > 0 {
        pulses.push(u32::from(milliseconds) * MILLISECOND);
    }
}
