//! What can be typed behind `mlc import`, `export`, `inspect` and `models`, and the argument that names a model.

use super::help;
use super::sensors::SensorArgs;
use super::sequence::{Bits, SEQUENCE, SequenceArgs};
use super::target::Bdos;
use super::values::{file_of, label, whole};
use clap::Args;
use std::path::PathBuf;

/// A model, as every verb takes it.
#[derive(Debug, Args)]
pub struct ModelArg {
    #[arg(value_name = "MODEL", help = help::MODEL)]
    pub path: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = help::IMPORT)]
pub struct ImportArgs {
    /// The .npz, .pt, .safetensors, .tflite or .onnx file; a model.ron or a name from `mlc models` to write anew in its canonical form; or a sequence model: a
    /// checkpoint of llama2.c, soulplayer's soul.bin, a Hugging Face folder
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the model goes
    #[arg(short, long, value_name = "FILE.ron", default_value = "model.ron", value_parser = file_of("RON", "ron"))]
    pub output: PathBuf,
    /// Name of the model [default: the file's name]
    #[arg(long)]
    pub name: Option<String>,
    /// What the model is, in a sentence
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
    /// How many inputs count the query's trigrams; the rest counts the context [default: half]
    #[arg(long, value_name = "N")]
    pub query_buckets: Option<u16>,
    /// Position bands of the query's trigrams [default: 1]
    #[arg(long, value_name = "N")]
    pub position_bands: Option<u8>,
    /// Window of the context encoder in characters [default: 8]
    #[arg(long, value_name = "N")]
    pub context_length: Option<u8>,
    /// Longest reply in characters [default: 50]
    #[arg(long, value_name = "N")]
    pub max_reply: Option<u8>,
    /// Longest line that the program's own prompt takes, in bytes [default: 62]
    #[arg(long, value_name = "N")]
    pub max_query: Option<u8>,
    /// Labels of the outputs: makes the network a classifier
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', value_parser = label)]
    pub labels: Option<Vec<String>>,
    /// Characters of the outputs in order, for a file that does not say; the end mark is added
    #[arg(long, value_name = "TEXT", conflicts_with = "labels")]
    pub charset: Option<String>,
    /// A key of the file that mlc does not know, and that changes nothing in the answers; may repeat
    #[arg(long, value_name = "KEY")]
    pub ignore: Vec<String>,
    /// Bits of the weights of a sequence model [default: 8]
    #[arg(long, value_name = "BITS", help_heading = SEQUENCE)]
    pub bits: Option<Bits>,
    /// Most tokens that a sequence model reads for a question, its own and those written [default: 256]
    #[arg(long, value_name = "N", value_parser = whole(2u16, u16::MAX), help_heading = SEQUENCE)]
    pub most: Option<u16>,
    #[command(flatten)]
    pub sequence: SequenceArgs,
    #[command(flatten)]
    pub sensors: SensorArgs,
    /// Print what was written as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::EXPORT)]
pub struct ExportArgs {
    /// A model, or a float network: a checkpoint of llama2.c, a Hugging Face folder
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// Where it goes: a folder for a sequence model, FILE.npz for one of hashed text; with --lora also FILE.ron
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Adapters that `mlc train --lora` made for the model
    #[arg(long, value_name = "FILE.ron")]
    pub lora: Option<PathBuf>,
    /// The tokenizer of a float network [default: in a folder, the one there]
    #[arg(long, value_name = "FILE")]
    pub tokenizer: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = help::INSPECT)]
pub struct InspectArgs {
    #[command(flatten)]
    pub model: ModelArg,
    #[arg(long, value_name = "ADDRESS", help = help::BDOS)]
    pub bdos: Option<Bdos>,
    /// Print everything as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}
