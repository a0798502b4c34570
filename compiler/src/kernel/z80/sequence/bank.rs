//! Weights in banks of a large ROM or RAM, of which a window shows one at a time.
//!
//! Rows of a matrix that lie in one bank are a run. A product goes from run to run, and has the bank of each shown before: a
//! row is never cut. A matrix of which single rows are read begins where a row's number tells where it is: with a bank of a
//! ROM, or where a row would be if the bank had begun with some.
//!
//! Banks of RAM are few. What makes tokens and shows them lies there as well, in one bank, since nobody needs it while a
//! token runs through the network.

use super::buffers;
use super::emit::Emitter;
use crate::CompileError;
use crate::kernel::PAGE;
use crate::kernel::sequence::{Banked, Home, Page};
use crate::target::{Bank, Selector};
use serde::Serialize;
use std::collections::BTreeMap;

/// Rows that lie behind each other in a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// From the first bank for weights on.
    bank: usize,
    /// Bytes in front of it there.
    at: usize,
    rows: usize,
}

/// Where a matrix begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Anywhere,
    /// With a bank.
    Bank,
    /// Some rows behind the start of a bank.
    Row,
}

/// Where a matrix is whose rows are found by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    bank: usize,
    /// Rows that the bank could have before it.
    before: usize,
}

/// Banks as they grow.
#[derive(Debug, Default)]
pub struct Banks {
    bytes: Vec<u8>,
    /// Where matrices are, by their label.
    places: BTreeMap<String, Place>,
    /// What makes tokens and what else a token needs once, and the bank of weights that has it. `None`: it is in front of keys
    /// and values.
    text: Vec<(String, Vec<u8>)>,
    text_bank: Option<usize>,
    front: Vec<u8>,
}

impl Banks {
    /// Puts rows there, each in one bank of so many bytes.
    fn put(&mut self, name: &str, rows: &[Vec<u8>], size: usize, start: Start) -> Vec<Run> {
        let mut place = Place::default();
        match start {
            Start::Anywhere => {}
            Start::Bank => self.bytes.resize(self.bytes.len().next_multiple_of(size), 0),
            Start::Row => {
                let stride = rows[0].len();
                let (full, at) = (self.bytes.len() / size * size, self.bytes.len() % size);
                place.before = at.div_ceil(stride);
                match (place.before + 1) * stride <= size {
                    true => self.bytes.resize(full + place.before * stride, 0),
                    false => {
                        place.before = 0;
                        self.bytes.resize(full + size, 0);
                    }
                }
            }
        }
        place.bank = self.bytes.len() / size;
        self.places.insert(name.into(), place);
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
    /// The bank of its first row, as `select` counts them.
    bank: usize,
    /// Rows of a bank, and how many it could have before the first.
    rows: usize,
    before: usize,
    stride: usize,
    window: u16,
    /// `None`: a list has what the port is sent for each.
    register: Option<&'m u16>,
}

/// A register of a mapper, and the bank that is written there when the program starts.
#[derive(Serialize)]
pub struct Register {
    address: u16,
    bank: usize,
}

impl<'a> Emitter<'a> {
    /// What the program writes to the registers of a mapper when it starts.
    pub fn registers(&self) -> Vec<Register> {
        let others = match self.site.selector {
            Some(Selector::Register(mapper, _)) => &mapper.others[..],
            Some(Selector::Port { .. }) | None => &[],
        };
        others.iter().enumerate().map(|(bank, &address)| Register { address, bank }).collect()
    }

    /// Where the rows of a matrix are.
    pub fn home(&self, name: &str) -> Home {
        match self.site.selector {
            _ if self.is_filed(name) => Home::File,
            Some(_) => Home::Bank,
            None => Home::Image,
        }
    }

