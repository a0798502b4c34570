//! Every rule of sequence models, broken once, and the error.

use crate::models;
use crate::random::Random;
use crate::transformers::{Middle, Place, Shape, body_mut, small, story_mut, tokens_mut};
use mlc_compiler::model::{
    Action, Activation, Attention, FeedForward, Grid, Matrix, Model, Norm, Output, Penalty, Positions, Prior,
    Tool, Transformer, Turns,
};

/// What is said of a network of [`Shape::small`], or of another shape, with one thing changed.
fn said(shape: Shape, change: impl FnOnce(&mut Model)) -> Result<(), String> {
    let mut model = shape.model(&mut Random(1));
    change(&mut model);
    model.check().map_err(|e| {
        assert!(!e.help().is_empty());
        e.to_string()
    })
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Model), error: &str) {
    assert_eq!(said(Shape::small(), change), Err(error.into()));
}

#[track_caller]
fn accepted(change: impl FnOnce(&mut Model)) {
    assert_eq!(said(Shape::small(), change), Ok(()));
}

/// The same of the network itself.
#[track_caller]
fn wrong(change: impl FnOnce(&mut Transformer), error: &str) {
    refused(|m| change(body_mut(m)), error);
}

#[track_caller]
fn right(change: impl FnOnce(&mut Transformer)) {
    accepted(|m| change(body_mut(m)));
}

fn attention(body: &mut Transformer) -> &mut Attention {
    &mut body.blocks[1].attention
}

fn layer(body: &mut Transformer) -> &mut FeedForward {
    &mut body.blocks[1].feed_forward
}

#[test]
fn parts_are_of_one_family() {
    let families = "reader, body and answer are parts of different families of networks";
    refused(|m| m.reader = models::chat(&[]).reader, families);
    refused(|m| m.body = models::chat(&[]).body, families);
    refused(|m| m.answer = models::chat(&[]).answer, families);
    refused(|m| m.answer = models::classifier(&[]).answer, families);
    let mut chat = models::chat(&[]);
    chat.answer = small().answer;
    assert_eq!(chat.check().expect_err("a story of hashed text").to_string(), families);
}

#[test]
fn what_is_read_and_answered() {
    refused(|m| tokens_mut(m).max_length = 0, "max_length is 0, outside 1..127");
    refused(|m| tokens_mut(m).max_length = 128, "max_length is 128, outside 1..127");
    let pieces = |count: usize| move |m: &mut Model| tokens_mut(m).tokenizer.pieces = vec![vec![]; count];
    refused(pieces(1), "tokenizer.pieces: their number is 1, outside 2..131072");
    refused(pieces(131_073), "tokenizer.pieces: their number is 131073, outside 2..131072");
    refused(|m| story_mut(m).logit_bits = 16, "logit_bits is 16, outside 0..15");
    accepted(|m| story_mut(m).logit_bits = 15);
    refused(|m| story_mut(m).most = 1, "most is 1, outside 2..65535");
    accepted(|m| story_mut(m).most = 2);
    accepted(|m| story_mut(m).most = 65_535);
    let ends = |ends: &'static [u32]| move |m: &mut Model| story_mut(m).ends = ends.to_vec();
    for wrong in [&[6][..], &[3, 2], &[2, 2], &[0, 1, u32::MAX]] {
        refused(ends(wrong), "ends must be tokens of the vocabulary, ascending");
    }
    accepted(ends(&[]));
    accepted(ends(&[0, 1, 2, 3, 4, 5]));
}

