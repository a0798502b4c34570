//! Sequence models: replies and every logit of random and published transformers, on each machine with a Z80.

use super::support::stories::{self, shared, wanted};
use super::support::{self, sequence};
use super::typed::Watch;
use mlc_compiler::import::sequence::hugging_face::Generation;
use mlc_compiler::import::sequence::model::model;
use mlc_compiler::import::{sequence as checkpoint, tokenizer};
use mlc_compiler::model::{Model, Reader};
use mlc_compiler::plan::{Demands, Storage};
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Assets, CompileError, Compiled, Image, Request, eval, reference};
use mlc_runtime_z80::{
    ClockInterrupt, CpcConfig, CpcMachine, CpmConfig, CpmMachine, End, Isr, NoObserver, Script,
    SpectrumConfig, SpectrumMachine, Symbols,
};

/// More than any answer here takes.
pub const LIMIT: u64 = 4_000_000_000;

/// What a program wrote and computed.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub reply: Vec<u8>,
    pub logits: Vec<Vec<i16>>,
    t_states: u64,
}

pub fn symbols(image: &Image) -> Symbols {
    image.assembly.symbols.iter().map(|(name, &address)| (address, name.clone())).collect()
}

pub fn ran(image: &Image, watch: &Watch, reply: &[u8], t_states: u64) -> Ran {
    let logits: Vec<i16> = watch.logits.concat();
    let logits = logits.chunks(image.logits.count).map(<[i16]>::to_vec).collect();
    Ran { reply: reply.to_vec(), logits, t_states }
}

/// Answers a command tail.
pub fn ask(image: &Image, query: &[u8], config: CpmConfig) -> Ran {
    let config = CpmConfig { symbols: symbols(image), limit: Some(LIMIT), ..config };
    let tail = [b" ", query].concat();
    let mut machine =
        CpmMachine::load(&image.bytes, &tail, Script::new(b""), config).expect("the image loads");
    put_beside(image, &mut machine);
    machine.watch(image.logits.ready as u16);
    let mut watch = Watch::new(image);
    let end = machine.run(&mut watch);
    assert!(matches!(end, End::Exit(_)), "the program did not return to CP/M: {end:?}");
    let t_states = machine.t_states();
    let output = machine.console().output();
    let reply = output.strip_suffix(b"\r\n").expect("a reply ends with a new line");
    ran(image, &watch, reply, t_states)
}

/// The logits of an answer to a command tail.
pub fn heard(image: &Image, query: &[u8]) -> Vec<Vec<i16>> {
    ask(image, query, CpmConfig::default()).logits
}

/// The file that a program reads, on its drive.
fn put_beside(image: &Image, machine: &mut CpmMachine<Script>) {
    if let Some(file) = &image.beside {
        machine.disk().insert(&file.name, file.bytes.clone()).expect("CP/M has such names");
    }
}

/// Types a line that CP/M does not fold, twice: the first answer leaves nothing behind.
fn chat(image: &Image, query: &[u8]) -> [Ran; 2] {
    let config = CpmConfig { symbols: symbols(image), limit: Some(LIMIT), ..CpmConfig::default() };
    let script = [query, b"\r", query, b"\r"].concat();
    let mut machine =
        CpmMachine::load(&image.bytes, b"", Script::new(&script), config).expect("the image loads");
    put_beside(image, &mut machine);
    machine.watch(image.logits.ready as u16);
    let mut watch = Watch::new(image);
    let end = machine.run(&mut watch);
    assert_eq!(end, End::EndOfInput, "the program asks again");
    let output = machine.console().output().to_vec();
    let all = ran(image, &watch, &output, 0);
    let half = all.logits.len() / 2;
    let parts = split(&output, b"\r\n> ");
    assert_eq!(parts.len(), 4, "{}", output.escape_ascii());
    let one = |at: usize, logits: &[Vec<i16>]| Ran {
        reply: parts[at].strip_prefix(b"\r\n").unwrap_or(parts[at]).to_vec(),
        logits: logits.to_vec(),
        t_states: 0,
    };
    [one(1, &all.logits[..half]), one(2, &all.logits[half..])]
}

fn split<'t>(text: &'t [u8], at: &[u8]) -> Vec<&'t [u8]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for here in 0..text.len() {
        if here >= from && text[here..].starts_with(at) {
            parts.push(&text[from..here]);
            from = here + at.len();
        }
    }
    parts.push(&text[from..]);
    parts
}

/// A text as CP/M's console has it.
fn in_lines(text: &[u8]) -> Vec<u8> {
    text.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..])
}

