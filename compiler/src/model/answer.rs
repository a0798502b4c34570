//! What the results of the body mean.

use super::sensor::{Class, Numbers};
use super::sequence::Story;

/// Longest label in bytes: as long as the longest reply.
pub const MAX_LABEL: usize = 255;

/// What a classifier answers that is not sure: no label of one with a margin.
pub const UNSURE: &str = "?";

/// Labels, and what is answered behind them where a margin can leave one unsure.
pub fn with_unsure(labels: &[String], margin: u8) -> Vec<String> {
    let unsure = (margin > 0).then(|| UNSURE.to_string());
    labels.iter().cloned().chain(unsure).collect()
}

/// What the logits mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Chat(Chat),
    /// One pass; the answer is `labels[argmax]`. One label an output, no two the same: printable ASCII, 1 to 255 of it.
    /// [`UNSURE`] where another logit is less than `margin` below the largest: 0 never is.
    Label {
        labels: Vec<String>,
        margin: u8,
    },
    Story(Story),
    Class(Class),
    Numbers(Numbers),
}

/// Generates a reply, a character a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// A byte an output, no two the same. The last one is the end mark (0), which is never printed.
    pub charset: Vec<u8>,
    /// Longest reply in characters (1 to 255; 50 unless the model says otherwise).
    pub max_reply: u8,
}

impl Answer {
    /// The labels that it is one of; none where it is none.
    pub fn labels(&self) -> &[String] {
        match self {
            Self::Label { labels, .. } | Self::Class(Class { labels, .. }) => labels,
            Self::Chat(_) | Self::Story(_) | Self::Numbers(_) => &[],
        }
    }

    /// What logits stand for: characters or labels. `None` where the reader says it.
    pub fn classes(&self) -> Option<usize> {
        match self {
            Self::Chat(chat) => Some(chat.charset.len()),
            Self::Label { labels, .. } => Some(labels.len()),
            Self::Class(class) => Some(class.labels.len()),
            Self::Story(_) | Self::Numbers(_) => None,
        }
    }
}
