//! The listing and the symbol map.

use crate::asm;
use mlc_compiler::asm::Timing;

const SOURCE: &str = "\
; a small program
        .equ size, 3
        .text
main:   ldi r24, size   ; count
1:      dec r24
        brne 1b
        sbrc r24, 0
        jmp main
        sbrs r24, 1
        rcall main
        ret
text:   .ascii \"hello, world\"
        .balign 2
        .data
buffer: .byte 1, 2
        .section .bss
room:   .skip 20
";

const LISTING: &str = "\
ADDR    BYTES                    T      SOURCE
                                        ; a small program
        = 000003                                .equ size, 3
000000                                          .text
000000  83 E0                    1      main:   ldi r24, size   ; count
000002  8A 95                    1      1:      dec r24
000004  F1 F7                    2/1            brne 1b
000006  80 FD                    3/1            sbrc r24, 0
000008  0C 94 00 00              3              jmp main
00000C  81 FF                    2/1            sbrs r24, 1
00000E  F8 DF                    3              rcall main
000010  08 95                    4              ret
000012  68 65 6C 6C 6F 2C 20 77         text:   .ascii \"hello, world\"
00001A  6F 72 6C 64
00001E                                          .balign 2
800100                                          .data
800100  01 02                           buffer: .byte 1, 2
800102                                          .section .bss
800102                                  room:   .skip 20
";

const MAP: &str = "\
000000 main
000003 size
000012 text
800100 buffer
800102 room
";

#[test]
fn shows_addresses_bytes_and_cycles() {
    let assembly = asm(SOURCE).expect("assembles");
    assert_eq!(assembly.listing(SOURCE), LISTING);
    assert_eq!(assembly.map(), MAP);
}

#[test]
fn lines_point_into_the_image() {
    let assembly = asm(SOURCE).expect("assembles");
    assert_eq!(assembly.bytes.len(), 0x20);
    let line = |number| assembly.lines.iter().find(|line| line.number == number).expect("a line");
    assert_eq!((line(6).bytes.clone(), line(6).t_states), (4..6, Some(Timing { not_taken: 1, taken: 2 })));
    // The data's first values stand behind the text.
    assert_eq!((line(15).address, line(15).bytes.clone()), (0x80_0100, 0x1E..0x20));
    assert!(line(17).bytes.is_empty());
}

#[test]
fn nothing_is_an_assembly_too() {
    let assembly = asm("").expect("assembles");
    assert_eq!((assembly.origin, assembly.bytes.len(), assembly.map()), (0, 0, String::new()));
}

#[test]
fn windows_line_ends_are_line_ends() {
    let (unix, windows) = (" nop ; x\nk: ldi r16,'b'\n", " nop ; x\r\nk: ldi r16,'b'\r\n");
    assert_eq!(asm(unix).expect("assembles"), asm(windows).expect("assembles"));
}
