//! The file functions of the BDOS, 13 to 36, on FCBs in the program's memory.
//!
//! FCB: drive (0 the current one, 1 A), name 8, type 3, extent, s1, s2 (extent / 32), record count of the
//! extent, 16 bytes of allocation; then current record in the extent, and the 3-byte random record number.
//! A file is looked up by name at every call, so that nothing is lost when a program forgets to close it.

use super::disk::{Disk, Name};
use crate::bus::Ports;
use crate::core::Core;
use crate::end::FaultKind;

const RECORD: usize = 128;
const END_OF_TEXT: u8 = 0x1A;
const DEFAULT_DMA: u16 = 0x0080;
/// Records in an extent, extents in a module.
const EXTENT: u32 = 128;
const MODULE: u32 = 32;
/// Records in the largest file.
const RECORDS: u32 = 65_536;

const EX: u16 = 12;
const S2: u16 = 14;
const RC: u16 = 15;
const NEW_NAME: u16 = 16;
const CR: u16 = 32;
const RANDOM: u16 = 33;

/// Results in A.
const OK: u16 = 0;
const NOT_FOUND: u16 = 0xFF;
const NO_DATA: u16 = 1;
const DISK_FULL: u16 = 2;
const PAST_THE_DISK: u16 = 6;

/// The disk and what the BDOS remembers between calls.
pub(super) struct Files {
    disk: Disk,
    dma: u16,
    /// The matches that a search has not given yet, the next one last.
    matches: Vec<Name>,
}

impl Default for Files {
    fn default() -> Self {
        Files { disk: Disk::default(), dma: DEFAULT_DMA, matches: Vec::new() }
    }
}

impl Files {
    pub(super) fn disk(&mut self) -> &mut Disk {
        &mut self.disk
    }

    pub(super) fn call<P: Ports>(
        &mut self,
        number: u8,
        fcb: u16,
        core: &mut Core<P>,
    ) -> Result<u16, FaultKind> {
        match number {
            13 => {
                self.dma = DEFAULT_DMA;
                return Ok(OK);
            }
            14 if fcb & 0xFF == 0 => return Ok(OK),
            14 => return Err(no_drive(fcb as u8)),
            18 => return Ok(self.next_match(core)),
            // The current drive is A, number 0.
            25 => return Ok(0),
            26 => {
                self.dma = fcb;
                return Ok(OK);
            }
            15..=17 | 19..=23 | 33..=36 => {}
            _ => return Err(FaultKind::UnknownBdosCall { number }),
        }
        match core.memory().byte(fcb) {
            0 | 1 => {}
            b'?' if number == 17 => {}
            drive => return Err(no_drive(drive - 1)),
        }
        let name = name_at(core, fcb);
        Ok(match number {
            15 => self.open(core, fcb, &name),
            16 => found(self.disk.files.contains_key(&name)),
            17 => {
                let all = core.memory().byte(fcb) == b'?';
                let matching = self.disk.files.keys().rev().filter(|file| all || matches(&name, file));
                self.matches = matching.copied().collect();
                self.next_match(core)
            }
            19 => {
                let before = self.disk.files.len();
                self.disk.files.retain(|file, _| !matches(&name, file));
                found(self.disk.files.len() < before)
            }
            20 => {
                let record = sequential(core, fcb);
                let result = self.read(core, &name, record);
                if result == OK {
                    self.seek(core, fcb, &name, record + 1);
                }
                result
            }
            21 => {
                let record = sequential(core, fcb);
                let result = self.write(core, &name, record);
                if result == OK {
                    self.seek(core, fcb, &name, record + 1);
                }
                result
            }
            22 => {
                self.disk.files.insert(name, Vec::new());
                self.seek(core, fcb, &name, 0);
                OK
            }
            23 => {
                let new = name_at(core, fcb.wrapping_add(NEW_NAME));
                match self.disk.files.remove(&name) {
                    Some(contents) => {
                        self.disk.files.insert(new, contents);
                        OK
                    }
                    None => NOT_FOUND,
                }
            }
            33 | 34 => {
                let record = random(core, fcb);
                if record >= RECORDS {
                    return Ok(PAST_THE_DISK);
                }
                self.seek(core, fcb, &name, record);
                if number == 33 { self.read(core, &name, record) } else { self.write(core, &name, record) }
            }
            35 => {
                let records = self.records(&name);
                set_random(core, fcb, records.unwrap_or(0));
                found(records.is_some())
            }
            // 36 is what remains of the numbers let through above.
            _ => {
                let record = sequential(core, fcb);
                set_random(core, fcb, record);
                OK
            }
        })
    }

