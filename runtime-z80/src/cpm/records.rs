//! Records of files: reading, writing, and where an FCB stands.

use super::disk::{File, Key, Lack, RECORD};
use super::fcb::{self, CR, EX, EXTENT, MODULE, RC, S2};
use super::files::{Files, NOT_FOUND, OK};
use crate::core::Core;
use crate::end::FaultKind;

const END_OF_TEXT: u8 = 0x1A;
/// Records in the largest file.
const RECORDS: u32 = 65_536;

/// Results in A.
const NO_DATA: u16 = 1;
const DISK_FULL: u16 = 2;
const NO_EXTENT: u16 = 4;
const NO_ENTRY_AT_RANDOM: u16 = 5;
const PAST_THE_DISK: u16 = 6;

impl Files {
    pub(super) fn at_random(
        &mut self,
        number: u8,
        core: &mut Core,
        fcb: u16,
        key: &Key,
    ) -> Result<u16, FaultKind> {
        let record = fcb::random(core, fcb);
        if record >= RECORDS {
            return Ok(PAST_THE_DISK);
        }
        self.seek(core, fcb, key, record);
        if number != 33 {
            // A hole reads as zeros here, so 40, which promises them for a new block, is the same.
            return self.write(core, key, record, NO_ENTRY_AT_RANDOM);
        }
        let extents = self.disk.files.get(key).map_or(0, File::extents);
        let beyond = (record / EXTENT) as usize >= extents;
        Ok(if beyond { NO_EXTENT } else { self.read(core, key, record) })
    }

    pub(super) fn read(&self, core: &mut Core, key: &Key, record: u32) -> u16 {
        let Some(File { contents, .. }) = self.disk.files.get(key) else { return NO_DATA };
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

    /// `no_entry` is the result where the directory is full.
    pub(super) fn write(
        &mut self,
        core: &Core,
        key: &Key,
        record: u32,
        no_entry: u16,
    ) -> Result<u16, FaultKind> {
        self.check_writable(key)?;
        let Some(file) = self.disk.files.get(key) else { return Ok(NOT_FOUND) };
        if record >= RECORDS {
            return Ok(DISK_FULL);
        }
        let start = record as usize * RECORD;
        match self.disk.lacks(key, file.contents.len().max(start + RECORD)) {
            Some(Lack::Blocks) => return Ok(DISK_FULL),
            Some(Lack::Entries) => return Ok(no_entry),
            None => {}
        }
        let Some(File { contents, .. }) = self.disk.files.get_mut(key) else { return Ok(NOT_FOUND) };
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
        Ok(OK)
    }

    pub(super) fn to_dma(&self, core: &mut Core, bytes: &[u8]) {
        let mut at = self.dma;
        for &byte in bytes {
            core.write(at, byte);
            at = at.wrapping_add(1);
        }
    }

    /// Makes `record` the one that sequential access takes next.
    pub(super) fn seek(&self, core: &mut Core, fcb: u16, key: &Key, record: u32) {
        let first = record / EXTENT * EXTENT;
        let records = self.disk.files.get(key).map_or(0, File::records);
        let count = records.saturating_sub(first).min(EXTENT);
        fcb::set(core, fcb, EX, (record / EXTENT % MODULE) as u8);
        fcb::set(core, fcb, S2, (record / EXTENT / MODULE) as u8);
        fcb::set(core, fcb, RC, count as u8);
        fcb::set(core, fcb, CR, (record % EXTENT) as u8);
    }
}
