//! Weights in a file beside a CP/M program, read in records of 128 bytes while it computes.
//!
//! The first record says whose file it is, and so does the last. Between them lie rows of which single ones are read (an
//! embedding, learnt positions), and then matrices in the order in which a token multiplies by them: each in blocks of
//! rows, and each block from the start of a record on, so that a routine of rows finds a block as it would find it in the
//! image.

use super::emit::Emitter;
use crate::CompileError;
use crate::kernel::sequence::{Beside, Filed};
use crate::target::cpm;
use serde::Serialize;
use std::collections::BTreeMap;

/// Bytes of a record.
pub const RECORD: usize = 128;
/// T-states that a record takes: what `SET_DMA` and `READ` of Digital Research's BDOS 2.2 take with a BIOS that copies it
/// (docs/cpm.md), and the loop here.
pub const RECORD_TIME: f64 = 5850.0;
/// T-states around a block.
const BLOCK_TIME: f64 = 260.0;
/// Bytes that say whose file it is.
const IDENTITY: usize = 16;
/// Most rows of a block: what a byte counts.
const MOST_ROWS: usize = 255;
/// Records of a file, whose numbers have 16 bits.
const MOST_RECORDS: usize = 65_536;
/// Bytes of what opens files: drive, name, and where it stands.
const BLANK: [u8; 24] = [0; 24];

/// How rows of a matrix are cut into blocks: `rows` in `records` each, and what is left in a last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub rows: usize,
    pub records: usize,
}

impl Cut {
    /// The cut that takes least time, with blocks of at most `most` records. `None`: a row does not fit.
    pub fn best(rows: usize, stride: usize, most: usize) -> Option<Self> {
        let longest = (most * RECORD / stride).min(MOST_ROWS).min(rows);
        let cut = |rows: usize| Self { rows, records: (rows * stride).div_ceil(RECORD) };
        let time = |cut: &Self| {
            let blocks = cut.blocks(rows, stride);
            let records: usize = blocks.iter().map(|(count, records, _)| count * records).sum();
            let count: usize = blocks.iter().map(|(count, ..)| count).sum();
            records as f64 * RECORD_TIME + count as f64 * BLOCK_TIME
        };
        (1..=longest).map(cut).min_by(|a, b| time(a).total_cmp(&time(b)))
    }

    /// Runs of blocks: how many, their records, their rows.
    pub fn blocks(self, rows: usize, stride: usize) -> Vec<(usize, usize, usize)> {
        let left = rows % self.rows;
        let mut runs = vec![(rows / self.rows, self.records, self.rows)];
        if left > 0 {
            runs.push((1, (left * stride).div_ceil(RECORD), left));
        }
        // A byte counts blocks.
        runs.into_iter().flat_map(|run| split(run, MOST_ROWS)).collect()
    }
}

fn split((count, records, rows): (usize, usize, usize), most: usize) -> Vec<(usize, usize, usize)> {
    let parts = count.div_ceil(most);
    (0..parts).map(|part| (most.min(count - part * most), records, rows)).collect()
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
    /// Where matrices begin, by their label, and how they are cut.
    places: BTreeMap<String, (usize, Cut)>,
    /// Records of the largest block.
    largest: usize,
}

#[derive(Serialize)]
struct Row {
    name: String,
    rows: usize,
    records: usize,
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
        self.matrices.push(Filed { name: name.into(), bytes, records, inside });
    }

    /// Records so far, the first one included.
    fn records(&self) -> usize {
        1 + self.bytes.len() / RECORD
    }

    /// Puts a matrix there; gives its first record.
    fn put(&mut self, name: &str, rows: &[Vec<u8>], cut: Cut) -> usize {
        let at = self.records();
        for block in rows.chunks(cut.rows) {
            self.bytes.extend(block.concat());
            self.bytes.resize(self.bytes.len().next_multiple_of(RECORD), 0);
        }
        self.largest = self.largest.max(cut.records);
        self.places.insert(name.into(), (at, cut));
        at
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
        let spare = vec![0; RECORD * spare];
        let bytes = [mark(), std::mem::take(&mut self.bytes), spare, mark()].concat();
        let last = bytes.len() / RECORD - 1;
        (
            Beside { name: format!("{name}.DAT"), bytes, matrices: std::mem::take(&mut self.matrices) },
            identity,
            last,
        )
    }

    /// Of weights and of how they are cut (64-bit FNV-1a).
    fn checksum(&self) -> u64 {
        let cuts = self.places.values().flat_map(|(at, cut)| [*at, cut.rows, cut.records]);
        let cuts = cuts.flat_map(|n| (n as u32).to_le_bytes());
        self.bytes
            .iter()
            .copied()
            .chain(cuts)
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
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
        let cut = self.cut(name, rows)?;
        let blocks = cut.blocks(rows.len(), rows[0].len());
        let records: usize = blocks.iter().map(|(count, records, _)| count * records).sum();
        // The output is read once, whatever the rounds.
        let records = if name == "w_out" { records } else { records * self.site.body.rounds };
        self.file.note(name, rows.iter().map(Vec::len).sum(), records, inside);
        if inside {
            return Ok(false);
        }
        let at = self.file.put(name, rows, cut);
        self.file.first.get_or_insert(at);
        let runs: Vec<_> =
            blocks.iter().map(|(count, records, rows)| format!("{count},{records},{rows}")).collect();
        let number = self.file.lists.len();
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
            let cut = self.cut(name, rows)?;
            self.file.put(name, rows, cut);
        }
        Ok(!inside)
    }

    fn cut(&self, name: &str, rows: &[Vec<u8>]) -> Result<Cut, CompileError> {
        let most = self.site.filing.map_or(1, |filing| filing.records);
        let cut = Cut::best(rows.len(), rows[0].len(), most);
        cut.ok_or_else(|| self.unsupported(format!("rows of {} bytes in a file ({name})", rows[0].len())))
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
            let (at, Cut { rows, records }) = self.file.places[name];
            let reads = reads(stride);
            self.file.largest = self.file.largest.max(reads);
            spare = spare.max(reads);
            code += &self.call("file.asm", "row", Row { name: name.into(), rows, records, stride, reads })?;
            self.constant(&format!("{name}_record"), at);
        }
        let first = self.file.first.unwrap_or_else(|| self.file.records());
        self.constant("file_first", first);
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
fn reads(stride: usize) -> usize {
    (RECORD - 1 + stride).div_ceil(RECORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_so_that_records_are_full() {
        let cut = Cut::best(512, 41, 16).unwrap();
        let records: usize = cut.blocks(512, 41).iter().map(|(count, records, _)| count * records).sum();
        assert!(records <= (512usize * 41).div_ceil(RECORD) + 2, "{cut:?}: {records} records");
        assert_eq!(Cut::best(3, 300, 2), None);
        assert_eq!(Cut::best(1, 128, 1), Some(Cut { rows: 1, records: 1 }));
        assert_eq!(Cut { rows: 2, records: 1 }.blocks(5, 50), [(2, 1, 2), (1, 1, 1)]);
        let blocks = Cut { rows: 1, records: 1 }.blocks(600, 100);
        assert_eq!(blocks.iter().map(|(count, ..)| count).sum::<usize>(), 600);
        assert!(blocks.iter().all(|(count, ..)| (1..=255).contains(count)));
    }
}
