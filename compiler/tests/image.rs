//! ELF and Intel HEX files under the tools that people use on them: binutils for the AVR.

#[path = "../../tests/support/tools.rs"]
mod tools;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use goblin::elf::{Elf, header, program_header, sym};
use mlc_compiler::asm::{Assembly, AvrCore, Isa, Options, assemble_with};
use mlc_compiler::image::{elf, hex};
use tempfile::TempDir;

const SOURCE: &str = r#"
        .section .vectors,"ax",@progbits
        rjmp start
        .text
        .equ port, 0x25
        .global start
start:  ldi r30, lo8(table)
        ldi r31, hi8(table)
        lpm r24, Z+
        sts first, r24
        out port-0x20, r24
wait:   rjmp wait
table:  .byte 1, 2, 0x94
.Lend:  .byte 0xf8
        .global last
last:   .word 0x9588
        .data
        .global first
first:  .byte 1, 2, 3
        .section .bss
buffer: .skip 10
        .global count
count:  .skip 2
        .section .noinit,"aw",@nobits
spare:  .skip 20
"#;

const CORES: [AvrCore; 4] = [AvrCore::Avr25, AvrCore::Avr5, AvrCore::Avr51, AvrCore::Avr6];

fn assembly(core: AvrCore, ram_start: u16) -> Assembly {
    assemble_with(SOURCE, "t.S", Isa::Avr(core), &Options { ram_start, ..Options::default() }).unwrap()
}

/// Whether binutils are installed.
fn available() -> bool {
    tools::installed("avr-objdump")
}

/// What a tool prints; it may not complain.
fn run(folder: &TempDir, tool: &str, args: &[&str]) -> String {
    let output = Command::new(tool).args(args).current_dir(folder.path()).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "{tool} {args:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

fn saved(name: &str, bytes: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    folder
}

/// `00800100 d name`
fn names(text: &str) -> BTreeMap<String, (u32, String)> {
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [value, kind, name] = fields[..] else { panic!("{line}") };
        (name.to_string(), (u32::from_str_radix(value, 16).unwrap(), kind.to_string()))
    };
    text.lines().map(row).collect()
}

#[test]
fn the_headers_name_core_segments_and_sections() {
    for (core, flags) in CORES.into_iter().zip([25, 5, 51, 6]) {
        let assembly = assembly(core, 0x100);
        let file = elf(&assembly, core);
        let elf = Elf::parse(&file).unwrap();
        assert_eq!((elf.header.e_machine, elf.header.e_type), (header::EM_AVR, header::ET_EXEC));
        assert_eq!((elf.header.e_flags, elf.header.e_entry), (flags, 0), "{core}");
        let segments: Vec<_> = elf
            .program_headers
            .iter()
            .map(|p| (p.p_vaddr, p.p_paddr, p.p_filesz, p.p_memsz, p.p_flags & program_header::PF_X != 0))
            .collect();
        let text = assembly.sections[0].size.into();
        let expected = [
            (0, 0, text, text, true),
            (0x80_0100, text, 4, 4, false),
            (0x80_0104, 0x80_0104, 0, 12, false),
            (0x80_0110, 0x80_0110, 0, 20, false),
        ];
        assert_eq!(segments, expected, "{core}");
        for segment in &elf.program_headers {
            let bytes = &file[segment.p_offset as usize..][..segment.p_filesz as usize];
            let load = segment.p_paddr as usize;
            assert!(bytes.is_empty() || *bytes == assembly.bytes[load..load + bytes.len()], "{core}");
        }
    }
}

#[test]
fn symbols_have_section_kind_and_size() {
    let file = elf(&assembly(AvrCore::Avr5, 0x100), AvrCore::Avr5);
    let elf = Elf::parse(&file).unwrap();
    let found: BTreeMap<_, _> = elf
        .syms
        .iter()
        .map(|s| (elf.strtab.get_at(s.st_name).unwrap().to_string(), (s.st_type(), s.st_size, s.st_bind())))
        .collect();
    assert_eq!(found["start"], (sym::STT_NOTYPE, 0, sym::STB_GLOBAL));
    assert_eq!(found["wait"], (sym::STT_NOTYPE, 0, sym::STB_LOCAL));
    // Up to the next name, a local one (.L) or not.
    assert_eq!(found["table"], (sym::STT_OBJECT, 3, sym::STB_LOCAL));
    assert_eq!(found["last"], (sym::STT_OBJECT, 2, sym::STB_GLOBAL));
    assert_eq!(found["first"], (sym::STT_OBJECT, 4, sym::STB_GLOBAL));
    assert_eq!(found["buffer"], (sym::STT_OBJECT, 10, sym::STB_LOCAL));
    assert_eq!(found["port"], (sym::STT_NOTYPE, 0, sym::STB_LOCAL));
    assert!(!found.contains_key(".Lend"));
}

