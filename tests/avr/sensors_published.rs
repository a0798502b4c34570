//! Published networks of TensorFlow Lite on the simulated chips, if they lie beside the repository: every result of every
//! input is that of TensorFlow Lite for Microcontrollers, and each takes no more than it did.

use super::machine::Chip;
use super::support::imported::{documented, inputs, read};
use mlc_compiler::eval;
use mlc_compiler::plan::{Demands, Optimize};
use mlc_compiler::target::Core;

/// What a network may take: cycles of a run, bytes of flash and of RAM with 48 of stack.
struct Limits {
    cycles: u64,
    flash: usize,
    ram: usize,
}

#[track_caller]
fn exact(chip: &Chip, name: &str, most: usize, limits: Limits) {
    exact_for(chip, (name, Optimize::Speed), most, limits);
}

#[track_caller]
fn exact_for(chip: &Chip, (name, optimize): (&str, Optimize), most: usize, limits: Limits) {
    let Some(model) = read(name) else { return };
    let (sensors, _) = model.network().expect("a network on numbers");
    let compiled = chip
        .compile_as(&model, &Demands { optimize, ..Demands::default() }, false, &[])
        .unwrap_or_else(|e| panic!("{e}"));
    let graph = mlc_compiler::reference(&model).unwrap_or_else(|e| panic!("{e}"));
    let mut rows = inputs(name, sensors, most);
    rows.extend([-128, 127].map(|value| vec![value; sensors.shape.len()]));
    let mut cycles = 0;
    for row in &rows {
        let run = eval::classify(&graph, row);
        let ran = chip.run_values(&compiled, &model, row);
        assert_eq!(ran.logits, run.logits, "{name}");
        cycles = cycles.max(ran.ready);
    }
    let needs = compiled.image.needs();
    let predicted = compiled.plan.prediction.total();
    let row = if compiled.plan.rows.is_some() { format!("{name} by rows") } else { name.to_string() };
    println!(
        "{row} on {}: {} inputs, at most {cycles} cycles ({predicted:.0} predicted), {} of flash, {} of RAM",
        chip.device.name,
        rows.len(),
        needs.image,
        needs.buffers
    );
    assert!(cycles <= limits.cycles, "{name}: {cycles} cycles");
    assert!(needs.image <= limits.flash && needs.buffers <= limits.ram, "{name}: {needs:?}");
    let has_mul = chip.core != Core::Avr25;
    if has_mul {
        let page = include_str!("../../docs/performance-avr.md");
        documented(page, &row, &[cycles, needs.image as u64, needs.buffers as u64]);
    }
    // A sum that is too small to be anything leaves early, which is not predicted, and without `mul` it saves more; of a tree the
    // mean way is, not the longest.
    let share = predicted / cycles as f64;
    let least = if name.ends_with("tree") { 0.6 } else { 0.95 };
    let most = if has_mul { 1.5 } else { 2.0 };
    assert!((least..most).contains(&share), "{name}: predicted {predicted:.0}, simulated {cycles}");
}

#[test]
fn small_networks_are_exact_and_quick() {
    let chip = Chip::atmega328p().values();
    exact(&chip, "microflow_sine", usize::MAX, Limits { cycles: 9_600, flash: 4_096, ram: 200 });
    exact(&chip, "tflm_hello_world_int8", usize::MAX, Limits { cycles: 9_600, flash: 4_096, ram: 200 });
    exact(&chip, "sk_iris_tree", 38, Limits { cycles: 200, flash: 1_400, ram: 200 });
    exact(&chip, "tinymaix_mnist_arduino_q", 12, Limits { cycles: 64_000, flash: 10_000, ram: 1_700 });
    exact(&chip, "tinymaix_mnist_valid_q", 6, Limits { cycles: 352_000, flash: 32_000, ram: 1_900 });
}

#[test]
fn small_networks_are_exact_and_quick_without_mul() {
    let chip = Chip::attiny85().values();
    exact(&chip, "microflow_sine", usize::MAX, Limits { cycles: 9_900, flash: 5_400, ram: 120 });
    exact(&chip, "tflm_hello_world_int8", usize::MAX, Limits { cycles: 13_700, flash: 5_400, ram: 120 });
    exact(&chip, "sk_iris_mlp", 38, Limits { cycles: 4_000, flash: 3_500, ram: 90 });
    exact(&chip, "sk_digits_mlp32", 30, Limits { cycles: 58_000, flash: 6_900, ram: 190 });
}

#[test]
fn a_perceptron_on_digits_is_exact_and_quick() {
    let chip = Chip::atmega328p().values();
    exact(&chip, "sk_digits_mlp32", 30, Limits { cycles: 48_000, flash: 8_000, ram: 400 });
}

#[test]
fn large_networks_are_exact_on_a_large_chip() {
    let chip = Chip::atmega2560().values();
    exact(&chip, "tinymaix_mnist_dw_q", 3, Limits { cycles: 3_000_000, flash: 60_000, ram: 4_000 });
    exact(&chip, "tinymaix_mnist_rect_q", 3, Limits { cycles: 3_000_000, flash: 60_000, ram: 4_000 });
    exact(&chip, "microflow_speech", 2, Limits { cycles: 9_000_000, flash: 60_000, ram: 8_000 });
}

/// Weights that `lpm` does not reach, on whole arrays and row by row.
#[test]
fn the_largest_network_is_exact_on_large_chips() {
    let limits = |ram| Limits { cycles: 32_000_000, flash: 110_000, ram };
    exact(&Chip::atmega2560().handed(), "tinymaix_cifar10_q", 3, limits(6_200));
    exact(&Chip::atmega1284p().values(), "tinymaix_cifar10_q", 1, limits(16_000));
}

/// Row by row, where whole arrays do not fit, or where the smallest program is asked for.
#[test]
fn networks_of_rows_are_exact_on_small_chips() {
    let chip = Chip::atmega328p().handed();
    exact(&chip, "tinymaix_mnist_dw_q", 5, Limits { cycles: 1_200_000, flash: 10_000, ram: 1_400 });
    exact(&chip, "tinymaix_mnist_rect_q", 5, Limits { cycles: 900_000, flash: 26_000, ram: 1_400 });
    exact(&chip, "microflow_speech", 2, Limits { cycles: 4_000_000, flash: 23_000, ram: 800 });
    let small = |name, limits| exact_for(&chip, (name, Optimize::Size), 5, limits);
    small("tinymaix_mnist_arduino_q", Limits { cycles: 100_000, flash: 5_000, ram: 400 });
    small("tinymaix_mnist_valid_q", Limits { cycles: 400_000, flash: 7_000, ram: 600 });
}

#[test]
fn networks_of_rows_are_exact_without_mul() {
    let chip = Chip::attiny85().handed();
    exact(&chip, "tinymaix_mnist_arduino_q", 5, Limits { cycles: 400_000, flash: 6_100, ram: 300 });
}
