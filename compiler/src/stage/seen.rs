//! What the reference sees of a sequence model that reads a text: how large values are, where kernels take another way by
//! that. The averages do not depend on the target.

use crate::arithmetic::attention_weights;
use crate::eval::{self, Value};
use crate::ir::{self, Data, Graph, NodeId, Op, TypeError};
use crate::model::Model;
use crate::stage::calibration::QUERIES;
use std::collections::BTreeMap;

/// Most tokens that are read for this, and most multiplications: large networks read fewer.
const MOST_TOKENS: usize = 96;
const FEWEST_TOKENS: usize = 12;
const MULTIPLICATIONS: usize = 8_000_000;
/// What a byte holds with a sign in the byte above: -256 to 255.
const BYTE: i32 = 256;
/// The most that magnitudes of a query are together where it is near.
const NEAR: u32 = 254;

/// An average.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }

    fn or(self, other: f64) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { other }
    }
}

/// The averages; without a text what is usual.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// Of what a norm reads, by the number of its elements: bits of the root mean square, and how many of all are within a byte.
    norms: BTreeMap<usize, (Mean, Mean)>,
    /// Sums of products within a byte, by the name of the product.
    sums: BTreeMap<String, Mean>,
    /// What is turned within a byte.
    turned: Mean,
    /// Queries that are near.
    near: Mean,
    /// Weights of positions that are 0, by how many are kept, from 1 on; and the bits of their sum above a byte.
    weights: Vec<(Mean, Mean)>,
    /// Gates that are closed.
    closed: Mean,
    /// Numbers of tokens, and bytes of their pieces.
    token: Mean,
    piece: Mean,
}

impl Seen {
    /// Of a model that reads texts, as many tokens of them as do not take long; without texts those that are built in.
    ///
    /// # Errors
    /// For a model that was never checked.
    pub fn new(model: &Model, texts: &[Vec<u8>]) -> Result<Self, TypeError> {
        let mut seen = Self::default();
        let Some((reader, body, story)) = model.sequence() else { return Ok(seen) };
        let weights: usize = body.matrices().map(|m| m.values.len()).sum::<usize>() * body.rounds;
        let most = (MULTIPLICATIONS / weights.max(1)).clamp(FEWEST_TOKENS, MOST_TOKENS);
        let most = most.min(story.most.into());
        let (before, after) = story.turns.as_ref().map_or((vec![], vec![]), |turns| {
            ([turns.start.as_slice(), &turns.before].concat(), turns.after.clone())
        });
        let mut tokens = Vec::new();
        let built_in: Vec<&[u8]> = QUERIES.iter().map(|query| query.as_bytes()).collect();
        let given: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        for text in if given.is_empty() { built_in } else { given } {
            if tokens.len() < most {
                tokens.extend([before.clone(), reader.tokenizer.tokens(text), after.clone()].concat());
            }
        }
        tokens.truncate(most);
        if tokens.is_empty() {
            return Ok(seen);
        }
        let Some(graph) = ir::build_scoring(model)? else { return Ok(seen) };
        let pieces = &reader.tokenizer.pieces;
        for &token in &tokens {
            seen.token.add(f64::from(token));
            seen.piece.add(pieces.get(token as usize).map_or(0, Vec::len) as f64);
        }
        let mut values = vec![Value::Unit; graph.nodes.len()];
        eval::score_observed(&graph, &tokens, &mut |id, value| {
            seen.look(&graph, &values, id, value);
            values[id.index()] = value.clone();
        });
        Ok(seen)
    }

    fn look(&mut self, graph: &Graph, values: &[Value], id: NodeId, value: &Value) {
        let vector = |id: NodeId| match &values[id.index()] {
            Value::Vector(vector) => vector.as_slice(),
            _ => &[],
        };
        let within = |x: &&i32| (-BYTE..BYTE).contains(*x);
        let share = |x: &[i32]| x.iter().filter(within).count() as f64 / x.len().max(1) as f64;
        match &graph.nodes[id].op {
            Op::Norm { input, group, .. } => {
                let (bits, bytes) = self.norms.entry(*group).or_default();
                for x in vector(*input).chunks(*group) {
                    let square: f64 = x.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
                    bits.add((square / x.len() as f64).max(1.0).log2() / 2.0);
                    bytes.add(share(x));
                }
            }
            Op::Product { .. } => {
                if let Value::Vector(sums) = value {
                    self.sums.entry(graph.nodes[id].name.clone()).or_default().add(share(sums));
                }
            }
            Op::Rotate { input, .. } => self.turned.add(share(vector(*input))),
            Op::Multiply { a, b, .. } => {
                let closed = |x: &[i32]| x.iter().filter(|v| **v == 0).count() as f64 / x.len().max(1) as f64;
                // The gate's table stands on one side.
                let is_table = |id: &NodeId| matches!(graph.nodes[*id].op, Op::Table { .. });
                let gate = if is_table(a) { a } else { b };
                self.closed.add(closed(vector(*gate)));
            }
            Op::Attend { query, keys, head, table, bits, .. } => {
                let Value::Rows(keys, _) = &values[keys.index()] else { return };
                let Data::Weights(table) = &graph.consts[*table].data else { return };
                self.attends(vector(*query), keys, *head, table, *bits);
            }
            _ => {}
        }
    }

