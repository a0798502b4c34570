//! What `mlc compile` says of networks on numbers that compute rows while they come, and of replies that grow side by side.

use crate::table::{count, grouped};
use mlc_compiler::Target;
use mlc_compiler::kernel::predict::FIRST;
use mlc_compiler::kernel::sensors::about::Told;
use mlc_compiler::model::Model;
use mlc_compiler::plan::Plan;
use serde::Serialize;

/// What a program says that computes rows while they come.
pub fn line(rows: &Told, target: &Target) -> String {
    let time = target.milliseconds(rows.longest);
    let row = if rows.row == 1 { "each value".into() } else { format!("each {}", count(rows.row, "value")) };
    let (bytes, whole) = (grouped(rows.bytes.0 as u64), grouped(rows.bytes.1 as u64));
    let (steps, all) = rows.steps;
    let steps = if steps == all { "all steps".into() } else { format!("{steps} of {all} steps") };
    let told = format!(
        "row by row: {steps}; {bytes} bytes of rows in the place of {whole}; behind {row} it computes, {time:.1} ms at most"
    );
    match rows.loses {
        true => format!("{told}: wait so long behind each row of a line, or characters are lost"),
        false => told,
    }
}

/// What a prediction is of: `token, the mean of the first 100`.
pub fn unit(model: &Model, plan: &Plan) -> String {
    let is_beam = model.sequence().is_some_and(|(.., story)| story.choice.beam.is_some());
    match (&plan.tokens, is_beam) {
        (None, _) => "step".into(),
        (Some(_), false) => format!("token, the mean of the first {FIRST}"),
        (Some(_), true) => format!("token of each reply, the mean of the first {FIRST}"),
    }
}

/// `beam: 2 replies, 28,672 bytes of keys and values`
pub fn beam(model: &Model, plan: &Plan) -> Option<String> {
    let width = model.sequence()?.2.choice.beam?;
    Some(format!(
        "beam: {width} replies, {} bytes of keys and values",
        grouped(plan.layout.memory.caches() as u64)
    ))
}

/// Rows that are computed while they come.
#[derive(Serialize)]
pub struct RowsTold {
    values_a_row: usize,
    steps: usize,
    bytes: usize,
    bytes_of_whole_arrays: usize,
    longest_cycles: f64,
    /// Characters of a line are lost without a pause behind each row.
    wants_pauses: bool,
}

impl RowsTold {
    pub fn new(rows: &Told) -> Self {
        Self {
            values_a_row: rows.row,
            steps: rows.steps.0,
            bytes: rows.bytes.0,
            bytes_of_whole_arrays: rows.bytes.1,
            longest_cycles: rows.longest,
            wants_pauses: rows.loses,
        }
    }
}
