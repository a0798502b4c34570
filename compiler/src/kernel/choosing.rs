//! How a token is chosen where it is not simply the one with the largest logit: what `choose` templates are told.

use crate::model::{ChoiceRules, Story, Transformer};
use serde::Serialize;

/// One of the largest logits is drawn.
#[derive(Serialize, Clone)]
pub struct Draw {
    /// Bits that differences of logits are shifted by.
    pub bits: u8,
    /// Weights that are not 0.
    pub count: usize,
    /// `None` where each difference is drawn.
    pub reach: Option<u32>,
    /// Places of the list that tokens are drawn from: no more than there are tokens.
    pub top_k: usize,
    /// In 256ths, if it is not all of them.
    pub share: Option<u16>,
}

/// Tokens that were read last are held back.
#[derive(Serialize, Clone)]
pub struct Penalty {
    /// Mantissas for logits above 0 and below.
    pub above: u8,
    pub below: u8,
    pub recent: u8,
}

/// Context of the templates.
#[derive(Serialize, Clone)]
pub struct Choosing {
    pub draw: Option<Draw>,
    pub penalty: Option<Penalty>,
    /// Of labels: how far below the largest logit the others must be for it to be sure, if it can be unsure.
    pub margin: Option<u8>,
    /// The index of what is not sure.
    unsure: usize,
    /// Where a logit goes that is not larger than the best.
    less: &'static str,
    /// Bits that costs of a prior are shifted by, where the model has one.
    pub prior: Option<u8>,
    /// Logits are put aside for who calls the network.
    pub kept: bool,
    /// Bytes of a bit for each token.
    pub said: usize,
    /// What random numbers begin with.
    #[serde(skip)]
    pub seed: Option<u16>,
    /// By the difference from the largest logit, shifted.
    #[serde(skip)]
    pub weights: Vec<u8>,
}

impl Choosing {
    /// Of a model.
    pub fn new(story: &Story, body: &Transformer) -> Self {
        let vocabulary = body.outputs();
        let ChoiceRules { draw, penalty } = story.choice.rules(story.logit_bits);
        let rules = draw.as_ref().map(|draw| Draw {
            bits: draw.bits,
            count: draw.weights.len(),
            reach: Some(draw.reach()).filter(|&reach| reach < 1 << 16),
            top_k: usize::from(draw.top_k).min(vocabulary),
            share: Some(draw.share).filter(|&share| share < 256),
        });
        // One label alone is always sure.
        let margin = Some(story.margin).filter(|margin| *margin > 0 && vocabulary > 1);
        Self {
            margin,
            unsure: vocabulary,
            less: if margin.is_some() { "logit_under" } else { "logit_less" },
            draw: rules,
            penalty: penalty.map(|([above, below], recent)| Penalty { above, below, recent }),
            prior: body.prior.as_ref().map(|prior| prior.shift),
            kept: false,
            said: vocabulary.div_ceil(8),
            seed: draw.as_ref().map(|draw| draw.seed),
            weights: draw.map_or(vec![], |draw| draw.weights),
        }
    }
}
