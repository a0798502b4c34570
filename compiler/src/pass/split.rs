//! Split: `product(concat(a, b))` becomes `product(a) + product(b)`, and sums of sums become one sum.
//!
//! Sound: a row's product is a sum over all columns; cutting the columns in two and adding the parts regroups that sum,
//! and addition modulo 2^bits is associative and commutative. The same holds for a sum whose term is a sum. The parts of
//! a matrix stand where the product stands. So a matrix that changes with the rounds of another loop than the product's
//! own is left whole: there its parts would walk with the wrong rounds. Ends: one walk over the nodes; each makes a
//! bounded number of new ones.

use super::Rewritten;
use crate::ir::rewrite::{self, drop_unused};
use crate::ir::{BlockId, Const, ConstId, Data, Elem, Graph, NodeId, Op, Rewriter};
use crate::words;

/// Splits products over a concatenation and flattens sums.
pub fn split(graph: &Graph) -> Rewritten {
    let mut count = 0;
    let homes = graph.homes();
    let rebuilt = rewrite::rebuild(graph, |rewriter, block, id| {
        let node = &graph.nodes[id];
        match &node.op {
            &Op::Product { input, weights, sum } => {
                let (Op::Concat { inputs }, Some(matrices)) =
                    (&graph.nodes[input].op, graph.constants(weights))
                else {
                    return rewriter.copy(id, block);
                };
                if matrices.len() > 1 && homes[weights.index()] != block {
                    return rewriter.copy(id, block);
                }
                count += 1;
                split_one(&mut Site { graph, rewriter, block, name: &node.name, sum }, inputs, matrices)
            }
            Op::Sum { terms } => {
                let terms = flatten(rewriter, terms);
                rewriter.add(block, &node.name, Op::Sum { terms })
            }
            _ => rewriter.copy(id, block),
        }
    });
    Rewritten {
        graph: drop_unused(&rebuilt),
        summary: format!("{} split over its inputs", words::count(count, "layer")),
    }
}

/// A product that is split.
struct Site<'a, 'r> {
    graph: &'a Graph,
    rewriter: &'a mut Rewriter<'r>,
    block: BlockId,
    name: &'a str,
    sum: Elem,
}

/// A sum of products, one for each part of the concatenation. `matrices`: one a round.
fn split_one(site: &mut Site, parts: &[NodeId], matrices: &[ConstId]) -> NodeId {
    let mut from = 0;
    let mut terms = Vec::new();
    for &part in parts {
        let to = from + site.graph.width(part);
        if to == from {
            // An empty part adds nothing, and there are no empty matrices.
            continue;
        }
        let part_name = &site.graph.nodes[part].name;
        let name = format!("{}.{part_name}", site.name);
        let cut = |&matrix: &ConstId| {
            let whole = &site.graph.consts[matrix];
            let Data::Matrix { rows, cols, bits, values } = &whole.data else {
                unreachable!("validated: a product has matrices")
            };
            let values = values.chunks(*cols).flat_map(|row| &row[from..to]).copied().collect();
            let data = Data::Matrix { rows: *rows, cols: to - from, bits: *bits, values };
            Const { name: format!("{}.{part_name}", whole.name), data }
        };
        let cuts: Vec<Const> = matrices.iter().map(cut).collect();
        let values = cuts.into_iter().map(|cut| site.rewriter.constant(cut)).collect();
        let weights = site.rewriter.add(site.block, &name, Op::Constant { values });
        let input = site.rewriter.place(part);
        let product = Op::Product { input, weights, sum: site.sum };
        terms.push(site.rewriter.add(site.block, &name, product));
        from = to;
    }
    site.rewriter.add(site.block, site.name, Op::Sum { terms })
}

/// The new terms of a sum, those of terms that are sums in their place.
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
