//! The graph: a small quantized program over whole vectors.
//!
//! # Contract
//! A [`Graph`] is a list of nodes in execution order. A node computes one value from values of nodes
//! *before* it, never after: following operands always ends, so there are no cycles to look for. All
//! references are typed ids into the graph's own arenas.
//!
//! Each node belongs to a *region*. [`Graph::ENTRY`] runs once per query. A loop region is a contiguous
//! run of nodes that repeats, at most `max_steps` times, until one of its [`Op::ExitIf`] nodes leaves it. Loops stand in
//! the entry region: they do not nest.
//! A node may use values of its own region and of the regions around it; what a loop carries from one
//! round to the next lives in a [`State`], read by [`Op::State`] and replaced by [`Op::Push`]. The
//! generation loop is therefore part of the graph, and moving a node from a loop to the region around
//! it is an ordinary rewrite.
//!
//! Vectors hold 16-bit two's-complement integers. [`Op::Dense`], [`Op::Mac`] and [`Op::Sum`] compute
//! modulo 65536; sums of them may be regrouped freely. [`Op::Shift`] is where the value of an
//! accumulator starts to matter, so nothing moves across it.
//!
//! Weights are stored packed. [`Op::Unpack`] gives the matrix and [`Op::Dense`] multiplies with it: that
//! is how a graph is built. No target has room for an unpacked matrix, so before planning every dense
//! product is lowered to an [`Op::Mac`], which names the form its weights have on the target.
//!
//! Facts that passes prove of a value (bounds, a common factor) stand on the node that computes it, not
//! in the operation: dropping all facts never changes what a graph means.
//!
//! Embeddings, norms or attention join as further operations, a cache of keys and values as another
//! kind of state.

mod arena;
mod build;
mod dump;
mod facts;
mod infer;
pub mod rewrite;

pub use arena::{Arena, Id};
pub use build::build;
pub use facts::{Facts, Interval};
pub use infer::{TypeError, infer};
pub use rewrite::Rewriter;

use std::fmt;

pub type NodeId = Id<Node>;
pub type ConstId = Id<Const>;
pub type RegionId = Id<Region>;
pub type StateId = Id<State>;

/// A program: see the module's contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    pub name: String,
    pub regions: Arena<Region>,
    pub states: Arena<State>,
    pub consts: Arena<Const>,
    pub nodes: Arena<Node>,
}

impl Graph {
    /// The region that runs once per query: always the first.
    pub const ENTRY: RegionId = Id::first();

    /// An empty graph with its entry region.
    pub fn new(name: &str) -> Self {
        let mut regions = Arena::default();
        regions.push(Region { parent: None, max_steps: 1 });
        Self {
            name: name.to_string(),
            regions,
            states: Arena::default(),
            consts: Arena::default(),
            nodes: Arena::default(),
        }
    }

    /// Appends a node; its type follows from its operation.
    ///
    /// # Errors
    /// When the operands do not fit the operation.
    pub fn add(&mut self, region: RegionId, name: &str, op: Op) -> Result<NodeId, TypeError> {
        let ty = infer(self, &op)?;
        Ok(self.nodes.push(Node { op, ty, region, name: name.to_string(), facts: Facts::default() }))
    }

    /// Elements of the vector that `id` computes, 0 for any other type.
    pub fn width(&self, id: NodeId) -> usize {
        match self.nodes[id].ty {
            Type::Vector { len } => len,
            _ => 0,
        }
    }

    /// Nodes that use the value of `id`, in order.
    pub fn users(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes.iter().filter(move |(_, n)| n.op.operands().contains(&id)).map(|(user, _)| user)
    }
}

/// A part of the program that runs as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// The region around it; `None` for the entry region.
    pub parent: Option<RegionId>,
    /// 1 for the entry region, the most rounds for a loop.
    pub max_steps: u32,
}

/// What a loop carries from one round to the next: the last characters produced, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub name: String,
    /// The loop it belongs to. It starts as `length` spaces each time the loop is entered.
    pub region: RegionId,
    pub length: usize,
}

