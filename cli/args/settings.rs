//! The settings of a training: options of `mlc train`, and under the same names fields of `train.ron`.

use super::family::{ActivationArg, Family, PositionsArg, PriorArg};
use super::layers::{ShiftArg, WeightsArg};
use super::pairs::TextCut;
use super::sequence::{Bits, SEQUENCE};
use super::values::{label, whole};
use clap::Args;
use mlc_trainer::sensors::MAX_TREES;
use mlc_trainer::sequence::MAX_PRIOR_BYTES;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a `train.ron` and the command line can say. What neither says keeps the trainer's default.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// Files of pairs, `-` for standard input; for sequence models also texts, conversations and tables; for networks on
    /// numbers tables (.csv, .tsv, .npz) with the label last
    #[arg(value_name = "PAIRS", required_unless_present = "config")]
    pub pairs: Vec<PathBuf>,
    /// Networks to train: of hashed text, sequence models (a recursive one applies its blocks several times), or networks on
    /// numbers [default: hashed-text; sensors for tables with --classifier]
    #[arg(long, value_name = "FAMILY")]
    pub family: Option<Family>,
    /// Learn the replies as labels: one pass, no characters. Of a table: the last column
    #[arg(long)]
    pub classifier: bool,
    /// Grow so many decision trees in the place of a network, 1 to 200: of a table with --classifier
    #[arg(long, value_name = "N", value_parser = whole(1usize, MAX_TREES))]
    pub forest: Option<usize>,
    /// Labels in the order of the outputs, the first is output 0 [default: sorted by their bytes]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', value_parser = label)]
    pub labels: Option<Vec<String>>,
    /// Name of the model [default: chat or classifier; of a table that of its file]
    #[arg(long)]
    pub name: Option<String>,
    /// What the model is, in a sentence
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
    /// Widths of the hidden layers [default: 256,192,128; classifier 32,16; sequence model 128; on numbers 16,16 or more, and 0 for none]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', allow_hyphen_values = true)]
    #[arg(value_parser = whole(0usize, 1024))]
    pub hidden: Option<Vec<usize>>,
    /// Buckets of the query's trigrams [default: 128; classifier 64]
    #[arg(long, value_name = "N", value_parser = whole(1u16, 1024))]
    pub query_buckets: Option<u16>,
    /// Bands of eight positions whose trigrams differ, 1 to 16: "put key in box" is not "put box in key" [default: 1]
    #[arg(long, value_name = "N", value_parser = whole(1u8, 16))]
    pub position_bands: Option<u8>,
    /// Longest query of the program's own prompt in bytes [default: 62]
    #[arg(long, value_name = "N", value_parser = whole(1u8, 127))]
    pub max_query: Option<u8>,
    /// Buckets of the context's n-grams [default: 128]
    #[arg(long, value_name = "N", value_parser = whole(1u16, 1024))]
    pub context_buckets: Option<u16>,
    /// Window of the context in characters [default: 8]
    #[arg(long, value_name = "N", value_parser = whole(1u8, 32))]
    pub context_length: Option<u8>,
    /// Longest reply in characters [default: 50]
    #[arg(long, value_name = "N", value_parser = whole(1u8, 255))]
    pub max_reply: Option<u8>,
    /// Shift behind the layers, one for all or one for each; learn makes each as small as 16 bits allow [default: 2]
    #[arg(long, value_name = "N,N,…|learn", allow_hyphen_values = true)]
    pub shift: Option<ShiftArg>,
    /// Weights that layers may have, for all or for each: full (-2 to +1), ternary (-1, 0, +1), binary (-1, +1)
    /// [default: full]; of a sequence model: ternary, 2 (-2 to +1), or 3 to 8 bits [default: ternary]; the same on numbers
    /// [default: 8]
    #[arg(long, value_name = "SET,SET,…")]
    pub weights: Option<WeightsArg>,
    /// Passes over the pairs [default: six million steps' worth; on numbers 20, and 4,000 mini-batches at least]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 1_000_000))]
    pub epochs: Option<usize>,
    /// Steps in a mini-batch [default: 256; classifier 64; on numbers 32]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 1 << 20))]
    pub batch: Option<usize>,
    /// Learning rate at the start; it falls along half a cosine [default: 0.01; sequence
    /// model 0.004]
    #[arg(long, alias = "rate", value_name = "RATE")]
    pub lr: Option<f32>,
    /// Strength of the L1 term that makes weights zero; 0 is none [default: 0.3]
    #[arg(long, value_name = "STRENGTH")]
    pub l1: Option<f32>,
    /// Strength of the L1 terms that make a step shorter; 0 is none [default: 1]
    #[arg(long, value_name = "STRENGTH")]
    pub economy: Option<f32>,
    /// Strength of the push on sums that come near 16 bits; 0 is none [default: 1]
    #[arg(long, value_name = "N")]
    pub overflow_penalty: Option<f32>,
    /// First epochs in which nothing is rounded [default: 0]
    #[arg(long, value_name = "N", value_parser = whole(0usize, 1_000_000))]
    pub warmup: Option<usize>,
    /// Hold at most so many pairs in memory, the others in a temporary file [default: all, up to a gigabyte; beyond,
    /// 200000]
    #[arg(long, value_name = "N", value_parser = whole(1usize, usize::MAX))]
    pub chunk: Option<usize>,
    /// Share of the queries kept from training, to measure on [default: none; on numbers 0.2 of each label's rows]
    #[arg(long, value_name = "SHARE")]
    pub hold_out: Option<f64>,
    /// Files to measure on, in the place of a share
    #[arg(long, value_name = "FILE,…", value_delimiter = ',', help_heading = SEQUENCE)]
    pub held_out: Vec<PathBuf>,
    /// Stop after so many epochs without a better held-out figure; needs --hold-out, but on numbers, where a part of the
    /// training rows decides [default: never]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 1_000_000))]
    pub patience: Option<usize>,
    /// Of a classifier: answer ? where the largest output is less than so many steps above another; a step is a 64th of a nat of a
    /// network on numbers, a hundredth of a tree's vote, a logit's unit of a network on text [default: 0]
    #[arg(long, value_name = "STEPS")]
    pub margin: Option<u8>,
    /// Limit of weights that are not zero
    #[arg(long, value_name = "N")]
    pub max_nonzero: Option<u32>,
    /// Limit of T-states for a mean step, as the compiler predicts them; of a sequence model for a token, the mean of the first
    /// 100
    #[arg(long, value_name = "N")]
    pub max_tstates: Option<u32>,
    /// Limit of the program's bytes
    #[arg(long, value_name = "N")]
    pub max_bytes: Option<u32>,
    /// Machine that T-states and bytes are for, reported ones and limits [default: z80-cpm; on numbers atmega328p]
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Same seed, same model [default: 1]
    #[arg(long, value_name = "N", value_parser = whole(0u64, u64::MAX))]
    pub seed: Option<u64>,
    /// How many threads; the model does not depend on it [default: one a processor]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 1024))]
    pub threads: Option<usize>,
    /// Values of the residual stream [default: 64]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(2usize, 8192))]
    pub dim: Option<usize>,
    /// Blocks with weights of their own [default: 2]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(1usize, 64))]
    pub layers: Option<usize>,
    /// Heads of queries [default: 4]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(1usize, 8192))]
    pub heads: Option<usize>,
    /// Heads of keys and values; --heads is a multiple [default: half of them]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(1usize, 8192))]
    pub kv_heads: Option<usize>,
    /// Values of a head [default: dim / heads]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(1usize, 512))]
    pub head_size: Option<usize>,
    /// Positions whose keys and values are kept: the first, and the latest ones [default: 64]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(2usize, 4096))]
    pub window: Option<usize>,
    /// Most tokens that a model reads; longer texts are cut, longer conversations between turns [default: the window, twice it for conversations]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(8u16, 4096))]
    pub most: Option<u16>,
    /// How often the blocks are applied [default: 1; recursive 3]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(1usize, 64))]
    pub recursions: Option<usize>,
    /// What is between the matrices of the feed-forward part [default: relu-gate]
    #[arg(long, help_heading = SEQUENCE, value_name = "FUNCTION")]
    pub activation: Option<ActivationArg>,
    /// How positions show: rotated queries and keys, a learnt vector, or not at all [default: rope]
    #[arg(long, help_heading = SEQUENCE, value_name = "KIND")]
    pub positions: Option<PositionsArg>,
    /// Base of the angles of rotation [default: 1000]
    #[arg(long, help_heading = SEQUENCE, value_name = "N")]
    pub theta: Option<f32>,
    /// Weights of embedding, learnt positions and output [default: 8; 4 for ternary and 2-bit ones]
    #[arg(long, help_heading = SEQUENCE, value_name = "BITS")]
    pub embedding_bits: Option<Bits>,
    /// Join characters to tokens (byte pair encoding) until there are so many; marks count [default: a token a character]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(64usize, 1024))]
    pub bpe: Option<usize>,
    /// Count how tokens follow each other in the training texts: a table of costs, which the network corrects
    #[arg(long, help_heading = SEQUENCE, value_name = "ORDER")]
    pub prior: Option<PriorArg>,
    /// Most bytes of that table: contexts that gain most have a row [default: 16384]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(1usize, MAX_PRIOR_BYTES))]
    pub prior_bytes: Option<usize>,
    /// Mini-batches of the whole training [default: 4000]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(1usize, 100_000_000))]
    pub steps: Option<usize>,
    /// First mini-batches in which the learning rate rises [default: 100]
    #[arg(long, help_heading = SEQUENCE, value_name = "N", value_parser = whole(0usize, 100_000_000))]
    pub rise: Option<usize>,
    /// AdamW's weight decay [default: 0; on numbers 0.2]
    #[arg(long, help_heading = SEQUENCE, value_name = "RATE")]
    pub decay: Option<f32>,
    /// Largest norm of the gradient [default: 1]
    #[arg(long, help_heading = SEQUENCE, value_name = "N")]
    pub clip: Option<f32>,
    /// Share of what layers give that is left out in training [default: 0]
    #[arg(long, help_heading = SEQUENCE, value_name = "SHARE")]
    pub dropout: Option<f32>,
    /// Leave queries and keys as they are, without a norm of each head
    #[arg(long, help_heading = SEQUENCE)]
    pub no_qk_norm: bool,
    /// Give the output a matrix of its own, in the place of the embedding's
    #[arg(long, help_heading = SEQUENCE)]
    pub untied: bool,
    /// How text files are cut into texts [default: each is one]
    #[arg(long, value_name = "HOW", help_heading = SEQUENCE)]
    pub cut: Option<TextCut>,
}

