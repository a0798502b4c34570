//! `mlc data`: counts what is learnt from, finds its faults, and makes new lists of it. This file has the pairs that networks
//! of hashed text learn.

mod expand;
mod records;

use crate::args::{
    BalanceArgs, DataArgs, DataCommand, DedupArgs, LintArgs, ListOutput, SplitArgs, StatsArgs,
};
use crate::error::CliError;
use crate::files::{Output, Written};
use crate::records::has_others;
use crate::say::say;
use crate::table::{Align, count, grouped, table};
use crate::{Outcome, files, pairs, progress, targets};
use mlc_compiler::model::Reader;
use mlc_trainer::data::{self, Finding, Lengths, LintOptions, Severity, Stats};
use mlc_trainer::{Pair, Pairs, Settings, TaskError};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Replies that are shown.
const REPLIES: usize = 10;
/// Pairs of a list that is made here: a few gigabytes.
const MOST_PAIRS: usize = 10_000_000;
/// Places that are shown for a finding.
const PLACES: usize = 5;

pub fn run(args: &DataArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    // Reading a long list takes a while, so what would hinder writing must show before.
    match &args.command {
        DataCommand::Split(args) => {
            check_outputs(&args.pairs.paths, [args.output.as_path(), &args.held_out])?
        }
        DataCommand::Dedup(args) => check_outputs(&args.pairs.paths, args.output.path.as_deref())?,
        DataCommand::Balance(args) => check_outputs(&args.pairs.paths, args.output.path.as_deref())?,
        DataCommand::Stats(_) | DataCommand::Lint(_) | DataCommand::Expand(_) => {}
    }
    match &args.command {
        DataCommand::Stats(args) if has_others(&args.pairs)? => records::stats(args, out),
        DataCommand::Lint(args) if has_others(&args.pairs)? => records::lint(args, out),
        DataCommand::Split(args) if has_others(&args.pairs)? => records::split(args, out),
        DataCommand::Dedup(args) if has_others(&args.pairs)? => records::dedup(args, out),
        DataCommand::Balance(args) if has_others(&args.pairs)? => records::balance(args, out),
        DataCommand::Stats(args) => stats(args, out),
        DataCommand::Lint(args) => lint(args, out),
        DataCommand::Split(args) => split(args, out),
        DataCommand::Dedup(args) => dedup(args, out),
        DataCommand::Balance(args) => balance(args, out),
        DataCommand::Expand(args) => expand::expand(args, out),
    }
}

#[derive(Serialize)]
struct Counted<'a> {
    sources: &'a [String],
    lines: usize,
    comments: usize,
    blank: usize,
    left_out: usize,
    #[serde(flatten)]
    stats: &'a Stats,
}

fn stats(args: &StatsArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let read = pairs::read_some(&args.pairs.paths, &pairs::UNCUT)?;
    let stats = data::stats(&all(&read));
    if args.json {
        let counted = Counted {
            sources: &read.sources,
            lines: read.lines,
            comments: read.comments,
            blank: read.blank,
            left_out: read.fault_count,
            stats: &stats,
        };
        writeln!(out, "{}", targets::json(&counted))?;
    } else {
        print_stats(&read, &stats, out)?;
    }
    Ok(Outcome::Done)
}

fn print_stats(read: &Pairs, stats: &Stats, out: &mut dyn Write) -> Result<(), CliError> {
    writeln!(out, "{}: {}", pairs::sources(read), pairs::counts(read))?;
    let row = |what: &str, n: usize| vec![what.to_string(), grouped(n as u64)];
    let rows = [
        row("pairs", stats.pairs),
        row("  different", stats.distinct_pairs),
        row("  that can come out right", stats.ceiling),
        row("queries", stats.distinct_queries),
        row("replies", stats.replies.len()),
        row("characters and end marks", stats.steps),
    ];
    write!(out, "{}", table(&[("", Align::Left), ("", Align::Right)], &rows))?;

    print_lengths(&[("query", &stats.query_lengths), ("reply", &stats.reply_lengths)], out)?;

    let row = |(reply, n): &(String, usize)| {
        let share = 100.0 * *n as f64 / stats.pairs as f64;
        vec![grouped(*n as u64), format!("{share:.1} %"), format!("\"{reply}\"")]
    };
    let rows: Vec<_> = stats.replies.iter().take(REPLIES).map(row).collect();
    let columns = [("pairs", Align::Right), ("", Align::Right), ("reply", Align::Left)];
    write!(out, "\n{}", table(&columns, &rows))?;
    if let Some(more @ 1..) = stats.replies.len().checked_sub(REPLIES) {
        writeln!(out, "and {} more; --json shows all", grouped(more as u64))?;
    }
    let characters: String = stats.characters.iter().map(|(c, _)| c).collect();
    writeln!(out, "\n{} in replies: {characters}", count(stats.characters.len(), "character"))?;
    Ok(())
}

