//! Every invariant of a graph that the validator lists, broken once. Its rules on blocks are in `valid_blocks.rs`, those
//! on constants in `valid_consts.rs`.

use crate::graphs::{
    add, add_const, add_loop, add_state, at, beyond, block, chat, constant, node, one, steps, window,
};
use mlc_compiler::eval;
use mlc_compiler::ir::{Data, Elem, Graph, Interval, Op, State, StateType, Type};
use mlc_compiler::valid::validate;

/// What the validator says of [`chat`] with one thing broken.
pub fn refused(break_it: impl FnOnce(&mut Graph)) -> String {
    let mut graph = chat();
    break_it(&mut graph);
    validate(&graph, "test").expect_err("the graph is broken").to_string()
}

/// [`chat`] with one thing changed, which is right.
pub fn accepted(change_it: impl FnOnce(&mut Graph)) -> Graph {
    let mut graph = chat();
    change_it(&mut graph);
    assert_eq!(validate(&graph, "test"), Ok(()));
    graph
}

#[test]
fn a_good_graph_is_accepted() {
    let graph = accepted(|_| {});
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
    assert_eq!(nothing, "after test: %2 (scale): scale: operand #18 does not exist");
}

/// The order in which nodes were made is not the order in which they run.
#[test]
fn nodes_run_in_the_order_of_their_block() {
    let order = refused(|g| block(g, 1).nodes.swap(0, 1));
    assert_eq!(order, "after test: %7 (ngrams): uses %6, which does not stand before it");
    accepted(|g| block(g, 0).nodes.swap(3, 4));
}

#[test]
fn constants_states_and_bodies_exist() {
    let constant = refused(|g| at(g, 4).op = one(beyond(&g.consts)));
    assert_eq!(constant, "after test: %4 (constant): constant: constant #3 does not exist");
    let state = refused(|g| at(g, 6).op = Op::Read { state: beyond(&g.states) });
    assert_eq!(state, "after test: %6 (read): read: the state does not exist");
    let body = refused(|g| at(g, 5).op = Op::Loop { body: beyond(&g.blocks), times: 5 });
    assert_eq!(body, "after test: blocks: %5 has no body");
}

#[test]
fn a_node_has_the_type_that_its_operation_gives() {
    let width = refused(|g| at(g, 13).ty = Type::Index { below: 4 });
    assert_eq!(width, "after test: %13 (argmax): has type index<4>, its operation gives index<3>");
    let elem = refused(|g| at(g, 10).ty = Type::Vector { elem: Elem::I24, len: 3 });
    assert_eq!(elem, "after test: %10 (product): has type i24[3], its operation gives i16[3]");
    let operands = refused(|g| {
        at(g, 10).op = Op::Product { input: node(g, 2), weights: node(g, 3), sum: Elem::I16 };
    });
    assert_eq!(operands, "after test: %10 (product): product: 2 inputs for 4 columns");
    let never = refused(|g| {
        let body = steps(g);
        at(g, 5).op = Op::Loop { body, times: 0 };
    });
    assert_eq!(never, "after test: %5 (loop): loop: without a round");
}

#[test]
fn a_node_uses_no_value_of_a_loop_that_it_is_not_in() {
    let behind = refused(|g| {
        let text = node(g, 15);
        add(g, Graph::ENTRY, Op::Emit { text });
    });
    assert_eq!(behind, "after test: %18 (emit): uses %15 of a loop that it is not in");
    let beside = refused(|g| {
        let other = add_loop(g, Graph::ENTRY, 1);
        let index = node(g, 13);
        add(g, other, Op::ExitIf { index, equals: 0 });
    });
    assert_eq!(beside, "after test: %19 (exit_if): uses %13 of a loop that it is not in");
    let of_an_inner_one = refused(|g| {
        let inner = add_loop(g, steps(g), 2);
        let value = constant(g, "bias");
        let input = add(g, inner, one(value));
        add(g, steps(g), Op::Relu { input });
    });
    assert_eq!(of_an_inner_one, "after test: %20 (relu): uses %19 of a loop that it is not in");
    // In a loop inside of the operand's own.
    accepted(|g| {
        let inner = add_loop(g, steps(g), 2);
        let innermost = add_loop(g, inner, 2);
        let text = node(g, 15);
        add(g, innermost, Op::Emit { text });
    });
}

#[test]
fn a_state_belongs_to_a_block() {
    let nothing = refused(|g| {
        let owner = beyond(&g.blocks);
        g.states.push(State { name: "other".into(), owner, ty: StateType::Text { length: 1 }, kept: false });
    });
    assert_eq!(nothing, "after test: $other: belongs to no block");
    accepted(|g| _ = add_state(g, Graph::ENTRY, "other", &[1, 2]));
}

