//! Weight sets and shifts of each layer.

use super::{SMALL_TALK, layers, pairs, reader, reply, run};
use mlc_compiler::model::{Model, WeightSet};
use mlc_trainer::{Dataset, Settings, Shifts, Task, Trained, Training, answers, evaluate, train};
use std::sync::atomic::AtomicBool;

fn small() -> Settings {
    Settings::default().with(|s| {
        s.shape.hidden = vec![40, 30];
        s.schedule.epochs = Some(120);
        s.schedule.batch = 16;
        s.schedule.threads = 2;
    })
}

fn shifts(model: &Model) -> Vec<u8> {
    layers(model).iter().map(|layer| layer.shift).collect()
}

/// Trains, and checks that the figures are those of the model's integers.
fn checked(settings: &Settings) -> Trained {
    let pairs = pairs(SMALL_TALK);
    let task = Task::chat(&pairs, settings).unwrap();
    let trained = run(&task, settings, None);
    trained.model.check().unwrap();
    let right = pairs.pairs.iter().filter(|pair| reply(&trained.model, &pair.query) == pair.reply);
    assert_eq!(right.count(), trained.train.replies_right);
    assert_eq!(evaluate(&trained.model, task.train.held().unwrap(), 1), trained.train);
    let again = run(&task, &settings.clone().with(|s| s.schedule.threads = 3), None);
    assert_eq!(again.model, trained.model, "the same on any number of threads");
    trained
}

#[test]
fn every_weight_set_learns() {
    use WeightSet::{Binary, Full, Ternary};
    for sets in [vec![Ternary], vec![Binary], vec![Full, Ternary, Binary], vec![Binary, Full, Ternary]] {
        let trained = checked(&small().with(|s| s.shape.weights = sets.clone()));
        assert_eq!(trained.train.replies_right, 13, "{sets:?}");
        for (i, layer) in layers(&trained.model).iter().enumerate() {
            assert_eq!(layer.set, if sets.len() == 1 { sets[0] } else { sets[i] });
            let used = |w| layer.weights.contains(&w);
            assert_eq!(
                layer.set.weights().iter().map(|&w| used(w)).collect::<Vec<_>>(),
                vec![true; layer.set.weights().len()]
            );
        }
        let warm = small().with(|s| {
            s.shape.weights = sets.clone();
            s.schedule.warmup = 20;
        });
        assert_eq!(checked(&warm).train.replies_right, 13, "after a warm-up {sets:?}");
    }
}

#[test]
fn sets_and_shifts_are_kept_when_training_goes_on() {
    for set in WeightSet::ALL {
        let settings = small().with(|s| {
            s.shape.weights = vec![set];
            s.shape.shift = Shifts::Fixed(vec![1, 3, 2]);
        });
        let task = Task::chat(&pairs(SMALL_TALK), &settings).unwrap();
        let first = run(&task, &settings, None).model;
        let more = pairs(&format!("{SMALL_TALK}what is 2 and 2|4\nwhat is 3 and 3|6\n"));
        let (task, wider) = Task::resume(&more, &first).unwrap();
        wider.check().unwrap();
        let old = Dataset::new(&pairs(SMALL_TALK).pairs, reader(&wider), &wider.answer);
        assert_eq!(evaluate(&wider, &old, 1).replies_right, 13, "{set}: nothing is lost by going on");
        let trained = run(&task, &small().with(|s| s.schedule.epochs = Some(150)), Some(&wider));
        assert_eq!(trained.train.replies_right, 15, "{set}");
        assert_eq!(shifts(&trained.model), [1, 3, 2]);
        assert!(layers(&trained.model).iter().all(|layer| layer.set == set));
    }
}

/// What a new character is given where no weight can be zero: no query chooses it.
#[test]
fn a_new_character_of_a_binary_layer_is_never_chosen_before_it_is_learned() {
    let settings = small().with(|s| {
        s.shape.weights = vec![WeightSet::Binary];
        s.schedule.epochs = Some(4);
    });
    let model = run(&Task::chat(&pairs(SMALL_TALK), &settings).unwrap(), &settings, None).model;
    let (_, wider) = Task::resume(&pairs("a|123\nb|456\n"), &model).unwrap();
    let queries: Vec<Vec<u8>> =
        (0..300).map(|i| format!("{i} any {} query", i * 77 % 101).into_bytes()).collect();
    let queries: Vec<&[u8]> = queries.iter().map(Vec::as_slice).collect();
    assert_eq!(answers(&wider, &queries, 2), answers(&model, &queries, 2));
}

#[test]
fn shifts_are_those_that_were_chosen() {
    for fixed in [vec![2], vec![1, 2, 3], vec![0], vec![3, 0, 7]] {
        let trained = checked(&small().with(|s| s.shape.shift = Shifts::Fixed(fixed.clone())));
        let wants = if fixed.len() == 1 { vec![fixed[0]; 3] } else { fixed.clone() };
        assert_eq!(shifts(&trained.model), wants);
        assert_eq!(trained.train.replies_right, 13, "{fixed:?}");
    }
}

/// Many narrow layers: shifted by 2 behind each, hardly anything arrives at the last one.
#[test]
fn learnt_shifts_carry_deep_narrow_networks() {
    let deep = small().with(|s| {
        s.shape.hidden = vec![20; 6];
        s.schedule.epochs = Some(150);
    });
    let fixed = checked(&deep);
    let learnt = checked(&deep.with(|s| s.shape.shift = Shifts::Learnt));
    println!("fixed {:?}, learnt {:?} with {:?}", fixed.train, learnt.train, shifts(&learnt.model));
    assert!(fixed.train.replies_right < 7 && learnt.train.replies_right > 10);
    // And where 2 is right for all, nothing is lost.
    let learnt = checked(&small().with(|s| s.shape.shift = Shifts::Learnt));
    assert_eq!(learnt.train.replies_right, 13);
}

#[test]
fn values_that_do_not_fit_the_layers_are_refused() {
    let refused = |settings: Settings| settings.check().unwrap_err().to_string();
    assert_eq!(
        refused(small().with(|s| s.shape.shift = Shifts::Fixed(vec![2, 2]))),
        "shift has 2 values, but the network has 3 layers: give one for all, or one for each"
    );
    assert_eq!(
        refused(small().with(|s| s.shape.shift = Shifts::Fixed(vec![2, 8, 2]))),
        "shift is 8, outside 0..7"
    );
    assert_eq!(
        refused(small().with(|s| s.shape.weights = Vec::new())),
        "weights has 0 values, but the network has 3 layers: give one for all, or one for each"
    );
}

#[test]
fn a_network_too_large_for_a_model_is_refused_before_it_is_trained() {
    let settings = small().with(|s| s.shape.hidden = vec![1024; 6]);
    let task = Task::chat(&pairs(SMALL_TALK), &settings).unwrap();
    let training = Training::new(&task, &settings);
    let error = train(&training, &AtomicBool::new(false), &mut |_| panic!("nothing is trained")).unwrap_err();
    let weights = 256 * 1024 + 5 * 1024 * 1024 + 1024 * outputs(&task);
    assert_eq!(
        error.to_string(),
        format!("model: the layers have {weights} weights together, at most 4194304 are possible")
    );
}

fn outputs(task: &Task) -> usize {
    task.answer.classes().expect("an answer of hashed text")
}
