//! Error texts to the letter: every kind of error, its place and its help. Reviewed with `cargo insta review`.

use std::fmt::Write;

use crate::asm;

/// A text for every kind of error; some for several.
const SOURCES: &[&str] = &[
    // Characters, numbers and strings
    " db 1 | 2",
    " ld a,[hl]",
    " db 7 % 2",
    " db #12",
    " nop\u{1}",
    " dw 12ab",
    " dw 0x",
    " dw 65536",
    " db \"abc",
    " db 'abc ; x\r\n",
    " db \"a\\q\"",
    " db \"\\x4\"",
    " dw 'ab'",
    " ld a,''",
    // Grammar
    " ld a,",
    " ld a 5",
    " ld a,5 6",
    " nop nop",
    " db 1,",
    " dw (1+2",
    " ld a,(5",
    " ld a,(ix*2)",
    " 5 nop",
    " dw 2*-1",
    " dw 1+high 2",
    " dw -1+2",
    " ld a,(ix-1+2)",
    " ld a,(1+2)*3",
    // Names
    "\tlda 5",
    " jpz 5",
    " frobnicate 5",
    "start ld a,5",
    "start",
    " macro x",
    " equ 5",
    "x: org 5",
    "hl: nop",
    "Loop: nop\n dw 1+and",
    "x: dw de+1",
    ".x: nop",
    " dw .x",
    "x: nop\n nop\nx: nop",
    "counter: dw countre",
    " dw nowhere",
    " ds x\nx equ 5",
    " org x\nx: nop",
    " im n\nn equ 1",
    " ld a,(ix+n)\nn equ 1",
    " dw x\nx equ y\ny: nop",
    "x equ y\ny equ z1\nz1: nop",
    "x equ y\ny equ x",
    "x equ x+1",
    "x equ y+1\ny equ z1+1\nz1 equ x+1",
    // Operands and values
    " ld bc,de",
    " ld a,(sp)",
    " sub a,b",
    " add b",
    " push a",
    " jr po,$",
    " nop 5",
    " ret 5,5",
    " ld ixh,h",
    " ld ixh,iyl",
    " add hl,ix",
    " jp",
    " ld a,256",
    " ld a,-200",
    " db 5, 40000",
    " ds 2, 256",
    " out (256),a",
    " ld a,(ix+128)",
    " ld a,(ix-129)",
    " ld a,(ix+(0-1))",
    " bit 8,a",
    " im 3",
    " rst 9",
    "far: ds 129\n jr far",
    "\tdjnz far\n\tds 130\nfar: nop",
    " dw 5/0",
    " dw 5 mod (1-1)",
    " dw 1 shl 32",
    // Places
    " org 100h\n nop\n org 100h",
    " org 0FFFFh\n dw 1",
    " org 0FFFFh\n nop\nend_: nop",
    " org 0FFFFh\n nop\n dw $",
    " org 100h\nlimit equ 100h\n nop\n ds limit-$",
    " align 0",
    "x: align 4",
    // Columns count characters, not bytes; tabs stay; several errors in one text
    " db \"é\", nowhere",
    "\t\tld\ta,nowhere\n ld b,nobody\n",
    " lda 5\n dw 2*-1\n nop\n jp\n",
];

#[test]
fn texts() {
    let mut report = String::new();
    for source in SOURCES {
        match asm(source) {
            Ok(assembly) => panic!("{source:?} assembles to {:02X?}", assembly.bytes),
            Err(error) => writeln!(report, "{error}\n").expect("a String takes any text"),
        }
    }
    insta::assert_snapshot!(report);
}

#[test]
fn nesting_too_deep() {
    let error = asm(&format!(" dw {}1", "(".repeat(65))).expect_err("too deep");
    assert_eq!(error.diagnostics[0].message(), "the expression is nested too deeply");
    assert_eq!(error.diagnostics[0].span, 68..69);
    assert!(asm(&format!(" dw {}1{}", "(".repeat(64), ")".repeat(64))).is_ok());
}

#[test]
fn at_most_twenty_at_once() {
    let error = asm(&" bad 5\n".repeat(50)).expect_err("bad");
    assert_eq!(error.diagnostics.len(), 20);
    let error = asm(&" dw bad\n".repeat(50)).expect_err("bad");
    assert_eq!(error.diagnostics.len(), 20);
}

#[test]
fn a_diagnostic_has_its_place() {
    let error = asm(" nop\n\tld a,nowhere ; x\n").expect_err("undefined");
    let diagnostic = &error.diagnostics[0];
    assert_eq!((diagnostic.line, diagnostic.column, diagnostic.span.clone()), (2, 7, 11..18));
    assert_eq!(diagnostic.source_line, "\tld a,nowhere ; x");
    assert_eq!(diagnostic.file, "t.asm");
}
