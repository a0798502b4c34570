//! The operations of sequence models in random graphs.

use crate::generator::Generator;
use crate::graphs::{halves, signs};
use crate::values::{constant, elem_of};
use mlc_compiler::ir::{ConstId, Data, Elem, NodeId, Op, StateId, StateType, Type};
use mlc_compiler::model::{Pair, Prior};
use mlc_compiler::tokens::Tokenizer;

/// Largest index that rows and texts are looked up by.
const MOST_ROWS: usize = 8;
/// Tokens of a queue that has room for more than any graph takes.
const ENDLESS: usize = 10_000;

impl Generator {
    /// One of them, or a few that belong together.
    pub fn sequence(&mut self) {
        match self.r.within(0, 14) {
            0 => self.feed(),
            1 | 2 => self.reader(),
            3 => self.take(),
            4 => self.gather(),
            5 => _ = self.rescale(),
            6 => self.add(),
            7 => _ = self.norm(),
            8 => _ = self.narrow(),
            9 => _ = self.rotate(),
            10 => self.append(),
            11 => self.attend(),
            12 => self.table(),
            13 => self.prior(),
            _ => self.multiply(),
        }
    }

    /// A queue of the present block or of one around it. Tokens are taken of an endless one whether any waits or not;
    /// of others only where one waits.
    fn queue(&mut self, endless: bool) -> StateId {
        let depth = self.r.within(0, self.around.len() - 1);
        let owner = self.around[depth].block;
        let wanted = |ty| matches!(ty, StateType::Tokens { most, .. } if (most == ENDLESS) == endless);
        match self.owned(owner, wanted) {
            Some(state) if self.r.chance(80) => state,
            _ => {
                let most = if endless { ENDLESS } else { self.r.within(1, 6) };
                let below = self.r.within(2, 3);
                self.new_state(owner, StateType::Tokens { below, most })
            }
        }
    }

    fn below(&self, state: StateId) -> usize {
        match self.g.states[state].ty {
            StateType::Tokens { below, .. } => below,
            other => panic!("a queue, not {other:?}"),
        }
    }

    fn feed(&mut self) {
        let endless = self.r.chance(50);
        let state = self.queue(endless);
        self.feed_into(state);
    }

    /// Feeds what is seen, or the tokens of a text.
    fn feed_into(&mut self, state: StateId) {
        let wanted = self.below(state);
        let fits = |ty| match ty {
            Type::Tokens { below } | Type::Index { below } => below == wanted,
            _ => false,
        };
        let tokens = match self.seen(fits) {
            Some(tokens) if self.r.chance(60) => tokens,
            _ => {
                let text = self.text();
                let pieces = ["a", "b", "c"].map(|piece| piece.as_bytes().to_vec());
                let characters = Tokenizer::characters(pieces[..wanted].to_vec(), Some(1));
                let tokenizer = Data::Tokenizer(characters.expect("each is one character"));
                let tokenizer = constant(&mut self.g, tokenizer);
                self.node(Op::Tokenize { text, tokenizer })
            }
        };
        self.node(Op::Feed { state, tokens });
    }

    /// A loop that takes tokens while some wait, as sequence models have it.
    fn reader(&mut self) {
        let state = self.queue(false);
        if self.r.chance(70) {
            self.feed_into(state);
        }
        self.inner_loop(|generator| {
            let index = generator.node(Op::Waiting { state });
            generator.node(Op::ExitIf { index, equals: 0 });
            let token = generator.node(Op::Take { state });
            generator.row(token);
            if generator.r.chance(70) {
                let position = generator.node(Op::Position { state });
                generator.row(position);
            }
        });
    }

    /// Takes of an endless queue, perhaps where nothing waits.
    fn take(&mut self) {
        let state = self.queue(true);
        if self.r.chance(50) {
            self.feed_into(state);
        }
        let index = match self.r.within(0, 3) {
            0 => self.node(Op::Waiting { state }),
            1 => {
                self.node(Op::Position { state });
                return;
            }
            _ => self.node(Op::Take { state }),
        };
        let pieces = (0..self.below_index(index)).map(|i| b"xyz"[i % 3..].to_vec()).collect();
        let table = constant(&mut self.g, Data::Pieces(pieces));
        let text = self.node(Op::Lookup { index, table });
        self.node(Op::Emit { text });
    }

