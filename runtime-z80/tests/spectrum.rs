//! The Spectrum without a ROM, and the one that runs a ROM image, with small programs in them.

use mlc_runtime_z80::{
    End, Exit, Fault, FaultKind, FileError, FullSpectrum, NoObserver, Observer, Script, SpectrumConfig,
    SpectrumMachine, Z80,
};

/// Where the programs stand.
const START: u16 = 0x8000;
/// `LD A,2`, `CALL CHAN-OPEN`.
const OPEN: &[u8] = &[0x3E, 2, 0xCD, 0x01, 0x16];
const RET: u8 = 0xC9;

fn block(flag: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16 + 2).to_le_bytes();
    let sum = data.iter().fold(flag, |sum, byte| sum ^ byte);
    [&length[..], &[flag], data, &[sum]].concat()
}

fn tape(program: &[u8]) -> Vec<u8> {
    let [low, high] = (program.len() as u16).to_le_bytes();
    let header = [&[3][..], b"test      ", &[low, high], &START.to_le_bytes(), &[0, 0x80]].concat();
    [block(0, &header), block(0xFF, program)].concat()
}

fn machine(program: &[u8], keys: &[u8]) -> SpectrumMachine<Script> {
    let config = SpectrumConfig { limit: Some(20_000_000), ..SpectrumConfig::default() };
    SpectrumMachine::load_tape(&tape(program), Script::new(keys), config).expect("the tape is whole")
}

fn run(program: &[u8]) -> (End, SpectrumMachine<Script>) {
    let mut machine = machine(program, b"");
    (machine.run(&mut NoObserver), machine)
}

#[track_caller]
fn fault(program: &[u8]) -> FaultKind {
    match run(program).0 {
        End::Fault(Fault { kind, .. }) => kind,
        other => panic!("a fault expected: {other:?}"),
    }
}

/// A program that prints a text, each character by `LD A,n`, `RST 10h`.
fn printing(text: &[u8]) -> Vec<u8> {
    let each = text.iter().flat_map(|&c| [0x3E, c, 0xD7]);
    OPEN.iter().copied().chain(each).chain([RET]).collect()
}

#[test]
fn what_is_printed_stands_on_the_screen() {
    let (end, mut machine) = run(&printing(b"Ab{~}\rsecond\x08D|\x16\x05\x02at\x16\x01\x07"));
    assert_eq!(end, End::Exit(Exit::Return));
    assert_eq!(machine.console().output(), b"Ab{~}\r\nsecond\x08D|at");
    assert_eq!(machine.screen()[..6], ["Ab{~}", "seconD|", "", "", "", "  at"]);
}

#[test]
fn a_row_is_full_at_32_characters_and_the_screen_scrolls() {
    let text = [b"x".repeat(33).as_slice(), &b"\ry".repeat(30), b"\x08"].concat();
    let program = [&[0xFD, 0x36, 0x52, 0xFF][..], &printing(&text)].concat(); // LD (IY+52h),FFh
    let (end, machine) = run(&program);
    assert_eq!(end, End::Exit(Exit::Return));
    let rows = machine.screen();
    assert_eq!((rows[0].as_str(), rows[21].as_str(), rows[22].as_str()), ("y", "y", ""));
}

#[test]
fn the_picture_has_a_border_and_the_colours_of_cells() {
    // LD A,2 / OUT (FEh),A: red. LD HL,5800h / LD (HL),46h: bright yellow on black.
    let program = [&[0x3E, 2, 0xD3, 0xFE, 0x21, 0x00, 0x58, 0x36, 0x46][..], &printing(b"\rI")].concat();
    let (end, mut machine) = run(&program);
    assert_eq!(end, End::Exit(Exit::Return));
    let picture = machine.picture();
    let point = |x: usize, y: usize| &picture.rgb[3 * (y * picture.width + x)..][..3];
    assert_eq!((picture.width, picture.height, picture.rgb.len()), (320, 240, 320 * 240 * 3));
    assert_eq!(point(0, 0), [0xD7, 0, 0]);
    assert_eq!(point(319, 239), [0xD7, 0, 0]);
    assert_eq!(point(32, 24), [0, 0, 0]);
    // The second row's I on white: its top stroke begins in the third column.
    assert_eq!((point(32, 32), point(35, 32)), (&[0xD7; 3][..], &[0; 3][..]));
}

