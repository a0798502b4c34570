//! `.CDT`: a cassette of an Amstrad CPC, as its firmware writes and reads it.
//!
//! The file is a TZX file (https://worldofspectrum.net/TZXformat.html) whose blocks have ID 11h, with lengths of pulses in
//! T-states of a ZX Spectrum, 3.5 MHz. Each is one record of the firmware (SOFT 968, "The Amstrad CPC Firmware", chapter
//! 8; https://www.cpcwiki.eu/index.php/Format:CDT_tape_image_file_format): a leader of 2048 one bits, a zero bit, a byte that
//! says header or data, segments of 256 bytes with a checksum each, and 32 one bits. A bit is two pulses of the same
//! length, those of a one twice as long. A file is blocks of 2 KB, each a header record and a data record.

use super::amsdos::BINARY;
use crate::target::amsdos;

/// Length of a pulse: zeros and ones in equal parts are 2000 bits a second, which BASIC writes after `SPEED WRITE 1`.
const ZERO: u16 = 583;
const ONE: u16 = 1167;
const LEADER_PULSES: u16 = 4096;
const TURBO: u8 = 0x11;
const SILENCE: u8 = 0x20;
/// Milliseconds behind a header record, where the motor runs on, and where it is switched off and on: the firmware
/// gives it two seconds to come up to speed.
const SHORT_PAUSE: u16 = 15;
const LONG_PAUSE: u16 = 2500;

const HEADER: u8 = 0x2C;
const DATA: u8 = 0x16;
const SEGMENT: usize = 256;
const TRAILER: [u8; 4] = [0xFF; 4];
/// Bytes of a file in one data record.
const BLOCK: usize = 2048;

/// A cassette with `bytes` for `origin` in a file called after the model.
pub(super) fn write(model: &str, origin: u16, bytes: &[u8]) -> Vec<u8> {
    let mut tape = b"ZXTape!\x1A\x01\x14".to_vec();
    tape.push(SILENCE);
    tape.extend(LONG_PAUSE.to_le_bytes());
    let last = bytes.len().div_ceil(BLOCK);
    for (number, block) in (1..).zip(bytes.chunks(BLOCK)) {
        let header = header(model, origin, bytes.len(), number, usize::from(number) == last, block.len());
        record(&mut tape, HEADER, &header, SHORT_PAUSE);
        record(&mut tape, DATA, block, LONG_PAUSE);
    }
    tape
}

/// What stands before block `number`, counted from 1.
fn header(model: &str, origin: u16, length: usize, number: u8, last: bool, block: usize) -> [u8; 64] {
    let mut header = [0; 64];
    header.iter_mut().zip(amsdos::file_name(model).bytes()).for_each(|(place, letter)| *place = letter);
    let flag = |set: bool| if set { 0xFF } else { 0 };
    header[16..19].copy_from_slice(&[number, flag(last), BINARY]);
    // No code is longer than the memory.
    let place = origin.wrapping_add((usize::from(number - 1) * BLOCK) as u16);
    header[19..21].copy_from_slice(&(block as u16).to_le_bytes());
    header[21..23].copy_from_slice(&place.to_le_bytes());
    header[23] = flag(number == 1);
    header[24..26].copy_from_slice(&(length as u16).to_le_bytes());
    header[26..28].copy_from_slice(&origin.to_le_bytes());
    header
}

/// A record as a block of ID 11h.
fn record(tape: &mut Vec<u8>, kind: u8, bytes: &[u8], pause: u16) {
    let mut data = vec![kind];
    for part in bytes.chunks(SEGMENT) {
        let mut segment = [0; SEGMENT];
        segment[..part.len()].copy_from_slice(part);
        data.extend(segment);
        data.extend(checksum(&segment).to_be_bytes());
    }
    data.extend(TRAILER);
    tape.push(TURBO);
    // The leader's pulses; the zero bit behind it; the pulses of bits.
    for length in [ONE, ZERO, ZERO, ZERO, ONE, LEADER_PULSES] {
        tape.extend(length.to_le_bytes());
    }
    // All bits of the last byte count.
    tape.push(8);
    tape.extend(pause.to_le_bytes());
    tape.extend(&(data.len() as u32).to_le_bytes()[..3]);
    tape.extend(data);
}

/// CRC-16 of the polynomial 1021h, from FFFFh on, all bits inverted.
fn checksum(segment: &[u8]) -> u16 {
    let step = |crc: u16, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
    !segment.iter().fold(0xFFFF, |crc, &byte| (0..8).fold(crc ^ u16::from(byte) << 8, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_has_a_header_and_its_data() {
        let bytes: Vec<u8> = (0..2348u32).map(|n| (n % 251) as u8).collect();
        let tape = write("tiny-model-2", 0x0170, &bytes);
        assert_eq!(&tape[..13], b"ZXTape!\x1A\x01\x14\x20\xC4\x09");
        let mut rest = &tape[13..];
        let mut records = Vec::new();
        while !rest.is_empty() {
            assert_eq!(rest[..14], [0x11, 0x8F, 4, 0x47, 2, 0x47, 2, 0x47, 2, 0x8F, 4, 0, 0x10, 8]);
            let length = usize::from(u16::from_le_bytes([rest[16], rest[17]]));
            records.push((u16::from_le_bytes([rest[14], rest[15]]), &rest[19..19 + length]));
            rest = &rest[19 + length..];
        }
        let shape: Vec<_> = records.iter().map(|(pause, data)| (*pause, data[0], data.len())).collect();
        let (one, eight, two) = (1 + 258 + 4, 1 + 8 * 258 + 4, 1 + 2 * 258 + 4);
        assert_eq!(shape, [(15, 0x2C, one), (2500, 0x16, eight), (15, 0x2C, one), (2500, 0x16, two)]);
        let fields = |record: usize| records[record].1[1..][..28].to_vec();
        assert_eq!(fields(0), *b"TINYMODE\0\0\0\0\0\0\0\0\x01\0\x02\0\x08\x70\x01\xFF\x2C\x09\x70\x01");
        assert_eq!(fields(2), *b"TINYMODE\0\0\0\0\0\0\0\0\x02\xFF\x02\x2C\x01\x70\x09\0\x2C\x09\x70\x01");
        assert_eq!(records[1].1[1..257], bytes[..256]);
    }

    #[test]
    fn the_checksum_is_the_field_s() {
        // CRC-16/GENIBUS of the usual check string.
        assert_eq!(checksum(b"123456789"), 0xD64E);
    }
}