    /// Logits behind the tokens that a queue has given out last.
    fn prior(&mut self) {
        let endless = self.r.chance(50);
        let state = self.queue(endless);
        let below = self.below(state);
        let wanted = Type::Vector { elem: Elem::I16, len: below };
        let input = match self.seen(|ty| ty == wanted) {
            Some(seen) if self.r.chance(70) => seen,
            _ => self
                .constants(|r| Data::Vector((0..below).map(|_| r.within(0, 65_535) as u16 as i16).collect())),
        };
        let rows = self.r.within(1, 3);
        let costs = (0..rows * below).map(|_| self.r.within(0, 255) as u8).collect();
        let last = (0..below).map(|_| self.r.within(0, rows - 1) as u16).collect();
        let row = self.r.within(0, rows - 1) as u16;
        let pairs = vec![Pair { last: 0, before: below as u32 - 1, row }];
        let prior = Prior { shift: self.r.within(0, 7) as u8, costs, last, pairs };
        let prior = constant(&mut self.g, Data::Prior(prior));
        self.node(Op::Prior { input, state, prior });
    }

    fn below_index(&self, index: NodeId) -> usize {
        match self.g.nodes[index].ty {
            Type::Index { below } => below,
            other => panic!("an index, not {other}"),
        }
    }

    fn gather(&mut self) {
        if let Some(index) = self.seen(|ty| matches!(ty, Type::Index { below: 1..=MOST_ROWS })) {
            self.row(index);
        }
    }

    /// The row of a matrix at an index.
    fn row(&mut self, index: NodeId) {
        let below = self.below_index(index);
        let fits = |ty| matches!(ty, Type::Matrix { rows, .. } if rows >= below);
        let weights = match self.seen(fits) {
            Some(matrix) if self.r.chance(50) => matrix,
            _ => {
                let (rows, cols) = (below + self.r.within(0, 1), self.length());
                self.constants(|r| {
                    let values = (0..rows * cols).map(|_| r.within(0, 255) as u8 as i8).collect();
                    Data::Matrix { rows, cols, bits: 8, values }
                })
            }
        };
        let Type::Matrix { rows, .. } = self.g.nodes[weights].ty else { unreachable!("a matrix") };
        let scale = self.scale(rows);
        self.node(Op::Gather { index, weights, scale });
    }

    fn scale(&mut self, len: usize) -> ConstId {
        let mut mantissa =
            || if self.r.chance(30) { [0, 1, 255][self.r.within(0, 2)] } else { self.r.within(64, 255) };
        let mantissas = (0..len).map(|_| mantissa() as u8).collect();
        let shift = if self.r.chance(20) { self.r.within(0, 24) } else { self.r.within(2, 9) } as u8;
        constant(&mut self.g, Data::Scale { mantissas, shift })
    }

    /// A vector of one of these elements; a constant where none is seen.
    fn of(&mut self, elems: &[Elem]) -> NodeId {
        let seen = self.seen(|ty| matches!(ty, Type::Vector { elem, .. } if elems.contains(&elem)));
        match seen {
            Some(seen) => seen,
            None => {
                let len = self.length();
                let value = self.constants(|r| {
                    Data::Vector((0..len).map(|_| r.within(0, 65_535) as u16 as i16).collect())
                });
                if elems.contains(&Elem::I16) {
                    value
                } else {
                    self.node(Op::Narrow { input: value, bits: 8 })
                }
            }
        }
    }

    /// Another vector of the same type, or the same one.
    fn like(&mut self, first: NodeId) -> NodeId {
        let ty = self.g.nodes[first].ty;
        self.seen(|other| other == ty).expect("the first is seen")
    }

    fn rescale(&mut self) -> NodeId {
        let input = match self.vector() {
            wide if elem_of(&self.g, wide) == Elem::I32 => self.of(&[Elem::I8, Elem::I16]),
            input => input,
        };
        let scale = self.scale(self.g.width(input));
        let elem = if self.r.chance(60) { Elem::I8 } else { Elem::I16 };
        self.node(Op::Rescale { input, scale, elem })
    }

