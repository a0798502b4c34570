//! How a training shows while it runs: a bar on a terminal, a few lines elsewhere.

use super::follow::Show;
use crate::budget::Pricing;
use crate::progress;
use crate::say::say;
use crate::table::{count, whole};
use indicatif::ProgressBar;
use mlc_compiler::model::Body;
use mlc_trainer::{EpochRow, Event, Figures};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// Without a terminal, so many lines tell of the progress.
const PROGRESS_LINES: usize = 20;

/// Pricing networks takes at most one part in so many of the time; where a line is about to be printed, more.
const PRICING_SHARE: u32 = 25;
const PRICING_SHARE_OF_LINES: u32 = 4;

/// Knows what was said last.
pub struct Display<'a> {
    bar: ProgressBar,
    terminal: bool,
    /// The last exact evaluation, and its epoch.
    judged: Option<(Figures, usize)>,
    pairs: usize,
    steps: usize,
    pricing: &'a Pricing<'a>,
    /// The best network so far, if it has not been priced, and its epoch.
    best: Option<(Body, usize)>,
    /// What the best network, or one before it, takes on the machine, `162,530 T-states`, and its epoch.
    time: Option<(String, usize)>,
    /// When a network was priced, and how long that took.
    priced: Option<(Instant, Duration)>,
    /// An epoch whose line waits for what becomes of its network.
    waiting: Option<EpochRow>,
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
            best: None,
            time: None,
            priced: None,
            waiting: None,
        }
    }

    /// Says what is still to be said, and takes the bar away.
    pub fn finish(&mut self) {
        self.flush();
        self.bar.finish_and_clear();
    }

    /// Predicts what the best network so far costs, if that is not known, unless it was done lately: a plan takes a while.
    /// `share`: one part in so many of the time may go into it.
    fn price(&mut self, share: u32) {
        let now = Instant::now();
        if self.priced.is_some_and(|(last, took)| now < last + took * share) {
            return;
        }
        let Some((Body::Layers(layers), epoch)) = self.best.take() else { return };
        let cycles = self.pricing.cycles(&layers);
        self.time = cycles.map(|(cycles, unit)| (format!("{} {unit}", whole(cycles)), epoch));
        self.priced = Some((now, now.elapsed()));
    }

    fn epoch(&mut self, row: &EpochRow) {
        self.bar.set_length((row.epochs * self.steps) as u64);
        self.bar.set_position((row.epoch * self.steps) as u64);
        if let Some(judged) = row.held_out.or(row.train) {
            self.judged = Some((judged, row.epoch));
        }
        self.price(PRICING_SHARE);
        self.message(row);
        let line = row.epochs.div_ceil(PROGRESS_LINES);
        if !self.terminal && (row.epoch.is_multiple_of(line) || row.epoch == row.epochs) {
            self.waiting = Some(row.clone());
        }
    }

    /// Prints the line that waits, if one does: whether an epoch has the best network is known behind it.
    pub fn flush(&mut self) {
        let Some(row) = self.waiting.take() else { return };
        // The last line is about the network that is kept.
        self.price(if row.epoch == row.epochs { 0 } else { PRICING_SHARE_OF_LINES });
        let (loss, nonzero) = (row.loss, count(row.nonzero, "weight"));
        let running = 100.0 * row.running_share;
        let exact = self.judged.as_ref().map(|(f, epoch)| format!("; in epoch {epoch}: {}", shares(f)));
        let time = self.time.as_ref();
        let time = time.map(|(time, epoch)| format!("; the best, of epoch {epoch}: {time} a step"));
        say!(
            "epoch {} of {}: loss {loss:.3}, {running:.1} % right while learning, {nonzero} not zero{}{}",
            row.epoch,
            row.epochs,
            exact.unwrap_or_default(),
            time.unwrap_or_default()
        );
    }

    /// The line below the bar; all of it fits 80 columns.
    fn message(&self, row: &EpochRow) {
        let judged = self.judged.as_ref().map(|(f, _)| {
            format!(", chars {:.1} %, replies {:.1} %", 100.0 * f.step_share(), 100.0 * f.reply_share())
        });
        let time = self.time.as_ref().map(|(time, _)| format!(", {time}"));
        self.bar.set_message(format!(
            "loss {:.3}{}, {}{}",
            row.loss,
            judged.unwrap_or_default(),
            count(row.nonzero, "weight"),
            time.unwrap_or_default()
        ));
    }
}

impl Show<Figures> for Display<'_> {
    fn show(&mut self, event: &Event) {
        match event {
            Event::Start { weights, steps, held_out_steps } => {
                self.flush();
                (self.steps, self.judged) = (*steps, None);
                (self.best, self.time) = (None, None);
                let held_out = match held_out_steps {
                    0 => String::new(),
                    n => format!(", {} held out", count(*n, "step")),
                };
                let (pairs, steps) = (count(self.pairs, "pair"), count(*steps, "step"));
                say!("{pairs}, {steps}{held_out}, {}", count(*weights, "weight"));
            }
            Event::Batch { epoch, done, .. } => {
                self.flush();
                self.bar.set_position(((epoch - 1) * self.steps + done) as u64)
            }
            Event::Epoch(row) => {
                self.flush();
                self.epoch(row);
            }
            Event::Unfit { .. } => {}
            Event::Best { model, row } => {
                self.best = Some((model.body.clone(), row.epoch));
                self.price(PRICING_SHARE);
                self.message(row);
            }
        }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| say!("{line}"));
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