#[test]
fn keys_come_while_the_program_halts() {
    // BIT 5,(IY+1) / JR NZ,+3 / HALT / JR back / RES 5,(IY+1) / LD A,(LAST_K) / RST 10h / LD A,(LAST_K) / CP 13 /
    // JR NZ,back / RET
    let echo = [
        0xFD, 0xCB, 1, 0x6E, 0x20, 3, 0x76, 0x18, 0xF7, 0xFD, 0xCB, 1, 0xAE, 0x3A, 8, 0x5C, 0xD7, 0x3A, 8,
        0x5C, 0xFE, 13, 0x20, 0xE8, RET,
    ];
    let program = [OPEN, &echo].concat();
    let mut machine = machine(&program, b"aB\x01\rnever");
    struct LineEnds(Vec<u64>);
    impl Observer<Z80> for LineEnds {
        fn on_line_end(&mut self, t: u64) {
            self.0.push(t);
        }
    }
    let mut ends = LineEnds(vec![]);
    assert_eq!(machine.run(&mut ends), End::Exit(Exit::Return));
    assert_eq!(machine.console().transcript(), b"aB\r\n");
    // The line was an echo, its end is the program's answer to Enter.
    assert_eq!(machine.console().output(), b"\r\n");
    // A key a frame.
    assert_eq!(ends.0.len(), 1);
    assert_eq!(ends.0[0] / 69_888, 3);

    // A limit counts from the last key.
    let config = SpectrumConfig { limit: Some(100_000), ..SpectrumConfig::default() };
    let mut machine = SpectrumMachine::load_tape(&tape(&program), Script::new(b"aB\r"), config).unwrap();
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert!(machine.t_states() > 200_000);

    let mut silent = self::machine(&program, b"");
    assert_eq!(silent.run(&mut NoObserver), End::EndOfInput);
}

#[test]
fn what_the_rom_would_not_take_is_a_fault() {
    assert_eq!(fault(&[0x3E, b'A', 0xD7, RET]), FaultKind::NoChannel);
    assert_eq!(fault(&[0x3E, 1, 0xCD, 0x01, 0x16, RET]), FaultKind::NoSuchChannel { channel: 1 });
    assert_eq!(fault(&printing(b"a\x10")), FaultKind::UnprintableCode { code: 0x10 });
    assert_eq!(fault(&printing(&b"\r".repeat(22))), FaultKind::ScrollQuestion);
    assert_eq!(fault(&printing(b"\x16\x16\0")), FaultKind::OutOfScreen { row: 22, column: 0 });
    // LD IY,1234h and an interrupt, or the way back.
    assert_eq!(fault(&[0xFD, 0x21, 0x34, 0x12, 0x18, 0xFE]), FaultKind::BasicPointer { iy: 0x1234 });
    assert_eq!(fault(&[0xFD, 0x21, 0x34, 0x12, RET]), FaultKind::BasicPointer { iy: 0x1234 });
    // EXX / LD HL,1 / EXX / RET
    assert_eq!(fault(&[0xD9, 0x21, 1, 0, 0xD9, RET]), FaultKind::BasicCalculator { hl: 1 });
    assert!(matches!(fault(&[0xCD, 0, 0x12, RET]), FaultKind::ProtectedExecution { area: "the ROM" }));
    assert_eq!(fault(&[0xF3, 0x76]), FaultKind::Halt { interrupts: false });
}

#[test]
fn an_interrupt_that_is_not_taken_at_once_is_lost() {
    let frames = |machine: &SpectrumMachine<Script>| machine.memory().byte(0x5C78);
    // DI or NOP / LD BC,2000h / DEC BC, LD A,B, OR C, JR NZ: three frames / EI / NOP / RET
    let program = |first: u8| [first, 0x01, 0, 0x20, 0x0B, 0x78, 0xB1, 0x20, 0xFB, 0xFB, 0x00, RET];
    for (first, counted) in [(0x00, 3), (0xF3, 0)] {
        let mut machine = machine(&program(first), b"");
        let before = frames(&machine);
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
        assert_eq!(frames(&machine).wrapping_sub(before), counted);
    }
}

#[test]
fn damaged_files_are_refused() {
    let load = |file: &[u8]| {
        let loaded = SpectrumMachine::load_tape(file, Script::default(), SpectrumConfig::default());
        loaded.err().unwrap_or_else(|| panic!("an error expected"))
    };
    let good = tape(&[RET]);
    let mut wrong = good.clone();
    wrong[5] ^= 1;
    assert_eq!(load(&wrong), FileError::TapChecksum { block: 1 });
    assert_eq!(load(&good[..good.len() - 1]), FileError::TapShort { block: 2, length: 3 });
    assert_eq!(load(&[0, 0]), FileError::TapEmpty { block: 1 });
    assert_eq!(load(&good[..21]), FileError::NoCode);
    assert_eq!(load(b""), FileError::NoCode);
    let low = [block(0, &[&[3; 13][..], &[0, 0x20, 0, 0]].concat()), block(0xFF, &[RET])].concat();
    assert_eq!(load(&low), FileError::CodePlace { start: 0x2000, length: 1 });
    for end in 0..good.len() {
        load(&good[..end]);
    }
    let snapshot = |file: &[u8]| {
        SpectrumMachine::load_snapshot(file, Script::default(), SpectrumConfig::default()).err()
    };
    let text = |error: Option<FileError>| error.map(|e| e.to_string()).unwrap_or_default();
    assert!(text(snapshot(&[0; 100])).contains("100 bytes"));
    let mut file = vec![0; 49179];
    assert!(text(snapshot(&file)).contains("stack pointer 0000h"));
    file[24] = 0x80;
    file[25] = 3;
    assert!(text(snapshot(&file)).contains("interrupt mode 3"));
    file[25] = 1;
    assert_eq!(text(snapshot(&file)), "");
}

