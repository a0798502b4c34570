//! Training from text to a checked model, through the public functions only.

use mlc_compiler::model::{Chat, Layer, Model, Output};
use mlc_compiler::text;
use mlc_trainer::{
    Budget, CALIBRATION, Corpus, CostModel, Event, Figures, LabelOrder, NonzeroWeights, Pairs, Settings,
    StopReason, Task, TaskError, TrainError, Trained, Training, VisitedWeights, answers, assess, data,
    evaluate, train, train_seeds,
};
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
    Settings { hidden: vec![30, 21], epochs: Some(80), batch: 16, threads: 2, ..Settings::default() }
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
    for (i, layer) in model.layers.iter().enumerate() {
        x = apply(layer, &x, i + 1 < model.layers.len());
    }
    x
}

fn argmax(y: &[i16]) -> usize {
    (0..y.len()).fold(0, |best, i| if y[i] > y[best] { i } else { best })
}

/// What the machine replies.
fn reply(model: &Model, chat: &Chat, query: &[u8]) -> Vec<u8> {
    let query = text::normalize(query);
    let (mut window, mut reply) = (chat.empty_window(), Vec::new());
    while reply.len() < usize::from(chat.max_reply) {
        let c = chat.charset[argmax(&logits(model, chat.step_input(&query, &model.query, &window)))];
        if c == 0 {
            break;
        }
        reply.push(c);
        Chat::push(&mut window, c);
    }
    reply
}

fn chat_of(model: &Model) -> &Chat {
    match &model.output {
        Output::Chat(chat) => chat,
        Output::Classifier { .. } => panic!("a chat model"),
    }
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
    let chat = chat_of(&trained.model);
    assert_eq!(chat.charset, b" !.?BCEFHILMNOSWYacehsuy\0");
    for pair in &pairs.pairs {
        assert_eq!(reply(&trained.model, chat, &pair.query), pair.reply, "the machine's own loop agrees");
    }
}

#[test]
fn answers_are_the_machine_s_right_or_wrong() {
    // Hardly trained, so that replies differ in length and most are wrong.
    let pairs = pairs(SMALL_TALK);
    let settings = Settings { epochs: Some(12), ..small() };
    let mut model = run(&Task::chat(&pairs, &settings).unwrap(), &settings, None).model;
    let queries: Vec<&[u8]> =
        pairs.pairs.iter().map(|pair| pair.query.as_slice()).chain([&b" Who?"[..], b""]).collect();
    for max_reply in [50, 3] {
        let Output::Chat(chat) = &mut model.output else { panic!("a chat model") };
        chat.max_reply = max_reply;
        let chat = chat_of(&model);
        let wants: Vec<_> = queries.iter().map(|query| reply(&model, chat, query)).collect();
        assert_eq!(answers(&model, &queries, 2), wants);
    }
}

#[test]
fn an_assessment_counts_what_comes_instead() {
    let pairs = pairs(LIGHTS);
    let settings = Settings { epochs: Some(100), batch: 4, ..Settings::classifier() };
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
    let model = run(&task, &Settings { epochs: Some(1), ..small() }, None).model;
    assert_eq!(model.calibration, task.calibration);
}

#[test]
fn several_seeds_and_the_best_of_them() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let settings = Settings { epochs: Some(15), seed: 4, ..small() };
    let (mut seen, mut snapshots) = (Vec::new(), Vec::new());
    let seeds =
        train_seeds(&Training::new(&task, &settings), 3, &AtomicBool::new(false), &mut |seed, event| {
            match event {
                Event::Start { .. } => seen.push(seed),
                Event::Best { model, row } => snapshots.push((seed, model.clone(), row.train.unwrap())),
                Event::Batch { .. } | Event::Epoch(_) => {}
            }
        })
        .unwrap();
    assert_eq!(seen, [4, 5, 6]);
    let alone = run(&task, &Settings { seed: 5, ..settings }, None);
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
    let settings = Settings { epochs: Some(12), batch: 150, ..small() };
    let twice = pairs.clone();
    let task = Task::chat(
        &Pairs { pairs: [&pairs.pairs[..], &twice.pairs, &twice.pairs].concat(), ..pairs },
        &settings,
    )
    .unwrap();
    let first = run(&task, &settings, None);
    assert_eq!(run(&task, &settings, None).model, first.model);
    for threads in [1, 3, 8] {
        let model = run(&task, &Settings { threads, ..settings.clone() }, None).model;
        assert_eq!(model, first.model, "{threads} threads");
    }
    let other = run(&task, &Settings { seed: 2, ..settings }, None);
    assert_ne!(other.model.layers, first.model.layers);
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
    let settings = Settings { epochs: Some(150), batch: 4, ..Settings::classifier() };
    let task = Task::classifier(&pairs(LIGHTS), &settings, LabelOrder::FirstSeen).unwrap();
    let trained = run(&task, &settings, None);
    assert_eq!(trained.train, Figures { steps: 12, steps_right: 12, replies: 12, replies_right: 12 });
    let Output::Classifier { labels } = &trained.model.output else { panic!("a classifier") };
    assert_eq!(labels, &["ON", "OFF", "UP", "DOWN"]);
    let widths: Vec<_> = trained.model.layers.iter().map(|layer| (layer.inputs, layer.outputs)).collect();
    assert_eq!(widths, [(64, 32), (32, 16), (16, 4)]);
    for pair in pairs(LIGHTS).pairs {
        let counts = text::count(text::trigram_buckets(&pair.query, 64, 1), 64);
        let label = &labels[argmax(&logits(&trained.model, counts.iter().map(|c| c * 32).collect()))];
        assert_eq!(label.as_bytes(), pair.reply);
    }
    let sorted = Task::classifier(&pairs(LIGHTS), &settings, LabelOrder::Sorted).unwrap();
    assert_eq!(
        sorted.output,
        Output::Classifier { labels: ["DOWN", "OFF", "ON", "UP"].map(String::from).into() }
    );
}

