//! What a program answers, and when.

use super::machine::{Probe, Switched};
use mlc_compiler::Image;

/// What a query led to on the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Console output without the line end behind it.
    pub reply: Vec<u8>,
    /// Of each pass through the last layer.
    pub logits: Vec<Vec<i16>>,
    /// Cycles since the machine was switched on at which each pass's logits were there.
    pub ready: Vec<u64>,
    /// Cycles from the question to the first character of the answer, if it has one.
    pub first: Option<u64>,
    /// Cycles from the question to the end of the answer, without those asleep.
    pub t_states: u64,
    /// Cycles asleep until the answer was sent.
    pub asleep: u64,
    /// The most bytes that the stack had, if the machine knows.
    pub stack: Option<u16>,
    /// What is on and off behind it, and behind the answers before it, where the machine knows.
    pub switched: Option<Switched>,
}

/// Collects the logits whenever they are ready.
pub struct Watch<'a> {
    image: &'a Image,
    /// Logits of a step that is not complete.
    partial: Vec<i16>,
    pub answer: Answer,
    /// When the question was complete.
    pub asked: u64,
    /// How many passes there were at the end of each line.
    pub turns: Vec<usize>,
}

impl<'a> Watch<'a> {
    pub fn new(image: &'a Image) -> Self {
        Watch { image, partial: Vec::new(), answer: Answer::default(), asked: 0, turns: Vec::new() }
    }
}

impl Probe for Watch<'_> {
    fn on_logits(&mut self, byte: &dyn Fn(u16) -> u8, cycles: u64) {
        let logits = &self.image.logits;
        self.partial.extend(logits.read(byte));
        if self.partial.len() >= logits.count {
            self.answer.logits.push(std::mem::take(&mut self.partial));
            self.answer.ready.push(cycles);
        }
    }

    fn on_output(&mut self, byte: u8, cycles: u64) {
        // An answer without characters is a line end only.
        if byte != b'\r' && byte != b'\n' {
            self.answer.first.get_or_insert(cycles - self.asked);
        }
    }

    fn on_line_end(&mut self, cycles: u64) {
        self.asked = cycles;
        self.turns.push(self.answer.logits.len());
        // What came before was no answer.
        self.answer.first = None;
    }
}
