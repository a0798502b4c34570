//! A graph as text: what `--emit ir` and `--print-after` show and the snapshots keep.

use super::{BlockId, Encoder, Graph, NodeId, Op, State, StateType, Type};
use crate::model::Window;
use std::fmt;

impl Op {
    /// The operation's name in dumps and errors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Query { .. } => "query",
            Self::Read { .. } => "read",
            Self::Encode { encoder: Encoder::Trigrams { .. }, .. } => "trigrams",
            Self::Encode { encoder: Encoder::Ngrams { .. }, .. } => "ngrams",
            Self::Scale { .. } => "scale",
            Self::Concat { .. } => "concat",
            Self::Constant { .. } => "constant",
            Self::Product { .. } => "product",
            Self::Sum { .. } => "sum",
            Self::Shift { .. } => "shift",
            Self::Relu { .. } => "relu",
            Self::ArgMax { .. } => "argmax",
            Self::Loop { .. } => "loop",
            Self::ExitIf { .. } => "exit_if",
            Self::Lookup { .. } => "lookup",
            Self::Emit { .. } => "emit",
            Self::Push { .. } => "push",
            Self::Write { .. } => "write",
            Self::Tokenize { .. } => "tokenize",
            Self::Feed { .. } => "feed",
            Self::Turn { .. } => "turn",
            Self::Act { .. } => "act",
            Self::Random { .. } => "random",
            Self::Choose { .. } => "choose",
            Self::Prior { .. } => "prior",
            Self::Take { .. } => "take",
            Self::Position { .. } => "position",
            Self::Waiting { .. } => "waiting",
            Self::Gather { .. } => "gather",
            Self::Rescale { .. } => "rescale",
            Self::Add { .. } => "add",
            Self::Norm { .. } => "norm",
            Self::Narrow { .. } => "narrow",
            Self::Rotate { .. } => "rotate",
            Self::Append { .. } => "append",
            Self::Attend { .. } => "attend",
            Self::Table { .. } => "table",
            Self::Multiply { .. } => "multiply",
            Self::Measure { .. } => "measure",
            Self::Convolve { .. } => "convolve",
            Self::Pool { .. } => "pool",
            Self::Bias { .. } => "bias",
            Self::Requantize { .. } => "requantize",
            Self::Widen { .. } => "widen",
            Self::Vote { .. } => "vote",
            Self::Decide { .. } => "decide",
            Self::Numbers { .. } => "numbers",
        }
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "graph {}", self.name)?;
        for (_, constant) in self.consts.iter() {
            writeln!(f, "  {constant}")?;
        }
        writeln!(f, "entry:")?;
        self.fmt_block(f, Self::ENTRY, 1)
    }
}

impl Graph {
    fn fmt_block(&self, f: &mut fmt::Formatter, block: BlockId, depth: usize) -> fmt::Result {
        for (_, state) in self.states.iter().filter(|(_, state)| state.owner == block) {
            writeln!(f, "{:1$}{2}", "", 2 * depth, self.start(state))?;
        }
        for &id in &self.blocks[block].nodes {
            match self.nodes[id].op {
                Op::Loop { body, times } => {
                    writeln!(f, "{:1$}loop, at most {times} rounds:", "", 2 * depth)?;
                    self.fmt_block(f, body, depth + 1)?;
                }
                _ => self.fmt_node(f, id, depth)?,
            }
        }
        Ok(())
    }

    /// A state with how it starts.
    fn start(&self, state: &State) -> String {
        let start = match state.ty {
            StateType::Text { length } => format!("${} = {length} spaces", state.name),
            StateType::Vector { elem, start } => {
                format!("${} = @{}, {elem}", state.name, self.consts[start].name)
            }
            StateType::Tokens { most, .. } => format!("${} = no tokens, at most {most}", state.name),
            StateType::Cache { rows, len } => format!("${} = no rows of {len}, at most {rows}", state.name),
            StateType::Random { seed } => format!("${} = {seed}, random", state.name),
        };
        if state.kept { format!("{start}, kept") } else { start }
    }

