//! The validator: every invariant of a graph, checked after every pass.
//!
//! Checked:
//! 1. Operands, constants, states and regions exist; operands stand before their users.
//! 2. The type of each node is the one that its operation gives ([`infer`]).
//! 3. The first region is the entry region and runs once; any other is a loop of one round at least. A loop stands
//!    in the entry region: loops do not nest, for the interpreter runs them one after the other.
//! 4. The nodes of a loop region are contiguous; the entry region's stand before and behind it.
//! 5. A node uses only values of its own region and of regions around it.
//! 6. A state belongs to a loop, is read and pushed only inside it, and pushed at most once a round.
//! 7. `exit_if` stands inside a loop; a loop has one at least.
//! 8. Constants keep their own rules: matrices are not empty, sizes match shapes, weights are in -2..=1, columns
//!    ascend, name outputs that exist, and hold an index twice only in `minus`, never thrice or on both sides; a fold
//!    adds the next element behind the outputs to two different ones before it.
//! 9. Facts have one bound an element, with least ≤ most.
//!
//! Not checked: that facts are true (the range analysis proves them), that constants are used.

use crate::ir::{Const, Data, Fold, Graph, Node, NodeId, Op, Region, RegionId, Type, infer};
use thiserror::Error;

/// A graph that breaks its contract: always a bug in mlc.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("after {pass}: {place}: {problem}")]
pub struct InvalidGraph {
    /// The pass that left the graph so.
    pub pass: String,
    pub place: String,
    pub problem: String,
}

/// Checks all invariants of `graph` as `pass` left it.
///
/// # Errors
/// The first invariant broken.
pub fn validate(graph: &Graph, pass: &str) -> Result<(), InvalidGraph> {
    let fail = |place: String, problem: String| InvalidGraph { pass: pass.to_string(), place, problem };
    check_regions(graph).map_err(|problem| fail("regions".into(), problem))?;
    for (_, constant) in graph.consts.iter() {
        check_const(constant).map_err(|problem| fail(format!("@{}", constant.name), problem))?;
    }
    for (id, node) in graph.nodes.iter() {
        check_node(graph, id, node)
            .map_err(|problem| fail(format!("%{} ({})", id.index(), node.op.name()), problem))?;
    }
    check_effects(graph).map_err(|problem| fail("loops".into(), problem))
}

fn check_regions(graph: &Graph) -> Result<(), String> {
    if graph.regions.is_empty() {
        return Err("there is no entry region".into());
    }
    for (id, region) in graph.regions.iter() {
        check_region(id, region).map_err(|problem| format!("region {} {problem}", id.index()))?;
    }
    let mut left: Vec<RegionId> = Vec::new();
    let mut current = Graph::ENTRY;
    for (id, node) in graph.nodes.iter() {
        if !graph.regions.contains(node.region) {
            return Err(format!("%{} is in no region", id.index()));
        }
        if node.region != current {
            if left.contains(&node.region) {
                return Err(format!("%{} is apart from the rest of its loop", id.index()));
            }
            if current != Graph::ENTRY {
                left.push(current);
            }
            current = node.region;
        }
    }
    Ok(())
}

fn check_region(id: RegionId, region: &Region) -> Result<(), String> {
    let problem = match region.parent {
        None if id != Graph::ENTRY => "is no loop and not the first".to_string(),
        None if region.max_steps != 1 => format!("is the entry and runs {} times", region.max_steps),
        None => return Ok(()),
        Some(_) if id == Graph::ENTRY => "is the entry and inside another".to_string(),
        Some(parent) if parent >= id => {
            format!("is inside region {}, which does not stand before it", parent.index())
        }
        Some(parent) if parent != Graph::ENTRY => {
            format!("is a loop inside region {}, which is a loop as well", parent.index())
        }
        Some(_) if region.max_steps == 0 => "has no rounds".to_string(),
        Some(_) => return Ok(()),
    };
    Err(problem)
}

