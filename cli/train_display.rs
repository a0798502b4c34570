//! How a training shows while it runs: a bar on a terminal, a few lines elsewhere.

use crate::progress;
use crate::table::{count, grouped};
use indicatif::ProgressBar;
use mlc_trainer::{EpochRow, Event, Figures};
use std::io::{self, IsTerminal};

/// Without a terminal, so many lines tell of the progress.
const PROGRESS_LINES: usize = 20;

/// Knows what was said last.
pub struct Display {
    bar: ProgressBar,
    terminal: bool,
    /// The last exact evaluation, and its epoch.
    judged: Option<(Figures, usize)>,
    pairs: usize,
    steps: usize,
}

impl Display {
    pub fn new(pairs: usize) -> Self {
        let bar = progress::bar(1, "train");
        Self { bar, terminal: io::stderr().is_terminal(), judged: None, pairs, steps: 0 }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// A line on standard error that the bar does not run through.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    pub fn show(&mut self, event: &Event) {
        match event {
            Event::Start { weights, steps, held_out_steps } => {
                (self.steps, self.judged) = (*steps, None);
                let held_out = match held_out_steps {
                    0 => String::new(),
                    n => format!(", {} held out", count(*n, "step")),
                };
                let (pairs, steps) = (count(self.pairs, "pair"), count(*steps, "step"));
                eprintln!("{pairs}, {steps}{held_out}, {}", count(*weights, "weight"));
            }
            Event::Batch { epoch, done, .. } => {
                self.bar.set_position(((epoch - 1) * self.steps + done) as u64)
            }
            Event::Epoch(row) => self.epoch(row),
            Event::Best { .. } => {}
        }
    }

    fn epoch(&mut self, row: &EpochRow) {
        self.bar.set_length((row.epochs * self.steps) as u64);
        self.bar.set_position((row.epoch * self.steps) as u64);
        if let Some(judged) = row.held_out.or(row.train) {
            self.judged = Some((judged, row.epoch));
        }
        let (loss, nonzero) = (row.loss, grouped(row.nonzero as u64));
        let short = self.judged.as_ref().map(|(f, _)| {
            format!(", characters {:.1} %, replies {:.1} %", 100.0 * f.step_share(), 100.0 * f.reply_share())
        });
        self.bar.set_message(format!("loss {loss:.3}{}, {nonzero} weights", short.unwrap_or_default()));
        let line = row.epochs.div_ceil(PROGRESS_LINES);
        if !self.terminal && (row.epoch.is_multiple_of(line) || row.epoch == row.epochs) {
            let running = 100.0 * row.running_share;
            let exact = self.judged.as_ref().map(|(f, epoch)| format!("; in epoch {epoch}: {}", shares(f)));
            eprintln!(
                "epoch {} of {}: loss {loss:.3}, {running:.1} % right while learning, {nonzero} weights not zero{}",
                row.epoch,
                row.epochs,
                exact.unwrap_or_default()
            );
        }
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
