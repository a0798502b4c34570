//! Networks on numbers: `import`, `eval` and `inspect` of them.

mod eval;
mod figures;
mod import;
mod inspect;

pub use eval::eval;
pub use import::import;
pub use inspect::{inspect, summary};

use crate::error::CliError;
use crate::files;
use mlc_compiler::import::sensors::NetworkProblem;
use mlc_compiler::import::sensors::data::Examples;
use std::path::Path;

/// Reads examples for a network that reads so many numbers.
///
/// # Errors
/// A file that cannot be read, or that has no such examples.
fn examples(path: &Path, inputs: usize) -> Result<Examples, CliError> {
    let bytes = files::read(path, files::Kind::Texts)?;
    Examples::read(&bytes, inputs).map_err(|problem| wrong(path, &problem))
}

/// What is wrong with a file of examples.
fn wrong(path: &Path, problem: &NetworkProblem) -> CliError {
    CliError::Network { problem: format!("{}: {problem}", files::shown(path)), help: problem.help() }
}
