//! `mlc eval`: how many characters and replies of given pairs the machine gets right, and what it says instead.

use crate::args::{EvalArgs, RecordsArg};
use crate::error::CliError;
use crate::table::{Align, count, grouped, table};
use crate::{Outcome, pairs, progress, records, sensors, sequence, targets};
use mlc_compiler::model::{Answer, Model, Reader, UNSURE};
use mlc_compiler::{eval, reference};
use mlc_trainer::texts::{At, Record};
use mlc_trainer::{Assessment, Pair, ReplyFigures, Schedule, assess, assess_labels};
use serde::Serialize;
use std::io::Write;

/// Replies that are shown.
const WORST: usize = 10;
/// Characters of a reply in a column.
const WIDTH: usize = 32;

#[derive(Serialize)]
struct Evaluation<'a> {
    model: &'a str,
    sources: &'a [String],
    /// Shares, 0 to 1.
    characters: f64,
    replies: f64,
    /// The mean of the shares of all replies: each counts as much as the others, however many pairs it has.
    macro_average: f64,
    /// Pairs that a classifier with a margin answers with `?`. They are among those that are not right.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_sure: Option<usize>,
    #[serde(flatten)]
    assessment: &'a Assessment,
}

pub fn run(args: &EvalArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let Some(model) = sequence::eval(args, out)? else { return Ok(Outcome::Done) };
    if let Some(option) = args.sequence.given().or((!args.bits.is_empty()).then_some("--bits")) {
        return Err(CliError::Usage(format!("{option} is for sequence models")));
    }
    if let Some((reader, _)) = model.network() {
        sensors::eval(args, &model, reader, out)?;
        return Ok(Outcome::Done);
    }
    if let Reader::Tokens(_) = model.reader {
        return labels(args, &model, out);
    }
    let read = pairs::read_some(&args.pairs, &pairs::limits(&model))?;
    let all: Vec<&Pair> = read.pairs.iter().collect();
    let assessment = assess(&model, &all, Schedule::default().threads);
    let labels = matches!(model.answer, Answer::Label { .. });
    told(args, &model, (&read.sources, &pairs::sources(&read)), (&assessment, labels), out)
}

/// A sequence model that gives labels.
fn labels(args: &EvalArgs, model: &Model, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let read = records::read(&RecordsArg { paths: args.pairs.clone(), kind: None, cut: None })?;
    let pair = |record: &Record| {
        let (query, reply) = record.pair().ok_or_else(|| CliError::Data {
            problem: format!("{}: here is no question with one reply", read.place(record)),
            help: "a classifier is measured on pairs: `query|label`",
        })?;
        let (At::Line(line) | At::Entry(line)) = record.at;
        Ok(Pair { query: query.into(), reply: reply.into(), source: record.source, line })
    };
    let pairs: Vec<Pair> = read.records.iter().map(pair).collect::<Result<_, CliError>>()?;
    let graph = reference(model)?;
    let bar = progress::bar(pairs.len(), "eval");
    let said = pairs.iter().map(|pair| {
        bar.inc(1);
        eval::run(&graph, &pair.query).reply
    });
    let said: Vec<Vec<u8>> = said.collect();
    bar.finish_and_clear();
    let sources: Vec<String> = read.sources.iter().map(|(name, _)| name.clone()).collect();
    let assessment = assess_labels(&pairs.iter().collect::<Vec<_>>(), &said);
    told(args, model, (&sources, &sources.join(", ")), (&assessment, true), out)
}

/// Prints an assessment, or gives it as JSON. `labels`: whether replies are labels.
fn told(
    args: &EvalArgs,
    model: &Model,
    (sources, named): (&[String], &str),
    (assessment, labels): (&Assessment, bool),
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    if args.json {
        let figures = &assessment.figures;
        let evaluation = Evaluation {
            model: &model.head.name,
            sources,
            characters: figures.step_share(),
            replies: figures.reply_share(),
            macro_average: macro_average(assessment),
            not_sure: not_sure(model, assessment),
            assessment,
        };
        writeln!(out, "{}", targets::json(&evaluation))?;
    } else {
        let pairs = count(assessment.figures.replies, "pair");
        writeln!(out, "{} on {named}: {pairs}", model.head.name)?;
        print(assessment, (labels, not_sure(model, assessment)), out)?;
    }
    Ok(Outcome::Done)
}

