//! Beam search against a plain version of what is written on top of it, and against greedy replies.

use crate::plain::Network;
use crate::random::Random;
use crate::stories;
use crate::transformers::{Shape, queries, story, story_mut, tokens};
use mlc_compiler::eval::{Session, beam};
use mlc_compiler::ir;
use mlc_compiler::model::{Choice, MOST_WIDE, Model};

/// A model without drawing, every other a chat.
fn model(seed: u64) -> (Model, Random) {
    let mut r = Random(seed);
    let mut model = Shape::random(&mut r).model(&mut r);
    if r.chance(50) {
        stories::talk(&mut model, &mut r);
        story_mut(&mut model).choice = Choice::default();
    }
    (model, r)
}

fn lines(r: &mut Random) -> Vec<Vec<u8>> {
    [queries(r), vec![b"/clear".to_vec()], queries(r)].concat()
}

#[test]
fn a_beam_of_one_is_greedy() {
    let mut steps = 0;
    for seed in 0..150 {
        let (model, mut r) = model(seed);
        let (graph, scoring) = (ir::build(&model).expect("built"), beam::graph(&model).expect("built"));
        let (mut session, mut beam) = (Session::new(&graph), beam::Beam::new(&model, &scoring, 1));
        for line in lines(&mut r) {
            let run = session.ask(&line);
            let found = beam.ask(&line);
            assert_eq!((&found.reply, &found.logits), (&run.reply, &run.logits), "seed {seed}, {line:?}");
            steps += run.steps();
        }
    }
    assert!(steps > 3000, "{steps}");
}

/// The logits behind some tokens, from the start each time.
fn logits(model: &Model, read: &[u32]) -> Vec<i64> {
    let mut network = Network::new(model);
    let all = read.iter().map(|&token| network.next(token));
    all.last().expect("one is read").iter().map(|&logit| logit.into()).collect()
}

/// The logarithm of the sum of exponentials above the largest, as docs/semantics.md has it; each number by its formula.
fn normalizer(logits: &[i64], logit_bits: u8) -> i64 {
    let units = 2f64.powi(logit_bits.into());
    let weight = |difference: i64| (255.0 * (-(difference as f64) / units).exp()).round() as i64;
    let bits = (0..8).find(|bits| weight(256 << bits) == 0).unwrap_or(8);
    let most = logits.iter().max().expect("one at least");
    // What is behind the first weight that is 0, or behind 256 of them, weighs nothing.
    let of = |l: &i64| Some((most - l) >> bits).filter(|at| *at < 256).map_or(0, |at| weight(at << bits));
    let sum: i64 = logits.iter().map(of).sum();
    let n = (0..).find(|n| sum >> n <= 255).expect("a shift");
    let part = (units * (((sum >> n) as f64 + 0.5) / 127.5).ln()).round() as i64;
    if n == 0 { 0 } else { part + (units * std::f64::consts::LN_2 * f64::from(n - 1)).round() as i64 }
}

/// Tokens of a reply, and their cost.
type Reply = (Vec<u32>, i64);

/// What is found, and how often logits were computed.
fn plain(model: &Model, waiting: &[u32], width: usize) -> (Reply, usize) {
    let (ends, most) = (&story(model).ends, usize::from(story(model).most));
    let (mut growing, mut ended): (Vec<Reply>, Vec<Reply>) = (vec![(vec![], 0)], vec![]);
    let mut steps = 0;
    while ended.len() < width && !growing.is_empty() {
        let mut longer: Vec<Reply> = vec![];
        for (tokens, cost) in &growing {
            let logits = logits(model, &[waiting, tokens].concat());
            steps += 1;
            let first =
                logits.iter().max().expect("one at least") + normalizer(&logits, story(model).logit_bits);
            let mut order: Vec<usize> = (0..logits.len()).collect();
            order.sort_by(|&a, &b| logits[b].cmp(&logits[a]));
            for &token in order.iter().take(width) {
                let tokens = [tokens.as_slice(), &[token as u32]].concat();
                longer.push((tokens, cost + first - logits[token]));
            }
        }
        longer.sort_by_key(|reply| reply.1);
        longer.truncate(width);
        let is_ended = |(tokens, _): &Reply| {
            ends.contains(tokens.last().expect("one at least")) || waiting.len() + tokens.len() > most
        };
        let (done, goes_on): (Vec<Reply>, Vec<Reply>) = longer.into_iter().partition(is_ended);
        ended.extend(done);
        growing = goes_on;
    }
    ended.truncate(width);
    // As fractions, which are exact.
    let cheaper = |a: &Reply, b: &Reply| a.1 * (b.0.len() as i64) < b.1 * (a.0.len() as i64);
    let is_best = |reply: &&Reply| !ended.iter().any(|other| cheaper(other, reply));
    (ended.iter().find(is_best).expect("one has ended").clone(), steps)
}

#[test]
fn beams_are_what_is_written() {
    let (mut better, mut compared) = (0, 0);
    for seed in 0..120 {
        let mut r = Random(seed ^ 0xBEA7);
        let shape = Shape { most: r.within(2, 12), wild: false, ..Shape::random(&mut r) };
        let mut model = shape.model(&mut r);
        // Logits near each other: likelihoods of whole replies decide.
        story_mut(&mut model).logit_bits = r.within(9, 13) as u8;
        let scoring = beam::graph(&model).expect("built");
        for width in 2..=usize::from(MOST_WIDE) {
            for line in queries(&mut r) {
                let mut waiting = tokens(&model).tokenizer.tokens(&line);
                waiting.truncate(story(&model).most.into());
                let found = beam::Beam::new(&model, &scoring, width).ask(&line);
                if waiting.is_empty() {
                    assert_eq!((found.reply, found.logits), (vec![], vec![]));
                    continue;
                }
                let ((wants, _), steps) = plain(&model, &waiting, width);
                let printed = story(&model).printed(&tokens(&model).tokenizer);
                let shown = wants.iter().filter(|token| !story(&model).ends.contains(token));
                let text: Vec<u8> = shown.flat_map(|&token| printed[token as usize].clone()).collect();
                assert_eq!(
                    (found.steps(), found.reply),
                    (steps, text),
                    "seed {seed}, {width} wide, {line:?}"
                );
                better += usize::from(plain(&model, &waiting, 1).0.0 != wants);
                compared += 1;
            }
        }
    }
    assert!(compared > 1000 && better > 200, "{compared} replies, {better} of them not greedy");
}
