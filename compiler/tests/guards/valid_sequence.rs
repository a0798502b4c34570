//! The validator's rules on what sequence models have: queues, caches, scales, tables and wide weights.

use crate::graphs::{add, add_const, add_loop, at, cache, constant, node, queue, story};
use mlc_compiler::eval;
use mlc_compiler::ir::{Data, Elem, Graph, Op, State, StateId, StateType, Type};
use mlc_compiler::valid::validate;

/// What the validator says of [`story`] with one thing changed.
fn said(change: impl FnOnce(&mut Graph)) -> Result<(), String> {
    let mut graph = story();
    change(&mut graph);
    validate(&graph, "test").map_err(|e| e.to_string())
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Graph), error: &str) {
    assert_eq!(said(change), Err(format!("after test: {error}")));
}

#[track_caller]
fn accepted(change: impl FnOnce(&mut Graph)) {
    assert_eq!(said(change), Ok(()));
}

/// The data of a constant, to change it.
fn data<'g>(graph: &'g mut Graph, name: &str) -> &'g mut Data {
    let id = constant(graph, name);
    &mut graph.consts[id].data
}

#[test]
fn a_good_graph_is_accepted_and_runs() {
    accepted(|_| {});
    let run = eval::run(&story(), b"abc");
    assert_eq!(run.steps(), 5, "three tokens are read, and two of those that follow");
    assert_eq!(eval::run(&story(), b""), eval::Run { is_utf8: true, ..eval::Run::default() });
}

#[test]
fn weights_have_the_bits_that_they_should() {
    let bits = |bits: u8| {
        move |g: &mut Graph| {
            let Data::Matrix { bits: old, .. } = data(g, "weights") else { unreachable!("a matrix") };
            *old = bits;
            at(g, 3).ty = Type::Matrix { rows: 3, cols: 4, bits };
        }
    };
    accepted(bits(4));
    accepted(bits(8));
    refused(bits(9), "@weights: has weights of 9 bits");
    refused(bits(1), "@weights: has weights of 1 bits");
    refused(bits(0), "@weights: has weights of 0 bits");
    refused(bits(3), "@weights: holds the weight 7, which has more than 3 bits");
    let weight = |bits: u8, value: i8| {
        move |g: &mut Graph| {
            let matrix = Data::Matrix { rows: 1, cols: 1, bits, values: vec![value] };
            add_const(g, "one", matrix);
        }
    };
    for bits in 2..=8 {
        let half = 1i16 << (bits - 1);
        accepted(weight(bits, -half as i8));
        accepted(weight(bits, (half - 1) as i8));
        if bits < 8 {
            let above = format!("@one: holds the weight {half}, which has more than {bits} bits");
            refused(weight(bits, half as i8), &above);
            let below = format!("@one: holds the weight {}, which has more than {bits} bits", -half - 1);
            refused(weight(bits, (-half - 1) as i8), &below);
        }
    }
    // The type of a node has them as well.
    let ty = |g: &mut Graph| at(g, 3).ty = Type::Matrix { rows: 3, cols: 4, bits: 5 };
    refused(ty, "%3 (constant): has type i5[3, 4], its operation gives i4[3, 4]");
}

#[test]
fn scales_shift_by_at_most_24_bits() {
    let shift = |by| {
        move |g: &mut Graph| {
            let Data::Scale { shift, .. } = data(g, "scale") else { unreachable!("a scale") };
            *shift = by;
        }
    };
    accepted(shift(24));
    refused(shift(25), "@scale: shifts by 25 bits");
    refused(shift(255), "@scale: shifts by 255 bits");
}

#[test]
fn weights_of_attention_begin_with_255_and_never_rise() {
    let with = |change: fn(&mut Vec<u8>)| {
        move |g: &mut Graph| {
            let Data::Weights(weights) = data(g, "halves") else { unreachable!("weights") };
            change(weights);
        }
    };
    let problem = "@halves: is not 255, then 255 bytes that never rise";
    accepted(with(|w| w.fill(255)));
    accepted(with(|w| w[1..].fill(0)));
    refused(with(|w| w[0] = 254), problem);
    refused(with(|w| w[255] = 1), problem);
    refused(with(|w| w[2] = 128), problem);
    refused(with(|w| _ = w.pop()), problem);
    refused(with(|w| w.push(0)), problem);
    refused(with(Vec::clear), problem);
}

#[test]
fn tables_have_256_bytes() {
    let with = |len: usize| {
        move |g: &mut Graph| {
            let Data::Bytes(bytes) = data(g, "signs") else { unreachable!("a table") };
            bytes.resize(len, 0);
        }
    };
    for len in [0, 1, 128, 255, 257] {
        refused(with(len), &format!("@signs: has {len} bytes, not 256"));
    }
    accepted(with(256));
}

#[test]
fn other_constants_may_hold_anything() {
    for data in [
        Data::Steps(vec![]),
        Data::Steps(vec![u32::MAX]),
        Data::Pieces(vec![]),
        Data::Scale { mantissas: vec![], shift: 0 },
    ] {
        accepted(|g| _ = add_const(g, "other", data));
    }
}

