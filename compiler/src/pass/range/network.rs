//! Bounds of the operations of networks on numbers.

use super::{added, limits};
use crate::ir::{Data, Elem, Facts, Graph, Interval, Node, NodeId, Op, Pooling, Window};

/// What holds of a vector that one of these operations gives, from what holds of its operands.
pub fn vector<'a>(graph: &Graph, node: &Node, len: usize, of: impl Fn(NodeId) -> &'a Facts) -> Facts {
    let known = |range: Vec<Interval>| Facts { range, total: None, multiple_of: 1 };
    let bytes = limits(Elem::I8);
    match &node.op {
        Op::Measure { .. } => known(vec![bytes; len]),
        Op::Convolve { input, weights, window, groups, padding } => {
            let padding = window.is_padded().then(|| Interval::point((*padding).into()));
            let shown = channels(of(*input), window.input.channels, padding);
            let matrices = graph.constants(*weights).unwrap_or_default();
            let rows = matrices.iter().map(|&id| match &graph.consts[id].data {
                Data::Matrix { rows, cols, values, .. } => {
                    let per_group = rows / groups;
                    let row = |(o, row)| sum(row, &shown, o / per_group, window.input.channels / groups);
                    values.chunks(*cols).enumerate().map(row).collect::<Vec<_>>()
                }
                other => unreachable!("validated: weights are a matrix, not {other:?}"),
            });
            let either =
                |a: Vec<Interval>, b: Vec<Interval>| a.iter().zip(b).map(|(a, b)| a.hull(b)).collect();
            let rows = rows.reduce(either).unwrap_or_default();
            known(rows.iter().copied().cycle().take(len).collect())
        }
        Op::Pool { input, window, pooling } => {
            let shown = channels(of(*input), window.input.channels, None);
            let one = |i: usize| pooled(shown[i % shown.len()], *window, i / shown.len(), *pooling);
            known((0..len).map(one).collect())
        }
        Op::Bias { input, bias } => match &graph.consts[*bias].data {
            Data::Words(words) => {
                let bias = words.iter().map(|&b| Interval::point(b.into())).cycle().take(len).collect();
                added(of(*input), &known(bias))
            }
            other => unreachable!("validated: integers of 32 bits, not {other:?}"),
        },
        Op::Requantize { input, steps } => match &graph.consts[*steps].data {
            Data::Requantization(r) => {
                let all = limits(Elem::I32);
                // A function that never falls; sums that wrap are anything.
                let step = |(i, range): (usize, &Interval)| {
                    let range = if all.contains(*range) { *range } else { all };
                    range.map(|sum| r.at(i, sum as i32).into())
                };
                known(of(*input).range.iter().enumerate().map(step).collect())
            }
            other => unreachable!("validated: how sums become bytes, not {other:?}"),
        },
        Op::Widen { table, .. } => match &graph.consts[*table].data {
            Data::Words(words) => {
                let hull = words.iter().map(|&w| Interval::point(w.into())).reduce(Interval::hull);
                known(vec![hull.unwrap_or(limits(Elem::I32)); len])
            }
            other => unreachable!("validated: integers of 32 bits, not {other:?}"),
        },
        // Whatever the bytes: which leaves can be reached together is not asked.
        Op::Vote { trees, .. } => match &graph.consts[*trees].data {
            Data::Trees(trees) => {
                let bound = |output: usize| {
                    let (least, most) = trees.bounds(output);
                    Interval::new(least, most)
                };
                known((0..len).map(bound).collect())
            }
            other => unreachable!("validated: trees, not {other:?}"),
        },
        other => unreachable!("{} is none of these operations", other.name()),
    }
}

/// Bounds of each channel, whatever its place; with padding those of padding too.
fn channels(facts: &Facts, channels: usize, padding: Option<Interval>) -> Vec<Interval> {
    let bytes = limits(Elem::I8);
    let within = |range: Interval| if bytes.contains(range) { range } else { bytes };
    let of = |channel: usize| {
        let places = facts.range.iter().skip(channel).step_by(channels).map(|&r| within(r));
        places.chain(padding).reduce(Interval::hull).unwrap_or(bytes)
    };
    (0..channels).map(of).collect()
}

/// Bounds of `Σ w·x` of the channels of a group, at any position.
fn sum(row: &[i8], shown: &[Interval], group: usize, part: usize) -> Interval {
    let bound = |(tap, &w): (usize, &i8)| {
        let x = shown[group * part + tap % part];
        let (a, b) = (i64::from(w) * x.least, i64::from(w) * x.most);
        Interval::new(a.min(b), a.max(b))
    };
    row.iter().enumerate().map(bound).fold(Interval::point(0), |sum, x| sum + x)
}

/// Bounds of what a window gives at a position.
fn pooled(shown: Interval, window: Window, position: usize, pooling: Pooling) -> Interval {
    match pooling {
        Pooling::Max | Pooling::Average => shown,
        Pooling::Sum => {
            let (row, col) = (position / window.output[1], position % window.output[1]);
            let places = window.places(row, col).count() as i64;
            Interval::new(shown.least * places, shown.most * places)
        }
    }
}
