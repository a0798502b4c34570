//! What guards the passes: each of them is named and validated, and a rewrite that does not fit is a panic.

use crate::graphs;
use crate::models::{chat, classifier, compiled};
use crate::parts;
use mlc_compiler::ir::{Graph, Op, Rewriter, Type};
use mlc_compiler::pass::{self, NAMES};
use mlc_compiler::weights::Form;
use mlc_compiler::{CompileError, reference};

#[test]
fn the_listed_names_are_those_of_the_passes_in_order() {
    for (model, target) in [(chat(&[20, 40]), "z80-cpm"), (classifier(&[20]), "atmega328p")] {
        for form in Form::ALL.map(Some).into_iter().chain([None]) {
            let compiled = compiled(&model, target, form);
            let ran: Vec<&str> = compiled.reports.iter().map(|report| report.pass).collect();
            assert_eq!(ran, NAMES, "{target}, {form:?}");
        }
    }
}

fn broken() -> Graph {
    let mut graph = graphs::chat();
    graphs::at(&mut graph, 2).ty = Type::Unit;
    graph
}

#[test]
fn graphs_are_validated_before_the_passes() {
    let wrong = |pass: &str| format!("after {pass}: %2 (scale): has type (), its operation gives i16[2]");
    let error = pass::optimise(broken(), 9).map(drop).expect_err("the graph is broken");
    assert_eq!(error.to_string(), wrong("build"));
}

#[test]
#[should_panic(expected = "operands stand before their users and are rewritten first")]
fn a_pass_cannot_use_what_it_has_not_rewritten() {
    let graph = graphs::chat();
    Rewriter::new(&graph).copy(graphs::node(&graph, 2), Graph::ENTRY);
}

#[test]
#[should_panic(expected = "a bug in mlc: a pass built relu: %0 is text[9], not a vector")]
fn a_pass_cannot_build_what_does_not_fit() {
    let graph = graphs::chat();
    let mut rewriter = Rewriter::new(&graph);
    let input = rewriter.copy(graphs::node(&graph, 0), Graph::ENTRY);
    rewriter.add(Graph::ENTRY, "test", Op::Relu { input });
}

/// A model that nobody has checked is a bug of whoever gives it, and no panic.
#[test]
fn unchecked_models_are_refused() {
    let bug = |error: CompileError| {
        assert!(error.is_bug());
        assert_eq!(error.help(), "please report it with the model file");
        error.to_string()
    };
    let mut model = chat(&[20]);
    parts::layers_mut(&mut model)[1].inputs = 19;
    let error = bug(reference(&model).expect_err("the layers do not fit"));
    assert_eq!(error, "a bug in mlc: product: 20 inputs for 19 columns");
    let mut model = chat(&[20]);
    parts::layers_mut(&mut model)[1].weights.pop();
    let error = bug(reference(&model).expect_err("a weight is missing"));
    assert_eq!(error, "a bug in mlc: after build: @fc2.weight: has 119 weights for 6 × 20");
    let mut model = chat(&[20]);
    parts::reader_mut(&mut model).query.buckets = 0;
    let error = bug(reference(&model).expect_err("there are no buckets"));
    assert_eq!(error, "a bug in mlc: trigrams: no buckets");
}