#[test]
fn a_rom_reads_keys_and_cannot_be_written() {
    // LD HL,8000h / LD (HL),FFh / LD A,F7h / IN A,(FEh) / AND (HL) / LD (HL),A / LD (0),A / JR back
    let code = [0x21, 0, 0x80, 0x36, 0xFF, 0x3E, 0xF7, 0xDB, 0xFE, 0xA6, 0x77, 0x32, 0, 0, 0x18, 0xF5];
    let mut rom = vec![0; 0x4000];
    rom[..code.len()].copy_from_slice(&code);
    let mut machine = FullSpectrum::new(&rom, None, SpectrumConfig::default()).expect("it has 16 KB");
    machine.run_frames(2, &mut NoObserver).expect("it loops");
    assert_eq!(machine.memory().byte(0x8000), 0xBF);
    machine.type_text(b"q", &mut NoObserver).expect("it loops");
    assert_eq!(machine.memory().byte(0x8000), 0xBF, "Q is in another row");
    machine.type_text(b"14", &mut NoObserver).expect("it loops");
    assert_eq!(machine.memory().byte(0x8000), 0xBF & !0b1001);
    assert_eq!(machine.memory().byte(0), 0x21);
    assert!(FullSpectrum::new(&rom[1..], None, SpectrumConfig::default()).is_err());
}

#[test]
fn basic_stops_with_a_report() {
    // NOP / RST 8 / the report's number less one
    let text = |code: u8| match run(&[0x00, 0xCF, code]).0 {
        End::Fault(fault) => fault.to_string(),
        other => panic!("a fault expected: {other:?}"),
    };
    assert_eq!(text(3), "at 8001h: RST 8: BASIC stops with its report 4 Out of memory");
    assert_eq!(text(0xFF), "at 8001h: RST 8: BASIC stops with its report 0");
    assert_eq!(text(9), "at 8001h: RST 8: BASIC stops with its report A");
    assert_eq!(text(0x1A), "at 8001h: RST 8: BASIC stops with its report R");
    assert_eq!(text(0x1B), "at 8001h: RST 8: BASIC stops with its report number 28, which it does not have");
}

#[test]
fn a_machine_with_16_kb_has_no_memory_behind_them() {
    // LD HL,7FFFh / LD (HL),1 / INC HL / LD (HL),1 / RET, from 7000h on, with a byte behind the memory
    let mut program = vec![0x21, 0xFF, 0x7F, 0x36, 1, 0x23, 0x36, 1, RET];
    program.resize(0x1001, 7);
    let mut tape = tape(&program);
    // The address in the header, and its checksum.
    tape[17] ^= 0x80 ^ 0x70;
    tape[20] ^= 0x80 ^ 0x70;
    let start = |memory_last| {
        let config = SpectrumConfig { memory_last, ..SpectrumConfig::default() };
        let mut machine =
            SpectrumMachine::load_tape(&tape, Script::new(b""), config).expect("the tape is whole");
        let before = machine.memory().byte(0x8000);
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
        let memory = machine.memory();
        (memory.word(0x5CB4), before, memory.byte(0x7FFF), memory.byte(0x8000))
    };
    assert_eq!(start(0xFFFF), (0xFFFF, 7, 1, 1));
    let (top, before, last, behind) = start(0x7FFF);
    assert_eq!((top, last), (0x7FFF, 1));
    assert!(before == behind && before != 7, "{before}");
}

/// `LD BC,7FFDh`, then for each value `LD A,value`, `OUT (C),A`, and code of its own.
fn paging(steps: &[(u8, &[u8])]) -> Vec<u8> {
    let step = |(value, code): &(u8, &[u8])| [&[0x3E, *value, 0xED, 0x79], *code].concat();
    [vec![0x01, 0xFD, 0x7F, 0x21, 0x00, 0xC0], steps.iter().flat_map(step).collect()].concat() // LD HL,C000h
}

fn with_pages(tape: &[u8]) -> SpectrumMachine<Script> {
    let config = SpectrumConfig { limit: Some(20_000_000), pages: true, ..SpectrumConfig::default() };
    SpectrumMachine::load_tape(tape, Script::new(b""), config).expect("the tape is whole")
}

