//! Which form fits the operands, and its bytes.

use super::AvrError;
use super::core::{AvrCore, Needs};
use super::fixup::FixupKind;
use super::operand::{Kind, Operand, Ptr};
use super::table::{Cycles, Field, Form, Pat};
use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::expr::{Expr, Node};
use crate::asm::insn::{self, Fixup, Insn, Timing};

/// Refuses a mnemonic of which the core has no form. `span` is the mnemonic's place.
pub(super) fn check_core(core: AvrCore, forms: &[&'static Form], span: Span) -> Res<()> {
    let form = forms[0];
    if core.has(form.needs) {
        return Ok(());
    }
    let instead = match form.needs {
        Needs::Mega if form.name == "jmp" => "use `rjmp`: it reaches all of this core's flash",
        Needs::Mega if form.name == "call" => "use `rcall`: it reaches all of this core's flash",
        Needs::Mega => "multiply by shifts and additions",
        Needs::Elpm => "use `lpm`: all of this core's flash is within its reach",
        Needs::Eind if form.name == "eijmp" => "use `ijmp`: all of this core's flash is within its reach",
        Needs::Nothing | Needs::Eind => "use `icall`: all of this core's flash is within its reach",
    };
    fail(AvrError::NotOnCore { mnemonic: form.name, core, instead }.into(), span)
}

/// Encodes the first form that fits. `span` is the mnemonic's place.
pub(super) fn select(
    core: AvrCore,
    forms: &[&'static Form],
    operands: Vec<Operand>,
    span: Span,
) -> Res<Insn> {
    if let Some(form) = chosen(forms, &operands) {
        return encode(core, form, operands);
    }
    let place = match (operands.first(), operands.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => span,
    };
    let mnemonic = forms[0].name;
    let mut texts: Vec<String> = forms.iter().map(|form| describe(form)).collect();
    texts.dedup();
    let forms = texts.join(", ");
    if let Some(Operand { kind: Kind::Displaced(ptr @ (Ptr::Y | Ptr::Z), ..), .. }) =
        operands.iter().find(|operand| matches!(operand.kind, Kind::Displaced(..)))
        && let Some(instead) = [("ld", "ldd"), ("st", "std")].iter().find(|(name, _)| *name == mnemonic)
    {
        let pointer = ptr.name();
        return fail(AvrError::Displaced { mnemonic, instead: instead.1, pointer }.into(), place);
    }
    fail(
        if operands.is_empty() {
            ErrorKind::NoOperands { mnemonic, forms }
        } else {
            ErrorKind::BadOperands { mnemonic, forms }
        },
        place,
    )
}

fn describe(form: &Form) -> String {
    let operands: Vec<String> = form.operands.iter().map(|pattern| pattern.describe()).collect();
    if operands.is_empty() {
        "no operands".to_owned()
    } else {
        format!("`{} {}`", form.name, operands.join(", "))
    }
}

/// The first form that fits. Which registers it takes does not matter: no two forms differ in that.
pub(super) fn chosen(forms: &[&'static Form], operands: &[Operand]) -> Option<&'static Form> {
    let fits = |form: &&&Form| {
        form.operands.len() == operands.len()
            && form.operands.iter().zip(operands).all(|(pattern, operand)| fits(*pattern, &operand.kind))
    };
    forms.iter().find(fits).copied()
}

fn fits(pattern: Pat, operand: &Kind) -> bool {
    match (pattern, operand) {
        (Pat::At(wanted), Kind::Ptr(ptr)) => wanted == *ptr,
        (Pat::Displaced(wanted), Kind::Displaced(ptr, ..)) => wanted == *ptr,
        (Pat::Field(field), Kind::Reg(_)) => field.registers().is_some(),
        // A symbol may name a register by its number; a bare number there is more likely a slip.
        (Pat::Field(field), Kind::Expr(expr)) => field.registers().is_none() || is_symbol(expr),
        (Pat::Field(Field::K8), Kind::Modified(..)) => true,
        _ => false,
    }
}

fn is_symbol(expr: &Expr) -> bool {
    matches!(expr, Expr::Postfix(nodes) if matches!(nodes[..], [Node::Symbol(..)]))
}

fn encode(core: AvrCore, form: &'static Form, operands: Vec<Operand>) -> Res<Insn> {
    let timing = |not_taken, taken| Timing { not_taken, taken };
    let mut insn = Insn::new(match form.cycles {
        Cycles::Always(n) => timing(n, n),
        Cycles::Branch | Cycles::Skip => timing(1, 2),
        Cycles::Stack(n) => timing(n + core.wide_counter(), n + core.wide_counter()),
    });
    insn.skips = form.cycles == Cycles::Skip;
    for byte in form.opcode.to_le_bytes() {
        insn.push(byte);
    }
    for _ in 2..2 * form.words() {
        insn.push(0);
    }
    let moved = form.operands.iter().find_map(|pattern| match pattern {
        Pat::At(ptr) => ptr.moved(),
        _ => None,
    });
    for (pattern, Operand { kind, span }) in form.operands.iter().zip(operands) {
        let (field, modifier, expr, span) = match (*pattern, kind) {
            (Pat::Field(field), Kind::Reg(number)) => (field, None, Expr::Number(number.into()), span),
            (Pat::Field(field), Kind::Expr(expr)) => (field, None, expr, span),
            (Pat::Field(field), Kind::Modified(modifier, expr)) => (field, Some(modifier), expr, span),
            (Pat::Displaced(_), Kind::Displaced(_, expr, span)) => (Field::Q, None, expr, span),
            _ => continue,
        };
        let kind = FixupKind { field, modifier, mnemonic: form.name, core, moved };
        insn.fixups.push(Fixup { kind: insn::FixupKind::Avr(kind), at: 0, expr, span });
    }
    Ok(insn)
}
