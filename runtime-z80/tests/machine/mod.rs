//! CP/M machines with small programs in them.

#![allow(dead_code, reason = "each test file uses its part")]

use mlc_runtime_z80::{CpmConfig, CpmMachine, End, Fault, NoObserver, Script};

/// A machine with a limit, so that a wrong program cannot hang the test.
pub fn config() -> CpmConfig {
    CpmConfig { limit: Some(10_000_000), ..CpmConfig::default() }
}

pub fn machine(program: &[u8], tail: &str, input: &[u8]) -> CpmMachine<Script> {
    CpmMachine::load(program, tail.as_bytes(), Script::new(input), config()).expect("the program loads")
}

/// Runs to the end; the end, what was written, and what stood on the screen.
pub fn run(program: &[u8], input: &[u8]) -> (End, String, String) {
    let mut machine = machine(program, "", input);
    let end = machine.run(&mut NoObserver);
    let text = |bytes: &[u8]| bytes.iter().map(|&b| char::from(b)).collect();
    (end, text(machine.console().output()), text(machine.console().transcript()))
}

pub fn fault(end: End) -> Fault {
    match end {
        End::Fault(fault) => fault,
        other => panic!("a fault expected: {other:?}"),
    }
}

/// The fault's text for `program` with `config` and nothing typed.
pub fn message(program: &[u8], config: CpmConfig) -> String {
    let mut machine = CpmMachine::load(program, b"", Script::default(), config).expect("the program loads");
    fault(machine.run(&mut NoObserver)).to_string()
}
