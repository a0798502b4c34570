//! `.sna` files: registers, then the 48 KB from 4000h on. PC is on the stack.

use crate::core::Core;
use crate::file::FileError;
use crate::registers::Registers;

const HEADER: usize = 27;
const RAM: u16 = 0x4000;
const LENGTH: usize = HEADER + 0xC000;

/// Puts a snapshot into a machine.
pub(super) fn load(file: &[u8], core: &mut Core) -> Result<(), FileError> {
    if file.len() != LENGTH {
        let whose = "one of a machine with 48 KB";
        return Err(FileError::Size { what: "snapshot", bytes: file.len(), whose, wants: LENGTH });
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
    core.load(RAM, &file[HEADER..]);
    core.set_alternate_registers(Registers {
        hl: word(1),
        de: word(3),
        bc: word(5),
        af: word(7),
        ..core.registers()
    });
    let pc = core.memory().word(sp);
    let (hl, de, bc, iy, ix, af) = (word(9), word(11), word(13), word(15), word(17), word(21));
    core.set_registers(Registers { af, bc, de, hl, ix, iy, sp: sp.wrapping_add(2), pc });
    core.set_refresh_and_vector(file[20], file[0]);
    core.inject([0xED, mode]);
    // Bit 2 is IFF2, which the RETN that starts a snapshot copies to IFF1.
    core.inject([if file[19] & 4 != 0 { 0xFB } else { 0xF3 }, 0]);
    core.bus.ports.write(0xFE, file[26]);
    Ok(())
}