/// A label is chosen, and nothing else is said.
#[test]
fn labels_stand_alone() {
    fn classifier(change: impl Fn(&mut Model)) -> Result<(), String> {
        said(Shape { tied: false, ..Shape::small() }, |m| {
            let story = story_mut(m);
            story.ends.clear();
            story.labels = ["a", "b", "c", "d", "e", "f"].map(String::from).to_vec();
            body_mut(m).prior = None;
            change(m);
        })
    }
    let wrong = |change: fn(&mut Model), says: &str| assert_eq!(classifier(change), Err(says.into()));
    assert_eq!(classifier(|_| {}), Ok(()));
    assert_eq!(classifier(|m| story_mut(m).margin = 255), Ok(()));
    wrong(|m| story_mut(m).ends = vec![1], "ends must be []: the answer is a label");
    let prior = |m: &mut Model| {
        body_mut(m).prior = Some(Prior { shift: 0, costs: vec![0; 6], last: vec![0; 6], pairs: vec![] });
    };
    wrong(prior, "prior must be none where outputs stand for labels");
    wrong(|m| story_mut(m).turns = Some(Turns::default()), "turns must be left out: the answer is a label");
    wrong(
        |m| story_mut(m).choice.penalty = Some(Penalty::default()),
        "choice must be left out: the answer is a label",
    );
    let tool = || Tool { token: 2, name: "lamp".into(), action: Action::Switch { on: true } };
    let with_tool = |m: &mut Model| story_mut(m).tools = vec![tool()];
    assert_eq!(classifier(with_tool), Err("tools must be left out: the answer is a label".into()));
    wrong(|m| drop(story_mut(m).labels.pop()), "labels must be as many as the output has rows");
    wrong(|m| story_mut(m).labels[3] = "a".into(), "labels[3] is \"a\", as labels[0] is already");
    wrong(
        |m| story_mut(m).labels[3] = "\n".into(),
        "labels[3] is empty or holds something else than printable ASCII",
    );
    let tied = |m: &mut Model| {
        story_mut(m).ends.clear();
        story_mut(m).labels = vec!["a".into()];
    };
    let shape = Shape { tied: true, ..Shape::small() };
    assert_eq!(said(shape, tied), Err("output must be one of its own: a row for each label".into()));
}

#[test]
fn sizes() {
    wrong(|b| b.dim = 0, "dim is 0, outside 1..8192");
    wrong(|b| b.dim = 8193, "dim is 8193, outside 1..8192");
    wrong(|b| b.heads = 0, "heads is 0, outside 1..8192");
    wrong(|b| b.heads = usize::MAX, &format!("heads is {}, outside 1..8192", usize::MAX));
    wrong(|b| b.kv_heads = 0, "kv_heads is 0, outside 1..2");
    wrong(|b| b.kv_heads = 3, "kv_heads is 3, outside 1..2");
    wrong(|b| b.head_size = 0, "head_size is 0, outside 1..512");
    wrong(|b| b.head_size = 513, "head_size is 513, outside 1..512");
    let wide = |b: &mut Transformer| (b.heads, b.head_size) = (17, 512);
    wrong(wide, "heads × head_size is 8704, outside 1..8192");
    wrong(|b| b.window = 1, "window is 1, outside 2..4096");
    wrong(|b| b.window = 4097, "window is 4097, outside 2..4096");
    right(|b| b.window = 4096);
    wrong(|b| b.blocks.clear(), "blocks: their number is 0, outside 1..64");
    wrong(|b| b.blocks = vec![b.blocks[0].clone(); 65], "blocks: their number is 65, outside 1..64");
    right(|b| b.blocks = vec![b.blocks[0].clone(); 64]);
    wrong(|b| b.rounds = 0, "rounds is 0, outside 1..64");
    wrong(|b| b.rounds = 65, "rounds is 65, outside 1..64");
    wrong(|b| (b.heads, b.kv_heads) = (3, 2), "heads must be a multiple of kv_heads");
}

#[test]
fn a_recursive_network_has_a_start() {
    wrong(|b| b.rounds = 2, "start must be there where blocks run in several rounds");
    wrong(|b| (b.rounds, b.start) = (2, vec![0; 3]), "start has 3 values, its place wants 4");
    wrong(|b| b.start = vec![0; 5], "start has 5 values, its place wants 4");
    right(|b| (b.rounds, b.start) = (64, vec![7; 4]));
    right(|b| b.start = vec![7; 4]);
}

