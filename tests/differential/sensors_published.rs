//! Published networks of TensorFlow Lite and ONNX on the Z80, if they lie beside the repository: every result of every input that
//! is tried is the reference's, and each takes no more than it did.

use super::sensors::{ask, program};
use super::support::imported::{documented, inputs, read};
use mlc_compiler::model::Sensors;
use mlc_compiler::plan::Optimize;
use mlc_compiler::{eval, reference};

/// What a network may take: T-states of a run, and bytes of its image.
struct Limits {
    t_states: f64,
    image: usize,
}

/// By how much a prediction may be wrong, of one.
const ERROR: f64 = 0.1;

#[track_caller]
fn exact(name: &str, most: usize, limits: Limits) {
    exact_on("z80-cpm", name, most, limits);
}

#[track_caller]
fn exact_on(target: &str, name: &str, most: usize, limits: Limits) {
    let Some(model) = read(name) else { return };
    let (sensors, _) = model.network().expect("a network on numbers");
    let compiled = program(target, &model, Optimize::Speed).expect("it fits");
    let graph = reference(&model).unwrap_or_else(|e| panic!("{e}"));
    let mut rows = inputs(name, sensors, most);
    rows.extend([-128, 127].map(|value| vec![value; sensors.shape.len()]));
    let lines: Vec<String> = rows.iter().map(|row| Sensors::line(row)).collect();
    let asked = ask(&compiled, target, &lines, false);
    assert_eq!(asked.logits.len(), rows.len(), "{name}");
    for (row, logits) in rows.iter().zip(&asked.logits) {
        let run = eval::classify(&graph, row);
        assert_eq!(Some(logits), run.logits.first(), "{name}");
    }
    let needs = compiled.image.needs();
    let predicted = compiled.plan.prediction.total();
    let mean = asked.t_states.iter().sum::<u64>() as f64 / rows.len() as f64;
    println!(
        "{name}: {} inputs, {mean:.0} T-states, {:.1} ms at 4 MHz ({predicted:.0} predicted), image {}, memory {}",
        rows.len(),
        mean / 4000.0,
        needs.image,
        needs.total()
    );
    let page = include_str!("../../docs/performance.md");
    documented(page, name, &[mean.round() as u64, needs.image as u64, needs.total() as u64]);
    assert!(mean <= limits.t_states, "{name}: {mean} T-states");
    assert!(needs.image <= limits.image, "{name}: {needs:?}");
    let share = predicted / mean;
    // Of a tree each side of a split is thought as likely as the other.
    let error = if name.ends_with("tree") { 2.0 * ERROR } else { ERROR };
    assert!(
        (1.0 - error..=1.0 + error).contains(&share),
        "{name}: predicted {predicted:.0}, simulated {mean:.0}"
    );
}

#[test]
fn small_networks_are_exact_and_quick() {
    exact("microflow_sine", usize::MAX, Limits { t_states: 40_000.0, image: 8_200 });
    exact("tflm_hello_world_int8", usize::MAX, Limits { t_states: 43_000.0, image: 7_200 });
    exact("sk_iris_mlp", 38, Limits { t_states: 18_000.0, image: 2_600 });
    exact("sk_iris_tree", 38, Limits { t_states: 600.0, image: 1_000 });
    exact("sk_iris_logreg", 38, Limits { t_states: 9_000.0, image: 1_800 });
}

#[test]
fn pictures_are_exact() {
    exact("tinymaix_mnist_arduino_q", 12, Limits { t_states: 640_000.0, image: 8_500 });
    exact("tinymaix_mnist_valid_q", 6, Limits { t_states: 2_700_000.0, image: 24_000 });
    exact("tinymaix_mnist_dw_q", 2, Limits { t_states: 8_400_000.0, image: 30_000 });
}

/// Only the smallest program fits there, whose parts are a loop.
#[test]
fn a_keyword_spotter_is_exact_on_a_spectrum() {
    exact_on("zx48", "microflow_speech", 2, Limits { t_states: 56_000_000.0, image: 25_000 });
}

#[test]
fn a_perceptron_on_digits_is_exact_and_quick() {
    exact("sk_digits_mlp32", 60, Limits { t_states: 180_000.0, image: 25_000 });
}
