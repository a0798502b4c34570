//! The two passes. The first parses, gives every statement its address and every symbol what it can; then the
//! `equ`s that looked forward are settled; the second evaluates and emits. Sizes never depend on values, except
//! those of `ds`, `align` and `org`, which must be known in the first pass: so two passes are enough.

use super::directive::{Body, Item, Value};
use super::error::{ErrorKind, Problem, Res, Span, fail};
use super::expr::{Context, Expr};
use super::insn::{Insn, Timing, byte};
use super::isa::Isa;
use super::lex::lex;
use super::parse::{Cursor, Label, Parsed, is_reserved, parse_line};
use super::symbols::{Definition, SymbolId, Symbols};
use super::{Assembly, Line};

/// More would only bury the first.
const MAX_PROBLEMS: usize = 20;

/// One past the last address.
const MEMORY: u32 = 0x1_0000;

pub(super) fn assemble(source: &str, isa: Isa) -> Result<Assembly, Vec<Problem>> {
    let mut placed = place(source, isa);
    settle(&mut placed);
    if placed.problems.is_empty() {
        match emit(&mut placed) {
            Ok((origin, bytes, lines)) => {
                return Ok(Assembly { origin, bytes, lines, symbols: placed.symbols.into_map() });
            }
            Err(problems) => placed.problems = problems,
        }
    }
    let Placed { symbols, mut problems, .. } = placed;
    problems.sort_by_key(|problem| problem.span.start);
    problems.truncate(MAX_PROBLEMS);
    for problem in &mut problems {
        explain_undefined(problem, &symbols, isa);
    }
    Err(problems)
}

/// The whole text is known now: was the symbol only missing so far, or is it another's misspelling?
fn explain_undefined(problem: &mut Problem, symbols: &Symbols, isa: Isa) {
    let ErrorKind::Undefined { name, .. } = &problem.kind else { return };
    let name = name.clone();
    problem.kind = if let Some(line) = symbols.defined_on(&name) {
        ErrorKind::DefinedBelow { name, line }
    } else if is_reserved(&name, isa) {
        ErrorKind::Reserved(name)
    } else {
        let suggestion = symbols.suggest(&name);
        ErrorKind::Undefined { name, suggestion }
    };
}

/// A statement with its place in memory.
struct Statement {
    line: u32,
    address: u32,
    content: Content,
}

enum Content {
    /// A label alone, or an `org`.
    Nothing,
    Insn(Insn),
    Data(Vec<Item>),
    Space {
        count: u32,
        fill: Option<Value>,
    },
    Equ(SymbolId),
}

/// An `equ` that needs symbols from below.
struct PendingEqu {
    id: SymbolId,
    value: Value,
    address: u32,
    line: u32,
}

struct Placed {
    symbols: Symbols,
    statements: Vec<Statement>,
    pending: Vec<PendingEqu>,
    problems: Vec<Problem>,
}

/// The first pass.
fn place(source: &str, isa: Isa) -> Placed {
    let mut placed = Placed {
        symbols: Symbols::default(),
        statements: Vec::new(),
        pending: Vec::new(),
        problems: Vec::new(),
    };
    let mut tokens = Vec::new();
    let mut scope = None;
    let mut counter = Counter { address: 0, emitted: false };
    let mut offset = 0;
    for (text, line) in source.split('\n').zip(1u32..) {
        tokens.clear();
        let start = offset;
        offset += text.len() + 1;
        let parsed = lex(text, start, &mut tokens).and_then(|()| {
            if tokens.is_empty() {
                return Ok(None);
            }
            parse_line(&mut Cursor::new(&tokens, &mut placed.symbols, &mut scope), isa).map(Some)
        });
        let result = match parsed {
            Ok(None) => continue,
            Ok(Some(parsed)) => {
                let ends = matches!(parsed.body, Body::End(_));
                let result = placed.add(parsed, line, &mut counter);
                if ends && result.is_ok() {
                    break;
                }
                result
            }
            Err(problem) => Err(problem),
        };
        if let Err(problem) = result {
            let past_end = matches!(problem.kind, ErrorKind::PastEnd(_));
            placed.problems.push(*problem);
            // Past the end of memory every further line would be wrong as well.
            if past_end || placed.problems.len() >= MAX_PROBLEMS {
                break;
            }
        }
    }
    placed
}

