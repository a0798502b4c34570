//! Every operand, constant and state that an operation of sequence models cannot take, and the error.

use crate::graphs::{
    add, add_const, add_state, beyond, cache, chat, constant, halves, ill_typed, node, queue, signs, story,
    window,
};
use mlc_compiler::ir::{Data, Elem, Graph, NodeId, Op, State, StateType, Type};

/// What is wrong with the operation in [`story`].
#[track_caller]
fn refused(op: impl FnOnce(&mut Graph) -> Op, error: &str) {
    let mut graph = story();
    let op = op(&mut graph);
    assert_eq!(ill_typed(&mut graph, op).to_string(), error);
}

/// The type of the operation's value in [`story`].
#[track_caller]
fn typed(op: impl FnOnce(&mut Graph) -> Op) -> Type {
    let mut graph = story();
    let op = op(&mut graph);
    let id = add(&mut graph, Graph::ENTRY, op);
    graph.nodes[id].ty
}

fn vector(elem: Elem, len: usize) -> Type {
    Type::Vector { elem, len }
}

/// A vector of so many elements, of another element than 16 bits by a product.
fn elements(graph: &mut Graph, elem: Elem, len: usize) -> NodeId {
    let values = add_const(graph, "vector", Data::Vector(vec![1; len]));
    let input = add(graph, Graph::ENTRY, Op::Constant { values: vec![values] });
    if elem == Elem::I16 {
        return input;
    }
    let ones = Data::Matrix { rows: len, cols: len, bits: 2, values: vec![1; len * len] };
    let ones = add_const(graph, "ones", ones);
    let weights = add(graph, Graph::ENTRY, Op::Constant { values: vec![ones] });
    add(graph, Graph::ENTRY, Op::Product { input, weights, sum: elem })
}

#[test]
fn every_operation_is_typed_in_a_good_graph() {
    let graph = story();
    let of = |number| graph.nodes[node(&graph, number)].ty;
    assert_eq!([of(1), of(2), of(5)], [Type::Tokens { below: 3 }, Type::Unit, Type::Index { below: 2 }]);
    assert_eq!([of(7), of(8)], [Type::Index { below: 3 }, Type::Index { below: 5 }]);
    assert_eq!([of(9), of(10), of(11)], [vector(Elem::I16, 4), vector(Elem::I16, 4), vector(Elem::I8, 4)]);
    assert_eq!([of(12), of(13), of(14)], [Type::Unit, Type::Rows { rows: 3, len: 4 }, vector(Elem::I8, 4)]);
    assert_eq!([of(16), of(17), of(18)], [vector(Elem::I16, 3), vector(Elem::I16, 3), vector(Elem::I8, 3)]);
    assert_eq!([of(19), of(20), of(22)], [vector(Elem::I8, 3), vector(Elem::I8, 3), Type::Unit]);
    let shown = [of(1), of(13), of(3)].map(|ty| ty.to_string());
    assert_eq!(shown, ["tokens<3>", "rows[3, 4]", "i4[3, 4]"]);
}

#[test]
fn what_is_named_exists() {
    refused(
        |g| Op::Tokenize { text: node(g, 0), tokenizer: beyond(&g.consts) },
        "tokenize: constant #6 does not exist",
    );
    refused(|g| Op::Add { a: node(g, 9), b: beyond(&g.nodes) }, "add: operand #23 does not exist");
    refused(
        |g| Op::Multiply { a: beyond(&g.nodes), b: node(g, 9), bits: 0 },
        "multiply: operand #23 does not exist",
    );
    refused(
        |g| Op::Gather { index: node(g, 7), weights: beyond(&g.nodes), scale: constant(g, "scale") },
        "gather: operand #23 does not exist",
    );
    refused(
        |g| Op::Rotate {
            input: node(g, 9),
            position: beyond(&g.nodes),
            steps: constant(g, "steps"),
            bits: 0,
        },
        "rotate: operand #23 does not exist",
    );
    refused(
        |g| Op::Rescale { input: node(g, 9), scale: beyond(&g.consts), elem: Elem::I8 },
        "rescale: constant #6 does not exist",
    );
    refused(
        |g| Op::Table { input: node(g, 11), table: beyond(&g.consts) },
        "table: constant #6 does not exist",
    );
    let attend = |g: &Graph, [query, keys, values]: [NodeId; 3]| Op::Attend {
        query,
        keys,
        values,
        head: 2,
        table: constant(g, "halves"),
        bits: 0,
    };
    for at in 0..3 {
        let with = |g: &mut Graph| {
            let mut operands = [node(g, 11), node(g, 13), node(g, 13)];
            operands[at] = beyond(&g.nodes);
            attend(g, operands)
        };
        refused(with, "attend: operand #23 does not exist");
    }
    for (op, name) in [
        ((|g| Op::Take { state: beyond(&g.states) }) as fn(&Graph) -> Op, "take"),
        (|g| Op::Position { state: beyond(&g.states) }, "position"),
        (|g| Op::Waiting { state: beyond(&g.states) }, "waiting"),
        (|g| Op::Feed { state: beyond(&g.states), tokens: node(g, 1) }, "feed"),
        (|g| Op::Append { state: beyond(&g.states), value: node(g, 11) }, "append"),
    ] {
        refused(|g| op(g), &format!("{name}: the state does not exist"));
    }
}

