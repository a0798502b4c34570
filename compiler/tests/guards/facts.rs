//! What the range analysis proves: the bounds of a small graph to the number, and that they hold when it runs.

use crate::graphs::{add, add_const, add_loop, at, chat, constant, node, one, steps};
use mlc_compiler::eval::{Value, run_observed};
use mlc_compiler::ir::{Data, Elem, Encoder, Facts, Graph, Interval, Op, State, StateType};
use mlc_compiler::pass::analyse;

fn facts(graph: &Graph, number: usize) -> &Facts {
    &graph.nodes[node(graph, number)].facts
}

fn bounds(graph: &Graph, number: usize) -> Vec<(i64, i64)> {
    facts(graph, number).range.iter().map(|r| (r.least, r.most)).collect()
}

/// Queries of up to 9 bytes have 9 trigrams, a window of 4 has 9 n-grams.
#[test]
fn bounds_of_each_operation() {
    let (rewritten, wraps) = analyse(&chat(), 9);
    let g = &rewritten.graph;
    assert_eq!(rewritten.summary, "no accumulator leaves 16 bits (largest magnitude 583)");
    assert_eq!(wraps, []);
    let known = |n: usize| (facts(g, n).total, facts(g, n).multiple_of);
    assert_eq!((bounds(g, 1), known(1)), (vec![(0, 9); 2], (Some(9), 1)));
    assert_eq!((bounds(g, 2), known(2)), (vec![(0, 288); 2], (Some(288), 32)));
    assert_eq!((bounds(g, 4), known(4)), (vec![(5, 5), (-7, -7), (0, 0)], (None, 1)));
    assert_eq!((bounds(g, 8), known(8)), (vec![(0, 288); 2], (Some(288), 32)));
    assert_eq!((bounds(g, 9), known(9)), (vec![(0, 288); 4], (Some(576), 32)));
    // Weights 1 0 -1 1, 0 1 1 -2 and -1 1 0 1 on inputs that are 576 together.
    assert_eq!((bounds(g, 10), known(10)), (vec![(-288, 576), (-576, 576), (-288, 576)], (None, 32)));
    assert_eq!((bounds(g, 11), known(11)), (vec![(-283, 581), (-583, 569), (-288, 576)], (None, 1)));
    assert_eq!((bounds(g, 12), known(12)), (vec![(-71, 145), (-146, 142), (-72, 144)], (None, 1)));
    for without in [0, 3, 5, 6, 13, 14, 15, 16, 17] {
        assert_eq!(facts(g, without), &Facts::default(), "%{without}");
    }
}

#[test]
fn rectified_values_have_bounds() {
    let mut graph = chat();
    let value = add_const(&mut graph, "three", Data::Vector(vec![17, 13, -30]));
    let input = add(&mut graph, Graph::ENTRY, one(value));
    add(&mut graph, Graph::ENTRY, Op::Relu { input });
    let g = analyse(&graph, 9).0.graph;
    assert_eq!(bounds(&g, 18), [(17, 17), (13, 13), (-30, -30)]);
    assert_eq!(bounds(&g, 19), [(17, 17), (13, 13), (0, 0)]);
}

/// A constant by round is bounded by all of its values, a product by all of its matrices, a state by its element.
#[test]
fn bounds_hold_in_every_round() {
    let mut graph = chat();
    let body = add_loop(&mut graph, Graph::ENTRY, 2);
    let vectors = [[6, -9], [4, 12]].map(|v| add_const(&mut graph, "vector", Data::Vector(v.to_vec())));
    let input = add(&mut graph, body, Op::Constant { values: vectors.to_vec() });
    let matrices = [[1, -2], [0, 1]].map(|w| {
        add_const(&mut graph, "matrix", Data::Matrix { rows: 1, cols: 2, bits: 2, values: w.to_vec() })
    });
    let weights = add(&mut graph, body, Op::Constant { values: matrices.to_vec() });
    add(&mut graph, body, Op::Product { input, weights, sum: Elem::I16 });
    for elem in [Elem::I8, Elem::I24] {
        let ty = StateType::Vector { elem, start: vectors[0] };
        let state = graph.states.push(State { name: "state".into(), owner: body, ty, kept: false });
        add(&mut graph, body, Op::Read { state });
    }
    let g = analyse(&graph, 9).0.graph;
    assert_eq!((bounds(&g, 19), facts(&g, 19).multiple_of), (vec![(4, 6), (-9, 12)], 1));
    assert_eq!(facts(&g, 20), &Facts::default());
    // 4..6 less twice -9..12, or -9..12 alone.
    assert_eq!(bounds(&g, 21), [(-20, 24)]);
    assert_eq!(bounds(&g, 22), [(-128, 127); 2]);
    assert_eq!(bounds(&g, 23), [(-8_388_608, 8_388_607); 2]);
}

