//! Directives, expressions, symbols: whatever assembles here, assembles under pasmo to the same bytes.

use crate::{asm, judges};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Texts with the bytes that pasmo 0.5.3 makes of them, so that they are checked without it too.
const TEXTS: &[(&str, &str)] = &[
    // Numbers and characters
    (" dw 31, 1Fh, 0x1F, 0X1f, $1F, 11111b, %11111, 0b1h", "1F001F001F001F001F001F001F00B100"),
    (" db 'a', \"a\", '''', \"\\\"\", 'a'+1, \"a\" + 1\n ld a,'\"'", "61612722 62623E22"),
    (
        " db \"a\\n\\r\\t\\a\\x41\\\\\\\"\\0\\101\\7z\", 'it''s\\n', \"\", ';'",
        "610A0D0907415C220041077A 697427735C6E 3B",
    ),
    (" db \"é\"", "C3A9"),
    // Precedence
    (
        " dw 2+3*4, 7 mod 4, 100/5/2, 3-2-1, 1 shl 2+1, 1<<2+1, 64 shr 2 shl 1",
        "0E000300 0A000000 050005002000",
    ),
    (
        " dw not 1 + 1, not 1 and 3, 1 and 3 = 3, 1 or 2 and 4, 3 xor 1 or 1, 1 or 2 xor 2",
        "FDFF0200 01000100 03000100",
    ),
    (" dw 1 = 1, 1 != 1, 1 < 2 < 3, 2 >= 2, 2 <= 1, 2 > 1, 0-1 < 1", "FFFF0000 0000FFFF 0000FFFF 0000"),
    (" dw 1 eq 1, 1 ne 1, 1 lt 2, 2 ge 2, 2 le 1, 2 gt 1", "FFFF0000 FFFFFFFF 0000FFFF"),
    (" dw high 1234h + 1, low 1234h + 1, (high 1234h)+1, high low 1234h, low -1", "12003500 13000000 FF00"),
    (" dw -1, - 2*1, -(1+2), (-1)+2, 0-1/2, 2*(-1), 1 and not 1, 1 or -1", "!"),
    (" dw -1, -(1+2), (-1)+2, 0-1/2, 2*(-1), 1 and not 1, 1 or -1", "FFFFFDFF 01000000 FEFF0000 FFFF"),
    (
        " dw 3*30000, 65535+2, (0-1)/2, (0-7) mod 3, 1 shl 16, 1 shr 20, 1 shl 31",
        "905F0100 FF7F0000 00000000 0000",
    ),
    (" dw 5 MOD 3, 5 Xor 1, 5 oR 2, HIGH 1234h", "02000400 07001200"),
    // Places
    (" org 100h\nk: dw $, $, $+1, k\n jr $\n ld hl,$", "00010001 01010001 18FE 210A01"),
    (" org 100h\n db 1\n org 108h\n db 2", "01000000 00000000 02"),
    (" org 200h\n org 100h\n db 1\n dw $", "01 0101"),
    (" org 100h\n ds 0\n org 200h\n dw $", "0002"),
    (" ds 3,5\n ds 2\n db 1\n ds 2, 'a'\n ds 1, -1", "050505 0000 01 6161 FF"),
    (" org 100h\n ds 5", "0000000000"),
    (
        " db 1\n ds (8 - ($ and 7)) and 7\n db 2\n ds 5\n ds 2\n ds (8 - ($ and 7)) and 7\n db 3",
        "01000000 00000000 02000000 00000000 03",
    ),
    // Symbols
    ("x: db 2\nX: db 3\n dw x, X", "0203 0000 0100"),
    ("x equ 5\ny: equ x*2\n dw x, y", "0500 0A00"),
    (" dw later, size\nlater: db 1\nsize equ $-later", "0400 0100 01"),
    (" dw later\nlater: db 1, 2\nsize equ $-later\n dw size", "0200 0102 0200"),
    ("size equ later-start\nstart: dw size\nlater: db 1", "0200 01"),
    ("x equ $+1\n nop\ny equ $\n dw x, y", "00 0100 0100"),
    (" dw size\nsize equ later-1\nlater: db 1", "!"),
    (".loop: db 1\n dw .loop\n_a: dw _a", "!"),
    ("global:\n.loop: db 1\n dw .loop\n_a?@: dw _a?@", "01 0000 0300"),
    ("x:nop\n y : nop\n\tz1:\tnop;comment\n  ; comment\n dw x,y,z1", "000000 0000 0100 0200"),
    // Case, spaces, ends
    ("\tLD A , 5\n Ld\ta,( IX + 5 )\nK: Equ 5\nk1 EQU K+1\n DB k1,K", "3E05 DD7E05 0605"),
    (" ex af,af' ; it's\n EX AF,AF'\n db ';' ; it's", "08 08 3B"),
    (" defb 1\n defm \"ab\"\n defw 2\n defs 2", "01 6162 0200 0000"),
    (" db 1\nx: end\n garbage (", "01"),
    (" db 1\n end x\nx: garbage (", "!"),
    ("x: db 1\n end x\n garbage (", "01"),
    (" bit n,a\n set n+1,(ix+n)\nn equ 3", "!"),
    ("n equ 3\nk equ 1\n bit n,a\n im k\n rst n*8\n res n+1,(ix-n)", "CB5F ED56 DF DDCBFDA6"),
    (
        " bit later,a
later: nop",
        "!",
    ),
    (
        " ld a,(ix+later)
later: nop",
        "!",
    ),
    (
        " end later
later: nop",
        "!",
    ),
    (" ld (ix+2*3),1+2\n ld a,(iy-2)\n ld a,(ix+(1)+2)\n ld a,(ix-(1+2))", "DD360603 FD7EFE DD7E03 DD7EFD"),
    (" ld a,((5))\n ld hl,(x+1)\n ld a,+(5)\n ld a,0+(1+2)*3\nx:", "3A0500 2A0B00 3E05 3E09"),
];

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|digit| *digit != b' ').collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    digits.chunks(2).map(pair).collect()
}

