//! An n-gram prior, counted on the texts of a training: what tokens cost behind the last one or two, as integers of the model.
//!
//! Probabilities are interpolated by Witten and Bell (1991, *The zero-frequency problem*): those behind a pair with those behind
//! its later token, these with those of all texts, and these with equal ones. A context has a row of its own if that foretells
//! the texts better, each token foretold from the others; of a limited number of bytes those get one that gain most.

use super::chunk::Chunk;
use super::task::Texts;
use mlc_compiler::math::{exp, ln};
use mlc_compiler::model::{Model, Pair, Prior as Integers};
use std::collections::BTreeMap;

/// A cost counts 2^-4 nats: all that 8 bits hold is then 16 nats.
const STEP_BITS: i32 = 4;
/// Most bytes of a prior's data, which programs reach with 16 bits.
pub const MAX_BYTES: usize = 1 << 16;

/// How many tokens a prior looks back at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The last one.
    Bigram,
    /// The last two.
    Trigram,
}

/// What tokens cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// With a shift of 0.
    costs: Integers,
    /// A cost counts 2^-bits nats.
    bits: i32,
}

/// How often each token stood somewhere.
#[derive(Debug, Clone, Default)]
struct Counts {
    tokens: BTreeMap<u32, f64>,
    total: f64,
}

impl Counts {
    fn add(&mut self, token: u32) {
        *self.tokens.entry(token).or_default() += 1.0;
        self.total += 1.0;
    }

    /// Probabilities of all tokens, interpolated with those of a shorter context.
    fn interpolated(&self, shorter: &[f64]) -> Vec<f64> {
        let kinds = self.tokens.len() as f64;
        let mut found: Vec<f64> = shorter.iter().map(|p| kinds * p).collect();
        self.tokens.iter().for_each(|(&token, count)| found[token as usize] += count);
        let all = (self.total + kinds).max(1e-30);
        found.iter_mut().for_each(|p| *p /= all);
        found
    }

    /// How many nats less all its tokens take than with a shorter context, each foretold from the others.
    fn gain(&self, shorter: &[f64]) -> f64 {
        let one = |(&token, &count): (&u32, &f64)| {
            let usual = shorter[token as usize];
            let kinds = self.tokens.len() as f64 - f64::from(u8::from(count == 1.0));
            let all = self.total - 1.0 + kinds;
            let found = if all > 0.0 { (count - 1.0 + kinds * usual) / all } else { usual };
            count * (ln(found.max(1e-12)) - ln(usual.max(1e-12)))
        };
        self.tokens.iter().map(one).sum()
    }
}

/// A context that could have a row.
struct Context {
    gain: f64,
    last: u32,
    before: Option<u32>,
}

impl Prior {
    /// That of some texts, of a vocabulary of so many tokens: of those that count. It has at most `bytes` bytes, as
    /// [`Integers::bytes`] counts them; `None` where not even a single row has room, or there is no text.
    pub fn count(texts: &Texts, vocabulary: usize, order: Order, bytes: usize) -> Option<Self> {
        if least(vocabulary) > bytes.min(MAX_BYTES) {
            return None;
        }
        let mut all = Counts::default();
        let mut behind: BTreeMap<(u32, Option<u32>), Counts> = BTreeMap::new();
        for example in &texts.examples {
            for at in (1..example.tokens.len()).filter(|&at| example.counts[at]) {
                let (token, last) = (example.tokens[at], example.tokens[at - 1]);
                all.add(token);
                behind.entry((last, None)).or_default().add(token);
                if let (Order::Trigram, Some(before)) = (order, at.checked_sub(2)) {
                    behind.entry((last, Some(example.tokens[before]))).or_default().add(token);
                }
            }
        }
        if all.total == 0.0 {
            return None;
        }
        let plain = all.interpolated(&vec![1.0 / vocabulary as f64; vocabulary]);
        let mut contexts: Vec<Context> = Vec::new();
        // Behind a token stands first what is known of it alone.
        let mut of_last = (u32::MAX, Vec::new());
        for (&(last, before), counts) in &behind {
            if before.is_none() {
                of_last = (last, counts.interpolated(&plain));
            }
            let shorter = if before.is_none() { &plain } else { &of_last.1 };
            let gain = counts.gain(shorter);
            if gain > 0.0 {
                contexts.push(Context { gain, last, before });
            }
        }
        contexts.sort_by(|a, b| b.gain.total_cmp(&a.gain).then((a.last, a.before).cmp(&(b.last, b.before))));
        // Only those that get a row: of all of them they would take any amount of memory.
        let row = |&Context { last, before, .. }: &Context| {
            let alone = behind[&(last, None)].interpolated(&plain);
            costs(&if before.is_none() { alone } else { behind[&(last, before)].interpolated(&alone) })
        };
        let costs = placed(costs(&plain), &contexts, &row, bytes.min(MAX_BYTES));
        Some(Self { costs, bits: STEP_BITS })
    }

