//! The same seed and other ones.

use super::{SMALL_TALK, pairs, run, small};
use mlc_trainer::{Event, Figures, Pairs, Task, Training, train_seeds};
use std::sync::atomic::AtomicBool;

#[test]
fn several_seeds_and_the_best_of_them() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let settings = small().with(|s| {
        s.schedule.epochs = Some(15);
        s.schedule.seed = 4;
    });
    let (mut seen, mut snapshots) = (Vec::new(), Vec::new());
    let seeds =
        train_seeds(&Training::new(&task, &settings), 3, &AtomicBool::new(false), &mut |seed, event| {
            match event {
                Event::Start { .. } => seen.push(seed),
                Event::Best { model, row } => snapshots.push((seed, model.clone(), row.train.unwrap())),
                Event::Batch { .. } | Event::Epoch(_) | Event::Unfit { .. } => {}
            }
        })
        .unwrap();
    assert_eq!(seen, [4, 5, 6]);
    let alone = run(&task, &settings.with(|s| s.schedule.seed = 5), None);
    assert_eq!(seeds.runs[1].1.model, alone.model);
    let shares: Vec<_> = seeds.runs.iter().map(|(_, trained)| trained.train.reply_share()).collect();
    assert!((seeds.train.mean - shares.iter().sum::<f64>() / 3.0).abs() < 1e-12);
    let score = |i: usize| seeds.runs[i].1.train.step_share() + seeds.runs[i].1.train.reply_share();
    assert!((0..3).all(|i| score(i) <= score(seeds.best)));
    // Snapshots only get better, also from seed to seed, and the last one is the result.
    let score = |figures: &Figures| figures.step_share() + figures.reply_share();
    assert!(snapshots.is_sorted_by(|(_, _, a), (_, _, b)| score(a) <= score(b)));
    let (seed, model, _) = snapshots.last().unwrap();
    assert_eq!((*seed, model), (seeds.runs[seeds.best].0, &seeds.runs[seeds.best].1.model));
}

#[test]
fn the_same_seed_gives_the_same_model_on_any_number_of_threads() {
    let pairs = pairs(SMALL_TALK);
    // Batches of three chunks, the last one short.
    let settings = small().with(|s| {
        s.schedule.epochs = Some(12);
        s.schedule.batch = 150;
    });
    let twice = pairs.clone();
    let task = Task::chat(
        &Pairs { pairs: [&pairs.pairs[..], &twice.pairs, &twice.pairs].concat(), ..pairs },
        &settings,
    )
    .unwrap();
    let first = run(&task, &settings, None);
    assert_eq!(run(&task, &settings, None).model, first.model);
    for threads in [1, 3, 8] {
        let model = run(&task, &settings.clone().with(|s| s.schedule.threads = threads), None).model;
        assert_eq!(model, first.model, "{threads} threads");
    }
    let other = run(&task, &settings.with(|s| s.schedule.seed = 2), None);
    assert_ne!(other.model.body, first.model.body);
}
