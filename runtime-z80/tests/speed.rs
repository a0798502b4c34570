//! How fast the machine is here. Prints; run it with
//! `cargo test -p mlc-runtime-z80 --test speed -- --ignored --nocapture`.

mod machine;

use std::time::Instant;

use mlc_runtime_z80::{CpmConfig, CpmMachine, NoObserver, Observer, PhaseCounter, Script, State, Z80};

const T_STATES: u64 = 400_000_000;

/// Megahertz, the best of three.
fn measure(program: &[u8], observer: &mut dyn Observer<Z80>) -> f64 {
    let once = |observer: &mut dyn Observer<Z80>| {
        let mut machine = CpmMachine::load(program, b"", Script::default(), CpmConfig::default()).unwrap();
        let start = Instant::now();
        assert_eq!(machine.run_for(T_STATES, observer), State::Running);
        T_STATES as f64 / start.elapsed().as_secs_f64() / 1e6
    };
    (0..3).map(|_| once(observer)).fold(0.0, f64::max)
}

#[test]
#[ignore = "a measurement, not a test"]
fn simulated_megahertz() {
    #[rustfmt::skip]
    let programs: [(&str, &[u8]); 4] = [
        // loop: LD A,(DE) / INC DE / RRA / JP NC,+4 / ADD HL,BC / RRA / JP NC,+4 / SBC HL,BC / JP loop
        ("multiply-accumulate", &[
            0x1A, 0x13, 0x1F, 0xD2, 0x07, 0x01, 0x09, 0x1F, 0xD2, 0x0D, 0x01, 0xED, 0x42, 0xC3, 0x00, 0x01,
        ]),
        // loop: LD L,(IX+0) / LD A,(HL) / ADD A,C / LD (HL),A / INC HL / LD A,(HL) / ADC A,B / LD (HL),A / JR loop
        ("scattered addition", &[
            0x26, 0x40, 0xDD, 0x6E, 0x00, 0x7E, 0x81, 0x77, 0x23, 0x7E, 0x88, 0x77, 0x18, 0xF2,
        ]),
        // loop: POP HL / ADD HL,DE / DEC SP / DEC SP / DJNZ loop / JR loop
        ("stream through SP", &[0x31, 0x00, 0x80, 0xE1, 0x19, 0x3B, 0x3B, 0x10, 0xFA, 0x18, 0xF8]),
        // loop: LD HL,4000h / LD DE,5000h / LD BC,0400h / LDIR / JR loop
        ("LDIR", &[0x21, 0, 0x40, 0x11, 0, 0x50, 0x01, 0, 0x04, 0xED, 0xB0, 0x18, 0xF3]),
    ];
    for (name, program) in programs {
        let plain = measure(program, &mut NoObserver);
        let counted = measure(program, &mut PhaseCounter::new(&[(0x0100, 1)], 0));
        eprintln!("{name:22} {plain:6.0} MHz, {counted:6.0} MHz with a phase counter");
    }
}
