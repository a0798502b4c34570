//! Networks on numbers.

use super::support::{Random, networks};
use super::{chip, host, installed, sources};
use mlc_compiler::model::{Model, Sensors};

/// How many networks; their seeds are 0, 1, 2, …
const NETWORKS: u64 = 24;

/// Lines for a network: its bytes as they are, corners first, and readings.
fn lines(model: &Model, seed: u64) -> Vec<Vec<u8>> {
    let mut r = Random(seed ^ 0xC99);
    let (sensors, _) = model.network().expect("a network on numbers");
    let count = sensors.shape.len();
    let mut lines: Vec<String> =
        [-128, 127].map(|value| Sensors::line(&vec![value; count])).into_iter().collect();
    lines.extend((0..3).map(|_| Sensors::line(&networks::bytes(&mut r, count))));
    let numbers: Vec<String> =
        (0..count).map(|_| format!("{}.{}", r.within(0, 300) as i32 - 150, r.within(0, 999))).collect();
    lines.push(numbers.join(", "));
    lines.push("3 -.5x99999999999 1.2.3 -".into());
    lines.into_iter().map(String::into_bytes).collect()
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
        chip::talk(&model, &[lines[1].clone(), lines[5].clone()]);
    }
}
