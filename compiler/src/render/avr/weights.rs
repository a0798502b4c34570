//! Weights of a stage for the templates: columns as bytes or code, and the table that finds them.

use crate::ir::{Column, Form};
use crate::plan::avr::{column_bytes, label, tile_column};
use crate::plan::network::Stage;
use crate::render::text;
use serde::Serialize;

/// Addresses a line of `.word`.
const ADDRESSES: usize = 8;

/// The columns of a tile.
#[derive(Serialize)]
pub struct Tile {
    columns: Vec<ColumnContext>,
    table: Vec<String>,
}

#[derive(Serialize)]
struct ColumnContext {
    label: String,
    lines: Vec<String>,
    /// Instructions, for columns that are code.
    code: Vec<String>,
}

/// The weights of tile `t` of a stage, whose accumulators begin at the low address `base`.
pub fn tile(name: &str, stage: &Stage, form: Form, t: usize, base: usize, counts: bool, far: bool) -> Tile {
    let columns: Vec<Column> = stage.columns.iter().map(|c| tile_column(c, t)).collect();
    let empty = format!("{name}_empty");
    let label_of = |(i, column): (usize, &Column)| {
        if column.is_empty() { empty.clone() } else { format!("{name}_c{i}") }
    };
    let labels: Vec<String> = columns.iter().enumerate().map(label_of).collect();
    let context = |label: &String, column: &Column| {
        let (mut lines, mut code) = (vec![], vec![]);
        match form {
            Form::Unrolled => {
                code = column_code(stage, t, column, counts);
                // A label needs something to stand for, and a routine of nothing returns.
                code.extend(column.is_empty().then(|| "; nothing".to_string()));
            }
            _ => lines = text::gnu_bytes(column_bytes(column, stage, form, t, base)),
        }
        ColumnContext { label: label.clone(), lines, code }
    };
    let filled = labels.iter().zip(&columns).filter(|(_, c)| !c.is_empty());
    let mut contexts: Vec<_> = filled.map(|(l, c)| context(l, c)).collect();
    if columns.iter().any(Column::is_empty) {
        contexts.push(context(&empty, &Column::default()));
    }
    let jump = if far { "jmp" } else { "rjmp" };
    let table = match form {
        Form::Unrolled => labels.iter().map(|l| format!("{jump} {l}")).collect(),
        _ => text::lines(labels, ADDRESSES).into_iter().map(|line| format!(".word {line}")).collect(),
    };
    Tile { columns: contexts, table }
}

/// Straight-line code for a column: r24 and r25 are the activation.
fn column_code(stage: &Stage, t: usize, column: &Column, counts: bool) -> Vec<String> {
    let mut code = Vec::new();
    let mut one = |o: u16, ops: [&str; 3], times: usize| {
        let (low, high) = (
            format!("{}+{o}", label(&stage.name, "acc", t)),
            format!("{}+{o}", label(&stage.name, "high", t)),
        );
        code.push(format!("lds r0, {low}"));
        if counts {
            code.extend(vec![format!("{} r0", ops[2]); times]);
            code.push(format!("sts {low}, r0"));
            return;
        }
        if times == 2 {
            code.push(format!("lds r18, {high}"));
            for _ in 0..2 {
                code.push(format!("{} r0, r24", ops[0]));
                code.push(format!("{} r18, r25", ops[1]));
            }
            code.push(format!("sts {low}, r0"));
            code.push(format!("sts {high}, r18"));
            return;
        }
        code.push(format!("{} r0, r24", ops[0]));
        code.push(format!("sts {low}, r0"));
        code.push(format!("lds r0, {high}"));
        code.push(format!("{} r0, r25", ops[1]));
        code.push(format!("sts {high}, r0"));
    };
    column.plus.iter().for_each(|&o| one(o, ["add", "adc", "inc"], 1));
    column.minus.chunk_by(|a, b| a == b).for_each(|same| one(same[0], ["sub", "sbc", "dec"], same.len()));
    code
}