/// A sum of 8 bits may have wrapped: whoever multiplies it in 16 bits multiplies what is left of it.
#[test]
fn wider_products_are_bounded_by_the_elements_of_their_input() {
    let mut graph = chat();
    let value = add_const(&mut graph, "two", Data::Vector(vec![300, 7]));
    let input = add(&mut graph, Graph::ENTRY, one(value));
    let values = vec![1, 0, 0, 1];
    let weights = add_const(&mut graph, "same", Data::Matrix { rows: 2, cols: 2, bits: 2, values });
    let weights = add(&mut graph, Graph::ENTRY, one(weights));
    let narrow = add(&mut graph, Graph::ENTRY, Op::Product { input, weights, sum: Elem::I8 });
    let wide = add(&mut graph, Graph::ENTRY, Op::Product { input: narrow, weights, sum: Elem::I16 });
    add(&mut graph, Graph::ENTRY, Op::Product { input: wide, weights, sum: Elem::I8 });
    let input = add(&mut graph, Graph::ENTRY, Op::Scale { input: wide, factor: 1000 });
    add(&mut graph, Graph::ENTRY, Op::Relu { input });
    let g = analyse(&graph, 9).0.graph;
    assert_eq!(bounds(&g, 20), [(300, 300), (7, 7)], "of 300, which is 44 in 8 bits");
    assert_eq!(bounds(&g, 21), [(-128, 127), (7, 7)]);
    assert_eq!((bounds(&g, 22), facts(&g, 22).multiple_of), (vec![(-128, 127), (7, 7)], 1));
    assert_eq!((bounds(&g, 23), facts(&g, 23).multiple_of), (vec![(-128_000, 127_000), (7000, 7000)], 1000));
    assert_eq!(bounds(&g, 24), [(0, 32767), (7000, 7000)]);
}

/// The longest query bounds what is counted of the query, not what is counted of other texts.
#[test]
fn counts_are_bounded_by_their_own_text() {
    let mut graph = chat();
    let labels = Data::Labels(vec![String::new(), "twelve bytes".into(), "five!".into()]);
    let table = add_const(&mut graph, "labels", labels);
    let body = steps(&graph);
    let index = node(&graph, 13);
    let text = add(&mut graph, body, Op::Lookup { index, table });
    let (trigrams, ngrams) = (Encoder::Trigrams { buckets: 1, bands: 1 }, Encoder::Ngrams { buckets: 1 });
    add(&mut graph, body, Op::Encode { text, encoder: trigrams });
    add(&mut graph, body, Op::Encode { text, encoder: ngrams });
    let text = node(&graph, 0);
    add(&mut graph, body, Op::Encode { text, encoder: ngrams });
    let g = analyse(&graph, 5).0.graph;
    assert_eq!(facts(&g, 1).total, Some(5));
    assert_eq!((bounds(&g, 19), facts(&g, 19).total), (vec![(0, 12)], Some(12)));
    assert_eq!((bounds(&g, 20), facts(&g, 20).total), (vec![(0, 12 + 11 + 10)], Some(33)));
    assert_eq!((bounds(&g, 21), facts(&g, 21).total), (vec![(0, 5 + 4 + 3)], Some(12)));
}

/// However often a vector is doubled or scaled before somebody shifts it.
#[test]
fn bounds_do_not_leave_64_bits() {
    let mut graph = chat();
    let mut doubled = node(&graph, 1);
    let mut scaled = doubled;
    for _ in 0..100 {
        doubled = add(&mut graph, Graph::ENTRY, Op::Sum { terms: vec![doubled; 2] });
        scaled = add(&mut graph, Graph::ENTRY, Op::Scale { input: scaled, factor: -32768 });
    }
    let g = analyse(&graph, 9).0.graph;
    for id in [doubled, scaled] {
        let facts = &g.nodes[id].facts;
        assert!(facts.range.iter().all(|r| r.least <= -32768 && r.most >= 32767), "{facts:?}");
    }
    for query in ["a", "hello"] {
        hold(&g, query);
    }
}

#[test]
fn an_accumulator_that_can_leave_16_bits_is_reported_and_bounded_by_them() {
    let mut graph = chat();
    let bias = constant(&graph, "bias");
    graph.consts[bias].data = Data::Vector(vec![32_767, -32_768, 0]);
    let (rewritten, wraps) = analyse(&graph, 9);
    let said: Vec<_> = wraps.iter().map(|w| (w.layer.as_str(), w.neuron, w.range)).collect();
    assert_eq!(
        said,
        [("test", 0, Interval::new(32_479, 33_343)), ("test", 1, Interval::new(-33_344, -32_192))]
    );
    assert_eq!(rewritten.summary, "2 accumulators can leave 16 bits (largest magnitude 33344)");
    assert_eq!(bounds(&rewritten.graph, 12), [(-8192, 8191), (-8192, 8191), (-72, 144)]);
}