    fn add(&mut self) {
        let a = self.of(&[Elem::I8, Elem::I16]);
        let b = self.like(a);
        self.node(Op::Add { a, b });
    }

    /// A number that divides another one.
    fn divisor(&mut self, of: usize) -> usize {
        let divisors: Vec<usize> = (1..=of).filter(|n| of.is_multiple_of(*n)).collect();
        self.pick(&divisors).expect("no vector is empty here")
    }

    fn norm(&mut self) -> NodeId {
        let input = self.of(&[Elem::I16]);
        let group = self.divisor(self.g.width(input));
        let down = self.r.within(0, 3) as u8;
        self.node(Op::Norm { input, group, down })
    }

    fn narrow(&mut self) -> NodeId {
        let input = self.of(&[Elem::I8, Elem::I16]);
        let most = if elem_of(&self.g, input) == Elem::I8 { 2 } else { 15 };
        let bits = self.r.within(0, most) as u8;
        self.node(Op::Narrow { input, bits })
    }

    /// Turns a vector of pairs, two of the same one behind each other where its length is odd.
    fn rotate(&mut self) -> Option<NodeId> {
        let position = self.seen(|ty| matches!(ty, Type::Index { .. }))?;
        let mut input = self.of(&[Elem::I16]);
        if self.g.width(input) % 2 == 1 {
            input = self.node(Op::Concat { inputs: vec![input; 2] });
        }
        let pairs = self.divisor(self.g.width(input) / 2);
        let steps = (0..pairs).map(|_| self.r.within(0, (1 << 24) - 1) as u32).collect();
        let steps = constant(&mut self.g, Data::Steps(steps));
        let bits = self.r.within(6, 16) as u8;
        Some(self.node(Op::Rotate { input, position, steps, bits }))
    }

    /// A cache of rows of so many bytes, of the present block or of one around it.
    fn cache(&mut self, len: usize) -> StateId {
        let depth = self.r.within(0, self.around.len() - 1);
        let owner = self.around[depth].block;
        let wanted = |ty| matches!(ty, StateType::Cache { len: found, .. } if found == len);
        match self.owned(owner, wanted) {
            Some(state) if self.r.chance(90) => state,
            _ => {
                let rows = self.r.within(2, 3);
                self.new_state(owner, StateType::Cache { rows, len })
            }
        }
    }

    fn append(&mut self) {
        let value = self.of(&[Elem::I8]);
        let state = self.cache(self.g.width(value));
        for _ in 0..self.r.within(1, 2) {
            self.node(Op::Append { state, value });
        }
    }

    /// Attention to what one or two caches hold, of a row or of two behind each other.
    fn attend(&mut self) {
        let value = self.of(&[Elem::I8]);
        let len = self.g.width(value);
        let keys = self.cache(len);
        if self.r.chance(60) {
            self.node(Op::Append { state: keys, value });
        }
        let keys = self.node(Op::Read { state: keys });
        let values = self.like(keys);
        let query = self.like(value);
        let query =
            if self.r.chance(30) { self.node(Op::Concat { inputs: vec![query, value] }) } else { query };
        let table = constant(&mut self.g, Data::Weights(halves()));
        let (head, bits) = (self.divisor(len), self.r.within(0, 12) as u8);
        self.node(Op::Attend { query, keys, values, head, table, bits });
    }

    fn table(&mut self) {
        let input = self.of(&[Elem::I8]);
        let mut bytes = signs();
        if self.r.chance(50) {
            // Of few values, so that bounds say something.
            bytes.iter_mut().for_each(|byte| *byte = (*byte).clamp(-3, 9));
        }
        let table = constant(&mut self.g, Data::Bytes(bytes));
        self.node(Op::Table { input, table });
    }

    fn multiply(&mut self) {
        let a = self.of(&[Elem::I8]);
        let b = self.like(a);
        let bits = self.r.within(0, 8) as u8;
        self.node(Op::Multiply { a, b, bits });
    }
}
