//! Loads, exchanges, the stack, block instructions, ports, the refresh and interrupt registers.

mod cpu;

use cpu::{C, CODE, DOCUMENTED, H, N, PV, S, Z, flag, run};
use mlc_runtime_z80::Registers;

fn filled() -> Registers {
    Registers { af: 0x12FF, bc: 0x3456, de: 0x789A, hl: 0x8000, ix: 0x9000, iy: 0xA000, sp: 0xC000, pc: 0 }
}

/// Registers by their number in an opcode.
fn register(registers: &Registers, number: u8) -> u8 {
    let pair = [registers.bc, registers.de, registers.hl][usize::from(number / 2).min(2)];
    match number {
        7 => (registers.af >> 8) as u8,
        _ if number & 1 == 0 => (pair >> 8) as u8,
        _ => pair as u8,
    }
}

#[test]
fn loads_between_registers() {
    let mut core = cpu::core();
    for to in [0, 1, 2, 3, 4, 5, 7] {
        for from in [0, 1, 2, 3, 4, 5, 7] {
            let before = filled();
            let after = run(&mut core, &[0x40 | to << 3 | from], before);
            for other in [0, 1, 2, 3, 4, 5, 7] {
                let expected = if other == to { from } else { other };
                assert_eq!(register(&after, other), register(&before, expected), "LD {to},{from}: {other}");
            }
            assert_eq!(after.af as u8, 0xFF);
            // With DD, H and L are the halves of IX.
            let as_ix = Registers { hl: before.ix, ..before };
            let after = run(&mut core, &[0xDD, 0x40 | to << 3 | from], before);
            let after_as_ix = Registers { hl: after.ix, ..after };
            for other in [0, 1, 2, 3, 4, 5, 7] {
                let expected = if other == to { from } else { other };
                assert_eq!(register(&after_as_ix, other), register(&as_ix, expected));
            }
            assert_eq!(after.hl, before.hl);
        }
    }
}

/// LD H,(IX+d) is about H and not IXH; the displacement is signed and wraps.
#[test]
fn loads_through_index_registers() {
    let mut core = cpu::core();
    core.load(0x8FFF, &[0x5A]);
    let after = run(&mut core, &[0xDD, 0x66, 0xFF], filled()); // LD H,(IX-1)
    assert_eq!((after.hl, after.ix), (0x5A00, 0x9000));
    run(&mut core, &[0xFD, 0x75, 0x7F], Registers { hl: 0x1177, ..filled() }); // LD (IY+127),L
    assert_eq!(core.memory().byte(0xA07F), 0x77);
    run(&mut core, &[0xDD, 0x36, 0x02, 0x99], Registers { ix: 0xFFFF, ..filled() }); // LD (IX+2),99h
    assert_eq!(core.memory().byte(0x0001), 0x99);
}

#[test]
fn stack_and_exchanges() {
    let mut core = cpu::core();
    let after = run(&mut core, &[0xDD, 0xE5], filled()); // PUSH IX
    assert_eq!((after.sp, core.memory().word(0xBFFE)), (0xBFFE, 0x9000));
    let after = run(&mut core, &[0xE3], Registers { sp: 0xBFFE, ..filled() }); // EX (SP),HL
    assert_eq!((after.hl, core.memory().word(0xBFFE), after.sp), (0x9000, 0x8000, 0xBFFE));
    let after = run(&mut core, &[0xF1], Registers { sp: 0xBFFE, ..filled() }); // POP AF
    assert_eq!((after.af, after.sp), (0x8000, 0xC000));
    let after = run(&mut core, &[0xEB], filled()); // EX DE,HL
    assert_eq!((after.de, after.hl), (0x8000, 0x789A));
    let swapped = run(&mut core, &[0xD9], filled()); // EXX
    let back = run(&mut core, &[0xD9], swapped);
    assert_eq!(Registers { pc: 0, ..back }, filled());
    let swapped = run(&mut core, &[0x08], filled()); // EX AF,AF'
    let back = run(&mut core, &[0x08], swapped);
    assert_eq!((back.af, back.bc), (0x12FF, 0x3456));
}

#[test]
fn block_transfer() {
    let mut core = cpu::core();
    for (code, step) in [(0xA0, 1), (0xA8, -1)] {
        for (bc, more) in [(2, PV), (1, 0), (0, PV)] {
            core.load(0x8000, &[0x42]);
            let after = run(&mut core, &[0xED, code], Registers { de: 0x8800, bc, ..filled() }); // LDI, LDD
            assert_eq!(core.memory().byte(0x8800), 0x42);
            assert_eq!(after.hl, 0x8000u16.wrapping_add_signed(step));
            assert_eq!(after.de, 0x8800u16.wrapping_add_signed(step));
            assert_eq!(after.bc, bc.wrapping_sub(1));
            assert_eq!(after.af as u8 & DOCUMENTED, S | Z | C | more);
        }
    }
}

