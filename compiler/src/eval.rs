//! The reference interpreter: what a graph computes, exactly. Every back end is checked against it.

use crate::ir::{Column, ConstId, Data, Encoder, Graph, NodeId, Op, RegionId};
use crate::text;
use std::collections::BTreeMap;

/// A value while a graph runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(Vec<u8>),
    Vector(Vec<i16>),
    /// The matrix in a constant, by reference.
    Matrix(ConstId),
    Index(usize),
    Unit,
}

/// What one query led to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Run {
    /// The reply in the charset's bytes, or the label.
    pub reply: Vec<u8>,
    /// Logits of each pass through the last layer, the one that gave the end mark included.
    pub logits: Vec<Vec<i16>>,
}

impl Run {
    /// The reply as text: each byte the character of that number.
    pub fn text(&self) -> String {
        self.reply.iter().map(|&b| char::from(b)).collect()
    }

    /// Passes through the network.
    pub fn steps(&self) -> usize {
        self.logits.len()
    }
}

/// Runs `graph` on a query as typed. An empty query gives an empty reply and no step.
pub fn run(graph: &Graph, query: &[u8]) -> Run {
    run_observed(graph, query, &mut |_, _| {})
}

/// [`run`], with every value shown to `observe` as it is computed.
pub fn run_observed(graph: &Graph, query: &[u8], observe: &mut dyn FnMut(NodeId, &Value)) -> Run {
    let query = text::normalize(query);
    if query.is_empty() {
        return Run::default();
    }
    let mut machine = Machine {
        graph,
        query,
        values: vec![Value::Unit; graph.nodes.len()],
        states: graph.states.iter().map(|(_, s)| vec![b' '; s.length]).collect(),
        pushed: BTreeMap::new(),
        run: Run::default(),
        observe,
    };
    machine.program();
    machine.run
}

struct Machine<'a> {
    graph: &'a Graph,
    query: Vec<u8>,
    values: Vec<Value>,
    states: Vec<Vec<u8>>,
    /// States pushed in this round; they change when it ends.
    pushed: BTreeMap<usize, Vec<u8>>,
    run: Run,
    observe: &'a mut dyn FnMut(NodeId, &Value),
}

impl Machine<'_> {
    /// Runs the nodes in order; a contiguous run of nodes of a loop region is repeated.
    fn program(&mut self) {
        let nodes: Vec<_> = self.graph.nodes.ids().collect();
        for part in nodes.chunk_by(|&a, &b| self.graph.nodes[a].region == self.graph.nodes[b].region) {
            self.region(self.graph.nodes[part[0]].region, part);
        }
    }

    fn region(&mut self, region: RegionId, nodes: &[NodeId]) {
        for _ in 0..self.graph.regions[region].max_steps {
            for &id in nodes {
                let Some(value) = self.node(id) else { return };
                (self.observe)(id, &value);
                self.values[id.index()] = value;
            }
            for (state, content) in std::mem::take(&mut self.pushed) {
                self.states[state] = content;
            }
        }
    }

    /// The node's value; `None` when it leaves the loop.
    fn node(&mut self, id: NodeId) -> Option<Value> {
        let graph = self.graph;
        Some(match &graph.nodes[id].op {
            Op::Query { .. } => Value::Text(self.query.clone()),
            Op::State { state } => Value::Text(self.states[state.index()].clone()),
            Op::Encode { text, encoder } => Value::Vector(encode(self.text(*text), *encoder)),
            Op::Scale { input, factor } => self.each(*input, |x| x.wrapping_mul(*factor)),
            Op::Shift { input, bits } => self.each(*input, |x| x >> bits),
            Op::Relu { input } => self.each(*input, |x| x.max(0)),
            Op::Concat { inputs } => {
                Value::Vector(inputs.iter().flat_map(|&i| self.vector(i)).copied().collect())
            }
            Op::Constant { value } => match &graph.consts[*value].data {
                Data::Vector(values) => Value::Vector(values.clone()),
                other => unreachable!("validated: a constant node holds a vector, not {other:?}"),
            },
            Op::Unpack { weights } => Value::Matrix(*weights),
            Op::Dense { input, weights } => match self.values[weights.index()] {
                Value::Matrix(weights) => Value::Vector(self.product(*input, weights)),
                ref other => unreachable!("validated: weights are a matrix, not {other:?}"),
            },
            Op::Mac { input, weights, .. } => Value::Vector(self.product(*input, *weights)),
            Op::Sum { terms } => {
                let mut sum = vec![0i16; graph.width(id)];
                for &term in terms {
                    sum.iter_mut().zip(self.vector(term)).for_each(|(s, &x)| *s = s.wrapping_add(x));
                }
                Value::Vector(sum)
            }
            Op::ArgMax { input } => {
                let logits = self.vector(*input).to_vec();
                let index = argmax(&logits);
                self.run.logits.push(logits);
                Value::Index(index)
            }
            Op::ExitIf { index, equals } => {
                if self.index(*index) == *equals {
                    return None;
                }
                Value::Unit
            }
            Op::Lookup { index, table } => Value::Text(match &graph.consts[*table].data {
                Data::Charset(bytes) => vec![bytes[self.index(*index)]],
                Data::Labels(labels) => labels[self.index(*index)].clone().into_bytes(),
                other => unreachable!("validated: a table holds texts, not {other:?}"),
            }),
            Op::Emit { text } => {
                let text = self.text(*text).to_vec();
                self.run.reply.extend(text);
                Value::Unit
            }
            Op::Push { state, text } => {
                let mut content = self.states[state.index()].clone();
                content.extend(self.text(*text).to_ascii_lowercase());
                let surplus = content.len() - graph.states[*state].length;
                self.pushed.insert(state.index(), content.split_off(surplus));
                Value::Unit
            }
        })
    }

    fn each(&self, input: NodeId, f: impl Fn(i16) -> i16) -> Value {
        Value::Vector(self.vector(input).iter().map(|&x| f(x)).collect())
    }

    fn vector(&self, id: NodeId) -> &[i16] {
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

    fn product(&self, input: NodeId, weights: ConstId) -> Vec<i16> {
        let x = self.vector(input);
        match &self.graph.consts[weights].data {
            Data::Matrix { cols, values, .. } => values.chunks(*cols).map(|row| dot(row, x)).collect(),
            Data::Columns { rows, columns } => add_columns(*rows, columns, x),
            other => unreachable!("validated: weights are a matrix or columns, not {other:?}"),
        }
    }
}

/// `Σ w·x` modulo 65536.
fn dot(row: &[i8], x: &[i16]) -> i16 {
    row.iter().zip(x).fold(0i16, |acc, (&w, &x)| acc.wrapping_add(i16::from(w).wrapping_mul(x)))
}

fn add_columns(rows: usize, columns: &[Column], x: &[i16]) -> Vec<i16> {
    let mut acc = vec![0i16; rows];
    for (column, &x) in columns.iter().zip(x).filter(|(_, x)| **x != 0) {
        for &o in &column.plus {
            acc[usize::from(o)] = acc[usize::from(o)].wrapping_add(x);
        }
        for &o in &column.minus {
            acc[usize::from(o)] = acc[usize::from(o)].wrapping_sub(x);
        }
    }
    acc
}

/// Counts in buckets of a text: see [`crate::text`].
pub fn encode(text: &[u8], encoder: Encoder) -> Vec<i16> {
    match encoder {
        Encoder::Trigrams { buckets } => text::count(text::trigram_buckets(text, buckets), buckets),
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
