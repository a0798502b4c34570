//! `mlc export`: a model in a format of other programs: `.npz`, or a Hugging Face folder.

use crate::args::{ExportArgs, SequenceArgs};
use crate::error::CliError;
use crate::files::{Output, Written};
use crate::say::say;
use crate::sequence::{self, Opened, Source};
use crate::table::{count, grouped};
use crate::{Outcome, adapter, files, targets};
use mlc_compiler::import::sequence::hugging_face::{self, Generation, chat};
use mlc_compiler::import::sequence::{Checkpoint, dequantize};
use mlc_compiler::import::tokenizer::huggingface;
use mlc_compiler::import::{Options, npz, ron};
use mlc_compiler::model::{Answer, Body, Model, Reader};
use mlc_compiler::tokens::Tokenizer;
use std::io::Write;
use std::path::Path;

/// Positions where neither the network nor the model says how many it is used for.
const POSITIONS: usize = 2048;

pub fn run(args: &ExportArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let Opened { path, bytes, is_network } = sequence::open(&args.model)?;
    let tokenizer = args.tokenizer.as_deref();
    let model = match &args.lora {
        Some(lora) => adapter::merged(&args.model, tokenizer, lora)?,
        None if is_network => {
            let given = SequenceArgs::of_tokenizer(tokenizer);
            let source = sequence::Source::read(&path, &bytes, &given, &[])?;
            return folder(args, &of_floats(&path, &source)?, out);
        }
        None => {
            if tokenizer.is_some() {
                return Err(CliError::Usage(adapter::OWN_TOKENIZER.into()));
            }
            files::parse_model(&bytes, &path, &Options::default())?
        }
    };
    // With its adapter, or as it is.
    if args.output.extension().is_some_and(|e| e.eq_ignore_ascii_case("ron")) {
        return one(args, ron::write(&model).into_bytes(), out);
    }
    match &model.body {
        Body::Layers(_) => layers(args, &model, out),
        Body::Transformer(_) => integers(args, &model, out),
        Body::Network(_) => {
            let message = "a network on numbers is written as model.ron only: give it a name that ends so";
            Err(CliError::Usage(message.into()))
        }
    }
}

/// A network of hashed text.
fn layers(args: &ExportArgs, model: &Model, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let name = files::shown(&args.output);
    if !args.output.extension().is_some_and(|e| e.eq_ignore_ascii_case("npz")) {
        let message =
            format!("{name}: a network of hashed text is written as .npz: give it a name that ends so");
        return Err(CliError::Usage(message));
    }
    one(args, npz::write(model).map_err(refused)?, out)
}

/// Writes the only file.
fn one(args: &ExportArgs, bytes: Vec<u8>, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let output = Output { path: args.output.clone(), bytes };
    files::write_all(std::slice::from_ref(&output))?;
    if args.json {
        return json(&[output], out);
    }
    writeln!(out, "{}: {} bytes", files::shown(&output.path), grouped(output.bytes.len() as u64))?;
    Ok(Outcome::Done)
}

/// What `--json` prints.
fn json(outputs: &[Output], out: &mut dyn Write) -> Result<Outcome, CliError> {
    let files: Vec<_> = outputs.iter().map(Written::from).collect();
    writeln!(out, "{}", targets::json(&serde_json::json!({ "files": files })))?;
    Ok(Outcome::Done)
}

/// A sequence model: grid times scale.
fn integers(args: &ExportArgs, model: &Model, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let (Reader::Tokens(reader), Body::Transformer(body), Answer::Story(story)) =
        (&model.reader, &model.body, &model.answer)
    else {
        unreachable!("a model with a transformer reads tokens and answers with them")
    };
    if story.classifies() {
        let message = "a classifier is written as model.ron only: a folder of Hugging Face's has tokens as outputs, no labels";
        return Err(CliError::Usage(message.into()));
    }
    let checkpoint = dequantize(body, story.logit_bits).map_err(refused)?;
    let generation = Generation {
        sample: Some(false),
        begin: reader.tokenizer.bos,
        end: story.ends.clone(),
        max_length: Some(story.most.into()),
        ..Generation::default()
    };
    say!(
        "note: weights are the model's integers times their scales; rounding of activations is not in the folder"
    );
    let chat = match &story.turns {
        Some(turns) => {
            let written = chat::written(turns, &reader.tokenizer);
            if written.is_none() {
                say!(
                    "note: there is no chat template in the folder: texts do not say what the tokens of a turn do"
                );
            }
            written
        }
        None => None,
    };
    folder(args, &contents(&checkpoint, (&reader.tokenizer, chat), &generation)?, out)
}

