//! Arithmetic and logic against their definitions, for all operands where there are not too many: the
//! documented results and flags S, Z, H, P/V, N and C.

mod cpu;

use cpu::{C, DOCUMENTED, H, N, PV, S, Z, check, flag, parity, run};
use mlc_runtime_z80::Registers;

fn sz(value: u8) -> u8 {
    (value & 0x80) | flag(Z, value == 0)
}

/// S, Z, H, V, N, C of `a + b + carry` or `a - b - carry`, by the definition of each flag.
fn sum(a: u8, b: u8, carry: bool, subtract: bool) -> (u8, u8) {
    let c = i32::from(carry);
    let op = |a: i32, b: i32| if subtract { a - b - c } else { a + b + c };
    let unsigned = op(i32::from(a), i32::from(b));
    let nibbles = op(i32::from(a & 15), i32::from(b & 15));
    let signed = op(i32::from(a as i8), i32::from(b as i8));
    let result = unsigned as u8;
    let flags = sz(result)
        | flag(H, !(0..16).contains(&nibbles))
        | flag(PV, !(-128..128).contains(&signed))
        | flag(N, subtract)
        | flag(C, !(0..256).contains(&unsigned));
    (result, flags)
}

fn logic(result: u8, half: bool) -> (u8, u8) {
    (result, sz(result) | flag(H, half) | flag(PV, parity(result)))
}

#[test]
fn eight_bit_operations_on_a() {
    let mut core = cpu::core();
    for op in 0..8u8 {
        for a in 0..=255 {
            for b in 0..=255 {
                for carry in [false, true] {
                    let (result, flags) = match op {
                        0 => sum(a, b, false, false),
                        1 => sum(a, b, carry, false),
                        2 => sum(a, b, false, true),
                        3 => sum(a, b, carry, true),
                        4 => logic(a & b, true),
                        5 => logic(a ^ b, false),
                        6 => logic(a | b, false),
                        _ => (a, sum(a, b, false, true).1),
                    };
                    let af = u16::from_be_bytes([a, if carry { 0xFF } else { 0xFF ^ C }]);
                    let registers = Registers { af, bc: u16::from(b), ..Registers::default() };
                    let after = run(&mut core, &[0x81 | op << 3], registers); // op A,C
                    check(after.af, result, flags, || format!("op {op}: {a:02X} {b:02X} {carry}"));
                }
            }
        }
    }
}

#[test]
fn inc_and_dec() {
    let mut core = cpu::core();
    for a in 0..=255u8 {
        for f in [0x00, 0xFF] {
            let af = u16::from_be_bytes([a, f]);
            let registers = Registers { af, ..Registers::default() };
            let (result, flags) = sum(a, 1, false, false);
            let after = run(&mut core, &[0x3C], registers); // INC A
            check(after.af, result, flags & !C | f & C, || format!("INC {a:02X}"));
            let (result, flags) = sum(a, 1, false, true);
            let after = run(&mut core, &[0x3D], registers); // DEC A
            check(after.af, result, flags & !C | f & C, || format!("DEC {a:02X}"));
        }
    }
}

#[test]
fn neg_cpl_scf_ccf() {
    let mut core = cpu::core();
    for a in 0..=255u8 {
        for f in [0x00, 0xFF] {
            let registers = Registers { af: u16::from_be_bytes([a, f]), ..Registers::default() };
            let (result, flags) = sum(0, a, false, true);
            check(run(&mut core, &[0xED, 0x44], registers).af, result, flags, || format!("NEG {a:02X}"));
            let kept = f & (S | Z | PV);
            check(run(&mut core, &[0x2F], registers).af, !a, f & !(H | N) | H | N, || format!("CPL {a:02X}"));
            check(run(&mut core, &[0x37], registers).af, a, kept | C, || "SCF".into());
            let flags = kept | flag(H, f & C != 0) | flag(C, f & C == 0);
            check(run(&mut core, &[0x3F], registers).af, a, flags, || "CCF".into());
        }
    }
}

/// After an addition or subtraction of two decimal numbers, DAA gives their decimal sum or difference.
#[test]
fn daa_makes_decimal_sums() {
    let mut core = cpu::core();
    let bcd = |value: u8| value / 10 * 16 + value % 10;
    for x in 0..100u8 {
        for y in 0..100u8 {
            for subtract in [false, true] {
                let (binary, f) = sum(bcd(x), bcd(y), false, subtract);
                let af = u16::from_be_bytes([binary, f]);
                let after = run(&mut core, &[0x27], Registers { af, ..Registers::default() }).af;
                let decimal = if subtract { i16::from(x) - i16::from(y) } else { i16::from(x + y) };
                let result = bcd(decimal.rem_euclid(100) as u8);
                let [a, got] = after.to_be_bytes();
                let carry = flag(C, !(0..100).contains(&decimal));
                let flags = sz(result) | flag(PV, parity(result)) | flag(N, subtract) | carry;
                assert_eq!((a, got & DOCUMENTED & !H), (result, flags), "{x} {y} {subtract}");
            }
        }
    }
}

