//! The assembler: text of one file in, bytes, listing and symbols out.
//!
//! ```text
//! line ─ lex ─ parse ─┬─ directive ─┐
//!                     └─ z80        ├─ layout: place → settle → emit ─ Assembly
//!                        (operands, │
//!                         table)  ──┘
//! ```
//!
//! The language is a subset of pasmo 0.5.3's: a text that assembles here assembles under `pasmo` to the same
//! bytes. Where pasmo reads an expression in a way few people expect (`-1+2` is `-(1+2)`), or quietly truncates a
//! value, the text is refused here. The exceptions are extensions that pasmo refuses or lacks:
//! `align N`; local labels (`.name`, scoped to the last global label) used twice; `in f,(c)`, `in (c)`, `out (c),0`,
//! `sli`/`sl1`, and the three-operand forms such as `rlc (ix+d),b` and `set 1,(ix+d),b`.
//!
//! - A line is `[label:] [instruction or directive] [; comment]`, or `name equ expression`.
//! - Directives: `org`, `equ`, `db`/`defb`/`defm`, `dw`/`defw`, `ds`/`defs` (`count[,fill]`), `align`, `end`.
//! - Numbers: `31`, `1Fh`, `0x1F`, `$1F`, `11111b`, `%11111`, `'c'`; `$` is the address of the statement.
//! - Mnemonics, registers and directives are case-insensitive and reserved; symbols are case-sensitive.
//! - Expressions: see `expr.rs`. All arithmetic is unsigned, modulo 2^16.
//! - What `org`, `ds`, `align`, `end`, `bit`, `res`, `set`, `im`, `rst` and the displacement of `(ix+d)` need must be
//!   defined above them; all else may refer forward.
//!
//! To add an instruction: one row in the instruction set's table and one line in the test's case file.
//! To add an instruction set: a variant of [`Isa`]; the exhaustive matches in `isa` name what it must bring.

mod directive;
mod error;
mod expr;
mod insn;
mod isa;
mod layout;
mod lex;
mod listing;
mod parse;
mod suggest;
mod symbols;
mod z80;

use std::collections::BTreeMap;
use std::ops::Range;

pub use error::{AsmError, Diagnostic, ErrorKind};
pub use insn::Timing;
pub use isa::Isa;

/// What a source text assembles to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembly {
    /// The address of `bytes[0]`: the first address that something was emitted to.
    pub origin: u16,
    /// The memory image from `origin` on; gaps that `org` leaves are zero.
    pub bytes: Vec<u8>,
    /// One entry for every line that has a label, emits bytes or sets a value or an address, in source order.
    pub lines: Vec<Line>,
    /// Every label and `equ`. A local label's name is `global.local`.
    pub symbols: BTreeMap<String, u16>,
}

/// What one source line assembled to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line's number in the source, from 1.
    pub number: u32,
    /// The address that the line starts at; for an `equ` after the last byte of memory, that byte's.
    pub address: u16,
    /// Where the line's bytes stand in [`Assembly::bytes`]; empty if it emits none.
    pub bytes: Range<usize>,
    /// What the instruction costs; `None` for lines that hold no instruction.
    pub t_states: Option<Timing>,
    /// The value that an `equ` line gives its symbol.
    pub value: Option<u16>,
}

/// Assembles one source text. `file_name` is used in messages only.
///
/// # Errors
/// Up to twenty problems of the text, each with its place.
pub fn assemble(source: &str, file_name: &str, isa: Isa) -> Result<Assembly, AsmError> {
    layout::assemble(source, isa).map_err(|problems| AsmError::new(source, file_name, &problems))
}
