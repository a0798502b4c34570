//! Expressions: pasmo's operators at pasmo's precedence.
//!
//! From the tightest to the loosest; those on one line associate to the left:
//!
//! ```text
//! * / mod shl shr << >>
//! + -
//! = != < <= > >= eq ne lt le gt ge      true is FFFFh, false 0
//! not - +                               prefix; `not a + b` is `not (a + b)`
//! and
//! or xor
//! high low                              prefix; `low a + 1` is `low (a + 1)`
//! ```
//!
//! A prefix operator stands only where its level does: not `2*-1`, but `2*(-1)`. pasmo reads `-a+b` as `-(a+b)`;
//! that is refused. Values are 16 bits wide and unsigned, in divisions and comparisons too.

use super::{Expr, Infix, MAX_DEPTH, Node, Prefix};
use crate::asm::error::{ErrorKind, Res, Span, fail};
use crate::asm::lex::{Token, decode};
use crate::asm::parse::Cursor;

/// Words that are operators, `nul` and `defined` being pasmo's only.
pub(in crate::asm) const OPERATOR_WORDS: &[&str] = &[
    "and", "or", "xor", "not", "mod", "shl", "shr", "high", "low", "eq", "ne", "lt", "le", "gt", "ge", "nul",
    "defined",
];

/// The infix operators of the levels from the loosest in, a level each. `not` sits between the second and third.
const LEVELS: [&[(&str, Infix)]; 5] = [
    &[("or", Infix::Or), ("xor", Infix::Xor)],
    &[("and", Infix::And)],
    &[
        ("=", Infix::Equal),
        ("!=", Infix::NotEqual),
        ("<", Infix::Less),
        ("<=", Infix::LessEqual),
        (">", Infix::Greater),
        (">=", Infix::GreaterEqual),
        ("eq", Infix::Equal),
        ("ne", Infix::NotEqual),
        ("lt", Infix::Less),
        ("le", Infix::LessEqual),
        ("gt", Infix::Greater),
        ("ge", Infix::GreaterEqual),
    ],
    &[("+", Infix::Add), ("-", Infix::Subtract)],
    &[
        ("*", Infix::Multiply),
        ("/", Infix::Divide),
        ("mod", Infix::Remainder),
        ("shl", Infix::ShiftLeft),
        ("shr", Infix::ShiftRight),
        ("<<", Infix::ShiftLeft),
        (">>", Infix::ShiftRight),
    ],
];
const AND: usize = 1;
const COMPARE: usize = 2;

/// Parses an expression; `span` of the result covers it all.
pub(in crate::asm) fn parse(cursor: &mut Cursor<'_, '_>) -> Res<(Expr, Span)> {
    parse_with(cursor, |parser| parser.whole(0))
}

/// Parses what may follow the minus sign of `(ix-…)`: one operand, for pasmo negates all that follows.
pub(in crate::asm) fn parse_after_minus(cursor: &mut Cursor<'_, '_>) -> Res<(Expr, Span)> {
    parse_with(cursor, |parser| parser.negated(0))
}

fn parse_with<'t, 'a>(
    cursor: &mut Cursor<'t, 'a>,
    rule: impl Fn(&mut Parser<'_, 't, 'a>) -> Res<()>,
) -> Res<(Expr, Span)> {
    let start = cursor.span();
    let mut parser = Parser { cursor, out: Vec::new() };
    rule(&mut parser)?;
    Ok((Expr::from_nodes(parser.out), start.to(cursor.last_span())))
}

struct Parser<'c, 't, 'a> {
    cursor: &'c mut Cursor<'t, 'a>,
    out: Vec<Node>,
}

