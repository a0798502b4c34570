//! Networks at the edges of the kernels, in every form and whichever way the planner chooses, on all Z80 machines.

use super::support::{self, cores, parts, wide};
use super::{cpc, msx, spectrum};
use mlc_compiler::model::Model;
use mlc_compiler::plan::LayerError;
use mlc_compiler::{Assets, CompileError, Compiled, Request, compile, eval, reference};
use mlc_runtime_z80::CpmConfig;

/// Networks of a run: `MLC_WIDE_NETWORKS` and `MLC_WIDE_FROM` choose others.
const NETWORKS: u64 = 40;
/// Neurons of the widest layer.
const WIDEST: usize = 512;

/// Compares one program with the reference on all queries.
type Exact = fn(&Model, &Compiled, &str, &[Vec<u8>]);

/// Compiles every network in every way for a target, and compares those that fit: `least` of a hundred at
/// least, and a quarter of them with a whole tile to scan.
fn sweep(target: &str, exact: Exact, least: usize) {
    let (target, assets) = (support::target_named(target), Assets::builtin());
    let counts = cores::each(wide::seeds(NETWORKS), |seed| {
        let [mut compared, mut refused, mut whole] = [0; 3];
        let model = wide::model(seed, WIDEST);
        let queries = wide::queries(seed);
        for (what, demands) in wide::demands(seed, parts::layers(&model).len()) {
            let request = Request {
                model: &model,
                target: &target,
                assets: &assets,
                demands: &demands,
                wide: false,
                calibration: &queries,
            };
            match compile(&request) {
                Ok(compiled) => {
                    exact(&model, &compiled, &what, &queries);
                    compared += 1;
                    whole += usize::from(wide::scans_whole_tile(&compiled));
                }
                Err(CompileError::TooLarge { .. } | CompileError::Layer(LayerError::Nowhere { .. })) => {
                    refused += 1
                }
                Err(error) => {
                    panic!("{} {what} on {}: {error}\n{}", model.head.name, target.name, error.help())
                }
            }
        }
        [compared, refused, whole]
    });
    let [compared, refused, whole] =
        std::array::from_fn(|i| counts.iter().map(|count| count[i]).sum::<usize>());
    eprintln!("{}: {compared} programs compared, {whole} with whole tiles, {refused} too large", target.name);
    assert!(whole * 4 >= compared, "{}: only {whole} programs scan a whole tile", target.name);
    assert!(compared * 100 >= (compared + refused) * least, "{}: only {compared} programs fit", target.name);
}

/// From a command tail on CP/M.
fn on_cpm(model: &Model, compiled: &Compiled, what: &str, queries: &[Vec<u8>]) {
    let graph = reference(model).expect("the model was checked");
    for query in queries {
        let wants = eval::run(&graph, query);
        let ran = support::run(&compiled.image, query, CpmConfig::default());
        let shown = query.escape_ascii();
        assert_eq!(ran.logits, wants.logits, "{} {what}: logits for \"{shown}\"", model.head.name);
        assert_eq!(ran.reply, wants.reply, "{} {what}: reply to \"{shown}\"", model.head.name);
    }
}

fn on_the_spectrum(model: &Model, compiled: &Compiled, what: &str, queries: &[Vec<u8>]) {
    spectrum::exact(model, compiled, what, queries.iter().map(Vec::as_slice));
}

fn on_the_cpc(model: &Model, compiled: &Compiled, what: &str, queries: &[Vec<u8>]) {
    cpc::exact(model, compiled, what, queries.iter().map(Vec::as_slice));
}

#[test]
fn wide_networks_are_exact_on_cpm() {
    sweep("z80-cpm", on_cpm, 60);
}

#[test]
fn wide_networks_are_exact_on_the_spectrum() {
    sweep("zx48", on_the_spectrum, 50);
}

fn on_the_msx(model: &Model, compiled: &Compiled, what: &str, queries: &[Vec<u8>]) {
    msx::exact(model, compiled, what, queries.iter().map(Vec::as_slice));
}

#[test]
fn wide_networks_are_exact_on_the_msx() {
    sweep("msx", on_the_msx, 40);
}

#[test]
fn wide_networks_are_exact_on_the_cpc() {
    sweep("cpc464", on_the_cpc, 50);
}
