//! Observers, watched addresses, slices of time, phases, loading.

mod support;

use mlc_runtime_avr::{
    ATMEGA328P, ATTINY85, Avr, AvrConfig, Call, End, Exit, Memory, NoObserver, Observer, PhaseCounter,
    Program, Return, State,
};
use support::machine;

/// LDI R16,3 / loop: STS 0100h,R16 / DEC R16 / BRNE loop / CLI / RJMP .-2
const PROGRAM: [u16; 7] = [0xE003, 0x9300, 0x0100, 0x950A, 0xF7E1, 0x94F8, 0xCFFF];
const TIME: u64 = 1 + 3 * (2 + 1 + 2) - 1 + 1 + 2;

#[derive(Default)]
struct All {
    watched: Vec<(u32, u8, u64)>,
    instructions: u64,
}

impl Observer<Avr> for All {
    fn wants_instructions(&self) -> bool {
        true
    }

    fn on_instruction(&mut self, _: u32, before: u64, after: u64) {
        assert!(after > before);
        self.instructions += 1;
    }

    fn on_watch(&mut self, address: u32, memory: &Memory, t: u64) {
        self.watched.push((address, memory.byte(16), t));
    }
}

#[test]
fn watched_addresses_and_slices() {
    for slice in [1, 3, 7, u64::MAX] {
        let mut machine = machine(&ATMEGA328P, &PROGRAM, "", AvrConfig::default());
        machine.watch(6);
        machine.watch(6); // twice is once
        machine.watch(4); // the second word of STS: never reached
        machine.watch(7);
        machine.watch(0x10_0000);
        machine.watch(0);
        machine.unwatch(0);
        let mut seen = All::default();
        let end = loop {
            if let State::Ended(end) = machine.run_for(slice, &mut seen) {
                break end;
            }
        };
        assert_eq!(end, End::Exit(Exit::Stop));
        assert_eq!(seen.watched, [(6, 3, 3), (6, 2, 8), (6, 1, 13)], "{slice}");
        assert_eq!((machine.cycles(), seen.instructions), (TIME, 1 + 3 * 3 + 2));
    }
}

/// RCALL at 0 to 4, where RET comes back to 2 / RJMP to itself.
#[test]
fn calls_and_returns() {
    #[derive(Default)]
    struct Calls(Vec<(bool, u32, u32)>);

    impl Observer<Avr> for Calls {
        fn wants_calls(&self) -> bool {
            true
        }

        fn on_call(&mut self, call: Call<u32>) {
            assert_eq!(call.back, 2);
            self.0.push((true, call.to, call.slot));
        }

        fn on_return(&mut self, ret: Return<u32>) {
            self.0.push((false, ret.to, ret.slot));
        }
    }

    let mut machine = machine(&ATMEGA328P, &[0xD001, 0xCFFF, 0x9508], "", AvrConfig::default());
    let mut calls = Calls::default();
    assert_eq!(machine.run(&mut calls), End::Exit(Exit::Stop));
    assert_eq!(calls.0, [(true, 4, 0x08FD), (false, 2, 0x08FD)]);
}

#[test]
fn phases() {
    let mut counter = PhaseCounter::new(&[(2, 1), (8, 2), (10, 0)], 9);
    let run = |counter: &mut (&mut PhaseCounter, NoObserver)| {
        machine(&ATMEGA328P, &PROGRAM, "", AvrConfig::default()).run(counter)
    };
    run(&mut (&mut counter, NoObserver));
    assert_eq!([9, 1, 2, 0].map(|phase| counter.total(phase)), [1, 9, 5, 3]);
    assert_eq!(counter.sum(), TIME);
    counter.reset();
    assert_eq!(counter.sum(), 0);
}

#[test]
fn outside_access() {
    let mut machine = machine(&ATMEGA328P, &PROGRAM, "", AvrConfig::default());
    assert!(machine.poke(16, 9) && machine.poke(0x08FF, 1) && machine.poke(0x5D, 0x34));
    assert!(!machine.poke(0x0900, 1) && !machine.poke(0xC6, 1));
    machine.set_pc(6);
    machine.run_for(1, &mut NoObserver);
    assert_eq!((machine.memory().byte(16), machine.pc(), machine.memory().sp()), (8, 8, 0x0834));
    assert_eq!((machine.memory().flash(2), machine.memory().flash(0x8000)), (0x00, 0xFF));
    assert_eq!(machine.memory().word(0x08FE) >> 8, 1);
    // After the end, once more from the start.
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Stop));
    machine.set_pc(0);
    let before = machine.cycles();
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Stop));
    assert_eq!(machine.cycles() - before, TIME);
}

#[test]
fn files_that_are_no_programs() {
    let hex = |text: &str| Program::from_hex(text, &ATTINY85).unwrap_err().to_string();
    assert_eq!(hex(""), "the last record (end of file) is missing: the file has been cut off");
    assert_eq!(hex(":00000001FF\n"), "the file holds nothing for the flash");
    assert_eq!(hex(":0200000000000E\n"), "record 1: invalid checksum 'FE', expecting '0E'");
    assert_eq!(
        hex(":020000040001F9\n:020000000000FE\n:00000001FF\n"),
        "bytes for 0x10000 to 0x10001, but the flash of attiny85 ends at 0x2000"
    );
    assert_eq!(
        hex(":02200000CFFF10\n"),
        "bytes for 0x2000 to 0x2001, but the flash of attiny85 ends at 0x2000"
    );
    // Types are 0 to 5; a length that the record does not have; what follows the end; a byte that is there twice.
    let one = ":020000000000FE\n";
    assert_eq!(hex(&format!("{one}:00000006FA\n")), "record 2: unsupported IHEX record type '06'");
    assert_eq!(hex(":030000000000FD\n"), "record 1: payload length does not match record header");
    assert_eq!(hex("02000000\n"), "record 1: missing start code ':'");
    assert_eq!(hex(&format!("{one}:0200\n")), "record 2: too short");
    for more in [":02000200CFFF2E\n", ":00000001FF\n", "PK", ":0"] {
        assert_eq!(
            hex(&format!("{one}:00000001FF\n\n{more}")),
            "record 3: it stands behind the last one (end of file): two files in one?",
            "{more}"
        );
    }
    assert_eq!(
        hex(&format!("{one}:02000400CFFF2C\n:030003000000CF2B\n:00000001FF\n")),
        "record 3: the byte for 0x4 was there before, in record 2"
    );
    // The same address, told in another way.
    assert_eq!(
        hex(&format!("{one}:020000020000FC\n{one}:00000001FF\n")),
        "record 3: the byte for 0x0 was there before, in record 1"
    );
    assert!(Program::from_elf(b"nothing", &ATTINY85).unwrap_err().to_string().starts_with("not an ELF file"));
    let bytes = Program::from_bytes(&[0; 0x2001], &ATTINY85).unwrap_err().to_string();
    assert_eq!(bytes, "bytes for 0x0 to 0x2000, but the flash of attiny85 ends at 0x2000");
}
