//! The second pass: emits the bytes, and notes what every line became.

use std::collections::BTreeMap;

use super::{Content, MAX_PROBLEMS, Placed, Statement};
use crate::asm::dialect::Dialect;
use crate::asm::directive::{Item, Number, Value};
use crate::asm::error::{Problem, Res, Span};
use crate::asm::expr::Context;
use crate::asm::insn::Timing;
use crate::asm::section::{Places, Resolved, Section, SectionId, SectionKind, Sections};
use crate::asm::symbols::Symbols;
use crate::asm::{Assembly, Line, Symbol, avr, z80};

/// A section's bytes.
struct Image {
    /// The address of the first; on the AVR the section's start.
    origin: Option<u32>,
    bytes: Vec<u8>,
}

impl Image {
    /// The index of `address` in `bytes`, zeros filled in up to it if something is to be emitted there.
    fn bytes_at(&mut self, address: u32, content: &Content) -> usize {
        if content.len() > 0 {
            let origin = *self.origin.get_or_insert(address);
            // Addresses only grow once something is emitted; a line with an error may have left a hole.
            let index = (address - origin) as usize;
            self.bytes.resize(index, 0);
        }
        self.bytes.len()
    }
}

pub(super) fn emit(placed: &mut Placed, mut places: Places) -> Result<Assembly, Vec<Problem>> {
    let Placed { isa, sections, symbols, statements, globals, .. } = placed;
    let dialect = isa.dialect();
    let first = match dialect {
        Dialect::Pasmo => None,
        Dialect::Gnu => Some(0),
    };
    let mut images: Vec<Image> =
        sections.list.iter().map(|_| Image { origin: first, bytes: Vec::new() }).collect();
    let mut lines = Vec::with_capacity(statements.len());
    let mut problems = Vec::new();
    for statement in statements.iter_mut() {
        let at = usize::from(statement.section.0);
        let scope = Scope { symbols, sections, places: &places, dialect };
        let image = &mut images[at];
        let loaded = matches!(sections.list[at].spec.kind, SectionKind::Text | SectionKind::Data);
        let start = if loaded { image.bytes_at(statement.address, &statement.content) } else { 0 };
        match scope.emit(statement, loaded, &mut image.bytes) {
            Ok((t_states, value)) => lines.push(Line {
                number: statement.line,
                address: address(statement, &places, dialect),
                bytes: places.offsets[at] + start..places.offsets[at] + image.bytes.len(),
                t_states,
                value,
            }),
            Err(problem) => {
                problems.push(*problem);
                if problems.len() >= MAX_PROBLEMS {
                    break;
                }
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let end = statements.last().map_or(0, |last| last.address);
    let (origin, bytes) = match dialect {
        Dialect::Pasmo => whole(&mut images[0], end, &mut places),
        Dialect::Gnu => (0, join(images, &places)),
    };
    let mut table: BTreeMap<String, Symbol> = BTreeMap::new();
    for (name, id, value) in symbols.defined() {
        let resolved = places.resolve(value, sections);
        table.insert(
            name.to_owned(),
            Symbol {
                value: (resolved.number & 0xFFFF_FFFF) as u32,
                section: value.section.map(|section| places.outputs[usize::from(section.0)]),
                global: globals.iter().any(|(global, _)| *global == id),
            },
        );
    }
    let narrow = |(name, symbol): (&String, &Symbol)| Some((name.clone(), u16::try_from(symbol.value).ok()?));
    let symbols = table.iter().filter_map(narrow).collect();
    Ok(Assembly {
        origin,
        bytes,
        lines,
        symbols,
        table,
        sections: places.sections,
        wide: dialect == Dialect::Gnu,
    })
}

/// The address that a line shows.
fn address(statement: &Statement, places: &Places, dialect: Dialect) -> u32 {
    match dialect {
        // More than 65535 is possible only where nothing is emitted and no label stands.
        Dialect::Pasmo => statement.address.min(0xFFFF),
        Dialect::Gnu => places.bases[usize::from(statement.section.0)] + statement.address,
    }
}

/// The one section of a Z80 program: origin and bytes. `end` is where it would have been, were it empty.
fn whole(image: &mut Image, end: u32, places: &mut Places) -> (u16, Vec<u8>) {
    let origin = u16::try_from(image.origin.unwrap_or(end)).unwrap_or(u16::MAX);
    let bytes = std::mem::take(&mut image.bytes);
    places.sections = vec![Section {
        name: ".text",
        kind: SectionKind::Text,
        address: origin.into(),
        // Memory has at most 65536 bytes.
        size: bytes.len() as u32,
        align: 1,
        bytes: 0..bytes.len(),
    }];
    (origin, bytes)
}

/// The flash of an AVR: text, then what data starts with, zeros between the sections.
fn join(images: Vec<Image>, places: &Places) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (image, offset) in
        images.into_iter().zip(&places.offsets).filter(|(image, _)| !image.bytes.is_empty())
    {
        bytes.resize(*offset, 0);
        bytes.extend_from_slice(&image.bytes);
    }
    let end = places.sections.iter().map(|section| section.bytes.end).max().unwrap_or(0);
    bytes.resize(end, 0);
    bytes
}

/// What statements are emitted with.
struct Scope<'a> {
    symbols: &'a Symbols,
    sections: &'a Sections,
    places: &'a Places,
    dialect: Dialect,
}

impl Scope<'_> {
    /// The value of an expression that stands at `here` in its section.
    fn eval(&self, value: &Value, at: (SectionId, u32, u32)) -> Res<Resolved> {
        self.eval_expr(&value.expr, at)
    }

    fn eval_expr(&self, expr: &crate::asm::expr::Expr, at: (SectionId, u32, u32)) -> Res<Resolved> {
        let (section, here, line) = at;
        let context = Context { symbols: self.symbols, here, section, line, dialect: self.dialect };
        Ok(self.places.resolve(expr.eval(&context)?, self.sections))
    }

    /// Appends what a statement emits, if its section is `loaded`. In GNU as `.` is the end of an instruction and
    /// the place of each item of data; in pasmo, `$` is the start of the statement.
    fn emit(
        &self,
        statement: &mut Statement,
        loaded: bool,
        out: &mut Vec<u8>,
    ) -> Res<(Option<Timing>, Option<u32>)> {
        let Statement { line, section, address, content, .. } = statement;
        let gnu = self.dialect == Dialect::Gnu;
        match content {
            Content::Nothing => {}
            Content::Insn(insn) => {
                let here = if gnu { *address + insn.bytes().len() as u32 } else { *address };
                let absolute = self.places.bases[usize::from(section.0)] + *address;
                for fixup in std::mem::take(&mut insn.fixups) {
                    let value = self.eval_expr(&fixup.expr, (*section, here, *line))?;
                    insn.patch(fixup.kind, fixup.at, fixup.span, value, absolute)?;
                }
                out.extend_from_slice(insn.bytes());
                return Ok((Some(insn.timing), None));
            }
            Content::Data(items) => {
                let start = out.len();
                for item in items {
                    let here = if gnu { *address + (out.len() - start) as u32 } else { *address };
                    match item {
                        Item::Text(bytes) => out.extend_from_slice(bytes),
                        Item::Number(Number { width, modifier, value }) => {
                            let resolved = self.eval(value, (*section, here, *line))?;
                            let bytes = match self.dialect {
                                Dialect::Pasmo => pasmo_data(*width, resolved, value.span)?,
                                Dialect::Gnu => avr::data(*width, *modifier, resolved, value.span)?,
                            };
                            out.extend_from_slice(&bytes[..usize::from(*width)]);
                        }
                    }
                }
            }
            Content::Space { count, fill } => {
                let fill = match fill {
                    Some(value) => {
                        let resolved = self.eval(value, (*section, *address, *line))?;
                        match self.dialect {
                            Dialect::Pasmo => pasmo_data(1, resolved, value.span)?[0],
                            Dialect::Gnu => avr::data(1, None, resolved, value.span)?[0],
                        }
                    }
                    None => 0,
                };
                if loaded {
                    out.resize(out.len() + *count as usize, fill);
                }
            }
            Content::Equ(id) => {
                let place = Span { start: 0, end: 0 };
                let value = self.symbols.value(*id, *line, place)?;
                let number = self.places.resolve(value, self.sections).number;
                return Ok((None, Some((number & 0xFFFF_FFFF) as u32)));
            }
        }
        Ok((None, None))
    }
}

fn pasmo_data(width: u8, value: Resolved, span: Span) -> Res<[u8; 4]> {
    let word = (value.number & 0xFFFF) as u16;
    let word = if width == 1 { z80::byte(word, span)?.into() } else { word };
    Ok(u32::from(word).to_le_bytes())
}
