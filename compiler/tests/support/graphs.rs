//! Building graphs in tests, and a small good one to break one thing in.

#![allow(dead_code, reason = "each test target uses a part of it")]

use mlc_compiler::ir::{
    Arena, Block, BlockId, Const, ConstId, Data, Elem, Encoder, Graph, Id, Node, NodeId, Op, State, StateId,
    StateType, TypeError,
};

/// The id behind the last one: it names nothing.
pub fn beyond<T: Clone>(arena: &Arena<T>) -> Id<T> {
    let mut longer = arena.clone();
    longer.push(arena[Id::first()].clone())
}

/// `%number`.
pub fn node(graph: &Graph, number: usize) -> NodeId {
    graph.nodes.ids().nth(number).unwrap_or_else(|| panic!("there is no %{number}"))
}

/// `%number`, to change it.
pub fn at(graph: &mut Graph, number: usize) -> &mut Node {
    let id = node(graph, number);
    &mut graph.nodes[id]
}

/// The constant of that name.
pub fn constant(graph: &Graph, name: &str) -> ConstId {
    let found = graph.consts.iter().find(|(_, c)| c.name == name);
    found.unwrap_or_else(|| panic!("there is no @{name}")).0
}

pub fn add_const(graph: &mut Graph, name: &str, data: Data) -> ConstId {
    graph.consts.push(Const { name: name.into(), data })
}

/// A constant that is the same in every round.
pub fn one(constant: ConstId) -> Op {
    Op::Constant { values: vec![constant] }
}

/// Appends a node that is right.
pub fn add(graph: &mut Graph, block: BlockId, op: Op) -> NodeId {
    graph.add(block, "test", op).unwrap_or_else(|e| panic!("{e}"))
}

/// Appends a loop that is right.
pub fn add_loop(graph: &mut Graph, block: BlockId, times: u32) -> BlockId {
    graph.add_loop(block, "test", times).unwrap_or_else(|e| panic!("{e}"))
}

/// Adds a vector of 16 bits that a constant of this name starts.
pub fn add_state(graph: &mut Graph, owner: BlockId, name: &str, start: &[i16]) -> StateId {
    let start = add_const(graph, name, Data::Vector(start.to_vec()));
    let ty = StateType::Vector { elem: Elem::I16, start };
    graph.states.push(State { name: name.into(), owner, ty })
}

/// Why a node with this operation would not be right.
pub fn ill_typed(graph: &mut Graph, op: Op) -> TypeError {
    graph.add(Graph::ENTRY, "test", op).expect_err("the operands do not fit the operation")
}

/// The body of the only loop of [`chat`].
pub fn steps(graph: &Graph) -> BlockId {
    graph.blocks.ids().nth(1).expect("the graph has a loop")
}

/// The window of [`chat`].
pub fn window(graph: &Graph) -> StateId {
    graph.states.ids().next().expect("a chat has a window")
}

/// A block, to change it.
pub fn block(graph: &mut Graph, number: usize) -> &mut Block {
    let id = graph.blocks.ids().nth(number).unwrap_or_else(|| panic!("there is no block {number}"));
    &mut graph.blocks[id]
}

/// A chat of one layer, as [`mlc_compiler::ir::build`] makes it:
///
/// ```text
///      %0 = query              loop:  %6 = read $window       %12 = shift %11
///      %1 = trigrams %0               %7 = ngrams %6          %13 = argmax %12
///      %2 = scale %1                  %8 = scale %7                 exit_if %13 (14)
///      %3 = constant @weights         %9 = concat %2, %8      %15 = lookup %13
///      %4 = constant @bias           %10 = product %9, %3           emit %15 (16)
///           loop (5)                 %11 = sum %10, %4              push %15 (17)
/// ```
pub fn chat() -> Graph {
    let mut g = Graph::new("test");
    let entry = Graph::ENTRY;
    let values = vec![1, 0, -1, 1, 0, 1, 1, -2, -1, 1, 0, 1];
    let weights = add_const(&mut g, "weights", Data::Matrix { rows: 3, cols: 4, values });
    let bias = add_const(&mut g, "bias", Data::Vector(vec![5, -7, 0]));
    let table = add_const(&mut g, "charset", Data::Charset(b"AB\0".to_vec()));
    let text = add(&mut g, entry, Op::Query { max_length: 9 });
    let encoder = Encoder::Trigrams { buckets: 2, bands: 1 };
    let counts = add(&mut g, entry, Op::Encode { text, encoder });
    let query = add(&mut g, entry, Op::Scale { input: counts, factor: 32 });
    let weights = add(&mut g, entry, one(weights));
    let bias = add(&mut g, entry, one(bias));
    let steps = add_loop(&mut g, entry, 5);
    let ty = StateType::Text { length: 4 };
    let state = g.states.push(State { name: "window".into(), owner: steps, ty });
    let text = add(&mut g, steps, Op::Read { state });
    let counts = add(&mut g, steps, Op::Encode { text, encoder: Encoder::Ngrams { buckets: 2 } });
    let context = add(&mut g, steps, Op::Scale { input: counts, factor: 32 });
    let input = add(&mut g, steps, Op::Concat { inputs: vec![query, context] });
    let product = add(&mut g, steps, Op::Product { input, weights, sum: Elem::I16 });
    let input = add(&mut g, steps, Op::Sum { terms: vec![product, bias] });
    let input = add(&mut g, steps, Op::Shift { input, bits: 2 });
    let index = add(&mut g, steps, Op::ArgMax { input });
    add(&mut g, steps, Op::ExitIf { index, equals: 2 });
    let text = add(&mut g, steps, Op::Lookup { index, table });
    add(&mut g, steps, Op::Emit { text });
    add(&mut g, steps, Op::Push { state, text });
    g
}
