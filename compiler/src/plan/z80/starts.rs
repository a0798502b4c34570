//! Start values of a stage, written by pushing constants downwards through SP.
//!
//! 21 T-states for two bytes, 11 where they repeat: half of what copying a table takes. Interrupts are off
//! meanwhile, in pieces about as long as a column.

use super::lists::tiles;
use crate::ir::Form;
use crate::plan::memory::PAGE;
use crate::plan::network::{Stage, Start};
use std::collections::BTreeMap;

/// Pushes between two moments in which an interrupt is let in.
const PIECE: usize = 64;

/// One step of the program that writes the start values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// SP is set behind the next words: an offset from the array. `di` stands before the first.
    Point {
        tile: usize,
        high: bool,
        behind: usize,
    },
    /// BC or DE hold a word that is pushed often.
    Load(Pair, u16),
    Push(Pair),
    /// Interrupts on for a moment; SP is set anew behind the next words.
    Breathe {
        tile: usize,
        high: bool,
        behind: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    Bc,
    De,
    Hl,
}

impl Pair {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bc => "bc",
            Self::De => "de",
            Self::Hl => "hl",
        }
    }
}

impl Step {
    /// T-states: `ld`, `push`, `ld sp`; `ld sp`, `ei`, `nop`, `di`, `ld sp`.
    pub fn t_states(self) -> u32 {
        match self {
            Self::Point { .. } | Self::Load(..) => 10,
            Self::Push(_) => 11,
            Self::Breathe { .. } => 10 + 4 + 4 + 4 + 10,
        }
    }

    pub fn bytes(self) -> usize {
        match self {
            Self::Point { .. } | Self::Load(..) => 3,
            Self::Push(_) => 1,
            Self::Breathe { .. } => 3 + 3 + 3,
        }
    }
}

/// Whether start values are pushed: they are constants, and the form is not there for its size.
pub fn is_pushed(stage: &Stage, form: Form) -> bool {
    matches!(stage.start, Start::Constant(_)) && !matches!(form, Form::Packed | Form::Gaps)
}

/// The steps that write `values` to a stage's accumulators.
pub fn steps(stage: &Stage, values: &[i16]) -> Vec<Step> {
    let mut runs = Vec::new();
    for (tile, &count) in tiles(stage.outputs).iter().enumerate() {
        let values = &values[tile * PAGE..tile * PAGE + count];
        for high in [false, true] {
            let byte = |v: &i16| v.to_le_bytes()[usize::from(high)];
            let mut bytes: Vec<u8> = values.iter().map(byte).collect();
            // One byte too many lies in the same page: a page has an even number of bytes.
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            runs.push((
                tile,
                high,
                bytes.chunks(2).map(|w| u16::from_le_bytes([w[0], w[1]])).collect::<Vec<_>>(),
            ));
        }
    }
    let frequent = frequent(runs.iter().flat_map(|(_, _, words)| words));
    let pairs = [Pair::Bc, Pair::De];
    let mut steps: Vec<Step> =
        frequent.iter().zip(pairs).map(|(&word, pair)| Step::Load(pair, word)).collect();
    let mut hl = None;
    let mut pushes = 0;
    for (tile, high, words) in runs {
        steps.push(Step::Point { tile, high, behind: 2 * words.len() });
        for (i, &word) in words.iter().enumerate().rev() {
            if pushes == PIECE {
                steps.push(Step::Breathe { tile, high, behind: 2 * (i + 1) });
                pushes = 0;
            }
            let pair = frequent.iter().position(|&f| f == word).map_or(Pair::Hl, |i| pairs[i]);
            if pair == Pair::Hl && hl != Some(word) {
                steps.push(Step::Load(Pair::Hl, word));
                hl = Some(word);
            }
            steps.push(Step::Push(pair));
            pushes += 1;
        }
    }
    steps
}

/// The two words that stand most often, if more than once.
fn frequent<'w>(words: impl Iterator<Item = &'w u16>) -> Vec<u16> {
    let mut counts = BTreeMap::new();
    words.for_each(|&w| *counts.entry(w).or_insert(0usize) += 1);
    let mut sorted: Vec<_> = counts.into_iter().filter(|(_, n)| *n > 1).collect();
    sorted.sort_by_key(|&(word, n)| (std::cmp::Reverse(n), word));
    sorted.into_iter().take(2).map(|(word, _)| word).collect()
}
