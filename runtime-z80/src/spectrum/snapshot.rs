//! `.sna` files: registers, then the 48 KB from 4000h on. PC is on the stack, or behind them: then what was sent to port
//! 7FFDh last follows, a byte of a disk system, and the pages that are not shown.

use super::paging::{self, ROM_BASIC};
use super::ula::Ula;
use crate::core::Core;
use crate::file::FileError;
use crate::registers::Registers;

const HEADER: usize = 27;
const RAM: u16 = 0x4000;
const LENGTH: usize = HEADER + 0xC000;
/// With 128 KB; where page 5 or 2 is shown twice, there is one more.
const PAGE: usize = 0x4000;
const LENGTHS_128: [usize; 2] = [LENGTH + 4 + 5 * PAGE, LENGTH + 4 + 6 * PAGE];
const WINDOW: u16 = 0xC000;

/// Puts a snapshot into a machine.
pub(super) fn load(file: &[u8], core: &mut Core) -> Result<(), FileError> {
    let has_pages = core.ports::<Ula>().paging.is_some();
    let behind = if has_pages && LENGTHS_128.contains(&file.len()) { &file[LENGTH..] } else { &[] };
    if file.len() != LENGTH && behind.is_empty() {
        let (whose, wants) = match has_pages {
            true => ("one of a machine with 128 KB", LENGTHS_128[0]),
            false => ("one of a machine with 48 KB", LENGTH),
        };
        return Err(FileError::Size { what: "snapshot", bytes: file.len(), whose, wants });
    }
    let word = |at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
    let sp = word(23);
    if !(RAM..=0xFFFE).contains(&sp) {
        return Err(FileError::SnapshotStack { sp });
    }
    let mode = match file[25] {
        0 => 0x46,
        1 => 0x56,
        2 => 0x5E,
        mode => return Err(FileError::SnapshotMode { mode }),
    };
    if behind.is_empty() {
        // It makes any machine one with 48 KB.
        core.ports::<Ula>().paging = None;
    }
    if let [_, _, sent, _, rest @ ..] = behind {
        // Page by page, those last that are shown.
        let shown = [5, 2, sent & 7];
        let mut rest = rest.chunks(PAGE);
        for page in (0..8).filter(|page| !shown.contains(page)) {
            let Some(bytes) = rest.next() else { break };
            send(core, ROM_BASIC | page);
            core.load(WINDOW, bytes);
        }
        send(core, *sent);
    }
    core.load(RAM, &file[HEADER..LENGTH]);
    core.set_alternate_registers(Registers {
        hl: word(1),
        de: word(3),
        bc: word(5),
        af: word(7),
        ..core.registers()
    });
    let (pc, sp) = match behind {
        [low, high, ..] => (u16::from_le_bytes([*low, *high]), sp),
        [..] => (core.memory().word(sp), sp.wrapping_add(2)),
    };
    let (hl, de, bc, iy, ix, af) = (word(9), word(11), word(13), word(15), word(17), word(21));
    core.set_registers(Registers { af, bc, de, hl, ix, iy, sp, pc });
    core.set_refresh_and_vector(file[20], file[0]);
    core.inject([0xED, mode]);
    // Bit 2 is IFF2, which the RETN that starts a snapshot copies to IFF1.
    core.inject([if file[19] & 4 != 0 { 0xFB } else { 0xF3 }, 0]);
    core.bus.ports.write(0xFE, file[26]);
    Ok(())
}

fn send(core: &mut Core, value: u8) {
    core.bus.ports.write(paging::PORT, value);
    core.switch();
}
