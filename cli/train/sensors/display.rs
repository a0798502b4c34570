//! How a training of a network on numbers shows while it runs: a bar on a terminal, a few lines elsewhere.

use crate::progress;
use crate::say::say;
use crate::table::count;
use crate::train::follow::Show;
use indicatif::ProgressBar;
use mlc_trainer::sensors::{EpochRow, Event, Figures, Task};
use std::io::{self, IsTerminal};

/// Without a terminal, so many lines tell of the progress.
const LINES: usize = 10;

pub struct Display {
    bar: ProgressBar,
    terminal: bool,
    steps: usize,
    held_out: usize,
    /// The last figures, and the epoch that they are of.
    judged: Option<(Figures, usize)>,
}

impl Display {
    pub fn new(task: &Task) -> Self {
        Self {
            bar: progress::bar_and_line(1, "train"),
            terminal: io::stderr().is_terminal(),
            steps: 0,
            held_out: task.held_out.len(),
            judged: None,
        }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        self.bar.finish_and_clear();
    }

    fn epoch(&mut self, row: &EpochRow) {
        self.bar.set_length((row.epochs * self.steps.max(1)) as u64);
        self.bar.set_position((row.epoch * self.steps.max(1)) as u64);
        if let Some(judged) = row.held_out.or(row.train) {
            self.judged = Some((judged, row.epoch));
        }
        let running = 100.0 * row.running_share;
        let line = format!("loss {:.4}, {running:.1} % while learning", row.loss);
        self.bar.set_message(line.clone());
        let every = row.epochs.div_ceil(LINES);
        if !self.terminal && (row.epoch.is_multiple_of(every) || row.epoch == row.epochs) {
            let exact = match &self.judged {
                // Of a model to go on with.
                Some((judged, 0)) if row.epoch == 0 => return say!("to begin with: {}", figures(judged)),
                Some((judged, epoch)) if *epoch == row.epoch => format!("; {}", figures(judged)),
                Some((judged, epoch)) => format!("; in epoch {epoch}: {}", figures(judged)),
                None => String::new(),
            };
            say!("epoch {} of {}: {line}{exact}", row.epoch, row.epochs);
        }
    }
}

impl Show<Figures> for Display {
    fn show(&mut self, event: &Event) {
        match event {
            Event::Start { weights, steps, held_out_steps } => {
                (self.steps, self.judged) = (*steps, None);
                let side = |n: usize, what: &str| match n {
                    0 => String::new(),
                    n => format!(", {} {what}", count(n, "row")),
                };
                let chosen = side(*held_out_steps, "to choose the best by");
                let held_out = side(self.held_out, "held out");
                say!("{} to learn{chosen}{held_out}; {}", count(*steps, "row"), count(*weights, "weight"));
            }
            Event::Batch { epoch, done, .. } => {
                self.bar.set_position(((epoch - 1) * self.steps + done) as u64);
            }
            Event::Epoch(row) => self.epoch(row),
            Event::Best { .. } | Event::Unfit { .. } => {}
        }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| say!("{line}"));
    }
}

/// Figures in words.
pub fn figures(figures: &Figures) -> String {
    let Figures { rows, right, .. } = figures;
    format!("{:.1} % right, {} of {}", 100.0 * figures.share(), whole(*right), whole(*rows))
}

fn whole(n: usize) -> String {
    crate::table::grouped(n as u64)
}
