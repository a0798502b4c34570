//! Weights into flash, by tiles of rows and blocks of columns, each with a label.

use super::form::{Digits, Form, gray};
use super::writer::{Placed, Writer};
use crate::model::Matrix;
use std::collections::BTreeMap;

impl Writer<'_> {
    /// Stores the weights of a matrix.
    pub fn store(&mut self, name: &str, m: &Matrix, form: Form, tile: usize) {
        self.placed.insert(name.to_string(), Placed { form, tile });
        let rows: Vec<&[i8]> = m.values.chunks_exact(m.cols).collect();
        for (t, rows) in rows.chunks(tile).enumerate() {
            match form.digits() {
                Some(digits) => {
                    for (b, block) in digits.blocks(m.cols, self.choice.pages).into_iter().enumerate() {
                        self.put(name, &format!("{name}_{t}_{b}"), &codes(rows, digits, block));
                    }
                }
                None => self.put(name, &format!("{name}_{t}"), &packed(rows, m.cols, form)),
            }
        }
    }

    /// Weights of a matrix with a label: in the image, or in the flash chip.
    fn put(&mut self, name: &str, label: &str, values: &[u8]) {
        match &mut self.beside {
            Some(beside) if beside.has(name) => beside.put(label, values),
            _ => self.weight_bytes(label, values),
        }
    }

    /// What each row has for `rescale`: its start, its mantissa, its bias.
    pub fn row_data(
        &mut self,
        name: &str,
        m: &Matrix,
        mantissas: &[u8],
        starts: Option<usize>,
        bias: &[i16],
    ) {
        let mut out = Vec::new();
        for (r, row) in m.values.chunks_exact(m.cols).enumerate() {
            if let Some(size) = starts {
                let sum: i32 = row.iter().map(|&w| i32::from(w)).sum();
                out.extend_from_slice(&(-128 * sum).to_le_bytes()[..size]);
            }
            out.push(mantissas[r]);
            out.extend(bias.get(r).into_iter().flat_map(|bias| bias.to_le_bytes()));
        }
        self.data(&format!("{name}_rows"), &out);
    }
}

/// The numbers of sums in tables, a byte a group.
fn codes(rows: &[&[i8]], digits: Digits, (from, groups): (usize, usize)) -> Vec<u8> {
    let numbers: BTreeMap<Vec<usize>, usize> = gray(digits).into_iter().zip(0..).collect();
    let mut out = Vec::new();
    for row in rows {
        for group in 0..groups {
            let at = from + group * digits.count;
            let digit = |i: usize| (row.get(at + i).copied().unwrap_or(0) + digits.lowest) as usize;
            let number = numbers[&(0..digits.count).map(digit).collect::<Vec<_>>()];
            out.push((number * digits.stride()) as u8);
        }
    }
    out
}

/// Weights in blocks of 16 columns, each block row by row.
fn packed(rows: &[&[i8]], cols: usize, form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    for block in 0..cols.div_ceil(16) {
        for row in rows {
            let weight = |i: usize| row.get(16 * block + i).map_or(0, |&w| i32::from(w));
            let w = |i: usize| (weight(i) + form.offset()) as u8;
            match form {
                Form::Bytes | Form::Bytes8 => out.extend((0..16).map(w)),
                Form::Nibbles => out.extend((0..8).map(|i| w(2 * i) | w(2 * i + 1) << 4)),
                Form::Fives => {
                    for half in [0, 8] {
                        out.push((0..8).map(|i| (w(half + i) >> 4) << i).sum());
                        let nibble = |i: usize| w(half + i) & 15;
                        out.extend((0..4).map(|i| nibble(2 * i) | nibble(2 * i + 1) << 4));
                    }
                }
                Form::Threes | Form::Fours | Form::Twos => unreachable!("these look sums up"),
            }
        }
    }
    out
}
