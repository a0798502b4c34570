//! Public networks: stories260K, and soulplayer's.

use crate::support::{Tokenizer, greedy, shared};
use crate::{small, writers};
use mlc_compiler::import::sequence::float::{Session, Window, log_probability};
use mlc_compiler::import::sequence::hugging_face::{File, Folder, read};
use mlc_compiler::import::sequence::{Activation, Checkpoint, Shape, llama2c, soul};
use serde_json::Value;
use std::time::Instant;

fn stories() -> Option<Checkpoint> {
    Some(llama2c::read(&shared("stories260K.bin")?, "stories260K.bin").unwrap())
}

fn ids(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as usize).collect()
}

#[test]
fn stories_are_continued_token_for_token() {
    let (Some(network), Some(wants), Some(tokens)) =
        (stories(), shared("stories-float.json"), shared("tok512.bin"))
    else {
        return;
    };
    let tokenizer = Tokenizer::new(&tokens);
    let stories: Vec<Value> = serde_json::from_slice(&wants).unwrap();
    assert_eq!(stories.len(), 5);
    for story in &stories {
        let (prompt, wants) = (ids(&story["prompt_ids"]), ids(&story["ids"]));
        assert_eq!(tokenizer.encode(story["prompt"].as_str().unwrap()), prompt);
        let mut session = Session::new(&network, Window::Full).unwrap();
        let mut text = prompt.clone();
        for at in 0..wants.len() - 1 {
            let next = greedy(session.step(text[at]).unwrap());
            if at + 1 == text.len() {
                text.push(next);
            }
        }
        assert_eq!(text, wants, "{}", story["prompt"]);
        assert_eq!(text.len() - prompt.len(), 100);
    }
}

/// Mean negative log likelihood of the stories, in nats a token, and the number of tokens.
fn likelihood(network: &Checkpoint, window: Window) -> Option<(f64, usize)> {
    let tokenizer = Tokenizer::new(&shared("tok512.bin")?);
    let text = String::from_utf8(shared("stories-dev.txt")?).unwrap();
    let (mut sum, mut count) = (0.0, 0);
    for story in text.split("\n\n").map(str::trim_end).filter(|story| !story.is_empty()) {
        let tokens = tokenizer.encode(story);
        let mut session = Session::new(network, window).unwrap();
        for pair in tokens.windows(2) {
            sum -= log_probability(session.step(pair[0]).unwrap(), pair[1]);
            count += 1;
        }
    }
    Some((sum / count as f64, count))
}

#[test]
fn stories_are_as_likely_as_they_should_be() {
    let Some(network) = stories() else { return };
    let Some((nats, count)) = likelihood(&network, Window::Full) else { return };
    println!("{nats:.6} nats a token over {count} tokens");
    assert_eq!(count, 1511);
    assert!((nats - 1.51196).abs() < 5e-6, "{nats}");
    let mut last = nats;
    for size in [64, 24, 20, 16] {
        let (nats, _) = likelihood(&network, Window::Rolling { size }).unwrap();
        println!("with {size} positions {nats:.4}");
        assert!(nats > last && nats < 1.51196 + 0.14);
        last = nats;
    }
}

#[test]
fn a_folder_of_the_stories_computes_the_same() {
    let Some(network) = stories() else { return };
    let config = writers::config(&network).to_string();
    let weights = writers::safetensors(&writers::tensors(&network), "F32");
    let file = |name, bytes| File { name, bytes };
    let folder = Folder {
        config: file("config.json", config.as_bytes()),
        weights: file("model.safetensors", &weights),
        generation: None,
        ignore: &[],
    };
    assert_eq!(read(&folder).unwrap().checkpoint, network);
}

#[test]
fn other_forms_of_the_stories_are_read() {
    let Some(network) = stories() else { return };
    assert_eq!(llama2c::read(&writers::version1(&network), "v1").unwrap(), network);
    let quantized = llama2c::read(&writers::version2(&network, 4, false), "v2").unwrap();
    let Some((nats, _)) = likelihood(&quantized, Window::Full) else { return };
    println!("Q8_0 in groups of 4: {nats:.5} nats");
    assert!((nats - 1.51196).abs() < 0.005);
}

