//! What the console takes, counted from that of CP/M. Those of other systems are taken to be alike.

use super::program;
use crate::Assets;
use crate::asm::Isa;
use crate::kernel::Templates;
use crate::kernel::cycles::Code;
use serde::Serialize;
use std::sync::LazyLock;

/// `jp` at the entry of the BDOS and `ret` behind it. What it does between is the system's, and is not counted.
const BDOS: f64 = 10.0 + 10.0;

/// Context of the console to be counted: a program with a moment in which interrupts are let in.
#[derive(Serialize)]
struct Console {
    name: &'static str,
    max_query: u8,
    tab_used: bool,
    enables: [&'static str; 1],
}

static CODE: LazyLock<Code> = LazyLock::new(|| {
    let names = ["chat.asm", "cpm.asm"];
    let templates = Templates::some(&Assets::builtin(), |name| names.contains(&name));
    let context = Console { name: "", max_query: 1, tab_used: false, enables: ["s_ei"] };
    let text = templates.render("cpm.asm", context).unwrap_or_else(|e| panic!("a bug in mlc: {e}"));
    let network = ["set_query", "net_answer", "query_text", "query_length", "s_ei"];
    let memory = ["line", "caller_stack", "stack_top", "memory_end"];
    Code::of_text(Isa::Z80, &text, &[&network[..], &memory].concat())
});

/// T-states around a query in the command tail: the checks, interrupts found to be on, the space before the query, the
/// new line behind the reply and the way back to a CCP that is still there.
pub fn around() -> f64 {
    let new_line = CODE.fall("newline", "emit") + 2.0 * print();
    CODE.fall("start", "greet")
        + CODE.way(&["find_interrupts", "ret pe"])
        + program::space_cost()
        + new_line
        + CODE.way(&["exit", "ret"])
}

/// T-states of printing a character.
pub fn print() -> f64 {
    CODE.way(&["emit", "jp bdos"]) + BDOS
}