#[test]
fn texts_have_their_bytes() {
    for (text, hex) in TEXTS {
        match asm(text) {
            Ok(assembly) if *hex != "!" => assert_eq!(assembly.bytes, bytes(hex), "{text}"),
            Err(_) if *hex == "!" => {}
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn texts_agree_with_pasmo() {
    if !judges::available(judges::PASMO) {
        return;
    }
    for (text, hex) in TEXTS.iter().filter(|(_, hex)| *hex != "!") {
        let theirs = judges::pasmo(&format!("{text}\n")).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(theirs, bytes(hex), "{text}");
    }
}

/// Expressions of all operators, most of them sound.
fn expressions() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        (0u16..20).prop_map(|n| n.to_string()),
        any::<u16>().prop_map(|n| format!("0{n:x}h")),
        Just("$".to_owned()),
        Just("later".to_owned()),
        Just("'a'".to_owned()),
    ];
    let infix = prop::sample::select(vec![
        "*", "/", "mod", "shl", "shr", "<<", ">>", "+", "-", "=", "!=", "<", "<=", ">", ">=", "eq", "ne",
        "lt", "le", "gt", "ge", "and", "or", "xor",
    ]);
    let prefix = prop::sample::select(vec!["-", "+", "not", "high", "low"]);
    number.prop_recursive(6, 24, 2, move |inner| {
        prop_oneof![
            4 => (inner.clone(), infix.clone(), inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            1 => inner.clone().prop_map(|a| format!("({a})")),
            1 => (prefix.clone(), inner.clone()).prop_map(|(op, a)| format!("{op} {a}")),
            1 => (prefix.clone(), inner).prop_map(|(op, a)| format!("({op} {a})")),
        ]
    })
}

/// `count` values of a strategy, the same ones every time.
fn sample<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a value").current()).collect()
}

#[test]
fn expressions_agree_with_pasmo() {
    if !judges::available(judges::PASMO) {
        return;
    }
    let program = |lines: &[String]| format!(" org 1000h\n{}later:\n", lines.concat());
    let lines = sample(expressions(), 6000).into_iter().map(|expression| format!(" dw {expression}\n"));
    let mut taken: Vec<String> =
        lines.filter(|line| asm(&program(std::slice::from_ref(line))).is_ok()).collect();
    assert!(taken.len() > 2000, "only {} expressions taken", taken.len());
    // A few shift too far at some addresses only.
    let ours = loop {
        match asm(&program(&taken)) {
            Ok(assembly) => break assembly.bytes,
            Err(error) => {
                for diagnostic in &error.diagnostics {
                    assert!(diagnostic.message().starts_with("a shift by"), "{diagnostic}");
                    " dw 0\n".clone_into(&mut taken[diagnostic.line as usize - 2]);
                }
            }
        }
    };
    let text = program(&taken);
    let theirs = judges::pasmo(&text).unwrap_or_else(|error| panic!("{error}"));
    for ((line, a), b) in taken.iter().zip(ours.chunks(2)).zip(theirs.chunks(2)) {
        assert_eq!(a, b, "{line}");
    }
    assert_eq!(ours.len(), theirs.len());
}

/// Short programs whose symbols refer to each other in every direction.
fn programs() -> impl Strategy<Value = Vec<String>> {
    let name = || prop::sample::select(vec!["v", "w", "x", "y"]);
    let expression = || {
        prop_oneof![
            3 => name().prop_map(str::to_owned),
            1 => (name(), name()).prop_map(|(a, b)| format!("{a}+{b}*2")),
            1 => name().prop_map(|a| format!("$-{a}")),
            2 => (0u16..9).prop_map(|n| n.to_string()),
        ]
    };
    let line = prop_oneof![
        3 => (name(), expression()).prop_map(|(a, e)| format!("{a} equ {e}")),
        3 => name().prop_map(|a| format!("{a}:")),
        2 => (name(), expression()).prop_map(|(a, e)| format!("{a}: dw {e}")),
        2 => expression().prop_map(|e| format!(" dw {e}")),
        1 => expression().prop_map(|e| format!(" db low ({e})")),
        1 => (expression(), expression()).prop_map(|(e, f)| format!(" ds ({e}) and 15, low ({f})")),
        1 => (expression()).prop_map(|e| format!(" org {e}")),
        1 => expression().prop_map(|e| format!(" org $ + (({e}) and 15)")),
        1 => name().prop_map(|a| format!(" jr {a}")),
        1 => expression().prop_map(|e| format!(" bit {e},(ix+{e})")),
        1 => expression().prop_map(|e| format!(" im {e}")),
        1 => expression().prop_map(|e| format!(" rst 8*({e})")),
        1 => expression().prop_map(|e| format!(" ld hl,({e})")),
        1 => expression().prop_map(|e| format!(" end {e}")),
    ];
    prop::collection::vec(line, 2..9)
}

#[test]
fn programs_agree_with_pasmo() {
    if !judges::available(judges::PASMO) {
        return;
    }
    let mut taken = 0;
    for lines in sample(programs(), 12_000) {
        let text = lines.join("\n") + "\n";
        // Those with no use of a name show nothing.
        let Ok(assembly) = asm(&text) else { continue };
        if assembly.symbols.is_empty() || assembly.bytes.is_empty() {
            continue;
        }
        let theirs = judges::pasmo(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(assembly.bytes, theirs, "{text}");
        taken += 1;
    }
    assert!(taken > 300, "only {taken} programs taken");
}

/// Every name of up to three letters that is not reserved here is a name to pasmo too.
#[test]
fn names_agree_with_pasmo() {
    if !judges::available(judges::PASMO) {
        return;
    }
    let letters: Vec<String> = ('a'..='z').map(String::from).collect();
    let longer = |names: &[String]| -> Vec<String> {
        names.iter().flat_map(|name| letters.iter().map(move |letter| format!("{name}{letter}"))).collect()
    };
    let two = longer(&letters);
    let three = longer(&two);
    let text: String = [letters.clone(), two, three]
        .concat()
        .iter()
        .map(|name| format!("{name}: nop\n"))
        .filter(|line| asm(line).is_ok())
        .collect();
    let count = text.lines().count();
    assert!(count > 18_000, "only {count} names");
    assert_eq!(judges::pasmo(&text).unwrap_or_else(|error| panic!("{error}")), vec![0; count]);
}

#[test]
fn local_labels_belong_to_the_label_above() {
    let text = "a1: nop\n.x: dw .x\nn equ 1\n dw .x\nb1: nop\n.x: dw .x, a1\n";
    let assembly = asm(text).expect("assembles");
    assert_eq!(assembly.bytes, bytes("00 0100 0100 00 0600 0000"));
    assert_eq!(assembly.map(), "0000 a1\n0001 a1.x\n0001 n\n0005 b1\n0006 b1.x\n");
}

#[test]
fn align_fills_with_zeros_up_to_a_multiple() {
    let text = " org 109h\n db 1\n align 4\n dw $\n align 2\n align 1\n align 9\n dw $";
    let assembly = asm(text).expect("assembles");
    // 10Eh is 270, a multiple of 9 already.
    assert_eq!(assembly.bytes, bytes("01 0000 0C01 0E01"));
}
