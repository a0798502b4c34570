//! A cartridge: its file, the blocks that its mapper shows, and the slots of the pages in which it can be seen.

use crate::bus::Ports;
use crate::core::Core;
use crate::file::FileError;
use crate::memory::BLOCK;

/// Where cartridges lie: from page 1 to the end of page 2.
const FIRST: u16 = 0x4000;
/// Bytes of a cartridge without a mapper.
const PLAIN: [usize; 2] = [0x4000, 0x8000];
/// Bytes of the smallest with one, and of the largest: 256 banks of 16 KB.
const MAPPED: (usize, usize) = (0x1_0000, 0x40_0000);
/// What page 2 shows while the cartridge is not there: blocks of the machine itself.
const OTHERS: [u16; 2] = [4, 5];

/// What a cartridge does with writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapper {
    /// Nothing.
    None,
    /// 8 KB each at 4000h, 6000h, 8000h and A000h, selected at 6000h, 6800h, 7000h and 7800h.
    Ascii8,
    /// 16 KB each at 4000h and 8000h, selected at 6000h and 7000h.
    Ascii16,
}

/// The file's mapper and the address of its first instruction.
pub(super) struct Cartridge {
    pub(super) mapper: Mapper,
    pub(super) start: u16,
}

/// Looks at a file as emulators do: a header first; more than 32 KB has a mapper, which its own instructions give away.
///
/// # Errors
/// A file that is no cartridge.
pub(super) fn read(file: &[u8]) -> Result<Cartridge, FileError> {
    let bytes = file.len();
    let [b'A', b'B', low, high, ..] = file else { return Err(FileError::NoCartridge) };
    let start = u16::from_le_bytes([*low, *high]);
    let mapper = match bytes {
        _ if PLAIN.contains(&bytes) => Mapper::None,
        _ if (MAPPED.0..=MAPPED.1).contains(&bytes) && bytes.is_power_of_two() => guess(file),
        _ => return Err(FileError::CartridgeSize { bytes }),
    };
    // The mapper shows the first block at 4000h when the machine is switched on.
    let shown = if mapper == Mapper::None { bytes } else { BLOCK };
    if !(FIRST..FIRST + shown as u16).contains(&start) {
        return Err(FileError::CartridgeStart { start });
    }
    Ok(Cartridge { mapper, start })
}

/// The mapper whose registers most instructions `LD (nn),A` of a file name.
fn guess(file: &[u8]) -> Mapper {
    let named = |address: &dyn Fn(u16) -> bool| {
        let is_one = |code: &&[u8]| code[0] == 0x32 && address(u16::from_le_bytes([code[1], code[2]]));
        file.windows(3).filter(is_one).count()
    };
    let ascii8 = named(&|address| matches!(address, 0x6800 | 0x7800));
    let ascii16 = named(&|address| address == 0x77FF);
    if ascii16 > ascii8 { Mapper::Ascii16 } else { Mapper::Ascii8 }
}

/// Pages 1 and 2, and the mapper's registers.
pub(super) struct Slots {
    mapper: Mapper,
    /// The cartridge's blocks by number: those of its file follow each other.
    first: u16,
    count: u16,
    /// What each register selects: blocks, or for 16 KB pairs of them.
    selected: [u8; 4],
    /// Whether page 2 shows the cartridge. Page 1 does.
    pub(super) second: bool,
}

impl Slots {
    /// Puts a file into a machine that was just switched on.
    pub(super) fn plug(file: &[u8], mapper: Mapper, core: &mut Core) -> Self {
        let numbers: Vec<u16> = file.chunks(BLOCK).map(|block| core.add_rom(block)).collect();
        Slots { mapper, first: numbers[0], count: numbers.len() as u16, selected: [0; 4], second: false }
    }

    /// The block that the cartridge shows in its `n`th 8 KB.
    fn block(&self, n: usize) -> u16 {
        let number = match self.mapper {
            Mapper::None => n as u16,
            Mapper::Ascii8 => self.selected[n].into(),
            Mapper::Ascii16 => 2 * u16::from(self.selected[n / 2 * 2]) + (n % 2) as u16,
        };
        // A file of 16 KB is seen twice; of numbers that are too large the upper bits are not wired.
        self.first + number % self.count
    }
}

impl Slots {
    /// What is shown when the cartridge's blocks lie in their order: before a program has selected them.
    pub(super) fn in_order(&self) -> [u16; 8] {
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| self.first + n % self.count);
        [0, 1, a, b, c, d, 6, 7]
    }
}

/// No device here is behind a port.
impl Ports for Slots {
    fn read(&mut self, _port: u16) -> u8 {
        0xFF
    }

    fn write(&mut self, _port: u16, _value: u8) {}

    fn poke(&mut self, address: u16, value: u8) -> bool {
        let register = usize::from(address >> 11 & 3);
        match self.mapper {
            Mapper::Ascii8 if address >> 13 == 3 => self.selected[register] = value,
            Mapper::Ascii16 if address >> 13 == 3 && register % 2 == 0 => self.selected[register] = value,
            _ => return false,
        }
        true
    }

    fn blocks(&self) -> Option<[u16; 8]> {
        let second = if self.second { [2, 3].map(|n| self.block(n)) } else { OTHERS };
        Some([0, 1, self.block(0), self.block(1), second[0], second[1], 6, 7])
    }
}
