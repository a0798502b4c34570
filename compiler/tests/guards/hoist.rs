//! Hoisting keeps the order of effects: what is emitted behind a loop stays behind it.

use crate::graphs::{add, add_const, chat, constant, node};
use mlc_compiler::eval;
use mlc_compiler::ir::{Data, Graph, NodeId, Op};
use mlc_compiler::pass::hoist;
use mlc_compiler::valid::validate;

/// Appends the text of `label` for every query to the region that runs once.
fn emit(graph: &mut Graph, label: &str) -> NodeId {
    let table = Data::Labels(vec![label.into(), String::new(), String::new()]);
    let table = add_const(graph, label, table);
    let bias = node(graph, 4);
    let index = add(graph, Graph::ENTRY, Op::ArgMax { input: bias });
    let text = add(graph, Graph::ENTRY, Op::Lookup { index, table });
    add(graph, Graph::ENTRY, Op::Emit { text })
}

#[test]
fn what_is_emitted_behind_a_loop_stays_behind_it() {
    let mut graph = chat();
    let bias = constant(&graph, "bias");
    graph.consts[bias].data = Data::Vector(vec![9000, 0, 0]);
    let said = eval::run(&graph, b"what now").text();
    assert_eq!(said, "AAAAA");
    emit(&mut graph, "bye");
    assert_eq!(eval::run(&graph, b"what now").text(), format!("{said}bye"));
    assert_eq!(validate(&graph, "test"), Ok(()));
    let hoisted = hoist(&graph).graph;
    assert_eq!(validate(&hoisted, "hoist"), Ok(()));
    assert_eq!(eval::run(&hoisted, b"what now").text(), format!("{said}bye"));
    let last = hoisted.nodes.iter().next_back().expect("it has nodes").1;
    assert!(matches!(last.op, Op::Emit { .. }) && last.region == Graph::ENTRY, "{hoisted}");
}

/// What has no effect is computed before the loop, also where it stands behind it.
#[test]
fn values_behind_a_loop_are_computed_before_it() {
    let mut graph = chat();
    emit(&mut graph, "bye");
    let hoisted = hoist(&graph).graph;
    let behind = hoisted.nodes.iter().skip_while(|(_, n)| n.region == Graph::ENTRY);
    let behind: Vec<_> = behind.filter(|(_, n)| n.region == Graph::ENTRY).map(|(_, n)| n.op.name()).collect();
    assert_eq!(behind, ["emit"], "{hoisted}");
}

#[test]
fn what_does_not_change_leaves_the_loop() {
    let mut graph = chat();
    let value = constant(&graph, "bias");
    let steps = crate::graphs::steps(&graph);
    let early = add(&mut graph, steps, Op::Constant { value });
    let (table, text) = (constant(&graph, "charset"), add(&mut graph, steps, Op::ArgMax { input: early }));
    let text = add(&mut graph, steps, Op::Lookup { index: text, table });
    add(&mut graph, steps, Op::Emit { text });
    let rewritten = hoist(&graph);
    assert_eq!(rewritten.summary, "3 nodes moved before the loop, 0 sums cut in two");
    let texts = |g: &Graph| eval::run(g, b"hello").text();
    assert_eq!(texts(&rewritten.graph), texts(&graph));
}
