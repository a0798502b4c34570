//! What a node computes.

use super::{BlockId, ConstId, Elem, NodeId, StateId};

/// What a node computes: a closed set, so that every match says what it does with each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// The query: trimmed, folded, not empty. `max_length` is what the model says in bytes; the command line of a system
    /// may hand over more, and the network takes it.
    Query {
        max_length: usize,
    },
    /// The present content of a state.
    Read {
        state: StateId,
    },
    /// Counts of hashed n-grams.
    Encode {
        text: NodeId,
        encoder: Encoder,
    },
    /// Every element times `factor`.
    Scale {
        input: NodeId,
        factor: i16,
    },
    Concat {
        inputs: Vec<NodeId>,
    },
    /// A constant vector or matrix: the only one, or that of the round of the innermost loop around it.
    Constant {
        values: Vec<ConstId>,
    },
    /// Matrix × vector, modulo 2^bits of `sum`.
    Product {
        input: NodeId,
        weights: NodeId,
        sum: Elem,
    },
    /// Element-wise sum of one or more vectors.
    Sum {
        terms: Vec<NodeId>,
    },
    /// Arithmetic shift right of each element.
    Shift {
        input: NodeId,
        bits: u8,
    },
    /// `max(x, 0)`.
    Relu {
        input: NodeId,
    },
    /// Index of the largest element, the first on a tie. The elements are logits: what a program shows to whoever
    /// compares it with the interpreter, each time that the node runs.
    ArgMax {
        input: NodeId,
    },
    /// Runs a block up to `times` times.
    Loop {
        body: BlockId,
        times: u32,
    },
    /// Leaves the innermost loop around it when the index is `equals`.
    ExitIf {
        index: NodeId,
        equals: usize,
    },
    /// Text at an index of a charset or of labels.
    Lookup {
        index: NodeId,
        table: ConstId,
    },
    /// Appends text to the reply.
    Emit {
        text: NodeId,
    },
    /// Shifts text into a state, folded.
    Push {
        state: StateId,
        text: NodeId,
    },
    /// Replaces the vector in a state.
    Write {
        state: StateId,
        value: NodeId,
    },
}

/// Hash encoders; both count in `buckets` buckets. See [`crate::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoder {
    /// Positions hash differently in each of `bands` bands, 1 to 16.
    Trigrams {
        buckets: u16,
        bands: u8,
    },
    Ngrams {
        buckets: u16,
    },
}

impl Encoder {
    pub fn buckets(self) -> u16 {
        match self {
            Self::Trigrams { buckets, .. } | Self::Ngrams { buckets } => buckets,
        }
    }
}

impl Op {
    /// Nodes whose values it uses, in order. Those that a loop's body uses are the body's own business.
    pub fn operands(&self) -> Vec<NodeId> {
        let mut operands = Vec::new();
        let _ = self.map(
            |id| {
                operands.push(id);
                id
            },
            |constant| constant,
        );
        operands
    }

    /// Constants that it names, in order.
    pub fn constants(&self) -> Vec<ConstId> {
        let mut constants = Vec::new();
        let _ = self.map(
            |id| id,
            |constant| {
                constants.push(constant);
                constant
            },
        );
        constants
    }

    /// The same operation on other nodes and constants.
    pub fn map(
        &self,
        mut node: impl FnMut(NodeId) -> NodeId,
        mut constant: impl FnMut(ConstId) -> ConstId,
    ) -> Self {
        let mut op = self.clone();
        match &mut op {
            Self::Query { .. } | Self::Read { .. } | Self::Loop { .. } => {}
            Self::Constant { values } => values.iter_mut().for_each(|c| *c = constant(*c)),
            Self::Encode { text, .. } | Self::Emit { text } | Self::Push { text, .. } => *text = node(*text),
            Self::Scale { input, .. }
            | Self::Shift { input, .. }
            | Self::Relu { input }
            | Self::ArgMax { input } => *input = node(*input),
            Self::Product { input, weights, .. } => {
                *input = node(*input);
                *weights = node(*weights);
            }
            Self::Concat { inputs: many } | Self::Sum { terms: many } => {
                many.iter_mut().for_each(|id| *id = node(*id));
            }
            Self::ExitIf { index, .. } => *index = node(*index),
            Self::Lookup { index, table } => {
                *index = node(*index);
                *table = constant(*table);
            }
            Self::Write { value, .. } => *value = node(*value),
        }
        op
    }

    /// The state that it reads or changes.
    pub fn state(&self) -> Option<StateId> {
        match self {
            Self::Read { state } | Self::Push { state, .. } | Self::Write { state, .. } => Some(*state),
            _ => None,
        }
    }

    /// Whether it does something besides computing a value: it stays where it is, and stays at all.
    pub fn has_effect(&self) -> bool {
        matches!(
            self,
            Self::ArgMax { .. }
                | Self::Loop { .. }
                | Self::ExitIf { .. }
                | Self::Emit { .. }
                | Self::Push { .. }
                | Self::Write { .. }
        )
    }

    /// Whether its value can be another one in each round, though its operands are the same.
    pub fn varies(&self) -> bool {
        match self {
            Self::Read { .. } => true,
            Self::Constant { values } => values.len() > 1,
            _ => false,
        }
    }
}
