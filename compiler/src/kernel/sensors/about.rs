//! What programs of all processors know of their network: labels, the records of lines, and what stands on top of their text.

use super::net::{Net, Step};
use crate::model::{Answer, Linear};

/// What a network answers that is not sure.
const UNSURE: &str = "?";

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
