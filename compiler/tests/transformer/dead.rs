//! What never contributes is found, and nothing else; without it every logit is the same.

use crate::random::Random;
use crate::stories::{self, clear_columns, clear_rows};
use crate::transformers::{Middle, Shape, body, body_mut, queries};
use mlc_compiler::eval::Session;
use mlc_compiler::model::{Activation, Attention, Dead, FeedForward, Model, Transformer};
use mlc_compiler::reference;

#[test]
fn networks_say_the_same_without_what_is_dead() {
    let (mut neurons, mut heads, mut steps) = (0, 0, 0);
    for seed in 0..200 {
        let mut r = Random(seed ^ 0xDEAD);
        let mut model = Shape::random(&mut r).model(&mut r);
        if r.chance(80) {
            stories::kill(&mut model, &mut r);
        }
        let (alive, dead) = model.without_dead();
        assert_eq!(alive.check(), Ok(()), "seed {seed}");
        let again = alive.without_dead().1;
        assert!(again == Dead::default(), "seed {seed}: {again:?} are found when {dead:?} are gone");
        let graphs = [&model, &alive].map(|model| reference(model).expect("it was checked"));
        let mut sessions = graphs.each_ref().map(Session::new);
        for line in queries(&mut r) {
            let [with, without] = sessions.each_mut().map(|session| session.ask(&line));
            assert_eq!(
                (&with.logits, &with.reply),
                (&without.logits, &without.reply),
                "seed {seed}, {line:?}"
            );
            steps += with.steps();
        }
        (neurons, heads) = (neurons + dead.neurons, heads + dead.heads);
    }
    assert!(neurons > 500 && heads > 30 && steps > 2000, "{neurons} neurons, {heads} heads, {steps} steps");
}

/// Two heads of keys and values, five neurons; nothing is dead.
fn model(middle: Middle) -> Model {
    let shape = Shape { heads: 4, kv_heads: 2, hidden: 5, middle, ..Shape::small() };
    let mut model = shape.model(&mut Random(3));
    for block in &mut body_mut(&mut model).blocks {
        let layer = &mut block.feed_forward;
        let mut all =
            vec![&mut layer.up, &mut layer.down, &mut block.attention.value, &mut block.attention.output];
        match &mut layer.activation {
            Activation::Gate { matrix, table, bits } => {
                table[0] = 0;
                *bits = 1;
                all.push(matrix);
            }
            Activation::Table(table) => table[0] = 0,
            Activation::Relu => {}
        }
        for m in all {
            m.values.fill(1);
            m.mantissas.fill(200);
            m.bias = vec![0; m.rows];
        }
    }
    model
}

fn found(middle: Middle, change: impl Fn(&mut Transformer)) -> Dead {
    let mut model = model(middle);
    assert_eq!(model.without_dead().1, Dead::default());
    change(body_mut(&mut model));
    assert_eq!(model.check(), Ok(()));
    let (alive, dead) = model.without_dead();
    let hidden: usize = body(&alive).blocks.iter().map(|block| block.feed_forward.up.rows).sum();
    assert_eq!((hidden + dead.neurons, body(&alive).heads + dead.heads), (10, 4));
    dead
}

const NONE: Dead = Dead { neurons: 0, heads: 0 };
const NEURON: Dead = Dead { neurons: 1, heads: 0 };
const HEADS: Dead = Dead { neurons: 0, heads: 2 };