    fn attends(&mut self, query: &[i32], keys: &[Vec<i8>], head: usize, table: &[u8], bits: u8) {
        let heads = query.len() / head;
        let group = heads / (keys[0].len() / head).max(1);
        if self.weights.len() < keys.len() {
            self.weights.resize(keys.len(), Default::default());
        }
        for (at, q) in query.chunks(head).enumerate() {
            let near = q.iter().map(|v| v.unsigned_abs()).sum::<u32>() <= NEAR;
            self.near.add(f64::from(u8::from(near)));
            let from = at / group.max(1) * head;
            let score = |key: &Vec<i8>| -> i32 {
                q.iter().zip(&key[from..from + head]).map(|(&a, &b)| a * i32::from(b)).sum()
            };
            let scores: Vec<i32> = keys.iter().map(score).collect();
            let weights = attention_weights(&scores, bits.into(), table);
            let (zero, above) = &mut self.weights[keys.len() - 1];
            let zeros = weights.iter().filter(|w| **w == 0).count();
            zero.add(zeros as f64 / weights.len() as f64);
            let sum: u32 = weights.iter().map(|&w| u32::from(w)).sum();
            above.add(f64::from(sum.max(1).ilog2().saturating_sub(7)));
        }
    }

    /// Bits of the root mean square of what norms of so many elements read.
    pub fn norm_bits(&self, elements: usize) -> f64 {
        self.norms.get(&elements).map_or(10.0, |(bits, _)| bits.or(10.0))
    }

    /// How many of these elements are within a byte, of one.
    pub fn norm_bytes(&self, elements: usize) -> f64 {
        self.norms.get(&elements).map_or(0.25, |(_, bytes)| bytes.or(0.25))
    }

    /// How many sums of a product are within a byte, of one. `field`: the matrix as messages name it: `key of block 1`.
    pub fn sums(&self, field: &str) -> f64 {
        let name = match field.split_once(" of block ") {
            Some(("projection", block)) => format!("block{block}.mix"),
            Some((what, block)) => format!("block{block}.{what}"),
            None => "logits".to_string(),
        };
        self.sums.get(&name).map_or(0.5, |mean| mean.or(0.5))
    }

    /// How many of the elements that are turned are within a byte, of one.
    pub fn turned(&self) -> f64 {
        self.turned.or(0.5)
    }

    /// How many queries have magnitudes of at most 254 together, of one.
    pub fn near(&self) -> f64 {
        self.near.or(0.5)
    }

    /// How many gates are closed, of one.
    pub fn closed(&self) -> f64 {
        self.closed.or(0.03)
    }

    /// The number of a token, and bytes of its piece.
    pub fn token(&self) -> (f64, f64) {
        (self.token.or(0.0), self.piece.or(1.0))
    }

    /// How many weights of positions are 0 where so many are kept, of one.
    pub fn zeros(&self, kept: usize) -> f64 {
        self.of_kept(kept, |(zero, _)| *zero, 0.0)
    }

    /// Bits of the sum of the weights of so many positions above a byte.
    pub fn bits_above(&self, kept: usize) -> f64 {
        self.of_kept(kept, |(_, above)| *above, (kept as f64).log2() / 2.0)
    }

    /// The mean of a few numbers of positions around the one asked for, the last ones behind all that were seen.
    fn of_kept(&self, kept: usize, mean: impl Fn(&(Mean, Mean)) -> Mean, usual: f64) -> f64 {
        let known: Vec<Mean> = self.weights.iter().map(mean).collect();
        let end = kept.clamp(1, known.len().max(1)) + 1;
        let from = end.saturating_sub(if kept > 4 { 5 } else { 2 });
        let near = known[from.min(known.len())..end.min(known.len())].iter();
        let sum = near.fold(Mean::default(), |a, b| Mean { sum: a.sum + b.sum, count: a.count + b.count });
        sum.or(usual)
    }
}