pub fn compile(target: &str, model: &Model) -> Option<Compiled> {
    match support::compile_for(target, model, None, &[]) {
        Ok(compiled) => Some(compiled),
        Err(CompileError::Sequence { what, .. }) => {
            eprintln!("{} on {target}: {what}", model.head.name);
            None
        }
        Err(CompileError::SequenceTooLarge { .. }) => None,
        Err(error) => panic!("{}: {error}", model.head.name),
    }
}

#[test]
fn random_networks_are_exact() {
    let (mut compared, mut gated) = (0, 0);
    for seed in 0..60 {
        let model = sequence::model(seed);
        let Some(compiled) = compile("z80-cpm", &model) else { continue };
        gated += usize::from(compiled.assembly.contains("_gated_closed:"));
        let graph = reference(&model).expect("the model was checked");
        let longest = usize::from(model.reader.max_query()).min(126);
        for (at, query) in
            sequence::queries(seed, longest).into_iter().enumerate().filter(|(_, q)| !q.is_empty())
        {
            let what = format!("{}: \"{}\"", model.head.name, query.escape_ascii());
            let upper = query.to_ascii_uppercase();
            let wants = eval::run(&graph, &upper);
            let interrupt = (at == 1).then_some(ClockInterrupt { every: 9973, isr: Isr::PushAll });
            let found = ask(&compiled.image, &upper, CpmConfig { interrupt, ..CpmConfig::default() });
            assert_eq!(found.logits, wants.logits, "{what}: logits");
            assert_eq!(found.reply, in_lines(&wants.reply), "{what}: reply");
            compared += 1;
            // A full line ends before its end is typed.
            let is_full = query.len() >= usize::from(model.reader.max_query());
            if at != 2 || is_full || query.iter().any(|byte| !(32..127).contains(byte)) || query == b"!" {
                continue;
            }
            let wants = eval::run(&graph, &query);
            for found in chat(&compiled.image, &query) {
                assert_eq!(found.logits, wants.logits, "{what} typed: logits");
                assert_eq!(found.reply, in_lines(&wants.reply), "{what} typed: reply");
            }
        }
    }
    eprintln!("{compared} answers compared, {gated} programs pass over rows of closed gates");
    assert!(compared >= 120 && gated >= 3, "{compared} answers compared, {gated} programs pass over rows");
}

/// Counters of a byte count 256 as 0: streams and hidden layers of 256 and of one less, whatever form their embedding has.
#[test]
fn the_widest_networks_are_exact() {
    let mut compared = [0; 2];
    for seed in 0..24 {
        for (wide, (dim, hidden)) in [(256, 7), (255, 256)].into_iter().enumerate() {
            let model = sequence::large(seed, dim, hidden);
            let Some(compiled) = compile("z80-cpm", &model) else { continue };
            let graph = reference(&model).expect("the model was checked");
            let query = b"A";
            let wants = eval::run(&graph, query);
            let found = ask(&compiled.image, query, CpmConfig::default());
            assert_eq!(found.logits, wants.logits, "{}, {dim} and {hidden}: logits", model.head.name);
            assert_eq!(found.reply, in_lines(&wants.reply), "{}, {dim} and {hidden}: reply", model.head.name);
            compared[wide] += 1;
        }
    }
    assert!(compared.iter().all(|&count| count >= 6), "{compared:?}");
}

/// A program whose weights are in a file; `above`: bytes of memory beyond those that it needs with all of them there.
fn compile_in_file(model: &Model, above: Option<u16>) -> Option<Compiled> {
    let demands = |storage| Demands { storage, ..Demands::default() };
    let compiled = support::compile_as(model, &demands(Storage::File), &[]);
    let file = match compiled {
        Ok(compiled) => compiled,
        Err(CompileError::Sequence { .. }) => return None,
        Err(error) => panic!("{}: {error}", model.head.name),
    };
    let Some(above) = above else { return Some(file) };
    let bdos = (file.image.memory_end as u16 + above).max(file.image.memory_end as u16 + 0x900);
    let target = support::target().with_bdos(bdos).expect("it is below the highest");
    let (assets, demands) = (Assets::builtin(), &demands(Storage::Auto));
    let request = Request { model, target: &target, assets: &assets, demands, wide: false, calibration: &[] };
    Some(mlc_compiler::compile(&request).unwrap_or_else(|e| panic!("{}: {e}", model.head.name)))
}

