//! Firmware that streams its weights from a flash chip: what it says when something is wrong with that, how it is written over
//! the serial line, and the same text as the reference under avr8js, whose SPI others wrote.

use super::avr8js::library;
use super::sequence::networks;
use super::sequence::random::Random;
use mlc_compiler::model::{
    Answer, Body, Chat, ContextEncoder, HashedText, Head, Layer, Model, QueryEncoder, Reader, Story,
    WeightSet,
};
use mlc_compiler::plan::{Demands, Storage};
use mlc_compiler::target::Board;
use mlc_compiler::{Assets, CompileError, Compiled, Request, compile, eval, image, reference};
use mlc_runtime_avr::{ATMEGA328P, AvrConfig, AvrMachine, End, NoObserver, Program, Script, SerialFlash};
use std::path::Path;
use std::process::{Command, Stdio};

/// What is typed.
pub const PROMPTS: [&str; 3] = ["a b", "c", "dad"];

/// A network with 100 KB and more of weights, of an uno with 2 KB of RAM. It says four characters a line.
pub fn wide() -> Model {
    let mut model = networks::large(WIDE.0, WIDE.1, 256);
    model.head.name = "wide".into();
    if let Answer::Story(story) = &mut model.answer {
        *story = Story { most: 8, ..story.clone() };
    }
    model.check().expect("it was one before");
    model
}

/// Its seed, and the width of its stream.
const WIDE: (u64, usize) = (4, 200);

pub fn compiled(model: &Model) -> Compiled {
    try_compiled(model).unwrap_or_else(|e| panic!("{}: {e}", model.head.name))
}

fn try_compiled(model: &Model) -> Result<Compiled, CompileError> {
    let assets = Assets::builtin();
    let profile = assets.profiles().unwrap().into_iter().find(|p| p.name == "uno+flash").unwrap();
    let device = assets.devices().unwrap().into_iter().find(|d| d.name == profile.device).unwrap();
    let target = Board { device, profile }.target().unwrap();
    let demands = &Demands { storage: Storage::File, ..Demands::default() };
    compile(&Request { model, target: &target, assets: &assets, demands, wide: false, calibration: &[] })
}

/// What an uno says that is told `input` and has this flash chip, and what is in the chip then.
fn says(compiled: &Compiled, chip: Option<SerialFlash>, input: &[u8]) -> (String, Vec<u8>) {
    let program = Program::from_bytes(&compiled.image.bytes, &ATMEGA328P).unwrap();
    let config = AvrConfig { limit: Some(2_000_000_000), ..AvrConfig::default() };
    let mut machine = AvrMachine::new(program, Script::new(input), config);
    if let Some(chip) = chip {
        assert!(machine.attach_flash(('B', 2), chip));
    }
    assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
    let bytes = machine.flash().map_or(vec![], |chip| chip.bytes().to_vec());
    (String::from_utf8_lossy(machine.console().output()).into_owned(), bytes)
}

/// A network that reads hashed text, and says four characters a line.
pub fn hashed() -> Model {
    let mut r = Random(11);
    let mut layer = |inputs: usize, outputs: usize| {
        let mut weight = || if r.chance(40) { [-1, 1, -1, 1, -2][r.within(0, 4)] } else { 0 };
        let weights: Vec<i8> = (0..inputs * outputs).map(|_| weight()).collect();
        Layer { inputs, outputs, weights, bias: vec![3; outputs], shift: 2, set: WeightSet::Full }
    };
    let layers = vec![layer(512, 256), layer(256, 64), layer(64, 27)];
    let query = QueryEncoder { buckets: 256, bands: 1, max_length: 60 };
    let context = Some(ContextEncoder { buckets: 256, length: 8 });
    let chat = Chat { charset: (b'a'..=b'z').chain([0]).collect(), max_reply: 4 };
    let head = Head { name: "hashed".into(), ..Head::default() };
    let reader = Reader::HashedText(HashedText { query, context });
    let model = Model { head, reader, body: Body::Layers(layers), answer: Answer::Chat(chat) };
    model.check().expect("it keeps the rules");
    model
}

/// The first random network that answers all prompts and fits an uno.
pub fn answering() -> Model {
    let mut all =
        (0..).map(networks::model).filter(|model| answers(model).iter().all(|answer| !answer.is_empty()));
    all.find(|model| try_compiled(model).is_ok()).expect("one of them answers")
}

pub fn answers(model: &Model) -> Vec<String> {
    let graph = reference(model).unwrap();
    PROMPTS.iter().map(|prompt| eval::run(&graph, prompt.as_bytes()).text()).collect()
}

#[test]
fn it_says_what_is_wrong_with_its_chip() {
    [answering(), hashed()].iter().for_each(says_what_is_wrong);
}

