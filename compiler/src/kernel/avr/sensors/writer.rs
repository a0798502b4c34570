//! The text of a program, as far as it is written.

use crate::CompileError;
use crate::asm::{AvrCore, Isa};
use crate::kernel::avr::core::has_jumps;
use crate::kernel::{Phase, Templates, text};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A program in the making.
pub struct Writer<'a> {
    pub templates: &'a Templates,
    pub isa: Isa,
    /// The steps.
    pub code: String,
    pub phases: Vec<Phase>,
    /// Predicted cycles of a run by phase.
    pub costs: Vec<(String, f64)>,
    /// How often a run comes by what is written.
    pub times: f64,
    /// Routines that steps call.
    pub routines: String,
    /// What `lpm` reads, and how many bytes that is.
    pub data: String,
    pub data_bytes: usize,
    /// Weights that `elpm` reads, and the labels of those that are to be there.
    pub far_data: String,
    pub far: BTreeSet<String>,
    /// Weights that `lpm` reads, and `elpm` could.
    pub movable: Vec<Movable>,
    /// The routine that fills borders is there; the one that computes lines; the one that votes.
    pub fills: bool,
    pub lines: bool,
    pub votes: bool,
    /// Without `MUL`: the routine that multiplies is there, and the table of triangular numbers.
    pub products: bool,
    pub triangles: bool,
}

/// Weights that may lie where only `elpm` reads.
pub struct Movable {
    pub label: String,
    pub bytes: usize,
    /// Cycles of a run that it takes to say where they are.
    pub cycles: f64,
}

impl<'a> Writer<'a> {
    /// `far`: labels of the weights that `elpm` is to read.
    pub fn new(templates: &'a Templates, isa: Isa, far: BTreeSet<String>) -> Self {
        let (code, routines, data) = (String::new(), String::new(), String::new());
        Self {
            templates,
            isa,
            code,
            phases: vec![],
            costs: vec![],
            times: 1.0,
            routines,
            data,
            data_bytes: 0,
            far_data: String::new(),
            far,
            movable: vec![],
            fills: false,
            lines: false,
            votes: false,
            products: false,
            triangles: false,
        }
    }

    /// Whether the chip has `MUL`.
    pub fn multiplies(&self) -> bool {
        has_jumps(self.isa)
    }

    /// The instruction that calls other code.
    pub fn calls(&self) -> &'static str {
        if has_jumps(self.isa) { "call" } else { "rcall" }
    }

    /// A macro's text.
    ///
    /// # Errors
    /// [`CompileError::Template`] for a damaged template.
    pub fn call(&self, file: &str, part: &str, context: impl Serialize) -> Result<String, CompileError> {
        let context = tera::to_value(context).map_err(|e| text::error(file, &tera::Error::json(e)))?;
        self.templates.call(file, part, context)
    }

    /// Adds a routine.
    ///
    /// # Errors
    /// See [`Writer::call`].
    pub fn routine(&mut self, file: &str, part: &str, context: impl Serialize) -> Result<(), CompileError> {
        self.routines += &self.call(file, part, context)?;
        self.routines.push('\n');
        Ok(())
    }

    /// Begins a step, which is a phase.
    pub fn stage(&mut self, name: &str, about: &str) {
        let _ = writeln!(self.code, "\n; {about}\n{name}:");
        self.phases.push(Phase::new(name, name));
    }

    /// Adds code to the step.
    ///
    /// # Errors
    /// See [`Writer::call`].
    pub fn add(&mut self, file: &str, part: &str, context: impl Serialize) -> Result<(), CompileError> {
        self.code += &self.call(file, part, context)?;
        self.code.push('\n');
        Ok(())
    }

    /// The instruction that jumps to other code.
    pub fn jumps(&self) -> &'static str {
        if has_jumps(self.isa) { "jmp" } else { "rjmp" }
    }

    /// What is predicted of a phase so far.
    pub fn costs_of(&self, name: &str) -> f64 {
        self.costs.iter().find(|(known, _)| known == name).map_or(0.0, |(_, cycles)| *cycles)
    }

    pub fn cost(&mut self, name: &str, cycles: f64) {
        let cycles = cycles * self.times;
        match self.costs.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += cycles,
            None => self.costs.push((name.to_string(), cycles)),
        }
    }

    /// Adds lines of data that `lpm` reads.
    pub fn data(&mut self, label: &str, lines: &[String], bytes: usize) {
        write(&mut self.data, label, lines);
        self.data_bytes += bytes;
    }

    /// Adds weights, which a run goes to so many times: where `lpm` reads, or `elpm`.
    pub fn weights(&mut self, label: &str, lines: &[String], bytes: usize, runs: f64) {
        match self.home(label) {
            Home::Near => {
                let cycles = self.times * runs * TO_FAR;
                self.movable.push(Movable { label: label.into(), bytes, cycles });
                self.data(label, lines, bytes);
            }
            Home::Far => write(&mut self.far_data, label, lines),
        }
    }

    /// Where weights are.
    pub fn home(&self, label: &str) -> Home {
        if self.far.contains(label) { Home::Far } else { Home::Near }
    }
}

/// Which part of flash weights are in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// The first, with all other data.
    Near,
    /// Behind the program.
    Far,
}

impl Home {
    pub fn is_far(self) -> bool {
        self == Self::Far
    }

    /// What reads there.
    pub fn lpm(self) -> &'static str {
        if self.is_far() { "elpm" } else { "lpm" }
    }

    /// Cycles to say where weights are, more than for `lpm`.
    pub fn cycles(self) -> f64 {
        if self.is_far() { TO_FAR } else { 0.0 }
    }
}

/// `ldi` and `out`.
const TO_FAR: f64 = 2.0;

fn write(out: &mut String, label: &str, lines: &[String]) {
    let _ = writeln!(out, "{label}:");
    for line in lines {
        let _ = writeln!(out, "        {line}");
    }
}

/// Cycles of a `call`, or of an `rcall` where there is none.
pub fn call(isa: Isa) -> f64 {
    match isa {
        Isa::Avr(AvrCore::Avr6) => 5.0,
        Isa::Avr(AvrCore::Avr25) => 3.0,
        _ => 4.0,
    }
}
