//! Examples in a `.csv`: a row a line, separators and line ends inside of quotes.

use super::{Columns, Examples, MAX_BYTES, Values, bad, column};
use crate::import::sensors::error::NetworkProblem;
use crate::import::table::line_of;
use crate::shown::shown;
use crate::words::count;
use csv::{ReaderBuilder, StringRecord};

/// Most rows of a table.
const MAX_ROWS: usize = 1 << 20;
/// What stands for a value that is missing, in small letters.
const MISSING: [&str; 6] = ["", "?", "na", "n/a", "nan", "null"];

/// Rows that are read so far.
#[derive(Default)]
struct Table {
    rows: usize,
    values: Vec<f64>,
    labels: Vec<String>,
    lines: Vec<usize>,
}

pub fn read(bytes: &[u8], columns: Columns) -> Result<Examples, NetworkProblem> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bad("neither an .npz nor text in UTF-8");
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = separator(text);
    if let Some(line) = open_quote(text, separator) {
        return bad(format!("line {line}: a quote that begins here is not closed"));
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .comment(None)
        .from_reader(text.as_bytes());
    let mut layout: Option<Layout> = None;
    let mut table = Table::default();
    for row in reader.records() {
        let mut row = row.map_err(|e| NetworkProblem::Data(e.to_string()))?;
        let line = row.position().map_or(1, |place| line_of(text, place));
        row.trim();
        // An empty line is a row without cells, or with one that is empty.
        if row.iter().all(str::is_empty) && row.len() <= 1 {
            continue;
        }
        let known = match &layout {
            Some(known) => known,
            None => {
                let found = layout.insert(Layout::of(&row, columns)?);
                if found.named {
                    continue;
                }
                found
            }
        };
        table.push(&row, line, known)?;
    }
    let Some(Layout { numbers, labelled, names, .. }) = layout else { return Err(NetworkProblem::NoRows) };
    let Table { rows, values, labels, lines } = table;
    let labels = labelled.then_some(labels);
    let (values, expected, notes) = (Values::Reals(values), Vec::new(), Vec::new());
    Ok(Examples { rows, width: numbers, values, columns: names, labels, expected, lines, notes })
}

/// The separator: a semicolon or a tab where the first line has one outside of quotes, else a comma.
fn separator(text: &str) -> u8 {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let outside: String = line.split('"').step_by(2).collect();
    [b';', b'\t'].into_iter().find(|&c| outside.contains(char::from(c))).unwrap_or(b',')
}

/// The line on which a quote begins that nothing closes. One begins where a cell does; two behind each other are a quote in it.
fn open_quote(text: &str, separator: u8) -> Option<usize> {
    let (mut line, mut begins, mut open) = (1, true, None);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, open) {
            (b'"', Some(_)) if bytes.peek() == Some(&b'"') => _ = bytes.next(),
            (b'"', Some(_)) => open = None,
            (b'"', None) if begins => open = Some(line),
            _ => {}
        }
        line += usize::from(byte == b'\n');
        begins = open.is_none() && (byte == separator || byte == b'\n' || byte == b'\r');
    }
    open
}

/// What the columns are.
struct Layout {
    cells: usize,
    /// Columns of numbers, which come first.
    numbers: usize,
    labelled: bool,
    /// Whether the first row names them.
    named: bool,
    names: Vec<String>,
}

impl Layout {
    /// A header has no number among the names of its numbers. A row with some is one of data, and what is no number in
    /// it is said.
    fn of(first: &StringRecord, columns: Columns) -> Result<Self, NetworkProblem> {
        let cells = first.len();
        let (numbers, labelled) = match columns {
            Columns::Numbers(2..) | Columns::Labelled if cells == 1 && parts(first).is_some() => {
                let by = parts(first).unwrap_or_default();
                return bad(format!(
                    "{by} stand between the values of the first line: a comma, a semicolon or a tab is read"
                ));
            }
            Columns::Numbers(wants) if cells != wants && cells != wants + 1 => {
                return Err(NetworkProblem::Columns { found: cells, wants });
            }
            Columns::Numbers(inputs) => (inputs, cells > inputs),
            Columns::Labelled if cells < 2 => {
                return bad("there is one column only, and the last one is the label: no number is left");
            }
            Columns::Labelled => (cells - 1, true),
        };
        let is_number = |cell: &str| cell.parse::<f64>().is_ok() || is_missing(cell);
        let is_name = |cell: &str| cell.is_empty() || !is_number(cell);
        let named = first.iter().take(numbers).all(is_name) && first.iter().any(|cell| !cell.is_empty());
        let names = if named { first.iter().take(numbers).map(str::to_string).collect() } else { Vec::new() };
        Ok(Self { cells, numbers, labelled, named, names })
    }
}

/// What parts a row of one cell, if something does that separates no cells.
fn parts(row: &StringRecord) -> Option<&'static str> {
    let cell = row.get(0)?;
    match () {
        () if cell.contains('|') => Some("bars (|)"),
        () if cell.split_whitespace().count() > 1 => Some("spaces"),
        () => None,
    }
}

fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell.to_ascii_lowercase().as_str())
}

impl Table {
    fn push(&mut self, row: &StringRecord, line: usize, layout: &Layout) -> Result<(), NetworkProblem> {
        if row.len() != layout.cells {
            let (found, wants) = (count(row.len(), "value"), layout.cells);
            return bad(format!("line {line} has {found}, the first has {wants}"));
        }
        if self.rows == MAX_ROWS {
            return bad(format!("line {line}: more than {MAX_ROWS} rows"));
        }
        if (self.values.len() + layout.numbers) * size_of::<f64>() > MAX_BYTES {
            return bad(format!("line {line}: more than 64 MiB of numbers: take a part of the rows"));
        }
        for (at, cell) in row.iter().take(layout.numbers).enumerate() {
            self.values.push(number(cell).map_err(|what| NetworkProblem::Cell {
                line,
                column: column(at, &layout.names),
                what,
            })?);
        }
        if let Some(label) = row.get(layout.numbers) {
            if label.is_empty() {
                let column = column(layout.numbers, &[]);
                return Err(NetworkProblem::Cell { line, column, what: "the label is missing".into() });
            }
            self.labels.push(label.to_string());
        }
        self.lines.push(line);
        self.rows += 1;
        Ok(())
    }
}

/// The number of a cell.
fn number(cell: &str) -> Result<f64, String> {
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ if is_missing(cell) => Err(match cell {
            "" => "the value is missing".into(),
            cell => format!("the value is missing (\"{}\")", shown(cell)),
        }),
        Ok(_) => Err(format!("\"{}\" is larger than any number", shown(cell))),
        Err(_) if cell.replacen(',', ".", 1).parse::<f64>().is_ok() => {
            Err(format!("\"{}\" has a comma for the decimal point", shown(cell)))
        }
        Err(_) => Err(format!("\"{}\" is no number", shown(cell))),
    }
}

#[cfg(test)]
mod tests {
    use super::open_quote;

    #[test]
    fn a_quote_that_is_not_closed_is_found() {
        for (text, wants) in [
            ("1,\"a\"\n2,\"b\"\n", None),
            ("1,\"a \"\" b\"\n", None),
            ("5\" pipe,a\n", None),
            ("1,\"two\nlines\"\n2,b\n", None),
            ("1,a\n2,\"b\n3,c\n", Some(2)),
            ("1,a\n2,\"b", Some(2)),
            ("\"1,a\n2,\"\"b", Some(1)),
        ] {
            assert_eq!(open_quote(text, b','), wants, "{text}");
        }
    }
}
