//! Aligned columns and grouped digits, for people.

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

/// `343,052`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 step`, `2,000 steps`.
pub fn count(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(n as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_group_by_three() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((count(1, "step"), count(2000, "step")), ("1 step".into(), "2,000 steps".into()));
    }

    #[test]
    fn columns_align_and_lines_have_no_trailing_space() {
        let rows = [vec!["fc1".into(), "12".into()], vec!["argmax".into(), "3".into()], vec!["x".into()]];
        let text = table(&[("layer", Align::Left), ("T", Align::Right)], &rows);
        assert_eq!(text, "layer    T\nfc1     12\nargmax   3\nx\n");
        assert_eq!(table(&[("", Align::Left)], &[vec!["a".into()]]), "a\n");
    }
}