/// Where the next byte goes.
struct Counter {
    /// Up to [`MEMORY`], when the last byte of memory is used.
    address: u32,
    emitted: bool,
}

impl Counter {
    fn skip(&mut self, count: u32, span: Span) -> Res<()> {
        let end = self.address + count;
        if end > MEMORY {
            return fail(ErrorKind::PastEnd(end - 1), span);
        }
        self.address = end;
        self.emitted |= count > 0;
        Ok(())
    }
}

impl Placed {
    /// Gives a parsed line its address, its label a value, and moves the counter on.
    fn add(&mut self, parsed: Parsed, line: u32, counter: &mut Counter) -> Res<()> {
        let Parsed { label, body, span } = parsed;
        let address = counter.address;
        let body = match (body, label) {
            (Body::Equ(value), Some(label)) => return self.equ(label, value, line, address),
            (body, Some(label)) => {
                self.label(&label, line, address)?;
                body
            }
            (body, None) => body,
        };
        let content = match body {
            // Without a label `equ` does not parse.
            Body::Nothing | Body::Equ(_) | Body::End(None) => Content::Nothing,
            Body::Insn(mut insn) => {
                self.early_fixups(&mut insn, line, address)?;
                counter.skip(insn.bytes().len() as u32, span)?;
                Content::Insn(insn)
            }
            Body::Data(items) => {
                // Strings and items are parts of the source, of which more than 4 GiB are cut off here.
                let count: usize = items.iter().map(Item::len).sum();
                counter.skip(count.min(MEMORY as usize + 1) as u32, span)?;
                Content::Data(items)
            }
            Body::Space { count, fill } => {
                let count = u32::from(self.eval(&count.expr, line, address)?);
                counter.skip(count, span)?;
                Content::Space { count, fill }
            }
            Body::Align(to) => {
                let multiple = u32::from(self.eval(&to.expr, line, address)?);
                if multiple == 0 {
                    return fail(ErrorKind::AlignZero, to.span);
                }
                let count = address.next_multiple_of(multiple) - address;
                counter.skip(count, span)?;
                Content::Space { count, fill: None }
            }
            Body::Org(to) => {
                let to_address = self.eval(&to.expr, line, address)?;
                if counter.emitted && u32::from(to_address) < address {
                    return fail(ErrorKind::OriginBackwards { from: address, to: to_address }, to.span);
                }
                counter.address = to_address.into();
                self.statements.push(Statement { line, address: counter.address, content: Content::Nothing });
                return Ok(());
            }
            // No use for the entry point in a plain image; but it must have a value.
            Body::End(Some(value)) => {
                self.eval(&value.expr, line, address)?;
                Content::Nothing
            }
        };
        self.statements.push(Statement { line, address, content });
        Ok(())
    }

    fn label(&mut self, label: &Label, line: u32, address: u32) -> Res<()> {
        let Ok(value) = u16::try_from(address) else { return fail(ErrorKind::PastEnd(address), label.span) };
        self.symbols.define(label.id, Definition::Value { value, line, usable_from: 0 }, label.span)
    }

    fn equ(&mut self, label: Label, value: Value, line: u32, address: u32) -> Res<()> {
        self.statements.push(Statement { line, address, content: Content::Equ(label.id) });
        let known = value.expr.symbols().all(|id| match self.symbols.definition(id) {
            Definition::Value { .. } => true,
            Definition::Missing | Definition::Pending { .. } => false,
        });
        if known {
            // A wrong value still defines the name: its uses are not to blame.
            let result = self.eval(&value.expr, line, address);
            let number = *result.as_ref().unwrap_or(&0);
            let definition = Definition::Value { value: number, line, usable_from: 0 };
            self.symbols.define(label.id, definition, label.span)?;
            return result.map(drop);
        }
        self.symbols.define(label.id, Definition::Pending { line }, label.span)?;
        self.pending.push(PendingEqu { id: label.id, value, address, line });
        Ok(())
    }

