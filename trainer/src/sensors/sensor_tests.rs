//! The network in training against the machine's, and that training looks at nothing that it must not know.

use super::learner::Learner;
use super::network::{Network, OUTPUT};
use super::task::{Options, Rows, Task};
use super::{Figures, Settings, Training, evaluate, train, untrained};
use mlc_compiler::arithmetic::network::{Line, decide};
use mlc_compiler::eval::classify;
use mlc_compiler::import::sensors::data::{Examples, Values};
use mlc_compiler::model::{Body, Grid, Model};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

const GRIDS: [Grid; 5] = [
    Grid::Ternary,
    Grid::TwoBits,
    Grid::Symmetric { bits: 3 },
    Grid::Symmetric { bits: 5 },
    Grid::Symmetric { bits: 8 },
];

/// Rows of numbers with labels.
fn examples(rows: &[(Vec<f64>, &str)]) -> Examples {
    let width = rows[0].0.len();
    let text: String = rows
        .iter()
        .map(|(x, label)| format!("{},{label}\n", x.iter().map(f64::to_string).collect::<Vec<_>>().join(",")))
        .collect();
    let examples = Examples::read_labelled(text.as_bytes()).expect("rows as they are written here");
    assert_eq!((examples.rows, examples.width), (rows.len(), width));
    examples
}

/// Points whose label is whether both signs are the same.
pub(super) fn signs(count: usize, seed: u64) -> Examples {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut number = || (rng.random::<f64>() * 2000.0).round() / 1000.0 - 1.0;
    let rows: Vec<_> = (0..count)
        .map(|_| {
            let (x, y) = (number(), number());
            (vec![x, y], if x * y > 0.0 { "same" } else { "other" })
        })
        .collect();
    examples(&rows)
}

pub(super) fn options() -> Options {
    Options { labels: None, hold_out: 0.25, validation: 0.0, seed: 1 }
}

pub(super) fn trained(task: &Task, settings: &Settings) -> (Model, Figures) {
    let stop = AtomicBool::new(false);
    let trained = train(&Training { task, settings, start: None }, &stop, &mut |_| {}).expect("it trains");
    (trained.model, trained.train)
}

fn settings(updates: usize) -> Settings {
    Settings::default().with(|s| s.schedule.updates = Some(updates))
}

/// Outputs of a row by the reference interpreter.
fn reference(model: &Model, bytes: &[i8]) -> Vec<i32> {
    let graph = mlc_compiler::reference(model).expect("a model that was checked");
    classify(&graph, bytes).logits[0].iter().map(|&y| y.into()).collect()
}

/// A learner of such widths with shadows that are `size` times as large as fresh ones, and rows for it.
fn random(widths: &[usize], grid: Grid, size: f32, seed: u64) -> (Learner, Rows) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut learner = Learner::new(widths, &vec![false; widths[0]], grid, 0.0, &mut rng);
    for layer in &mut learner.layers {
        let weights = layer.inputs * layer.outputs;
        layer.shadows[..weights].iter_mut().for_each(|w| *w *= size);
        layer.shadows[weights..].iter_mut().for_each(|b| *b = 4.0 * rng.random::<f32>() - 2.0);
    }
    learner.set_relaxed(false);
    // First and last byte too.
    let edges = [-128i8, 127, 0];
    let rows: Vec<(Vec<f64>, &str)> = (0..24)
        .map(|i| {
            let byte = |_| match i {
                0..3 => f64::from(edges[i]),
                _ => f64::from(rng.random_range(-128i32..=127)),
            };
            ((0..widths[0]).map(byte).collect(), if i % 2 == 0 { "0" } else { "1" })
        })
        .collect();
    let mut data = examples(&rows);
    let Values::Reals(values) = &data.values else { unreachable!("text gives floats") };
    data.values = Values::Bytes(values.iter().map(|&x| x as i8).collect());
    let task = Task::new(&data, &Options { hold_out: 0.0, ..options() }, None).expect("two labels");
    (learner, task.train)
}

/// The model of a network, with the reader of bytes.
fn model_of(network: &Network, labels: usize) -> Model {
    let rows: Vec<(Vec<f64>, String)> = (0..2 * labels)
        .map(|i| (vec![i as f64; network.layers[0].inputs], (i % labels).to_string()))
        .collect();
    let rows: Vec<_> = rows.iter().map(|(x, label)| (x.clone(), label.as_str())).collect();
    let task = Task::new(&examples(&rows), &Options { hold_out: 0.0, ..options() }, None).expect("rows");
    let mut model =
        untrained(&Training { task: &task, settings: &settings(1), start: None }).expect("a model");
    model.body = Body::Network(network.body());
    model.check().expect("a model that keeps every rule");
    model
}

