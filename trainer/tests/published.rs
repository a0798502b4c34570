//! Training on the published pairs, where they are there: `shared/z80ai` beside the repository.
//!
//! The quick tests run in seconds. The whole figures, minutes each:
//! `cargo test --release -p mlc-trainer --test published -- --ignored --nocapture`

#[path = "../../tests/support/shared.rs"]
mod shared;

use mlc_trainer::{Pairs, Settings, Task, Trained, Training, train};
use std::io::BufReader;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

fn published(name: &str) -> Option<Pairs> {
    let path = shared::file(name)?;
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut pairs = Pairs::default();
    let mut input = BufReader::new(flate2::read::GzDecoder::new(file));
    pairs.read(&mut input, name, &Settings::default().limits()).unwrap();
    Some(pairs)
}

fn run(task: &Task, settings: &Settings) -> (Trained, Duration) {
    let began = Instant::now();
    let trained = train(&Training::new(task, settings), &AtomicBool::new(false), &mut |_| {}).unwrap();
    let time = began.elapsed();
    println!(
        "training {:?}, held out {:?}, {} non-zero, {time:?}",
        trained.train, trained.held_out, trained.nonzero
    );
    (trained, time)
}

/// The published network has 79.6 % and 37.0 % with 39,362 weights.
#[test]
fn tinychat_is_soon_better_than_the_published_network() {
    let Some(pairs) = published("tinychat-pairs.txt.gz") else { return };
    assert_eq!((pairs.pairs.len(), pairs.fault_count), (3002, 0));
    let settings = Settings::default().with(|s| s.schedule.epochs = Some(30));
    let (trained, _) = run(&Task::chat(&pairs, &settings).unwrap(), &settings);
    assert!(trained.train.step_share() > 0.87 && trained.train.reply_share() > 0.50, "{:?}", trained.train);
}

#[test]
#[ignore = "takes a minute or two"]
fn tinychat_by_default() {
    let Some(pairs) = published("tinychat-pairs.txt.gz") else { return };
    let settings = Settings::default();
    let (trained, time) = run(&Task::chat(&pairs, &settings).unwrap(), &settings);
    assert!(trained.train.step_share() >= 0.965 && trained.train.reply_share() >= 0.82);
    assert!(trained.nonzero <= 42_000 && time < Duration::from_secs(240));
}

#[test]
#[ignore = "takes a minute or two"]
fn guess_by_default() {
    let Some(pairs) = published("guess-pairs.txt.gz") else { return };
    let settings = Settings::default();
    let task = Task::chat(&pairs, &settings).unwrap().hold_out(&pairs, 0.15, settings.schedule.seed).unwrap();
    let (trained, time) = run(&task, &settings);
    let held_out = trained.held_out.expect("a part was held out");
    assert!(trained.train.reply_share() >= 0.96 && held_out.reply_share() >= 0.895);
    assert!(trained.nonzero <= 16_000 && time < Duration::from_secs(240));
}
