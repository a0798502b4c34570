//! The two passes over a text, and what is done between them.
//!
//! 1. `place` parses. It gives every statement its address, and every symbol the value that is known by then.
//! 2. `settle` gives the `equ`s that looked forward their values.
//! 3. `arrange` gives the sections their places.
//! 4. `emit` evaluates all expressions and emits the bytes.
//!
//! Two passes are enough, because no size depends on a value that is not known in the first one: those of `ds`, `align`,
//! `org` and the like must be defined above them.

mod arrange;
mod emit;
mod place;
mod settle;

use super::avr::AvrError;
use super::directive::{Item, Value};
use super::error::{ErrorKind, Failure, Problem, Span};
use super::insn::Insn;
use super::isa::Isa;
use super::parse::is_reserved;
use super::section::{SectionId, Sections};
use super::symbols::{NUMERIC, SymbolId, Symbols};
use super::{Assembly, Options};

/// More would only bury the first.
const MAX_PROBLEMS: usize = 20;

pub(super) fn assemble(source: &str, isa: Isa, options: &Options) -> Result<Assembly, Failure> {
    let mut placed = place::place(source, isa, options);
    if !placed.is_cut {
        settle::settle(&mut placed);
        settle::globals(&mut placed);
    }
    let mut end = None;
    if placed.problems.is_empty() {
        match arrange::arrange(isa, options, &placed).and_then(|places| emit::emit(&mut placed, places)) {
            Ok(assembly) => return Ok(assembly),
            Err(problems) => placed.problems = problems,
        }
        end = match isa {
            Isa::Z80 => Some(placed.sections.current().address),
            Isa::Avr(_) => None,
        };
    }
    let Placed { symbols, mut problems, .. } = placed;
    problems.sort_by_key(|problem| problem.span.start);
    problems.truncate(MAX_PROBLEMS);
    for problem in &mut problems {
        explain_undefined(problem, &symbols, isa);
    }
    Err(Failure { problems, end })
}

/// The whole text is known now: was the symbol only missing so far, or is it another's misspelling?
fn explain_undefined(problem: &mut Problem, symbols: &Symbols, isa: Isa) {
    let ErrorKind::Undefined { name, .. } = &problem.kind else { return };
    let name = name.clone();
    problem.kind = if let Some((number, _)) = name.split_once(NUMERIC) {
        match symbols.defined_on(&name) {
            Some(line) => ErrorKind::DefinedBelow { name: format!("{number}f"), line },
            None => AvrError::NumericLabel { number: number.to_owned(), below: true }.into(),
        }
    } else if let Some(line) = symbols.defined_on(&name) {
        ErrorKind::DefinedBelow { name, line }
    } else if is_reserved(&name, isa) {
        ErrorKind::Reserved(name)
    } else {
        let suggestion = symbols.suggest(&name);
        ErrorKind::Undefined { name, suggestion }
    };
}

/// A statement with its place in memory.
struct Statement {
    line: u32,
    section: SectionId,
    /// From the start of the section; on the Z80, the address.
    address: u32,
    span: Span,
    content: Content,
}

enum Content {
    /// A label alone, an `org` or a change of section.
    Nothing,
    Insn(Insn),
    Data(Vec<Item>),
    Space {
        count: u32,
        fill: Option<Value>,
    },
    Equ(SymbolId),
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Content::Insn(insn) => insn.bytes().len(),
            Content::Data(items) => items.iter().map(Item::len).sum(),
            Content::Space { count, .. } => *count as usize,
            Content::Nothing | Content::Equ(_) => 0,
        }
    }
}

/// An `equ` that needs symbols from below.
struct PendingEqu {
    id: SymbolId,
    value: Value,
    section: SectionId,
    address: u32,
    line: u32,
}

/// What the first pass makes of a text.
struct Placed {
    isa: Isa,
    sections: Sections,
    symbols: Symbols,
    statements: Vec<Statement>,
    pending: Vec<PendingEqu>,
    globals: Vec<(SymbolId, Span)>,
    problems: Vec<Problem>,
    /// Memory ended before the text: what stands below is not known.
    is_cut: bool,
}
