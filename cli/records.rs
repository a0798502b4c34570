//! Reads data of sequence models from files and pipes: texts, pairs, conversations, instructions, tables.

use crate::args::RecordsArg;
use crate::error::CliError;
use crate::say::say;
use crate::table::count;
use crate::{files, pairs};
use mlc_trainer::texts::{Kind, Records};
use std::io::Read;
use std::path::Path;

/// Bytes that are looked at to tell pairs from other data.
const LOOKED_AT: usize = 64 << 10;
/// Most bytes of a source, unpacked.
const MOST: usize = 64 << 20;
/// Lines left out that are named.
const FAULTS_SHOWN: usize = 5;

/// Whether something else than `query|reply` lines is among the files. Standard input is pairs where nothing else is said.
///
/// # Errors
/// A file that cannot be read.
pub fn has_others(given: &RecordsArg) -> Result<bool, CliError> {
    if let Some(kind) = given.kind {
        return Ok(kind.kind() != Kind::Pairs);
    }
    if given.cut.is_some() {
        return Ok(true);
    }
    for path in given.paths.iter().filter(|path| !pairs::is_standard_input(path)) {
        let mut start = Vec::new();
        pairs::open(path)?
            .take(LOOKED_AT as u64)
            .read_to_end(&mut start)
            .map_err(|e| files::unreadable(path, &e))?;
        if !Kind::is_pairs(&files::shown(path), &start) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads all files, and tells on standard error which lines of pairs were left out.
///
/// # Errors
/// A file that cannot be read, or is not what its kind asks for.
pub fn read(given: &RecordsArg) -> Result<Records, CliError> {
    let mut records = Records::default();
    for path in &given.paths {
        let name = pairs::source_name(path);
        let bytes = bytes(path)?;
        let kind = given.kind.map(|kind| kind.kind());
        let cut = given.cut.map_or_else(Default::default, |cut| cut.cut());
        records
            .read(&name, &bytes, kind, cut)
            .map_err(|e| CliError::Data { problem: e.to_string(), help: e.help() })?;
    }
    for fault in records.faults.iter().take(FAULTS_SHOWN) {
        let (name, _) = &records.sources[fault.source];
        say!("warning: {name}:{}: {}; the line is left out", fault.line, fault.kind);
    }
    if let Some(more @ 1..) = records.fault_count.checked_sub(FAULTS_SHOWN) {
        say!("warning: and {} more are left out", count(more, "line"));
    }
    Ok(records)
}

fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    pairs::open(path)?
        .take(MOST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| files::unreadable(path, &e))?;
    match bytes.len() > MOST {
        true => Err(CliError::Read {
            path: path.to_path_buf(),
            problem: format!("larger than {} MiB", MOST >> 20),
            help: "cut it into several files",
        }),
        false => Ok(bytes),
    }
}

/// What a list is written as: its name says so, else what all records come from.
///
/// # Errors
/// Records of several kinds, and a name that says nothing.
pub fn output_kind(records: &Records, path: Option<&Path>) -> Result<Kind, CliError> {
    if let Some(kind) = path.and_then(|path| Kind::of_output(&files::shown(path))) {
        // Instructions stay what they are: both are JSON.
        let all = |wanted| records.sources.iter().all(|&(_, kind)| kind == wanted);
        return Ok(if kind == Kind::Conversations && all(Kind::Instructions) {
            Kind::Instructions
        } else {
            kind
        });
    }
    let mut kinds: Vec<Kind> = records.sources.iter().map(|&(_, kind)| kind).collect();
    kinds.dedup();
    match (kinds[..].first(), kinds.len()) {
        (Some(kind), 1) => Ok(*kind),
        _ => Err(CliError::Usage(
            "the files are of several kinds: name the output, .jsonl, .csv or .tsv, which says what is written".into(),
        )),
    }
}
