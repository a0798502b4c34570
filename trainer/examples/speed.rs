//! How long a step of training a sequence model takes: the network of docs/train-sequence.md, 256 texts of 48 tokens, all of
//! which count.
//!
//! `cargo run --release -p mlc-trainer --example speed [THREADS]`

use mlc_compiler::model::{Story, Tokens};
use mlc_compiler::tokens::Tokenizer;
use mlc_trainer::sequence::{Event, Example, Settings, Task, Texts, Training, train};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const VOCABULARY: usize = 64;
const STEPS: usize = 60;

fn main() {
    let threads = std::env::args().nth(1).map_or(2, |n| n.parse().expect("a number of threads"));
    let token = |i: usize| (i * i * 7 + i / 3) as u32 % VOCABULARY as u32;
    let text =
        |t: usize| Example { tokens: (0..49).map(|i| token(t * 49 + i)).collect(), counts: vec![true; 49] };
    let pieces = (0..VOCABULARY as u8).map(|i| vec![b'0' + i]).collect();
    let tokenizer = Tokenizer::characters(pieces, None).expect("64 different characters");
    let task = Task {
        reader: Tokens { tokenizer, max_length: 62 },
        story: Story::plain(vec![0], 64, 0),
        train: Texts::new((0..256).map(text).collect()),
        held_out: None,
        prior: None,
    };
    let mut settings = Settings::default();
    settings.shape.network.vocabulary = VOCABULARY;
    (settings.schedule.updates, settings.schedule.threads) = (Some(STEPS), threads);
    settings.schedule.evaluate_every = STEPS;
    let mut times = Vec::new();
    let mut last = Instant::now();
    let training = Training { task: &task, settings: &settings, start: None };
    let trained = train(&training, &AtomicBool::new(false), &mut |event| {
        if let Event::Epoch(row) = event {
            // The last tenth is judged after every step.
            if row.epoch * 10 <= STEPS * 9 {
                times.push(last.elapsed().as_secs_f64());
            }
            last = Instant::now();
        }
    });
    trained.expect("the settings are in range");
    times.sort_by(f64::total_cmp);
    println!(
        "a step of 256 x 48 tokens, {threads} threads: least {:.3} s, median {:.3} s",
        times[0],
        times[times.len() / 2]
    );
}
