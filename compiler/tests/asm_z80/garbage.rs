//! No text makes the assembler panic; what it reports lies within the text.

use crate::asm;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

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

fn check(source: &str) -> Result<(), TestCaseError> {
    match asm(source) {
        Ok(assembly) => {
            prop_assert!(usize::from(assembly.origin) + assembly.bytes.len() <= 0x1_0000);
            prop_assert!(assembly.lines.iter().all(|line| line.bytes.end <= assembly.bytes.len()));
            prop_assert!(!assembly.listing(source).is_empty());
        }
        Err(error) => {
            prop_assert!((1..=20).contains(&error.diagnostics.len()));
            prop_assert!(!error.to_string().is_empty());
            for diagnostic in &error.diagnostics {
                prop_assert!(source.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
                prop_assert!(!diagnostic.message().contains('\n'));
            }
        }
    }
    Ok(())
}

proptest! {
    // The same texts every time.
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn pieces_of_the_language(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        check(&pieces.concat())?;
    }

    #[test]
    fn any_text(text in "\\PC*") {
        check(&text)?;
    }

    /// A good text with a few pieces put into it and a few characters taken out.
    #[test]
    fn a_damaged_text(
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::sample::select(PIECES), 0usize..4),
            1..6,
        ),
    ) {
        let mut text: Vec<char> = GOOD.chars().collect();
        for (place, piece, cut) in edits {
            let at = place.index(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, piece.chars());
        }
        check(&text.iter().collect::<String>())?;
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