#[test]
fn positions_turn_in_pairs_or_have_rows() {
    let steps = |steps: &[u32]| {
        let steps = steps.to_vec();
        |b: &mut Transformer| b.positions = Positions::Rotary { steps }
    };
    wrong(steps(&[]), "positions.steps has 0 values, its place wants 1");
    wrong(steps(&[1, 2]), "positions.steps has 2 values, its place wants 1");
    wrong(steps(&[1 << 24]), "positions.steps must be below 2^24, a whole turn");
    right(steps(&[(1 << 24) - 1]));
    let odd = Shape { head_size: 3, place: Place::None, ..Shape::small() };
    assert_eq!(said(odd, |_| {}), Ok(()));
    let turning = |m: &mut Model| body_mut(m).positions = Positions::Rotary { steps: vec![0] };
    assert_eq!(said(odd, turning), Err("head_size must be even where pairs rotate".into()));
    let learnt = Shape { place: Place::Learnt, ..Shape::small() };
    assert_eq!(said(learnt, |_| {}), Ok(()));
    let rows = |m: &mut Model| story_mut(m).most = 100;
    assert_eq!(said(learnt, rows), Err("positions must be a row for each position up to `most`".into()));
    let matrix = |change: fn(&mut Matrix)| {
        move |m: &mut Model| {
            let Positions::Learnt(matrix) = &mut body_mut(m).positions else { unreachable!("learnt ones") };
            change(matrix);
        }
    };
    let biased = said(learnt, matrix(|m| m.bias = vec![0; m.rows]));
    let error = "positions.bias must be empty: rows are looked up, and nothing is added";
    assert_eq!(biased, Err(error.into()));
    let narrow = said(learnt, matrix(|m| m.cols = 3));
    assert!(
        narrow.as_ref().is_err_and(|e| e.starts_with("positions is ") && e.ends_with(" × 4")),
        "{narrow:?}"
    );
    let off = said(learnt, matrix(|m| m.values[5] = 99));
    assert_eq!(off, Err("positions: the weight in row 1, column 1 is 99, outside of -7..7".into()));
}

/// A norm of each place, by how it is named.
#[test]
fn norms() {
    type Place = fn(&mut Transformer) -> &mut Norm;
    let places: [(&str, usize, Place); 5] = [
        ("blocks[2].attention.norm", 4, |b| &mut attention(b).norm),
        ("blocks[2].attention.head_norms", 2, |b| &mut attention(b).head_norms.as_mut().expect("two").0),
        ("blocks[2].attention.head_norms", 2, |b| &mut attention(b).head_norms.as_mut().expect("two").1),
        ("blocks[2].feed_forward.norm", 4, |b| &mut layer(b).norm),
        ("norm", 4, |b| b.norm.as_mut().expect("there is one")),
    ];
    for (name, elements, norm) in places {
        wrong(|b| norm(b).down = 9, &format!("{name}.down is 9, outside 0..8"));
        wrong(|b| norm(b).narrow = 9, &format!("{name}.narrow is 9, outside 0..8"));
        let gain = |count, shift| move |b: &mut Transformer| norm(b).gain = Some((vec![255; count], shift));
        wrong(gain(elements, 25), &format!("{name}.gain: its shift is 25, outside 0..24"));
        let longer = elements + 1;
        wrong(gain(longer, 0), &format!("{name}.gain has {longer} values, its place wants {elements}"));
        right(gain(elements, 24));
        right(|b| *norm(b) = Norm { down: 8, gain: None, narrow: 8 });
    }
    right(|b| b.norm = None);
    right(|b| attention(b).head_norms = None);
}

