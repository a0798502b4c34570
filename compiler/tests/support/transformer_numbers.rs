//! The numbers of a random transformer: usual ones, and such at their ends.

use super::Random;
use super::{Middle, Place, Shape};
use mlc_compiler::model::{
    Activation, Attention, Block, FeedForward, Matrix, Norm, NormOrder, Output, Pair, Positions, Prior,
    Transformer,
};

/// What chooses the numbers of a network.
pub struct Numbers<'r> {
    pub shape: Shape,
    pub r: &'r mut Random,
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

    /// A network of the shape.
    pub fn transformer(&mut self) -> Transformer {
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
        let prior = self.prior(s.vocabulary);
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
            prior,
        }
    }

    /// What tokens cost behind others, now and then.
    fn prior(&mut self, vocabulary: usize) -> Option<Prior> {
        if self.r.chance(60) {
            return None;
        }
        let rows = self.r.within(1, 4);
        let mut cost = || if self.is_wild() { [0, 255][self.r.within(0, 1)] } else { self.r.within(0, 99) };
        let costs = (0..rows * vocabulary).map(|_| cost() as u8).collect();
        let last = (0..vocabulary).map(|_| self.r.within(0, rows - 1) as u16).collect();
        let of = [0, vocabulary / 2, vocabulary - 1].map(|token| token as u32);
        let mut pairs: Vec<Pair> = Vec::new();
        for (last, before) in of.into_iter().flat_map(|last| of.map(|before| (last, before))) {
            let is_new = pairs.last().is_none_or(|pair| (pair.last, pair.before) < (last, before));
            if is_new && self.r.chance(50) {
                pairs.push(Pair { last, before, row: self.r.within(0, rows - 1) as u16 });
            }
        }
        let shift = if self.is_wild() { 7 * self.r.within(0, 1) } else { self.r.within(2, 5) } as u8;
        Some(Prior { shift, costs, last, pairs })
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
