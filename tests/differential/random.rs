//! Random networks of odd shapes, in every form of weights.

use super::support::{self, Random, cores};
use mlc_compiler::eval::Run;
use mlc_compiler::model::Model;
use mlc_compiler::plan::LayerError;
use mlc_compiler::stage;
use mlc_compiler::{Compiled, eval, reference, weights::Form};
use mlc_runtime_z80::{ClockInterrupt, CpmConfig, Isr};

/// How many networks; their seeds are 0, 1, 2, …
const NETWORKS: u64 = 200;
/// Queries for each network and form.
const QUERIES: usize = 3;

fn queries(seed: u64) -> Vec<Vec<u8>> {
    let mut r = Random(seed ^ 0xABCD);
    let longest = [5, 30, 126];
    let mut queries: Vec<_> = (0..QUERIES).map(|i| support::query(&mut r, longest[i])).collect();
    queries.retain(|q| q.iter().any(|&b| b != b' '));
    queries.push(b"Aa aa".to_vec());
    queries
}

/// What the reference gives for each query.
fn runs(model: &Model, queries: Vec<Vec<u8>>) -> Vec<(Vec<u8>, Run)> {
    let graph = reference(model).expect("the model was checked");
    let run = |query: Vec<u8>| {
        let run = eval::run(&graph, &query);
        (query, run)
    };
    queries.into_iter().map(run).collect()
}

/// Runs all queries on one image and compares with the reference; returns T-states and steps.
fn compare(
    model: &Model,
    compiled: &Compiled,
    what: &str,
    runs: &[(Vec<u8>, Run)],
    config: &CpmConfig,
) -> (u64, u64) {
    let (mut t_states, mut steps) = (0, 0);
    for (query, run) in runs {
        // CP/M's command processor folds to upper case, and the network folds back.
        let ran = support::run(&compiled.image, query, config.clone());
        let shown = query.escape_ascii();
        assert_eq!(ran.logits, run.logits, "{} {what}: logits for \"{shown}\"", model.head.name);
        assert_eq!(ran.reply, run.reply, "{} {what}: reply to \"{shown}\"", model.head.name);
        t_states += ran.t_states;
        steps += run.steps() as u64;
    }
    (t_states, steps)
}

#[test]
fn two_hundred_random_networks_are_exact_in_every_form() {
    let counts = cores::each(0..NETWORKS, |seed| {
        let (mut compared, mut refused) = (0, 0);
        let model = support::model(seed);
        let calibration = queries(seed);
        let runs = runs(&model, queries(seed));
        for encoding in std::iter::once(None).chain(Form::ALL.map(Some)) {
            let what = encoding.map_or("auto", Form::name);
            let compiled = match support::compile_for_cpm(&model, encoding, &calibration) {
                Ok(compiled) => compiled,
                Err(
                    mlc_compiler::CompileError::TooLarge { .. }
                    | mlc_compiler::CompileError::Layer(LayerError::Nowhere { .. }),
                ) => {
                    refused += 1;
                    continue;
                }
                Err(error) => panic!("{} {what}: {error}", model.head.name),
            };
            let (t_states, steps) = compare(&model, &compiled, what, &runs, &CpmConfig::default());
            let simulated = t_states as f64 / steps as f64;
            let predicted = compiled.plan.prediction.total();
            let error = (predicted / simulated - 1.0).abs();
            assert!(
                error < 0.05,
                "{} {what}: predicted {predicted:.0}, simulated {simulated:.0}",
                model.head.name
            );
            compared += 1;
        }
        (compared, refused)
    });
    let (compared, refused) = counts.into_iter().fold((0, 0), |(c, r), (more, not)| (c + more, r + not));
    eprintln!("{compared} programs compared, {refused} too large for CP/M");
    assert!(compared >= 500, "only {compared} programs fit: the generator makes too large networks");
}

#[test]
fn byte_and_wide_accumulators_agree_on_short_and_long_queries() {
    let both = cores::each(0..NETWORKS, |seed| {
        let model = support::model(seed);
        let calibration = queries(seed);
        let Ok(narrow) = support::compile_for_cpm(&model, Some(Form::Columns), &calibration) else {
            return 0;
        };
        if !support::counts_in_bytes(&narrow) {
            return 0;
        }
        let runs = runs(&model, queries(seed));
        let wide = support::compile_wide(&model, &calibration).expect("wide accumulators need little more");
        assert!(!support::counts_in_bytes(&wide));
        compare(&model, &narrow, "bytes", &runs, &CpmConfig::default());
        compare(&model, &wide, "wide", &runs, &CpmConfig::default());
        1
    });
    let both: usize = both.into_iter().sum();
    eprintln!("{both} networks with byte accumulators");
    assert!(both >= 20, "only {both} networks can count in bytes: the generator makes too large biases");
}

#[test]
fn a_clock_interrupt_changes_nothing() {
    // A handler that pushes every register, often: whoever reads weights through SP with interrupts on
    // finds them overwritten.
    let interrupt = Some(ClockInterrupt { every: 1009, isr: Isr::PushAll });
    let config = CpmConfig { interrupt, ..CpmConfig::default() };
    cores::each(0..40, |seed| {
        let model = support::model(seed);
        let runs = runs(&model, queries(seed));
        for encoding in [None, Some(Form::Packed), Some(Form::Gaps), Some(Form::Planes)] {
            if let Ok(compiled) = support::compile_for_cpm(&model, encoding, &queries(seed)) {
                compare(&model, &compiled, "interrupted", &runs, &config);
            }
        }
    });
}

#[test]
fn every_pass_keeps_every_bit() {
    for seed in 0..60 {
        let model = support::model(seed);
        let Ok(compiled) = support::compile_for_cpm(&model, None, &queries(seed)) else { continue };
        let graph = reference(&model).expect("the model was checked");
        for query in queries(seed) {
            let run = eval::run(&graph, &query);
            for report in &compiled.reports {
                assert_eq!(
                    eval::run(&report.graph, &query),
                    run,
                    "{} after {}",
                    model.head.name,
                    report.pass
                );
            }
        }
        // The kernels' view of the last graph adds the same columns.
        let all = queries(seed);
        stage::measure(compiled.graph(), compiled.plan.stages(), all.iter().map(Vec::as_slice));
    }
}

#[test]
fn bounds_hold_on_what_runs() {
    for seed in 0..60 {
        let model = support::model(seed);
        let Ok(compiled) = support::compile_for_cpm(&model, None, &queries(seed)) else { continue };
        let ranged = compiled.reports.iter().find(|r| r.pass == "range").expect("the pass ran");
        for query in queries(seed) {
            eval::run_observed(&ranged.graph, &query, &mut |id, value| {
                let facts = &ranged.graph.nodes[id].facts;
                let eval::Value::Vector(values) = value else { return };
                for (i, (&v, range)) in values.iter().zip(&facts.range).enumerate() {
                    // A sum that leaves 16 bits wraps; its bounds are those before it wraps.
                    let inside = range.least >= i16::MIN.into() && range.most <= i16::MAX.into();
                    let held = range.least <= v.into() && i64::from(v) <= range.most;
                    assert!(
                        held || !inside,
                        "{}: %{} element {i} is {v}, not in {range}",
                        model.head.name,
                        id.index()
                    );
                }
            });
        }
    }
}
