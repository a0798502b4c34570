//! Replies that grow side by side: sessions of several lines, every logit of every reply and all that is shown.

use super::sequence::{LIMIT, compile, symbols};
use super::support::{Random, sequence};
use super::talk::{lines, same, stories, typed};
use super::typed::Watch;
use mlc_compiler::Image;
use mlc_compiler::model::{Model, Turns};
use mlc_compiler::target::ImageKind;
use mlc_runtime_z80::{CpmConfig, CpmMachine, End, Script, SpectrumConfig, SpectrumMachine};

pub fn beam(seed: u64) -> Model {
    let mut model = sequence::model(seed);
    stories::beam(&mut model, &mut Random(seed ^ 0xBEA7));
    model
}

fn on_cpm(model: &Model, lines: &[Vec<u8>], image: &Image) -> usize {
    let config = CpmConfig { symbols: symbols(image), limit: Some(LIMIT), ..CpmConfig::default() };
    let mut machine =
        CpmMachine::load(&image.bytes, b"", Script::new(&typed(lines)), config).expect("the image loads");
    if let Some(file) = &image.beside {
        machine.disk().insert(&file.name, file.bytes.clone()).expect("CP/M has such names");
    }
    machine.watch(image.logits.ready as u16);
    let mut watch = Watch::new(image);
    assert_eq!(machine.run(&mut watch), End::EndOfInput, "the program asks again");
    same((model, &[]), lines, image, &watch, (machine.console().output(), false))
}

#[test]
fn beams_are_exact_on_cpm() {
    let (mut sessions, mut kept, mut priors, mut steps) = (0, 0, 0, 0);
    for seed in 0..24 {
        let model = beam(seed);
        let Some(compiled) = compile("z80-cpm", &model) else { continue };
        let lines: Vec<Vec<u8>> = lines(&model, seed).into_iter().take(7).collect();
        steps += on_cpm(&model, &lines, &compiled.image);
        sessions += 1;
        let (_, body, story) = model.sequence().expect("it is one");
        kept += usize::from(Turns::is_kept(story.turns.as_ref()));
        priors += usize::from(body.prior.is_some());
    }
    eprintln!("{sessions} sessions, {kept} kept, {priors} with priors, {steps} steps");
    assert!(sessions >= 12 && kept >= 4 && priors >= 4 && steps > 1500);
}

#[test]
fn beams_are_exact_on_a_spectrum() {
    let mut sessions = 0;
    for seed in 100..108 {
        let model = beam(seed);
        let Some(compiled) = compile("zx48", &model) else { continue };
        let (image, lines) = (&compiled.image, &lines(&model, seed)[..3]);
        let config =
            SpectrumConfig { symbols: symbols(image), limit: Some(LIMIT), ..SpectrumConfig::default() };
        let file = image.file(ImageKind::Tap, &model.head.name);
        let mut machine =
            SpectrumMachine::load_tape(&file, Script::new(&typed(lines)), config).expect("the tape is whole");
        machine.watch(image.logits.ready as u16);
        let mut watch = Watch::new(image);
        assert_eq!(machine.run(&mut watch), End::EndOfInput);
        same((&model, &[]), lines, image, &watch, (machine.console().output(), true));
        sessions += 1;
    }
    assert!(sessions >= 2, "{sessions} sessions");
}
