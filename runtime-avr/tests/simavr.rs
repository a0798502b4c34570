//! Judged by simavr (a process of its own): programs must print the same on it and here.
//!
//! No instruction that is tried here needs an exception. Left out: `SLEEP`, interrupts and the UART's timing,
//! where simavr is wrong (`differences.rs` has the list), `SPM` (a fault here) and `BREAK` (simavr stops for its
//! debugger).

mod support;

use std::collections::BTreeMap;

use mlc_runtime_avr::{
    ATMEGA328P, ATMEGA2560, AvrConfig, AvrMachine, Device, End, Exit, NoObserver, Program, Script,
};
use support::{encode, generate, tools};

const PROGRAMS: u64 = 20;
const CASES: usize = 300;

/// Every kind of instruction must come at least so often.
const LEAST: usize = 5;

/// The lines that a program prints here.
fn here(flash: &[u8], device: &'static Device) -> Vec<String> {
    let program = Program::from_hex(&encode::hex_file(flash), device).unwrap();
    let config = AvrConfig { limit: Some(100_000_000), ..AvrConfig::default() };
    let mut machine = AvrMachine::new(program, Script::default(), config);
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Sleep));
    let text = String::from_utf8(machine.console().output().to_vec()).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Results, flags, stack, memory and cycles of every instruction.
fn judge(device: &'static Device, kinds: usize) {
    if !tools::have("simavr") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut tried: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..=PROGRAMS {
        let generated = generate::program(seed, CASES, device.family.has_wide_pc());
        let file = folder.path().join("a.hex");
        std::fs::write(&file, encode::hex_file(&generated.flash)).unwrap();
        let theirs = tools::simavr(&file, device.name, &[]);
        let ours = here(&generated.flash, device);
        assert_eq!(ours.len(), 2 * CASES, "program {seed}: two lines a case");
        assert_eq!(theirs.len(), 2 * CASES, "program {seed}: two lines a case under simavr");
        for (index, (name, words)) in generated.cases.iter().enumerate() {
            name.split("; ").for_each(|one| *tried.entry(one.to_owned()).or_default() += 1);
            let lines = 2 * index..2 * index + 2;
            if ours[lines.clone()] != theirs[lines.clone()] {
                let (ours, theirs) = (ours[lines.clone()].join("\n  "), theirs[lines].join("\n  "));
                wrong.push(format!("{name} {words:04X?}\n  {ours} here\n  {theirs} under simavr"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
    assert_eq!(tried.len(), kinds, "{tried:?}");
    assert!(tried.values().all(|&times| times >= LEAST), "{tried:?}");
}

#[test]
fn instructions() {
    judge(&ATMEGA328P, 88);
}

/// Three-byte return addresses, RAMPZ and EIND.
#[test]
fn instructions_with_a_wide_program_counter() {
    judge(&ATMEGA2560, 95);
}
