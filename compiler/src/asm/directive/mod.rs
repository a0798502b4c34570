//! Directives: what a line does besides defining its label. `pasmo` and `gnu` have the names and the operands.

pub(super) mod gnu;
pub(super) mod pasmo;

use super::avr::Modifier;
use super::dialect::Dialect;
use super::error::{Res, Span};
use super::expr::Expr;
use super::insn::Insn;
use super::parse::{Cursor, Label};
use super::section::SectionId;

/// What a line does besides defining its label.
pub(super) enum Body {
    Nothing,
    Insn(Insn),
    /// `db`, `dw`, `.byte`, `.ascii` …
    Data(Vec<Item>),
    /// `ds`, `.skip`: how many bytes, and what fills them.
    Space {
        count: Value,
        fill: Option<Value>,
    },
    Align(Value),
    Org(Value),
    /// `label equ value`
    Equ(Value),
    /// `.equ label,value`
    Assign(Label, Value),
    Section(SectionId),
    Global(Vec<Label>),
    End(Option<Value>),
}

/// An operand and its place.
pub(super) struct Value {
    pub expr: Expr,
    pub span: Span,
}

pub(super) enum Item {
    Text(Vec<u8>),
    Number(Number),
}

/// A number of 1, 2 or 4 bytes.
pub(super) struct Number {
    pub width: u8,
    pub modifier: Option<Modifier>,
    pub value: Value,
}

impl Item {
    /// A number without a modifier.
    fn plain(width: u8, value: Value) -> Item {
        Item::Number(Number { width, modifier: None, value })
    }

    /// The bytes it takes up.
    pub fn len(&self) -> usize {
        match self {
            Item::Text(bytes) => bytes.len(),
            Item::Number(number) => number.width.into(),
        }
    }
}

/// The directives of the notation.
pub(super) fn names(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Pasmo => pasmo::NAMES,
        Dialect::Gnu => gnu::NAMES,
    }
}

/// Parses the operands of the directive `word` (in lower case), which stands at `span`. `None`: no such directive.
pub(super) fn parse(
    dialect: Dialect,
    word: &str,
    span: Span,
    cursor: &mut Cursor<'_, '_>,
    labelled: bool,
) -> Option<Res<Body>> {
    match dialect {
        Dialect::Pasmo => pasmo::parse(word, span, cursor, labelled),
        Dialect::Gnu => gnu::parse(word, span, cursor, labelled),
    }
}

/// Data: items with commas between them, at least one, up to the end of the line.
fn items(cursor: &mut Cursor<'_, '_>, item: impl Fn(&mut Cursor<'_, '_>) -> Res<Item>) -> Res<Body> {
    let mut items = vec![item(cursor)?];
    while cursor.accept_sign(",") {
        items.push(item(cursor)?);
    }
    if !cursor.at_end() {
        return cursor.expected("`,`, an operator or the end of the line");
    }
    Ok(Body::Data(items))
}

/// `count[,fill]`, both read by `value`.
fn space(cursor: &mut Cursor<'_, '_>, value: fn(&mut Cursor<'_, '_>) -> Res<Value>) -> Res<Body> {
    let count = value(cursor)?;
    let fill = if cursor.accept_sign(",") { Some(value(cursor)?) } else { None };
    Ok(Body::Space { count, fill })
}
