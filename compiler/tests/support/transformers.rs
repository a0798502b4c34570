//! Random small transformers of every shape, with a tokenizer of characters; and a small one to break one thing in.
//!
//! Whoever includes this includes `tests/support/random.rs` as the module `random` beside it.

#![allow(dead_code, reason = "each test target uses a part of it")]

use super::random::Random;
use mlc_compiler::model::{
    Activation, Answer, Attention, Block, Body, FeedForward, Grid, Head, Matrix, Model, Norm, NormOrder,
    Output, Positions, Reader, Story, Tokens, Transformer,
};
use mlc_compiler::tokens::Tokenizer;

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

/// What chooses the numbers of a network.
struct Numbers<'r> {
    shape: Shape,
    r: &'r mut Random,
}

/// How large a number usually is.
#[derive(Clone, Copy)]
enum Usual {
    /// Of 8 bits.
    Byte = 40,
    /// Of 16 bits.
    Word = 3000,
}

impl Numbers<'_> {
    /// Whether this number lies at an end.
    fn is_wild(&mut self) -> bool {
        self.shape.wild && self.r.chance(40)
    }

    fn transformer(&mut self) -> Transformer {
        let s = self.shape;
        let embedding = self.rows(s.vocabulary);
        let positions = match s.place {
            Place::Rotary => Positions::Rotary { steps: (0..s.head_size / 2).map(|_| self.step()).collect() },
            Place::Learnt => {
                let more = self.r.within(0, 2);
                Positions::Learnt(self.rows(s.most + more))
            }
            Place::None => Positions::None,
        };
        let mut blocks: Vec<Block> = (0..s.blocks).map(|_| self.block()).collect();
        if s.order == NormOrder::Pre && !s.last_norm && !self.is_wild() {
            // The output reads the stream as it is, which is larger than anything normalised.
            blocks[s.blocks - 1].feed_forward.norm.narrow = self.r.within(5, 7) as u8;
        }
        let start = if s.start { (0..s.dim).map(|_| self.word()).collect() } else { vec![] };
        let norm = s.last_norm.then(|| self.norm(s.dim));
        let output = if s.tied {
            let Matrix { mantissas, shift, .. } = self.matrix((s.vocabulary, s.dim), 40, Usual::Word);
            Output::Tied { mantissas, shift }
        } else {
            Output::Own(self.biased((s.vocabulary, s.dim), Usual::Word))
        };
        let Shape { dim, heads, kv_heads, head_size, window, order, rounds, .. } = s;
        Transformer {
            dim,
            heads,
            kv_heads,
            head_size,
            window,
            embedding,
            positions,
            order,
            blocks,
            rounds,
            start,
            norm,
            output,
        }
    }

    fn block(&mut self) -> Block {
        let s = self.shape;
        let (own, shared) = (s.heads * s.head_size, s.kv_heads * s.head_size);
        let most = if s.place == Place::Rotary { 22 } else { 15 };
        let usual = if s.place == Place::Rotary { self.r.within(11, 14) } else { self.r.within(4, 8) };
        let attention = Attention {
            norm: self.norm(s.dim),
            query: self.biased((own, s.dim), Usual::Word),
            key: self.biased((shared, s.dim), Usual::Word),
            value: self.biased((shared, s.dim), Usual::Byte),
            output: self.biased((s.dim, own), Usual::Word),
            head_norms: s.head_norms.then(|| (self.norm(s.head_size), self.norm(s.head_size))),
            rotate_bits: if self.is_wild() { self.r.within(0, most) } else { usual } as u8,
            score_bits: if self.is_wild() { self.r.within(0, 23) } else { self.r.within(2, 8) } as u8,
            weights: self.falling(),
        };
        let norm = self.norm(s.dim);
        let up = self.biased((s.hidden, s.dim), Usual::Byte);
        let activation = match s.middle {
            Middle::Relu => Activation::Relu,
            Middle::Table => Activation::Table(self.table()),
            Middle::Gate => Activation::Gate {
                matrix: self.biased((s.hidden, s.dim), Usual::Byte),
                table: self.table(),
                bits: if self.is_wild() { self.r.within(0, 15) } else { self.r.within(4, 7) } as u8,
            },
        };
        let down = self.biased((s.dim, s.hidden), Usual::Word);
        Block { attention, feed_forward: FeedForward { norm, up, activation, down } }
    }

    fn norm(&mut self, elements: usize) -> Norm {
        let down = if self.is_wild() { self.r.within(0, 8) } else { self.r.within(0, 3) } as u8;
        let narrow = if self.is_wild() { self.r.within(0, 8) } else { self.r.within(1, 4) } as u8;
        let gain = self.shape.gains.then(|| {
            let mantissas = (0..elements).map(|_| self.mantissa()).collect();
            (mantissas, if self.is_wild() { self.r.within(0, 24) } else { 7 } as u8)
        });
        Norm { down, gain, narrow }
    }

    /// Rows of a table, each as large as values of the residual stream.
    fn rows(&mut self, rows: usize) -> Matrix {
        self.matrix((rows, self.shape.dim), 1, Usual::Word)
    }

    /// A matrix over values of 8 bits, now and then with a bias.
    fn biased(&mut self, shape: (usize, usize), usual: Usual) -> Matrix {
        let mut matrix = self.matrix(shape, 40, usual);
        if self.shape.biases && self.r.chance(70) {
            let reach = usual as usize / 2;
            matrix.bias =
                (0..shape.0).map(|_| if self.is_wild() { self.word() } else { self.about(reach) }).collect();
        }
        matrix
    }

    /// A matrix over values that usually are as large as `input`, with results that usually are as large as `usual`.
    fn matrix(&mut self, (rows, cols): (usize, usize), input: usize, usual: Usual) -> Matrix {
        let grid = self.shape.grid;
        let (least, most) = grid.limits();
        let extreme = self.is_wild();
        let mut weight = || match extreme {
            true => [least, most, most, 0][self.r.within(0, 3)],
            false => (i16::from(least) + self.r.within(0, usize::from(most.abs_diff(least))) as i16) as i8,
        };
        let values = (0..rows * cols).map(|_| weight()).collect();
        // A sum over `cols` weights grows with their root; a table has one weight a result.
        let root = if input == 1 { 1 } else { (1..).find(|n| n * n >= cols).expect("a root") };
        let sum = input * root * usize::from(most.unsigned_abs()).div_ceil(2);
        let shift = (0..24).take_while(|s| (180 * sum) >> s > usual as usize).count();
        let shift = if self.is_wild() { self.r.within(0, 24) } else { shift } as u8;
        let mantissas = (0..rows).map(|_| self.mantissa()).collect();
        Matrix { rows, cols, grid, values, mantissas, shift, bias: vec![] }
    }

    fn mantissa(&mut self) -> u8 {
        if self.is_wild() { [0, 1, 128, 255][self.r.within(0, 3)] } else { self.r.within(100, 255) as u8 }
    }

    /// A value of the residual stream.
    fn word(&mut self) -> i16 {
        if self.is_wild() { [i16::MIN, i16::MAX, 0, -1][self.r.within(0, 3)] } else { self.about(3000) }
    }

    /// Up to `reach` from 0.
    fn about(&mut self, reach: usize) -> i16 {
        (self.r.within(0, 2 * reach) as i32 - reach as i32) as i16
    }

    fn step(&mut self) -> u32 {
        if self.is_wild() {
            return [0, 1, (1 << 24) - 1, 1 << 23, 0xffff, 0x8000][self.r.within(0, 5)];
        }
        self.r.within(0, 1 << 22) as u32
    }

    /// A table of attention.
    fn falling(&mut self) -> Vec<u8> {
        let kind = self.r.within(0, if self.shape.wild { 4 } else { 1 });
        let mut weights: Vec<u8> = match kind {
            0 | 1 => {
                let part = self.r.within(180, 250) as u32;
                let next = |w: &u32| Some(w * part / 256);
                std::iter::successors(Some(255), next).take(256).map(|w| w as u8).collect()
            }
            2 => vec![255; 256],
            3 => vec![0; 256],
            _ => (0..256).map(|_| self.r.within(0, 255) as u8).collect(),
        };
        weights[0] = 255;
        weights.sort_unstable_by(|a, b| b.cmp(a));
        weights
    }

    /// A table of an activation.
    fn table(&mut self) -> Vec<i8> {
        if self.shape.wild && self.r.chance(50) {
            return (0..256).map(|_| [-128, 127, 0, self.about(100) as i8][self.r.within(0, 3)]).collect();
        }
        let bend = self.r.within(1, 9) as i32;
        (0..=255u8).map(|i| i32::from(i as i8)).map(|x| if x < 0 { x / bend / 4 } else { x } as i8).collect()
    }
}
