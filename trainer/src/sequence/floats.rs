//! Float networks that training goes on from. Their weights are the shadows that a network of integers begins with, or stay as they
//! are, with adapters beside them.

use super::distill::student;
use super::layout::Layout;
use super::resume::Parameters;
use super::settings::Method;
use super::shape::Shape;
use super::start::{imported, normal, settle};
use super::task::Texts;
use crate::error::TrainError;
use crate::schedule::{SettingsError, whole};
use mlc_compiler::import::sequence::quantize::Quantized;
use mlc_compiler::import::sequence::{Checkpoint, Position};
use mlc_compiler::model::{Answer, Body, Grid, Head, Model, Reader, Story, Tokens};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The parameters of a float network, for a network of this shape, which [`student`] has made: its own, with more tokens perhaps. Rows
/// of new tokens are as large as the others, and begin at random. `texts` are some that it will be trained on.
///
/// # Errors
/// Something that the trainer does not have; fewer tokens.
pub fn floats_of(
    network: &Checkpoint,
    shape: &Shape,
    texts: &Texts,
    seed: u64,
) -> Result<Parameters, TrainError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let wider = widened(network, shape, &mut rng)?;
    let layout = Layout::new(shape);
    let mut values = imported(&layout, &wider).map_err(|e| TrainError::Data(e.to_string()))?;
    if let (Some(_), Some(tensor)) = (shape.labels, &layout.output) {
        let deviation = 1.0 / (tensor.cols as f32).sqrt();
        values[tensor.range()].iter_mut().for_each(|w| *w = deviation * normal(&mut rng));
    }
    settle(&layout, &wider, (shape.weights, Method::StraightThrough), texts, &mut values)
        .map_err(|e| TrainError::Data(e.to_string()))?;
    Ok(Parameters { values, ranges: None, prior: None })
}

/// The network with rows for tokens and positions that a shape has beyond its own, and without an output that labels take the place of.
fn widened(network: &Checkpoint, shape: &Shape, rng: &mut ChaCha8Rng) -> Result<Checkpoint, TrainError> {
    network.check().map_err(|e| TrainError::Data(e.to_string()))?;
    let (known, wanted) = (network.shape.vocabulary, shape.network.vocabulary);
    if wanted < known {
        return Err(TrainError::Data(format!("the network has {known} tokens, the texts want {wanted}")));
    }
    let mut wider = network.clone();
    let dim = network.shape.dim;
    (wider.shape.vocabulary, wider.shape.positions) = (wanted, shape.network.positions);
    widen(&mut wider.embedding, wanted * dim, rng);
    if let Some(rows) = &mut wider.learnt_positions {
        widen(rows, shape.network.positions.unwrap_or(0) * dim, rng);
    }
    if shape.labels.is_some() {
        wider.output = None;
    }
    if let Some(output) = &mut wider.output {
        output.outputs = wanted;
        widen(&mut output.weights, wanted * dim, rng);
    }
    Ok(wider)
}

/// Makes a table as long as it has to be, with numbers of a normal distribution as large as those that are there.
fn widen(table: &mut Vec<f32>, wanted: usize, rng: &mut ChaCha8Rng) {
    let deviation = (table.iter().map(|w| w * w).sum::<f32>() / table.len().max(1) as f32).sqrt();
    table.truncate(wanted);
    while table.len() < wanted {
        table.push(deviation * normal(rng));
    }
}

/// How a float network is rounded together with its adapters, and how many tokens its model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rounding {
    /// Of the blocks' matrices.
    #[serde(with = "GridOf")]
    pub weights: Grid,
    /// Of embedding, learnt positions and output.
    #[serde(with = "GridOf")]
    pub embedding: Grid,
    /// Positions whose keys and values are kept.
    pub window: usize,
    /// Most tokens that are read for a question.
    pub most: u16,
}

/// How a grid is written in an adapter's file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Grid")]
enum GridOf {
    Symmetric { bits: u8 },
    Ternary,
    TwoBits,
}

impl Rounding {
    fn check(self) -> Result<(), SettingsError> {
        for grid in [self.weights, self.embedding] {
            if let Grid::Symmetric { bits } = grid {
                whole("bits of weights", bits.into(), 3, 8)?;
            }
        }
        whole("most tokens", self.most.into(), 2, u16::MAX.into())
    }
}

/// A float network that adapters stand beside: they are added to its floats, and both are rounded together.
#[derive(Debug, Clone)]
pub struct FloatBase {
    head: Head,
    reader: Tokens,
    story: Story,
    pub(super) rounding: Rounding,
    pub(super) fingerprint: String,
    pub(super) shape: Shape,
    values: Vec<f32>,
}

impl FloatBase {
    /// `head`, `reader` and `story` are those of the model that importing gives; `fingerprint` tells the network from others.
    ///
    /// # Errors
    /// A network with something that the trainer does not have; a tokenizer of another one; learnt positions that end early.
    pub fn new(
        network: &Checkpoint,
        rounding: Rounding,
        (head, reader, story): (Head, Tokens, Story),
        fingerprint: String,
    ) -> Result<Self, TrainError> {
        let wrong = |what: String| Err(TrainError::Data(what));
        rounding.check()?;
        let (tokens, known) = (reader.tokenizer.pieces.len(), network.shape.vocabulary);
        if tokens != known {
            return wrong(format!("the tokenizer has {tokens} tokens, the network {known}"));
        }
        let (most, positions) = (usize::from(rounding.most), network.shape.positions.unwrap_or(0));
        if network.shape.position == Position::Learnt && positions < most {
            return wrong(format!("the network has learnt {positions} positions, and {most} are to be read"));
        }
        let mut shape = student(network, rounding.weights, rounding.embedding, rounding.window);
        shape.network.positions = Some(most);
        shape.check()?;
        // Nothing is added: the seed does not matter.
        let wider = widened(network, &shape, &mut ChaCha8Rng::seed_from_u64(0))?;
        let layout = Layout::new(&shape);
        let values = imported(&layout, &wider).map_err(|e| TrainError::Data(e.to_string()))?;
        Ok(Self { head, reader, story, rounding, fingerprint, shape, values })
    }