#[test]
fn training_computes_what_the_machine_does() {
    let shapes: [&[usize]; 5] = [&[3, 5, 4], &[1, 1, 2], &[256, 256, 3], &[40, 17, 9, 2], &[7, 2]];
    for (number, widths) in shapes.into_iter().enumerate() {
        for grid in GRIDS {
            // Small ones round to little, large ones leave 255 and 16 bits.
            for size in [0.05, 1.0, 12.0] {
                let (mut learner, rows) = random(widths, grid, size, number as u64);
                let network = learner.network();
                let labels = *widths.last().expect("a network has outputs");
                let model = model_of(&network, labels);
                let batch: Vec<u32> = (0..rows.len() as u32).collect();
                let floats = learner.forward(&rows, &batch).to_vec();
                let (mut memory, mut cut) = (Vec::new(), false);
                for (row, floats) in floats.chunks(labels).enumerate() {
                    let integers = network.run(rows.bytes(row), &mut memory).to_vec();
                    cut |= memory.contains(&255);
                    assert_eq!(integers, reference(&model, rows.bytes(row)), "{widths:?} {grid:?} {size}");
                    let floats: Vec<i32> = floats.iter().map(|&y| y as i32).collect();
                    assert_eq!(integers, floats, "{widths:?} {grid:?} {size}");
                }
                assert!(
                    cut || size < 12.0 || widths.len() == 2 || widths[1] == 1,
                    "{widths:?}: nothing was cut"
                );
                let (least, most) = grid.limits();
                let mut weights = network.layers.iter().flat_map(|layer| &layer.weights);
                assert!(weights.all(|w| (least..=most).contains(w)), "{grid:?}");
            }
        }
    }
}

#[test]
fn gradients_are_those_of_the_loss() {
    let (mut learner, rows) = random(&[4, 6, 5, 3], Grid::Symmetric { bits: 8 }, 0.7, 3);
    learner.set_relaxed(true);
    let batch: Vec<u32> = (0..rows.len() as u32).collect();
    let loss = |learner: &mut Learner| learner.gradients(&rows, &batch).loss / batch.len() as f64;
    loss(&mut learner);
    let mut checked = 0;
    for layer in 0..3 {
        for at in 0..learner.layers[layer].shadows.len() {
            let gradient = f64::from(learner.layers[layer].gradient(at));
            let shadow = learner.layers[layer].shadows[at];
            let at_distance = |by: f32| {
                let mut other = learner.clone();
                other.layers[layer].shadows[at] = shadow + by;
                other.set_relaxed(true);
                loss(&mut other)
            };
            let step = 2e-3;
            let wants = (at_distance(step) - at_distance(-step)) / (2.0 * f64::from(step));
            let error = (gradient - wants).abs();
            assert!(error < 4e-3 * (1.0 + wants.abs()), "layer {layer}, {at}: {gradient} for {wants}");
            checked += usize::from(wants.abs() > 0.01);
        }
    }
    assert!(checked > 20, "{checked} gradients are not 0: the test shows nothing");
}

#[test]
fn what_is_not_linear_is_learned_with_any_weights() {
    let task = Task::new(&signs(400, 5), &options(), None).expect("rows with two labels");
    for grid in GRIDS {
        let settings = settings(1500).with(|s| s.shape.weights = grid);
        let (model, figures) = trained(&task, &settings);
        let held_out = evaluate(&model, &task.held_out).expect("its own network");
        assert!(figures.share() > 0.95 && held_out.share() > 0.93, "{grid:?}: {figures:?} {held_out:?}");
        assert_eq!((figures.rows, held_out.rows), (300, 100));
        // Accuracy is that of the reference.
        let right = (0..task.held_out.len())
            .filter(|&row| {
                let outputs = reference(&model, task.held_out.bytes(row));
                decide(&outputs, 0) == usize::from(task.held_out.targets[row])
            })
            .count();
        assert_eq!(right, held_out.right);
    }
    let (model, _) = trained(&task, &settings(1500).with(|s| s.shape.hidden = vec![]));
    let linear = evaluate(&model, &task.held_out).expect("its own network");
    assert!(linear.share() < 0.75, "a line cannot tell them apart: {linear:?}");
}

/// A network of floats with the same shadows says the same of nearly all rows: rounding is not what decides.
#[test]
fn floats_and_integers_agree() {
    let task = Task::new(&signs(400, 6), &options(), None).expect("rows with two labels");
    let (model, _) = trained(&task, &settings(1500));
    let Body::Network(body) = &model.body else { unreachable!("a network on numbers") };
    let network = Network::of(body, 2).expect("its own network");
    let mut learner = Learner::of(&network, Grid::Symmetric { bits: 8 }, 0.0);
    learner.set_relaxed(true);
    let batch: Vec<u32> = (0..task.held_out.len() as u32).collect();
    let mut memory = Vec::new();
    let same = learner.forward(&task.held_out, &batch).chunks(2).enumerate().filter(|(row, floats)| {
        let integers = decide(network.run(task.held_out.bytes(*row), &mut memory), 0);
        let floats: Vec<i32> = floats.iter().map(|y| (y * 1000.0) as i32).collect();
        integers == decide(&floats, 0)
    });
    let same = same.count();
    assert!(same * 100 >= task.held_out.len() * 99, "{same} of {}", task.held_out.len());
    assert!(OUTPUT.step() < 0.1);
}

