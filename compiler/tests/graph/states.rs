//! States: who starts them and when, and that a change is seen at once.

use crate::blocks::{constant, reply};
use crate::graphs::{add, add_const, add_loop, add_state};
use mlc_compiler::eval;
use mlc_compiler::ir::{BlockId, Data, Graph, NodeId, Op, State, StateId, StateType};
use mlc_compiler::valid::validate;

/// Reads a vector and shows it among the logits.
fn show(graph: &mut Graph, block: BlockId, state: StateId) {
    let input = add(graph, block, Op::Read { state });
    add(graph, block, Op::ArgMax { input });
}

/// Adds a vector to a state.
fn change(graph: &mut Graph, block: BlockId, state: StateId, by: NodeId) {
    let now = add(graph, block, Op::Read { state });
    let value = add(graph, block, Op::Sum { terms: vec![now, by] });
    add(graph, block, Op::Write { state, value });
}

/// What is shown, once the validator has seen the graph.
pub fn shown(graph: &Graph) -> Vec<Vec<i16>> {
    assert_eq!(validate(graph, "test"), Ok(()));
    eval::run(graph, b"x").logits
}

#[test]
fn what_is_written_is_read_afterwards_and_what_was_read_stays() {
    let mut g = Graph::new("test");
    let state = add_state(&mut g, Graph::ENTRY, "latent", &[1, 2]);
    let value = constant(&mut g, Graph::ENTRY, &[7, 8]);
    let before = add(&mut g, Graph::ENTRY, Op::Read { state });
    show(&mut g, Graph::ENTRY, state);
    add(&mut g, Graph::ENTRY, Op::Write { state, value });
    show(&mut g, Graph::ENTRY, state);
    add(&mut g, Graph::ENTRY, Op::ArgMax { input: before });
    assert_eq!(shown(&g), [[1, 2], [7, 8], [1, 2]]);
}

#[test]
fn a_state_carries_on_from_round_to_round() {
    let mut g = Graph::new("test");
    let body = add_loop(&mut g, Graph::ENTRY, 3);
    let state = add_state(&mut g, body, "latent", &[5, 0]);
    let by = constant(&mut g, body, &[1, -2]);
    show(&mut g, body, state);
    change(&mut g, body, state, by);
    assert_eq!(shown(&g), [[5, 0], [6, -2], [7, -4]]);
}

#[test]
fn a_state_of_an_outer_block_is_changed_inside_and_read_behind() {
    let mut g = Graph::new("test");
    let state = add_state(&mut g, Graph::ENTRY, "latent", &[0, 0]);
    let by = constant(&mut g, Graph::ENTRY, &[1, 10]);
    let outer = add_loop(&mut g, Graph::ENTRY, 2);
    let inner = add_loop(&mut g, outer, 3);
    change(&mut g, inner, state, by);
    show(&mut g, outer, state);
    change(&mut g, Graph::ENTRY, state, by);
    show(&mut g, Graph::ENTRY, state);
    assert_eq!(shown(&g), [[3, 30], [6, 60], [7, 70]]);
}

#[test]
fn a_state_is_started_whenever_its_loop_is_entered() {
    let mut g = Graph::new("test");
    let outer = add_loop(&mut g, Graph::ENTRY, 2);
    let kept = add_state(&mut g, outer, "kept", &[0, 100]);
    let inner = add_loop(&mut g, outer, 2);
    let anew = add_state(&mut g, inner, "anew", &[0, 0]);
    let by = constant(&mut g, inner, &[1, 1]);
    change(&mut g, inner, kept, by);
    change(&mut g, inner, anew, by);
    show(&mut g, inner, kept);
    show(&mut g, inner, anew);
    assert_eq!(
        shown(&g),
        [[1, 101], [1, 1], [2, 102], [2, 2], [3, 103], [1, 1], [4, 104], [2, 2]],
        "rounds do not start it, entering does"
    );
}

/// Leaving a loop keeps what it has changed outside of it.
#[test]
fn a_change_before_an_exit_counts() {
    let mut g = Graph::new("test");
    let state = add_state(&mut g, Graph::ENTRY, "latent", &[0, 3]);
    let body = add_loop(&mut g, Graph::ENTRY, 100);
    let by = constant(&mut g, body, &[1, 0]);
    change(&mut g, body, state, by);
    let now = add(&mut g, body, Op::Read { state });
    let index = add(&mut g, body, Op::ArgMax { input: now });
    // 1 3, 2 3, 3 3, of which the first is the largest.
    add(&mut g, body, Op::ExitIf { index, equals: 0 });
    change(&mut g, body, state, by);
    show(&mut g, Graph::ENTRY, state);
    assert_eq!(shown(&g), [[1, 3], [3, 3], [3, 3]]);
}

/// A window holds the last characters pushed, folded, at first spaces; of a text longer than it the end.
#[test]
fn texts_are_shifted_into_a_window() {
    let mut g = Graph::new("test");
    let ty = StateType::Text { length: 4 };
    let body = add_loop(&mut g, Graph::ENTRY, 3);
    let state = g.states.push(State { name: "window".into(), owner: body, ty, kept: false });
    let labels =
        ["AB", "!", "longer THAN it"].map(|label| add_const(&mut g, label, Data::Labels(vec![label.into()])));
    let input = constant(&mut g, body, &[0]);
    let index = add(&mut g, body, Op::ArgMax { input });
    for table in labels {
        let text = add(&mut g, body, Op::Lookup { index, table });
        add(&mut g, body, Op::Push { state, text });
        let text = add(&mut g, body, Op::Read { state });
        add(&mut g, body, Op::Emit { text });
    }
    assert_eq!(reply(&g), "  ab ab!n ititabtab!n ititabtab!n it");
}