impl Parser<'_, '_, '_> {
    fn whole(&mut self, depth: u32) -> Res<()> {
        let op = match self.cursor.word() {
            Some(word) if word.eq_ignore_ascii_case("high") => Prefix::High,
            Some(word) if word.eq_ignore_ascii_case("low") => Prefix::Low,
            _ => return self.level(0, depth),
        };
        self.check(depth)?;
        self.cursor.advance();
        let span = self.cursor.span();
        self.whole(depth + 1)?;
        self.out.push(Node::Prefix(op, span.to(self.cursor.last_span())));
        Ok(())
    }

    fn level(&mut self, level: usize, depth: u32) -> Res<()> {
        self.operand_of(level, depth)?;
        while let Some(op) = self.infix_of(level) {
            self.cursor.advance();
            let span = self.cursor.span();
            self.operand_of(level, depth)?;
            self.out.push(Node::Infix(op, span.to(self.cursor.last_span())));
        }
        Ok(())
    }

    fn operand_of(&mut self, level: usize, depth: u32) -> Res<()> {
        match level {
            AND => self.prefixed(depth),
            _ if level + 1 < LEVELS.len() => self.level(level + 1, depth),
            _ => self.primary(depth),
        }
    }

    /// The operator of this level that comes next, if one does.
    fn infix_of(&self, level: usize) -> Option<Infix> {
        let text = match self.cursor.peek()? {
            Token::Sign(sign) => sign,
            Token::Name(word) => word,
            _ => return None,
        };
        LEVELS[level].iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, op)| *op)
    }

    fn prefixed(&mut self, depth: u32) -> Res<()> {
        let op = match self.cursor.peek() {
            Some(Token::Sign("-")) => Prefix::Minus,
            Some(Token::Sign("+")) => Prefix::Plus,
            Some(Token::Name(word)) if word.eq_ignore_ascii_case("not") => Prefix::Not,
            _ => return self.level(COMPARE, depth),
        };
        self.check(depth)?;
        self.cursor.advance();
        let span = self.cursor.span();
        if op == Prefix::Minus {
            self.negated(depth + 1)?;
        } else {
            self.prefixed(depth + 1)?;
        }
        self.out.push(Node::Prefix(op, span.to(self.cursor.last_span())));
        Ok(())
    }

    /// The operand of a minus sign: one value. Prefix operators and infix ones down to the comparisons are refused.
    fn negated(&mut self, depth: u32) -> Res<()> {
        self.primary(depth)?;
        if (COMPARE..LEVELS.len()).any(|level| self.infix_of(level).is_some()) {
            return fail(ErrorKind::MinusBeforeOperator, self.cursor.span());
        }
        Ok(())
    }

    fn primary(&mut self, depth: u32) -> Res<()> {
        let span = self.cursor.span();
        let node = match self.cursor.peek() {
            Some(Token::Number(value)) => Node::Number(value),
            Some(Token::Text(text)) => match decode(text, span)?[..] {
                [byte] => Node::Number(byte.into()),
                ref bytes => return fail(ErrorKind::NotOneCharacter(bytes.len()), span),
            },
            Some(Token::Sign("$")) => Node::Here(span),
            Some(Token::Sign("(")) => {
                self.check(depth)?;
                self.cursor.advance();
                self.whole(depth + 1)?;
                return self.cursor.expect_sign(")", "`)` or an operator");
            }
            Some(Token::Name(word)) if !is_operator(word) => {
                Node::Symbol(self.cursor.reference(word, span)?, span)
            }
            Some(Token::Name(word)) => return self.misplaced(word, span),
            Some(Token::Sign(sign @ ("-" | "+"))) => return self.misplaced(sign, span),
            _ => return self.cursor.expected("a value"),
        };
        self.cursor.advance();
        self.out.push(node);
        Ok(())
    }

    /// A prefix operator where only a value may stand, as in `2*-1`; or an infix one.
    fn misplaced(&self, op: &str, span: Span) -> Res<()> {
        let prefix = ["-", "+", "not", "high", "low"].iter().any(|p| p.eq_ignore_ascii_case(op));
        if prefix && !self.out.is_empty() {
            return fail(ErrorKind::OperatorAfterOperator(op.to_owned()), span);
        }
        self.cursor.expected("a value")
    }

    fn check(&self, depth: u32) -> Res<()> {
        if depth < MAX_DEPTH { Ok(()) } else { fail(ErrorKind::NestedTooDeeply, self.cursor.span()) }
    }
}

fn is_operator(word: &str) -> bool {
    OPERATOR_WORDS.iter().any(|op| op.eq_ignore_ascii_case(word))
}
