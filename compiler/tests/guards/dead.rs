//! Which neurons go, and what keeps them: whoever else uses one of the vectors that would lose them.

use crate::graphs::{add, add_const, add_loop, add_state, one};
use mlc_compiler::eval;
use mlc_compiler::ir::{Data, Elem, Encoder, Graph, NodeId, Op};
use mlc_compiler::pass::{analyse, eliminate_dead};
use mlc_compiler::valid::validate;

/// Two layers of a query. Nobody has a weight for the first hidden neuron, the second is 5 for every query, the third
/// is alive.
struct Layers {
    g: Graph,
    bias: NodeId,
    accumulators: NodeId,
    shifted: NodeId,
    hidden: NodeId,
    product: NodeId,
    next_bias: NodeId,
}

fn matrix(g: &mut Graph, rows: usize, values: &[i8]) -> NodeId {
    let data = Data::Matrix { rows, cols: values.len() / rows, bits: 2, values: values.to_vec() };
    let matrix = add_const(g, "weights", data);
    add(g, Graph::ENTRY, one(matrix))
}

fn vector(g: &mut Graph, values: &[i16]) -> NodeId {
    let vector = add_const(g, "bias", Data::Vector(values.to_vec()));
    add(g, Graph::ENTRY, one(vector))
}

fn layers() -> Layers {
    let (mut g, entry) = (Graph::new("test"), Graph::ENTRY);
    let text = add(&mut g, entry, Op::Query { max_length: 9, as_typed: false });
    let counts = add(&mut g, entry, Op::Encode { text, encoder: Encoder::Trigrams { buckets: 2, bands: 1 } });
    let input = add(&mut g, entry, Op::Scale { input: counts, factor: 32 });
    let weights = matrix(&mut g, 3, &[1, 1, 0, 0, -1, 1]);
    let product = add(&mut g, entry, Op::Product { input, weights, sum: Elem::I16 });
    let bias = vector(&mut g, &[7, 20, 50]);
    let accumulators = add(&mut g, entry, Op::Sum { terms: vec![product, bias] });
    let shifted = add(&mut g, entry, Op::Shift { input: accumulators, bits: 2 });
    let hidden = add(&mut g, entry, Op::Relu { input: shifted });
    let weights = matrix(&mut g, 2, &[0, 1, 1, 0, -2, -1]);
    let product = add(&mut g, entry, Op::Product { input: hidden, weights, sum: Elem::I16 });
    let next_bias = vector(&mut g, &[100, 200]);
    Layers { g, bias, accumulators, shifted, hidden, product, next_bias }
}

impl Layers {
    /// Adds the next layer's terms up and shows them among the logits.
    fn show(&mut self, terms: Vec<NodeId>) {
        let input = add(&mut self.g, Graph::ENTRY, Op::Sum { terms });
        add(&mut self.g, Graph::ENTRY, Op::ArgMax { input });
    }

    fn without_dead(&self, removed: &str) -> Graph {
        same_without_dead(&self.g, removed)
    }
}

/// The graph without dead neurons, which computes the same.
fn same_without_dead(graph: &Graph, removed: &str) -> Graph {
    assert_eq!(validate(graph, "test"), Ok(()));
    let done = eliminate_dead(&analyse(graph, 9).0.graph);
    assert_eq!(done.summary, format!("{removed}; 0 buckets without weights"), "{}", done.graph);
    assert_eq!(validate(&done.graph, "dead"), Ok(()));
    for query in ["a", "hello", "what now"] {
        let run = |g: &Graph| eval::run(g, query.as_bytes());
        assert_eq!(run(&done.graph), run(graph), "{query}: {}", done.graph);
    }
    done.graph
}

const NONE: &str = "0 neurons removed, 0 of them constant";

#[test]
fn neurons_without_effect_go_and_constant_ones_move_into_the_next_bias() {
    let mut layers = layers();
    layers.show(vec![layers.product, layers.next_bias]);
    let graph = layers.without_dead("2 neurons removed, 1 of them constant");
    let hidden = graph.nodes.iter().find(|(_, n)| matches!(n.op, Op::Relu { .. })).expect("a layer stays");
    assert_eq!(graph.width(hidden.0), 1);
    let biases: Vec<&[i16]> = graph.nodes.ids().filter_map(|id| graph.vector(id)).collect();
    assert_eq!(biases, [&[50][..], &[105, 190]], "{graph}");
}

