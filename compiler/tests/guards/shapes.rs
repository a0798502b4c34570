//! Graphs whose shape no kernel computes: what the planner says.

use crate::graphs::{add_state, at, block, constant, node, one, window};
use crate::models::{chat, compiled};
use mlc_compiler::ir::{Elem, Encoder, Graph, Op, StateType};
use mlc_compiler::stage;
use mlc_compiler::weights::Form;

/// A graph after all passes: see the test below for its nodes.
fn optimised() -> Graph {
    compiled(&chat(&[20, 40]), "z80-cpm", Some(Form::Columns)).graph().clone()
}

#[track_caller]
fn refused(break_it: impl Fn(&mut Graph), problem: &str) {
    let mut graph = optimised();
    assert!(stage::read(&graph).is_ok());
    break_it(&mut graph);
    let error = stage::read(&graph).expect_err("no kernel computes this");
    assert_eq!(error.to_string(), problem);
}

/// The other tests name nodes by number.
#[test]
fn the_graph_has_these_nodes() {
    let graph = optimised();
    let names: Vec<&str> = graph.nodes.iter().map(|(_, n)| n.op.name()).collect();
    #[rustfmt::skip]
    assert_eq!(names, [
        "query", "trigrams", "scale", "constant", // 0 to 3: @fc1.bias
        "constant", "constant", "constant", "constant", // 4 to 7: weights and bias of fc2, and of fc3
        "constant", "product", "constant", "sum", "loop", // 8 to 12
        "read", "ngrams", "scale", "product", "sum", "shift", "relu", // 13 to 19
        "product", "sum", "shift", "relu", // 20 to 23
        "product", "sum", "shift", "argmax", "exit_if", "lookup", "emit", "push", // 24 to 31
    ]);
}

#[test]
fn there_are_layers_and_they_end_in_a_choice() {
    let error = stage::read(&Graph::new("empty")).expect_err("there is nothing to compute");
    assert_eq!(error.to_string(), "there is no layer");
    refused(|g| at(g, 27).op = Op::ArgMax { input: node(g, 25) }, "%25 has not exactly one user");
    refused(|g| at(g, 27).op = Op::ArgMax { input: node(g, 22) }, "%26 has not exactly one user");
    refused(|g| at(g, 26).op = Op::Relu { input: node(g, 25) }, "the last accumulators are not shifted");
    refused(|g| at(g, 27).op = Op::Relu { input: node(g, 26) }, "the logits do not end in an argmax");
}

#[test]
fn the_choice_selects_a_text() {
    let nothing = "the index selects nothing";
    refused(|g| at(g, 29).op = Op::ExitIf { index: node(g, 27), equals: 0 }, nothing);
    refused(|g| at(g, 29).op = Op::Lookup { index: node(g, 27), table: constant(g, "fc3.bias") }, nothing);
    refused(
        |g| {
            let id = window(g);
            g.states[id].owner = Graph::ENTRY;
        },
        "the loop has no context",
    );
    let long = |g: &mut Graph| {
        let Op::Loop { times, .. } = &mut at(g, 12).op else { panic!("%12 is the loop") };
        *times = 256;
    };
    refused(long, "a context or reply is too long");
    refused(
        |g| {
            // All of the loop stands in the entry.
            let steps = std::mem::take(&mut block(g, 1).nodes);
            block(g, 0).nodes.extend(steps);
            let id = window(g);
            g.states[id].owner = Graph::ENTRY;
        },
        "a chat has no loop",
    );
}

#[test]
fn a_sum_has_one_product_and_one_start() {
    let sum = |terms: &'static [usize]| {
        move |g: &mut Graph| {
            let terms = terms.iter().map(|&n| node(g, n)).collect();
            at(g, 25).op = Op::Sum { terms };
        }
    };
    refused(sum(&[24, 20]), "a sum has two products");
    refused(sum(&[24, 7, 7]), "a sum has two starts");
    refused(sum(&[7]), "a sum has no product");
    refused(sum(&[24, 23]), "a sum has a term that is neither product, constant nor sum");
    refused(|g| at(g, 7).op = one(constant(g, "charset")), "a start is not one vector");
    refused(
        |g| at(g, 7).op = Op::Constant { values: vec![constant(g, "fc3.bias"); 5] },
        "a start is not one vector",
    );
    let product = |g: &Graph, weights| Op::Product { input: node(g, 23), weights, sum: Elem::I16 };
    refused(|g| at(g, 24).op = product(g, node(g, 7)), "a product has not one matrix");
    refused(
        |g| at(g, 6).op = Op::Constant { values: vec![constant(g, "fc3.weight"); 5] },
        "a product has not one matrix",
    );
}

#[test]
fn inputs_are_counts_or_activations() {
    let scale = |g: &Graph, factor| Op::Scale { input: node(g, 1), factor };
    refused(|g| at(g, 2).op = scale(g, 256), "counts are scaled by more than a byte");
    refused(|g| at(g, 2).op = scale(g, -1), "counts are scaled by more than a byte");
    refused(
        |g| at(g, 2).op = Op::Scale { input: node(g, 1), factor: 32 }.map(|_| node(g, 0), |c| c),
        "scaled values are not counts",
    );
    refused(|g| at(g, 19).op = Op::Relu { input: node(g, 17) }, "a rectified vector is not shifted");
    refused(|g| at(g, 18).op = Op::Shift { input: node(g, 16), bits: 2 }, "a shifted vector is no sum");
    refused(
        |g| {
            let (input, weights) = (node(g, 18), node(g, 4));
            at(g, 20).op = Op::Product { input, weights, sum: Elem::I16 };
        },
        "a product takes its input from shift",
    );
}

#[test]
fn each_encoder_reads_its_own_text() {
    let trigrams = Encoder::Trigrams { buckets: 16, bands: 1 };
    refused(
        |g| at(g, 1).op = Op::Encode { text: node(g, 13), encoder: trigrams },
        "trigrams are not taken of the query",
    );
    let ngrams = Encoder::Ngrams { buckets: 16 };
    refused(
        |g| at(g, 14).op = Op::Encode { text: node(g, 0), encoder: ngrams },
        "n-grams are not taken of a state",
    );
    refused(
        |g| {
            let state = add_state(g, Graph::ENTRY, "latent", &[0]);
            at(g, 13).op = Op::Read { state };
        },
        "n-grams are not taken of a text",
    );
    refused(
        |g| {
            let id = window(g);
            g.states[id].ty = StateType::Text { length: 256 };
        },
        "the context is too long",
    );
}
