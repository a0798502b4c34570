//! Networks on numbers.

use super::support::{imported, networks};
use super::{chip, host, installed, sources};
use mlc_compiler::model::{Model, Sensors};

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

/// Lines behind each other: nothing of a line that ends too early, or of one before, is left.
#[test]
fn random_networks_by_rows_are_exact() {
    if !installed("cc") {
        return;
    }
    let mut by_rows = 0;
    for seed in super::support::wide::seeds(NETWORKS) {
        let model = networks::row_networks::of_rows(seed);
        let lines = lines(&model, seed);
        host::check(&model, &[&lines[..], &[b"1 2".to_vec()], &lines[4..6]].concat());
        by_rows += usize::from(sources(&model).ram_of_whole.is_some());
    }
    println!("{by_rows} of {NETWORKS} networks by rows");
    assert!(by_rows >= 10, "{by_rows}");
}

/// Published networks with their inputs, as [`host::check`] compares them with the reference, and what they take.
#[test]
fn published_networks_by_rows_are_exact() {
    if !installed("cc") {
        return;
    }
    for (name, most) in
        [("tinymaix_mnist_dw_q", 2_000), ("microflow_speech", 700), ("tinymaix_cifar10_q", 6_500)]
    {
        let Some(model) = imported::read(name) else { continue };
        let (sensors, _) = model.network().expect("a network on numbers");
        let lines: Vec<_> =
            imported::inputs(name, sensors, 2).iter().map(|row| Sensors::line(row).into_bytes()).collect();
        host::check(&model, &lines);
        let sources = sources(&model);
        let whole = sources.ram_of_whole.expect("rows take less");
        println!("{name}: {} bytes of state by rows, {whole} on whole arrays", sources.ram);
        assert!(sources.ram <= most, "{name}: {}", sources.ram);
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

/// Forests on readings of several bytes, and networks by rows on them.
#[test]
fn readings_of_several_bytes_are_exact() {
    if !installed("cc") {
        return;
    }
    let of_rows = |seed| {
        let mut model = networks::row_networks::of_rows(seed);
        let is_enough = model.network().is_some_and(|(sensors, _)| sensors.shape.len() > 1);
        is_enough.then(|| networks::forests::part(&mut model, &mut super::support::Random(seed)));
        is_enough.then_some(model)
    };
    let models = (0..12).map(|seed| (seed, networks::forests::parted(seed)));
    let by_rows = (0..8).filter_map(|seed| Some((seed, of_rows(seed)?)));
    for (seed, model) in models.chain(by_rows) {
        let (sensors, _) = model.network().expect("a network on numbers");
        let lines = networks::forests::lines(seed, sensors);
        host::check(&model, &lines.into_iter().map(String::into_bytes).collect::<Vec<_>>());
    }
}
