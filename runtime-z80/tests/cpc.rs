//! The CPC 464 with small programs in it.

use mlc_runtime_z80::{CpcConfig, CpcMachine, End, Exit, Fault, FaultKind, FileError, NoObserver, Script};

/// Where the programs stand.
const START: u16 = 0x0170;

fn file(program: &[u8]) -> Vec<u8> {
    let mut header = [0; 128];
    let [low, high] = (program.len() as u16).to_le_bytes();
    header[18] = 2;
    header[21..23].copy_from_slice(&START.to_le_bytes());
    header[24..26].copy_from_slice(&[low, high]);
    header[26..28].copy_from_slice(&START.to_le_bytes());
    sign(&mut header);
    [&header[..], program].concat()
}

fn sign(header: &mut [u8]) {
    let sum: u16 = header[..67].iter().map(|&byte| u16::from(byte)).sum();
    header[67..69].copy_from_slice(&sum.to_le_bytes());
}

fn run(program: &[u8], keys: &[u8]) -> (End, CpcMachine<Script>) {
    let config = CpcConfig { limit: Some(10_000_000), ..CpcConfig::default() };
    let mut machine = CpcMachine::load(&file(program), Script::new(keys), config).expect("the file is whole");
    (machine.run(&mut NoObserver), machine)
}

#[track_caller]
fn fault(program: &[u8]) -> FaultKind {
    match run(program, b"").0 {
        End::Fault(Fault { kind, .. }) => kind,
        other => panic!("a fault expected: {other:?}"),
    }
}

#[test]
fn keys_are_read_and_characters_printed() {
    // CALL KM WAIT CHAR / RET NC / CALL TXT OUTPUT / CP 13 / JR NZ,back / RET
    let program = [0xCD, 0x06, 0xBB, 0xD0, 0xCD, 0x5A, 0xBB, 0xFE, 13, 0x20, 0xF5, 0xC9];
    let (end, mut machine) = run(&program, b"aB\x01\rnever");
    assert_eq!(end, End::Exit(Exit::Return));
    assert_eq!(machine.console().transcript(), b"aB\r");
    assert_eq!(machine.console().output(), b"\r");
    assert_eq!(run(&program, b"a").0, End::EndOfInput);

    // A limit counts from the last key. LD B,0 / DJNZ $ / CALL KM WAIT CHAR / JR back
    let program = [0x06, 0, 0x10, 0xFE, 0xCD, 0x06, 0xBB, 0x18, 0xF7];
    let config = CpcConfig { limit: Some(5000), ..CpcConfig::default() };
    let mut machine = CpcMachine::load(&file(&program), Script::new(b"0123456789"), config).unwrap();
    assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
    assert!(machine.t_states() > 30_000);
}

#[test]
fn what_the_firmware_would_not_take_is_a_fault() {
    // EXX / LD B,1 / EXX, then a wait for the interrupt or a call.
    assert_eq!(fault(&[0xD9, 0x06, 1, 0xD9, 0x18, 0xFE]), FaultKind::GateArray { bc: 0x0189 });
    assert_eq!(fault(&[0xD9, 0x06, 1, 0xD9, 0xCD, 0x5A, 0xBB]), FaultKind::GateArray { bc: 0x0189 });
    // The same with interrupts off and BC' put back.
    let guarded = [0xF3, 0xD9, 0xC5, 0x06, 1, 0xC1, 0xD9, 0xFB, 0x06, 0, 0x10, 0xFE, 0xC9];
    assert_eq!(run(&guarded, b"").0, End::Exit(Exit::Return));
    // LD A,4: a command for the screen's mode.
    assert_eq!(fault(&[0x3E, 4, 0xCD, 0x5A, 0xBB, 0xC9]), FaultKind::UnprintableCode { code: 4 });
    assert!(matches!(fault(&[0xCD, 0, 0xBC]), FaultKind::ProtectedExecution { area: "the firmware" }));
    assert!(matches!(fault(&[0x32, 0, 0xC0]), FaultKind::ProtectedWrite { area: "the screen", .. }));
}

#[test]
fn the_stack_must_lie_where_no_rom_is() {
    // LD SP / LD A,65 / CALL TXT OUTPUT / LD HL,C006h / LD C,0 / JP MC START PROGRAM
    let on = |sp: u16| {
        let [low, high] = sp.to_le_bytes();
        [0x31, low, high, 0x3E, 65, 0xCD, 0x5A, 0xBB, 0x21, 6, 0xC0, 0x0E, 0, 0xC3, 0x16, 0xBD]
    };
    assert_eq!(run(&on(0xC000), b"").0, End::Exit(Exit::Basic));
    assert_eq!(run(&on(0x4002), b"").0, End::Exit(Exit::Basic));
    assert_eq!(fault(&on(0x4001)), FaultKind::FirmwareStack { sp: 0x3FFF });
    assert_eq!(fault(&on(0x3000)), FaultKind::FirmwareStack { sp: 0x2FFE });
    // A wait for the interrupt.
    assert_eq!(fault(&[0x31, 0, 0x30, 0x18, 0xFE]), FaultKind::FirmwareStack { sp: 0x2FFE });
}

