//! Files of adapters, which `mlc train --lora` writes and `mlc compile` and `mlc export` merge with their base.

use crate::error::CliError;
use crate::files;
use mlc_compiler::model::Model;
use mlc_trainer::TrainError;
use mlc_trainer::sequence::Adapter;
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

/// A model with the adapter of that file in it, if there is one.
///
/// # Errors
/// An adapter that cannot be read, or of another base.
pub fn merged(model: Model, adapter: Option<&Path>) -> Result<Model, CliError> {
    let Some(path) = adapter else { return Ok(model) };
    read(path)?.merged(&model).map_err(|e| refused(path, &e))
}

/// Why an adapter does not go with its base.
pub fn refused(path: &Path, error: &TrainError) -> CliError {
    CliError::Network {
        problem: format!("{}: {error}", files::shown(path)),
        help: "give the model that the adapter was trained beside",
    }
}