    fn open<P: Ports>(&mut self, core: &mut Core<P>, fcb: u16, pattern: &Name) -> u16 {
        let Some(name) = self.disk.files.keys().find(|file| matches(pattern, file)).copied() else {
            return NOT_FOUND;
        };
        let mut at = fcb;
        for byte in name {
            at = at.wrapping_add(1);
            core.write(at, byte);
        }
        core.write(fcb.wrapping_add(S2), 0);
        let extent = u32::from(core.memory().byte(fcb.wrapping_add(EX)));
        let records = self.records(&name).unwrap_or(0);
        if extent > 0 && records <= extent * EXTENT {
            return NOT_FOUND;
        }
        let count = (records - extent * EXTENT).min(EXTENT);
        core.write(fcb.wrapping_add(RC), count as u8);
        OK
    }

    /// A directory entry at the start of the DMA buffer, the other three unused.
    fn next_match<P: Ports>(&mut self, core: &mut Core<P>) -> u16 {
        let Some(name) = self.matches.pop() else { return NOT_FOUND };
        let records = self.records(&name).unwrap_or(0);
        let mut entry = [0xE5; RECORD];
        entry[..32].fill(0);
        entry[1..12].copy_from_slice(&name);
        entry[usize::from(RC)] = records.min(EXTENT) as u8;
        self.to_dma(core, &entry);
        OK
    }

    fn read<P: Ports>(&self, core: &mut Core<P>, name: &Name, record: u32) -> u16 {
        let Some(contents) = self.disk.files.get(name) else { return NO_DATA };
        let start = record as usize * RECORD;
        if start >= contents.len() {
            return NO_DATA;
        }
        let mut bytes = [END_OF_TEXT; RECORD];
        let there = &contents[start..contents.len().min(start + RECORD)];
        bytes[..there.len()].copy_from_slice(there);
        self.to_dma(core, &bytes);
        OK
    }

    fn write<P: Ports>(&mut self, core: &Core<P>, name: &Name, record: u32) -> u16 {
        let Some(contents) = self.disk.files.get_mut(name) else { return NOT_FOUND };
        if record >= RECORDS {
            return DISK_FULL;
        }
        let start = record as usize * RECORD;
        if contents.len() < start {
            // The last record of a file put there from outside may not be full.
            contents.resize(contents.len().next_multiple_of(RECORD), END_OF_TEXT);
            contents.resize(start, 0);
        }
        contents.resize(contents.len().max(start + RECORD), END_OF_TEXT);
        let mut at = self.dma;
        for byte in &mut contents[start..start + RECORD] {
            *byte = core.memory().byte(at);
            at = at.wrapping_add(1);
        }
        OK
    }

    fn to_dma<P: Ports>(&self, core: &mut Core<P>, bytes: &[u8]) {
        let mut at = self.dma;
        for &byte in bytes {
            core.write(at, byte);
            at = at.wrapping_add(1);
        }
    }

    /// Makes `record` the one that sequential access takes next.
    fn seek<P: Ports>(&self, core: &mut Core<P>, fcb: u16, name: &Name, record: u32) {
        let first = record / EXTENT * EXTENT;
        let count = self.records(name).unwrap_or(0).saturating_sub(first).min(EXTENT);
        core.write(fcb.wrapping_add(EX), (record / EXTENT % MODULE) as u8);
        core.write(fcb.wrapping_add(S2), (record / EXTENT / MODULE) as u8);
        core.write(fcb.wrapping_add(RC), count as u8);
        core.write(fcb.wrapping_add(CR), (record % EXTENT) as u8);
    }

    fn records(&self, name: &Name) -> Option<u32> {
        self.disk.files.get(name).map(|contents| contents.len().div_ceil(RECORD) as u32)
    }
}

fn no_drive(number: u8) -> FaultKind {
    let letter = number.checked_add(b'A').filter(u8::is_ascii_uppercase);
    FaultKind::NoSuchDrive { drive: letter.map_or('?', char::from) }
}

fn found(yes: bool) -> u16 {
    if yes { OK } else { NOT_FOUND }
}

/// `?` in the pattern stands for any character.
fn matches(pattern: &Name, name: &Name) -> bool {
    pattern.iter().zip(name).all(|(&p, &n)| p == b'?' || p == n)
}

/// The upper bits of a name are attributes.
fn name_at<P: Ports>(core: &Core<P>, fcb: u16) -> Name {
    let mut at = fcb;
    [(); 11].map(|()| {
        at = at.wrapping_add(1);
        core.memory().byte(at) & 0x7F
    })
}

fn sequential<P: Ports>(core: &Core<P>, fcb: u16) -> u32 {
    let field = |offset: u16| u32::from(core.memory().byte(fcb.wrapping_add(offset)));
    ((field(S2) & 0x3F) * MODULE + (field(EX) & 0x1F)) * EXTENT + field(CR)
}

fn random<P: Ports>(core: &Core<P>, fcb: u16) -> u32 {
    let low = core.memory().word(fcb.wrapping_add(RANDOM));
    u32::from(low) | u32::from(core.memory().byte(fcb.wrapping_add(RANDOM + 2))) << 16
}

fn set_random<P: Ports>(core: &mut Core<P>, fcb: u16, record: u32) {
    for (offset, byte) in (RANDOM..).zip(&record.to_le_bytes()[..3]) {
        core.write(fcb.wrapping_add(offset), *byte);
    }
}
