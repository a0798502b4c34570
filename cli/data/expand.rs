//! `mlc data expand`: templates with slots make thousands of pairs, conversations or texts.

use super::records::text;
use crate::args::ExpandArgs;
use crate::error::CliError;
use crate::say::say;
use crate::table::{count, grouped};
use crate::{Outcome, files};
use mlc_trainer::expand::{ExpandError, Side, Templates, parse};
use mlc_trainer::texts::{Kind, Record, Records};
use std::io::Write;
use std::path::Path;

/// Of the records of training so many are held out where nobody says how many.
const HELD_OUT_PART: usize = 10;

pub fn expand(args: &ExpandArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    files::reads(&args.templates);
    files::check_writable([Some(args.output.as_path()), args.held_out.as_deref()].into_iter().flatten())?;
    let bytes = files::read(&args.templates, files::Kind::Texts)?;
    let templates = parse(&files::shown(&args.templates), &bytes).map_err(wrong)?;
    let mut made = vec![drawn(&templates, args.count, args, Side::Training, &args.output)?];
    if let Some(path) = &args.held_out {
        let wanted = args.held_out_count.unwrap_or((args.count / HELD_OUT_PART).max(1));
        made.push(drawn(&templates, wanted, args, Side::HeldOut, path)?);
    }
    let (outputs, made): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    files::write_all(&outputs)?;
    if args.json {
        super::written(&outputs, made.iter().map(|(records, _)| *records), out)?;
    } else {
        for (output, (_, counts)) in outputs.iter().zip(&made) {
            writeln!(out, "{}: {counts}", files::shown(&output.path))?;
        }
    }
    if args.held_out.is_none() && templates.holds_back() {
        say!("note: --held-out FILE writes records with what the templates hold back");
    }
    Ok(Outcome::Done)
}

/// A file of records, how many they are, and what is in it.
fn drawn(
    templates: &Templates,
    wanted: usize,
    args: &ExpandArgs,
    side: Side,
    path: &Path,
) -> Result<(files::Output, (usize, String)), CliError> {
    let records = templates.expand(wanted, args.seed, side).map_err(wrong)?;
    let kind = records.sources[0].1;
    if kind == Kind::Conversations && Kind::of_output(&files::shown(path)) != Some(Kind::Conversations) {
        let message = format!(
            "{}: the templates make conversations, which are written as JSON lines: give it a name that ends in .jsonl",
            files::shown(path)
        );
        return Err(CliError::Usage(message));
    }
    let chosen: Vec<&Record> = records.records.iter().collect();
    let bytes = text(&records, &chosen, Some(path))?;
    let made = said(&records, kind, bytes.len());
    Ok((files::Output { path: path.to_path_buf(), bytes }, (records.records.len(), made)))
}

fn said(records: &Records, kind: Kind, bytes: usize) -> String {
    let different = mlc_trainer::texts::edit::dedup(records).len();
    let all = records.records.len();
    format!(
        "{}, {} different, {} bytes",
        count(all, kind.one()),
        grouped(different as u64),
        grouped(bytes as u64)
    )
}

fn wrong(error: ExpandError) -> CliError {
    CliError::Data { problem: error.to_string(), help: error.problem.help() }
}