#[test]
fn weights_in_a_file_give_the_same() {
    let (mut compared, mut mixed) = (0, 0);
    for seed in 100..124 {
        let model = sequence::model(seed);
        let graph = reference(&model).expect("the model was checked");
        let longest = usize::from(model.reader.max_query()).min(126);
        let queries = sequence::queries(seed, longest);
        for above in [None, Some(0x600)] {
            let Some(Compiled { image, .. }) = compile_in_file(&model, above) else { continue };
            let Some(file) = &image.beside else { continue };
            let inside = file.matrices.iter().filter(|matrix| matrix.inside).count();
            assert!(inside < file.matrices.len(), "{}: nothing is in the file", model.head.name);
            mixed += usize::from(inside > 0);
            for (at, query) in queries.iter().enumerate().filter(|(_, q)| !q.is_empty()) {
                let what = format!("{}: \"{}\"", model.head.name, query.escape_ascii());
                let upper = query.to_ascii_uppercase();
                let wants = eval::run(&graph, &upper);
                let interrupt = (at == 1).then_some(ClockInterrupt { every: 9973, isr: Isr::PushAll });
                let bdos = image.memory_end.next_multiple_of(256) as u16 + 0x900;
                let found = ask(&image, &upper, CpmConfig { interrupt, bdos, ..CpmConfig::default() });
                assert_eq!(found.logits, wants.logits, "{what}: logits");
                assert_eq!(found.reply, in_lines(&wants.reply), "{what}: reply");
                compared += 1;
            }
        }
    }
    eprintln!("{compared} answers compared, {mixed} programs with weights in image and file");
    assert!(compared >= 60 && mixed >= 5, "{compared} answers compared, {mixed} programs are mixed");
}

#[test]
fn a_file_that_is_not_the_program_s_is_refused_on_the_machine() {
    let programs = (100..110).filter_map(|seed| compile_in_file(&sequence::model(seed), None));
    let images: Vec<Image> = programs.map(|compiled| compiled.image).take(2).collect();
    let [image, other] = &images[..] else { panic!("two networks have kernels") };
    let Some(file) = &image.beside else { panic!("its weights are in a file") };
    let said = |bytes: Option<&[u8]>| {
        let mut machine = CpmMachine::load(&image.bytes, b" A", Script::new(b""), CpmConfig::default())
            .expect("the image loads");
        if let Some(bytes) = bytes {
            machine.disk().insert(&file.name, bytes.to_vec()).expect("CP/M has such names");
        }
        let end = machine.run(&mut NoObserver);
        assert!(matches!(end, End::Exit(_)), "{end:?}");
        let said = String::from_utf8_lossy(machine.console().output()).into_owned();
        said.trim().strip_prefix(file.name.as_str()).unwrap_or_else(|| panic!("{said}")).trim().to_string()
    };
    let (whole, another) = (&file.bytes, other.beside.as_ref().map(|file| &file.bytes[..]));
    assert_eq!(said(None), "is not on this disk: it belongs to this program");
    assert_eq!(said(another), "belongs to another program");
    let short = "is not whole: copy it again";
    for bytes in [0, 128, whole.len() - 128] {
        assert_eq!(said(Some(&whole[..bytes])), short, "{bytes} bytes");
    }
    // Of another version of the same network.
    let mut changed = whole.clone();
    changed[8] ^= 1;
    assert_eq!(said(Some(&changed)), "belongs to another program");
}

#[test]
fn home_computers_are_exact() {
    let (mut spectrum, mut cpc) = (0, 0);
    for seed in 0..24 {
        let model = sequence::model(seed);
        let graph = reference(&model).expect("the model was checked");
        let longest = usize::from(model.reader.max_query());
        let queries = sequence::queries(seed, longest).into_iter();
        let is_plain =
            |query: &Vec<u8>| !query.is_empty() && query.iter().all(|byte| (32..127).contains(byte));
        let Some(query) = queries.filter(is_plain).find(|query| query.trim_ascii() != b"!") else { continue };
        let wants = eval::run(&graph, &query);
        let typed = [&query[..], b"\r"].concat();
        if let Some(Compiled { image, .. }) = compile("zx48", &model) {
            let config =
                SpectrumConfig { symbols: symbols(&image), limit: Some(LIMIT), ..SpectrumConfig::default() };
            let file = image.file(ImageKind::Tap, &model.head.name);
            let mut machine =
                SpectrumMachine::load_tape(&file, Script::new(&typed), config).expect("the tape is whole");
            machine.watch(image.logits.ready as u16);
            let mut watch = Watch::new(&image);
            assert_eq!(machine.run(&mut watch), End::EndOfInput);
            same(&model, &image, &watch, &wants, machine.console().output());
            spectrum += 1;
        }
        if let Some(Compiled { image, .. }) = compile("cpc464", &model) {
            let config = CpcConfig { symbols: symbols(&image), limit: Some(LIMIT), ..CpcConfig::default() };
            let file = image.file(ImageKind::Bin, &model.head.name);
            let mut machine =
                CpcMachine::load(&file, Script::new(&typed), config).expect("the file is whole");
            machine.watch(image.logits.ready as u16);
            let mut watch = Watch::new(&image);
            assert_eq!(machine.run(&mut watch), End::EndOfInput);
            same(&model, &image, &watch, &wants, machine.console().output());
            cpc += 1;
        }
    }
    assert!(spectrum >= 8 && cpc >= 8, "{spectrum} networks on zx48, {cpc} on cpc464");
}

