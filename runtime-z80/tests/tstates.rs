//! Every instruction form takes the T-states of the Z80 manual, as written down in z80-tstates.txt.

use std::collections::BTreeMap;

use mlc_runtime_z80::{Core, FaultKind, FloatingBus, Host, NoObserver, Observer, Registers, State, Z80};

const CODE: u16 = 0x4000;
const DATA: u16 = 0x8000;

/// A form with the bits filled in.
struct Case {
    /// Prefixes, displacement and opcode, operands.
    code: Vec<u8>,
    /// Index of the opcode in `code`.
    opcode_at: usize,
    /// As the branch or repetition happens, and as it does not.
    taken: u64,
    not_taken: u64,
    form: String,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for line in include_str!("z80-tstates.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let [code, t, form] = line.splitn(3, ';').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("three fields expected: {line}")
        };
        let (taken, not_taken) = t.split_once('/').unwrap_or((t, t));
        let (taken, not_taken) = (taken.parse().unwrap(), not_taken.parse().unwrap());
        let prefixes: &[u8] = if code.starts_with("DD") { &[0xDD, 0xFD] } else { &[0] };
        for &index in prefixes {
            let tokens: Vec<&str> = code.split(' ').collect();
            let opcode_at = tokens.iter().position(|token| token.len() == 8).unwrap();
            for opcode in opcodes(tokens[opcode_at]) {
                let code = tokens.iter().map(|&token| match token {
                    "DD" => index,
                    "CB" => 0xCB,
                    "ED" => 0xED,
                    "n" | "d" | "e" => 0x20,
                    _ => opcode,
                });
                cases.push(Case {
                    code: code.collect(),
                    opcode_at,
                    taken,
                    not_taken,
                    form: format!("{form} [{}]", tokens.join(" ")),
                });
            }
        }
    }
    cases
}

/// All bytes that match the pattern.
fn opcodes(pattern: &str) -> Vec<u8> {
    let field = |byte: u8, letter: char| {
        pattern
            .chars()
            .zip((0..8).rev())
            .filter(|&(c, _)| c == letter)
            .fold(0, |v, (_, bit)| v << 1 | byte >> bit & 1)
    };
    (0..=255u8)
        .filter(|&byte| {
            let fixed = pattern.chars().zip((0..8).rev()).all(|(c, bit)| match c {
                '0' => byte >> bit & 1 == 0,
                '1' => byte >> bit & 1 == 1,
                _ => true,
            });
            fixed
                && (!pattern.contains('r') || field(byte, 'r') != 6)
                && (!pattern.contains('s') || field(byte, 's') != 6)
        })
        .collect()
}

fn machine() -> Core {
    Core::new(FloatingBus, 1)
}

/// Registers that let the conditional or repeating instruction branch, or not.
fn registers(case: &Case, branch: bool) -> Registers {
    let opcode = case.code[case.opcode_at];
    let mut registers = Registers {
        af: 0x5500,
        bc: 0x0303,
        de: 0x9000,
        hl: DATA,
        ix: 0xA000,
        iy: 0xB000,
        sp: 0xC000,
        pc: CODE,
    };
    let flag = |condition: u8| {
        let mask: u16 = [0x40, 0x01, 0x04, 0x80][usize::from(condition >> 1)];
        // Even conditions hold when the flag is clear; all other flags are the opposite, to catch a wrong bit.
        if (condition & 1 == 1) == branch { mask } else { 0xFF ^ mask }
    };
    match (case.code[0], opcode) {
        (0xED, 0xB0 | 0xB8 | 0xB1 | 0xB9) => registers.bc = if branch { 0x0100 } else { 0x0001 },
        (0xED, 0xB2 | 0xB3 | 0xBA | 0xBB) => registers.bc = if branch { 0x0001 } else { 0x0100 },
        (0xED | 0xCB, _) => {}
        (_, 0x10) => registers.bc = if branch { 0x0001 } else { 0x0100 },
        (_, 0x20 | 0x28 | 0x30 | 0x38) => registers.af |= flag(opcode >> 3 & 3),
        (_, 0xC0..) if matches!(opcode & 7, 0 | 2 | 4) => registers.af |= flag(opcode >> 3 & 7),
        _ => {}
    }
    registers
}

