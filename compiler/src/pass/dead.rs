//! Dead-neuron and dead-input elimination.
//!
//! A hidden neuron goes when no neuron of the next layer has a weight for it (its column is all zero:
//! a dead input there), or when the range analysis proves its activation constant. Sound: a zero column
//! adds `0·x`; a constant activation `c` adds `w·c` to each sum, modulo 65536, which moves into the next
//! bias. The layer after loses the column, the layer itself the row, its bias and its start values. One
//! neuron always stays, so that no layer is empty. Outputs are never removed: logits are what `verify`
//! compares. Buckets with an all-zero column keep their number; in every form such columns share one empty one.
//!
//! Ends: layers are walked from the last to the first, once; a row that dies earlier in this walk may
//! empty columns only of layers that are still to come.

use super::{Rewritten, matrix, plural};
use crate::ir::{Const, Data, Graph, NodeId, Op, Rewriter, rewrite};
use std::collections::BTreeMap;

/// One hidden layer: activation → the only product that uses it.
struct Hidden {
    activation: NodeId,
    user: NodeId,
}

/// Neurons of each vector that stay, by the node that computes the vector.
type Kept = BTreeMap<NodeId, Vec<usize>>;

/// Removes hidden neurons that cannot matter. Needs the facts of the range analysis.
pub fn eliminate_dead(graph: &Graph) -> Rewritten {
    let mut kept = Kept::new();
    let mut constants = 0;
    let mut removed = 0;
    for layer in hidden_layers(graph).into_iter().rev() {
        let all = graph.width(layer.activation);
        let rows = kept.get(&sum_of(graph, layer.user)).cloned();
        let used = used_inputs(graph, layer.user, rows.as_deref());
        let mut stays: Vec<usize> =
            (0..all).filter(|&i| used[i] && constant(graph, &layer, i).is_none()).collect();
        if stays.is_empty() {
            stays.push(0);
        }
        if stays.len() < all {
            removed += all - stays.len();
            constants += (0..all).filter(|i| !stays.contains(i) && used[*i]).count();
            mark(graph, layer.activation, &stays, &mut kept);
        }
    }
    let buckets = dead_buckets(graph);
    let summary = format!(
        "{} removed, {constants} of them constant; {} without weights",
        plural(removed, "neuron"),
        plural(buckets, "bucket")
    );
    if removed == 0 {
        return Rewritten { graph: graph.clone(), summary };
    }
    Rewritten { graph: rewrite::drop_unused(&apply(graph, &kept)), summary }
}

/// Hidden layers in order: a rectified vector with a dense product as its only user.
fn hidden_layers(graph: &Graph) -> Vec<Hidden> {
    let rectified = graph.nodes.iter().filter(|(_, n)| matches!(n.op, Op::Relu { .. }));
    rectified
        .filter_map(|(activation, _)| {
            let users: Vec<_> = graph.users(activation).collect();
            let [user] = users[..] else { return None };
            matrix(graph, user).map(|_| Hidden { activation, user })
        })
        .collect()
}

/// The sum that a product goes into, or the product itself.
fn sum_of(graph: &Graph, product: NodeId) -> NodeId {
    let user = graph.users(product).next();
    user.filter(|&u| matches!(graph.nodes[u].op, Op::Sum { .. })).unwrap_or(product)
}

/// Inputs that a row which stays has a weight for.
fn used_inputs(graph: &Graph, dense: NodeId, rows: Option<&[usize]>) -> Vec<bool> {
    let (_, cols, values) = matrix(graph, dense).expect("the caller chose a product with a matrix");
    let mut used = vec![false; cols];
    for (o, row) in values.chunks(cols).enumerate() {
        if rows.is_none_or(|kept| kept.contains(&o)) {
            used.iter_mut().zip(row).for_each(|(u, &w)| *u |= w != 0);
        }
    }
    used
}

/// The activation of neuron `i` where it is the same for every query, and its effect can move into a bias.
fn constant(graph: &Graph, layer: &Hidden, i: usize) -> Option<i64> {
    let range = graph.nodes[layer.activation].facts.range.get(i)?;
    let has_bias = bias_of(graph, sum_of(graph, layer.user)).is_some();
    (range.least == range.most && (has_bias || range.least == 0)).then_some(range.least)
}

