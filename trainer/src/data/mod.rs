//! Tools for lists of pairs: looking at them ([`stats`](stats()), [`lint`](lint())) and changing them ([`split`], [`balance`],
//! [`dedup`], [`resolve`]).

mod edit;
mod lint;
#[cfg(test)]
mod lint_tests;
mod remark;
mod similar;
mod stats;

pub use edit::{SplitError, balance, dedup, line, resolve, split};
pub use lint::{LintOptions, lint};
pub use remark::{Finding, Remark, Severity};
pub(crate) use stats::lengths;
pub use stats::{Lengths, Stats, ceiling, stats};

#[cfg(test)]
mod tests {
    use crate::pairs::{Limits, Pair, Pairs};

    pub(super) fn pairs(text: &str) -> Vec<Pair> {
        let mut pairs = Pairs::default();
        pairs.read(&mut text.as_bytes(), "test", &Limits::default()).expect("reading from memory");
        pairs.pairs
    }
}
