//! How a training of a sequence model shows while it runs: a bar on a terminal, a few lines elsewhere.

use crate::progress;
use crate::say::say;
use crate::table::count;
use crate::train::follow::Show;
use indicatif::ProgressBar;
use mlc_trainer::sequence::{EpochRow, Event, Figures, Task, Texts};
use std::io::{self, IsTerminal};

pub struct Display {
    bar: ProgressBar,
    terminal: bool,
    steps: usize,
    /// Texts and tokens that are trained on, and how many are held out.
    texts: (usize, usize, usize),
    /// What is learned are labels.
    labels: bool,
}

impl Display {
    pub fn new(task: &Task) -> Self {
        let held_out = task.held_out.as_ref().map_or(0, Texts::len);
        Self {
            bar: progress::bar_and_line(1, "train"),
            terminal: io::stderr().is_terminal(),
            steps: 0,
            texts: (task.train.len(), task.train.counted(), held_out),
            labels: task.story.classifies(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        self.bar.finish_and_clear();
    }

    fn epoch(&mut self, row: &EpochRow) {
        self.bar.set_length((row.epochs * self.steps.max(1)) as u64);
        self.bar.set_position((row.epoch * self.steps.max(1)) as u64);
        let judged = row.held_out.or(row.train).map(|found| format!("; {}", figures(&found, self.labels)));
        let line = format!("loss {:.4}{}", row.loss, judged.unwrap_or_default());
        self.bar.set_message(line.clone());
        if !self.terminal {
            say!("epoch {} of {}, {:.0} s: {line}", row.epoch, row.epochs, row.seconds);
        }
    }
}

impl Show<Figures> for Display {
    fn show(&mut self, event: &Event) {
        match event {
            Event::Start { weights, .. } => {
                let (texts, tokens, held_out) = self.texts;
                let (texts, tokens) = (count(texts, "text"), count(tokens, "token"));
                let held_out = match held_out {
                    0 => String::new(),
                    n => format!(", {} held out", count(n, "text")),
                };
                say!("{texts} with {tokens} that count{held_out}, {} in blocks", count(*weights, "weight"));
            }
            Event::Batch { epoch, done, of } => {
                self.steps = *of;
                self.bar.set_position(((epoch - 1) * of + done) as u64);
            }
            Event::Epoch(row) => self.epoch(row),
            Event::Best { .. } | Event::Unfit { .. } => {}
        }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| say!("{line}"));
    }
}

/// Figures in words, of `labels` or of text. A text that is one long reply has no share of replies worth saying.
pub fn figures(figures: &Figures, labels: bool) -> String {
    if labels {
        return format!(
            "{:.4} nats a label, {:.1} % of labels right",
            figures.loss(),
            100.0 * figures.token_share()
        );
    }
    let replies = match is_text(figures) {
        true => String::new(),
        false => format!(", {:.1} % of replies right", 100.0 * figures.reply_share()),
    };
    format!("{:.4} nats a token, {:.1} % of tokens{replies}", figures.loss(), 100.0 * figures.token_share())
}

/// Whether what counts are texts, each of them one long reply.
pub fn is_text(figures: &Figures) -> bool {
    figures.tokens >= 30 * figures.replies.max(1)
}

/// How the texts of a side are called in a report.
pub fn texts(side: &str) -> String {
    format!("{side} texts")
}
