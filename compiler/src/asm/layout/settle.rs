//! Between the passes: gives values to the symbols that needed the whole text.

use super::{MAX_PROBLEMS, PendingEqu, Placed};
use crate::asm::dialect::Dialect;
use crate::asm::error::{ErrorKind, Problem};
use crate::asm::expr::{Context, Value};
use crate::asm::symbols::{Definition, SymbolId, Symbols};

/// Gives the pending `equ`s their values, in source order. Each may use whatever stands below it, except another
/// pending one: pasmo's two passes cannot follow that. So one walk is enough.
pub(super) fn settle(placed: &mut Placed) {
    let dialect = placed.isa.dialect();
    for equ in &placed.pending {
        let context = Context {
            symbols: &placed.symbols,
            here: equ.address,
            section: equ.section,
            line: equ.line,
            dialect,
        };
        // GNU as keeps the expression and uses it above, too.
        let usable_from = if dialect == Dialect::Gnu { 0 } else { equ.line };
        match equ.value.expr.eval(&context) {
            Ok(value) => placed.symbols.settle(equ.id, value, equ.line, usable_from),
            Err(mut problem) => {
                if matches!(problem.kind, ErrorKind::ForwardEqu { .. } | ErrorKind::DefinedBelow { .. })
                    && is_cyclic(equ, &placed.pending, &placed.symbols)
                {
                    problem.kind = ErrorKind::Cyclic(placed.symbols.name(equ.id).to_owned());
                }
                placed.problems.push(*problem);
                if placed.problems.len() >= MAX_PROBLEMS {
                    return;
                }
                // Defined, if wrongly: lines that use it are not to blame.
                placed.symbols.settle(equ.id, Value::number(0), equ.line, usable_from);
            }
        }
    }
}

/// Whether the value of `equ` depends on itself, through any number of others.
fn is_cyclic(equ: &PendingEqu, pending: &[PendingEqu], symbols: &Symbols) -> bool {
    let mut seen = vec![false; pending.len()];
    let mut open: Vec<SymbolId> = equ.value.expr.symbols().collect();
    while let Some(id) = open.pop() {
        if id == equ.id {
            return true;
        }
        // `pending` is in line order, and a line defines one symbol.
        let Some(line) = symbols.defined_on(symbols.name(id)) else { continue };
        let Ok(at) = pending.binary_search_by_key(&line, |other| other.line) else { continue };
        if pending[at].id == id && !std::mem::replace(&mut seen[at], true) {
            open.extend(pending[at].value.expr.symbols());
        }
    }
    false
}

/// What is declared global must be defined: there is no other file.
pub(super) fn globals(placed: &mut Placed) {
    for (id, span) in &placed.globals {
        if matches!(placed.symbols.definition(*id), Definition::Missing) {
            let name = placed.symbols.name(*id).to_owned();
            placed
                .problems
                .push(Problem { kind: ErrorKind::Undefined { name, suggestion: None }, span: *span });
        }
    }
}
