//! What a training leaves on the disk, whatever was trained: the model, its curve and its log.

use super::follow::Follower;
use super::log::Log;
use super::lost::Lost;
use crate::files;
use crate::say::say;
use mlc_compiler::import;
use mlc_compiler::model::Model;
use mlc_trainer::{Measure, curve};
use std::path::Path;

/// Writes the model with the curve of its seed and the log. Gives how many bytes it has; `None` where it could not be written.
pub fn model<M: Measure>(
    model: &Model,
    drawing: Option<&Path>,
    seed: u64,
    followed: Follower<M>,
    lost: &mut Lost,
) -> Option<usize> {
    write((model, import::ron::write(model).into_bytes()), drawing, seed, followed, lost)
}

/// The same with other bytes in the place of the model's: those of its adapter.
pub fn write<M: Measure>(
    (model, bytes): (&Model, Vec<u8>),
    drawing: Option<&Path>,
    seed: u64,
    followed: Follower<M>,
    lost: &mut Lost,
) -> Option<usize> {
    let Follower { log, rows, mut snapshots, .. } = followed;
    let size = bytes.len();
    let size = lost.note(snapshots.write(bytes, &|line| say!("{line}"))).map(|()| size);
    if let Some(path) = drawing {
        let rows: Vec<_> = rows.into_iter().filter(|(of, _)| *of == seed).map(|(_, row)| row).collect();
        lost.note(files::write(path, curve::svg(&model.head.name, &rows).into_bytes()));
    }
    lost.note(log.map_or(Ok(()), Log::finish));
    size
}
