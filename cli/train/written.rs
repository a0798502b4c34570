//! What a training leaves on the disk, whatever was trained: the model, its curve and its log.

use super::log::Log;
use super::lost::Lost;
use crate::files;
use mlc_compiler::model::Model;
use mlc_trainer::outcome::EpochRow;
use mlc_trainer::{Measure, curve};
use std::path::Path;

/// Writes the bytes of the model or of its adapter, and draws the rows of its seed. Gives how many bytes; `None` where they could
/// not be written.
pub fn write<M: Measure>(
    (model, bytes): (&Model, Vec<u8>),
    (output, drawing): (&Path, Option<&Path>),
    (seed, rows): (u64, Vec<(u64, EpochRow<M>)>),
    log: Option<Log>,
    lost: &mut Lost,
) -> Option<usize> {
    let size = bytes.len();
    let size = lost.note(files::write(output, bytes)).map(|()| size);
    if let Some(path) = drawing {
        let rows: Vec<_> = rows.into_iter().filter(|(of, _)| *of == seed).map(|(_, row)| row).collect();
        lost.note(files::write(path, curve::svg(&model.head.name, &rows).into_bytes()));
    }
    lost.note(log.map_or(Ok(()), Log::finish));
    size
}