/// Without a bias to move into, a constant neuron stays; one without weights goes.
#[test]
fn a_constant_needs_a_bias_of_its_own() {
    let without = "1 neuron removed, 0 of them constant";
    let mut alone = layers();
    alone.show(vec![alone.product]);
    alone.without_dead(without);
    let mut twice = layers();
    twice.show(vec![twice.product, twice.next_bias, twice.next_bias]);
    twice.without_dead(without);
    let mut elsewhere = layers();
    elsewhere.show(vec![elsewhere.product, elsewhere.next_bias]);
    elsewhere.show(vec![elsewhere.next_bias]);
    elsewhere.without_dead(without);
    let mut two_sums = layers();
    two_sums.show(vec![two_sums.product, two_sums.next_bias]);
    two_sums.show(vec![two_sums.product]);
    two_sums.without_dead(without);
    // The product counts twice, and so does what moves into the bias; the first of two biases takes it.
    let mut doubled = layers();
    let other = vector(&mut doubled.g, &[-1, 1]);
    doubled.show(vec![doubled.product, doubled.next_bias, other, doubled.product]);
    doubled.without_dead("2 neurons removed, 1 of them constant");
}

/// Each of the vectors that would lose a neuron, shown to somebody else.
#[test]
fn a_vector_with_another_user_keeps_its_neurons() {
    type Pick = fn(&Layers) -> NodeId;
    let vectors: [Pick; 4] = [|l| l.bias, |l| l.accumulators, |l| l.shifted, |l| l.hidden];
    for of in vectors {
        let mut layers = layers();
        layers.show(vec![layers.product, layers.next_bias]);
        let input = of(&layers);
        add(&mut layers.g, Graph::ENTRY, Op::ArgMax { input });
        layers.without_dead(NONE);
    }
}

/// A term that is neither a product nor a constant cannot be made without the neuron.
#[test]
fn a_layer_with_a_foreign_term_keeps_its_neurons() {
    for foreign in [false, true] {
        let Layers { mut g, accumulators, .. } = layers();
        let state = add_state(&mut g, Graph::ENTRY, "latent", &[1, 2, 3]);
        let now = add(&mut g, Graph::ENTRY, Op::Read { state });
        let other = vector(&mut g, &[1, 2, 3]);
        let terms = vec![accumulators, if foreign { now } else { other }];
        let input = add(&mut g, Graph::ENTRY, Op::Sum { terms });
        let input = add(&mut g, Graph::ENTRY, Op::Relu { input });
        let weights = matrix(&mut g, 1, &[0, 1, 1]);
        let input = add(&mut g, Graph::ENTRY, Op::Product { input, weights, sum: Elem::I16 });
        add(&mut g, Graph::ENTRY, Op::ArgMax { input });
        // The shift and the ReLU that nobody uses here go first: they would be other users.
        let g = mlc_compiler::ir::rewrite::drop_unused(&g);
        same_without_dead(&g, if foreign { NONE } else { "1 neuron removed, 0 of them constant" });
    }
}

/// What differs from round to round has no one column to lose.
#[test]
fn weights_by_round_keep_their_neurons() {
    let mut layers = layers();
    let body = add_loop(&mut layers.g, Graph::ENTRY, 2);
    let matrices = [[0, 1, 1], [0, 0, 1]].map(|w| {
        add_const(&mut layers.g, "round", Data::Matrix { rows: 1, cols: 3, bits: 2, values: w.to_vec() })
    });
    let weights = add(&mut layers.g, body, Op::Constant { values: matrices.to_vec() });
    let product = add(&mut layers.g, body, Op::Product { input: layers.hidden, weights, sum: Elem::I16 });
    add(&mut layers.g, body, Op::ArgMax { input: product });
    layers.show(vec![layers.next_bias]);
    layers.without_dead(NONE);
}

/// What stands before a loop is not computed anew in every round because it is smaller.
#[test]
fn a_smaller_matrix_stands_where_the_whole_one_stood() {
    let Layers { mut g, hidden, next_bias, .. } = layers();
    let weights = matrix(&mut g, 2, &[0, 1, 1, 0, -2, -1]);
    let body = add_loop(&mut g, Graph::ENTRY, 2);
    let product = add(&mut g, body, Op::Product { input: hidden, weights, sum: Elem::I16 });
    let input = add(&mut g, body, Op::Sum { terms: vec![product, next_bias] });
    add(&mut g, body, Op::ArgMax { input });
    // The product before the loop, which nobody uses, goes first: it would be another user of the layer.
    let g = mlc_compiler::ir::rewrite::drop_unused(&g);
    let graph = same_without_dead(&g, "2 neurons removed, 1 of them constant");
    let names: Vec<_> = graph.blocks[body].nodes.iter().map(|&id| graph.nodes[id].op.name()).collect();
    assert_eq!(names, ["product", "sum", "argmax"], "{graph}");
}
