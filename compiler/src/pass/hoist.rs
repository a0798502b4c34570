//! Hoist: what does not change from round to round is computed once, before the loop.
//!
//! A node may move to the region around its loop when it has no effect and every operand already stands
//! there: it then has the same operands in every round, hence the same value. A sum is cut in two: the
//! terms that moved are added before the loop, the rest inside; addition modulo 65536 is associative and
//! commutative, so the regrouping keeps every bit. The loop runs at least one round and nodes cannot
//! fail, so computing early is never computing too much. What stands behind a loop is computed before it as well, but
//! for what has an effect: the order of effects is kept. Ends: one walk, operands before users.

use super::{Rewritten, plural};
use crate::ir::{Graph, NodeId, Op, RegionId, Rewriter, rewrite};

/// Moves loop-invariant nodes out of loops.
pub fn hoist(graph: &Graph) -> Rewritten {
    let mut target: Vec<RegionId> = graph.nodes.iter().map(|(_, n)| n.region).collect();
    let mut moved = 0;
    for (id, node) in graph.nodes.iter() {
        let Some(outer) = graph.regions[node.region].parent else { continue };
        let invariant = |o: &NodeId| target[o.index()] <= outer;
        if !node.op.is_pinned() && node.op.operands().iter().all(invariant) {
            target[id.index()] = outer;
            moved += 1;
        }
    }
    // An effect behind a loop stays there. It has no value, so that nothing early can need it.
    let loops = graph.nodes.iter().find(|(_, n)| n.region != Graph::ENTRY).map(|(id, _)| id);
    let early: Vec<bool> = graph
        .nodes
        .iter()
        .map(|(id, n)| {
            let stays = n.op.is_pinned() && loops.is_some_and(|first| first < id);
            target[id.index()] == Graph::ENTRY && !stays
        })
        .collect();
    // Regions are numbered from the outside in and the nodes of a loop are contiguous, so two rounds of
    // copying, first everything that ends up before the loops, keep operands before users.
    let mut rewriter = Rewriter::new(graph);
    let mut sums = vec![None; graph.nodes.len()];
    let mut cut = 0;
    for (id, node) in graph.nodes.iter() {
        if early[id.index()] {
            rewriter.copy_into(id, Graph::ENTRY);
        } else if let Op::Sum { terms } = &node.op {
            let parts: Vec<_> = terms.iter().filter(|t| early[t.index()]).collect();
            if parts.len() > 1 {
                let terms = parts.into_iter().map(|&t| rewriter.place(t)).collect();
                sums[id.index()] = Some(rewriter.add(Graph::ENTRY, &node.name, Op::Sum { terms }));
                cut += 1;
            }
        }
    }
    for (id, node) in graph.nodes.iter().filter(|(id, _)| !early[id.index()]) {
        match (&node.op, sums[id.index()]) {
            (Op::Sum { terms }, Some(part)) => {
                let late = terms.iter().filter(|t| !early[t.index()]);
                let terms = std::iter::once(part).chain(late.map(|&t| rewriter.place(t))).collect();
                let sum = rewriter.add(node.region, &node.name, Op::Sum { terms });
                rewriter.replace(id, sum);
            }
            _ => _ = rewriter.copy(id),
        }
    }
    let summary =
        format!("{} moved before the loop, {} cut in two", plural(moved, "node"), plural(cut, "sum"));
    Rewritten { graph: rewrite::drop_unused(&rewriter.finish()), summary }
}
