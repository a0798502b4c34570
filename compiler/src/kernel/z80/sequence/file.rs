//! Weights in a file beside a CP/M program, read in records of 128 bytes while it computes.
//!
//! The first record says whose file it is, and so does the last. Between them lie rows of which single ones are read (an
//! embedding, learnt positions), and then, from the start of a record on, matrices in the order in which a token multiplies
//! by them, without a gap. They are read in blocks of rows. What the last record of a block has of the next one is moved in
//! front of the buffer, so that a routine of rows finds each block as it would find it in the image.

use super::emit::Emitter;
use super::known;
use crate::CompileError;
use crate::arithmetic::hash::{FNV_START, fnv1a};
use crate::kernel::sequence::{Beside, Filed};
use crate::target::cpm;
use serde::Serialize;
use std::collections::BTreeMap;

/// Bytes of a record.
pub const RECORD: usize = 128;
/// T-states that a record takes: what `SET_DMA` and `READ` of Digital Research's BDOS 2.2 take with a BIOS that copies it
/// (docs/cpm.md), and the loop here.
pub const RECORD_TIME: f64 = 5840.0;
/// Bytes of a file that an entry of CP/M's directory has.
const EXTENT: usize = 16_384;
/// Bytes that say whose file it is.
const IDENTITY: usize = 16;
/// Most rows of a block: what a byte counts.
const MOST_ROWS: usize = 255;
/// Rows that fill whole records, whatever their bytes: so many are passed at once on the way to a single row.
pub const PASSED: usize = RECORD;
/// Longest rows of which so many have 16 bits of bytes.
const LONGEST_SINGLE: usize = (65_536 - RECORD) / PASSED;
/// Records of a file, whose numbers have 16 bits.
const MOST_RECORDS: usize = 65_536;
/// Bytes of what opens files: drive, name, and where it stands.
const BLANK: [u8; 24] = [0; 24];

/// Rows that are read at once: how many, the records for that, and the bytes that are left of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    rows: usize,
    records: usize,
    left: usize,
}

/// Cuts the rows of a matrix into blocks of at most `most` records beside the bytes that are `left` of the record before:
/// as many rows as there is room for, so that less than a row is left but behind the last. A row is not longer than that.
fn cut(mut rows: usize, stride: usize, most: usize, mut left: usize) -> Vec<Run> {
    let mut runs = Vec::new();
    while rows > 0 {
        let taken = ((left + most * RECORD) / stride).min(MOST_ROWS).min(rows);
        let records = (taken * stride).saturating_sub(left).div_ceil(RECORD);
        left = left + records * RECORD - taken * stride;
        rows -= taken;
        runs.push(Run { rows: taken, records, left });
    }
    runs
}

/// A file as it grows.
#[derive(Debug, Default)]
pub struct File {
    /// All but the first record and the last.
    bytes: Vec<u8>,
    /// Labels of lists of blocks, by the list.
    lists: BTreeMap<String, String>,
    /// Matrices that could be there, and those that are.
    matrices: Vec<Filed>,
    /// The first record that all tokens read.
    first: Option<usize>,
    /// Where matrices begin, by their label: bytes behind the first record.
    places: BTreeMap<String, usize>,
    /// Records of the largest block.
    largest: usize,
    /// Bytes that are left of the last record when the matrices so far have been read.
    left: usize,
}

#[derive(Serialize)]
struct Row {
    name: String,
    rows: usize,
    offset: usize,
    stride: usize,
    reads: usize,
}

#[derive(Serialize)]
struct Code {
    name: String,
    shown: String,
    last: usize,
    identity: Vec<u8>,
    blank: Vec<u8>,
}

impl File {
    /// A matrix that could be in the file: `bytes` in the image, and how many records a token reads of it there.
    fn note(&mut self, name: &str, bytes: usize, records: usize, inside: bool) {
        self.matrices.push(Filed { name: name.into(), bytes, reads: records, gain: records, inside });
    }

