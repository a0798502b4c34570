//! Classifiers that can be unsure: `?` below a margin, on the chip as in the reference.

use super::machine::Chip;
use super::sequence::exact;
use super::support::{self, Random, sequence};
use super::talk::stories;
use crate::random::compare;
use mlc_compiler::model::{Answer, UNSURE};
use mlc_compiler::{CompileError, eval, reference};

#[test]
fn labels_of_hashed_text_are_exact() {
    let chips = [Chip::atmega328p(), Chip::atmega1284p(), Chip::atmega2560()];
    let (mut sure, mut unsure) = (0, 0);
    for (labels, margin, bias, seed) in support::margins() {
        let model = support::unsure(labels, margin, bias, seed);
        let chip = &chips[if labels > 300 { 1 } else { seed as usize % 3 }];
        let compiled = match chip.compile(&model, None, &[]) {
            Ok(compiled) => compiled,
            Err(CompileError::TooLarge { .. }) => continue,
            Err(error) => panic!("{}: {error}", model.head.name),
        };
        let mut r = Random(seed);
        let queries: Vec<Vec<u8>> =
            (0..4).map(|_| [b"q", &support::query(&mut r, 20)[..]].concat()).collect();
        compare(chip, &model, &compiled, &queries, "with a margin");
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
    let chip = Chip::atmega1284p();
    let (mut sure, mut unsure) = (0, 0);
    for seed in 900..930 {
        let mut model = sequence::model(seed);
        stories::labels(&mut model, &mut Random(seed));
        let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
        story.margin = [1, 20, 255][seed as usize % 3];
        let compiled = match chip.compile(&model, None, &[]) {
            Ok(compiled) => compiled,
            Err(CompileError::SequenceTooLarge { .. } | CompileError::Sequence { .. }) => continue,
            Err(error) => panic!("{}: {error}", model.head.name),
        };
        let longest = usize::from(model.reader.max_query()).min(20);
        let lines: Vec<Vec<u8>> = sequence::queries(seed, longest).into_iter().take(3).collect();
        exact(&chip, &model, &compiled, &lines);
        let graph = reference(&model).expect("the model was checked");
        for run in lines.iter().map(|line| eval::run(&graph, line)).filter(|run| run.steps() > 0) {
            *if run.text() == UNSURE { &mut unsure } else { &mut sure } += 1;
        }
    }
    println!("{sure} sure, {unsure} not");
    assert!(sure >= 12 && unsure >= 12, "{sure}, {unsure}");
}
