//! `train.ron`: a model's settings and data, kept beside it so that it can be made again.

use crate::error::CliError;
use crate::files;
use crate::layer_args::{ShiftArg, WeightsArg};
use crate::values::whole;
use clap::Args;
use ron::extensions::Extensions;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a `train.ron` and the command line can say. What neither says keeps the trainer's default.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// Files of pairs, `-` for standard input
    #[arg(value_name = "PAIRS", required_unless_present = "config")]
    pub pairs: Vec<PathBuf>,
    /// Learn the replies as labels: one pass, no characters
    #[arg(long)]
    pub classifier: bool,
    /// Labels in the order of the outputs, the first is output 0 [default: sorted by their bytes]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub labels: Option<Vec<String>>,
    /// Name of the model [default: chat or classifier]
    #[arg(long)]
    pub name: Option<String>,
    /// What the model is, in a sentence
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
    /// Widths of the hidden layers [default: 256,192,128; classifier 32,16]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', allow_hyphen_values = true)]
    #[arg(value_parser = whole(1usize, 1024))]
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
    /// [default: full]
    #[arg(long, value_name = "SET,SET,…")]
    pub weights: Option<WeightsArg>,
    /// Passes over the pairs [default: six million steps' worth]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 1_000_000))]
    pub epochs: Option<usize>,
    /// Steps in a mini-batch [default: 256; classifier 64]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 1 << 20))]
    pub batch: Option<usize>,
    /// Learning rate at the start; it falls along half a cosine [default: 0.01]
    #[arg(long, value_name = "RATE")]
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
    /// Share of the queries kept from training, to measure on [default: none]
    #[arg(long, value_name = "SHARE")]
    pub hold_out: Option<f64>,
    /// Stop after so many epochs without a better held-out figure; needs --hold-out [default: never]
    #[arg(long, value_name = "N", value_parser = whole(0usize, 1_000_000))]
    pub patience: Option<usize>,
    /// Limit of weights that are not zero
    #[arg(long, value_name = "N")]
    pub max_nonzero: Option<u32>,
    /// Limit of T-states for a mean step, as the compiler predicts them
    #[arg(long, value_name = "N")]
    pub max_tstates: Option<u32>,
    /// Limit of the program's bytes
    #[arg(long, value_name = "N")]
    pub max_bytes: Option<u32>,
    /// Machine that T-states and bytes are for, reported ones and limits [default: z80-cpm]
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Same seed, same model [default: 1]
    #[arg(long, value_name = "N", value_parser = whole(0u64, u64::MAX))]
    pub seed: Option<u64>,
    /// How many threads; the model does not depend on it [default: one a processor]
    #[arg(long, value_name = "N", value_parser = whole(1usize, 1024))]
    pub threads: Option<usize>,
}

/// Reads the file at `path`; the pairs' paths in it are relative to it.
///
/// # Errors
/// It cannot be read, or is no such file; with the place.
pub fn read(path: &Path) -> Result<TrainSettings, CliError> {
    let mut settings =
        parse(&files::read_text(path, files::Kind::Settings)?).map_err(|(place, problem)| {
            CliError::TrainFile { place: format!("{}:{place}", files::shown(path)), problem }
        })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    settings.pairs.iter_mut().for_each(|pairs| *pairs = folder.join(&*pairs));
    Ok(settings)
}

/// On an error: `line:column`, and what is wrong.
fn parse(text: &str) -> Result<TrainSettings, (String, String)> {
    // `name: "x"` instead of `name: Some("x")`.
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    options
        .from_str(text)
        .map_err(|e| (format!("{}:{}", e.span.start.line, e.span.start.col), e.code.to_string()))
}

/// What the command line says, and where it says nothing what the file says.
pub fn merge(typed: TrainSettings, file: TrainSettings) -> TrainSettings {
    TrainSettings {
        pairs: if typed.pairs.is_empty() { file.pairs } else { typed.pairs },
        classifier: typed.classifier || file.classifier,
        labels: typed.labels.or(file.labels),
        name: typed.name.or(file.name),
        about: typed.about.or(file.about),
        hidden: typed.hidden.or(file.hidden),
        query_buckets: typed.query_buckets.or(file.query_buckets),
        position_bands: typed.position_bands.or(file.position_bands),
        max_query: typed.max_query.or(file.max_query),
        context_buckets: typed.context_buckets.or(file.context_buckets),
        context_length: typed.context_length.or(file.context_length),
        max_reply: typed.max_reply.or(file.max_reply),
        shift: typed.shift.or(file.shift),
        weights: typed.weights.or(file.weights),
        epochs: typed.epochs.or(file.epochs),
        batch: typed.batch.or(file.batch),
        lr: typed.lr.or(file.lr),
        l1: typed.l1.or(file.l1),
        economy: typed.economy.or(file.economy),
        overflow_penalty: typed.overflow_penalty.or(file.overflow_penalty),
        warmup: typed.warmup.or(file.warmup),
        chunk: typed.chunk.or(file.chunk),
        hold_out: typed.hold_out.or(file.hold_out),
        patience: typed.patience.or(file.patience),
        max_nonzero: typed.max_nonzero.or(file.max_nonzero),
        max_tstates: typed.max_tstates.or(file.max_tstates),
        max_bytes: typed.max_bytes.or(file.max_bytes),
        target: typed.target.or(file.target),
        seed: typed.seed.or(file.seed),
        threads: typed.threads.or(file.threads),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_unknown_ones_named() {
        let file = parse("(\n pairs: [\"a.txt\"], name: \"tiny\",\n hidden: [4, 2], lr: 0.02,\n)").unwrap();
        assert_eq!(file.pairs, [PathBuf::from("a.txt")]);
        assert_eq!(file.name.as_deref(), Some("tiny"));
        assert_eq!(file.hidden, Some(vec![4, 2]));
        assert_eq!((file.lr, file.seed), (Some(0.02), None));
        let file =
            parse("(shift: \"learn\", weights: \"full,binary\", position_bands: 3, chunk: 9)").unwrap();
        assert_eq!(file.shift, Some(ShiftArg(mlc_trainer::Shifts::Learnt)));
        assert_eq!(file.weights.map(|sets| sets.0.len()), Some(2));
        assert_eq!((file.position_bands, file.chunk), (Some(3), Some(9)));
        let (place, problem) = parse("(\n  shift: \"some\",\n)").unwrap_err();
        assert!(place.starts_with("2:") && problem.contains("\"some\" is no shift"), "{place}: {problem}");
        let (place, problem) = parse("(\n  rate: 1,\n)").unwrap_err();
        assert!(place.starts_with("2:"), "{place}");
        assert!(problem.contains("rate"), "{problem}");
    }

    #[test]
    fn the_command_line_has_the_last_word() {
        let file = parse("(pairs: [\"a.txt\"], seed: 1, batch: 8)").unwrap();
        let typed = TrainSettings { seed: Some(2), ..TrainSettings::default() };
        let merged = merge(typed, file);
        assert_eq!((merged.seed, merged.batch, merged.pairs.len()), (Some(2), Some(8), 1));
    }
}
