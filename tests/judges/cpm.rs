//! Programs under CP/M 2.2 itself: the system's own BDOS and CCP, on a Z80 and a BIOS that others wrote (`cpm80` of PyPI, which
//! `.ci/run` installs into `target/cpm80`). Programs for MSX-DOS are judged by it, too: they call what both systems have.

use super::support::{self, shared::tools};
use mlc_compiler::{Compiled, eval, reference};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the CCP writes in front of a command.
const PROMPT: &str = "\r\nA>";

fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/cpm80/bin/python");
    let found = python.is_file();
    tools::there(found, "cpm80 in target/cpm80 (python3 -m venv target/cpm80, and its pip install cpm80)")
        .then_some(python)
}

/// What the console shows behind the first prompt, with a program as `P.COM`.
fn session(python: &Path, compiled: &Compiled, lines: &[String]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("the folder is writable");
    };
    write("P.COM", &compiled.image.bytes);
    compiled.image.beside.iter().for_each(|file| write(&file.name, &file.bytes));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges/cpm.py");
    let ran = Command::new(python).arg(script).arg(folder.path()).args(lines).output().expect("Python runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let shown = String::from_utf8(ran.stdout).expect("replies are ASCII");
    let (_, behind) = shown.split_once(PROMPT).expect("CP/M asks");
    // A typed end of a line is echoed, too.
    behind.replace("\r\r\n", "\r\n")
}

fn compiled(name: &str, target: &str) -> (mlc_compiler::ir::Graph, Vec<String>, Compiled) {
    let (model, prompts) = support::own(name);
    let compiled = support::compile_for(target, &model, None, &[]).unwrap_or_else(|e| panic!("{name}: {e}"));
    let prompts = prompts.into_iter().map(|prompt| String::from_utf8(prompt).expect("prompts are ASCII"));
    (reference(&model).expect("the model was checked"), prompts.collect(), compiled)
}

#[test]
fn cp_m_itself_runs_programs_with_a_question() {
    let Some(python) = python() else { return };
    for (name, target, count) in [
        ("guess", "z80-cpm", 12),
        ("tinychat", "z80-cpm", 8),
        ("commands", "msxdos", 8),
        ("tinychat", "msxdos", 4),
        // Its weights are in a file.
        ("parrot", "msxdos", 3),
    ] {
        let (graph, mut prompts, compiled) = compiled(name, target);
        assert_eq!(compiled.image.beside.is_some(), name == "parrot", "{name} on {target}");
        prompts.truncate(count);
        let lines: Vec<_> = prompts.iter().map(|prompt| format!("P {prompt}")).collect();
        let shown = session(&python, &compiled, &lines);
        let mut wants = String::new();
        for line in &lines {
            // The CCP folds what is typed.
            let reply = eval::run(&graph, line[2..].to_ascii_uppercase().as_bytes()).reply;
            let reply = String::from_utf8(reply).expect("replies are ASCII");
            wants += &format!("{line}\r\n{reply}\r\n{PROMPT}");
        }
        assert_eq!(shown, wants, "{name} on {target}");
    }
}

#[test]
fn cp_m_itself_has_a_conversation() {
    let Some(python) = python() else { return };
    for (name, target) in [("guess", "z80-cpm"), ("tinychat", "msxdos")] {
        let (graph, mut prompts, compiled) = compiled(name, target);
        prompts.truncate(5);
        let lines = [vec!["P".to_string()], prompts.clone(), vec!["!".to_string()]].concat();
        let shown = session(&python, &compiled, &lines);
        let (greeting, talk) = shown.split_once("> ").expect("the program asks");
        assert!(greeting.starts_with("P\r\n") && greeting.ends_with("! ends.\r\n"), "{greeting}");
        let mut wants = String::new();
        for prompt in &prompts {
            let reply =
                String::from_utf8(eval::run(&graph, prompt.as_bytes()).reply).expect("replies are ASCII");
            wants += &format!("{prompt}\r\n{reply}\r\n> ");
        }
        wants += &format!("!\r\n{PROMPT}");
        assert_eq!(talk, wants, "{name} on {target}");
    }
}
