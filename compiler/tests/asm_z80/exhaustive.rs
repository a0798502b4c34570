//! Every instruction format against GNU as and pasmo, and every combination of operands against what GNU as takes.

use crate::formats::{MNEMONICS, OPERANDS, all, pasmo_lacks};
use crate::{asm, judges};

/// Our bytes for one instruction at address 8000h.
fn ours(text: &str) -> Vec<u8> {
    asm(&format!(" org 8000h\n {text}\n")).unwrap_or_else(|error| panic!("{error}")).bytes
}

/// Compares a judge's bytes for all instructions with ours, and names the first that differs.
fn compare(judge: &str, instructions: &[&str], theirs: &[u8]) {
    let mut at = 0;
    for text in instructions {
        let bytes = ours(text);
        let end = at + bytes.len();
        let found = theirs.get(at..end);
        assert_eq!(Some(&bytes[..]), found, "`{text}`: ours, then {judge}'s, {at} bytes in");
        at = end;
    }
    assert_eq!(at, theirs.len(), "{judge} emits more");
}

fn lines(instructions: &[&str]) -> String {
    instructions.iter().map(|text| format!(" {text}\n")).collect()
}

#[test]
fn every_format_agrees_with_gnu_as() {
    if !judges::available(judges::GNU_AS) {
        return;
    }
    let formats = all();
    // Every mnemonic stands in the list, so that none is left out of the comparison.
    for mnemonic in MNEMONICS.iter().filter(|name| **name != "sl1") {
        assert!(
            formats.iter().any(|format| format.split(' ').next() == Some(mnemonic)),
            "no format of {mnemonic}"
        );
    }
    let texts: Vec<&str> = formats.iter().map(String::as_str).collect();
    let theirs = judges::gnu(&lines(&texts)).unwrap_or_else(|error| panic!("{error}"));
    compare("GNU as", &texts, &theirs);
}

#[test]
fn every_format_agrees_with_pasmo() {
    if !judges::available(judges::PASMO) {
        return;
    }
    let formats = all();
    let texts: Vec<&str> = formats.iter().map(String::as_str).filter(|text| !pasmo_lacks(text)).collect();
    assert!(texts.len() > 1500, "only {} formats", texts.len());
    // 4 bytes each at most, so that a part fits between 8000h and the end of memory.
    for part in texts.chunks(8000) {
        let theirs =
            judges::pasmo(&format!(" org 8000h\n{}", lines(part))).unwrap_or_else(|error| panic!("{error}"));
        compare("pasmo", part, &theirs);
    }
}

/// Every mnemonic with no, one and two operands of every kind, and those that take three with three.
fn combinations() -> Vec<String> {
    let mut texts = Vec::new();
    for mnemonic in MNEMONICS {
        texts.push((*mnemonic).to_owned());
        for first in OPERANDS {
            texts.push(format!("{mnemonic} {first}"));
            texts.extend(OPERANDS.iter().map(|second| format!("{mnemonic} {first},{second}")));
        }
    }
    for mnemonic in ["bit", "res", "set", "ld", "rl", "add"] {
        for first in ["0", "1", "(ix+1)", "a"] {
            for second in OPERANDS {
                texts.extend(OPERANDS.iter().map(|third| format!("{mnemonic} {first},{second},{third}")));
            }
        }
    }
    // `$` for relative jumps only, and nothing else for them: the text is longer than memory, so that GNU as would
    // find other values out of range.
    let relative = |text: &String| text.starts_with("jr") || text.starts_with("djnz");
    texts.retain(|text| relative(text) == text.ends_with('$') || !text.contains(['0', '1', '5', '8', '$']));
    texts
}

/// What GNU as takes although no Z80 has it, or under a spelling that the manual does not know.
fn laxity_of_gnu_as(text: &str) -> bool {
    let (mnemonic, operands) = text.split_once(' ').unwrap_or((text, ""));
    let operands: Vec<&str> = operands.split(',').collect();
    let is_condition = |operand: &&str| matches!(*operand, "nz" | "z" | "nc" | "po" | "pe" | "p" | "m");
    let condition_as_symbol = match mnemonic {
        // The condition may come first, but not instead of the target.
        "jp" | "jr" | "call" => operands.last().is_some_and(is_condition),
        "ret" => false,
        _ => operands.iter().any(is_condition),
    };
    let memory_to_memory = mnemonic == "ld" && operands.iter().all(|operand| operand.starts_with('('));
    condition_as_symbol || memory_to_memory || mnemonic == "nop" || text == "ex af,af"
}

#[test]
fn takes_the_operands_that_gnu_as_takes() {
    if !judges::available(judges::GNU_AS) {
        return;
    }
    let texts = combinations();
    let refused = judges::gnu_refuses(&texts.iter().map(|text| format!(" {text}\n")).collect::<String>());
    let mut only_ours = Vec::new();
    let mut only_theirs = Vec::new();
    let mut both = Vec::new();
    for (text, number) in texts.iter().zip(1..) {
        match (asm(&format!(" org 100h\n {text}\n")), refused.contains(&number)) {
            (Ok(_), false) => both.push(text.as_str()),
            (Ok(_), true) => only_ours.push(text.as_str()),
            (Err(_), false) if laxity_of_gnu_as(text) => {}
            (Err(_), false) => only_theirs.push(text.as_str()),
            (Err(_), true) => {}
        }
    }
    assert_eq!(only_ours, Vec::<&str>::new(), "taken here, refused by GNU as");
    assert_eq!(only_theirs, Vec::<&str>::new(), "refused here, taken by GNU as");
    assert!(both.len() > 1000, "only {} combinations taken", both.len());
}
