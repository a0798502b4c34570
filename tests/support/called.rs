//! Networks that a program calls: what it prints of them.

use mlc_compiler::eval::Run;
use mlc_compiler::model::{Answer, Model};

/// The labels of a classifier.
pub fn labels(model: &Model) -> &[String] {
    match &model.answer {
        Answer::Story(story) => &story.labels,
        other => other.labels(),
    }
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
        for (step, byte) in run.reply.iter().enumerate() {
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
