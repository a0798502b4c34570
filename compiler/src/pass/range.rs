//! Range analysis: bounds on every element of every vector, for the longest query.
//!
//! Sound: each rule bounds the value of a node from bounds of its operands, operands stand first, so by
//! induction every bound holds.
//! - Counts are not negative and their sum is the number of n-grams: of the longest query, or of the longest text that
//!   another operation gives.
//! - A row's product `Σ w·x` with `least ≤ x ≤ most` is bounded weight by weight. Where the sum of all `x`
//!   is bounded by `total` and none is negative, the maximum is reached by spending the total on the
//!   largest weights first (a fractional knapsack), the minimum on the smallest.
//! - Sums add bounds. Facts are of numbers that equal the elements modulo 2^bits, which is enough for sums and products
//!   modulo the same or less. A shift, a ReLU and a product of more bits than its input need the elements themselves:
//!   bounds inside the element's limits survive, others become all of it. Before a shift, the neuron is reported.
//! - Bounds that grow beyond all need are replaced in the same way, so none of them leaves 64 bits.
//! - A window's sum is bounded weight by weight, from the bounds of a channel at any place. Requantizing never falls, so
//!   it maps bounds to bounds; a sum that can leave 32 bits can be anything.
//! - A constant that changes from round to round is bounded by all its values, a state by its element.
//!
//! Ends: one walk.

mod network;

use super::Rewritten;
use crate::ir::{Data, Elem, Encoder, Facts, Graph, Interval, Node, NodeId, Op, Type};
use crate::text::ngram_count;
use crate::words;

/// A neuron whose accumulator can leave its bits for some query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrap {
    /// Name of the layer: `fc2`.
    pub layer: String,
    pub neuron: usize,
    /// How many bits it has.
    pub bits: u32,
    /// Bounds of the sum before it wraps.
    pub range: Interval,
}

/// Computes facts for all nodes. Bounds hold for queries of up to `longest_query` bytes.
pub fn analyse(graph: &Graph, longest_query: usize) -> (Rewritten, Vec<Wrap>) {
    let mut facts = vec![Facts::default(); graph.nodes.len()];
    let mut wraps = Vec::new();
    for (_, id) in graph.walk() {
        let node = &graph.nodes[id];
        if let Type::Vector { elem, len } = node.ty {
            let found = vector(graph, node, (elem, len), &facts, longest_query, &mut wraps);
            facts[id.index()] = if is_small(&found) { found } else { elements(&found, elem) };
        }
    }
    let widest = facts.iter().filter_map(Facts::hull).map(|r| r.most.max(-r.least)).max().unwrap_or(0);
    let accumulators = match wraps.as_slice() {
        [] => format!("no accumulator leaves {}", bits(shifted(graph), "its bits")),
        many => {
            let bits = bits(many.iter().map(|wrap| wrap.bits), "their bits");
            format!("{} can leave {bits}", words::count(many.len(), "accumulator"))
        }
    };
    let summary = format!("{accumulators} (largest magnitude {widest})");
    (Rewritten { graph: graph.clone().with_facts(facts), summary }, wraps)
}

/// The bits of the accumulators: vectors that are shifted or requantized.
fn shifted(graph: &Graph) -> impl Iterator<Item = u32> {
    graph.nodes.iter().filter_map(|(_, node)| match (&node.op, node.ty) {
        (Op::Shift { .. }, Type::Vector { elem, .. }) => Some(elem.bits()),
        (Op::Requantize { .. }, _) => Some(Elem::I32.bits()),
        _ => None,
    })
}

/// A number of bits in words; `any` where they are not all the same.
fn bits(mut all: impl Iterator<Item = u32>, any: &str) -> String {
    match all.next() {
        Some(first) if all.all(|bits| bits == first) => format!("{first} bits"),
        _ => any.to_string(),
    }
}

