//! Addresses as people know them: `scan_2+5 (0234h)`.

/// The names of a program's addresses.
pub type Symbols = mlc_machine::Symbols<u16>;

/// An address with the symbol it belongs to. Prints as `scan_2+5 (0234h)`, or `0234h` without a symbol.
pub type Location = mlc_machine::Location<u16>;