/// Accumulators of each width, of sums that reach 288.
#[test]
fn the_summary_says_how_many_bits_accumulators_have() {
    let summary = |elems: &[Elem]| {
        let (mut g, entry) = (Graph::new("test"), Graph::ENTRY);
        let text = add(&mut g, entry, Op::Query { max_length: 9, as_typed: false });
        let encoder = Encoder::Trigrams { buckets: 2, bands: 1 };
        let input = add(&mut g, entry, Op::Encode { text, encoder });
        let input = add(&mut g, entry, Op::Scale { input, factor: 32 });
        let weights =
            add_const(&mut g, "weights", Data::Matrix { rows: 1, cols: 2, bits: 2, values: vec![1, 1] });
        let weights = add(&mut g, entry, one(weights));
        for &sum in elems {
            let input = add(&mut g, entry, Op::Product { input, weights, sum });
            add(&mut g, entry, Op::Shift { input, bits: 2 });
        }
        analyse(&g, 9).0.summary
    };
    let (none, said) = ("no accumulator leaves", "(largest magnitude 288)");
    assert_eq!(summary(&[Elem::I24]), format!("{none} 24 bits {said}"));
    assert_eq!(summary(&[Elem::I16, Elem::I16]), format!("{none} 16 bits {said}"));
    assert_eq!(summary(&[Elem::I16, Elem::I24]), format!("{none} its bits {said}"));
    assert_eq!(summary(&[]), format!("{none} its bits {said}"));
    assert_eq!(summary(&[Elem::I8, Elem::I16]), format!("1 accumulator can leave 8 bits {said}"));
}

/// Compares what is proven with what is computed, where bounds lie within the limits of 16 bits. Gives how many vectors.
fn hold(graph: &Graph, query: &str) -> usize {
    let mut compared = 0;
    run_observed(graph, query.as_bytes(), &mut |id, value| {
        let Value::Vector(values) = value else { return };
        let facts = &graph.nodes[id].facts;
        assert_eq!(facts.range.len(), values.len());
        if !facts.range.iter().all(|range| Interval::I16.contains(*range)) {
            return;
        }
        for (&v, range) in values.iter().zip(&facts.range) {
            assert!(range.contains(Interval::point(v.into())), "{query}: {v} is not in {range}");
            let multiple =
                if facts.multiple_of == 0 { v == 0 } else { i64::from(v) % facts.multiple_of == 0 };
            assert!(multiple, "{query}: {v} is no multiple of {}", facts.multiple_of);
        }
        let sum: i64 = values.iter().map(|&v| i64::from(v)).sum();
        assert!(facts.total.is_none_or(|total| sum <= total), "{query}: {sum}");
        compared += 1;
    });
    compared
}

/// Whatever is proven holds for values that are computed.
#[test]
fn proven_facts_hold() {
    let graph = analyse(&chat(), 9).0.graph;
    let queries = ["a", "hello", "what now", "zzzzzzzzz", "a b c d e", "?!"];
    let compared: usize = queries.iter().map(|query| hold(&graph, query)).sum();
    assert!(compared > 50, "{compared} values");
}

#[test]
fn intervals() {
    let r = Interval::new;
    assert!(r(-3, 5).contains(r(-3, 5)) && r(-3, 5).contains(r(0, 0)));
    assert!(!r(-3, 5).contains(r(-4, 0)) && !r(-3, 5).contains(r(0, 6)));
    assert_eq!(r(-3, 5).hull(r(0, 9)), r(-3, 9));
    assert_eq!(r(-3, 5) + r(10, 20), r(7, 25));
    assert_eq!(r(-3, 5).map(|x| x >> 1), r(-2, 2));
    assert_eq!(Interval::point(7), r(7, 7));
    assert_eq!(Interval::I16, r(-32768, 32767));
    assert_eq!(r(-3, 5).to_string(), "-3..5");
    let facts = Facts { range: vec![r(0, 1), r(-9, -8)], ..Facts::default() };
    assert_eq!((facts.hull(), Facts::default().hull()), (Some(r(-9, 1)), None));
}

/// Facts are of no meaning: without them a graph computes the same.
#[test]
fn facts_change_no_result() {
    let graph = analyse(&chat(), 9).0.graph;
    let mut without = graph.clone();
    (0..graph.nodes.len()).for_each(|n| at(&mut without, n).facts = Facts::default());
    assert_ne!(graph, without);
    for query in ["a", "hello", "what now"] {
        let run = |g: &Graph| mlc_compiler::eval::run(g, query.as_bytes());
        assert_eq!(run(&graph), run(&without));
    }
}
