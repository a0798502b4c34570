//! Every invariant of a graph that the validator lists, broken once.

use crate::graphs::{add, add_const, at, beyond, chat, constant, node, steps, the_loop};
use mlc_compiler::eval;
use mlc_compiler::ir::{Arena, Data, Graph, Interval, Op, Region, State, Type};
use mlc_compiler::valid::validate;

/// What the validator says of [`chat`] with one thing broken.
fn refused(break_it: impl FnOnce(&mut Graph)) -> String {
    let mut graph = chat();
    break_it(&mut graph);
    validate(&graph, "test").expect_err("the graph is broken").to_string()
}

#[test]
fn a_good_graph_is_accepted() {
    let graph = chat();
    assert_eq!(validate(&graph, "test"), Ok(()));
    assert!(eval::run(&graph, b"hello").steps() > 0);
}

#[test]
fn the_pass_is_named() {
    let mut graph = chat();
    at(&mut graph, 2).ty = Type::Unit;
    let error = validate(&graph, "hoist").expect_err("the graph is broken");
    assert_eq!((error.pass.as_str(), error.place.as_str()), ("hoist", "%2 (scale)"));
    assert_eq!(error.problem, "has type (), its operation gives i16[2]");
    assert_eq!(error.to_string(), "after hoist: %2 (scale): has type (), its operation gives i16[2]");
}

#[test]
fn operands_exist_and_stand_before_their_users() {
    let later = refused(|g| at(g, 2).op = Op::Scale { input: node(g, 4), factor: 32 });
    assert_eq!(later, "after test: %2 (scale): uses %4, which does not stand before it");
    let itself = refused(|g| at(g, 2).op = Op::Scale { input: node(g, 2), factor: 32 });
    assert_eq!(itself, "after test: %2 (scale): uses %2, which does not stand before it");
    let nothing = refused(|g| at(g, 2).op = Op::Scale { input: beyond(&g.nodes), factor: 32 });
    assert_eq!(nothing, "after test: %2 (scale): uses %17, which does not stand before it");
}

#[test]
fn constants_states_and_regions_exist() {
    let constant = refused(|g| at(g, 4).op = Op::Constant { value: beyond(&g.consts) });
    assert_eq!(constant, "after test: %4 (constant): constant: constant #3 does not exist");
    let state = refused(|g| at(g, 5).op = Op::State { state: beyond(&g.states) });
    assert_eq!(state, "after test: %5 (state): state: the state does not exist");
    let region = refused(|g| at(g, 5).region = beyond(&g.regions));
    assert_eq!(region, "after test: regions: %5 is in no region");
}

#[test]
fn a_node_has_the_type_that_its_operation_gives() {
    let width = refused(|g| at(g, 12).ty = Type::Index { below: 4 });
    assert_eq!(width, "after test: %12 (argmax): has type index<4>, its operation gives index<3>");
    let operands = refused(|g| at(g, 9).op = Op::Dense { input: node(g, 2), weights: node(g, 3) });
    assert_eq!(operands, "after test: %9 (dense): dense: 2 inputs for 4 columns");
}

#[test]
fn the_first_region_is_the_entry_and_all_others_are_loops() {
    let none = refused(|g| g.regions = Arena::default());
    assert_eq!(none, "after test: regions: there is no entry region");
    let inside = refused(|g| g.regions[Graph::ENTRY].parent = Some(Graph::ENTRY));
    assert_eq!(inside, "after test: regions: region 0 is the entry and inside another");
    let twice = refused(|g| g.regions[Graph::ENTRY].max_steps = 2);
    assert_eq!(twice, "after test: regions: region 0 is the entry and runs 2 times");
    let second = refused(|g| *the_loop(g) = Region { parent: None, max_steps: 1 });
    assert_eq!(second, "after test: regions: region 1 is no loop and not the first");
    let itself = refused(|g| the_loop(g).parent = Some(steps(g)));
    assert_eq!(itself, "after test: regions: region 1 is inside region 1, which does not stand before it");
    let nothing = refused(|g| the_loop(g).parent = Some(beyond(&g.regions)));
    assert_eq!(nothing, "after test: regions: region 1 is inside region 2, which does not stand before it");
    let never = refused(|g| the_loop(g).max_steps = 0);
    assert_eq!(never, "after test: regions: region 1 has no rounds");
}

/// The interpreter would run the inner loop behind the outer one, not in each of its rounds.
#[test]
fn loops_do_not_nest() {
    let nested = refused(|g| {
        let outer = steps(g);
        let inner = g.regions.push(Region { parent: Some(outer), max_steps: 2 });
        let index = node(g, 12);
        add(g, inner, Op::ExitIf { index, equals: 0 });
    });
    assert_eq!(nested, "after test: regions: region 2 is a loop inside region 1, which is a loop as well");
}

