//! Every instruction format with every register and every value of each field against GNU as, and every combination of
//! mnemonic and operands against what GNU as takes.

use mlc_compiler::asm::{AvrCore, Isa, assemble};

use crate::judges;

const TWO: &[&str] = &["add", "adc", "sub", "sbc", "and", "or", "eor", "cp", "cpc", "cpse", "mov", "mul"];
const ONE: &[&str] =
    &["lsl", "rol", "tst", "clr", "com", "neg", "swap", "inc", "dec", "asr", "lsr", "ror", "push", "pop"];
const IMMEDIATE: &[&str] = &["subi", "sbci", "andi", "ori", "sbr", "cpi", "ldi"];
const BRANCH: &[&str] = &[
    "brcs", "brlo", "breq", "brmi", "brvs", "brlt", "brhs", "brts", "brie", "brcc", "brsh", "brne", "brpl",
    "brvc", "brge", "brhc", "brtc", "brid",
];
const PLAIN: &[&str] = &[
    "ijmp", "eijmp", "icall", "eicall", "ret", "reti", "lpm", "elpm", "spm", "nop", "sleep", "wdr", "break",
    "sec", "sez", "sen", "sev", "ses", "seh", "set", "sei", "clc", "clz", "cln", "clv", "cls", "clh", "clt",
    "cli",
];

/// Every instruction format, with all values of its fields where they are few.
fn formats() -> Vec<String> {
    let mut all: Vec<String> = PLAIN.iter().map(|name| (*name).to_owned()).collect();
    two_registers(&mut all);
    (0..32).for_each(|d| one_register(d, &mut all));
    immediates(&mut all);
    jumps(&mut all);
    for s in 0..8 {
        all.extend([format!("bset {s}"), format!("bclr {s}")]);
    }
    all
}

fn two_registers(all: &mut Vec<String>) {
    for (d, r) in (0..32).flat_map(|d| (0..32).map(move |r| (d, r))) {
        all.extend(TWO.iter().map(|name| format!("{name} r{d},r{r}")));
        if d % 2 == 0 && r % 2 == 0 {
            all.push(format!("movw r{d},r{r}"));
        }
        if d >= 16 && r >= 16 {
            all.push(format!("muls r{d},r{r}"));
        }
        if (16..24).contains(&d) && (16..24).contains(&r) {
            all.extend(["mulsu", "fmul", "fmuls", "fmulsu"].map(|name| format!("{name} r{d},r{r}")));
        }
    }
}

/// All that takes the register `d` and a bit, a port, an address or a pointer, or a bit and a port of that number.
fn one_register(d: i32, all: &mut Vec<String>) {
    all.extend(ONE.iter().map(|name| format!("{name} r{d}")));
    for b in 0..8 {
        all.extend(["sbrc", "sbrs", "bst", "bld"].map(|name| format!("{name} r{d},{b}")));
        all.extend(["sbi", "cbi", "sbic", "sbis"].map(|name| format!("{name} {d},{b}")));
    }
    for a in 0..64 {
        all.extend([format!("in r{d},{a}"), format!("out {a},r{d}")]);
        for p in ["Y", "Z"] {
            all.extend([format!("ldd r{d},{p}+{a}"), format!("std {p}+{a},r{d}")]);
        }
    }
    for (pointer, low) in [("X", 26), ("Y", 28), ("Z", 30)] {
        all.extend([format!("ld r{d},{pointer}"), format!("st {pointer},r{d}")]);
        if d & !1 != low {
            for moved in [format!("{pointer}+"), format!("-{pointer}")] {
                all.extend([format!("ld r{d},{moved}"), format!("st {moved},r{d}")]);
            }
        }
    }
    for name in ["lpm", "elpm"] {
        all.push(format!("{name} r{d},Z"));
        if d < 30 {
            all.push(format!("{name} r{d},Z+"));
        }
    }
    for a in [0, 0x60, 0x100, 0x8FF, 0xFFFF, 0x80_0000, 0x80_ABCD] {
        all.extend([format!("lds r{d},{a:#x}"), format!("sts {a:#x},r{d}")]);
    }
}

