//! Replies that grow side by side, with weights in banks: keys and values of all lie where they are always seen.

use super::beam::beam;
use super::cpc::{self, machine_as};
use super::msx;
use super::sequence::{LIMIT, symbols};
use super::support;
use super::talk::{lines, same, typed};
use super::typed::Watch;
use mlc_compiler::Image;
use mlc_compiler::target::ImageKind;
use mlc_runtime_z80::{End, MsxConfig, Script, SpectrumConfig, SpectrumMachine};

/// A session on a machine: what its screen shows, and what was watched.
type Run = fn(&str, &Image, &[u8], &mut Watch) -> Vec<u8>;

fn on_msx(_: &str, image: &Image, typed: &[u8], watch: &mut Watch) -> Vec<u8> {
    let config = MsxConfig { bottom: msx::bottom(image), ..msx::config(image) };
    let mut machine = msx::machine(image, typed, config);
    machine.watch(image.logits.ready as u16);
    assert_eq!(machine.run(watch), End::EndOfInput);
    machine.console().output().to_vec()
}

fn on_a_spectrum(name: &str, image: &Image, typed: &[u8], watch: &mut Watch) -> Vec<u8> {
    let config = SpectrumConfig {
        symbols: symbols(image),
        limit: Some(LIMIT),
        pages: true,
        ..SpectrumConfig::default()
    };
    let file = image.file(ImageKind::Tap, name);
    let mut machine =
        SpectrumMachine::load_tape(&file, Script::new(typed), config).expect("the tape is whole");
    machine.watch(image.logits.ready as u16);
    assert_eq!(machine.run(watch), End::EndOfInput);
    machine.console().output().to_vec()
}

fn on_a_cpc(name: &str, image: &Image, typed: &[u8], watch: &mut Watch) -> Vec<u8> {
    let how = cpc::How { file: ImageKind::Dsk, pages: true, seed: 1 };
    let mut machine = machine_as(name, image, typed, how);
    machine.watch(image.logits.ready as u16);
    assert_eq!(machine.run(watch), End::EndOfInput);
    machine.console().output().to_vec()
}

/// Sessions of random models on a target, with all weights in banks.
fn sessions(target: &str, run: Run) {
    let (mut compared, mut priors, mut steps) = (0, 0, 0);
    let target = support::target_named(target);
    for seed in 200..214 {
        let model = beam(seed);
        let Some(compiled) = support::in_banks(&target, &model) else { continue };
        let (image, lines) = (&compiled.image, lines(&model, seed));
        let lines = &lines[..lines.len().min(3)];
        let banked = image.banked.as_ref().expect("it was asked for");
        assert!(banked.caches.is_none(), "{}: caches of which one shows at a time", model.head.name);
        let mut watch = Watch::new(image);
        let output = run(&model.head.name, image, &typed(lines), &mut watch);
        steps += same((&model, &[]), lines, image, &watch, (&output, true));
        compared += 1;
        priors += usize::from(model.sequence().is_some_and(|(_, body, _)| body.prior.is_some()));
    }
    eprintln!("{compared} sessions on {}, {priors} with priors, {steps} steps", target.name);
    assert!(compared >= 5 && priors >= 1 && steps > 150);
}

#[test]
fn beams_are_exact_from_banks_of_a_cartridge() {
    sessions("msx", on_msx);
}

#[test]
fn beams_are_exact_from_pages_of_a_spectrum() {
    sessions("zx128", on_a_spectrum);
}

#[test]
fn beams_are_exact_from_pages_of_a_cpc() {
    sessions("cpc6128", on_a_cpc);
}
