//! `mlc import`: writes a network of another format as a `model.ron`.

use crate::args::ImportArgs;
use crate::error::CliError;
use crate::say::say;
use crate::table::{count, grouped};
use crate::{Outcome, files};
use mlc_compiler::import::{self, Options};
use mlc_compiler::model::{Answer, Body, Model};
use std::io::Write;

pub fn run(args: &ImportArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let bytes = files::read(&args.file, files::Kind::Model)?;
    let options = options(args);
    let import::Imported { mut model, notes } = files::parse_imported(&bytes, &args.file, &options)?;
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
    let text = import::ron::write(&model);
    let size = text.len();
    files::write(&args.output, text.into_bytes())?;
    for note in notes {
        say!("note: {}: {note}", files::shown(&args.file));
    }
    writeln!(out, "{}: {}, {} bytes", files::shown(&args.output), summary(&model), grouped(size as u64))?;
    Ok(Outcome::Done)
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
    let kind = match model.answer {
        Answer::Chat(_) => "chat",
        Answer::Label { .. } => "classifier",
    };
    let weights = model.body.weights();
    let share = 100.0 * model.body.nonzero() as f64 / weights.max(1) as f64;
    format!(
        "{}, {kind} {}, {}, {share:.0} % of them not zero",
        model.head.name,
        widths(model),
        count(weights, "weight")
    )
}

/// `256→256→192→128→40`.
pub fn widths(model: &Model) -> String {
    let Body::Layers(layers) = &model.body;
    let widths = std::iter::once(model.reader.inputs()).chain(layers.iter().map(|layer| layer.outputs));
    widths.map(|w| w.to_string()).collect::<Vec<_>>().join("→")
}
