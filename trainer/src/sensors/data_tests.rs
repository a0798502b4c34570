//! What becomes of rows: labels, the split, scaling, simpler methods, models to go on with.

use super::baselines::baselines;
use super::error::DataError;
use super::learner::Learner;
use super::network::Network;
use super::resume;
use super::sensor_tests::{options, signs, trained};
use super::split::{groups, held_out, sizes};
use super::task::{Options, Task, joined};
use super::{Settings, Training, split_seed, train, untrained};
use crate::outcome::Event;
use mlc_compiler::import::sensors::data::{Examples, Values};
use mlc_compiler::model::{Body, Grid, Reader};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

fn read(text: &str) -> Examples {
    Examples::read_labelled(text.as_bytes()).expect("rows as they are written here")
}

fn task(text: &str, options: &Options) -> Result<Task, DataError> {
    Task::new(&read(text), options, None)
}

fn settings(updates: usize) -> Settings {
    Settings::default().with(|s| s.schedule.updates = Some(updates))
}

#[test]
fn each_label_gives_its_share_and_equal_rows_stay_together() {
    // 60 rows of label 0, 30 of 1, 10 of 2, 2 of 3; every tenth row is equal to the one before it.
    let targets: Vec<u16> =
        [(0, 60), (1, 30), (2, 10), (3, 2)].iter().flat_map(|&(t, n)| vec![t; n]).collect();
    let values: Vec<f64> = (0..targets.len())
        .map(|i| if i % 10 == 9 { i - 1 } else { i })
        .flat_map(|i| [1.0, i as f64])
        .collect();
    let groups = groups(&values, 2);
    assert_eq!(&groups[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10]);
    let mut all = vec![false; targets.len()];
    for seed in 0..20 {
        let held = held_out(&targets, &groups, 0.2, seed);
        assert_eq!(held, held_out(&targets, &groups, 0.2, seed), "the same seed");
        let of = |wanted: bool| {
            sizes(
                targets.iter().zip(&held).filter(|(_, held)| **held == wanted).map(|(t, _)| usize::from(*t)),
            )
        };
        assert!((11..=12).contains(&of(true)[0]) && (5..=6).contains(&of(true)[1]), "{:?}", of(true));
        assert_eq!((of(true)[2], of(true).get(3)), (2, None), "of two rows none is held out");
        assert_eq!(of(false).iter().sum::<usize>() + of(true).iter().sum::<usize>(), targets.len());
        for (a, group) in groups.iter().enumerate() {
            let b = groups.iter().position(|other| other == group).expect("its own");
            assert_eq!(held[a], held[b], "rows {a} and {b} are equal");
        }
        all.iter_mut().zip(&held).for_each(|(all, held)| *all |= held);
    }
    assert!(all.iter().filter(|held| **held).count() > 90, "another seed, other rows");
    assert!(held_out(&targets, &groups, 0.0, 1).iter().all(|held| !held));
    let most = held_out(&targets, &groups, 0.9, 1);
    assert!((0..4).all(|label| targets.iter().zip(&most).any(|(t, held)| *t == label && !held)));
}

#[test]
fn labels_have_an_order() {
    let labels = |text: &str, order: Option<&[&str]>| {
        let labels = order.map(|order| order.iter().map(|l| l.to_string()).collect());
        task(text, &Options { labels, ..options() }).map(|task| (task.labels, task.train.targets))
    };
    let numbers = "1,10\n2,9\n3,10.0\n4,-1\n5,9\n6,-1\n7,10\n8,9\n9,-1\n";
    assert_eq!(labels(numbers, None).expect("numbers").0, ["-1", "9", "10"]);
    let words = "1,b\n2,B\n3,b\n4,B\n5,a\n6,a\n";
    assert_eq!(labels(words, None).expect("words").0, ["B", "a", "b"]);
    assert_eq!(labels(words, Some(&["b", "a", "B"])).expect("words").0, ["b", "a", "B"]);
    let said =
        |text: &str, order: Option<&[&str]>| labels(text, order).expect_err("it is refused").to_string();
    assert_eq!(said(words, Some(&["b", "a"])), "label \"B\" of the data is not in the list of labels");
    assert_eq!(
        said(words, Some(&["b", "a", "B", "c"])),
        "label \"c\" is in the list of labels, but no row has it"
    );
    assert_eq!(said(words, Some(&["b", "a", "B", "a"])), "label \"a\" stands twice in the list of labels");
    assert_eq!(said("1,b\n2,a\n", None), "2 rows to learn from");
    assert_eq!(
        said("1,b\n2,b\n3,b\n4,b\n", None),
        "every row has the label \"b\": there is nothing to tell apart"
    );
    let prices = "the last column has 4 values in 5 rows: that is no label";
    assert_eq!(said("1,1.5\n2,2.5\n3,3.5\n4,4.5\n5,4.5\n", None), prices);
    assert_eq!(
        said("1,a\n2,b\n\n1,?\n4,a\n5,b\n5,?\n", None),
        "line 4: the label \"?\" is what a network answers that is not sure"
    );
    assert_eq!(said("1,a\n2,é\n1,é\n4,a\n", None), "line 2: the label \"é\" is no printable ASCII");
    assert_eq!(
        said("7,a\n7,b\n7,a\n7,b\n7,a\n7,b\n", None),
        "every column has the same value in all training rows"
    );
    let huge = "line 3, column 2 (b): -9000000 is beyond what is read, numbers of 24 bits: 8,388,607 at most";
    assert_eq!(said("a,b,c\n1,2,x\n3,-9000000,y\n3,4,x\n5,6,y\n", None), huge);
}

