//! The ZX Spectrum 128: networks of text as with 48 KB, and sequence models with their weights in pages, exact.

use super::spectrum::{How, exact_on};
use super::support::{self, sequence, stories};
use super::typed;
use mlc_compiler::import::sequence::quantize::Quantization;
use mlc_compiler::model::{Grid, Model};
use mlc_compiler::target::ImageKind;
use mlc_compiler::{CompileError, Compiled, Image, weights::Form};
use mlc_runtime_z80::{End, Exit, Fault, FaultKind, NoObserver, Script, SpectrumConfig, SpectrumMachine};

const TAPE: How = How { file: ImageKind::Tap, pages: true };
const SNAPSHOT: How = How { file: ImageKind::Sna, pages: true };
/// Where memory begins that is not slower than any.
const FAST: u32 = 0x8000;

fn compile(model: &Model, form: Option<Form>) -> Result<Compiled, CompileError> {
    support::compile_for("zx128", model, form, &[])
}

fn in_banks(model: &Model) -> Option<Compiled> {
    support::in_banks(&support::target_named("zx128"), model)
}

#[test]
fn networks_of_text_are_exact_beyond_c000h() {
    let mut cases: Vec<_> = ["tinychat", "guess", "commands"].map(support::own).into();
    for name in ["tinychat", "guess"] {
        let Some(model) = support::published(name) else { continue };
        let prompts = support::expected(name).into_iter().map(|(prompt, _)| prompt.into_bytes());
        cases.push((model, prompts.take(40).collect()));
    }
    let mut beyond = 0;
    for (model, prompts) in cases {
        let compiled = compile(&model, None).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
        for how in [TAPE, SNAPSHOT] {
            exact_on(&model, &compiled, "auto", prompts.iter().map(Vec::as_slice), &how);
        }
        beyond += usize::from(compiled.image.memory_end > 0xC000);
    }
    assert!(beyond >= 1, "no program reaches page 0");
}

#[test]
fn random_networks_are_exact_in_every_form() {
    let compared = typed::in_every_form(0x128, compile, |model, compiled, what, queries| {
        exact_on(model, compiled, what, queries.iter().map(Vec::as_slice), &TAPE);
    });
    assert!(compared >= 60, "only {compared} programs fit the Spectrum 128");
}

/// What is hot lies behind contended memory.
#[track_caller]
fn is_fast(image: &Image, labels: &[&str]) {
    for &label in labels {
        let at = image.assembly.table[label].value;
        assert!(at >= FAST, "{label} is at {at:04X}h");
    }
}

#[test]
fn sequence_models_are_exact_from_pages() {
    let (mut compared, mut apart) = (0, 0);
    for seed in 0..24 {
        let model = sequence::model(seed);
        let queries = typed::two_queries(&model, seed);
        let (Some(compiled), false) = (in_banks(&model), queries.is_empty()) else { continue };
        is_fast(&compiled.image, &["quarters", "net_shared", "bss"]);
        let how = if seed % 2 == 0 { TAPE } else { SNAPSHOT };
        exact_on(&model, &compiled, "in pages", queries.iter().map(Vec::as_slice), &how);
        compared += 1;
        apart += usize::from(compiled.image.banked.is_some_and(|banked| banked.caches.is_some()));
    }
    eprintln!("{compared} in pages, {apart} with caches apart");
    assert!(compared >= 8, "{compared} only");
}

/// Hidden layers of 256: weights of several pages, and matrices that go on in the next.
#[test]
fn large_sequence_models_go_on_in_the_next_page() {
    let (mut compared, mut most) = (0, 0);
    let shapes = [(20, 256), (24, 200), (16, 255), (33, 128)];
    for (seed, (dim, hidden)) in (0..12).zip(shapes.into_iter().cycle()) {
        let model = sequence::large(seed, dim, hidden);
        let queries = typed::two_queries(&model, seed);
        let (Some(compiled), false) = (in_banks(&model), queries.is_empty()) else { continue };
        let pages = compiled.image.banked.as_ref().map_or(0, |banked| banked.pages.len());
        exact_on(&model, &compiled, "in pages", queries.iter().map(Vec::as_slice).take(1), &TAPE);
        compared += usize::from(pages > 1);
        most = most.max(pages);
    }
    eprintln!("{compared} in several pages, {most} at most");
    assert!(compared >= 2 && most >= 2, "{compared} in several pages, {most} at most");
}

