//! What would not work on a real machine ends the run, with a message to the letter.

mod machine;

use machine::{config, message};
use mlc_runtime_z80::{Console, Input, Readiness};
use mlc_runtime_z80::{CpmConfig, CpmMachine, End, Exit, NoObserver, Script, Symbols};

fn named() -> CpmConfig {
    let names = [(0x0100, "start"), (0x0103, "scan_2"), (0x0110, "table")];
    let symbols: Symbols = names.into_iter().map(|(address, name)| (address, name.to_owned())).collect();
    CpmConfig { symbols, ..config() }
}

#[test]
fn writes_into_the_system() {
    // NOP x3 / LD HL,E406h / LD (HL),1
    let program = [0x00, 0x00, 0x00, 0x21, 0x06, 0xE4, 0x36, 0x01];
    assert_eq!(
        message(&program, named()),
        "at scan_2+3 (0106h): a write to E406h, which belongs to the BDOS"
    );
    // LD (FFFFh),A
    assert_eq!(
        message(&[0x32, 0xFF, 0xFF], config()),
        "at 0100h: a write to FFFFh, which belongs to the BIOS"
    );
    // LD (0001h),HL
    assert_eq!(
        message(&[0x22, 0x01, 0x00], named()),
        "at start (0100h): a write to 0001h, which belongs to the warm boot jump"
    );
    // LD A,(0006h) / LD (0006h),A
    assert_eq!(
        message(&[0x3A, 0x06, 0x00, 0x32, 0x06, 0x00], named()),
        "at scan_2 (0103h): a write to 0006h, which belongs to the BDOS jump"
    );
}

/// Up to the BDOS, and beside the jumps in page zero, memory belongs to the program.
#[test]
fn writes_beside_the_system() {
    for address in [0x0003u16, 0x0004, 0x0008, 0x0038, 0x00FF, 0xE405] {
        let [low, high] = address.to_le_bytes();
        let (end, ..) = machine::run(&[0x32, low, high, 0xC7], b""); // LD (address),A / RST 0
        assert_eq!(end, End::Exit(Exit::WarmBoot), "{address:04X}");
    }
    // LD SP,(0006h) / PUSH HL / RST 0
    assert_eq!(machine::run(&[0xED, 0x7B, 0x06, 0x00, 0xE5, 0xC7], b"").0, End::Exit(Exit::WarmBoot));
}

#[test]
fn the_refused_write_does_not_happen() {
    let program = [0x21, 0x06, 0xE4, 0x34]; // LD HL,E406h / INC (HL)
    let mut machine = machine::machine(&program, "", b"");
    let before = machine.memory().bytes().to_vec();
    machine::fault(machine.run(&mut NoObserver));
    assert!(machine.memory().bytes()[..] == before);
}

/// The BDOS writes for the program, and the call is what is wrong.
#[test]
fn writes_by_the_bdos() {
    // NOP x3 / LD DE,E400h / LD C,10 / CALL 5: the count goes to E401h, the sixth character to E407h.
    let program = [0x00, 0x00, 0x00, 0x11, 0x00, 0xE4, 0x0E, 0x0A, 0xCD, 0x05, 0x00];
    let script = Script::new(b"abcdefgh\r");
    let mut machine = CpmMachine::load(&program, b"", script, named()).unwrap();
    assert_eq!(
        machine::fault(machine.run(&mut NoObserver)).to_string(),
        "at scan_2+5 (0108h): a write to E406h, which belongs to the BDOS"
    );
}

#[test]
fn execution_where_nothing_is() {
    // JP E407h
    assert_eq!(
        message(&[0xC3, 0x07, 0xE4], named()),
        "at E407h: execution inside the BDOS, where no entry point is"
    );
    assert_eq!(
        message(&[0xC3, 0x01, 0xF2], named()),
        "at F201h: execution inside the BIOS, where no entry point is"
    );
    // Behind the program's end, and at an interrupt vector that nobody set.
    assert_eq!(
        message(&[0x00], named()),
        "at start+1 (0101h): execution of memory that was neither loaded nor written"
    );
    assert_eq!(
        message(&[0xFF], named()),
        "at 0038h: execution of memory that was neither loaded nor written"
    );
}

