//! The assembler: text of one file in, bytes, listing and symbols out.
//!
//! ```text
//! line ─ lex ─ parse ─┬─ directive ──┐
//!                     └─ z80, avr    ├─ layout: place → settle → arrange → emit ─ Assembly
//!                        (operands,  │
//!                         table)   ──┘
//! ```
//!
//! The instruction set decides the notation. Each notation is a subset of another assembler's: a text that assembles
//! here assembles there to the same bytes. This assembler refuses what the other one truncates in silence, or reads in a
//! way few people expect.
//!
//! - A line is `[label:] [instruction or directive] [; comment]`.
//! - Mnemonics, registers and directives are case-insensitive; symbols are case-sensitive.
//! - What sets a size or place (`org`, `ds`, `align`, `.skip` …), and some small numbers within instructions, must be
//!   defined above them. Everything else may refer forward.
//!
//! **Z80: pasmo 0.5.3.** `-1+2` is refused, because pasmo reads it as `-(1+2)`. Some extensions are the exceptions,
//! which pasmo refuses or lacks: `align N`; local labels (`.name`, scoped to the last global label) used twice; `in f,(c)`, `in (c)`,
//! `out (c),0`, `sli`/`sl1`, and the three-operand formats such as `rlc (ix+d),b` and `set 1,(ix+d),b`.
//!
//! - Directives: `name equ expression`, `org`, `db`/`defb`/`defm`, `dw`/`defw`, `ds`/`defs` (`count[,fill]`), `align`,
//!   `end`. All names are reserved.
//! - Numbers: `31`, `1Fh`, `0x1F`, `$1F`, `11111b`, `%11111`, `'c'`; `$` is the address of the statement.
//! - Expressions: see `expr/pasmo.rs`. All arithmetic is unsigned, modulo 2^16.
//!
//! **AVR: GNU as and ld** (`avr-as -mmcu=avr5`, `avr-ld -m avr5 -Tdata=0x800100`, the linker script of binutils and no
//! other file). Refused are octal numbers, what they truncate with a warning, and what depends on how they were built.
//!
//! - Sections: `.text`, `.data`, `.section` with `.text`, `.data`, `.bss`, `.noinit,"aw",@nobits`,
//!   `.progmem.data,"a",@progbits` or `.vectors,"ax",@progbits`.
//! - Directives: `.equ`/`.set name,expression` and `name = expression` (once for a name), `.global`, `.byte`,
//!   `.word`/`.short`/`.hword`/`.2byte`, `.long`/`.4byte`, `.ascii`, `.asciz`/`.string`, `.org`, `.balign`,
//!   `.skip`/`.space` (`count[,fill]`), `.zero`, `.end`.
//! - Numbers: `31`, `0x1F`, `0b11111`, `'c'`; `.` is the end of the instruction, and the place of each item of data.
//! - Names: letters, digits, `_` and `.`; reserved are registers (`r0`, `xl`, `X`, `x` …) and the operators below.
//! - Labels: also `1:`, which `1b` below it and `1f` above it mean.
//! - Expressions: see `expr/gnu.rs`. An address moves by a number, two in one section have a distance; no more.
//! - Operators that take in a whole operand: `lo8 hi8 hh8 hhi8 pm_lo8 pm_hi8 pm_hh8`, `lo8(-(a))`, `lo8(pm(a))`,
//!   `lo8(gs(a))` for `ldi` and its like; `lo8 hi8 hh8` in `.byte`, `pm gs` in `.word`.
//! - A symbol may stand for a register by its number: `.equ acc,24`.
//!
//! To add an instruction: one row in the instruction set's table and one line in the test's case file.
//! To add an instruction set: a variant of [`Isa`]; the exhaustive matches in `isa` name what it must bring.

mod avr;
mod dialect;
mod directive;
mod error;
mod expr;
mod insn;
mod isa;
mod layout;
mod lex;
mod listing;
mod parse;
mod section;
mod suggest;
mod symbols;
mod z80;

use std::collections::BTreeMap;
use std::ops::Range;

pub use avr::{AvrCore, AvrError};
pub use error::{AsmError, Diagnostic, ErrorKind};
pub use insn::Timing;
pub use isa::Isa;
pub use section::{Section, SectionKind};

/// What a source text assembles to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembly {
    /// Z80: the address of `bytes[0]`, the first address that something was emitted to. AVR: 0.
    pub origin: u16,
    /// Z80: the memory image from `origin` on; gaps that `org` leaves are zero. AVR: the flash image from address 0 on,
    /// which is the text and, right behind it, the first values of data.
    pub bytes: Vec<u8>,
    /// One entry for every line that has a label, emits bytes or sets a value or an address, in source order.
    pub lines: Vec<Line>,
    /// Every label and `equ` whose value fits in 16 bits. On a Z80 these are all; on an AVR the labels in flash and the
    /// small numbers. A Z80's local label has the name `global.local`.
    pub symbols: BTreeMap<String, u16>,
    /// Every label and `equ`, numeric labels (`1:`) aside.
    pub table: BTreeMap<String, Symbol>,
    /// Z80: one, all of `bytes`. AVR: `.text`, `.data`, `.bss` and `.noinit`, in this order, the empty ones too.
    pub sections: Vec<Section>,
    /// Whether addresses have six digits in listings, not four.
    wide: bool,
}

/// A label or `equ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// A number modulo 2^32, or an address: on the AVR in bytes, in RAM from 0x800000 on, as in an ELF file.
    pub value: u32,
    /// Which of [`Assembly::sections`] it lies in; `None` for a number, and for all symbols of the Z80.
    pub section: Option<usize>,
    /// Whether the text declares it with `.global`.
    pub global: bool,
}

/// What one source line assembled to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line's number in the source, from 1.
    pub number: u32,
    /// The address that the line starts at, counted as in [`Symbol::value`]; for an `equ` after the last byte of a
    /// Z80's memory, that byte's.
    pub address: u32,
    /// Where the line's bytes stand in [`Assembly::bytes`]; empty if it emits none.
    pub bytes: Range<usize>,
    /// What the instruction costs; `None` for lines that hold no instruction.
    pub t_states: Option<Timing>,
    /// The value that an `equ` line gives its symbol, modulo 2^32.
    pub value: Option<u32>,
}

/// What the text does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// AVR: the address that RAM, and in it the data, starts at; 0x100 on the ATmega328P, the default.
    pub ram_start: u16,
    /// Z80: the address of a text's first byte, where it begins without `org`; 0 is the default.
    pub origin: u16,
}

impl Default for Options {
    fn default() -> Options {
        Options { ram_start: 0x100, origin: 0 }
    }
}

/// Assembles one source text with the default [`Options`]. `file_name` is used in messages only.
///
/// # Errors
/// Up to twenty problems of the text, each with its place.
pub fn assemble(source: &str, file_name: &str, isa: Isa) -> Result<Assembly, AsmError> {
    assemble_with(source, file_name, isa, &Options::default())
}

/// Assembles one source text. `file_name` is used in messages only.
///
/// # Errors
/// Up to twenty problems of the text, each with its place.
pub fn assemble_with(
    source: &str,
    file_name: &str,
    isa: Isa,
    options: &Options,
) -> Result<Assembly, AsmError> {
    layout::assemble(source, isa, options)
        .map_err(|failure| AsmError::new(source, file_name, &failure, isa.dialect()))
}
