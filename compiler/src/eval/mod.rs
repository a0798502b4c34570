//! The reference interpreter: what a graph computes, exactly. Every back end is checked against it.

pub mod beam;
mod network;
mod sequence;
mod session;

pub use session::{CLEAR, Session, reads_as_typed, shown};

use crate::ir::{BlockId, ConstId, Data, Elem, Encoder, Graph, NodeId, Op, State, StateType, Type};
use crate::text;
use std::collections::{BTreeMap, VecDeque};

/// A value while a graph runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(Vec<u8>),
    /// Elements as their type has them: see [`Elem`].
    Vector(Vec<i32>),
    /// The matrix in a constant, by reference.
    Matrix(ConstId),
    Index(usize),
    Tokens(Vec<u32>),
    /// The kept rows of a cache, and how many were ever appended.
    Rows(Vec<Vec<i8>>, usize),
    Queue(Queue),
    /// The last random number.
    Random(u16),
    Unit,
}

/// What a state of tokens holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    /// Those that wait, the next one first.
    pub waiting: VecDeque<u32>,
    /// How many were taken.
    pub taken: usize,
    /// Those taken last, the latest one last; no penalty looks further back.
    pub recent: VecDeque<u32>,
}

/// What one query led to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Run {
    /// The reply in the charset's bytes, or the label.
    pub reply: Vec<u8>,
    /// The elements that each [`Op::ArgMax`] or its like chose of, in the order in which they ran: a vector for each pass through
    /// the last layer, the one that gave the end mark included.
    pub logits: Vec<Vec<i16>>,
    /// What was switched on (`true`) or off, in this order.
    pub switched: Vec<(String, bool)>,
    /// The reply is UTF-8, as tokens have it; otherwise each byte is the character of that number.
    pub is_utf8: bool,
}

impl Run {
    /// The reply as text. Bytes that are no UTF-8 where it should be are replaced.
    pub fn text(&self) -> String {
        if self.is_utf8 {
            return String::from_utf8_lossy(&self.reply).into_owned();
        }
        self.reply.iter().map(|&b| char::from(b)).collect()
    }

    /// Passes through the network.
    pub fn steps(&self) -> usize {
        self.logits.len()
    }
}

/// Runs `graph` on a query as typed, the first one behind its start: see [`Session::ask`].
pub fn run(graph: &Graph, query: &[u8]) -> Run {
    run_observed(graph, query, &mut |_, _| {})
}

/// [`run`], with every value shown to `observe` as it is computed.
pub fn run_observed(graph: &Graph, query: &[u8], observe: &mut dyn FnMut(NodeId, &Value)) -> Run {
    Session::new(graph).observed(query, observe)
}

/// Runs the graph of [`crate::ir::build_scoring`] on tokens. `see` gets the logits behind each of them, which the run
/// does not keep.
pub fn score(graph: &Graph, tokens: &[u32], see: &mut dyn FnMut(&[i32])) {
    Session::new(graph).read(tokens, see);
}

/// [`score`], with every value shown to `observe` as it is computed.
pub fn score_observed(graph: &Graph, tokens: &[u32], observe: &mut dyn FnMut(NodeId, &Value)) {
    Session::new(graph).start(Input::Tokens(tokens.to_vec()), observe);
}

/// Runs the graph of a network on numbers on the bytes of its values, in the place of those of a line.
pub fn classify(graph: &Graph, values: &[i8]) -> Run {
    let mut run = Session::new(graph).start(Input::Values(values.to_vec()), &mut |_, _| {});
    run.is_utf8 = true;
    run
}

/// What a graph is given.
enum Input {
    Text(Vec<u8>),
    /// In the place of those of the text.
    Tokens(Vec<u32>),
    /// In the place of those of the text.
    Values(Vec<i8>),
}

/// What a state holds at first.
fn started(graph: &Graph, state: &State) -> Value {
    match state.ty {
        StateType::Text { length } => Value::Text(vec![b' '; length]),
        StateType::Vector { start, .. } => vector_in(graph, start),
        StateType::Tokens { .. } => Value::Queue(Queue::default()),
        StateType::Cache { .. } => Value::Rows(Vec::new(), 0),
        StateType::Random { seed } => Value::Random(seed),
    }
}

fn vector_in(graph: &Graph, constant: ConstId) -> Value {
    match &graph.consts[constant].data {
        Data::Vector(values) => Value::Vector(values.iter().map(|&v| v.into()).collect()),
        other => unreachable!("validated: a vector, not {other:?}"),
    }
}

