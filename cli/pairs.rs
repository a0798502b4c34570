//! Reads conversation pairs from files and pipes, for every verb that takes them.

use crate::error::CliError;
use crate::files;
use crate::say::say;
use crate::table::{count, grouped};
use flate2::read::MultiGzDecoder;
use mlc_compiler::model::{Answer, Model};
use mlc_trainer::{Limits, MAX_LINE, Pair, Pairs, Spool, Storage, data};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Lines left out that are named.
const FAULTS_SHOWN: usize = 5;
const STANDARD_INPUT: &str = "-";

/// Nothing is cut: no line is longer.
pub const UNCUT: Limits = Limits { query: MAX_LINE, reply: MAX_LINE };

/// Pairs that would take more bytes of memory than this in training are put aside, into a temporary file.
const MEMORY: usize = 1 << 30;
/// The most bytes of pairs that are all held at once.
const HELD: usize = 2 << 30;
/// Bytes of a pair beside its texts: itself, and what the system takes for each text.
const PAIR: usize = size_of::<Pair>() + 32;
/// Pairs in a chunk where nobody says how many.
const CHUNK: usize = 200_000;

/// Pairs to train on.
pub enum Gathered {
    Held(Pairs),
    /// Put aside, with what was counted while they were read, and how many to hold in memory at a time.
    Aside(Pairs, Spool, usize),
}

/// Reads all files as [`read`] does, but puts the pairs aside if there are more than `chunk`, or without that if they
/// would take more than a gigabyte.
///
/// # Errors
/// Those of [`read`]; and no room for temporary files.
pub fn gather(paths: &[PathBuf], limits: &Limits, chunk: Option<usize>) -> Result<Gathered, CliError> {
    let mut read = Pairs::default();
    let (mut held, mut footprint, mut aside) = (Vec::new(), 0, None);
    for path in paths {
        read_source(&mut read, path, limits, &mut |pair| {
            if let Some(spool) = &mut aside {
                return Spool::push(spool, &pair);
            }
            footprint += pair.footprint();
            held.push(pair);
            if chunk.map_or(footprint > MEMORY, |chunk| held.len() > chunk) {
                let spool = aside.insert(Spool::new(temporary()?));
                std::mem::take(&mut held).iter().try_for_each(|pair| spool.push(pair))?;
            }
            Ok(())
        })?;
    }
    report(&read);
    Ok(match aside {
        Some(spool) => {
            let size = chunk.unwrap_or(CHUNK);
            say!("{}, too many for memory: {} at a time", count(spool.pairs(), "pair"), grouped(size as u64));
            Gathered::Aside(read, spool, size)
        }
        None => Gathered::Held(Pairs { pairs: held, ..read }),
    })
}

/// A file that nobody else sees, and that is gone when mlc ends, however it ends.
///
/// # Errors
/// There is no room, or no folder for temporary files.
pub fn temporary() -> io::Result<Box<dyn Storage>> {
    Ok(Box::new(tempfile::tempfile()?))
}

/// Whether pairs come from standard input, not from a file.
pub fn is_standard_input(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
}

/// Puts files of pairs on the list of what is read, before they are read: reading may take long, and a clash with an
/// output must show before.
pub fn claim(paths: &[PathBuf]) {
    for path in paths {
        if is_standard_input(path) { files::reads_standard_input() } else { files::reads(path) }
    }
}

/// Reads all files, and tells on standard error what was left out or cut.
///
/// # Errors
/// A file that cannot be read, or is no text; more than memory should hold.
pub fn read(paths: &[PathBuf], limits: &Limits) -> Result<Pairs, CliError> {
    let pairs = read_up_to(HELD, paths, limits)?;
    report(&pairs);
    Ok(pairs)
}

/// All pairs, if they take at most `most` bytes.
fn read_up_to(most: usize, paths: &[PathBuf], limits: &Limits) -> Result<Pairs, CliError> {
    let (mut pairs, mut held, mut bytes) = (Pairs::default(), Vec::new(), 0);
    for path in paths {
        let read = read_source(&mut pairs, path, limits, &mut |pair| {
            bytes += PAIR + pair.query.len() + pair.reply.len();
            held.push(pair);
            // Reading ends; what is said of it is below.
            if bytes > most { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(()) }
        });
        if bytes > most {
            let problem = format!("more pairs than {} MiB of memory hold", most >> 20);
            return Err(CliError::Read { path: path.clone(), problem, help: "take a part of them" });
        }
        read?;
    }
    Ok(Pairs { pairs: held, ..pairs })
}