#[test]
fn sparsity_saves_weights_and_economy_visits() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let budgets = [Budget { model: &VisitedWeights, limit: f64::MAX }];
    let costs = |sparsity: f32, economy: f32| {
        let settings = Settings { sparsity, economy, ..small() };
        let training = Training { budgets: &budgets, ..Training::new(&task, &settings) };
        let trained = train(&training, &AtomicBool::new(false), &mut |_| {}).unwrap();
        assert_eq!(trained.train.replies_right, 13);
        (trained.nonzero, trained.costs[0])
    };
    let (free, sparse, economic) = (costs(0.0, 0.0), costs(3.0, 0.0), costs(0.0, 6.0));
    assert!(sparse.0 * 2 < free.0, "{sparse:?} of {free:?}");
    assert!(economic.1 * 2.0 < free.1, "{economic:?} of {free:?}");
}

#[test]
fn budgets_are_kept() {
    let settings = Settings { epochs: Some(150), ..small() };
    let task = Task::chat(&pairs(SMALL_TALK), &settings).unwrap();
    let free = run(&task, &settings, None);
    let rows = |model: &dyn CostModel, limit: f64| {
        let budgets = [Budget { model, limit }];
        let training = Training { budgets: &budgets, ..Training::new(&task, &settings) };
        train(&training, &AtomicBool::new(false), &mut |_| {}).unwrap()
    };
    let limit = (free.nonzero / 2) as f64;
    let trained = rows(&NonzeroWeights, limit);
    assert!(trained.within_budget && trained.nonzero as f64 <= limit, "{} of {limit}", trained.nonzero);
    assert_eq!(trained.costs, [trained.nonzero as f64]);
    assert_eq!(trained.train.replies_right, 13, "half of the weights are enough");
    // Sampled activity of the very network that is kept.
    let visits = rows(&VisitedWeights, f64::MAX).costs[0];
    let trained = rows(&VisitedWeights, visits / 2.0);
    assert!(trained.within_budget && trained.costs[0] <= visits / 2.0, "{:?} of {visits}", trained.costs);
    // A model that is too large may be trained until it fits: it is not kept for its better figures.
    let budgets = [Budget { model: &NonzeroWeights, limit }];
    let start = Some(&free.model);
    let smaller = Training { start, budgets: &budgets, ..Training::new(&task, &settings) };
    let smaller = train(&smaller, &AtomicBool::new(false), &mut |_| {}).unwrap();
    assert!(smaller.within_budget && smaller.epoch > 0 && smaller.nonzero as f64 <= limit);
    let impossible = rows(&NonzeroWeights, 1.0);
    assert!(!impossible.within_budget, "what cannot be is said");
    // The model that training went on from is the best beyond the limit, with its own figures.
    let beyond = smaller.beyond.unwrap();
    assert_eq!((beyond.train.replies_right, free.beyond), (13, None));
    assert!(beyond.costs[0] > limit, "{beyond:?}");
}

#[test]
fn warm_up_ends_in_an_integer_network() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let trained = run(&task, &Settings { warmup: 20, ..small() }, None);
    assert_eq!(trained.train.replies_right, 13);
    assert_eq!(evaluate(&trained.model, task.train.held().unwrap(), 2), trained.train);
}

