//! What becomes of a sum: times a mantissa, shifted, rounded, saturated, and stored. A routine for each way that a network
//! asks for.

use super::choose;
use super::emit::Emitter;
use crate::CompileError;
use serde::Serialize;
use std::collections::BTreeSet;

/// What becomes of a result.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A byte, the next of a vector.
    Store8,
    /// A word.
    Store16,
    /// Added to the next word of a vector.
    Add16,
    /// A logit.
    Choose,
    /// It is given back as a word.
    Give,
}

impl Kind {
    /// Where it goes on.
    fn label(self) -> &'static str {
        match self {
            Self::Store8 => "store8",
            Self::Store16 => "store16",
            Self::Add16 => "add16",
            Self::Choose => "choose",
            Self::Give => "give",
        }
    }
}

/// A sum of 24 bits or fewer, shifted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Tail {
    kind: Kind,
    shift: u8,
    bias: bool,
    /// The last byte of a product of a sum of 24 bits counts, which is apart.
    exact: bool,
}

/// A sum times a mantissa, and a tail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Sink {
    tail: Tail,
    wide: bool,
}

/// Least shift of a sum of 24 bits where the product needs no last byte.
const LEAST_WIDE: u8 = 9;

/// All that a network asks for.
#[derive(Default)]
pub struct Rescales {
    tails: BTreeSet<Tail>,
    sinks: BTreeSet<Sink>,
    words: BTreeSet<u8>,
}

#[derive(Serialize)]
struct SinkContext {
    name: String,
    multiply: &'static str,
    tail: String,
}

#[derive(Serialize)]
struct TailContext {
    name: String,
    kind: &'static str,
    shift: u8,
    bias: bool,
    eight: bool,
}

#[derive(Serialize)]
struct WordContext {
    name: String,
    shift: u8,
    limit: usize,
}

impl Tail {
    fn name(self) -> String {
        let (bias, exact) = (if self.bias { "_bias" } else { "" }, if self.exact { "_exact" } else { "" });
        format!("tail_{}_{}{bias}{exact}", self.kind.label(), self.shift)
    }
}

impl Sink {
    fn name(self) -> String {
        let Tail { kind, shift, bias, .. } = self.tail;
        let (bias, wide) = (if bias { "_bias" } else { "" }, if self.wide { "_wide" } else { "" });
        format!("sink_{}_{shift}{bias}{wide}", kind.label())
    }

    /// What is behind the multiplication, which drops a byte of wide sums.
    fn behind(self) -> Tail {
        match self.wide {
            false => self.tail,
            true if self.tail.shift < LEAST_WIDE => Tail { exact: true, ..self.tail },
            true => Tail { shift: self.tail.shift - 8, ..self.tail },
        }
    }
}

impl Rescales {
    /// The label of a sink.
    pub fn sink(&mut self, kind: Kind, shift: u8, bias: bool, wide: bool) -> String {
        let sink = Sink { tail: Tail { kind, shift, bias, exact: false }, wide };
        self.sinks.insert(sink);
        self.tails.insert(sink.behind());
        sink.name()
    }

    /// The label of a tail.
    pub fn tail(&mut self, kind: Kind, shift: u8) -> String {
        let tail = Tail { kind, shift, bias: false, exact: false };
        self.tails.insert(tail);
        tail.name()
    }

    /// The label of what narrows words.
    pub fn word(&mut self, shift: u8) -> String {
        self.words.insert(shift);
        word_name(shift)
    }

    /// All routines. `quick`: sums are often small.
    pub fn code(&self, e: &Emitter, quick: bool) -> Result<String, CompileError> {
        let mut code = e.call("multiply.asm", "code", ())?;
        code += &e.call("rescale.asm", "stores", ())?;
        code += &choose::code(e)?;
        for sink in &self.sinks {
            let multiply = match (sink.wide, quick) {
                (true, _) => "multiply_wide",
                (false, true) => "multiply",
                (false, false) => "multiply_long",
            };
            let (name, tail) = (sink.name(), sink.behind().name());
            code += &e.call("rescale.asm", "sink", SinkContext { name, multiply, tail })?;
        }
        for tail in &self.tails {
            let Tail { kind, shift, bias, exact } = *tail;
            let eight = kind == Kind::Store8 && !bias;
            let context = TailContext { name: tail.name(), kind: kind.label(), shift, bias, eight };
            code += &e.call("rescale.asm", if exact { "exact" } else { "tail" }, context)?;
        }
        for &shift in &self.words {
            let limit = 1usize << (shift.max(1) - 1);
            code += &e.call("rescale.asm", "word", WordContext { name: word_name(shift), shift, limit })?;
        }
        Ok(code)
    }
}

fn word_name(shift: u8) -> String {
    format!("word_{shift}")
}
