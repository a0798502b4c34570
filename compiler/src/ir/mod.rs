//! The graph: a small quantized program over whole vectors.
//!
//! # Contract
//! A [`Graph`] is a tree of blocks. A [`Block`] lists its nodes in the order in which they run. A node computes one
//! value, or has an effect, or is a loop: [`Op::Loop`] runs a block of its own, its body, up to so many times. So blocks
//! nest by construction: the entry block runs once per query, every other block is the body of one loop.
//!
//! A node uses values of nodes that ran before it in its own block or in a block around it. What a loop carries from
//! one round to the next lives in a [`State`]. It belongs to a block, is started when that block is entered (a loop's
//! body is entered once, whatever the rounds), and is seen in that block and in all blocks inside it. It is read by
//! [`Op::Read`] and changed by [`Op::Push`] (a text) or [`Op::Write`] (a vector), at once: what reads later sees the
//! change. [`Op::ExitIf`] leaves the innermost loop around it; a loop without one makes all its rounds.
//!
//! A state that is *kept* belongs to the entry block and is started when the program is: the next query finds it as the
//! one before has left it.
//!
//! What is observed of a run is the reply, in the order of [`Op::Emit`], and the logits, the operand of each
//! [`Op::ArgMax`], [`Op::Choose`], [`Op::Decide`] and [`Op::Numbers`] that ran, in that order. No pass changes either.
//!
//! [`Op::Constant`] gives a constant; with several it gives one for each round of the innermost loop around it. So the
//! layers of a deep network can be one loop, whose body is emitted once and walks through the weights.
//!
//! Vectors hold integers of one [`Elem`]: 8, 16, 24 or 32 bits, two's complement. [`Op::Product`], [`Op::Convolve`],
//! [`Op::Bias`] and [`Op::Sum`] compute modulo 2^bits; sums may be regrouped freely. [`Op::Shift`] and [`Op::Requantize`]
//! are where the value of an accumulator starts to matter, so nothing moves across them. A layer of a network on numbers
//! is a chain `product | convolve → bias → requantize`, of which each node has one user but the last. `requantize` is a
//! function of the sum that never falls, so thresholds may stand for it. The bounds that the range analysis proves of
//! `bias` say how many bits such a sum needs.
//!
//! How weights are stored is no business of the graph: it holds matrices, and the plan chooses a form of
//! [`crate::weights`] for each.
//!
//! Facts that passes prove of a value (bounds, a common factor) stand on the node that computes it, not in the
//! operation: dropping all facts never changes what a graph means.

mod arena;
mod behaviour;
mod build;
mod data;
mod dump;
mod facts;
mod infer;
mod op;
pub mod rewrite;
mod types;
mod walk;

pub use crate::model::{Pooling, Window};
pub use arena::{Arena, Id};
pub use build::{build, build_scoring};
pub use data::{Const, Data};
pub use facts::{Facts, Interval};
pub use infer::{TypeError, infer};
pub use op::Op;
pub use rewrite::Rewriter;
pub use types::{Elem, Encoder, State, StateType, Type};

pub type NodeId = Id<Node>;
pub type ConstId = Id<Const>;
pub type BlockId = Id<Block>;
pub type StateId = Id<State>;

/// A program: see the module's contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    pub name: String,
    pub blocks: Arena<Block>,
    pub states: Arena<State>,
    pub consts: Arena<Const>,
    /// In the order in which they were made; the order in which they run stands in the blocks.
    pub nodes: Arena<Node>,
}

/// Nodes that run one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    pub nodes: Vec<NodeId>,
}

/// One computation.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub op: Op,
    pub ty: Type,
    /// For people: `fc2`, `context`.
    pub name: String,
    pub facts: Facts,
}

impl Graph {
    /// The block that runs once per query: always the first.
    pub const ENTRY: BlockId = Id::first();

    /// An empty graph with its entry block.
    pub fn new(name: &str) -> Self {
        let mut blocks = Arena::default();
        blocks.push(Block::default());
        Self {
            name: name.to_string(),
            blocks,
            states: Arena::default(),
            consts: Arena::default(),
            nodes: Arena::default(),
        }
    }

    /// Appends a node to a block; its type follows from its operation.
    ///
    /// # Errors
    /// When the operands do not fit the operation.
    pub fn add(&mut self, block: BlockId, name: &str, op: Op) -> Result<NodeId, TypeError> {
        let ty = infer(self, &op)?;
        let id = self.nodes.push(Node { op, ty, name: name.to_string(), facts: Facts::default() });
        self.blocks[block].nodes.push(id);
        Ok(id)
    }

    /// Appends a loop of at most `times` rounds to a block and gives its body, which is still empty.
    ///
    /// # Errors
    /// A loop without rounds. The graph has a block without a loop then: it is not valid any more.
    pub fn add_loop(&mut self, block: BlockId, name: &str, times: u32) -> Result<BlockId, TypeError> {
        let body = self.blocks.push(Block::default());
        self.add(block, name, Op::Loop { body, times })?;
        Ok(body)
    }

    /// Whether what one query has led to is still there for the next one, random numbers apart.
    pub fn keeps_conversation(&self) -> bool {
        self.states.iter().any(|(_, state)| state.kept && !matches!(state.ty, StateType::Random { .. }))
    }

    /// Elements of the vector that `id` computes, 0 for any other type.
    pub fn width(&self, id: NodeId) -> usize {
        match self.nodes[id].ty {
            Type::Vector { len, .. } => len,
            _ => 0,
        }
    }

    /// Nodes that use the value of `id`, in the order in which they were made.
    pub fn users(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes.iter().filter(move |(_, n)| n.op.operands().contains(&id)).map(|(user, _)| user)
    }

    /// The vector in a constant.
    pub fn vector(&self, id: NodeId) -> Option<&[i16]> {
        match self.constants(id)? {
            [one] => match &self.consts[*one].data {
                Data::Vector(values) => Some(values),
                _ => None,
            },
            _ => None,
        }
    }

    /// The constants that a node gives, one a round, if it gives constants.
    pub fn constants(&self, id: NodeId) -> Option<&[ConstId]> {
        match &self.nodes[id].op {
            Op::Constant { values } => Some(values),
            _ => None,
        }
    }

    /// Rows, columns and weights of the matrix that a product multiplies with, if it is the same in every round.
    pub fn matrix(&self, product: NodeId) -> Option<(usize, usize, &[i8])> {
        let Op::Product { weights, .. } = self.nodes[product].op else { return None };
        let [one] = self.constants(weights)? else { return None };
        match &self.consts[*one].data {
            Data::Matrix { rows, cols, values, .. } => Some((*rows, *cols, values)),
            _ => None,
        }
    }
}