/// Program and data as avr-as and avr-ld lay them out, symbols included.
#[test]
fn binutils_see_what_they_would_have_made() {
    if !available() {
        return;
    }
    // The linker has no RAM below 0x200 on avr6.
    for core in CORES {
        let folder = saved("ours.elf", &elf(&assembly(core, 0x200), core));
        fs::write(folder.path().join("t.S"), SOURCE).unwrap();
        run(&folder, "avr-as", &[&format!("-mmcu={core}"), "-o", "t.o", "t.S"]);
        run(&folder, "avr-ld", &[&format!("-m{core}"), "-Tdata=0x800200", "-o", "theirs.elf", "t.o"]);

        for file in ["ours", "theirs"] {
            let (from, to) = (format!("{file}.elf"), format!("{file}.bin"));
            run(&folder, "avr-objcopy", &["-O", "binary", "-j", ".text", "-j", ".data", &from, &to]);
        }
        let bytes = |name: &str| fs::read(folder.path().join(name)).unwrap();
        assert_eq!(bytes("ours.bin"), bytes("theirs.bin"), "{core}");

        let size = |name: &str| {
            let text = run(&folder, "avr-size", &[name]);
            text.lines().nth(1).unwrap().split_whitespace().take(5).map(str::to_string).collect::<Vec<_>>()
        };
        assert_eq!(size("ours.elf"), size("theirs.elf"), "{core}");

        let ours = names(&run(&folder, "avr-nm", &["ours.elf"]));
        let theirs = names(&run(&folder, "avr-nm", &["theirs.elf"]));
        assert_eq!(ours.len(), 9, "{ours:?}");
        for (name, symbol) in &ours {
            assert_eq!(Some(symbol), theirs.get(name), "{core}: {name}");
        }

        let flags = |name: &str| {
            let text = run(&folder, "avr-readelf", &["-h", name]);
            text.lines().find(|line| line.contains("Flags:")).unwrap().to_string()
        };
        assert_eq!(flags("ours.elf"), flags("theirs.elf"), "{core}");
    }
}

#[test]
fn disassembly_has_instructions_and_leaves_constants_alone() {
    if !available() {
        return;
    }
    let folder = saved("t.elf", &elf(&assembly(AvrCore::Avr5, 0x100), AvrCore::Avr5));
    let text = run(&folder, "avr-objdump", &["-d", "t.elf"]);
    for line in ["<start>:", "lpm\tr24, Z+", "out\t0x05, r24", "sts\t0x0100, r24", "<wait>:"] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    // The table holds what would be CLI, and the last word SLEEP.
    assert!(!text.contains("cli") && !text.contains("sleep"), "{text}");
}

#[test]
fn hex_files_read_back_the_same() {
    if !available() {
        return;
    }
    // One byte, whole records, a record cut short, beyond 64 KiB and beyond 128 KiB.
    for length in [1, 16, 33, 0x1_0000, 0x1_0001, 0x2_8005] {
        let bytes: Vec<u8> = (0..length).map(|n: u32| (n * 7 + n / 251) as u8).collect();
        let text = hex(&bytes);
        assert!(text.ends_with(":00000001FF\n"));
        let folder = saved("t.hex", text.as_bytes());
        run(&folder, "avr-objcopy", &["-I", "ihex", "-O", "binary", "t.hex", "t.bin"]);
        assert_eq!(fs::read(folder.path().join("t.bin")).unwrap(), bytes, "{length} bytes");
        // The other way round: what binutils write of the same bytes.
        run(&folder, "avr-objcopy", &["-I", "binary", "-O", "ihex", "t.bin", "theirs.hex"]);
        let theirs = fs::read_to_string(folder.path().join("theirs.hex")).unwrap();
        let data = |text: &str| {
            let records = text.lines().map(str::trim_end).filter(|line| line[7..9] == *"00");
            records.map(str::to_string).collect::<Vec<_>>()
        };
        assert_eq!(data(&text), data(&theirs), "{length} bytes");
    }
    assert_eq!(hex(&[]), ":00000001FF\n");
}