#[test]
fn queues_hold_tokens_of_a_vocabulary() {
    let ty = |below, most| {
        move |g: &mut Graph| {
            let ty = StateType::Tokens { below, most };
            g.states.push(State { name: "other".into(), owner: Graph::ENTRY, ty, kept: false });
        }
    };
    accepted(ty(1, 1));
    refused(ty(0, 5), "$other: holds tokens of an empty vocabulary");
    refused(ty(5, 0), "$other: takes no token");
}

#[test]
fn caches_have_two_rows_at_least() {
    let ty = |rows, len| {
        move |g: &mut Graph| {
            let ty = StateType::Cache { rows, len };
            g.states.push(State { name: "other".into(), owner: Graph::ENTRY, ty, kept: false });
        }
    };
    accepted(ty(2, 1));
    for (rows, len) in [(1, 4), (0, 4), (4, 0)] {
        let problem = format!("$other: keeps {rows} rows of {len}; a window has 2 rows at least");
        refused(ty(rows, len), &problem);
    }
}

#[test]
fn queues_and_caches_are_touched_only_in_their_block() {
    /// A queue and a cache of a loop of their own, and the operation outside of it.
    fn outside(op: impl FnOnce(&Graph, [StateId; 2]) -> Op) -> impl FnOnce(&mut Graph) {
        move |g| {
            let owner = add_loop(g, Graph::ENTRY, 1);
            let states =
                [("q", StateType::Tokens { below: 3, most: 5 }), ("c", StateType::Cache { rows: 2, len: 4 })];
            let states =
                states.map(|(name, ty)| g.states.push(State { name: name.into(), owner, ty, kept: false }));
            let op = op(g, states);
            let body = g.blocks.ids().nth(1).expect("a story has a loop");
            add(g, body, op);
        }
    }
    let problem = |op: &str, state: &str| format!("%24 ({op}): touches ${state} outside of its block");
    refused(outside(|_, [state, _]| Op::Take { state }), &problem("take", "q"));
    refused(outside(|_, [state, _]| Op::Position { state }), &problem("position", "q"));
    refused(outside(|_, [state, _]| Op::Waiting { state }), &problem("waiting", "q"));
    refused(outside(|g, [state, _]| Op::Feed { state, tokens: node(g, 1) }), &problem("feed", "q"));
    refused(outside(|g, [_, state]| Op::Append { state, value: node(g, 11) }), &problem("append", "c"));
    refused(outside(|_, [_, state]| Op::Read { state }), &problem("read", "c"));
}

/// Taking from an empty queue takes nothing: a position stays below the queue's `most`, whose rows it may look up.
#[test]
fn positions_end_where_the_queue_does() {
    let mut graph = story();
    let body = graph.blocks.ids().nth(1).expect("a story has a loop");
    let (state, weights) = (queue(&graph), node(&graph, 3));
    let mantissas = vec![1; 5];
    let scale = add_const(&mut graph, "five", Data::Scale { mantissas, shift: 0 });
    let five = Data::Matrix { rows: 5, cols: 1, bits: 2, values: vec![1; 5] };
    let five = add_const(&mut graph, "rows", five);
    let rows = add(&mut graph, body, Op::Constant { values: vec![five] });
    let three = constant(&graph, "scale");
    for _ in 0..3 {
        let index = add(&mut graph, body, Op::Take { state });
        add(&mut graph, body, Op::Gather { index, weights, scale: three });
        let index = add(&mut graph, body, Op::Position { state });
        add(&mut graph, body, Op::Gather { index, weights: rows, scale });
    }
    assert_eq!(validate(&graph, "test"), Ok(()));
    eval::run(&graph, b"abcabc");
}

#[test]
fn nodes_have_the_types_of_these_operations() {
    refused(
        |g| at(g, 7).ty = Type::Index { below: 4 },
        "%7 (take): has type index<4>, its operation gives index<3>",
    );
    refused(
        |g| at(g, 13).ty = Type::Rows { rows: 2, len: 4 },
        "%13 (read): has type rows[2, 4], its operation gives rows[3, 4]",
    );
    refused(
        |g| at(g, 18).ty = Type::Vector { elem: Elem::I16, len: 3 },
        "%18 (narrow): has type i16[3], its operation gives i8[3]",
    );
    refused(
        |g| {
            let state = queue(g);
            g.states[state].ty = StateType::Tokens { below: 2, most: 5 };
        },
        "%2 (feed): feed: %1 is tokens<3>, not tokens below 2",
    );
    refused(
        |g| {
            let state = cache(g);
            g.states[state].ty = StateType::Cache { rows: 3, len: 5 };
        },
        "%12 (append): append: i8[4] is no row of 5 bytes",
    );
    refused(
        |g| {
            let Op::Attend { query, .. } = &mut at(g, 14).op else { unreachable!("attention") };
            *query = node(&story(), 20);
        },
        "%14 (attend): uses %20, which does not stand before it",
    );
}
