//! Port 7FFDh of a Spectrum with 128 KB: which of eight pages shows from C000h on, and which of two ROMs.

use super::ula::Ula;
use crate::core::Core;

/// Decoded by two address lines: A15 and A1 are 0.
pub(super) const PORT: u16 = 0x7FFD;
const DECODED: u16 = 0x8002;
/// What an output has: the page, the ROM, and that there will be no other output.
const PAGE: u8 = 0x07;
pub(super) const ROM_BASIC: u8 = 0x10;
const LOCK: u8 = 0x20;
/// Where the ROMs keep what they sent last.
pub(super) const BANKM: u16 = 0x5B5C;

/// What the slots show by what was sent.
#[derive(Debug)]
pub(super) struct Paging {
    /// The banks of the machine that pages and ROMs are, by their numbers.
    pages: [u8; 8],
    roms: [u8; 2],
    pub(super) sent: u8,
}

impl Paging {
    pub(super) fn write(&mut self, port: u16, value: u8) {
        if port & DECODED == 0 && self.sent & LOCK == 0 {
            self.sent = value;
        }
    }

    pub(super) fn banks(&self) -> [u8; 4] {
        let page = |page: u8| self.pages[usize::from(page & PAGE)];
        [self.roms[usize::from(self.sent & ROM_BASIC != 0)], page(5), page(2), page(self.sent)]
    }
}

/// Gives a machine with 48 KB, a ROM in it, the other pages and another ROM, into which `load` puts something. Shown are the
/// ROM that was there and page 0.
pub(super) fn attach(core: &mut Core, load: impl FnOnce(&mut Core)) {
    let [one, three, four, six, seven, editor] = std::array::from_fn(|_| core.add_bank());
    core.show_banks([editor, 1, 2, 3]);
    load(core);
    core.show_banks([0, 1, 2, 3]);
    let pages = [3, one, 2, three, four, 1, six, seven];
    core.ports::<Ula>().paging = Some(Paging { pages, roms: [editor, 0], sent: ROM_BASIC });
}
