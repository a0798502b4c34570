//! Random graphs with nested loops, right by construction, of everything that the contract of `ir` allows.

use crate::graphs::{add, add_loop};
use crate::random::Random;
use crate::values::{constant, elem_of, vector, weights, wide};
use mlc_compiler::ir::{BlockId, Data, Elem, Encoder, Graph, NodeId, Op, State, StateId, StateType, Type};

/// The longest query that graphs are made for, in bytes.
pub const LONGEST: usize = 9;
/// Loops around a node at most.
const DEEPEST: usize = 3;

/// A graph while it grows. [`crate::sequence`] has the operations of sequence models, [`crate::numbers`]
/// those of networks on numbers.
pub struct Generator {
    pub g: Graph,
    pub r: Random,
    /// The blocks around the next node, from the entry on.
    pub around: Vec<Around>,
}

pub struct Around {
    pub block: BlockId,
    rounds: usize,
    /// Nodes of the block itself, not of loops in it.
    nodes: Vec<NodeId>,
}

/// The graph of a seed.
pub fn graph(seed: u64) -> Graph {
    let around = vec![Around { block: Graph::ENTRY, rounds: 1, nodes: vec![] }];
    let mut generator = Generator { g: Graph::new("random"), r: Random(seed), around };
    generator.entry();
    generator.g
}

impl Generator {
    fn entry(&mut self) {
        // Front ends hand over longer ones than the model says.
        let as_typed = self.r.chance(30);
        let text = self.node(Op::Query { max_length: 4, as_typed });
        if as_typed {
            // What nobody uses is dropped, and with it that the query is not folded.
            self.node(Op::Emit { text });
        }
        self.encode(text);
        self.vector_constant();
        self.fill();
    }

    fn here(&self) -> &Around {
        self.around.last().expect("the entry is never left")
    }

