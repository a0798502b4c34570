//! Split: `Dense(concat(a, b))` becomes `Dense(a) + Dense(b)`, and sums of sums become one sum.
//!
//! Sound: a row's product is a sum over all columns; cutting the columns in two and adding the parts
//! regroups that sum, and addition modulo 65536 is associative and commutative. The same holds for a sum
//! whose term is a sum. Ends: one walk over the nodes; each makes a bounded number of new ones.

use super::{Rewritten, plural};
use crate::ir::{Const, Data, Graph, NodeId, Op, Rewriter, rewrite};

/// Splits every dense product over a concatenation and flattens sums.
pub fn split(graph: &Graph) -> Rewritten {
    let mut rewriter = Rewriter::new(graph);
    let mut count = 0;
    for (id, node) in graph.nodes.iter() {
        match &node.op {
            Op::Dense { input, .. } => match &graph.nodes[*input].op {
                Op::Concat { inputs } => {
                    split_one(graph, &mut rewriter, id, inputs);
                    count += 1;
                }
                _ => _ = rewriter.copy(id),
            },
            Op::Sum { terms } => {
                let terms = flatten(&rewriter, terms);
                let sum = rewriter.add(node.region, &node.name, Op::Sum { terms });
                rewriter.replace(id, sum);
            }
            _ => _ = rewriter.copy(id),
        }
    }
    let graph = rewrite::drop_unused(&rewriter.finish());
    Rewritten { graph, summary: format!("{} split over its inputs", plural(count, "layer")) }
}

/// Replaces one product by a sum of products, one for each part of the concatenation.
fn split_one(graph: &Graph, rewriter: &mut Rewriter, id: NodeId, parts: &[NodeId]) {
    let node = &graph.nodes[id];
    let Op::Dense { weights, .. } = node.op else { unreachable!("the caller matched a dense product") };
    let Op::Unpack { weights: packed } = graph.nodes[weights].op else {
        _ = rewriter.copy(id);
        return;
    };
    let (rows, cols, values) = super::matrix(graph, id).expect("unpack holds a matrix: validated");
    let mut from = 0;
    let mut terms = Vec::new();
    for &part in parts {
        let to = from + graph.width(part);
        let name = format!("{}.{}", node.name, graph.nodes[part].name);
        let values = values.chunks(cols).flat_map(|row| &row[from..to]).copied().collect();
        let data = Data::Matrix { rows, cols: to - from, values };
        let constant = rewriter.constant(Const {
            name: format!("{}.{}", graph.consts[packed].name, graph.nodes[part].name),
            data,
        });
        let unpack = rewriter.add(node.region, &name, Op::Unpack { weights: constant });
        let input = rewriter.place(part);
        terms.push(rewriter.add(node.region, &name, Op::Dense { input, weights: unpack }));
        from = to;
    }
    let sum = rewriter.add(node.region, &node.name, Op::Sum { terms });
    rewriter.replace(id, sum);
}

/// The new terms of a sum, those of terms that are sums in the same region in their place.
fn flatten(rewriter: &Rewriter, terms: &[NodeId]) -> Vec<NodeId> {
    let mut flat = Vec::new();
    for &term in terms {
        let new = rewriter.place(term);
        match &rewriter.node(new).op {
            Op::Sum { terms } => flat.extend(terms),
            _ => flat.push(new),
        }
    }
    flat
}
