//! What the results of the body mean.

/// Longest label in bytes: as long as the longest reply.
pub const MAX_LABEL: usize = 255;

/// What the logits mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Chat(Chat),
    /// One pass; the answer is `labels[argmax]`. One label an output, no two the same: printable ASCII, 1 to 255 of it.
    Label {
        labels: Vec<String>,
    },
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
    /// How many logits the body must give.
    pub fn classes(&self) -> usize {
        match self {
            Self::Chat(chat) => chat.charset.len(),
            Self::Label { labels } => labels.len(),
        }
    }
}