/// A table of distributions.
fn print_lengths(all: &[(&str, &Lengths)], out: &mut dyn Write) -> Result<(), CliError> {
    let row = |(what, l): &(&str, &Lengths)| {
        let mean = format!("{:.1}", l.mean);
        let [least, median, percentile, most] =
            [l.least, l.median, l.percentile_95, l.most].map(|n| grouped(n as u64));
        vec![what.to_string(), least, median, mean, percentile, most]
    };
    let columns = [
        ("length", Align::Left),
        ("least", Align::Right),
        ("median", Align::Right),
        ("mean", Align::Right),
        ("95 of 100", Align::Right),
        ("most", Align::Right),
    ];
    let rows: Vec<_> = all.iter().map(row).collect();
    Ok(write!(out, "\n{}", table(&columns, &rows))?)
}

fn lint(args: &LintArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let model = args.model.as_deref().map(files::model).transpose()?.map(|loaded| loaded.model);
    let mut settings = if args.classifier { Settings::classifier() } else { Settings::default() };
    settings.shape.query.buckets = args.query_buckets.unwrap_or(settings.shape.query.buckets);
    settings.shape.query.bands = args.position_bands.unwrap_or(settings.shape.query.bands);
    settings.shape.context.length = args.context_length.unwrap_or(settings.shape.context.length);
    let (encoder, window, limits) = match &model {
        Some(model) => {
            let Reader::HashedText(reader) = &model.reader else {
                return Err(CliError::Usage(
                    "lint looks at pairs for networks of hashed text; this is a sequence model".into(),
                ));
            };
            let window = reader.context.as_ref().map(|context| context.length.into());
            (reader.query.clone(), window, pairs::limits(model))
        }
        None => {
            let window = (!args.classifier).then_some(settings.shape.context.length.into());
            (settings.shape.query.clone(), window, settings.limits())
        }
    };
    let read = pairs::read_some(&args.pairs.paths, &limits)?;
    let options =
        LintOptions { encoder, window, model: model.as_ref(), rare: args.rare, places: PLACES, limits };
    let bar = progress::bar(read.pairs.len(), "lint");
    let findings = data::lint(&read, &options, &mut |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    print_lint(&findings, count(read.pairs.len(), "pair"), args, out)
}

/// All findings, and how many there are in how much.
fn print_lint(
    findings: &[Finding],
    looked_at: String,
    args: &LintArgs,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let of = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let (warnings, notes) = (of(Severity::Warning), of(Severity::Note));
    if args.json {
        let findings: Vec<_> = findings.iter().map(Found::new).collect();
        writeln!(out, "{}", targets::json(&findings))?;
    } else {
        for finding in findings {
            print_finding(finding, out)?;
        }
        let counts = [looked_at, count(warnings, "warning"), count(notes, "note")];
        writeln!(out, "{}", counts.join(", "))?;
    }
    Ok(if args.strict && warnings > 0 { Outcome::Difference } else { Outcome::Done })
}

#[derive(Serialize)]
struct Found<'a> {
    /// The remark as a sentence.
    text: String,
    #[serde(flatten)]
    finding: &'a Finding,
}

impl<'a> Found<'a> {
    fn new(finding: &'a Finding) -> Self {
        Self { text: finding.remark.to_string(), finding }
    }
}

