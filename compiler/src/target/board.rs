//! Makes a target of a chip on its board.

use super::called::CALLED_AVR;
use super::description::{Cpu, ImageKind, Machine, Target};
use super::profile::Board;

/// Bytes kept for the stack: the calls of a program take 11 where return addresses have two bytes, and a key that comes
/// then 7 more; three-byte addresses and what a label's name takes are well within it.
const STACK: u16 = 48;

/// Bytes of flash that a program may fill. `lpm` reaches 64 KiB; a program that is a little too large must still
/// assemble, to be refused with its size.
const REACH: u32 = 60 << 10;

/// The template of boards with a serial line.
const SERIAL: &str = "uart.S";

impl Board {
    /// The target that programs for this board are compiled for: named after the chip. `None`: without a serial line
    /// programs have nobody to talk to.
    pub fn target(self) -> Option<Target> {
        self.device.uart?;
        Some(self.with(SERIAL, vec![ImageKind::Hex, ImageKind::Elf]))
    }

    /// The target for what a program in C calls, which has no image of its own. `None`: with a serial line there is firmware.
    pub fn library(self) -> Option<Target> {
        self.device.uart.is_none().then(|| self.with(CALLED_AVR, vec![]))
    }

    fn with(self, console: &str, images: Vec<ImageKind>) -> Target {
        let Board { device, profile } = &self;
        let end = device.sram_end();
        let how = if images.is_empty() { ", called from C" } else { "" };
        Target {
            name: device.name.clone(),
            about: format!("{}{how} (profile {})", profile.about, profile.name),
            cpu: Cpu::Avr(device.core),
            machine: Machine::Avr,
            clock_hz: profile.clock_hz,
            contended: None,
            banks: Vec::new(),
            keeps_alternate: false,
            fetch_wait: 0,
            rom: None,
            images,
            origin: device.sram_start,
            image_end: end,
            memory_end: end,
            // Profile::read: the boot loader is smaller than the flash.
            flash: Some((device.flash - profile.bootloader).min(REACH) as usize),
            stack: STACK,
            longest_query: 127,
            console: console.into(),
            spi_flash: profile.spi_flash.clone(),
            board: Some(Box::new(self)),
        }
    }
}