#[test]
fn pages_show_behind_a_port() {
    let put = |value: u8| [0x36, value]; // LD (HL),value
    // Page 5 is the screen as well. What was put into page 1 comes into D, what into page 0 stays there.
    let code = [
        (0x10, &put(7)[..]),
        (0x11, &put(1)),
        (0x13, &put(3)),
        (0x15, &put(5)),
        (0x11, &[0x56]),
        (0x10, &[RET]),
    ];
    let mut machine = with_pages(&tape(&paging(&code)));
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    let seen = (machine.memory().byte(0xC000), machine.registers().de >> 8, machine.memory().byte(0x4000));
    assert_eq!(seen, (7, 1, 5));
    // With 48 KB nothing is there.
    let (end, machine) = run(&paging(&code));
    assert_eq!((end, machine.registers().de >> 8), (End::Exit(Exit::Return), 5));
    // Bit 5 locks the port, and ROM 0 is no BASIC.
    let locked = paging(&[(0x30, &put(7)), (0x11, &put(1)), (0x10, &[RET])]);
    let ends = |code: &[u8]| match with_pages(&tape(code)).run(&mut NoObserver) {
        End::Fault(fault) => fault.to_string(),
        other => format!("{other:?}"),
    };
    let back =
        "at 2D2Bh: back in BASIC with 30h sent to port 7FFDh and 10h in BANKM (5B5Ch); it had 10h in both";
    assert_eq!(ends(&locked), back);
    assert_eq!(ends(&paging(&[(0x11, &[RET])])), back.replace("30h", "11h"));
    assert_eq!(ends(&paging(&[(0x00, &[0xC7])])), "Exit(Basic)"); // RST 0
    assert!(ends(&paging(&[(0x00, &[0xD7])])).contains("execution inside the ROM, where no entry point is"));
}

#[test]
fn what_is_behind_the_code_on_a_tape_can_be_loaded() {
    // LD IX,9000h / LD DE,3 / LD A,FFh / SCF / CALL LD-BYTES, as often as there are blocks and then once more
    let load = [0xDD, 0x21, 0x00, 0x90, 0x11, 3, 0, 0x3E, 0xFF, 0x37, 0xCD, 0x56, 0x05];
    let program = |times: usize| [load.repeat(times), vec![0xD2, 0, 0, RET]].concat(); // JP NC,0
    let all = |times| [tape(&program(times)), block(0xFF, &[1, 2, 3]), block(0xFF, &[4, 5])].concat();
    let mut machine = with_pages(&all(1));
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert_eq!([0x9000, 0x9001, 0x9002].map(|at| machine.memory().byte(at)), [1, 2, 3]);
    let ends = |times| match with_pages(&all(times)).run(&mut NoObserver) {
        End::Fault(fault) => fault.kind,
        other => panic!("{other:?}"),
    };
    // A block that is too short has no carry.
    assert_eq!(ends(2), FaultKind::ProtectedExecution { area: "the ROM" });
    assert_eq!(ends(3), FaultKind::NoTape);
}

#[test]
fn a_snapshot_of_128_kb_has_all_pages() {
    // LD D,(HL) with page 6 shown, of which the first byte is 6.
    let code = paging(&[(0x16, &[0x56]), (0x10, &[RET])]);
    let mut file = vec![0; 131_103];
    file[19] = 4;
    file[23..25].copy_from_slice(&0x7F00u16.to_le_bytes());
    file[25] = 1;
    let at = |address: usize| 27 + address - 0x4000;
    file[at(0x7F00)..at(0x7F02)].copy_from_slice(&0x2D2Bu16.to_le_bytes());
    file[at(0x5B5C)] = 0x10;
    file[at(0x8000)..at(0x8000) + code.len()].copy_from_slice(&code);
    file[at(0x1_0000)..at(0x1_0000) + 3].copy_from_slice(&[0x00, 0x80, 0x10]);
    // Pages 1, 3, 4, 6 and 7 follow.
    file[at(0x1_0000) + 4 + 3 * 0x4000] = 6;
    file[15..17].copy_from_slice(&0x5C3Au16.to_le_bytes());
    file[1..3].copy_from_slice(&0x2758u16.to_le_bytes());
    let load = |file: &[u8], pages| {
        let config = SpectrumConfig { limit: Some(20_000_000), pages, ..SpectrumConfig::default() };
        SpectrumMachine::load_snapshot(file, Script::new(b""), config)
    };
    let mut machine = load(&file, true).expect("it is whole");
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert_eq!(machine.registers().de >> 8, 6);
    let text = |file: &[u8], pages| load(file, pages).err().map_or(String::new(), |error| error.to_string());
    assert_eq!(text(&file, false), "the snapshot has 131103 bytes; one of a machine with 48 KB has 49179");
    assert_eq!(
        text(&file[1..], true),
        "the snapshot has 131102 bytes; one of a machine with 128 KB has 131103"
    );
}
