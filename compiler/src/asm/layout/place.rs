//! The first pass: parses the statements and gives them addresses.

use super::{Content, MAX_PROBLEMS, PendingEqu, Placed, Statement};
use crate::asm::Options;
use crate::asm::avr::AvrError;
use crate::asm::dialect::Dialect;
use crate::asm::directive::{Body, Value};
use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::expr::{self, Context, Expr};
use crate::asm::insn::Insn;
use crate::asm::isa::Isa;
use crate::asm::lex::lex;
use crate::asm::parse::{Cursor, Label, Parsed, Scope, parse_line};
use crate::asm::section::{SectionKind, Sections};
use crate::asm::symbols::{Definition, Symbols};

/// The largest alignment: more is a slip.
const MAX_ALIGN: i64 = 0x8000;

pub(super) fn place(source: &str, isa: Isa, options: &Options) -> Placed {
    let mut placed = Placed {
        isa,
        sections: Sections::new(isa),
        symbols: Symbols::default(),
        statements: Vec::new(),
        pending: Vec::new(),
        globals: Vec::new(),
        problems: Vec::new(),
        is_cut: false,
    };
    if isa == Isa::Z80 {
        placed.sections.current().address = options.origin.into();
    }
    let mut tokens = Vec::new();
    let mut scope = Scope::new(isa);
    let mut offset = 0;
    for (text, line) in source.split('\n').zip(1u32..) {
        tokens.clear();
        let start = offset;
        offset += text.len() + 1;
        let parsed = lex(text, start, isa.dialect(), &mut tokens).and_then(|()| {
            if tokens.is_empty() {
                return Ok(None);
            }
            parse_line(&mut Cursor::new(&tokens, &mut placed.symbols, &mut scope)).map(Some)
        });
        let result = match parsed {
            Ok(None) => continue,
            Ok(Some(parsed)) => {
                let ends = matches!(parsed.body, Body::End(_));
                let result = placed.add(parsed, line);
                if ends && result.is_ok() {
                    break;
                }
                result
            }
            Err(problem) => Err(problem),
        };
        if let Err(problem) = result {
            placed.is_cut = problem.kind.is_full();
            placed.problems.push(*problem);
            // Past the end of memory every further line would be wrong as well.
            if placed.is_cut || placed.problems.len() >= MAX_PROBLEMS {
                break;
            }
        }
    }
    placed
}

impl Placed {
    fn address(&mut self) -> u32 {
        self.sections.current().address
    }

    /// Gives a parsed line its address, its label a value, and moves the section's end on.
    fn add(&mut self, parsed: Parsed, line: u32) -> Res<()> {
        let Parsed { label, body, span } = parsed;
        let address = self.address();
        let body = match (body, label) {
            (Body::Equ(value), Some(label)) | (Body::Assign(label, value), None) => {
                return self.equ(label, value, line, span);
            }
            (body, Some(label)) => {
                self.label(&label, line, address)?;
                body
            }
            (body, None) => body,
        };
        let content = match body {
            // Without a label `equ` does not parse, and with one neither does `.equ`.
            Body::Nothing | Body::Equ(_) | Body::Assign(..) | Body::End(None) => Content::Nothing,
            Body::Insn(insn) => self.insn(insn, line, span)?,
            Body::Data(items) => {
                self.check_bytes(span)?;
                self.sections.skip(items.iter().map(|item| item.len() as u64).sum(), span)?;
                self.sections.current().open_skip = None;
                Content::Data(items)
            }
            Body::Space { count, fill } => {
                if fill.is_some() {
                    self.check_bytes(span)?;
                }
                let count = self.count(&count, line)?;
                self.sections.skip(count.into(), span)?;
                Content::Space { count, fill }
            }
            Body::Align(to) => {
                let multiple = self.alignment(&to, line)?;
                let count = address.next_multiple_of(multiple) - address;
                self.sections.skip(count.into(), span)?;
                Content::Space { count, fill: None }
            }
            Body::Org(to) => {
                self.org(&to, line)?;
                Content::Nothing
            }
            Body::Section(id) => {
                self.sections.current = id;
                Content::Nothing
            }
            Body::Global(labels) => {
                self.globals.extend(labels.into_iter().map(|label| (label.id, label.span)));
                return Ok(());
            }
            // No use for the entry point in a plain image; but it must have a value.
            Body::End(Some(value)) => {
                self.eval(&value.expr, line)?;
                Content::Nothing
            }
        };
        // What an `org` and a change of section show is the new address.
        let address = if matches!(content, Content::Nothing) { self.address() } else { address };
        self.push(line, address, span, content);
        Ok(())
    }

    fn push(&mut self, line: u32, address: u32, span: Span, content: Content) {
        let section = self.sections.current;
        self.statements.push(Statement { line, section, address, span, content });
    }

