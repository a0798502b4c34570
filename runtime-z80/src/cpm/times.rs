//! T-states of the services that move records.
//!
//! They are those of Digital Research's BDOS 2.2, counted under another emulator (docs/cpm.md): 1,500 records of a file of
//! 200 KB, one after the other and by their numbers. Its BIOS is taken to copy a record from memory to memory with `LDIR`.
//! How long a drive takes to have it there is not counted.

use super::fcb;
use crate::core::Core;

/// `LDIR` of 128 bytes: 127 times 21, and 16.
const COPY: u64 = 127 * 21 + 16;
/// The next record, the mean over the extents of a file.
const NEXT: u64 = 2600;
/// A record by its number, in the extent of the one before and in another, which the BDOS looks for in the directory.
const AT_RANDOM: u64 = 2920;
const OTHER_EXTENT: u64 = 15_560;
/// Where records go.
const SET_DMA: u64 = 425;

/// What function `number` takes with `de`, beside the call.
pub(super) fn service_time(number: u8, de: u16, core: &Core) -> u64 {
    match number {
        20 | 21 => NEXT + COPY,
        26 => SET_DMA,
        33 | 34 | 40 => {
            let extent = |record: u32| record / fcb::EXTENT;
            let same = extent(fcb::random(core, de)) == extent(fcb::sequential(core, de));
            COPY + if same { AT_RANDOM } else { OTHER_EXTENT }
        }
        _ => 0,
    }
}
