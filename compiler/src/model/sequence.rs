//! What sequence models read and answer.

use crate::tokens::Tokenizer;

/// Text as tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub tokenizer: Tokenizer,
    /// Longest line that the program's own prompt takes, in bytes (1 to 127).
    pub max_length: u8,
}

/// Continues what was typed, a token a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Tokens that end it and are not shown, ascending.
    pub ends: Vec<u32>,
    /// Most tokens that are read: those of the query, and those of the reply but its last (2 to 65,535).
    pub most: u16,
    /// A logit counts 2^-logit_bits nats (0 to 15).
    pub logit_bits: u8,
}
