//! Every instruction against the `iz80` crate: results, all flags, memory and where PC goes. What it is known to get wrong
//! is left out here, and is in `arithmetic.rs` and `block.rs`.

use iz80::{Cpu, Machine, PlainMachine, Reg8, Reg16};
use mlc_machine::Junk;
use mlc_runtime_z80::{Core, FloatingBus, Registers};

const CODE: u16 = 0x4000;
/// States tried with each instruction.
const STATES: usize = 300;

/// The core and its judge, with the same memory.
struct Both {
    core: Core,
    cpu: Cpu,
    machine: PlainMachine,
    junk: Junk,
}

impl Both {
    fn new() -> Self {
        let mut both = Both {
            core: Core::new(FloatingBus, 1),
            cpu: Cpu::new_z80(),
            machine: PlainMachine::new(),
            junk: Junk::new(7),
        };
        // As those of the judge are.
        both.core.set_alternate_registers(Registers::default());
        for address in 0..=u16::MAX {
            let byte = both.junk.word() as u8;
            both.put(address, &[byte]);
        }
        both
    }

    fn put(&mut self, address: u16, bytes: &[u8]) {
        self.core.load(address, bytes);
        for (distance, &byte) in bytes.iter().enumerate() {
            self.machine.poke(address.wrapping_add(distance as u16), byte);
        }
    }

    /// A word, often one at which carries begin and end.
    fn word(&mut self) -> u16 {
        let word = self.junk.word();
        match word >> 12 {
            0 => [0, 0x00FF, 0x0100, 0x7FFF, 0x8000, 0xFFFF, 0x0FFF, 0x1000][usize::from(word & 7)],
            1 => word & 0xFF00 | [0, 1, 0x0F, 0x10, 0x7F, 0x80, 0xFE, 0xFF][usize::from(word & 7)],
            _ => word,
        }
    }

    fn registers(&mut self) -> Registers {
        let [af, bc, de, hl, ix, iy] = std::array::from_fn(|_| self.word());
        // A push reaches neither the instruction nor the end of memory.
        let sp = self.junk.word() | 0x8010;
        Registers { af, bc, de, hl, ix, iy, sp: sp & 0xFFF0, pc: CODE }
    }

    /// Executes one instruction on both. The bytes of memory that may have changed are compared, too.
    fn compare(&mut self, code: &[u8], registers: Registers) {
        self.put(CODE, code);
        self.core.set_registers(registers);
        let r = self.cpu.registers();
        for (register, value) in pairs(&registers) {
            r.set16(register, value);
        }
        r.set_pc(registers.pc);
        self.cpu.execute_instruction(&mut self.machine);
        let stepped = self.core.step();
        let shown = || format!("{code:02X?} on {registers:04X?}");
        let loops = self.cpu.immutable_registers().pc() == CODE && stepped.is_err();
        assert!(stepped.is_ok() || loops, "{}: {stepped:?}", shown());
        let after = self.core.registers();
        let r = self.cpu.immutable_registers();
        let wants = Registers {
            af: r.get16(Reg16::AF),
            bc: r.get16(Reg16::BC),
            de: r.get16(Reg16::DE),
            hl: r.get16(Reg16::HL),
            ix: r.get16(Reg16::IX),
            iy: r.get16(Reg16::IY),
            sp: r.get16(Reg16::SP),
            pc: r.pc(),
        };
        assert_eq!(after, wants, "{}", shown());
        assert_eq!(self.core.interrupts_enabled(), r.get_interrupt_mode().0, "{}", shown());
        let word = u16::from_le_bytes([code[code.len() - 2], code[code.len() - 1]]);
        let Registers { bc, de, hl, ix, iy, sp, .. } = registers;
        for near in [word, bc, de, hl, ix, iy, sp] {
            for address in (0..260).map(|distance| near.wrapping_add(distance).wrapping_sub(130)) {
                let wants = self.machine.peek(address);
                assert_eq!(self.core.memory().byte(address), wants, "{} at {address:04X}", shown());
            }
        }
    }
}

