//! What the session computes, against a plain version of the same.

use crate::oracle;
use crate::small::{self, network};
use crate::support::Random;
use mlc_compiler::import::sequence::float::{Session, Spot, StepError, Vector, Window, log_probability};
use mlc_compiler::import::sequence::{Activation, Layout, Norm, Position, Problem, Shape};

fn random_shape(r: &mut Random) -> Shape {
    let kv_heads = 1 + r.below(3);
    Shape {
        dim: 3 + r.below(30),
        layers: 1 + r.below(3),
        heads: kv_heads * (1 + r.below(3)),
        kv_heads,
        head_size: 2 * (1 + r.below(10)),
        hidden: 1 + r.below(40),
        vocabulary: 2 + r.below(30),
        positions: Some(20),
        norm_eps: [1e-5, 1e-6, 0.1][r.below(3)],
        position: match r.below(4) {
            0 => Position::None,
            1 => Position::Learnt,
            2 => Position::Rope { theta: 10_000.0, layout: Layout::Half },
            _ => Position::Rope { theta: 1000.0, layout: Layout::Adjacent },
        },
        activation: [Activation::SwiGlu, Activation::Relu, Activation::SquaredRelu, Activation::ReluGate]
            [r.below(4)],
        qk_norm: r.below(2) == 0,
        norm: if r.below(2) == 0 { Norm::Pre } else { Norm::Post },
        recursion: 1 + r.below(3),
    }
}

#[test]
fn two_hundred_random_networks_agree_with_the_plain_version() {
    let mut r = Random(11);
    for seed in 0..200 {
        let shape = random_shape(&mut r);
        let biased = [r.below(2) == 0, r.below(2) == 0, r.below(2) == 0];
        let checkpoint = network(shape, r.below(2) == 0, biased, seed);
        let window = if r.below(2) == 0 { Window::Full } else { Window::Rolling { size: 2 + r.below(8) } };
        let tokens: Vec<usize> = (0..20).map(|_| r.below(shape.vocabulary)).collect();
        let wants = oracle::logits(&checkpoint, window, &tokens);
        let mut session = Session::new(&checkpoint, window).unwrap();
        for (p, &token) in tokens.iter().enumerate() {
            let logits = session.step(token).unwrap();
            let most = wants[p].iter().fold(1.0f64, |m, v| m.max(v.abs()));
            for (found, wants) in logits.iter().zip(&wants[p]) {
                let error = (f64::from(*found) - wants).abs() / most;
                assert!(error < 2e-4, "{seed}, position {p}: {found} for {wants}, {shape:?}");
            }
        }
    }
}

#[test]
fn feeding_skips_the_output_only_and_a_reset_forgets() {
    let checkpoint = network(small::llama(), true, [false; 3], 1);
    let mut session = Session::new(&checkpoint, Window::Rolling { size: 4 }).unwrap();
    for token in 0..7 {
        session.step(token).unwrap();
    }
    let wants = session.step(9).unwrap().to_vec();
    assert_eq!(session.position(), 8);
    session.reset();
    for token in 0..7 {
        session.feed(token).unwrap();
    }
    assert_eq!(session.step(9).unwrap(), wants);
}

