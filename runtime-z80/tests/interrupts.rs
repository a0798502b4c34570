//! The clock interrupt: when it comes, what it costs, and what it finds out about programs.

mod machine;

use machine::config;
use mlc_runtime_z80::{
    ClockInterrupt, CpmConfig, CpmMachine, End, Exit, FaultKind, Isr, LoadError, NoObserver, Observer,
    PhaseCounter, Script, Z80,
};

fn clocked(program: &[u8], every: u64, isr: Isr) -> CpmMachine<Script> {
    let interrupt = Some(ClockInterrupt { every, isr });
    CpmMachine::load(program, b"", Script::default(), CpmConfig { interrupt, ..config() }).unwrap()
}

/// LD B,0 / DJNZ $ / RET: 7 + 255 * 13 + 8 + 10 T-states
const LOOP: &[u8] = &[0x06, 0x00, 0x10, 0xFE, 0xC9];
const LOOP_TIME: u64 = 7 + 255 * 13 + 8 + 10;

#[test]
fn an_interrupt_costs_thirteen_and_its_routine() {
    let mut machine = clocked(LOOP, 1000, Isr::Minimal);
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    // Three requests in 3340 T-states; 13 + EI 4 + RETI 14 each.
    assert_eq!(machine.t_states(), LOOP_TIME + 3 * (13 + 4 + 14));
    assert_eq!(machine.interrupts_counted(), None);
}

#[test]
fn the_long_routine_counts_and_restores() {
    // All registers loaded, the loop, then each pair stored.
    #[rustfmt::skip]
    let program = [
        0x11, 0x22, 0x11, 0x21, 0x44, 0x33,                         // LD DE,1122h / LD HL,3344h
        0xDD, 0x21, 0x66, 0x55, 0xFD, 0x21, 0x88, 0x77, 0x3E, 0x99, // LD IX,5566h / LD IY,7788h / LD A,99h
        0x37,                                                       // SCF
        0x06, 0x00, 0x10, 0xFE, 0xC9,                               // LD B,0 / DJNZ $ / RET
    ];
    let mut machine = clocked(&program, 500, Isr::PushAll);
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    let r = machine.registers();
    assert_eq!((r.de, r.hl, r.ix, r.iy), (0x1122, 0x3344, 0x5566, 0x7788));
    assert_eq!((r.af >> 8, r.af & 1, r.bc >> 8), (0x99, 1, 0));
    let n = u64::from(machine.interrupts_counted().unwrap());
    assert!(n >= 6, "{n}");
    let isr = 74 + 38 + 68 + 18;
    assert_eq!(machine.t_states(), 10 + 10 + 14 + 14 + 7 + 4 + LOOP_TIME + n * (13 + isr));
}

/// A program that streams data through SP must keep interrupts out, or its data is overwritten.
#[test]
fn streams_through_sp_are_caught() {
    // LD (0200h),SP / LD SP,0120h / LD B,0 / loop: POP HL / DEC SP / DEC SP / DJNZ loop / LD SP,(0200h) / RET
    let mut program = vec![0xED, 0x73, 0x00, 0x02, 0x31, 0x20, 0x01, 0x06, 0x00];
    program.extend([0xE1, 0x3B, 0x3B, 0x10, 0xFB, 0xED, 0x7B, 0x00, 0x02, 0xC9]);
    program.resize(0x40, 0x77);
    let config = CpmConfig {
        lowest_sp: Some(0x0140),
        interrupt: Some(ClockInterrupt { every: 1000, isr: Isr::Minimal }),
        ..config()
    };
    let mut machine = CpmMachine::load(&program, b"", Script::default(), config.clone()).unwrap();
    let kind = machine::fault(machine.run(&mut NoObserver)).kind;
    assert!(matches!(kind, FaultKind::StackOverflow { sp: 0x011C..=0x0120, lowest: 0x0140 }), "{kind:?}");
    // Without the limit the data is spoilt, as on a real machine.
    let config = CpmConfig { lowest_sp: None, ..config };
    let mut machine = CpmMachine::load(&program, b"", Script::default(), config.clone()).unwrap();
    machine.run(&mut NoObserver);
    assert_ne!(&machine.memory().bytes()[0x0113..0x0140], [0x77; 0x2D]);
    // Between DI and EI nothing happens to it.
    let guarded =
        [&[0xF3], &program[..4], &[0x31, 0x20, 0x01], &program[7..0x12], &[0xFB], &program[0x12..]].concat();
    let mut machine = CpmMachine::load(&guarded, b"", Script::default(), config).unwrap();
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert_eq!(&machine.memory().bytes()[0x0115..0x0140], [0x77; 0x2B]);
}

/// Tells which instruction was the last one before each interrupt.
#[derive(Default)]
struct Before {
    last: u16,
    interrupted: Vec<u16>,
}

impl Observer<Z80> for Before {
    fn wants_instructions(&self) -> bool {
        true
    }

