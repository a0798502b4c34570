//! A graph as text: what `--emit ir` and `--print-after` show and the snapshots keep.

use super::{Const, Data, Graph, Node, NodeId, Op, Type};
use std::fmt;

impl Op {
    /// The operation's name in dumps and errors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Query { .. } => "query",
            Self::State { .. } => "state",
            Self::Encode { encoder: super::Encoder::Trigrams { .. }, .. } => "trigrams",
            Self::Encode { encoder: super::Encoder::Ngrams { .. }, .. } => "ngrams",
            Self::Scale { .. } => "scale",
            Self::Concat { .. } => "concat",
            Self::Constant { .. } => "constant",
            Self::Unpack { .. } => "unpack",
            Self::Dense { .. } => "dense",
            Self::Mac { .. } => "mac",
            Self::Sum { .. } => "sum",
            Self::Shift { .. } => "shift",
            Self::Relu { .. } => "relu",
            Self::ArgMax { .. } => "argmax",
            Self::ExitIf { .. } => "exit_if",
            Self::Lookup { .. } => "lookup",
            Self::Emit { .. } => "emit",
            Self::Push { .. } => "push",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Text { max } => write!(f, "text[{max}]"),
            Self::Vector { len } => write!(f, "i16[{len}]"),
            Self::Matrix { rows, cols } => write!(f, "i2[{rows}, {cols}]"),
            Self::Index { below } => write!(f, "index<{below}>"),
            Self::Unit => write!(f, "()"),
        }
    }
}

impl fmt::Display for Const {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "@{} = ", self.name)?;
        match &self.data {
            Data::Matrix { rows, cols, values } => {
                let nonzero = values.iter().filter(|&&w| w != 0).count();
                write!(f, "i2[{rows}, {cols}], {nonzero} of {} not zero", values.len())
            }
            Data::Columns { rows, columns } => {
                let plus: usize = columns.iter().map(|c| c.plus.len()).sum();
                let minus: usize = columns.iter().map(|c| c.minus.len()).sum();
                write!(f, "columns[{rows}, {}], {plus} additions, {minus} subtractions", columns.len())
            }
            Data::Vector(values) => {
                let (least, most) = (values.iter().min(), values.iter().max());
                write!(f, "i16[{}], {}..{}", values.len(), least.unwrap_or(&0), most.unwrap_or(&0))
            }
            Data::Charset(bytes) => write!(f, "charset \"{}\"", bytes.escape_ascii()),
            Data::Labels(labels) => write!(f, "labels {labels:?}"),
        }
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "graph {}", self.name)?;
        for (_, constant) in self.consts.iter() {
            writeln!(f, "  {constant}")?;
        }
        let mut region = Self::ENTRY;
        writeln!(f, "entry:")?;
        for (id, node) in self.nodes.iter() {
            if node.region != region {
                region = node.region;
                writeln!(f, "loop, at most {} rounds:", self.regions[region].max_steps)?;
            }
            self.fmt_node(f, id, node)?;
        }
        Ok(())
    }
}

impl Graph {
    fn fmt_node(&self, f: &mut fmt::Formatter, id: NodeId, node: &Node) -> fmt::Result {
        let left = if node.ty == Type::Unit { String::new() } else { format!("%{} = ", id.index()) };
        let line = format!("  {left}{}", self.call(&node.op));
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
        let constant = |id| format!("@{}", self.consts[id].name);
        match op {
            Op::Query { max_length } => format!("{name} at most {max_length}"),
            Op::State { state } => format!("{name} ${}", self.states[*state].name),
            Op::Encode { encoder, .. } => format!("{name} {list}, {} buckets", encoder.buckets()),
            Op::Scale { factor, .. } => format!("{name} {list} × {factor}"),
            Op::Constant { value } => format!("{name} {}", constant(*value)),
            Op::Unpack { weights } => format!("{name} {}", constant(*weights)),
            Op::Mac { weights, form, .. } => format!("{name} {list}, {} {form}", constant(*weights)),
            Op::Shift { bits, .. } => format!("{name} {list} >> {bits}"),
            Op::ExitIf { equals, .. } => format!("{name} {list} == {equals}"),
            Op::Lookup { table, .. } => format!("{name} {list} in {}", constant(*table)),
            Op::Push { state, .. } => format!("{name} ${}, {list}", self.states[*state].name),
            Op::Concat { .. }
            | Op::Dense { .. }
            | Op::Sum { .. }
            | Op::Relu { .. }
            | Op::ArgMax { .. }
            | Op::Emit { .. } => {
                format!("{name} {list}")
            }
        }
    }
}
