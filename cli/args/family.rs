//! Families of networks, and what only one of them has.

use super::settings::TrainSettings;
use clap::ValueEnum;
use mlc_compiler::import::sequence::Activation;
use mlc_trainer::sequence::Order;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    /// Dense layers on rows of numbers
    Sensors,
}

/// Kinds of networks, by the options that they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    HashedText,
    Sequence,
    Sensors,
}

/// Endings of files that have rows of numbers.
const TABLES: [&str; 3] = ["csv", "tsv", "npz"];

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

/// How many tokens an n-gram prior looks back at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriorArg {
    /// The last one
    Bigram,
    /// The last two
    Trigram,
}

impl PriorArg {
    /// The trainer's.
    pub fn order(self) -> Order {
        match self {
            Self::Bigram => Order::Bigram,
            Self::Trigram => Order::Trigram,
        }
    }
}

impl TrainSettings {
    /// Whether a sequence model is to be trained.
    pub fn is_sequence(&self) -> bool {
        matches!(self.family, Some(Family::Sequence | Family::Recursive))
    }

    /// Whether a network on numbers is to be trained: where that is said, and where labels are to be learned from tables.
    /// `resumes`: with a model to go on with, which says itself that it has labels.
    pub fn is_sensors(&self, resumes: bool) -> bool {
        match self.family {
            Some(family) => family == Family::Sensors,
            None => (self.classifier || resumes) && self.reads_tables(),
        }
    }

    /// Whether all files are tables, by their names.
    pub fn reads_tables(&self) -> bool {
        let is_table = |path: &PathBuf| {
            let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            TABLES.iter().any(|table| ending.eq_ignore_ascii_case(table))
        };
        !self.pairs.is_empty() && self.pairs.iter().all(is_table)
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

    /// The first option that was given and that says how a network is trained, where trees are grown.
    pub fn of_networks(&self) -> Option<&'static str> {
        let given = [
            (self.hidden.is_some(), "--hidden"),
            (self.weights.is_some(), "--weights"),
            (self.epochs.is_some(), "--epochs"),
            (self.steps.is_some(), "--steps"),
            (self.batch.is_some(), "--batch"),
            (self.lr.is_some(), "--lr"),
            (self.warmup.is_some(), "--warmup"),
            (self.rise.is_some(), "--rise"),
            (self.decay.is_some(), "--decay"),
            (self.patience.is_some(), "--patience"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }

    /// The first option that was given and that the family which is trained does not have. `resumes`: see
    /// [`TrainSettings::is_sensors`].
    pub fn unfitting(&self, resumes: bool) -> Option<&'static str> {
        use Kind::{HashedText, Sensors, Sequence};
        let of: [(bool, &'static str, &[Kind]); 38] = [
            (self.forest.is_some(), "--forest", &[Sensors]),
            (self.margin.is_some(), "--margin", &[HashedText, Sequence, Sensors]),
            (self.query_buckets.is_some(), "--query-buckets", &[HashedText]),
            (self.position_bands.is_some(), "--position-bands", &[HashedText]),
            (self.max_query.is_some(), "--max-query", &[HashedText, Sequence]),
            (self.context_buckets.is_some(), "--context-buckets", &[HashedText]),
            (self.context_length.is_some(), "--context-length", &[HashedText]),
            (self.max_reply.is_some(), "--max-reply", &[HashedText]),
            (self.shift.is_some(), "--shift", &[HashedText]),
            (self.l1.is_some(), "--l1", &[HashedText]),
            (self.economy.is_some(), "--economy", &[HashedText]),
            (self.overflow_penalty.is_some(), "--overflow-penalty", &[HashedText]),
            (self.chunk.is_some(), "--chunk", &[HashedText]),
            (self.max_nonzero.is_some(), "--max-nonzero", &[HashedText]),
            (self.dim.is_some(), "--dim", &[Sequence]),
            (self.layers.is_some(), "--layers", &[Sequence]),
            (self.heads.is_some(), "--heads", &[Sequence]),
            (self.kv_heads.is_some(), "--kv-heads", &[Sequence]),
            (self.head_size.is_some(), "--head-size", &[Sequence]),
            (self.window.is_some(), "--window", &[Sequence]),
            (self.most.is_some(), "--most", &[Sequence]),
            (self.recursions.is_some(), "--recursions", &[Sequence]),
            (self.activation.is_some(), "--activation", &[Sequence]),
            (self.positions.is_some(), "--positions", &[Sequence]),
            (self.theta.is_some(), "--theta", &[Sequence]),
            (self.embedding_bits.is_some(), "--embedding-bits", &[Sequence]),
            (self.bpe.is_some(), "--bpe", &[Sequence]),
            (self.prior.is_some(), "--prior", &[Sequence]),
            (self.prior_bytes.is_some(), "--prior-bytes", &[Sequence]),
            (self.steps.is_some(), "--steps", &[Sequence, Sensors]),
            (self.rise.is_some(), "--rise", &[Sequence, Sensors]),
            (self.decay.is_some(), "--decay", &[Sequence, Sensors]),
            (self.clip.is_some(), "--clip", &[Sequence]),
            (self.dropout.is_some(), "--dropout", &[Sequence]),
            (self.no_qk_norm, "--no-qk-norm", &[Sequence]),
            (self.untied, "--untied", &[Sequence]),
            (self.cut.is_some(), "--cut", &[Sequence]),
            (!self.held_out.is_empty(), "--held-out", &[Sequence, Sensors]),
        ];
        let kind = match () {
            () if self.is_sequence() => Sequence,
            () if self.is_sensors(resumes) => Sensors,
            () => HashedText,
        };
        of.iter().find(|(given, _, kinds)| *given && !kinds.contains(&kind)).map(|(_, name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_other_family_are_named() {
        let hashed = TrainSettings { dim: Some(8), ..TrainSettings::default() };
        assert_eq!(hashed.unfitting(false), Some("--dim"));
        let sequence = TrainSettings { family: Some(Family::Sequence), ..hashed };
        assert_eq!(sequence.unfitting(false), None);
        let both = TrainSettings { max_tstates: Some(1), max_nonzero: Some(1), ..sequence };
        assert_eq!(both.unfitting(false), Some("--max-nonzero"));
        let pairs = vec!["a.csv".into(), "b.NPZ".into()];
        let sensors = TrainSettings { pairs, classifier: true, dim: Some(8), ..TrainSettings::default() };
        assert!(sensors.is_sensors(false) && sensors.unfitting(false) == Some("--dim"));
        let resumed = TrainSettings { classifier: false, dim: None, steps: Some(9), ..sensors };
        assert!(!resumed.is_sensors(false) && resumed.unfitting(false) == Some("--steps"));
        assert!(resumed.is_sensors(true) && resumed.unfitting(true).is_none());
    }
}
