//! Expressions, directives and sections against GNU as and ld.

use mlc_compiler::asm::{AvrCore, Isa, Options, SectionKind, assemble_with};

use crate::{asm, judges};

/// Compares flash and symbols of a text with those of GNU as and ld.
fn agrees(source: &str) {
    agrees_at(source, AvrCore::Avr5, 0x100);
}

fn agrees_at(source: &str, core: AvrCore, ram_start: u16) {
    let options = Options { ram_start, ..Options::default() };
    let ours =
        assemble_with(source, "t.S", Isa::Avr(core), &options).unwrap_or_else(|error| panic!("{error}"));
    let theirs =
        judges::gnu(source, &core.to_string(), ram_start).unwrap_or_else(|error| panic!("{source}\n{error}"));
    assert_eq!(ours.bytes, theirs.flash, "{core}: {source}");
    // GNU as forgets the names that start with `.L`.
    let symbols = ours.table.iter().filter(|(name, _)| !name.starts_with(".L"));
    let symbols = symbols.map(|(name, symbol)| (name.clone(), symbol.value)).collect();
    assert_eq!(theirs.symbols, symbols, "{source}");
}

/// Random expressions: all operators, all pairs of them, parentheses and prefixes.
#[test]
fn expressions() {
    if !judges::available() {
        return;
    }
    let infixes = [
        "*", "/", "%", "<<", ">>", "&", "|", "^", "+", "-", "==", "!=", "<>", "<", "<=", ">", ">=", "&&",
        "||",
    ];
    let mut all = Vec::new();
    for a in infixes {
        all.push(format!("13 {a} 3"));
        all.push(format!("(-13) {a} 3"));
        all.push(format!("~13{a}(3)"));
        for b in infixes {
            all.push(format!("29 {a} 6 {b} 2"));
            all.push(format!("3 {a} (7 {b} 4)"));
            all.push(format!("-5 {a} !2 {b} +9"));
        }
    }
    let taken: Vec<String> =
        all.into_iter().map(|e| format!(" .long {e}\n")).filter(|line| asm(line).is_ok()).collect();
    // Divisions by zero and right shifts of negative numbers are refused.
    assert!(taken.len() > 800, "only {}", taken.len());
    agrees(&taken.concat());
}

#[test]
fn numbers_and_strings() {
    if !judges::available() {
        return;
    }
    agrees(
        " .byte 0, 1, 255, -128, -1, 0xFf, 0X10, 0b101, 0B11\n .word 65535, -32768, 0xABCD\n .long 0xFFFFFFFF, -1\n \
         .byte 'a', '\\n', '\\\\', '\\'', ' ', ';', ',', '\"'\n .word 'a'+1\n \
         .ascii \"a;b\\t\\\"\\\\\\101\\0'\", \"x\"\n .asciz \"z\", \"\"\n .string \"s\"\n .byte 1 ; end ' \"\n",
    );
}

#[test]
fn data_directives() {
    if !judges::available() {
        return;
    }
    agrees(
        "start: .skip 3\n .space 2, 0xAA\n .zero 1\n .balign 4\nxx: .byte 1\n .balign 1\n .balign 16\nyy:\n .org 0x30\n \
         .short 1\n .hword 2\n .2byte 3\n .4byte 4\n .org xx+0x40\nzz: .word zz-yy, zz-start\n .byte (zz-yy)/2\n \
         .equ size, zz-yy\n .set half, size/2\n quarter = half/2\n .byte size, half, quarter\n .skip quarter\n .word ., .\n \
         .byte .-zz, .-zz\n .word start, zz\n .long zz\n .WORD 7\n",
    );
}

#[test]
fn labels_and_symbols() {
    if !judges::available() {
        return;
    }
    agrees(
        "main: rjmp 1f\n1: dec r24\n brne 1b\n breq 1f\n rjmp 2f\n1: nop\n2: rjmp 1b\n rjmp 2b\n.Lx: rjmp .Lx\n \
         ldi r16, later\n .equ later, 5\n ldi r17, end-main\n .equ acc, 24\n ldi acc, 1\n add acc, r1\n ldi r18, b\n \
         .equ b, c\n .set c, 7\nend: .global main\n .globl end, acc\n out port, r1\n in r1, port\n sbi port, 1\n \
         .equ port, 5\n ldd r0, Y+off\n adiw r24, off\n .equ off, 9\nNop: nop\nnop: NOP\n",
    );
}

#[test]
fn operators_of_addresses() {
    if !judges::available() {
        return;
    }
    let mut text = String::from(".org 0x2468\nxx: nop\n.data\n.skip 0x22\nd: .byte 1\n.text\n");
    for operand in ["xx", "d", "xx+2", "d+1", "0x12345678", "-2", "(xx+4)-2", "d-(xx-xx)"] {
        for name in ["lo8", "hi8", "hh8", "hlo8", "hhi8"] {
            text += &format!(" ldi r16, {name}({operand})\n subi r16, {name}({operand})\n");
        }
        // The linker takes no `hhi8` of a negated address.
        for name in ["lo8", "hi8", "hh8"] {
            text += &format!(" sbci r20, {name}(-({operand}))\n");
        }
        if !operand.starts_with('d') {
            for name in ["pm_lo8", "pm_hi8", "pm_hh8"] {
                text += &format!(" ldi r17, {name}({operand})\n ldi r17, {name}(-({operand}))\n");
            }
            for name in ["lo8", "hi8"] {
                text += &format!(" cpi r18, {name}(pm({operand}))\n");
                text += &format!(" ldi r19, {name}(-(pm({operand})))\n");
            }
        }
    }
    for operand in ["xx", "xx+2"] {
        text += &format!(" ldi r18, lo8(gs({operand}))\n ldi r18, hi8(gs({operand}))\n");
        text += &format!(" .word gs({operand}), pm({operand}), {operand}\n");
    }
    text += " .byte lo8(xx), hi8(xx), hh8(xx), lo8(d), hi8(d), lo8(0x1234), lo8(-(6)), 0\n .word d, d+1, xx\n .long xx, d\n";
    text +=
        " lds r0, d\n sts d+2, r31\n lds r1, 0x800123\n jmp xx\n call xx+2\n rjmp zz\nzz: rcall xx-xx+zz\n";
    agrees(&text);
}

