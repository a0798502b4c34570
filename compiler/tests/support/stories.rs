//! What a sequence model answers, at random: turns of a chat, drawing, a penalty, tools.

#![allow(dead_code, reason = "each test target uses a part of it")]

use super::random::Random;
use mlc_compiler::eval::{Run, Session, beam};
use mlc_compiler::model::{
    Action, Activation, Answer, Body, Choice, Draw, Matrix, Model, Output, Penalty, Reader, Tool, Turns,
};
use mlc_compiler::reference;
use std::collections::BTreeSet;

/// Gives a model turns, drawing or a penalty, at least one of them.
///
/// # Panics
/// When the result breaks a rule: the mistake is here.
pub fn talk(model: &mut Model, r: &mut Random) {
    let (Reader::Tokens(reader), Answer::Story(story)) = (&model.reader, &mut model.answer) else {
        unreachable!("a sequence model")
    };
    let vocabulary = reader.tokenizer.pieces.len();
    let which = r.within(1, 7);
    if which & 1 != 0 {
        let room = (usize::from(story.most) - 1) / 4;
        let mut list = |most: usize| -> Vec<u32> {
            (0..r.within(0, most.min(room))).map(|_| r.within(0, vocabulary - 1) as u32).collect()
        };
        let (start, before, after, close) = (list(3), list(2), list(2), list(2));
        story.turns = Some(Turns { start, before, after, close, keeps: r.chance(80) });
    }
    if which & 2 != 0 {
        story.choice.draw = Some(draw(r));
    }
    if which & 4 != 0 {
        let (strength, recent) = (1001 + r.within(0, 2899) as u16, r.within(1, 12) as u8);
        story.choice.penalty = Some(Penalty { strength, recent });
    }
    assert_ne!((&story.turns, story.choice), (&None, Choice::default()));
    model.check().unwrap_or_else(|e| panic!("{e}"));
}

/// Lets replies grow side by side, 2 to 4 of them; more often than not in a chat. Logits are so near each other that whole replies
/// decide, and where they are few, many replies cost the same.
///
/// # Panics
/// When the result breaks a rule: the mistake is here.
pub fn beam(model: &mut Model, r: &mut Random) {
    if r.chance(75) {
        talk(model, r);
    }
    let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
    story.logit_bits = [0, 5, 9, 11, 13, 15][r.within(0, 5)];
    story.choice = Choice { beam: Some(r.within(2, 4) as u8), ..Choice::default() };
    model.check().unwrap_or_else(|e| panic!("{e}"));
}

/// Lets some hidden neurons, and half the time the last head of keys and values in all blocks, give nothing, each in a way of its own.
///
/// # Panics
/// When the result breaks a rule: the mistake is here.
pub fn kill(model: &mut Model, r: &mut Random) {
    let Body::Transformer(body) = &mut model.body else { unreachable!("a sequence model") };
    let (size, last) = (body.head_size, body.kv_heads - 1);
    let own = size * body.heads / body.kv_heads;
    let kills_head = r.chance(50);
    for block in &mut body.blocks {
        let layer = &mut block.feed_forward;
        for neuron in 0..layer.up.rows {
            match r.within(0, 5) {
                0 => clear_columns(&mut layer.down, neuron..neuron + 1),
                1 => clear_rows(&mut layer.up, neuron..neuron + 1),
                2 => match &mut layer.activation {
                    Activation::Gate { matrix, .. } => clear_rows(matrix, neuron..neuron + 1),
                    Activation::Relu | Activation::Table(_) => layer.up.mantissas[neuron] = 0,
                },
                _ => {}
            }
        }
        if kills_head && r.chance(50) {
            clear_rows(&mut block.attention.value, last * size..(last + 1) * size);
        } else if kills_head {
            clear_columns(&mut block.attention.output, last * own..(last + 1) * own);
        }
    }
    model.check().unwrap_or_else(|e| panic!("{e}"));
}

/// Rows that give 0.
pub fn clear_rows(m: &mut Matrix, rows: std::ops::Range<usize>) {
    m.values[rows.start * m.cols..rows.end * m.cols].fill(0);
    if !m.bias.is_empty() {
        m.bias[rows].fill(0);
    }
}

/// Columns that nothing is multiplied with.
pub fn clear_columns(m: &mut Matrix, cols: std::ops::Range<usize>) {
    m.values.chunks_mut(m.cols).for_each(|row| row[cols.clone()].fill(0));
}