    fn on_instruction(&mut self, pc: u16, before: u64, after: u64) {
        if pc == 0x0038 && after - before == 13 {
            self.interrupted.push(self.last);
        }
        self.last = pc;
    }
}

/// A request that waits behind DI is taken one instruction after EI, never between EI and that.
#[test]
fn ei_holds_interrupts_back_for_one_instruction() {
    // DI / LD B,0 / DJNZ $ / EI / RET: 0105h is the EI, 0106h the RET.
    let program = [0xF3, 0x06, 0x00, 0x10, 0xFE, 0xFB, 0x00, 0x00, 0xC9]; // EI / NOP / NOP / RET
    let mut seen = Before::default();
    assert_eq!(clocked(&program, 1000, Isr::Minimal).run(&mut seen), End::Exit(Exit::Return));
    assert_eq!(seen.interrupted, [0x0106]);
    // A row of EI holds it back to the end of the row.
    let program = [0xF3, 0x06, 0x00, 0x10, 0xFE, 0xFB, 0xFB, 0xFB, 0x00, 0x00, 0xC9];
    let mut seen = Before::default();
    assert_eq!(clocked(&program, 1000, Isr::Minimal).run(&mut seen), End::Exit(Exit::Return));
    assert_eq!(seen.interrupted, [0x0108]);
    // With DI after EI it never comes.
    let program = [0xF3, 0x06, 0x00, 0x10, 0xFE, 0xFB, 0xF3, 0x00, 0xC9];
    let mut seen = Before::default();
    assert_eq!(clocked(&program, 1000, Isr::Minimal).run(&mut seen), End::Exit(Exit::Return));
    assert_eq!(seen.interrupted, []);
}

/// Nor does it come between a prefix and what it belongs to.
#[test]
fn prefixes_hold_interrupts_back() {
    // loop: DD DD DD DD NOP / DJNZ loop / RET
    let program = [0x06, 0x00, 0xDD, 0xDD, 0xDD, 0xDD, 0x00, 0x10, 0xF9, 0xC9];
    let mut seen = Before::default();
    assert_eq!(clocked(&program, 257, Isr::Minimal).run(&mut seen), End::Exit(Exit::Return));
    assert!(seen.interrupted.len() > 20);
    assert!(seen.interrupted.iter().all(|&pc| pc == 0x0105 || pc == 0x0107), "{:04X?}", seen.interrupted);
}

#[test]
fn halt_waits_for_the_clock() {
    // HALT / HALT / RET
    let mut machine = clocked(&[0x76, 0x76, 0xC9], 1000, Isr::PushAll);
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert_eq!(machine.interrupts_counted(), Some(2));
    assert!((2000..2300).contains(&machine.t_states()), "{}", machine.t_states());
    // DI / HALT never wakes.
    let end = clocked(&[0xF3, 0x76], 1000, Isr::Minimal).run(&mut NoObserver);
    assert_eq!(machine::fault(end).kind, FaultKind::Halt { interrupts: false });
}

/// Mode 0 with nothing on the bus is RST 38h; mode 2 goes through the table at I.
#[test]
fn other_modes() {
    let mode_0 = [&[0xED, 0x46], LOOP].concat(); // IM 0
    let mut machine = clocked(&mode_0, 1000, Isr::Minimal);
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert_eq!(machine.t_states(), 8 + LOOP_TIME + 3 * (13 + 4 + 14));
    // LD HL,0038h / LD (02FFh),HL / LD A,2 / LD I,A / IM 2
    let setup = [0x21, 0x38, 0x00, 0x22, 0xFF, 0x02, 0x3E, 0x02, 0xED, 0x47, 0xED, 0x5E];
    let mut machine = clocked(&[&setup, LOOP].concat(), 1000, Isr::Minimal);
    assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    assert_eq!(machine.t_states(), 10 + 16 + 7 + 9 + 8 + LOOP_TIME + 3 * (19 + 4 + 14));
}

#[test]
fn the_routine_is_protected() {
    let mut machine = clocked(&[0x32, 0x38, 0x00], 1000, Isr::Minimal); // LD (0038h),A
    assert_eq!(
        machine::fault(machine.run(&mut NoObserver)).to_string(),
        "at 0100h: a write to 0038h, which belongs to the interrupt routine"
    );
}

/// The interrupt's own T-states are told to observers as well.
#[test]
fn observers_see_all_t_states() {
    let mut counter = PhaseCounter::new(&[(0x0100, 1)], 0);
    let mut machine = clocked(LOOP, 1000, Isr::PushAll);
    machine.run(&mut counter);
    assert_eq!(counter.total(1), LOOP_TIME);
    assert_eq!(counter.sum(), machine.t_states());
}

#[test]
fn too_short_a_period() {
    let interrupt = Some(ClockInterrupt { every: 255, isr: Isr::Minimal });
    let config = CpmConfig { interrupt, ..config() };
    match CpmMachine::load(LOOP, b"", Script::default(), config) {
        Err(error) => assert_eq!(error, LoadError::InterruptPeriod { every: 255 }),
        Ok(_) => panic!("loaded"),
    }
}