#[test]
fn block_search() {
    let mut core = cpu::core();
    for a in 0..=255u8 {
        for m in [0x00, 0x0F, 0x10, 0x7F, 0x80, 0xFF] {
            for (bc, more) in [(2, PV), (1, 0)] {
                for f in [0, 0xFF] {
                    core.load(0x8000, &[m]);
                    let registers = Registers { af: u16::from_be_bytes([a, f]), bc, ..filled() };
                    let after = run(&mut core, &[0xED, 0xA1], registers); // CPI
                    let half = flag(H, a & 15 < m & 15);
                    let flags = a.wrapping_sub(m) & S | flag(Z, a == m) | half | more | N | f & C;
                    assert_eq!((after.hl, after.bc), (0x8001, bc - 1));
                    assert_eq!(after.af.to_be_bytes()[1] & DOCUMENTED, flags, "CPI {a:02X} {m:02X}");
                    let after = run(&mut core, &[0xED, 0xA9], registers); // CPD
                    assert_eq!(after.hl, 0x7FFF);
                    assert_eq!(after.af.to_be_bytes()[1] & DOCUMENTED, flags);
                }
            }
        }
    }
}

#[test]
fn repeating_instructions_run_to_their_end() {
    let mut core = cpu::core();
    core.load(0x8000, b"network");
    core.load(CODE, &[0xED, 0xB0]); // LDIR
    core.set_registers(Registers { de: 0x8800, bc: 7, pc: CODE, ..filled() });
    let t: u64 = (0..7).map(|_| core.step().unwrap()).sum();
    assert_eq!(t, 6 * 21 + 16);
    assert_eq!(&core.memory().bytes()[0x8800..0x8807], b"network");
    assert_eq!(core.registers().pc, CODE + 2);

    core.load(CODE, &[0xED, 0xB1]); // CPIR
    core.set_registers(Registers { af: 0x7700, bc: 100, pc: CODE, ..filled() });
    let t: u64 = (0..4).map(|_| core.step().unwrap()).sum();
    assert_eq!(t, 3 * 21 + 16);
    assert_eq!((core.registers().hl, core.registers().bc), (0x8004, 96));
    assert_eq!(core.registers().af as u8 & (Z | PV), Z | PV);
}

/// The upper half of the port address is B before an input is counted, and after an output is.
#[test]
fn block_input_and_output() {
    let mut core = cpu::core();
    let after = run(&mut core, &[0xED, 0xA2], Registers { bc: 0x0310, ..filled() }); // INI
    assert_eq!((core.memory().byte(0x8000), after.bc, after.hl), (3, 0x0210, 0x8001));
    assert_eq!(after.af as u8 & Z, 0);
    core.load(0x8000, &[0x66]);
    let after = run(&mut core, &[0xED, 0xAB], Registers { bc: 0x0110, ..filled() }); // OUTD
    assert_eq!((after.bc, after.hl, after.af as u8 & Z), (0x0010, 0x7FFF, Z));
    assert_eq!(core.ports::<cpu::Echo>().0, [(0x0010, 0x66)]);
}

#[test]
fn single_input_and_output() {
    let mut core = cpu::core();
    for value in 0..=255u8 {
        let registers = Registers { bc: u16::from_be_bytes([value, 0x10]), ..filled() };
        let after = run(&mut core, &[0xED, 0x58], registers); // IN E,(C)
        let flags = value & S | flag(Z, value == 0) | flag(PV, cpu::parity(value)) | C;
        assert_eq!((after.de as u8, after.af as u8 & DOCUMENTED), (value, flags));
        let after = run(&mut core, &[0xED, 0x70], registers); // IN F,(C)
        assert_eq!((after.bc, after.de, after.af as u8 & DOCUMENTED), (registers.bc, registers.de, flags));
    }
    let after = run(&mut core, &[0xDB, 0x33], filled()); // IN A,(33h)
    assert_eq!(after.af, 0x12FF);
    run(&mut core, &[0xD3, 0x33], filled()); // OUT (33h),A
    run(&mut core, &[0xED, 0x51], filled()); // OUT (C),D
    assert_eq!(core.ports::<cpu::Echo>().0, [(0x1233, 0x12), (0x3456, 0x78)]);
}

#[test]
fn the_interrupt_register_and_flip_flop() {
    let mut core = cpu::core();
    for i in 0..=255u8 {
        for (switch, enabled) in [(0xFB, PV), (0xF3, 0)] {
            run(&mut core, &[0xED, 0x47], Registers { af: u16::from_be_bytes([i, 0]), ..filled() }); // LD I,A
            let before = run(&mut core, &[switch], filled()); // EI, DI
            assert_eq!(core.interrupts_enabled(), enabled != 0);
            let after = run(&mut core, &[0xED, 0x57], before); // LD A,I
            assert_eq!((after.af >> 8) as u8, i);
            assert_eq!(after.af as u8 & DOCUMENTED, i & S | flag(Z, i == 0) | enabled | C);
        }
    }
}

/// R counts opcode fetches in its lower seven bits: one an instruction, two with a prefix.
#[test]
fn the_refresh_register_counts_fetches() {
    let mut core = cpu::core();
    run(&mut core, &[0xED, 0x4F], Registers { af: 0xFE00, ..filled() }); // LD R,A
    run(&mut core, &[0x00], filled()); // NOP: 1
    run(&mut core, &[0xCB, 0x00], filled()); // RLC B: 2
    run(&mut core, &[0xDD, 0xCB, 0x00, 0x06], filled()); // RLC (IX+0): 2
    run(&mut core, &[0xFD, 0x23], filled()); // INC IY: 2
    let after = run(&mut core, &[0xED, 0x5F], filled()); // LD A,R: 2 before it is read
    assert_eq!((after.af >> 8) as u8, 0x80 | (0x7E + 9) & 0x7F);
    assert_eq!(after.af as u8 & (S | Z | H | N | C), S | C);
}
