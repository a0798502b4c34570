//! `mlc import` of a network on numbers.

use super::figures::{measure, measure_floats};
use super::{examples, say_notes};
use crate::args::ImportArgs;
use crate::error::CliError;
use crate::files;
use crate::say::say;
use crate::table::count;
use mlc_compiler::import::Imported;
use mlc_compiler::import::sensors::data::Examples;
use mlc_compiler::import::sensors::{Floats, Settings, import as read};
use mlc_compiler::model::Model;
use std::path::Path;

/// Reads the network; one of floats is quantized by its training data. Says how well it does on them.
///
/// # Errors
/// What the file has that is not computed; data that do not fit.
pub fn import(args: &ImportArgs, bytes: &[u8]) -> Result<Imported, CliError> {
    let settings = Settings {
        name: args.name.clone(),
        labels: args.labels.clone(),
        inputs: args.sensors.inputs.clone(),
        rounding: args.sensors.rounding.map(Into::into),
        margin: args.sensors.margin.unwrap_or(0),
        decimals: args.sensors.decimals,
        numbers: args.sensors.numbers,
    };
    let file = args.file.display().to_string();
    let failed = |error| CliError::Import { error, text: None };
    let Some(path) = &args.sequence.calibrate else {
        return read(bytes, &file, &settings, None).map_err(failed);
    };
    let Some(floats) = Floats::read(bytes, &file).map_err(failed)? else {
        let message = "--calibrate is for networks of floats, and this one has integers already";
        return Err(CliError::Usage(message.into()));
    };
    let data = examples(path, floats.inputs(), settings.inputs.as_deref().unwrap_or_default())?;
    let imported = read(bytes, &file, &settings, Some(&data)).map_err(failed)?;
    tell(&imported.model, &floats, &data, path)?;
    Ok(imported)
}

/// Says how the network does on the data before and after.
fn tell(model: &Model, floats: &Floats, data: &Examples, path: &Path) -> Result<(), CliError> {
    let before = measure_floats(model, floats, data);
    let after = measure(model, data)?;
    say_notes(path, &after);
    say!("{}: {} to quantize by", files::shown(path), count(data.rows, "row"));
    for (when, figures) in [("floats", &before), ("integers", &after)] {
        figures.lines().iter().for_each(|line| say!("in {when}: {line}"));
    }
    for (label, by) in &after.by_label {
        let was = before.by_label.get(label).map_or(0, |by| by.right);
        say!("label {label}: {} of {} right, {was} in floats", by.right, by.rows);
    }
    Ok(())
}
