//! Forests that are grown here: their thresholds, votes and lines.

use super::sensor_tests::options;
use super::task::{Options, Task};
use super::{ForestSettings, evaluate_forest, grow};
use mlc_compiler::import::sensors::data::Examples;
use mlc_compiler::model::{Branch, Kind, Split};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn read(text: &str) -> Examples {
    Examples::read_labelled(text.as_bytes()).expect("rows as they are written here")
}

/// Rows of three columns: one tells the labels apart but for a few, one is noise, one has many values.
fn forest_rows() -> Examples {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut rows = String::from("a,b,c,label\n");
    for i in 0..900 {
        let x = random.random_range(0..1000);
        let (noise, y) = (random.random_range(0..7), i * 7 % 900);
        let label = ["low", "middle", "high"][usize::from(x > 300) + usize::from(x > 300 && y > 450)];
        rows += &format!("{}.{},{noise},{y},{label}\n", x / 10, x % 10);
    }
    read(&rows)
}

#[test]
fn a_forest_compares_ranks_and_is_the_same_for_the_same_seed() {
    let data = forest_rows();
    let options = Options { hold_out: 0.2, ..options() };
    let task = Task::new(&data, &options, None).expect("labels to tell apart");
    let settings =
        |trees, seed| ForestSettings { name: "f".into(), about: String::new(), trees, seed, margin: 7 };
    let grown = |trees, seed| grow(&task, &data, &settings(trees, seed)).expect("rows to grow on");
    for trees in [1, 15] {
        let forest = grown(trees, 1);
        assert_eq!(forest.model, grown(trees, 1).model);
        assert_eq!(
            forest.model.body == grown(trees, 2).model.body,
            trees == 1,
            "one tree has all rows and columns"
        );
        let held = evaluate_forest(&forest.model, &task, &data);
        assert_eq!((held.rows, forest.train.rows), (task.held_out.len(), task.train.len()));
        assert!(held.share() > 0.9 && forest.train.share() > 0.95, "{trees}: {held:?} {:?}", forest.train);
        assert!(held.loss() < 0.5, "{held:?}");
        let (reader, body) = forest.model.network().expect("it reads numbers");
        assert_eq!((reader.decimals, reader.inputs.len()), (2, 3));
        assert!(reader.ranks.iter().all(|list| list.len() <= 255) && !reader.ranks[2].is_empty());
        let Kind::Trees { trees: made, .. } = &body.operators[0].kind else { panic!("trees") };
        assert_eq!(made.roots.len(), trees);
        // Each threshold is compared with, and each list of votes is one.
        for (value, list) in reader.ranks.iter().enumerate() {
            let of =
                |at: i32| made.splits.iter().any(|s| s.feature == value && i32::from(s.most) == at - 128);
            assert!((0..list.len() as i32).all(of), "value {value}");
        }
        assert!(
            made.leaves.iter().all(|votes| (98..=102).contains(&votes.iter().map(|v| v.weight).sum::<i16>()))
        );
        // Lines as they are typed say what the rows say.
        let graph = mlc_compiler::reference(&forest.model).expect("it was checked");
        for row in (0..data.rows).step_by(37) {
            let x = data.reals(row).expect("numbers");
            let bytes = reader.bytes(x, false);
            let line: Vec<String> = x.iter().map(f64::to_string).collect();
            let typed = mlc_compiler::eval::run(&graph, line.join(",").as_bytes());
            assert_eq!(typed.logits, mlc_compiler::eval::classify(&graph, &bytes).logits, "row {row}");
        }
    }
    for trees in [0, 201] {
        assert!(grow(&task, &data, &settings(trees, 1)).is_err(), "{trees} trees");
    }
}

#[test]
fn a_forest_takes_more_thresholds_of_a_value_than_a_byte_counts() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut rows = "x,y,label\n".to_string();
    for i in 0..1500 {
        let label = ["no", "yes"][random.random_range(0..2)];
        rows += &format!("{}.{},{},{label}\n", i * 7919 % 1500, i % 10, random.random_range(0..9));
    }
    let data = read(&rows);
    let task = Task::new(&data, &Options { hold_out: 0.2, ..options() }, None).expect("labels to tell apart");
    let settings = ForestSettings { name: "f".into(), about: String::new(), trees: 12, seed: 3, margin: 0 };
    let forest = grow(&task, &data, &settings).expect("rows to grow on");
    let (reader, body) = forest.model.network().expect("it reads numbers");
    let Kind::Trees { trees, .. } = &body.operators[0].kind else { panic!("trees") };
    let counts: Vec<usize> = reader.ranks.iter().map(Vec::len).collect();
    let bytes = counts[0].div_ceil(255);
    assert!(bytes > 1 && counts[1] <= 8, "{counts:?}");
    assert_eq!(reader.shape.len(), bytes + 1);
    // Each threshold of each byte is compared with, and nothing else.
    for at in 0..counts[0] {
        let is_it = |s: &Split| s.feature == at / 255 && i32::from(s.most) == (at % 255) as i32 - 128;
        assert!(trees.splits.iter().any(is_it), "{at} of {counts:?}");
    }
    // A row goes where its numbers lead as 32-bit floats, whatever its bytes.
    let graph = mlc_compiler::reference(&forest.model).expect("it was checked");
    let thresholds: Vec<f32> = reader.ranks.iter().flatten().map(|t| t.0 as f32).collect();
    let (first, second) = thresholds.split_at(counts[0]);
    for row in (0..data.rows).step_by(11) {
        let x = data.reals(row).expect("numbers");
        let is_above = |s: &Split| match s.feature.checked_sub(bytes) {
            None => x[0] as f32 > first[s.feature * 255 + (i32::from(s.most) + 128) as usize],
            Some(_) => x[1] as f32 > second[(i32::from(s.most) + 128) as usize],
        };
        let mut wants = trees.base.clone();
        for &root in &trees.roots {
            let mut at = root;
            while let Branch::Split(split) = at {
                let split = &trees.splits[split];
                at = if is_above(split) { split.high } else { split.low };
            }
            let Branch::Leaf(leaf) = at else { unreachable!("it is no split") };
            trees.leaves[leaf].iter().for_each(|vote| wants[vote.output] += vote.weight);
        }
        let line: Vec<String> = x.iter().map(f64::to_string).collect();
        let typed = mlc_compiler::eval::run(&graph, line.join(",").as_bytes());
        assert_eq!(typed.logits, [wants], "row {row}");
    }
}
