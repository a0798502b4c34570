//! The graph as machines with one accumulator array at a time see it: a list of stages.
//!
//! A stage starts an array of accumulators with constants or with the sums of an earlier stage, then adds
//! one column of weights for each input that is not zero. Shift and ReLU belong to the stage that reads
//! the accumulators next. This view holds for lowered graphs and for graphs still to be lowered.

use super::PlanError;
use crate::ir::{Column, Data, Encoder, Facts, Fold, Graph, NodeId, Op};
use crate::pass::columns_of;

/// A network as a list of stages and what happens with the last one's accumulators.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    pub name: String,
    /// In program order: those that run once per query first.
    pub stages: Vec<Stage>,
    /// How the last accumulators become logits: `y = acc >> shift`.
    pub shift: u8,
    pub answer: Answer,
}

/// One accumulator array and the product that is added to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Name fit for a label: `fc1_query`, `fc2`.
    pub name: String,
    /// Runs in every round of the generation loop, not once per query.
    pub in_loop: bool,
    pub source: Source,
    pub start: Start,
    /// Accumulators, shared sums included.
    pub outputs: usize,
    /// Shared sums, added to the first `visible()` accumulators at the end, the last first.
    pub folds: Vec<Fold>,
    /// Non-zero weights for each input.
    pub columns: Vec<Column>,
    /// The sum in the graph, and the node that holds its final value: the sum, or the fold behind it.
    pub sum: NodeId,
    pub result: NodeId,
}

impl Stage {
    /// Outputs that later stages see: all but shared sums.
    pub fn visible(&self) -> usize {
        self.outputs - self.folds.len()
    }
}

/// A product's name in the graph as part of a label.
pub fn label(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// Where a stage's inputs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Each trigram of the query adds its bucket's column times `factor`.
    Trigrams { buckets: u16, bands: u8, factor: u8 },
    /// Each n-gram of the context window adds its bucket's column times `factor`.
    Ngrams { buckets: u16, length: u8, factor: u8 },
    /// `max(acc >> shift, 0)` of the accumulators of `stage`; at most `most`.
    Hidden { stage: usize, shift: u8, most: i64 },
}

/// What the accumulators start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    Constant(Vec<i16>),
    /// The accumulators of an earlier stage, which keeps them.
    Stage(usize),
}

/// What the index of the largest logit selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A character of `charset`, the last of which is the end mark, in a loop.
    Chat {
        charset: Vec<u8>,
        context: u8,
        max_reply: u8,
    },
    Label {
        labels: Vec<String>,
    },
}

impl Network {
    /// Reads a graph as stages.
    ///
    /// # Errors
    /// [`PlanError::Shape`] where the graph has a shape that no kernel computes.
    pub fn read(graph: &Graph) -> Result<Self, PlanError> {
        let mut stages: Vec<Stage> = Vec::new();
        for (id, node) in graph.nodes.iter() {
            match &node.op {
                Op::Sum { terms } => {
                    let stage = stage(graph, &stages, id, terms)?;
                    stages.push(stage);
                }
                Op::Fold { input, folds } => match (stages.last_mut(), &graph.consts[*folds].data) {
                    (Some(stage), Data::Folds { folds, .. }) if stage.sum == *input => {
                        stage.folds.clone_from(folds);
                        stage.result = id;
                    }
                    _ => return Err(shape("a fold does not follow its sum")),
                },
                _ => {}
            }
        }
        let last = stages.last().ok_or_else(|| shape("there is no layer"))?.result;
        let logits = user(graph, last)?;
        let Op::Shift { bits: shift, .. } = graph.nodes[logits].op else {
            return Err(shape("the last accumulators are not shifted"));
        };
        let index = user(graph, logits)?;
        if !matches!(graph.nodes[index].op, Op::ArgMax { .. }) {
            return Err(shape("the logits do not end in an argmax"));
        }
        let answer = answer(graph, index)?;
        Ok(Self { name: graph.name.clone(), stages, shift, answer })
    }

    /// The last stage: its accumulators are the logits before the shift.
    pub fn output(&self) -> &Stage {
        self.stages.last().expect("read() refuses a network without stages")
    }

    /// The layer of the model that each stage belongs to, from 1 on: a stage that starts with the sums of another
    /// one is a part of the same layer.
    pub fn layers(&self) -> Vec<usize> {
        let mut layers: Vec<usize> = Vec::new();
        for stage in &self.stages {
            layers.push(match stage.start {
                Start::Stage(from) => layers[from],
                Start::Constant(_) => layers.last().map_or(1, |last| last + 1),
            });
        }
        layers
    }

    /// Stages that read the accumulators of `stage`, as input or as start.
    pub fn readers(&self, stage: usize) -> impl Iterator<Item = usize> + '_ {
        let reads = move |s: &Stage| {
            s.start == Start::Stage(stage)
                || matches!(s.source, Source::Hidden { stage: from, .. } if from == stage)
        };
        self.stages.iter().enumerate().filter(move |(_, s)| reads(s)).map(|(i, _)| i)
    }
}

