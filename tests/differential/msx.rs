//! The MSX: the same networks, exact, from a cartridge. Each query is typed.

use super::support;
use super::support::{sequence, stories};
use super::typed::{self, Watch};
use mlc_compiler::model::Model;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{CompileError, Compiled, Image, eval, reference, weights::Form};
use mlc_runtime_z80::{End, Exit, FaultKind, MsxConfig, MsxMachine, NoObserver, Script, Symbols};

const LIMIT: u64 = 4_000_000_000;

pub fn config(image: &Image) -> MsxConfig {
    let symbols: Symbols = image.assembly.symbols.iter().map(|(n, &a)| (a, n.clone())).collect();
    MsxConfig { symbols, limit: Some(LIMIT), ..MsxConfig::default() }
}

/// The first address of RAM of the smallest machine that runs it.
pub fn bottom(image: &Image) -> u16 {
    let caches = image.banked.as_ref().and_then(|banked| banked.caches);
    match image.memory_end - image.needs().buffers {
        _ if caches.is_some() => 0x8000,
        0xE000.. => 0xE000,
        _ => 0xC000,
    }
}

pub fn machine(image: &Image, typed: &[u8], config: MsxConfig) -> MsxMachine<Script> {
    MsxMachine::load(&image.file(ImageKind::Rom, ""), Script::new(typed), config).expect("the file is whole")
}

pub fn compile(model: &Model, form: Option<Form>) -> Result<Compiled, CompileError> {
    support::compile_for("msx", model, form, &[])
}

/// What the screen shows of a reply.
fn shown(reply: &[u8]) -> Vec<u8> {
    let one = |&byte: &u8| match byte {
        b'\r' | b'\n' => b"\r\n".to_vec(),
        b' '..=b'~' => vec![byte],
        _ => b"?".to_vec(),
    };
    reply.iter().flat_map(one).collect()
}

/// Mean T-states a step over queries, all of them exact.
pub fn exact<'q>(
    model: &Model,
    compiled: &Compiled,
    what: &str,
    queries: impl IntoIterator<Item = &'q [u8]>,
) -> f64 {
    let graph = reference(model).expect("the model was checked");
    let name = &model.head.name;
    let (mut t_states, mut steps) = (0, 0);
    for (number, query) in queries.into_iter().enumerate() {
        let wants = eval::run(&graph, query);
        // Every other machine has its cartridge in a slot inside of a slot.
        let bottom = bottom(&compiled.image);
        let config = MsxConfig { bottom, expanded: number % 2 == 1, ..config(&compiled.image) };
        let mut machine = machine(&compiled.image, &[query, b"\r"].concat(), config);
        machine.watch(compiled.image.logits.ready as u16);
        let mut watch = Watch::new(&compiled.image);
        let end = machine.run(&mut watch);
        assert_eq!(end, End::EndOfInput, "{name} {what} asks again");
        let asked = query.escape_ascii();
        // A sequence model has its logits one after the other.
        let logits: Vec<i16> = watch.logits.concat();
        assert_eq!(logits, wants.logits.concat(), "{name} {what}: logits for \"{asked}\"");
        let title = format!("{name}. Type a line; ! ends.\r\n> \r\n");
        let output = [title.as_bytes(), &shown(&wants.reply), b"\r\n> "].concat();
        assert_eq!(machine.console().output(), output, "{name} {what}: reply to \"{asked}\"");
        t_states += machine.t_states() - watch.asked;
        steps += wants.steps();
    }
    assert!(steps > 0, "{name} {what}: no query");
    t_states as f64 / steps as f64
}

#[test]
fn own_and_published_models_are_exact() {
    let mut cases: Vec<_> = ["tinychat", "guess", "commands"].map(support::own).into();
    for name in ["tinychat", "guess"] {
        let Some(model) = support::published(name) else { continue };
        let prompts = support::expected(name).into_iter().map(|(prompt, _)| prompt.into_bytes());
        cases.push((model, prompts.take(60).collect()));
    }
    for (model, prompts) in cases {
        let compiled = compile(&model, None).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
        let t_states = exact(&model, &compiled, "auto", prompts.iter().map(Vec::as_slice));
        let bytes = compiled.image.bytes.len();
        eprintln!("{} on msx: {t_states:.0} T-states a step, {bytes} bytes", model.head.name);
    }
}

#[test]
fn random_networks_are_exact_in_every_form() {
    let compared = typed::in_every_form(0x4D58, compile, |model, compiled, what, queries| {
        exact(model, compiled, what, queries.iter().map(Vec::as_slice));
    });
    assert!(compared >= 60, "only {compared} programs fit the MSX");
}

fn in_banks(model: &Model) -> Option<Compiled> {
    support::in_banks(&support::target_named("msx"), model)
}

