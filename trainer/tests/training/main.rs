//! Training from text to a checked model, through the public functions only.

mod layers;
mod limits;
#[path = "../../../tests/support/parts.rs"]
mod parts;
mod resume;
mod seeds;
mod warm_up;

use mlc_compiler::model::{Answer, HashedText, Layer, Model};
use mlc_compiler::text;
use mlc_trainer::{
    CALIBRATION, Corpus, Event, Figures, LabelOrder, Pairs, Settings, StopReason, Task, TaskError, Trained,
    Training, answers, assess, data, evaluate, train,
};
use parts::{chat, chat_mut, label, layers, reader};
use std::sync::atomic::{AtomicBool, Ordering};

const SMALL_TALK: &str = "\
# A conversation that a small network can learn by heart.
hello|HI
good morning|HI
how are you|FINE
are you well|FINE
what is your name|MLC
who are you|MLC
are you a robot|YES
are you a human|NO
do you like tea|YES
do you like rain|NO
tell me a joke|Why? Because.
bye|BYE!
good night|BYE!
";

fn pairs(text: &str) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.read(&mut text.as_bytes(), "inline", &Settings::default().limits()).unwrap();
    pairs
}

fn small() -> Settings {
    Settings::default().with(|s| {
        s.shape.hidden = vec![30, 21];
        s.schedule.epochs = Some(80);
        s.schedule.batch = 16;
        s.schedule.threads = 2;
    })
}

fn run(task: &Task, settings: &Settings, start: Option<&Model>) -> Trained {
    train(&Training { start, ..Training::new(task, settings) }, &AtomicBool::new(false), &mut |_| {}).unwrap()
}

/// The definition of a layer, in 16-bit two's complement.
fn apply(layer: &Layer, x: &[i16], hidden: bool) -> Vec<i16> {
    let neuron = |o: usize| {
        let products = layer.row(o).iter().zip(x).map(|(&w, &x)| x.wrapping_mul(w.into()));
        let y = products.fold(layer.bias[o], i16::wrapping_add) >> layer.shift;
        if hidden { y.max(0) } else { y }
    };
    (0..layer.outputs).map(neuron).collect()
}

fn logits(model: &Model, mut x: Vec<i16>) -> Vec<i16> {
    let layers = layers(model);
    for (i, layer) in layers.iter().enumerate() {
        x = apply(layer, &x, i + 1 < layers.len());
    }
    x
}

fn argmax(y: &[i16]) -> usize {
    (0..y.len()).fold(0, |best, i| if y[i] > y[best] { i } else { best })
}

/// What the machine replies.
fn reply(model: &Model, query: &[u8]) -> Vec<u8> {
    let query = text::normalize(query);
    let (reader, chat) = (reader(model), chat(model));
    let (mut window, mut reply) = (reader.empty_window(), Vec::new());
    while reply.len() < usize::from(chat.max_reply) {
        let c = chat.charset[argmax(&logits(model, reader.input(&query, &window)))];
        if c == 0 {
            break;
        }
        reply.push(c);
        HashedText::push(&mut window, c);
    }
    reply
}

#[test]
fn learns_a_small_conversation_by_heart() {
    let pairs = pairs(SMALL_TALK);
    let task = Task::chat(&pairs, &small()).unwrap();
    let trained = run(&task, &small(), None);
    let all = Figures { steps: 62, steps_right: 62, replies: 13, replies_right: 13 };
    assert_eq!(trained.train, all);
    assert_eq!((trained.stop, trained.epochs), (StopReason::Finished, 80));
    trained.model.check().unwrap();
    assert_eq!(
        evaluate(&trained.model, task.train.held().unwrap(), 1),
        all,
        "the figures are those of the integers in the model"
    );
    assert_eq!(chat(&trained.model).charset, b" !.?BCEFHILMNOSWYacehsuy\0");
    for pair in &pairs.pairs {
        assert_eq!(reply(&trained.model, &pair.query), pair.reply, "the machine's own loop agrees");
    }
}

