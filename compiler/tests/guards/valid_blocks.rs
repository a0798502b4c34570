//! The blocks of a graph are a tree: every way of breaking that, and the error.

use crate::graphs::{add, add_loop, beyond, block, chat, constant, node, one, steps};
use crate::valid::{accepted, refused};
use mlc_compiler::eval;
use mlc_compiler::ir::{Arena, Block, Graph, Op};

#[test]
fn there_is_an_entry() {
    let none = refused(|g| g.blocks = Arena::default());
    assert_eq!(none, "after test: blocks: there is no entry block");
}

#[test]
fn a_node_stands_in_one_block_once() {
    let in_none = refused(|g| block(g, 1).nodes.retain(|id| id.index() != 16));
    assert_eq!(in_none, "after test: blocks: %16 stands 0 times in blocks, not once");
    let in_two = refused(|g| {
        let query = node(g, 0);
        block(g, 1).nodes.push(query);
    });
    assert_eq!(in_two, "after test: blocks: %0 stands 2 times in blocks, not once");
    let twice_in_one = refused(|g| {
        let emit = node(g, 16);
        block(g, 1).nodes.push(emit);
    });
    assert_eq!(twice_in_one, "after test: blocks: %16 stands 2 times in blocks, not once");
}

#[test]
fn a_block_lists_nodes_that_exist() {
    let nothing = refused(|g| {
        let id = beyond(&g.nodes);
        block(g, 1).nodes.push(id);
    });
    assert_eq!(nothing, "after test: blocks: block 1 has #18, which does not exist");
}

#[test]
fn a_block_is_the_body_of_one_loop() {
    let of_none = refused(|g| _ = g.blocks.push(Block::default()));
    assert_eq!(of_none, "after test: blocks: block 2 is the body of 0 loops");
    let of_two = refused(|g| {
        let body = steps(g);
        add(g, Graph::ENTRY, Op::Loop { body, times: 2 });
    });
    assert_eq!(of_two, "after test: blocks: block 1 is the body of 2 loops");
    let entry = refused(|g| _ = add(g, Graph::ENTRY, Op::Loop { body: Graph::ENTRY, times: 2 }));
    assert_eq!(entry, "after test: blocks: the entry is the body of a loop");
}

/// Each block has one loop that runs it, but nothing leads from the entry to them.
#[test]
fn blocks_are_no_ring() {
    let itself = refused(|g| {
        let body = g.blocks.push(Block::default());
        add(g, body, Op::Loop { body, times: 2 });
    });
    assert_eq!(itself, "after test: blocks: block 2 is inside itself");
    let each_other = refused(|g| {
        let (a, b) = (g.blocks.push(Block::default()), g.blocks.push(Block::default()));
        let inside_b = add_loop(g, b, 2);
        add(g, a, Op::Loop { body: b, times: 2 });
        add(g, inside_b, Op::Loop { body: a, times: 2 });
    });
    assert_eq!(each_other, "after test: blocks: block 2 is inside itself");
}

#[test]
fn loops_nest_and_follow_each_other() {
    let graph = accepted(|g| {
        let text = node(g, 0);
        let outer = add_loop(g, Graph::ENTRY, 2);
        let inner = add_loop(g, outer, 3);
        add(g, inner, Op::Emit { text });
        let beside = add_loop(g, outer, 1);
        add(g, beside, Op::Emit { text });
    });
    let said = eval::run(&chat(), b"x").text();
    assert_eq!(eval::run(&graph, b"x").text(), format!("{said}{}", "x".repeat(2 * (3 + 1))));
}

/// A block may be empty, and the entry may go on behind a loop.
#[test]
fn a_loop_may_do_nothing() {
    let graph = accepted(|g| {
        add_loop(g, Graph::ENTRY, 1000);
        let value = constant(g, "bias");
        add(g, Graph::ENTRY, one(value));
    });
    assert_eq!(eval::run(&graph, b"hello"), eval::run(&chat(), b"hello"));
}
