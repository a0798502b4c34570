//! Attention where its sums are as large as they can be: every weight at its most, every value at an end of its 8 bits.

use super::sequence::{compile, heard};
use super::support::sequence;
use mlc_compiler::model::{Answer, Body, Model, Positions};
use mlc_compiler::{eval, reference};

/// A random network that attends to all of so many positions alike. `None`: it has fewer.
fn even(seed: u64, window: usize) -> Option<Model> {
    let mut model = sequence::model(seed);
    let Body::Transformer(body) = &mut model.body else { unreachable!("a sequence model") };
    if matches!(body.positions, Positions::Learnt(_)) {
        return None;
    }
    body.window = window;
    for block in &mut body.blocks {
        block.attention.weights.fill(255);
        block.attention.value.shift = 0;
        block.attention.value.bias.clear();
    }
    let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
    story.most = window as u16 + 3;
    story.ends.clear();
    model.check().unwrap_or_else(|e| panic!("{seed}: {e}"));
    Some(model)
}

#[test]
fn the_largest_sums_are_exact() {
    let mut compared = [0; 12];
    for (at, window) in [8, 15, 16, 17, 31, 32, 33, 64, 65, 85, 86, 127].into_iter().enumerate() {
        for seed in 0..40 {
            let Some(model) = even(seed, window) else { continue };
            let Some(compiled) = compile("z80-cpm", &model) else { continue };
            let wants = eval::run(&reference(&model).expect("the model was checked"), b"A");
            assert_eq!(heard(&compiled.image, b"A"), wants.logits, "{}: {window} positions", model.head.name);
            compared[at] += 1;
            if compared[at] == 3 {
                break;
            }
        }
    }
    assert_eq!(compared, [3; 12]);
}
