//! Random networks of every shape: graph and passes against the plain version, and what they are as text.

use crate::plain;
use crate::random::Random;
use crate::transformers::{self, Middle, Place, Shape, any_tokens, body, queries, story};
use mlc_compiler::eval::{self, Run};
use mlc_compiler::import::ron;
use mlc_compiler::ir::{self, Graph};
use mlc_compiler::model::{Model, NormOrder, Pair, Prior};
use mlc_compiler::plan::Demands;
use mlc_compiler::valid::validate;
use mlc_compiler::{Assets, Request, compile, pass, price};
use std::collections::BTreeMap;

const SEEDS: u64 = 400;
/// Longest query in bytes; see [`queries`].
const LONGEST: usize = 127;

/// A network of a seed, and what else the test chooses.
fn drawn(seed: u64) -> (Shape, Model, Random) {
    let mut r = Random(seed);
    let shape = Shape::random(&mut r);
    let model = shape.model(&mut r);
    (shape, model, r)
}

fn graph(model: &Model) -> Graph {
    let graph = ir::build(model).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(validate(&graph, "build"), Ok(()));
    graph
}

fn scoring(model: &Model) -> Graph {
    let graph = ir::build_scoring(model).unwrap_or_else(|e| panic!("{e}")).expect("a sequence model");
    assert_eq!(validate(&graph, "build"), Ok(()));
    graph
}

/// The logits behind each token.
fn scores(graph: &Graph, text: &[u32]) -> Vec<Vec<i16>> {
    let mut all = Vec::new();
    eval::score(graph, text, &mut |logits| {
        all.push(logits.iter().map(|&l| i16::try_from(l).expect("16 bits")).collect());
    });
    all
}

#[test]
fn graphs_compute_what_is_written() {
    let mut seen = Seen::default();
    for seed in 0..SEEDS {
        let (shape, model, mut r) = drawn(seed);
        let generating = graph(&model);
        seen.look(&shape);
        for query in queries(&mut r) {
            let Run { reply, logits, is_utf8, .. } = eval::run(&generating, &query);
            let (wants, text) = plain::run(&model, &query);
            assert_eq!(logits, wants, "seed {seed}, {shape:?}, {query:?}");
            assert_eq!((reply, is_utf8), (text, true), "seed {seed}, {shape:?}, {query:?}");
            seen.run(&model, &wants);
        }
        let scored = scoring(&model);
        for _ in 0..2 {
            let text = any_tokens(&model, &mut r);
            assert_eq!(
                scores(&scored, &text),
                plain::score(&model, &text),
                "seed {seed}, {shape:?}, {text:?}"
            );
        }
    }
    seen.check();
}

/// Each pass, on its own as well: [`pass::optimise`] gives the graph that each of them left.
#[test]
fn passes_change_no_result() {
    for seed in 0..SEEDS / 2 {
        let (shape, model, mut r) = drawn(seed);
        let (queries, text) = (queries(&mut r), any_tokens(&model, &mut r));
        let (generating, scored) = (graph(&model), scoring(&model));
        let runs: Vec<Run> = queries.iter().map(|query| eval::run(&generating, query)).collect();
        let wants = scores(&scored, &text);
        let (reports, wraps) = pass::optimise(generating, LONGEST).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(wraps, [], "seed {seed}, {shape:?}: the model was checked");
        assert!(reports.len() >= 5);
        for report in reports {
            let after: Vec<Run> = queries.iter().map(|query| eval::run(&report.graph, query)).collect();
            assert_eq!(after, runs, "seed {seed}, {shape:?}, {}", report.pass);
        }
        let (reports, _) = pass::optimise(scored, LONGEST).unwrap_or_else(|e| panic!("{e}"));
        for report in reports {
            assert_eq!(scores(&report.graph, &text), wants, "seed {seed}, {shape:?}, {}", report.pass);
        }
    }
}

/// The network reads no further than its first positions, whatever is fed.
#[test]
fn a_text_that_is_too_long_is_cut() {
    for seed in 0..20 {
        let (_, model, mut r) = drawn(seed);
        let most = usize::from(story(&model).most);
        let long: Vec<u32> = (0..3 * most).map(|_| r.within(0, 4) as u32).collect();
        let scored = scores(&scoring(&model), &long);
        assert_eq!(scored.len(), most);
        assert_eq!(scored, plain::score(&model, &long[..most]));
        assert_eq!(scores(&scoring(&model), &[]), Vec::<Vec<i16>>::new());
    }
}

