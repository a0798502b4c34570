//! No text makes the assembler panic; what it reports lies within the text.

use crate::{asm, broken};
use proptest::prelude::*;

/// Pieces that texts of the language are made of, whole and broken.
const PIECES: &[&str] = &[
    " ", " ", " ", "\n", "\n", "\n ", "\t", "\r\n", ";", ",", ",", ":", "(", ")", "+", "-", "*", "/", "<<",
    ">=", "=", "$", "$", "%101", "%", "'", "\"", "\"a\"", "'b'", "\\", "0", "1", "5", "255", "256", "65535",
    "65536", "0x", "0ffh", "12ab", "1010b", "a", "b", "c", "hl", "ix", "iyh", "af'", "nz", "(hl)", "(ix+1)",
    "(ix-", "(iy", "ld ", " ld a,", " jr ", " djnz ", " bit ", " im ", " rst ", " in ", " out ", " org ",
    " equ ", " db ", " dw ", " ds ", " align ", " end", " macro", "x", "y", ".l", "x:", "y:", ".l:",
    "x equ ", "y equ ", " high ", " low ", " not ", " and ", " or ", " mod ", " shl ", "é", "\u{0}",
    "\u{feff}", "🦀", "@", "?", "_", "&", "|",
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

const GOOD: &str = "\
BDOS    equ 5
        org 100h
start:  ld sp,(BDOS+1)
        ld hl,table
.next:  ld a,(hl)
        or a
        jr z,done
        bit 3,(ix-5)
        inc hl
        djnz .next
done:   call nz,BDOS
        ret
table:  db \"text\\n\", 'it''s', 1, -1, low table
        dw start, $ + 2 * (size - 1)
size    equ $ - table
        ds (256 - ($ and 255)) and 255
        align 16
        end
";

#[test]
fn the_good_text_is_good() {
    assert!(asm(GOOD).is_ok());
}

#[test]
fn long_chains_and_deep_nests_do_not_overflow_the_stack() {
    let n = 100_000;
    assert!(asm(&format!(" dw {}1", "1+".repeat(n))).is_ok());
    assert!(asm(&format!(" dw {}1", "(".repeat(n))).is_err());
    assert!(asm(&format!(" dw {}1", "not ".repeat(n))).is_err());
    assert!(asm(&format!(" dw {}1", "high ".repeat(n))).is_err());
    assert!(asm(&format!(" ld a,{}1", "(".repeat(n))).is_err());
    let chain: String = (0..n / 10).map(|i| format!("x{i} equ x{}+1\n", i + 1)).collect();
    assert!(asm(&chain).is_err());
    let back: String = (1..n / 10).map(|i| format!("x{i} equ x{}+1\n", i - 1)).collect();
    assert_eq!(asm(&format!("x0 equ 0\n{back}")).expect("assembles").symbols["x9999"], 9999);
}
