//! Random small transformers of every shape, with a tokenizer of characters; and a small one to break one thing in.
//!
//! Whoever includes this includes `tests/support/random.rs` as the module `random` beside it.

#![allow(dead_code, reason = "each test target uses a part of it")]

#[path = "transformer_numbers.rs"]
mod numbers;

use super::random::Random;
use mlc_compiler::model::{Answer, Body, Grid, Head, Model, NormOrder, Reader, Story, Tokens, Transformer};
use mlc_compiler::tokens::Tokenizer;
use numbers::Numbers;

/// All grids.
pub const GRIDS: [Grid; 8] = [
    Grid::Symmetric { bits: 8 },
    Grid::Symmetric { bits: 7 },
    Grid::Symmetric { bits: 6 },
    Grid::Symmetric { bits: 5 },
    Grid::Symmetric { bits: 4 },
    Grid::Symmetric { bits: 3 },
    Grid::Ternary,
    Grid::TwoBits,
];

/// How a position shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Rotary,
    Learnt,
    None,
}

/// What is between up and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Middle {
    Relu,
    Table,
    Gate,
}

/// All of a network but its numbers.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub dim: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_size: usize,
    pub hidden: usize,
    pub blocks: usize,
    pub rounds: usize,
    pub vocabulary: usize,
    pub window: usize,
    pub most: usize,
    pub place: Place,
    pub order: NormOrder,
    pub middle: Middle,
    pub grid: Grid,
    /// Whether a latent starts with values of its own; always where there are several rounds.
    pub start: bool,
    pub head_norms: bool,
    pub gains: bool,
    pub biases: bool,
    pub tied: bool,
    pub last_norm: bool,
    /// Whether numbers lie at their ends, and not where a network would have them.
    pub wild: bool,
}