/// A matrix of each place, by how it is named, with its shape.
#[test]
fn matrices() {
    type Place = fn(&mut Transformer) -> &mut Matrix;
    let places: [(&str, usize, usize, Place); 9] = [
        ("embedding", 6, 4, |b| &mut b.embedding),
        ("blocks[2].attention.query", 4, 4, |b| &mut attention(b).query),
        ("blocks[2].attention.key", 2, 4, |b| &mut attention(b).key),
        ("blocks[2].attention.value", 2, 4, |b| &mut attention(b).value),
        ("blocks[2].attention.output", 4, 4, |b| &mut attention(b).output),
        ("blocks[2].feed_forward.up", 3, 4, |b| &mut layer(b).up),
        ("blocks[2].feed_forward.down", 4, 3, |b| &mut layer(b).down),
        ("blocks[2].feed_forward.activation.matrix", 3, 4, |b| match &mut layer(b).activation {
            Activation::Gate { matrix, .. } => matrix,
            other => unreachable!("a gate, not {other:?}"),
        }),
        ("output", 6, 4, |b| match &mut b.output {
            Output::Own(matrix) => matrix,
            other => unreachable!("a matrix, not {other:?}"),
        }),
    ];
    for (name, rows, cols, matrix) in places {
        let wide = cols + 1;
        let shape = format!("{name} is {rows} × {wide}, its place wants {rows} × {cols}");
        wrong(|b| matrix(b).cols = wide, &shape);
        if !name.ends_with("up") {
            let high = rows + 1;
            let shape = format!("{name} is {high} × {cols}, its place wants {rows} × {cols}");
            wrong(|b| matrix(b).rows = high, &shape);
        }
        for bits in [0, 1, 2, 9, 255] {
            let bad = |b: &mut Transformer| matrix(b).grid = Grid::Symmetric { bits };
            wrong(bad, &format!("{name}.grid: its bits is {bits}, outside 3..8"));
        }
        wrong(|b| matrix(b).shift = 25, &format!("{name}.shift is 25, outside 0..24"));
        right(|b| matrix(b).shift = 24);
        let count = rows * cols;
        let few = format!("{name}.values has {} values, its place wants {count}", count - 1);
        wrong(|b| _ = matrix(b).values.pop(), &few);
        let many = format!("{name}.mantissas has {} values, its place wants {rows}", rows + 1);
        wrong(|b| matrix(b).mantissas.push(1), &many);
        let few = format!("{name}.bias has 1 values, its place wants {rows}");
        wrong(|b| matrix(b).bias = vec![1], &few);
        if name == "embedding" {
            let error = "embedding.bias must be empty: rows are looked up, and nothing is added";
            wrong(|b| matrix(b).bias = vec![0; rows], error);
        } else {
            right(|b| matrix(b).bias = vec![i16::MIN; rows]);
        }
        right(|b| matrix(b).bias.clear());
        let off = format!("{name}: the weight in row 1, column 1 is 8, outside of -7..7");
        wrong(|b| matrix(b).values[cols + 1] = 8, &off);
        right(|b| matrix(b).values.fill(-7));
    }
}

#[test]
fn weights_are_on_their_grid() {
    let grid = |grid: Grid, value: i8| {
        move |b: &mut Transformer| {
            b.embedding.grid = grid;
            b.embedding.values.fill(0);
            b.embedding.values[23] = value;
        }
    };
    let grids = [(Grid::Ternary, -1, 1), (Grid::TwoBits, -2, 1)];
    let symmetric = (3..=8).map(|bits| {
        let most = ((1i16 << (bits - 1)) - 1) as i8;
        (Grid::Symmetric { bits }, -most, most)
    });
    for (of, least, most) in grids.into_iter().chain(symmetric) {
        right(grid(of, least));
        right(grid(of, most));
        for value in [Some(least - 1), most.checked_add(1)].into_iter().flatten() {
            let error =
                format!("embedding: the weight in row 5, column 3 is {value}, outside of {least}..{most}");
            wrong(grid(of, value), &error);
        }
    }
}

/// 128 times the magnitudes of a row is below 2^23.
#[test]
fn sums_have_24_bits() {
    let wide = Shape { dim: 520, grid: Grid::Symmetric { bits: 8 }, ..Shape::small() };
    let with = |last: i8| {
        move |m: &mut Model| {
            let up = &mut body_mut(m).blocks[0].feed_forward.up;
            up.values.fill(0);
            // 516 · 127 = 65,532.
            up.values[520..520 + 516].fill(-127);
            up.values[520 + 516] = last;
        }
    };
    assert_eq!(said(wide, with(3)), Ok(()));
    assert_eq!(said(wide, with(-3)), Ok(()));
    let error = "blocks[1].feed_forward.up: the sum of row 1 can be 8388608, which 24 bits do not hold";
    assert_eq!(said(wide, with(4)), Err(error.into()));
}