fn shape(problem: &str) -> PlanError {
    PlanError::Shape(problem.to_string())
}

/// The only user of a node.
fn user(graph: &Graph, id: NodeId) -> Result<NodeId, PlanError> {
    let mut users = graph.users(id);
    match (users.next(), users.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(PlanError::Shape(format!("%{} has not exactly one user", id.index()))),
    }
}

fn stage(graph: &Graph, before: &[Stage], sum: NodeId, terms: &[NodeId]) -> Result<Stage, PlanError> {
    let mut start = None;
    let mut product = None;
    for &term in terms {
        let slot = match &graph.nodes[term].op {
            Op::Dense { .. } | Op::Mac { .. } => {
                if product.replace(term).is_some() {
                    return Err(shape("a sum has two products"));
                }
                continue;
            }
            Op::Constant { value } => match &graph.consts[*value].data {
                Data::Vector(values) => Start::Constant(values.clone()),
                _ => return Err(shape("a start is not a vector")),
            },
            _ => match before.iter().position(|s| s.result == term) {
                Some(stage) => Start::Stage(stage),
                None => return Err(shape("a sum has a term that is neither product, constant nor sum")),
            },
        };
        if start.replace(slot).is_some() {
            return Err(shape("a sum has two starts"));
        }
    }
    let outputs = graph.width(sum);
    let product = product.ok_or_else(|| shape("a sum has no product"))?;
    let node = &graph.nodes[product];
    let input = node.op.operands()[0];
    Ok(Stage {
        name: label(&node.name),
        in_loop: node.region != Graph::ENTRY,
        source: source(graph, before, input)?,
        start: start.unwrap_or_else(|| Start::Constant(vec![0; outputs])),
        outputs,
        folds: vec![],
        columns: columns_of(graph, product).ok_or_else(|| shape("a product has no weights"))?,
        sum,
        result: sum,
    })
}

fn source(graph: &Graph, before: &[Stage], input: NodeId) -> Result<Source, PlanError> {
    match &graph.nodes[input].op {
        Op::Scale { input: counts, factor } => {
            let factor = u8::try_from(*factor).map_err(|_| shape("counts are scaled by more than a byte"))?;
            match &graph.nodes[*counts].op {
                Op::Encode { text, encoder: Encoder::Trigrams { buckets, bands } } => {
                    match graph.nodes[*text].op {
                        Op::Query { .. } => Ok(Source::Trigrams { buckets: *buckets, bands: *bands, factor }),
                        _ => Err(shape("trigrams are not taken of the query")),
                    }
                }
                Op::Encode { text, encoder: Encoder::Ngrams { buckets } } => match graph.nodes[*text].op {
                    Op::State { state } => {
                        let length = u8::try_from(graph.states[state].length)
                            .map_err(|_| shape("the context is too long"))?;
                        Ok(Source::Ngrams { buckets: *buckets, length, factor })
                    }
                    _ => Err(shape("n-grams are not taken of a state")),
                },
                _ => Err(shape("scaled values are not counts")),
            }
        }
        Op::Relu { input: shifted } => {
            let Op::Shift { input: sum, bits } = graph.nodes[*shifted].op else {
                return Err(shape("a rectified vector is not shifted"));
            };
            let stage = before
                .iter()
                .position(|s| s.result == sum)
                .ok_or_else(|| shape("a shifted vector is no sum"))?;
            let facts: &Facts = &graph.nodes[input].facts;
            let most = facts.hull().map_or(i64::from(i16::MAX >> bits), |r| r.most);
            Ok(Source::Hidden { stage, shift: bits, most })
        }
        other => Err(PlanError::Shape(format!("a product takes its input from {}", other.name()))),
    }
}

fn answer(graph: &Graph, index: NodeId) -> Result<Answer, PlanError> {
    let table = graph.users(index).find_map(|u| match graph.nodes[u].op {
        Op::Lookup { table, .. } => Some(table),
        _ => None,
    });
    match table.map(|t| &graph.consts[t].data) {
        Some(Data::Labels(labels)) => Ok(Answer::Label { labels: labels.clone() }),
        Some(Data::Charset(charset)) => {
            let region = graph.nodes[index].region;
            let state = graph.states.iter().find(|(_, s)| s.region == region);
            let length = state.map(|(_, s)| s.length).ok_or_else(|| shape("the loop has no context"))?;
            let narrow = |n: usize| u8::try_from(n).map_err(|_| shape("a context or reply is too long"));
            Ok(Answer::Chat {
                charset: charset.clone(),
                context: narrow(length)?,
                max_reply: narrow(graph.regions[region].max_steps as usize)?,
            })
        }
        _ => Err(shape("the index selects nothing")),
    }
}
