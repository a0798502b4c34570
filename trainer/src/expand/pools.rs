//! Which values each side draws from.

use super::phrase::Phrase;
use super::{Problem, Side, Templates, Values};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// The values of a list: those of training, and those that are held back.
pub struct Pool {
    pub open: Values,
    pub held: Values,
}

/// The values of all lists; shares are cut by the seed. Error: a line, and what is wrong.
pub fn pools(file: &Templates, seed: u64) -> Result<Vec<Pool>, (usize, Problem)> {
    let mut pools = Vec::new();
    for (index, list) in (0u64..).zip(&file.lists) {
        let count = (list.values.len() as f64 * list.share).round() as usize;
        if list.share > 0.0 && (count == 0 || count == list.values.len()) {
            let (values, name) = (list.values.len(), list.name.clone());
            return Err((list.line, Problem::HeldNone { share: list.share * 100.0, values, list: name }));
        }
        let mut order: Vec<usize> = (0..list.values.len()).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index + 1);
        order.shuffle(&mut rng);
        let held: BTreeSet<usize> = order[..count].iter().copied().collect();
        pools.push(match count {
            0 => Pool { open: list.values.clone(), held: list.held.clone() },
            _ => Pool {
                open: part(&list.values, |at| !held.contains(&at)),
                held: part(&list.values, |at| held.contains(&at)),
            },
        });
    }
    Ok(pools)
}

fn part(values: &Values, keep: impl Fn(usize) -> bool) -> Values {
    fn kept<T: Clone>(all: &[T], keep: impl Fn(usize) -> bool) -> Vec<T> {
        all.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, value)| value.clone()).collect()
    }
    match values {
        Values::Words(words) => Values::Words(kept(words, keep)),
        Values::Numbers(numbers) => Values::Numbers(kept(numbers, keep)),
    }
}

impl Pool {
    /// The values that a side prefers, and whether these are held back.
    pub fn of(&self, side: Side) -> (&Values, bool) {
        match side {
            Side::HeldOut if self.held.len() > 0 => (&self.held, true),
            Side::HeldOut | Side::Training => (&self.open, false),
        }
    }
}

/// The words that are held back, without slots: no record of training may say them.
pub fn held_words(pools: &[Pool]) -> Vec<String> {
    let mut words = BTreeSet::new();
    for pool in pools {
        if let Values::Words(held) = &pool.held {
            words.extend(held.iter().filter_map(Phrase::literal).filter(|word| !word.is_empty()));
        }
    }
    words.into_iter().collect()
}
