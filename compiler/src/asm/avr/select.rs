//! Finds the format that fits the operands, and encodes it.

use super::AvrError;
use super::core::{AvrCore, Needs};
use super::fixup::FixupKind;
use super::operand::{Kind, Operand, Ptr};
use super::table::{Cycles, Field, Format, Pat};
use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::expr::{Expr, Node};
use crate::asm::insn::{self, Fixup, Insn, Timing};

/// Refuses a mnemonic of which the core has no format. `span` is the mnemonic's place.
pub(super) fn check_core(core: AvrCore, formats: &[&'static Format], span: Span) -> Res<()> {
    let format = formats[0];
    if core.has(format.needs) {
        return Ok(());
    }
    let instead = match format.needs {
        Needs::Mega if format.name == "jmp" => "use `rjmp`: it reaches all of this core's flash",
        Needs::Mega if format.name == "call" => "use `rcall`: it reaches all of this core's flash",
        Needs::Mega => "multiply by shifts and additions",
        Needs::Elpm => "use `lpm`: all of this core's flash is within its reach",
        Needs::Eind if format.name == "eijmp" => "use `ijmp`: all of this core's flash is within its reach",
        Needs::Nothing | Needs::Eind => "use `icall`: all of this core's flash is within its reach",
    };
    fail(AvrError::NotOnCore { mnemonic: format.name, core, instead }.into(), span)
}

/// Encodes the first format that fits. `span` is the mnemonic's place.
pub(super) fn select(
    core: AvrCore,
    formats: &[&'static Format],
    operands: Vec<Operand>,
    span: Span,
) -> Res<Insn> {
    if let Some(format) = chosen(formats, &operands) {
        return encode(core, format, operands);
    }
    let place = match (operands.first(), operands.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => span,
    };
    let mnemonic = formats[0].name;
    let mut texts: Vec<String> = formats.iter().map(|format| describe(format)).collect();
    texts.dedup();
    let formats = texts.join(", ");
    if let Some(Operand { kind: Kind::Displaced(ptr @ (Ptr::Y | Ptr::Z), ..), .. }) =
        operands.iter().find(|operand| matches!(operand.kind, Kind::Displaced(..)))
        && let Some(instead) = [("ld", "ldd"), ("st", "std")].iter().find(|(name, _)| *name == mnemonic)
    {
        let pointer = ptr.name();
        return fail(AvrError::Displaced { mnemonic, instead: instead.1, pointer }.into(), place);
    }
    fail(
        if operands.is_empty() {
            ErrorKind::NoOperands { mnemonic, formats }
        } else {
            ErrorKind::BadOperands { mnemonic, formats }
        },
        place,
    )
}

fn describe(format: &Format) -> String {
    let operands: Vec<String> = format.operands.iter().map(|pattern| pattern.describe()).collect();
    if operands.is_empty() {
        "no operands".to_owned()
    } else {
        format!("`{} {}`", format.name, operands.join(", "))
    }
}

/// The first format that fits. Which registers it takes does not matter: no two formats differ in that.
pub(super) fn chosen(formats: &[&'static Format], operands: &[Operand]) -> Option<&'static Format> {
    let fits = |format: &&&Format| {
        format.operands.len() == operands.len()
            && format.operands.iter().zip(operands).all(|(pattern, operand)| fits(*pattern, &operand.kind))
    };
    formats.iter().find(fits).copied()
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

fn encode(core: AvrCore, format: &'static Format, operands: Vec<Operand>) -> Res<Insn> {
    let timing = |not_taken, taken| Timing { not_taken, taken };
    let mut insn = Insn::new(match format.cycles {
        Cycles::Always(n) => timing(n, n),
        Cycles::Branch | Cycles::Skip => timing(1, 2),
        Cycles::Stack(n) => timing(n + core.wide_counter(), n + core.wide_counter()),
    });
    insn.skips = format.cycles == Cycles::Skip;
    for byte in format.opcode.to_le_bytes() {
        insn.push(byte);
    }
    for _ in 2..2 * format.words() {
        insn.push(0);
    }
    let moved = format.operands.iter().find_map(|pattern| match pattern {
        Pat::At(ptr) => ptr.moved(),
        _ => None,
    });
    for (pattern, Operand { kind, span }) in format.operands.iter().zip(operands) {
        let (field, modifier, expr, span) = match (*pattern, kind) {
            (Pat::Field(field), Kind::Reg(number)) => (field, None, Expr::Number(number.into()), span),
            (Pat::Field(field), Kind::Expr(expr)) => (field, None, expr, span),
            (Pat::Field(field), Kind::Modified(modifier, expr)) => (field, Some(modifier), expr, span),
            (Pat::Displaced(_), Kind::Displaced(_, expr, span)) => (Field::Q, None, expr, span),
            _ => continue,
        };
        let kind = FixupKind { field, modifier, mnemonic: format.name, core, moved };
        insn.fixups.push(Fixup { kind: insn::FixupKind::Avr(kind), at: 0, expr, span });
    }
    Ok(insn)
}
