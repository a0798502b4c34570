//! A cassette of the Amstrad CPC in a `.cdt` file: pulses, and the first file on it as the firmware reads it from them.
//!
//! The firmware measures the leader, takes the first clearly shorter pulse behind it for the zero bit that ends it, and
//! sorts bits by the length of their two pulses. A record is a byte that says header or data, and segments of 256 bytes
//! with a checksum each. A file is blocks of a header and a data record.

use super::amsdos::{BINARY, Binary};
use super::pulses;
use crate::file::FileError;
use std::borrow::Cow;

const HEADER: u8 = 0x2C;
const DATA: u8 = 0x16;
const SEGMENT: usize = 256;
const BLOCK: usize = 2048;
/// Pulses of about the same length that are a leader; the firmware writes 4096 and is content with some hundreds.
const LEADER: usize = 512;

/// The first file on a cassette, a machine-code program.
pub(super) fn program(file: &[u8], first: u16, limit: u16) -> Result<Binary<'static>, FileError> {
    let pulses = pulses::read(file)?;
    let mut reader = Reader { pulses: &pulses };
    let (mut bytes, mut place) = (Vec::new(), (0, 0));
    for block in 1.. {
        let header = reader.record(HEADER, "a header", SEGMENT, block)?;
        let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        if usize::from(header[16]) != block {
            return Err(FileError::BlockOrder { found: header[16], wants: block });
        }
        if header[18] != BINARY {
            return Err(FileError::FileType { kind: header[18] });
        }
        if block == 1 {
            place = (word(21), word(26));
        }
        let says = usize::from(word(19));
        if !(1..=BLOCK).contains(&says) {
            return Err(FileError::BlockLength { block, says });
        }
        bytes.extend(&reader.record(DATA, "data", says, block)?[..says]);
        if header[17] != 0 {
            let says = usize::from(word(24));
            if says != bytes.len() {
                return Err(FileError::ContentLength { says, has: bytes.len() });
            }
            break;
        }
    }
    let (start, entry) = place;
    Binary { start, entry, bytes: Cow::Owned(bytes) }.check(first, limit)
}

/// Reads on from pulse to pulse.
struct Reader<'p> {
    pulses: &'p [u32],
}

impl Reader<'_> {
    /// The next record, of a kind, with `length` bytes in whole segments.
    fn record(
        &mut self,
        wants: u8,
        wanted: &'static str,
        length: usize,
        block: usize,
    ) -> Result<Vec<u8>, FileError> {
        let ends = FileError::TapeEnds { wanted };
        let one = self.leader().ok_or(ends.clone())?;
        let found = self.byte(one).ok_or(ends.clone())?;
        if found != wants {
            return Err(FileError::Record { found, wants, wanted });
        }
        let mut bytes = Vec::new();
        for _ in 0..length.div_ceil(SEGMENT) {
            let mut byte = || self.byte(one).ok_or(ends.clone());
            let segment = (0..SEGMENT).map(|_| byte()).collect::<Result<Vec<u8>, _>>()?;
            let found = u16::from_be_bytes([byte()?, byte()?]);
            let wants = checksum(&segment);
            if found != wants {
                return Err(FileError::RecordChecksum { block, found, wants });
            }
            bytes.extend(segment);
        }
        Ok(bytes)
    }

    /// Goes behind the next leader and the zero bit at its end. Gives the mean length of the leader's pulses.
    fn leader(&mut self) -> Option<u32> {
        loop {
            let (mut sum, mut count) = (u64::from(*self.pulses.first()?), 1);
            while let Some(&pulse) = self.pulses.get(count) {
                let mean = sum / count as u64;
                if u64::from(pulse).abs_diff(mean) > mean / 4 {
                    break;
                }
                sum += u64::from(pulse);
                count += 1;
            }
            let mean = (sum / count as u64) as u32;
            self.pulses = &self.pulses[count..];
            let zero = self.pulses.get(..2)?;
            if count >= LEADER && zero.iter().all(|&pulse| pulse < mean / 4 * 3) {
                self.pulses = &self.pulses[2..];
                return Some(mean);
            }
        }
    }

    /// The next eight bits, the highest first, where a one has pulses of the length `one` and a zero half of it.
    fn byte(&mut self, one: u32) -> Option<u8> {
        let (bits, rest) = self.pulses.split_at_checked(16)?;
        self.pulses = rest;
        let value = |byte: u8, bit: &[u32]| byte << 1 | u8::from(bit[0] + bit[1] > one / 2 * 3);
        Some(bits.chunks(2).fold(0, value))
    }
}

/// CRC-16-CCITT from FFFFh on, a bit at a time, all bits inverted at the end.
fn checksum(bytes: &[u8]) -> u16 {
    let mut crc = 0xFFFF_u16;
    for byte in bytes {
        for bit in (0..8).rev() {
            let differs = (crc >> 15 == 1) != (byte >> bit & 1 == 1);
            crc = crc << 1 ^ if differs { 0x1021 } else { 0 };
        }
    }
    !crc
}
