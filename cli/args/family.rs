//! Families of networks, and what only one of them has.

use super::settings::TrainSettings;
use clap::ValueEnum;
use mlc_compiler::import::sequence::Activation;
use serde::{Deserialize, Serialize};

/// What kind of network is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Counts of trigrams, then layers
    HashedText,
    /// A transformer on tokens
    Sequence,
    /// A transformer whose blocks are applied several times
    Recursive,
}

/// The function of a feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivationArg {
    /// max(0, gate) · up
    ReluGate,
    /// SiLU(gate) · up
    Swiglu,
    /// max(0, up)
    Relu,
    /// max(0, up)²
    SquaredRelu,
}

impl ActivationArg {
    pub fn function(self) -> Activation {
        match self {
            Self::ReluGate => Activation::ReluGate,
            Self::Swiglu => Activation::SwiGlu,
            Self::Relu => Activation::Relu,
            Self::SquaredRelu => Activation::SquaredRelu,
        }
    }
}

/// How positions show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PositionsArg {
    /// Queries and keys are rotated
    Rope,
    /// A vector for each position is added
    Learnt,
    /// Not at all
    None,
}

impl TrainSettings {
    /// Whether a sequence model is to be trained.
    pub fn is_sequence(&self) -> bool {
        matches!(self.family, Some(Family::Sequence | Family::Recursive))
    }

    /// Whether there is a limit of what a program costs, or a machine to name that for.
    pub fn is_limited(&self) -> bool {
        self.max_tstates.is_some() || self.max_bytes.is_some() || self.target.is_some()
    }

    /// The first option that was given and says what a network is like: a model to go on with says that itself.
    pub fn of_shape(&self) -> Option<&'static str> {
        let given = [
            (self.dim.is_some(), "--dim"),
            (self.layers.is_some(), "--layers"),
            (self.heads.is_some(), "--heads"),
            (self.kv_heads.is_some(), "--kv-heads"),
            (self.head_size.is_some(), "--head-size"),
            (self.hidden.is_some(), "--hidden"),
            (self.recursions.is_some(), "--recursions"),
            (self.activation.is_some(), "--activation"),
            (self.positions.is_some(), "--positions"),
            (self.theta.is_some(), "--theta"),
            (self.no_qk_norm, "--no-qk-norm"),
            (self.untied, "--untied"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }

    /// The first option that was given and belongs to another family than the one that is trained.
    pub fn unfitting(&self) -> Option<&'static str> {
        let hashed = [
            (self.classifier, "--classifier"),
            (self.labels.is_some(), "--labels"),
            (self.query_buckets.is_some(), "--query-buckets"),
            (self.position_bands.is_some(), "--position-bands"),
            (self.context_buckets.is_some(), "--context-buckets"),
            (self.context_length.is_some(), "--context-length"),
            (self.max_reply.is_some(), "--max-reply"),
            (self.shift.is_some(), "--shift"),
            (self.l1.is_some(), "--l1"),
            (self.economy.is_some(), "--economy"),
            (self.overflow_penalty.is_some(), "--overflow-penalty"),
            (self.chunk.is_some(), "--chunk"),
            (self.max_nonzero.is_some(), "--max-nonzero"),
        ];
        let sequence = [
            (self.dim.is_some(), "--dim"),
            (self.layers.is_some(), "--layers"),
            (self.heads.is_some(), "--heads"),
            (self.kv_heads.is_some(), "--kv-heads"),
            (self.head_size.is_some(), "--head-size"),
            (self.window.is_some(), "--window"),
            (self.most.is_some(), "--most"),
            (self.recursions.is_some(), "--recursions"),
            (self.activation.is_some(), "--activation"),
            (self.positions.is_some(), "--positions"),
            (self.theta.is_some(), "--theta"),
            (self.embedding_bits.is_some(), "--embedding-bits"),
            (self.bpe.is_some(), "--bpe"),
            (self.steps.is_some(), "--steps"),
            (self.rise.is_some(), "--rise"),
            (self.decay.is_some(), "--decay"),
            (self.clip.is_some(), "--clip"),
            (self.dropout.is_some(), "--dropout"),
            (self.no_qk_norm, "--no-qk-norm"),
            (self.untied, "--untied"),
            (self.cut.is_some(), "--cut"),
            (!self.held_out.is_empty(), "--held-out"),
        ];
        let others = if self.is_sequence() { &hashed[..] } else { &sequence[..] };
        others.iter().find(|(given, _)| *given).map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_other_family_are_named() {
        let hashed = TrainSettings { dim: Some(8), ..TrainSettings::default() };
        assert_eq!(hashed.unfitting(), Some("--dim"));
        let sequence = TrainSettings { family: Some(Family::Sequence), ..hashed };
        assert_eq!(sequence.unfitting(), None);
        let both = TrainSettings { max_tstates: Some(1), max_nonzero: Some(1), ..sequence };
        assert_eq!(both.unfitting(), Some("--max-nonzero"));
    }
}