fn report(pairs: &Pairs) {
    for fault in pairs.faults.iter().take(FAULTS_SHOWN) {
        say!("warning: {}: {}; the line is left out", pairs.place(fault.source, fault.line), fault.kind);
    }
    if let Some(more @ 1..) = pairs.fault_count.checked_sub(FAULTS_SHOWN) {
        say!("warning: and {} more are left out", count(more, "line"));
    }
    if pairs.cut_queries + pairs.cut_replies > 0 {
        let cut = [(pairs.cut_queries, "query"), (pairs.cut_replies, "reply")];
        let cut: Vec<_> = cut.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(n, what)).collect();
        say!("warning: too long, and so cut at a word: {}", cut.join(", "));
    }
}

/// As [`read`]; and there must be a pair.
///
/// # Errors
/// Those of [`read`]; no pair.
pub fn read_some(paths: &[PathBuf], limits: &Limits) -> Result<Pairs, CliError> {
    let pairs = read(paths, limits)?;
    mlc_trainer::require_pair(&pairs)?;
    Ok(pairs)
}

fn read_source(
    pairs: &mut Pairs,
    path: &Path,
    limits: &Limits,
    sink: &mut dyn FnMut(Pair) -> io::Result<()>,
) -> Result<(), CliError> {
    Ok(pairs.read_to(&mut BufReader::new(open(path)?), &source_name(path), limits, sink)?)
}

/// What a source is called in messages.
pub fn source_name(path: &Path) -> String {
    if is_standard_input(path) { "standard input".into() } else { files::shown(path) }
}

/// Opens a file, one that is packed with gzip as what it holds, or standard input.
///
/// # Errors
/// A file that cannot be opened.
pub fn open(path: &Path) -> Result<Box<dyn Read>, CliError> {
    if is_standard_input(path) {
        files::reads_standard_input();
        return Ok(Box::new(io::stdin()));
    }
    let file = files::open(path)?;
    Ok(match path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) {
        true => Box::new(MultiGzDecoder::new(file)),
        false => Box::new(file),
    })
}

/// What a model takes and gives: pairs beyond it are cut as in its training.
pub fn limits(model: &Model) -> Limits {
    let reply = match &model.answer {
        Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => Limits::default().reply,
        Answer::Chat(chat) => chat.max_reply.into(),
        Answer::Label { labels, .. } => {
            labels.iter().map(String::len).fold(Limits::default().reply, usize::max)
        }
    };
    Limits { query: model.reader.max_query().into(), reply }
}

/// What was read, in a line: `6 lines, 1 comment, 0 blank, 1 left out`.
pub fn counts(pairs: &Pairs) -> String {
    format!(
        "{}, {}, {} blank, {} left out",
        count(pairs.lines, "line"),
        count(pairs.comments, "comment"),
        grouped(pairs.blank as u64),
        grouped(pairs.fault_count as u64)
    )
}

/// Warns where contradictory pairs set a limit on exact replies: a query always gets the same reply.
pub fn warn_of_contradictions(pairs: &Pairs) {
    let all: Vec<&Pair> = pairs.pairs.iter().collect();
    let ceiling = data::ceiling(&all);
    if ceiling < all.len() {
        let share = 100.0 * ceiling as f64 / all.len() as f64;
        say!(
            "warning: pairs contradict: at most {} of {} replies ({share:.1} %) can come out right; `mlc data lint` \
             names them, `mlc data dedup --resolve` drops them",
            grouped(ceiling as u64),
            grouped(all.len() as u64)
        );
    }
}

/// The names of what was read, for a headline.
pub fn sources(pairs: &Pairs) -> String {
    pairs.sources.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_is_held_has_a_cap() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"a|B\nc|D\n").unwrap();
        let paths = [file.path().to_path_buf()];
        let bytes = 2 * (PAIR + 2);
        assert_eq!(read_up_to(bytes, &paths, &UNCUT).unwrap().pairs.len(), 2);
        let error = read_up_to(bytes - 1, &paths, &UNCUT).unwrap_err().to_string();
        assert!(error.ends_with(": more pairs than 0 MiB of memory hold"), "{error}");
    }
}
