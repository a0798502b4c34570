//! What tables and rows cost, counted from `planes.S`; here is how often each way is taken.

use super::super::core::isa;
use super::TEMPLATE;
use super::context::{Fill, Rows, SIDE_BY_SIDE, Tables};
use crate::asm::Isa;
use crate::kernel::Machine;
use crate::kernel::cycles::{Code, END, START};
use crate::kernel::look_up::Shape;
use crate::kernel::memo::Memo;
use crate::stage::usage::ProductUsage;

/// What was counted of a shape.
#[derive(Clone, Copy)]
pub struct Costs {
    /// Cycles of a run without negative inputs, and what a negative one takes more.
    run: f64,
    negative: f64,
    /// Of the code of the stage, and of the routine that fills its tables.
    pub bytes: usize,
    pub fill_bytes: usize,
}

/// Plans ask for a shape again with every combination of forms: it is counted once for each machine.
static COUNTED: Memo<(Shape, Machine), Costs> = Memo::new();

/// What a shape costs.
pub fn of(shape: &Shape, machine: Machine) -> Costs {
    COUNTED.get((shape.clone(), machine), || count(shape, machine))
}

/// Cycles of a stage over all queries.
pub fn stage(shape: &Shape, usage: &ProductUsage, machine: Machine) -> f64 {
    let costs = of(shape, machine);
    usage.runs as f64 * costs.run + usage.negative as f64 * costs.negative
}

fn count(shape: &Shape, machine: Machine) -> Costs {
    let isa = isa(machine);
    let context = Tables::specimen(machine, shape);
    let code = Code::of(isa, TEMPLATE, "tables", &context, &["s_scratch", context.fill]);
    let fill = Fill::new(shape.planes);
    let name = fill.name;
    let fill = Code::of(isa, TEMPLATE, "fill", fill, &[]);
    let pages = shape.tables() / SIDE_BY_SIDE;
    let (tables, new_page) = tables(&context, &code);
    let (rows, rows_bytes) = rows(shape, isa);
    let label = context.loops()[0].label.as_str();
    let input = format!("{label}_input_0");
    let filled = shape.tables() as f64 * fill.way(&[name, "ret"]);
    Costs {
        run: tables + pages as f64 * new_page + filled + rows,
        negative: code.way(&[label, "ldi r25, 0", &input]) - code.way(&[label, &input]),
        bytes: code.bytes() + rows_bytes,
        fill_bytes: fill.bytes(),
    }
}

/// Cycles of one run's tables, of inputs none of which is negative, without what fills them; and what the last table of
/// a page takes more.
fn tables(context: &Tables, code: &Code) -> (f64, f64) {
    let loops = context.loops();
    let label = |at: usize| loops.get(at).map_or(END, |groups| &*groups.label);
    let call = format!("{} {}", context.call, context.fill);
    let mut cycles = code.way(&[START, label(0)]);
    let mut new_page = 0.0;
    for (at, groups) in loops.iter().enumerate() {
        let (next, end) = (format!("{}_next", groups.label), format!("{}_end", groups.label));
        let inputs: Vec<String> = (0..groups.inputs).map(|i| format!("{}_input_{i}", groups.label)).collect();
        let table: Vec<&str> = std::iter::once(label(at)).chain(inputs.iter().map(String::as_str)).collect();
        let way = |behind: &[&str]| code.way(&[&*table, &[call.as_str()], behind].concat());
        if groups.count > 1 {
            cycles +=
                (groups.count - 1) as f64 * way(&[&next, label(at)]) + way(&[&next, &end, label(at + 1)]);
        } else {
            cycles += way(&[&next, label(at + 1)]);
        }
        new_page = way(&["inc r21", &next]) - way(&[&next]);
    }
    (cycles, new_page)
}

/// Cycles of all rows of one run, and the bytes of their code.
fn rows(shape: &Shape, isa: Isa) -> (f64, usize) {
    let context = Rows::specimen(shape);
    let pages = context.walk.pages;
    let code = Code::of(isa, TEMPLATE, "rows", context, &["s_scratch", "s_rows"]);
    // A loop is in the way of a row once.
    let planes: &[&str] = if shape.planes.count() == 1 { &["s_signs"] } else { &["s_h", "s_l"] };
    let again = |plane: &&str| (pages - 1) as f64 * code.way(&[plane, plane]);
    let again: f64 = if pages > 1 { planes.iter().map(again).sum() } else { 0.0 };
    let row = code.way(&["s_row", "s_row"]) + again;
    let last = code.way(&["s_row", "s_tile_end", "ret"]) + again;
    let calls = vec!["rcall s_row"; shape.outputs.len()];
    let around = code.way(&[&[START], &*calls, &["s_done"]].concat());
    let tile = |&outputs: &usize| (outputs - 1) as f64 * row + last;
    (around + shape.outputs.iter().map(tile).sum::<f64>(), code.bytes())
}
