//! Arithmetic on vectors of 8, 16 and 24 bits.

use crate::blocks::constant;
use crate::graphs::{add, add_const, add_loop, one};
use crate::states::shown;
use mlc_compiler::ir::{BlockId, Data, Elem, Graph, NodeId, Op, State, StateType};

/// A square matrix with these weights on its diagonal.
fn diagonal(graph: &mut Graph, block: BlockId, weights: &[i8]) -> NodeId {
    let n = weights.len();
    let values = (0..n * n).map(|at| if at / n == at % n { weights[at / n] } else { 0 }).collect();
    let matrix = add_const(graph, "diagonal", Data::Matrix { rows: n, cols: n, bits: 2, values });
    add(graph, block, one(matrix))
}

/// The same vector in another element, modulo its size.
fn cast(graph: &mut Graph, input: NodeId, sum: Elem) -> NodeId {
    let weights = diagonal(graph, Graph::ENTRY, &vec![1; graph.width(input)]);
    add(graph, Graph::ENTRY, Op::Product { input, weights, sum })
}

/// Shows a vector of at most 16 bits among the logits.
fn show(graph: &mut Graph, input: NodeId) {
    add(graph, Graph::ENTRY, Op::ArgMax { input });
}

#[test]
fn products_wrap_to_the_element_of_their_sum() {
    let mut g = Graph::new("test");
    let x = constant(&mut g, Graph::ENTRY, &[127, 128, -129, 300, 32767, -32768]);
    let eight = cast(&mut g, x, Elem::I8);
    show(&mut g, eight);
    let doubled = diagonal(&mut g, Graph::ENTRY, &[-2; 6]);
    let doubled = add(&mut g, Graph::ENTRY, Op::Product { input: x, weights: doubled, sum: Elem::I16 });
    show(&mut g, doubled);
    // 24 bits hold what 16 do not: the doubles, halved, come back.
    let wide = diagonal(&mut g, Graph::ENTRY, &[-2; 6]);
    let wide = add(&mut g, Graph::ENTRY, Op::Product { input: x, weights: wide, sum: Elem::I24 });
    let halved = add(&mut g, Graph::ENTRY, Op::Shift { input: wide, bits: 1 });
    let halved = cast(&mut g, halved, Elem::I16);
    show(&mut g, halved);
    assert_eq!(
        shown(&g),
        [
            vec![127, -128, 127, 44, -1, 0],
            vec![-254, -256, 258, -600, 2, 0],
            vec![-127, -128, 129, -300, -32767, -32768],
        ]
    );
}

#[test]
fn sums_wrap_to_their_element() {
    let mut g = Graph::new("test");
    let x = constant(&mut g, Graph::ENTRY, &[100, -100]);
    let eight = cast(&mut g, x, Elem::I8);
    let sum = add(&mut g, Graph::ENTRY, Op::Sum { terms: vec![eight, eight] });
    show(&mut g, sum);
    let x = constant(&mut g, Graph::ENTRY, &[30000, -30000]);
    let sum = add(&mut g, Graph::ENTRY, Op::Sum { terms: vec![x, x, x] });
    show(&mut g, sum);
    // The same sum of 24 bits, 90,000 and -90,000, divided by 4.
    let wide = cast(&mut g, x, Elem::I24);
    let sum = add(&mut g, Graph::ENTRY, Op::Sum { terms: vec![wide, wide, wide] });
    let quarter = add(&mut g, Graph::ENTRY, Op::Shift { input: sum, bits: 2 });
    let quarter = cast(&mut g, quarter, Elem::I16);
    show(&mut g, quarter);
    assert_eq!(shown(&g), [[-56, 56], [24464, -24464], [22500, -22500]]);
}

#[test]
fn scaled_vectors_wrap_and_shifts_and_relu_keep_the_element() {
    let mut g = Graph::new("test");
    let x = constant(&mut g, Graph::ENTRY, &[3, -3, 127]);
    let eight = cast(&mut g, x, Elem::I8);
    let scaled = add(&mut g, Graph::ENTRY, Op::Scale { input: eight, factor: 50 });
    show(&mut g, scaled);
    let shifted = add(&mut g, Graph::ENTRY, Op::Shift { input: scaled, bits: 3 });
    show(&mut g, shifted);
    let rectified = add(&mut g, Graph::ENTRY, Op::Relu { input: shifted });
    show(&mut g, rectified);
    assert_eq!(shown(&g), [[-106, 106, -50], [-14, 13, -7], [0, 13, 0]]);
}

/// 32,767 · 257 = 8,421,119 is 2^24 too large for 24 bits.
#[test]
fn the_largest_numbers_of_24_bits_wrap() {
    let mut g = Graph::new("test");
    let x = constant(&mut g, Graph::ENTRY, &[32767, -32768]);
    let wide = cast(&mut g, x, Elem::I24);
    let scaled = add(&mut g, Graph::ENTRY, Op::Scale { input: wide, factor: 257 });
    let shifted = add(&mut g, Graph::ENTRY, Op::Shift { input: scaled, bits: 8 });
    let shown_of = cast(&mut g, shifted, Elem::I16);
    show(&mut g, shown_of);
    let (a, b) = (8_421_119 - (1 << 24), -8_421_376 + (1 << 24));
    assert_eq!(shown(&g), [[(a >> 8) as i16, (b >> 8) as i16]]);
    assert_eq!((a >> 8, b >> 8), (-32642, 32640));
}

/// 100 more in each round, 8 bits wide.
#[test]
fn states_hold_their_element() {
    let mut g = Graph::new("test");
    let start = add_const(&mut g, "start", Data::Vector(vec![-128, 127]));
    let more = constant(&mut g, Graph::ENTRY, &[100, 100]);
    let more = cast(&mut g, more, Elem::I8);
    let body = add_loop(&mut g, Graph::ENTRY, 3);
    let ty = StateType::Vector { elem: Elem::I8, start };
    let state = g.states.push(State { name: "latent".into(), owner: body, ty, kept: false });
    let now = add(&mut g, body, Op::Read { state });
    add(&mut g, body, Op::ArgMax { input: now });
    let value = add(&mut g, body, Op::Sum { terms: vec![now, more] });
    add(&mut g, body, Op::Write { state, value });
    assert_eq!(shown(&g), [[-128, 127], [-28, -29], [72, 71]]);
}

#[test]
fn vectors_are_joined_in_order_and_the_first_of_equals_is_the_largest() {
    let mut g = Graph::new("test");
    let (a, b) = (constant(&mut g, Graph::ENTRY, &[1, 9]), constant(&mut g, Graph::ENTRY, &[9]));
    let joined = add(&mut g, Graph::ENTRY, Op::Concat { inputs: vec![b, a, b] });
    let index = add(&mut g, Graph::ENTRY, Op::ArgMax { input: joined });
    let table = add_const(&mut g, "letters", Data::Charset(b"abcd".to_vec()));
    let text = add(&mut g, Graph::ENTRY, Op::Lookup { index, table });
    add(&mut g, Graph::ENTRY, Op::Emit { text });
    assert_eq!(shown(&g), [[9, 1, 9, 9]]);
    assert_eq!(crate::blocks::reply(&g), "a");
}