#[test]
fn vectors_are_shown_in_the_order_in_which_they_are_computed() {
    let shape = Shape { norm: Norm::Post, recursion: 2, ..small::llama() };
    let checkpoint = network(shape, true, [false; 3], 1);
    let mut session = Session::new(&checkpoint, Window::Full).unwrap();
    session.feed(3).unwrap();
    let mut seen: Vec<(Spot, usize)> = Vec::new();
    let logits = session.step_observed(4, &mut |spot, values| seen.push((spot, values.len()))).unwrap().len();
    assert_eq!(logits, 20);
    use Vector::*;
    let block = [
        (AttentionIn, 16),
        (Query, 16),
        (Key, 8),
        (RotatedQuery, 16),
        (RotatedKey, 8),
        (Value, 8),
        (Scores, 8),
        (AttentionOut, 16),
        (AttentionDelta, 16),
        (Sum, 16),
        (Residual, 16),
        (FeedIn, 16),
        (Gate, 24),
        (Up, 24),
        (Hidden, 24),
        (FeedDelta, 16),
        (Sum, 16),
        (Residual, 16),
    ];
    let mut wants = vec![(Spot { vector: Embedding, pass: 0, layer: 0 }, 16)];
    for pass in 0..2 {
        wants.push((Spot { vector: Residual, pass, layer: 0 }, 16));
        for layer in 0..2 {
            wants.extend(block.map(|(vector, length)| (Spot { vector, pass, layer }, length)));
        }
    }
    wants.push((Spot { vector: Final, pass: 1, layer: 1 }, 16));
    wants.push((Spot { vector: Logits, pass: 1, layer: 1 }, 20));
    assert_eq!(seen, wants);
}

#[test]
fn what_a_network_cannot_read_is_refused() {
    let checkpoint = network(Shape { positions: Some(2), ..small::soul() }, false, [false, false, true], 1);
    let mut session = Session::new(&checkpoint, Window::Full).unwrap();
    assert_eq!(session.step(20).unwrap_err(), StepError::Token { token: 20, vocabulary: 20 });
    session.step(1).unwrap();
    session.step(1).unwrap();
    assert_eq!(session.step(1).unwrap_err(), StepError::Positions { positions: 2 });
    assert_eq!(session.position(), 2);
    assert!(Session::new(&checkpoint, Window::Rolling { size: 1 }).is_err());
}

#[test]
fn a_checkpoint_that_does_not_fit_its_shape_is_refused() {
    let good = network(small::llama(), false, [true; 3], 1);
    let fails = |change: &dyn Fn(&mut mlc_compiler::import::sequence::Checkpoint)| {
        let mut bad = good.clone();
        change(&mut bad);
        assert_eq!(Session::new(&bad, Window::Full).map(|_| ()).unwrap_err(), bad.check().unwrap_err());
        bad.check().unwrap_err().to_string()
    };
    assert!(good.check().is_ok());
    assert_eq!(fails(&|c| c.shape.dim = 0), "dim is 0, possible is 1 to 8192");
    assert_eq!(fails(&|c| c.shape.kv_heads = 3), "kv_heads is 3, a divisor of 4 heads wanted");
    assert_eq!(
        fails(&|c| c.shape.head_size = 3),
        "head_size is 3, an even number, for rotation in pairs wanted"
    );
    assert_eq!(fails(&|c| c.shape.norm_eps = f32::NAN), "norm_eps is NaN, a number from 0 to 1 wanted");
    assert_eq!(fails(&|c| c.shape.hidden = 25), "tensor layers.0.down has shape 16 by 24, 16 by 25 wanted");
    assert_eq!(fails(&|c| c.layers[1].gate = None), "tensor layers.1.gate is missing");
    assert_eq!(
        fails(&|c| c.layers[1].q_norm = Some(vec![1.0; 4])),
        "tensor layers.1.q_norm is no part of such a network"
    );
    assert_eq!(
        fails(&|c| c.layers[0].wq.bias = Some(vec![])),
        "tensor layers.0.wq.bias has shape 0 values, 16 by 1 wanted"
    );
    assert_eq!(fails(&|c| drop(c.layers.pop())), "layers is 2, 1 wanted");
    assert_eq!(fails(&|c| c.start = Some(vec![0.0; 3])), "tensor start has shape 3 values, 16 by 1 wanted");
    let huge = Shape { dim: 8192, hidden: 1 << 16, layers: 256, ..small::llama() };
    assert!(matches!(huge.check(), Err(Problem::TooLarge { .. })));
}

#[test]
fn probabilities_add_up_to_one() {
    let logits = [1.0, -2.0, 80.0, 79.5];
    let sum: f64 = (0..4).map(|token| log_probability(&logits, token).exp()).sum();
    assert!((sum - 1.0).abs() < 1e-12);
}
