//! The loop over the bytes of a window that adds their products to the sums of a group of outputs.

use super::nomul::{self, WEIGHTS};
use super::writer::{Home, Writer, call};
use crate::CompileError;
use crate::kernel::cycles::Code;
use crate::kernel::sensors::Pace;
use crate::kernel::sensors::net::{Array, Product};
use serde::Serialize;

/// Registers that sums may have, from r2 on; without `MUL`.
const REGISTERS: usize = 12;
const FEWER: usize = 9;
/// Most that a register counts.
const COUNT: usize = 255;
/// Words that a branch back reaches, less those of the loop's end.
const NEAR: usize = 60;
/// Bytes whose sum 16 bits hold.
const SHORT: usize = 257;

/// How a window is read.
#[derive(Clone, Copy)]
pub struct Walk {
    rows: usize,
    run: usize,
    step: usize,
    skip: usize,
    /// Bytes read behind the last one, times 0.
    pub more: usize,
}

/// A register for each byte of a sum.
#[derive(Serialize, Clone, Copy)]
pub struct Sum {
    b0: usize,
    b1: usize,
    b2: usize,
    b3: usize,
}

/// Without `MUL`: a sum, and the register that the weight of a byte is in.
#[derive(Serialize)]
struct Term {
    sum: Sum,
    weight: usize,
}

#[derive(Serialize)]
struct Dot {
    name: String,
    /// None: only the triangular numbers of the bytes are added.
    sums: Vec<Sum>,
    multiplies: bool,
    /// Products are triangular numbers.
    terms: Vec<Term>,
    wide: bool,
    /// Sums are in RAM, and stay there.
    gathers: bool,
    /// What reads weights.
    lpm: &'static str,
    rows: usize,
    run: usize,
    unroll: usize,
    times: usize,
    rest: usize,
    near: bool,
    step: usize,
    skip: usize,
    long: bool,
    cycles: usize,
}

/// What puts a sum where it is scaled.
#[derive(Serialize)]
pub struct Moves {
    pub moves: Vec<String>,
}

impl Sum {
    /// Those of so many outputs.
    pub fn all(outputs: usize, wide: bool) -> Vec<Self> {
        let bytes = if wide { 4 } else { 3 };
        (0..outputs)
            .map(|o| {
                let b0 = 2 + bytes * o;
                Self { b0, b1: b0 + 1, b2: b0 + 2, b3: b0 + 3 }
            })
            .collect()
    }

    pub fn registers(&self) -> [usize; 3] {
        [self.b0, self.b1, self.b2]
    }

    /// What puts it where it is scaled, with what loads its factor.
    pub fn loaded(&self, loads: Vec<String>) -> Moves {
        Moves { moves: [self.moves(false), loads].concat() }
    }

    /// What puts it where it is scaled.
    pub fn moves(&self, wide: bool) -> Vec<String> {
        let mut moves = match self.b0 % 2 {
            0 => vec![format!("movw r18, r{}", self.b0)],
            _ => vec![format!("mov r18, r{}", self.b0), format!("mov r19, r{}", self.b1)],
        };
        moves.push(format!("mov r20, r{}", self.b2));
        if wide {
            moves.push(format!("mov r21, r{}", self.b3));
        }
        moves
    }
}

impl Walk {
    /// That of a product.
    pub fn of(product: &Product, array: &Array) -> Self {
        let window = &product.window;
        if product.apart {
            let skip = array.pitch() - window.cols * array.channels;
            return Self { rows: window.rows, run: window.cols, step: array.channels, skip, more: 0 };
        }
        let run = window.cols * array.channels;
        if run == array.pitch() || window.rows == 1 {
            // One run, cut where a register cannot count it.
            let all = window.rows * run;
            let rows = all.div_ceil(2 * COUNT);
            let run = all.div_ceil(rows);
            return Self { rows, run, step: 1, skip: 0, more: rows * run - all };
        }
        Self { rows: window.rows, run, step: 1, skip: array.pitch() - run, more: 0 }
    }
}

/// What a product of a byte and a weight is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An instruction.
    Instruction,
    /// Triangular numbers.
    Triangles,
    /// A routine.
    Routine,
}

