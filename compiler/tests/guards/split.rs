//! Which products are split over their inputs, and which are not.

use crate::graphs::{add, add_const, add_loop, chat, node, one, steps};
use mlc_compiler::eval;
use mlc_compiler::ir::{BlockId, ConstId, Data, Elem, Graph, NodeId, Op};
use mlc_compiler::pass::split;
use mlc_compiler::valid::validate;

/// The graph with `count` products split, which computes the same.
fn split_into(graph: &Graph, count: usize) -> Graph {
    assert_eq!(validate(graph, "test"), Ok(()));
    let done = split(graph);
    let layers = if count == 1 { "layer" } else { "layers" };
    assert_eq!(done.summary, format!("{count} {layers} split over its inputs"));
    assert_eq!(validate(&done.graph, "split"), Ok(()));
    assert_eq!(eval::run(&done.graph, b"what now"), eval::run(graph, b"what now"));
    done.graph
}

/// Matrices of two rows and four columns.
fn two(g: &mut Graph) -> Vec<ConstId> {
    let matrix = |values: [i8; 8]| Data::Matrix { rows: 2, cols: 4, bits: 2, values: values.to_vec() };
    [matrix([1, 0, -1, 1, 0, 1, 1, -2]), matrix([-2, 1, 1, 0, 1, 1, -1, 0])]
        .map(|data| add_const(g, "round", data))
        .to_vec()
}

/// Shows a product of `%2` joined to itself.
fn show_product(g: &mut Graph, block: BlockId, weights: NodeId) {
    let inputs = vec![node(g, 2); 2];
    let input = add(g, block, Op::Concat { inputs });
    let input = add(g, block, Op::Product { input, weights, sum: Elem::I16 });
    add(g, block, Op::ArgMax { input });
}

#[test]
fn a_product_over_a_concatenation_is_split() {
    let graph = split_into(&chat(), 1);
    let names = graph.nodes.iter().map(|(_, node)| node.op.name());
    assert_eq!(names.filter(|name| *name == "product").count(), 2, "{graph}");
}

/// Each round has the part of its own matrix.
#[test]
fn matrices_by_round_are_split_in_their_own_loop() {
    let mut graph = chat();
    let body = add_loop(&mut graph, Graph::ENTRY, 2);
    let values = two(&mut graph);
    let weights = add(&mut graph, body, Op::Constant { values });
    show_product(&mut graph, body, weights);
    split_into(&graph, 2);
}

/// In an inner loop the parts would change with its rounds, and not with those of the matrix's own loop.
#[test]
fn a_matrix_of_an_outer_loop_stays_whole_in_an_inner_one() {
    for times in [2, 3] {
        let mut graph = chat();
        let outer = add_loop(&mut graph, Graph::ENTRY, 2);
        let values = two(&mut graph);
        let weights = add(&mut graph, outer, Op::Constant { values });
        let inner = add_loop(&mut graph, outer, times);
        show_product(&mut graph, inner, weights);
        split_into(&graph, 1);
        // One that is the same in every round is split from anywhere.
        let value = two(&mut graph)[0];
        let weights = add(&mut graph, Graph::ENTRY, one(value));
        let last = add_loop(&mut graph, Graph::ENTRY, times);
        show_product(&mut graph, last, weights);
        split_into(&graph, 2);
    }
}

#[test]
fn an_empty_part_is_left_out() {
    let mut graph = chat();
    let nothing = add_const(&mut graph, "nothing", Data::Vector(vec![]));
    let nothing = add(&mut graph, Graph::ENTRY, one(nothing));
    let inputs = vec![nothing, node(&graph, 2), nothing];
    let input = add(&mut graph, Graph::ENTRY, Op::Concat { inputs });
    let weights =
        add_const(&mut graph, "small", Data::Matrix { rows: 1, cols: 2, bits: 2, values: vec![1, -1] });
    let weights = add(&mut graph, Graph::ENTRY, one(weights));
    let input = add(&mut graph, Graph::ENTRY, Op::Product { input, weights, sum: Elem::I16 });
    add(&mut graph, Graph::ENTRY, Op::ArgMax { input });
    split_into(&graph, 2);
}

/// The terms of an outer block's sum are seen from everywhere that the sum is.
#[test]
fn sums_of_sums_are_one_sum() {
    let mut graph = chat();
    let bias = node(&graph, 4);
    let sum = add(&mut graph, Graph::ENTRY, Op::Sum { terms: vec![bias, bias] });
    let body = add_loop(&mut graph, Graph::ENTRY, 2);
    let input = add(&mut graph, body, Op::Sum { terms: vec![sum, bias, sum] });
    add(&mut graph, body, Op::ArgMax { input });
    let graph = split_into(&graph, 1);
    let body = graph.blocks.ids().nth(2).expect("there are two loops");
    assert_ne!(body, steps(&graph));
    let Op::Sum { terms } = &graph.nodes[graph.blocks[body].nodes[0]].op else { panic!("{graph}") };
    assert_eq!(terms.len(), 5, "{graph}");
}

/// A line is taken as it was typed though nothing reads it: an empty one has an answer, too.
#[test]
fn how_a_line_is_taken_outlives_who_reads_it() {
    let mut graph = Graph::new("test");
    add(&mut graph, Graph::ENTRY, Op::Query { max_length: 4, as_typed: true });
    let values = add_const(&mut graph, "logits", Data::Vector(vec![1, 2]));
    let input = add(&mut graph, Graph::ENTRY, Op::Constant { values: vec![values] });
    add(&mut graph, Graph::ENTRY, Op::ArgMax { input });
    let graph = split_into(&graph, 0);
    assert_eq!(eval::run(&graph, b"").logits, [[1, 2]], "{graph}");
}