#[test]
fn a_state_is_touched_only_in_its_block() {
    let outside = |number: usize, op: &str| {
        format!("after test: %{number} ({op}): touches $window outside of its block")
    };
    let read = refused(|g| _ = add(g, Graph::ENTRY, Op::Read { state: window(g) }));
    assert_eq!(read, outside(18, "read"));
    let pushed = refused(|g| {
        let text = node(g, 0);
        add(g, Graph::ENTRY, Op::Push { state: window(g), text });
    });
    assert_eq!(pushed, outside(18, "push"));
    let beside = refused(|g| {
        let other = add_loop(g, Graph::ENTRY, 1);
        add(g, other, Op::Read { state: window(g) });
    });
    assert_eq!(beside, outside(19, "read"));
    let written = refused(|g| {
        let state = add_state(g, steps(g), "vector", &[0, 0, 0]);
        let value = node(g, 4);
        add(g, Graph::ENTRY, Op::Write { state, value });
    });
    assert_eq!(written, "after test: %18 (write): touches $vector outside of its block");
    // Inside of its block, and more than once.
    accepted(|g| {
        let inner = add_loop(g, steps(g), 1);
        let text = add(g, inner, Op::Read { state: window(g) });
        add(g, inner, Op::Push { state: window(g), text });
        add(g, inner, Op::Push { state: window(g), text });
    });
}

#[test]
fn a_state_starts_as_what_it_holds() {
    let vector = |g: &mut Graph, elem, start| {
        let owner = steps(g);
        g.states.push(State {
            name: "other".into(),
            owner,
            ty: StateType::Vector { elem, start },
            kept: false,
        });
    };
    let of = |elem, values: &[i16]| {
        let values = values.to_vec();
        move |g: &mut Graph| {
            let start = add_const(g, "start", Data::Vector(values));
            vector(g, elem, start);
        }
    };
    assert_eq!(refused(of(Elem::I8, &[0, 128])), "after test: $other: starts with 128, which is no i8");
    assert_eq!(refused(of(Elem::I8, &[-129, 0])), "after test: $other: starts with -129, which is no i8");
    accepted(of(Elem::I8, &[127, -128]));
    accepted(of(Elem::I16, &[i16::MIN, i16::MAX]));
    accepted(of(Elem::I24, &[i16::MIN, i16::MAX]));
    let matrix = refused(|g| vector(g, Elem::I8, constant(g, "weights")));
    assert_eq!(matrix, "after test: $other: does not start as a vector");
    let nothing = refused(|g| vector(g, Elem::I8, beyond(&g.consts)));
    assert_eq!(nothing, "after test: $other: does not start as a vector");
    let empty = refused(|g| {
        let state = window(g);
        g.states[state].ty = StateType::Text { length: 0 };
    });
    assert_eq!(empty, "after test: $window: holds no character");
}

#[test]
fn exits_stand_in_loops() {
    let outside = refused(|g| {
        let input = node(g, 4);
        let index = add(g, Graph::ENTRY, Op::ArgMax { input });
        add(g, Graph::ENTRY, Op::ExitIf { index, equals: 0 });
    });
    assert_eq!(outside, "after test: %19 (exit_if): leaves a loop outside of any");
    // A loop needs none, and may have several.
    let without = accepted(|g| at(g, 14).op = Op::Emit { text: node(g, 0) });
    assert_eq!(eval::run(&without, b"hello").steps(), 5);
    accepted(|g| {
        let index = node(g, 13);
        add(g, steps(g), Op::ExitIf { index, equals: 0 });
    });
}

#[test]
fn a_constant_by_round_has_a_value_for_each() {
    let by_round = |g: &mut Graph, block, count| {
        let values = vec![constant(g, "bias"); count];
        add(g, block, Op::Constant { values });
    };
    let outside = refused(|g| by_round(g, Graph::ENTRY, 2));
    assert_eq!(outside, "after test: %18 (constant): has 2 values outside of any loop");
    let few = refused(|g| by_round(g, steps(g), 4));
    assert_eq!(few, "after test: %18 (constant): has 4 values for 5 rounds");
    let many = refused(|g| by_round(g, steps(g), 6));
    assert_eq!(many, "after test: %18 (constant): has 6 values for 5 rounds");
    let of_the_outer = refused(|g| {
        let inner = add_loop(g, steps(g), 2);
        by_round(g, inner, 5);
    });
    assert_eq!(of_the_outer, "after test: %19 (constant): has 5 values for 2 rounds");
    accepted(|g| {
        by_round(g, steps(g), 5);
        by_round(g, steps(g), 1);
        let inner = add_loop(g, steps(g), 2);
        by_round(g, inner, 2);
    });
}

#[test]
fn constants_are_named_when_they_are_wrong() {
    let wrong = refused(|g| {
        add_const(g, "other", Data::Matrix { rows: 1, cols: 2, bits: 2, values: vec![0, 3] });
    });
    assert_eq!(wrong, "after test: @other: holds the weight 3, which has more than 2 bits");
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
    accepted(|g| at(g, 2).facts.range = bounds(2));
}
