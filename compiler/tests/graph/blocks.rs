//! Loops, exits and constants by round.

use crate::graphs::{add, add_const, add_loop, one};
use mlc_compiler::eval;
use mlc_compiler::ir::{BlockId, ConstId, Data, Elem, Graph, NodeId, Op};
use mlc_compiler::valid::validate;

/// What a graph replies to the query `x`, once the validator has seen it.
pub fn reply(graph: &Graph) -> String {
    assert_eq!(validate(graph, "test"), Ok(()));
    eval::run(graph, b"x").text()
}

pub fn vector(graph: &mut Graph, values: &[i16]) -> ConstId {
    add_const(graph, "vector", Data::Vector(values.to_vec()))
}

/// A constant vector in a block.
pub fn constant(graph: &mut Graph, block: BlockId, values: &[i16]) -> NodeId {
    let value = vector(graph, values);
    add(graph, block, one(value))
}

/// Emits the letter of `letters` at the index of the largest of so many elements.
fn emit_at(graph: &mut Graph, block: BlockId, input: NodeId, letters: &str) -> NodeId {
    let table = add_const(graph, "letters", Data::Charset(letters.into()));
    let index = add(graph, block, Op::ArgMax { input });
    let text = add(graph, block, Op::Lookup { index, table });
    add(graph, block, Op::Emit { text });
    index
}

/// Emits a letter.
pub fn emit(graph: &mut Graph, block: BlockId, letter: &str) {
    let input = constant(graph, block, &[0]);
    emit_at(graph, block, input, letter);
}

#[test]
fn a_loop_without_an_exit_makes_all_its_rounds() {
    let mut g = Graph::new("test");
    emit(&mut g, Graph::ENTRY, "<");
    let body = add_loop(&mut g, Graph::ENTRY, 4);
    emit(&mut g, body, "a");
    emit(&mut g, Graph::ENTRY, ">");
    assert_eq!(reply(&g), "<aaaa>");
}

#[test]
fn loops_run_in_each_round_of_the_loop_around_them() {
    let mut g = Graph::new("test");
    let outer = add_loop(&mut g, Graph::ENTRY, 2);
    emit(&mut g, outer, "(");
    let first = add_loop(&mut g, outer, 3);
    emit(&mut g, first, "a");
    let innermost = add_loop(&mut g, first, 2);
    emit(&mut g, innermost, "-");
    emit(&mut g, outer, "|");
    let second = add_loop(&mut g, outer, 1);
    emit(&mut g, second, "b");
    emit(&mut g, outer, ")");
    assert_eq!(reply(&g), "(a--a--a--|b)".repeat(2));
}

/// Constants of a round each: their largest element is at 0, 1 and 2.
fn three(graph: &mut Graph) -> Vec<ConstId> {
    [[9, 0, 0], [0, 9, 0], [0, 0, 9]].iter().map(|values| vector(graph, values)).collect()
}

#[test]
fn constants_change_from_round_to_round() {
    let mut g = Graph::new("test");
    let outer = add_loop(&mut g, Graph::ENTRY, 2);
    let body = add_loop(&mut g, outer, 3);
    let values = three(&mut g);
    let value = add(&mut g, body, Op::Constant { values });
    emit_at(&mut g, body, value, "abc");
    assert_eq!(reply(&g), "abcabc", "an inner loop begins anew in each round of the outer one");
}

/// The rounds of the innermost loop count; the value of an outer one stays while the inner one runs.
#[test]
fn constants_belong_to_the_innermost_loop() {
    let mut g = Graph::new("test");
    let outer = add_loop(&mut g, Graph::ENTRY, 3);
    let values = three(&mut g);
    let value = add(&mut g, outer, Op::Constant { values });
    let inner = add_loop(&mut g, outer, 2);
    emit_at(&mut g, inner, value, "ABC");
    let values = three(&mut g)[..2].to_vec();
    let value = add(&mut g, inner, Op::Constant { values });
    emit_at(&mut g, inner, value, "abc");
    assert_eq!(reply(&g), "AaAbBaBbCaCb");
}

#[test]
fn an_exit_leaves_the_innermost_loop_at_once() {
    let mut g = Graph::new("test");
    let outer = add_loop(&mut g, Graph::ENTRY, 2);
    let inner = add_loop(&mut g, outer, 3);
    let values = three(&mut g);
    let value = add(&mut g, inner, Op::Constant { values });
    let index = emit_at(&mut g, inner, value, "abc");
    add(&mut g, inner, Op::ExitIf { index, equals: 1 });
    emit(&mut g, inner, ".");
    emit(&mut g, outer, "|");
    assert_eq!(reply(&g), "a.b|a.b|");
}

/// Neither an inner loop that makes all its rounds nor one that is left ends the loop around it.
#[test]
fn an_exit_behind_an_inner_loop_leaves_the_outer_one() {
    let mut g = Graph::new("test");
    let outer = add_loop(&mut g, Graph::ENTRY, 3);
    let values = three(&mut g);
    let value = add(&mut g, outer, Op::Constant { values });
    let inner = add_loop(&mut g, outer, 2);
    let index = emit_at(&mut g, inner, value, "abc");
    add(&mut g, inner, Op::ExitIf { index, equals: 1 });
    emit(&mut g, inner, "+");
    let index = add(&mut g, outer, Op::ArgMax { input: value });
    add(&mut g, outer, Op::ExitIf { index, equals: 1 });
    emit(&mut g, outer, "|");
    emit(&mut g, Graph::ENTRY, ".");
    assert_eq!(reply(&g), "a+a+|b.");
}

#[test]
fn the_first_of_several_exits_is_taken() {
    let mut g = Graph::new("test");
    let body = add_loop(&mut g, Graph::ENTRY, 3);
    let values = three(&mut g);
    let value = add(&mut g, body, Op::Constant { values });
    let index = add(&mut g, body, Op::ArgMax { input: value });
    add(&mut g, body, Op::ExitIf { index, equals: 2 });
    emit(&mut g, body, "a");
    add(&mut g, body, Op::ExitIf { index, equals: 1 });
    emit(&mut g, body, "b");
    assert_eq!(reply(&g), "aba");
}

/// A matrix is a constant as well, and walks with the rounds.
#[test]
fn matrices_change_from_round_to_round() {
    let mut g = Graph::new("test");
    let input = constant(&mut g, Graph::ENTRY, &[5, 7]);
    let body = add_loop(&mut g, Graph::ENTRY, 2);
    let matrices = [[1, 0, 0, 1], [0, -2, 1, 1]].map(|values| {
        add_const(&mut g, "matrix", Data::Matrix { rows: 2, cols: 2, bits: 2, values: values.to_vec() })
    });
    let weights = add(&mut g, body, Op::Constant { values: matrices.to_vec() });
    let input = add(&mut g, body, Op::Product { input, weights, sum: Elem::I16 });
    add(&mut g, body, Op::ArgMax { input });
    assert_eq!(validate(&g, "test"), Ok(()));
    assert_eq!(eval::run(&g, b"x").logits, [[5, 7], [-14, 12]]);
}

#[test]
fn an_empty_query_is_not_answered() {
    let mut g = Graph::new("test");
    emit(&mut g, Graph::ENTRY, "a");
    assert_eq!(eval::run(&g, b"  "), eval::Run::default());
    assert_eq!(eval::run(&g, b" x ").text(), "a");
}
