//! How often each part of a network works, measured by running the reference on queries.
//!
//! The counts are those of the kernels: columns applied, activations above a byte, carries out of the
//! low byte when columns are added in ascending order. They depend on the network and the queries, not
//! on the target.

use super::{Choose, Product, Source, Stage, Start, Work, prefix};
use crate::eval::{self, Value};
use crate::ir::{Graph, NodeId, Op};
use crate::text;
use crate::weights::shared;
use std::collections::BTreeMap;

/// Totals over all queries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    pub queries: u64,
    /// Passes through the network.
    pub steps: u64,
    /// Bytes of all queries together, normalized.
    pub query_bytes: u64,
    /// Queries by length in bytes.
    pub lengths: BTreeMap<usize, u64>,
    /// Bytes of all replies together.
    pub reply_bytes: u64,
    /// Of each stage, in order; of what is no product nothing is counted but in `choose`.
    pub stages: Vec<ProductUsage>,
    pub choose: ChooseUsage,
}

impl Usage {
    /// Steps, at least one: what totals are divided by.
    pub fn per_step(&self) -> f64 {
        self.steps.max(1) as f64
    }
}

/// Totals of one product.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProductUsage {
    /// Times the stage ran.
    pub runs: u64,
    /// For each column: times it was applied with the low byte of its input, and with the high byte.
    pub low: Vec<u64>,
    pub high: Vec<u64>,
    /// Inputs of hidden sources: accumulators below zero, and those whose activation is 0 all the same.
    pub negative: u64,
    pub zero: u64,
    /// Activations whose low byte is 0 and whose high byte is not.
    pub high_without_low: u64,
    /// Runs whose last input was negative.
    pub last_negative: u64,
    /// Additions and subtractions to accumulators, and their carries and borrows out of the byte that is
    /// added to: the low one, or the high one for high bytes.
    pub additions: u64,
    pub carries: u64,
    /// N-grams: runs by how many spaces are left of those that the window starts with; and for each column how
    /// often [`super::prefix::is_known`] makes up for it.
    pub spaces: Vec<u64>,
    pub known: Vec<u64>,
    /// Of these, those by activations of one byte.
    pub byte_additions: u64,
    pub byte_carries: u64,
    /// Trigrams: steps from one position band to the next, and runs with eight positions in the last one.
    pub band_changes: u64,
    pub last_band_full: u64,
}

/// What the comparison of logits met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChooseUsage {
    /// A new maximum by its high byte; a tie in the high byte that the low byte won or lost.
    pub won: u64,
    pub tied_won: u64,
    pub tied_lost: u64,
}

/// Runs `queries` through the graph that `stages` were read from, as they are or with shared sums. Empty queries count
/// for nothing.
pub fn measure<'q>(graph: &Graph, stages: &[Stage], queries: impl IntoIterator<Item = &'q [u8]>) -> Usage {
    let mut stats = Usage {
        queries: 0,
        steps: 0,
        query_bytes: 0,
        lengths: BTreeMap::new(),
        reply_bytes: 0,
        stages: stages.iter().map(|s| s.product().map_or_else(ProductUsage::default, nothing)).collect(),
        choose: ChooseUsage::default(),
    };
    for query in queries {
        let sums = vec![Vec::new(); stages.len()];
        let mut watcher =
            Watcher { graph, stages, stats: &mut stats, sums, query: vec![], window: vec![], rounds: 0 };
        let run = eval::run_observed(graph, query, &mut |id, value| watcher.see(id, value));
        if run.steps() > 0 {
            stats.queries += 1;
            stats.steps += run.steps() as u64;
            let length = text::normalize(query).len();
            stats.query_bytes += length as u64;
            *stats.lengths.entry(length).or_insert(0) += 1;
            stats.reply_bytes += run.reply.len() as u64;
        }
    }
    stats
}

/// Nothing counted yet.
fn nothing(product: &Product) -> ProductUsage {
    let columns = product.columns.len();
    ProductUsage {
        low: vec![0; columns],
        high: vec![0; columns],
        known: vec![0; columns],
        spaces: match product.source {
            Source::Ngrams { length, .. } => vec![0; usize::from(length) + 1],
            _ => vec![],
        },
        ..ProductUsage::default()
    }
}

struct Watcher<'a> {
    graph: &'a Graph,
    stages: &'a [Stage],
    stats: &'a mut Usage,
    /// Accumulators of each stage, as they were last computed.
    sums: Vec<Vec<i16>>,
    query: Vec<u8>,
    /// The context window of this round.
    window: Vec<u8>,
    /// Which round this is, from 1 on.
    rounds: usize,
}