/// The constant term of a sum.
fn bias_of(graph: &Graph, sum: NodeId) -> Option<NodeId> {
    let Op::Sum { terms } = &graph.nodes[sum].op else { return None };
    terms.iter().copied().find(|&t| matches!(graph.nodes[t].op, Op::Constant { .. }))
}

/// Notes which neurons of a layer stay, on every vector from its products and biases to its activation.
fn mark(graph: &Graph, vector: NodeId, stays: &[usize], kept: &mut Kept) {
    kept.insert(vector, stays.to_vec());
    match &graph.nodes[vector].op {
        Op::Relu { input } | Op::Shift { input, .. } => mark(graph, *input, stays, kept),
        Op::Sum { terms } => terms.iter().for_each(|&t| mark(graph, t, stays, kept)),
        _ => {}
    }
}

/// Rebuilds the graph with the rows, columns and biases that stay.
fn apply(graph: &Graph, kept: &Kept) -> Graph {
    let mut rewriter = Rewriter::new(graph);
    for (id, node) in graph.nodes.iter() {
        let rows = kept.get(&id);
        let new = match &node.op {
            Op::Dense { input, weights } if rows.is_some() || kept.contains_key(input) => {
                let Op::Unpack { weights: packed } = graph.nodes[*weights].op else {
                    unreachable!("a product of a hidden layer has an unpacked matrix")
                };
                let (height, cols, values) = matrix(graph, id).expect("unpacked just above");
                let rows = rows.cloned().unwrap_or_else(|| (0..height).collect());
                let columns = kept.get(input).cloned().unwrap_or_else(|| (0..cols).collect());
                let values =
                    rows.iter().flat_map(|&o| columns.iter().map(move |&i| values[o * cols + i])).collect();
                let data = Data::Matrix { rows: rows.len(), cols: columns.len(), values };
                let constant = rewriter.constant(Const { name: graph.consts[packed].name.clone(), data });
                // The matrix stands just before the product: it may be smaller than the one before.
                let unpack = rewriter.add(node.region, &node.name, Op::Unpack { weights: constant });
                let input = rewriter.place(*input);
                rewriter.add(node.region, &node.name, Op::Dense { input, weights: unpack })
            }
            Op::Constant { value } => {
                let data = Data::Vector(new_bias(graph, id, kept));
                let constant = rewriter.constant(Const { name: graph.consts[*value].name.clone(), data });
                rewriter.add(node.region, &node.name, Op::Constant { value: constant })
            }
            _ => rewriter.copy(id),
        };
        rewriter.replace(id, new);
    }
    rewriter.finish()
}

/// A bias with the effect of constant activations that were removed before it, without removed neurons.
fn new_bias(graph: &Graph, bias: NodeId, kept: &Kept) -> Vec<i16> {
    let Op::Constant { value } = graph.nodes[bias].op else { unreachable!("the caller matched a constant") };
    let Data::Vector(values) = &graph.consts[value].data else {
        unreachable!("validated: a constant is a vector")
    };
    let mut values = values.clone();
    for product in graph.users(bias).flat_map(|sum| graph.nodes[sum].op.operands()) {
        let Op::Dense { input, .. } = graph.nodes[product].op else { continue };
        let (Some(stays), Some((_, cols, weights))) = (kept.get(&input), matrix(graph, product)) else {
            continue;
        };
        let range = &graph.nodes[input].facts.range;
        for i in (0..cols).filter(|i| !stays.contains(i)) {
            // A removed input is constant or has no weight in any row that stays; in rows that go it is moot.
            let Some(fixed) = range.get(i).filter(|r| r.least == r.most) else { continue };
            for (o, value) in values.iter_mut().enumerate() {
                let w = i16::from(weights[o * cols + i]);
                *value = value.wrapping_add(w.wrapping_mul(fixed.least as i16));
            }
        }
    }
    match kept.get(&bias) {
        Some(stays) => stays.iter().map(|&o| values[o]).collect(),
        None => values,
    }
}

/// Buckets that no neuron has a weight for.
fn dead_buckets(graph: &Graph) -> usize {
    let over_buckets = |id: NodeId| match graph.nodes[id].op {
        Op::Dense { input, .. } => matches!(graph.nodes[input].op, Op::Scale { .. }),
        _ => false,
    };
    let products = graph.nodes.ids().filter(|&id| over_buckets(id));
    products.map(|id| used_inputs(graph, id, None).iter().filter(|used| !**used).count()).sum()
}
