//! The operations of networks on numbers in random graphs.

use crate::generator::Generator;
use crate::random::Random;
use crate::values::constant;
use mlc_compiler::ir::{Data, Elem, NodeId, Op, Type};
use mlc_compiler::model::{
    Branch, Linear, Pooling, Requantization, Shape, Split, Steps, Trees, Vote, Window,
};

impl Generator {
    /// One of them, or a few that belong together.
    pub fn numbers(&mut self) {
        match self.r.within(0, 6) {
            0 => _ = self.measure(),
            1 => self.convolve(),
            2 => self.pool(),
            3 => self.widen(),
            4 => self.decide(),
            5 => self.vote(),
            _ => self.say(),
        }
    }

    fn line(&mut self) -> Linear {
        let multiplier = self.r.within(0, 600) as i32 - 300;
        Linear { multiplier, offset: self.r.within(0, 99) as i64 - 50, shift: self.r.within(0, 6) as u8 }
    }

    fn measure(&mut self) -> NodeId {
        let (text, count) = (self.text(), self.length());
        if self.r.chance(20) {
            let list = |r: &mut Random| (0..r.within(0, 5)).map(|_| r.within(0, 900) as i32 - 450).collect();
            let ranks = (0..count).map(|_| list(&mut self.r)).collect();
            let scaling = constant(&mut self.g, Data::Ranks { decimals: 1, ranks });
            return self.node(Op::Measure { text, scaling });
        }
        let each = if self.r.chance(50) { count } else { 1 };
        let lines = (0..each).map(|_| self.line()).collect();
        let decimals = self.r.within(0, 2) as u8;
        let scaling = constant(&mut self.g, Data::Lines { count, decimals, lines });
        self.node(Op::Measure { text, scaling })
    }

    fn bytes(&mut self) -> NodeId {
        match self.seen(|ty| matches!(ty, Type::Vector { elem: Elem::I8, .. })) {
            Some(seen) if self.r.chance(80) => seen,
            _ => self.measure(),
        }
    }

    /// A window over bytes that are one place, or a row or a column of places.
    fn window(&mut self, len: usize) -> Window {
        let input = match self.r.within(0, 2) {
            0 => Shape::vector(len),
            1 => Shape { height: 1, width: len, channels: 1 },
            _ => Shape { height: len, width: 1, channels: 1 },
        };
        let mut window = Window::whole(input);
        for (axis, size) in [input.height, input.width].into_iter().enumerate() {
            window.kernel[axis] = self.r.within(1, 2);
            window.stride[axis] = self.r.within(1, 2);
            window.before[axis] = self.r.within(0, window.kernel[axis] - 1);
            let most = (size + window.before[axis] - 1) / window.stride[axis] + 1;
            window.output[axis] = self.r.within(1, most);
        }
        window
    }

    fn convolve(&mut self) {
        let input = self.bytes();
        let window = self.window(self.g.width(input));
        let groups = if self.r.chance(30) { window.input.channels } else { 1 };
        let cols = window.kernel[0] * window.kernel[1] * (window.input.channels / groups);
        let rows = groups * self.r.within(1, 2);
        let weights = self.constants(|r| {
            let values = (0..rows * cols).map(|_| r.next() as i8).collect();
            Data::Matrix { rows, cols, bits: 8, values }
        });
        let padding = self.r.next() as i8;
        let sum = self.node(Op::Convolve { input, weights, window, groups, padding });
        let bias = (0..rows).map(|_| self.r.next() as i16 as i32).collect();
        let bias = constant(&mut self.g, Data::Words(bias));
        let sum = self.node(Op::Bias { input: sum, bias });
        self.requantize(sum, rows);
    }

    /// Makes bytes, or 16 bits, of sums of so many channels.
    fn requantize(&mut self, input: NodeId, channels: usize) {
        let steps = [Steps::Twice, Steps::Up, Steps::Even][self.r.within(0, 2)];
        let each = if self.r.chance(50) { channels } else { 1 };
        let multipliers = (0..each).map(|_| (self.r.next() as i32 & i32::MAX) & !127).collect();
        let shifts = (0..each).map(|_| -(self.r.within(2, 14) as i8)).collect();
        let (least, most) = [(-128, 127), (0, 127), (-30_000, 30_000)][self.r.within(0, 2)];
        let zero = self.r.next() as i8 as i16;
        let r = Requantization { steps, multipliers, shifts, zero, least, most };
        let steps = constant(&mut self.g, Data::Requantization(r));
        self.node(Op::Requantize { input, steps });
    }

    fn pool(&mut self) {
        let input = self.bytes();
        let window = self.window(self.g.width(input));
        let pooling = [Pooling::Max, Pooling::Average, Pooling::Sum][self.r.within(0, 2)];
        let pooled = self.node(Op::Pool { input, window, pooling });
        if pooling == Pooling::Sum {
            self.requantize(pooled, window.input.channels);
        }
    }

    fn widen(&mut self) {
        let input = self.bytes();
        let words = (0..256).map(|_| self.r.next() as i32 >> 8).collect();
        let table = constant(&mut self.g, Data::Words(words));
        let wide = self.node(Op::Widen { input, table });
        let sum = self.node(Op::Sum { terms: vec![wide; 2] });
        self.requantize(sum, 1);
    }

    fn decide(&mut self) {
        let input = self.bytes();
        let margin = self.r.within(0, 30) as u8;
        self.node(Op::Decide { input, margin });
    }

    /// A tree that is a chain, and one that is a leaf.
    fn vote(&mut self) {
        let input = self.bytes();
        let (values, outputs) = (self.g.width(input), self.r.within(1, 4));
        let splits = self.r.within(0, 5);
        let r = &mut self.r;
        let split = |r: &mut Random, at: usize| {
            let on = if at + 1 < splits { Branch::Split(at + 1) } else { Branch::Leaf(0) };
            let (low, high) = if r.chance(50) { (on, Branch::Leaf(1)) } else { (Branch::Leaf(1), on) };
            Split { feature: r.within(0, values - 1), most: (r.next() as i8).min(126), low, high }
        };
        let splits: Vec<Split> = (0..splits).map(|at| split(r, at)).collect();
        let leaf = |r: &mut Random| {
            (0..outputs).map(|output| Vote { output, weight: r.next() as i16 / 8 }).collect::<Vec<_>>()
        };
        let roots = vec![if splits.is_empty() { Branch::Leaf(1) } else { Branch::Split(0) }, Branch::Leaf(0)];
        let leaves = vec![leaf(r), leaf(r)];
        let base = (0..outputs).map(|_| r.next() as i16 / 8).collect();
        let trees = constant(&mut self.g, Data::Trees(Trees { roots, splits, leaves, base }));
        self.node(Op::Vote { input, trees });
    }

    fn say(&mut self) {
        let input = self.bytes();
        let lines = vec![self.line()];
        let (count, decimals) = (self.g.width(input), self.r.within(0, 2) as u8);
        let format = constant(&mut self.g, Data::Lines { count, decimals, lines });
        let text = self.node(Op::Numbers { input, format });
        self.node(Op::Emit { text });
    }
}
