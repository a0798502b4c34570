//! What a model says, in the report: how many replies are right, and a conversation on the machine.

use super::parts::{Cell, facts, paragraph, table};
use crate::error::CliError;
use crate::pairs;
use crate::prompts::Prompt;
use crate::run::latin1;
use crate::sim::Simulator;
use crate::table::count;
use crate::targets;
use crate::tools::Readings;
use mlc_compiler::eval::Session;
use mlc_compiler::ir::Graph;
use mlc_compiler::model::Model;
use mlc_compiler::{Target, text};
use mlc_trainer::{Pair, Schedule, assess};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Prompts of the conversation.
const SAMPLE: usize = 8;
/// Replies that are listed, those with most wrong answers first.
const LISTED: usize = 40;

/// How a reply comes out: pairs that have it, those answered right, and what is said most often instead.
struct Row {
    reply: String,
    pairs: usize,
    right: usize,
    instead: Option<(String, usize)>,
    example: Option<String>,
}

/// Accuracy on pairs, as `mlc eval` measures it.
///
/// # Errors
/// Pairs that cannot be read, or none.
pub fn accuracy(model: &Model, files: &[PathBuf]) -> Result<String, CliError> {
    let read = pairs::read_some(files, &pairs::limits(model))?;
    let all: Vec<&Pair> = read.pairs.iter().collect();
    let assessment = assess(model, &all, Schedule::default().threads);
    let figures = &assessment.figures;
    let mut list = vec![
        ("pairs", Cell::count(all.len())),
        ("characters right", Cell::share(figures.steps_right as f64, figures.steps as f64)),
        ("exact replies", Cell::share(figures.replies_right as f64, figures.replies as f64)),
    ];
    if assessment.ceiling < figures.replies {
        let most = Cell::share(assessment.ceiling as f64, figures.replies as f64);
        list.push(("at most, as pairs contradict", most));
    }
    let rows: Vec<Row> = assessment
        .by_reply
        .into_iter()
        .map(|reply| Row {
            instead: reply.instead.into_iter().next(),
            reply: reply.reply,
            pairs: reply.pairs,
            right: reply.right,
            example: reply.example,
        })
        .collect();
    let from = paragraph(&format!("On {}.", pairs::sources(&read)));
    Ok(from + &facts("accuracy-facts", &list) + &by_reply(&rows))
}

/// Accuracy on prompts that say what the reply must be. `None`: none does.
pub fn on_prompts(graph: &Graph, readings: &Readings, prompts: &[Prompt]) -> Option<String> {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut asked = 0;
    for Prompt { query, reply } in prompts {
        let Some(reply) = reply else { continue };
        asked += 1;
        let said = Session::new(graph).reading(readings.values.clone()).ask(query.as_bytes()).text();
        let new = || Row { reply: reply.clone(), pairs: 0, right: 0, instead: None, example: None };
        let row = rows.entry(reply).or_insert_with(new);
        row.pairs += 1;
        if said == *reply {
            row.right += 1;
        } else if row.instead.is_none() {
            (row.instead, row.example) = (Some((said, 1)), Some(query.clone()));
        }
    }
    if asked == 0 {
        return None;
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.pairs - row.right));
    let right: usize = rows.iter().map(|row| row.right).sum();
    let list = [
        ("prompts with a reply", Cell::count(asked)),
        ("exact replies", Cell::share(right as f64, asked as f64)),
    ];
    Some(facts("accuracy-facts", &list) + &by_reply(&rows))
}

fn by_reply(rows: &[Row]) -> String {
    let cells = |row: &Row| {
        vec![
            Cell::text(row.reply.clone()),
            Cell::count(row.pairs),
            Cell::count(row.right),
            Cell::share(row.right as f64, row.pairs as f64),
            row.instead.as_ref().map_or(Cell::Nothing, |(text, _)| Cell::text(text.clone())),
            row.example.as_ref().map_or(Cell::Nothing, |text| Cell::text(text.clone())),
        ]
    };
    let shown: Vec<_> = rows.iter().take(LISTED).map(cells).collect();
    let columns = ["reply", "pairs", "right", "share", "said instead", "for example to"];
    let mut html =
        table("replies", "Accuracy by reply, those with most wrong answers first", &columns, &shown);
    if let Some(more @ 1..) = rows.len().checked_sub(LISTED) {
        html += &paragraph(&format!("And {}; mlc eval --json has all.", count(more, "more reply")));
    }
    html
}

/// The first prompts on the machine, each answer beside that of the reference.
///
/// # Errors
/// A prompt that the machine does not take; a fault of the program.
pub fn conversation(
    simulator: &Simulator,
    (graph, readings): (&Graph, &Readings),
    target: &Target,
    prompts: &[Prompt],
) -> Result<String, CliError> {
    let asked: Vec<&[u8]> = prompts
        .iter()
        .map(|prompt| prompt.query.as_bytes())
        .filter(|query| !text::normalize(query).is_empty())
        .take(SAMPLE)
        .collect();
    let keeps = simulator.keeps_conversation();
    let answers = match keeps {
        true => simulator.session(&asked, None)?,
        false => asked.iter().map(|query| simulator.ask(query, None)).collect::<Result<_, _>>()?,
    };
    let begin = || Session::new(graph).reading(readings.values.clone());
    let mut session = begin();
    let mut rows = Vec::new();
    for (query, answer) in asked.iter().zip(&answers) {
        if !keeps {
            session = begin();
        }
        let reference = session.ask(query);
        let same =
            simulator.shown(&reference.reply) == answer.reply && reference.steps() == answer.logits.len();
        let cycles = (!keeps).then_some(answer.t_states as f64);
        rows.push(vec![
            Cell::text(String::from_utf8_lossy(query)),
            Cell::text(latin1(&answer.reply)),
            Cell::count(answer.logits.len()),
            Cell::cycles(cycles),
            Cell::text(if same { "yes" } else { "no" }),
        ]);
    }
    let unit = targets::cycles(target);
    let columns = ["question", "answer", "steps", unit, "as the reference says"];
    let mut html = table("conversation", &format!("On the simulated {}", target.name), &columns, &rows);
    if keeps {
        html +=
            &paragraph("It is one conversation: when each of its answers ends is not known to the cycle.");
    }
    Ok(html)
}