#[test]
fn sections() {
    if !judges::available() {
        return;
    }
    let text = "\
 .data
a: .byte 1,2,3
 .text
main: ldi r30, lo8(p)
 ldi r31, hi8(p)
 rjmp main
 .byte 5
 .section .bss
b: .skip 5
 .section .noinit,\"aw\",@nobits
n: .skip 1
 .section .progmem.data,\"a\",@progbits
p: .byte 1,2,3
 .word a, b, n
 .section .vectors,\"ax\",@progbits
 jmp main
 .data
c: .word main, p, gs(main), b, n
 .section .bss
b2: .space 2
 .section .text
t: .word b2, c
";
    agrees(text);
    agrees_at(&text.replace(" jmp main", " rjmp main"), AvrCore::Avr25, 0x60);
    agrees_at(text, AvrCore::Avr51, 0x100);
    agrees_at(&text.replace("gs(main)", "main"), AvrCore::Avr6, 0x200);
    // Alignments move the sections.
    for align in [2, 4, 16, 256] {
        for place in [" .data\n", " .section .bss\n", " .text\n", " .section .vectors,\"ax\",@progbits\n"] {
            agrees(&format!("{text}{place} .balign {align}\nxx: .skip 3\n"));
        }
    }
    agrees("");
    agrees(" .data\nxx: .byte 1\n");
    agrees(" .section .bss\nxx: .skip 7\n");
}

#[test]
fn sections_of_the_result() {
    let source =
        " nop\n .byte 1\n .data\nd: .byte 2,3,4\n .section .bss\nb: .skip 5\n .text\n .global e\ne: ";
    let assembly = asm(source).expect("assembles");
    let found: Vec<_> =
        assembly.sections.iter().map(|s| (s.name, s.kind, s.address, s.size, s.bytes.clone())).collect();
    assert_eq!(
        found,
        [
            (".text", SectionKind::Text, 0, 4, 0..4),
            (".data", SectionKind::Data, 0x80_0100, 4, 4..8),
            (".bss", SectionKind::Bss, 0x80_0104, 5, 8..8),
            (".noinit", SectionKind::NoInit, 0x80_0109, 0, 8..8),
        ]
    );
    assert_eq!((assembly.origin, &assembly.bytes[..]), (0, &[0, 0, 1, 0, 2, 3, 4, 0][..]));
    let table: Vec<_> =
        assembly.table.iter().map(|(name, s)| (name.as_str(), s.value, s.section, s.global)).collect();
    assert_eq!(
        table,
        [("b", 0x80_0104, Some(2), false), ("d", 0x80_0100, Some(1), false), ("e", 3, Some(0), true)]
    );
    assert_eq!(assembly.symbols.into_iter().collect::<Vec<_>>(), [("e".to_owned(), 3)]);
}

#[test]
fn relative_jumps_reach_all_of_a_small_flash() {
    if !judges::available() {
        return;
    }
    let text = "start: rjmp far\n rcall end\n rjmp near\nnear: .skip 5000\nfar: rjmp start\n rcall near\n .org 8190\n\
                end: rcall start\n";
    agrees_at(text, AvrCore::Avr25, 0x60);
    assert!(asm(text).is_err());
}

#[test]
fn a_program() {
    if !judges::available() {
        return;
    }
    agrees(crate::garbage::GOOD);
}

/// What is refused though GNU as takes it is refused on purpose; none of these may slip in by accident.
#[test]
fn refused_on_purpose() {
    for text in [
        " .byte 010",
        " .byte 300",
        " .word 70000",
        " .byte -200",
        " .long -1>>1",
        " mov 1,2",
        " ld r30,Z+",
        " .equ a,1\n .set a,2",
        " .byte 'a",
        " ldi r16,x\nx:",
        " ldi r16,-200",
        " .bss",
        " .align 2",
        " spm Z+",
        "x: y: nop",
        " .word a*2\na:",
        " .word -a\na:",
        " .byte a\na:",
        " .section .rodata",
        "0x1: nop",
        " .p2align 1",
        " .section .bss\n .byte 0",
        " .data\n nop",
        " .byte 1\n nop",
        " lo8(1)",
        " .word lo8(1)",
        " ldi r16,gs(2)",
        " ldi r16,lo8(1)+1",
        " ldi r16,1+lo8(1)",
        "d: .byte lo8(-(d))",
        " nop $ nop",
        "nop nop",
        " .ascii \"a\" \"b\"",
        "r1: nop",
        " .byte",
    ] {
        assert!(asm(text).is_err(), "{text:?} assembles");
    }
}