/// A value known at compile time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Const {
    pub name: String,
    pub data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// `[rows, cols]`, row by row, values -2..=1, stored 2 bits each.
    Matrix {
        rows: usize,
        cols: usize,
        values: Vec<i8>,
    },
    /// The non-zero weights of a matrix, column by column.
    Columns {
        rows: usize,
        columns: Vec<Column>,
    },
    Vector(Vec<i16>),
    /// How sums that several outputs share are added to them: see [`Op::Fold`].
    Folds {
        outputs: usize,
        folds: Vec<Fold>,
    },
    /// A byte an index.
    Charset(Vec<u8>),
    /// A text an index.
    Labels(Vec<String>),
}

/// The non-zero weights for one input: outputs to add it to and to subtract it from, ascending.
/// A weight of -2 stands twice in `minus`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    pub plus: Vec<u16>,
    pub minus: Vec<u16>,
}

impl Column {
    /// Additions and subtractions that one use of the column makes.
    pub fn len(&self) -> usize {
        self.plus.len() + self.minus.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A sum that two outputs have in common: element `from` is added to `plus`, and added to or subtracted
/// from `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    pub from: u16,
    pub plus: u16,
    pub other: u16,
    /// Subtracted from `other`.
    pub minus: bool,
}

/// One computation.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub op: Op,
    pub ty: Type,
    pub region: RegionId,
    /// For people: `fc2`, `context`.
    pub name: String,
    pub facts: Facts,
}

/// What a node computes: a closed set, so that every match says what it does with each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// The query: trimmed, folded, not empty.
    Query {
        max_length: usize,
    },
    /// The present content of a loop's state.
    State {
        state: StateId,
    },
    /// Counts of hashed n-grams.
    Encode {
        text: NodeId,
        encoder: Encoder,
    },
    /// Every element times `factor`.
    Scale {
        input: NodeId,
        factor: i16,
    },
    Concat {
        inputs: Vec<NodeId>,
    },
    /// A constant vector.
    Constant {
        value: ConstId,
    },
    /// The matrix in a packed constant.
    Unpack {
        weights: ConstId,
    },
    /// Matrix × vector, not yet in a form that a target has.
    Dense {
        input: NodeId,
        weights: NodeId,
    },
    /// Matrix × vector, the weights in the form named.
    Mac {
        input: NodeId,
        weights: ConstId,
        form: Form,
    },
    /// Element-wise sum of one or more vectors.
    Sum {
        terms: Vec<NodeId>,
    },
    /// Adds shared sums to the outputs that share them, the last fold first, and drops them.
    Fold {
        input: NodeId,
        folds: ConstId,
    },
    /// Arithmetic shift right of each element.
    Shift {
        input: NodeId,
        bits: u8,
    },
    /// `max(x, 0)`.
    Relu {
        input: NodeId,
    },
    /// Index of the largest element, the first on a tie.
    ArgMax {
        input: NodeId,
    },
    /// Leaves the loop when the index is `equals`.
    ExitIf {
        index: NodeId,
        equals: usize,
    },
    /// Text at an index of a charset or of labels.
    Lookup {
        index: NodeId,
        table: ConstId,
    },
    /// Appends text to the reply.
    Emit {
        text: NodeId,
    },
    /// Shifts text into a state, folded; takes effect for the next round.
    Push {
        state: StateId,
        text: NodeId,
    },
}

/// Hash encoders; both count in `buckets` buckets. See [`crate::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoder {
    /// Positions hash differently in each of `bands` bands, 1 to 16.
    Trigrams {
        buckets: u16,
        bands: u8,
    },
    Ngrams {
        buckets: u16,
    },
}

impl Encoder {
    pub fn buckets(self) -> u16 {
        match self {
            Self::Trigrams { buckets, .. } | Self::Ngrams { buckets } => buckets,
        }
    }
}