/// Labels that mean nothing can be learned by heart, and nothing of them is known of other rows. A split that leaks would
/// show here.
#[test]
fn random_labels_are_not_known_of_rows_that_are_held_out() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let rows: Vec<(Vec<f64>, &str)> = (0..240)
        .map(|_| {
            let row = (0..10).map(|_| f64::from(rng.random_range(0..1000))).collect();
            (row, ["a", "b"][rng.random_range(0..2usize)])
        })
        .collect();
    let task = Task::new(&examples(&rows), &options(), None).expect("two labels");
    let settings = settings(3000).with(|s| {
        s.shape.hidden = vec![32];
        s.decay = 0.0;
    });
    let (model, figures) = trained(&task, &settings);
    let held_out = evaluate(&model, &task.held_out).expect("its own network");
    assert!(figures.share() > 0.95, "{figures:?}: nothing was learned, so nothing could leak");
    assert!(held_out.share() < 0.7, "{held_out:?}");
}

/// Whatever rows are held out say, reader and network are the same.
#[test]
fn what_is_held_out_changes_nothing() {
    let data = signs(200, 8);
    let task = Task::new(&data, &options(), None).expect("two labels");
    let mut other = data.clone();
    let Values::Reals(values) = &mut other.values else { unreachable!("text gives floats") };
    for &row in &task.held_out.numbers {
        // Far beyond the range of all others, and each different.
        values[2 * row] = 50.0 + row as f64;
        values[2 * row + 1] = -3.0 - row as f64;
    }
    let changed = Task::new(&other, &options(), None).expect("two labels");
    assert_ne!(task.held_out, changed.held_out);
    assert_eq!(
        (&task.reader.scaling, &task.reader.quantization),
        (&changed.reader.scaling, &changed.reader.quantization)
    );
    assert_eq!(task.train, changed.train);
    assert_eq!(trained(&task, &settings(200)).0, trained(&changed, &settings(200)).0);
    // The same seed gives the same model, another one another.
    let again = trained(&task, &settings(200).with(|s| s.schedule.threads = 3)).0;
    assert_eq!(again, trained(&task, &settings(200)).0);
    assert_ne!(again.body, trained(&task, &settings(200).with(|s| s.schedule.seed = 2)).0.body);
}

/// A line that is typed gives the bytes that were learned from, whatever the units of its numbers.
#[test]
fn lines_of_numbers_give_the_bytes_that_were_learned_from() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    // Thousandths, hundreds, a large offset, one value.
    let units = [(0.008, 0.0, 6), (700.0, -350.0, 1), (6.0, 1013.0, 2), (0.0, 5.0, 0)];
    let rows: Vec<(Vec<f64>, &str)> = (0..300)
        .map(|i| {
            let number = |(width, from, digits): &(f64, f64, i32)| {
                let tens = 10f64.powi(*digits);
                ((rng.random::<f64>() * width + from) * tens).round() / tens
            };
            (units.iter().map(number).collect(), if i % 3 == 0 { "a" } else { "b" })
        })
        .collect();
    let data = examples(&rows);
    let task = Task::new(&data, &options(), None).expect("two labels");
    let few = "readings have 3 digits behind the point, which leaves few steps to column 1: take a constant off it, or give \
               it in a smaller unit";
    assert_eq!(task.notes, ["one value in all training rows, so nothing to learn from: column 4", few]);
    let reader = &task.reader;
    assert_eq!(reader.decimals, 3, "four digits of 1,013 leave no room for more");
    let (mut same, mut near) = (0, 0);
    for (row, (values, _)) in rows.iter().enumerate() {
        let text: Vec<String> = values.iter().map(|x| format!("{x:.6}")).collect();
        let line = match reader.measure(text.join(",").as_bytes()) {
            Line::Values(line) => line,
            other => panic!("{other:?}"),
        };
        let at = task.train.numbers.iter().position(|&number| number == row);
        let Some(at) = at else { continue };
        let bytes = task.train.bytes(at);
        assert_eq!((line[3], bytes[3]), (0, 0), "a column of one value says nothing");
        // The second and third column have no digit that is dropped.
        same += usize::from(line[1..3] == bytes[1..3]);
        near += usize::from(line.iter().zip(bytes).all(|(a, b)| a.abs_diff(*b) <= 64));
    }
    assert_eq!((same, near), (task.train.len(), task.train.len()));
}
