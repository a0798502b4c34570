//! Distillation: both methods give a student that is nearer to its teacher than rounding makes it.

use mlc_compiler::import::sequence::{Checkpoint, dequantize};
use mlc_compiler::model::{Answer, Body, Grid, Story, Tokens};
use mlc_compiler::tokens::Tokenizer;
use mlc_trainer::outcome::Event;
use mlc_trainer::sequence::{
    Example, Lora, Method, Settings, Target, Task, Texts, Training, distill, student, train,
};
use std::sync::atomic::AtomicBool;

const VOCABULARY: usize = 12;

/// Texts that count up by one and by two.
fn task() -> Task {
    let text = |(from, step): (u32, u32)| Example {
        tokens: (0..9).map(|i| (from + i * step) % VOCABULARY as u32).collect(),
        counts: vec![true; 9],
    };
    let pieces = (0..VOCABULARY as u8).map(|i| vec![b'a' + i]).collect();
    let tokenizer = Tokenizer::characters(pieces, None).expect("different characters");
    Task {
        reader: Tokens { tokenizer, max_length: 62 },
        story: Story::plain(vec![0], 16, 0),
        train: Texts::new((0..24).map(|i| text((i / 2, 1 + i % 2))).collect()),
        held_out: None,
        prior: None,
    }
}

fn teacher() -> Checkpoint {
    let mut settings = Settings::default();
    let grid = Grid::Symmetric { bits: 8 };
    (settings.shape.weights, settings.shape.embedding) = (grid, grid);
    let net = &mut settings.shape.network;
    (net.dim, net.heads, net.kv_heads, net.head_size) = (16, 2, 1, 8);
    (net.hidden, net.vocabulary, net.layers, net.qk_norm) = (24, VOCABULARY, 2, false);
    let schedule = &mut settings.schedule;
    (schedule.updates, schedule.batch, schedule.learning_rate) = (Some(300), 24, 0.01);
    (schedule.rise, schedule.threads) = (5, 2);
    let training = Training { task: &task(), settings: &settings, start: None };
    let model = train(&training, &AtomicBool::new(false), &mut |_| {}).unwrap().model;
    let (Body::Transformer(body), Answer::Story(story)) = (&model.body, &model.answer) else {
        unreachable!("a sequence model")
    };
    dequantize(body, story.logit_bits).unwrap()
}

fn settings(teacher: &Checkpoint, bits: u8, method: Method) -> Settings {
    let grid = Grid::Symmetric { bits };
    let mut settings = Settings { shape: student(teacher, grid, grid, 16), method, ..Settings::default() };
    (settings.average, settings.cut) = (0.9, 0.6);
    let schedule = &mut settings.schedule;
    (schedule.updates, schedule.batch, schedule.learning_rate) = (Some(200), 24, 0.003);
    (schedule.rise, schedule.threads, schedule.falls) = (5, 2, method == Method::StraightThrough);
    settings
}

/// Loss on the texts before the first mini-batch, and at the end.
fn losses(teacher: &Checkpoint, bits: u8, method: Method) -> (f64, f64) {
    let mut first = None;
    let mut see = |event: Event<_>| {
        if let (Event::Best { row, .. }, None) = (event, first) {
            first = row.train.map(|figures: mlc_trainer::sequence::Figures| figures.loss());
        }
    };
    let settings = settings(teacher, bits, method);
    let trained = distill(teacher, &task(), &settings, &AtomicBool::new(false), &mut see).unwrap();
    (first.expect("the start is judged"), trained.train.loss())
}

#[test]
fn students_come_near_their_teacher_with_both_methods() {
    let teacher = teacher();
    for bits in [3, 4] {
        for method in [Method::StraightThrough, Method::Incremental] {
            let (before, after) = losses(&teacher, bits, method);
            println!("{bits} bits, {method:?}: {before} and then {after}");
            assert!(after < before, "{bits} bits, {method:?}: {after} from {before}");
        }
    }
    // The same training gives the same network, whatever the number of threads.
    let one = |threads| {
        let settings = settings(&teacher, 3, Method::Incremental).with(|s| s.schedule.threads = threads);
        distill(&teacher, &task(), &settings, &AtomicBool::new(false), &mut |_| {}).unwrap().model
    };
    assert_eq!(one(1), one(3));
}

#[test]
fn what_the_incremental_method_cannot_do_is_refused() {
    let teacher = teacher();
    let refused = |change: &dyn Fn(&mut Settings)| {
        let settings = settings(&teacher, 4, Method::Incremental).with(|s| change(s));
        settings.check().unwrap_err().to_string()
    };
    let coarse = "the incremental method is for weights of three bits and more, and an embedding of three bits and more";
    assert_eq!(refused(&|s| s.shape.weights = Grid::Ternary), coarse);
    assert_eq!(refused(&|s| s.shape.embedding = Grid::TwoBits), coarse);
    assert_eq!(
        refused(&|s| s.schedule.updates = None),
        "the incremental method wants a number of mini-batches"
    );
    let lora = Lora { rank: 2, alpha: 4.0, targets: vec![Target::Wq] };
    let said = refused(&|s| (s.lora, s.average) = (Some(lora.clone()), 0.0));
    assert!(said.starts_with("adapters are trained straight through"), "{said}");
}
