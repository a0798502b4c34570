//! Replies that end by themselves: what a model writes, counted as a reader of the texts would.

use mlc_compiler::eval;
use mlc_compiler::ir::build_scoring;
use mlc_compiler::model::{Model, Story, Tokens};
use mlc_compiler::tokens::Tokenizer;
use mlc_trainer::sequence::{Ends, Example, Settings, Task, Texts, Training, ends, train};
use std::sync::atomic::AtomicBool;

const VOCABULARY: u32 = 12;
/// Nobody asks for the end.
static GO: AtomicBool = AtomicBool::new(false);

/// Two turns, each of two tokens that are given and of those that count up from them to the last, with the end mark 0 behind it.
fn conversation(first: u32, second: u32) -> Example {
    let mut example = Example::default();
    for from in [first, second] {
        for token in [from, from + 1] {
            example.tokens.push(token);
            example.counts.push(false);
        }
        for token in (from + 2..VOCABULARY).chain([0]) {
            example.tokens.push(token);
            example.counts.push(true);
        }
    }
    example
}

fn task(most: u16) -> Task {
    let pieces = (0..VOCABULARY as u8).map(|i| vec![b'a' + i]).collect();
    let tokenizer = Tokenizer::characters(pieces, None).expect("different characters");
    let texts = Texts::new((1..10).flat_map(|i| [conversation(i, 10 - i), conversation(i, i)]).collect());
    Task {
        reader: Tokens { tokenizer, max_length: 62 },
        story: Story::plain(vec![0], most, 0),
        train: texts,
        held_out: None,
        prior: None,
    }
}

fn model(task: &Task, updates: usize) -> Model {
    let mut settings = Settings::default();
    let net = &mut settings.shape.network;
    (net.dim, net.heads, net.kv_heads, net.head_size) = (16, 2, 1, 8);
    (net.hidden, net.vocabulary, net.layers) = (24, VOCABULARY as usize, 1);
    let schedule = &mut settings.schedule;
    (schedule.updates, schedule.batch, schedule.learning_rate) = (Some(updates), 18, 0.01);
    (schedule.rise, schedule.threads) = (5, 2);
    let training = Training { task, settings: &settings, start: None };
    train(&training, &AtomicBool::new(false), &mut |_| {}).expect("the settings fit").model
}

/// Every token foretold from the text anew.
fn counted(model: &Model, texts: &[Example]) -> Ends {
    let (.., story) = model.sequence().expect("it is one");
    let graph = build_scoring(model).expect("it was checked").expect("it is a sequence model");
    let mut found = Ends::default();
    for example in texts {
        for begin in (1..example.tokens.len()).filter(|&i| example.counts[i] && !example.counts[i - 1]) {
            found.replies += 1;
            let mut tokens = example.tokens[..begin].to_vec();
            while tokens.len() < usize::from(story.most) + 1 {
                let mut last = Vec::new();
                eval::score(&graph, &tokens, &mut |logits| last = logits.to_vec());
                let most = last.iter().max().expect("there are tokens");
                let next = last.iter().position(|logit| logit == most).expect("it is one of them") as u32;
                if story.ends.contains(&next) {
                    found.ended += 1;
                    break;
                }
                tokens.push(next);
            }
        }
    }
    found
}

#[test]
fn who_has_learned_to_stop_stops() {
    let task = task(40);
    let trained = ends(&model(&task, 300), &task.train, 2, &GO).expect("it has an end mark");
    assert_eq!(trained, Ends { replies: 36, ended: 36 });
}

/// Where some end and others do not: after few steps, and with few tokens.
#[test]
fn ends_are_counted_as_the_texts_say() {
    let mut some = 0;
    for (updates, most) in [(1, 40), (12, 40), (25, 40), (300, 14), (300, 23)] {
        let task = task(most);
        let model = model(&task, updates);
        let examples: Vec<_> = (1..10).flat_map(|i| [conversation(i, 10 - i), conversation(i, i)]).collect();
        let wants = counted(&model, &examples);
        for threads in [1, 3] {
            assert_eq!(
                ends(&model, &task.train, threads, &GO),
                Some(wants),
                "{updates} steps, {most} tokens"
            );
        }
        some += usize::from(wants.ended > 0 && wants.ended < wants.replies);
    }
    assert!(some >= 1, "in one of them some replies end and others do not");
}

#[test]
fn nothing_is_said_of_what_cannot_end() {
    let task = task(40);
    let model = model(&task, 1);
    let mut endless = model.clone();
    let mlc_compiler::model::Answer::Story(story) = &mut endless.answer else {
        unreachable!("it writes text")
    };
    story.ends.clear();
    assert_eq!(ends(&endless, &task.train, 1, &GO), None);
    let none = Texts::new(Vec::new());
    assert_eq!(ends(&model, &none, 4, &GO), Some(Ends::default()));
    assert_eq!(ends(&model, &task.train, 2, &AtomicBool::new(true)), None, "somebody asked for the end");
}