/// From the ROM itself and from banks.
#[test]
fn sequence_models_are_exact_in_the_rom_and_in_banks() {
    let (mut plain, mut banked, mut apart) = (0, [0, 0], 0);
    for seed in 0..24 {
        let model = sequence::model(seed);
        let queries = typed::two_queries(&model, seed);
        if queries.is_empty() {
            continue;
        }
        let queries = || queries.iter().map(Vec::as_slice);
        if let Ok(compiled) = compile(&model, None) {
            exact(&model, &compiled, "in the ROM", queries());
            plain += 1;
        }
        if let Some(compiled) = in_banks(&model) {
            exact(&model, &compiled, "in banks", queries());
            let banks = compiled.image.banked.expect("it was asked for");
            banked[usize::from(banks.selector == "ASCII8")] += 1;
            apart += usize::from(banks.caches.is_some());
        }
    }
    eprintln!("{plain} in the ROM, {banked:?} in banks of 16 and 8 KB, {apart} with caches apart");
    assert!(plain >= 8 && banked[0] >= 8, "{plain} in the ROM, {banked:?} in banks");
}

/// Banks of 8 KB, and keys and values in memory that shows in their place. A few tokens of it: all are compared by
/// `mlc verify` (docs/msx.md).
#[test]
fn a_public_network_is_exact_from_banks() {
    let Some(model) = stories::stories(5, 32, 32) else { return };
    let compiled = compile(&model, None).unwrap_or_else(|e| panic!("{e}"));
    let banked = compiled.image.banked.as_ref().expect("no image has room for it");
    assert_eq!((banked.selector.as_str(), banked.caches.is_some()), ("ASCII8", true));
    exact(&model, &compiled, "in banks", [&b"ONE"[..]]);
}

/// A program whose buffers have room in 8 KB runs there; others say what they need.
#[test]
fn a_machine_with_too_little_memory_is_told_so() {
    let mut refused = 0;
    for name in ["commands", "guess", "tinychat"] {
        let (model, prompts) = support::own(name);
        let image = compile(&model, None).expect("it fits").image;
        let start = image.memory_end - image.needs().buffers;
        let typed = [&prompts[0][..], b"\r!\r"].concat();
        let ends = |config: MsxConfig| {
            let mut machine = machine(&image, &typed, config);
            let end = machine.run(&mut NoObserver);
            (end, String::from_utf8_lossy(machine.console().output()).into_owned())
        };
        let (end, said) = ends(MsxConfig { bottom: 0xE000, ..config(&image) });
        assert_eq!(end, End::Exit(Exit::Return), "{name}");
        let needs = format!("This needs RAM from {start:04X}h to {:04X}h.\r\n", image.memory_end - 1);
        assert_eq!(said.starts_with(&needs), start < 0xE000, "{name}: {said}");
        let (end, said) = ends(MsxConfig { himem: image.memory_end as u16 - 1, ..config(&image) });
        assert_eq!(end, End::Exit(Exit::Return), "{name}");
        assert!(said.starts_with(&needs), "{name}: {said}");
        let (_, said) = ends(MsxConfig { himem: image.memory_end as u16, ..config(&image) });
        assert!(said.starts_with(name), "{name}: {said}");
        refused += usize::from(start < 0xE000);
    }
    eprintln!("{refused} of 3 need more than 8 KB");
}

#[test]
fn the_line_is_edited_and_the_chat_ends() {
    let (model, _) = support::own("commands");
    let image = compile(&model, None).expect("it fits").image;
    let graph = reference(&model).expect("the model was checked");
    let reply = eval::run(&graph, b"Turn on the light").text();
    let mut machine = machine(&image, b"\x08Tuxx\x08\x7frn on the light\r\r!\r", config(&image));
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    let screen = String::from_utf8_lossy(machine.console().transcript()).into_owned();
    let typed = "Tuxx\x08 \x08\x08 \x08rn on the light";
    assert_eq!(screen, format!("commands. Type a line; ! ends.\r\n> {typed}\r\n{reply}\r\n> \r\n> !\r\n"));
}

/// A program that writes to its own code cannot be in a ROM: the machine says so.
#[test]
fn the_rom_cannot_be_written() {
    let (model, _) = support::own("commands");
    let mut image = compile(&model, None).expect("it fits").image;
    // LD (start),A / JR $ in the place of its first instructions.
    let start = usize::from(u16::from_le_bytes([image.bytes[2], image.bytes[3]]) - image.origin);
    image.bytes[start..start + 3].copy_from_slice(&[0x32, 0x00, 0x40]);
    let config = config(&image);
    match machine(&image, b"", config).run(&mut NoObserver) {
        End::Fault(fault) => {
            assert_eq!(fault.kind, FaultKind::ProtectedWrite { address: 0x4000, area: "the cartridge" })
        }
        end => panic!("{end:?}"),
    }
}