    /// Puts a matrix there.
    fn put(&mut self, name: &str, rows: &[Vec<u8>]) {
        self.places.insert(name.into(), self.bytes.len());
        rows.iter().for_each(|row| self.bytes.extend(row));
    }

    /// Up to the start of a record.
    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(RECORD), 0);
    }

    /// Whether it is longer than what CP/M has in one entry of its directory.
    pub fn has_extents(&self) -> bool {
        self.bytes.len() > EXTENT
    }

    /// Bytes of the largest block, and of what is read for a row.
    pub fn buffer(&self) -> usize {
        self.largest.max(1) * RECORD
    }

    /// What is beside the program. Its name and identity go into the program.
    fn finish(&mut self, name: &str, spare: usize) -> (Beside, Vec<u8>, usize) {
        let mut identity = b"mlc 1 ".to_vec();
        identity.extend(self.checksum().to_le_bytes());
        identity.resize(IDENTITY, b' ');
        let mark = || {
            let mut record = [&identity[..], b"\r\nweights of ", name.as_bytes(), b".COM\r\n\x1a"].concat();
            record.resize(RECORD, 0);
            record
        };
        self.pad();
        let spare = vec![0; RECORD * spare];
        let bytes = [mark(), std::mem::take(&mut self.bytes), spare, mark()].concat();
        let last = bytes.len() / RECORD - 1;
        (
            Beside { name: format!("{name}.DAT"), bytes, matrices: std::mem::take(&mut self.matrices) },
            identity,
            last,
        )
    }

    /// Of weights and of how they are read (64-bit FNV-1a).
    fn checksum(&self) -> u64 {
        let places = self.places.values().flat_map(|&at| (at as u32).to_le_bytes());
        let lists = self.lists.keys().flat_map(|list| list.bytes());
        fnv1a(FNV_START, self.bytes.iter().copied().chain(places).chain(lists))
    }
}