struct Machine<'a> {
    graph: &'a Graph,
    input: Input,
    values: Vec<Value>,
    states: Vec<Value>,
    /// What tools read.
    inputs: &'a BTreeMap<String, u16>,
    run: Run,
    observe: &'a mut dyn FnMut(NodeId, &Value),
}

/// Whether a block goes on, or the loop that runs it is left; outside of loops, the run.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    Left,
}

impl Machine<'_> {
    /// Starts the states of a block, but those that are kept.
    fn enter(&mut self, block: BlockId) {
        let own = |state: &State| state.owner == block && !state.kept;
        for (id, state) in self.graph.states.iter().filter(|(_, state)| own(state)) {
            self.states[id.index()] = started(self.graph, state);
        }
    }

    /// Runs the nodes of a block in order, in this round of its loop, from 0 on.
    fn block(&mut self, block: BlockId, round: usize) -> Flow {
        for &id in &self.graph.blocks[block].nodes {
            match self.graph.nodes[id].op {
                Op::Loop { body, times } => self.repeat(body, times as usize),
                Op::ExitIf { index, equals } if self.index(index) == equals => return Flow::Left,
                Op::Measure { text, scaling } => match self.measured(text, scaling) {
                    Some(value) => self.keep(id, value),
                    None => return Flow::Left,
                },
                _ => {
                    let value = self.node(id, round);
                    self.keep(id, value);
                }
            }
        }
        Flow::On
    }

    fn keep(&mut self, id: NodeId, value: Value) {
        (self.observe)(id, &value);
        self.values[id.index()] = value;
    }

    fn repeat(&mut self, body: BlockId, times: usize) {
        self.enter(body);
        for round in 0..times {
            if self.block(body, round) == Flow::Left {
                return;
            }
        }
    }

    fn node(&mut self, id: NodeId, round: usize) -> Value {
        let graph = self.graph;
        match &graph.nodes[id].op {
            Op::Query { .. } => Value::Text(match &self.input {
                Input::Text(query) => query.clone(),
                Input::Tokens(_) | Input::Values(_) => Vec::new(),
            }),
            Op::Read { state } => self.states[state.index()].clone(),
            Op::Encode { text, encoder } => {
                Value::Vector(encode(self.text(*text), *encoder).into_iter().map(i32::from).collect())
            }
            Op::Scale { input, factor } => {
                let elem = self.elem(*input);
                self.each(*input, |x| elem.wrap(x.wrapping_mul(i32::from(*factor))))
            }
            Op::Shift { input, bits } => self.each(*input, |x| x >> bits),
            Op::Relu { input } => self.each(*input, |x| x.max(0)),
            Op::Concat { inputs } => {
                Value::Vector(inputs.iter().flat_map(|&i| self.vector(i)).copied().collect())
            }
            Op::Constant { values } => self.constant(values, round),
            Op::Product { input, weights, sum } => match self.values[weights.index()] {
                Value::Matrix(weights) => Value::Vector(self.product(*input, weights, *sum)),
                ref other => unreachable!("validated: weights are a matrix, not {other:?}"),
            },
            Op::Sum { terms } => {
                let elem = self.elem(id);
                let mut sum = vec![0i32; graph.width(id)];
                for &term in terms {
                    sum.iter_mut()
                        .zip(self.vector(term))
                        .for_each(|(s, &x)| *s = elem.wrap(s.wrapping_add(x)));
                }
                Value::Vector(sum)
            }
            Op::ArgMax { input } => {
                let logits: Vec<i16> = self.vector(*input).iter().map(|&y| y as i16).collect();
                let index = argmax(&logits);
                if !matches!(self.input, Input::Tokens(_)) {
                    self.run.logits.push(logits);
                }
                Value::Index(index)
            }
            Op::Lookup { index, table } => Value::Text(match &graph.consts[*table].data {
                Data::Charset(bytes) => vec![bytes[self.index(*index)]],
                Data::Labels(labels) => labels[self.index(*index)].clone().into_bytes(),
                Data::Pieces(pieces) => pieces[self.index(*index)].clone(),
                other => unreachable!("validated: a table holds texts, not {other:?}"),
            }),
            Op::Emit { text } => {
                let text = self.text(*text).to_vec();
                self.run.reply.extend(text);
                Value::Unit
            }
            Op::Push { state, text } => {
                let Value::Text(content) = &self.states[state.index()] else {
                    unreachable!("validated: text is pushed into a text")
                };
                let mut content = content.clone();
                let length = content.len();
                content.extend(self.text(*text).to_ascii_lowercase());
                self.states[state.index()] = Value::Text(content.split_off(content.len() - length));
                Value::Unit
            }
            Op::Write { state, value } => {
                self.states[state.index()] = self.values[value.index()].clone();
                Value::Unit
            }
            // These are the block's business; an exit that is not taken has no value.
            Op::Loop { .. } | Op::ExitIf { .. } | Op::Measure { .. } => Value::Unit,
            Op::Tokenize { .. }
            | Op::Feed { .. }
            | Op::Turn { .. }
            | Op::Act { .. }
            | Op::Random { .. }
            | Op::Choose { .. }
            | Op::Prior { .. }
            | Op::Take { .. }
            | Op::Position { .. }
            | Op::Waiting { .. }
            | Op::Gather { .. }
            | Op::Rescale { .. }
            | Op::Add { .. }
            | Op::Norm { .. }
            | Op::Narrow { .. }
            | Op::Rotate { .. }
            | Op::Append { .. }
            | Op::Attend { .. }
            | Op::Table { .. }
            | Op::Multiply { .. } => self.sequence(&graph.nodes[id].op),
            Op::Convolve { .. }
            | Op::Pool { .. }
            | Op::Bias { .. }
            | Op::Requantize { .. }
            | Op::Widen { .. }
            | Op::Vote { .. }
            | Op::Decide { .. }
            | Op::Numbers { .. } => self.network(&graph.nodes[id].op),
        }
    }

    /// The only constant, or that of this round.
    fn constant(&self, values: &[ConstId], round: usize) -> Value {
        let id = if values.len() == 1 { values[0] } else { values[round] };
        match &self.graph.consts[id].data {
            Data::Matrix { .. } => Value::Matrix(id),
            _ => vector_in(self.graph, id),
        }
    }

    /// What the elements of a vector are.
    fn elem(&self, id: NodeId) -> Elem {
        match self.graph.nodes[id].ty {
            Type::Vector { elem, .. } => elem,
            other => unreachable!("validated: the operand is a vector, not {other}"),
        }
    }

    fn each(&self, input: NodeId, f: impl Fn(i32) -> i32) -> Value {
        Value::Vector(self.vector(input).iter().map(|&x| f(x)).collect())
    }

    fn vector(&self, id: NodeId) -> &[i32] {
        match &self.values[id.index()] {
            Value::Vector(v) => v,
            other => unreachable!("validated: the operand is a vector, not {other:?}"),
        }
    }

    fn text(&self, id: NodeId) -> &[u8] {
        match &self.values[id.index()] {
            Value::Text(t) => t,
            other => unreachable!("validated: the operand is a text, not {other:?}"),
        }
    }

    fn index(&self, id: NodeId) -> usize {
        match self.values[id.index()] {
            Value::Index(i) => i,
            ref other => unreachable!("validated: the operand is an index, not {other:?}"),
        }
    }

    fn product(&self, input: NodeId, weights: ConstId, sum: Elem) -> Vec<i32> {
        // Those that are 0 add nothing: of counts and of rectified values most.
        let x: Vec<(usize, i32)> =
            self.vector(input).iter().copied().enumerate().filter(|(_, x)| *x != 0).collect();
        match &self.graph.consts[weights].data {
            Data::Matrix { cols, values, .. } => values.chunks(*cols).map(|row| dot(row, &x, sum)).collect(),
            other => unreachable!("validated: weights are a matrix, not {other:?}"),
        }
    }
}

/// `Σ w·x` modulo 2^bits, of inputs with their places. Modulo 2^32 on the way, of which 2^bits is a divisor.
fn dot(row: &[i8], x: &[(usize, i32)], sum: Elem) -> i32 {
    sum.wrap(x.iter().fold(0i32, |acc, &(at, x)| acc.wrapping_add(i32::from(row[at]).wrapping_mul(x))))
}

/// Counts in buckets of a text: see [`crate::text`].
pub fn encode(text: &[u8], encoder: Encoder) -> Vec<i16> {
    match encoder {
        Encoder::Trigrams { buckets, bands } => {
            text::count(text::trigram_buckets(text, buckets, bands), buckets)
        }
        Encoder::Ngrams { buckets } => text::count(text::ngram_buckets(text, buckets), buckets),
    }
}

/// The first index of the largest element.
pub fn argmax(logits: &[i16]) -> usize {
    let mut best = 0;
    for (i, &y) in logits.iter().enumerate() {
        if y > logits[best] {
            best = i;
        }
    }
    best
}