/// Keys and values that would end behind memory: refused by size, and no fault of the program's text.
#[test]
fn what_is_too_large_is_refused_by_its_size() {
    let (model, _) = support::own("parrot");
    match compile(&model, None) {
        // Fewer bits would not help.
        Err(error @ CompileError::SequenceTooLarge { .. }) => {
            assert!(error.help().starts_with("a smaller window"), "{error}\n{}", error.help());
        }
        Err(error) => panic!("{error}"),
        Ok(compiled) => panic!("it fits with {} bytes", compiled.image.bytes.len()),
    }
}

/// The ternary one. A few tokens of it: all are compared by `mlc verify` (docs/zx128.md).
#[test]
fn a_public_network_is_exact_from_pages() {
    let how = Quantization { weights: Grid::Ternary, embedding: Grid::Ternary, window: 32 };
    let Some(model) = stories::quantized(how, 32) else { return };
    let compiled = compile(&model, None).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
    let banked = compiled.image.banked.as_ref().expect("no image has room for it");
    let pages: Vec<_> = banked.pages.iter().map(|page| page.name.as_str()).collect();
    assert!(banked.caches.is_some() && pages.starts_with(&["page4", "page6", "page1", "page3"]), "{pages:?}");
    // With so little memory to spare, what products look up begins where the rest ends.
    is_fast(&compiled.image, &["net_shared", "bss"]);
    exact_on(&model, &compiled, "in pages", [&b"One"[..]], &TAPE);
}

fn run(tape: &[u8], typed: &[u8], pages: bool) -> End {
    let config = SpectrumConfig { limit: Some(4_000_000_000), pages, ..SpectrumConfig::default() };
    let mut machine =
        SpectrumMachine::load_tape(tape, Script::new(typed), config).expect("the tape is whole");
    machine.run(&mut NoObserver)
}

/// The tape of a small program in a page that the system needs, or does not.
fn small(of_system: bool) -> Vec<u8> {
    let mut target = support::target_named("zx128");
    target.banks[0].of_system = of_system;
    let compiled =
        (0..).find_map(|seed| support::in_banks(&target, &sequence::model(seed))).expect("one fits");
    let banked = compiled.image.banked.as_ref().expect("it was asked for");
    assert_eq!((banked.pages.len(), banked.pages[0].name.as_str()), (1, "page0"));
    compiled.image.file(ImageKind::Tap, "small")
}

#[test]
fn the_chat_ends_in_basic_or_the_machine_starts_anew() {
    assert_eq!(run(&small(false), b"!\r", true), End::Exit(Exit::Return));
    // What the machine's own editor kept is lost.
    assert_eq!(run(&small(true), b"!\r", true), End::Exit(Exit::Basic));
}

/// BASIC and the program, each with a header.
fn without_page(tape: &[u8]) -> &[u8] {
    let next = |at: usize| at + 2 + usize::from(u16::from_le_bytes([tape[at], tape[at + 1]]));
    &tape[..(0..4).fold(0, |at, _| next(at))]
}

/// A page of one byte behind them.
fn short_page(tape: &[u8]) -> Vec<u8> {
    [without_page(tape), &[3, 0, 0xFF, 1, 0xFE]].concat()
}

#[test]
fn what_is_missing_is_reported() {
    let fault = |tape: &[u8], pages| match run(tape, b"", pages) {
        End::Fault(Fault { kind, .. }) => kind,
        end => panic!("{end:?}"),
    };
    let tape = small(false);
    assert_eq!(fault(&tape, false), FaultKind::Report { number: 4 }, "no pages");
    assert_eq!(fault(without_page(&tape), true), FaultKind::NoTape);
    assert_eq!(fault(&short_page(&tape), true), FaultKind::Report { number: 27 });
    // With the editor's page gone there is no BASIC to report to.
    let tape = small(true);
    assert_eq!(run(&short_page(&tape), b"", true), End::Exit(Exit::Basic));
}