#[test]
fn a_tokenizer_reads_a_text() {
    let tokenize = |g: &Graph, text, name| Op::Tokenize { text, tokenizer: constant(g, name) };
    refused(|g| tokenize(g, node(g, 9), "tokenizer"), "tokenize: %9 is i16[4], not a text");
    refused(|g| tokenize(g, node(g, 0), "scale"), "tokenize: @scale is no tokenizer");
}

#[test]
fn tokens_wait_in_a_queue_of_their_vocabulary() {
    let feed = |g: &Graph, tokens| Op::Feed { state: queue(g), tokens };
    refused(|g| feed(g, node(g, 9)), "feed: %9 is i16[4], not tokens below 3");
    refused(|g| feed(g, node(g, 0)), "feed: %0 is text[9], not tokens below 3");
    refused(|g| feed(g, node(g, 5)), "feed: %5 is index<2>, not tokens below 3");
    let tokens = |g: &mut Graph| {
        let ty = StateType::Tokens { below: 4, most: 5 };
        let state = g.states.push(State { name: "others".into(), owner: Graph::ENTRY, ty, kept: false });
        Op::Feed { state, tokens: node(g, 1) }
    };
    refused(tokens, "feed: %1 is tokens<3>, not tokens below 4");
    let no_queue = "$cache is rows[3, 4], not tokens";
    refused(|g| Op::Feed { state: cache(g), tokens: node(g, 1) }, &format!("feed: {no_queue}"));
    refused(|g| Op::Take { state: cache(g) }, &format!("take: {no_queue}"));
    refused(|g| Op::Position { state: cache(g) }, &format!("position: {no_queue}"));
    refused(|g| Op::Waiting { state: cache(g) }, &format!("waiting: {no_queue}"));
    let mut other = chat();
    let state = window(&other);
    let error = ill_typed(&mut other, Op::Take { state }).to_string();
    assert_eq!(error, "take: $window is text[4], not tokens");
    let state = add_state(&mut other, Graph::ENTRY, "latent", &[1]);
    let error = ill_typed(&mut other, Op::Waiting { state }).to_string();
    assert_eq!(error, "waiting: $latent is i16[1], not tokens");
    refused(|g| Op::Read { state: queue(g) }, "read: $tokens holds tokens, which are taken");
}

/// What a queue or a cache holds is neither pushed nor written.
#[test]
fn queues_and_caches_are_changed_by_their_own_operations() {
    let push = |g: &Graph, state| Op::Push { state, text: node(g, 0) };
    refused(|g| push(g, queue(g)), "push: $tokens is tokens<3>, not a text");
    refused(|g| push(g, cache(g)), "push: $cache is rows[3, 4], not a text");
    let write = |state, value| Op::Write { state, value };
    refused(|g| write(queue(g), node(g, 1)), "write: $tokens is tokens<3>, not a vector");
    refused(|g| write(cache(g), node(g, 13)), "write: $cache is rows[3, 4], not a vector");
}

