//! How vectors are cut into tables of sums, and rows of weights into bytes that find them.

use crate::model::{Grid, Matrix};

/// Tables of a vector: its inputs in groups, with a table of sums for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layout {
    pub cols: usize,
    /// Sums with -1, 0 and 1, and not of subsets.
    pub ternary: bool,
    /// Inputs of each table. Those of ternary ones are all as many; the last may have places that no input takes.
    pub groups: Vec<usize>,
}

/// T-states of an entry in both rings, and of a table around it.
const ENTRY: f64 = 32.0;
const TABLE: f64 = 620.0;
/// Rows of ternary matrices below which tables of three inputs are faster than those of four.
const FEW_ROWS: usize = 110;
/// Most inputs of a table of subsets; where bytes of weights cost time, those of eight inputs pay as well.
const MOST_INPUTS: usize = 7;
const MOST_INPUTS_OF_FILES: usize = 8;

impl Layout {
    /// Tables of subsets. `looks`: how many times a table is looked at in both rings: rows times planes. `byte`: T-states
    /// that a byte of weights takes to be there, 0 in the image. `pages`: the most that a ring has room for.
    pub fn planes(cols: usize, looks: f64, byte: f64, pages: usize) -> Self {
        let cost = |l: &Layout| {
            let entries: usize = l.groups.iter().map(|g| 1 << g).sum();
            let turns = 2.0 * (l.pages() - 1) as f64 * 4.0 + if l.pages() > 1 { 14.0 } else { 0.0 };
            entries as f64 * ENTRY + l.groups.len() as f64 * (TABLE + looks * (32.0 + byte)) + looks * turns
        };
        let most = if byte > 0.0 { MOST_INPUTS_OF_FILES } else { MOST_INPUTS };
        let counts = cols.div_ceil(most)..=cols.div_ceil(2).max(1);
        let all: Vec<_> = counts.map(|count| Self::even(cols, count)).collect();
        let fit = all.iter().filter(|l| l.pages() <= pages).min_by(|a, b| cost(a).total_cmp(&cost(b)));
        // Where none has room, the program is too large in any case.
        fit.or(all.last()).expect("a vector has an element").clone()
    }

    /// Tables of the fewest groups of subsets: rows have the fewest bytes.
    pub fn smallest(cols: usize, in_file: bool) -> Self {
        Self::even(cols, cols.div_ceil(if in_file { MOST_INPUTS_OF_FILES } else { MOST_INPUTS }))
    }

    /// Tables of so many groups of subsets, as equal as can be.
    pub fn even(cols: usize, count: usize) -> Self {
        let groups = (0..count).map(|i| cols / count + usize::from(i < cols % count)).collect();
        Self { cols, ternary: false, groups }
    }

    /// Tables for ternary matrices that have so many rows together. `pages`: the most that a ring has room for.
    pub fn ternary(cols: usize, rows: usize, pages: usize) -> Self {
        let of = |size: usize| Self { cols, ternary: true, groups: vec![size; cols.div_ceil(size)] };
        let four = of(4);
        if rows < FEW_ROWS || four.pages() > pages { of(3) } else { four }
    }

    /// What labels call it.
    pub fn name(&self) -> String {
        let kind = match self.groups[0] {
            _ if !self.ternary => "p",
            3 => "t3_",
            _ => "t",
        };
        format!("{kind}{}", self.cols)
    }

    fn entries(&self, group: usize) -> usize {
        if self.ternary { [28, 82][self.groups[group] - 3] } else { 1 << self.groups[group] }
    }

    /// Of each group: how many pages below the first it lies, and its offset there.
    pub fn places(&self) -> Vec<(usize, usize)> {
        // Bytes below the top.
        let mut top = 0usize;
        let place = |g: usize| {
            let entries = self.entries(g);
            if self.ternary && top % 256 + entries > 256 {
                top = top.next_multiple_of(256);
            }
            top += entries;
            ((top - 1) / 256, (256 - top % 256) % 256)
        };
        (0..self.groups.len()).map(place).collect()
    }

    /// Pages of one ring.
    pub fn pages(&self) -> usize {
        self.places().last().expect("a vector has an element").0 + 1
    }

    /// Whether every other plane of a row goes through the groups backwards, so that its first table is where the plane
    /// before had its last.
    pub fn is_winding(&self) -> bool {
        !self.ternary && self.pages() > 1
    }

