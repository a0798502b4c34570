//! Networks on numbers: `import`, `eval` and `inspect` of them.

mod eval;
mod figures;
mod import;
mod inspect;

pub use eval::{by_label, eval};
pub use figures::{Figures, measure};
pub use import::import;
pub use inspect::{inspect, summary};

use crate::error::CliError;
use crate::files;
use crate::prompts::Prompt;
use crate::say::say;
use mlc_compiler::import::sensors::NetworkProblem;
use mlc_compiler::import::sensors::data::{Examples, Values};
use mlc_compiler::model::{Model, Rounding, Sensors};
use std::path::Path;

/// Reads examples for a network that reads so many numbers, of these names if they have any.
///
/// # Errors
/// A file that cannot be read, or that has no such examples.
fn examples(path: &Path, inputs: usize, names: &[String]) -> Result<Examples, CliError> {
    let bytes = files::read(path, files::Kind::Texts)?;
    let data = Examples::read(&bytes, inputs).map_err(|problem| wrong(path, &problem))?;
    data.check_order(names).map_err(|problem| wrong(path, &problem))?;
    data.notes.iter().for_each(|note| say!("note: {}: {note}", files::shown(path)));
    Ok(data)
}

/// Reads examples for a model.
///
/// # Errors
/// As of [`examples`]; bytes for a model of whose numbers some become several bytes.
fn of_model(path: &Path, sensors: &Sensors) -> Result<Examples, CliError> {
    let data = examples(path, sensors.numbers(), &sensors.inputs)?;
    match data.values {
        Values::Bytes(_) if data.width != sensors.shape.len() => {
            let what = "x has 8-bit integers, and values of this model become several bytes: give readings, as floats";
            Err(wrong(path, &NetworkProblem::Data(what.into())))
        }
        _ => Ok(data),
    }
}

/// Says what of the data was not compared or cannot be right.
fn say_notes(path: &Path, figures: &Figures) {
    figures.notes.iter().for_each(|note| say!("note: {}: {note}", files::shown(path)));
}

/// The rows of a file of examples as lines that a program reads: their bytes.
///
/// # Errors
/// A model that reads no numbers; a file that cannot be read, or that has no such examples.
pub fn rows(path: &Path, model: &Model) -> Result<Vec<Prompt>, CliError> {
    let Some((sensors, network)) = model.network() else {
        return Err(CliError::Usage("--data is for a network on numbers: leave it out".into()));
    };
    let data = of_model(path, sensors)?;
    let row = |row: usize| {
        let bytes = match &data.values {
            Values::Bytes(values) => values[row * data.width..][..data.width].to_vec(),
            Values::Reals(values) => sensors
                .bytes(&values[row * data.width..][..data.width], network.rounding == Rounding::OnnxRuntime),
        };
        Prompt { query: Sensors::line(&bytes), reply: None }
    };
    Ok((0..data.rows).map(row).collect())
}

/// What is wrong with a file of examples.
pub fn wrong(path: &Path, problem: &NetworkProblem) -> CliError {
    CliError::Network { problem: format!("{}: {problem}", files::shown(path)), help: problem.help() }
}
