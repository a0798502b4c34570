//! Dead-neuron and dead-input elimination.
//!
//! A hidden neuron goes when no neuron of the next layer has a weight for it (its column is all zero:
//! a dead input there), or when the range analysis proves its activation constant. Sound: a zero column
//! adds `0·x`; a constant activation `c` adds `w·c` to each sum, modulo 65536, which moves into the next
//! bias. The layer after loses the column, the layer itself the row, its bias and its start values. One
//! neuron always stays, so that no layer is empty. Outputs are never removed: logits are what `verify`
//! compares. Buckets with an all-zero column keep their number; in every form such columns share one empty one.
//!
//! Whoever else uses one of the vectors on the way would miss the neuron. So a layer is one only if all that it is made
//! of has one user: products with the same matrix in every round and constant biases, sums of them, a shift, the ReLU,
//! and the next product. `w·c` moves into a bias that only the next product's sum uses, and uses once.
//!
//! Ends: layers are walked from the last to the first, once; a row that dies earlier in this walk may
//! empty columns only of layers that are still to come.

use super::Rewritten;
use crate::ir::rewrite::{drop_unused, rebuild};
use crate::ir::{Const, Data, Graph, NodeId, Op, Type};
use crate::words;
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
        let rows = kept.get(&layer.user).cloned();
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
        words::count(removed, "neuron"),
        words::count(buckets, "bucket")
    );
    if removed == 0 {
        return Rewritten { graph: graph.clone(), summary };
    }
    Rewritten { graph: drop_unused(&apply(graph, &kept)), summary }
}

/// Hidden layers in the order in which they run: a rectified vector that can shrink, and the product that uses it, whose
/// matrix is the same in every round.
fn hidden_layers(graph: &Graph) -> Vec<Hidden> {
    let layer = |(_, activation): (_, NodeId)| {
        let user = only_user(graph, activation)?;
        let is_hidden = matches!(graph.nodes[activation].op, Op::Relu { .. })
            && graph.matrix(user).is_some()
            && can_shrink(graph, activation);
        is_hidden.then_some(Hidden { activation, user })
    };
    graph.walk().into_iter().filter_map(layer).collect()
}

/// The node that uses a value, if it is the only one.
fn only_user(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let mut users = graph.users(id);
    users.next().filter(|_| users.next().is_none())
}

/// Whether elements of a vector can go without anybody but the vector's own users noticing.
fn can_shrink(graph: &Graph, vector: NodeId) -> bool {
    let part = |id: NodeId| only_user(graph, id).is_some() && can_shrink(graph, id);
    match &graph.nodes[vector].op {
        Op::Relu { input } | Op::Shift { input, .. } => part(*input),
        Op::Sum { terms } => terms.iter().all(|&term| part(term)),
        Op::Product { .. } => graph.matrix(vector).is_some(),
        Op::Constant { .. } => graph.vector(vector).is_some(),
        _ => false,
    }
}

/// Inputs that a row which stays has a weight for.
fn used_inputs(graph: &Graph, product: NodeId, rows: Option<&[usize]>) -> Vec<bool> {
    let (_, cols, values) = graph.matrix(product).expect("the caller chose a product with a matrix");
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
    let has_bias = bias_of(graph, layer.user).is_some();
    (range.least == range.most && (has_bias || range.least == 0)).then_some(range.least)
}

/// The constant that is added to a product where nothing else uses either.
fn bias_of(graph: &Graph, product: NodeId) -> Option<NodeId> {
    let Op::Sum { terms } = &graph.nodes[only_user(graph, product)?].op else { return None };
    let once = |term: NodeId| terms.iter().filter(|&&other| other == term).count() == 1;
    let is_bias = |&t: &NodeId| graph.vector(t).is_some() && only_user(graph, t).is_some() && once(t);
    terms.iter().copied().find(is_bias)
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
    // The smaller matrices, by the products that multiply with them.
    let mut smaller = BTreeMap::new();
    rebuild(graph, |rewriter, block, id| {
        let node = &graph.nodes[id];
        match &node.op {
            &Op::Product { input, sum, .. } if smaller.contains_key(&id) => {
                let (input, weights) = (rewriter.place(input), smaller[&id]);
                rewriter.add(block, &node.name, Op::Product { input, weights, sum })
            }
            Op::Constant { values } if graph.vector(id).is_some() => {
                let data = Data::Vector(new_bias(graph, id, kept));
                let name = graph.consts[values[0]].name.clone();
                let values = vec![rewriter.constant(Const { name, data })];
                rewriter.add(block, &node.name, Op::Constant { values })
            }
            Op::Constant { values } => {
                // Where the matrix stood: before the loop, if it was moved there. Nobody may use the old one any more.
                for product in graph.users(id) {
                    let Some(data) = new_matrix(graph, product, kept) else { continue };
                    let name = graph.consts[values[0]].name.clone();
                    let values = vec![rewriter.constant(Const { name, data })];
                    smaller.insert(product, rewriter.add(block, &node.name, Op::Constant { values }));
                }
                rewriter.copy(id, block)
            }
            _ => rewriter.copy(id, block),
        }
    })
}

/// The rows and columns of a product's matrix that stay; `None` where all do.
fn new_matrix(graph: &Graph, product: NodeId, kept: &Kept) -> Option<Data> {
    let Op::Product { input, weights, .. } = graph.nodes[product].op else { return None };
    let Type::Matrix { bits, .. } = graph.nodes[weights].ty else { return None };
    let (rows, columns) = (kept.get(&product), kept.get(&input));
    if rows.is_none() && columns.is_none() {
        return None;
    }
    let (height, cols, values) = graph.matrix(product).expect("a product of a hidden layer has one matrix");
    let rows = rows.cloned().unwrap_or_else(|| (0..height).collect());
    let columns = columns.cloned().unwrap_or_else(|| (0..cols).collect());
    let values = rows.iter().flat_map(|&o| columns.iter().map(move |&i| values[o * cols + i])).collect();
    Some(Data::Matrix { rows: rows.len(), cols: columns.len(), bits, values })
}

/// A bias with the effect of constant activations that were removed before it, without removed neurons.
fn new_bias(graph: &Graph, bias: NodeId, kept: &Kept) -> Vec<i16> {
    let mut values = graph.vector(bias).expect("the caller found a vector").to_vec();
    for product in graph.users(bias).flat_map(|sum| graph.nodes[sum].op.operands()) {
        let Op::Product { input, .. } = graph.nodes[product].op else { continue };
        if bias_of(graph, product) != Some(bias) {
            continue;
        }
        let (Some(stays), Some((_, cols, weights))) = (kept.get(&input), graph.matrix(product)) else {
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
        Op::Product { input, .. } => matches!(graph.nodes[input].op, Op::Scale { .. }),
        _ => false,
    };
    let products = graph.nodes.ids().filter(|&id| over_buckets(id) && graph.matrix(id).is_some());
    products.map(|id| used_inputs(graph, id, None).iter().filter(|used| !**used).count()).sum()
}
