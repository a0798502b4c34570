//! Sequence models on the simulated chips against the reference: replies and every logit.

use super::machine::{Chip, Ran};
use super::support::sequence as random;
use super::{judges, tools};
use mlc_compiler::import::sequence::hugging_face::Generation;
use mlc_compiler::import::sequence::model::{Wanted, model};
use mlc_compiler::import::sequence::quantize::Quantization;
use mlc_compiler::import::{sequence, tokenizer};
use mlc_compiler::model::{Grid, Head, Model};
use mlc_compiler::{CompileError, Compiled, eval, reference};

/// Networks of a run: `MLC_SEQUENCE_NETWORKS` and `MLC_SEQUENCE_FROM` choose others.
const NETWORKS: u64 = 40;

pub fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

/// Replies and logits of all lines; what the chip did with each.
pub fn exact(chip: &Chip, model: &Model, compiled: &Compiled, lines: &[Vec<u8>]) -> Vec<Ran> {
    let graph = reference(model).expect("the model was checked");
    let check = |line: &Vec<u8>| {
        let (run, ran) = (eval::run(&graph, line), chip.run(compiled, line));
        let what = format!("{} on {}: \"{}\"", model.head.name, chip.target.name, line.escape_ascii());
        assert_eq!(ran.logits.len(), run.logits.len(), "{what}: tokens");
        assert_eq!(ran.logits, run.logits, "{what}");
        assert_eq!(ran.reply, run.reply, "{what}");
        ran
    };
    lines.iter().map(check).collect()
}

#[test]
fn random_transformers_are_exact() {
    let chips = [Chip::atmega328p(), Chip::atmega1284p(), Chip::atmega2560()];
    let mut compared = [0; 3];
    let (mut refused, mut gated) = (0, 0);
    let from = number("MLC_SEQUENCE_FROM", 0);
    for seed in from..from + number("MLC_SEQUENCE_NETWORKS", NETWORKS) {
        let model = random::model(seed);
        let lines = random::queries(seed, model.reader.max_query().into());
        for (chip, compared) in chips.iter().zip(&mut compared) {
            match chip.compile(&model, None, &[]) {
                Ok(compiled) => {
                    gated += usize::from(compiled.assembly.contains("_gated_closed:"));
                    exact(chip, &model, &compiled, &lines);
                    *compared += 1;
                }
                Err(CompileError::SequenceTooLarge { .. }) if chip.target.name == "atmega328p" => {
                    refused += 1
                }
                Err(error) => panic!("{}: {error}\n{}", model.head.name, error.help()),
            }
        }
    }
    let [small, middle, large] = compared;
    eprintln!(
        "{small} programs on the small chip, {refused} too large for it, {middle} and {large} on the others; {gated} pass over \
         rows of closed gates"
    );
    assert!(gated >= 3, "{gated} programs pass over rows");
    assert!(small * 3 >= refused, "{small} fit the small chip, {refused} do not");
}

/// The network of llama2.c with 260,000 weights, in 5 bits; `None` where the files are not there.
fn stories() -> Option<Model> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/sequence");
    let read = |name: &str| std::fs::read(folder.join(name)).ok();
    let files = read("stories260K.bin").zip(read("tok512.bin"));
    if !tools::there(files.is_some(), "../shared/sequence with stories260K.bin and tok512.bin") {
        return None;
    }
    let (network, tokens) = files?;
    let checkpoint = sequence::read(&network, "stories260K.bin").expect("a checkpoint");
    let tokenizer = tokenizer::llama2c::read("tok512.bin", &tokens, 512).expect("a tokenizer");
    let five = Grid::Symmetric { bits: 5 };
    let how = Quantization { weights: five, embedding: five, window: 20 };
    let head = Head { name: "stories".into(), ..Head::default() };
    let wanted = Wanted { head, how, most: Some(40), max_length: 127, texts: vec![] };
    Some(model(&checkpoint, tokenizer, &Generation::default(), &wanted).expect("a model"))
}

#[test]
fn stories_are_told_exactly_on_the_large_chip() {
    let Some(model) = stories() else { return };
    let chip = Chip::atmega2560();
    let compiled = chip.compile(&model, None, &[]).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
    let [ran] = &exact(&chip, &model, &compiled, &[b"Once upon a time".to_vec()])[..] else {
        unreachable!("one line")
    };
    let mean = ran.cycles / 40;
    let (flash, ram) = (compiled.image.bytes.len(), compiled.image.memory_end - 0x200);
    eprintln!("stories: {mean} cycles a token of 40; flash {flash}, RAM {ram}, stack {}", ran.stack);
    assert!(mean <= 5_000_000, "{mean} cycles a token");
}

#[test]
fn gnu_as_makes_the_same_bytes_of_sequence_models() {
    if !judges::available() {
        return;
    }
    let mut compared = 0;
    for chip in [Chip::atmega328p(), Chip::atmega1284p(), Chip::atmega2560()] {
        for seed in 0..4 {
            let model = random::model(seed);
            let Ok(compiled) = chip.compile(&model, None, &[]) else { continue };
            let core = chip.core.name();
            let theirs = judges::gnu(&compiled.assembly, core, chip.target.origin)
                .unwrap_or_else(|e| panic!("{}: {e}", model.head.name));
            assert_eq!(theirs.flash, compiled.image.bytes, "{} on {core}", model.head.name);
            compared += 1;
        }
    }
    assert!(compared >= 8, "only {compared} programs");
}
