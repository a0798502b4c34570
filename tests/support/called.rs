//! Networks that a program calls: what it prints of them.

use mlc_compiler::eval::{Run, argmax};
use mlc_compiler::model::{Answer, Model};

/// The labels of a classifier.
pub fn labels(model: &Model) -> &[String] {
    match &model.answer {
        Answer::Story(story) => &story.labels,
        other => other.labels(),
    }
}

/// Whether it is known of each byte of a reply which step it is of: where the largest logit is taken.
pub fn shows_logits(model: &Model) -> bool {
    model.sequence().is_none_or(|(.., story)| story.classifies() || story.choice.is_plain())
}

/// The step of each byte of a reply.
fn steps(model: &Model, run: &Run) -> Vec<usize> {
    let Some((reader, _, story)) = model.sequence() else { return (0..run.reply.len()).collect() };
    let printed = story.printed(&reader.tokenizer);
    let bytes = |(step, logits): (usize, &Vec<i16>)| {
        let token = argmax(logits);
        let shown = if story.ends.contains(&(token as u32)) { 0 } else { printed[token].len() };
        std::iter::repeat_n(step, shown)
    };
    run.logits.iter().enumerate().flat_map(bytes).collect()
}

/// What a program has to print of a run: bytes and logits in hexadecimal, or the index of a label.
pub fn expected(model: &Model, run: &Run, logits: bool) -> String {
    let shown = |step: usize| match logits {
        true => run.logits[step].iter().map(|logit| format!("{:04X}", *logit as u16)).collect(),
        false => String::new(),
    };
    let labels = labels(model);
    let mut out = String::new();
    if labels.is_empty() {
        let steps = if logits { steps(model, run) } else { vec![0; run.reply.len()] };
        assert_eq!(steps.len(), run.reply.len(), "a step for each byte");
        for (&step, byte) in steps.iter().zip(&run.reply) {
            out += &format!("{byte:02X}{}", shown(step));
        }
    } else if run.steps() > 0 {
        let text = run.text();
        // What is not sure comes behind all labels.
        let index = labels.iter().position(|label| *label == text).unwrap_or(labels.len());
        out += &format!("{index:04X}{}", shown(0));
    }
    out + "-"
}
