//! BDOS console functions and BIOS entries.

mod machine;

use machine::run;
use mlc_runtime_z80::{Console, CpmMachine, End, Exit, Input, NoObserver, Readiness, Script};

const EXIT: End = End::Exit(Exit::Return);

/// LD DE,de / LD C,function / CALL 5
fn call(function: u8, de: u16) -> Vec<u8> {
    let [e, d] = de.to_le_bytes();
    vec![0x11, e, d, 0x0E, function, 0xCD, 0x05, 0x00]
}

/// Function 10 into a buffer for `most` characters at 0200h, then function 9 on what was read with a `$`
/// appended, in brackets; for ever.
fn line_program(most: u8) -> Vec<u8> {
    let mut program = vec![0x3E, most, 0x32, 0x00, 0x02]; // 0100 LD A,most / LD (0200h),A
    program.extend(call(10, 0x0200)); // 0105
    program.extend([0x2A, 0x01, 0x02, 0x26, 0x00]); // LD HL,(0201h) / LD H,0
    program.extend([0x11, 0x02, 0x02, 0x19, 0x36, b'$']); // LD DE,0202h / ADD HL,DE / LD (HL),'$'
    program.extend(call(2, u16::from(b'[')));
    program.extend(call(9, 0x0202));
    program.extend(call(2, u16::from(b']')));
    program.extend([0xC3, 0x05, 0x01]); // JP 0105h
    program
}

fn line(most: u8, typed: &[u8]) -> (End, String, String) {
    run(&line_program(most), typed)
}

#[test]
fn output() {
    let program =
        [call(2, u16::from(b'A')), call(6, 0xFE), call(9, 0x0119), vec![0xC9], b"b\tc$".to_vec()].concat();
    // 0100 + 3 * 8 + 1 = 0119: the text. The column is 3 when the tab comes.
    assert_eq!(run(&program, b""), (EXIT, "A\u{FE}b     c".into(), "A\u{FE}b     c".into()));
}

#[test]
fn input_with_echo() {
    // 0100 CALL 1 / LD E,A / LD C,6: write it raw / loop
    let program = [0x0E, 0x01, 0xCD, 0x05, 0x00, 0x5F, 0x0E, 0x06, 0xCD, 0x05, 0x00, 0x18, 0xF3];
    let (end, output, transcript) = run(&program, b"x\x01\r\xE4");
    assert_eq!(end, End::EndOfInput);
    assert_eq!(output, "x\u{1}\r\u{E4}");
    // Control characters are not echoed; a carriage return and what is no ASCII are.
    assert_eq!(transcript, "xx\u{1}\r\r\u{E4}\u{E4}");
}

#[test]
fn direct_input() {
    // 0100 LD E,FFh / LD C,6 / CALL 5 / OR A / RET Z / LD E,A / LD C,2 / CALL 5 / JR 0100
    let program = [
        0x1E, 0xFF, 0x0E, 0x06, 0xCD, 0x05, 0x00, 0xB7, 0xC8, 0x5F, 0x0E, 0x02, 0xCD, 0x05, 0x00, 0x18, 0xEF,
    ];
    assert_eq!(run(&program, b"abc"), (EXIT, "abc".into(), "abc".into()));
}

/// A program may look for a key now and then after the end of input, but not wait for one for ever.
#[test]
fn waiting_for_a_key_that_never_comes() {
    // 0100 LD C,11 / CALL 5 / OR A / JR Z,0100
    let program = [0x0E, 0x0B, 0xCD, 0x05, 0x00, 0xB7, 0x28, 0xF8, 0xC9];
    assert_eq!(run(&program, b"k").0, EXIT);
    assert_eq!(run(&program, b"").0, End::EndOfInput);
    // 0100 LD HL,2000 / PUSH HL / LD C,11 / CALL 5 / LD E,'.' / LD C,2 / CALL 5 / POP HL / DEC HL / LD A,H / OR L / JR NZ
    let polling = [
        0x21, 0xD0, 0x07, 0xE5, 0x0E, 0x0B, 0xCD, 0x05, 0x00, 0x1E, b'.', 0x0E, 0x02, 0xCD, 0x05, 0x00, 0xE1,
        0x2B, 0x7C, 0xB5, 0x20, 0xED, 0xC9,
    ];
    let (end, output, _) = run(&polling, b"");
    assert_eq!((end, output.len()), (EXIT, 2000));
}

#[test]
fn version() {
    // LD C,12 / CALL 5 / LD (0200h),HL / LD (0202h),A / LD A,B / LD (0203h),A / RET
    let program =
        [0x0E, 0x0C, 0xCD, 0x05, 0x00, 0x22, 0x00, 0x02, 0x32, 0x02, 0x02, 0x78, 0x32, 0x03, 0x02, 0xC9];
    let mut machine = machine::machine(&program, "", b"");
    assert_eq!(machine.run(&mut NoObserver), EXIT);
    assert_eq!(&machine.memory().bytes()[0x200..0x204], [0x22, 0x00, 0x22, 0x00]);
}

