//! What is proven of vectors, and how matrices are cut so that sums fit 16 bits.

use super::layout::planes;
use crate::kernel::length::{self, SAFE};
use crate::model::{Grid, Matrix, Norm};

/// The largest sum that two remainders give.
const NARROW: f64 = 32512.0;

/// What is proven of a vector of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Most Euclidean norm.
    norm: f64,
}

impl Bound {
    /// Of any bytes.
    pub fn any(cols: usize) -> Self {
        Self { norm: 128.0 * (cols as f64).sqrt() }
    }

    /// What a norm of `n` values gives, narrowed.
    pub fn of(norm: &Norm, n: usize) -> Self {
        Self::behind(norm, norm.narrow, n)
    }

    /// What a norm of `n` values gives, narrowed by the bits of another one.
    pub fn behind(norm: &Norm, narrow: u8, n: usize) -> Self {
        Self { norm: length::narrowed(length::normalised(norm, n), narrow, n) }
    }

    /// Of a head's queries or keys behind their norm: turned or not, and narrowed by `bits`.
    pub fn head(norm: &Norm, n: usize, turned: bool, bits: u8) -> Self {
        Self { norm: length::head(norm, n, turned, bits) }
    }

    /// Whether the product of two vectors fits 16 bits.
    pub fn product_fits(self, other: Self) -> bool {
        self.norm * other.norm <= NARROW
    }

    fn fits(self, row: &[i32]) -> bool {
        let sum: i32 = row.iter().map(|c| c.abs()).sum();
        let norm = row.iter().map(|&c| f64::from(c) * f64::from(c)).sum::<f64>().sqrt();
        (128.0 * f64::from(sum)).min(self.norm * norm * SAFE) <= NARROW
    }
}

/// Into how many planes each chunk of the rows is cut, the fewest whose sums have 16 bits. `None`: there is no such cut.
pub fn chunks(m: &Matrix, bound: Bound) -> Option<Vec<usize>> {
    let bits = planes(m.grid);
    let fits = |cut: &Vec<usize>| {
        m.values.chunks(m.cols).all(|row| {
            let mut below = bits;
            cut.iter().enumerate().all(|(i, &planes)| {
                below -= planes;
                let part = |w: &i8| {
                    let w = i32::from(*w) >> below;
                    if i == 0 { w } else { w & ((1 << planes) - 1) }
                };
                bound.fits(&row.iter().map(part).collect::<Vec<_>>())
            })
        })
    };
    let cuts = if m.grid == Grid::Ternary { vec![vec![1]] } else { cuts(bits) };
    cuts.into_iter().find(fits)
}

/// All ways to cut planes, those of few chunks first.
fn cuts(bits: usize) -> Vec<Vec<usize>> {
    let cut = |mask: u32| {
        let mut cut = vec![1];
        for plane in 0..bits - 1 {
            match cut.last_mut() {
                Some(last) if mask >> plane & 1 == 0 => *last += 1,
                _ => cut.push(1),
            }
        }
        cut
    };
    let mut cuts: Vec<Vec<usize>> = (0..1u32 << (bits - 1)).map(cut).collect();
    cuts.sort_by_key(Vec::len);
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_cut_only_where_they_must_be() {
        assert_eq!(cuts(3), [vec![3], vec![1, 2], vec![2, 1], vec![1, 1, 1]]);
        let matrix = |value: i8, cols: usize| Matrix {
            rows: 1,
            cols,
            grid: Grid::Symmetric { bits: 8 },
            values: vec![value; cols],
            mantissas: vec![1],
            shift: 9,
            bias: vec![],
        };
        assert_eq!(chunks(&matrix(127, 2), Bound::any(2)), Some(vec![8]));
        assert_eq!(chunks(&matrix(127, 32), Bound::any(32)), Some(vec![2, 3, 3]));
        assert_eq!(chunks(&matrix(127, 300), Bound::any(300)), None);
    }
}
