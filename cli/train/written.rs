//! What a training leaves on the disk, whatever was trained: the model, its curve and its log.

use super::follow::Follower;
use super::log::Log;
use super::lost::Lost;
use crate::error::CliError;
use crate::files;
use crate::import::summary;
use crate::inspect::numbered;
use crate::say::say;
use crate::table::{fold, grouped};
use mlc_compiler::import;
use mlc_compiler::model::Model;
use mlc_trainer::outcome::Trained;
use mlc_trainer::{Measure, StopReason, curve};
use std::io::Write;
use std::path::Path;

/// Labels that are named.
const LABELS_SHOWN: usize = 20;

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

/// Says that a training was stopped, if it was, and prints what its model is, with its labels, if it has
/// any; `size`: bytes of the file, if it was written.
///
/// # Errors
/// Output that cannot be written.
pub fn report<M>(
    Trained { model, stop, epoch, epochs, .. }: &Trained<M>,
    path: &Path,
    size: Option<usize>,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    if *stop == StopReason::Requested {
        say!("stopped; this is the best network so far, from epoch {epoch} of {epochs}");
    }
    if let Some(size) = size {
        writeln!(out, "{}: {}, {} bytes", files::shown(path), summary(model), grouped(size as u64))?;
    }
    let labels = model.answer.labels();
    if labels.is_empty() {
        return Ok(());
    }
    let shown = numbered(&labels[..labels.len().min(LABELS_SHOWN)]);
    let more = match labels.len().saturating_sub(LABELS_SHOWN) {
        0 => String::new(),
        n => format!(", and {n} more that `mlc inspect` lists"),
    };
    Ok(writeln!(out, "{}", fold(&format!("labels: {shown}{more}")))?)
}
