//! Beam search against a plain version of what is written on top of it, and against greedy replies.

use crate::plain::Network;
use crate::random::Random;
use crate::stories;
use crate::transformers::{Shape, queries, story, story_mut, tokens};
use mlc_compiler::eval::{Session, beam};
use mlc_compiler::ir;
use mlc_compiler::model::{Choice, Model};

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
            assert_eq!(beam.ask(&line), (run.reply.clone(), run.steps()), "seed {seed}, {line:?}");
            steps += run.steps();
        }
    }
    assert!(steps > 3000, "{steps}");
}

/// The logits behind some tokens, in nats, from the start each time.
fn logits(model: &Model, read: &[u32]) -> Vec<f64> {
    let mut network = Network::new(model);
    let unit = 0.5f64.powi(story(model).logit_bits.into());
    let all = read.iter().map(|&token| network.next(token));
    all.last().expect("one is read").iter().map(|&logit| f64::from(logit) * unit).collect()
}

/// Tokens of a reply, and their likelihood.
type Reply = (Vec<u32>, f64);

fn plain(model: &Model, waiting: &[u32], width: usize) -> Reply {
    let (ends, most) = (&story(model).ends, usize::from(story(model).most));
    let (mut growing, mut ended): (Vec<Reply>, Vec<Reply>) = (vec![(vec![], 0.0)], vec![]);
    while ended.len() < width && !growing.is_empty() {
        let mut longer: Vec<Reply> = vec![];
        for (tokens, likelihood) in &growing {
            let logits = logits(model, &[waiting, tokens].concat());
            let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
            let mut order: Vec<usize> = (0..logits.len()).collect();
            order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
            for &token in order.iter().take(width) {
                let tokens = [tokens.as_slice(), &[token as u32]].concat();
                longer.push((tokens, likelihood + logits[token] - total.ln()));
            }
        }
        longer.sort_by(|a, b| b.1.total_cmp(&a.1));
        longer.truncate(width);
        let is_ended = |(tokens, _): &Reply| {
            ends.contains(tokens.last().expect("one at least")) || waiting.len() + tokens.len() > most
        };
        let (done, goes_on): (Vec<Reply>, Vec<Reply>) = longer.into_iter().partition(is_ended);
        ended.extend(done);
        growing = goes_on;
    }
    ended.truncate(width);
    let mean = |(tokens, likelihood): &Reply| likelihood / tokens.len() as f64;
    let best = ended.iter().map(mean).fold(f64::NEG_INFINITY, f64::max);
    ended.iter().find(|reply| mean(reply) >= best).expect("one has ended").clone()
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
        for width in 2..=beam::MOST_WIDE {
            for line in queries(&mut r) {
                let mut waiting = tokens(&model).tokenizer.tokens(&line);
                waiting.truncate(story(&model).most.into());
                let found = beam::Beam::new(&model, &scoring, width).ask(&line);
                if waiting.is_empty() {
                    assert_eq!(found, (vec![], 0));
                    continue;
                }
                let (wants, _) = plain(&model, &waiting, width);
                let printed = story(&model).printed(&tokens(&model).tokenizer);
                let shown = wants.iter().filter(|token| !story(&model).ends.contains(token));
                let text: Vec<u8> = shown.flat_map(|&token| printed[token as usize].clone()).collect();
                assert_eq!(found, (text, wants.len()), "seed {seed}, {width} wide, {line:?}");
                better += usize::from(plain(&model, &waiting, 1).0 != wants);
                compared += 1;
            }
        }
    }
    assert!(compared > 1000 && better > 200, "{compared} replies, {better} of them not greedy");
}