    /// That of a model, if it has one.
    pub(crate) fn of(model: &Model) -> Option<Self> {
        let (_, body, story) = model.sequence()?;
        let costs = body.prior.clone()?;
        let bits = i32::from(story.logit_bits) - i32::from(costs.shift);
        Some(Self { costs: Integers { shift: 0, ..costs }, bits })
    }

    /// The integers for logits that count 2^-`logit_bits` nats.
    pub(crate) fn integers(&self, logit_bits: u8) -> Integers {
        self.costs.clone().scaled(i32::from(logit_bits) - self.bits)
    }

    /// The most that a token costs, in nats.
    pub(crate) fn most(&self) -> f64 {
        f64::from(self.costs.costs.iter().copied().max().unwrap_or(0)) * self.step()
    }

    /// Nats of a cost.
    fn step(&self) -> f64 {
        exp(-f64::from(self.bits) * std::f64::consts::LN_2)
    }

    /// Tokens that it knows.
    pub(crate) fn vocabulary(&self) -> usize {
        self.costs.vocabulary()
    }

    /// The row of costs behind a row of a chunk.
    #[cfg(feature = "tch")]
    pub(crate) fn row_behind(&self, chunk: &Chunk, row: usize) -> usize {
        let (before, last) = chunk.latest(row);
        self.costs.row_behind(before, Some(last))
    }

    /// All costs in nats: `[rows, vocabulary]`.
    #[cfg(feature = "tch")]
    pub(crate) fn nats(&self) -> Vec<f32> {
        let step = self.step() as f32;
        self.costs.costs.iter().map(|&cost| f32::from(cost) * step).collect()
    }

    /// Subtracts what tokens cost, in nats, from the logits of a row of a chunk.
    pub(crate) fn subtract(&self, chunk: &Chunk, row: usize, logits: &mut [f32]) {
        let (before, last) = chunk.latest(row);
        let step = self.step() as f32;
        for (logit, &cost) in logits.iter_mut().zip(self.costs.costs_behind(before, Some(last))) {
            *logit -= f32::from(cost) * step;
        }
    }

    /// Rows, and pairs of tokens that have one of their own.
    pub fn rows(&self) -> (usize, usize) {
        (self.costs.rows(), self.costs.pairs.len())
    }

    /// Bytes that programs have of it.
    pub fn bytes(&self) -> usize {
        self.costs.bytes()
    }
}

/// The fewest bytes of a prior of so many tokens: a row, and which one each token has.
pub fn least(vocabulary: usize) -> usize {
    let costs = vec![0; vocabulary];
    Integers { shift: 0, costs, last: vec![0; vocabulary], pairs: Vec::new() }.bytes()
}

/// Rows for contexts, the first ones first, while there is room. `first` is the row of all texts; it has room.
fn placed(first: Vec<u8>, contexts: &[Context], row: &dyn Fn(&Context) -> Vec<u8>, bytes: usize) -> Integers {
    let vocabulary = first.len();
    let mut found = Integers { shift: 0, costs: first, last: vec![0; vocabulary], pairs: Vec::new() };
    for context in contexts {
        let Ok(number) = u16::try_from(found.rows()) else { break };
        let place = context.before.map(|before| {
            let pair = Pair { last: context.last, before, row: number };
            let place = found.pairs.partition_point(|other| (other.last, other.before) < (pair.last, before));
            found.pairs.insert(place, pair);
            place
        });
        if place.is_none() {
            found.last[context.last as usize] = number;
        }
        found.costs.resize(found.costs.len() + vocabulary, 0);
        if found.bytes() > bytes {
            // It has no room: all is as before.
            found.costs.truncate(usize::from(number) * vocabulary);
            match place {
                Some(place) => drop(found.pairs.remove(place)),
                None => found.last[context.last as usize] = 0,
            }
            break;
        }
        found.costs.splice(usize::from(number) * vocabulary.., row(context));
    }
    found
}

