//! Whatever the bytes are, the machine ends or goes on, but never panics or hangs, and does the same again.

mod machine;

use mlc_runtime_z80::{
    ClockInterrupt, Core, CpmConfig, CpmMachine, FloatingBus, Isr, NoObserver, Registers, Script,
};

/// Knuth's MMIX generator, upper bits.
fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn every_opcode_with_every_prefix_in_any_state() {
    let mut core = Core::new(FloatingBus, 3);
    let prefixes: [&[u8]; 8] =
        [&[], &[0xCB], &[0xED], &[0xDD], &[0xFD], &[0xDD, 0xCB, 0x80], &[0xFD, 0xCB, 0x7F], &[0xDD, 0xED]];
    for (round, prefix) in prefixes.into_iter().enumerate() {
        for opcode in 0..=255u8 {
            for seed in 0..16 {
                let code = [prefix, &[opcode], &bytes(seed, 3)].concat();
                let r: Vec<u16> =
                    bytes(seed + 99, 16).chunks(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
                // Also where addresses wrap.
                let pc = if seed == 0 { 0xFFFF } else { r[7] };
                core.load(pc, &code);
                core.set_registers(Registers {
                    af: r[0],
                    bc: r[1],
                    de: r[2],
                    hl: r[3],
                    ix: r[4],
                    iy: r[5],
                    sp: r[6],
                    pc,
                });
                match core.step() {
                    Ok(t) => assert!((4..=23).contains(&t), "{code:02X?}: {t}"),
                    Err(fault) => assert_eq!(fault.at.address, pc, "round {round}: {code:02X?}: {fault}"),
                }
            }
        }
    }
}

#[test]
fn random_programs_end_the_same_way_twice() {
    let run = |seed: u64| {
        let program = bytes(seed, 2000);
        let interrupt = seed.is_multiple_of(2).then_some(ClockInterrupt { every: 700, isr: Isr::PushAll });
        let config = CpmConfig { limit: Some(200_000), interrupt, seed, ..CpmConfig::default() };
        let script = Script::new(&bytes(seed + 1, 300));
        let mut machine = CpmMachine::load(&program, b"some tail", script, config).unwrap();
        let end = machine.run(&mut NoObserver);
        (end, machine.t_states(), machine.registers(), machine.console().output().to_vec())
    };
    for seed in 0..300 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

/// Nothing but prefixes, all around the memory.
#[test]
fn prefixes_without_end() {
    let mut core = Core::new(FloatingBus, 3);
    core.load(0, &vec![0xDD; 0x1_0000]);
    core.set_registers(Registers::default());
    let t: u64 = (0..0x2_0000).map(|_| core.step().unwrap()).sum();
    assert_eq!((t, core.registers().pc), (4 * 0x2_0000, 0));
}
