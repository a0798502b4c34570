//! Conditions of templates: `[a>=b]`.

use super::Problem;
use super::phrase::Names;
use super::slot::{Expr, Ref, expr};

/// Two numbers that are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// As it is written.
    pub shown: String,
    pub left: Expr,
    pub right: Expr,
    comparison: Comparison,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Different,
}

/// The longer ones first: `<` is in `<=`.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("!=", Comparison::Different),
    ("<", Comparison::Less),
    (">", Comparison::More),
    ("=", Comparison::Equal),
];

impl Condition {
    pub fn parse(text: &str, names: &Names) -> Result<Self, Problem> {
        let wrong = || Problem::Condition(text.to_string());
        let (sign, comparison) =
            COMPARISONS.iter().find(|(sign, _)| text.contains(sign)).ok_or_else(wrong)?;
        let (left, right) = text.split_once(sign).ok_or_else(wrong)?;
        let side = |side: &str| expr(text, side, names);
        Ok(Self { shown: text.to_string(), left: side(left)?, right: side(right)?, comparison: *comparison })
    }

    pub fn holds(&self, left: i64, right: i64) -> bool {
        match self.comparison {
            Comparison::Less => left < right,
            Comparison::AtMost => left <= right,
            Comparison::More => left > right,
            Comparison::AtLeast => left >= right,
            Comparison::Equal => left == right,
            Comparison::Different => left != right,
        }
    }

    pub fn refs(&self) -> Vec<Ref> {
        [self.left.refs(), self.right.refs()].concat()
    }
}