fn print_finding(finding: &Finding, out: &mut dyn Write) -> Result<(), CliError> {
    let severity = match finding.severity {
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    writeln!(out, "{severity}: {}", finding.remark)?;
    if !finding.places.is_empty() {
        writeln!(out, "  at {}", finding.places.join(", "))?;
    }
    Ok(writeln!(out, "  help: {}", finding.remedy)?)
}

fn split(args: &SplitArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let read = pairs::read_some(&args.pairs.paths, &pairs::UNCUT)?;
    let (train, held_out) = data::split(&all(&read), args.share, args.seed).map_err(TaskError::from)?;
    let side = |pairs: &[&Pair]| List { bytes: text(pairs), records: pairs.len(), kind: "pair" };
    write_both(args, [side(&train), side(&held_out)], out)
}

/// A list to be written.
struct List {
    bytes: Vec<u8>,
    records: usize,
    /// What one of them is.
    kind: &'static str,
}

/// Writes the two sides of a split, and says how much each has.
fn write_both(args: &SplitArgs, sides: [List; 2], out: &mut dyn Write) -> Result<Outcome, CliError> {
    let records = [&sides[0], &sides[1]].map(|side| (side.records, side.kind));
    let paths = [&args.output, &args.held_out].into_iter().cloned();
    let output = |(path, side): (PathBuf, List)| Output { path, bytes: side.bytes };
    let outputs: Vec<_> = paths.zip(sides).map(output).collect();
    files::write_all(&outputs)?;
    if args.json {
        return written(&outputs, records.map(|(records, _)| records), out);
    }
    for (output, (records, kind)) in outputs.iter().zip(records) {
        writeln!(out, "{}: {}", files::shown(&output.path), count(records, kind))?;
    }
    Ok(Outcome::Done)
}

/// What `--json` prints of lists.
fn written(
    outputs: &[Output],
    records: impl IntoIterator<Item = usize>,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let files: Vec<_> = outputs.iter().zip(records).map(|(output, n)| Written::list(output, n)).collect();
    writeln!(out, "{}", targets::json(&serde_json::json!({ "files": files })))?;
    Ok(Outcome::Done)
}

fn check_outputs<'a>(pairs: &[PathBuf], outputs: impl IntoIterator<Item = &'a Path>) -> Result<(), CliError> {
    pairs::claim(pairs);
    files::check_writable(outputs)
}

fn dedup(args: &DedupArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let read = pairs::read_some(&args.pairs.paths, &pairs::UNCUT)?;
    let all = all(&read);
    // Contradictions first: the most frequent reply is one of the repeated pairs.
    let kept = data::dedup(&if args.resolve { data::resolve(&all) } else { all });
    list(&kept, read.pairs.len(), &args.output, out)
}

fn balance(args: &BalanceArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let read = pairs::read_some(&args.pairs.paths, &pairs::UNCUT)?;
    let all = all(&read);
    let replies = all.iter().map(|pair| &pair.reply).collect::<BTreeSet<_>>().len();
    check_balance(replies, args.count, MOST_PAIRS)?;
    let balanced = data::balance(&all, args.count, args.seed);
    list(&balanced, read.pairs.len(), &args.output, out)
}

/// So many pairs for each reply must be as many as memory holds.
fn check_balance(replies: usize, each: usize, most: usize) -> Result<(), CliError> {
    if replies.saturating_mul(each) <= most {
        return Ok(());
    }
    let (replies, most) = (count(replies, "reply"), grouped(most as u64));
    Err(CliError::Usage(format!("--count {each} for {replies} makes more than {most} pairs")))
}

/// Writes a list made from one of `before` pairs.
fn list(pairs: &[&Pair], before: usize, to: &ListOutput, out: &mut dyn Write) -> Result<Outcome, CliError> {
    write_list(List { bytes: text(pairs), records: pairs.len(), kind: "pair" }, before, to, out)
}

/// Writes a list, made from one of `before` records, to a file or to standard output, and says how much of it was kept.
fn write_list(list: List, before: usize, to: &ListOutput, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let counts = format!("{} of {}", count(list.records, list.kind), grouped(before as u64));
    let Some(path) = &to.path else {
        out.write_all(&list.bytes)?;
        say!("{counts}");
        return Ok(Outcome::Done);
    };
    let output = Output { path: path.clone(), bytes: list.bytes };
    files::write_all(std::slice::from_ref(&output))?;
    if to.json {
        return written(&[output], [list.records], out);
    }
    writeln!(out, "{}: {counts}", files::shown(path))?;
    Ok(Outcome::Done)
}

fn all(read: &Pairs) -> Vec<&Pair> {
    read.pairs.iter().collect()
}

fn text(pairs: &[&Pair]) -> Vec<u8> {
    pairs.iter().flat_map(|pair| data::line(pair).into_bytes()).collect()
}
