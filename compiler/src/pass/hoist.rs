//! Hoist: what does not change from round to round is computed once, before the loop.
//!
//! A node moves out of a loop, to just before it, when it has no effect, its value does not depend on the round, and
//! every operand is computed outside of the loop: it then has the same operands in every round, hence the same value. A
//! sum is cut in two: the terms from outside are added before the loop, the rest inside; addition modulo 2^bits is
//! associative and commutative, so the regrouping keeps every bit. The loop makes at least one round and nodes cannot
//! fail, so computing early is never computing too much. Effects stay where they are, so their order is kept.
//!
//! Inner loops go first: what leaves one stands in the body around it and may leave that one, too. Ends: each loop is
//! looked at once.

use super::Rewritten;
use crate::ir::rewrite::drop_unused;
use crate::ir::{BlockId, Graph, Node, NodeId, Op};
use crate::words;

/// Moves loop-invariant nodes out of loops.
pub fn hoist(graph: &Graph) -> Rewritten {
    let mut hoisted = graph.clone();
    let mut done = Done::default();
    block(&mut hoisted, Graph::ENTRY, &mut done);
    let summary = format!(
        "{} moved before the loop, {} cut in two",
        words::count(done.moved, "node"),
        words::count(done.cut, "sum")
    );
    Rewritten { graph: drop_unused(&hoisted), summary }
}

#[derive(Default)]
struct Done {
    moved: usize,
    cut: usize,
}

/// Hoists out of all loops of a block.
fn block(graph: &mut Graph, at: BlockId, done: &mut Done) {
    let mut nodes = Vec::new();
    for id in std::mem::take(&mut graph.blocks[at].nodes) {
        if let Op::Loop { body, .. } = graph.nodes[id].op {
            block(graph, body, done);
            nodes.extend(out_of(graph, body, done));
        }
        nodes.push(id);
    }
    graph.blocks[at].nodes = nodes;
}

/// Takes what does not change out of a loop's body, in order.
fn out_of(graph: &mut Graph, body: BlockId, done: &mut Done) -> Vec<NodeId> {
    let mut inside = vec![false; graph.nodes.len()];
    // Blocks inside it do not count: nobody outside of a block uses what it computes.
    graph.blocks[body].nodes.iter().for_each(|id| inside[id.index()] = true);
    let (mut early, mut late) = (Vec::new(), Vec::new());
    for id in std::mem::take(&mut graph.blocks[body].nodes) {
        let Node { op, name, ty, .. } = graph.nodes[id].clone();
        if !op.has_effect() && !op.varies() && op.operands().iter().all(|o| !inside[o.index()]) {
            inside[id.index()] = false;
            early.push(id);
            done.moved += 1;
            continue;
        }
        if let Op::Sum { terms } = op {
            let (rest, before): (Vec<_>, Vec<_>) = terms.into_iter().partition(|t| inside[t.index()]);
            if before.len() > 1 {
                let sum = Node { op: Op::Sum { terms: before }, ty, name, facts: Default::default() };
                let sum = graph.nodes.push(sum);
                inside.push(false);
                early.push(sum);
                graph.nodes[id].op = Op::Sum { terms: std::iter::once(sum).chain(rest).collect() };
                done.cut += 1;
            }
        }
        late.push(id);
    }
    graph.blocks[body].nodes = late;
    early
}