/// What a program writes it may execute.
#[test]
fn written_code_runs() {
    // LD A,C7h / LD (8000h),A / JP 8000h: RST 0
    let (end, ..) = machine::run(&[0x3E, 0xC7, 0x32, 0x00, 0x80, 0xC3, 0x00, 0x80], b"");
    assert_eq!(end, End::Exit(Exit::WarmBoot));
}

/// The disk has files, no sectors.
#[test]
fn sectors() {
    // NOP x3 / CALL F227h: entry 13
    assert_eq!(
        message(&[0x00, 0x00, 0x00, 0xCD, 0x27, 0xF2], named()),
        "at scan_2 (0103h): BIOS entry 13, READ, which reaches the sectors of a disk: the one here has files only"
    );
    // LD HL,0107h / PUSH HL / JP F21Bh: no CALL, so what it returns to is named.
    assert_eq!(
        message(&[0x21, 0x07, 0x01, 0xE5, 0xC3, 0x1B, 0xF2], named()),
        "at scan_2+4 (0107h): BIOS entry 9, SELDSK, which reaches the sectors of a disk: the one here has files only"
    );
    let names = [(8, "HOME"), (10, "SETTRK"), (11, "SETSEC"), (12, "SETDMA"), (14, "WRITE"), (16, "SECTRAN")];
    for (entry, name) in names {
        let text = message(&[0xCD, 3 * entry, 0xF2], config());
        assert!(text.starts_with(&format!("at 0100h: BIOS entry {entry}, {name}, which")), "{text}");
    }
}

/// The text has to end before memory that nobody wrote, where only luck would end it.
#[test]
fn text_without_an_end() {
    // LD DE,0108h / LD C,9 / CALL 5 / "no end"
    let program = [&[0x11, 0x08, 0x01, 0x0E, 0x09, 0xCD, 0x05, 0x00], &b"no end"[..]].concat();
    let mut machine = CpmMachine::load(&program, b"", Script::default(), named()).unwrap();
    assert_eq!(
        machine::fault(machine.run(&mut NoObserver)).to_string(),
        "at scan_2+2 (0105h): BDOS function 9 finds no '$' in the text at 0108h before 010Eh, where nothing was written"
    );
    assert_eq!(machine.console().output(), b"no end");
}

#[test]
fn halts() {
    assert_eq!(
        message(&[0x76], named()),
        "at start (0100h): HALT, and no interrupt would wake the processor (interrupts are off)"
    );
    // EI / HALT
    assert_eq!(
        message(&[0xFB, 0x76], named()),
        "at start+1 (0101h): HALT, and no interrupt would wake the processor (interrupts are on)"
    );
}

#[test]
fn endless_loops() {
    let loops: [&[u8]; 6] = [
        &[0x18, 0xFE],                         // JR $
        &[0xC3, 0x00, 0x01],                   // JP $
        &[0xDD, 0x18, 0xFD],                   // JR to its own prefix
        &[0x20, 0xFE, 0x28, 0xFE],             // JR NZ,$ / JR Z,$
        &[0xC2, 0x00, 0x01, 0xCA, 0x03, 0x01], // JP NZ,$ / JP Z,$
        &[0x21, 0x03, 0x01, 0xE9],             // LD HL,0103h / JP (HL)
    ];
    for program in loops {
        let text = message(program, config());
        assert!(text.ends_with(": an endless loop: the jump leads to itself"), "{program:02X?}: {text}");
    }
    assert_eq!(
        message(&[0x18, 0xFE], named()),
        "at start (0100h): an endless loop: the jump leads to itself"
    );
    // DJNZ $ ends by itself.
    assert_eq!(machine::run(&[0x10, 0xFE, 0xC9], b"").0, End::Exit(Exit::Return));
}

#[test]
fn too_long_a_run() {
    // NOP / JR 0100h: 16 T-states a turn
    let config = CpmConfig { limit: Some(1000), ..named() };
    assert_eq!(
        message(&[0x00, 0x18, 0xFD], config.clone()),
        "at start (0100h): still running 1000 T-states after the start or the last input; raise the limit if the program needs longer"
    );
    let mut machine = CpmMachine::load(&[0x00, 0x18, 0xFD], b"", Script::default(), config).unwrap();
    machine.run(&mut NoObserver);
    assert_eq!(machine.t_states(), 1008);
}

