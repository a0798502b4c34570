//! Finds the format that fits the operands, and encodes it.

use super::Entry;
use super::fixup::FixupKind;
use super::operand::{Kind, Operand, Reg};
use super::table::{Page, Pat};
use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::expr::Expr;
use crate::asm::insn::{Fixup, Insn, Timing};

/// Which of hl, ix and iy an operand means. One instruction can mean only one: the prefix holds for all of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Index {
    Hl,
    Ix,
    Iy,
}

/// How an operand fits a pattern.
struct Fit {
    /// What it adds to the opcode.
    bits: u8,
    index: Option<Index>,
}

/// Encodes the first format that fits. `span` is the last token's place.
pub(super) fn select(entries: &[Entry], operands: Vec<Operand>, span: Span) -> Res<Insn> {
    if let Some(entry) = chosen(entries, &operands)
        && let Some(fit) = fit_all(entry.format.operands, &operands)
    {
        return Ok(encode(entry, &fit, operands));
    }
    let place = match (operands.first(), operands.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => span,
    };
    let mnemonic = entries[0].name;
    if operands.is_empty() {
        let formats = forms_like(entries, &operands);
        fail(ErrorKind::NoOperands { mnemonic, formats }, place)
    } else if entries.iter().any(|entry| fits_but_for_index(entry.format.operands, &operands)) {
        fail(ErrorKind::MixedIndex(mnemonic), place)
    } else {
        fail(ErrorKind::BadOperands { mnemonic, formats: forms_like(entries, &operands) }, place)
    }
}

/// Whether each operand is right by itself, so that only the mix of hl, ix and iy is wrong.
fn fits_but_for_index(patterns: &[Pat], operands: &[Operand]) -> bool {
    patterns.len() == operands.len()
        && patterns.iter().zip(operands).all(|(pattern, operand)| fit(*pattern, &operand.kind).is_some())
}

/// The first format that fits.
pub(super) fn chosen<'e>(entries: &'e [Entry], operands: &[Operand]) -> Option<&'e Entry> {
    entries.iter().find(|entry| fit_all(entry.format.operands, operands).is_some())
}

fn fit_all(patterns: &[Pat], operands: &[Operand]) -> Option<Fit> {
    if patterns.len() != operands.len() {
        return None;
    }
    let mut all = Fit { bits: 0, index: None };
    for (pattern, operand) in patterns.iter().zip(operands) {
        let one = fit(*pattern, &operand.kind)?;
        all.bits |= one.bits;
        all.index = match (all.index, one.index) {
            (Some(a), Some(b)) if a != b => return None,
            (a, b) => a.or(b),
        };
    }
    Some(all)
}

fn fit(pattern: Pat, operand: &Kind) -> Option<Fit> {
    let plain = |bits| Some(Fit { bits, index: None });
    let indexed = |bits, index| Some(Fit { bits, index });
    match (pattern, operand) {
        (Pat::R(shift), Kind::Reg(reg)) => match eight_bit(*reg)? {
            (code, None | Some(Index::Hl)) => plain(code << shift),
            _ => None,
        },
        (Pat::Rx(shift), Kind::Reg(reg)) => {
            let (code, index) = eight_bit(*reg)?;
            indexed(code << shift, index)
        }
        (Pat::Dd, Kind::Reg(reg)) => match pair(*reg, Reg::Sp)? {
            (code, None | Some(Index::Hl)) => plain(code << 4),
            _ => None,
        },
        (Pat::Ddx, Kind::Reg(reg)) => {
            let (code, index) = pair(*reg, Reg::Sp)?;
            indexed(code << 4, index)
        }
        (Pat::Qqx, Kind::Reg(reg)) => {
            let (code, index) = pair(*reg, Reg::Af)?;
            indexed(code << 4, index)
        }
        (Pat::Hx, Kind::Reg(reg)) | (Pat::MemHx, Kind::Mem(reg)) => indexed(0, Some(index_of(*reg)?)),
        (Pat::Reg(wanted), Kind::Reg(reg)) | (Pat::Mem(wanted), Kind::Mem(reg)) if wanted == *reg => plain(0),
        (Pat::Mix, Kind::Mem(reg @ (Reg::Ix | Reg::Iy)) | Kind::Indexed(reg, ..)) => {
            indexed(0, Some(index_of(*reg)?))
        }
        (Pat::Mnn | Pat::Mn, Kind::MemExpr(_)) => plain(0),
        (Pat::N | Pat::Nn | Pat::Target | Pat::Bit | Pat::Restart | Pat::Mode, Kind::Expr(_)) => plain(0),
        (Pat::Cc, Kind::Cond(code)) => plain(code << 3),
        (Pat::Cc4, Kind::Cond(code @ 0..=3)) => plain(code << 3),
        // `c` is a register to the parser and the condition 3 here.
        (Pat::Cc | Pat::Cc4, Kind::Reg(Reg::C)) => plain(3 << 3),
        (Pat::Zero, Kind::Expr(Expr::Number(0))) => plain(0),
        _ => None,
    }
}

