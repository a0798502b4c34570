//! Expressions: the tree that both notations parse to, and its value. `pasmo` and `gnu` have the grammars.

pub(super) mod gnu;
pub(super) mod pasmo;

use super::avr::AvrError;
use super::dialect::Dialect;
use super::error::{ErrorKind, Res, Span, fail};
use super::section::SectionId;
use super::symbols::{SymbolId, Symbols};

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    /// By far the most common one, kept without an allocation.
    Number(i64),
    /// Postfix: neither evaluating nor dropping it recurses, so a long one cannot overflow the stack.
    Postfix(Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Number(i64),
    /// `$` or `.`
    Here(Span),
    Symbol(SymbolId, Span),
    /// The span is the operand's, as in `Infix`, for errors about its value.
    Prefix(Prefix, Span),
    /// The span is the right operand's.
    Infix(Infix, Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    Plus,
    Minus,
    Not,
    LogicalNot,
    High,
    Low,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Infix {
    Multiply,
    Divide,
    Remainder,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    Xor,
    LogicalAnd,
    LogicalOr,
}

/// Parentheses and prefix operators may nest this deep; the parser recurses once or more for each.
const MAX_DEPTH: u32 = 64;

/// What an expression comes to: a number, or an address in a section whose own place is not yet known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// pasmo: 0..65535. GNU: -2^31..2^32-1; for an address, its distance from the start of the section.
    pub number: i64,
    pub section: Option<SectionId>,
}

impl Value {
    pub fn number(number: i64) -> Value {
        Value { number, section: None }
    }

    /// The number, which must not be an address.
    pub fn constant(self, span: Span) -> Res<i64> {
        match self.section {
            None => Ok(self.number),
            Some(_) => fail(AvrError::AddressForNumber.into(), span),
        }
    }

    /// The number modulo 2^16: as it is in pasmo's notation.
    pub fn word(self) -> u16 {
        (self.number & 0xFFFF) as u16
    }
}

/// What the value of an expression depends on besides itself.
pub(super) struct Context<'a> {
    pub symbols: &'a Symbols,
    /// The address of the statement, in GNU's notation from the start of its section. 65536 after the last byte
    /// of a Z80's memory.
    pub here: u32,
    pub section: SectionId,
    /// The line of the statement.
    pub line: u32,
    pub dialect: Dialect,
}

impl Context<'_> {
    fn here(&self, span: Span) -> Res<Value> {
        match self.dialect {
            Dialect::Gnu => Ok(Value { number: self.here.into(), section: Some(self.section) }),
            Dialect::Pasmo if self.here <= 0xFFFF => Ok(Value::number(self.here.into())),
            Dialect::Pasmo => fail(ErrorKind::PastEnd(self.here), span),
        }
    }

    /// A result within the notation's width: pasmo wraps; GNU as has 32 or 64 bits, as it was built, so that what
    /// needs more than 32 is refused.
    fn limit(&self, number: i64, span: Span) -> Res<i64> {
        match self.dialect {
            Dialect::Pasmo => Ok(number & 0xFFFF),
            Dialect::Gnu if (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&number) => Ok(number),
            Dialect::Gnu => fail(AvrError::Overflow.into(), span),
        }
    }
}

impl Expr {
    fn from_nodes(nodes: Vec<Node>) -> Expr {
        match nodes[..] {
            [Node::Number(value)] => Expr::Number(value),
            _ => Expr::Postfix(nodes),
        }
    }

    pub fn eval(&self, context: &Context<'_>) -> Res<Value> {
        let nodes = match self {
            Expr::Number(value) => return Ok(Value::number(*value)),
            Expr::Postfix(nodes) => nodes,
        };
        let mut stack: Vec<Value> = Vec::with_capacity(8);
        for node in nodes {
            let value = match *node {
                Node::Number(value) => Value::number(value),
                Node::Here(span) => context.here(span)?,
                Node::Symbol(id, span) => context.symbols.value(id, context.line, span)?,
                Node::Prefix(op, span) => prefix(op, pop(&mut stack), span, context)?,
                Node::Infix(op, span) => {
                    let right = pop(&mut stack);
                    infix(op, pop(&mut stack), right, span, context)?
                }
            };
            stack.push(value);
        }
        Ok(pop(&mut stack))
    }