/// What tokens of these probabilities cost beside the likeliest.
fn costs(probabilities: &[f64]) -> Vec<u8> {
    let most = probabilities.iter().copied().fold(0.0, f64::max);
    let steps = f64::from(1 << STEP_BITS);
    let cost = |&p: &f64| ((ln(most) - ln(p.max(1e-30))) * steps).round().min(255.0) as u8;
    probabilities.iter().map(cost).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::Example;

    fn made_of(lists: &[&[u32]]) -> Texts {
        let example = |list: &&[u32]| Example { tokens: list.to_vec(), counts: vec![true; list.len()] };
        Texts::new(lists.iter().map(example).collect())
    }

    fn behind(prior: &Prior, before: Option<u32>, last: u32) -> Vec<f64> {
        let costs = prior.costs.costs_behind(before, Some(last));
        let shares: Vec<f64> = costs.iter().map(|&cost| exp(-f64::from(cost) / 16.0)).collect();
        let sum: f64 = shares.iter().sum();
        shares.iter().map(|share| share / sum).collect()
    }

    #[test]
    fn probabilities_are_those_of_witten_and_bell() {
        // Behind 1 stand six 2 and a 3.
        let list = [[1, 2].repeat(6), vec![1, 3]].concat();
        let texts = made_of(&[&list]);
        let prior = Prior::count(&texts, 4, Order::Bigram, MAX_BYTES).unwrap();
        // What counts: six 2, six 1 and a 3: 13, of 3 kinds.
        let plain = [0.75 / 16.0, 6.75 / 16.0, 6.75 / 16.0, 1.75 / 16.0];
        let wanted = |token: usize| ([0.0, 0.0, 6.0, 1.0][token] + 2.0 * plain[token]) / 9.0;
        let found = behind(&prior, None, 1);
        (0..4).for_each(|token| {
            let off = ln(found[token]) - ln(wanted(token));
            assert!(off.abs() < 0.08, "{token}: {} for {}", found[token], wanted(token));
        });
        // Nothing stood behind 0.
        assert_eq!(prior.costs.last[0], 0);
        let found = behind(&prior, None, 0);
        assert!((found[1] - plain[1]).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn pairs_have_rows_where_they_say_more() {
        // What stands behind 1 is decided by what stands before it.
        let list: Vec<u32> = [[2, 1, 3], [4, 1, 5]].concat().repeat(20);
        let texts = made_of(&[&list]);
        let bigram = Prior::count(&texts, 6, Order::Bigram, MAX_BYTES).unwrap();
        assert!(bigram.costs.pairs.is_empty());
        assert!(behind(&bigram, Some(2), 1)[3] < 0.6);
        let trigram = Prior::count(&texts, 6, Order::Trigram, MAX_BYTES).unwrap();
        assert!(behind(&trigram, Some(2), 1)[3] > 0.9 && behind(&trigram, Some(4), 1)[5] > 0.9);
        // Without a token before: as the bigram.
        assert!(behind(&trigram, None, 1)[3] < 0.6);
        // They gain most, behind the rows of the five tokens.
        let of_one = trigram.costs.pairs.iter().filter(|pair| pair.last == 1).map(|pair| pair.row);
        assert_eq!(of_one.collect::<Vec<_>>(), [6, 7]);
    }

    #[test]
    fn no_more_bytes_than_there_may_be() {
        let list: Vec<u32> = (0..400u32).map(|i| i * i % 23 % 16).collect();
        let texts = made_of(&[&list]);
        let whole = Prior::count(&texts, 16, Order::Trigram, MAX_BYTES).unwrap();
        let mut before = None;
        for bytes in 0..=whole.bytes() + 1 {
            let found = Prior::count(&texts, 16, Order::Trigram, bytes);
            assert_eq!(found.is_some(), bytes >= 16 + 32 + 4, "{bytes}");
            let rows = found.as_ref().map(|prior| prior.rows().0);
            assert!(rows >= before, "{bytes}");
            assert!(found.is_none_or(|prior| prior.bytes() <= bytes), "{bytes}");
            before = rows;
        }
        assert_eq!(before, Some(whole.rows().0));
        assert!(Prior::count(&made_of(&[]), 16, Order::Bigram, MAX_BYTES).is_none());
    }
}
