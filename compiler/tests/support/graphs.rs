//! Building graphs in tests, and a small good one to break one thing in.

#![allow(dead_code, reason = "each test target uses a part of it")]

use mlc_compiler::ir::{
    Arena, Block, BlockId, Const, ConstId, Data, Elem, Encoder, Graph, Id, Node, NodeId, Op, State, StateId,
    StateType, TypeError,
};
use mlc_compiler::tokens::Tokenizer;

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
    graph.states.push(State { name: name.into(), owner, ty, kept: false })
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
    let weights = add_const(&mut g, "weights", Data::Matrix { rows: 3, cols: 4, bits: 2, values });
    let bias = add_const(&mut g, "bias", Data::Vector(vec![5, -7, 0]));
    let table = add_const(&mut g, "charset", Data::Charset(b"AB\0".to_vec()));
    let text = add(&mut g, entry, Op::Query { max_length: 9, as_typed: false });
    let encoder = Encoder::Trigrams { buckets: 2, bands: 1 };
    let counts = add(&mut g, entry, Op::Encode { text, encoder });
    let query = add(&mut g, entry, Op::Scale { input: counts, factor: 32 });
    let weights = add(&mut g, entry, one(weights));
    let bias = add(&mut g, entry, one(bias));
    let steps = add_loop(&mut g, entry, 5);
    let ty = StateType::Text { length: 4 };
    let state = g.states.push(State { name: "window".into(), owner: steps, ty, kept: false });
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

/// A table of attention that halves.
pub fn halves() -> Vec<u8> {
    (0..256).map(|i| if i < 8 { 255 >> i } else { 0 }).collect()
}

/// A table of bytes that turns signs.
pub fn signs() -> Vec<i8> {
    (0..=255u8).map(|i| (i as i8).saturating_neg()).collect()
}

/// The queue of [`story`].
pub fn queue(graph: &Graph) -> StateId {
    graph.states.ids().next().expect("a story has a queue")
}

/// The cache of [`story`], of keys and values alike.
pub fn cache(graph: &Graph) -> StateId {
    graph.states.ids().nth(1).expect("a story has a cache")
}

/// Every operation of sequence models, once:
///
/// ```text
///      %0 = query                 loop:  %5 = waiting $tokens     %13 = read $cache
///      %1 = tokenize %0                       exit_if %5 (6)      %14 = attend %11, %13, %13
///           feed $tokens, %1 (2)         %7 = take $tokens        %15 = product %14, %3
///      %3 = constant @weights            %8 = position $tokens    %16 = rescale %15, @scale
///           loop (4)                     %9 = gather %7, %3       %17 = add %16, %16
///                                       %10 = norm %9             %18 = narrow %17
///                                       %11 = rotate %10, %8      %19 = table %18
///                                             append $cache (12)  %20 = multiply %18, %19
///                                                                 %21 = argmax %17
///                                                                       feed $tokens, %21 (22)
/// ```
pub fn story() -> Graph {
    let mut g = Graph::new("test");
    let entry = Graph::ENTRY;
    let pieces = ["a", "b", "c"].map(|piece| piece.as_bytes().to_vec()).to_vec();
    let tokenizer = Tokenizer::characters(pieces, None).expect("each is one character");
    let tokenizer = add_const(&mut g, "tokenizer", Data::Tokenizer(tokenizer));
    let values = vec![7, 0, -7, 3, -8, 5, 1, 0, 2, -3, 4, 7];
    let weights = add_const(&mut g, "weights", Data::Matrix { rows: 3, cols: 4, bits: 4, values });
    let scale = add_const(&mut g, "scale", Data::Scale { mantissas: vec![255, 128, 200], shift: 2 });
    let steps = add_const(&mut g, "steps", Data::Steps(vec![1 << 20, 12_345]));
    let halves = add_const(&mut g, "halves", Data::Weights(halves()));
    let signs = add_const(&mut g, "signs", Data::Bytes(signs()));
    let ty = StateType::Tokens { below: 3, most: 5 };
    let state = g.states.push(State { name: "tokens".into(), owner: entry, ty, kept: false });
    let ty = StateType::Cache { rows: 3, len: 4 };
    let cache = g.states.push(State { name: "cache".into(), owner: entry, ty, kept: false });
    let text = add(&mut g, entry, Op::Query { max_length: 9, as_typed: true });
    let tokens = add(&mut g, entry, Op::Tokenize { text, tokenizer });
    add(&mut g, entry, Op::Feed { state, tokens });
    let weights = add(&mut g, entry, one(weights));
    let body = add_loop(&mut g, entry, 5);
    let index = add(&mut g, body, Op::Waiting { state });
    add(&mut g, body, Op::ExitIf { index, equals: 0 });
    let index = add(&mut g, body, Op::Take { state });
    let position = add(&mut g, body, Op::Position { state });
    let input = add(&mut g, body, Op::Gather { index, weights, scale });
    let input = add(&mut g, body, Op::Norm { input, group: 4, down: 1 });
    let query = add(&mut g, body, Op::Rotate { input, position, steps, bits: 9 });
    add(&mut g, body, Op::Append { state: cache, value: query });
    let rows = add(&mut g, body, Op::Read { state: cache });
    let attend = Op::Attend { query, keys: rows, values: rows, head: 2, table: halves, bits: 6 };
    let input = add(&mut g, body, attend);
    let input = add(&mut g, body, Op::Product { input, weights, sum: Elem::I24 });
    let a = add(&mut g, body, Op::Rescale { input, scale, elem: Elem::I16 });
    let logits = add(&mut g, body, Op::Add { a, b: a });
    let a = add(&mut g, body, Op::Narrow { input: logits, bits: 7 });
    let b = add(&mut g, body, Op::Table { input: a, table: signs });
    add(&mut g, body, Op::Multiply { a, b, bits: 5 });
    let tokens = add(&mut g, body, Op::ArgMax { input: logits });
    add(&mut g, body, Op::Feed { state, tokens });
    g
}
