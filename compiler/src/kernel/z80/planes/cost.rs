//! What tables and rows cost, counted from `planes.asm`; here is how often each way is taken.

use super::TEMPLATE;
use super::context::{Fill, Piece, Rows, Tables};
use crate::asm::Isa;
use crate::kernel::cycles::{Code, END, START};
use crate::kernel::look_up::Shape;
use crate::kernel::memo::Memo;
use crate::stage::usage::ProductUsage;
use crate::weights::planes::{Planes, SEVEN};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// T-states during which interrupts stay off, about.
const PIECE: f64 = 4_000.0;
/// Most rows of a piece.
const MOST_ROWS: usize = 128;

/// What was counted of a shape.
#[derive(Clone, Copy)]
pub struct Costs {
    /// T-states of a run without negative inputs, and what a negative one takes more.
    run: f64,
    negative: f64,
    pub piece: Piece,
    /// Of the code of the stage.
    pub bytes: usize,
}

/// Plans ask for a shape again with every combination of forms: it is counted once.
static COUNTED: Memo<Shape, Costs> = Memo::new();

/// What a shape costs.
pub fn of(shape: &Shape) -> Costs {
    COUNTED.get(shape.clone(), || count(shape))
}

/// T-states of a stage over all queries.
pub fn stage(shape: &Shape, usage: &ProductUsage) -> f64 {
    let costs = of(shape);
    usage.runs as f64 * costs.run + usage.negative as f64 * costs.negative
}

fn count(shape: &Shape) -> Costs {
    let context = Tables::specimen(shape);
    let fills: Vec<String> = (1..=SEVEN).map(|n| format!("planes_fill_{n}")).collect();
    let others: Vec<&str> = fills.iter().map(String::as_str).chain(["s_scratch", "stack_top"]).collect();
    let code = Code::of(Isa::Z80, TEMPLATE, "tables", &context, &others);
    let part = |part: &str| format!("{}_{part}", context.loops()[0].label);
    let [input, difference, negative] = ["input", "difference", "negative"].map(part);
    let rows = RowCosts::count(shape);
    Costs {
        run: tables(&context, &code) + rows.all(shape),
        negative: code.way(&[&input, &negative, &difference]) - code.way(&[&input, &difference]),
        piece: rows.piece,
        bytes: code.bytes() + rows.bytes,
    }
}

/// T-states of one run's tables, of inputs none of which is negative.
fn tables(context: &Tables, code: &Code) -> f64 {
    let loops = context.loops();
    let label = |at: usize| loops.get(at).map_or(END, |groups| &*groups.label);
    let mut t_states = code.way(&[START, label(0)]);
    for (at, groups) in loops.iter().enumerate() {
        let (input, next) = (format!("{}_input", groups.label), format!("{}_next", groups.label));
        let table = code.way(&[label(at), &format!("jp planes_fill_{}", groups.inputs)])
            + (groups.inputs - 1) as f64 * code.way(&[&input, &input])
            + FILL.t_states[groups.inputs - 1];
        t_states += groups.count as f64 * table + code.way(&[&next, label(at + 1)]);
        if groups.count > 1 {
            t_states += (groups.count - 1) as f64 * code.way(&[&next, label(at)]);
        }
    }
    t_states
}

/// What was counted of the code that fills tables.
struct FillCosts {
    /// T-states of a table of one input, of two, and so on.
    t_states: [f64; SEVEN],
    /// For tables of one size, and for each other size.
    bytes: usize,
    more: usize,
}

/// 128 steps: they are counted once.
static FILL: LazyLock<FillCosts> = LazyLock::new(|| {
    let code =
        |sizes: BTreeSet<usize>| Code::of(Isa::Z80, TEMPLATE, "code", Fill::new(sizes), &["stack_top"]);
    let (one, all) = (code(BTreeSet::from([SEVEN])), code((1..=SEVEN).collect()));
    let table = |at: usize| {
        let [from, sums] = ["fill", "sums"].map(|part| format!("planes_{part}_{}", at + 1));
        all.way(&[&from, &sums, "ret"])
    };
    let (bytes, more) = (one.bytes(), (all.bytes() - one.bytes()) / (SEVEN - 1));
    FillCosts { t_states: std::array::from_fn(table), bytes, more }
});

