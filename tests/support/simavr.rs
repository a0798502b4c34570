//! simavr as a library, behind a program in C (`simavr.c`), which is told what to run and tells what happens.

use super::shared::tools::{installed, there};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// What has happened, at which cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Execution has come to an address that is watched; what the bytes of RAM are that are shown.
    At(u32, u64, Vec<u8>),
    /// The program has written this to where marks go.
    Mark(u8, u64),
    /// What it has said over the serial line, up to a prompt.
    Said(Vec<u8>),
    /// It loops at one place.
    End(u64),
}

/// The program in C, built once; `None` with a message where simavr's library is missing.
static HARNESS: LazyLock<Option<(tempfile::TempDir, PathBuf)>> = LazyLock::new(|| {
    if !installed("cc") || !there(has_library(), "simavr's library (Debian: libsimavr-dev)") {
        return None;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("simavr");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/simavr.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program).arg(source);
    let built = compiler.arg("-lsimavr").output().expect("it is installed");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Some((folder, program))
});

fn has_library() -> bool {
    let mut compiler = Command::new("cc");
    let mut child = compiler
        .args(["-E", "-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it is installed");
    child.stdin.take().expect("it is piped").write_all(b"#include <simavr/sim_avr.h>\n").expect("it reads");
    child.wait().expect("it ends").success()
}

/// Whether simavr's library is there; else it is said that it is not.
pub fn is_there() -> bool {
    HARNESS.is_some()
}

/// What happens when it is told `script`, whose files are in `folder`.
pub fn told(script: &str, folder: &Path) -> Vec<Told> {
    let (_, program) = HARNESS.as_ref().expect("the caller has asked whether it is there");
    let text = folder.join("script");
    std::fs::write(&text, script).expect("the folder is writable");
    let input = std::fs::File::open(&text).expect("it was written");
    let output = Command::new("timeout").arg("300").arg(program).current_dir(folder).stdin(input).output();
    let output = output.expect("it was built");
    let text = String::from_utf8(output.stdout).expect("it is ASCII");
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(read).collect()
}

fn read(line: &str) -> Told {
    let parts: Vec<&str> = line.split(' ').collect();
    let number = |at: usize| parts[at].parse::<u64>().expect("a number");
    match parts[0] {
        "at" => Told::At(number(1) as u32, number(2), bytes(parts[3])),
        "mark" => Told::Mark(number(1) as u8, number(2)),
        "said" => Told::Said(bytes(parts[1])),
        "end" => Told::End(number(1)),
        _ => unreachable!("it tells nothing else: {line}"),
    }
}

fn bytes(text: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(pair).collect()
}

/// Bytes as the script has them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
