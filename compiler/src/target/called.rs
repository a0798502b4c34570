//! Targets without a console: what is compiled for them is called by a program of the user's own.

use super::description::{Cpu, Machine, Target};

/// Templates of entry points, in the place of a console.
pub(super) const CALLED_AVR: &str = "call.S";
const CALLED_Z80: &str = "call.asm";
/// Bytes of the network's stack where a console has the system's.
const STACK: u16 = 128;
/// Bytes of memory, or of flash, that the calling program has beside the network, where nobody says otherwise.
const LEFT: u16 = 0x1000;
/// The same of RAM, where the program is in a ROM: its stack and variables are there.
const LEFT_RAM: u16 = 0x200;

impl Target {
    /// Whether what is compiled for it has entry points and no console.
    pub fn is_library(&self) -> bool {
        [CALLED_AVR, CALLED_Z80].contains(&self.console.as_str())
    }

    /// The same machine for what a program of the user's own calls: with entry points in the place of a console, and no image.
    /// Everything is in memory that shows all the time: banks, files and flash chips are a console's to look after.
    #[must_use]
    pub fn called(self) -> Self {
        let console = if self.cpu == Cpu::Z80 { CALLED_Z80 } else { CALLED_AVR };
        // Of a machine with so little memory nothing is left for the network, which is refused for its size then.
        let less = |left| self.memory_end.saturating_sub(left).max(self.origin + 1);
        let end = match (self.cpu, &self.rom) {
            (Cpu::Z80, None) => less(LEFT),
            (Cpu::Z80, Some(_)) => less(LEFT_RAM),
            (Cpu::Avr(_), _) => self.memory_end,
        };
        let mut rom = self.rom;
        if let Some(rom) = &mut rom {
            rom.second_ram = None;
            rom.mappers.clear();
        }
        Self {
            console: console.into(),
            images: Vec::new(),
            banks: Vec::new(),
            rom,
            stack: if self.stack == 0 { STACK } else { self.stack },
            memory_end: end,
            image_end: if self.cpu == Cpu::Z80 { self.image_end.min(end) } else { self.image_end },
            flash: self.flash.map(|flash| flash.saturating_sub(LEFT.into())),
            spi_flash: None,
            ..self
        }
    }

    /// The lowest address that a stack may have while interrupts come: below there, their routines show a ROM. 0: any.
    pub fn lowest_stack(&self) -> u16 {
        match self.machine {
            Machine::Cpc464 | Machine::Cpc6128 => 0x4000,
            Machine::Cpm | Machine::Spectrum48 | Machine::Spectrum128 | Machine::Msx | Machine::Avr => 0,
        }
    }
}