#[test]
fn rows_are_gathered_of_a_matrix_by_a_small_index() {
    let gather = |g: &Graph, index, weights, scale| Op::Gather { index, weights, scale: constant(g, scale) };
    let good = typed(|g| gather(g, node(g, 7), node(g, 3), "scale"));
    assert_eq!(good, vector(Elem::I16, 4));
    assert_eq!(typed(|g| gather(g, node(g, 5), node(g, 3), "scale")), vector(Elem::I16, 4));
    refused(|g| gather(g, node(g, 7), node(g, 9), "scale"), "gather: %9 is i16[4], not a matrix");
    refused(|g| gather(g, node(g, 9), node(g, 3), "scale"), "gather: %9 is i16[4], not an index");
    refused(|g| gather(g, node(g, 8), node(g, 3), "scale"), "gather: an index below 5 for 3 rows");
    refused(|g| gather(g, node(g, 7), node(g, 3), "steps"), "gather: @steps is no scale");
    let short = |g: &mut Graph| {
        let scale = add_const(g, "short", Data::Scale { mantissas: vec![1; 4], shift: 0 });
        Op::Gather { index: node(g, 7), weights: node(g, 3), scale }
    };
    refused(short, "gather: 4 mantissas for 3 elements");
}

#[test]
fn sums_are_rescaled_to_fewer_bits() {
    let rescale = |g: &Graph, input, scale, elem| Op::Rescale { input, scale: constant(g, scale), elem };
    assert_eq!(typed(|g| rescale(g, node(g, 15), "scale", Elem::I8)), vector(Elem::I8, 3));
    assert_eq!(typed(|g| rescale(g, node(g, 18), "scale", Elem::I16)), vector(Elem::I16, 3));
    refused(|g| rescale(g, node(g, 0), "scale", Elem::I8), "rescale: %0 is text[9], not a vector");
    refused(|g| rescale(g, node(g, 15), "signs", Elem::I8), "rescale: @signs is no scale");
    refused(|g| rescale(g, node(g, 9), "scale", Elem::I8), "rescale: 3 mantissas for 4 elements");
    refused(|g| rescale(g, node(g, 15), "scale", Elem::I24), "rescale: to 24 bits; 8 and 16 are possible");
}

#[test]
fn two_vectors_of_one_kind_are_added_and_multiplied() {
    let pair = |g: &Graph, [a, b]: [usize; 2]| (node(g, a), node(g, b));
    let add_of = |g: &Graph, at| {
        let (a, b) = pair(g, at);
        Op::Add { a, b }
    };
    assert_eq!(typed(|g| add_of(g, [9, 10])), vector(Elem::I16, 4));
    assert_eq!(typed(|g| add_of(g, [18, 19])), vector(Elem::I8, 3));
    refused(|g| add_of(g, [9, 16]), "add: adds i16[4] and i16[3]");
    refused(|g| add_of(g, [9, 11]), "add: adds i16[4] and i8[4]");
    refused(|g| add_of(g, [15, 15]), "add: adds i24[3] and i24[3]");
    refused(|g| add_of(g, [9, 0]), "add: %0 is text[9], not a vector");
    refused(|g| add_of(g, [7, 9]), "add: %7 is index<3>, not a vector");
    let multiply = |g: &Graph, at, bits| {
        let (a, b) = pair(g, at);
        Op::Multiply { a, b, bits }
    };
    assert_eq!(typed(|g| multiply(g, [11, 14], 15)), vector(Elem::I8, 4));
    refused(|g| multiply(g, [11, 14], 16), "multiply: by 16 bits");
    refused(|g| multiply(g, [11, 18], 0), "multiply: multiplies i8[4] and i8[3]");
    refused(|g| multiply(g, [9, 9], 0), "multiply: multiplies i16[4] and i16[4]");
    refused(|g| multiply(g, [9, 11], 0), "multiply: multiplies i16[4] and i8[4]");
    refused(|g| multiply(g, [0, 11], 0), "multiply: %0 is text[9], not a vector");
    refused(|g| multiply(g, [11, 13], 0), "multiply: %13 is rows[3, 4], not a vector");
}

#[test]
fn norms_have_whole_groups_of_16_bits() {
    let norm = |input, group| Op::Norm { input, group, down: 8 };
    for group in [1, 2, 4] {
        assert_eq!(typed(|g| norm(node(g, 9), group)), vector(Elem::I16, 4));
    }
    refused(|g| Op::Norm { input: node(g, 9), group: 4, down: 9 }, "norm: by 9 bits");
    refused(|g| norm(node(g, 9), 0), "norm: of i16[4] by 0");
    refused(|g| norm(node(g, 9), 3), "norm: of i16[4] by 3");
    refused(|g| norm(node(g, 9), 8), "norm: of i16[4] by 8");
    refused(|g| norm(node(g, 11), 2), "norm: of i8[4] by 2");
    refused(|g| norm(node(g, 15), 3), "norm: of i24[3] by 3");
    refused(|g| norm(node(g, 13), 2), "norm: %13 is rows[3, 4], not a vector");
}

