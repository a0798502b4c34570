//! The picture: 256 × 192 points in display memory at 4000h, and a byte of colours for each 8 × 8 of them at 5800h.

use crate::memory::Memory;

pub const COLUMNS: u8 = 32;
pub const ROWS: u8 = 24;
const ATTRIBUTES: u16 = 0x5800;
/// Border around the picture, in points.
const LEFT: usize = 32;
const TOP: usize = 24;

/// Points in colour, row by row, three bytes each: red, green, blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub rgb: Vec<u8>,
}

/// The address of line `line` (0 to 7) of the character cell at `row` and `column`: rows of points are stored third by
/// third, in each third the first lines of its eight rows of characters, then the second lines.
pub(super) fn cell(row: u8, column: u8, line: u8) -> u16 {
    let high = 0x40 | (row & 0x18) | (line & 7);
    let low = (row & 7) << 5 | (column & 31);
    u16::from_be_bytes([high, low])
}

/// The address of a cell's colours.
pub(super) fn attribute(row: u8, column: u8) -> u16 {
    ATTRIBUTES + u16::from(row) * u16::from(COLUMNS) + u16::from(column)
}

/// The screen's rows as text, without blanks at their ends: each cell is compared with the rows that `font` has for the
/// codes 32 to 127, as they are and inverted. What is none of them is U+FFFD.
pub(super) fn text(memory: &Memory, font: impl Fn(u8) -> [u8; 8]) -> Vec<String> {
    let shapes: Vec<_> = (b' '..=127).map(|code| (code, font(code))).collect();
    let read = |row, column| {
        let mut rows = [0; 8];
        (0..8).zip(&mut rows).for_each(|(line, bits)| *bits = memory.byte(cell(row, column, line)));
        let inverted = rows.map(|bits| !bits);
        let found = shapes.iter().find(|(_, shape)| *shape == rows || *shape == inverted);
        found.map_or(char::REPLACEMENT_CHARACTER, |&(code, _)| character(code))
    };
    let row = |row| (0..COLUMNS).map(|column| read(row, column)).collect::<String>().trim_end().to_string();
    (0..ROWS).map(row).collect()
}

/// The Spectrum's code as a character of ours. Two stay what ASCII has there, so that text comes back as it was typed.
fn character(code: u8) -> char {
    if code == 127 { '©' } else { char::from(code) }
}

/// The picture with its border, in the colours of a set. Flashing cells are shown in their first phase.
pub(super) fn picture(memory: &Memory, border: u8) -> Picture {
    let (width, height) = (256 + 2 * LEFT, 192 + 2 * TOP);
    let mut rgb = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            rgb.extend(point(memory, border, x, y));
        }
    }
    Picture { width, height, rgb }
}

fn point(memory: &Memory, border: u8, x: usize, y: usize) -> [u8; 3] {
    let inside = (LEFT..LEFT + 256).contains(&x) && (TOP..TOP + 192).contains(&y);
    if !inside {
        return colour(border & 7, false);
    }
    // 0 to 255 and 0 to 191.
    let (x, y) = ((x - LEFT) as u8, (y - TOP) as u8);
    let (row, column) = (y / 8, x / 8);
    let set = memory.byte(cell(row, column, y % 8)) << (x % 8) & 0x80 != 0;
    let attribute = memory.byte(attribute(row, column));
    let (ink, paper) = (attribute & 7, attribute >> 3 & 7);
    colour(if set { ink } else { paper }, attribute & 0x40 != 0)
}

/// Bit 0 blue, 1 red, 2 green.
fn colour(number: u8, bright: bool) -> [u8; 3] {
    let level = if bright { 0xFF } else { 0xD7 };
    [2, 4, 1].map(|bit| if number & bit != 0 { level } else { 0 })
}