#[test]
fn models_as_text_come_back() {
    for seed in 0..SEEDS {
        let (shape, model, _) = drawn(seed);
        let text = ron::write(&model);
        let read = ron::read(&text, "model.ron").unwrap_or_else(|e| panic!("seed {seed}, {shape:?}: {e}"));
        assert_eq!(read, model, "seed {seed}, {shape:?}");
        assert_eq!(ron::write(&read), text, "seed {seed}, {shape:?}");
    }
}

/// A price is that of the program.
#[test]
fn every_target_prices_them() {
    let assets = Assets::builtin();
    let mut with_prior = transformers::small();
    let pairs = [(0, 1, 0), (1, 1, 1), (5, 5, 1)].map(|(last, before, row)| Pair { last, before, row });
    let prior = Prior { shift: 3, costs: (0..12).collect(), last: vec![0; 6], pairs: pairs.to_vec() };
    transformers::body_mut(&mut with_prior).prior = Some(prior);
    let models = [transformers::small(), with_prior];
    let targets = assets.targets().expect("built-in targets are right");
    for (target, model) in targets.iter().flat_map(|target| models.iter().map(move |model| (target, model))) {
        let demands = &Demands::default();
        let request = Request { model, target, assets: &assets, demands, wide: false, calibration: &[] };
        let plan = price(&request).unwrap_or_else(|e| panic!("{}: {e}", target.name));
        let compiled = compile(&request).unwrap_or_else(|e| panic!("{}: {e}", target.name));
        assert!(plan.is_predicted() && plan.prediction.total() > 1000.0, "{}", target.name);
        assert_eq!(plan.prediction, compiled.plan.prediction, "{}", target.name);
    }
}

/// How often something was there.
#[derive(Default)]
struct Seen(BTreeMap<String, usize>);

impl Seen {
    fn count(&mut self, what: impl ToString, is_there: bool) {
        *self.0.entry(what.to_string()).or_default() += usize::from(is_there);
    }

    fn look(&mut self, s: &Shape) {
        for place in [Place::Rotary, Place::Learnt, Place::None] {
            self.count(format!("{place:?}"), s.place == place);
        }
        for middle in [Middle::Relu, Middle::Table, Middle::Gate] {
            self.count(format!("{middle:?}"), s.middle == middle);
        }
        for grid in transformers::GRIDS {
            self.count(format!("{grid:?}"), s.grid == grid);
        }
        for order in [NormOrder::Pre, NormOrder::Post] {
            self.count(format!("{order:?}, a norm before the output"), s.order == order && s.last_norm);
            self.count(format!("{order:?}, none before the output"), s.order == order && !s.last_norm);
        }
        for n in 1..=3 {
            self.count(format!("{n} blocks"), s.blocks == n);
            self.count(format!("{n} rounds"), s.rounds == n);
        }
        for n in 1..=4 {
            self.count(format!("{n} heads"), s.heads == n);
        }
        for n in 2..=8 {
            self.count(format!("heads of {n}"), s.head_size == n);
        }
        self.count("heads that share keys", s.kv_heads < s.heads);
        self.count("heads that share keys in groups", s.kv_heads > 1 && s.kv_heads < s.heads);
        self.count("norms of heads", s.head_norms);
        self.count("gains", s.gains);
        self.count("biases", s.biases);
        self.count("weights that both ends share", s.tied);
        self.count("weights for each end", !s.tied);
        self.count("a start in one round", s.start && s.rounds == 1);
        self.count("a window that is smaller than the text", s.window < s.most);
        self.count("the smallest window", s.window == 2);
        self.count("numbers at their ends", s.wild);
    }

    /// What came of a text.
    fn run(&mut self, model: &Model, logits: &[Vec<i16>]) {
        let ends = |limit: i16| logits.iter().flatten().any(|&logit| logit == limit);
        self.count("a logit that is saturated", ends(i16::MIN) || ends(i16::MAX));
        let differ = logits.iter().any(|step| step.iter().any(|&logit| logit != step[0]));
        self.count("logits that differ", differ);
        let mut steps = logits.to_vec();
        steps.sort_unstable();
        steps.dedup();
        self.count(
            "logits that change from step to step",
            steps.len() > logits.len() / 2 && logits.len() > 3,
        );
        self.count("no token to begin with", logits.is_empty());
        self.count("more steps than the window has positions", logits.len() > body(model).window);
        let all = usize::from(story(model).most);
        self.count("a text up to the last position", logits.len() + 1 >= all);
    }

    fn check(&self) {
        eprintln!("{:?}", self.0);
        for (what, times) in &self.0 {
            assert!(*times >= 20, "only {times} times: {what}; {:?}", self.0);
        }
    }
}
