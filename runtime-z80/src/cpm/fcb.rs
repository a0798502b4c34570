//! File control blocks in the program's memory.
//!
//! Drive (0 the current one, 1 A), name 8, type 3, extent, s1, s2 (extent / 32), record count of the extent, 16 bytes of
//! allocation; then current record in the extent, and the 3-byte random record number.

use super::disk::Name;
use crate::core::Core;

/// Records in an extent, extents in a module.
pub(super) const EXTENT: u32 = 128;
pub(super) const MODULE: u32 = 32;

pub(super) const EX: u16 = 12;
pub(super) const S2: u16 = 14;
pub(super) const RC: u16 = 15;
pub(super) const ALLOCATION: u16 = 16;
pub(super) const NEW_NAME: u16 = 16;
pub(super) const CR: u16 = 32;
const RANDOM: u16 = 33;

/// `?` in the pattern stands for any character.
pub(super) fn matches(pattern: &Name, name: &Name) -> bool {
    pattern.iter().zip(name).all(|(&p, &n)| p == b'?' || p == n)
}

/// The name in the FCB at `fcb`, or the one that an FCB for renaming has 16 bytes further.
pub(super) fn name(core: &Core, fcb: u16) -> Name {
    bytes(core, fcb).map(|byte| byte & 0x7F)
}

/// The upper bits of the name, from bit 0 on.
pub(super) fn attributes(core: &Core, fcb: u16) -> u16 {
    let bits = bytes(core, fcb).into_iter().rev();
    bits.fold(0, |attributes, byte| attributes << 1 | u16::from(byte >> 7))
}

fn bytes(core: &Core, fcb: u16) -> Name {
    let mut at = fcb;
    [(); 11].map(|()| {
        at = at.wrapping_add(1);
        core.memory().byte(at)
    })
}

pub(super) fn field(core: &Core, fcb: u16, offset: u16) -> u8 {
    core.memory().byte(fcb.wrapping_add(offset))
}

pub(super) fn set(core: &mut Core, fcb: u16, offset: u16, value: u8) {
    core.write(fcb.wrapping_add(offset), value);
}

/// The record that sequential access takes next.
pub(super) fn sequential(core: &Core, fcb: u16) -> u32 {
    let field = |offset| u32::from(field(core, fcb, offset));
    ((field(S2) & 0x3F) * MODULE + (field(EX) & 0x1F)) * EXTENT + field(CR)
}

/// The record that random access takes.
pub(super) fn random(core: &Core, fcb: u16) -> u32 {
    let [low, middle, high] = [0, 1, 2].map(|byte| field(core, fcb, RANDOM + byte));
    u32::from_le_bytes([low, middle, high, 0])
}

pub(super) fn set_random(core: &mut Core, fcb: u16, record: u32) {
    for (offset, byte) in (RANDOM..).zip(&record.to_le_bytes()[..3]) {
        set(core, fcb, offset, *byte);
    }
}
