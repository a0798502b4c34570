//! A program's text, with the addresses of its lines and labels.

use mlc_compiler::asm::Assembly;

/// A line of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: usize,
    /// Of its first byte, or of the next one to come.
    pub address: Option<u32>,
    /// How many bytes it became.
    pub length: usize,
    /// What its instruction costs, as listings say it; empty if it has none.
    pub timing: String,
    pub text: String,
}

/// A name for an address of the program. Constants are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub address: u32,
    pub name: String,
}

/// Lines and labels, in the order of the text. A symbol file has no lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    pub lines: Vec<Line>,
    pub labels: Vec<Label>,
}

impl Source {
    /// `text` is what was assembled.
    pub fn assembled(assembly: &Assembly, text: &str) -> Self {
        let mut source = Self::default();
        let mut assembled = assembly.lines.iter().peekable();
        for (number, text) in (1..).zip(text.lines()) {
            let line = assembled.next_if(|line| line.number as usize == number);
            let is_constant = line.is_some_and(|line| line.value.is_some());
            let line = line.filter(|_| !is_constant);
            source.push(Line {
                number,
                address: line.map(|line| line.address),
                length: line.map_or(0, |line| line.bytes.len()),
                timing: line.and_then(|line| line.t_states).map(|t| t.to_string()).unwrap_or_default(),
                text: text.trim_end().to_string(),
            });
        }
        source
    }

    /// Reads a listing as mlc writes it, and the bytes in it. `None`: it is no such listing.
    pub fn listing(text: &str) -> Option<(Self, Vec<(u32, u8)>)> {
        let mut rows = text.lines();
        let head = rows.next()?;
        let column = |title: &str| head.find(title);
        let columns = (head.starts_with("ADDR").then_some(()).and(column("BYTES"))?, column(" T ")? + 1);
        let (bytes_at, timing_at, text_at) = (columns.0, columns.1, column("SOURCE")?);
        if bytes_at > timing_at || timing_at > text_at {
            return None;
        }
        let mut source = Self::default();
        let mut image = Vec::new();
        for row in rows {
            let cell = |from: usize, to: usize| row.get(from..to.min(row.len())).unwrap_or("").trim();
            let (address, bytes, timing) =
                (cell(0, bytes_at), cell(bytes_at, timing_at), cell(timing_at, text_at));
            let text = row.get(text_at..).unwrap_or("");
            let address = match address {
                "" => None,
                digits => Some(u32::from_str_radix(digits, 16).ok()?),
            };
            let bytes = if bytes.starts_with('=') { Vec::new() } else { byte_list(bytes)? };
            image.extend((address.unwrap_or(0)..).zip(bytes.iter().copied()));
            match source.lines.last_mut() {
                // A line with many bytes goes on.
                Some(last) if address.is_some() && text.is_empty() => last.length += bytes.len(),
                _ => {
                    let number = source.lines.len() + 1;
                    let (timing, text) = (timing.to_string(), text.to_string());
                    source.push(Line { number, address, length: bytes.len(), timing, text });
                }
            }
        }
        Some((source, image))
    }

    /// Reads a symbol file as mlc writes it: `ADDR name` lines. `None`: it is none.
    pub fn map(text: &str) -> Option<Self> {
        let label = |line: &str| {
            let (address, name) = line.split_once(' ')?;
            let address = u32::from_str_radix(address, 16).ok()?;
            Some(Label { address, name: name.trim().to_string() })
        };
        let labels: Vec<Label> = text.lines().map(label).collect::<Option<_>>()?;
        (!labels.is_empty()).then_some(Self { lines: Vec::new(), labels })
    }

    fn push(&mut self, line: Line) {
        if let (Some(address), Some(name)) = (line.address, label(&line.text)) {
            let name = match name.strip_prefix('.') {
                // A local label belongs to the label above it.
                Some(_) => {
                    let above = self.labels.last().map_or("", |label| &label.name);
                    format!("{}{name}", above.split('.').next().unwrap_or(""))
                }
                None => name.to_string(),
            };
            self.labels.push(Label { address, name });
        }
        self.lines.push(line);
    }
}

/// The label that a line defines, if it is one with a name.
fn label(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(':')?;
    let part = |c: char| c.is_ascii_alphanumeric() || "_.$?@".contains(c);
    let named = name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(part);
    named.then_some(name)
}

/// `C3 00 01`, or `00 x 256`.
fn byte_list(cell: &str) -> Option<Vec<u8>> {
    let byte = |digits: &str| u8::from_str_radix(digits, 16).ok();
    if let Some((value, times)) = cell.split_once(" x ") {
        return Some(vec![byte(value)?; times.parse::<u16>().ok()?.into()]);
    }
    cell.split_whitespace().map(byte).collect()
}
