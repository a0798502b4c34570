//! Files of adapters, which `mlc train --lora` writes and `mlc compile` and `mlc export` merge with their base.

use crate::args::SequenceArgs;
use crate::error::CliError;
use crate::import::model_name;
use crate::say::say;
use crate::sequence::{self, MAX_LENGTH, Opened, Source};
use crate::{export, files};
use mlc_compiler::arithmetic::hash::{FNV_START, fnv1a};
use mlc_compiler::import::Options;
use mlc_compiler::import::sequence::model::story;
use mlc_compiler::model::{Head, Model, Tokens};
use mlc_trainer::TrainError;
use mlc_trainer::sequence::{Adapter, Base, FloatBase, Rounding};
use ron::ser::PrettyConfig;
use std::path::Path;

const HELP: &str = "give a file that `mlc train --lora` wrote";

/// Reads an adapter.
///
/// # Errors
/// The file cannot be read, or is no adapter.
pub fn read(path: &Path) -> Result<Adapter, CliError> {
    let bytes = files::read(path, files::Kind::Model)?;
    let wrong =
        |what: String| CliError::Network { problem: format!("{}: {what}", files::shown(path)), help: HELP };
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong("this is no text, and adapters are".into()))?;
    ron::from_str(text).map_err(|e| wrong(format!("no adapter: {e}")))
}

/// Whether these are the bytes of an adapter's file.
pub fn is_adapter(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| ron::from_str::<Adapter>(text).is_ok())
}

/// An adapter as its file.
pub fn bytes(adapter: &Adapter) -> Vec<u8> {
    let look = PrettyConfig::new().new_line("\n").compact_arrays(true);
    let text = ron::ser::to_string_pretty(adapter, look).expect("an adapter is numbers and names");
    (text + "\n").into_bytes()
}

/// What is said of a tokenizer beside a model.
pub const OWN_TOKENIZER: &str = "--tokenizer is for float networks: a model.ron has its own";

/// The model that was named with the adapter of a file in it. Of a float network, which `tokenizer` may be that of, the adapter says how
/// it is rounded.
///
/// # Errors
/// Files that cannot be read, or are no model and no adapter; an adapter of another base.
pub fn merged(named: &Path, tokenizer: Option<&Path>, adapter: &Path) -> Result<Model, CliError> {
    let Opened { path, bytes, is_network } = sequence::open(named)?;
    if !is_network {
        if tokenizer.is_some() {
            return Err(CliError::Usage(OWN_TOKENIZER.into()));
        }
        let model = files::parse_model(&bytes, &path, &Options::default())?;
        return read(adapter)?.merged(Base::Model(&model)).map_err(|e| refused(adapter, &e));
    }
    let found = read(adapter)?;
    let source = Source::read(&path, &bytes, &SequenceArgs::of_tokenizer(tokenizer), &[])?;
    let base = floats(&path, &source, rounding(adapter, &found)?)?;
    let mut model = found.merged(Base::Floats(&base)).map_err(|e| refused(adapter, &e))?;
    if let Some(note) = sequence::turns(&path, &source.tokenizer, &mut model)? {
        say!("note: {note}");
    }
    Ok(model)
}

/// How an adapter's float base is rounded.
///
/// # Errors
/// Its base is no float network.
pub fn rounding(path: &Path, adapter: &Adapter) -> Result<Rounding, CliError> {
    adapter.rounding.ok_or_else(|| {
        refused(path, &TrainError::Data("the adapter's base is a model of integers, no float network".into()))
    })
}

/// A float network as adapters want it: with the tokens and the answer that importing gives it. It is told from others by the files
/// that exporting it gives.
///
/// # Errors
/// Something that the trainer does not have, or that these files have no place for.
pub fn floats(path: &Path, source: &Source, rounding: Rounding) -> Result<FloatBase, CliError> {
    let Source { checkpoint, tokenizer, generation } = source;
    let no_base = |problem: String, help| CliError::Network {
        problem: format!("{}: {problem}", files::shown(path)),
        help,
    };
    let story = story(checkpoint, tokenizer, generation, Some(rounding.most))
        .map_err(|e| no_base(e.to_string(), e.help()))?;
    let head = Head { name: model_name(path), ..Head::default() };
    let reader = Tokens { tokenizer: tokenizer.clone(), max_length: MAX_LENGTH };
    let contents = export::of_floats(path, source)?;
    let hash = contents.files.iter().fold(FNV_START, |hash, (_, bytes)| fnv1a(hash, bytes.iter().copied()));
    FloatBase::new(checkpoint, rounding, (head, reader, story), format!("{hash:016x}"))
        .map_err(|e| no_base(e.to_string(), "adapters go beside networks that `mlc train --from` takes"))
}

/// Why an adapter does not go with its base.
pub fn refused(path: &Path, error: &TrainError) -> CliError {
    CliError::Network {
        problem: format!("{}: {error}", files::shown(path)),
        help: "give the model that the adapter was trained beside",
    }
}
