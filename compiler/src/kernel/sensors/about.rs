//! What programs of all processors know of their network: labels, the records of lines, and what stands on top of their text.

use super::memory;
use super::net::{Array, Net, Step};
use super::rows::Rows;
use crate::arithmetic::network::{by_bytes, rank_bytes, ranked_bytes};
use crate::model::{Answer, Linear, Scaling, Sensors, UNSURE};
use serde::Serialize;

/// Bytes of a line's record.
pub const RECORD: usize = 11;

/// The labels that a program knows: the model's, and one for what is not sure.
pub fn labels(answer: &Answer) -> Vec<String> {
    match answer {
        Answer::Class(class) => class.labels.iter().cloned().chain([UNSURE.to_string()]).collect(),
        _ => vec![],
    }
}

/// A line's record: the size of its factor (3 bytes), what is added (7), and the shift with the factor's sign in bit 7.
pub fn record(line: &Linear) -> impl Iterator<Item = u8> {
    let factor = line.multiplier.unsigned_abs().to_le_bytes().into_iter().take(3);
    let sign = if line.multiplier < 0 { 0x80 } else { 0 };
    factor.chain(line.offset.to_le_bytes().into_iter().take(7)).chain([line.shift | sign])
}

/// Thresholds of all values, that readings above them are counted by: of each byte how many, then each and 2^23, 3 bytes, so that
/// they have no sign. Where some value has several bytes, there stands in front of each value how many.
pub fn ranks(thresholds: &[Vec<i32>]) -> Vec<u8> {
    let one = |t: &i32| (t + (1 << 23)).to_le_bytes().into_iter().take(3);
    let byte =
        |list: &[i32]| [list.len() as u8].into_iter().chain(list.iter().flat_map(one)).collect::<Vec<_>>();
    let parts = are_parted(thresholds);
    let value = |list: &Vec<i32>| {
        let count = parts.then_some(rank_bytes(list.len()) as u8);
        count.into_iter().chain(by_bytes(list).flat_map(byte)).collect::<Vec<_>>()
    };
    thresholds.iter().flat_map(value).collect()
}

/// Some value has more thresholds than a byte counts.
pub fn are_parted<T>(ranks: &[Vec<T>]) -> bool {
    ranks.len() < ranked_bytes(ranks)
}

/// What takes the values of a network: where they go, and how readings become bytes.
#[derive(Serialize)]
pub struct Reading {
    decimals: u8,
    count: usize,
    several: bool,
    /// Readings become ranks, some of several bytes.
    ranks: bool,
    parts: bool,
    /// The address of the first value.
    first: String,
    /// Code that fills the border of the values, if they have one; bytes of a row, and those behind it.
    border: String,
    row: usize,
    skip: usize,
    /// The jump to what computes a row of values, where they are taken row by row.
    plays: Option<&'static str>,
}

impl Reading {
    /// Of the array at `address`.
    pub fn new(reader: &Sensors, array: &Array, address: &str, border: String) -> Self {
        Self {
            decimals: reader.decimals,
            count: array.values(),
            several: match reader.scaling() {
                Scaling::Lines(lines) => lines.len() > 1,
                Scaling::Ranks(ranks) => ranks.len() > 1,
            },
            ranks: matches!(reader.scaling(), Scaling::Ranks(_)),
            parts: are_parted(&reader.ranks),
            first: format!("{address}+{}", array.first()),
            border,
            row: array.cols * array.channels,
            skip: array.skip(),
            plays: None,
        }
    }

    /// The same row by row: each begins at `first`, `begin` is what happens before all, and `jump` jumps to what computes one.
    #[must_use]
    pub fn by_rows(self, first: String, begin: String, jump: &'static str) -> Self {
        Self { first, border: begin, plays: Some(jump), ..self }
    }
}

/// What people are told of a program that computes rows while they come.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Values of a row.
    pub row: usize,
    /// How many steps run so, of how many.
    pub steps: (usize, usize),
    /// Bytes of the buffers of rows, and of whole arrays in their place.
    pub bytes: (usize, usize),
    /// Cycles of the longest work behind a row of values.
    pub longest: f64,
    /// Characters of a line are lost when the next row is sent at once.
    pub loses: bool,
}

impl Told {
    /// `works`: cycles of the work behind each row.
    pub fn of(net: &Net, rows: &Rows, works: &[f64], loses: bool) -> Self {
        let row = net.arrays[0].cols * net.arrays[0].channels;
        let bytes = (rows.place(net).1, memory::place(net).1);
        let longest = works.iter().copied().fold(0.0, f64::max);
        Self { row, steps: (rows.steps, net.steps.len()), bytes, longest, loses }
    }
}

/// What a program is, in lines.
pub fn table(net: &Net, rows: Option<&Rows>) -> Vec<String> {
    let line = |(at, step): (usize, &Step)| {
        let count = match step.multiplications() {
            0 => String::new(),
            n => format!(", {n} multiplications"),
        };
        let kept = rows.filter(|rows| at < rows.steps).map(|rows| {
            let of = |array: &usize| format!("{} of {} rows", rows.kept[*array], net.arrays[*array].rows);
            format!(", row by row, reads {}", step.reads.iter().map(of).collect::<Vec<_>>().join(" and "))
        });
        format!("step {}: {}{count}{}", at + 1, step.kind, kept.unwrap_or_default())
    };
    net.steps.iter().enumerate().map(line).collect()
}
