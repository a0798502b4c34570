//! Classifiers that can be unsure: `?` below a margin, in C as in the reference.

use super::sequence::stories;
use super::support::{self, Random, sequence};
use super::{host, installed};
use mlc_compiler::model::{Answer, UNSURE};
use mlc_compiler::{eval, reference};

#[test]
fn labels_of_hashed_text_are_exact() {
    if !installed("cc") {
        return;
    }
    let (mut sure, mut unsure) = (0, 0);
    for (labels, margin, bias, seed) in support::margins() {
        let model = support::unsure(labels, margin, bias, seed);
        let mut r = Random(seed);
        let queries: Vec<Vec<u8>> =
            (0..5).map(|_| [b"q", &support::query(&mut r, 20)[..]].concat()).collect();
        host::check(&model, &queries);
        let graph = reference(&model).expect("the model was checked");
        for query in &queries {
            *if eval::run(&graph, query).text() == UNSURE { &mut unsure } else { &mut sure } += 1;
        }
    }
    println!("{sure} sure, {unsure} not");
    assert!(sure >= 25 && unsure >= 25, "{sure}, {unsure}");
}

#[test]
fn labels_of_sequence_models_are_exact() {
    if !installed("cc") {
        return;
    }
    let (mut sure, mut unsure) = (0, 0);
    for seed in 900..916 {
        let mut model = sequence::model(seed);
        stories::labels(&mut model, &mut Random(seed));
        let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
        story.margin = [1, 20, 255][seed as usize % 3];
        let longest = usize::from(model.reader.max_query()).min(20);
        let lines: Vec<Vec<u8>> = sequence::queries(seed, longest).into_iter().take(4).collect();
        host::check(&model, &lines);
        let graph = reference(&model).expect("the model was checked");
        for run in lines.iter().map(|line| eval::run(&graph, line)).filter(|run| run.steps() > 0) {
            *if run.text() == UNSURE { &mut unsure } else { &mut sure } += 1;
        }
    }
    println!("{sure} sure, {unsure} not");
    assert!(sure >= 10 && unsure >= 10, "{sure}, {unsure}");
}