fn immediates(all: &mut Vec<String>) {
    for d in 16..32 {
        all.push(format!("ser r{d}"));
        for k in -128..256 {
            all.extend(IMMEDIATE.iter().map(|name| format!("{name} r{d},{k}")));
        }
        all.extend((0..256).map(|k| format!("cbr r{d},{k}")));
    }
    for k in 0..64 {
        for d in ["r24", "r26", "r28", "r30", "xl", "YL", "zl"] {
            all.extend([format!("adiw {d},{k}"), format!("sbiw {d},{k}")]);
        }
    }
}

fn jumps(all: &mut Vec<String>) {
    for offset in (-128..=126).step_by(2) {
        all.extend(BRANCH.iter().map(|name| format!("{name} .{offset:+}")));
        all.extend((0..8).map(|s| format!("brbs {s},.{offset:+}")));
        all.extend((0..8).map(|s| format!("brbc {s},.{offset:+}")));
    }
    for offset in (-4096..=4094).step_by(2) {
        all.extend([format!("rjmp .{offset:+}"), format!("rcall .{offset:+}")]);
    }
    for bit in 0..18 {
        let address = 1u32 << bit & !1;
        all.extend([format!("jmp {address}"), format!("call {}", 0x3FFFE - address)]);
    }
}

#[test]
fn every_format_agrees_with_gnu_as() {
    if !judges::available() {
        return;
    }
    let formats = formats();
    assert!(formats.len() > 60_000, "only {} formats", formats.len());
    // Parts, so that each lies in flash, with room before and behind it for the relative jumps.
    for part in formats.chunks(30_000) {
        let mut text = String::from(" .org 0x1000\n");
        part.iter().for_each(|format| text += &format!(" {format}\n"));
        text += " .skip 0x1000\n";
        let ours = assemble(&text, "t.S", Isa::Avr(AvrCore::Avr6)).unwrap_or_else(|error| panic!("{error}"));
        let theirs = judges::gnu(&text, "avr6", 0x200).unwrap_or_else(|error| panic!("{error}")).flash;
        let mut lines = ours.lines.iter().filter(|line| line.t_states.is_some());
        for format in part {
            let line = lines.next().expect("a line for every format");
            assert_eq!(
                ours.bytes[line.bytes.clone()],
                theirs[line.bytes.clone()],
                "`{format}`: ours, then GNU's"
            );
        }
        assert_eq!(ours.bytes.len(), theirs.len());
    }
}

const MNEMONICS: &[&str] = &[
    "add", "adiw", "andi", "asr", "bclr", "bld", "brbs", "breq", "break", "call", "cbi", "cbr", "clr", "com",
    "cpse", "eicall", "elpm", "fmul", "icall", "in", "inc", "jmp", "ld", "ldd", "ldi", "lds", "lpm", "lsl",
    "mov", "movw", "mul", "muls", "mulsu", "neg", "nop", "out", "pop", "rcall", "ret", "rjmp", "sbi", "sbic",
    "sbiw", "sbr", "sbrs", "sec", "ser", "sleep", "spm", "st", "std", "sts", "swap", "tst",
];

/// The third is the lowest that some formats refuse, and so on.
const OPERANDS: &[&str] = &[
    "r0",
    "r15",
    "r16",
    "r23",
    "r24",
    "r25",
    "r30",
    "xl",
    "X",
    "X+",
    "-X",
    "Y+",
    "-Y",
    "Z",
    "Z+",
    "X+1",
    "Y+1",
    "Z+63",
    "Y+64",
    "0",
    "7",
    "8",
    "63",
    "64",
    "255",
    "256",
    "-1",
    "-129",
    "label",
    "lo8(label)",
    "pm_hi8(label)",
    "label+1",
    "65536",
    "two",
    "big",
];

/// Each mnemonic with no, one and two operands of every kind.
fn combinations() -> Vec<String> {
    let mut all = Vec::new();
    for name in MNEMONICS {
        all.push((*name).to_owned());
        for a in OPERANDS {
            all.push(format!("{name} {a}"));
            OPERANDS.iter().for_each(|b| all.push(format!("{name} {a},{b}")));
        }
    }
    all
}

