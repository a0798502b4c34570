//! Every operand, constant, state and body that an operation cannot take, and the error.

use crate::graphs::{add, add_const, add_state, beyond, chat, constant, ill_typed, node, one, steps, window};
use mlc_compiler::ir::{Data, Elem, Encoder, Graph, NodeId, Op, State, StateType, Type};

/// What is wrong with the operation in [`chat`].
#[track_caller]
fn refused(op: impl FnOnce(&Graph) -> Op, error: &str) {
    let mut graph = chat();
    let op = op(&graph);
    assert_eq!(ill_typed(&mut graph, op).to_string(), error);
}

/// The type of the operation's value in [`chat`].
fn typed(op: impl FnOnce(&Graph) -> Op) -> Type {
    let mut graph = chat();
    let op = op(&graph);
    let id = add(&mut graph, Graph::ENTRY, op);
    graph.nodes[id].ty
}

fn vector(elem: Elem, len: usize) -> Type {
    Type::Vector { elem, len }
}

/// A product of [`chat`]'s matrix, whose sums are of 8 and of 24 bits.
fn eight_and_24(graph: &mut Graph) -> [NodeId; 2] {
    [Elem::I8, Elem::I24].map(|sum| {
        let (input, weights) = (node(graph, 9), node(graph, 3));
        add(graph, steps(graph), Op::Product { input, weights, sum })
    })
}

#[test]
fn what_is_named_exists() {
    refused(|g| Op::Relu { input: beyond(&g.nodes) }, "relu: operand #18 does not exist");
    refused(|g| Op::Sum { terms: vec![node(g, 4), beyond(&g.nodes)] }, "sum: operand #18 does not exist");
    refused(
        |g| Op::Product { input: node(g, 9), weights: beyond(&g.nodes), sum: Elem::I16 },
        "product: operand #18 does not exist",
    );
    refused(|g| one(beyond(&g.consts)), "constant: constant #3 does not exist");
    refused(
        |g| Op::Constant { values: vec![constant(g, "bias"), beyond(&g.consts)] },
        "constant: constant #3 does not exist",
    );
    refused(
        |g| Op::Lookup { index: node(g, 13), table: beyond(&g.consts) },
        "lookup: constant #3 does not exist",
    );
    refused(|g| Op::Loop { body: beyond(&g.blocks), times: 1 }, "loop: the body does not exist");
    refused(|g| Op::Read { state: beyond(&g.states) }, "read: the state does not exist");
    refused(|g| Op::Push { state: beyond(&g.states), text: node(g, 0) }, "push: the state does not exist");
    refused(|g| Op::Write { state: beyond(&g.states), value: node(g, 4) }, "write: the state does not exist");
}

#[test]
fn vectors_are_vectors() {
    let text = "%0 is text[9], not a vector";
    refused(|g| Op::Scale { input: node(g, 0), factor: 32 }, &format!("scale: {text}"));
    refused(|g| Op::Shift { input: node(g, 0), bits: 2 }, &format!("shift: {text}"));
    refused(|g| Op::Relu { input: node(g, 0) }, &format!("relu: {text}"));
    refused(|g| Op::Concat { inputs: vec![node(g, 2), node(g, 0)] }, &format!("concat: {text}"));
    refused(|g| Op::Sum { terms: vec![node(g, 0), node(g, 4)] }, &format!("sum: {text}"));
    refused(|g| Op::Sum { terms: vec![node(g, 4), node(g, 0)] }, &format!("sum: {text}"));
    refused(|g| Op::ArgMax { input: node(g, 0) }, &format!("argmax: {text}"));
    refused(
        |g| Op::Product { input: node(g, 0), weights: node(g, 3), sum: Elem::I16 },
        &format!("product: {text}"),
    );
    refused(|g| Op::Relu { input: node(g, 3) }, "relu: %3 is i2[3, 4], not a vector");
    refused(|g| Op::Relu { input: node(g, 13) }, "relu: %13 is index<3>, not a vector");
    refused(|g| Op::Relu { input: node(g, 14) }, "relu: %14 is (), not a vector");
}

