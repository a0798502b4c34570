//! The validator: every invariant of a graph, checked after every pass.
//!
//! Checked:
//! 1. There is an entry block. Every other block is the body of one loop, and every node stands in one block, once: the
//!    blocks are a tree.
//! 2. What a node names exists, and its type is the one that its operation gives ([`infer`]).
//! 3. A node uses only values that were computed before it, in its own block or in a block around it.
//! 4. A state belongs to a block and is read and changed only there and inside of it; a state that is a vector starts
//!    as one, whose values its element can hold; one that is kept belongs to the entry block.
//! 5. `exit_if` stands inside a loop. A constant that changes from round to round stands in a loop and has a value for
//!    each round.
//! 6. Constants keep their own rules: matrices are not empty, sizes match shapes, weights have the bits that they should,
//!    a scale shifts by at most 24 bits, and tables have 256 bytes. Multipliers of sums have 31 bits and are not
//!    negative, so that requantizing never falls; lines of numbers are one, or as many as numbers;
//!    a number has 255 thresholds at most.
//! 7. Facts have one bound an element, with least ≤ most.
//!
//! Not checked: that facts are true (the range analysis proves them), that constants are used.

use crate::arithmetic::MAX_RESCALE;
use crate::arithmetic::network::MAX_THRESHOLDS;
use crate::ir::{BlockId, Const, Data, Graph, NodeId, Op, State, StateType, Type, infer};
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
    for (_, constant) in graph.consts.iter() {
        check_const(constant).map_err(|problem| fail(format!("@{}", constant.name), problem))?;
    }
    check_tree(graph).map_err(|problem| fail("blocks".into(), problem))?;
    let tree = Tree { graph, homes: graph.homes(), loops: graph.loops() };
    for (_, state) in graph.states.iter() {
        check_state(graph, state).map_err(|problem| fail(format!("${}", state.name), problem))?;
    }
    let mut computed = vec![false; graph.nodes.len()];
    for (block, id) in graph.walk() {
        let checked = tree.check_operands(&computed, block, id).and_then(|()| tree.check_node(block, id));
        checked
            .map_err(|problem| fail(format!("%{} ({})", id.index(), graph.nodes[id].op.name()), problem))?;
        computed[id.index()] = true;
    }
    Ok(())
}

/// Blocks and nodes are a tree: whatever is walked from the entry on is all there is, and is there once.
fn check_tree(graph: &Graph) -> Result<(), String> {
    if graph.blocks.is_empty() {
        return Err("there is no entry block".into());
    }
    let mut homes = vec![0; graph.nodes.len()];
    for (block, contents) in graph.blocks.iter() {
        for &id in &contents.nodes {
            if !graph.nodes.contains(id) {
                return Err(format!("block {} has {id:?}, which does not exist", block.index()));
            }
            homes[id.index()] += 1;
        }
    }
    if let Some(at) = homes.iter().position(|&n| n != 1) {
        return Err(format!("%{at} stands {} times in blocks, not once", homes[at]));
    }
    let mut runs = vec![0; graph.blocks.len()];
    for (id, node) in graph.nodes.iter() {
        if let Op::Loop { body, .. } = node.op {
            if !graph.blocks.contains(body) {
                return Err(format!("%{} has no body", id.index()));
            }
            runs[body.index()] += 1;
        }
    }
    if runs[Graph::ENTRY.index()] > 0 {
        return Err("the entry is the body of a loop".into());
    }
    if let Some(at) = (1..runs.len()).find(|&at| runs[at] != 1) {
        return Err(format!("block {at} is the body of {} loops", runs[at]));
    }
    // Each block has one way to it now; what the entry does not lead to is a ring of blocks.
    let loops = graph.loops();
    let homes = graph.homes();
    for block in graph.blocks.ids() {
        let mut at = block;
        for _ in 0..graph.blocks.len() {
            let Some(id) = loops[at.index()] else { break };
            at = homes[id.index()];
        }
        if at != Graph::ENTRY {
            return Err(format!("block {} is inside itself", block.index()));
        }
    }
    Ok(())
}

fn check_state(graph: &Graph, state: &State) -> Result<(), String> {
    if !graph.blocks.contains(state.owner) {
        return Err("belongs to no block".into());
    }
    if state.kept && state.owner != Graph::ENTRY {
        return Err("is kept from query to query, but belongs to a loop".into());
    }
    match state.ty {
        StateType::Text { length: 0 } => Err("holds no character".into()),
        StateType::Text { .. } => Ok(()),
        StateType::Tokens { below: 0, .. } => Err("holds tokens of an empty vocabulary".into()),
        StateType::Tokens { most: 0, .. } => Err("takes no token".into()),
        StateType::Tokens { .. } => Ok(()),
        StateType::Cache { rows, len } if rows < 2 || len == 0 => {
            Err(format!("keeps {rows} rows of {len}; a window has 2 rows at least"))
        }
        StateType::Cache { .. } => Ok(()),
        StateType::Random { seed: 0 } => Err("starts with 0, behind which nothing else comes".into()),
        StateType::Random { .. } => Ok(()),
        StateType::Vector { elem, start } => {
            let data = graph.consts.contains(start).then(|| &graph.consts[start].data);
            let Some(Data::Vector(values)) = data else { return Err("does not start as a vector".into()) };
            let holds = |value: &&i16| elem.wrap(i32::from(**value)) == i32::from(**value);
            match values.iter().find(|value| !holds(value)) {
                Some(value) => Err(format!("starts with {value}, which is no {elem}")),
                None => Ok(()),
            }
        }
    }
}

