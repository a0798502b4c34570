//! What the defaults reach on tables that are made here: the figures of docs/sensors.md, with bounds that a worse training
//! would not keep.

use mlc_compiler::import::sensors::data::Examples;
use mlc_trainer::sensors::{ForestSettings, evaluate_forest, grow};
use mlc_trainer::sensors::{Options, Settings, Shape, Task, Training, baselines, evaluate, train};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{PI, TAU};
use std::sync::atomic::AtomicBool;

/// Numbers of a row, and its label.
type Row = (Vec<f64>, &'static str);

struct Random(ChaCha8Rng);

impl Random {
    /// 0 to 1.
    fn part(&mut self) -> f64 {
        self.0.random()
    }

    /// Of a normal distribution: twelve of a uniform one, added up.
    fn normal(&mut self, deviation: f64) -> f64 {
        ((0..12).map(|_| self.part()).sum::<f64>() - 6.0) * deviation
    }
}

/// Two half-moons that reach into each other.
fn moons(r: &mut Random, i: usize) -> Row {
    let angle = r.part() * PI;
    let (x, y, label) = match i % 2 {
        0 => (angle.cos(), angle.sin(), "upper"),
        _ => (1.0 - angle.cos(), 0.5 - angle.sin(), "lower"),
    };
    (vec![x + r.normal(0.15), y + r.normal(0.15)], label)
}

/// Three rings about one middle.
fn rings(r: &mut Random, i: usize) -> Row {
    let (angle, radius) = (r.part() * TAU, 0.5 + (i % 3) as f64 + r.normal(0.15));
    (vec![radius * angle.cos(), radius * angle.sin()], ["inner", "middle", "outer"][i % 3])
}

/// Whether two signs are the same.
fn signs(r: &mut Random, _: usize) -> Row {
    let (x, y) = (2.0 * r.part() - 1.0, 2.0 * r.part() - 1.0);
    (vec![x, y], if x * y > 0.0 { "same" } else { "other" })
}

/// Two arms of a spiral.
fn spirals(r: &mut Random, i: usize) -> Row {
    let turn = 0.5 + r.part() * 2.2 * PI;
    let (radius, angle) = (turn / 3.0, turn + (i % 2) as f64 * PI);
    let (x, y) = (radius * angle.cos(), radius * angle.sin());
    (vec![x + r.normal(0.06), y + r.normal(0.06)], ["one", "two"][i % 2])
}

/// A second of an accelerometer, 50 samples of three axes: mean, deviation, range and crossings of the mean of each axis.
fn motion(r: &mut Random, i: usize) -> Row {
    let (label, hertz, size) = match i % 4 {
        0 => ("still", 0.0, 0.01),
        1 => ("walk", 2.0 + r.normal(0.25), 0.35 + r.normal(0.1)),
        2 => ("shake", 6.0 + r.normal(0.8), 0.9 + r.normal(0.3)),
        _ => ("tilt", 0.4 + r.normal(0.1), 0.5 + r.normal(0.15)),
    };
    let (phase, mut features) = (r.part() * TAU, Vec::new());
    for (axis, share) in [0.6, 0.3, 1.0].into_iter().enumerate() {
        let base = if axis == 2 { 1.0 } else { 0.0 } + r.normal(0.1);
        let size = size * share * (1.0 + r.normal(0.3));
        let wave = |n: usize| (TAU * hertz * n as f64 / 50.0 + phase + axis as f64).sin();
        let samples: Vec<f64> = (0..50).map(|n| base + size * wave(n) + r.normal(0.05)).collect();
        let mean = samples.iter().sum::<f64>() / 50.0;
        let square = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 50.0;
        let least = samples.iter().copied().fold(f64::INFINITY, f64::min);
        let most = samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let crossings = samples.windows(2).filter(|p| (p[0] - mean) * (p[1] - mean) < 0.0).count();
        features.extend([mean, square.sqrt(), most - least, crossings as f64]);
    }
    (features, label)
}

/// A table: numbers with three digits, the label last.
fn table(rows: usize, of: fn(&mut Random, usize) -> Row) -> Examples {
    let mut random = Random(ChaCha8Rng::seed_from_u64(7));
    let line = |i| {
        let (numbers, label) = of(&mut random, i);
        let numbers: Vec<String> = numbers.iter().map(|x| format!("{x:.3}")).collect();
        format!("{},{label}\n", numbers.join(","))
    };
    let text: String = (0..rows).map(line).collect();
    Examples::read_labelled(text.as_bytes()).expect("a table as it is written here")
}

#[test]
fn the_defaults_learn_what_simpler_methods_do_not() {
    // How many percent the network gets right at least, the nearest centroid at most.
    type Case = (&'static str, usize, fn(&mut Random, usize) -> Row, f64, f64);
    let cases: [Case; 5] = [
        ("moons", 600, moons, 96.0, 90.0),
        ("rings", 600, rings, 97.0, 50.0),
        ("signs", 400, signs, 95.0, 70.0),
        ("spirals", 600, spirals, 97.0, 80.0),
        ("motion", 800, motion, 88.0, 85.0),
    ];
    for (name, rows, of, network_least, centroid_most) in cases {
        let data = table(rows, of);
        let options = Options { labels: None, hold_out: 0.2, validation: 0.0, seed: 1 };
        let task = Task::new(&data, &options, None).expect("labels to tell apart");
        let shape = Shape::for_table(data.width, task.labels.len());
        let settings = Settings { shape, ..Settings::default() };
        let training = Training { task: &task, settings: &settings, start: None };
        let trained = train(&training, &AtomicBool::new(false), &mut |_| {}).expect("it trains");
        let network = 100.0 * evaluate(&trained.model, &task.held_out).expect("its own network").share();
        let others: Vec<f64> = baselines(&task, &data, None)
            .iter()
            .map(|method| 100.0 * method.share(&task.held_out).expect("few rows are fast"))
            .collect();
        let settings =
            ForestSettings { name: name.into(), about: String::new(), trees: 20, seed: 1, margin: 0 };
        let forest = grow(&task, &data, &settings).expect("it grows").model;
        let forest = 100.0 * evaluate_forest(&forest, &task, &data).share();
        println!(
            "| {name} | {} | {:.1} % | {:.1} % | {:.1} % | {forest:.1} % | {network:.1} % |",
            task.held_out.len(),
            others[1],
            others[2],
            others[3]
        );
        assert!(forest + 4.0 >= others[3], "{name}: 20 trees {forest:.1} %, one {:.1} %", others[3]);
        assert!(network >= network_least, "{name}: the network {network:.1} %");
        assert!(others[1] <= centroid_most, "{name}: the nearest centroid {:.1} %", others[1]);
        assert!(network + 3.0 >= others[2].max(others[3]), "{name}: {network:.1} % beside {others:?}");
    }
}