/// How the weights of a [`Op::Mac`] stand in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Four weights a byte, or eight where all are -1 or +1, column by column; unpacked while multiplying. Constant: [`Data::Matrix`].
    Packed,
    /// Index lists of the non-zero weights, column by column. Constant: [`Data::Columns`].
    Columns,
    /// Index lists in which outputs share sums: [`Op::Fold`] behind them. Constant: [`Data::Columns`].
    Shared,
    /// Distances from one output to the next, in nibbles, column by column. Constant: [`Data::Columns`].
    Gaps,
    /// Straight-line code for each column. Constant: [`Data::Columns`].
    Unrolled,
}

impl Form {
    /// Every form, in the order in which tables show them.
    pub const ALL: [Self; 5] = [Self::Packed, Self::Columns, Self::Shared, Self::Gaps, Self::Unrolled];

    /// Position in [`Form::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Whether weights are index lists.
    pub fn is_lists(self) -> bool {
        matches!(self, Self::Columns | Self::Shared)
    }

    /// Whether there is a kernel that counts in bytes: one that walks the outputs it adds to, one by one.
    pub fn can_count(self) -> bool {
        matches!(self, Self::Columns | Self::Shared | Self::Gaps)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Packed => "packed",
            Self::Columns => "columns",
            Self::Shared => "shared",
            Self::Gaps => "gaps",
            Self::Unrolled => "unrolled",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Bytes, at most `max` of them.
    Text { max: usize },
    /// 16-bit integers.
    Vector { len: usize },
    /// Weights in -2..=1.
    Matrix { rows: usize, cols: usize },
    /// Below `below`.
    Index { below: usize },
    /// Nothing: the node is there for its effect.
    Unit,
}

impl Op {
    /// Nodes whose values it uses, in order.
    pub fn operands(&self) -> Vec<NodeId> {
        match self {
            Self::Query { .. } | Self::State { .. } | Self::Constant { .. } | Self::Unpack { .. } => vec![],
            Self::Encode { text, .. } | Self::Emit { text } | Self::Push { text, .. } => vec![*text],
            Self::Scale { input, .. }
            | Self::Mac { input, .. }
            | Self::Fold { input, .. }
            | Self::Shift { input, .. }
            | Self::Relu { input }
            | Self::ArgMax { input } => vec![*input],
            Self::Dense { input, weights } => vec![*input, *weights],
            Self::Concat { inputs } => inputs.clone(),
            Self::Sum { terms } => terms.clone(),
            Self::ExitIf { index, .. } | Self::Lookup { index, .. } => vec![*index],
        }
    }

    /// The same operation on other nodes and constants.
    pub fn map(
        &self,
        mut node: impl FnMut(NodeId) -> NodeId,
        mut constant: impl FnMut(ConstId) -> ConstId,
    ) -> Self {
        let mut op = self.clone();
        match &mut op {
            Self::Query { .. } | Self::State { .. } => {}
            Self::Constant { value: c } | Self::Unpack { weights: c } => *c = constant(*c),
            Self::Encode { text, .. } | Self::Emit { text } | Self::Push { text, .. } => *text = node(*text),
            Self::Scale { input, .. }
            | Self::Shift { input, .. }
            | Self::Relu { input }
            | Self::ArgMax { input } => {
                *input = node(*input);
            }
            Self::Mac { input, weights, .. } => {
                *input = node(*input);
                *weights = constant(*weights);
            }
            Self::Fold { input, folds } => {
                *input = node(*input);
                *folds = constant(*folds);
            }
            Self::Dense { input, weights } => {
                *input = node(*input);
                *weights = node(*weights);
            }
            Self::Concat { inputs: many } | Self::Sum { terms: many } => {
                many.iter_mut().for_each(|id| *id = node(*id));
            }
            Self::ExitIf { index, .. } => *index = node(*index),
            Self::Lookup { index, table } => {
                *index = node(*index);
                *table = constant(*table);
            }
        }
        op
    }

    /// Whether it does something besides computing a value, or depends on the round it runs in.
    pub fn is_pinned(&self) -> bool {
        matches!(self, Self::State { .. } | Self::ExitIf { .. } | Self::Emit { .. } | Self::Push { .. })
    }
}