/// A graph whose blocks are a tree, and what is where in it.
struct Tree<'a> {
    graph: &'a Graph,
    homes: Vec<BlockId>,
    loops: Vec<Option<NodeId>>,
}

impl Tree<'_> {
    fn check_operands(&self, computed: &[bool], block: BlockId, id: NodeId) -> Result<(), String> {
        for operand in self.graph.nodes[id].op.operands() {
            // One that does not exist is found by its type.
            let Some(&ran) = computed.get(operand.index()) else { continue };
            if !ran {
                return Err(format!("uses %{}, which does not stand before it", operand.index()));
            }
            if !self.encloses(self.homes[operand.index()], block) {
                return Err(format!("uses %{} of a loop that it is not in", operand.index()));
            }
        }
        Ok(())
    }

    fn check_node(&self, block: BlockId, id: NodeId) -> Result<(), String> {
        let node = &self.graph.nodes[id];
        let ty = infer(self.graph, &node.op).map_err(|e| e.to_string())?;
        if ty != node.ty {
            return Err(format!("has type {}, its operation gives {ty}", node.ty));
        }
        if let Some(state) = node.op.state().map(|id| &self.graph.states[id])
            && !self.encloses(state.owner, block)
        {
            return Err(format!("touches ${} outside of its block", state.name));
        }
        let rounds = self.loops[block.index()].map(|id| &self.graph.nodes[id].op);
        match (&node.op, rounds) {
            (Op::ExitIf { .. }, None) => return Err("leaves a loop outside of any".into()),
            (Op::Constant { values }, rounds) if values.len() > 1 => match rounds {
                Some(Op::Loop { times, .. }) if *times as usize == values.len() => {}
                Some(Op::Loop { times, .. }) => {
                    return Err(format!("has {} values for {times} rounds", values.len()));
                }
                _ => return Err(format!("has {} values outside of any loop", values.len())),
            },
            _ => {}
        }
        let facts = &node.facts;
        let len = if let Type::Vector { len, .. } = ty { len } else { 0 };
        if !facts.range.is_empty() && facts.range.len() != len {
            return Err(format!("has {} bounds for {len} elements", facts.range.len()));
        }
        if let Some(bad) = facts.range.iter().find(|r| r.least > r.most) {
            return Err(format!("has the empty bound {bad}"));
        }
        Ok(())
    }

    /// Whether `inner` is `outer` or inside it.
    fn encloses(&self, outer: BlockId, inner: BlockId) -> bool {
        let mut block = inner;
        loop {
            if block == outer {
                return true;
            }
            let Some(id) = self.loops[block.index()] else { return false };
            block = self.homes[id.index()];
        }
    }
}

fn check_const(constant: &Const) -> Result<(), String> {
    match &constant.data {
        Data::Matrix { rows, cols, bits, values } => {
            let limit = match bits {
                2..=8 => 1 << (bits - 1),
                _ => return Err(format!("has weights of {bits} bits")),
            };
            if *rows == 0 || *cols == 0 {
                return Err(format!("is empty: {rows} × {cols}"));
            }
            if values.len() != rows * cols {
                return Err(format!("has {} weights for {rows} × {cols}", values.len()));
            }
            values
                .iter()
                .find(|w| !(-limit..limit).contains(&i16::from(**w)))
                .map_or(Ok(()), |w| Err(format!("holds the weight {w}, which has more than {bits} bits")))
        }
        Data::Scale { shift, .. } if *shift > MAX_RESCALE => Err(format!("shifts by {shift} bits")),
        Data::Weights(weights) => match weights.as_slice() {
            [255, rest @ ..] if rest.len() == 255 && weights.is_sorted_by(|a, b| a >= b) => Ok(()),
            _ => Err("is not 255, then 255 bytes that never rise".into()),
        },
        Data::Requantization(r) => r.problem().map_or(Ok(()), Err),
        Data::Lines { count, lines, .. } if lines.len() != 1 && lines.len() != *count => {
            Err(format!("has {} lines for {count} numbers", lines.len()))
        }
        Data::Ranks { ranks, .. } => match ranks.iter().position(|list| list.len() > MAX_THRESHOLDS) {
            Some(at) => {
                Err(format!("has {} thresholds for number {at}, above {MAX_THRESHOLDS}", ranks[at].len()))
            }
            None => Ok(()),
        },
        Data::Bytes(bytes) if bytes.len() != 256 => Err(format!("has {} bytes, not 256", bytes.len())),
        Data::Vector(_)
        | Data::Charset(_)
        | Data::Labels(_)
        | Data::Pieces(_)
        | Data::Tokenizer(_)
        | Data::Turns(_)
        | Data::Choice(_)
        | Data::Prior(_)
        | Data::Tools(_)
        | Data::Scale { .. }
        | Data::Steps(_)
        | Data::Words(_)
        | Data::Lines { .. }
        | Data::Trees(_)
        | Data::Bytes(_) => Ok(()),
    }
}