fn says_what_is_wrong(model: &Model) {
    let compiled = compiled(model);
    let name = &model.head.name;
    let file = &compiled.image.beside.as_ref().unwrap().bytes;
    let changed = |at: usize| {
        let mut bytes = file.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let chip = |bytes: Vec<u8>| Some(SerialFlash::new(20, bytes).unwrap());
    let ask = format!("w: take {name}.dat by XMODEM. Enter: look again.\r\n> ");
    for (chip, message) in [
        (None, "no chip answers: look at its wires"),
        (chip(vec![]), &format!("it has no weights: {name}.dat belongs there")),
        (chip(changed(0)), &format!("it has no weights: {name}.dat belongs there")),
        (chip(changed(7)), &format!("it has no weights: {name}.dat belongs there")),
        (chip(changed(8)), &format!("it has weights of another program: {name}.dat belongs there")),
        (chip(changed(23)), &format!("it has weights of another program: {name}.dat belongs there")),
        (chip(changed(24)), &format!("{name}.dat is damaged there: write it again")),
        (chip(changed(file.len() - 1)), &format!("{name}.dat is damaged there: write it again")),
        (chip(file[..file.len() - 1].to_vec()), &format!("{name}.dat is damaged there: write it again")),
    ] {
        // It looks again, and says the same.
        let said = says(&compiled, chip, b"\r").0;
        assert_eq!(said, format!("SPI flash: {message}\r\n{ask}").repeat(2));
    }
    let said = says(&compiled, chip(file.clone()), b"").0;
    assert_eq!(said, format!("{name}. Type a line.\r\n> "));
}

#[test]
fn a_chip_that_is_too_small_is_told() {
    let compiled = compiled(&wide());
    let file = &compiled.image.beside.as_ref().unwrap().bytes;
    let chip = |power| Some(SerialFlash::new(power, file[..65_536].to_vec()).unwrap());
    let said = says(&compiled, chip(16), b"").0;
    let message = format!("SPI flash: the chip is too small for wide.dat, {} bytes\r\n", file.len());
    assert!(said.starts_with(&message), "{said}");
    assert!(says(&compiled, chip(18), b"").0.starts_with("SPI flash: wide.dat is damaged there"));
}

/// A file as XMODEM sends it.
fn packets(file: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for (chunk, number) in file.chunks(128).zip(1u32..) {
        let mut data = chunk.to_vec();
        data.resize(128, 0x1A);
        let sum = data.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        all.extend([1, number as u8, !number as u8]);
        all.extend(data);
        all.push(sum);
    }
    all.push(4);
    all
}

#[test]
fn it_writes_its_chip_over_the_line() {
    [answering(), hashed()].iter().for_each(writes);
}

fn writes(model: &Model) {
    let compiled = compiled(model);
    let file = &compiled.image.beside.as_ref().unwrap().bytes;
    let old = SerialFlash::new(20, vec![0x55; 100_000]).unwrap();
    let input = [b"w\r", &packets(file)[..], b"a b\rc\rdad\r"].concat();
    let (said, bytes) = says(&compiled, Some(old), &input);
    assert_eq!(&bytes[..file.len()], file);
    // What is behind the last sector stays.
    let end = file.len().next_multiple_of(4096);
    assert_eq!(&bytes[end..], &vec![0x55; 100_000][end..]);
    let end = said.split_once(". Type a line.\r\n").expect("it looked again").1;
    let expected: String = answers(model).iter().map(|answer| format!("> {answer}\r\n")).collect();
    assert_eq!(end, expected + "> ");
    assert_eq!(said.matches('\x06').count(), file.len().div_ceil(128) + 1);
}

#[test]
fn avr8js_streams_the_same() {
    let Some(library) = library() else { return };
    for (model, how) in [
        (answering(), "written"),
        (wide(), "written"),
        (hashed(), "written"),
        (answering(), "send"),
        (hashed(), "send"),
        (wide(), "none"),
    ] {
        let compiled = compiled(&model);
        let folder = tempfile::tempdir().unwrap();
        let [hex, dat] = ["t.hex", "t.dat"].map(|name| folder.path().join(name));
        std::fs::write(&hex, image::hex(&compiled.image.bytes)).unwrap();
        std::fs::write(&dat, &compiled.image.beside.as_ref().unwrap().bytes).unwrap();
        let shown = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/firmware/flash.mjs"))
            .args([library.as_path(), &hex, Path::new(how), &dat])
            .args(PROMPTS)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let name = &model.head.name;
        assert!(shown.status.success(), "{name}, {how}: {}", String::from_utf8_lossy(&shown.stderr));
        let text = String::from_utf8(shown.stdout).unwrap();
        let said: Vec<String> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        if how == "none" {
            assert!(said[0].starts_with("SPI flash: no chip answers"), "{said:?}");
            continue;
        }
        assert!(said.iter().any(|text| text.ends_with(&format!("{name}. Type a line.\r\n> "))), "{said:?}");
        // avr8js has characters where the model has bytes.
        let bytes = |text: &String| text.bytes().map(char::from).collect::<String>();
        let expected: Vec<String> = answers(&model).iter().map(bytes).collect();
        assert_eq!(said[said.len() - PROMPTS.len()..], expected, "{name}, {how}");
    }
}
