//! What a training leaves on the disk, whatever was trained: the model, its curve and its log.

use super::log::Log;
use super::lost::Lost;
use crate::files;
use mlc_compiler::import;
use mlc_compiler::model::Model;
use mlc_trainer::outcome::EpochRow;
use mlc_trainer::{Measure, curve};
use std::path::Path;

/// Writes the model, and draws the rows of its seed. Gives the bytes of the model; `None` where it could not be written.
pub fn write<M: Measure>(
    model: &Model,
    (output, drawing): (&Path, Option<&Path>),
    (seed, rows): (u64, Vec<(u64, EpochRow<M>)>),
    log: Option<Log>,
    lost: &mut Lost,
) -> Option<usize> {
    let bytes = import::ron::write(model).into_bytes();
    let size = bytes.len();
    let size = lost.note(files::write(output, bytes)).map(|()| size);
    if let Some(path) = drawing {
        let rows: Vec<_> = rows.into_iter().filter(|(of, _)| *of == seed).map(|(_, row)| row).collect();
        lost.note(files::write(path, curve::svg(&model.head.name, &rows).into_bytes()));
    }
    lost.note(log.map_or(Ok(()), Log::finish));
    size
}
