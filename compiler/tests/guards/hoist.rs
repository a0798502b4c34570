//! What hoisting moves and what it leaves: effects keep their order, and what changes from round to round stays.

use crate::graphs::{add, add_const, add_loop, add_state, chat, constant, node, one, steps};
use mlc_compiler::eval;
use mlc_compiler::ir::{BlockId, Data, Graph, NodeId, Op};
use mlc_compiler::pass::hoist;
use mlc_compiler::valid::validate;

/// Appends the text of `label` for every query to the block that runs once.
fn emit(graph: &mut Graph, label: &str) -> NodeId {
    let table = Data::Labels(vec![label.into(), String::new(), String::new()]);
    let table = add_const(graph, label, table);
    let bias = node(graph, 4);
    let index = add(graph, Graph::ENTRY, Op::ArgMax { input: bias });
    let text = add(graph, Graph::ENTRY, Op::Lookup { index, table });
    add(graph, Graph::ENTRY, Op::Emit { text })
}

/// The operations of a block in order.
fn names(graph: &Graph, block: BlockId) -> Vec<&'static str> {
    graph.blocks[block].nodes.iter().map(|&id| graph.nodes[id].op.name()).collect()
}

/// The graph after the pass, which is valid and computes the same.
fn hoisted(graph: &Graph, summary: &str) -> Graph {
    assert_eq!(validate(graph, "test"), Ok(()));
    let done = hoist(graph);
    assert_eq!(done.summary, summary);
    assert_eq!(validate(&done.graph, "hoist"), Ok(()));
    assert_eq!(eval::run(&done.graph, b"what now"), eval::run(graph, b"what now"));
    done.graph
}

#[test]
fn what_is_emitted_behind_a_loop_stays_behind_it() {
    let mut graph = chat();
    let bias = constant(&graph, "bias");
    graph.consts[bias].data = Data::Vector(vec![9000, 0, 0]);
    let said = eval::run(&graph, b"what now").text();
    assert_eq!(said, "AAAAA");
    emit(&mut graph, "bye");
    let hoisted = hoisted(&graph, "0 nodes moved before the loop, 0 sums cut in two");
    assert_eq!(eval::run(&hoisted, b"what now").text(), format!("{said}bye"));
    let entry = names(&hoisted, Graph::ENTRY);
    assert_eq!(entry[entry.len() - 4..], ["loop", "argmax", "lookup", "emit"], "{hoisted}");
}

#[test]
fn what_does_not_change_leaves_the_loop() {
    let mut graph = chat();
    let (value, steps) = (constant(&graph, "bias"), steps(&graph));
    let early = add(&mut graph, steps, one(value));
    let early = add(&mut graph, steps, Op::Relu { input: early });
    let product = node(&graph, 10);
    let late = add(&mut graph, steps, Op::Sum { terms: vec![product, early] });
    let index = add(&mut graph, steps, Op::ArgMax { input: late });
    add(&mut graph, steps, Op::ExitIf { index, equals: 0 });
    let hoisted = hoisted(&graph, "2 nodes moved before the loop, 0 sums cut in two");
    let entry = names(&hoisted, Graph::ENTRY);
    assert_eq!(entry[entry.len() - 3..], ["constant", "relu", "loop"], "{hoisted}");
}

/// Sums are regrouped: two terms from outside are added before the loop, one alone stays a term.
#[test]
fn sums_are_cut_in_two() {
    let mut graph = chat();
    let (query, steps) = (node(&graph, 2), steps(&graph));
    let context = node(&graph, 8);
    for terms in [vec![query, context, query], vec![query, context]] {
        let input = add(&mut graph, steps, Op::Sum { terms });
        let index = add(&mut graph, steps, Op::ArgMax { input });
        add(&mut graph, steps, Op::ExitIf { index, equals: 1 });
    }
    let hoisted = hoisted(&graph, "0 nodes moved before the loop, 1 sum cut in two");
    let entry = names(&hoisted, Graph::ENTRY);
    assert_eq!(entry[entry.len() - 2..], ["sum", "loop"], "{hoisted}");
}

#[test]
fn what_changes_from_round_to_round_stays() {
    let mut graph = chat();
    let steps = steps(&graph);
    let state = add_state(&mut graph, steps, "latent", &[1, 2, 3]);
    let value = add(&mut graph, steps, Op::Read { state });
    add(&mut graph, steps, Op::Write { state, value });
    let values = vec![constant(&graph, "bias"); 5];
    let value = add(&mut graph, steps, Op::Constant { values });
    add(&mut graph, steps, Op::Write { state, value });
    let hoisted = hoisted(&graph, "0 nodes moved before the loop, 0 sums cut in two");
    let body = names(&hoisted, crate::graphs::steps(&hoisted));
    assert_eq!(body[body.len() - 4..], ["read", "write", "constant", "write"], "{hoisted}");
}

/// Out of the inner loop, then out of the outer one; what the outer loop computes stays in it.
#[test]
fn values_leave_all_loops_that_do_not_change_them() {
    let mut graph = chat();
    let outer = add_loop(&mut graph, Graph::ENTRY, 3);
    let state = add_state(&mut graph, outer, "latent", &[10, -20, 30]);
    let latent = add(&mut graph, outer, Op::Read { state });
    let inner = add_loop(&mut graph, outer, 2);
    let bias = constant(&graph, "bias");
    let far = add(&mut graph, inner, one(bias));
    let far = add(&mut graph, inner, Op::Relu { input: far });
    let near = add(&mut graph, inner, Op::Scale { input: latent, factor: 3 });
    let now = add(&mut graph, inner, Op::Read { state });
    let value = add(&mut graph, inner, Op::Sum { terms: vec![far, near, now] });
    add(&mut graph, inner, Op::Write { state, value });
    let latent = add(&mut graph, outer, Op::Read { state });
    let index = add(&mut graph, outer, Op::ArgMax { input: latent });
    add(&mut graph, outer, Op::ExitIf { index, equals: 0 });
    const BODY: [&str; 7] = ["read", "scale", "sum", "loop", "read", "argmax", "exit_if"];
    // Two nodes leave two loops, one leaves one.
    let hoisted = hoisted(&graph, "5 nodes moved before the loop, 1 sum cut in two");
    let blocks: Vec<BlockId> = hoisted.blocks.ids().collect();
    let entry = names(&hoisted, Graph::ENTRY);
    assert_eq!(entry[entry.len() - 4..], ["loop", "constant", "relu", "loop"], "{hoisted}");
    assert_eq!(names(&hoisted, blocks[2]), BODY, "{hoisted}");
    assert_eq!(names(&hoisted, blocks[3]), ["read", "sum", "write"], "{hoisted}");
}

/// Logits are compared each time that they are computed: neither fewer nor more of them may be.
#[test]
fn logits_are_shown_as_often_as_before() {
    let mut graph = chat();
    let bias = node(&graph, 4);
    let body = add_loop(&mut graph, Graph::ENTRY, 3);
    let early = add(&mut graph, body, Op::Relu { input: bias });
    add(&mut graph, body, Op::ArgMax { input: early });
    let hoisted = hoisted(&graph, "1 node moved before the loop, 0 sums cut in two");
    assert_eq!(names(&hoisted, body), ["argmax"], "{hoisted}");
}