#[test]
fn every_form_takes_the_manuals_t_states() {
    let mut core = machine();
    let mut wrong = Vec::new();
    for case in cases() {
        for branch in [true, false] {
            core.load(CODE, &case.code);
            core.load(DATA, &[0x12, 0x34]);
            core.set_registers(registers(&case, branch));
            let expected = if branch { case.taken } else { case.not_taken };
            if case.code == [0x76] {
                // HALT cannot be stepped over; it has its own test below.
                continue;
            }
            match core.step() {
                Ok(t) if t == expected => {}
                result => {
                    wrong.push(format!("{}: {:02X?}: {expected} expected, {result:?}", case.form, case.code))
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The data lists every opcode once; what it leaves out is undefined or a prefix without effect.
#[test]
fn the_table_is_complete() {
    let mut seen: BTreeMap<(Vec<u8>, u8), u32> = BTreeMap::new();
    for case in cases() {
        let prefix = case.code[..case.opcode_at].iter().copied().filter(|&b| b != 0x20).collect();
        *seen.entry((prefix, case.code[case.opcode_at])).or_default() += 1;
    }
    // DD 64 and its like appear under "LD IXH,s" only; nothing appears twice.
    for ((prefix, opcode), times) in &seen {
        assert_eq!(*times, 1, "{prefix:02X?} {opcode:02X} is there {times} times");
    }
    let has = |prefix: &[u8], opcode: u8| seen.contains_key(&(prefix.to_vec(), opcode));
    for opcode in 0..=255 {
        assert_eq!(has(&[], opcode), !matches!(opcode, 0xCB | 0xDD | 0xED | 0xFD), "{opcode:02X}");
        for prefix in [&[0xCB][..], &[0xDD, 0xCB], &[0xFD, 0xCB]] {
            assert!(has(prefix, opcode), "{prefix:02X?} {opcode:02X}");
        }
    }
}

#[test]
fn opcodes_after_ed_that_are_not_in_the_table_are_faults() {
    let defined: Vec<u8> =
        cases().iter().filter(|case| case.code[0] == 0xED).map(|case| case.code[1]).collect();
    let mut core = machine();
    let mut undefined = 0;
    for opcode in (0..=255u8).filter(|opcode| !defined.contains(opcode)) {
        core.load(CODE, &[0xED, opcode, 0, 0]);
        core.set_registers(Registers { pc: CODE, sp: 0xC000, ..Registers::default() });
        let fault = core.step().unwrap_err();
        assert_eq!(fault.kind, FaultKind::UndefinedOpcode { bytes: [0xED, opcode] });
        undefined += 1;
    }
    // 62 in the quarter 40h–7Fh and 16 block instructions are defined.
    assert_eq!(undefined, 256 - 62 - 16);
}

/// A prefix before an instruction that has no use for it is a NOP: 4 T-states.
#[test]
fn prefixes_without_effect_cost_four() {
    let listed: Vec<Vec<u8>> = cases().iter().map(|case| case.code[..case.opcode_at + 1].to_vec()).collect();
    let mut core = machine();
    let mut tried = 0;
    for case in cases().iter().filter(|case| case.opcode_at == 0 && case.code != [0x76]) {
        for prefix in [0xDD, 0xFD] {
            if listed.contains(&vec![prefix, case.code[0]]) {
                continue;
            }
            for branch in [true, false] {
                let code: Vec<u8> = [&[prefix], case.code.as_slice()].concat();
                core.load(CODE, &code);
                core.set_registers(registers(case, branch));
                let expected = 4 + if branch { case.taken } else { case.not_taken };
                assert_eq!(core.step(), Ok(expected), "{code:02X?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 400, "{tried}");
}

/// DD DD, DD FD, DD ED: the first prefix is 4 T-states of its own and changes nothing.
#[test]
fn of_several_prefixes_the_last_one_counts() {
    let mut core = machine();
    #[rustfmt::skip]
    core.load(CODE, &[
        0xDD, 0xFD, 0xDD, 0x21, 0x34, 0x12, // LD IX,1234h behind two more prefixes
        0xFD, 0xED, 0x44,                   // NEG behind a prefix
    ]);
    core.set_registers(Registers { af: 0x0100, iy: 0x7777, pc: CODE, ..Registers::default() });
    let t: Vec<u64> = (0..5).map(|_| core.step().unwrap()).collect();
    assert_eq!(t, [4, 4, 14, 4, 8]);
    let registers = core.registers();
    assert_eq!((registers.ix, registers.iy, registers.af >> 8), (0x1234, 0x7777, 0xFF));
}

/// A branch to the next instruction is taken all the same.
#[test]
fn a_branch_to_the_next_instruction_counts_as_taken() {
    let mut core = machine();
    let taken: [(&[u8], u64); 4] = [
        (&[0x28, 0x00], 12),       // JR Z,$+2
        (&[0x10, 0x00], 13),       // DJNZ $+2
        (&[0xCA, 0x03, 0x40], 10), // JP Z,4003h
        (&[0xCC, 0x03, 0x40], 17), // CALL Z,4003h
    ];
    for (code, t) in taken {
        core.load(CODE, code);
        core.set_registers(Registers {
            af: 0x0040,
            bc: 0x0200,
            sp: 0xC000,
            pc: CODE,
            ..Registers::default()
        });
        assert_eq!(core.step(), Ok(t), "{code:02X?}");
    }
}

struct NoHost;

impl Host for NoHost {
    fn trap(&mut self, _: &mut Core, _: &mut dyn Observer<Z80>) -> Result<(), mlc_runtime_z80::End> {
        unreachable!("no trap is set")
    }
}

/// HALT takes 4 T-states, NOPs of 4 follow until the request, and the acceptance takes 13.
#[test]
fn halt_waits_in_steps_of_four() {
    let mut core = machine();
    core.load(0x0038, &[0x18, 0x02, 0, 0, 0x00, 0x18, 0xFD]); // JR $+4 … NOP / JR to the NOP
    core.load(CODE, &[0x76]); // HALT
    core.set_registers(Registers { sp: 0xC000, pc: CODE, ..Registers::default() });
    core.set_clock(1001);
    assert_eq!(core.run(&mut NoHost, &mut NoObserver, 1), State::Running);
    assert_eq!(core.t_states(), 1004);
    assert_eq!(core.run(&mut NoHost, &mut NoObserver, 1), State::Running);
    // Acceptance, and the JR at 0038h, which the same slice runs since the acceptance comes before it.
    assert_eq!(core.t_states(), 1004 + 13 + 12);
    assert_eq!(core.memory().word(0xBFFE), CODE + 1);
}
