//! The Amstrad CPC 6128: networks of text as on a 464, and sequence models with their weights in pages, exact. The disk is what is
//! started: the program reads the other files itself.

use super::cpc::{How, exact_on};
use super::support::{self, sequence, stories};
use super::typed;
use mlc_compiler::import::sequence::quantize::Quantization;
use mlc_compiler::model::{Answer, Body, Grid, Model};
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Compiled, Image};
use mlc_runtime_z80::{CpcConfig, CpcMachine, End, Exit, NoObserver, Script};

const DISK: How = How { file: ImageKind::Dsk, pages: true, seed: 1 };

fn in_banks(model: &Model) -> Option<Compiled> {
    support::in_banks(&support::target_named("cpc6128"), model)
}

#[test]
fn networks_of_text_are_those_of_a_464() {
    for name in ["tinychat", "guess", "commands"] {
        let (model, prompts) = support::own(name);
        let compiled = support::compile_for("cpc6128", &model, None, &[]).expect("it fits");
        let smaller = support::compile_for("cpc464", &model, None, &[]).expect("it fits");
        assert!(compiled.image.bytes == smaller.image.bytes, "{name}");
        exact_on(&model, &compiled, "auto", prompts.iter().map(Vec::as_slice).take(4), DISK);
    }
}

#[test]
fn sequence_models_are_exact_from_pages() {
    let mut compared = 0;
    for seed in 0..24 {
        let model = sequence::model(seed);
        let queries = typed::two_queries(&model, seed);
        let (Some(compiled), false) = (in_banks(&model), queries.is_empty()) else { continue };
        // From either drive.
        let how = How { seed, ..DISK };
        exact_on(&model, &compiled, "in pages", queries.iter().map(Vec::as_slice), how);
        compared += 1;
    }
    assert!(compared >= 8, "{compared} only");
}

/// Hidden layers of 256: weights of several pages, and matrices that go on in the next.
#[test]
fn large_sequence_models_go_on_in_the_next_page() {
    let (mut compared, mut most) = (0, 0);
    let shapes = [(20, 256), (24, 200), (16, 255), (33, 128)];
    for (seed, (dim, hidden)) in (0..16).zip(shapes.into_iter().cycle()) {
        let model = sequence::large(seed, dim, hidden);
        let queries = typed::two_queries(&model, seed);
        let (Some(compiled), false) = (in_banks(&model), queries.is_empty()) else { continue };
        let banked = compiled.image.banked.as_ref().expect("it was asked for");
        let pages = banked.pages.len();
        exact_on(&model, &compiled, "in pages", queries.iter().map(Vec::as_slice).take(1), DISK);
        compared += usize::from(pages > 1);
        most = most.max(pages);
    }
    eprintln!("{compared} in several pages, {most} at most");
    assert!(compared >= 2 && most >= 2, "{compared} in several pages, {most} at most");
}

/// Windows so large that keys and values have no room with the buffers: they have a page, or are behind the weights.
#[test]
fn keys_and_values_have_a_page_where_they_are_many() {
    // With the buffers; in a page without weights; behind them.
    let mut places = [0; 3];
    for seed in 0..40 {
        let mut model = sequence::model(seed);
        let (Body::Transformer(body), Answer::Story(story)) = (&mut model.body, &mut model.answer) else {
            unreachable!("it is a sequence model");
        };
        (body.window, story.most) = (120, 150);
        let queries = typed::two_queries(&model, seed);
        // Positions that were learnt are not so many.
        let (Ok(()), false) = (model.check(), queries.is_empty()) else { continue };
        let Some(compiled) = in_banks(&model) else { continue };
        let banked = compiled.image.banked.as_ref().expect("it was asked for");
        let place = match banked.caches {
            None => 0,
            // It is the first of the first 64 KB, and has weights only where caches are behind those.
            Some((at, _)) => 1 + usize::from(banked.pages[0].name == "page1" && at > 0x4000),
        };
        if places[place] < 2 {
            exact_on(&model, &compiled, "many positions", queries.iter().map(Vec::as_slice).take(1), DISK);
        }
        places[place] += 1;
    }
    eprintln!("with buffers, in a page, behind weights: {places:?}");
    assert!(places[1] + places[2] >= 2, "{places:?}");
}

/// The ternary one, with so many positions as there is memory for. A few tokens of it: all are compared by `mlc verify`
/// (docs/cpc6128.md).
#[test]
fn a_public_network_is_exact_from_pages() {
    let how = Quantization { weights: Grid::Ternary, embedding: Grid::Ternary, window: 20 };
    let Some(model) = stories::quantized(how, 32) else { return };
    let compiled = support::compile_for("cpc6128", &model, None, &[]);
    let compiled = compiled.unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
    let banked = compiled.image.banked.as_ref().expect("no image has room for it");
    let pages: Vec<_> = banked.pages.iter().map(|page| page.name.as_str()).collect();
    assert_eq!(pages, ["page1", "page4", "page5", "page6", "page7"]);
    assert!(banked.caches.is_some(), "keys and values are behind the weights");
    exact_on(&model, &compiled, "in pages", [&b"One"[..]], DISK);
}

/// A small program with all weights in pages, and its name, which it calls its files.
fn small() -> (String, Image) {
    let found = (0..).find_map(|seed| {
        let model = sequence::large(seed, 24, 200);
        let image = in_banks(&model)?.image;
        (image.banked.as_ref()?.pages.len() > 1).then_some((model.head.name, image))
    });
    found.expect("one fits")
}

fn run(disk: &[u8], typed: &[u8], pages: bool) -> (End, String) {
    let config = CpcConfig { limit: Some(4_000_000_000), pages, ..CpcConfig::default() };
    let mut machine = CpcMachine::load_disk(disk, Script::new(typed), config).expect("the disk is whole");
    let end = machine.run(&mut NoObserver);
    (end, String::from_utf8_lossy(machine.console().transcript()).into_owned())
}

#[test]
fn the_chat_ends_in_basic_and_what_is_missing_is_said() {
    let (name, image) = small();
    let disk = image.file(ImageKind::Dsk, &name);
    let (end, said) = run(&disk, b"!\r", true);
    assert_eq!(end, End::Exit(Exit::Basic));
    assert!(said.starts_with("random-") && said.contains("Type a line; ! ends."), "{said}");
    // With 64 KB.
    assert_eq!(
        run(&disk, b"x", false),
        (End::Exit(Exit::Basic), "This program needs 128 KB. Press a key.".into())
    );
    // Without the file of a page: another name in its entry of the directory.
    let at = disk.windows(12).position(|entry| entry[0] == 0 && entry[9..] == *b"P4 ").expect("it is there");
    let name = String::from_utf8_lossy(&disk[at + 1..at + 9]).trim_end().to_string();
    let mut missing = disk.clone();
    missing[at + 10] = b'9';
    let says = format!("{name}.P4 cannot be read: all files of the disk belong together. Press a key.");
    assert_eq!(run(&missing, b"x", true), (End::Exit(Exit::Basic), says));
}
