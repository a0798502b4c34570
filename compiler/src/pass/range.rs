//! Range analysis: bounds on every element of every vector, for the longest query.
//!
//! Sound: each rule bounds the value of a node from bounds of its operands, operands stand first, so by
//! induction every bound holds.
//! - Counts are not negative and their sum is the number of n-grams: the query's length, or all that fit
//!   a context window.
//! - A row's product `Σ w·x` with `least ≤ x ≤ most` is bounded weight by weight. Where the sum of all `x`
//!   is bounded by `total` and none is negative, the maximum is reached by spending the total on the
//!   largest weights first (a fractional knapsack), the minimum on the smallest.
//! - Sums add bounds. Before a shift the value wraps to 16 bits: bounds inside 16 bits survive, others
//!   become all of 16 bits, and the neuron is reported.
//!
//! Ends: one walk.

use super::{Rewritten, matrix, plural};
use crate::ir::{Data, Encoder, Facts, Graph, Interval, Node, NodeId, Op, Type};
use crate::text::ngram_count;

/// A neuron whose accumulator can leave 16 bits for some query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrap {
    /// Name of the layer: `fc2`.
    pub layer: String,
    pub neuron: usize,
    /// Bounds of the sum before it wraps.
    pub range: Interval,
}

/// Computes facts for all nodes. Bounds hold for queries of up to `longest_query` bytes.
pub fn analyse(graph: &Graph, longest_query: usize) -> (Rewritten, Vec<Wrap>) {
    let mut facts: Vec<Facts> = Vec::with_capacity(graph.nodes.len());
    let mut wraps = Vec::new();
    for (id, node) in graph.nodes.iter() {
        let fact = match node.ty {
            Type::Vector { len } => vector(graph, id, node, len, &facts, longest_query, &mut wraps),
            _ => Facts::default(),
        };
        facts.push(fact);
    }
    let widest = facts.iter().filter_map(Facts::hull).map(|r| r.most.max(-r.least)).max().unwrap_or(0);
    let summary = match wraps.as_slice() {
        [] => format!("no accumulator leaves 16 bits (largest magnitude {widest})"),
        many => {
            format!("{} can leave 16 bits (largest magnitude {widest})", plural(many.len(), "accumulator"))
        }
    };
    (Rewritten { graph: graph.clone().with_facts(facts), summary }, wraps)
}

fn vector(
    graph: &Graph,
    id: NodeId,
    node: &Node,
    len: usize,
    facts: &[Facts],
    longest_query: usize,
    wraps: &mut Vec<Wrap>,
) -> Facts {
    let of = |id: NodeId| &facts[id.index()];
    match &node.op {
        Op::Encode { text, encoder } => {
            let total = match (encoder, graph.nodes[*text].ty) {
                (Encoder::Trigrams { .. }, _) => longest_query,
                (Encoder::Ngrams { .. }, Type::Text { max }) => ngram_count(max),
                (Encoder::Ngrams { .. }, other) => unreachable!("validated: n-grams of a text, not {other}"),
            } as i64;
            Facts { range: vec![Interval::new(0, total); len], total: Some(total), multiple_of: 1 }
        }
        Op::Scale { input, factor } => {
            let (x, factor) = (of(*input), i64::from(*factor));
            let scale =
                |r: &Interval| Interval::point(r.least * factor).hull(Interval::point(r.most * factor));
            Facts {
                range: x.range.iter().map(scale).collect(),
                total: x.total.filter(|_| factor >= 0).map(|t| t * factor),
                multiple_of: x.multiple_of * factor.abs(),
            }
        }
        Op::Concat { inputs } => Facts {
            range: inputs.iter().flat_map(|&i| of(i).range.iter().copied()).collect(),
            total: inputs.iter().map(|&i| of(i).total).sum(),
            multiple_of: inputs.iter().map(|&i| of(i).multiple_of).fold(0, gcd),
        },
        Op::Constant { value } => match &graph.consts[*value].data {
            Data::Vector(values) => Facts {
                range: values.iter().map(|&v| Interval::point(v.into())).collect(),
                total: None,
                multiple_of: values.iter().fold(0, |g, &v| gcd(g, i64::from(v).abs())),
            },
            other => unreachable!("validated: a constant node holds a vector, not {other:?}"),
        },
        Op::Dense { input, .. } => {
            let (_, cols, values) = matrix(graph, id).expect("dense weights are unpacked: validated");
            product(values.chunks(cols), of(*input))
        }
        Op::Mac { input, weights, .. } => match &graph.consts[*weights].data {
            Data::Matrix { cols, values, .. } => product(values.chunks(*cols), of(*input)),
            Data::Columns { rows, columns } => {
                let mut dense = vec![vec![0i8; columns.len()]; *rows];
                for (i, column) in columns.iter().enumerate() {
                    column.plus.iter().for_each(|&o| dense[usize::from(o)][i] += 1);
                    column.minus.iter().for_each(|&o| dense[usize::from(o)][i] -= 1);
                }
                product(dense.iter().map(Vec::as_slice), of(*input))
            }
            other => unreachable!("validated: weights are a matrix or columns, not {other:?}"),
        },
        Op::Sum { terms } => {
            let zero = Facts { range: vec![Interval::point(0); len], total: None, multiple_of: 0 };
            terms.iter().fold(zero, |sum, &t| Facts {
                range: sum.range.iter().zip(&of(t).range).map(|(&a, &b)| a + b).collect(),
                total: None,
                multiple_of: gcd(sum.multiple_of, of(t).multiple_of),
            })
        }
        Op::Shift { input, bits } => {
            let mut wrapped = |(neuron, &range): (usize, &Interval)| {
                if Interval::I16.contains(range) {
                    return range.map(|x| x >> bits);
                }
                wraps.push(Wrap { layer: node.name.clone(), neuron, range });
                Interval::I16.map(|x| x >> bits)
            };
            let range = of(*input).range.iter().enumerate().map(&mut wrapped).collect();
            Facts { range, total: None, multiple_of: 1 }
        }
        Op::Relu { input } => {
            let range = of(*input).range.iter().map(|r| r.map(|x| x.max(0))).collect();
            Facts { range, total: None, multiple_of: 1 }
        }
        other => unreachable!("only the operations above give vectors, not {}", other.name()),
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Bounds of a matrix product.
fn product<'a>(rows: impl Iterator<Item = &'a [i8]>, x: &Facts) -> Facts {
    let spend = x.total.filter(|_| x.range.iter().all(|r| r.least >= 0));
    let range = rows.map(|row| bound(row, &x.range, spend)).collect();
    Facts { range, total: None, multiple_of: x.multiple_of }
}

/// Bounds of `Σ w·x` for one row.
fn bound(row: &[i8], x: &[Interval], total: Option<i64>) -> Interval {
    let (mut least, mut most) = (0, 0);
    for (&w, r) in row.iter().zip(x) {
        let (a, b) = (i64::from(w) * r.least, i64::from(w) * r.most);
        least += a.min(b);
        most += a.max(b);
    }
    let Some(total) = total else { return Interval::new(least, most) };
    // `x` need not use up the total, so a weight of the wrong sign is never forced on it.
    let spent = |weight: i8| {
        let available: i64 = row.iter().zip(x).filter(|(w, _)| **w == weight).map(|(_, r)| r.most).sum();
        available.min(total)
    };
    let doubles = spent(-2);
    let singles = spent(-1).min(total - doubles);
    Interval::new(least.max(-2 * doubles - singles), most.min(spent(1)))
}
