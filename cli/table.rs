//! Aligns columns and groups digits, for people.

pub use mlc_compiler::words::{count, grouped};
use std::fmt::Write;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Columns as wide as their widest cell, two spaces apart, a header on top unless all its cells are empty.
/// Short rows end early.
pub fn table(columns: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let width = |i: usize| {
        let cells = rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count());
        cells.chain([columns[i].0.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let header: Vec<String> = columns.iter().map(|(title, _)| title.to_string()).collect();
    let header = header.iter().any(|title| !title.is_empty()).then_some(&header);
    let mut out = String::new();
    for row in header.into_iter().chain(rows) {
        let start = out.len();
        for ((cell, &width), (_, align)) in row.iter().zip(&widths).zip(columns) {
            // Writing to a String cannot fail.
            let _ = match align {
                Align::Left => write!(out, "{cell:<width$}  "),
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
}