    /// What adapters are added to.
    pub fn parameters(&self) -> Parameters {
        Parameters { values: self.values.clone(), ranges: None, prior: None }
    }

    pub(super) fn name(&self) -> &str {
        &self.head.name
    }

    /// The model with a network of integers.
    pub(super) fn with(&self, network: Quantized) -> Model {
        Model {
            head: self.head.clone(),
            reader: Reader::Tokens(self.reader.clone()),
            body: Body::Transformer(network.body),
            answer: Answer::Story(Story { logit_bits: network.logit_bits, ..self.story.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::Example;
    use super::super::start::tests::network;
    use super::*;
    use mlc_compiler::tokens::Tokenizer;

    const BITS: Grid = Grid::Symmetric { bits: 4 };

    fn texts() -> Texts {
        let text = |tokens: &Vec<u32>| Example { tokens: tokens.clone(), counts: vec![true; tokens.len()] };
        Texts::new(network().1.iter().map(text).collect())
    }

    /// The shape of the network with so many tokens.
    fn shape(vocabulary: usize, weights: Grid) -> Shape {
        let mut shape = student(&network().0, weights, BITS, 16);
        shape.network.vocabulary = vocabulary;
        shape
    }

    #[test]
    fn rows_of_new_tokens_are_as_large_as_the_others() {
        let (network, _) = network();
        let dim = network.shape.dim;
        let of = |seed: u64| floats_of(&network, &shape(40, Grid::Ternary), &texts(), seed).unwrap().values;
        let (one, other) = (of(1), of(2));
        let known = network.embedding.len();
        assert_eq!(one[..known], network.embedding);
        assert_eq!(other[..known], network.embedding);
        let new = |values: &[f32]| values[known..40 * dim].to_vec();
        assert_ne!(new(&one), new(&other), "the seed decides");
        let size = |values: &[f32]| (values.iter().map(|w| w * w).sum::<f32>() / values.len() as f32).sqrt();
        let ratio = size(&new(&one)) / size(&network.embedding);
        assert!((0.85..1.15).contains(&ratio), "{ratio}");
        // The blocks do not change.
        let blocks = |tokens: usize, values: &[f32]| {
            let layout = Layout::new(&shape(tokens, Grid::Ternary));
            let ends = (layout.blocks.first(), layout.blocks.last());
            let (Some(first), Some(last)) = ends else { panic!("there are blocks") };
            values[first.qkv.at..last.down.range().end].to_vec()
        };
        let plain = floats_of(&network, &shape(11, Grid::Ternary), &texts(), 1).unwrap().values;
        assert_eq!(blocks(40, &one), blocks(11, &plain));
        // With more bits weights are rounded as distillation rounds them, with new tokens in the texts too.
        let mut more = texts();
        more.examples[0].tokens[3] = 39;
        let bits = floats_of(&network, &shape(40, BITS), &more, 1).unwrap().values;
        assert_ne!(blocks(40, &bits), blocks(11, &plain));
        let e = floats_of(&network, &shape(10, BITS), &texts(), 1).unwrap_err().to_string();
        assert!(e.contains("the network has 11 tokens, the texts want 10"), "{e}");
    }

    #[test]
    fn outputs_of_labels_begin_fresh() {
        let (network, _) = network();
        let mut shape = shape(11, Grid::Ternary);
        (shape.labels, shape.tied, shape.gain) = (Some(3), false, false);
        let values = floats_of(&network, &shape, &texts(), 1).unwrap().values;
        let output = Layout::new(&shape).output.expect("labels have one");
        let row = &values[output.range()];
        assert!(output.rows == 3 && row.iter().all(|&w| w != 0.0 && w.abs() < 2.0), "{row:?}");
    }

    #[test]
    fn bases_are_held_to_their_rounding() {
        let (network, _) = network();
        let base = |rounding: Rounding, tokens: u8| {
            let pieces = (0..tokens).map(|i| vec![b'a' + i]).collect();
            let tokenizer = Tokenizer::characters(pieces, None).unwrap();
            let reader = Tokens { tokenizer, max_length: 62 };
            let model = (Head::default(), reader, Story::plain(vec![0], rounding.most, 0));
            FloatBase::new(&network, rounding, model, "base".into())
        };
        let rounding = Rounding { weights: BITS, embedding: BITS, window: 16, most: 32 };
        let found = base(rounding, 11).unwrap();
        // No text decides about what adapters are added to.
        let layout = Layout::new(&found.shape);
        assert_eq!(found.parameters().values, imported(&layout, &network).unwrap());
        for (rounding, tokens, says) in [
            (Rounding { weights: Grid::Symmetric { bits: 9 }, ..rounding }, 11, "bits of weights is 9"),
            (Rounding { embedding: Grid::Symmetric { bits: 2 }, ..rounding }, 11, "bits of weights is 2"),
            (Rounding { window: 1, ..rounding }, 11, "window is 1"),
            (Rounding { most: 1, ..rounding }, 11, "most tokens is 1"),
            (rounding, 12, "the tokenizer has 12 tokens, the network 11"),
        ] {
            let e = base(rounding, tokens).unwrap_err().to_string();
            assert!(e.contains(says), "{e}");
        }
    }
}
