//! The two assemblers that judge ours: pasmo and GNU as for the Z80.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

pub use crate::tools::installed as available;

pub const PASMO: &str = "pasmo";
pub const GNU_AS: &str = "z80-unknown-coff-as";
const GNU_OBJCOPY: &str = "z80-unknown-coff-objcopy";

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What pasmo makes of a text, or what it says against it.
pub fn pasmo(source: &str) -> Result<Vec<u8>, String> {
    let dir = TempDir::new().expect("a temporary folder");
    let (input, output) = (dir.path().join("t.asm"), dir.path().join("t.bin"));
    fs::write(&input, source).expect("write");
    let result = Command::new(PASMO).args([&input, &output]).output().expect("pasmo runs");
    // It writes no file where there is nothing to write.
    if result.status.success() { Ok(fs::read(&output).unwrap_or_default()) } else { Err(text(&result)) }
}

/// What GNU as makes of a text without directives, all in one section from address 0.
pub fn gnu(source: &str) -> Result<Vec<u8>, String> {
    let dir = TempDir::new().expect("a temporary folder");
    let path = |name: &str| dir.path().join(name);
    fs::write(path("t.s"), source).expect("write");
    let result = Command::new(GNU_AS)
        .args(["-march=z80+full", "-o"])
        .args([path("t.o"), path("t.s")])
        .output()
        .expect("GNU as runs");
    if !result.status.success() {
        return Err(text(&result));
    }
    let result = Command::new(GNU_OBJCOPY)
        .args(["-O", "binary"])
        .args([path("t.o"), path("t.bin")])
        .output()
        .expect("objcopy runs");
    if result.status.success() {
        Ok(fs::read(path("t.bin")).expect("its output"))
    } else {
        Err(text(&result))
    }
}

/// The lines (from 1) of a text that GNU as refuses.
pub fn gnu_refuses(source: &str) -> BTreeSet<usize> {
    let dir = TempDir::new().expect("a temporary folder");
    let input = dir.path().join("t.s");
    fs::write(&input, source).expect("write");
    let output = dir.path().join("t.o");
    let result = Command::new(GNU_AS)
        .args(["-march=z80+full", "-o"])
        .args([&output, &input])
        .output()
        .expect("GNU as runs");
    // path:line: Error: what
    text(&result)
        .lines()
        .filter(|line| line.contains(": Error:"))
        .filter_map(|line| line.split("t.s:").nth(1)?.split(':').next()?.parse().ok())
        .collect()
}
