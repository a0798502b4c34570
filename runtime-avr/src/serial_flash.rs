//! A flash chip behind a serial bus, of the 25 series (Winbond's W25Q, and those that do as it does): reading, the
//! identity, and writing by pages and sectors. Addresses have 24 bits.
//!
//! It takes a command while it is selected, and does what changes it when it is let go. While it is busy with that it hears
//! nothing but the question for its status. Left out: everything else, which is a fault.

use crate::end::FaultKind;

/// What it makes of a byte that was never written.
const ERASED: u8 = 0xFF;
const PAGE: usize = 256;
const SECTOR: usize = 4096;

const READ: u8 = 0x03;
const FAST_READ: u8 = 0x0B;
const IDENTITY: u8 = 0x9F;
const STATUS: u8 = 0x05;
const WRITE_ENABLE: u8 = 0x06;
const WRITE_DISABLE: u8 = 0x04;
const ERASE_SECTOR: u8 = 0x20;
const PROGRAM_PAGE: u8 = 0x02;

/// In the status.
const BUSY: u8 = 1;
const WRITABLE: u8 = 2;

/// Cycles that erasing and programming take: at 16 MHz the 45 ms and 0.7 ms that Winbond has as typical.
const ERASING: u64 = 720_000;
const PROGRAMMING: u64 = 11_200;

/// A chip with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialFlash {
    /// Maker, kind, and the power of two of its bytes.
    identity: [u8; 3],
    /// Up to the last byte that was written; what is behind is erased.
    bytes: Vec<u8>,
    selected: bool,
    /// The bytes since it was selected.
    heard: usize,
    command: u8,
    address: usize,
    /// What is to be programmed, by its place in the page.
    page: Vec<u8>,
    writable: bool,
    busy_until: u64,
}

impl SerialFlash {
    /// A chip as Winbond's W25Q with 2^`power` bytes, 16 to 24, which holds `bytes` from its start on. `None`: they are more
    /// than it has, or there is no such chip.
    pub fn new(power: u8, bytes: Vec<u8>) -> Option<Self> {
        let fits = (16..=24).contains(&power) && bytes.len() <= 1 << power;
        fits.then(|| SerialFlash {
            identity: [0xEF, 0x40, power],
            bytes,
            selected: false,
            heard: 0,
            command: 0,
            address: 0,
            page: Vec::new(),
            writable: false,
            busy_until: 0,
        })
    }