    fn early_fixups(&self, insn: &mut Insn, line: u32, address: u32) -> Res<()> {
        for fixup in &mut insn.fixups {
            if fixup.kind.needed_in_first_pass() {
                fixup.expr = Expr::Number(self.eval(&fixup.expr, line, address)?);
            }
        }
        Ok(())
    }

    fn eval(&self, expr: &Expr, line: u32, here: u32) -> Res<u16> {
        expr.eval(&Context { symbols: &self.symbols, here, line })
    }
}

/// Gives the pending `equ`s their values, in source order. Each may use whatever stands below it, except another
/// pending one: pasmo's two passes cannot follow that. So one walk is enough.
fn settle(placed: &mut Placed) {
    for equ in &placed.pending {
        let context = Context { symbols: &placed.symbols, here: equ.address, line: equ.line };
        match equ.value.expr.eval(&context) {
            Ok(value) => placed.symbols.settle(equ.id, value, equ.line),
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
                placed.symbols.settle(equ.id, 0, equ.line);
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

/// The second pass: origin, bytes and what every line became.
fn emit(placed: &mut Placed) -> Result<(u16, Vec<u8>, Vec<Line>), Vec<Problem>> {
    let Placed { symbols, statements, .. } = placed;
    let mut image = Image { origin: None, bytes: Vec::new() };
    let mut lines = Vec::with_capacity(statements.len());
    let mut problems = Vec::new();
    for statement in statements.iter_mut() {
        let Statement { line, address, content } = statement;
        let context = Context { symbols, here: *address, line: *line };
        let start = image.bytes_at(*address, content);
        match content.emit(&context, &mut image.bytes) {
            Ok((t_states, value)) => lines.push(Line {
                number: *line,
                // More than 65535 is possible only where nothing is emitted and no label stands.
                address: u16::try_from(*address).unwrap_or(u16::MAX),
                bytes: start..image.bytes.len(),
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
    if problems.is_empty() {
        let end = statements.last().map_or(0, |last| last.address);
        // Nothing emitted: where it would have been.
        let origin = image.origin.unwrap_or(end);
        Ok((u16::try_from(origin).unwrap_or(u16::MAX), image.bytes, lines))
    } else {
        Err(problems)
    }
}

struct Image {
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

impl Content {
    fn len(&self) -> usize {
        match self {
            Content::Insn(insn) => insn.bytes().len(),
            Content::Data(items) => items.iter().map(Item::len).sum(),
            Content::Space { count, .. } => *count as usize,
            Content::Nothing | Content::Equ(_) => 0,
        }
    }

    fn emit(&mut self, context: &Context<'_>, out: &mut Vec<u8>) -> Res<(Option<Timing>, Option<u16>)> {
        match self {
            Content::Nothing => {}
            Content::Insn(insn) => {
                for fixup in std::mem::take(&mut insn.fixups) {
                    let value = fixup.expr.eval(context)?;
                    insn.patch(fixup.kind, fixup.at, fixup.span, value, context.here)?;
                }
                out.extend_from_slice(insn.bytes());
                return Ok((Some(insn.timing), None));
            }
            Content::Data(items) => {
                for item in items {
                    match item {
                        Item::Text(bytes) => out.extend_from_slice(bytes),
                        Item::Byte(v) => out.push(byte(v.expr.eval(context)?, v.span)?),
                        Item::Word(v) => out.extend_from_slice(&v.expr.eval(context)?.to_le_bytes()),
                    }
                }
            }
            Content::Space { count, fill } => {
                let fill = match fill {
                    Some(v) => byte(v.expr.eval(context)?, v.span)?,
                    None => 0,
                };
                out.resize(out.len() + *count as usize, fill);
            }
            Content::Equ(id) => {
                let place = Span { start: 0, end: 0 };
                return Ok((None, Some(context.symbols.value(*id, context.line, place)?)));
            }
        }
        Ok((None, None))
    }
}