/// What the reference says to lines, one after the other: by a beam where the model asks for one.
///
/// # Panics
/// For a model that was never checked.
pub fn said(model: &Model, inputs: &[(String, u16)], lines: &[Vec<u8>]) -> Vec<Run> {
    let Answer::Story(story) = &model.answer else { unreachable!("a sequence model") };
    if let Some(width) = story.choice.beam {
        let graph = beam::graph(model).expect("the model was checked");
        let mut beam = beam::Beam::new(model, &graph, width.into());
        return lines.iter().map(|line| beam.ask(line)).collect();
    }
    let graph = reference(model).expect("the model was checked");
    let mut session = Session::new(&graph).reading(inputs.to_vec());
    lines.iter().map(|line| session.ask(line)).collect()
}

/// Gives every fourth seed's model labels, and others turns, drawing or a penalty.
pub fn talk_or_labels(model: &mut Model, seed: u64, r: &mut Random) {
    match seed % 4 {
        3 => labels(model, r),
        _ => talk(model, r),
    }
}

/// Makes a model a classifier: rows of an output of its own, some of those that it had, stand for labels.
///
/// # Panics
/// When the result breaks a rule: the mistake is here.
pub fn labels(model: &mut Model, r: &mut Random) {
    let (Body::Transformer(body), Answer::Story(story)) = (&mut model.body, &mut model.answer) else {
        unreachable!("a sequence model")
    };
    let mut output = match &body.output {
        Output::Own(matrix) => matrix.clone(),
        Output::Tied { mantissas, shift } => {
            Matrix { mantissas: mantissas.clone(), shift: *shift, ..body.embedding.clone() }
        }
    };
    output.rows = r.within(1, output.rows);
    output.values.truncate(output.rows * output.cols);
    output.mantissas.truncate(output.rows);
    output.bias.truncate(output.rows);
    story.ends.clear();
    story.labels = (0..output.rows).map(|at| format!("{}{at}", ["NO ", "y", "a label "][at % 3])).collect();
    body.output = Output::Own(output);
    body.prior = None;
    model.check().unwrap_or_else(|e| panic!("{e}"));
}

/// What tools can read, with their names.
const READS: [&str; 3] = ["temp", "light", "Water-2"];
/// Values of all lengths, with zeros in the middle and at their ends.
const VALUES: [u16; 9] = [0, 7, 10, 99, 100, 1000, 9_009, 40_302, 65_535];

/// Gives a model tokens that name an action, some of which read something; `switches`: others switch something, or none
/// do. Gives what is read.
///
/// # Panics
/// When the result breaks a rule: the mistake is here.
pub fn tools(model: &mut Model, r: &mut Random, switches: bool) -> Vec<(String, u16)> {
    let (Reader::Tokens(reader), Answer::Story(story)) = (&mut model.reader, &mut model.answer) else {
        unreachable!("a sequence model")
    };
    let vocabulary = reader.tokenizer.pieces.len();
    let any = |r: &mut Random| r.within(0, vocabulary - 1) as u32;
    // Networks of random numbers choose few tokens: of these many are tools.
    let wanted = 1 + r.within(0, vocabulary / 2);
    let tokens: BTreeSet<u32> =
        (0..wanted).map(|_| any(r)).filter(|token| !story.ends.contains(token)).collect();
    for token in tokens.into_iter().take(40) {
        let (name, action) = match switches && r.chance(40) {
            true => (["lamp", "Fan_1"][r.within(0, 1)], Action::Switch { on: r.chance(50) }),
            false => {
                let close = (0..r.within(0, 3)).map(|_| any(r)).collect();
                (READS[r.within(0, READS.len() - 1)], Action::Read { close })
            }
        };
        story.tools.push(Tool { token, name: name.into(), action });
    }
    for digit in b'0'..=b'9' {
        let token = any(r);
        reader.tokenizer.alphabet.start.entry(vec![digit]).or_insert(token);
    }
    let inputs: Vec<String> = story.inputs().iter().map(|name| name.to_string()).collect();
    model.check().unwrap_or_else(|e| panic!("{e}"));
    inputs.into_iter().map(|name| (name, VALUES[r.within(0, VALUES.len() - 1)])).collect()
}

fn draw(r: &mut Random) -> Draw {
    let draw = Draw {
        temperature: [1, 300, 800, 1000, 2000, 10_000][r.within(0, 5)],
        top_k: [1, 2, 5, 40, 255][r.within(0, 4)],
        top_p: [1, 500, 900, 1000, 1000][r.within(0, 4)],
        min_p: [0, 0, 50, 500, 1000][r.within(0, 4)],
        seed: r.within(1, 65_535) as u16,
    };
    // Where only the likeliest is left, nothing is seen of drawing.
    if r.chance(60) { Draw { temperature: 10_000, top_p: 1000, min_p: 0, ..draw } } else { draw }
}