impl Emitter<'_> {
    /// Puts rows of a matrix that is multiplied into the file, and has them computed by `routine`. `false`: they belong
    /// into the image.
    ///
    /// # Errors
    /// A row that is longer than a block may be.
    pub fn product_in_file(
        &mut self,
        name: &str,
        rows: &[Vec<u8>],
        routine: &str,
    ) -> Result<bool, CompileError> {
        let Some(filing) = self.site.filing else { return Ok(false) };
        let inside = filing.inside.contains(name);
        let (stride, bytes) = (rows[0].len(), rows.iter().map(Vec::len).sum::<usize>());
        let most = filing.records;
        if stride > most * RECORD {
            return Err(self.long_rows(name, stride));
        }
        if self.file.first.is_none() {
            self.file.pad();
        }
        let at = self.file.bytes.len();
        let records = match inside {
            true => bytes.div_ceil(RECORD),
            false => (at + bytes).div_ceil(RECORD) - at.div_ceil(RECORD),
        };
        // The output is read once, whatever the rounds.
        let records = if name == "w_out" { records } else { records * self.site.body.rounds };
        self.file.note(name, bytes, records, inside);
        if inside {
            return Ok(false);
        }
        self.file.first.get_or_insert(at);
        self.file.put(name, rows);
        let runs = cut(rows.len(), stride, most, self.file.left);
        for run in &runs {
            self.file.largest = self.file.largest.max(run.records);
            self.file.left = run.left;
        }
        let runs_of: Vec<_> = runs.iter().map(|run| (run.records, run.left)).collect();
        let runs: Vec<_> =
            runs.iter().map(|Run { rows, records, left }| format!("{rows},{records},{left}")).collect();
        let number = self.file.lists.len();
        known::blocks(self.known.here(), (name, routine), rows.len(), &runs_of);
        let list =
            self.file.lists.entry(runs.join(",")).or_insert_with(|| format!("file_list_{number}")).clone();
        self.set("file_list", &list);
        self.label(&format!("{name}_block"));
        self.lines(&["call file_block", &format!("jr z,{name}_past"), &format!("call {routine}")]);
        self.line(format!("jr {name}_block"));
        self.label(&format!("{name}_past"));
        Ok(true)
    }

    /// Puts a matrix into the file of which single rows are read. `false`: it belongs into the image.
    ///
    /// # Errors
    /// A row that is longer than a block may be.
    pub fn rows_in_file(&mut self, name: &str, rows: &[Vec<u8>]) -> Result<bool, CompileError> {
        let Some(filing) = self.site.filing else { return Ok(false) };
        let inside = filing.inside.contains(name);
        self.file.note(name, rows.iter().map(Vec::len).sum(), reads(rows[0].len()), inside);
        if !inside {
            self.file.put(name, rows);
        }
        Ok(!inside)
    }

    fn long_rows(&self, name: &str, stride: usize) -> CompileError {
        self.unsupported(format!("rows of {stride} bytes in a file ({name})"))
    }

    /// Whether there is a file of weights, and this matrix is in it.
    pub fn is_filed(&self, name: &str) -> bool {
        self.site.filing.is_some_and(|filing| !filing.inside.contains(name))
    }

    /// The routines that read the file, and what is in it; nothing without one. `rows`: matrices of which single rows are
    /// read, and the bytes of a row.
    ///
    /// # Errors
    /// A damaged template.
    pub fn file_code(
        &mut self,
        rows: &[(&'static str, usize)],
    ) -> Result<(String, Option<Beside>), CompileError> {
        if self.site.filing.is_none() {
            return Ok((String::new(), None));
        }
        let rows: Vec<_> = rows.iter().filter(|(name, _)| self.is_filed(name)).collect();
        let mut spare = 0;
        let mut code = String::new();
        for &&(name, stride) in &rows {
            if stride > LONGEST_SINGLE {
                return Err(self.long_rows(name, stride));
            }
            let at = self.file.places[name];
            let reads = reads(stride);
            self.file.largest = self.file.largest.max(reads);
            spare = spare.max(reads);
            let row = Row { name: name.into(), rows: PASSED, offset: at % RECORD, stride, reads };
            code += &self.call("file.asm", "row", row)?;
            self.constant(&format!("{name}_record"), 1 + at / RECORD);
        }
        let first = self.file.first.unwrap_or(self.file.bytes.len());
        self.constant("file_first", 1 + first / RECORD);
        let name = self.site.request.demands.file.as_deref().unwrap_or(&self.site.request.model.head.name);
        let name = cpm::file_name(name);
        let (beside, identity, last) = self.file.finish(&name, spare);
        if last >= MOST_RECORDS {
            return Err(self.unsupported("a file of weights of more than 8 MB"));
        }
        let shown = beside.name.clone();
        let context = Code { name: format!("{name:<8}"), shown, last, identity, blank: BLANK.to_vec() };
        code += &self.call("file.asm", "code", context)?;
        for (runs, label) in std::mem::take(&mut self.file.lists) {
            self.text(&format!("{label}: db {runs},0\n"));
        }
        Ok((code, Some(beside)))
    }
}

/// Records that are read for a row of so many bytes, wherever it begins.
pub fn reads(stride: usize) -> usize {
    (RECORD - 1 + stride).div_ceil(RECORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_read_each_byte_once() {
        for (rows, stride, most) in
            [(512, 41, 9), (64, 111, 9), (3, 128, 1), (600, 5, 1), (7, 127, 2), (1, 1, 1)]
        {
            for left in [0, 1, 127] {
                let runs = cut(rows, stride, most, left);
                let records: usize = runs.iter().map(|run| run.records).sum();
                assert_eq!(runs.iter().map(|run| run.rows).sum::<usize>(), rows);
                let behind = runs.last().unwrap().left;
                assert_eq!(left + records * RECORD, rows * stride + behind);
                assert!(runs.iter().all(|run| run.left < RECORD && run.records <= most && run.rows <= 255));
                let full = &runs[..runs.len() - 1];
                assert!(full.iter().all(|run| run.left < stride || run.rows == 255), "{runs:?}");
            }
        }
    }
}