#[test]
fn at_most_16_bits_are_narrowed() {
    let narrow = |input, bits| Op::Narrow { input, bits };
    assert_eq!(typed(|g| narrow(node(g, 9), 15)), vector(Elem::I8, 4));
    assert_eq!(typed(|g| narrow(node(g, 11), 0)), vector(Elem::I8, 4));
    refused(|g| narrow(node(g, 9), 16), "narrow: by 16 bits");
    refused(|g| narrow(node(g, 15), 0), "narrow: of 24 bits");
    refused(|g| narrow(node(g, 1), 0), "narrow: %1 is tokens<3>, not a vector");
}

#[test]
fn pairs_of_16_bits_turn() {
    let rotate = |g: &Graph, input, position, steps, bits| Op::Rotate {
        input: node(g, input),
        position: node(g, position),
        steps: constant(g, steps),
        bits,
    };
    assert_eq!(typed(|g| rotate(g, 9, 8, "steps", 22)), vector(Elem::I8, 4));
    refused(|g| rotate(g, 9, 9, "steps", 9), "rotate: %9 is i16[4], not an index");
    refused(|g| rotate(g, 9, 8, "scale", 9), "rotate: @scale holds no steps");
    refused(|g| rotate(g, 0, 8, "steps", 9), "rotate: %0 is text[9], not a vector");
    refused(|g| rotate(g, 9, 8, "steps", 23), "rotate: by 23 bits");
    refused(|g| rotate(g, 11, 8, "steps", 9), "rotate: of i8[4] in 2 pairs");
    refused(|g| rotate(g, 16, 8, "steps", 9), "rotate: of i16[3] in 2 pairs");
    let with = |len: usize, steps: usize| {
        move |g: &mut Graph| {
            let input = elements(g, Elem::I16, len);
            let steps = add_const(g, "other", Data::Steps(vec![0; steps]));
            Op::Rotate { input, position: node(g, 8), steps, bits: 0 }
        }
    };
    refused(with(4, 0), "rotate: of i16[4] in 0 pairs");
    refused(with(6, 2), "rotate: of i16[6] in 2 pairs");
    // Heads of two pairs.
    assert_eq!(typed(with(12, 2)), vector(Elem::I8, 12));
}

#[test]
fn a_cache_takes_rows_of_bytes() {
    let append = |g: &Graph, value| Op::Append { state: cache(g), value: node(g, value) };
    refused(|g| append(g, 9), "append: i16[4] is no row of 4 bytes");
    refused(|g| append(g, 18), "append: i8[3] is no row of 4 bytes");
    refused(|g| append(g, 13), "append: %13 is rows[3, 4], not a vector");
    refused(
        |g| Op::Append { state: queue(g), value: node(g, 11) },
        "append: $tokens is tokens<3>, not a cache",
    );
    let mut other = chat();
    let (state, value) = (window(&other), node(&other, 4));
    let error = ill_typed(&mut other, Op::Append { state, value }).to_string();
    assert_eq!(error, "append: $window is text[4], not a cache");
}