impl TrainSettings {
    /// What the command line says, and where it says nothing what the file says.
    pub fn or(self, file: Self) -> Self {
        Self {
            pairs: if self.pairs.is_empty() { file.pairs } else { self.pairs },
            family: self.family.or(file.family),
            classifier: self.classifier || file.classifier,
            forest: self.forest.or(file.forest),
            labels: self.labels.or(file.labels),
            name: self.name.or(file.name),
            about: self.about.or(file.about),
            hidden: self.hidden.or(file.hidden),
            query_buckets: self.query_buckets.or(file.query_buckets),
            position_bands: self.position_bands.or(file.position_bands),
            max_query: self.max_query.or(file.max_query),
            context_buckets: self.context_buckets.or(file.context_buckets),
            context_length: self.context_length.or(file.context_length),
            max_reply: self.max_reply.or(file.max_reply),
            shift: self.shift.or(file.shift),
            weights: self.weights.or(file.weights),
            epochs: self.epochs.or(file.epochs),
            batch: self.batch.or(file.batch),
            lr: self.lr.or(file.lr),
            l1: self.l1.or(file.l1),
            economy: self.economy.or(file.economy),
            overflow_penalty: self.overflow_penalty.or(file.overflow_penalty),
            warmup: self.warmup.or(file.warmup),
            chunk: self.chunk.or(file.chunk),
            hold_out: self.hold_out.or(file.hold_out),
            held_out: if self.held_out.is_empty() { file.held_out } else { self.held_out },
            patience: self.patience.or(file.patience),
            margin: self.margin.or(file.margin),
            max_nonzero: self.max_nonzero.or(file.max_nonzero),
            max_tstates: self.max_tstates.or(file.max_tstates),
            max_bytes: self.max_bytes.or(file.max_bytes),
            target: self.target.or(file.target),
            seed: self.seed.or(file.seed),
            threads: self.threads.or(file.threads),
            dim: self.dim.or(file.dim),
            layers: self.layers.or(file.layers),
            heads: self.heads.or(file.heads),
            kv_heads: self.kv_heads.or(file.kv_heads),
            head_size: self.head_size.or(file.head_size),
            window: self.window.or(file.window),
            most: self.most.or(file.most),
            recursions: self.recursions.or(file.recursions),
            activation: self.activation.or(file.activation),
            positions: self.positions.or(file.positions),
            theta: self.theta.or(file.theta),
            embedding_bits: self.embedding_bits.or(file.embedding_bits),
            bpe: self.bpe.or(file.bpe),
            prior: self.prior.or(file.prior),
            prior_bytes: self.prior_bytes.or(file.prior_bytes),
            steps: self.steps.or(file.steps),
            rise: self.rise.or(file.rise),
            decay: self.decay.or(file.decay),
            clip: self.clip.or(file.clip),
            dropout: self.dropout.or(file.dropout),
            no_qk_norm: self.no_qk_norm || file.no_qk_norm,
            untied: self.untied || file.untied,
            cut: self.cut.or(file.cut),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_has_the_last_word() {
        let file = TrainSettings {
            pairs: vec!["a.txt".into()],
            seed: Some(1),
            batch: Some(8),
            ..TrainSettings::default()
        };
        let typed = TrainSettings { seed: Some(2), ..TrainSettings::default() };
        let merged = typed.or(file);
        assert_eq!((merged.seed, merged.batch, merged.pairs.len()), (Some(2), Some(8), 1));
    }
}
