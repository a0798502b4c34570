//! The description of a target. The serde schema of its file is the struct itself.

use super::device::Core;
use super::profile::Board;
use super::spi_flash::SpiFlash;
use serde::Deserialize;

/// A machine to compile for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub name: String,
    pub about: String,
    pub cpu: Cpu,
    /// What a program finds when it runs: which system it talks to.
    pub machine: Machine,
    /// Clock in hertz, for milliseconds in tables.
    pub clock_hz: u32,
    /// First and last address of memory that is slower while the picture is drawn. Times are counted without it.
    #[serde(default)]
    pub contended: Option<(u16, u16)>,
    /// The system's interrupts need the alternate registers: a program that uses them turns interrupts off, and puts BC'
    /// back.
    #[serde(default)]
    pub keeps_alternate: bool,
    /// Files that the machine loads, the usual one first.
    pub images: Vec<ImageKind>,
    /// Where the image is loaded and entered. Where code has a memory of its own, the first address of RAM.
    pub origin: u16,
    /// First address that the loader refuses to load to; buffers may lie there.
    pub image_end: u16,
    /// First address behind the memory that a program may use.
    pub memory_end: u16,
    /// T-states that the machine adds to each fetch of an opcode (M1 cycle).
    #[serde(default)]
    pub fetch_wait: u8,
    /// Where the program is in a ROM, and its buffers in RAM from `origin` on.
    #[serde(default)]
    pub rom: Option<Rom>,
    /// Memory beyond these addresses, or behind the last of them, which a program must select before it can use it: the
    /// fastest first. Programs of sequence models do; all others have what is shown when they start.
    #[serde(default)]
    pub banks: Vec<Bank>,
    /// Where code has a memory of its own: its bytes, less those of a boot loader.
    #[serde(skip)]
    pub flash: Option<usize>,
    /// Bytes kept for the stack, interrupt handlers included. 0: the program runs on the system's, and the console's
    /// template says where that is.
    pub stack: u16,
    /// Longest query that reaches the program by any way, in bytes.
    pub longest_query: u8,
    /// Template of the part that talks to the machine: start-up, console, exit.
    pub console: String,
    /// AVR: a chip of weights beside the processor.
    #[serde(skip)]
    pub spi_flash: Option<SpiFlash>,
    /// AVR: the chip and its board.
    #[serde(skip)]
    pub board: Option<Box<Board>>,
}

/// A ROM that a program is in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rom {
    /// Its first address, where the image begins.
    pub first: u16,
    /// Its bytes.
    pub size: u16,
    /// Where RAM begins on the smallest of these machines: buffers that have room from there on are put there.
    pub least_ram: Option<u16>,
    /// Where RAM of larger machines begins, behind the ROM's second half: a program that selects banks can have its caches
    /// there, and shows one or the other.
    #[serde(default)]
    pub second_ram: Option<u16>,
    /// What larger ROMs have between them and the processor, the preferred first.
    #[serde(default)]
    pub mappers: Vec<Mapper>,
}

/// Shows one bank of a large ROM in a window of addresses; the banks before it are always shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapper {
    pub name: String,
    /// Bytes of a bank.
    pub bank: u16,
    /// Where the bank is shown that the program chooses.
    pub window: u16,
    /// What is written there is the number of that bank.
    pub register: u16,
    /// The registers of the banks before the window. What they select is written when the program starts.
    pub others: Vec<u16>,
}

impl Mapper {
    /// The first bank that a window can be for.
    pub fn first_bank(&self, rom: &Rom) -> usize {
        usize::from(self.window - rom.first) / usize::from(self.bank)
    }
}

/// Memory that shows in a window of addresses while it is selected.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    pub name: String,
    /// Its bytes.
    pub size: u16,
    /// The address of its first byte while it is selected. The window lies outside of origin to end of memory, or ends with
    /// it: then the memory of a program that selects banks ends before the window.
    pub window: u16,
    /// What system there is needs it: a program that has used it cannot go back there.
    #[serde(default)]
    pub of_system: bool,
    /// What has it shown.
    pub select: Select,
}

/// An output that has a bank shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Select {
    pub port: u16,
    pub value: u8,
}

