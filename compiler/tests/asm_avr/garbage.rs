//! No text makes the assembler panic; what it reports lies within the text.

use crate::{asm, broken};
use proptest::prelude::*;

/// Pieces that texts of the language are made of, whole and broken.
const PIECES: &[&str] = &[
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "\n ",
    "\t",
    "\r\n",
    ";",
    ",",
    ",",
    ":",
    "(",
    ")",
    "+",
    "-",
    "*",
    "/",
    "<<",
    ">>",
    ">=",
    "=",
    "==",
    "&&",
    "!",
    "~",
    ".",
    ".",
    "$",
    "%",
    "'",
    "\"",
    "\"a\"",
    "'b'",
    "'\\n'",
    "\\",
    "0",
    "1",
    "5",
    "010",
    "255",
    "256",
    "65535",
    "4294967295",
    "4294967296",
    "0x",
    "0xff",
    "0b101",
    "12ab",
    "1b",
    "1f",
    "2f",
    "1:",
    "r0",
    "r16",
    "r31",
    "r32",
    "X",
    "Y",
    "Z",
    "X+",
    "-X",
    "Y+",
    "Z+1",
    "xl",
    "ld ",
    "ldd ",
    " ldi r16,",
    " rjmp ",
    " brne ",
    " sbi ",
    " adiw r24,",
    " lds r0,",
    " call ",
    " mul ",
    " st ",
    " cbr r16,",
    " sbrc r0,",
    " .org ",
    " .equ ",
    " .byte ",
    " .word ",
    " .long ",
    " .skip ",
    " .balign ",
    " .end",
    " .text",
    " .data",
    " .section ",
    ".bss",
    ".vectors,\"ax\",@progbits",
    " .global ",
    " .ascii ",
    " .macro",
    "x",
    "y",
    ".Lz",
    "x:",
    "y:",
    ".Lz:",
    "x = ",
    "lo8(",
    "hi8(",
    "pm(",
    "gs(",
    "lo8(-(",
    "é",
    "\u{0}",
    "\u{1}",
    "\u{feff}",
    "🦀",
    "@",
    "?",
    "_",
    "&",
    "|",
    "^",
];

proptest! {
    #![proptest_config(broken::config())]

    #[test]
    fn pieces_of_the_language(text in broken::texts(PIECES)) {
        broken::check(&text, asm(&text))?;
    }

    #[test]
    fn any_text(text in "\\PC*") {
        broken::check(&text, asm(&text))?;
    }

    #[test]
    fn a_damaged_text(edits in broken::edits(PIECES)) {
        let text = broken::damaged(GOOD, edits);
        broken::check(&text, asm(&text))?;
    }
}

pub const GOOD: &str = "\
        .equ BAUD, 103
        .global main
main:   ldi r16, lo8(BAUD)
        ldi r30, lo8(table)
        ldi r31, hi8(table)
1:      lpm r0, Z+
        sbrc r0, 7
        jmp done
        std Y+5, r0
        st X+, r0
        dec r16
        brne 1b
        rcall 2f
done:   call main
2:      ret
table:  .ascii \"text\\n\"
        .word main, gs(done), 1 + 2 * (size - 1), .
        .equ size, . - table
        .skip (16 - (size & 15)) & 15
        .balign 16
        .data
var:    .byte 1, -1, 'c'
        .section .bss
buf:    .skip 30
        .text
        subi r30, lo8(-(buf))
        sts var + 1, r0
        .end
";

#[test]
fn the_good_text_is_good() {
    assert!(asm(GOOD).is_ok());
}

#[test]
fn long_chains_and_deep_nests_do_not_overflow_the_stack() {
    let n = 100_000;
    assert!(asm(&format!(" .long {}1", "1+".repeat(n))).is_ok());
    assert!(asm(&format!(" .long {}1", "(".repeat(n))).is_err());
    assert!(asm(&format!(" .long {}1", "-".repeat(n))).is_err());
    assert!(asm(&format!(" ldi r16,{}1", "lo8(".repeat(n))).is_err());
    assert!(asm(&format!(" lds r16,{}1", "(".repeat(n))).is_err());
    let chain: String = (0..n / 10).map(|i| format!("x{i} = x{}+1\n", i + 1)).collect();
    assert!(asm(&chain).is_err());
    let back: String = (1..n / 10).map(|i| format!("x{i} = x{}+1\n", i - 1)).collect();
    assert_eq!(asm(&format!("x0 = 0\n{back}")).expect("assembles").table["x9999"].value, 9999);
}

#[test]
fn no_text_takes_all_memory() {
    for text in [
        " .skip 0xFFFFFFFF",
        " .skip 0xFFFF\n .skip 0xFFFFFFFF",
        " .org 0xFFFFFFFF",
        " .data\n .skip 0xFFFFFFFF",
        " .section .bss\n .skip 0xFFFFFFFF\n .skip 0xFFFFFFFF",
        " .balign 0x80000000",
        " .skip 1\n .balign 32768\n .skip 32768\n .data\n .skip 65280",
    ] {
        assert!(asm(text).is_err(), "{text:?}");
    }
}
