//! One instruction at a time, for the tests of the processor.

#![allow(dead_code, reason = "each test file uses its part")]

use mlc_runtime_z80::{Core, Ports, Registers};

pub const S: u8 = 0x80;
pub const Z: u8 = 0x40;
pub const H: u8 = 0x10;
pub const PV: u8 = 0x04;
pub const N: u8 = 0x02;
pub const C: u8 = 0x01;
/// All but the two flags that the manual does not name.
pub const DOCUMENTED: u8 = S | Z | H | PV | N | C;

pub const CODE: u16 = 0x4000;

/// Ports that give the upper half of their address, and keep what they are sent.
#[derive(Default)]
pub struct Echo(pub Vec<(u16, u8)>);

impl Ports for Echo {
    fn read(&mut self, port: u16) -> u8 {
        (port >> 8) as u8
    }

    fn write(&mut self, port: u16, value: u8) {
        self.0.push((port, value));
    }
}

pub fn core() -> Core {
    Core::new(Echo::default(), 1)
}

/// Executes the one instruction `code` at [`CODE`].
pub fn run(core: &mut Core, code: &[u8], registers: Registers) -> Registers {
    core.load(CODE, code);
    core.set_registers(Registers { pc: CODE, ..registers });
    core.step().unwrap_or_else(|fault| panic!("{code:02X?}: {fault}"));
    core.registers()
}

pub fn flag(mask: u8, on: bool) -> u8 {
    if on { mask } else { 0 }
}

pub fn parity(value: u8) -> bool {
    value.count_ones().is_multiple_of(2)
}

pub fn check(af: u16, a: u8, flags: u8, what: impl FnOnce() -> String) {
    let [got_a, got_f] = af.to_be_bytes();
    if (got_a, got_f & DOCUMENTED) != (a, flags & DOCUMENTED) {
        panic!("{}: {a:02X} with flags {flags:02X} expected, {got_a:02X} with {got_f:02X}", what());
    }
}