    /// The bytes of a row: planes from the highest to the lowest, a byte for each group.
    pub fn row(&self, row: &[i8], bits: usize) -> Vec<u8> {
        let places = self.places();
        let mut bytes = Vec::new();
        for (number, plane) in (0..bits).rev().enumerate() {
            let mut at = 0;
            let begin = bytes.len();
            for (&size, place) in self.groups.iter().zip(&places) {
                let group = &row[at..(at + size).min(self.cols)];
                let index =
                    if self.ternary { ternary_place(group, size) } else { subset_place(group, plane) };
                bytes.push((place.1 + index) as u8);
                at += size;
            }
            if self.is_winding() && number % 2 == 1 {
                bytes[begin..].reverse();
            }
        }
        bytes
    }
}

/// Planes of a grid's weights.
pub fn planes(grid: Grid) -> usize {
    match grid {
        Grid::Ternary => 1,
        Grid::Symmetric { .. } | Grid::TwoBits => grid.bits().into(),
    }
}

/// Rows of the ternary ones of some matrices.
pub fn ternary_rows(matrices: &[&Matrix]) -> usize {
    matrices.iter().filter(|m| m.grid == Grid::Ternary).map(|m| m.rows).sum()
}

/// Which entry of a table has the sum of a subset.
pub fn gray_place(subset: usize) -> usize {
    (0..8).fold(0, |k, i| k ^ (subset >> i))
}

fn subset_place(group: &[i8], plane: usize) -> usize {
    let bits = group.iter().enumerate().map(|(i, &w)| usize::from(w as u8 >> plane & 1) << i);
    gray_place(bits.sum())
}

fn ternary_place(group: &[i8], size: usize) -> usize {
    let mut digits = [0i8; 4];
    digits[..group.len()].copy_from_slice(group);
    let entries = 3usize.pow(size as u32);
    entries - (0..entries).find(|&k| ternary_code(k, size) == digits).expect("the code has all combinations")
}

/// The ternary reflected Gray code: the digits of entry `k`, of which the first changes fastest.
pub fn ternary_gray(k: usize) -> [i8; 4] {
    let mut out = [0; 4];
    let mut rest = k;
    for digit in &mut out {
        let value = (rest % 3) as i8;
        rest /= 3;
        *digit = if rest.is_multiple_of(2) { value - 1 } else { 1 - value };
    }
    out
}

/// The digits of entry `k` of a table of so many inputs: tables of three are the last third of those of four.
pub fn ternary_code(k: usize, size: usize) -> [i8; 4] {
    let mut code = ternary_gray(k + 81 - 3usize.pow(size as u32));
    code[size..].fill(0);
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_each_combination_once_and_change_one_input_a_step() {
        for size in [3, 4] {
            let all: Vec<_> = (0..3usize.pow(size as u32)).map(|k| ternary_code(k, size)).collect();
            let unique: std::collections::BTreeSet<_> = all.iter().collect();
            assert_eq!(unique.len(), all.len());
            let changed = |two: &[[i8; 4]]| two[0].iter().zip(&two[1]).filter(|(a, b)| a != b).count();
            assert!(all.windows(2).all(|two| changed(two) == 1));
        }
        let places: std::collections::BTreeSet<_> = (0..128).map(gray_place).collect();
        assert_eq!(places.len(), 128);
    }

    #[test]
    fn tables_lie_in_pages_and_no_ternary_one_crosses() {
        assert_eq!(Layout::even(4, 2).places(), [(0, 252), (0, 248)]);
        let all = usize::MAX;
        assert_eq!(Layout::ternary(16, 200, all).places(), [(0, 174), (0, 92), (0, 10), (1, 174)]);
        assert_eq!(Layout::ternary(16, 200, all).pages(), 2);
        assert_eq!(Layout::ternary(16, 200, 1), Layout::ternary(16, 9, all));
    }

    #[test]
    fn tables_have_no_more_pages_than_there_is_room_for() {
        let pages = |most| Layout::planes(172, 320.0, 0.0, most).pages();
        let free = pages(usize::MAX);
        assert!(free > 4, "{free} pages");
        for most in 2..free {
            assert!(pages(most) <= most, "{most} pages");
        }
    }
}
