//! `mlc eval`: how many characters and replies of given pairs the machine gets right, and what it says instead.

use crate::args::EvalArgs;
use crate::error::CliError;
use crate::table::{Align, count, grouped, table};
use crate::{Outcome, pairs, sensors, sequence, targets};
use mlc_compiler::model::Answer;
use mlc_trainer::{Assessment, Pair, ReplyFigures, Schedule, assess};
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
    let read = pairs::read_some(&args.pairs, &pairs::limits(&model))?;
    let all: Vec<&Pair> = read.pairs.iter().collect();
    let assessment = assess(&model, &all, Schedule::default().threads);
    if args.json {
        let figures = &assessment.figures;
        let evaluation = Evaluation {
            model: &model.head.name,
            sources: &read.sources,
            characters: figures.step_share(),
            replies: figures.reply_share(),
            macro_average: macro_average(&assessment),
            assessment: &assessment,
        };
        writeln!(out, "{}", targets::json(&evaluation))?;
    } else {
        writeln!(out, "{} on {}: {}", model.head.name, pairs::sources(&read), count(all.len(), "pair"))?;
        print(&assessment, matches!(model.answer, Answer::Label { .. }), out)?;
    }
    Ok(Outcome::Done)
}

/// The mean over all replies of the share of their pairs that are right; 1 where there is none.
fn macro_average(assessment: &Assessment) -> f64 {
    let all = &assessment.by_reply;
    let share = |reply: &ReplyFigures| reply.right as f64 / reply.pairs.max(1) as f64;
    if all.is_empty() { 1.0 } else { all.iter().map(share).sum::<f64>() / all.len() as f64 }
}

fn print(assessment: &Assessment, labels: bool, out: &mut dyn Write) -> Result<(), CliError> {
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