    /// Has a bank shown. A and BC are lost.
    fn show(&mut self, selector: Selector, bank: usize) {
        self.line(format!("ld a,{}", selector.select(bank)));
        match selector {
            Selector::Register(mapper, _) => self.line(format!("ld ({}),a", mapper.register)),
            Selector::Port { .. } => self.line("call show_page"),
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
        let Some(selector) = self.site.selector else { return Ok(None) };
        if rows[0].len() > selector.bank() {
            let stride = rows[0].len();
            return Err(self.unsupported(format!("rows of {stride} bytes in banks ({name})")));
        }
        // Rows of this one may be read alone: those of a tied embedding.
        let start = if name == "w_out" { found(selector) } else { Start::Anywhere };
        let runs = self.banks.put(name, rows, selector.bank(), start);
        for &Run { bank, at, rows } in &runs {
            self.show(selector, bank);
            self.lines(&[&format!("ld a,{}", rows % PAGE), "ld (rows_left),a"]);
            self.line(format!("ld hl,{}", usize::from(selector.address()) + at));
            self.line(format!("call {routine}"));
        }
        Ok(Some(runs.len()))
    }

    /// Rows of so many bytes that a bank has.
    pub fn rows_of_a_bank(&self, stride: usize) -> usize {
        self.site.selector.map_or(1, |selector| selector.bank() / stride).max(1)
    }

    /// Puts a matrix into banks of which single rows are read. `false`: it belongs into the image.
    pub fn rows_in_banks(&mut self, name: &str, rows: &[Vec<u8>]) -> bool {
        let Some(selector) = self.site.selector else { return false };
        self.banks.put(name, rows, selector.bank(), found(selector));
        true
    }

    /// Whether there are banks of RAM.
    pub fn has_pages(&self) -> bool {
        matches!(self.site.selector, Some(Selector::Port { .. }))
    }

    /// Constants of which a token needs few, behind a label: in a bank of RAM, where there are such. `show_text` has them shown.
    pub fn cold_data(&mut self, label: &str, bytes: impl IntoIterator<Item = u8>) {
        match self.has_pages() {
            true => self.banks.text.push((label.into(), bytes.into_iter().collect())),
            false => self.data(label, bytes),
        }
    }

    /// Puts these constants into a bank: that of keys and values if there is room, or behind the weights.
    ///
    /// # Errors
    /// More than a bank has.
    pub fn place_text(&mut self) -> Result<(), CompileError> {
        let Some(selector @ Selector::Port { .. }) = self.site.selector else { return Ok(()) };
        let parts = std::mem::take(&mut self.banks.text);
        let all = parts.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        if all > selector.bank() {
            return Err(self.unsupported(format!("a tokenizer of {all} bytes in a bank")));
        }
        let size = selector.bank();
        let mut address = usize::from(selector.address());
        let bytes = parts.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>();
        if selector.caches().is_some() && all + buffers::second(self).1 <= selector.bank() {
            self.banks.front = bytes;
        } else {
            let run = self.banks.put("text", &[bytes], size, Start::Anywhere)[0];
            self.banks.text_bank = Some(run.bank);
            address += run.at;
            if selector.shared().is_some() && self.banks.bytes.len().is_multiple_of(size) {
                // Keys and values have the next bank, then.
                self.banks.bytes.push(0);
            }
        }
        for (label, bytes) in parts {
            self.constant(&label, address);
            address += bytes.len();
        }
        Ok(())
    }

    /// Bytes in front of keys and values in their bank.
    pub fn front(&self) -> usize {
        match self.site.selector.filter(|selector| selector.shared().is_some()) {
            Some(selector) => self.banks.bytes.len() % selector.bank(),
            None => self.banks.front.len(),
        }
    }

    /// What the port is sent to have keys and values shown; `None` where they are with the other buffers.
    pub fn caches_select(&self) -> Option<u8> {
        let selector = self.site.selector?;
        match selector.shared() {
            // Behind the last bank it is any: such a program is refused.
            Some(banks) => Some(banks[(self.count(selector).max(1) - 1) % banks.len()].select.value),
            None => selector.caches().map(|bank| bank.select.value),
        }
    }

    /// What the window shows when a program is loaded that lies around it; `None` where it does not.
    pub fn first_page(&self) -> Option<Vec<u8>> {
        let selector = self.site.selector.filter(|selector| selector.is_inside(self.site.request.target))?;
        let bytes = if selector.caches().is_some() { &self.banks.front } else { &self.banks.bytes };
        Some(bytes.iter().copied().take(selector.bank()).collect())
    }

    /// What the port is sent to have those constants shown; `None` without banks of RAM.
    pub fn text_select(&self) -> Option<usize> {
        let selector = self.site.selector.filter(|_| self.has_pages())?;
        let caches = selector.caches().map(|bank| bank.select.value.into());
        self.banks.text_bank.map(|bank| selector.select(bank)).or(caches)
    }

    /// The routines that find rows in banks; nothing without any. `rows`: matrices of which single rows are read, and the
    /// bytes of a row.
    ///
    /// # Errors
    /// A damaged template.
    pub fn bank_code(&mut self, rows: &[(&'static str, usize)]) -> Result<String, CompileError> {
        let Some(selector) = self.site.selector else { return Ok(String::new()) };
        let mut code = String::new();
        for &(name, stride) in rows {
            let Place { bank, before } = self.banks.places[name];
            let (bank, register) = match selector {
                Selector::Register(mapper, _) => (selector.select(bank), Some(&mapper.register)),
                Selector::Port { .. } => (bank, None),
            };
            let (window, rows) = (selector.address(), selector.bank() / stride);
            let row = Row { name, bank, rows, before, stride, window, register };
            code += &self.call("bank.asm", "row", row)?;
        }
        Ok(code)
    }

    /// What selects each bank that has something in it from the start, and the bytes of the last one.
    pub fn selects(&self) -> (Vec<usize>, usize) {
        let Some(selector) = self.site.selector else { return (Vec::new(), 0) };
        let (count, size) = (self.count(selector), selector.bank());
        let mut selects: Vec<_> = (0..count).map(|bank| selector.select(bank)).collect();
        match selector.caches().filter(|_| !self.banks.front.is_empty()) {
            None => (selects, self.banks.bytes.len() - count.saturating_sub(1) * size),
            Some(caches) => {
                selects.push(caches.select.value.into());
                (selects, self.banks.front.len())
            }
        }
    }

    fn count(&self, selector: Selector) -> usize {
        self.banks.bytes.len().div_ceil(selector.bank())
    }

    /// What is in the banks; `None` without any.
    ///
    /// # Errors
    /// More banks than a register counts.
    pub fn banked(&mut self) -> Result<Option<Banked>, CompileError> {
        let Some(selector) = self.site.selector else { return Ok(None) };
        let (count, size) = (self.count(selector), selector.bank());
        let (first, pages) = match selector {
            Selector::Register(mapper, rom) => {
                let first = mapper.first_bank(rom);
                if count > selector.most() {
                    let most = first + selector.most();
                    return Err(
                        self.unsupported(format!("weights of more than {most} banks of {size} bytes"))
                    );
                }
                (first, Vec::new())
            }
            // Whether there are as many is said with the size of the rest.
            Selector::Port { weights, .. } => {
                let page = |bank: &Bank| Page {
                    name: bank.name.clone(),
                    select: bank.select.value,
                    window: bank.window,
                };
                let front = selector.caches().filter(|_| !self.banks.front.is_empty());
                (0, weights.iter().take(count).chain(front).map(page).collect())
            }
        };
        let caches = self.site.second_ram.map(|first| (first + self.front() as u16, buffers::second(self).1));
        let mut bytes = std::mem::take(&mut self.banks.bytes);
        if !self.banks.front.is_empty() {
            bytes.resize(count * size, 0);
            bytes.append(&mut self.banks.front);
        }
        Ok(Some(Banked { selector: selector.name(), first, pages, bank: size, bytes, caches }))
    }
}

/// Where a matrix begins whose rows are found by their numbers. A ROM has banks enough.
fn found(selector: Selector) -> Start {
    match selector {
        Selector::Register(..) => Start::Bank,
        Selector::Port { .. } => Start::Row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_crosses_the_end_of_a_bank_and_none_is_lost() {
        // The last three fill a bank to its last byte.
        let shapes =
            [(512, 41), (64, 111), (300, 5), (7, 100), (1, 1), (600, 1), (32, 64), (256, 8), (1, 2048)];
        for (count, stride) in shapes {
            let size = 256 * 8;
            let rows: Vec<Vec<u8>> = (0..count).map(|row| vec![row as u8; stride]).collect();
            let mut banks = Banks::default();
            banks.put("before", &[vec![9; 70]], size, Start::Anywhere);
            for start in [Start::Anywhere, Start::Bank, Start::Row, Start::Row] {
                let runs = banks.put("m", &rows, size, start);
                let Place { bank, before } = banks.places["m"];
                assert!(start != Start::Bank || (runs[0].at, before) == (0, 0));
                let mut row = 0;
                for run in runs {
                    assert!(run.at + run.rows * stride <= size && run.rows <= 256);
                    for number in 0..run.rows {
                        let at = run.bank * size + run.at + number * stride;
                        assert_eq!(banks.bytes[at..at + stride], rows[row], "row {row} of {count}");
                        // What `bank_row` computes.
                        let each = size / stride;
                        let place = (bank + (row + before) / each) * size + (row + before) % each * stride;
                        assert!(start == Start::Anywhere || place == at, "{start:?}: row {row} of {count}");
                        row += 1;
                    }
                }
                assert_eq!(row, count);
            }
        }
    }
}
