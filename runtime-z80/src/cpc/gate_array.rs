//! What the gate array of a CPC 6128 shows of its 128 KB: the first 64, or others of eight pages of 16 KB.

use crate::bus::Ports;

/// Decoded by two address lines: A15 is 0, A14 is 1.
const PORT: u16 = 0x4000;
const DECODED: u16 = 0xC000;
/// An output with both highest bits set says what shows; others are about ROMs, mode and colours.
const MEMORY: u8 = 0xC0;
const CONFIGURATION: u8 = 0x07;
/// What shows after a reset.
pub(super) const BASE: u8 = 0xC0;

/// Remembers what was sent last.
pub(super) struct GateArray {
    pub(super) sent: u8,
}

impl Ports for GateArray {
    fn read(&mut self, _port: u16) -> u8 {
        0xFF
    }

    fn write(&mut self, port: u16, value: u8) {
        if port & DECODED == PORT && value & MEMORY == MEMORY {
            self.sent = value;
        }
    }

    fn banks(&self) -> Option<[u8; 4]> {
        Some(match self.sent & CONFIGURATION {
            0 => [0, 1, 2, 3],
            1 => [0, 1, 2, 7],
            2 => [4, 5, 6, 7],
            3 => [0, 3, 2, 7],
            page => [0, page, 2, 3],
        })
    }
}