#[test]
fn lines() {
    let (end, output, transcript) = line(10, b"hello\rzwei\n\rdrei");
    assert_eq!(end, End::EndOfInput);
    assert_eq!(output, "[hello][zwei][][drei]");
    assert_eq!(transcript, "hello\r[hello]zwei\r[zwei]\r[]drei\r[drei]");
}

/// CP/M ends the line by itself when the buffer is full.
#[test]
fn a_full_buffer_ends_the_line() {
    assert_eq!(line(3, b"abcdef\r").1, "[abc][def][]");
    assert_eq!(line(1, b"ab").1, "[a][b]");
    assert_eq!(line(0, b"ab").1, "[a][b]");
    assert_eq!(line(255, &[b'x'; 256]).1.len(), 255 + 2 + 1 + 2);
}

#[test]
fn line_editing() {
    let rub = "\u{8} \u{8}";
    let (_, output, transcript) = line(20, b"ab\x08c\r");
    assert_eq!((output.as_str(), transcript), ("[ac]", format!("ab{rub}c\r[ac]")));
    // Erasing at the start of the line does nothing; a control character takes two columns.
    let (_, output, transcript) = line(20, b"\x08\x7F\x01\x08a\r");
    assert_eq!((output.as_str(), transcript), ("[a]", format!("^A{rub}{rub}a\r[a]")));
    // DEL shows what it takes away.
    let (_, output, transcript) = line(20, b"abc\x7F\x7Fd\r");
    assert_eq!((output.as_str(), transcript.as_str()), ("[ad]", "abccbd\r[ad]"));
    let (_, output, transcript) = line(20, b"ab\x18c\r");
    assert_eq!((output.as_str(), transcript), ("[c]", format!("ab{rub}{rub}c\r[c]")));
    let (_, output, transcript) = line(20, b"ab\x15c\r");
    assert_eq!((output.as_str(), transcript.as_str()), ("[c]", "ab#\r\nc\r[c]"));
    let (_, output, transcript) = line(20, b"abx\x7F\x12c\r");
    assert_eq!((output.as_str(), transcript.as_str()), ("[abc]", "abxx#\r\nabc\r[abc]"));
    // ^P is for the printer, ^E goes to a new line on the screen only, bit 7 is dropped.
    let (_, output, transcript) = line(20, b"a\x10b\x05\xE3\r");
    assert_eq!((output.as_str(), transcript.as_str()), ("[abc]", "ab\r\nc\r[abc]"));
}

#[test]
fn control_c_in_a_line() {
    assert_eq!(line(20, b"\x03"), (End::Exit(Exit::ControlC), String::new(), "^C".into()));
    assert_eq!(line(20, b"a\x08\x03").0, End::Exit(Exit::ControlC));
    assert_eq!(line(20, b"a\x03\r").1, "[a\u{3}]");
}

/// CALL through the BIOS's jump table: 0001h holds the address of its second entry.
fn bios(entry: u16) -> Vec<u8> {
    let [low, high] = (0xF200 + 3 * entry).to_le_bytes();
    vec![0xCD, low, high]
}

#[test]
fn bios_entries() {
    // CONST / LD (0200h),A / CONIN / LD C,A / CONOUT / CONST / LD (0201h),A / RET
    let program = [
        bios(2),
        vec![0x32, 0x00, 0x02],
        bios(3),
        vec![0x4F],
        bios(4),
        bios(2),
        vec![0x32, 0x01, 0x02, 0xC9],
    ]
    .concat();
    let mut machine = machine::machine(&program, "", b"q");
    assert_eq!(machine.run(&mut NoObserver), EXIT);
    assert_eq!(&machine.memory().bytes()[0x200..0x202], [0xFF, 0x00]);
    assert_eq!(machine.console().output(), b"q");
    // Four calls with JP and RET, two stores, a load, the last RET.
    assert_eq!(machine.t_states(), 4 * (17 + 10 + 10) + 2 * 13 + 4 + 10);
    assert_eq!(run(&bios(0), b"").0, End::Exit(Exit::WarmBoot));
    assert_eq!(run(&bios(1), b"").0, End::Exit(Exit::WarmBoot));
}

