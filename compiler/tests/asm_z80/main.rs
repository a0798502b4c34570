//! The assembler against its case file, against pasmo and GNU as, and against garbage.

#[path = "../support/broken.rs"]
mod broken;
mod cases;
mod errors;
mod exhaustive;
mod formats;
mod garbage;
mod judges;
mod language;
mod listing;
#[path = "../../../tests/support/tools.rs"]
mod tools;

use mlc_compiler::asm::{AsmError, Assembly, Isa, assemble};

/// Assembles Z80 text as the file `t.asm`.
fn asm(source: &str) -> Result<Assembly, AsmError> {
    assemble(source, "t.asm", Isa::Z80)
}