    /// Appends a node to the present block.
    pub fn node(&mut self, op: Op) -> NodeId {
        let block = self.here().block;
        let id = add(&mut self.g, block, op);
        self.around.last_mut().expect("the entry is never left").nodes.push(id);
        id
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.r.within(0, of.len() - 1)])
    }

    /// A node that is seen from here and whose type is wanted. Each block around has the same chance to give it.
    pub fn seen(&mut self, wanted: impl Fn(Type) -> bool) -> Option<NodeId> {
        let nodes = |around: &Around| -> Vec<NodeId> {
            around.nodes.iter().copied().filter(|&id| wanted(self.g.nodes[id].ty)).collect()
        };
        let blocks: Vec<Vec<NodeId>> =
            self.around.iter().map(nodes).filter(|nodes| !nodes.is_empty()).collect();
        let at = (!blocks.is_empty()).then(|| self.r.within(0, blocks.len() - 1))?;
        self.pick(&blocks[at])
    }

    pub fn vector(&mut self) -> NodeId {
        // Late nodes are the interesting ones: they depend on states and rounds.
        let last = self.here().nodes.iter().rev().copied().find(|&id| self.g.width(id) > 0);
        match last {
            Some(last) if self.r.chance(40) => last,
            _ => self.seen(|ty| matches!(ty, Type::Vector { .. })).expect("the entry has vectors"),
        }
    }

    pub fn text(&mut self) -> NodeId {
        self.seen(|ty| matches!(ty, Type::Text { .. })).expect("the entry has the query")
    }

    /// One constant, or one for each round of the loop around.
    pub fn constants(&mut self, mut data: impl FnMut(&mut Random) -> Data) -> NodeId {
        let rounds = self.here().rounds;
        let count = if rounds > 1 && self.r.chance(50) { rounds } else { 1 };
        let values = (0..count).map(|_| constant(&mut self.g, data(&mut self.r))).collect();
        self.node(Op::Constant { values })
    }

    /// A few lengths, so that vectors fit each other.
    pub fn length(&mut self) -> usize {
        [1, 2, 2, 2, 3][self.r.within(0, 4)]
    }

    fn vector_constant(&mut self) -> NodeId {
        let len = self.length();
        self.bias(len)
    }

    fn bias(&mut self, len: usize) -> NodeId {
        let reach = [3, 200, 32767][self.r.within(0, 2)];
        self.constants(|r| Data::Vector(vector(r, len, reach)))
    }

    pub fn matrix(&mut self, cols: usize) -> NodeId {
        let fits = |ty| matches!(ty, Type::Matrix { cols: c, .. } if c == cols);
        if self.r.chance(60)
            && let Some(matrix) = self.seen(fits)
        {
            return matrix;
        }
        let rows = self.length();
        if self.r.chance(30) {
            let bits = self.r.within(2, 8) as u8;
            return self.constants(|r| Data::Matrix { rows, cols, bits, values: wide(r, rows * cols, bits) });
        }
        self.constants(|r| Data::Matrix { rows, cols, bits: 2, values: weights(r, rows, cols) })
    }

    fn encode(&mut self, text: NodeId) -> NodeId {
        let buckets = self.r.within(1, 3) as u16;
        let bands = self.r.within(1, 2) as u8;
        let encoder = if self.r.chance(50) {
            Encoder::Trigrams { buckets, bands }
        } else {
            Encoder::Ngrams { buckets }
        };
        self.node(Op::Encode { text, encoder })
    }

    fn product(&mut self, input: NodeId) -> NodeId {
        let weights = self.matrix(self.g.width(input));
        let sum = [Elem::I8, Elem::I16, Elem::I16, Elem::I24][self.r.within(0, 3)];
        self.node(Op::Product { input, weights, sum })
    }

    /// Vectors of the element of one of them.
    pub fn concat(&mut self) -> NodeId {
        let first = self.vector();
        let elem = elem_of(&self.g, first);
        let mut inputs = vec![first];
        for _ in 0..self.r.within(0, 2) {
            let like = self.seen(|ty| matches!(ty, Type::Vector { elem: e, .. } if e == elem));
            inputs.push(like.expect("the first is seen"));
        }
        self.node(Op::Concat { inputs })
    }

    /// Vectors of the type of one of them, now and then one of each block around that has any.
    fn sum(&mut self) -> NodeId {
        let first = self.vector();
        let ty = self.g.nodes[first].ty;
        let mut terms = vec![first];
        if self.r.chance(50) {
            let of = |around: &Around| around.nodes.iter().copied().rfind(|&id| self.g.nodes[id].ty == ty);
            terms.extend(self.around.iter().filter_map(of));
        } else {
            for _ in 0..self.r.within(0, 3) {
                terms.push(self.seen(|other| other == ty).expect("the first is seen"));
            }
        }
        self.node(Op::Sum { terms })
    }

    /// Two layers as models have them, so that there are neurons without effect.
    fn layers(&mut self) {
        let input = if self.r.chance(50) { self.concat() } else { self.vector() };
        let (cols, rows, last) = (self.g.width(input), self.r.within(1, 4), self.r.within(1, 3));
        let matrix = |rows, cols| {
            move |r: &mut Random| Data::Matrix { rows, cols, bits: 2, values: weights(r, rows, cols) }
        };
        let weights = self.constants(matrix(rows, cols));
        let product = self.node(Op::Product { input, weights, sum: Elem::I16 });
        let bias = self.bias(rows);
        let input = self.node(Op::Sum { terms: vec![product, bias] });
        let bits = self.r.within(0, 4) as u8;
        let input = self.node(Op::Shift { input, bits });
        let input = self.node(Op::Relu { input });
        let weights = self.constants(matrix(last, rows));
        let product = self.node(Op::Product { input, weights, sum: Elem::I16 });
        let bias = self.bias(last);
        let mut terms = vec![product, bias];
        // Now and then something that a pass must not take for the plain case.
        match self.r.within(0, 9) {
            0 => terms.push(bias),
            1 => terms.push(product),
            2 => _ = self.node(Op::Sum { terms: vec![product] }),
            3 => _ = self.node(Op::Scale { input, factor: 3 }),
            4 => terms.push(self.bias(last)),
            _ => {}
        }
        self.node(Op::Sum { terms });
    }

    fn argmax(&mut self) -> Option<NodeId> {
        let input = self.seen(|ty| matches!(ty, Type::Vector { elem, .. } if elem < Elem::I24))?;
        Some(self.node(Op::ArgMax { input }))
    }

    /// Shows a vector among the logits, narrowed where it is too wide.
    fn show(&mut self) {
        let mut input = self.vector();
        if elem_of(&self.g, input) >= Elem::I24 {
            let bits = self.r.within(0, 12) as u8;
            input = self.node(Op::Shift { input, bits });
            let len = self.g.width(input);
            let weights =
                self.constants(|r| Data::Matrix { rows: 2, cols: len, bits: 2, values: weights(r, 2, len) });
            input = self.node(Op::Product { input, weights, sum: Elem::I16 });
        }
        self.node(Op::ArgMax { input });
    }

    fn emit(&mut self) {
        let Some(index) = self.argmax() else { return };
        let Type::Index { below } = self.g.nodes[index].ty else { unreachable!("an argmax gives an index") };
        let data = match self.r.chance(50) {
            true => Data::Charset((0..below).map(|i| b'A' + i as u8 % 26).collect()),
            false => Data::Labels((0..below).map(|i| "xY z"[..i % 5].to_string()).collect()),
        };
        let table = constant(&mut self.g, data);
        let text = self.node(Op::Lookup { index, table });
        self.node(Op::Emit { text });
    }

    fn exit(&mut self) {
        if self.around.len() > 1
            && let Some(index) = self.argmax()
        {
            let Type::Index { below } = self.g.nodes[index].ty else {
                unreachable!("an argmax gives an index")
            };
            let equals = self.r.within(0, below - 1);
            self.node(Op::ExitIf { index, equals });
        }
    }

    /// A state of the present block or of one around it.
    fn state(&mut self) -> StateId {
        let depth = self.r.within(0, self.around.len() - 1);
        let owner = self.around[depth].block;
        let is_plain = |ty| matches!(ty, StateType::Text { .. } | StateType::Vector { .. });
        match self.owned(owner, is_plain) {
            Some(state) if self.r.chance(70) => state,
            _ => {
                let ty = self.state_type();
                self.new_state(owner, ty)
            }
        }
    }

    /// A state of a block that is of a kind.
    pub fn owned(&mut self, owner: BlockId, wanted: impl Fn(StateType) -> bool) -> Option<StateId> {
        let states = self.g.states.iter().filter(|(_, state)| state.owner == owner && wanted(state.ty));
        let owned: Vec<StateId> = states.map(|(id, _)| id).collect();
        self.pick(&owned)
    }

    pub fn new_state(&mut self, owner: BlockId, ty: StateType) -> StateId {
        self.g.states.push(State { name: format!("s{}", self.g.states.len()), owner, ty, kept: false })
    }

    fn state_type(&mut self) -> StateType {
        if self.r.chance(25) {
            return StateType::Text { length: self.r.within(1, 4) };
        }
        let elem = [Elem::I8, Elem::I16, Elem::I24][self.r.within(0, 2)];
        let reach = if elem == Elem::I8 { 127 } else { 32767 };
        let len = self.length();
        let data = Data::Vector(vector(&mut self.r, len, reach));
        StateType::Vector { elem, start: constant(&mut self.g, data) }
    }

    fn read(&mut self) {
        let state = self.state();
        self.node(Op::Read { state });
    }

    fn change(&mut self) {
        let state = self.state();
        match self.g.states[state].ty {
            StateType::Text { .. } => {
                let text = self.text();
                self.node(Op::Push { state, text });
            }
            StateType::Vector { .. } => {
                let holds = self.node(Op::Read { state });
                let ty = self.g.nodes[holds].ty;
                let value = self.seen(|other| other == ty).expect("what was read is seen");
                let value =
                    if self.r.chance(50) { self.node(Op::Sum { terms: vec![holds, value] }) } else { value };
                self.node(Op::Write { state, value });
            }
            other => unreachable!("a text or a vector, not {other:?}"),
        }
    }

    /// A loop in the present block, whose body begins with something; none where blocks are too deep.
    pub fn inner_loop(&mut self, begin: impl FnOnce(&mut Self)) {
        if self.around.len() > DEEPEST {
            return;
        }
        let rounds = self.r.within(1, 3);
        let block = self.here().block;
        let body = add_loop(&mut self.g, block, rounds as u32);
        self.around.push(Around { block: body, rounds, nodes: vec![] });
        begin(self);
        self.fill();
        self.around.pop();
    }

    /// Some operations in the present block, and something to be seen of them.
    fn fill(&mut self) {
        for _ in 0..self.r.within(3, 9) {
            match self.r.within(0, 33) {
                0 => _ = self.vector_constant(),
                1 | 2 => self.read(),
                3 | 4 => self.change(),
                5 => {
                    let text = self.text();
                    self.encode(text);
                }
                6 => {
                    let (input, factor) = (self.vector(), self.factor());
                    self.node(Op::Scale { input, factor });
                }
                7 => _ = self.concat(),
                8 => {
                    let input = self.concat();
                    self.product(input);
                }
                9 => {
                    let input = self.vector();
                    self.product(input);
                }
                10 | 11 => _ = self.sum(),
                12 => {
                    let input = self.vector();
                    let bits = self.r.within(0, elem_of(&self.g, input).bits() as usize - 1) as u8;
                    self.node(Op::Shift { input, bits });
                }
                13 => {
                    let input = self.vector();
                    self.node(Op::Relu { input });
                }
                14 => self.emit(),
                15 => self.exit(),
                16 | 17 => self.layers(),
                18..=21 => self.inner_loop(|_| {}),
                22..=24 => self.numbers(),
                _ => self.sequence(),
            }
        }
        self.show();
    }

    fn factor(&mut self) -> i16 {
        [-32768, -3, 0, 1, 2, 5, 32, 300, 32767][self.r.within(0, 8)]
    }
}

/// Small queries of a seed, each of one to [`LONGEST`] bytes that are not all spaces.
pub fn queries(seed: u64) -> Vec<Vec<u8>> {
    let mut r = Random(seed ^ 0x5EED);
    let mut query = |length: usize| -> Vec<u8> { (0..length).map(|_| b"abcXyz ?"[r.within(0, 7)]).collect() };
    let mut queries = vec![query(1), query(4), query(LONGEST)];
    queries.iter_mut().for_each(|q| q[0] = b'q');
    // Lines for networks that read as many numbers.
    queries.extend(["-7", "3 -4", "1;2,5"].map(|line| line.as_bytes().to_vec()));
    queries
}