/// Two loops one after the other are what the interpreter runs.
#[test]
fn a_loop_may_follow_a_loop() {
    let mut g = chat();
    let second = g.regions.push(Region { parent: Some(Graph::ENTRY), max_steps: 2 });
    let state = g.states.push(State { name: "second".into(), region: second, length: 4 });
    let text = add(&mut g, second, Op::State { state });
    let bias = node(&g, 4);
    let index = add(&mut g, second, Op::ArgMax { input: bias });
    add(&mut g, second, Op::Emit { text });
    add(&mut g, second, Op::ExitIf { index, equals: 0 });
    assert_eq!(validate(&g, "test"), Ok(()));
    assert!(eval::run(&g, b"hello").text().ends_with("    "));
}

#[test]
fn the_nodes_of_a_loop_are_contiguous() {
    let apart = refused(|g| at(g, 6).region = Graph::ENTRY);
    assert_eq!(apart, "after test: regions: %7 is apart from the rest of its loop");
    // The entry region may go on behind a loop.
    let mut graph = chat();
    let value = constant(&graph, "bias");
    add(&mut graph, Graph::ENTRY, Op::Constant { value });
    assert_eq!(validate(&graph, "test"), Ok(()));
}

#[test]
fn a_node_uses_no_value_of_a_loop_that_it_is_not_in() {
    let behind = refused(|g| {
        let text = node(g, 14);
        add(g, Graph::ENTRY, Op::Emit { text });
    });
    assert_eq!(behind, "after test: %17 (emit): uses %14 of a loop that it is not in");
    let beside = refused(|g| {
        let other = g.regions.push(Region { parent: Some(Graph::ENTRY), max_steps: 1 });
        let index = node(g, 12);
        add(g, other, Op::ExitIf { index, equals: 0 });
    });
    assert_eq!(beside, "after test: %17 (exit_if): uses %12 of a loop that it is not in");
}

#[test]
fn a_state_belongs_to_a_loop() {
    let entry = refused(|g| {
        g.states.push(State { name: "other".into(), region: Graph::ENTRY, length: 1 });
    });
    assert_eq!(entry, "after test: loops: $other belongs to no loop");
    let nothing = refused(|g| {
        let region = beyond(&g.regions);
        g.states.push(State { name: "other".into(), region, length: 1 });
    });
    assert_eq!(nothing, "after test: loops: $other belongs to no loop");
}

#[test]
fn a_state_is_touched_only_inside_its_loop() {
    let read = refused(|g| {
        let state = g.states.ids().next().expect("a chat has a window");
        add(g, Graph::ENTRY, Op::State { state });
    });
    assert_eq!(read, "after test: loops: %17 touches $window outside of its loop");
    let pushed = refused(|g| {
        let (state, text) = (g.states.ids().next().expect("a chat has a window"), node(g, 0));
        add(g, Graph::ENTRY, Op::Push { state, text });
    });
    assert_eq!(pushed, "after test: loops: %17 touches $window outside of its loop");
}

#[test]
fn a_state_is_pushed_once_a_round() {
    let twice = refused(|g| {
        let (state, text) = (g.states.ids().next().expect("a chat has a window"), node(g, 14));
        add(g, steps(g), Op::Push { state, text });
    });
    assert_eq!(twice, "after test: loops: $window is pushed 2 times a round");
}

#[test]
fn exits_stand_in_loops_and_every_loop_has_one() {
    let outside = refused(|g| {
        let bias = node(g, 4);
        let index = add(g, Graph::ENTRY, Op::ArgMax { input: bias });
        add(g, Graph::ENTRY, Op::ExitIf { index, equals: 0 });
    });
    assert_eq!(outside, "after test: loops: exit_if outside of any loop");
    let endless = refused(|g| {
        let text = node(g, 14);
        *at(g, 13) = g.nodes[node(g, 15)].clone();
        at(g, 13).op = Op::Emit { text: node(g, 0) };
        at(g, 15).op = Op::Emit { text };
    });
    assert_eq!(endless, "after test: loops: region 1 never ends by itself");
}

#[test]
fn constants_are_named_when_they_are_wrong() {
    let wrong = refused(|g| {
        add_const(g, "other", Data::Matrix { rows: 1, cols: 2, values: vec![0, 3] });
    });
    assert_eq!(wrong, "after test: @other: holds the weight 3");
}

#[test]
fn facts_have_one_bound_an_element_with_the_least_first() {
    let bounds = |count| vec![Interval::new(-1, 1); count];
    let few = refused(|g| at(g, 2).facts.range = bounds(1));
    assert_eq!(few, "after test: %2 (scale): has 1 bounds for 2 elements");
    let many = refused(|g| at(g, 2).facts.range = bounds(3));
    assert_eq!(many, "after test: %2 (scale): has 3 bounds for 2 elements");
    let text = refused(|g| at(g, 0).facts.range = bounds(1));
    assert_eq!(text, "after test: %0 (query): has 1 bounds for 0 elements");
    let empty = refused(|g| at(g, 2).facts.range = vec![Interval::point(0), Interval::new(2, 1)]);
    assert_eq!(empty, "after test: %2 (scale): has the empty bound 2..1");
    let mut graph = chat();
    at(&mut graph, 2).facts.range = bounds(2);
    assert_eq!(validate(&graph, "test"), Ok(()));
}