#[test]
fn held_out_queries_are_not_trained_on() {
    let pairs = pairs(LIGHTS);
    let settings = Settings {
        epochs: Some(40),
        batch: 4,
        patience: Some(3),
        evaluate_every: 1,
        ..Settings::classifier()
    };
    let task = Task::classifier(&pairs, &settings, LabelOrder::FirstSeen).unwrap();
    let task = task.hold_out(&pairs, 0.25, 5).unwrap();
    let held_out = task.held_out.as_ref().and_then(Corpus::held).unwrap();
    assert_eq!((task.train.pairs(), held_out.pairs()), (9, 3));
    let trained = run(&task, &settings, None);
    assert_eq!(trained.held_out, Some(evaluate(&trained.model, held_out, 1)));
    if trained.stop == StopReason::NoProgress {
        assert_eq!(trained.epochs, 40);
    }
    let facts: Vec<_> = trained.model.training.iter().map(|(key, _)| key.as_str()).collect();
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
    let settings = Settings { epochs: Some(1000), ..small() };
    let (mut epochs, mut best) = (0, None);
    let trained = train(&Training::new(&task, &settings), &stop, &mut |event| match event {
        Event::Epoch(row) => {
            epochs = row.epoch;
            if row.epoch == 7 {
                stop.store(true, Ordering::Relaxed);
            }
        }
        Event::Best { model, row } => best = Some((model.clone(), row.epoch)),
        Event::Start { .. } | Event::Batch { .. } => {}
    });
    let trained = trained.unwrap();
    assert_eq!((trained.stop, epochs), (StopReason::Requested, 8));
    assert_eq!(best, Some((trained.model, trained.epoch)), "the last snapshot reported is what comes back");
}

#[test]
fn a_model_learns_more_without_forgetting() {
    let task = Task::chat(&pairs(SMALL_TALK), &small()).unwrap();
    let first = run(&task, &small(), None).model;
    let more = pairs(&format!("{SMALL_TALK}what is 2 and 2|4\nwhat is 3 and 3|6\n"));
    let (task, wider) = Task::resume(&more, &first).unwrap();
    wider.check().unwrap();
    let (old, new) = (chat_of(&first).charset.len(), chat_of(&wider).charset.len());
    assert_eq!(new, old + 2);
    assert_eq!(&chat_of(&wider).charset[old - 1..], b"46\0");
    let before = evaluate(&wider, task.train.held().unwrap(), 1);
    assert_eq!((before.replies_right, before.replies), (13, 15), "nothing is lost by going on");
    let settings = Settings { epochs: Some(150), ..small() };
    let trained = run(&task, &settings, Some(&wider));
    assert_eq!(trained.train.replies_right, 15);

    let hopeless = Settings { learning_rate: 1.0, epochs: Some(2), ..small() };
    let trained = run(&task, &hopeless, Some(&wider));
    assert_eq!((trained.epoch, trained.model.layers), (0, wider.layers), "never worse than the start");

    let other = Training { start: Some(&first), ..Training::new(&task, &settings) };
    let error = train(&other, &AtomicBool::new(false), &mut |_| {}).unwrap_err();
    assert!(matches!(error, TrainError::OtherModel { .. }), "{error}");
}

#[test]
fn a_classifier_learns_a_new_label() {
    let settings = Settings { epochs: Some(100), batch: 4, ..Settings::classifier() };
    let task = Task::classifier(&pairs(LIGHTS), &settings, LabelOrder::FirstSeen).unwrap();
    let first = run(&task, &settings, None).model;
    let more = pairs(&format!("{LIGHTS}what colour is it|ASK\nwhich colour|ASK\n"));
    let (task, wider) = Task::resume(&more, &first).unwrap();
    let trained = run(&task, &Settings { learning_rate: 0.005, ..settings }, Some(&wider));
    assert_eq!(trained.train.replies_right, 14);
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
    assert_eq!(error(Settings { batch: 0, ..small() }), "batch is 0, outside 1..65536");
    let named = Settings { name: "no name".into(), epochs: Some(1), ..small() };
    assert_eq!(error(named), "model: name: \"no name\" is no name for a model");
}

#[test]
fn a_network_kept_in_warm_up_is_the_one_that_was_counted() {
    let pairs = pairs(SMALL_TALK);
    let settings = Settings { epochs: Some(10), warmup: 10, ..small() };
    let task = Task::chat(&pairs, &settings).unwrap();
    let trained = run(&task, &settings, None);
    assert_eq!(evaluate(&trained.model, task.train.held().unwrap(), 1), trained.train);
    let nonzero = trained.model.layers.iter().flat_map(|layer| &layer.weights).filter(|&&w| w != 0).count();
    assert_eq!(nonzero, trained.nonzero);
}