/// The table of UM0080 under DAA: N, C before, upper digit, H before, lower digit; what is added; C after.
#[test]
fn daa_follows_the_manuals_table() {
    type Row = (bool, bool, (u8, u8), bool, (u8, u8), u8, bool);
    const TABLE: [Row; 13] = [
        (false, false, (0, 9), false, (0, 9), 0x00, false),
        (false, false, (0, 8), false, (10, 15), 0x06, false),
        (false, false, (0, 9), true, (0, 3), 0x06, false),
        (false, false, (10, 15), false, (0, 9), 0x60, true),
        (false, false, (9, 15), false, (10, 15), 0x66, true),
        (false, false, (10, 15), true, (0, 3), 0x66, true),
        (false, true, (0, 2), false, (0, 9), 0x60, true),
        (false, true, (0, 2), false, (10, 15), 0x66, true),
        (false, true, (0, 3), true, (0, 3), 0x66, true),
        (true, false, (0, 9), false, (0, 9), 0x00, false),
        (true, false, (0, 8), true, (6, 15), 0xFA, false),
        (true, true, (7, 15), false, (0, 9), 0xA0, true),
        (true, true, (6, 7), true, (6, 15), 0x9A, true),
    ];
    let mut core = cpu::core();
    for (n, c, upper, h, lower, added, carry) in TABLE {
        for u in upper.0..=upper.1 {
            for l in lower.0..=lower.1 {
                let (a, f) = (u << 4 | l, flag(N, n) | flag(C, c) | flag(H, h));
                let registers = Registers { af: u16::from_be_bytes([a, f]), ..Registers::default() };
                let [result, flags] = run(&mut core, &[0x27], registers).af.to_be_bytes();
                assert_eq!((result, flags & C), (a.wrapping_add(added), flag(C, carry)), "{a:02X} {f:02X}");
            }
        }
    }
}

fn shifted(op: u8, v: u8, carry: bool) -> (u8, bool) {
    let c = u8::from(carry);
    match op {
        0 => (v.rotate_left(1), v & 0x80 != 0),
        1 => (v.rotate_right(1), v & 1 != 0),
        2 => (v << 1 | c, v & 0x80 != 0),
        3 => (v >> 1 | c << 7, v & 1 != 0),
        4 => (v << 1, v & 0x80 != 0),
        5 => ((v as i8 >> 1) as u8, v & 1 != 0),
        6 => (v << 1 | 1, v & 0x80 != 0),
        _ => (v >> 1, v & 1 != 0),
    }
}

#[test]
fn rotates_and_shifts() {
    let mut core = cpu::core();
    for op in 0..8u8 {
        for v in 0..=255u8 {
            for f in [0x00, 0xFF] {
                let (result, carry) = shifted(op, v, f & C != 0);
                let flags = sz(result) | flag(PV, parity(result)) | flag(C, carry);
                let registers = Registers {
                    af: u16::from_be_bytes([v, f]),
                    hl: 0x8000,
                    ix: 0x8010,
                    ..Registers::default()
                };
                let after = run(&mut core, &[0xCB, op << 3 | 7], registers);
                check(after.af, result, flags, || format!("shift {op} A = {v:02X}"));
                core.load(0x8000, &[v]);
                let after = run(&mut core, &[0xCB, op << 3 | 6], registers);
                assert_eq!((core.memory().byte(0x8000), after.af as u8 & DOCUMENTED), (result, flags));
                // The form with (IX-16), and its undocumented copies to each register.
                for register in 0..8u8 {
                    core.load(0x8000, &[v]);
                    let after = run(&mut core, &[0xDD, 0xCB, 0xF0, op << 3 | register], registers);
                    assert_eq!((core.memory().byte(0x8000), after.af as u8 & DOCUMENTED), (result, flags));
                    assert_eq!(after.ix, 0x8010);
                    let copy = match register {
                        4 => after.hl >> 8,
                        5 => after.hl & 0xFF,
                        7 => after.af >> 8,
                        _ => continue,
                    };
                    assert_eq!(copy as u8, result, "DD CB {op} with register {register}");
                }
                if op < 4 {
                    let after = run(&mut core, &[op << 3 | 7], registers); // RLCA, RRCA, RLA, RRA
                    check(after.af, result, f & (S | Z | PV) | flag(C, carry), || {
                        format!("accumulator {op}")
                    });
                }
            }
        }
    }
}