fn pairs(registers: &Registers) -> [(Reg16, u16); 7] {
    let Registers { af, bc, de, hl, ix, iy, sp, .. } = *registers;
    [
        (Reg16::AF, af),
        (Reg16::BC, bc),
        (Reg16::DE, de),
        (Reg16::HL, hl),
        (Reg16::IX, ix),
        (Reg16::IY, iy),
        (Reg16::SP, sp),
    ]
}

/// Whether nobody knows better than `iz80` here: HALT, the prefixes, R, and what it does with ports.
fn is_compared(prefix: &[u8], op: u8) -> bool {
    match prefix {
        [] | [0xDD | 0xFD] => !matches!(op, 0x76 | 0xCB | 0xDD | 0xED | 0xFD | 0xD3 | 0xDB),
        [0xED] => {
            let defined = matches!(op, 0x40..=0x75 | 0x78..=0x7E) && !matches!(op, 0x77 | 0x7F);
            let block = matches!(op, 0xA0 | 0xA1 | 0xA8 | 0xA9 | 0xB0 | 0xB1 | 0xB8 | 0xB9);
            let ports = matches!(op & 0xC7, 0x40 | 0x41) && op < 0x80;
            (defined || block) && !ports && !matches!(op, 0x47 | 0x4F | 0x57 | 0x5F)
        }
        _ => true,
    }
}

fn compare_all(prefix: &[u8]) -> usize {
    let mut both = Both::new();
    let mut compared = 0;
    for op in (0..=255).filter(|&op| is_compared(prefix, op)) {
        for _ in 0..STATES {
            let registers = both.registers();
            let operand = both.word().to_le_bytes();
            // The destination of a write is not the instruction itself.
            let at = u16::from_le_bytes(operand);
            let near = |address: u16| (CODE - 0x90..CODE + 0x90).contains(&address);
            let Registers { bc, de, hl, ix, iy, .. } = registers;
            if [at, bc, de, hl, ix, iy].into_iter().any(near) {
                continue;
            }
            both.compare(&[prefix, &[op], &operand].concat(), registers);
            compared += 1;
        }
    }
    compared
}

#[test]
fn unprefixed_instructions() {
    assert!(compare_all(&[]) > 220 * STATES);
}

#[test]
fn bits_and_shifts() {
    assert!(compare_all(&[0xCB]) > 220 * STATES);
}

#[test]
fn extended_instructions() {
    assert!(compare_all(&[0xED]) > 40 * STATES);
}

#[test]
fn indexed_instructions() {
    for prefix in [0xDD, 0xFD] {
        assert!(compare_all(&[prefix]) > 220 * STATES);
    }
}

/// Every operand of every operation on the accumulator, with every flag that it may use.
#[test]
fn all_operands_of_the_accumulator() {
    let mut both = Both::new();
    for op in 0..8u8 {
        for af in 0..=u16::MAX {
            let f = af as u8;
            for b in if f & 0x3E == 0 { 0..=255 } else { 0..=0 } {
                let registers =
                    Registers { af, bc: u16::from_be_bytes([b, 0]), pc: CODE, ..Registers::default() };
                both.core.load(CODE, &[0x80 | op << 3]);
                both.core.set_registers(registers);
                both.core.step().expect("nothing can fail here");
                both.machine.poke(CODE, 0x80 | op << 3);
                let r = both.cpu.registers();
                r.set16(Reg16::AF, af);
                r.set8(Reg8::B, b);
                r.set_pc(CODE);
                both.cpu.execute_instruction(&mut both.machine);
                let wants = both.cpu.immutable_registers().get16(Reg16::AF);
                assert_eq!(both.core.registers().af, wants, "{op}: {af:04X} {b:02X}");
            }
        }
    }
}
