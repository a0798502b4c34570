//! How a training shows while it runs: a bar on a terminal, a few lines elsewhere.

use crate::budget::Pricing;
use crate::progress;
use crate::say::say;
use crate::table::{count, grouped};
use indicatif::ProgressBar;
use mlc_compiler::model::Model;
use mlc_trainer::{EpochRow, Event, Figures};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// Without a terminal, so many lines tell of the progress.
const PROGRESS_LINES: usize = 20;

/// Pricing a network takes at most one part in so many of the time.
const PRICING_SHARE: u32 = 25;

/// Knows what was said last.
pub struct Display<'a> {
    bar: ProgressBar,
    terminal: bool,
    /// The last exact evaluation, and its epoch.
    judged: Option<(Figures, usize)>,
    pairs: usize,
    steps: usize,
    pricing: &'a Pricing<'a>,
    /// What the best network so far takes on the machine: `162,530 T-states`.
    time: Option<String>,
    /// When a network may be priced again.
    price_next: Instant,
}

impl<'a> Display<'a> {
    pub fn new(pairs: usize, pricing: &'a Pricing<'a>) -> Self {
        Self {
            bar: progress::bar_and_line(1, "train"),
            terminal: io::stderr().is_terminal(),
            judged: None,
            pairs,
            steps: 0,
            pricing,
            time: None,
            price_next: Instant::now(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// A line on standard error that the bar does not run through.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| say!("{line}"));
    }

    pub fn show(&mut self, event: &Event) {
        match event {
            Event::Start { weights, steps, held_out_steps } => {
                (self.steps, self.judged, self.time) = (*steps, None, None);
                let held_out = match held_out_steps {
                    0 => String::new(),
                    n => format!(", {} held out", count(*n, "step")),
                };
                let (pairs, steps) = (count(self.pairs, "pair"), count(*steps, "step"));
                say!("{pairs}, {steps}{held_out}, {}", count(*weights, "weight"));
            }
            Event::Batch { epoch, done, .. } => {
                self.bar.set_position(((epoch - 1) * self.steps + done) as u64)
            }
            Event::Epoch(row) => self.epoch(row),
            Event::Best { model, row } => self.price(model, row),
        }
    }

    /// Predicts what the best network so far costs, unless that was done lately: a plan takes a while.
    fn price(&mut self, model: &Model, row: &EpochRow) {
        let now = Instant::now();
        if now < self.price_next && row.epoch < row.epochs {
            return;
        }
        let cycles = self.pricing.cycles(&model.layers);
        self.time = cycles.map(|(cycles, unit)| format!("{} {unit}", grouped(cycles.round() as u64)));
        let took: Duration = now.elapsed();
        self.price_next = now + took * PRICING_SHARE;
        self.message(row);
    }

    fn epoch(&mut self, row: &EpochRow) {
        self.bar.set_length((row.epochs * self.steps) as u64);
        self.bar.set_position((row.epoch * self.steps) as u64);
        if let Some(judged) = row.held_out.or(row.train) {
            self.judged = Some((judged, row.epoch));
        }
        self.message(row);
        let (loss, nonzero) = (row.loss, grouped(row.nonzero as u64));
        let line = row.epochs.div_ceil(PROGRESS_LINES);
        if !self.terminal && (row.epoch.is_multiple_of(line) || row.epoch == row.epochs) {
            let running = 100.0 * row.running_share;
            let exact = self.judged.as_ref().map(|(f, epoch)| format!("; in epoch {epoch}: {}", shares(f)));
            let time = self.time.as_ref().map(|time| format!("; the best: {time} a step"));
            say!(
                "epoch {} of {}: loss {loss:.3}, {running:.1} % right while learning, {nonzero} weights not zero{}{}",
                row.epoch,
                row.epochs,
                exact.unwrap_or_default(),
                time.unwrap_or_default()
            );
        }
    }

    /// The line below the bar; all of it fits 80 columns.
    fn message(&self, row: &EpochRow) {
        let judged = self.judged.as_ref().map(|(f, _)| {
            format!(", chars {:.1} %, replies {:.1} %", 100.0 * f.step_share(), 100.0 * f.reply_share())
        });
        let time = self.time.as_ref().map(|time| format!(", {time}"));
        self.bar.set_message(format!(
            "loss {:.3}{}, {} weights{}",
            row.loss,
            judged.unwrap_or_default(),
            grouped(row.nonzero as u64),
            time.unwrap_or_default()
        ));
    }
}

/// Both figures in words.
pub fn shares(figures: &Figures) -> String {
    format!(
        "{:.1} % of characters, {:.1} % of replies right",
        100.0 * figures.step_share(),
        100.0 * figures.reply_share()
    )
}