impl Bank {
    /// The addresses of its window: the first, and the one behind the last, which may be 10000h.
    pub fn addresses(&self) -> std::ops::Range<usize> {
        let first = usize::from(self.window);
        first..first + usize::from(self.size)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Cpu {
    Z80,
    /// Code in flash, buffers in RAM; a device's description makes these targets, no file of this kind.
    #[serde(skip)]
    Avr(Core),
}

/// A machine with its system. Descriptions with another memory map can name the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Machine {
    /// CP/M 2.2 on any Z80: a command tail, and a console behind the BDOS.
    Cpm,
    /// ZX Spectrum with 48 KB: the ROM's screen and keyboard.
    Spectrum48,
    /// ZX Spectrum with 128 KB: the same ROM, and pages of memory behind a port.
    Spectrum128,
    /// Amstrad CPC 464: the firmware's.
    Cpc464,
    /// Amstrad CPC 6128: the same firmware with a disk drive, and banks of memory behind a port.
    Cpc6128,
    /// MSX: a cartridge, and the BIOS's screen and keyboard.
    Msx,
    /// An AVR on its board, alone: a serial line.
    #[serde(skip)]
    Avr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ImageKind {
    /// Bytes from the origin on, as CP/M loads them.
    Com,
    /// A cassette of a ZX Spectrum, with a BASIC program that loads and starts the image.
    Tap,
    /// The same cassette as its blocks with their speed.
    Tzx,
    /// The same cassette as sound.
    Wav,
    /// The memory and registers of a ZX Spectrum about to start the program.
    Sna,
    /// A disk of an Amstrad CPC with the program on it.
    Dsk,
    /// A cassette of an Amstrad CPC.
    Cdt,
    /// A binary file of an Amstrad CPC's disk, with its header.
    Bin,
    /// A cartridge of an MSX.
    Rom,
    /// Intel HEX, for a programmer of flash.
    Hex,
    /// An executable of the AVR with its symbols, for debuggers and simulators.
    Elf,
}

impl ImageKind {
    pub const ALL: [Self; 11] = [
        Self::Com,
        Self::Tap,
        Self::Tzx,
        Self::Wav,
        Self::Sna,
        Self::Dsk,
        Self::Cdt,
        Self::Bin,
        Self::Rom,
        Self::Hex,
        Self::Elf,
    ];

    /// Whether it is a cassette of a ZX Spectrum, which can have a screen in front of the program.
    pub fn is_spectrum_tape(self) -> bool {
        matches!(self, Self::Tap | Self::Tzx | Self::Wav)
    }

    /// Extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Com => "com",
            Self::Tap => "tap",
            Self::Tzx => "tzx",
            Self::Wav => "wav",
            Self::Sna => "sna",
            Self::Dsk => "dsk",
            Self::Cdt => "cdt",
            Self::Bin => "bin",
            Self::Rom => "rom",
            Self::Hex => "hex",
            Self::Elf => "elf",
        }
    }
}

impl Target {
    /// How many bytes are not there of those that an image and its buffers need; 0 if they fit.
    pub fn excess(&self, image: usize, buffers: usize) -> usize {
        if let Some(flash) = self.flash {
            let above = buffers.saturating_sub(self.memory());
            return above.max(image.saturating_sub(flash));
        }
        let room = usize::from(self.image_end - self.origin);
        let above = (image + buffers).saturating_sub(self.memory());
        above.max(image.saturating_sub(room))
    }

    /// Bytes between origin and end of memory.
    pub fn memory(&self) -> usize {
        usize::from(self.memory_end - self.origin)
    }

    /// Bytes that an image may have at most.
    pub fn image_room(&self) -> usize {
        self.flash.unwrap_or(self.memory())
    }

    /// Bytes of flash that a program may fill that reads all of it; `None` where there is none.
    pub fn whole_flash(&self) -> Option<usize> {
        let board = self.board.as_ref().map(|board| (board.device.flash - board.profile.bootloader) as usize);
        self.flash.map(|flash| board.unwrap_or(flash))
    }

    /// The longest query that can reach a program whose model says `max_length`.
    pub fn longest(&self, max_length: u8) -> u8 {
        match self.cpu {
            // The line is the only way in, and has room for no more.
            Cpu::Z80 if self.rom.is_some() => self.longest_query.min(max_length),
            // The command tail knows nothing of the model.
            Cpu::Z80 => self.longest_query.max(max_length),
            Cpu::Avr(_) => self.longest_query.min(max_length),
        }
    }

    /// Where the program's text begins.
    pub fn code_origin(&self) -> u16 {
        self.rom.as_ref().map_or(self.origin, |rom| rom.first)
    }

    /// Where so many bytes of buffers begin; `None`: behind the image.
    pub fn ram_start(&self, bytes: usize) -> Option<usize> {
        let rom = self.rom.as_ref()?;
        let fits = |start: &u16| usize::from(*start) + bytes <= usize::from(self.memory_end);
        Some(rom.least_ram.filter(fits).unwrap_or(self.origin).into())
    }

    /// What buffers are in, where code has a memory of its own.
    pub fn data_memory(&self) -> &'static str {
        if self.rom.is_some() { "RAM" } else { "SRAM" }
    }

    /// What code is in, where it has a memory of its own.
    pub fn code_memory(&self) -> &'static str {
        if self.rom.is_some() { "ROM" } else { "flash" }
    }

    /// T-states or cycles as milliseconds at the target's clock.
    pub fn milliseconds(&self, cycles: f64) -> f64 {
        cycles * 1000.0 / f64::from(self.clock_hz)
    }
}