/// What a folder has.
pub struct Contents {
    /// Names of its files, and their bytes.
    pub files: Vec<(&'static str, Vec<u8>)>,
    notes: Vec<String>,
    weights: usize,
}

/// The folder of a float network that was read from `path`.
///
/// # Errors
/// What of it the format has no place for; a chat template that cannot be read.
pub fn of_floats(path: &Path, source: &Source) -> Result<Contents, CliError> {
    let chat = sequence::template(path)?.map(|template| template.source().to_string());
    contents(&source.checkpoint, (&source.tokenizer, chat), &source.generation)
}

fn contents(
    checkpoint: &Checkpoint,
    (tokenizer, chat): (&Tokenizer, Option<String>),
    generation: &Generation,
) -> Result<Contents, CliError> {
    let positions = generation.max_length.unwrap_or(POSITIONS);
    let written = hugging_face::write(checkpoint, generation, positions).map_err(refused)?;
    let tokens = huggingface::write(tokenizer).map_err(|what| refused(format!("its tokenizer: {what}")))?;
    let mut files = vec![
        ("config.json", written.config),
        ("model.safetensors", written.weights),
        ("generation_config.json", written.generation),
        ("tokenizer.json", tokens.bytes),
        ("tokenizer_config.json", tokenizer_config(tokenizer)),
    ];
    files.extend(chat.map(|chat| ("chat_template.jinja", chat.into_bytes())));
    Ok(Contents { files, notes: tokens.notes, weights: checkpoint.weights() as usize })
}

fn folder(args: &ExportArgs, contents: &Contents, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let folder = &args.output;
    let is_file = |e: &std::ffi::OsStr| e.eq_ignore_ascii_case("npz") || e.eq_ignore_ascii_case("ron");
    if folder.is_file() || folder.extension().is_some_and(is_file) {
        let message = format!("{}: a sequence model is written as a folder: name one", files::shown(folder));
        return Err(CliError::Usage(message));
    }
    let output = |(name, bytes): &(&str, Vec<u8>)| Output { path: folder.join(name), bytes: bytes.clone() };
    let outputs: Vec<_> = contents.files.iter().map(output).collect();
    files::write_all_below([folder.as_path()], &outputs)?;
    for note in &contents.notes {
        say!("note: tokenizer.json: {note}");
    }
    if args.json {
        return json(&outputs, out);
    }
    let bytes: usize = outputs.iter().map(|output| output.bytes.len()).sum();
    let weights = count(contents.weights, "weight");
    writeln!(
        out,
        "{}: {weights}, {} bytes in {}",
        files::shown(folder),
        grouped(bytes as u64),
        count(outputs.len(), "file")
    )?;
    Ok(Outcome::Done)
}

/// What transformers wants to know beside `tokenizer.json`: that this file is all, and what its first and last tokens are.
fn tokenizer_config(tokenizer: &Tokenizer) -> Vec<u8> {
    let text = |id: Option<u32>| {
        let special = tokenizer.specials.iter().find(|special| Some(special.id) == id);
        special.map(|special| special.text.clone())
    };
    let config = serde_json::json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": text(tokenizer.bos),
        "eos_token": text(tokenizer.eos),
        "unk_token": text(tokenizer.unknown),
        "clean_up_tokenization_spaces": false,
    });
    (serde_json::to_string_pretty(&config).expect("texts can be written") + "\n").into_bytes()
}

fn refused(problem: String) -> CliError {
    CliError::Network { problem, help: "the format has no place for it; a model.ron has" }
}