#[test]
fn answers_are_the_machine_s_right_or_wrong() {
    // Hardly trained, so that replies differ in length and most are wrong.
    let pairs = pairs(SMALL_TALK);
    let settings = small().with(|s| s.schedule.epochs = Some(12));
    let mut model = run(&Task::chat(&pairs, &settings).unwrap(), &settings, None).model;
    let queries: Vec<&[u8]> =
        pairs.pairs.iter().map(|pair| pair.query.as_slice()).chain([&b" Who?"[..], b""]).collect();
    for max_reply in [50, 3] {
        chat_mut(&mut model).max_reply = max_reply;
        let wants: Vec<_> = queries.iter().map(|query| reply(&model, query)).collect();
        assert_eq!(answers(&model, &queries, 2), wants);
    }
}

#[test]
fn an_assessment_counts_what_comes_instead() {
    let pairs = pairs(LIGHTS);
    let settings = Settings::classifier().with(|s| {
        s.schedule.epochs = Some(100);
        s.schedule.batch = 4;
    });
    let task = Task::classifier(&pairs, &settings, LabelOrder::FirstSeen).unwrap();
    let model = run(&task, &settings, None).model;
    let mut asked = pairs.pairs.clone();
    asked[4].reply = b"ON".to_vec();
    asked[6].reply = b"BLINK".to_vec();
    asked.push(asked[0].clone());
    asked[0].reply = b"BLINK".to_vec();
    let found = assess(&model, &asked.iter().collect::<Vec<_>>(), 2);
    assert_eq!((found.figures.replies, found.figures.replies_right, found.ceiling), (13, 10, 12));
    let worst = &found.by_reply[0];
    assert_eq!((worst.reply.as_str(), worst.pairs, worst.right), ("BLINK", 2, 0));
    assert_eq!(worst.instead, [("ON".to_string(), 1), ("UP".to_string(), 1)]);
    assert_eq!(worst.example.as_deref(), Some("turn the light on"));
    let second = &found.by_reply[1];
    assert_eq!((second.reply.as_str(), second.pairs, second.right), ("ON", 4, 3));
    assert_eq!(second.instead, [("OFF".to_string(), 1)]);
}

#[test]
fn a_model_keeps_queries_to_calibrate_on() {
    let few = Task::chat(&pairs("one|A\none|B\ntwo|B\ncaf\u{e9}|A\n"), &small()).unwrap();
    assert_eq!(few.calibration, ["one", "two"]);
    let text: String =
        (0..640).map(|i| format!("query {i}|{}\n", if i % 2 == 0 { "A" } else { "B" })).collect();
    let many = pairs(&text);
    let task = Task::chat(&many, &small()).unwrap();
    assert_eq!(task.calibration.len(), CALIBRATION);
    assert_eq!((task.calibration[0].as_str(), task.calibration[63].as_str()), ("query 5", "query 635"));
    // Queries that were held out stay unseen.
    let task = task.hold_out(&many, 0.5, 1).unwrap();
    let (train, _) = data::split(&many.pairs.iter().collect::<Vec<_>>(), 0.5, 1).unwrap();
    assert!(task.calibration.iter().all(|query| train.iter().any(|pair| pair.query == query.as_bytes())));
    let model = run(&task, &small().with(|s| s.schedule.epochs = Some(1)), None).model;
    assert_eq!(model.head.calibration, task.calibration);
}

const LIGHTS: &str = "\
turn the light on|ON
light on please|ON
switch it on|ON
turn the light off|OFF
light off please|OFF
switch it off|OFF
make it brighter|UP
brighter please|UP
more light|UP
make it darker|DOWN
darker please|DOWN
less light|DOWN
";

#[test]
fn learns_to_classify() {
    let settings = Settings::classifier().with(|s| {
        s.schedule.epochs = Some(150);
        s.schedule.batch = 4;
    });
    let task = Task::classifier(&pairs(LIGHTS), &settings, LabelOrder::FirstSeen).unwrap();
    let trained = run(&task, &settings, None);
    assert_eq!(trained.train, Figures { steps: 12, steps_right: 12, replies: 12, replies_right: 12 });
    let Answer::Label { labels, .. } = &trained.model.answer else { panic!("a classifier") };
    assert_eq!(labels, &["ON", "OFF", "UP", "DOWN"]);
    let widths: Vec<_> = layers(&trained.model).iter().map(|layer| (layer.inputs, layer.outputs)).collect();
    assert_eq!(widths, [(64, 32), (32, 16), (16, 4)]);
    for pair in pairs(LIGHTS).pairs {
        let counts = text::count(text::trigram_buckets(&pair.query, 64, 1), 64);
        let label = &labels[argmax(&logits(&trained.model, counts.iter().map(|c| c * 32).collect()))];
        assert_eq!(label.as_bytes(), pair.reply);
    }
    let sorted = Task::classifier(&pairs(LIGHTS), &settings, LabelOrder::Sorted).unwrap();
    assert_eq!(sorted.answer, label(["DOWN", "OFF", "ON", "UP"]));
}