impl Form {
    pub fn of(w: &Writer, pace: Pace, walk: Walk) -> Self {
        match w.multiplies() {
            true => Self::Instruction,
            false if pace.compares() && walk.rows * walk.run <= nomul::WINDOW => Self::Triangles,
            false => Self::Routine,
        }
    }
}

/// Where sums begin, three bytes each, or four if they are wide.
#[derive(Clone, Copy)]
pub enum Start {
    /// Before their weights.
    Flash { wide: bool },
    /// In RAM, where they go again.
    Memory { wide: bool },
}

/// Registers that sums may have.
pub fn registers(w: &Writer) -> usize {
    if w.multiplies() { REGISTERS } else { FEWER }
}

/// Writes the loop over a window for so many outputs; its cycles.
///
/// # Errors
/// A damaged template.
pub fn dot(
    w: &mut Writer,
    name: &str,
    (walk, form): (Walk, Form),
    outputs: usize,
    (start, home): (Start, Home),
) -> Result<f64, CompileError> {
    let (Start::Flash { wide } | Start::Memory { wide }) = start;
    let sums = Sum::all(outputs, wide);
    let terms = match form {
        Form::Triangles => sums.iter().zip(WEIGHTS).map(|(&sum, weight)| Term { sum, weight }).collect(),
        Form::Instruction | Form::Routine => vec![],
    };
    let mut dot = Dot::new(w, format!("{name}_dot{outputs}"), walk, (sums, terms));
    dot.wide = wide;
    dot.gathers = matches!(start, Start::Memory { .. });
    dot.lpm = home.lpm();
    dot.written(w, "dot", form)
}

/// Writes the loop that adds the triangular numbers of the bytes of a window, where products are made of them; its name and cycles.
///
/// # Errors
/// A damaged template.
pub fn triangles(
    w: &mut Writer,
    name: &str,
    (walk, form): (Walk, Form),
) -> Result<(Option<String>, f64), CompileError> {
    if form != Form::Triangles {
        return Ok((None, 0.0));
    }
    nomul::table(w)?;
    let label = format!("{name}_triangles");
    let dot = Dot::new(w, label.clone(), walk, (vec![], vec![]));
    // `movw` four times, and the call.
    let cycles = dot.written(w, "triangles", form)? + 4.0 + call(w.isa);
    Ok((Some(label), cycles))
}

impl Dot {
    fn new(w: &Writer, name: String, walk: Walk, (sums, terms): (Vec<Sum>, Vec<Term>)) -> Self {
        Self {
            name,
            sums,
            multiplies: w.multiplies(),
            terms,
            wide: false,
            gathers: false,
            lpm: Home::Near.lpm(),
            rows: walk.rows,
            run: walk.run,
            unroll: 1,
            times: walk.run,
            rest: 0,
            near: true,
            step: walk.step,
            skip: walk.skip,
            long: walk.rows * walk.run > SHORT,
            cycles: 0,
        }
    }

    /// Writes the routine; its cycles.
    fn written(mut self, w: &mut Writer, part: &str, form: Form) -> Result<f64, CompileError> {
        let others = &nomul::others(w);
        let one = Code::of(w.isa, "window.S", "multiply", &self, others);
        let words = one.bytes() / 2;
        let of_one = one.straight() + nomul::products(w, &one);
        // What calls a routine is not quick, so that it is small.
        self.unroll = if form == Form::Routine { 1 } else { (NEAR / words).clamp(1, self.run) };
        while self.run / self.unroll > COUNT {
            self.unroll += 1;
        }
        self.times = self.run / self.unroll;
        self.rest = self.run % self.unroll;
        self.near = self.unroll * words <= NEAR;
        let all = Code::of(w.isa, "window.S", part, &self, others);
        nomul::routine(w, &all)?;
        // Loops back: `dec`, and a branch that is taken, or one that is not and a jump.
        let back = if self.near { 3.0 } else { 4.0 };
        let again = (self.times - 1) as f64 * (self.unroll as f64 * of_one + back);
        let skip = if self.skip > 0 { 2.0 } else { 0.0 };
        let row = again + (self.unroll + self.rest) as f64 * of_one + 2.0 + skip;
        let of_all = all.straight() + nomul::products(w, &all);
        let cycles = of_all + again + (self.rows - 1) as f64 * (row + 4.0);
        self.cycles = cycles as usize;
        w.routine("window.S", part, self)?;
        Ok(cycles)
    }
}
