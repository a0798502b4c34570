//! `mlc data` on data of sequence models.

use super::{List, MOST_PAIRS, PLACES, print_lengths, print_lint, write_both, write_list};
use crate::args::{BalanceArgs, DedupArgs, LintArgs, ListOutput, SplitArgs, StatsArgs};
use crate::error::CliError;
use crate::table::{Align, count, grouped, table};
use crate::{Outcome, records, targets};
use mlc_trainer::TaskError;
use mlc_trainer::texts::edit::{self, EditError};
use mlc_trainer::texts::{self, Kind, Record, Records, Stats};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

#[derive(Serialize)]
struct Counted<'a> {
    sources: &'a [(String, Kind)],
    left_out: usize,
    #[serde(flatten)]
    stats: &'a Stats,
}

pub fn stats(args: &StatsArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let read = records::read(&args.pairs)?;
    let stats = texts::stats(&read);
    if args.json {
        let counted = Counted { sources: &read.sources, left_out: read.fault_count, stats: &stats };
        writeln!(out, "{}", targets::json(&counted))?;
        return Ok(Outcome::Done);
    }
    for (name, kind) in &read.sources {
        writeln!(out, "{name}: {}", kind.name())?;
    }
    let rows: Vec<_> = [
        ("records", stats.records),
        ("  different", stats.distinct),
        ("texts", stats.texts),
        ("pairs", stats.pairs),
        ("conversations", stats.conversations),
        ("  with a system's message", stats.systems),
        ("questions with replies", stats.turns),
        ("calls of tools", stats.tool_calls),
        ("characters", stats.characters),
        ("  that the loss counts", stats.counted),
    ]
    .into_iter()
    .filter(|&(_, n)| n > 0)
    .map(|(what, n)| vec![what.to_string(), grouped(n as u64)])
    .collect();
    write!(out, "{}", table(&[("", Align::Left), ("", Align::Right)], &rows))?;
    let lengths = [
        ("text", &stats.text_lengths),
        ("question", &stats.question_lengths),
        ("reply", &stats.reply_lengths),
        ("turns", &stats.conversation_turns),
    ];
    let shown: Vec<_> = lengths.into_iter().filter(|(_, lengths)| lengths.most > 0).collect();
    print_lengths(&shown, out)?;
    let alphabet: String = stats.alphabet.iter().map(|&(c, _)| if c == '\n' { '⏎' } else { c }).collect();
    writeln!(out, "\n{}: {alphabet}", count(stats.alphabet.len(), "different character"))?;
    Ok(Outcome::Done)
}

pub fn lint(args: &LintArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let pairs_only = [
        ("--model", args.model.is_some()),
        ("--classifier", args.classifier),
        ("--query-buckets", args.query_buckets.is_some()),
        ("--position-bands", args.position_bands.is_some()),
        ("--context-length", args.context_length.is_some()),
    ];
    if let Some((option, _)) = pairs_only.iter().find(|(_, given)| *given) {
        let message = format!("{option} is for query|reply pairs, which networks of hashed text learn");
        return Err(CliError::Usage(message));
    }
    let read = records::read(&args.pairs)?;
    let findings = texts::lint(&read, args.rare, PLACES);
    print_lint(&findings, count(read.records.len(), "record"), args, out)
}

pub fn split(args: &SplitArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let read = records::read(&args.pairs)?;
    let (train, held_out) = edit::split(&read, args.share, args.seed).map_err(TaskError::from)?;
    let side = |path: &Path, records: &[Record]| {
        let bytes = text(&read, &records.iter().collect::<Vec<_>>(), Some(path))?;
        Ok::<_, CliError>(List { bytes, records: records.len(), kind: "record" })
    };
    write_both(args, [side(&args.output, &train)?, side(&args.held_out, &held_out)?], out)
}

pub fn dedup(args: &DedupArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let read = records::read(&args.pairs)?;
    let resolved = match args.resolve {
        true => {
            let kept = edit::resolve(&read).map_err(edited)?.into_iter().cloned().collect();
            Some(read.with(kept))
        }
        false => None,
    };
    list(&read, &edit::dedup(resolved.as_ref().unwrap_or(&read)), &args.output, out)
}

pub fn balance(args: &BalanceArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let read = records::read(&args.pairs)?;
    super::check_balance(edit::replies(&read), args.count, MOST_PAIRS)?;
    let balanced = edit::balance(&read, args.count, args.seed).map_err(edited)?;
    list(&read, &balanced, &args.output, out)
}

fn edited(error: EditError) -> CliError {
    let help = "conversations and texts go as they are; `mlc data stats` shows what is in the files";
    CliError::Data { problem: error.to_string(), help }
}

/// Writes a list that was made of `before`.
fn list(
    before: &Records,
    kept: &[&Record],
    to: &ListOutput,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let list = List { bytes: text(before, kept, to.path.as_deref())?, records: kept.len(), kind: "record" };
    write_list(list, before.records.len(), to, out)
}

/// Records as a file of the kind that its name asks for.
pub fn text(records: &Records, chosen: &[&Record], path: Option<&Path>) -> Result<Vec<u8>, CliError> {
    let kind = records::output_kind(records, path)?;
    let written = texts::write(records, chosen, kind);
    written.map(String::into_bytes).map_err(|e| CliError::Data {
        problem: e.to_string(),
        help: "name the output .jsonl, which can say everything but texts",
    })
}
