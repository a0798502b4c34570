//! The listing and the symbol map.

use std::fmt::Write;

use super::{Assembly, Line};

/// Bytes shown on one line of the listing.
const BYTES: usize = 8;

/// The width of [`BYTES`] bytes in hexadecimal.
const BYTES_WIDTH: usize = 3 * BYTES - 1;

impl Assembly {
    /// The source with addresses, bytes and T-states or cycles (`10`, or `12/7` for taken and not taken). `source` is the
    /// text that was assembled. Eight bytes to a line; longer runs of one value are shown as `00 x 256`.
    pub fn listing(&self, source: &str) -> String {
        let mut out = String::new();
        self.row(&mut out, "ADDR", "BYTES", "T", "SOURCE");
        let mut lines = self.lines.iter().peekable();
        for (text, number) in source.lines().zip(1u32..) {
            let text = text.trim_end();
            match lines.next_if(|line| line.number == number) {
                Some(line) => self.list(&mut out, line, text),
                None => self.row(&mut out, "", "", "", text),
            }
        }
        out
    }

    fn list(&self, out: &mut String, line: &Line, text: &str) {
        let address = self.address(line.address);
        let t_states = line.t_states.map_or_else(String::new, |t| t.to_string());
        let bytes = &self.bytes[line.bytes.clone()];
        if let Some(value) = line.value {
            return self.row(out, "", &format!("= {}", self.address(value)), "", text);
        }
        if bytes.len() > BYTES && bytes.iter().all(|byte| *byte == bytes[0]) {
            return self.row(out, &address, &format!("{:02X} x {}", bytes[0], bytes.len()), &t_states, text);
        }
        let (first, rest) = bytes.split_at(bytes.len().min(BYTES));
        self.row(out, &address, &hex(first), &t_states, text);
        for (chunk, index) in rest.chunks(BYTES).zip(1u32..) {
            self.row(out, &self.address(line.address + index * BYTES as u32), &hex(chunk), "", "");
        }
    }

    /// Every symbol as `ADDR name`, sorted by value, then by name.
    pub fn map(&self) -> String {
        let mut symbols: Vec<_> = self.table.iter().map(|(name, symbol)| (symbol.value, name)).collect();
        symbols.sort_unstable();
        let line = |out: String, (value, name)| out + &format!("{} {name}\n", self.address(value));
        symbols.into_iter().fold(String::new(), line)
    }

    fn row(&self, out: &mut String, address: &str, bytes: &str, t_states: &str, text: &str) {
        let start = out.len();
        let width = if self.wide { 6 } else { 4 };
        write!(out, "{address:<width$}  {bytes:<BYTES_WIDTH$}  {t_states:<5}  {text}")
            .expect("a String takes any text");
        out.truncate(start + out[start..].trim_end().len());
        out.push('\n');
    }

    /// Six digits tell the AVR's flash from its RAM.
    fn address(&self, address: u32) -> String {
        if self.wide { format!("{address:06X}") } else { format!("{address:04X}") }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}
