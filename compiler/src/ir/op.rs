//! What a node computes.

use super::{BlockId, ConstId, Elem, Encoder, NodeId, StateId};
use crate::model::{Pooling, Window};

/// What a node computes: a closed set, so that every match says what it does with each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// The query. `max_length` is what the model says in bytes; the command line of a system may hand over more, and the
    /// network takes it. One `as_typed` is what makes the interpreter take lines as they were typed, whether or not anything
    /// reads it.
    Query {
        max_length: usize,
        as_typed: bool,
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
    /// The tokens of a text, by the rules of a tokenizer.
    Tokenize {
        text: NodeId,
        tokenizer: ConstId,
    },
    /// Lets tokens, or one token, wait in a state: as many as there is room for, the rest is dropped.
    Feed {
        state: StateId,
        tokens: NodeId,
    },
    /// Lets a turn of a chat wait: the tokens of a line between those that frame it. A line without tokens is none. Where
    /// the conversation has no room left for it, it is cleared first: see [`crate::model::Turns`].
    Turn {
        state: StateId,
        tokens: NodeId,
        turns: ConstId,
    },
    /// The next random number of a state.
    Random {
        state: StateId,
    },
    /// The index that is chosen of logits, by the rules of a constant: see [`crate::arithmetic::choose`]. `state` says
    /// what was read last; without `random` the largest is taken. Like those of [`Op::ArgMax`] the logits are observed.
    Choose {
        input: NodeId,
        state: StateId,
        random: Option<NodeId>,
        rules: ConstId,
    },
    /// Logits, from which is subtracted what tokens cost behind those that were taken last: see [`crate::model::Prior`].
    Prior {
        input: NodeId,
        state: StateId,
        prior: ConstId,
    },
    /// Does what a token names, if it names an action. What is read gives its digits as text, and their tokens wait as far
    /// as there is room: see [`crate::model::Tool`].
    Act {
        state: StateId,
        index: NodeId,
        tools: ConstId,
    },
    /// Takes the token out that has waited longest. Where none waits it gives 0, and nothing was taken.
    Take {
        state: StateId,
    },
    /// How many tokens have been taken before the last one: its position.
    Position {
        state: StateId,
    },
    /// 1 if a token waits, otherwise 0.
    Waiting {
        state: StateId,
    },
    /// A row of a matrix times its mantissa, rescaled to 16 bits: see [`crate::arithmetic::rescale`].
    Gather {
        index: NodeId,
        weights: NodeId,
        scale: ConstId,
    },
    /// Each element times its mantissa, rescaled and saturated to `elem`: see [`crate::arithmetic::rescale`].
    Rescale {
        input: NodeId,
        scale: ConstId,
        elem: Elem,
    },
    /// Element-wise sum of two vectors, saturated to the bits of their elements.
    Add {
        a: NodeId,
        b: NodeId,
    },
    /// Root-mean-square norm of each `group` of elements: see [`crate::arithmetic::norm`].
    Norm {
        input: NodeId,
        group: usize,
        down: u8,
    },
    /// Rounding shift right, saturated to 8 bits.
    Narrow {
        input: NodeId,
        bits: u8,
    },
    /// Turns adjacent pairs by phases that grow with the position: see [`crate::arithmetic::rotate`].
    Rotate {
        input: NodeId,
        position: NodeId,
        steps: ConstId,
        bits: u8,
    },
    /// Puts a vector into a cache as the row of the next position.
    Append {
        state: StateId,
        value: NodeId,
    },
    /// The mean of the rows of `values`, each head of its own, weighted by how well the rows of `keys` match the query:
    /// see [`crate::arithmetic::attend`].
    Attend {
        query: NodeId,
        keys: NodeId,
        values: NodeId,
        head: usize,
        table: ConstId,
        bits: u8,
    },
    /// What a table of 256 bytes has for each element: first for 0 to 127, then for -128 to -1.
    Table {
        input: NodeId,
        table: ConstId,
    },
    /// Element-wise product, shifted right with rounding and saturated to 8 bits.
    Multiply {
        a: NodeId,
        b: NodeId,
        bits: u8,
    },
    /// The bytes of a line of numbers: see [`crate::arithmetic::network::measure`]. Where a line is something else, nothing
    /// behind this is computed.
    Measure {
        text: NodeId,
        scaling: ConstId,
    },
    /// `Σ w·x` at each position of a window, modulo 2^32: of the channels of a group each, of which there are `groups`.
    /// Elements are rows of places of channels. A matrix has a row for each channel of the output, and in it a column for
    /// each place of the window and channel of a group, in this order. Where the window shows padding, `x` is `padding`.
    Convolve {
        input: NodeId,
        weights: NodeId,
        window: Window,
        groups: usize,
        padding: i8,
    },
    /// What `pooling` makes of the bytes of a channel that a window shows, at each of its positions. Padding is none.
    Pool {
        input: NodeId,
        window: Window,
        pooling: Pooling,
    },
    /// Adds a constant to each element of 32 bits, modulo 2^32: element `i` gets that of channel `i` modulo their number.
    Bias {
        input: NodeId,
        bias: ConstId,
    },
    /// [`crate::model::Requantization::at`] of each element of 32 bits: of 8 bits where its limits have them, else of 16.
    Requantize {
        input: NodeId,
        steps: ConstId,
    },
    /// What a table of 256 integers of 32 bits has for each byte: first for 0 to 127, then for -128 to -1.
    Widen {
        input: NodeId,
        table: ConstId,
    },
    /// What trees vote on bytes: see [`crate::model::Trees::run`].
    Vote {
        input: NodeId,
        trees: ConstId,
    },
    /// The index of the largest element, as [`Op::ArgMax`] has it, or the number of elements where another one is less
    /// than `margin` below it. The elements are logits.
    Decide {
        input: NodeId,
        margin: u8,
    },
    /// Elements as text: see [`crate::arithmetic::network::numbers`]. The elements are logits.
    Numbers {
        input: NodeId,
        format: ConstId,
    },
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
            Self::Query { .. }
            | Self::Read { .. }
            | Self::Loop { .. }
            | Self::Take { .. }
            | Self::Random { .. }
            | Self::Position { .. }
            | Self::Waiting { .. } => {}
            Self::Constant { values } => values.iter_mut().for_each(|c| *c = constant(*c)),
            Self::Encode { text, .. } | Self::Emit { text } | Self::Push { text, .. } => *text = node(*text),
            Self::Scale { input, .. }
            | Self::Shift { input, .. }
            | Self::Relu { input }
            | Self::ArgMax { input }
            | Self::Norm { input, .. }
            | Self::Narrow { input, .. }
            | Self::Pool { input, .. }
            | Self::Decide { input, .. } => *input = node(*input),
            Self::Product { input, weights, .. } | Self::Convolve { input, weights, .. } => {
                *input = node(*input);
                *weights = node(*weights);
            }
            Self::Concat { inputs: many } | Self::Sum { terms: many } => {
                many.iter_mut().for_each(|id| *id = node(*id));
            }
            Self::ExitIf { index, .. } => *index = node(*index),
            Self::Choose { input, random, rules, .. } => {
                *input = node(*input);
                random.iter_mut().for_each(|id| *id = node(*id));
                *rules = constant(*rules);
            }
            Self::Lookup { index: input, table }
            | Self::Tokenize { text: input, tokenizer: table }
            | Self::Turn { tokens: input, turns: table, .. }
            | Self::Act { index: input, tools: table, .. }
            | Self::Rescale { input, scale: table, .. }
            | Self::Table { input, table }
            | Self::Measure { text: input, scaling: table }
            | Self::Bias { input, bias: table }
            | Self::Requantize { input, steps: table }
            | Self::Widen { input, table }
            | Self::Vote { input, trees: table }
            | Self::Numbers { input, format: table }
            | Self::Prior { input, prior: table, .. } => {
                *input = node(*input);
                *table = constant(*table);
            }
            Self::Write { value, .. } | Self::Append { value, .. } | Self::Feed { tokens: value, .. } => {
                *value = node(*value);
            }
            Self::Gather { index: a, weights: b, scale: c }
            | Self::Rotate { input: a, position: b, steps: c, .. } => {
                *a = node(*a);
                *b = node(*b);
                *c = constant(*c);
            }
            Self::Add { a, b } | Self::Multiply { a, b, .. } => {
                *a = node(*a);
                *b = node(*b);
            }
            Self::Attend { query, keys, values, table, .. } => {
                *query = node(*query);
                *keys = node(*keys);
                *values = node(*values);
                *table = constant(*table);
            }
        }
        op
    }
}
