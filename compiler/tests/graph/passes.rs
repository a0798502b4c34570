//! Random graphs before and behind every pass: the same replies and logits, valid, and with facts that hold.

use crate::generator::{LONGEST, graph, queries};
use crate::values::{elem_of, limits};
use mlc_compiler::eval::{self, Value};
use mlc_compiler::ir::{BlockId, Facts, Graph, NodeId, Op, Type};
use mlc_compiler::pass::{Rewritten, analyse, eliminate_dead, hoist, split};
use mlc_compiler::valid::validate;
use std::collections::BTreeMap;

const SEEDS: u64 = 4000;

/// Whether facts of a vector can be true of these elements. A bound, a factor and a total hold of numbers that equal
/// the elements modulo 2^bits; where bounds lie within the element's limits those numbers are the elements.
fn check_facts(facts: &Facts, ty: Type, values: &[i32]) -> Result<(), String> {
    let Type::Vector { elem, len } = ty else { return Err("not a vector".into()) };
    if facts.range.len() != len || values.len() != len {
        return Err(format!("{} bounds, {} values for {len} elements", facts.range.len(), values.len()));
    }
    let modulus = 1i64 << elem.bits();
    for (i, (&value, range)) in values.iter().zip(&facts.range).enumerate() {
        let value = i64::from(value);
        // The least number from `range.least` on that equals the value modulo 2^bits.
        let first = range.least + (value - range.least).rem_euclid(modulus);
        // Multiples of a factor come back after that many; 1000 are enough to find one of a small factor.
        let mut candidates =
            (0..1000).map(|n| first + n * modulus).take_while(|&n| n <= range.most).peekable();
        if candidates.peek().is_none() {
            return Err(format!("element {i} is {value}, not in {range}"));
        }
        let factor = facts.multiple_of;
        let divides = |n: i64| if factor == 0 { n == 0 } else { n % factor == 0 };
        if factor < 1000 && !candidates.any(divides) {
            return Err(format!("element {i} is {value}, in {range} and no multiple of {factor}"));
        }
    }
    if let Some(total) = facts.total
        && facts.range.iter().all(|range| limits(elem).contains(*range))
    {
        let sum: i64 = values.iter().map(|&v| i64::from(v)).sum();
        if sum > total || values.iter().any(|&v| v < 0) {
            return Err(format!("{values:?} has a total of {sum}, not at most {total}"));
        }
    }
    Ok(())
}

/// Compares a graph with what it was made of, on all queries.
fn compare(before: &Graph, after: &Graph, pass: &str, seed: u64) {
    if let Err(error) = validate(after, pass) {
        panic!("seed {seed}: {error}\n{before}\n{after}");
    }
    for query in queries(seed) {
        let (old, new) = (eval::run(before, &query), eval::run(after, &query));
        assert!(old == new, "seed {seed}, {pass}: {old:?} became {new:?}\n{before}\n{after}");
    }
}

/// The graph with facts, each of which holds of every value that is computed.
fn ranged(graph: &Graph, seed: u64) -> Graph {
    let ranged = analyse(graph, LONGEST).0.graph;
    compare(graph, &ranged, "range", seed);
    for query in queries(seed) {
        eval::run_observed(&ranged, &query, &mut |id, value| {
            let Value::Vector(values) = value else { return };
            let node = &ranged.nodes[id];
            if let Err(error) = check_facts(&node.facts, node.ty, values) {
                panic!("seed {seed}: %{}: {error}\n{ranged}", id.index());
            }
        });
    }
    ranged
}

/// The pass behind a range analysis.
fn without_dead(graph: &Graph, seed: u64) -> Rewritten {
    let ranged = ranged(graph, seed);
    let dead = eliminate_dead(&ranged);
    compare(graph, &dead.graph, "dead", seed);
    dead
}

/// How often graphs had what they must have, and passes something to do.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, usize>);

impl Seen {
    fn count(&mut self, what: &'static str, is: bool) {
        *self.0.entry(what).or_default() += usize::from(is);
    }
}

/// How many loops are around a block.
fn depth(graph: &Graph, homes: &[BlockId], loops: &[Option<NodeId>], mut block: BlockId) -> usize {
    let mut depth = 0;
    while let Some(id) = loops[block.index()] {
        (block, depth) = (homes[id.index()], depth + 1);
        assert!(depth < graph.blocks.len());
    }
    depth
}

/// All operations.
const OPERATIONS: [&str; 33] = [
    "query", "read", "trigrams", "ngrams", "scale", "concat", "constant", "product", "sum", "shift", "relu",
    "argmax", "loop", "exit_if", "lookup", "emit", "push", "write", "tokenize", "feed", "take", "position",
    "waiting", "gather", "rescale", "add", "norm", "narrow", "rotate", "append", "attend", "table",
    "multiply",
];