/// The mean over all replies of the share of their pairs that are right; 1 where there is none.
fn macro_average(assessment: &Assessment) -> f64 {
    let all = &assessment.by_reply;
    let share = |reply: &ReplyFigures| reply.right as f64 / reply.pairs.max(1) as f64;
    if all.is_empty() { 1.0 } else { all.iter().map(share).sum::<f64>() / all.len() as f64 }
}

/// How many pairs are answered with `?`, where a margin makes that no label.
fn not_sure(model: &Model, assessment: &Assessment) -> Option<usize> {
    let margin = match &model.answer {
        Answer::Label { margin, .. } => *margin,
        Answer::Story(story) => story.margin,
        Answer::Chat(_) | Answer::Class(_) | Answer::Numbers(_) => 0,
    };
    let wrong = assessment.by_reply.iter().flat_map(|reply| &reply.instead);
    (margin > 0).then(|| wrong.filter(|(answer, _)| answer == UNSURE).map(|(_, times)| times).sum())
}

/// `labels`: whether replies are labels; `not_sure`: how often none was given, where there is a margin.
fn print(
    assessment: &Assessment,
    (labels, not_sure): (bool, Option<usize>),
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let figures = &assessment.figures;
    let row = |what: &str, part: usize, whole: usize| {
        let share = if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        let of = format!("{} of {}", grouped(part as u64), grouped(whole as u64));
        vec![what.to_string(), format!("{:.1} %", 100.0 * share), of]
    };
    let mut rows = vec![
        row("characters", figures.steps_right, figures.steps),
        row("exact replies", figures.replies_right, figures.replies),
    ];
    if labels {
        let share = format!("{:.1} %", 100.0 * macro_average(assessment));
        rows.push(vec!["mean of all labels".into(), share, count(assessment.by_reply.len(), "label")]);
    }
    if let Some(times) = not_sure {
        rows.push(row("not sure: answered ?", times, figures.replies));
    }
    if assessment.ceiling < figures.replies {
        rows.push(row("at most, as pairs contradict", assessment.ceiling, figures.replies));
    }
    write!(out, "{}", table(&[("", Align::Left), ("", Align::Right), ("", Align::Right)], &rows))?;
    let wrong: Vec<_> = assessment.by_reply.iter().filter(|reply| reply.right < reply.pairs).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let columns = [
        ("reply", Align::Left),
        ("pairs", Align::Right),
        ("right", Align::Right),
        ("instead", Align::Left),
        ("times", Align::Right),
        ("for example", Align::Left),
    ];
    let rows: Vec<_> = wrong.iter().take(WORST).map(|reply| confusion(reply)).collect();
    write!(out, "\n{}", table(&columns, &rows))?;
    if let Some(more @ 1..) = wrong.len().checked_sub(WORST) {
        let verb = if more == 1 { "has" } else { "have" };
        writeln!(out, "{} {verb} wrong answers; --json shows all", count(more, "more reply"))?;
    }
    Ok(())
}

fn confusion(reply: &ReplyFigures) -> Vec<String> {
    let (instead, times) = reply.instead.first().map_or(("", 0), |(text, times)| (text, *times));
    vec![
        short(&reply.reply),
        grouped(reply.pairs as u64),
        grouped(reply.right as u64),
        short(instead),
        grouped(times as u64),
        short(reply.example.as_deref().unwrap_or("")),
    ]
}

/// A text in quotes that fits into a column.
fn short(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        None => format!("\"{text}\""),
        Some((end, _)) => format!("\"{}\"...", &text[..end]),
    }
}
