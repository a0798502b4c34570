//! The assembler and linker that judge ours: GNU as and ld for the AVR.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::tools;

const AS: &str = "avr-as";
const LD: &str = "avr-ld";
const OBJCOPY: &str = "avr-objcopy";
const NM: &str = "avr-nm";

/// Whether the judges are installed.
pub fn available() -> bool {
    [AS, LD, OBJCOPY, NM].into_iter().all(tools::installed)
}

/// What GNU as and ld make of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Linked {
    /// The flash: text, then what data starts with.
    pub flash: Vec<u8>,
    /// The symbols of the text.
    pub symbols: BTreeMap<String, u32>,
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs a tool in `dir`; what it says is an error, for a warning means that it took the text otherwise than written.
fn run(dir: &TempDir, tool: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(tool).args(args).current_dir(dir.path()).output().expect("the tool runs");
    let text = said(&output);
    let silent = tool == NM || text.trim().is_empty();
    if output.status.success() && silent { Ok(text) } else { Err(format!("{tool}: {text}")) }
}

/// Assembles and links a text for `core`, RAM from `ram_start` on.
pub fn gnu(source: &str, core: &str, ram_start: u16) -> Result<Linked, String> {
    let dir = TempDir::new().expect("a temporary folder");
    fs::write(dir.path().join("t.s"), source).expect("write");
    run(&dir, AS, &[&format!("-mmcu={core}"), "-o", "t.o", "t.s"]).map_err(|said| quote(&said, source))?;
    let data = format!("-Tdata={:#x}", 0x80_0000 + u32::from(ram_start));
    run(&dir, LD, &[&format!("-m{core}"), &data, "-o", "t.elf", "t.o"])?;
    run(&dir, OBJCOPY, &["-O", "binary", "-j", ".text", "-j", ".data", "t.elf", "t.bin"])?;
    // The linker defines symbols of its own; only those of the object file are the text's.
    let own: BTreeSet<String> = names(&run(&dir, NM, &["t.o"])?).map(|(_, name)| name).collect();
    let linked = run(&dir, NM, &["t.elf"])?;
    let symbols = names(&linked).filter(|(_, name)| own.contains(name));
    Ok(Linked {
        flash: fs::read(dir.path().join("t.bin")).unwrap_or_default(),
        symbols: symbols.map(|(value, name)| (name, value)).collect(),
    })
}

/// What the assembler says, with the first line that it speaks of.
fn quote(said: &str, source: &str) -> String {
    let number = said.split("t.s:").filter_map(|rest| rest.split(':').next()?.parse::<usize>().ok()).next();
    let line = number.and_then(|number| source.lines().nth(number - 1)).unwrap_or_default();
    format!("{said}\nfirst at `{line}`")
}

/// `00800100 d name`
fn names(text: &str) -> impl Iterator<Item = (u32, String)> {
    text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [value, _, name] = fields[..] else { return None };
        Some((u32::from_str_radix(value, 16).ok()?, name.to_owned()))
    })
}

/// The lines (from 1) of a text against which GNU as has something.
pub fn gnu_refuses(source: &str, core: &str) -> BTreeSet<usize> {
    let dir = TempDir::new().expect("a temporary folder");
    fs::write(dir.path().join("t.s"), source).expect("write");
    let result = Command::new(AS)
        .args([&format!("-mmcu={core}"), "-o", "t.o", "t.s"])
        .current_dir(dir.path())
        .output()
        .expect("GNU as runs");
    // t.s:line: Error: what
    said(&result)
        .lines()
        .filter(|line| line.contains(": Error:") || line.contains(": Warning:"))
        .filter_map(|line| line.split("t.s:").nth(1)?.split(':').next()?.parse().ok())
        .collect()
}