/// A console that says so often that nothing has been typed yet, and then that nothing will be.
struct Thinking(u32);

impl Console for Thinking {
    fn read(&mut self) -> Input {
        Input::End
    }

    fn ready(&mut self) -> Readiness {
        if self.0 == 0 {
            return Readiness::End;
        }
        self.0 -= 1;
        Readiness::Nothing
    }

    fn write(&mut self, _byte: u8) {}
}

/// The limit begins anew with each key, and with each look for one that has not come yet.
#[test]
fn the_limit_counts_from_the_last_input() {
    let config = CpmConfig { limit: Some(5000), ..named() };
    // LD B,0 / DJNZ $ / LD C,1 / CALL 5 / JR 0100h: more than 3,000 T-states a key
    let reads = [0x06, 0, 0x10, 0xFE, 0x0E, 1, 0xCD, 5, 0, 0x18, 0xF5];
    let mut machine = CpmMachine::load(&reads, b"", Script::new(b"0123456789"), config.clone()).unwrap();
    assert_eq!(machine.run(&mut NoObserver), End::EndOfInput);
    assert!(machine.t_states() > 30_000);
    // The same with function 11, which only asks whether there is a key.
    let polls = [0x06, 0, 0x10, 0xFE, 0x0E, 11, 0xCD, 5, 0, 0x18, 0xF5];
    let mut machine = CpmMachine::load(&polls, b"", Thinking(10), config.clone()).unwrap();
    let said = machine::fault(machine.run(&mut NoObserver)).to_string();
    assert!(said.contains("still running 5000 T-states after the start or the last input"), "{said}");
    assert!((30_000..40_000).contains(&machine.t_states()), "{}", machine.t_states());
    // A key that is there and never taken is no input.
    let mut machine = CpmMachine::load(&polls, b"", Script::new(b"x"), config).unwrap();
    machine::fault(machine.run(&mut NoObserver));
    assert!(machine.t_states() < 6000);
}

#[test]
fn stack_overflow() {
    let config = CpmConfig { lowest_sp: Some(0x2000), ..named() };
    // LD SP,2004h / NOP x2 / PUSH HL x3
    let program = [0x31, 0x04, 0x20, 0xE5, 0xE5, 0xE5];
    assert_eq!(
        message(&program, config.clone()),
        "at scan_2+2 (0105h): the stack has grown down to 1FFEh; 2000h is the lowest address it may use"
    );
    // LD SP,0100h / POP HL / RET NZ / CALL NZ / RST 0: reading through SP below the limit is legal, a call
    // that is not taken as well, and RST is not.
    let program = [0x31, 0x00, 0x01, 0xE1, 0xAF, 0xC0, 0xC4, 0x00, 0x00, 0xC7];
    let text = message(&program, config);
    assert_eq!(
        text,
        "at scan_2+6 (0109h): the stack has grown down to 0100h; 2000h is the lowest address it may use"
    );
}

#[test]
fn undefined_opcodes() {
    assert_eq!(message(&[0xED, 0x00], named()), "at start (0100h): the undefined opcode ED 00");
    assert_eq!(message(&[0xDD, 0xED, 0xFF], named()), "at start+1 (0101h): the undefined opcode ED FF");
}

/// A program may use the command processor's memory, but must not return to it then.
#[test]
fn return_to_an_overwritten_ccp() {
    // LD A,1 / LD (E000h),A / RET
    assert_eq!(
        message(&[0x3E, 0x01, 0x32, 0x00, 0xE0, 0xC9], named()),
        "at DC00h: RET to the command processor, which the program has overwritten at E000h; \
         end with JP 0 instead"
    );
    // The eight words of stack are there to be used. PUSH HL x7 / POP HL x7 / RET; with eight it is too much.
    let nested = |n: usize| [vec![0xE5; n], vec![0xE1; n], vec![0xC9]].concat();
    assert_eq!(machine::run(&nested(7), b"").0, End::Exit(Exit::Return));
    let text = message(&nested(8), config());
    assert_eq!(
        text,
        "at DC00h: RET to the command processor, which the program has overwritten at E399h; end with JP 0 instead"
    );
}
