//! The processor of the pages beside the machine here: every instruction, with its T-states, its registers and what it
//! writes. Both were written by others, and mlc's machine takes no T-states from the one that it uses.

use super::ROOT;
use super::browser::packages;
use mlc_runtime_z80::{Core, End, FloatingBus, Host, NoObserver, Observer, Registers, State, Z80};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const CODE: u16 = 0x8000;
/// S, Z, H, P, N and C: the other two are documented nowhere.
const FLAGS: u16 = 0xFFD7;
/// How often each instruction is tried.
const TIMES: u32 = 2;

/// Nothing is trapped.
struct Nobody;

impl Host for Nobody {
    fn trap(&mut self, _: &mut Core, _: &mut dyn Observer<Z80>) -> Result<(), End> {
        unreachable!("nothing is trapped")
    }
}

/// Deterministic numbers: a linear congruential generator.
struct Numbers(u32);

impl Numbers {
    fn word(&mut self) -> u16 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) as u16
    }
}

/// The bytes of every instruction, operands left at 0.
fn instructions() -> Vec<Vec<u8>> {
    let prefixes: [&[u8]; 7] = [&[], &[0xCB], &[0xED], &[0xDD], &[0xFD], &[0xDD, 0xCB, 0], &[0xFD, 0xCB, 0]];
    let behind = |prefix: &[u8], op: u8| {
        let mut code = prefix.to_vec();
        code.push(op);
        code
    };
    prefixes.iter().flat_map(|prefix| (0..=255).map(move |op| behind(prefix, op))).collect()
}

/// Whether an instruction is one that the manual does not have: the processor of the pages need not have it, either.
fn is_undocumented(code: &[u8]) -> bool {
    let uses_hl = |op: u8| match op {
        0x09 | 0x19 | 0x29 | 0x39 | 0x21..=0x23 | 0x2A | 0x2B | 0x34..=0x36 => true,
        0x40..=0xBF => op & 7 == 6 || (0x70..=0x77).contains(&op),
        0xE1 | 0xE3 | 0xE5 | 0xE9 | 0xF9 => true,
        _ => false,
    };
    match *code {
        [0xCB, op, ..] => (0x30..=0x37).contains(&op),
        [0xDD | 0xFD, 0xCB, _, op, ..] => op & 7 != 6 || (0x30..=0x37).contains(&op),
        [0xDD | 0xFD, op, ..] => !uses_hl(op),
        [0xED, op, ..] => {
            matches!(op, 0x40..=0x7F if op & 7 >= 4 && !matches!(op, 0x44..=0x47 | 0x4D | 0x4F | 0x56 | 0x57 | 0x5E | 0x5F | 0x67 | 0x6F))
                || matches!(op, 0x63 | 0x6B | 0x70 | 0x71)
        }
        _ => false,
    }
}

/// What the machine here makes of a case; `None` where it refuses the instruction, or where it is not one of its own.
fn here(code: &[u8], registers: Registers, seed: u8) -> Option<Value> {
    match code {
        // A prefix that belongs to no instruction. Instructions with CB behind it have four bytes of their own.
        [0xDD | 0xFD, 0xDD | 0xED | 0xFD, ..] => return None,
        // Here HALT is the machine's own, there the page's.
        [0x76, ..] | [0xDD | 0xFD, 0x76, ..] => return None,
        // The refresh register counts from elsewhere; the flags of IN F,(C), which no manual has, are not the same.
        [0xED, 0x57 | 0x5F | 0x70, ..] => return None,
        _ => {}
    }
    let mut core = Core::new(FloatingBus, 1);
    let memory: Vec<u8> =
        (0..0x1_0000u32).map(|at| (at * 7 + (at >> 8) * 13 + u32::from(seed)) as u8).collect();
    core.load(0, &memory);
    core.load(CODE, code);
    let mut before = memory;
    before[usize::from(CODE)..][..code.len()].copy_from_slice(code);
    core.set_registers(registers);
    core.set_alternate_registers(Registers::default());
    match core.run(&mut Nobody, &mut NoObserver, 1) {
        State::Running => {}
        State::Ended(_) => return None,
    }
    let changed: Vec<_> = (0..=0xFFFFu16)
        .map(|at| (at, core.memory().byte(at)))
        .filter(|(at, byte)| before[usize::from(*at)] != *byte)
        .collect();
    Some(json!([core.t_states(), list(core.registers()), changed]))
}

fn list(r: Registers) -> [u16; 8] {
    [r.af, r.bc, r.de, r.hl, r.ix, r.iy, r.sp, r.pc]
}

#[test]
fn every_instruction_does_the_same_in_the_same_time() {
    let Some(modules) = packages() else { return };
    let mut numbers = Numbers(1);
    let (mut cases, mut wants) = (Vec::new(), Vec::new());
    for mut code in instructions() {
        let displacement = (code.len() == 4).then_some(2);
        code.extend([0, 0, 0]);
        for _ in 0..TIMES {
            let from = displacement.unwrap_or(code.len() - 3);
            for at in (from..code.len()).filter(|&at| displacement.is_none() || at != 3) {
                code[at] = numbers.word() as u8;
            }
            let mut word = || numbers.word();
            let registers = Registers {
                af: word(),
                bc: word(),
                de: word(),
                hl: word(),
                ix: word(),
                iy: word(),
                sp: word(),
                pc: CODE,
            };
            let seed = numbers.word() as u8;
            if let Some(want) = here(&code, registers, seed) {
                cases.push(json!({ "code": code, "registers": list(registers), "seed": seed }));
                wants.push(want);
            }
        }
    }
    assert!(cases.len() > 3000, "{} cases", cases.len());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.json");
    std::fs::write(&file, Value::from(cases.clone()).to_string()).unwrap();
    let root = Path::new(ROOT);
    let ran = Command::new("node")
        .arg(root.join("tests/page/processor.mjs"))
        .args([&modules, &root.join("page"), &file])
        .output()
        .expect("node is installed");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let found = String::from_utf8(ran.stdout).unwrap();
    let masked = |value: &Value| {
        let mut value = value.clone();
        if let Some(af) = value[1][0].as_u64() {
            value[1][0] = (af & u64::from(FLAGS)).into();
        }
        value
    };
    let mut wrong = Vec::new();
    for ((line, want), case) in found.lines().zip(&wants).zip(&cases) {
        let found: Value = serde_json::from_str(line).unwrap();
        let code: Vec<u8> = serde_json::from_value(case["code"].clone()).unwrap();
        if found.is_null() && is_undocumented(&code) {
            continue;
        }
        if masked(&found) != masked(want) {
            wrong.push(format!("{case}: here {want}, on the page {found}"));
        }
    }
    assert_eq!(found.lines().count(), wants.len());
    assert!(
        wrong.is_empty(),
        "{} of {}: {}",
        wrong.len(),
        wants.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}