#[test]
fn attention_has_heads_in_rows() {
    /// Attention in rows of so many bytes.
    fn attend(len: usize, width: usize, head: usize, elem: Elem) -> impl Fn(&mut Graph) -> Op {
        move |g| {
            let query = elements(g, elem, len);
            let ty = StateType::Cache { rows: 3, len: width };
            let state = g.states.push(State { name: "other".into(), owner: Graph::ENTRY, ty, kept: false });
            let rows = add(g, Graph::ENTRY, Op::Read { state });
            Op::Attend { query, keys: rows, values: rows, head, table: constant(g, "halves"), bits: 23 }
        }
    }
    assert_eq!(typed(attend(8, 4, 2, Elem::I8)), vector(Elem::I8, 8));
    assert_eq!(typed(attend(4, 4, 4, Elem::I8)), vector(Elem::I8, 4));
    refused(attend(4, 4, 3, Elem::I8), "attend: i8[4] attends to rows of 4 by 3");
    refused(attend(4, 4, 0, Elem::I8), "attend: i8[4] attends to rows of 4 by 0");
    refused(attend(4, 4, 8, Elem::I8), "attend: i8[4] attends to rows of 4 by 8");
    refused(attend(6, 4, 2, Elem::I8), "attend: i8[6] attends to rows of 4 by 2");
    refused(attend(2, 4, 2, Elem::I8), "attend: i8[2] attends to rows of 4 by 2");
    refused(attend(4, 4, 2, Elem::I16), "attend: i16[4] attends to rows of 4 by 2");
    let of = |g: &Graph, [query, keys, values]: [usize; 3], table| Op::Attend {
        query: node(g, query),
        keys: node(g, keys),
        values: node(g, values),
        head: 2,
        table: constant(g, table),
        bits: 0,
    };
    let wide = |g: &mut Graph| match attend(4, 4, 4, Elem::I8)(g) {
        Op::Attend { query, keys, values, head, table, .. } => {
            Op::Attend { query, keys, values, head, table, bits: 24 }
        }
        op => op,
    };
    refused(wide, "attend: by 24 bits");
    refused(|g| of(g, [13, 13, 13], "halves"), "attend: %13 is rows[3, 4], not a vector");
    refused(|g| of(g, [11, 11, 13], "halves"), "attend: attends to i8[4] and rows[3, 4]");
    refused(|g| of(g, [11, 13, 11], "halves"), "attend: attends to rows[3, 4] and i8[4]");
    refused(|g| of(g, [11, 11, 11], "halves"), "attend: attends to i8[4] and i8[4]");
    refused(|g| of(g, [11, 13, 13], "signs"), "attend: @signs holds no weights of attention");
    for (rows, len) in [(4, 4), (3, 2)] {
        let other = |g: &mut Graph| {
            let ty = StateType::Cache { rows, len };
            let state = g.states.push(State { name: "other".into(), owner: Graph::ENTRY, ty, kept: false });
            let values = add(g, Graph::ENTRY, Op::Read { state });
            let (query, keys) = (node(g, 11), node(g, 13));
            Op::Attend { query, keys, values, head: 2, table: constant(g, "halves"), bits: 0 }
        };
        refused(other, &format!("attend: attends to rows[3, 4] and rows[{rows}, {len}]"));
    }
}

#[test]
fn tables_are_read_by_bytes() {
    let table = |g: &Graph, input, table| Op::Table { input: node(g, input), table: constant(g, table) };
    assert_eq!(typed(|g| table(g, 11, "signs")), vector(Elem::I8, 4));
    refused(|g| table(g, 9, "signs"), "table: of i16; 8 bits are possible");
    refused(|g| table(g, 15, "signs"), "table: of i24; 8 bits are possible");
    refused(|g| table(g, 11, "halves"), "table: @halves is no table of bytes");
    refused(|g| table(g, 7, "signs"), "table: %7 is index<3>, not a vector");
}

/// A token is looked up among the pieces of all.
#[test]
fn tokens_have_pieces() {
    let pieces = |count: usize| {
        move |g: &mut Graph| {
            let table = add_const(g, "pieces", Data::Pieces(vec![b"ab".to_vec(); count]));
            Op::Lookup { index: node(g, 7), table }
        }
    };
    assert_eq!(typed(pieces(3)), Type::Text { max: 2 });
    refused(pieces(4), "lookup: 3 indices for 4 entries");
    refused(
        |g| Op::Lookup { index: node(g, 7), table: constant(g, "tokenizer") },
        "lookup: @tokenizer is no table of texts",
    );
    for data in [Data::Steps(vec![1]), Data::Weights(halves()), Data::Bytes(signs())] {
        let one = |g: &mut Graph| Op::Constant { values: vec![add_const(g, "table", data)] };
        refused(one, "constant: @table is neither vector nor matrix");
    }
    let other = |g: &mut Graph| {
        let values = vec![0; 12];
        let wide = add_const(g, "wide", Data::Matrix { rows: 3, cols: 4, bits: 5, values });
        Op::Constant { values: vec![constant(g, "weights"), wide] }
    };
    refused(other, "constant: @wide is i5[3, 4], in another round it is i4[3, 4]");
}
