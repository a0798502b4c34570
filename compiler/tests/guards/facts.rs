//! What the range analysis proves: the bounds of a small graph to the number, and that they hold when it runs.

use crate::graphs::{add, add_const, at, chat, constant, node};
use mlc_compiler::eval::{Value, run_observed};
use mlc_compiler::ir::{Data, Facts, Fold, Graph, Interval, Op};
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
    assert_eq!((bounds(g, 7), known(7)), (vec![(0, 288); 2], (Some(288), 32)));
    assert_eq!((bounds(g, 8), known(8)), (vec![(0, 288); 4], (Some(576), 32)));
    // Weights 1 0 -1 1, 0 1 1 -2 and -1 1 0 1 on inputs that are 576 together.
    assert_eq!((bounds(g, 9), known(9)), (vec![(-288, 576), (-576, 576), (-288, 576)], (None, 32)));
    assert_eq!((bounds(g, 10), known(10)), (vec![(-283, 581), (-583, 569), (-288, 576)], (None, 1)));
    assert_eq!((bounds(g, 11), known(11)), (vec![(-71, 145), (-146, 142), (-72, 144)], (None, 1)));
    for without in [0, 3, 5, 12, 13, 14, 15, 16] {
        assert_eq!(facts(g, without), &Facts::default(), "%{without}");
    }
}

#[test]
fn shared_sums_and_rectified_values_have_bounds() {
    let mut graph = chat();
    let folds = vec![Fold { from: 3, plus: 0, other: 1, minus: true }];
    let folds = add_const(&mut graph, "folds", Data::Folds { outputs: 3, folds });
    let value = add_const(&mut graph, "four", Data::Vector(vec![10, 20, -30, 7]));
    let input = add(&mut graph, Graph::ENTRY, Op::Constant { value });
    let input = add(&mut graph, Graph::ENTRY, Op::Fold { input, folds });
    add(&mut graph, Graph::ENTRY, Op::Relu { input });
    let g = analyse(&graph, 9).0.graph;
    assert_eq!(bounds(&g, 18), [(17, 17), (13, 13), (-30, -30)]);
    assert_eq!(bounds(&g, 19), [(17, 17), (13, 13), (0, 0)]);
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
    assert_eq!(bounds(&rewritten.graph, 11), [(-8192, 8191), (-8192, 8191), (-72, 144)]);
}

/// Whatever is proven holds for values that are computed.
#[test]
fn proven_facts_hold() {
    let graph = analyse(&chat(), 9).0.graph;
    let mut compared = 0;
    for query in ["a", "hello", "what now", "zzzzzzzzz", "a b c d e", "?!"] {
        run_observed(&graph, query.as_bytes(), &mut |id, value| {
            let Value::Vector(values) = value else { return };
            let facts = &graph.nodes[id].facts;
            assert_eq!(facts.range.len(), values.len());
            for (&v, range) in values.iter().zip(&facts.range) {
                assert!(range.contains(Interval::point(v.into())), "{query}: {v} is not in {range}");
                let multiple = facts.multiple_of == 0 || i64::from(v) % facts.multiple_of == 0;
                assert!(multiple, "{query}: {v} is no multiple of {}", facts.multiple_of);
            }
            let sum: i64 = values.iter().map(|&v| i64::from(v)).sum();
            assert!(facts.total.is_none_or(|total| sum <= total), "{query}: {sum}");
            compared += 1;
        });
    }
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