/// Nothing is attached: what is sent is lost, the reader has nothing to read, the printer is always ready.
#[test]
fn devices_that_are_not_there() {
    // READER / LD (0200h),A; LISTST / LD (0201h),A; LIST; PUNCH; RET
    let store = |at: u8| vec![0x32, at, 0x02];
    let program = [
        bios(7),
        store(0),
        bios(15),
        store(1),
        vec![0x0E, b'x'],
        bios(5),
        vec![0x0E, b'y'],
        bios(6),
        vec![0xC9],
    ];
    let mut machine = machine::machine(&program.concat(), "", b"z");
    assert_eq!(machine.run(&mut NoObserver), EXIT);
    assert_eq!(&machine.memory().bytes()[0x200..0x202], [0x1A, 0xFF]);
    // The same by the BDOS; the console is not asked and shows nothing.
    let program = [call(3, 0), store(0), call(4, u16::from(b'p')), call(5, u16::from(b'l')), vec![0xC9]];
    let mut machine = machine::machine(&program.concat(), "", b"z");
    assert_eq!(machine.run(&mut NoObserver), EXIT);
    assert_eq!(machine.memory().byte(0x200), 0x1A);
    assert_eq!(machine.console().transcript(), b"");
    assert_eq!(machine.console().read(), Input::Byte(b'z'));
}

#[test]
fn the_iobyte_is_kept() {
    // 8 with 5Ah, 7 / LD (0200h),A; then the other way: LD A,81h / LD (3),A, 7 / LD (0201h),A
    let store = |at: u8| vec![0x32, at, 0x02];
    let set = vec![0x3E, 0x81, 0x32, 0x03, 0x00];
    let program =
        [call(7, 0), store(2), call(8, 0x5A), call(7, 0), store(0), set, call(7, 0), store(1), vec![0xC9]];
    let mut machine = machine::machine(&program.concat(), "", b"");
    assert_eq!(machine.run(&mut NoObserver), EXIT);
    assert_eq!(&machine.memory().bytes()[0x200..0x203], [0x5A, 0x81, 0]);
}

/// 38, 39 and what only later systems have: nothing happens, and 0 comes back, as from CP/M 2.2.
#[test]
fn functions_that_cpm_2_2_does_not_have() {
    for function in [38, 39, 41, 98, 105, 255] {
        // call / LD (0200h),A / LD (0201h),HL / RET
        let program = [call(function, 0x1234), vec![0x32, 0x00, 0x02, 0x22, 0x01, 0x02, 0xC9]].concat();
        let mut machine = machine::machine(&program, "", b"");
        assert_eq!(machine.run(&mut NoObserver), EXIT, "{function}");
        assert_eq!(&machine.memory().bytes()[0x200..0x203], [0, 0, 0], "{function}");
        assert_eq!(machine.console().output(), b"");
    }
}

/// CALL 5, the JP at 0005h and the RET: 37 T-states.
#[test]
fn what_a_bdos_call_costs() {
    let mut machine = machine::machine(&[call(12, 0), vec![0xC9]].concat(), "", b"");
    machine.run(&mut NoObserver);
    assert_eq!(machine.t_states(), 10 + 7 + 37 + 10);
}

/// Every call changes what 8080 code can reach, and leaves IX, IY and the alternate registers alone.
#[test]
fn calls_clobber_registers() {
    // LD B,5Ah / LD DE,5A41h / LD HL,5A5Ah / LD IX,1234h / LD IY,5678h / LD C,2 / CALL 5 / RET
    #[rustfmt::skip]
    let program = [
        0x06, 0x5A, 0x11, 0x41, 0x5A, 0x21, 0x5A, 0x5A,
        0xDD, 0x21, 0x34, 0x12, 0xFD, 0x21, 0x78, 0x56, 0x0E, 0x02, 0xCD, 0x05, 0x00, 0xC9,
    ];
    let mut machine = machine::machine(&program, "", b"");
    let sp = machine.registers().sp;
    machine.run(&mut NoObserver);
    let after = machine.registers();
    assert_eq!((after.ix, after.iy, after.sp), (0x1234, 0x5678, sp + 2));
    assert_ne!(after.bc, 0x5A02);
    assert_ne!(after.de, 0x5A41);
    assert_ne!(after.hl, 0x5A5A);
    // A = L and B = H even so.
    assert_eq!((after.af >> 8, after.bc >> 8), (after.hl & 0xFF, after.hl >> 8));
}

/// The echo can be told from the program's own output, and a console need not be a `Script`.
struct Dumb(Vec<u8>);

impl Console for Dumb {
    fn read(&mut self) -> Input {
        Input::Byte(b'\r')
    }

    fn ready(&mut self) -> Readiness {
        Readiness::Nothing
    }

    fn write(&mut self, byte: u8) {
        self.0.push(byte);
    }
}

#[test]
fn a_console_of_ones_own() {
    let program = [call(10, 0x0080), call(2, u16::from(b'!')), vec![0xC9]].concat();
    let mut console = Dumb(Vec::new());
    let mut machine = CpmMachine::load(&program, b"", &mut console, machine::config()).unwrap();
    assert_eq!(machine.run(&mut NoObserver), EXIT);
    assert_eq!(console.0, b"\r!");
}

#[test]
fn scripted_lines() {
    let script = Script::lines(["eins", "zwei"]);
    let mut machine = CpmMachine::load(&line_program(10), b"", script, machine::config()).unwrap();
    assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
    assert_eq!(machine.console().output(), b"[eins][zwei]");
}
