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

/// What a quick product goes through, a tail of its own, for the rows of one shape.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Quick {
    /// The rows.
    shape: String,
    tail: Tail,
    /// A mantissa may be 0.
    zero: bool,
    /// A byte below 0 is as good as 0.
    closed: bool,
}

/// Least shift of a sum of 24 bits where the product needs no last byte.
const LEAST_WIDE: u8 = 9;

/// All that a network asks for.
#[derive(Default)]
pub struct Rescales {
    tails: BTreeSet<Tail>,
    sinks: BTreeSet<Sink>,
    quick: BTreeSet<Quick>,
    /// Of words by so many bits, and whether the byte is given back.
    words: BTreeSet<(u8, bool)>,
}

#[derive(Serialize)]
struct SinkContext {
    name: String,
    multiply: &'static str,
    tail: String,
}

#[derive(Serialize)]
struct QuickContext {
    name: String,
    back: String,
    kind: &'static str,
    #[serde(flatten)]
    scale: QuickScale,
    bias: bool,
    closed: bool,
    tail: String,
}

/// How a quick product is shifted.
#[derive(Serialize)]
pub struct QuickScale {
    shift: u8,
    /// Bits that are shifted out of the upper byte.
    upper: u8,
    /// Upper bytes below it are of products that do not saturate.
    limit: u16,
    /// To a byte.
    eight: bool,
    /// A mantissa may be 0.
    zero: bool,
}

impl QuickScale {
    /// To a word.
    pub fn new(shift: u8, zero: bool) -> Self {
        // Behind nine bits nothing is left.
        let upper = shift.saturating_sub(8).min(9);
        let limit = 1 << shift.clamp(1, 8).saturating_sub(1);
        Self { shift, upper, limit, eight: false, zero }
    }
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
    given: bool,
    shift: u8,
    limit: usize,
}

impl Tail {
    fn name(self) -> String {
        let (bias, exact) = (if self.bias { "_bias" } else { "" }, if self.exact { "_exact" } else { "" });
        format!("tail_{}_{}{bias}{exact}", self.kind.label(), self.shift)
    }

    /// Whether a result is a byte before anything else is done.
    fn is_byte(self) -> bool {
        self.kind == Kind::Store8 && !self.bias
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

impl Quick {
    fn name(&self) -> String {
        let [zero, closed] =
            [(self.zero, "_zero"), (self.closed, "_closed")].map(|(is, name)| if is { name } else { "" });
        format!("{}{zero}{closed}_{}", self.tail.name().replace("tail", "quick"), self.shape)
    }

    fn context(&self) -> QuickContext {
        let Tail { kind, shift, bias, .. } = self.tail;
        QuickContext {
            name: self.name(),
            back: format!("{}_next", self.shape),
            kind: kind.label(),
            scale: QuickScale { eight: self.tail.is_byte(), ..QuickScale::new(shift, self.zero) },
            bias,
            closed: self.closed,
            tail: self.tail.name(),
        }
    }
}

impl Rescales {
    /// The label of a sink for the rows of a shape whose sums are most often within a byte. `mantissas`: those of the rows.
    /// `closes`: results below 0 are as good as 0.
    pub fn quick(
        &mut self,
        shape: &str,
        (kind, shift, bias): (Kind, u8, bool),
        mantissas: &[u8],
        closes: bool,
    ) -> String {
        let tail = Tail { kind, shift, bias, exact: false };
        let closed = closes && tail.is_byte();
        let quick = Quick { shape: shape.into(), tail, zero: mantissas.contains(&0), closed };
        let name = quick.name();
        self.quick.insert(quick);
        self.tails.insert(tail);
        name
    }

    /// The labels of all quick sinks for the rows of a shape.
    pub fn of_rows(&self, shape: &str) -> Vec<String> {
        self.quick.iter().filter(|quick| quick.shape == shape).map(Quick::name).collect()
    }

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
        self.words.insert((shift, false));
        word_name(shift, false)
    }

    /// The same of what gives the byte back in A.
    pub fn word_given(&mut self, shift: u8) -> String {
        self.words.insert((shift, true));
        word_name(shift, true)
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
        for quick in &self.quick {
            code += &e.call("quick.asm", "quick", quick.context())?;
        }
        for tail in &self.tails {
            let Tail { kind, shift, bias, exact } = *tail;
            let eight = tail.is_byte();
            let context = TailContext { name: tail.name(), kind: kind.label(), shift, bias, eight };
            code += &e.call("rescale.asm", if exact { "exact" } else { "tail" }, context)?;
        }
        for &(shift, given) in &self.words {
            let limit = 1usize << (shift.max(1) - 1);
            code += &e.call(
                "rescale.asm",
                "word",
                WordContext { name: word_name(shift, given), given, shift, limit },
            )?;
        }
        Ok(code)
    }
}

fn word_name(shift: u8, given: bool) -> String {
    format!("word_{shift}{}", if given { "_given" } else { "" })
}