#[test]
fn notes_tell_what_the_data_are_like() {
    let notes = |text: &str| task(text, &Options { hold_out: 0.0, ..options() }).expect("rows").notes;
    let rows: String = (0..20).map(|i| format!("{i},{},{}\n", i * i % 7, ["a", "b"][i % 2])).collect();
    assert_eq!(notes(&rows), ["column 1 counts the rows: leave it out, unless the order says what a row is"]);
    let said = notes("1,5,a\n1,5,b\n1,5,a\n2,6,b\n3,7,a\n3,8,c\n");
    assert_eq!(
        said,
        [
            "fewer than three rows, all of them trained on: 2 labels, \"b\", \"c\"",
            "rows of the same numbers have different labels: at most 5 of 6 can be right",
        ]
    );
}

#[test]
fn many_columns_alike_share_a_scale() {
    let rows = |last: usize| -> String {
        (0..40)
            .map(|i| {
                let row: Vec<String> =
                    (0..16).map(|c| (i * (c + 3) % if c < last { 17 } else { 2 }).to_string()).collect();
                format!("{},{}\n", row.join(","), ["a", "b"][i % 2])
            })
            .collect()
    };
    let of = |text: &str| {
        let task = task(text, &options()).expect("two labels");
        (task.reader.scaling.len(), task.reader.quantization.len(), task.reader.decimals)
    };
    assert_eq!(of(&rows(16)), (1, 1, 2));
    assert_eq!(of(&rows(3)), (16, 16, 3), "three columns reach far, the others half of the way of a byte");
    // Bytes are what they are.
    let mut data = read(&rows(16));
    let Values::Reals(values) = &data.values else { unreachable!("text gives floats") };
    data.values = Values::Bytes(values.iter().map(|&x| x as i8).collect());
    let task = Task::new(&data, &options(), None).expect("two labels");
    assert_eq!(task.reader.bytes(&[-128.0, 127.0, 3.0], false), [-128, 127, 3]);
    assert_eq!((task.reader.scaling[0].at(-77), task.reader.decimals), (-77, 0));
}

