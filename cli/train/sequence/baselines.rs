//! `mlc train PAIRS --family sequence --baselines`: what simpler methods and a network of hashed text reach on the same pairs.

use crate::error::CliError;
use crate::progress;
use crate::say::say;
use crate::table::{Align, count, table};
use mlc_compiler::text::normalize;
use mlc_trainer::sequence::{Settings as SequenceSettings, Trained};
use mlc_trainer::texts::{At, Record, Records};
use mlc_trainer::{
    Event, LabelOrder, Limits, Pair, Pairs, Settings, StopReason, Task, Training, assess, baselines, train,
};
use std::sync::atomic::AtomicBool;

/// The longest queries and replies of such networks.
const LONGEST: Limits = Limits { query: 127, reply: 255 };

/// The pairs of both sides, as networks of hashed text read them.
pub struct Rivals {
    train: Pairs,
    held_out: Vec<Pair>,
    task: Task,
    settings: Settings,
    /// Pairs of both sides that these networks cannot read or say.
    beyond: [usize; 2],
}

impl Rivals {
    /// Makes pairs of records. `classifies`: their replies are labels.
    ///
    /// # Errors
    /// A record that is no pair; pairs from which a network of hashed text learns nothing.
    pub fn new(train: &Records, held_out: Option<&Records>, classifies: bool) -> Result<Self, CliError> {
        let none = Records::default();
        let (train, beyond) = pairs(train)?;
        let (held_out, beyond_held_out) = pairs(held_out.unwrap_or(&none))?;
        let beyond = [beyond, beyond_held_out];
        let mut settings = if classifies { Settings::classifier() } else { Settings::default() };
        let shape = &mut settings.shape;
        (shape.query.max_length, shape.max_reply) = (LONGEST.query as u8, LONGEST.reply as u8);
        let task = match classifies {
            true => Task::classifier(&train, &settings, LabelOrder::Sorted)?,
            false => Task::chat(&train, &settings)?,
        };
        Ok(Self { train, held_out: held_out.pairs, task, settings, beyond })
    }

    /// Trains the network of hashed text, and gives the table; `None` where a signal ended that.
    ///
    /// # Errors
    /// Those of the training.
    pub fn table(
        &self,
        trained: &Trained,
        of: &SequenceSettings,
        stop: &AtomicBool,
    ) -> Result<Option<String>, CliError> {
        let settings = self.settings.clone().with(|s| {
            (s.schedule.seed, s.schedule.threads) = (of.schedule.seed, of.schedule.threads);
        });
        say!("a network of hashed text, to compare with:");
        let bar = progress::bar(1, "train");
        let found = train(&Training::new(&self.task, &settings), stop, &mut |event| {
            if let Event::Epoch(row) = event {
                bar.set_length(row.epochs as u64);
                bar.set_position(row.epoch as u64);
            }
        })?;
        bar.finish_and_clear();
        if found.stop == StopReason::Requested {
            return Ok(None);
        }
        let (train, held_out) = (all(&self.train.pairs), all(&self.held_out));
        let (of_train, of_held_out) = (train.len() + self.beyond[0], held_out.len() + self.beyond[1]);
        let right =
            |pairs: &[&Pair]| assess(&found.model, pairs, settings.schedule.threads).figures.replies_right;
        let simpler = baselines(&train, &held_out, &settings.shape.query);
        let mut rows: Vec<_> = simpler
            .iter()
            .map(|b| {
                vec![
                    b.name.to_string(),
                    percent(b.train_right, of_train),
                    percent(b.held_out_right, of_held_out),
                ]
            })
            .collect();
        rows.push(vec![
            "network of hashed text".into(),
            percent(right(&train), of_train),
            percent(right(&held_out), of_held_out),
        ]);
        let figures = trained.held_out.unwrap_or_default();
        rows.push(vec![
            "this network".into(),
            percent(trained.train.replies_right, trained.train.replies),
            percent(figures.replies_right, figures.replies),
        ]);
        let columns =
            [("method", Align::Left), ("training replies", Align::Right), ("held-out replies", Align::Right)];
        Ok(Some(table(&columns, &rows)))
    }
}

fn all(pairs: &[Pair]) -> Vec<&Pair> {
    pairs.iter().collect()
}

fn percent(right: usize, of: usize) -> String {
    match of {
        0 => "-".to_string(),
        of => format!("{:.1} %", 100.0 * right as f64 / of as f64),
    }
}

/// The pairs of records that these networks can read and say, and how many others there are.
fn pairs(records: &Records) -> Result<(Pairs, usize), CliError> {
    let sources = records.sources.iter().map(|(name, _)| name.clone()).collect();
    let mut pairs = Pairs { sources, ..Pairs::default() };
    for record in &records.records {
        let Some((query, reply)) = record.pair() else {
            return Err(CliError::Usage(format!(
                "--baselines compares replies to a question, and at {} is no question with one reply",
                records.place(record)
            )));
        };
        pairs.pairs.extend(pair(record, query, reply));
    }
    let beyond = records.records.len() - pairs.pairs.len();
    if beyond > 0 {
        let (pairs, most) = (count(beyond, "pair"), LONGEST.query);
        say!(
            "note: {pairs} with a query of none or more than {most} bytes, or a reply that is no ASCII text of up to {}: hashed text \
             cannot have them",
            LONGEST.reply
        );
    }
    Ok((pairs, beyond))
}

fn pair(record: &Record, query: &str, reply: &str) -> Option<Pair> {
    let (query, reply) = (normalize(query.as_bytes()), reply.trim().as_bytes().to_vec());
    let is_said = reply.iter().all(|c| (b' '..=b'~').contains(c));
    let fits = (1..=LONGEST.query).contains(&query.len()) && (1..=LONGEST.reply).contains(&reply.len());
    let (At::Line(line) | At::Entry(line)) = record.at;
    (is_said && fits).then_some(Pair { query, reply, source: record.source, line })
}
