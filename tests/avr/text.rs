//! The text: that GNU as takes it to the same bytes, and what a refusal says.

use super::judges;
use super::machine::Chip;
use super::support::{self, Random, parts};
use mlc_compiler::model::{Answer, Chat, ContextEncoder, Model, QueryEncoder};
use mlc_compiler::weights::Form;

/// 16 and 16 → 9 → 7 → 4.
fn chat() -> Model {
    let mut r = Random(3);
    let layers = [32, 9, 7, 4].windows(2).map(|w| support::layer(&mut r, w[0], w[1], 40, 300, 2)).collect();
    let context = ContextEncoder { buckets: 16, length: 3 };
    let query = QueryEncoder { buckets: 16, bands: 2, max_length: 20 };
    let answer = Answer::Chat(Chat { charset: b"abc\0".to_vec(), max_reply: 5 });
    parts::model(("small", "for the tests"), (query, Some(context)), layers, answer)
}

#[test]
fn gnu_as_makes_the_same_bytes() {
    if !judges::available() {
        return;
    }
    let mut compared = 0;
    for chip in [Chip::atmega328p(), Chip::atmega2560(), Chip::attiny85()] {
        let models = [0, 2, 5, 9].map(support::model).into_iter().chain([chat()]);
        for model in models {
            for form in Form::ALL {
                let Ok(compiled) = chip.compile(&model, Some(form), &[]) else { continue };
                let core = chip.core.name();
                let theirs = judges::gnu(&compiled.assembly, core, chip.target.origin)
                    .unwrap_or_else(|e| panic!("{} {form}: {e}", model.head.name));
                assert_eq!(theirs.flash, compiled.image.bytes, "{} {form} on {core}", model.head.name);
                compared += 1;
            }
        }
    }
    assert!(compared >= 20, "only {compared} programs");
}

#[test]
fn a_refusal_says_what_would_help() {
    let Some(model) = support::published("tinychat") else { return };
    let error = Chip::attiny85().compile(&model, None, &[]).expect_err("it has 8 KB of flash");
    assert!(!error.is_bug());
    let help = error.help();
    for part in ["flash", "RAM", "fc2: ", "--max-bytes", "target"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}