#[test]
fn neurons_are_dead_for_a_reason() {
    for middle in [Middle::Relu, Middle::Table, Middle::Gate] {
        let layer = |change: &dyn Fn(&mut FeedForward)| {
            found(middle, |body| change(&mut body.blocks[1].feed_forward))
        };
        // A column of `down`: all of it, or all that is not multiplied with 0.
        assert_eq!(layer(&|layer| clear_columns(&mut layer.down, 4..5)), NEURON);
        assert_eq!(layer(&|layer| layer.down.values[5..].iter_mut().step_by(5).for_each(|w| *w = 0)), NONE);
        let rest_is_nothing = |layer: &mut FeedForward| {
            layer.down.values[5..].iter_mut().step_by(5).for_each(|w| *w = 0);
            layer.down.mantissas[0] = 0;
        };
        assert_eq!(layer(&rest_is_nothing), NEURON);
        // A row of `up`, by weights or by its mantissa; one with a bias gives that.
        assert_eq!(layer(&|layer| clear_rows(&mut layer.up, 0..1)), NEURON);
        assert_eq!(layer(&|layer| layer.up.mantissas[2] = 0), NEURON);
        assert_eq!(layer(&|layer| layer.up.values[..3].fill(0)), NONE, "one weight is left");
        let biased = |bias: i16| {
            layer(&|layer: &mut FeedForward| {
                clear_rows(&mut layer.up, 1..2);
                layer.up.bias[1] = bias;
            })
        };
        assert_eq!(biased(9), NONE);
        assert_eq!(biased(-9), if middle == Middle::Relu { NEURON } else { NONE });
        // What the activation makes of 0.
        let lifted = layer(&|layer| {
            clear_rows(&mut layer.up, 1..2);
            if let Activation::Table(table) = &mut layer.activation {
                table[0] = 1;
            }
        });
        assert_eq!(lifted, if middle == Middle::Table { NONE } else { NEURON });
        // One stays of all.
        assert_eq!(layer(&|layer| layer.down.values.fill(0)), Dead { neurons: 4, heads: 0 });
    }
}

#[test]
fn gates_are_dead_for_a_reason() {
    let gate = |zero: i8, bias: i16, up: Option<i16>| {
        found(Middle::Gate, |body| {
            let layer = &mut body.blocks[0].feed_forward;
            let Activation::Gate { matrix, table, .. } = &mut layer.activation else {
                unreachable!("it is one")
            };
            (table[0], table[7]) = (zero, 1);
            clear_rows(matrix, 3..4);
            matrix.bias[3] = bias;
            if let Some(up) = up {
                clear_rows(&mut layer.up, 3..4);
                layer.up.bias[3] = up;
            }
        })
    };
    assert_eq!(gate(0, 0, None), NEURON);
    assert_eq!(gate(1, 0, None), NONE, "the table has 1 for 0");
    assert_eq!(gate(0, 7, None), NONE, "the bias is looked up");
    // Both are known: 1 · -1 / 2 is rounded to 0, and 1 · 1 / 2 to 1.
    assert_eq!(gate(0, 7, Some(-1)), NEURON);
    assert_eq!(gate(0, 7, Some(1)), NONE);
}

#[test]
fn heads_are_dead_for_a_reason() {
    let blocks = |change: &dyn Fn(usize, &mut Attention)| {
        found(Middle::Relu, |body| {
            body.blocks.iter_mut().enumerate().for_each(|(at, block)| change(at, &mut block.attention));
        })
    };
    // Two values a head, four columns for the two queries that read it.
    assert_eq!(blocks(&|_, a| clear_rows(&mut a.value, 0..2)), HEADS);
    assert_eq!(blocks(&|_, a| clear_columns(&mut a.output, 4..8)), HEADS);
    assert_eq!(blocks(&|_, a| clear_rows(&mut a.value, 0..1)), NONE, "half of a head");
    assert_eq!(blocks(&|_, a| clear_columns(&mut a.output, 4..7)), NONE, "one column is left");
    assert_eq!(blocks(&|_, a| clear_columns(&mut a.output, 2..6)), NONE, "a query of each head");
    let mixed = |at: usize, a: &mut Attention| match at {
        0 => clear_rows(&mut a.value, 2..4),
        _ => clear_columns(&mut a.output, 4..8),
    };
    assert_eq!(blocks(&mixed), HEADS);
    let one_block = |at: usize, a: &mut Attention| {
        if at == 1 {
            clear_rows(&mut a.value, 2..4);
        }
    };
    assert_eq!(blocks(&one_block), NONE, "the other block uses it");
    let biased = |_: usize, a: &mut Attention| {
        clear_rows(&mut a.value, 0..2);
        a.value.bias[1] = 1;
    };
    assert_eq!(blocks(&biased), NONE, "a value that is not 0");
    assert_eq!(blocks(&|_, a| clear_rows(&mut a.value, 0..4)), HEADS, "one stays");
}