/// soulplayer's tokenizer: characters, then each merge all along the text, in order.
fn soul_encode(tokenizer: &Value, text: &str) -> Vec<usize> {
    let id = |piece: &str| tokenizer["vocab"][piece].as_u64().map(|id| id as usize);
    let mut ids: Vec<usize> = text.to_lowercase().chars().filter_map(|c| id(&c.to_string())).collect();
    for merge in tokenizer["merges"].as_array().unwrap() {
        let (a, b) = (merge[0].as_str().unwrap(), merge[1].as_str().unwrap());
        let (Some(a_id), Some(b_id), Some(joined)) = (id(a), id(b), id(&format!("{a}{b}"))) else { continue };
        let mut at = 0;
        while at + 1 < ids.len() {
            if (ids[at], ids[at + 1]) == (a_id, b_id) {
                ids.splice(at..at + 2, [joined]);
            }
            at += 1;
        }
    }
    ids
}

/// Whether replies are the same, and how many tokens of soulplayer's replies are chosen behind its own text.
fn soul_agreement(network: &Checkpoint, tokenizer: &Value, replies: &[Value]) -> (usize, usize, usize) {
    let (mut same, mut agree, mut count) = (0, 0, 0);
    for reply in replies {
        let wants = ids(&reply["ids"]);
        let prompt = soul_encode(tokenizer, reply["prompt"].as_str().unwrap());
        let mut text = [vec![1], prompt, vec![1]].concat();
        let mut session = Session::new(network, Window::Full).unwrap();
        for &token in &text[..text.len() - 1] {
            session.feed(token).unwrap();
        }
        let mut all = true;
        for &next in &wants {
            let chosen = 4 + greedy(&session.step(*text.last().unwrap()).unwrap()[4..]);
            agree += usize::from(chosen == next);
            all &= chosen == next;
            count += 1;
            text.push(next);
        }
        assert_eq!(text.len(), 20, "{}", reply["prompt"]);
        same += usize::from(all);
    }
    (same, agree, count)
}

#[test]
fn souls_reply_much_as_soulplayer_does() {
    let (Some(file), Some(tokenizer), Some(replies)) =
        (shared("soul.bin"), shared("soul-tokenizer.json"), shared("soul-replies.json"))
    else {
        return;
    };
    assert!(soul::is_soul(&file) && !llama2c::is_llama2c(&file));
    let network = soul::read(&file, "soul.bin").unwrap();
    let wants = Shape {
        dim: 32,
        heads: 4,
        kv_heads: 4,
        hidden: 64,
        vocabulary: 128,
        positions: Some(20),
        activation: Activation::Relu,
        ..small::soul()
    };
    assert_eq!(network.shape, wants);
    let tokenizer: Value = serde_json::from_slice(&tokenizer).unwrap();
    let replies: Vec<Value> = serde_json::from_slice(&replies).unwrap();
    let (same, agree, count) = soul_agreement(&network, &tokenizer, &replies);
    println!("{same} of {} replies, {agree} of {count} tokens", replies.len());
    // Its integers round down, and its norm does not amplify: what that changes is not ours to copy.
    assert!(same >= 6 && agree >= 150, "{same} replies, {agree} tokens");
    // As it was trained.
    let mut trained = network.clone();
    trained.layers.iter_mut().for_each(|l| l.wq.weights.iter_mut().for_each(|w| *w *= 2f32.sqrt()));
    let (_, other, _) = soul_agreement(&trained, &tokenizer, &replies);
    println!("with q·k / √8 {other} tokens");
    assert!(other < agree);
}

/// Tokens a second of a network of 25 million weights.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let shape = Shape {
        dim: 512,
        layers: 8,
        heads: 8,
        kv_heads: 8,
        head_size: 64,
        hidden: 1376,
        vocabulary: 32_000,
        positions: Some(512),
        ..small::llama()
    };
    let network = small::network(shape, true, [false; 3], 1);
    let mut session = Session::new(&network, Window::Full).unwrap();
    let start = Instant::now();
    for token in 0..100 {
        session.step(token).unwrap();
    }
    let second = 100.0 / start.elapsed().as_secs_f64();
    session.reset();
    let start = Instant::now();
    for token in 0..100 {
        session.feed(token).unwrap();
    }
    let fed = 100.0 / start.elapsed().as_secs_f64();
    println!("{} weights: {second:.1} tokens a second, {fed:.1} without output", network.weights());
}