fn check_node(graph: &Graph, id: NodeId, node: &Node) -> Result<(), String> {
    for operand in node.op.operands() {
        if operand >= id {
            return Err(format!("uses %{}, which does not stand before it", operand.index()));
        }
        if !encloses(graph, graph.nodes[operand].region, node.region) {
            return Err(format!("uses %{} of a loop that it is not in", operand.index()));
        }
    }
    let ty = infer(graph, &node.op).map_err(|e| e.to_string())?;
    if ty != node.ty {
        return Err(format!("has type {}, its operation gives {ty}", node.ty));
    }
    let facts = &node.facts;
    let len = if let Type::Vector { len } = ty { len } else { 0 };
    if !facts.range.is_empty() && facts.range.len() != len {
        return Err(format!("has {} bounds for {len} elements", facts.range.len()));
    }
    if let Some(bad) = facts.range.iter().find(|r| r.least > r.most) {
        return Err(format!("has the empty bound {bad}"));
    }
    Ok(())
}

/// Whether `inner` is `outer` or inside it.
fn encloses(graph: &Graph, outer: RegionId, inner: RegionId) -> bool {
    let mut region = Some(inner);
    while let Some(r) = region {
        if r == outer {
            return true;
        }
        region = graph.regions[r].parent;
    }
    false
}

fn check_effects(graph: &Graph) -> Result<(), String> {
    for (id, state) in graph.states.iter() {
        if state.region == Graph::ENTRY || !graph.regions.contains(state.region) {
            return Err(format!("${} belongs to no loop", state.name));
        }
        let mut pushes = 0;
        for (at, node) in graph.nodes.iter() {
            let touches = match node.op {
                Op::State { state } => state == id,
                Op::Push { state, .. } if state == id => {
                    pushes += 1;
                    true
                }
                _ => false,
            };
            if touches && node.region != state.region {
                return Err(format!("%{} touches ${} outside of its loop", at.index(), state.name));
            }
        }
        if pushes > 1 {
            return Err(format!("${} is pushed {pushes} times a round", state.name));
        }
    }
    let exits = |region: RegionId| {
        graph
            .nodes
            .iter()
            .filter(move |(_, n)| n.region == region && matches!(n.op, Op::ExitIf { .. }))
            .count()
    };
    if exits(Graph::ENTRY) > 0 {
        return Err("exit_if outside of any loop".into());
    }
    match graph.regions.ids().skip(1).find(|&r| exits(r) == 0) {
        Some(r) => Err(format!("region {} never ends by itself", r.index())),
        None => Ok(()),
    }
}

fn check_const(constant: &Const) -> Result<(), String> {
    match &constant.data {
        Data::Matrix { rows, cols, values } => {
            if *rows == 0 || *cols == 0 {
                return Err(format!("is empty: {rows} × {cols}"));
            }
            if values.len() != rows * cols {
                return Err(format!("has {} weights for {rows} × {cols}", values.len()));
            }
            values
                .iter()
                .find(|w| !(-2..=1).contains(*w))
                .map_or(Ok(()), |w| Err(format!("holds the weight {w}")))
        }
        Data::Columns { rows, columns } => {
            for (i, column) in columns.iter().enumerate() {
                let ascends = column.plus.is_sorted_by(|a, b| a < b) && column.minus.is_sorted();
                let thrice = column.minus.windows(3).any(|w| w[0] == w[2]);
                let outside = column.plus.iter().chain(&column.minus).any(|&o| usize::from(o) >= *rows);
                let both = column.plus.iter().any(|o| column.minus.contains(o));
                if !ascends || thrice || outside || both {
                    return Err(format!("column {i} is not a list of distinct outputs below {rows}"));
                }
            }
            Ok(())
        }
        Data::Folds { outputs, folds } => {
            // The last fold goes first, so that it may add to a sum which is itself shared.
            let fine = |(i, f): (usize, &Fold)| {
                let from = outputs + i;
                usize::from(f.from) == from && usize::from(f.plus.max(f.other)) < from && f.plus != f.other
            };
            match folds.iter().enumerate().position(|f| !fine(f)) {
                Some(i) => {
                    Err(format!("fold {i} does not add an element behind the outputs to two before it"))
                }
                None => Ok(()),
            }
        }
        Data::Vector(_) | Data::Charset(_) | Data::Labels(_) => Ok(()),
    }
}
