//! The Amstrad CPC 464: the same networks, exact. Each query is typed.

use super::support;
use super::typed::{self, Watch};
use mlc_compiler::model::Model;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{CompileError, Compiled, Image, eval, reference, weights::Form};
use mlc_runtime_z80::{CpcConfig, CpcMachine, End, Exit, NoObserver, Script, State, Symbols};

/// Which machine, and from which kind of file.
#[derive(Clone, Copy)]
pub struct How {
    pub file: ImageKind,
    pub pages: bool,
    /// Of what memory and registers hold, and so the drive of a disk.
    pub seed: u64,
}

const FILE: How = How { file: ImageKind::Bin, pages: false, seed: 1 };

fn machine(name: &str, image: &Image, typed: &[u8]) -> CpcMachine<Script> {
    machine_as(name, image, typed, FILE)
}

pub fn machine_as(name: &str, image: &Image, typed: &[u8], how: How) -> CpcMachine<Script> {
    let symbols: Symbols = image.assembly.symbols.iter().map(|(n, &a)| (a, n.clone())).collect();
    let How { file, pages, seed } = how;
    let config = CpcConfig { symbols, limit: Some(4_000_000_000), pages, seed, ..CpcConfig::default() };
    let (bytes, script) = (image.file(file, name), Script::new(typed));
    let loaded = match file {
        ImageKind::Dsk => CpcMachine::load_disk(&bytes, script, config),
        _ => CpcMachine::load(&bytes, script, config),
    };
    loaded.expect("the file is whole")
}

fn compile(model: &Model, form: Option<Form>) -> Result<Compiled, CompileError> {
    support::compile_for("cpc464", model, form, &[])
}

/// Mean T-states a step over queries, all of them exact.
pub fn exact<'q>(
    model: &Model,
    compiled: &Compiled,
    what: &str,
    queries: impl IntoIterator<Item = &'q [u8]>,
) -> f64 {
    exact_on(model, compiled, what, queries, FILE)
}

/// The same on a machine, from a kind of file.
pub fn exact_on<'q>(
    model: &Model,
    compiled: &Compiled,
    what: &str,
    queries: impl IntoIterator<Item = &'q [u8]>,
    how: How,
) -> f64 {
    let graph = reference(model).expect("the model was checked");
    let (mut t_states, mut steps) = (0, 0);
    for query in queries {
        let wants = eval::run(&graph, query);
        let mut machine = machine_as(&model.head.name, &compiled.image, &[query, b"\r"].concat(), how);
        machine.watch(compiled.image.logits.ready as u16);
        let mut watch = Watch::new(&compiled.image);
        let end = machine.run(&mut watch);
        assert_eq!(end, End::EndOfInput, "{} {what} asks again", model.head.name);
        let shown = query.escape_ascii();
        // A sequence model has its logits one after the other.
        let (computed, wanted) = (watch.logits.concat(), wants.logits.concat());
        assert_eq!(computed, wanted, "{} {what}: logits for \"{shown}\"", model.head.name);
        let printable = |&byte: &u8| match byte {
            b'\r' | b'\n' => b"\r\n".to_vec(),
            32..128 => vec![byte],
            _ => b"?".to_vec(),
        };
        let reply: Vec<u8> = wants.reply.iter().flat_map(printable).collect();
        let output =
            [model.head.name.as_bytes(), b". Type a line; ! ends.\r\n> \r\n", &reply, b"\r\n> "].concat();
        assert_eq!(machine.console().output(), output, "{} {what}: reply to \"{shown}\"", model.head.name);
        t_states += machine.t_states() - watch.asked;
        steps += wants.steps();
    }
    assert!(steps > 0, "{} {what}: no query", model.head.name);
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
        eprintln!("{} on cpc464: {t_states:.0} T-states a step, {bytes} bytes", model.head.name);
    }
}

#[test]
fn random_networks_are_exact_in_every_form() {
    let compared = typed::in_every_form(0xC464, compile, |model, compiled, what, queries| {
        exact(model, compiled, what, queries.iter().map(Vec::as_slice));
    });
    assert!(compared >= 60, "only {compared} programs fit the CPC");
}

/// The same session from each kind of file that the machine loads.
#[test]
fn disk_and_tape_bring_the_same_program() {
    for name in ["commands", "guess", "tinychat"] {
        let (model, prompts) = support::own(name);
        let image = compile(&model, None).expect("it fits").image;
        let typed = [&prompts[0][..], b"\r", &prompts[1], b"\r!\r"].concat();
        let script = || Script::new(&typed);
        let config = || CpcConfig { limit: Some(2_000_000_000), ..CpcConfig::default() };
        let file = |kind| image.file(kind, name);
        let disk =
            CpcMachine::load_disk(&file(ImageKind::Dsk), script(), config()).expect("the disk is whole");
        let tape =
            CpcMachine::load_tape(&file(ImageKind::Cdt), script(), config()).expect("the tape is whole");
        let mut wants = machine(name, &image, &typed);
        assert_eq!(wants.run(&mut NoObserver), End::Exit(Exit::Basic));
        for mut machine in [disk, tape] {
            assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Basic), "{name}");
            assert_eq!(machine.console().transcript(), wants.console().transcript(), "{name}");
            assert_eq!(machine.t_states(), wants.t_states(), "{name}");
        }
    }
}

#[test]
fn the_cursor_is_there_while_a_line_is_typed() {
    let (model, _) = support::own("commands");
    let compiled = compile(&model, None).expect("it fits");
    let mut machine = machine("commands", &compiled.image, b"Turn on the light\r");
    let mut seen = Vec::new();
    loop {
        let state = machine.run_for(100, &mut NoObserver);
        if seen.last() != Some(&machine.cursor()) {
            seen.push(machine.cursor());
        }
        if state != State::Running {
            assert_eq!(state, State::Ended(End::EndOfInput));
            break;
        }
    }
    // The title and the prompt; the line; the answer; the next line, which never ends.
    assert_eq!(seen, [false, true, false, true]);
}

#[test]
fn the_line_is_edited_and_the_chat_ends() {
    let (model, _) = support::own("commands");
    let compiled = compile(&model, None).expect("it fits");
    let graph = reference(&model).expect("the model was checked");
    let reply = eval::run(&graph, b"Turn on the light").text();
    let mut machine = machine("commands", &compiled.image, b"\x08Tuxx\x08\x7frn on the light\r\r!\r");
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Basic));
    assert!(!machine.cursor(), "BASIC starts without a cursor");
    let screen = String::from_utf8_lossy(machine.console().transcript()).into_owned();
    let typed = "Tuxx\x08 \x08\x08 \x08rn on the light";
    assert_eq!(screen, format!("commands. Type a line; ! ends.\r\n> {typed}\r\n{reply}\r\n> \r\n> !\r\n"));
}