#[test]
fn texts_are_texts() {
    let trigrams = Encoder::Trigrams { buckets: 2, bands: 1 };
    let problem = "%2 is i16[2], not a text";
    refused(|g| Op::Encode { text: node(g, 2), encoder: trigrams }, &format!("trigrams: {problem}"));
    let ngrams = Encoder::Ngrams { buckets: 2 };
    refused(|g| Op::Encode { text: node(g, 2), encoder: ngrams }, &format!("ngrams: {problem}"));
    refused(|g| Op::Emit { text: node(g, 2) }, &format!("emit: {problem}"));
    refused(|g| Op::Push { state: window(g), text: node(g, 2) }, &format!("push: {problem}"));
}

#[test]
fn indices_are_indices_below_what_they_select() {
    refused(|g| Op::ExitIf { index: node(g, 2), equals: 0 }, "exit_if: %2 is i16[2], not an index");
    refused(
        |g| Op::ExitIf { index: node(g, 13), equals: 3 },
        "exit_if: 3 is never reached by an index below 3",
    );
    refused(
        |g| Op::Lookup { index: node(g, 2), table: constant(g, "charset") },
        "lookup: %2 is i16[2], not an index",
    );
    refused(
        |g| Op::Lookup { index: node(g, 13), table: constant(g, "bias") },
        "lookup: @bias is no table of texts",
    );
    for (table, data) in [
        ("charset", Data::Charset(b"A\0".to_vec())),
        ("labels", Data::Labels(vec!["on".into(), "off".into()])),
    ] {
        let mut graph = chat();
        let op = Op::Lookup { index: node(&graph, 13), table: add_const(&mut graph, table, data) };
        assert_eq!(ill_typed(&mut graph, op).to_string(), "lookup: 3 indices for 2 entries");
    }
}

#[test]
fn encoders_have_buckets_and_bands() {
    for (encoder, error) in [
        (Encoder::Trigrams { buckets: 0, bands: 1 }, "trigrams: no buckets"),
        (Encoder::Trigrams { buckets: 8, bands: 0 }, "trigrams: 0 bands"),
        (Encoder::Trigrams { buckets: 8, bands: 17 }, "trigrams: 17 bands"),
        (Encoder::Ngrams { buckets: 0 }, "ngrams: no buckets"),
    ] {
        refused(|g| Op::Encode { text: node(g, 0), encoder }, error);
    }
    let encoder = Encoder::Trigrams { buckets: 8, bands: 16 };
    assert_eq!(typed(|g| Op::Encode { text: node(g, 0), encoder }), vector(Elem::I16, 8));
}

#[test]
fn shifts_leave_a_bit() {
    refused(|g| Op::Shift { input: node(g, 2), bits: 16 }, "shift: 16 bits, of 16");
    assert_eq!(typed(|g| Op::Shift { input: node(g, 2), bits: 15 }), vector(Elem::I16, 2));
    let mut graph = chat();
    let [eight, twenty_four] = eight_and_24(&mut graph);
    for (input, bits) in [(eight, 8), (twenty_four, 24)] {
        let error = ill_typed(&mut graph, Op::Shift { input, bits });
        assert_eq!(error.to_string(), format!("shift: {bits} bits, of {bits}"));
        let body = steps(&graph);
        add(&mut graph, body, Op::Shift { input, bits: bits - 1 });
    }
}

#[test]
fn constants_are_alike_in_all_rounds() {
    refused(|_| Op::Constant { values: vec![] }, "constant: of no constant");
    refused(|g| one(constant(g, "charset")), "constant: @charset is neither vector nor matrix");
    refused(
        |g| Op::Constant { values: vec![constant(g, "bias"), constant(g, "charset")] },
        "constant: @charset is neither vector nor matrix",
    );
    refused(
        |g| Op::Constant { values: vec![constant(g, "bias"), constant(g, "weights")] },
        "constant: @weights is i2[3, 4], in another round it is i16[3]",
    );
    let mut graph = chat();
    let shorter = add_const(&mut graph, "short", Data::Vector(vec![1, 2]));
    let values = vec![constant(&graph, "bias"), constant(&graph, "bias"), shorter];
    let error = ill_typed(&mut graph, Op::Constant { values });
    assert_eq!(error.to_string(), "constant: @short is i16[2], in another round it is i16[3]");
}

#[test]
fn products_have_a_matrix_and_an_input_a_column() {
    let product = |input, weights| Op::Product { input, weights, sum: Elem::I24 };
    refused(|g| product(node(g, 9), node(g, 4)), "product: %4 is i16[3], not a matrix");
    refused(|g| product(node(g, 4), node(g, 3)), "product: 3 inputs for 4 columns");
    assert_eq!(typed(|g| product(node(g, 9), node(g, 3))), vector(Elem::I24, 3));
}