    /// What is in it, up to the last byte that was written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn size(&self) -> usize {
        1 << self.identity[2]
    }

    fn byte(&self, address: usize) -> u8 {
        self.bytes.get(address % self.size()).copied().unwrap_or(ERASED)
    }

    /// It is selected, or let go.
    pub(crate) fn select(&mut self, selected: bool, now: u64) {
        if self.selected && !selected {
            self.finish(now);
        }
        if self.selected != selected {
            (self.selected, self.heard) = (selected, 0);
        }
    }

    /// What it answers while it is sent a byte; `None`: its output is off.
    pub(crate) fn exchange(&mut self, byte: u8, now: u64) -> Result<Option<u8>, FaultKind> {
        if !self.selected {
            return Ok(None);
        }
        let heard = self.heard;
        self.heard += 1;
        if heard == 0 {
            (self.command, self.page) = (byte, Vec::new());
            let known =
                [READ, FAST_READ, IDENTITY, STATUS, WRITE_ENABLE, WRITE_DISABLE, ERASE_SECTOR, PROGRAM_PAGE];
            return match known.contains(&byte) {
                true => Ok(None),
                false => Err(FaultKind::FlashCommand { command: byte }),
            };
        }
        let is_busy = now < self.busy_until;
        if self.command == STATUS {
            let flag = |on: bool, bit: u8| if on { bit } else { 0 };
            return Ok(Some(flag(is_busy, BUSY) | flag(self.writable, WRITABLE)));
        }
        if is_busy {
            return Ok(None);
        }
        Ok(match (self.command, heard) {
            (IDENTITY, n) => self.identity.get(n - 1).copied(),
            (READ | FAST_READ | ERASE_SECTOR | PROGRAM_PAGE, 1..=3) => {
                self.address = (self.address << 8 | usize::from(byte)) & 0xFF_FFFF;
                None
            }
            (FAST_READ, 4) => None,
            (READ | FAST_READ, _) => {
                let byte = self.byte(self.address);
                self.address += 1;
                Some(byte)
            }
            (PROGRAM_PAGE, _) => {
                // Of more than a page the last are taken.
                self.page.push(byte);
                None
            }
            _ => None,
        })
    }

    /// Does what the command says that is complete.
    fn finish(&mut self, now: u64) {
        if now < self.busy_until {
            return;
        }
        match (self.command, self.heard) {
            (WRITE_ENABLE, 1) => self.writable = true,
            (WRITE_DISABLE, 1) => self.writable = false,
            (ERASE_SECTOR, 4) if self.writable => {
                let from = self.address % self.size() / SECTOR * SECTOR;
                let end = (from + SECTOR).min(self.bytes.len());
                if let Some(sector) = self.bytes.get_mut(from..end) {
                    sector.fill(ERASED);
                }
                (self.writable, self.busy_until) = (false, now + ERASING);
            }
            (PROGRAM_PAGE, 5..) if self.writable => {
                let first = self.address % self.size();
                let page = first / PAGE * PAGE;
                let length = self.bytes.len().max(page + PAGE);
                self.bytes.resize(length, ERASED);
                let skipped = self.page.len().saturating_sub(PAGE);
                for (n, byte) in self.page.iter().enumerate().skip(skipped) {
                    self.bytes[page + (first + n) % PAGE] &= byte;
                }
                (self.writable, self.busy_until) = (false, now + PROGRAMMING);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it answers to bytes while it is selected.
    fn tell(chip: &mut SerialFlash, now: u64, bytes: &[u8]) -> Vec<u8> {
        chip.select(true, now);
        let answers = bytes.iter().map(|&byte| chip.exchange(byte, now).unwrap().unwrap_or(0xEE)).collect();
        chip.select(false, now);
        answers
    }

    fn chip(bytes: &[u8]) -> SerialFlash {
        SerialFlash::new(17, bytes.to_vec()).unwrap()
    }

    #[test]
    fn it_says_who_it_is_and_what_it_has() {
        let mut chip = chip(&[1, 2, 3]);
        assert_eq!(tell(&mut chip, 0, &[IDENTITY, 0, 0, 0, 0]), [0xEE, 0xEF, 0x40, 17, 0xEE]);
        assert_eq!(tell(&mut chip, 0, &[READ, 0, 0, 1, 0, 0, 0])[4..], [2, 3, 0xFF]);
        assert_eq!(tell(&mut chip, 0, &[FAST_READ, 0, 0, 1, 0, 0, 0])[5..], [2, 3]);
        // Behind the last byte comes the first.
        assert_eq!(tell(&mut chip, 0, &[READ, 1, 0xFF, 0xFF, 0, 0])[4..], [0xFF, 1]);
        // Who is not selected is silent.
        assert_eq!(chip.exchange(READ, 0), Ok(None));
        chip.select(true, 0);
        assert_eq!(chip.exchange(0xAB, 0), Err(FaultKind::FlashCommand { command: 0xAB }));
    }

    #[test]
    fn it_is_written_by_pages_and_erased_by_sectors() {
        let mut chip = chip(&[0; 5000]);
        let page = [&[PROGRAM_PAGE, 0, 0x10, 0xFE][..], &[0x0F; 3]].concat();
        // Without permission nothing happens; bits only ever become 0.
        tell(&mut chip, 0, &page);
        tell(&mut chip, 0, &[ERASE_SECTOR, 0, 0x10, 0]);
        assert_eq!(chip.bytes(), [0; 5000]);
        tell(&mut chip, 0, &[WRITE_ENABLE]);
        assert_eq!(tell(&mut chip, 0, &[STATUS, 0])[1], WRITABLE);
        tell(&mut chip, 0, &[ERASE_SECTOR, 0, 0x12, 0x34]);
        assert_eq!(tell(&mut chip, 1, &[STATUS, 0])[1], BUSY);
        assert_eq!(tell(&mut chip, 1, &[READ, 0, 0, 0, 0])[4], 0xEE, "it is busy");
        let now = ERASING;
        assert_eq!((chip.byte(4095), chip.byte(4096), chip.byte(8191)), (0, 0xFF, 0xFF));
        tell(&mut chip, now, &[WRITE_ENABLE]);
        tell(&mut chip, now, &page);
        // The place behind a page is its start.
        assert_eq!(
            [0x10FD, 0x10FE, 0x10FF, 0x1000, 0x1100].map(|at| chip.byte(at)),
            [0xFF, 15, 15, 15, 0xFF]
        );
        let now = now + PROGRAMMING;
        tell(&mut chip, now, &[WRITE_ENABLE]);
        tell(&mut chip, now, &[PROGRAM_PAGE, 0, 0x10, 0xFE, 0xFC]);
        assert_eq!(chip.byte(0x10FE), 0x0C);
        let now = now + PROGRAMMING;
        tell(&mut chip, now, &[WRITE_ENABLE]);
        tell(&mut chip, now, &[WRITE_DISABLE]);
        tell(&mut chip, now, &[PROGRAM_PAGE, 0, 0x10, 0xFE, 0]);
        assert_eq!(chip.byte(0x10FE), 0x0C);
        // A page of more than 256 bytes keeps the last; a new place behind all that was written.
        tell(&mut chip, now, &[WRITE_ENABLE]);
        let long: Vec<u8> = (0..=256).map(|n| n as u8).collect();
        tell(&mut chip, now, &[&[PROGRAM_PAGE, 1, 0xF0, 0][..], &long].concat());
        assert_eq!((chip.byte(0x1_F000), chip.byte(0x1_F001), chip.bytes().len()), (0, 1, 0x1_F100));
    }

    #[test]
    fn there_are_chips_of_some_sizes_only() {
        assert!(SerialFlash::new(15, vec![]).is_none() && SerialFlash::new(25, vec![]).is_none());
        assert!(
            SerialFlash::new(16, vec![0; 65_537]).is_none()
                && SerialFlash::new(16, vec![0; 65_536]).is_some()
        );
    }
}
