//! Where a step of a network on numbers reads and writes.

use super::net::{Array, Net, Step};
use super::rows::Rows;

/// Where a step reads and writes.
pub struct Place<'a> {
    pub step: &'a Step,
    pub from: &'a Array,
    /// The address of the first byte of the first window.
    pub at: String,
    /// Where a second array is read, and the address of its first byte.
    pub other: Option<(&'a Array, String)>,
    /// The address of the first result.
    pub to: String,
    /// Bytes behind each row of results.
    pub to_skip: usize,
    /// The array that the step is the first to write, and its address.
    pub begins: Option<(&'a Array, String)>,
}

/// The address of a byte of an array.
pub fn address(array: usize, offset: usize) -> String {
    format!("net_a{array}+{offset}")
}

/// The label of an address: that of its array.
pub fn label(address: &str) -> &str {
    address.split('+').next().unwrap_or(address)
}

impl<'a> Place<'a> {
    /// Of step `at`.
    pub fn of(net: &'a Net, at: usize) -> Self {
        let step = &net.steps[at];
        let from = &net.arrays[step.reads[0]];
        let written = step.writes.map(|array| (array, &net.arrays[array]));
        let window = step.window();
        let first = window.map_or(from.first(), |window| window.first(from, step.origin));
        let other = step.reads.get(1).map(|&other| {
            let array = &net.arrays[other];
            (array, address(other, array.first()))
        });
        let is_first = !net.steps[..at].iter().any(|before| before.writes == step.writes);
        Self {
            step,
            from,
            at: address(step.reads[0], first),
            other,
            to: written.map_or("net_logits".into(), |(n, array)| address(n, array.at(step.origin))),
            to_skip: written.map_or(0, |(_, array)| {
                array.pitch() - window.map_or(array.cols, |window| window.places.1) * array.channels
            }),
            begins: written.filter(|_| is_first).map(|(n, array)| (array, format!("net_a{n}"))),
        }
    }

    /// Of a row of step `at`.
    pub fn of_row(rows: &'a Rows, at: usize) -> Self {
        let step = &rows.net.steps[at];
        let reads = |read: usize| {
            let (array, at) = rows.reads(at, read);
            (&rows.net.arrays[array], address(array, at))
        };
        let (from, first) = reads(0);
        let to = step.writes.map(|array| address(array, rows.newest(array, step.origin.1)));
        Self {
            step,
            from,
            at: first,
            other: (step.reads.len() > 1).then(|| reads(1)),
            to: to.unwrap_or("net_logits".into()),
            to_skip: 0,
            begins: None,
        }
    }
}

/// The rows of values that lie apart: how many, and how many bytes each has. `to_skip`: bytes behind each row of results.
pub fn rows(arrays: &[&Array], to_skip: usize) -> (usize, usize) {
    let first = arrays[0];
    let run = first.cols * first.channels;
    if arrays.iter().all(|array| array.is_dense()) && to_skip == 0 {
        return (1, first.rows * run);
    }
    (first.rows, run)
}

/// The least and the largest sum of an entry of each table.
pub fn bounds(tables: &[[i32; 256]; 2]) -> (i64, i64) {
    let sum =
        |end: fn(&[i32; 256]) -> Option<&i32>| tables.iter().filter_map(end).map(|&x| i64::from(x)).sum();
    (sum(|table| table.iter().min()), sum(|table| table.iter().max()))
}
