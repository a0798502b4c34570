//! What programs of all processors know of their network: labels, the records of lines, and what stands on top of their text.

use super::net::{Array, Net, Step};
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

/// Thresholds of a value, that readings above them are counted by: how many, then each and 2^23, 3 bytes, so that they have
/// no sign.
pub fn ranks(thresholds: &[i32]) -> Vec<u8> {
    let one = |t: &i32| (t + (1 << 23)).to_le_bytes().into_iter().take(3);
    [thresholds.len() as u8].into_iter().chain(thresholds.iter().flat_map(one)).collect()
}

/// What takes the values of a network: where they go, and how readings become bytes.
#[derive(Serialize)]
pub struct Reading {
    decimals: u8,
    count: usize,
    several: bool,
    /// Readings become ranks.
    ranks: bool,
    /// The address of the first value.
    first: String,
    /// Code that fills the border of the values, if they have one; bytes of a row, and those behind it.
    border: String,
    row: usize,
    skip: usize,
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
            first: format!("{address}+{}", array.first()),
            border,
            row: array.cols * array.channels,
            skip: array.skip(),
        }
    }
}

/// What a program is, in lines.
pub fn table(net: &Net) -> Vec<String> {
    let line = |(at, step): (usize, &Step)| {
        let count = match step.multiplications() {
            0 => String::new(),
            n => format!(", {n} multiplications"),
        };
        format!("step {}: {}{count}", at + 1, step.kind)
    };
    net.steps.iter().enumerate().map(line).collect()
}
