//! A matrix product into an array of accumulators: which nodes it claims, and what a kernel must know of it.
//!
//! A product starts its accumulators with constants or with those of an earlier stage, then adds `W·x`. Shift and ReLU
//! belong to the stage that reads the accumulators next.

use super::bytes::{Bytes, Counted};
use super::read::{Reading, label, shape};
use super::{ArrayElem, ShapeError, Stage, Work};
use crate::ir::{BlockId, Encoder, Graph, NodeId, Op, StateType};
use crate::weights::{Column, Fold};
use std::sync::Arc;

/// A matrix product.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    pub source: Source,
    pub start: Start,
    /// Accumulators, shared sums included.
    pub outputs: usize,
    /// Shared sums, added to the first [`Product::visible`] accumulators at the end, the last first.
    pub folds: Vec<Fold>,
    /// The weights of each input that are not zero.
    pub columns: Arc<Vec<Column>>,
    /// Where the first layer counts in bytes: whether this product does so itself, or reads them.
    pub bytes: Option<Counted>,
    /// Columns in a faster form than the others; empty where all are alike.
    pub quick: Vec<bool>,
    /// The sum in the graph, whose elements are the visible accumulators in the end.
    pub sum: NodeId,
}

/// Where a product's inputs come from.
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

impl Product {
    /// Outputs that later stages see: all but shared sums.
    pub fn visible(&self) -> usize {
        self.outputs - self.folds.len()
    }

    /// Whether its inputs are n-grams of a text, counted in buckets.
    pub fn is_hashed(&self) -> bool {
        self.hidden().is_none()
    }

    /// The stage whose accumulators are its inputs, if they are any's.
    pub fn hidden(&self) -> Option<usize> {
        match self.source {
            Source::Hidden { stage, .. } => Some(stage),
            Source::Trigrams { .. } | Source::Ngrams { .. } => None,
        }
    }

    /// Whether its inputs can be above 255.
    pub fn is_big(&self) -> bool {
        matches!(self.source, Source::Hidden { most, .. } if most > 255)
    }

    /// What its accumulators have.
    pub fn elem(&self) -> ArrayElem {
        match self.counts() {
            Some(_) => ArrayElem::Bytes,
            None if self.is_big() => ArrayElem::Carried,
            None => ArrayElem::Words,
        }
    }

    /// Byte accumulators, if it counts in them.
    pub fn counts(&self) -> Option<&Bytes> {
        match &self.bytes {
            Some(Counted::Counts(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Byte accumulators, if it reads them.
    pub fn reads_bytes(&self) -> Option<&Bytes> {
        match &self.bytes {
            Some(Counted::Reads(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Its start values, where they are constants.
    pub fn constants(&self) -> Option<&[i16]> {
        match &self.start {
            Start::Constant(values) => Some(values),
            Start::Stage(_) => None,
        }
    }
}

/// Claims a sum with its product, its start, and what the product reads.
///
/// # Errors
/// A sum of another shape.
pub(super) fn claim(
    reading: &Reading,
    (block, sum): (BlockId, NodeId),
    terms: &[NodeId],
) -> Result<Stage, ShapeError> {
    let graph = reading.graph;
    let mut start = None;
    let mut product = None;
    for &term in terms {
        let slot = match &graph.nodes[term].op {
            Op::Product { .. } => {
                if product.replace(term).is_some() {
                    return Err(shape("a sum has two products"));
                }
                continue;
            }
            Op::Constant { .. } => match graph.vector(term) {
                Some(values) => Start::Constant(values.to_vec()),
                None => return Err(shape("a start is not one vector")),
            },
            _ => match reading.writer(term) {
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
    let (_, cols, values) = graph.matrix(product).ok_or_else(|| shape("a product has not one matrix"))?;
    let start = start.unwrap_or_else(|| Start::Constant(vec![0; outputs]));
    // What starts with the sums of another stage is a part of the same layer.
    let layer = match start {
        Start::Stage(from) => reading.stages[from].layer,
        Start::Constant(_) => reading.stages.last().map_or(1, |last| last.layer + 1),
    };
    let work = Work::Product(Product {
        source: source(reading, input)?,
        start,
        outputs,
        folds: vec![],
        columns: Arc::new(Column::of_matrix(cols, values)),
        bytes: None,
        quick: vec![],
        sum,
    });
    Ok(Stage { name: label(&node.name), layer, in_loop: block != Graph::ENTRY, work })
}

fn source(reading: &Reading, input: NodeId) -> Result<Source, ShapeError> {
    let graph = reading.graph;
    match &graph.nodes[input].op {
        Op::Scale { input: counts, factor } => {
            let factor = u8::try_from(*factor).map_err(|_| shape("counts are scaled by more than a byte"))?;
            let Op::Encode { text, encoder } = &graph.nodes[*counts].op else {
                return Err(shape("scaled values are not counts"));
            };
            hashed(graph, *text, *encoder, factor)
        }
        Op::Relu { input: shifted } => {
            let Op::Shift { input: sum, bits } = graph.nodes[*shifted].op else {
                return Err(shape("a rectified vector is not shifted"));
            };
            let stage = reading.writer(sum).ok_or_else(|| shape("a shifted vector is no sum"))?;
            let most = graph.nodes[input].facts.hull().map_or(i64::from(i16::MAX >> bits), |r| r.most);
            Ok(Source::Hidden { stage, shift: bits, most })
        }
        other => Err(ShapeError(format!("a product takes its input from {}", other.name()))),
    }
}

/// Counts of n-grams.
fn hashed(graph: &Graph, text: NodeId, encoder: Encoder, factor: u8) -> Result<Source, ShapeError> {
    match (encoder, &graph.nodes[text].op) {
        (Encoder::Trigrams { buckets, bands }, Op::Query { .. }) => {
            Ok(Source::Trigrams { buckets, bands, factor })
        }
        (Encoder::Trigrams { .. }, _) => Err(shape("trigrams are not taken of the query")),
        (Encoder::Ngrams { buckets }, Op::Read { state }) => match graph.states[*state].ty {
            StateType::Text { length } => {
                let length = u8::try_from(length).map_err(|_| shape("the context is too long"))?;
                Ok(Source::Ngrams { buckets, length, factor })
            }
            StateType::Vector { .. }
            | StateType::Tokens { .. }
            | StateType::Cache { .. }
            | StateType::Random { .. } => Err(shape("n-grams are not taken of a text")),
        },
        (Encoder::Ngrams { .. }, _) => Err(shape("n-grams are not taken of a state")),
    }
}
