//! The tools that judge: looked for, and skipped with a message where they are missing, unless
//! `MLC_REQUIRE_TOOLS=1`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Whether `tool` is installed.
pub fn have(tool: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()));
    if !found {
        let required = std::env::var("MLC_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
        assert!(!required, "{tool} is not installed, and MLC_REQUIRE_TOOLS=1 demands it");
        eprintln!("SKIPPED: {tool} is not installed (Debian: simavr, gcc-avr, avr-libc, binutils-avr)");
    }
    found
}

/// Runs a tool to its end.
pub fn run(tool: &str, arguments: &[&str]) -> Output {
    let output = Command::new(tool).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{tool}: {error}"));
    assert!(output.status.success(), "{tool} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are text")
}

/// The bytes of `source`, linked to address 0.
pub fn assemble(source: &str, device: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (assembly, object, linked, raw) = (file("a.s"), file("a.o"), file("a.elf"), file("a.bin"));
    std::fs::write(&assembly, source).unwrap();
    run("avr-as", &[&format!("-mmcu={device}"), text(&assembly), "-o", text(&object)]);
    run("avr-ld", &["-e", "0", "-Ttext=0", &emulation(device), text(&object), "-o", text(&linked)]);
    run("avr-objcopy", &["-O", "binary", "-j", ".text", text(&linked), text(&raw)]);
    std::fs::read(raw).unwrap()
}

fn emulation(device: &str) -> String {
    match device {
        "atmega2560" => "-mavr6".to_owned(),
        "attiny85" => "-mavr25".to_owned(),
        _ => "-mavr5".to_owned(),
    }
}

/// Compiles C for a device; the ELF file in `folder`.
pub fn compile(source: &str, device: &str, folder: &Path) -> PathBuf {
    let (c, elf) = (folder.join("a.c"), folder.join("a.elf"));
    std::fs::write(&c, source).unwrap();
    let mcu = format!("-mmcu={device}");
    run("avr-gcc", &[&mcu, "-Os", "-std=gnu99", "-Wall", "-Wextra", "-Werror", text(&c), "-o", text(&elf)]);
    elf
}

/// What simavr prints on a program (`.hex` or `.elf`): the lines of the UART's output, as simavr shows them
/// (control characters as full stops).
pub fn simavr(program: &Path, device: &str, more: &[&str]) -> Vec<String> {
    let mut arguments = vec!["-m", device, "-f", "16000000"];
    arguments.extend(more);
    arguments.push(text(program));
    // simavr cannot be told to stop; the programs end with SLEEP while interrupts are off.
    let output = run("simavr", &arguments);
    let all = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    all.lines()
        .filter_map(|line| line.split_once("\u{1b}[32m").map(|(_, line)| line))
        .map(|line| line.trim_end_matches("\u{1b}[0m").trim_end_matches('.').to_owned())
        .collect()
}
