//! The notation of a source text. The instruction set decides it.

/// Whose assembler a text is written for: numbers, operators, directives and labels differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// pasmo 0.5.3: `1Fh`, `db`, `equ`, words as operators, unsigned 16-bit arithmetic, one address space.
    Pasmo,
    /// GNU as: `0x1F`, `.byte`, `.equ`, operators as in C, sections.
    Gnu,
}
