//! Position bands of queries: what they tell apart that a network without them cannot.

#[path = "../../tests/support/parts.rs"]
mod parts;

use mlc_compiler::text;
use mlc_trainer::{LabelOrder, Pairs, Settings, Task, Training, answers, evaluate, train};
use std::sync::atomic::AtomicBool;

const MOVES: [&str; 4] = ["down", "left", "jump", "right"];

/// `up A up B up|A`: to turn the two moves round moves trigrams but changes none.
fn moves() -> Pairs {
    let mut lines = String::new();
    for a in MOVES {
        for b in MOVES.iter().filter(|b| **b != a) {
            lines.push_str(&format!("up {a} up {b} up|{}\n", a.to_uppercase()));
        }
    }
    let mut pairs = Pairs::default();
    pairs.read(&mut lines.as_bytes(), "moves", &Settings::default().limits()).unwrap();
    pairs
}

fn settings(bands: u8, chat: bool) -> Settings {
    let mut settings = if chat { Settings::default() } else { Settings::classifier() };
    settings.shape.query.bands = bands;
    settings.with(|s| {
        s.shape.hidden = vec![24];
        s.schedule.epochs = Some(150);
        s.schedule.batch = 8;
        s.schedule.threads = 2;
    })
}

fn sorted_buckets(query: &[u8], bands: u8) -> Vec<u16> {
    let mut buckets: Vec<u16> = text::trigram_buckets(query, 64, bands).collect();
    buckets.sort_unstable();
    buckets
}

#[test]
fn turned_round_queries_are_one_without_bands_and_two_with_them() {
    let same = |a: &[u8], b: &[u8], bands| sorted_buckets(a, bands) == sorted_buckets(b, bands);
    for a in MOVES {
        for b in MOVES.iter().filter(|b| **b != a) {
            let (this, other) = (format!("up {a} up {b} up"), format!("up {b} up {a} up"));
            assert!(same(this.as_bytes(), other.as_bytes(), 1), "{this}");
            assert!(!same(this.as_bytes(), other.as_bytes(), 2), "{this}");
        }
    }
    assert!(!same(b"put box in key", b"put key in box", 2));
}

#[test]
fn only_a_network_with_bands_learns_the_order() {
    let pairs = moves();
    for chat in [false, true] {
        let right = |bands| {
            let settings = settings(bands, chat);
            let task = match chat {
                true => Task::chat(&pairs, &settings).unwrap(),
                false => Task::classifier(&pairs, &settings, LabelOrder::Sorted).unwrap(),
            };
            let training = Training::new(&task, &settings);
            let trained = train(&training, &AtomicBool::new(false), &mut |_| {}).unwrap();
            assert_eq!(parts::reader(&trained.model).query.bands, bands);
            assert_eq!(
                evaluate(&trained.model, task.train.held().unwrap(), 1),
                trained.train,
                "bands are in the figures"
            );
            let queries: Vec<&[u8]> = pairs.pairs.iter().map(|pair| pair.query.as_slice()).collect();
            let answers = answers(&trained.model, &queries, 1);
            let right = answers.iter().zip(&pairs.pairs).filter(|(answer, pair)| **answer == pair.reply);
            assert_eq!(right.count(), trained.train.replies_right);
            // Bands are the model's: training goes on with them.
            let (again, _) = Task::resume(&pairs, &trained.model).unwrap();
            assert_eq!(again.reader.query.bands, bands);
            trained.train.replies_right
        };
        // Of two queries with one input, one is wrong at least.
        assert!(right(1) <= pairs.pairs.len() / 2, "chat: {chat}");
        assert_eq!(right(2), pairs.pairs.len(), "chat: {chat}");
    }
}

#[test]
fn bands_beyond_the_model_s_range_are_refused() {
    for bands in [0, 17] {
        let error = settings(bands, true).check().unwrap_err().to_string();
        assert_eq!(error, format!("position bands is {bands}, outside 1..16"));
    }
}
