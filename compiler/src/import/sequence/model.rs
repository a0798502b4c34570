//! A float network and its tokenizer → a [`Model`].

use super::hugging_face::Generation;
use super::quantize::{self, Quantization, Unsuitable};
use super::{Checkpoint, Problem};
use crate::model::{Answer, Body, Head, Model, ModelError, Reader, Story, Tokens};
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
    let texts = calibration(checkpoint, &tokenizer, &wanted.texts)?;
    let known = checkpoint.shape.positions.and_then(|n| u16::try_from(n).ok());
    let most = wanted.most.unwrap_or(known.unwrap_or(MOST).min(MOST));
    // Positions that never come need no place.
    let window = wanted.how.window.min(most.into()).max(2);
    let how = Quantization { window, ..wanted.how };
    let seen = quantize::calibrate(checkpoint, window, &texts)?;
    let quantized = quantize::quantize(checkpoint, &seen, &how)?;
    let mut ends: Vec<u32> =
        tokenizer.bos.into_iter().chain(tokenizer.eos).chain(generation.end.clone()).collect();
    ends.sort_unstable();
    ends.dedup();
    let model = Model {
        head: wanted.head.clone(),
        reader: Reader::Tokens(Tokens { tokenizer, max_length: wanted.max_length }),
        body: Body::Transformer(quantized.body),
        answer: Answer::Story(Story { ends, most, logit_bits: quantized.logit_bits }),
    };
    model.check()?;
    Ok(model)
}
