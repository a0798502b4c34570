//! Aligns columns and groups digits, for people.

pub use mlc_compiler::words::{count, grouped};
use std::fmt::Write;
use std::io::{self, IsTerminal};

/// Columns of a line where nothing says how wide a terminal is.
const WIDTH: usize = 80;
/// Wider lines are hard to read; narrower ones are not worth folding for.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=100;
/// The least that a folded column has.
const FOLDED: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
    /// To the left, on as many lines as the width of the terminal asks for. One column of a table at most.
    Fold,
}

/// Columns of a line on standard output: those of the terminal, or [`WIDTH`].
pub fn width() -> usize {
    let terminal = if io::stdout().is_terminal() { terminal_size::terminal_size() } else { None };
    terminal.map_or(WIDTH, |(width, _)| usize::from(width.0).clamp(*WIDTHS.start(), *WIDTHS.end()))
}

/// Columns as wide as their widest cell, two spaces apart, a header on top unless all its cells are empty.
/// Short rows end early.
pub fn table(columns: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    within(width(), columns, rows)
}

/// The same on lines of at most `width` characters, if a column can be folded for it.
fn within(width: usize, columns: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let widest = |i: usize| {
        let cells = rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count());
        cells.chain([columns[i].0.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    let whole = widths.iter().sum::<usize>() + 2 * columns.len().saturating_sub(1);
    match columns.iter().position(|(_, align)| *align == Align::Fold) {
        Some(at) if whole > width => {
            let room = (width + widths[at]).saturating_sub(whole).max(FOLDED);
            let rows: Vec<Vec<String>> = rows.iter().flat_map(|row| folded(row, at, room)).collect();
            let widths = [&widths[..at], &[room], &widths[at + 1..]].concat();
            parted(aligned(&widths, columns, &rows))
        }
        Some(_) => parted(aligned(&widths, columns, rows)),
        None => aligned(&widths, columns, rows),
    }
}

/// A space at which neither a folded cell nor a line is parted: `11 %`.
pub const TIE: char = '\u{a0}';

fn parted(table: String) -> String {
    table.replace(TIE, " ")
}

/// A row on as many lines as its column `at` needs.
fn folded(row: &[String], at: usize, room: usize) -> Vec<Vec<String>> {
    let Some(cell) = row.get(at) else { return vec![row.to_vec()] };
    let mut lines = textwrap::wrap(cell, words(room)).into_iter().map(|line| line.into_owned());
    let mut first = row.to_vec();
    first[at] = lines.next().unwrap_or_default();
    let below = |line| std::iter::repeat_n(String::new(), at).chain([line]).collect();
    std::iter::once(first).chain(lines.map(below)).collect()
}

/// A line, on as many as the width of the terminal asks for; all but the first are indented. No word is parted.
pub fn fold(text: &str) -> String {
    fold_to(width(), text, "  ")
}

/// The same for a width, and with an indentation.
pub fn fold_to(width: usize, text: &str, indent: &str) -> String {
    textwrap::fill(text, words(width).break_words(false).subsequent_indent(indent)).replace(TIE, " ")
}

/// Lines that break at spaces only: `--option` and `z80-cpm` are words.
fn words(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

fn aligned(widths: &[usize], columns: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let header: Vec<String> = columns.iter().map(|(title, _)| title.to_string()).collect();
    let header = header.iter().any(|title| !title.is_empty()).then_some(&header);
    let mut out = String::new();
    for row in header.into_iter().chain(rows) {
        let start = out.len();
        for ((cell, &width), (_, align)) in row.iter().zip(widths).zip(columns) {
            // Writing to a String cannot fail.
            let _ = match align {
                Align::Left | Align::Fold => write!(out, "{cell:<width$}  "),
                Align::Right => write!(out, "{cell:>width$}  "),
            };
        }
        out.truncate(start + out[start..].trim_end().len());
        out.push('\n');
    }
    out
}

/// A figure that was computed, rounded: `343,052`; a dash where it is no number or has no end, which would otherwise show as
/// the largest integer.
pub fn whole(x: f64) -> String {
    let rounded = x.round();
    if (0.0..1e18).contains(&rounded) { grouped(rounded as u64) } else { "-".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_numbers_or_dashes() {
        let shown = [0.4, 1234.5, f64::INFINITY, f64::NAN, -3.0, 1e30].map(whole);
        assert_eq!(shown, ["0", "1,235", "-", "-", "-", "-"]);
    }

    #[test]
    fn columns_align_and_lines_have_no_trailing_space() {
        let rows = [vec!["fc1".into(), "12".into()], vec!["argmax".into(), "3".into()], vec!["x".into()]];
        let text = table(&[("layer", Align::Left), ("T", Align::Right)], &rows);
        assert_eq!(text, "layer    T\nfc1     12\nargmax   3\nx\n");
        assert_eq!(table(&[("", Align::Left)], &[vec!["a".into()]]), "a\n");
    }

    #[test]
    fn a_wide_column_is_folded() {
        let row = |cells: [&str; 3]| cells.map(str::to_string).to_vec();
        let rows = [row(["tinychat", "Small talk with an old home computer", "7"]), row(["x", "", "12"])];
        let columns = [("model", Align::Left), ("what it is", Align::Fold), ("n", Align::Right)];
        let text = within(40, &columns, &rows);
        let wants = "model     what it is                   n\n\
                     tinychat  Small talk with an old       7\n\
                     \x20         home computer\n\
                     x                                     12\n";
        assert_eq!(text, wants);
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        let wide = within(80, &columns, &rows);
        assert_eq!(wide.lines().count(), 3, "{wide}");
        assert_eq!(fold(&["--optimize"; 9].join(" ")).lines().count(), 2);
        // Nothing is folded to less than can be read.
        assert!(within(10, &columns, &rows).contains("Small talk with "));
    }
}