/// Compares what a home computer computed and shows.
fn same(model: &Model, image: &Image, watch: &Watch, wants: &eval::Run, output: &[u8]) {
    let name = &model.head.name;
    assert_eq!(ran(image, watch, b"", 0).logits, wants.logits, "{name}: logits");
    let shown = |&byte: &u8| match byte {
        b'\r' | b'\n' => b"\r\n".to_vec(),
        b' '..=127 => vec![byte],
        _ => b"?".to_vec(),
    };
    let reply: Vec<u8> = wants.reply.iter().flat_map(shown).collect();
    let title = format!("{name}. Type a line; ! ends.\r\n> \r\n");
    let wants = [title.as_bytes(), &reply, b"\r\n> "].concat();
    assert_eq!(output.escape_ascii().to_string(), wants.escape_ascii().to_string(), "{name}: reply");
}

/// soulplayer's network, of 8 bits.
fn soul() -> Option<Model> {
    let (network, tokens) = (shared("soul.bin")?, shared("soul-tokenizer.json")?);
    let network = checkpoint::read(&network, "soul.bin").expect("the network is whole");
    let tokens = tokenizer::soul::read("soul-tokenizer.json", &tokens).expect("the tokenizer is whole");
    Some(model(&network, tokens, &Generation::default(), &wanted("soul", 64)).expect("it is quantized"))
}

#[test]
fn soulplayer_is_exact_and_quick() {
    let Some(model) = soul() else { return };
    let compiled = support::compile_for("z80-cpm", &model, None, &[]).unwrap_or_else(|e| panic!("{e}"));
    let graph = reference(&model).expect("the model was checked");
    let (mut t_states, mut read) = (0, 0);
    for query in [&b"HELLO"[..], b"HEY", b"I AM SAD", b"TELL ME SOMETHING NICE, WILL YOU?", b"WHO ARE YOU"] {
        let wants = eval::run(&graph, query);
        let found = ask(&compiled.image, query, CpmConfig::default());
        let shown = query.escape_ascii();
        assert_eq!(found.logits, wants.logits, "\"{shown}\": logits");
        assert_eq!(found.reply, in_lines(&wants.reply), "\"{shown}\": reply");
        t_states += found.t_states;
        // The last token that is chosen is never read.
        read += (tokens(&model, query) + wants.steps() - 1).min(20);
    }
    let mean = t_states / read as u64;
    let (bytes, end) = (compiled.image.bytes.len(), compiled.image.memory_end);
    eprintln!("soul: {mean} T-states a token, {bytes} bytes, memory ends at {end:04X}h");
    assert!(mean <= 3_000_000, "{mean} T-states a token");
}

/// How many tokens a query is.
fn tokens(model: &Model, query: &[u8]) -> usize {
    let Reader::Tokens(reader) = &model.reader else { unreachable!("a sequence model") };
    reader.tokenizer.tokens(query).len()
}

/// A few tokens of it: all are compared by `mlc verify` (docs/sequence.md).
#[test]
fn a_public_network_reads_its_weights_from_a_file() {
    let Some(model) = stories::stories(5, 32, 12) else { return };
    let compiled = support::compile_for("z80-cpm", &model, None, &[]).unwrap_or_else(|e| panic!("{e}"));
    assert!(compiled.image.beside.is_some(), "its weights do not fit 64 KB");
    let wants = eval::run(&reference(&model).expect("the model was checked"), b"ONE");
    let found = ask(&compiled.image, b"ONE", CpmConfig::default());
    assert_eq!(found.logits, wants.logits, "logits");
    assert_eq!(found.reply, in_lines(&wants.reply), "reply");
}

#[test]
fn a_network_that_is_too_large_is_refused_with_its_size() {
    let (Some(network), Some(tokens)) = (shared("stories260K.bin"), shared("tok512.bin")) else { return };
    let network = checkpoint::read(&network, "stories260K.bin").expect("the network is whole");
    let tokens = tokenizer::llama2c::read("tok512.bin", &tokens, 512).expect("the tokenizer is whole");
    let wanted = wanted("stories260K", 64);
    let model = model(&network, tokens, &Generation::default(), &wanted).expect("it is quantized");
    for target in ["z80-cpm", "zx48", "cpc464"] {
        let error =
            support::compile_for(target, &model, None, &[]).expect_err("260,032 weights do not fit 64 KB");
        assert!(matches!(error, CompileError::SequenceTooLarge { .. }), "{error}");
    }
}
