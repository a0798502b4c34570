//! The assembler for the AVR against its case file, against GNU as and ld, and against garbage.

#[path = "../support/broken.rs"]
mod broken;
mod cases;
mod errors;
mod exhaustive;
mod garbage;
mod judges;
mod language;
mod listing;
#[path = "../../../tests/support/tools.rs"]
mod tools;

use mlc_compiler::asm::{AsmError, Assembly, AvrCore, Isa, assemble};

/// Assembles text for the avr5 core as the file `t.S`.
fn asm(source: &str) -> Result<Assembly, AsmError> {
    assemble(source, "t.S", Isa::Avr(AvrCore::Avr5))
}
