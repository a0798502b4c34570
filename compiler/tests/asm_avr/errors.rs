//! Error texts to the letter: every kind of error, its place and its help. Reviewed with `cargo insta review`.

use std::fmt::Write;

use mlc_compiler::asm::{AvrCore, Isa, assemble};

use crate::asm;

/// A text for every kind of error; some for several.
const SOURCES: &[&str] = &[
    // Characters, numbers and strings
    " nop # comment",
    " nop $ nop",
    " .byte 010",
    " .byte 000",
    " .byte 12ab",
    " .byte 0x",
    " .byte 09",
    " .long 4294967296",
    " .byte 'a",
    " .byte ''",
    " .byte 'é'",
    " .ascii \"abc",
    " .ascii \"a\\q\"",
    " .ascii \"\\400\"",
    // Grammar
    " ldi r16,",
    " ldi r16 5",
    " ldi r16,5 6",
    " .byte 1,",
    " .word (1+2",
    " ldi r16,lo8(1",
    " ldi r16,lo8(-(1)+1)",
    " ldi r16,lo8(1)+1",
    " ldi r16,gs(2)",
    " .word lo8(2)",
    " .byte pm(2)",
    " 5 nop",
    "here: there: nop",
    // Names
    "\tldx r0,5",
    " brqe here",
    " frobnicate r0",
    "start ldi r16,5",
    "start",
    " .bss",
    " .align 2",
    " .comm here,4",
    " .macro here",
    " .equ 5",
    " .equ here 5",
    "here: .equ there,5",
    "here: .org 5",
    "r5: nop",
    " .equ X,5",
    "here: nop\n nop\nhere: nop",
    " .equ here,1\n .set here,2",
    "counter: .word countre",
    " .word nowhere",
    " .global nowhere",
    " .skip here\n .equ here,5",
    " sbi 5,n\n .equ n,1",
    " .equ here,there\n .equ there,z1\nz1: nop",
    " .equ here,there\n .equ there,here",
    " rjmp 1b\n1: nop",
    " rjmp 2f\n1: nop",
    " .skip 1f-here\nhere: nop\n1: nop",
    // Operands and registers
    " add r0,5",
    " add r0",
    " mov 1,2",
    " nop 5",
    " jmp",
    " ld r0,Z+5",
    " ld r0,X+5",
    " ldd r0,Z",
    " ldi r15,1",
    " muls r0,r16",
    " mulsu r16,r24",
    " movw r1,r0",
    " adiw r25,1",
    " ldi acc,1\n .equ acc,24",
    " .equ acc,32\n mov acc,r0",
    " ld r30,Z+",
    " st -X,r26",
    " spm Z+",
    // Values
    " ldi r16,256",
    " subi r16,-129",
    " ldi r30,here\nhere: nop",
    " .byte 300",
    " .byte here\nhere:",
    " .word 65536",
    " cbr r16,-1",
    " adiw r24,64",
    " in r0,64",
    " sbi 32,0",
    " sbrc r0,8",
    " bset 8",
    " ldd r0,Y+64",
    " adiw r24,here\nhere: nop",
    " lds r0,here\nhere: nop",
    " lds r0,65536",
    " jmp here\n .data\nhere: .byte 1",
    " jmp 3",
    " jmp 0x10000",
    " rjmp -2",
    " ldi r16,pm_lo8(3)",
    " ldi r16,pm_lo8(here)\n .data\nhere: .byte 1",
    "far: .skip 128\n breq far",
    "far: .skip 130\n brbc 3,far",
    " rjmp far\n .skip 4096\nfar: nop",
    " rcall far\n .skip 4096\nfar: nop",
    " .word here*2\nhere: nop",
    " .word -here\nhere: nop",
    " .word here-there\nhere: nop\n .data\nthere: .byte 1",
    " .long -1>>1",
    " .long 1<<32",
    " .long 0xFFFFFFFF*2",
    " .long 5/0",
    // Places
    " .section .rodata",
    " .section .vectors",
    " .section .bss,\"aw\",@nobits",
    " .section 5",
    " .data\n nop",
    " .section .bss\n .byte 1",
    " .section .bss\n .skip 1,0",
    " .byte 1\n nop",
    " nop\n .org 1",
    " .org here\n .data\nhere: .byte 1",
    " .balign 3",
    " .balign 0",
    " .skip -1",
    " .skip 65536\n nop",
    " .data\n .skip 65535",
    " .skip 65534\n .data\n .byte 1,2,3",
    // Columns count characters, not bytes; tabs stay; several errors in one text
    " .ascii \"é\", nowhere",
    "\t\tldi\tr16,nowhere\n ldi r17,nobody\n",
    " ldx 5\n .word 2**3\n nop\n jmp\n",
];

/// Texts that only a smaller core refuses.
const SMALL: &[&str] = &[
    " mul r0,r1",
    " jmp 0",
    " call 0",
    " elpm",
    " elpm r0,Z",
    " eijmp",
    " eicall",
    " breq far\n .skip 4096\nfar: nop",
    " .org 8192\n nop",
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
    for source in SMALL {
        match assemble(source, "t.S", Isa::Avr(AvrCore::Avr25)) {
            Ok(assembly) => panic!("{source:?} assembles to {:02X?}", assembly.bytes),
            Err(error) => writeln!(report, "{error}\n").expect("a String takes any text"),
        }
    }
    for source in [" .word gs(4)", " ldi r16,lo8(gs(4))", " .word pm(4)"] {
        let error = assemble(source, "t.S", Isa::Avr(AvrCore::Avr6)).expect_err(source);
        writeln!(report, "{error}\n").expect("a String takes any text");
    }
    let error = assemble(" .skip 65536\nhigh: .word high", "t.S", Isa::Avr(AvrCore::Avr51)).expect_err("far");
    writeln!(report, "{error}\n").expect("a String takes any text");
    insta::assert_snapshot!(report);
}

#[test]
fn at_most_twenty_at_once() {
    assert_eq!(asm(&" bad 5\n".repeat(50)).expect_err("bad").diagnostics.len(), 20);
    assert_eq!(asm(&" .word bad\n".repeat(50)).expect_err("bad").diagnostics.len(), 20);
    assert_eq!(asm(&" .global bad\n".repeat(50)).expect_err("bad").diagnostics.len(), 20);
}

#[test]
fn a_diagnostic_has_its_place() {
    let error = asm(" nop\n\tlds r0,nowhere ; x\n").expect_err("undefined");
    let diagnostic = &error.diagnostics[0];
    assert_eq!((diagnostic.line, diagnostic.column, diagnostic.span.clone()), (2, 9, 13..20));
    assert_eq!(diagnostic.source_line, "\tlds r0,nowhere ; x");
    assert_eq!(diagnostic.file, "t.S");
}