#[test]
fn bit_set_res() {
    let mut core = cpu::core();
    for bit in 0..8u8 {
        for v in 0..=255u8 {
            let mask = 1 << bit;
            let registers = Registers { af: 0x00FF, bc: u16::from(v), iy: 0x7FFF, ..Registers::default() };
            // S and P/V are "unknown" in the manual.
            let after = run(&mut core, &[0xCB, 0x41 | bit << 3], registers); // BIT b,C
            assert_eq!(after.af as u8 & (Z | H | N | C), flag(Z, v & mask == 0) | H | C);
            assert_eq!(after.bc, registers.bc);
            for register in 0..8u8 {
                core.load(0x8000, &[v]);
                let after = run(&mut core, &[0xFD, 0xCB, 0x01, 0x40 | bit << 3 | register], registers);
                assert_eq!(after.af as u8 & (Z | H | N | C), flag(Z, v & mask == 0) | H | C);
            }
            let after = run(&mut core, &[0xCB, 0xC1 | bit << 3], registers); // SET b,C
            assert_eq!((after.bc as u8, after.af), (v | mask, registers.af));
            let after = run(&mut core, &[0xCB, 0x81 | bit << 3], registers); // RES b,C
            assert_eq!((after.bc as u8, after.af), (v & !mask, registers.af));
            core.load(0x8000, &[v]);
            let after = run(&mut core, &[0xFD, 0xCB, 0x01, 0xC4 | bit << 3], registers); // SET b,(IY+1),H
            assert_eq!(
                (core.memory().byte(0x8000), (after.hl >> 8) as u8, after.iy),
                (v | mask, v | mask, 0x7FFF)
            );
        }
    }
}

#[test]
fn digit_rotations() {
    let mut core = cpu::core();
    for a in 0..=255u8 {
        for m in 0..=255u8 {
            let registers =
                Registers { af: u16::from_be_bytes([a, 0xFF]), hl: 0x8000, ..Registers::default() };
            core.load(0x8000, &[m]);
            let after = run(&mut core, &[0xED, 0x6F], registers); // RLD
            let result = a & 0xF0 | m >> 4;
            assert_eq!(core.memory().byte(0x8000), m << 4 | a & 15);
            check(after.af, result, sz(result) | flag(PV, parity(result)) | C, || {
                format!("RLD {a:02X} {m:02X}")
            });
            core.load(0x8000, &[m]);
            let after = run(&mut core, &[0xED, 0x67], registers); // RRD
            let result = a & 0xF0 | m & 15;
            assert_eq!(core.memory().byte(0x8000), a << 4 | m >> 4);
            check(after.af, result, sz(result) | flag(PV, parity(result)) | C, || {
                format!("RRD {a:02X} {m:02X}")
            });
        }
    }
}

#[test]
fn sixteen_bit_arithmetic() {
    let mut core = cpu::core();
    let corners = [0, 1, 0x0FFF, 0x1000, 0x7FFF, 0x8000, 0x8001, 0xF000, 0xFFFE, 0xFFFF];
    let spread = (0..200u32).map(|i| (i * 40_503 + 7) as u16);
    let values: Vec<u16> = corners.into_iter().chain(spread).collect();
    for &x in &values {
        for &y in &values {
            for f in [0x00, 0xFF] {
                let registers = Registers { af: f, de: y, hl: x, ix: x, ..Registers::default() };
                let f = f as u8;
                let c = i32::from(f & C);
                let half = flag(H, (x & 0xFFF) + (y & 0xFFF) > 0xFFF);
                let carry = flag(C, x.checked_add(y).is_none());
                let after = run(&mut core, &[0x19], registers); // ADD HL,DE
                assert_eq!(after.hl, x.wrapping_add(y));
                assert_eq!(
                    after.af as u8 & DOCUMENTED,
                    f & (S | Z | PV) | half | carry,
                    "ADD {x:04X},{y:04X}"
                );
                let indexed = run(&mut core, &[0xDD, 0x19], registers); // ADD IX,DE
                assert_eq!((indexed.ix, indexed.hl, indexed.af & 0xD7), (after.hl, x, after.af & 0xD7));
                for (code, subtract) in [([0xED, 0x5A], false), ([0xED, 0x52], true)] {
                    // ADC HL,DE / SBC HL,DE
                    let op = |a: i32, b: i32| if subtract { a - b - c } else { a + b + c };
                    let unsigned = op(i32::from(x), i32::from(y));
                    let nibbles = op(i32::from(x & 0xFFF), i32::from(y & 0xFFF));
                    let signed = op(i32::from(x as i16), i32::from(y as i16));
                    let result = unsigned as u16;
                    let flags = (result >> 8) as u8 & S
                        | flag(Z, result == 0)
                        | flag(H, !(0..0x1000).contains(&nibbles))
                        | flag(PV, !(-0x8000..0x8000).contains(&signed))
                        | flag(N, subtract)
                        | flag(C, !(0..0x1_0000).contains(&unsigned));
                    let after = run(&mut core, &code, registers);
                    assert_eq!(
                        (after.hl, after.af as u8 & DOCUMENTED),
                        (result, flags),
                        "{code:02X?} {x:04X} {y:04X}"
                    );
                }
            }
        }
    }
}