impl Watcher<'_> {
    fn see(&mut self, id: NodeId, value: &Value) {
        match (&self.graph.nodes[id].op, value) {
            (Op::Query { .. }, Value::Text(t)) => self.query.clone_from(t),
            (Op::Read { .. }, Value::Text(t)) => {
                self.window.clone_from(t);
                self.rounds += 1;
            }
            (Op::Sum { .. }, Value::Vector(sum)) => {
                let of_sum = |stage: &Stage| stage.product().is_some_and(|p| p.sum == id);
                let Some(index) = self.stages.iter().position(of_sum) else { return };
                // The sums of this family have 16 bits.
                let sum: Vec<i16> = sum.iter().map(|&x| x as i16).collect();
                self.product(index, &sum);
                for stage in self.stages {
                    match &stage.work {
                        Work::Choose(choose) if choose.stage == index => self.stats.choose.see(choose, &sum),
                        _ => {}
                    }
                }
                self.sums[index] = sum;
            }
            _ => {}
        }
    }

    /// Replays a product on its accumulators, column by column, as the kernels do.
    fn product(&mut self, index: usize, result: &[i16]) {
        let Some(stage) = self.stages[index].product() else { return };
        let mut acc = match &stage.start {
            Start::Constant(values) => values.clone(),
            Start::Stage(s) => self.sums[*s].clone(),
        };
        let stats = &mut self.stats.stages[index];
        stats.runs += 1;
        let mut apply = |stats: &mut ProductUsage, column: usize, x: u16| {
            let (low, high) = (x & 255, x >> 8);
            stats.low[column] += u64::from(low > 0);
            stats.high[column] += u64::from(high > 0);
            stats.high_without_low += u64::from(high > 0 && low == 0);
            stats.additions +=
                stage.columns[column].len() as u64 * (u64::from(low > 0) + u64::from(high > 0));
            let carries = stats.carries;
            // The high byte is added first, to the high bytes; its carries go to a page that nobody reads.
            for (part, shift) in [(high, 8), (low, 0)].into_iter().filter(|(part, _)| *part > 0) {
                for &o in &stage.columns[column].plus {
                    let a = &mut acc[usize::from(o)];
                    stats.carries += u64::from((*a as u16 >> shift & 255) + part > 255);
                    *a = a.wrapping_add((part << shift) as i16);
                }
                for &o in &stage.columns[column].minus {
                    let a = &mut acc[usize::from(o)];
                    stats.carries += u64::from((*a as u16 >> shift & 255) < part);
                    *a = a.wrapping_sub((part << shift) as i16);
                }
            }
            if high == 0 {
                stats.byte_additions += stage.columns[column].len() as u64;
                stats.byte_carries += stats.carries - carries;
            }
        };
        match stage.source {
            Source::Trigrams { buckets, bands, factor } => {
                let (ends, last) = (self.query.len() / text::BAND_LENGTH, usize::from(bands) - 1);
                stats.band_changes += ends.min(last) as u64;
                stats.last_band_full += u64::from(ends > last);
                for b in text::trigram_buckets(&self.query, buckets, bands) {
                    apply(stats, usize::from(b), factor.into());
                }
            }
            Source::Ngrams { buckets, factor, .. } => {
                let length = self.window.len();
                let spaces = (length + 1).saturating_sub(self.rounds);
                stats.spaces[spaces] += 1;
                for (span, b) in text::ngram_spans(length).zip(text::ngram_buckets(&self.window, buckets)) {
                    stats.known[usize::from(b)] += u64::from(prefix::is_known(&span, spaces, length));
                    apply(stats, usize::from(b), factor.into());
                }
            }
            Source::Hidden { stage: from, shift, .. } => {
                let sums = &self.sums[from];
                stats.last_negative += u64::from(sums.last().is_some_and(|&a| a < 0));
                for (i, &a) in sums.iter().enumerate() {
                    match a >> shift {
                        ..0 => stats.negative += 1,
                        0 => stats.zero += 1,
                        y => apply(stats, i, y as u16),
                    }
                }
            }
        }
        shared::add(&mut acc, &stage.folds);
        debug_assert_eq!(
            acc, result,
            "a bug in mlc: the replay of {} differs from the reference",
            self.stages[index].name
        );
    }
}

impl ChooseUsage {
    /// Compares logits as the kernels do: the high byte first.
    fn see(&mut self, choose: &Choose, sum: &[i16]) {
        let Some((&first, rest)) = sum.split_first() else { return };
        let mask = -1i16 << choose.shift;
        let mut best = first & mask;
        for &a in rest {
            let y = a & mask;
            match (y >> 8).cmp(&(best >> 8)) {
                std::cmp::Ordering::Less => continue,
                std::cmp::Ordering::Greater => self.won += 1,
                std::cmp::Ordering::Equal if y > best => self.tied_won += 1,
                std::cmp::Ordering::Equal => self.tied_lost += 1,
            }
            best = best.max(y);
        }
    }
}
