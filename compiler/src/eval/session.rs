//! Several queries, one after the other, as a program gets them between its start and its end.

use super::{Input, Machine, Run, Value, started};
use crate::ir::{Graph, Node, NodeId, Op, StateType};
use crate::text;
use std::collections::BTreeMap;

/// The line that begins a new conversation, in small or capital letters.
pub const CLEAR: &str = "/clear";

/// A program that has been started. It keeps what the graph says that it keeps: random numbers, and the conversation
/// where it goes on from line to line.
#[derive(Clone)]
pub struct Session<'a> {
    graph: &'a Graph,
    states: Vec<Value>,
    /// What tools read.
    inputs: BTreeMap<String, u16>,
}

impl<'a> Session<'a> {
    pub fn new(graph: &'a Graph) -> Self {
        let states = graph.states.iter().map(|(_, state)| started(graph, state)).collect();
        Self { graph, states, inputs: BTreeMap::new() }
    }

    /// The same, whose tools read these values by their names. A tool without one reads 0.
    #[must_use]
    pub fn reading(self, inputs: impl IntoIterator<Item = (String, u16)>) -> Self {
        Self { inputs: inputs.into_iter().collect(), ..self }
    }

    /// Runs the graph on a query as typed. Where the network reads queries folded, an empty one gives an empty reply and
    /// no step. Where it keeps conversations, [`CLEAR`] begins a new one.
    pub fn ask(&mut self, query: &[u8]) -> Run {
        self.observed(query, &mut |_, _| {})
    }

    /// [`Session::ask`], with every value shown to `observe` as it is computed.
    pub fn observed(&mut self, query: &[u8], observe: &mut dyn FnMut(NodeId, &Value)) -> Run {
        let as_typed = reads_as_typed(self.graph);
        let query = if as_typed { query.to_vec() } else { text::normalize(query) };
        if query.is_empty() && !as_typed {
            return Run::default();
        }
        if self.graph.keeps_conversation() && query.eq_ignore_ascii_case(CLEAR.as_bytes()) {
            self.clear();
            return Run { is_utf8: as_typed, ..Run::default() };
        }
        Run { is_utf8: as_typed, ..self.start(Input::Text(query), observe) }
    }

    /// Begins a new conversation. Random numbers go on.
    pub fn clear(&mut self) {
        restart(self.graph, &mut self.states);
    }

    /// Tokens that the conversation has so far.
    pub fn position(&self) -> usize {
        let taken = |state: &Value| match state {
            Value::Queue(queue) => Some(queue.taken),
            _ => None,
        };
        self.states.iter().find_map(taken).unwrap_or(0)
    }

    /// Reads tokens in a graph of [`crate::ir::build_scoring`], behind those that were read before. `see` gets the logits behind
    /// each of them, which the run does not keep.
    pub fn read(&mut self, tokens: &[u32], see: &mut dyn FnMut(&[i32])) {
        let is_choice = |id: NodeId| match self.graph.nodes[id].op {
            Op::ArgMax { input } => Some(input),
            _ => None,
        };
        let choice = self.graph.nodes.ids().find_map(is_choice);
        self.start(Input::Tokens(tokens.to_vec()), &mut |id, value| {
            if let (true, Value::Vector(logits)) = (Some(id) == choice, value) {
                see(logits);
            }
        });
    }

    pub(super) fn start(&mut self, input: Input, observe: &mut dyn FnMut(NodeId, &Value)) -> Run {
        let mut machine = Machine {
            graph: self.graph,
            input,
            values: vec![Value::Unit; self.graph.nodes.len()],
            states: std::mem::take(&mut self.states),
            inputs: &self.inputs,
            run: Run::default(),
            observe,
        };
        machine.enter(Graph::ENTRY);
        machine.block(Graph::ENTRY, 0);
        self.states = machine.states;
        machine.run
    }
}

/// Starts what belongs to a conversation anew.
pub(super) fn restart(graph: &Graph, states: &mut [Value]) {
    for (id, state) in graph.states.iter().filter(|(_, state)| state.kept) {
        if !matches!(state.ty, StateType::Random { .. }) {
            states[id.index()] = started(graph, state);
        }
    }
}

/// Whether a network reads queries as they are typed, and writes UTF-8.
pub fn reads_as_typed(graph: &Graph) -> bool {
    graph.nodes.iter().any(|(_, node)| matches!(node.op, Op::Query { as_typed: true, .. }))
}

/// The nodes whose texts are shown when they have been computed, in that order.
pub fn shown(graph: &Graph) -> Vec<NodeId> {
    let text = |node: &Node| match node.op {
        Op::Emit { text } => Some(text),
        _ => None,
    };
    graph.nodes.iter().filter_map(|(_, node)| text(node)).collect()
}
