//! What is known of a window, for the templates.

use super::stage::BAND_STEP;
use super::text;
use crate::plan::Plan;
use crate::plan::network::Answer;
use crate::plan::prefix::FEWEST;
use serde::Serialize;

/// Sums that need not be counted, by how many spaces are left in front of the window.
#[derive(Serialize)]
pub struct PrefixContext {
    /// The query's sums.
    from: String,
    /// What is added, a multiple of eight.
    count: usize,
    /// How many more, or fewer, rounds are left than there are spaces above the fewest.
    less: usize,
    more: usize,
    records: Vec<PrefixRecord>,
}

#[derive(Serialize)]
pub struct PrefixRecord {
    spaces: usize,
    /// Where hashing goes on: the position, its seed, the hash of two spaces there, and how many positions with three
    /// n-grams there are from there on. All 0 where nothing is left to hash.
    at: usize,
    seed: u8,
    hash: u8,
    positions: usize,
    sums: Vec<String>,
}

/// The sums that stage `index` starts with; `None` where it counts every n-gram.
pub fn context(plan: &Plan, index: usize) -> Option<PrefixContext> {
    let n = plan.narrow.as_ref().filter(|n| index == n.last)?;
    let sums = &n.prefix.as_ref()?.sums;
    let Answer::Chat { context, max_reply, .. } = &plan.network.answer else { return None };
    let (length, rounds) = (usize::from(*context), usize::from(*max_reply));
    let count = n.starts.len().next_multiple_of(8);
    let record = |(i, sums): (usize, &Vec<u8>)| {
        let spaces = i + FEWEST;
        let padded = sums.iter().copied().chain(std::iter::repeat(0)).take(count);
        let mut record =
            PrefixRecord { spaces, at: 0, seed: 0, hash: 0, positions: 0, sums: text::bytes(padded) };
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
    Some(PrefixContext {
        from: format!("{}_acc", plan.network.stages[n.query].name),
        count,
        less: (rounds + FEWEST).saturating_sub(length),
        more: length.saturating_sub(rounds + FEWEST),
        records: sums.iter().enumerate().map(record).collect(),
    })
}
