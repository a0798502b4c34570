//! A small good graph, to break one thing in.

use mlc_compiler::ir::{
    Arena, Const, ConstId, Data, Encoder, Graph, Id, Node, NodeId, Op, Region, RegionId, State, TypeError,
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

/// Appends a node that is right.
pub fn add(graph: &mut Graph, region: RegionId, op: Op) -> NodeId {
    graph.add(region, "test", op).unwrap_or_else(|e| panic!("{e}"))
}

/// Why a node with this operation would not be right.
pub fn ill_typed(graph: &mut Graph, op: Op) -> TypeError {
    graph.add(Graph::ENTRY, "test", op).expect_err("the operands do not fit the operation")
}

/// The only loop of [`chat`].
pub fn steps(graph: &Graph) -> RegionId {
    graph.regions.ids().nth(1).expect("the graph has a loop")
}

/// That loop, to change it.
pub fn the_loop(graph: &mut Graph) -> &mut Region {
    let id = steps(graph);
    &mut graph.regions[id]
}

/// A chat of one layer, as [`mlc_compiler::ir::build`] makes it:
///
/// ```text
///      %0 = query              loop:  %5 = state $window      %11 = shift %10
///      %1 = trigrams %0               %6 = ngrams %5          %12 = argmax %11
///      %2 = scale %1                  %7 = scale %6                 exit_if %12 (13)
///      %3 = unpack @weights           %8 = concat %2, %7      %14 = lookup %12
///      %4 = constant @bias            %9 = dense %8, %3             emit %14 (15)
///                                    %10 = sum %9, %4               push %14 (16)
/// ```
pub fn chat() -> Graph {
    let mut g = Graph::new("test");
    let entry = Graph::ENTRY;
    let steps = g.regions.push(Region { parent: Some(entry), max_steps: 5 });
    let state = g.states.push(State { name: "window".into(), region: steps, length: 4 });
    let values = vec![1, 0, -1, 1, 0, 1, 1, -2, -1, 1, 0, 1];
    let weights = add_const(&mut g, "weights", Data::Matrix { rows: 3, cols: 4, values });
    let bias = add_const(&mut g, "bias", Data::Vector(vec![5, -7, 0]));
    let table = add_const(&mut g, "charset", Data::Charset(b"AB\0".to_vec()));
    let text = add(&mut g, entry, Op::Query { max_length: 9 });
    let encoder = Encoder::Trigrams { buckets: 2, bands: 1 };
    let counts = add(&mut g, entry, Op::Encode { text, encoder });
    let query = add(&mut g, entry, Op::Scale { input: counts, factor: 32 });
    let weights = add(&mut g, entry, Op::Unpack { weights });
    let bias = add(&mut g, entry, Op::Constant { value: bias });
    let text = add(&mut g, steps, Op::State { state });
    let counts = add(&mut g, steps, Op::Encode { text, encoder: Encoder::Ngrams { buckets: 2 } });
    let context = add(&mut g, steps, Op::Scale { input: counts, factor: 32 });
    let input = add(&mut g, steps, Op::Concat { inputs: vec![query, context] });
    let product = add(&mut g, steps, Op::Dense { input, weights });
    let input = add(&mut g, steps, Op::Sum { terms: vec![product, bias] });
    let input = add(&mut g, steps, Op::Shift { input, bits: 2 });
    let index = add(&mut g, steps, Op::ArgMax { input });
    add(&mut g, steps, Op::ExitIf { index, equals: 2 });
    let text = add(&mut g, steps, Op::Lookup { index, table });
    add(&mut g, steps, Op::Emit { text });
    add(&mut g, steps, Op::Push { state, text });
    g
}
