//! Weights in banks of a large ROM, of which a window shows one at a time.
//!
//! Rows of a matrix that lie in one bank are a run. A product goes from run to run, and has the bank of each shown before: a
//! row is never cut. Matrices of which single rows are read begin with a bank, so that a row's number tells where it is.

use super::buffers;
use super::emit::Emitter;
use crate::CompileError;
use crate::kernel::PAGE;
use crate::kernel::sequence::{Banked, Home};
use crate::target::{Mapper, Rom};
use serde::Serialize;
use std::collections::BTreeMap;

/// Banks whose numbers a register holds.
const MOST_BANKS: usize = 256;

/// Rows that lie behind each other in a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// From the first bank for weights on.
    bank: usize,
    /// Bytes in front of it there.
    at: usize,
    rows: usize,
}

/// Banks as they grow.
#[derive(Debug, Default)]
pub struct Banks {
    bytes: Vec<u8>,
    /// The banks that matrices begin with, by their label.
    places: BTreeMap<String, usize>,
}

impl Banks {
    /// Puts rows there, each in one bank of so many bytes. `aligned`: they begin with a bank.
    fn put(&mut self, name: &str, rows: &[Vec<u8>], size: usize, aligned: bool) -> Vec<Run> {
        if aligned {
            self.bytes.resize(self.bytes.len().next_multiple_of(size), 0);
        }
        self.places.insert(name.into(), self.bytes.len() / size);
        let mut runs: Vec<Run> = Vec::new();
        for row in rows {
            if self.bytes.len() % size + row.len() > size {
                self.bytes.resize(self.bytes.len().next_multiple_of(size), 0);
            }
            let (bank, at) = (self.bytes.len() / size, self.bytes.len() % size);
            match runs.last_mut() {
                // What counts rows is a byte.
                Some(run) if run.bank == bank && run.rows < PAGE => run.rows += 1,
                _ => runs.push(Run { bank, at, rows: 1 }),
            }
            self.bytes.extend(row);
        }
        runs
    }
}

#[derive(Serialize)]
struct Row<'m> {
    name: &'static str,
    /// The bank of its first row.
    bank: usize,
    /// Rows of a bank.
    rows: usize,
    stride: usize,
    window: u16,
    register: &'m u16,
}

/// A register of a mapper, and the bank that is written there when the program starts.
#[derive(Serialize)]
pub struct Register {
    address: u16,
    bank: usize,
}

impl<'a> Emitter<'a> {
    /// What shows banks, with the ROM that it is for.
    fn mapper(&self) -> Option<(&'a Mapper, &'a Rom)> {
        self.site.mapper.zip(self.site.request.target.rom.as_ref())
    }

    /// What the program writes to the registers of the mapper when it starts.
    pub fn registers(&self) -> Vec<Register> {
        let others = self.mapper().map_or(&[][..], |(mapper, _)| &mapper.others);
        others.iter().enumerate().map(|(bank, &address)| Register { address, bank }).collect()
    }

    /// Where the rows of a matrix are.
    pub fn home(&self, name: &str) -> Home {
        match self.site.mapper {
            _ if self.is_filed(name) => Home::File,
            Some(_) => Home::Bank,
            None => Home::Image,
        }
    }

    /// Puts rows of a matrix that is multiplied into banks, and has them computed by `routine`. Gives how many runs of rows
    /// they are; `None`: they belong into the image.
    ///
    /// # Errors
    /// A row that is longer than a bank.
    pub fn product_in_banks(
        &mut self,
        name: &str,
        rows: &[Vec<u8>],
        routine: &str,
    ) -> Result<Option<usize>, CompileError> {
        let Some((mapper, rom)) = self.mapper() else { return Ok(None) };
        if rows[0].len() > mapper.bank.into() {
            let stride = rows[0].len();
            return Err(self.unsupported(format!("rows of {stride} bytes in banks ({name})")));
        }
        // Rows of this one may be read alone: those of a tied embedding.
        let aligned = name == "w_out";
        let runs = self.banks.put(name, rows, mapper.bank.into(), aligned);
        for &Run { bank, at, rows } in &runs {
            self.line(format!("ld a,{}", mapper.first_bank(rom) + bank));
            self.line(format!("ld ({}),a", mapper.register));
            self.lines(&[&format!("ld a,{}", rows % PAGE), "ld (rows_left),a"]);
            self.line(format!("ld hl,{}", usize::from(mapper.window) + at));
            self.line(format!("call {routine}"));
        }
        Ok(Some(runs.len()))
    }

    /// Rows of so many bytes that a bank has.
    pub fn rows_of_a_bank(&self, stride: usize) -> usize {
        self.mapper().map_or(1, |(mapper, _)| usize::from(mapper.bank) / stride).max(1)
    }

    /// Puts a matrix into banks of which single rows are read. `false`: it belongs into the image.
    pub fn rows_in_banks(&mut self, name: &str, rows: &[Vec<u8>]) -> bool {
        let Some((mapper, _)) = self.mapper() else { return false };
        self.banks.put(name, rows, mapper.bank.into(), true);
        true
    }

    /// The routines that find rows in banks, and what is in the banks; nothing without any. `rows`: matrices of which
    /// single rows are read, and the bytes of a row.
    ///
    /// # Errors
    /// More banks than a register counts; a damaged template.
    pub fn bank_code(
        &mut self,
        rows: &[(&'static str, usize)],
    ) -> Result<(String, Option<Banked>), CompileError> {
        let Some((mapper, rom)) = self.mapper() else { return Ok((String::new(), None)) };
        let (size, first) = (usize::from(mapper.bank), mapper.first_bank(rom));
        let mut code = String::new();
        for &(name, stride) in rows {
            let bank = first + self.banks.places[name];
            let (window, register) = (mapper.window, &mapper.register);
            let row = Row { name, bank, rows: size / stride, stride, window, register };
            code += &self.call("bank.asm", "row", row)?;
        }
        let bytes = std::mem::take(&mut self.banks.bytes);
        let caches = self.site.second_ram.map(|first| (first, buffers::second(self).1));
        if first + bytes.len().div_ceil(size) > MOST_BANKS {
            return Err(self.unsupported(format!("weights of more than {MOST_BANKS} banks of {size} bytes")));
        }
        Ok((code, Some(Banked { mapper: mapper.name.clone(), first, bank: size, bytes, caches })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_crosses_the_end_of_a_bank_and_none_is_lost() {
        for (count, stride) in [(512, 41), (64, 111), (300, 5), (7, 100), (1, 1), (600, 1)] {
            let size = 256 * 8;
            let rows: Vec<Vec<u8>> = (0..count).map(|row| vec![row as u8; stride]).collect();
            let mut banks = Banks::default();
            banks.put("before", &[vec![9; 70]], size, false);
            for aligned in [false, true] {
                let runs = banks.put("m", &rows, size, aligned);
                assert!(!aligned || runs[0].at == 0);
                let mut row = 0;
                for run in runs {
                    assert!(run.at + run.rows * stride <= size && run.rows <= 256);
                    for number in 0..run.rows {
                        let at = run.bank * size + run.at + number * stride;
                        assert_eq!(banks.bytes[at..at + stride], rows[row], "row {row} of {count}");
                        // What `bank_row` computes.
                        let each = size / stride;
                        let place = (banks.places["m"] + row / each) * size + row % each * stride;
                        assert!(!aligned || place == at);
                        row += 1;
                    }
                }
                assert_eq!(row, count);
            }
        }
    }
}