/// Whatever numbers there are: a task whose network keeps every rule, or an error.
#[test]
fn any_numbers_are_learned_from_or_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(15);
    let (mut learned, mut refused) = (0, 0);
    for case in 0..400 {
        let width = rng.random_range(1..20usize);
        let columns: Vec<(f64, f64)> = (0..width)
            .map(|_| (10f64.powi(rng.random_range(-12..7)), 10f64.powi(rng.random_range(-9..7))))
            .collect();
        let row = |rng: &mut ChaCha8Rng| -> Vec<String> {
            let number = |&(size, from): &(f64, f64)| match case % 4 {
                0 => (size * rng.random::<f64>()).to_string(),
                1 => (from + size * rng.random::<f64>()).to_string(),
                2 => (-from + size * f64::from(rng.random_range(0..2))).to_string(),
                // One row of many is far away.
                _ => (if rng.random_range(0..30) == 0 { from } else { 0.0 }).to_string(),
            };
            columns.iter().map(number).collect()
        };
        let text: String =
            (0..40).map(|i| format!("{},{}\n", row(&mut rng).join(","), ["a", "b"][i % 2])).collect();
        match task(&text, &options()) {
            Ok(task) => {
                let training = Training { task: &task, settings: &settings(1), start: None };
                untrained(&training).expect("a model that keeps every rule");
                let used = (0..task.train.len()).flat_map(|row| task.train.bytes(row)).max();
                assert!(used.is_some_and(|&most| most > 0), "case {case}: readings use the bytes\n{text}");
                learned += 1;
            }
            Err(DataError::Huge { .. } | DataError::Fine { .. } | DataError::Constant) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(learned > 60 && refused > 60, "{learned} {refused}");
    let fine =
        task("a,b,c\n1000000,0.001,x\n2000000,0.002,y\n3000000,0.004,x\n4000000,0.003,y\n", &options());
    let said =
        "column 2 (b) changes by less than 0 digits behind the point show, and there is room for no more";
    assert_eq!(fine.expect_err("readings are whole").to_string(), said);
}

#[test]
fn simpler_methods_reach_what_they_can() {
    let data = signs(400, 12);
    let task = Task::new(&data, &options(), None).expect("two labels");
    let found = baselines(&task, &data, None);
    let share = |name: &str| {
        let method = found.iter().find(|method| method.name == name).expect("it is measured");
        method.share(&task.held_out).expect("it is fast")
    };
    let targets = &task.held_out.targets;
    let common = sizes(task.train.targets.iter().map(|&t| usize::from(t)));
    let common = u16::from(common[1] > common[0]);
    let right = targets.iter().filter(|&&t| t == common).count() as f64 / targets.len() as f64;
    assert_eq!(share("most frequent label"), right);
    // Both centroids are in the middle; a tree and neighbours follow the four corners.
    assert!(
        share("nearest centroid") < 0.7 && share("nearest neighbour") > 0.9 && share("decision tree") > 0.85
    );
    assert_eq!(found[1].bytes, 4);
    assert_eq!(found[2].bytes, 300 * 3);
    // With a file of its own: that of the training rows, of which the nearest neighbour is each itself.
    let all = task.with_held_out(&data).expect("the same columns");
    let own = baselines(&all, &data, Some(&data))[2].right.expect("it is fast");
    assert!(own >= 300, "{own}");
}

#[test]
fn a_model_is_gone_on_with() {
    let data = signs(300, 13);
    let task = Task::new(&data, &options(), None).expect("two labels");
    let settings = settings(600).with(|s| s.shape.weights = Grid::Symmetric { bits: 5 });
    let (model, before) = trained(&task, &settings);
    assert_eq!(split_seed(&model), Some(1));
    let (Body::Network(body), Reader::Sensors(reader)) = (&model.body, &model.reader) else {
        unreachable!("a network on numbers")
    };
    let network = Network::of(body, 2).expect("its own network");
    assert_eq!(network.body(), *body);
    let grid = resume::grid(&network);
    assert_eq!(grid, Grid::Symmetric { bits: 5 });
    // Its shadows are its integers: rounding changes none of what they are.
    let again = Learner::of(&network, grid, 0.0).network();
    let real = |network: &Network| -> Vec<f64> {
        let unit = |shift: i32| 2f64.powi(-shift);
        let layers = network.layers.iter();
        layers.flat_map(|l| l.weights.iter().map(move |&w| f64::from(w) * unit(l.shift))).collect()
    };
    assert_eq!(real(&again), real(&network));
    let known = Some((reader, &task.labels[..]));
    let resumed = Task::new(&data, &options(), known).expect("the same rows");
    assert_eq!(resumed, task);
    let mut first = None;
    let training = Training { task: &resumed, settings: &settings, start: Some(&model) };
    let trained = train(&training, &AtomicBool::new(false), &mut |event| {
        if let Event::Epoch(row) = event
            && row.epoch == 0
        {
            first = row.train;
        }
    });
    assert_eq!(first, Some(before), "it begins as good as it was");
    assert!(trained.expect("it trains").train.right >= before.right, "and is never worse");
    let refused =
        |text: &str| Task::new(&read(text), &options(), known).expect_err("another table").to_string();
    let other = "the model to go on with has other labels: left";
    assert_eq!(refused("1,2,left\n1,3,same\n2,2,left\n2,1,same\n"), other);
    assert_eq!(
        refused("1,same\n2,other\n3,same\n4,other\n"),
        "the model to go on with reads 2 numbers, a row has 1"
    );
    let mut strange = model.clone();
    let Body::Network(body) = &mut strange.body else { unreachable!("a network on numbers") };
    body.operators[0].output.zero = 0;
    assert!(resume::network(&strange).is_err());
}

#[test]
fn patience_ends_by_rows_of_the_training_side() {
    let data = signs(400, 14);
    let task = Task::new(&data, &Options { validation: 0.2, ..options() }, None).expect("two labels");
    let validation = task.validation.as_ref().expect("a share was asked for");
    assert_eq!((task.train.len(), validation.len(), task.held_out.len()), (240, 60, 100));
    let mut all: Vec<usize> =
        [&task.train, validation, &task.held_out].iter().flat_map(|rows| rows.numbers.clone()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..400).collect::<Vec<_>>(), "each row is on one side");
    let settings = settings(4000).with(|s| s.schedule.patience = Some(10));
    let training = Training { task: &task, settings: &settings, start: None };
    let trained = train(&training, &AtomicBool::new(false), &mut |_| {}).expect("it trains");
    assert_eq!(trained.stop, crate::StopReason::NoProgress);
    assert_eq!(trained.held_out.map(|figures| figures.rows), Some(60));
}

#[test]
fn files_are_joined_where_their_columns_are_as_many() {
    let all = vec![read("a,b,c\n1,2,x\n3,4,y\n"), read("5,6,x\n")];
    let both = joined(all).expect("three columns each").expect("two files");
    assert_eq!(
        (both.rows, both.labels.as_deref().map(<[_]>::len), both.place(2)),
        (3, Some(3), "row 3".into())
    );
    assert_eq!(both.columns, ["a", "b"]);
    let said = joined(vec![read("1,2,x\n"), read("1,x\n")]).expect_err("other columns").to_string();
    assert_eq!(said, "1 value in a row here, 2 in the first file");
    assert_eq!(joined(Vec::new()), Ok(None));
}
