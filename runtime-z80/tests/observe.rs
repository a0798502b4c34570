//! Observers, slices of time, and phases.

mod machine;

use machine::machine as load;
use mlc_runtime_z80::{End, Exit, Memory, NoObserver, Observer, PhaseCounter, State, Z80};

/// LD B,3 / loop: LD A,B / LD (0200h),A / LD E,A / PUSH BC / LD C,2 / CALL 5 / POP BC / DJNZ loop / RET
#[rustfmt::skip]
const PROGRAM: &[u8] = &[
    0x06, 0x03, 0x78, 0x32, 0x00, 0x02, 0x5F, 0xC5, 0x0E, 0x02, 0xCD, 0x05, 0x00, 0xC1, 0x10, 0xF2, 0xC9,
];
const TURN: u64 = 4 + 13 + 4 + 11 + 7 + 37 + 10;
const TIME: u64 = 7 + 3 * TURN + 2 * 13 + 8 + 10;

#[derive(Default)]
struct All {
    watched: Vec<(u16, u8, u64)>,
    written: Vec<(u8, u64)>,
    instructions: u64,
}

impl Observer<Z80> for All {
    fn wants_instructions(&self) -> bool {
        true
    }

    fn on_instruction(&mut self, _: u16, before: u64, after: u64) {
        assert!(after > before);
        self.instructions += 1;
    }

    fn on_watch(&mut self, address: u16, memory: &Memory, t: u64) {
        self.watched.push((address, memory.byte(0x0200), t));
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        self.written.push((byte, t));
    }
}

#[test]
fn watched_addresses() {
    let mut machine = load(PROGRAM, "", b"");
    machine.watch(0x0106);
    machine.watch(0x0104); // inside an instruction: never reached
    machine.watch(0x0110);
    let mut seen = All::default();
    assert_eq!(machine.run(&mut seen), End::Exit(Exit::Return));
    let turn = TURN + 13;
    assert_eq!(
        seen.watched,
        [(0x0106, 3, 24), (0x0106, 2, 24 + turn), (0x0106, 1, 24 + 2 * turn), (0x0110, 1, TIME - 10)]
    );
    // The third instruction of the call's 37 T-states has begun: CALL and JP are over.
    let out = 7 + 4 + 13 + 4 + 11 + 7 + 27;
    assert_eq!(seen.written, [(3, out), (2, out + turn), (1, out + 2 * turn)]);
    // With the JP at 0005h and the trap, ten a turn; LD B and RET.
    assert_eq!(seen.instructions, 3 * 10 + 2);
    assert_eq!(machine.t_states(), TIME);
}

#[test]
fn an_address_can_be_unwatched() {
    let mut machine = load(PROGRAM, "", b"");
    machine.watch(0x0106);
    machine.unwatch(0x0106);
    let mut seen = All::default();
    machine.run(&mut seen);
    assert_eq!(seen.watched, []);
}

/// In slices everything is as in one run, watched addresses included.
#[test]
fn slices() {
    for slice in [1, 7, 20, 100] {
        let mut machine = load(PROGRAM, "", b"");
        machine.watch(0x0106);
        let mut seen = All::default();
        let mut slices = 0;
        let end = loop {
            let before = machine.t_states();
            match machine.run_for(slice, &mut seen) {
                State::Running => {
                    // No instruction of the program takes longer than CALL.
                    assert!((slice..slice + 17).contains(&(machine.t_states() - before)));
                    slices += 1;
                }
                State::Ended(end) => break end,
            }
        };
        assert_eq!(end, End::Exit(Exit::Return));
        assert_eq!((machine.t_states(), seen.watched.len(), seen.written.len()), (TIME, 3, 3));
        assert!(slices >= TIME / (slice + 17), "{slices}");
        assert_eq!(machine.run_for(slice, &mut seen), State::Ended(End::Exit(Exit::Return)));
    }
}

#[test]
fn phases() {
    // In any order; the one after the loop starts in the middle of the program.
    let mut counter = PhaseCounter::new(&[(0xE406, 9), (0x0100, 1), (0x0107, 2), (0x010D, 1)], 0);
    assert_eq!(
        [0x00FF, 0x0100, 0x0106, 0x0107, 0x010C, 0x010D, 0xFFFF].map(|a| counter.phase_of(a)),
        [0, 1, 1, 2, 2, 1, 9]
    );
    let mut machine = load(PROGRAM, "", b"");
    machine.run(&mut counter);
    assert_eq!(counter.total(0), 3 * 10); // the JP at 0005h
    assert_eq!(counter.total(9), 3 * 10); // the RET of the BDOS
    assert_eq!(counter.total(2), 3 * (11 + 7 + 17));
    assert_eq!(counter.sum(), TIME);
    counter.reset();
    assert_eq!(counter.sum(), 0);
}

/// Two observers see the same, and one that wants no instructions gets none.
#[test]
fn observers_combine() {
    #[derive(Default)]
    struct Out(Vec<u8>);
    impl Observer<Z80> for Out {
        fn on_instruction(&mut self, _: u16, _: u64, _: u64) {
            unreachable!("instructions were not asked for")
        }

        fn on_console_out(&mut self, byte: u8, _: u64) {
            self.0.push(byte);
        }
    }
    let (mut out, mut counter) = (Out::default(), PhaseCounter::new(&[], 5));
    let mut machine = load(PROGRAM, "", b"");
    machine.run(&mut (&mut out, &mut counter));
    assert_eq!(out.0, [3, 2, 1]);
    assert_eq!(counter.total(5), TIME);
    let mut out = Out::default();
    load(PROGRAM, "", b"").run(&mut (&mut out, NoObserver));
    assert_eq!(out.0, [3, 2, 1]);
}
