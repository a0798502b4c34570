//! Cycles by phase.

use super::machine::Probe;
use mlc_compiler::Image;

/// Belongs to the phase that was running before.
const SHARED: u8 = u8::MAX;

/// Names of phases, and the phase of every address.
#[derive(Debug, Clone)]
pub struct Phases {
    pub names: Vec<String>,
    /// [`SHARED`] for code that several phases use, the system's calls among it.
    of: Vec<u8>,
    /// Where a sequence model begins with each token that it reads, and where a logit is.
    read: Option<u32>,
    ready: u32,
    /// Of a network that computes rows while its values come: the phase that takes them.
    takes: Option<usize>,
}

/// A token that a sequence model has read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Token {
    /// Cycles by phase.
    pub phases: Vec<u64>,
    /// It has an output: it is not one of the question's in front of the last.
    pub answers: bool,
}

impl Phases {
    pub fn new(image: &Image) -> Self {
        let mut names: Vec<String> = Vec::new();
        let end = usize::from(image.origin) + image.bytes.len();
        let mut of = vec![SHARED; end.max(0x1_0000)];
        for phase in &image.phases {
            let number = phase.name.as_ref().map_or(SHARED, |name| {
                let at = names.iter().position(|n| n == name).unwrap_or_else(|| {
                    names.push(name.clone());
                    names.len() - 1
                });
                // A network with so many phases fits no machine; its last ones would be counted together.
                u8::try_from(at).map_or(SHARED - 1, |n| n.min(SHARED - 1))
            });
            // Phases come sorted by their start.
            of[phase.start as usize..].fill(number);
        }
        of[end..].fill(SHARED);
        of[..usize::from(image.origin)].fill(SHARED);
        let at = |name: &str| image.assembly.table.get(name).map(|symbol| symbol.value);
        let read = at("net_read");
        let takes = at("net_play").and(at("net_begin")).map(|begin| of[begin as usize].into());
        Self { names, of, read, ready: image.logits.ready, takes }
    }

    /// The phase of each address, as a place in `names`; `None` for code that several share.
    pub fn by_address(&self) -> Vec<Option<u8>> {
        self.of.iter().map(|&phase| (phase != SHARED).then_some(phase)).collect()
    }
}

/// Adds up cycles by phase, from the question on; what is computed while a line comes counts as well.
pub struct PhaseTimer<'a> {
    of: &'a [u8],
    running: u8,
    pub totals: Vec<u64>,
    read: Option<u32>,
    ready: u32,
    /// The totals when each token was begun with, and whether it had a logit.
    tokens: Vec<Token>,
    asked: u64,
    takes: Option<usize>,
    /// Cycles of what was computed before the question was complete.
    pub before: u64,
}

impl<'a> PhaseTimer<'a> {
    pub fn new(phases: &'a Phases) -> Self {
        let (of, totals) = (&phases.of[..], vec![0; phases.names.len()]);
        let Phases { read, ready, takes, .. } = *phases;
        Self { of, running: 0, totals, read, ready, tokens: Vec::new(), asked: 0, takes, before: 0 }
    }

    /// Cycles by phase of each token that was read, the last one's up to the end.
    pub fn tokens(&self) -> Vec<Token> {
        let ends = self.tokens.iter().skip(1).map(|token| &token.phases).chain([&self.totals]);
        let less = |(begin, end): (&Token, &Vec<u64>)| {
            let phases = end.iter().zip(&begin.phases).map(|(e, b)| e - b).collect();
            Token { phases, answers: begin.answers }
        };
        self.tokens.iter().zip(ends).map(less).collect()
    }
}

impl Probe for PhaseTimer<'_> {
    fn wants_instructions(&self) -> bool {
        true
    }

    fn on_instruction(&mut self, pc: u32, before: u64, after: u64) {
        let phase = self.of.get(pc as usize).copied().unwrap_or(SHARED);
        if phase != SHARED {
            self.running = phase;
        }
        if self.read == Some(pc) {
            self.tokens.push(Token { phases: self.totals.clone(), answers: false });
        } else if self.ready == pc {
            self.tokens.iter_mut().last().into_iter().for_each(|token| token.answers = true);
        }
        if let Some(total) = self.totals.get_mut(usize::from(self.running)) {
            *total += after - before.max(self.asked);
        }
    }

    fn on_line_end(&mut self, cycles: u64) {
        self.asked = cycles;
        match self.takes {
            Some(takes) => self.totals[takes] = 0,
            None => self.totals.fill(0),
        }
        self.before = self.totals.iter().sum();
        self.tokens.clear();
    }
}