    fn fmt_node(&self, f: &mut fmt::Formatter, id: NodeId, depth: usize) -> fmt::Result {
        let node = &self.nodes[id];
        let left = if node.ty == Type::Unit { String::new() } else { format!("%{} = ", id.index()) };
        let line = format!("{:1$}{left}{2}", "", 2 * depth, self.call(&node.op));
        write!(f, "{line:<58} ; {} {}", node.ty, node.name)?;
        if let Some(range) = node.facts.hull() {
            write!(f, ", {range}")?;
        }
        if node.facts.multiple_of > 1 {
            write!(f, ", × {}", node.facts.multiple_of)?;
        }
        if let Some(total) = node.facts.total {
            write!(f, ", total {total}")?;
        }
        writeln!(f)
    }

    fn call(&self, op: &Op) -> String {
        let operands: Vec<_> = op.operands().iter().map(|id| format!("%{}", id.index())).collect();
        let list = operands.join(", ");
        let name = op.name();
        let constants: Vec<_> =
            op.constants().iter().map(|&id| format!("@{}", self.consts[id].name)).collect();
        let constants = constants.join(", ");
        match op {
            Op::Query { max_length, as_typed } => {
                format!("{name} at most {max_length}{}", if *as_typed { ", as typed" } else { "" })
            }
            Op::Read { state } => format!("{name} ${}", self.states[*state].name),
            Op::Encode { encoder: Encoder::Trigrams { buckets, bands }, .. } if *bands > 1 => {
                format!("{name} {list}, {buckets} buckets, {bands} bands")
            }
            Op::Encode { encoder, .. } => format!("{name} {list}, {} buckets", encoder.buckets()),
            Op::Scale { factor, .. } => format!("{name} {list} × {factor}"),
            Op::Constant { .. } => format!("{name} {constants}"),
            Op::Shift { bits, .. } => format!("{name} {list} >> {bits}"),
            Op::Loop { times, .. } => format!("{name} × {times}"),
            Op::ExitIf { equals, .. } => format!("{name} {list} == {equals}"),
            Op::Lookup { .. } | Op::Table { .. } => format!("{name} {list} in {constants}"),
            Op::Take { state } | Op::Random { state } | Op::Position { state } | Op::Waiting { state } => {
                format!("{name} ${}", self.states[*state].name)
            }
            Op::Convolve { window, groups, padding, .. } => {
                format!("{name} {list}, {}, {groups} groups, padding {padding}", shown(window))
            }
            Op::Pool { window, pooling, .. } => format!("{name} {list}, {pooling:?}, {}", shown(window)),
            Op::Decide { margin, .. } => format!("{name} {list} by {margin}"),
            Op::Widen { .. } => format!("{name} {list} in {constants}"),
            Op::Tokenize { .. }
            | Op::Gather { .. }
            | Op::Measure { .. }
            | Op::Bias { .. }
            | Op::Requantize { .. }
            | Op::Vote { .. }
            | Op::Numbers { .. } => format!("{name} {list}, {constants}"),
            Op::Rescale { elem, .. } => format!("{name} {list}, {constants} to {elem}"),
            Op::Norm { group, down, .. } => format!("{name} {list} by {group}, >> {down}"),
            Op::Narrow { bits, .. } | Op::Multiply { bits, .. } => format!("{name} {list} >> {bits}"),
            Op::Rotate { bits, .. } => format!("{name} {list}, {constants} >> {bits}"),
            Op::Attend { head, bits, .. } => format!("{name} {list} by {head}, {constants} >> {bits}"),
            Op::Turn { state, .. }
            | Op::Act { state, .. }
            | Op::Choose { state, .. }
            | Op::Prior { state, .. } => {
                format!("{name} ${}, {list}, {constants}", self.states[*state].name)
            }
            Op::Push { state, .. }
            | Op::Write { state, .. }
            | Op::Feed { state, .. }
            | Op::Append { state, .. } => {
                format!("{name} ${}, {list}", self.states[*state].name)
            }
            Op::Concat { .. }
            | Op::Product { .. }
            | Op::Sum { .. }
            | Op::Relu { .. }
            | Op::ArgMax { .. }
            | Op::Add { .. }
            | Op::Emit { .. } => format!("{name} {list}"),
        }
    }
}

/// A window in few words: its kernel, stride, and how the places of the input become positions.
fn shown(window: &Window) -> String {
    let Window { input, kernel, stride, before, output } = window;
    format!(
        "{}x{} / {}x{} - {}x{}, {}x{}x{} to {}x{}",
        kernel[0],
        kernel[1],
        stride[0],
        stride[1],
        before[0],
        before[1],
        input.height,
        input.width,
        input.channels,
        output[0],
        output[1]
    )
}
