//! `mlc import`: writes a network of another format as a `model.ron`.

use crate::args::{Bits, ImportArgs};
use crate::error::CliError;
use crate::files::{Output, Written};
use crate::models::family;
use crate::say::say;
use crate::sequence::{self, Opened};
use crate::table::{count, grouped};
use crate::{Outcome, files, sensors, targets};
use mlc_compiler::import::{self, Options};
use mlc_compiler::model::{Body, Head, Model, Reader};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

pub fn run(args: &ImportArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let Opened { bytes, is_network, .. } = sequence::open(&args.file)?;
    if is_network {
        return import_sequence(args, &bytes, out);
    }
    let is_sensors = import::sensors::is_network(&bytes, &files::shown(&args.file));
    // Both kinds of float networks are calibrated.
    let of_sequence = args.sequence.given().filter(|option| !is_sensors || *option != "--calibrate");
    if let Some(option) = of_sequence.or(args.bits.and(Some("--bits"))).or(args.most.and(Some("--most"))) {
        let message = format!("{option} is for the float network of a sequence model, and this file is none");
        return Err(CliError::Usage(message));
    }
    let options = options(args);
    let import::Imported { mut model, notes } = if is_sensors {
        if let Some(option) = text_option(args) {
            let message = format!("{option} is for networks of hashed text, and this is one on numbers");
            return Err(CliError::Usage(message));
        }
        if !args.ignore.is_empty() {
            let message = "--ignore is for keys of other formats, and this file has none: leave it out";
            return Err(CliError::Usage(message.into()));
        }
        sensors::import(args, &bytes)?
    } else {
        if let Some(option) = args.sensors.given() {
            let message = format!("{option} is for a .tflite or an .onnx, and this file is neither");
            return Err(CliError::Usage(message));
        }
        files::parse_imported(&bytes, &args.file, &options)?
    };
    // A model.ron, alone among the formats, says by itself what the options say.
    let own = std::str::from_utf8(&bytes).is_ok_and(|text| import::ron::read(text, "").is_ok());
    if own && options != Options::default() {
        let message = "a model.ron says name, labels and numbers itself: edit it; only --about is taken";
        return Err(CliError::Usage(message.into()));
    }
    if let Some(about) = &args.about {
        model.head.about.clone_from(about);
        model.check().map_err(|e| CliError::Usage(format!("--about: {e}; {}", e.help())))?;
    }
    let output = Output { path: args.output.clone(), bytes: import::ron::write(&model).into_bytes() };
    files::write_model(&output)?;
    for note in notes {
        say!("note: {}: {note}", files::shown(&args.file));
    }
    report(args, &model, &output, out)
}

/// Quantizes a float network of the sequence family.
fn import_sequence(args: &ImportArgs, bytes: &[u8], out: &mut dyn Write) -> Result<Outcome, CliError> {
    if let Some(option) = args.sensors.given() {
        let message = format!("{option} is for networks on numbers, and this is a sequence model");
        return Err(CliError::Usage(message));
    }
    if let Some(option) = text_option(args).or(args.labels.is_some().then_some("--labels")) {
        return Err(CliError::Usage(format!(
            "{option} is for networks of hashed text, and this is a sequence model"
        )));
    }
    let source = sequence::Source::read(&args.file, bytes, &args.sequence, &args.ignore)?;
    let name = args.name.clone().unwrap_or_else(|| model_name(&args.file));
    let about = args.about.clone().unwrap_or_default();
    let head = Head { name, about, ..Head::default() };
    head.check_texts().map_err(|e| CliError::Usage(format!("--name or --about: {e}; {}", e.help())))?;
    let bits = args.bits.unwrap_or(Bits::Eight);
    let mut model = sequence::quantize(&source, head, bits, &args.sequence, args.most)?;
    let note = sequence::turns(&args.file, &source.tokenizer, &mut model)?;
    let text = import::ron::write(&model);
    let size = text.len();
    if size > import::MAX_TEXT_MIB << 20 {
        let problem = format!(
            "the model would take {} MiB as text, at most {} are read",
            size >> 20,
            import::MAX_TEXT_MIB
        );
        return Err(CliError::Network {
            problem,
            help: "give it fewer bits, or measure it with `mlc eval` as it is",
        });
    }
    let output = Output { path: args.output.clone(), bytes: text.into_bytes() };
    files::write_model(&output)?;
    if let Some(note) = note {
        say!("note: {note}");
    }
    for key in &source.generation.not_read {
        say!("note: generation_config.json: {key} is not read");
    }
    report(args, &model, &output, out)
}

/// The first option that only networks of hashed text have.
fn text_option(args: &ImportArgs) -> Option<&'static str> {
    let only = |given: bool, name| given.then_some(name);
    only(args.query_buckets.is_some(), "--query-buckets")
        .or(only(args.position_bands.is_some(), "--position-bands"))
        .or(only(args.context_length.is_some(), "--context-length"))
        .or(only(args.max_reply.is_some(), "--max-reply"))
        .or(only(args.max_query.is_some(), "--max-query"))
        .or(only(args.charset.is_some(), "--charset"))
}

/// What `--json` prints.
#[derive(Serialize)]
struct Summary<'a> {
    model: &'a str,
    family: &'a str,
    weights: usize,
    files: [Written; 1],
}

fn report(
    args: &ImportArgs,
    model: &Model,
    output: &Output,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    if args.json {
        let (weights, files) = (model.body.weights(), [Written::from(output)]);
        let summary = Summary { model: &model.head.name, family: family(model), weights, files };
        writeln!(out, "{}", targets::json(&summary))?;
        return Ok(Outcome::Done);
    }
    let size = grouped(output.bytes.len() as u64);
    writeln!(out, "{}: {}, {size} bytes", files::shown(&output.path), summary(model))?;
    Ok(Outcome::Done)
}

/// The name of a model without one: that of its file or folder.
pub fn model_name(path: &Path) -> String {
    let base = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    import::model_name(&base)
}

fn options(args: &ImportArgs) -> Options {
    Options {
        name: args.name.clone(),
        query_buckets: args.query_buckets,
        position_bands: args.position_bands,
        context_length: args.context_length,
        max_reply: args.max_reply,
        max_query: args.max_query,
        labels: args.labels.clone(),
        charset: args.charset.clone(),
        ignore: args.ignore.clone(),
    }
}

/// A model in a line: `tinychat, chat 256→256→192→128→40, 144,384 weights, 27 % of them not zero`.
pub fn summary(model: &Model) -> String {
    if let Body::Transformer(body) = &model.body {
        return sequence::summary(model, body);
    }
    if let Some((reader, body)) = model.network() {
        return sensors::summary(model, reader, body);
    }
    let weights = model.body.weights();
    let share = 100.0 * model.body.nonzero() as f64 / weights.max(1) as f64;
    format!(
        "{}, {} {}, {}, {share:.0} % of them not zero",
        model.head.name,
        family(model),
        widths(model),
        count(weights, "weight")
    )
}

/// `256→256→192→128→40`.
pub fn widths(model: &Model) -> String {
    let (Reader::HashedText(reader), Body::Layers(layers)) = (&model.reader, &model.body) else {
        unreachable!("a model of hashed text")
    };
    let widths = std::iter::once(reader.inputs()).chain(layers.iter().map(|layer| layer.outputs));
    widths.map(|w| w.to_string()).collect::<Vec<_>>().join("→")
}
