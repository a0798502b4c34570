//! Published networks on numbers with their inputs, if they lie beside the repository.

use super::shared;
use mlc_compiler::import::sensors::data::{Examples, Values};
use mlc_compiler::import::sensors::{Settings, import};
use mlc_compiler::model::{Model, Sensors};
use mlc_compiler::words::grouped;

fn bytes(name: &str) -> Option<Vec<u8>> {
    let path = shared::beside("import-models", name)?;
    Some(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// Not every network comes with inputs.
fn examples(name: &str, width: usize) -> Option<Examples> {
    let path = shared::beside("import-models", "README.md")?.with_file_name(format!("expected/{name}.npz"));
    let bytes = std::fs::read(path).ok()?;
    Some(Examples::read(&bytes, width).unwrap_or_else(|e| panic!("{e}")))
}

/// A network, quantized by its training half where it has floats.
pub fn read(name: &str) -> Option<Model> {
    let (file, calibration) = match name.starts_with("sk_") {
        false => (format!("tflite/{name}.tflite"), None),
        true => {
            let width = if name.contains("digits") { 64 } else { 4 };
            (format!("onnx/{name}.onnx"), Some(examples(&format!("{name}_calib"), width)?))
        }
    };
    let bytes = bytes(&file)?;
    let settings = Settings::default();
    Some(import(&bytes, &file, &settings, calibration.as_ref()).unwrap_or_else(|e| panic!("{e}")).model)
}

/// Values of the inputs given, or none where there are none.
pub fn inputs(name: &str, sensors: &Sensors, most: usize) -> Vec<Vec<i8>> {
    let width = sensors.shape.len();
    let Some(examples) = examples(name, width) else { return vec![] };
    match &examples.values {
        Values::Bytes(values) => values.chunks(width).take(most).map(<[i8]>::to_vec).collect(),
        Values::Reals(values) => {
            values.chunks(width).take(most).map(|row| sensors.bytes(row, false)).collect()
        }
    }
}

/// Compares figures with the row that a document has of a network, if it has one: each stands in a cell of it.
#[track_caller]
pub fn documented(page: &str, name: &str, figures: &[u64]) {
    let is_of =
        |line: &&str| line.split('|').nth(1).is_some_and(|cell| cell.trim().split(',').next() == Some(name));
    let Some(row) = page.lines().find(is_of) else { return };
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    for figure in figures {
        assert!(
            cells.contains(&grouped(*figure).as_str()),
            "{name}: {figure} is not in the document's row: {row}"
        );
    }
}
