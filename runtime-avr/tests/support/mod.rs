//! What the tests share.

#![allow(dead_code)] // Every test is a crate of its own and uses some of it.

pub mod cases;
pub mod encode;
pub mod generate;
pub mod tools;

use mlc_runtime_avr::{AvrConfig, AvrMachine, Device, Program, Script};

/// A machine with `words` from address 0 on.
pub fn machine(device: &'static Device, words: &[u16], input: &str, config: AvrConfig) -> AvrMachine<Script> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let program = Program::from_bytes(&bytes, device).unwrap();
    AvrMachine::new(program, Script::new(input.as_bytes()), config)
}
