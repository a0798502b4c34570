//! How fast the machine is here. Prints; run it with
//! `cargo test -p mlc-runtime-avr --test speed -- --ignored --nocapture`.

mod support;

use std::time::Instant;

use mlc_runtime_avr::{ATMEGA328P, Avr, AvrConfig, NoObserver, Observer, PhaseCounter, State};

const CYCLES: u64 = 400_000_000;

/// Megahertz, the best of three.
fn measure(program: &[u16], observer: &mut dyn Observer<Avr>) -> f64 {
    let once = |observer: &mut dyn Observer<Avr>| {
        let mut machine = support::machine(&ATMEGA328P, program, "", AvrConfig::default());
        let start = Instant::now();
        assert_eq!(machine.run_for(CYCLES, observer), State::Running);
        CYCLES as f64 / start.elapsed().as_secs_f64() / 1e6
    };
    (0..3).map(|_| once(observer)).fold(0.0, f64::max)
}

#[test]
#[ignore = "a measurement, not a test"]
fn simulated_megahertz() {
    let programs: [(&str, &[u16]); 3] = [
        // LDI R31,0 / loop: LPM R18,Z+ / SBRC R18,0 / ADD R0,R20 / SBRC R18,1 / SUB R0,R20 / LSR R18 (twice)
        // / ANDI R31,7Fh / RJMP loop
        (
            "unpack and accumulate",
            &[0xE0F0, 0x9125, 0xFD20, 0x0E04, 0xFD21, 0x1A04, 0x9526, 0x9526, 0x77FF, 0xCFF7],
        ),
        // LDI R27,1 / loop: LDI R26,0 / LD R0,X+ / ADD R2,R0 / ADC R3,R1 / LD R0,X / ADD R2,R0 / ADC R3,R1
        // / RJMP loop
        ("sums of SRAM", &[0xE0B1, 0xE0A0, 0x900D, 0x0C20, 0x1C31, 0x900C, 0x0C20, 0x1C31, 0xCFF8]),
        // ADD, one cycle each, 7 times / RJMP
        ("registers only", &[0x0C01, 0x0C12, 0x0C23, 0x0C34, 0x0C45, 0x0C56, 0x0C67, 0xCFF8]),
    ];
    for (name, program) in programs {
        let plain = measure(program, &mut NoObserver);
        let counted = measure(program, &mut PhaseCounter::new(&[(0, 1), (0x100, 2)], 0));
        eprintln!("{name:22} {plain:6.0} MHz, {counted:6.0} MHz with a phase counter");
    }
}
