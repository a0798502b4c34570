//! The directory as programs see it: entries, and what the BDOS tells of the drive.
//!
//! ```text
//! BDOS + 0100h  allocation vector: a bit a block, the first one in bit 7
//!      + 0300h  disk parameter block
//! ```

use super::disk::{BLOCK, BLOCKS, DIRECTORY_BLOCKS, Disk, ENTRIES, File, Key, RECORD};
use super::fcb::{ALLOCATION, EX, EXTENT, MODULE, RC, S2};
use crate::core::Core;

const VECTOR: u16 = 0x0100;
const PARAMETERS: u16 = 0x0300;
/// The bytes of an entry, and how many a record has.
const ENTRY: usize = 32;
/// Blocks of an entry.
const ENTRY_BLOCKS: usize = 8;
const UNUSED: u8 = 0xE5;

/// The disk parameter block: a fixed disk without reserved tracks, of tracks with 128 records.
const PARAMETER_BLOCK: [u8; 15] = {
    let [most_blocks, most_entries] = [(BLOCKS - 1) as u16, (ENTRIES - 1) as u16];
    let [[dsm, dsm_high], [drm, drm_high]] = [most_blocks.to_le_bytes(), most_entries.to_le_bytes()];
    let block_shift = (BLOCK / RECORD).trailing_zeros() as u8;
    let block_mask = (BLOCK / RECORD - 1) as u8;
    // SPT, BSH, BLM, EXM (an entry is one extent), DSM, DRM, AL0 and AL1 (the directory's blocks), CKS, OFF.
    [128, 0, block_shift, block_mask, 0, dsm, dsm_high, drm, drm_high, 0xFF, 0, 0, 0, 0, 0]
};

/// Puts what does not change into the BDOS's memory.
pub(super) fn place(core: &mut Core, bdos: u16) {
    core.load(bdos + PARAMETERS, &PARAMETER_BLOCK);
}

/// The address of the disk parameter block.
pub(super) fn parameters(bdos: u16) -> u16 {
    bdos + PARAMETERS
}

/// The address of the allocation vector, which is brought up to date.
pub(super) fn allocation(core: &mut Core, bdos: u16, disk: &Disk) -> u16 {
    let used = DIRECTORY_BLOCKS + disk.files.values().map(File::blocks).sum::<usize>();
    let bits = |byte: usize| match used.saturating_sub(8 * byte) {
        rest @ 0..8 => !(0xFF >> rest),
        _ => 0xFF,
    };
    let vector: Vec<u8> = (0..BLOCKS / 8).map(bits).collect();
    core.load(bdos + VECTOR, &vector);
    bdos + VECTOR
}

/// The entry of one extent of a file. The file is there, and has the extent.
pub(super) fn entry(disk: &Disk, key: &Key, extent: u32) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    let Some(file) = disk.files.get(key) else { return entry };
    let (user, name) = key;
    entry[0] = *user;
    for (i, (byte, character)) in entry[1..12].iter_mut().zip(name).enumerate() {
        *byte = character | if file.attributes & 1 << i != 0 { 0x80 } else { 0 };
    }
    entry[usize::from(EX)] = (extent % MODULE) as u8;
    entry[usize::from(S2)] = (extent / MODULE) as u8;
    entry[usize::from(RC)] = file.records().saturating_sub(extent * EXTENT).min(EXTENT) as u8;
    let first = extent as usize * ENTRY_BLOCKS;
    let blocks = first..file.blocks().min(first + ENTRY_BLOCKS);
    for (place, block) in entry[usize::from(ALLOCATION)..].chunks_mut(2).zip(blocks) {
        place.copy_from_slice(&((disk.first_block(key) + block) as u16).to_le_bytes());
    }
    entry
}

/// A record of the directory with one entry in it, the first.
pub(super) fn record(entry: &[u8; ENTRY]) -> [u8; RECORD] {
    let mut record = [UNUSED; RECORD];
    record[..ENTRY].copy_from_slice(entry);
    record
}
