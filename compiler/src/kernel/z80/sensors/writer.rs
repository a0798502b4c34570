//! The text of a program, as far as it is written, and what is known of its jumps.

use crate::CompileError;
use crate::kernel::flow::Facts;
use crate::kernel::lines;
use crate::kernel::{Phase, Templates, template_error};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A program in the making.
pub struct Writer<'a> {
    pub templates: &'a Templates,
    /// The steps.
    pub code: String,
    pub phases: Vec<Phase>,
    /// Routines that steps call, and those of them that are there.
    pub routines: String,
    known: BTreeSet<String>,
    /// Constants, and those that begin with a page.
    data: String,
    paged: String,
    /// How often jumps are taken.
    pub facts: Facts,
    /// Bytes of borders, and pieces of them.
    border: (f64, f64),
    /// Bytes of memory that the largest step wants: tables of subsets, bytes of a window, and sums that are kept.
    pub tables: usize,
    pub window: usize,
    pub sums: usize,
}

/// Why a step was not written.
pub enum Refused {
    What(String),
    Error(CompileError),
}

impl From<String> for Refused {
    fn from(what: String) -> Self {
        Self::What(what)
    }
}

impl From<CompileError> for Refused {
    fn from(error: CompileError) -> Self {
        Self::Error(error)
    }
}

impl<'a> Writer<'a> {
    pub fn new(templates: &'a Templates) -> Self {
        Self {
            templates,
            code: String::new(),
            phases: vec![],
            routines: String::new(),
            known: BTreeSet::new(),
            data: String::new(),
            paged: String::new(),
            facts: Facts::default(),
            border: (0.0, 0.0),
            tables: 0,
            window: 0,
            sums: 0,
        }
    }

    /// A macro's text.
    ///
    /// # Errors
    /// [`CompileError::Template`] for a damaged template.
    pub fn call(&self, file: &str, part: &str, context: impl Serialize) -> Result<String, CompileError> {
        let context = tera::to_value(context).map_err(|e| template_error(file, &tera::Error::json(e)))?;
        self.templates.call(file, part, context)
    }

    /// Adds a routine, unless one of that name is there.
    ///
    /// # Errors
    /// See [`Writer::call`].
    pub fn routine(
        &mut self,
        name: &str,
        (file, part): (&str, &str),
        context: impl Serialize,
    ) -> Result<(), CompileError> {
        if self.known.insert(name.to_string()) {
            self.routines += &self.call(file, part, context)?;
            self.routines.push('\n');
        }
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

    /// Constants behind a label.
    pub fn data(&mut self, label: &str, lines: &[String]) {
        let _ = writeln!(self.data, "{label}:");
        lines.iter().for_each(|line| {
            let _ = writeln!(self.data, "        {line}");
        });
    }

    /// Constants from the start of a page on.
    pub fn page(&mut self, label: &str, bytes: impl IntoIterator<Item = u8>) {
        let _ = writeln!(self.paged, "        ds (256-($ and 255)) and 255\n{label}:");
        db(bytes).iter().for_each(|line| {
            let _ = writeln!(self.paged, "        {line}");
        });
    }

    /// So many pieces of a border are filled, each of so many bytes.
    pub fn filled(&mut self, (bytes, times): (usize, f64)) {
        self.border = (self.border.0 + times * bytes as f64, self.border.1 + times);
    }

    /// What is known of all jumps.
    pub fn known_facts(mut self) -> Facts {
        let (bytes, pieces) = self.border;
        self.facts.leaves("net_border>ret", 1.0 + bytes / pieces.max(1.0));
        self.facts.endings(&[("_most", 0.01), ("_fits", 0.5), ("_less", 0.5), ("_kept", 0.98)]);
        self.facts.odds("net_multiply_zero", 0.5);
        self.facts
    }

    /// All constants.
    pub fn take_data(&mut self) -> String {
        std::mem::take(&mut self.data) + &std::mem::take(&mut self.paged)
    }
}

/// Bytes as lines of `db`.
pub fn db(bytes: impl IntoIterator<Item = u8>) -> Vec<String> {
    lines::bytes(bytes).into_iter().map(|line| format!("db {line}")).collect()
}