fn vector(
    graph: &Graph,
    node: &Node,
    (elem, len): (Elem, usize),
    facts: &[Facts],
    longest_query: usize,
    wraps: &mut Vec<Wrap>,
) -> Facts {
    let of = |id: NodeId| &facts[id.index()];
    let all = limits(elem);
    let anything = || Facts { range: vec![all; len], total: None, multiple_of: 1 };
    match &node.op {
        Op::Encode { text, encoder } => counts(&graph.nodes[*text], *encoder, len, longest_query),
        Op::Scale { input, factor } => scaled(of(*input), (*factor).into()),
        Op::Concat { inputs } => Facts {
            range: inputs.iter().flat_map(|&i| of(i).range.iter().copied()).collect(),
            total: inputs.iter().map(|&i| of(i).total).sum(),
            multiple_of: inputs.iter().map(|&i| of(i).multiple_of).fold(0, gcd),
        },
        Op::Constant { values } => {
            let vectors = values.iter().map(|&id| match &graph.consts[id].data {
                Data::Vector(values) => values.as_slice(),
                other => unreachable!("validated: a constant of this type is a vector, not {other:?}"),
            });
            constants(vectors)
        }
        Op::Product { input, weights, .. } => {
            let matrices = graph.constants(*weights).unwrap_or_default();
            let x = match graph.nodes[*input].ty {
                Type::Vector { elem: of_input, .. } if of_input < elem => &elements(of(*input), of_input),
                _ => of(*input),
            };
            let bounds = matrices.iter().map(|&id| match &graph.consts[id].data {
                Data::Matrix { cols, values, .. } => product(values.chunks(*cols), x),
                other => unreachable!("validated: weights are a matrix, not {other:?}"),
            });
            bounds.reduce(either).unwrap_or_default()
        }
        // Whatever was written.
        Op::Read { .. } => anything(),
        Op::Sum { terms } => {
            let zero = Facts { range: vec![Interval::point(0); len], total: None, multiple_of: 0 };
            terms.iter().fold(zero, |sum, &t| added(&sum, of(t)))
        }
        Op::Shift { input, bits } => {
            wraps.extend(wrapping(node, elem, of(*input)));
            let shifted = |&r: &Interval| if all.contains(r) { r } else { all }.map(|x| x >> bits);
            Facts { range: of(*input).range.iter().map(shifted).collect(), total: None, multiple_of: 1 }
        }
        Op::Relu { input } => {
            let range = elements(of(*input), elem).range.iter().map(|r| r.map(|x| x.max(0))).collect();
            Facts { range, total: None, multiple_of: 1 }
        }
        // A mantissa and a shift say nothing; saturation does.
        Op::Rescale { input, .. } => {
            wraps.extend(wrapping(node, elem_of(&graph.nodes[*input]), of(*input)));
            anything()
        }
        Op::Table { table, .. } => match &graph.consts[*table].data {
            Data::Bytes(bytes) => {
                let values = bytes.iter().map(|&b| Interval::point(b.into()));
                let hull = values.reduce(Interval::hull).unwrap_or(all);
                Facts { range: vec![hull; len], total: None, multiple_of: 1 }
            }
            other => unreachable!("validated: a table of bytes, not {other:?}"),
        },
        Op::Requantize { input, .. } => {
            wraps.extend(wrapping(node, elem_of(&graph.nodes[*input]), of(*input)));
            network::vector(graph, node, len, of)
        }
        Op::Measure { .. }
        | Op::Convolve { .. }
        | Op::Pool { .. }
        | Op::Bias { .. }
        | Op::Widen { .. }
        | Op::Vote { .. } => network::vector(graph, node, len, of),
        // All of these saturate.
        Op::Gather { .. }
        | Op::Add { .. }
        | Op::Prior { .. }
        | Op::Norm { .. }
        | Op::Narrow { .. }
        | Op::Rotate { .. }
        | Op::Attend { .. }
        | Op::Multiply { .. } => anything(),
        other => unreachable!("only the operations above give vectors, not {}", other.name()),
    }
}

/// The neurons of a node whose sums, of which `facts` hold, can leave the bits of `elem`.
fn wrapping<'a>(node: &'a Node, elem: Elem, facts: &'a Facts) -> impl Iterator<Item = Wrap> + 'a {
    let all = limits(elem);
    let leaving = facts.range.iter().enumerate().filter(move |(_, range)| !all.contains(**range));
    leaving.map(move |(neuron, &range)| Wrap { layer: node.name.clone(), neuron, bits: elem.bits(), range })
}