impl Shape {
    /// A shape of all that there is.
    pub fn random(r: &mut Random) -> Self {
        let place = [Place::Rotary, Place::Learnt, Place::None][r.within(0, 2)];
        let (kv_heads, shared) =
            [(1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (1, 3), (1, 4), (2, 2)][r.within(0, 7)];
        let head_size = if place == Place::Rotary { 2 * r.within(1, 4) } else { r.within(2, 8) };
        let rounds = [1, 1, 2, 3][r.within(0, 3)];
        Self {
            dim: r.within(2, 16),
            heads: kv_heads * shared,
            kv_heads,
            head_size,
            hidden: r.within(1, 20),
            blocks: r.within(1, 3),
            rounds,
            vocabulary: r.within(5, 12),
            window: if r.chance(60) { r.within(2, 6) } else { r.within(7, 30) },
            most: r.within(2, 24),
            place,
            order: if r.chance(50) { NormOrder::Pre } else { NormOrder::Post },
            middle: [Middle::Relu, Middle::Table, Middle::Gate][r.within(0, 2)],
            grid: GRIDS[r.within(0, GRIDS.len() - 1)],
            start: rounds > 1 || r.chance(20),
            head_norms: r.chance(40),
            gains: r.chance(50),
            biases: r.chance(40),
            tied: r.chance(50),
            last_norm: r.chance(60),
            wild: r.chance(30),
        }
    }

    /// One of everything, as small as it can be.
    pub fn small() -> Self {
        Self {
            dim: 4,
            heads: 2,
            kv_heads: 1,
            head_size: 2,
            hidden: 3,
            blocks: 2,
            rounds: 1,
            vocabulary: 6,
            window: 4,
            most: 9,
            place: Place::Rotary,
            order: NormOrder::Pre,
            middle: Middle::Gate,
            grid: Grid::Symmetric { bits: 4 },
            start: false,
            head_norms: true,
            gains: true,
            biases: true,
            tied: false,
            last_norm: true,
            wild: false,
        }
    }

    /// A network of this shape that keeps every rule.
    ///
    /// # Panics
    /// When it does not: the mistake is here.
    pub fn model(self, r: &mut Random) -> Model {
        let tokenizer = tokenizer(self.vocabulary, r);
        let mut ends: Vec<u32> = tokenizer.eos.into_iter().collect();
        ends.extend((0..self.vocabulary as u32).filter(|_| r.chance(8)));
        ends.sort_unstable();
        ends.dedup();
        let body = Numbers { shape: self, r }.transformer();
        let model = Model {
            head: Head { name: "random".into(), about: "For a test.".into(), ..Head::default() },
            reader: Reader::Tokens(Tokens { tokenizer, max_length: r.within(1, 127) as u8 }),
            body: Body::Transformer(body),
            answer: Answer::Story(Story::plain(ends, self.most as u16, r.within(0, 15) as u8)),
        };
        model.check().unwrap_or_else(|e| panic!("{self:?}: {e}"));
        model
    }
}

/// The network of a seed.
pub fn model(seed: u64) -> Model {
    let mut r = Random(seed);
    Shape::random(&mut r).model(&mut r)
}

/// The network of [`Shape::small`].
pub fn small() -> Model {
    Shape::small().model(&mut Random(1))
}

pub fn body(model: &Model) -> &Transformer {
    let Body::Transformer(body) = &model.body else { unreachable!("a sequence model") };
    body
}

pub fn body_mut(model: &mut Model) -> &mut Transformer {
    let Body::Transformer(body) = &mut model.body else { unreachable!("a sequence model") };
    body
}

pub fn tokens(model: &Model) -> &Tokens {
    let Reader::Tokens(tokens) = &model.reader else { unreachable!("a sequence model") };
    tokens
}

pub fn tokens_mut(model: &mut Model) -> &mut Tokens {
    let Reader::Tokens(tokens) = &mut model.reader else { unreachable!("a sequence model") };
    tokens
}

pub fn story(model: &Model) -> &Story {
    let Answer::Story(story) = &model.answer else { unreachable!("a sequence model") };
    story
}

pub fn story_mut(model: &mut Model) -> &mut Story {
    let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
    story
}

/// Characters, the first two tokens special ones. Most text starts with the first of them.
fn tokenizer(vocabulary: usize, r: &mut Random) -> Tokenizer {
    let characters = if r.chance(50) {
        ["a", "b", " ", "c", "d", "e", "f", "g", "h", "i"]
    } else {
        ["a", "é", " ", "中", "b", "c", "d", "ß", "e", "\u{1f600}"]
    };
    let pieces = ["", ""].iter().chain(&characters).take(vocabulary).map(|piece| piece.as_bytes().to_vec());
    let unknown = r.chance(40).then_some(1);
    let plain = Tokenizer::characters(pieces.collect(), unknown).expect("each is one character");
    let (bos, eos) = (r.chance(90).then_some(0), r.chance(60).then_some(1));
    let (adds_bos, adds_eos) = (bos.is_some() && r.chance(85), eos.is_some() && r.chance(15));
    Tokenizer { bos, eos, adds_bos, adds_eos, ..plain }
}

/// Lines that may be typed: with and without characters that have no token, empty ones, and such with more tokens than
/// the network takes.
pub fn queries(r: &mut Random) -> Vec<Vec<u8>> {
    let mut line = |length: usize| -> Vec<u8> {
        let characters = ["a", "b", "c", "d", "e", " ", "é", "中", "a", "b", "Z"];
        (0..length).flat_map(|_| characters[r.within(0, 10)].bytes()).collect()
    };
    vec![line(0), line(1), line(3), line(7), line(40)]
}

/// Tokens that need not be those of a text.
pub fn any_tokens(model: &Model, r: &mut Random) -> Vec<u32> {
    let below = tokens(model).tokenizer.pieces.len();
    (0..r.within(0, usize::from(story(model).most) + 3)).map(|_| r.within(0, below - 1) as u32).collect()
}