/// What surrounds a combination: symbols, and a label within reach of a branch.
const HEAD: &str = ".equ two,2\n.equ big,20\nlabel:\n";

#[test]
fn what_we_take_gnu_as_takes_with_the_same_bytes() {
    if !judges::available() {
        return;
    }
    // What jumps to a number must stand near it, and so is left to the formats above.
    let near = |text: &String| {
        let jump = ["br", "rj", "rc"].iter().any(|name| text.starts_with(name) && text != "break");
        !jump || text.contains("label")
    };
    let taken: Vec<(String, Vec<u8>)> = combinations()
        .into_iter()
        .filter(near)
        .filter_map(|text| {
            let ours = assemble(&format!("{HEAD} {text}\n"), "t.S", Isa::Avr(AvrCore::Avr5)).ok()?;
            Some((text, ours.bytes))
        })
        .collect();
    assert!(taken.len() > 1000, "only {}", taken.len());
    // Each at an address of its own: absolute targets and labels must come out alike, so the label is set anew.
    let mut text = String::from(".equ two,2\n.equ big,20\n");
    let mut expected = Vec::new();
    for (at, (insn, bytes)) in taken.iter().enumerate() {
        let insn = insn.replace("label", &format!("label{at}"));
        text += &format!("label{at}:\n {insn}\n");
        expected.push((insn, bytes.len()));
    }
    let theirs = judges::gnu(&text, "avr5", 0x100).unwrap_or_else(|error| panic!("{error}")).flash;
    let ours =
        assemble(&text, "t.S", Isa::Avr(AvrCore::Avr5)).unwrap_or_else(|error| panic!("{error}")).bytes;
    let mut at = 0;
    for (insn, len) in expected {
        assert_eq!(ours[at..at + len], theirs[at..at + len], "`{insn}`: ours, then GNU's");
        at += len;
    }
}

#[test]
fn what_gnu_as_takes_we_take() {
    if !judges::available() {
        return;
    }
    let all = combinations();
    let mut text = String::from(HEAD);
    let first = 1 + HEAD.lines().count();
    all.iter().for_each(|insn| text += &format!(" {insn}\n"));
    let refused = judges::gnu_refuses(&text, "avr5");
    assert!(all.len() - refused.len() > 1000, "GNU as takes {} only", all.len() - refused.len());
    let mut wrong = Vec::new();
    for (insn, line) in all.iter().zip(first..) {
        let ours = assemble(&format!("{HEAD} {insn}\n"), "t.S", Isa::Avr(AvrCore::Avr5));
        if ours.is_err() && !refused.contains(&line) && !we_refuse(insn) {
            wrong.push(insn.as_str());
        }
    }
    assert!(wrong.is_empty(), "GNU as takes, we refuse: {}", wrong.join("; "));
}

/// What GNU as takes and we refuse on purpose, or leave to its linker.
fn we_refuse(insn: &str) -> bool {
    let (name, operands) = insn.split_once(' ').unwrap_or((insn, ""));
    let operands: Vec<&str> = operands.split(',').collect();
    let number = |text: &&str| text.trim_start_matches('-').chars().all(|c| c.is_ascii_digit());
    let values = ["in", "out", "sbi", "cbi", "sbic", "sbis", "ldi", "andi", "sbr", "cbr", "adiw", "sbiw"];
    // A bare number as a register.
    let bare = operands.iter().any(number) && !operands.iter().all(number);
    // To GNU as a register's name is a symbol there.
    let targets = ["lds", "sts", "jmp", "call", "rjmp", "rcall", "breq", "brbs"];
    // Values that only its linker refuses, pointers as register pairs.
    let late =
        operands.iter().any(|operand| operand.contains("label") || operand.starts_with(['X', 'Y', 'Z']));
    bare || late
        || targets.contains(&name)
        || operands.iter().all(number)
        || values.contains(&name) && operands.len() == 2
}