#[test]
fn vectors_of_one_kind_are_joined() {
    refused(|_| Op::Concat { inputs: vec![] }, "concat: of nothing");
    assert_eq!(typed(|g| Op::Concat { inputs: vec![node(g, 4), node(g, 2)] }), vector(Elem::I16, 5));
    let mut graph = chat();
    let [eight, twenty_four] = eight_and_24(&mut graph);
    let error = ill_typed(&mut graph, Op::Concat { inputs: vec![twenty_four, twenty_four, eight] });
    assert_eq!(error.to_string(), "concat: of i24 and i8");
}

#[test]
fn sums_have_terms_of_one_kind_and_width() {
    refused(|_| Op::Sum { terms: vec![] }, "sum: nothing to add");
    refused(|g| Op::Sum { terms: vec![node(g, 4), node(g, 2)] }, "sum: adds vectors of 3 and 2");
    let mut graph = chat();
    let [eight, _] = eight_and_24(&mut graph);
    let terms = vec![node(&graph, 4), eight];
    assert_eq!(ill_typed(&mut graph, Op::Sum { terms }).to_string(), "sum: adds i16 and i8");
}

#[test]
fn the_largest_of_some_logits() {
    let mut graph = chat();
    let value = add_const(&mut graph, "nothing", Data::Vector(vec![]));
    let input = add(&mut graph, Graph::ENTRY, one(value));
    assert_eq!(ill_typed(&mut graph, Op::ArgMax { input }).to_string(), "argmax: of an empty vector");
    let [eight, twenty_four] = eight_and_24(&mut graph);
    let error = ill_typed(&mut graph, Op::ArgMax { input: twenty_four });
    assert_eq!(error.to_string(), "argmax: of 24 bits; logits have 16 at most");
    let body = steps(&graph);
    let index = add(&mut graph, body, Op::ArgMax { input: eight });
    assert_eq!(graph.nodes[index].ty, Type::Index { below: 3 });
}

#[test]
fn a_loop_has_rounds() {
    refused(|g| Op::Loop { body: steps(g), times: 0 }, "loop: without a round");
    let error = chat().add_loop(Graph::ENTRY, "test", 0).expect_err("no round");
    assert_eq!(error.to_string(), "loop: without a round");
}

#[test]
fn states_take_what_they_hold() {
    let mut graph = chat();
    let state = add_state(&mut graph, Graph::ENTRY, "latent", &[1, 2, 3]);
    let window = window(&graph);
    let (text, vector, shorter) = (node(&graph, 0), node(&graph, 4), node(&graph, 2));
    let mut error = |op| ill_typed(&mut graph, op).to_string();
    assert_eq!(error(Op::Push { state, text }), "push: $latent is i16[3], not a text");
    let write = |value| Op::Write { state: window, value };
    assert_eq!(error(write(vector)), "write: $window is text[4], not a vector");
    assert_eq!(error(write(text)), "write: $window is text[4], not a vector");
    let write = |value| Op::Write { state, value };
    assert_eq!(error(write(shorter)), "write: $latent is i16[3], the value i16[2]");
    assert_eq!(error(write(text)), "write: $latent is i16[3], the value text[9]");
    let [eight, _] = eight_and_24(&mut graph);
    assert_eq!(ill_typed(&mut graph, write(eight)).to_string(), "write: $latent is i16[3], the value i8[3]");
    add(&mut graph, Graph::ENTRY, write(vector));
    let read = add(&mut graph, Graph::ENTRY, Op::Read { state });
    assert_eq!(graph.nodes[read].ty, Type::Vector { elem: Elem::I16, len: 3 });
    let read = add(&mut graph, Graph::ENTRY, Op::Read { state: window });
    assert_eq!(graph.nodes[read].ty, Type::Text { max: 4 });
}

#[test]
fn a_vector_starts_as_one() {
    let mut graph = chat();
    let matrix = constant(&graph, "weights");
    let nothing = beyond(&graph.consts);
    for start in [matrix, nothing] {
        let ty = StateType::Vector { elem: Elem::I16, start };
        let state = graph.states.push(State { name: "latent".into(), owner: Graph::ENTRY, ty, kept: false });
        let error = ill_typed(&mut graph, Op::Read { state }).to_string();
        assert_eq!(error, "read: $latent does not start as a vector");
    }
}