    fn label(&mut self, label: &Label, line: u32, address: u32) -> Res<()> {
        let value = match self.isa.dialect() {
            Dialect::Gnu => expr::Value { number: address.into(), section: Some(self.sections.current) },
            Dialect::Pasmo if address <= 0xFFFF => expr::Value::number(address.into()),
            Dialect::Pasmo => return fail(ErrorKind::PastEnd(address), label.span),
        };
        self.symbols.define(label.id, Definition::Value { value, line, usable_from: 0 }, label.span)
    }

    fn equ(&mut self, label: Label, value: Value, line: u32, span: Span) -> Res<()> {
        let address = self.address();
        self.push(line, address, span, Content::Equ(label.id));
        let known = value.expr.symbols().all(|id| match self.symbols.definition(id) {
            Definition::Value { .. } => true,
            Definition::Missing | Definition::Pending { .. } => false,
        });
        if known {
            // A wrong value still defines the name: its uses are not to blame.
            let result = self.eval(&value.expr, line);
            let value = result.as_ref().copied().unwrap_or(expr::Value::number(0));
            let definition = Definition::Value { value, line, usable_from: 0 };
            self.symbols.define(label.id, definition, label.span)?;
            return result.map(drop);
        }
        self.symbols.define(label.id, Definition::Pending { line }, label.span)?;
        let section = self.sections.current;
        self.pending.push(PendingEqu { id: label.id, value, section, address, line });
        Ok(())
    }

    fn insn(&mut self, mut insn: Insn, line: u32, span: Span) -> Res<Content> {
        let gnu = self.isa.dialect() == Dialect::Gnu;
        let section = self.sections.current();
        if !section.spec.code {
            return fail(AvrError::CodeInSection(section.spec.name).into(), span);
        }
        if gnu && !section.address.is_multiple_of(2) {
            return fail(AvrError::OddInstruction.into(), span);
        }
        for fixup in &mut insn.fixups {
            if fixup.kind.needed_in_first_pass() {
                fixup.expr = Expr::Number(self.eval(&fixup.expr, line)?.constant(fixup.span)?);
            }
        }
        let len = insn.bytes().len();
        self.sections.skip(len as u64, span)?;
        let next = insn.skips.then_some(self.statements.len());
        let before = std::mem::replace(&mut self.sections.current().open_skip, next);
        if let Some(at) = before
            && let Content::Insn(skip) = &mut self.statements[at].content
        {
            // One cycle, and one for each word skipped.
            skip.timing.taken = 1 + (len / 2) as u8;
        }
        Ok(Content::Insn(insn))
    }

    fn check_bytes(&mut self, span: Span) -> Res<()> {
        let spec = self.sections.current().spec;
        match spec.kind {
            SectionKind::Text | SectionKind::Data => Ok(()),
            SectionKind::Bss | SectionKind::NoInit => fail(AvrError::BytesInSection(spec.name).into(), span),
        }
    }

    fn count(&mut self, count: &Value, line: u32) -> Res<u32> {
        let number = self.eval(&count.expr, line)?.constant(count.span)?;
        // Evaluation gives at most 32 bits.
        match u32::try_from(number) {
            Ok(count) => Ok(count),
            Err(_) => fail(AvrError::Count(number).into(), count.span),
        }
    }

    fn alignment(&mut self, to: &Value, line: u32) -> Res<u32> {
        let multiple = self.eval(&to.expr, line)?.constant(to.span)?;
        match self.isa.dialect() {
            Dialect::Pasmo if multiple == 0 => fail(ErrorKind::AlignZero, to.span),
            Dialect::Pasmo => Ok(multiple as u32),
            Dialect::Gnu if (1..=MAX_ALIGN).contains(&multiple) && multiple & (multiple - 1) == 0 => {
                let section = self.sections.current();
                section.align = section.align.max(multiple as u32);
                Ok(multiple as u32)
            }
            Dialect::Gnu => fail(AvrError::Alignment(multiple).into(), to.span),
        }
    }

    fn org(&mut self, to: &Value, line: u32) -> Res<()> {
        let value = self.eval(&to.expr, line)?;
        let id = self.sections.current;
        let section = self.sections.current();
        let from = section.address;
        match self.isa.dialect() {
            Dialect::Pasmo => {
                let to_address = value.word();
                if section.emitted && u32::from(to_address) < from {
                    return fail(ErrorKind::OriginBackwards { from, to: to_address }, to.span);
                }
                section.address = to_address.into();
                Ok(())
            }
            Dialect::Gnu => {
                if value.section.is_some_and(|section| section != id) {
                    return fail(AvrError::AddressForNumber.into(), to.span);
                }
                if value.number < from.into() {
                    return fail(AvrError::OriginBackwards { from, to: value.number }.into(), to.span);
                }
                // Not less than zero, by the line above.
                self.sections.skip((value.number - i64::from(from)).unsigned_abs(), to.span)
            }
        }
    }

    fn eval(&self, expr: &Expr, line: u32) -> Res<expr::Value> {
        expr.eval(&Context {
            symbols: &self.symbols,
            here: self.sections.get(self.sections.current).address,
            section: self.sections.current,
            line,
            dialect: self.isa.dialect(),
        })
    }
}
