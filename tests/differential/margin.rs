//! Classifiers that can be unsure: `?` below a margin, on the machine as in the reference.

use super::support::{self, Random, sequence};
use super::talk::stories;
use mlc_compiler::model::{Answer, UNSURE};
use mlc_compiler::weights::Form;
use mlc_compiler::{CompileError, eval, reference};
use mlc_runtime_z80::CpmConfig;

#[test]
fn labels_of_hashed_text_are_exact() {
    let (mut sure, mut unsure) = (0, 0);
    for (labels, margin, bias, seed) in support::margins() {
        let model = support::unsure(labels, margin, bias, seed);
        let graph = reference(&model).expect("the model was checked");
        let forms = [None, Some(Form::Columns), Some(Form::Gaps), Some(Form::Planes)];
        let compiled = match support::compile_for_cpm(&model, forms[seed as usize % 4], &[]) {
            Err(CompileError::TooLarge { .. } | CompileError::Layer(_)) => {
                support::compile_for_cpm(&model, None, &[])
            }
            compiled => compiled,
        };
        let compiled = compiled.unwrap_or_else(|e| panic!("{}: {e}", model.head.name));
        let mut r = Random(seed);
        for _ in 0..4 {
            let mut query = support::query(&mut r, 20);
            query[0] = b'q';
            let (wants, ran) =
                (eval::run(&graph, &query), support::run(&compiled.image, &query, CpmConfig::default()));
            assert_eq!(ran.logits, wants.logits, "{}", model.head.name);
            assert_eq!(ran.reply, wants.reply, "{}: {:?}", model.head.name, wants.logits);
            *if wants.text() == UNSURE { &mut unsure } else { &mut sure } += 1;
        }
    }
    println!("{sure} sure, {unsure} not");
    assert!(sure >= 25 && unsure >= 25, "{sure}, {unsure}");
}

#[test]
fn labels_of_sequence_models_are_exact() {
    let (mut sure, mut unsure) = (0, 0);
    for seed in 900..940 {
        let mut model = sequence::model(seed);
        stories::labels(&mut model, &mut Random(seed));
        let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
        story.margin = [1, 20, 255][seed as usize % 3];
        let graph = reference(&model).expect("the model was checked");
        let compiled = match support::compile_for_cpm(&model, None, &[]) {
            Ok(compiled) => compiled,
            Err(CompileError::SequenceTooLarge { .. } | CompileError::Sequence { .. }) => continue,
            Err(error) => panic!("{}: {error}", model.head.name),
        };
        let lines = sequence::queries(seed, 20);
        for line in lines.iter().filter(|line| !line.is_empty()).take(3) {
            // CP/M gives capitals.
            let line = &line.to_ascii_uppercase();
            let wants = eval::run(&graph, line);
            let ran = super::sequence::ask(&compiled.image, line, CpmConfig::default());
            assert_eq!(ran.logits, wants.logits, "{}", model.head.name);
            assert_eq!(ran.reply, wants.reply, "{}: {:?}", model.head.name, wants.logits);
            if wants.steps() > 0 {
                *if wants.text() == UNSURE { &mut unsure } else { &mut sure } += 1;
            }
        }
    }
    println!("{sure} sure, {unsure} not");
    assert!(sure >= 15 && unsure >= 15, "{sure}, {unsure}");
}
