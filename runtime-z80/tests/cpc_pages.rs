//! The CPC 6128's pages and its disk system, with small programs in machine code.

use mlc_runtime_z80::{CpcConfig, CpcMachine, End, Exit, Fault, FaultKind, NoObserver, Script};

/// Where the program is loaded, and where it puts the byte that it ends with.
const START: u16 = 0x0170;
const RESULT: u16 = 0x9000;
/// `LD BC,7Fnn` and `OUT (C),C`.
fn show(value: u8) -> [u8; 5] {
    [0x01, value, 0x7F, 0xED, 0x49]
}
/// `LD C,7`, `LD DE,0040h`, `LD HL,ABFFh`, `CALL KL INIT BACK`.
const BACK: [u8; 11] = [0x0E, 7, 0x11, 0x40, 0, 0x21, 0xFF, 0xAB, 0xCD, 0xCE, 0xBC];
/// `LD HL,(BE7Dh)`, `LD A,(HL)` and `PUSH AF`; `POP AF`, the same address and `LD (HL),A`.
const DRIVE: [u8; 5] = [0x2A, 0x7D, 0xBE, 0x7E, 0xF5];
const SAME_DRIVE: [u8; 5] = [0xF1, 0x2A, 0x7D, 0xBE, 0x77];
/// `LD HL,4000h`, `CALL CAS IN DIRECT`.
const READ: [u8; 6] = [0x21, 0, 0x40, 0xCD, 0x83, 0xBC];
const CLOSE: [u8; 3] = [0xCD, 0x7A, 0xBC];
/// `LD HL,C006h`, `LD C,0`, `JP MC START PROGRAM`.
const BASIC: [u8; 8] = [0x21, 0x06, 0xC0, 0x0E, 0, 0xC3, 0x16, 0xBD];

/// A binary file with its header.
fn binary(start: u16, bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 128];
    file[18] = 2;
    file[21..23].copy_from_slice(&start.to_le_bytes());
    file[24..26].copy_from_slice(&(bytes.len() as u16).to_le_bytes());
    file[26..28].copy_from_slice(&start.to_le_bytes());
    let sum: u16 = file.iter().map(|&byte| u16::from(byte)).sum();
    file[67..69].copy_from_slice(&sum.to_le_bytes());
    file.extend(bytes);
    file
}

/// A disk of nine tracks with these files, a directory of 2 KB before them.
fn disk(files: &[(&[u8; 11], Vec<u8>)]) -> Vec<u8> {
    let (mut directory, mut content, mut block) = (Vec::new(), Vec::new(), 2u8);
    for (name, file) in files {
        let blocks = file.len().div_ceil(1024) as u8;
        assert!(blocks <= 16, "one entry");
        let mut entry = [&[0], &name[..], &[0, 0, 0, file.len().div_ceil(128) as u8]].concat();
        entry.extend(block..block + blocks);
        entry.resize(32, 0);
        directory.extend(entry);
        content.extend(file);
        content.resize(content.len().next_multiple_of(1024), 0xE5);
        block += blocks;
    }
    directory.resize(2048, 0xE5);
    directory.extend(content);
    directory.resize(9 * 9 * 512, 0xE5);
    let mut image = b"MV - CPCEMU Disk-File\r\n".to_vec();
    image.resize(256, 0);
    image[0x30..0x34].copy_from_slice(&[9, 1, 0, 0x13]);
    for track in directory.chunks(9 * 512) {
        let mut information = b"Track-Info\r\n".to_vec();
        information.resize(256, 0);
        information[0x15] = 9;
        for sector in 0..9 {
            information[0x18 + sector * 8 + 2..][..2].copy_from_slice(&[0xC1 + sector as u8, 2]);
        }
        image.extend(information);
        image.extend(track);
    }
    image
}

/// A program of these parts, and a file beside it that holds a byte for the page.
fn program(parts: &[&[u8]]) -> Vec<u8> {
    disk(&[(b"TEST    BIN", binary(START, &parts.concat())), (b"TEST    P4 ", binary(0x4000, &[77]))])
}

/// `LD HL,name`, `LD B,7`, `LD DE,8000h`, `CALL CAS IN OPEN` and a jump over the name.
fn open(at: usize) -> Vec<u8> {
    let name = START + at as u16 + 13;
    let [low, high] = name.to_le_bytes();
    let code = [0x21, low, high, 0x06, 7, 0x11, 0, 0x80, 0xCD, 0x77, 0xBC, 0x18, 7];
    [&code[..], b"test.p4"].concat()
}