/// The code of an 8-bit register, and what decides about h and l.
fn eight_bit(reg: Reg) -> Option<(u8, Option<Index>)> {
    Some(match reg {
        Reg::B => (0, None),
        Reg::C => (1, None),
        Reg::D => (2, None),
        Reg::E => (3, None),
        Reg::H => (4, Some(Index::Hl)),
        Reg::L => (5, Some(Index::Hl)),
        Reg::A => (7, None),
        Reg::Ixh => (4, Some(Index::Ix)),
        Reg::Ixl => (5, Some(Index::Ix)),
        Reg::Iyh => (4, Some(Index::Iy)),
        Reg::Iyl => (5, Some(Index::Iy)),
        _ => return None,
    })
}

/// The code of a register pair; `third` is the one of code 3, sp or af.
fn pair(reg: Reg, third: Reg) -> Option<(u8, Option<Index>)> {
    Some(match reg {
        Reg::Bc => (0, None),
        Reg::De => (1, None),
        _ if reg == third => (3, None),
        _ => (2, Some(index_of(reg)?)),
    })
}

fn index_of(reg: Reg) -> Option<Index> {
    match reg {
        Reg::Hl => Some(Index::Hl),
        Reg::Ix => Some(Index::Ix),
        Reg::Iy => Some(Index::Iy),
        _ => None,
    }
}

/// The bytes: perhaps a prefix, perhaps CB or ED, opcode, perhaps d, perhaps n or nn; but prefix, CB, d, opcode.
fn encode(entry: &Entry, fit: &Fit, operands: Vec<Operand>) -> Insn {
    let format = entry.format;
    let prefix = match fit.index {
        None | Some(Index::Hl) => None,
        Some(Index::Ix) => Some(0xDD),
        Some(Index::Iy) => Some(0xFD),
    };
    let displaced = format.operands.contains(&Pat::Mix);
    let extra = if prefix.is_some() && !displaced { 4 } else { 0 };
    let Timing { not_taken, taken } = format.timing;
    let mut insn = Insn::new(Timing { not_taken: not_taken + extra, taken: taken + extra });
    if let Some(prefix) = prefix {
        insn.push(prefix);
    }
    match format.page {
        Page::Plain => {}
        Page::Cb => insn.push(0xCB),
        Page::Ed => insn.push(0xED),
    }
    // Where the opcode will be; a displacement comes before it on the CB page.
    let late_opcode = format.page == Page::Cb && displaced;
    let opcode_at = insn.bytes().len() + usize::from(late_opcode);
    let opcode = (format.opcode + entry.index * format.step) | fit.bits;
    if !late_opcode {
        insn.push(opcode);
    }
    for (pattern, operand) in format.operands.iter().zip(operands) {
        place(&mut insn, *pattern, operand, entry.name, opcode_at);
    }
    if late_opcode {
        insn.push(opcode);
    }
    insn
}

/// Makes room for an operand's value, if it has one.
fn place(insn: &mut Insn, pattern: Pat, operand: Operand, mnemonic: &'static str, opcode_at: usize) {
    let at = insn.bytes().len();
    let Operand { kind, span } = operand;
    let (fixup, width, expr) = match (pattern, kind) {
        (Pat::Mix, Kind::Indexed(_, sign, expr)) => (sign, 1, expr),
        (Pat::Mix, _) => return insn.push(0),
        (Pat::N, Kind::Expr(expr)) | (Pat::Mn, Kind::MemExpr(expr)) => (FixupKind::Byte, 1, expr),
        (Pat::Nn, Kind::Expr(expr)) | (Pat::Mnn, Kind::MemExpr(expr)) => (FixupKind::Word, 2, expr),
        (Pat::Target, Kind::Expr(expr)) => (FixupKind::Relative { mnemonic }, 1, expr),
        (Pat::Bit, Kind::Expr(expr)) => (FixupKind::Bit, 0, expr),
        (Pat::Restart, Kind::Expr(expr)) => (FixupKind::Restart, 0, expr),
        (Pat::Mode, Kind::Expr(expr)) => (FixupKind::InterruptMode, 0, expr),
        _ => return,
    };
    for _ in 0..width {
        insn.push(0);
    }
    let at = if width == 0 { opcode_at } else { at };
    insn.fixups.push(Fixup { kind: fixup.into(), at, expr, span });
}

/// The formats that share the first operand, or else all: `ld r,n`, `ld hl,(nn)` …
fn forms_like(entries: &[Entry], operands: &[Operand]) -> String {
    let shares = |entry: &&Entry| match (entry.format.operands.first(), operands.first()) {
        (Some(pattern), Some(operand)) => fit(*pattern, &operand.kind).is_some(),
        _ => false,
    };
    let some: Vec<&Entry> = entries.iter().filter(shares).collect();
    let chosen = if some.is_empty() { entries.iter().collect() } else { some };
    let mut texts: Vec<String> = chosen.into_iter().map(describe).collect();
    texts.dedup();
    texts.join(", ")
}

fn describe(entry: &Entry) -> String {
    let operands: Vec<&str> = entry.format.operands.iter().map(|pattern| pattern.describe()).collect();
    if operands.is_empty() {
        "no operands".to_owned()
    } else {
        format!("`{} {}`", entry.name, operands.join(","))
    }
}