/// Bytes of the code that fills tables of so many sizes.
pub fn fill_bytes(sizes: usize) -> usize {
    FILL.bytes + (sizes - 1) * FILL.more
}

/// What was counted of rows, in T-states.
struct RowCosts {
    piece: Piece,
    /// Before the first row; a row that another one of its piece follows.
    begin: f64,
    row: f64,
    /// What the last row of a piece takes more, that of a tile, and that of all.
    end_of_piece: f64,
    end_of_tile: f64,
    end: f64,
    bytes: usize,
}

/// The rows of a specimen: see [`Rows::specimen`].
fn specimen(planes: Planes, tables: usize, looks: usize, tiles: bool) -> Code {
    let context = Rows::specimen(planes, tables, looks, tiles);
    Code::of(Isa::Z80, TEMPLATE, "rows", context, &["s_rows", "s_scratch", "stack_top"])
}

/// T-states of a row that another one of its piece follows.
fn row(code: &Code) -> f64 {
    code.way(&["s_row", "s_row"])
}

/// A moment in which interrupts are let in inside of a row, in T-states and bytes: between planes, and between two looks
/// of one plane.
static MOMENTS: LazyLock<[(f64, usize); 2]> = LazyLock::new(|| {
    let moment = |planes: Planes, tables: usize| {
        let [with, without] = [2, Piece::ROW.looks].map(|looks| specimen(planes, tables, looks, false));
        (row(&with) - row(&without), with.bytes() - without.bytes())
    };
    [moment(Planes::Twos, 2), moment(Planes::Signs, 4)]
});

impl RowCosts {
    /// From two specimens: two looks read a pair of bytes, whatever was before them, so each two tables more cost a row
    /// the same. A row of one table or two differs, because its first look loads.
    fn count(shape: &Shape) -> Self {
        let (tables, tiles) = (shape.tables(), shape.outputs.len() > 1);
        let few = if tables % 2 == 1 { 1 } else { 2 };
        let of = |tables: usize| specimen(shape.planes, tables, Piece::ROW.looks, tiles);
        let (code, more) = (of(few), of(few + 2));
        let twos = (tables - few) / 2;
        let mut t_states = row(&code) + twos as f64 * (row(&more) - row(&code));
        let mut bytes = code.bytes() + twos * (more.bytes() - code.bytes());
        let looks = shape.planes.count() * tables;
        let piece = Piece::of(t_states, looks);
        for at in (1..looks).filter(|at| at.is_multiple_of(piece.looks)) {
            let (longer, larger) = MOMENTS[usize::from(!at.is_multiple_of(tables))];
            t_states += longer;
            bytes += larger;
        }
        let than_row = |stops: &[&str]| code.way(stops) - row(&code);
        Self {
            piece,
            begin: code.way(&[START, "s_row"]),
            row: t_states,
            end_of_piece: than_row(&["s_row", "s_resume", "s_row"]),
            end_of_tile: if tiles { than_row(&["s_row", "s_tile", "s_resume", "s_row"]) } else { 0.0 },
            end: than_row(&["s_row", "s_tile", END]),
            bytes,
        }
    }

    /// All rows of one run.
    fn all(&self, shape: &Shape) -> f64 {
        let (outputs, tiles) = (shape.outputs.iter().sum::<usize>(), shape.outputs.len());
        let pieces: usize = shape.outputs.iter().map(|n| n.div_ceil(self.piece.rows)).sum();
        self.begin
            + outputs as f64 * self.row
            + (pieces - tiles) as f64 * self.end_of_piece
            + (tiles - 1) as f64 * self.end_of_tile
            + self.end
    }
}

impl Piece {
    /// For rows of so many bytes that take `row` T-states.
    fn of(row: f64, bytes: usize) -> Self {
        let mut rows = MOST_ROWS;
        while rows > 1 && rows as f64 * row > PIECE {
            rows /= 2;
        }
        let parts = (row / PIECE).ceil() as usize;
        // Of two planes and two parts each is one.
        let looks = if parts > 1 { bytes.div_ceil(parts) } else { Self::ROW.looks };
        Self { rows, looks }
    }
}