/// Notes what happens when a graph runs.
fn watch(graph: &Graph, seen: &mut Seen, query: &[u8]) {
    let mut ran = vec![false; graph.nodes.len()];
    let (mut taken, mut rolled, mut attended) = (false, false, false);
    eval::run_observed(graph, query, &mut |id, value| {
        ran[id.index()] = true;
        let op = &graph.nodes[id].op;
        taken |= matches!((op, value), (Op::Take { .. }, Value::Index(1..)));
        rolled |= matches!(value, Value::Rows(rows, appended) if *appended > rows.len());
        attended |= matches!(op, Op::Attend { .. }) && *value != Value::Vector(vec![0; graph.width(id)]);
    });
    seen.count("a token that was taken", taken);
    seen.count("a cache that forgets", rolled);
    seen.count("attention that found something", attended);
    // An exit that is taken, and a loop, have no value.
    let is_seen = |id: NodeId| ran[id.index()] || matches!(graph.nodes[id].op, Op::Loop { .. });
    for id in graph.nodes.ids().filter(|&id| is_seen(id)) {
        seen.count(graph.nodes[id].op.name(), true);
    }
}

/// Notes what is in a graph.
fn look(graph: &Graph, seen: &mut Seen) {
    let (homes, loops) = (graph.homes(), graph.loops());
    let depth = |id: NodeId| depth(graph, &homes, &loops, homes[id.index()]);
    let by_round = |id: NodeId| graph.constants(id).is_some_and(|values| values.len() > 1);
    for (id, node) in graph.nodes.iter() {
        match &node.op {
            Op::Sum { terms } => {
                let mut depths: Vec<usize> = terms.iter().map(|&t| depth(t)).collect();
                depths.sort_unstable();
                depths.dedup();
                seen.count("a sum with terms from three depths", depths.len() >= 3);
            }
            Op::Product { input, weights, sum } => {
                let over_concat = matches!(graph.nodes[*input].op, Op::Concat { .. });
                seen.count("a product over a concatenation, by round", over_concat && by_round(*weights));
                let outside = homes[weights.index()] != homes[id.index()];
                seen.count(
                    "the same with a matrix from outside",
                    over_concat && by_round(*weights) && outside,
                );
                seen.count("a product that is wider than its input", elem_of(graph, *input) < *sum);
            }
            Op::Loop { .. } => {
                seen.count("a loop in a loop", depth(id) == 1);
                seen.count("a loop in a loop in a loop", depth(id) == 2);
            }
            Op::ExitIf { .. } => seen.count("an exit", true),
            Op::Write { state, .. } | Op::Push { state, .. } => {
                let owner = graph.states[*state].owner;
                seen.count("a state changed in an inner loop", owner != homes[id.index()]);
            }
            _ => {}
        }
        if let Type::Vector { elem, .. } = node.ty {
            seen.count("8 bits", elem.bits() == 8);
            seen.count("24 bits", elem.bits() == 24);
        }
    }
}

#[test]
fn passes_change_no_result_of_random_graphs() {
    let mut seen = Seen::default();
    OPERATIONS.iter().for_each(|name| seen.count(name, false));
    for seed in 0..SEEDS {
        let graph = graph(seed);
        compare(&graph, &graph, "build", seed);
        look(&graph, &mut seen);
        queries(seed)[2..].iter().for_each(|query| watch(&graph, &mut seen, query));
        // Each pass alone, and in the order in which they run.
        let one = without_dead(&graph, seed);
        let early = hoist(&graph);
        compare(&graph, &early.graph, "hoist", seed);
        let parts = split(&graph);
        compare(&graph, &parts.graph, "split", seed);
        let parts_early = hoist(&parts.graph);
        compare(&graph, &parts_early.graph, "hoist", seed);
        let all = without_dead(&parts_early.graph, seed);
        compare(&graph, &all.graph, "dead", seed);
        ranged(&all.graph, seed);
        seen.count("a layer that was split", !parts.summary.starts_with("0 "));
        seen.count("a node that was moved", !early.summary.starts_with("0 "));
        seen.count("a sum that was cut", !parts_early.summary.ends_with(" 0 sums cut in two"));
        let removed = |dead: &Rewritten| !dead.summary.starts_with("0 neurons");
        seen.count("a neuron that was removed", removed(&one) || removed(&all));
        let constant = |dead: &Rewritten| !dead.summary.contains(" 0 of them constant");
        seen.count("a constant neuron that was removed", constant(&one) || constant(&all));
        let exits = |g: &Graph| queries(seed).iter().any(|q| leaves_early(g, q));
        seen.count("an exit that was taken", exits(&graph));
    }
    for (what, times) in &seen.0 {
        assert!(*times >= 20, "only {times} times {what}, of {SEEDS} graphs: {:?}", seen.0);
    }
    eprintln!("{:?}", seen.0);
}

/// Whether a loop is left: some node of a body runs less often than another one of it.
fn leaves_early(graph: &Graph, query: &[u8]) -> bool {
    let mut ran = vec![0; graph.nodes.len()];
    eval::run_observed(graph, query, &mut |id, _| ran[id.index()] += 1);
    graph.blocks.iter().any(|(_, block)| {
        let nodes = block.nodes.iter().filter(|id| !matches!(graph.nodes[**id].op, Op::Loop { .. }));
        let mut runs = nodes.map(|id| ran[id.index()]);
        runs.next().is_some_and(|first| runs.any(|other| other != first))
    })
}
