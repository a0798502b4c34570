//! The listing and the symbol map, and the parts of an assembly that they show.

use crate::asm;
use mlc_compiler::asm::Timing;

const SOURCE: &str = "\
; a small program
size    equ 3
        org 100h
start:  ld b,size       ; count
.loop:  djnz .loop
        ret nz
text:   db \"hello, world\", 0
        ds 20,0AAh
        org 140h
end_:
        dw start
";

const LISTING: &str = "\
ADDR  BYTES                    T      SOURCE
                                      ; a small program
      = 0003                          size    equ 3
0100                                          org 100h
0100  06 03                    7      start:  ld b,size       ; count
0102  10 FE                    13/8   .loop:  djnz .loop
0104  C0                       11/5           ret nz
0105  68 65 6C 6C 6F 2C 20 77         text:   db \"hello, world\", 0
010D  6F 72 6C 64 00
0112  AA x 20                                 ds 20,0AAh
0140                                          org 140h
0140                                  end_:
0140  00 01                                   dw start
";

const MAP: &str = "\
0003 size
0100 start
0102 start.loop
0105 text
0140 end_
";

#[test]
fn shows_addresses_bytes_and_t_states() {
    let assembly = asm(SOURCE).expect("assembles");
    assert_eq!(assembly.listing(SOURCE), LISTING);
    assert_eq!(assembly.map(), MAP);
}

#[test]
fn lines_point_into_the_bytes() {
    let assembly = asm(SOURCE).expect("assembles");
    assert_eq!(assembly.origin, 0x100);
    assert_eq!(assembly.bytes.len(), 0x42);
    for line in assembly.lines.iter().filter(|line| !line.bytes.is_empty()) {
        assert_eq!(line.address as usize, usize::from(assembly.origin) + line.bytes.start);
    }
    let djnz = assembly.lines.iter().find(|line| line.number == 5).expect("line 5");
    assert_eq!((djnz.bytes.clone(), djnz.t_states), (2..4, Some(Timing { not_taken: 8, taken: 13 })));
    // What an `org` skips is zero.
    assert_eq!(assembly.bytes[0x26..0x40], [0; 0x1A]);
    assert_eq!(assembly.symbols["start.loop"], 0x102);
}

#[test]
fn nothing_is_an_assembly_too() {
    let assembly = asm("").expect("assembles");
    assert_eq!((assembly.origin, assembly.bytes.len(), assembly.map()), (0, 0, String::new()));
    assert_eq!(asm(" org 100h\n").expect("assembles").origin, 0x100);
}

#[test]
fn windows_line_ends_are_line_ends() {
    let (unix, windows) = (" nop ; x\nk: ld a,'b'\n", " nop ; x\r\nk: ld a,'b'\r\n");
    let (unix, windows) = (asm(unix).expect("assembles"), asm(windows).expect("assembles"));
    assert_eq!(unix, windows);
}
