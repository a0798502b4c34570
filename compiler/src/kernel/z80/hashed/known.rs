//! What is known of a window that begins with spaces: see [`crate::stage::prefix`].

use crate::asm::Isa;
use crate::kernel::cycles::{Code, START};
use crate::kernel::hashing::BAND_STEP;
use crate::kernel::lines;
use crate::stage::prefix::{FEWEST, Prefix};
use crate::stage::{Answer, Product, Stage, Start, answer};
use serde::Serialize;

/// Bytes of the code, and of a record and a table for each number of spaces.
pub fn bytes(prefix: &Prefix) -> usize {
    124 + prefix.sums.iter().map(|s| 8 + (s.len() + 1).next_multiple_of(8)).sum::<usize>()
}

/// Whether n-grams inside of spaces are known.
pub fn is_known(product: &Product) -> bool {
    product.counts().is_some_and(|bytes| bytes.prefix.is_some()) && product.constants().is_none()
}

/// T-states of a start by what the window begins with.
pub struct KnownCost {
    /// Too few spaces: that it is so.
    pub plain: f64,
    /// Spaces only, to the end of the stage; and some, up to where hashing goes on.
    pub whole: f64,
    pub part: f64,
}

/// Counts the specimen `context`.
pub fn count(context: Context) -> KnownCost {
    let rounds = (context.count / 8) as f64;
    let may_be_plain = context.less > 0;
    let others = ["net_left", "net_seed", "s_spaces", "s_acc", "s_done", "s_third"];
    let code = Code::of(Isa::Z80, "known.asm", "start", context, &others);
    let sums = code.way(&[START, "s_known"]) + (rounds - 1.0) * code.way(&["s_known", "s_known"]);
    KnownCost {
        plain: if may_be_plain { code.way(&[START, "s_plain"]) } else { 0.0 },
        whole: sums + code.way(&["s_known", "jp z,s_done"]),
        part: sums + code.way(&["s_known", "jp s_third"]),
    }
}

/// Context of the macros of `known.asm`: sums that need not be counted, by how many spaces are left in front of the
/// window.
#[derive(Serialize)]
pub struct Context {
    name: String,
    /// The query's sums.
    from: String,
    /// What is added, a multiple of eight.
    count: usize,
    /// How many more, or fewer, rounds are left than there are spaces above the fewest.
    less: usize,
    more: usize,
    records: Vec<Record>,
}

#[derive(Serialize)]
struct Record {
    spaces: usize,
    /// Where hashing goes on: the position, its seed, the hash of two spaces there, and how many positions with three
    /// n-grams there are from there on. All 0 where nothing is left to hash.
    at: usize,
    seed: u8,
    hash: u8,
    positions: usize,
    sums: Vec<String>,
}

impl Context {
    /// Of stage `at`; `None` where it counts every n-gram.
    pub fn new(stages: &[Stage], at: usize, product: &Product) -> Option<Self> {
        let bytes = product.counts()?;
        let (Start::Stage(query), Some(prefix)) = (&product.start, &bytes.prefix) else { return None };
        let Answer::Chat { context, max_reply, .. } = answer(stages) else { return None };
        let (length, rounds) = (usize::from(*context), usize::from(*max_reply));
        let count = bytes.starts.len().next_multiple_of(8);
        let record = |(i, sums): (usize, &Vec<u8>)| {
            let spaces = i + FEWEST;
            let padded = sums.iter().copied().chain(std::iter::repeat(0)).take(count);
            let sums = lines::bytes(padded);
            let mut record = Record { spaces, at: 0, seed: 0, hash: 0, positions: 0, sums };
            if spaces < length {
                // As `text::hash` does, modulo 256: a position's seed is multiplied in the first step.
                let step = |hash: u8| hash.wrapping_mul(31).wrapping_add(b' ');
                record.at = spaces - 2;
                record.seed = (record.at as u8).wrapping_mul(BAND_STEP);
                record.hash = step(record.seed.wrapping_add(b' '));
                record.positions = length - 2 - record.at;
            }
            record
        };
        Some(Self {
            name: stages[at].name.clone(),
            from: format!("{}_acc", stages[*query].name),
            count,
            less: (rounds + FEWEST).saturating_sub(length),
            more: length.saturating_sub(rounds + FEWEST),
            records: prefix.sums.iter().enumerate().map(record).collect(),
        })
    }
}

impl Context {
    /// It, to be counted: the stage is `s`.
    pub fn specimen(self) -> Self {
        Self { name: "s".into(), from: "0".into(), records: vec![], ..self }
    }
}
