//! Graphs whose shape no kernel computes: what the planner says.

use crate::graphs::{add_const, at, constant, node};
use crate::models::{chat, classifier, compiled, target};
use mlc_compiler::ir::{Data, Encoder, Fold, Form, Graph, Op};
use mlc_compiler::plan::network::Network;
use mlc_compiler::plan::{Demands, plan, survey};
use mlc_compiler::{pass, reference};

/// A lowered graph: see the test below for its nodes.
fn lowered() -> Graph {
    compiled(&chat(&[20, 40]), "z80-cpm", Some(Form::Columns)).graph().clone()
}

#[track_caller]
fn refused(break_it: impl Fn(&mut Graph), problem: &str) {
    let mut graph = lowered();
    assert!(Network::read(&graph).is_ok());
    break_it(&mut graph);
    let error = Network::read(&graph).expect_err("no kernel computes this");
    assert_eq!(error.to_string(), format!("a bug in mlc: {problem}"));
}

/// The other tests name nodes by number.
#[test]
fn the_graph_has_these_nodes() {
    let graph = lowered();
    let names: Vec<&str> = graph.nodes.iter().map(|(_, n)| n.op.name()).collect();
    #[rustfmt::skip]
    assert_eq!(names, [
        "query", "trigrams", "scale", "constant", "constant", "constant", "mac", "sum", // 0 to 7
        "state", "ngrams", "scale", "mac", "sum", "shift", "relu", // 8 to 14
        "mac", "sum", "shift", "relu", // 15 to 18
        "mac", "sum", "shift", "argmax", "exit_if", "lookup", "emit", "push", // 19 to 26
    ]);
}

#[test]
fn there_are_layers_and_they_end_in_a_choice() {
    let error = Network::read(&Graph::new("empty")).expect_err("there is nothing to compute");
    assert_eq!(error.to_string(), "a bug in mlc: there is no layer");
    refused(|g| at(g, 22).op = Op::ArgMax { input: node(g, 20) }, "%20 has not exactly one user");
    refused(|g| at(g, 22).op = Op::ArgMax { input: node(g, 17) }, "%21 has not exactly one user");
    refused(|g| at(g, 21).op = Op::Relu { input: node(g, 20) }, "the last accumulators are not shifted");
    refused(|g| at(g, 22).op = Op::Relu { input: node(g, 21) }, "the logits do not end in an argmax");
}

#[test]
fn the_choice_selects_a_text() {
    let nothing = "the index selects nothing";
    refused(|g| at(g, 24).op = Op::ExitIf { index: node(g, 22), equals: 0 }, nothing);
    refused(|g| at(g, 24).op = Op::Lookup { index: node(g, 22), table: constant(g, "fc3.bias") }, nothing);
    let state = |g: &Graph| g.states.ids().next().expect("a chat has a window");
    refused(
        |g| {
            let id = state(g);
            g.states[id].region = Graph::ENTRY;
        },
        "the loop has no context",
    );
    refused(|g| crate::graphs::the_loop(g).max_steps = 256, "a context or reply is too long");
}

#[test]
fn a_sum_has_one_product_and_one_start() {
    let sum = |terms: &'static [usize]| {
        move |g: &mut Graph| {
            let terms = terms.iter().map(|&n| node(g, n)).collect();
            at(g, 20).op = Op::Sum { terms };
        }
    };
    refused(sum(&[19, 15]), "a sum has two products");
    refused(sum(&[19, 5, 5]), "a sum has two starts");
    refused(sum(&[5]), "a sum has no product");
    refused(sum(&[19, 18]), "a sum has a term that is neither product, constant nor sum");
    refused(|g| at(g, 5).op = Op::Constant { value: constant(g, "charset") }, "a start is not a vector");
    refused(
        |g| at(g, 19).op = Op::Dense { input: node(g, 18), weights: node(g, 5) },
        "a product has no weights",
    );
}

#[test]
fn folds_follow_their_sum() {
    let folds = |input: usize| {
        move |g: &mut Graph| {
            let fold = Fold { from: 5, plus: 0, other: 1, minus: false };
            let folds = add_const(g, "folds", Data::Folds { outputs: 5, folds: vec![fold] });
            at(g, 21).op = Op::Fold { input: node(g, input), folds };
        }
    };
    refused(folds(16), "a fold does not follow its sum");
    refused(
        |g| at(g, 21).op = Op::Fold { input: node(g, 20), folds: constant(g, "charset") },
        "a fold does not follow its sum",
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
    refused(|g| at(g, 14).op = Op::Relu { input: node(g, 12) }, "a rectified vector is not shifted");
    refused(|g| at(g, 13).op = Op::Shift { input: node(g, 11), bits: 2 }, "a shifted vector is no sum");
    refused(
        |g| {
            let input = node(g, 13);
            at(g, 15).op = g.nodes[node(g, 15)].op.map(|_| input, |c| c);
        },
        "a product takes its input from shift",
    );
}

#[test]
fn each_encoder_reads_its_own_text() {
    let trigrams = Encoder::Trigrams { buckets: 16, bands: 1 };
    refused(
        |g| at(g, 1).op = Op::Encode { text: node(g, 8), encoder: trigrams },
        "trigrams are not taken of the query",
    );
    let ngrams = Encoder::Ngrams { buckets: 16 };
    refused(
        |g| at(g, 9).op = Op::Encode { text: node(g, 0), encoder: ngrams },
        "n-grams are not taken of a state",
    );
    let state = |g: &Graph| g.states.ids().next().expect("a chat has a window");
    refused(
        |g| {
            let id = state(g);
            g.states[id].length = 256;
        },
        "the context is too long",
    );
}

/// The program has the weights that were planned.
#[test]
fn a_plan_is_of_the_graph_that_was_surveyed() {
    let (model, target, demands) = (chat(&[20, 40]), target("z80-cpm"), Demands::default());
    let (reports, _) = pass::optimise(reference(&model).expect("it is right"), 127).expect("it is right");
    let graph = &reports.last().expect("each pass reports").graph;
    let survey = survey(graph, &target, false, 127, &[]).expect("kernels compute it");
    let forms = [Form::Columns; 4];
    let planned = plan(&lowered(), &survey, &demands, &forms).expect("these are its stages");
    assert_eq!(planned.forms, forms);
    let problem = "a bug in mlc: lowering gave other weights than planned";
    let other = compiled(&chat(&[20, 39]), "z80-cpm", Some(Form::Columns));
    let error = plan(other.graph(), &survey, &demands, &forms).expect_err("it has other weights");
    assert_eq!(error.to_string(), problem);
    let other = compiled(&classifier(&[20]), "z80-cpm", Some(Form::Columns));
    let error = plan(other.graph(), &survey, &demands, &forms).expect_err("it has two stages");
    assert_eq!(error.to_string(), problem);
    let shared = [Form::Shared; 4];
    let error = plan(&lowered(), &survey, &demands, &shared).expect_err("it shares no sums");
    assert_eq!(error.to_string(), problem);
}