#[test]
fn attention_of_a_block() {
    wrong(|b| attention(b).rotate_bits = 23, "blocks[2].attention.rotate_bits is 23, outside 0..22");
    right(|b| attention(b).rotate_bits = 22);
    let still = Shape { place: Place::None, ..Shape::small() };
    let bits = |bits| move |m: &mut Model| attention(body_mut(m)).rotate_bits = bits;
    assert_eq!(said(still, bits(15)), Ok(()));
    assert_eq!(said(still, bits(16)), Err("blocks[2].attention.rotate_bits is 16, outside 0..15".into()));
    wrong(|b| attention(b).score_bits = 24, "blocks[2].attention.score_bits is 24, outside 0..23");
    right(|b| attention(b).score_bits = 23);
    let weights = |change: fn(&mut Vec<u8>)| move |b: &mut Transformer| change(&mut attention(b).weights);
    wrong(weights(|w| w.clear()), "blocks[2].attention.weights has 0 values, its place wants 256");
    wrong(weights(|w| w.push(0)), "blocks[2].attention.weights has 257 values, its place wants 256");
    let rule = "blocks[2].attention.weights must be 255 first and never rising";
    wrong(weights(|w| w[0] = 254), rule);
    wrong(weights(|w| w[255] = 255), rule);
    right(weights(|w| w.fill(255)));
}

#[test]
fn feed_forward_of_a_block() {
    let hidden = |rows| move |b: &mut Transformer| layer(b).up.rows = rows;
    wrong(hidden(0), "blocks[2].feed_forward.up.rows is 0, outside 1..8192");
    wrong(hidden(8193), "blocks[2].feed_forward.up.rows is 8193, outside 1..8192");
    wrong(hidden(4), "blocks[2].feed_forward.up.values has 12 values, its place wants 16");
    let gate = |change: fn(&mut Vec<i8>, &mut u8)| {
        move |b: &mut Transformer| {
            let Activation::Gate { table, bits, .. } = &mut layer(b).activation else {
                unreachable!("a gate")
            };
            change(table, bits);
        }
    };
    let table = "blocks[2].feed_forward.activation.table";
    wrong(gate(|_, bits| *bits = 16), "blocks[2].feed_forward.activation.bits is 16, outside 0..15");
    wrong(gate(|table, _| table.truncate(255)), &format!("{table} has 255 values, its place wants 256"));
    right(gate(|table, bits| (table[128], *bits) = (-128, 15)));
    let looked_up = Shape { middle: Middle::Table, ..Shape::small() };
    let longer = |m: &mut Model| {
        let Activation::Table(table) = &mut layer(body_mut(m)).activation else { unreachable!("a table") };
        table.push(0);
    };
    assert_eq!(said(looked_up, longer), Err(format!("{table} has 257 values, its place wants 256")));
}

#[test]
fn an_output_that_shares_its_weights() {
    let tied = Shape { tied: true, ..Shape::small() };
    let output = |change: fn(&mut Vec<u8>, &mut u8)| {
        move |m: &mut Model| {
            let Output::Tied { mantissas, shift } = &mut body_mut(m).output else { unreachable!("tied") };
            change(mantissas, shift);
        }
    };
    assert_eq!(said(tied, output(|_, shift| *shift = 24)), Ok(()));
    let error = said(tied, output(|_, shift| *shift = 25));
    assert_eq!(error, Err("output.shift is 25, outside 0..24".into()));
    let error = said(tied, output(|mantissas, _| mantissas.truncate(5)));
    assert_eq!(error, Err("output.mantissas has 5 values, its place wants 6".into()));
}

#[test]
fn only_labels_have_a_margin() {
    refused(
        |m| story_mut(m).margin = 1,
        "margin must be left out: only labels are ones that it can be unsure of",
    );
}