#[test]
fn basic_is_the_only_program_to_start() {
    // LD HL,entry / LD C,ROM / JP MC START PROGRAM
    let start = |entry: u16, rom: u8| {
        let [low, high] = entry.to_le_bytes();
        [0x21, low, high, 0x0E, rom, 0xC3, 0x16, 0xBD]
    };
    assert_eq!(run(&start(0xC006, 0), b"").0, End::Exit(Exit::Basic));
    assert_eq!(fault(&start(0xC006, 7)), FaultKind::NoSuchRom { entry: 0xC006, rom: 7 });
    assert_eq!(fault(&start(0, 0)), FaultKind::NoSuchRom { entry: 0, rom: 0 });
    assert_eq!(
        fault(&start(0xC009, 0)).to_string(),
        "MC START PROGRAM (BD16h) with HL = C009h and C = 0; there is BASIC, C006h in ROM 0, and memory, with C = 255"
    );
}

#[test]
fn the_cursor_is_seen_when_it_is_enabled_and_on() {
    const ENABLE: u8 = 0x7B;
    const DISABLE: u8 = 0x7E;
    const ON: u8 = 0x81;
    const OFF: u8 = 0x84;
    let calls = |entries: &[u8]| -> Vec<u8> {
        let calls = entries.iter().flat_map(|&low| [0xCD, low, 0xBB]);
        calls.chain([0xC9]).collect()
    };
    let seen = |entries: &[u8]| {
        let (end, machine) = run(&calls(entries), b"");
        assert_eq!(end, End::Exit(Exit::Return));
        machine.cursor()
    };
    assert!(!seen(&[]) && !seen(&[ENABLE]) && !seen(&[ON]));
    assert!(seen(&[ENABLE, ON]) && seen(&[ON, ENABLE]) && seen(&[ENABLE, ON, OFF, ON]));
    assert!(!seen(&[ENABLE, ON, OFF]) && !seen(&[ENABLE, ON, DISABLE]));
    // On twice, and off without on: the program has lost track.
    assert_eq!(fault(&calls(&[ON, ON])), FaultKind::Cursor { on: true });
    assert_eq!(fault(&calls(&[ON, OFF, OFF])), FaultKind::Cursor { on: false });
    assert_eq!(fault(&calls(&[OFF])).to_string(), "TXT CUR OFF, and the cursor is OFF already");
}

#[test]
fn interrupts_come_300_times_a_second() {
    // LD HL,0 / PUSH HL / POP HL / a loop of 0.2 s / DEC SP, DEC SP, POP HL: what was last pushed / LD A,H, OR L, RET Z /
    // DI, HALT. The way back to 0000h would be an exit.
    let program = [
        0x21, 0, 0, 0xE5, 0xE1, 0x0E, 0, 0x10, 0xFE, 0x0D, 0x20, 0xFB, 0x3B, 0x3B, 0xE1, 0x7C, 0xB5, 0xC8,
        0xF3, 0x76,
    ];
    assert_eq!(fault(&program), FaultKind::Halt { interrupts: false });
}

#[test]
fn damaged_files_are_refused() {
    let load = |file: &[u8]| CpcMachine::load(file, Script::default(), CpcConfig::default()).err();
    let good = file(&[0xC9; 4]);
    let with = |at: usize, value: u8| {
        let mut file = good.clone();
        file[at] = value;
        sign(&mut file);
        load(&file)
    };
    assert_eq!(load(&good), None);
    assert_eq!(load(&good[..127]), Some(FileError::HeaderShort { length: 127 }));
    assert_eq!(load(&good[..131]), Some(FileError::HeaderLength { says: 4, has: 3 }));
    assert_eq!(load(&[good.clone(), vec![0; 60]].concat()), None, "records are stored whole");
    let mut wrong = good.clone();
    wrong[3] = 9;
    assert!(matches!(load(&wrong), Some(FileError::HeaderChecksum { .. })));
    assert_eq!(with(18, 0), Some(FileError::HeaderType { kind: 0 }));
    assert_eq!(with(22, 0xB0), Some(FileError::Place { start: 0xB070, end: 0xB074, limit: 0xA700 }));
    assert_eq!(with(26, 0), Some(FileError::Entry { entry: 0x0100 }));
}