#[test]
fn held_out_queries_are_not_trained_on() {
    let pairs = pairs(LIGHTS);
    let settings = Settings::classifier().with(|s| {
        s.schedule.epochs = Some(40);
        s.schedule.batch = 4;
        s.schedule.patience = Some(3);
        s.schedule.evaluate_every = 1;
    });
    let task = Task::classifier(&pairs, &settings, LabelOrder::FirstSeen).unwrap();
    let task = task.hold_out(&pairs, 0.25, 5).unwrap();
    let held_out = task.held_out.as_ref().and_then(Corpus::held).unwrap();
    assert_eq!((task.train.pairs(), held_out.pairs()), (9, 3));
    let trained = run(&task, &settings, None);
    assert_eq!(trained.held_out, Some(evaluate(&trained.model, held_out, 1)));
    if trained.stop == StopReason::NoProgress {
        assert_eq!(trained.epochs, 40);
    }
    let facts: Vec<_> = trained.model.head.training.iter().map(|(key, _)| key.as_str()).collect();
    assert!(facts.contains(&"held-out replies right, %"), "{facts:?}");

    let share =
        |share| Task::chat(&pairs, &settings).unwrap().hold_out(&pairs, share, 1).unwrap_err().to_string();
    assert_eq!(share(0.0), "a share of 0 cannot be held out: it must be above 0 and below 1");
    assert_eq!(share(0.01), "holding out 0.01 of 12 queries leaves none on one side");
}

#[test]
fn a_stop_request_ends_training_with_the_best_so_far() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let stop = AtomicBool::new(false);
    let settings = small().with(|s| s.schedule.epochs = Some(1000));
    let (mut epochs, mut best) = (0, None);
    let trained = train(&Training::new(&task, &settings), &stop, &mut |event| match event {
        Event::Epoch(row) => {
            epochs = row.epoch;
            if row.epoch == 7 {
                stop.store(true, Ordering::Relaxed);
            }
        }
        Event::Best { model, row } => best = Some((model.clone(), row.epoch)),
        Event::Start { .. } | Event::Batch { .. } | Event::Unfit { .. } => {}
    });
    let trained = trained.unwrap();
    assert_eq!((trained.stop, epochs), (StopReason::Requested, 8));
    assert_eq!(best, Some((trained.model, trained.epoch)), "the last snapshot reported is what comes back");
}

#[test]
fn nothing_to_learn_is_an_error() {
    let error = |text: &str| Task::chat(&pairs(text), &small()).unwrap_err();
    assert_eq!(error("").to_string(), "no \"query|reply\" pair in 0 lines of inline");
    assert_eq!(
        error("# only\nhello\n").to_string(),
        "no \"query|reply\" pair in 2 lines of inline; inline:2: no '|' between query and reply"
    );
    assert_eq!(error("a|X\nb|X\n"), TaskError::OneReply("X".into()));
    let many: String = (0..1025).map(|i| format!("q{i}|L{i}\n")).collect();
    let error = Task::classifier(&pairs(&many), &small(), LabelOrder::Sorted).unwrap_err();
    assert_eq!(error, TaskError::TooManyLabels(1025));
}

#[test]
fn bad_settings_and_names_are_errors() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let error = |settings: Settings| {
        train(&Training::new(&task, &settings), &AtomicBool::new(false), &mut |_| {}).unwrap_err().to_string()
    };
    assert_eq!(error(small().with(|s| s.schedule.batch = 0)), "batch is 0, outside 1..65536");
    let named = small().with(|s| {
        s.name = "no name".into();
        s.schedule.epochs = Some(1);
    });
    assert_eq!(error(named), "model: name: \"no name\" is no name for a model");
}
