//! Tables as text: where their rows are.

/// The line that a row is on, counted from 1: the reader's place of it is in front of empty lines.
pub fn line_of(text: &str, place: &csv::Position) -> usize {
    let rest = text.as_bytes().get(place.byte() as usize..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    place.line() as usize + empty.filter(|&&byte| byte == b'\n').count()
}
