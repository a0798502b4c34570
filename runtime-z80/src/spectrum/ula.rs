//! The ULA behind port FEh: keyboard in, border out; and what selects pages in a machine with 128 KB.

use super::keyboard::Matrix;
use super::paging::Paging;
use crate::bus::Ports;

/// Bits of an input that are no keys: the ear socket, silent, and two that are always set.
const NO_KEYS: u8 = 0b1010_0000;

/// Keyboard and border.
pub struct Ula {
    pub(super) keys: Matrix,
    border: u8,
    /// With 128 KB.
    pub(super) paging: Option<Paging>,
}

impl Ula {
    /// No key is pressed, and the border is white.
    pub(super) fn new() -> Self {
        Ula { keys: Matrix::default(), border: 7, paging: None }
    }

    pub(super) fn border(&self) -> u8 {
        self.border
    }
}

impl Ports for Ula {
    /// Every even address is the ULA's; the others answer as an open bus.
    fn read(&mut self, port: u16) -> u8 {
        let [rows, low] = port.to_be_bytes();
        if low & 1 == 0 { self.keys.read(rows) | NO_KEYS } else { 0xFF }
    }

    fn write(&mut self, port: u16, value: u8) {
        if port & 1 == 0 {
            self.border = value & 7;
        }
        if let Some(paging) = &mut self.paging {
            paging.write(port, value);
        }
    }

    fn banks(&self) -> Option<[u8; 4]> {
        self.paging.as_ref().map(Paging::banks)
    }
}