fn machine(disk: &[u8], pages: bool, seed: u64) -> CpcMachine<Script> {
    let config = CpcConfig { limit: Some(1_000_000), pages, seed, ..CpcConfig::default() };
    CpcMachine::load_disk(disk, Script::new(b""), config).expect("the disk is whole")
}

/// `LD A,(4000h)`, `LD (9000h),A`.
const KEEP: [u8; 6] = [0x3A, 0, 0x40, 0x32, 0x00, 0x90];

#[test]
fn a_page_shows_as_the_gate_array_is_told() {
    // `LD A,n`, `LD (4000h),A` in page 4; another n in the first; back to page 4.
    let put = |value: u8| [0x3E, value, 0x32, 0, 0x40];
    let code = [&show(0xC4)[..], &put(5), &show(0xC0), &put(6), &show(0xC4), &KEEP, &show(0xC0), &BASIC];
    for (pages, wants) in [(true, 5), (false, 6)] {
        let mut machine = machine(&program(&code), pages, 1);
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Basic));
        assert_eq!(machine.memory().byte(RESULT), wants, "with 128 KB: {pages}");
    }
}

#[test]
fn a_file_is_read_into_the_page_that_shows() {
    let before = [&DRIVE[..], &BACK, &SAME_DRIVE, &show(0xC4)].concat();
    let rest = [&READ[..], &CLOSE, &KEEP, &show(0xC0), &BASIC].concat();
    let code = [before.clone(), open(before.len()), rest.clone()].concat();
    for seed in 1..6 {
        let mut machine = machine(&program(&[&code]), true, seed);
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Basic));
        assert_eq!(machine.memory().byte(RESULT), 77, "seed {seed}");
    }
    // Without the drive that it was started from, the file is not there half of the time: `JR NC` to itself tells.
    let before = [&BACK[..], &show(0xC4)].concat();
    let code = [before.clone(), open(before.len()), vec![0x30, 0xFE], rest].concat();
    let ends: Vec<_> =
        (1..9).map(|seed| machine(&program(&[&code]), true, seed).run(&mut NoObserver)).collect();
    assert!(ends.contains(&End::Exit(Exit::Basic)) && ends.iter().any(|end| matches!(end, End::Fault(_))));
}

#[test]
fn what_the_disk_system_would_not_do_is_a_fault() {
    let fault = |parts: &[&[u8]]| match machine(&program(parts), true, 1).run(&mut NoObserver) {
        End::Fault(Fault { kind, .. }) => kind,
        other => panic!("a fault expected: {other:?}"),
    };
    // It was dropped when the program was started, and no file is open.
    assert_eq!(fault(&[&open(0)]), FaultKind::NoFile { entry: 0xBC77 });
    assert_eq!(fault(&[&BACK, &READ]), FaultKind::NoFile { entry: 0xBC83 });
    assert_eq!(fault(&[&BACK, &CLOSE]), FaultKind::NoFile { entry: 0xBC7A });
    // Another ROM, and memory that is not the program's to give.
    assert_eq!(fault(&[&[0x0E, 6], &BACK[2..]]), FaultKind::BackgroundRom { rom: 6, hl: 0xABFF });
    let taken = [&BACK[..5], &[0x21, 0xFF, 0xBF], &BACK[8..]].concat();
    assert!(matches!(fault(&[&taken]), FaultKind::ProtectedWrite { area: "the firmware", .. }));
    // The firmware starts nothing with another page shown, and nothing in a ROM that is not there.
    assert_eq!(fault(&[&show(0xC5), &BASIC]), FaultKind::PageLeft { sent: 0xC5 });
    let [low, high] = START.to_le_bytes();
    let start = |rom: u8| [0x21, low, high, 0x0E, rom, 0xC3, 0x16, 0xBD];
    assert_eq!(fault(&[&start(3)]), FaultKind::NoSuchRom { entry: START, rom: 3 });
    // Started anew it is as at first: the disk system is dropped again.
    let again = START + BACK.len() as u16 + 8;
    let [low, high] = again.to_le_bytes();
    let code = [&BACK[..], &[0x21, low, high, 0x0E, 0xFF, 0xC3, 0x16, 0xBD]].concat();
    assert_eq!(fault(&[&code, &open(code.len())]), FaultKind::NoFile { entry: 0xBC77 });
}
