//! A float network and its tokenizer → a [`Model`].

use super::hugging_face::Generation;
use super::quantize::{self, Quantization, Unsuitable};
use super::{Checkpoint, Problem};
use crate::model::{Answer, Body, Choice, Draw, Head, Model, ModelError, Penalty, Reader, Story, Tokens};
use crate::tokens::{EncodeError, Tokenizer};
use crate::words::{count, grouped};
use thiserror::Error;

/// Tokens of a text that a network writes itself where there is none to calibrate on.
const OWN_LENGTH: usize = 160;
/// Most and fewest texts of that length that a network is calibrated on.
const TEXTS: (usize, usize) = (96, 4);
/// Weights times tokens that calibration may take: a minute or so.
const WORK: usize = 1 << 32;
/// Most tokens of a story where nothing says how many.
const MOST: u16 = 256;

/// What is wanted of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub head: Head,
    pub how: Quantization,
    /// Most tokens that are read for a question, its own and those written; as many as the network was trained for, up
    /// to 256, if `None`.
    pub most: Option<u16>,
    /// Longest line that the program's own prompt takes, in bytes.
    pub max_length: u8,
    /// Texts to calibrate on; the network writes some itself if there is none.
    pub texts: Vec<Vec<u8>>,
}

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoModel {
    #[error(transparent)]
    Network(#[from] Problem),
    #[error(transparent)]
    Unsuitable(#[from] Unsuitable),
    #[error("the tokenizer has {}, the network {}", count(*tokenizer, "token"), grouped(*network as u64))]
    Vocabulary { tokenizer: usize, network: usize },
    #[error("a text to calibrate on: {0}")]
    Text(#[from] EncodeError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl NoModel {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Network(problem) | Self::Unsuitable(Unsuitable::Network(problem)) => problem.help(),
            Self::Unsuitable(_) => "give texts like those that the network was trained on",
            Self::Vocabulary { .. } => "give the tokenizer that the network was trained with",
            Self::Text(error) => error.help(),
            Self::Model(error) => error.help(),
        }
    }
}

/// Checks that a tokenizer belongs to a network.
///
/// # Errors
/// It has more or fewer tokens.
pub fn check_vocabulary(checkpoint: &Checkpoint, tokenizer: &Tokenizer) -> Result<(), NoModel> {
    let (tokenizer, network) = (tokenizer.pieces.len(), checkpoint.shape.vocabulary);
    if tokenizer == network { Ok(()) } else { Err(NoModel::Vocabulary { tokenizer, network }) }
}

/// Tokens of texts to calibrate on, fewer for a large network. Without a text, the network writes some.
///
/// # Errors
/// A text with a character that has no token.
pub fn calibration(
    checkpoint: &Checkpoint,
    tokenizer: &Tokenizer,
    texts: &[Vec<u8>],
) -> Result<Vec<Vec<u32>>, NoModel> {
    let affordable = WORK / (checkpoint.weights() as usize).max(1) / OWN_LENGTH;
    let count = affordable.clamp(TEXTS.1, TEXTS.0);
    if texts.is_empty() {
        return Ok(quantize::own_texts(checkpoint, tokenizer.bos.unwrap_or(0), count, OWN_LENGTH)?);
    }
    let mut left = count * OWN_LENGTH;
    let mut all = Vec::new();
    for text in texts {
        if left == 0 {
            break;
        }
        let mut tokens = tokenizer.framed(&tokenizer.encode(text)?);
        tokens.truncate(left);
        left -= tokens.len();
        all.push(tokens);
    }
    Ok(all)
}

/// Likeliest tokens that are drawn of where a file does not say how many.
const TOP_K: u8 = 50;

/// How tokens are chosen, as the owner of a network has it. More than 255 likeliest tokens are 255.
///
/// # Errors
/// A number that programs do not reach.
fn choice(generation: &Generation) -> Result<Choice, Problem> {
    let thousandths = |field: &str, value: Option<f32>, default: u16, (least, most): (u16, u16)| {
        let Some(value) = value else { return Ok(default) };
        let rounded = (f64::from(value) * 1000.0).round();
        match (f64::from(least)..=f64::from(most)).contains(&rounded) {
            true => Ok(rounded as u16),
            false => Err(Problem::Value {
                field: field.into(),
                value: value.to_string(),
                wants: format!("a number from {} to {}", f64::from(least) / 1000.0, f64::from(most) / 1000.0),
            }),
        }
    };
    let strength = thousandths("repetition_penalty", generation.repetition_penalty, 1000, (1000, 3900))?;
    let penalty = (strength > 1000).then(|| Penalty { strength, ..Penalty::default() });
    if generation.sample != Some(true) {
        return Ok(Choice { penalty, ..Choice::default() });
    }
    let draw = Draw {
        temperature: thousandths("temperature", generation.temperature, 1000, (1, 10_000))?,
        top_k: generation.top_k.map_or(TOP_K, |k| u8::try_from(k).unwrap_or(u8::MAX)),
        top_p: thousandths("top_p", generation.top_p, 1000, (1, 1000))?,
        min_p: thousandths("min_p", generation.min_p, 0, (0, 1000))?,
        ..Draw::default()
    };
    Ok(Choice { draw: Some(draw), penalty, beam: None })
}

/// How the model of a network answers: where it ends, how tokens are chosen, and how many are read, `most` or as many as the network
/// was trained for, up to 256. Its logits have no unit yet.
///
/// # Errors
/// Numbers of `generation` that programs do not reach.
pub fn story(
    checkpoint: &Checkpoint,
    tokenizer: &Tokenizer,
    generation: &Generation,
    most: Option<u16>,
) -> Result<Story, NoModel> {
    let choice = choice(generation)?;
    let known = checkpoint.shape.positions.and_then(|n| u16::try_from(n).ok());
    let most = most.unwrap_or(known.unwrap_or(MOST).min(MOST));
    let mut ends: Vec<u32> =
        tokenizer.bos.into_iter().chain(tokenizer.eos).chain(generation.end.clone()).collect();
    ends.sort_unstable();
    ends.dedup();
    Ok(Story { choice, ..Story::plain(ends, most, 0) })
}

/// Quantizes a network and puts it together with its tokenizer.
///
/// # Errors
/// The tokenizer belongs to another network, a text has no tokens, or something does not fit integers.
pub fn model(
    checkpoint: &Checkpoint,
    tokenizer: Tokenizer,
    generation: &Generation,
    wanted: &Wanted,
) -> Result<Model, NoModel> {
    check_vocabulary(checkpoint, &tokenizer)?;
    let story = story(checkpoint, &tokenizer, generation, wanted.most)?;
    let texts = calibration(checkpoint, &tokenizer, &wanted.texts)?;
    // Positions that never come need no place.
    let window = wanted.how.window.min(story.most.into()).max(2);
    let how = Quantization { window, ..wanted.how };
    let seen = quantize::calibrate(checkpoint, window, &texts)?;
    let quantized = quantize::quantize(checkpoint, &seen, &how)?;
    let model = Model {
        head: wanted.head.clone(),
        reader: Reader::Tokens(Tokens { tokenizer, max_length: wanted.max_length }),
        body: Body::Transformer(quantized.body),
        answer: Answer::Story(Story { logit_bits: quantized.logit_bits, ..story }),
    };
    model.check()?;
    Ok(model)
}
