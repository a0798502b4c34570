//! Programs that try instructions on random operands and print what came of it.
//!
//! For every case a program loads all registers, SREG, GPIOR0 and a piece of SRAM from a table, reads timer 1,
//! runs the case, and prints registers, SREG, the cycles by timer 1, SP, GPIOR0 and the SRAM in hexadecimal.
//! It ends with `SLEEP` while interrupts are off.

use mlc_machine::Junk;

use super::cases::{self, Case};
use super::encode::{Code, one};

/// All addresses suit the ATmega328P and the ATmega2560. What is loaded: R0 to R31, SREG, GPIOR0, then the scratch bytes.
pub const INPUT: u16 = 0x0300;
pub const SCRATCH: u16 = INPUT + 34;
pub const SCRATCH_BYTES: u8 = 32;
const INPUT_BYTES: u8 = 34 + SCRATCH_BYTES;
const START: u16 = 0x0350;
/// What is printed first: R0 to R31, SREG, cycles, SP, GPIOR0.
const OUTPUT: u16 = 0x0360;
const OUTPUT_BYTES: u8 = 38;
/// SP before a case; bytes above are set, for `POP` and `RET`.
pub const STACK: u16 = 0x08EF;

const UCSRA: u16 = 0xC0;
const UCSRB: u16 = 0xC1;
const UDR: u16 = 0xC6;
const TCCRB: u16 = 0x81;
const TCNTL: u16 = 0x84;
const TCNTH: u16 = 0x85;
const GPIOR: u8 = 0x1E;
const SMCR: u8 = 0x33;
const SPL: u8 = 0x3D;
const SPH: u8 = 0x3E;
const SREG: u8 = 0x3F;

/// A program and what its cases are.
pub struct Generated {
    pub flash: Vec<u8>,
    /// The name of every case with its words.
    pub cases: Vec<(String, Vec<u16>)>,
}

/// A program of `count` cases from `seed`, for a device with a 22-bit program counter if `wide`.
pub fn program(seed: u64, count: usize, wide: bool) -> Generated {
    let mut junk = Junk::new(seed);
    let mut code = Code::default();
    code.put(&[0x940C, 0]); // JMP, filled in below
    let restore = restore(&mut code);
    let save = save(&mut code, wide);
    code.words[1] = code.here();
    start(&mut code);
    let mut table = Vec::new();
    let mut all = Vec::new();
    let mut pointers = Vec::new();
    for _ in 0..count {
        pointers.push(code.words.len());
        code.put(&[0, 0]); // LDI R30, LDI R31, filled in below
        code.call(restore);
        let mut case = Case::new(&mut junk, code.here());
        cases::choose(&mut case, wide);
        code.put(&case.words);
        code.call(save);
        table.extend_from_slice(&case.input());
        all.push((case.name, case.words));
    }
    finish(&mut code);
    let base = 2 * code.here();
    for (index, &at) in pointers.iter().enumerate() {
        let [low, high] = (base + index as u16 * u16::from(INPUT_BYTES)).to_le_bytes();
        let mut pointer = Code::default();
        pointer.ldi(30, low);
        pointer.ldi(31, high);
        code.words[at..at + 2].copy_from_slice(&pointer.words);
    }
    let mut flash = code.bytes();
    flash.extend(table);
    assert!(flash.len() <= 0x8000, "{} bytes are too many", flash.len());
    Generated { flash, cases: all }
}

/// Loads what Z points to in the flash.
fn restore(code: &mut Code) -> u16 {
    let at = code.here();
    code.ldi(26, INPUT as u8);
    code.ldi(27, (INPUT >> 8) as u8);
    code.ldi(16, INPUT_BYTES);
    let turn = code.here();
    code.put(&[one(0x9005, 17), one(0x920D, 17), one(0x940A, 16)]); // LPM R17,Z+ / ST X+,R17 / DEC R16
    code.branch(0xF401, turn);
    code.lds(16, INPUT + 33);
    code.output(GPIOR, 16);
    code.lds(16, TCNTL);
    code.sts(START, 16);
    code.lds(16, TCNTH);
    code.sts(START + 1, 16);
    code.lds(16, INPUT + 32);
    code.output(SREG, 16);
    (0..32).for_each(|n| code.lds(n, INPUT + u16::from(n)));
    code.ret();
    at
}