/// What holds of a vector times a factor.
fn scaled(x: &Facts, factor: i64) -> Facts {
    let scale = |r: &Interval| Interval::point(r.least * factor).hull(Interval::point(r.most * factor));
    Facts {
        range: x.range.iter().map(scale).collect(),
        total: x.total.filter(|_| factor >= 0).map(|t| t * factor),
        multiple_of: x.multiple_of * factor.abs(),
    }
}

/// What holds of the sum of two vectors.
fn added(a: &Facts, b: &Facts) -> Facts {
    Facts {
        range: a.range.iter().zip(&b.range).map(|(&a, &b)| a + b).collect(),
        total: None,
        multiple_of: gcd(a.multiple_of, b.multiple_of),
    }
}

/// What holds of the counts of a text.
fn counts(text: &Node, encoder: Encoder, len: usize, longest_query: usize) -> Facts {
    let length = match text {
        // Front ends may hand over more than the model says.
        Node { op: Op::Query { .. }, .. } => longest_query,
        Node { ty: Type::Text { max }, .. } => *max,
        other => unreachable!("validated: n-grams of a text, not {}", other.ty),
    };
    let total = match encoder {
        Encoder::Trigrams { .. } => length,
        Encoder::Ngrams { .. } => ngram_count(length),
    } as i64;
    Facts { range: vec![Interval::new(0, total); len], total: Some(total), multiple_of: 1 }
}

/// The elements of a vector that a node computes.
fn elem_of(node: &Node) -> Elem {
    match node.ty {
        Type::Vector { elem, .. } => elem,
        other => unreachable!("validated: a vector, not {other}"),
    }
}

/// The smallest and the largest element.
fn limits(elem: Elem) -> Interval {
    let (least, most) = elem.limits();
    Interval::new(least.into(), most.into())
}

/// What holds of the elements themselves, from what holds of numbers that equal them modulo 2^bits.
fn elements(facts: &Facts, elem: Elem) -> Facts {
    let all = limits(elem);
    if facts.range.iter().all(|range| all.contains(*range)) && is_small(facts) {
        return facts.clone();
    }
    let range = facts.range.iter().map(|range| if all.contains(*range) { *range } else { all }).collect();
    Facts { range, total: None, multiple_of: 1 }
}

/// Whether one more operation cannot carry bounds out of 64 bits: it makes them 2^16 times larger, or adds up fewer
/// than 2^22 of them.
fn is_small(facts: &Facts) -> bool {
    const FAR: i64 = 1 << 40;
    let near = Interval::new(-FAR, FAR);
    let known = [facts.total.unwrap_or(0), facts.multiple_of];
    facts.range.iter().all(|range| near.contains(*range)) && known.iter().all(|&n| n <= FAR)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// What holds of a constant vector, whichever of them it is.
fn constants<'v>(vectors: impl Iterator<Item = &'v [i16]>) -> Facts {
    let one = |values: &[i16]| Facts {
        range: values.iter().map(|&v| Interval::point(v.into())).collect(),
        total: None,
        multiple_of: values.iter().fold(0, |g, &v| gcd(g, i64::from(v).abs())),
    };
    vectors.map(one).reduce(either).unwrap_or_default()
}

/// What holds of one value and of the other.
fn either(a: Facts, b: Facts) -> Facts {
    Facts {
        range: a.range.iter().zip(&b.range).map(|(&a, &b)| a.hull(b)).collect(),
        total: None,
        multiple_of: gcd(a.multiple_of, b.multiple_of),
    }
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
    // Counts are bounded by a total, and are multiplied with weights of two bits.
    if row.iter().any(|w| !(-2..=1).contains(w)) {
        return Interval::new(least, most);
    }
    // `x` need not use up the total, so a weight of the wrong sign is never forced on it.
    let spent = |weight: i8| {
        let available: i64 = row.iter().zip(x).filter(|(w, _)| **w == weight).map(|(_, r)| r.most).sum();
        available.min(total)
    };
    let doubles = spent(-2);
    let singles = spent(-1).min(total - doubles);
    Interval::new(least.max(-2 * doubles - singles), most.min(spent(1)))
}
