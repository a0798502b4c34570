//! Networks on numbers.

use super::support::networks;
use super::{chip, host, installed, sources};
use mlc_compiler::model::Model;

/// How many networks; their seeds are 0, 1, 2, …
const NETWORKS: u64 = 24;

/// Lines for a network, the longest of which is no longer than it must be.
fn lines(model: &Model, seed: u64) -> Vec<Vec<u8>> {
    let (sensors, _) = model.network().expect("a network on numbers");
    networks::lines(seed, sensors.shape.len()).into_iter().map(String::into_bytes).collect()
}

#[test]
fn random_networks_on_numbers_are_exact() {
    if !installed("cc") {
        return;
    }
    for seed in super::support::wide::seeds(NETWORKS) {
        let model = networks::random(seed);
        host::check(&model, &lines(&model, seed));
    }
}

#[test]
fn random_networks_on_numbers_are_exact_on_the_chip() {
    if !installed("avr-gcc") {
        return;
    }
    // The lines lie in RAM.
    let inputs = |model: &Model| model.network().map_or(0, |(reader, _)| reader.shape.len());
    let fits =
        |model: &Model| inputs(model) <= 12 && sources(model).flash < 24_000 && sources(model).ram < 600;
    for seed in (0..).filter(|seed| fits(&networks::random(*seed))).take(8) {
        let model = networks::random(seed);
        chip::check(&model, &lines(&model, seed)[1..]);
    }
}

#[test]
fn the_example_of_the_library_reads_numbers() {
    if !installed("avr-g++") {
        return;
    }
    for seed in [1, 2] {
        let model = networks::random(seed);
        let lines = lines(&model, seed);
        chip::talk(&model, &[lines[1].clone(), lines[9].clone()]);
    }
}
