//! Training on LibTorch through the public functions. Only in builds with the feature `tch`, where LibTorch is.
#![cfg(feature = "tch")]

use mlc_compiler::import::sequence::dequantize;
use mlc_compiler::model::{Answer, Body, Grid, Story, Tokens};
use mlc_compiler::tokens::Tokenizer;
use mlc_trainer::{
    Device, DeviceError, Pairs, Precision, Settings, Task, TrainError, Trained, Training, evaluate, sequence,
    train,
};
use std::sync::atomic::AtomicBool;

const LIGHTS: &str = "\
light on|YES
light off|NO
lamp on please|YES
lamp off please|NO
is it dark|MAYBE
is it night|MAYBE
open the door|OPEN
close the door|CLOSED
";

fn on(device: Device, settings: Settings) -> Result<(Task, Trained), TrainError> {
    let settings = settings.with(|s| s.schedule.device = device);
    let mut pairs = Pairs::default();
    pairs.read(&mut LIGHTS.as_bytes(), "inline", &settings.limits()).unwrap();
    let task = Task::chat(&pairs, &settings).unwrap();
    let trained = train(&Training::new(&task, &settings), &AtomicBool::new(false), &mut |_| {})?;
    Ok((task, trained))
}

fn small() -> Settings {
    Settings::default().with(|s| {
        s.shape.hidden = vec![30, 21];
        s.schedule.epochs = Some(80);
        s.schedule.batch = 16;
        s.schedule.threads = 1;
    })
}

#[test]
fn learns_all_and_keeps_what_it_counted() {
    for warmup in [0, 20] {
        let (task, trained) = on(Device::TorchCpu, small().with(|s| s.schedule.warmup = warmup)).unwrap();
        assert_eq!(trained.train.replies_right, 8, "after a warm-up of {warmup}");
        assert_eq!(evaluate(&trained.model, task.train.held().unwrap(), 1), trained.train);
    }
}

#[test]
fn the_same_seed_gives_the_same_model() {
    let again = |seed| on(Device::TorchCpu, small().with(|s| s.schedule.seed = seed)).unwrap().1.model;
    assert_eq!(again(1), again(1));
    assert_ne!(again(1).body, again(2).body);
}

/// Where there is a CUDA device it is used; where there is none, that is the error.
#[test]
fn cuda_works_or_is_missed() {
    match on(Device::Cuda, small()) {
        Ok((_, trained)) => assert_eq!(trained.train.replies_right, 8),
        Err(e) => assert_eq!(e, TrainError::Device(DeviceError::NoCuda)),
    }
}

/// A task of texts in which one token decides the next, and settings for a network that can learn it.
fn counting() -> (sequence::Task, sequence::Settings) {
    const TOKENS: u32 = 6;
    let text = |i: u32| {
        let tokens: Vec<u32> = (0..6 + i % 3).map(|at| (i + at) % TOKENS).collect();
        sequence::Example { counts: vec![true; tokens.len()], tokens }
    };
    let pieces = (0..TOKENS as u8).map(|i| vec![b'a' + i]).collect();
    let task = sequence::Task {
        reader: Tokens { tokenizer: Tokenizer::characters(pieces, None).unwrap(), max_length: 20 },
        story: Story::plain(vec![0], 16, 0),
        train: sequence::Texts::new((0..12).map(text).collect()),
        held_out: None,
        prior: None,
    };
    let mut settings = sequence::Settings::default();
    let net = &mut settings.shape.network;
    (net.dim, net.layers, net.heads, net.kv_heads, net.head_size) = (16, 1, 2, 1, 8);
    (net.hidden, net.vocabulary, net.positions) = (16, TOKENS as usize, Some(16));
    // A teacher has no norms of heads.
    net.qk_norm = false;
    let schedule = &mut settings.schedule;
    (schedule.updates, schedule.batch, schedule.learning_rate, schedule.rise) = (Some(120), 12, 0.02, 5);
    (schedule.threads, schedule.device) = (1, Device::TorchCpu);
    (task, settings)
}

fn sequence_on(task: &sequence::Task, settings: &sequence::Settings) -> sequence::Trained {
    let training = sequence::Training { task, settings, start: None };
    sequence::train(&training, &AtomicBool::new(false), &mut |_| {}).unwrap()
}

#[test]
fn sequence_models_learn_in_each_precision() {
    let (task, settings) = counting();
    for (precision, recompute, warmup) in
        [(Precision::F32, false, 0), (Precision::F32, true, 3), (Precision::Bf16, true, 0)]
    {
        let settings = settings.clone().with(|s| {
            (s.precision, s.recompute, s.schedule.warmup) = (precision, recompute, warmup);
        });
        let trained = sequence_on(&task, &settings);
        assert!(trained.train.token_share() == 1.0, "{precision:?}: {:?}", trained.train);
    }
    let again = |seed| sequence_on(&task, &settings.clone().with(|s| s.schedule.seed = seed)).model;
    assert_eq!(again(1), again(1));
    assert_ne!(again(1).body, again(2).body);
}

#[test]
fn sequence_models_are_trained_further_with_adapters_and_by_teachers() {
    let (task, settings) = counting();
    let base = sequence_on(&task, &settings).model;
    let shape = sequence::shape_of(&base).unwrap();
    let stop = AtomicBool::new(false);
    let start = sequence::parameters_of(&base, &shape, 1).unwrap();
    let short = |shape: &sequence::Shape| {
        settings.clone().with(|s| {
            s.shape = shape.clone();
            s.schedule.updates = Some(20);
        })
    };
    let further = short(&shape);
    let training = sequence::Training { task: &task, settings: &further, start: Some(&start) };
    let trained = sequence::train(&training, &stop, &mut |_| {}).unwrap();
    assert!(trained.train.token_share() == 1.0, "no worse than before: {:?}", trained.train);

    let lora =
        sequence::Lora { rank: 2, alpha: 4.0, targets: vec![sequence::Target::Wq, sequence::Target::Up] };
    let adapting = further.clone().with(|s| s.lora = Some(lora));
    let training = sequence::Training { settings: &adapting, ..training };
    let beside = (sequence::Base::Model(&base), None);
    let (trained, adapter) = sequence::train_adapter(&training, beside, &stop, &mut |_, _| {}).unwrap();
    assert!(!adapter.is_empty() && trained.train.token_share() == 1.0, "{:?}", trained.train);

    let Body::Transformer(body) = &base.body else { unreachable!("a sequence model") };
    let Answer::Story(story) = &base.answer else { unreachable!("a sequence model") };
    let teacher = dequantize(body, story.logit_bits).unwrap();
    let student = sequence::student(&teacher, Grid::Ternary, Grid::Symmetric { bits: 4 }, 16);
    let settings = settings.with(|s| s.shape = student);
    let trained = sequence::distill(&teacher, &task, &settings, &stop, &mut |_| {}).unwrap();
    assert!(trained.train.token_share() > 0.9, "{:?}", trained.train);
}

#[test]
fn what_only_libtorch_has_is_refused_elsewhere() {
    let (task, settings) = counting();
    for (precision, recompute, says) in
        [(Precision::Bf16, false, "precision bf16"), (Precision::F32, true, "recomputed")]
    {
        let settings = settings.clone().with(|s| {
            (s.precision, s.recompute, s.schedule.device) = (precision, recompute, Device::Cpu);
        });
        let training = sequence::Training { task: &task, settings: &settings, start: None };
        let error = sequence::train(&training, &AtomicBool::new(false), &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("the device is \"cpu\""), "{error}");
    }
}
