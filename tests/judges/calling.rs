//! The programs of docs/calling.md that call a network, before pasmo and avr-gcc.

use super::installed;
use super::support;
use mlc_compiler::plan::Demands;
use mlc_compiler::{Assets, Request, compile, eval, reference};
use mlc_machine::Script;
use mlc_runtime_avr::{ATMEGA328P, AvrConfig, AvrMachine, Program};
use mlc_runtime_z80::{CpmConfig, CpmMachine, End, NoObserver};
use std::path::Path;
use std::process::Command;

/// The example of the page in some language.
fn example(language: &str) -> &'static str {
    let page = include_str!("../../docs/calling.md");
    let (_, rest) = page.split_once(&format!("```{language}\n")).expect("the page has one");
    rest.split("```").next().expect("there is always a first part")
}

/// Writes the network for a machine, and the program that calls it.
fn write(folder: &Path, target: &str, network: &str, (main, text): (&str, &str)) {
    let (model, _) = support::own("guess");
    let (target, assets) = (support::target_named(target).called(), Assets::builtin());
    let demands = Demands::default();
    let request = Request {
        model: &model,
        target: &target,
        assets: &assets,
        demands: &demands,
        wide: false,
        calibration: &[],
    };
    let compiled = compile(&request).unwrap_or_else(|e| panic!("{e}\n{}", e.help()));
    std::fs::write(folder.join(network), compiled.assembly).expect("the folder is writable");
    std::fs::write(folder.join(main), text).expect("the folder is writable");
}

/// Runs a tool, which has to have nothing to say.
fn quiet(folder: &Path, tool: &str, arguments: &[&str]) {
    let said = Command::new(tool).args(arguments).current_dir(folder).output().expect("it is installed");
    let text = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && text.is_empty(), "{tool}: {text}");
}

fn replies() -> Vec<(Vec<u8>, Vec<u8>)> {
    let (model, prompts) = support::own("guess");
    let graph = reference(&model).expect("the model was checked");
    let reply = |prompt: Vec<u8>| {
        let reply = eval::run(&graph, &prompt).reply;
        (prompt, reply)
    };
    prompts.into_iter().take(12).map(reply).collect()
}

#[test]
fn the_documented_program_calls_a_network_under_cp_m() {
    if !installed("pasmo") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "z80-cpm", "guess.asm", ("ask.asm", example("asm")));
    quiet(folder.path(), "pasmo", &["ask.asm", "ask.com"]);
    let program = std::fs::read(folder.path().join("ask.com")).expect("pasmo wrote it");
    for (prompt, reply) in replies() {
        let config = CpmConfig { limit: Some(4_000_000_000), ..CpmConfig::default() };
        let mut machine =
            CpmMachine::load(&program, &prompt, Script::new(b""), config).expect("the program loads");
        assert!(matches!(machine.run(&mut NoObserver), End::Exit(_)));
        assert_eq!(machine.console().output(), reply, "{}", prompt.escape_ascii());
    }
}

#[test]
fn the_documented_program_calls_a_network_from_c() {
    if !installed("avr-gcc") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "atmega328p", "guess.S", ("main.c", example("c")));
    let line = ["-Wall", "-Wextra", "-mmcu=atmega328p", "-Os", "guess.S", "main.c", "-o", "main.elf"];
    quiet(folder.path(), "avr-gcc", &line);
    let elf = std::fs::read(folder.path().join("main.elf")).expect("avr-gcc wrote it");
    for (prompt, reply) in replies() {
        let program = Program::from_elf(&elf, &ATMEGA328P).expect("it fits the chip");
        let config = AvrConfig { limit: Some(60_000_000), ..AvrConfig::default() };
        let typed = [&prompt[..], b"\r"].concat();
        let mut machine = AvrMachine::new(program, Script::new(&typed), config);
        // It asks for ever.
        machine.run(&mut mlc_runtime_avr::NoObserver);
        assert_eq!(machine.console().output(), [&reply[..], b"\r\n"].concat(), "{}", prompt.escape_ascii());
    }
}