/// Stores everything, sets SP anew and prints.
fn save(code: &mut Code, wide: bool) -> u16 {
    let nibble = code.here();
    // Prints the low half of R16.
    code.put(&[0x700F, 0x300A, 0xF008, 0x5F09, 0x5D00]); // ANDI R16,15 / CPI R16,10 / BRLO .+2 / SUBI R16,-7 / SUBI R16,-48
    let wait = code.here();
    code.lds(17, UCSRA);
    code.put(&[0xFF15]); // SBRS R17,5
    code.branch_always(wait);
    code.sts(UDR, 16);
    code.ret();

    let print = code.here();
    // Prints R18 bytes from X, and a line feed.
    code.put(&[one(0x900D, 19), 0x2F03, one(0x9402, 16)]); // LD R19,X+ / MOV R16,R19 / SWAP R16
    code.call(nibble);
    code.put(&[0x2F03]);
    code.call(nibble);
    code.put(&[one(0x940A, 18)]);
    code.branch(0xF401, print);
    code.ldi(16, b'\n');
    code.put(&[0x940C, wait]);

    let at = code.here();
    (0..32).for_each(|n| code.sts(OUTPUT + u16::from(n), n));
    code.input(16, SREG);
    code.sts(OUTPUT + 32, 16);
    code.lds(16, TCNTL);
    code.lds(17, TCNTH);
    code.lds(18, START);
    code.lds(19, START + 1);
    code.put(&[0x1B02, 0x0B13]); // SUB R16,R18 / SBC R17,R19
    code.sts(OUTPUT + 33, 16);
    code.sts(OUTPUT + 34, 17);
    for (n, address) in [(35, SPL), (36, SPH), (37, GPIOR)] {
        code.input(16, address);
        code.sts(OUTPUT + n, 16);
    }
    // CLI, the return address off the stack, and onto the new one.
    code.put(&[0x94F8]);
    let address: &[u8] = if wide { &[29, 31, 30] } else { &[31, 30] };
    address.iter().for_each(|&n| code.put(&[one(0x900F, n)]));
    stack(code);
    address.iter().rev().for_each(|&n| code.put(&[one(0x920F, n)]));
    for (first, bytes) in [(OUTPUT, OUTPUT_BYTES), (SCRATCH, SCRATCH_BYTES)] {
        code.ldi(26, first as u8);
        code.ldi(27, (first >> 8) as u8);
        code.ldi(18, bytes);
        code.call(print);
    }
    code.ret();
    at
}

fn stack(code: &mut Code) {
    code.ldi(16, STACK as u8);
    code.ldi(17, (STACK >> 8) as u8);
    code.output(SPH, 17);
    code.output(SPL, 16);
}

fn start(code: &mut Code) {
    stack(code);
    // The bytes above SP: 01h, 02h, …
    code.ldi(26, (STACK + 1) as u8);
    code.ldi(27, ((STACK + 1) >> 8) as u8);
    code.ldi(16, 1);
    let turn = code.here();
    code.put(&[one(0x920D, 16), one(0x9403, 16), 0x3101]); // ST X+,R16 / INC R16 / CPI R16,17
    code.branch(0xF401, turn);
    for (address, value) in [(UCSRA, 0x02), (UCSRB, 0x08), (TCCRB, 0x01)] {
        code.ldi(16, value);
        code.sts(address, 16);
    }
    code.ldi(16, 1);
    code.output(SMCR, 16);
}

/// Waits until all is sent and sleeps for ever.
fn finish(code: &mut Code) {
    let wait = code.here();
    code.lds(17, UCSRA);
    code.put(&[0xFF15]);
    code.branch_always(wait);
    code.put(&[0x94F8, 0x9588]);
}
