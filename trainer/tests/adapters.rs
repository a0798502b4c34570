//! Adapters beside a base: what they give, what they are refused for, and that training goes on with them.

use mlc_compiler::model::{Body, Model, Story, Tokens};
use mlc_compiler::tokens::Tokenizer;
use mlc_trainer::outcome::Event;
use mlc_trainer::sequence::{
    Adapter, Base, Example, Lora, Settings, Target, Task, Texts, Training, fingerprint, parameters_of, train,
    train_adapter,
};
use std::sync::atomic::AtomicBool;

const VOCABULARY: usize = 12;

/// Texts that count up in steps of `step`.
fn task(step: u32) -> Task {
    let text = |from: u32| Example {
        tokens: (0..7).map(|i| (from + i * step) % VOCABULARY as u32).collect(),
        counts: vec![true; 7],
    };
    let pieces = (0..VOCABULARY as u8).map(|i| vec![b'a' + i]).collect();
    let tokenizer = Tokenizer::characters(pieces, None).expect("different characters");
    Task {
        reader: Tokens { tokenizer, max_length: 62 },
        story: Story::plain(vec![0], 16, 0),
        train: Texts::new((0..12).map(text).collect()),
        held_out: None,
        prior: None,
    }
}

fn settings(updates: usize) -> Settings {
    let mut settings = Settings::default();
    let net = &mut settings.shape.network;
    (net.dim, net.heads, net.kv_heads, net.head_size) = (16, 2, 1, 8);
    (net.hidden, net.vocabulary, net.layers) = (24, VOCABULARY, 2);
    let schedule = &mut settings.schedule;
    (schedule.updates, schedule.batch, schedule.learning_rate) = (Some(updates), 12, 0.01);
    (schedule.rise, schedule.threads) = (5, 2);
    settings
}

fn base() -> Model {
    let training = Training { task: &task(1), settings: &settings(120), start: None };
    train(&training, &AtomicBool::new(false), &mut |_| {}).unwrap().model
}

fn lora() -> Lora {
    Lora { rank: 3, alpha: 6.0, targets: vec![Target::Wq, Target::Wv, Target::Down] }
}

/// Trains adapters to count by twos. Gives the model, the adapter, and the first network that was kept with the loss of it.
fn adapt(base: &Model, resumed: Option<&Adapter>, updates: usize) -> (Model, f64, Adapter, (Adapter, f64)) {
    let settings = settings(updates).with(|s| s.lora = Some(lora()));
    let start = parameters_of(base, &settings.shape, 1).unwrap();
    let task = task(2);
    let training = Training { task: &task, settings: &settings, start: Some(&start) };
    let mut first = None;
    let (trained, adapter) = train_adapter(
        &training,
        (Base::Model(base), resumed),
        &AtomicBool::new(false),
        &mut |event, adapter| {
            if let (Event::Best { row, .. }, None) = (event, &first) {
                let adapter = adapter.expect("there is one with each network that is kept");
                first = Some((adapter.clone(), row.train.expect("it was judged").loss()));
            }
        },
    )
    .unwrap();
    (trained.model, trained.train.loss(), adapter, first.expect("a network was kept"))
}

#[test]
fn adapters_learn_and_merge_with_their_base() {
    let base = base();
    let (model, loss, adapter, (idle, before)) = adapt(&base, None, 200);
    assert!(loss < 0.6 * before, "{loss} from {before}");
    // What was measured is what merging gives.
    let merged = adapter.merged(Base::Model(&base)).unwrap();
    assert_eq!((&merged.body, &merged.answer), (&model.body, &model.answer));
    assert_ne!(merged.body, base.body);
    assert_eq!((&merged.head, &merged.reader), (&base.head, &base.reader));
    // At first nothing is added.
    assert_eq!(idle.merged(Base::Model(&base)).unwrap(), base);
    // Of each block three matrices of 16 or 24 inputs: queries 16, values 8, results 16.
    assert_eq!(adapter.len(), 2 * 3 * ((16 + 16) + (16 + 8) + (24 + 16)));
}

#[test]
fn training_goes_on_with_an_adapter() {
    let base = base();
    let (_, loss, adapter, _) = adapt(&base, None, 60);
    let (_, further, better, (first, begins)) = adapt(&base, Some(&adapter), 120);
    assert_eq!((&first, begins), (&adapter, loss), "it begins where the other ended");
    assert!(further <= loss && better != adapter, "{further} from {loss}");
}

#[test]
fn an_adapter_of_another_base_is_refused() {
    let base = base();
    let (_, _, adapter, _) = adapt(&base, None, 20);
    let mut renamed = base.clone();
    renamed.head.name = "other".into();
    assert_eq!(fingerprint(&renamed), fingerprint(&base), "a name is no network");
    assert!(adapter.merged(Base::Model(&renamed)).is_ok());
    let mut other = base.clone();
    let Body::Transformer(body) = &mut other.body else { unreachable!("it is one") };
    body.blocks[0].attention.query.values[3] ^= 1;
    other.head.name = "another".into();
    let e = adapter.merged(Base::Model(&other)).unwrap_err().to_string();
    assert!(
        e.contains(&fingerprint(&base)) && e.contains("another is ") && e.contains(&fingerprint(&other)),
        "{e}"
    );
    // Nor does training go on with it there, or with other choices.
    let settings = settings(5).with(|s| s.lora = Some(Lora { rank: 2, ..lora() }));
    let start = parameters_of(&base, &settings.shape, 1).unwrap();
    let task = task(2);
    let training = Training { task: &task, settings: &settings, start: Some(&start) };
    let run = |base: &Model| {
        let stop = AtomicBool::new(false);
        train_adapter(&training, (Base::Model(base), Some(&adapter)), &stop, &mut |_, _| {})
            .unwrap_err()
            .to_string()
    };
    assert!(run(&other).contains("another network"));
    assert!(run(&base).contains("another rank, alpha or matrices"));
}
