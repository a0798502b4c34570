//! The rows of a home computer's screen in a mode that shows characters, and their picture.

use crate::spectrum::{Picture, character_rows};

/// Points of a character from top to bottom, and from left to right in the font.
const LINES: usize = 8;
const POINTS: usize = 8;
/// Points of the border on each side.
const BORDER: usize = 16;

type Colour = [u8; 3];

/// How a screen looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Points of a character from left to right: the font's first ones.
    pub(crate) width: usize,
    pub(crate) paper: Colour,
    pub(crate) pen: Colour,
    pub(crate) border: Colour,
}

/// What is on it, and where the next character goes. Behind the last column it is the first of the next row; behind the last row
/// all of them move up.
pub(crate) struct Page {
    look: Look,
    rows: Vec<Vec<u8>>,
    row: usize,
    column: usize,
}

impl Page {
    pub(crate) fn new(look: Look) -> Self {
        Page { look, rows: vec![vec![b' '; look.columns]; look.rows], row: 0, column: 0 }
    }

    /// Nothing is on it any more.
    pub(crate) fn clear(&mut self) {
        *self = Page::new(self.look);
    }

    /// A character, a step to the left, the start of the row, or the next row.
    pub(crate) fn put(&mut self, code: u8) {
        match code {
            8 => self.column = self.column.saturating_sub(1),
            b'\r' => self.column = 0,
            b'\n' => self.next_row(),
            code => {
                if self.column == self.look.columns {
                    self.column = 0;
                    self.next_row();
                }
                self.rows[self.row][self.column] = code;
                self.column += 1;
            }
        }
    }

    fn next_row(&mut self) {
        if self.row + 1 < self.look.rows {
            self.row += 1;
        } else {
            self.rows.rotate_left(1);
            self.rows[self.row].fill(b' ');
        }
    }

    /// The rows as text, without blanks at their ends.
    pub(crate) fn text(&self) -> Vec<String> {
        let row = |row: &Vec<u8>| String::from_utf8_lossy(row).trim_end().to_string();
        self.rows.iter().map(row).collect()
    }

    /// What a monitor shows, with a block where the next character goes if `cursor` says so.
    pub(crate) fn picture(&self, cursor: bool) -> Picture {
        let Look { columns, rows, width, paper, pen, border } = self.look;
        let (inner_width, inner_height) = (columns * width, rows * LINES);
        let (full_width, full_height) = (inner_width + 2 * BORDER, inner_height + 2 * BORDER);
        let block = (self.row, self.column.min(columns - 1));
        let mut rgb = Vec::with_capacity(3 * full_width * full_height);
        for y in 0..full_height {
            for x in 0..full_width {
                let inside = (y.wrapping_sub(BORDER), x.wrapping_sub(BORDER));
                rgb.extend(match inside {
                    (y, x) if y < inner_height && x < inner_width => {
                        let (row, column) = (y / LINES, x / width);
                        let bits = character_rows(self.rows[row][column]).unwrap_or_default()[y % LINES];
                        let on = bits >> (POINTS - 1 - x % width) & 1 != 0;
                        if on != (cursor && block == (row, column)) { pen } else { paper }
                    }
                    _ => border,
                });
            }
        }
        Picture { width: full_width, height: full_height, rgb }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look { columns: 4, rows: 3, width: 6, paper: [0; 3], pen: [255; 3], border: [9; 3] };

    #[test]
    fn rows_fill_and_move_up() {
        let mut page = Page::new(LOOK);
        b"abcdef\r\ng\x08h\r\nij\r\nk".iter().for_each(|&code| page.put(code));
        assert_eq!(page.text(), ["h", "ij", "k"]);
        // A full row ends before the next character comes.
        page.clear();
        b"abcd\r\nefgh".iter().for_each(|&code| page.put(code));
        assert_eq!(page.text(), ["abcd", "efgh", ""]);
    }

    #[test]
    fn the_picture_has_the_points_of_its_characters() {
        let mut page = Page::new(LOOK);
        page.put(b'I');
        let picture = page.picture(false);
        assert_eq!((picture.width, picture.height), (4 * 6 + 32, 3 * 8 + 32));
        let point = |picture: &Picture, x: usize, y: usize| picture.rgb[3 * (y * picture.width + x)];
        assert_eq!(point(&picture, 15, 16), 9);
        let rows = character_rows(b'I').expect("it is in the font");
        for (y, bits) in rows.into_iter().enumerate() {
            for x in 0..6 {
                let wants = if bits >> (7 - x) & 1 != 0 { 255 } else { 0 };
                assert_eq!(point(&picture, 16 + x, 16 + y), wants);
            }
        }
        // The cursor is behind it.
        assert_eq!(point(&page.picture(true), 16 + 6, 16), 255);
    }
}