    /// The symbols used.
    pub fn symbols(&self) -> impl Iterator<Item = SymbolId> {
        let nodes = match self {
            Expr::Number(_) => &[][..],
            Expr::Postfix(nodes) => nodes,
        };
        nodes.iter().filter_map(|node| if let Node::Symbol(id, _) = node { Some(*id) } else { None })
    }
}

fn pop(stack: &mut Vec<Value>) -> Value {
    stack.pop().expect("the parser appends an operator after its operands only")
}

fn prefix(op: Prefix, value: Value, span: Span, context: &Context<'_>) -> Res<Value> {
    if value.section.is_some() && op != Prefix::Plus {
        return fail(AvrError::AddressArithmetic.into(), span);
    }
    let number = value.number;
    let result = match op {
        Prefix::Plus => return Ok(value),
        Prefix::Minus => -number,
        Prefix::Not => !number,
        Prefix::LogicalNot => i64::from(number == 0),
        Prefix::High => number >> 8,
        Prefix::Low => number & 0xFF,
    };
    Ok(Value::number(context.limit(result, span)?))
}

/// An address moves by a number, and two of one section have a distance; as in GNU as, it can do nothing else
/// before the linker has placed the sections.
fn infix(op: Infix, a: Value, b: Value, span: Span, context: &Context<'_>) -> Res<Value> {
    let section = match (op, a.section, b.section) {
        (_, None, None) => None,
        (Infix::Add | Infix::Subtract, Some(section), None) => Some(section),
        (Infix::Add, None, Some(section)) => Some(section),
        (Infix::Subtract, Some(left), Some(right)) if left == right => None,
        _ => return fail(AvrError::AddressArithmetic.into(), span),
    };
    let number = context.limit(arithmetic(op, a.number, b.number, span)?, span)?;
    Ok(Value { number, section })
}

/// Operands have at most 33 bits with their sign, so that no result overflows an i64.
fn arithmetic(op: Infix, a: i64, b: i64, span: Span) -> Res<i64> {
    // All ones in either notation.
    let truth = |condition: bool| if condition { -1 } else { 0 };
    Ok(match op {
        Infix::Multiply => a * b,
        Infix::Divide | Infix::Remainder if b == 0 => return fail(ErrorKind::DivisionByZero, span),
        Infix::Divide => a / b,
        Infix::Remainder => a % b,
        // pasmo takes over the host's behaviour from 32 on.
        Infix::ShiftLeft | Infix::ShiftRight if !(0..=31).contains(&b) => {
            return fail(ErrorKind::ShiftTooFar(b), span);
        }
        // GNU as shifts zeros into its 32 or 64 bits.
        Infix::ShiftRight if a < 0 => return fail(AvrError::NegativeShift.into(), span),
        // At most 33 + 31 bits with the sign: a sum of the two exponents under 64.
        Infix::ShiftLeft => a << b,
        Infix::ShiftRight => a >> b,
        Infix::Add => a + b,
        Infix::Subtract => a - b,
        Infix::Equal => truth(a == b),
        Infix::NotEqual => truth(a != b),
        Infix::Less => truth(a < b),
        Infix::LessEqual => truth(a <= b),
        Infix::Greater => truth(a > b),
        Infix::GreaterEqual => truth(a >= b),
        Infix::And => a & b,
        Infix::Or => a | b,
        Infix::Xor => a ^ b,
        Infix::LogicalAnd => i64::from(a != 0 && b != 0),
        Infix::LogicalOr => i64::from(a != 0 || b != 0),
    })
}
