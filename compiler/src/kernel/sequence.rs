//! Programs of sequence models. A processor makes the whole of one at once: its kernels share tables and buffers.

use super::predict::Known;
use super::{Fragment, Memory, Templates};
use crate::model::{Activation, Matrix, Story, Tokens, Transformer};
use crate::stage::seen::Seen;
use crate::target::{Cpu, Selector};
use crate::{CompileError, Request};
use std::collections::BTreeSet;

/// What a program is made from.
#[derive(Clone, Copy)]
pub struct SequenceSite<'a> {
    pub reader: &'a Tokens,
    pub body: &'a Transformer,
    pub story: &'a Story,
    pub request: &'a Request<'a>,
    pub templates: &'a Templates,
    /// What the reference sees of texts.
    pub seen: &'a Seen,
    /// Bytes that the image must leave, because it was larger than it was estimated.
    pub less: usize,
    /// `None`: no weights are in a file.
    pub filing: Option<&'a Filing>,
    /// What selects the banks that weights are in; `None`: none are.
    pub selector: Option<Selector<'a>>,
    /// Where keys and values are kept if not with the other buffers: memory that shows where banks do while it is needed.
    pub second_ram: Option<u16>,
    /// Weights are to take few bytes rather than little time.
    pub tight: bool,
    /// The most pages of one ring that tables of sums may take; `None`: as many as are fast.
    pub pages: Option<usize>,
}

/// The least share of closed gates that makes up for looking at each.
const CLOSED: f64 = 0.1;

impl SequenceSite<'_> {
    /// Whether gates come before what they are multiplied with: the rows whose gate is closed are passed over then, for a gate of 0
    /// makes 0 of whatever they give. Rows take biases one after the other, so none may be passed over where `up` has some, in any
    /// block.
    pub fn gates_first(&self) -> bool {
        let layers = || self.body.blocks.iter().map(|block| &block.feed_forward);
        let has_gates = layers().any(|layer| matches!(layer.activation, Activation::Gate { .. }));
        let has_biases = layers().any(|layer| !layer.up.bias.is_empty());
        has_gates && !has_biases && self.seen.closed() > CLOSED && !self.request.demands.is_for_size()
    }

    /// Whether a matrix of the network is one whose rows are passed over.
    pub fn passes_over(&self, matrix: &Matrix) -> bool {
        let layers = self.body.blocks.iter().map(|block| &block.feed_forward);
        let mut gated = layers.filter(|layer| matches!(layer.activation, Activation::Gate { .. }));
        self.gates_first() && gated.any(|layer| std::ptr::eq(&layer.up, matrix))
    }
}

/// How weights are put into a file beside the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// Labels of matrices that the image has nevertheless.
    pub inside: BTreeSet<String>,
    /// Most records of the buffer that the file is read to; of a flash chip there is no buffer.
    pub records: usize,
}

/// A file that a program reads while it computes, or what is written to a flash chip for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// What the program calls it: `NAME.DAT`, or `NAME.dat` on an AVR.
    pub name: String,
    pub bytes: Vec<u8>,
    /// Matrices that are there or could be.
    pub matrices: Vec<Filed>,
}

/// Banks that a program has shown one after the other in a window while it computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banked {
    /// What selects them.
    pub selector: String,
    /// The number of the first in its ROM; 0 of RAM.
    pub first: usize,
    /// What has each of them shown, and what they are called, where that is an output.
    pub pages: Vec<Page>,
    /// Bytes of each.
    pub bank: usize,
    /// Of all, without a gap.
    pub bytes: Vec<u8>,
    /// Where keys and values are, and their bytes, if not with the other buffers.
    pub caches: Option<(u16, usize)>,
}

/// A bank of RAM that a program has bytes in from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub name: String,
    /// What its port is sent to have it shown, and where it shows then.
    pub select: u8,
    pub window: u16,
}

/// A matrix that can be in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Its label.
    pub name: String,
    /// What it takes in the image.
    pub bytes: usize,
    /// What a token reads of it there: records of a file, bytes of a flash chip.
    pub reads: usize,
    /// What a token is spared by having it in the image: records, or cycles.
    pub gain: usize,
    /// It is in the image.
    pub inside: bool,
}

/// Where weights live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    Image,
    /// A file that the program reads.
    File,
    /// Banks of a large ROM or RAM, shown one at a time.
    Bank,
}

/// A step of a sequence model's plan: a matrix, with the offers of the kernels for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// As messages name it: `key of block 1`.
    pub name: String,
    pub rows: usize,
    pub cols: usize,
    /// Labels of the program's parts that compute it.
    pub parts: Vec<String>,
    /// The one that was taken first.
    pub offers: Vec<Offer>,
}

/// A way to have a matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    pub form: &'static str,
    pub home: Home,
    /// Of weights.
    pub bytes: usize,
    /// Of a token that needs an output: of all rounds. Estimated; of the one that was taken, predicted.
    pub cycles: f64,
}

impl Offer {
    /// Its form, and where it is if that is not the image: `planes, file`.
    pub fn name(&self) -> String {
        match self.home {
            Home::Image => self.form.to_string(),
            Home::File => format!("{}, file", self.form),
            Home::Bank => format!("{}, banks", self.form),
        }
    }
}

impl Step {
    /// Why offer `n` was taken, or was not: the first one was.
    pub fn why(&self, n: usize) -> &'static str {
        let (offer, taken) = (&self.offers[n], &self.offers[0]);
        match (n, offer.bytes > taken.bytes, offer.cycles > taken.cycles, offer.home) {
            (0, ..) => "taken",
            (_, true, true, _) => "slower, larger",
            (_, false, true, _) => "slower",
            (_, _, _, Home::Image) => "no room",
            (_, _, _, Home::File | Home::Bank) => "not asked for",
        }
    }

    /// Sets the cycles of the offer that was taken, and moves all others by as much as it was estimated wrong.
    pub fn foretell(&mut self, cycles: f64) {
        let wrong = self.offers.first().map_or(0.0, |taken| cycles - taken.cycles);
        self.offers.iter_mut().for_each(|offer| offer.cycles = (offer.cycles + wrong).max(0.0));
    }
}

/// A program of a sequence model.
///
/// Its text has the symbols `logits_ready`, which execution reaches once for each logit, in the order of the tokens, and
/// `logit`: there the logit is then, its low byte first.
#[derive(Debug, Clone)]
pub struct SequenceProgram {
    /// The whole text, and where phases start.
    pub text: Fragment,
    /// Its buffers.
    pub memory: Memory,
    /// What [`SequenceSite::filing`] asks for.
    pub beside: Option<Beside>,
    /// What [`SequenceSite::selector`] asks for.
    pub banked: Option<Banked>,
    /// What is known of its jumps.
    pub known: Known,
    /// Its matrices, in the order in which a token meets them.
    pub steps: Vec<Step>,
}

/// The program of a sequence model, whether it fits the target or not.
///
/// # Errors
/// [`CompileError::Sequence`] for something that the kernels do not compute, with its name; a damaged template.
pub fn program(site: &SequenceSite) -> Result<SequenceProgram, CompileError> {
    match site.request.target.cpu {
        Cpu::Avr(core) => super::avr::sequence::program(site, core),
        Cpu::Z80 => super::z80::sequence::program(site),
    }
}

/// The error for what the kernels of the target do not compute.
pub fn unsupported(site: &SequenceSite, what: &str) -> CompileError {
    let (name, target) = (site.request.model.head.name.clone(), site.request.target.name.clone());
    CompileError::Sequence { name, target, what: what.to_string() }
}
