//! Cycles by address, phase and caller.

mod machine;

use machine::{config, machine as load};
use mlc_runtime_z80::{ClockInterrupt, CpmConfig, CpmMachine, End, Exit, Isr, Profiler, Script, State};
use std::collections::BTreeMap;

/// Of each context, as phase and callers, the addresses of its instructions with how often they ran.
type Seen = BTreeMap<(u8, Vec<u16>), Vec<(u16, u64)>>;

/// Runs `program` and checks that no T-state is missing.
#[track_caller]
fn profile(program: &[u8], phases: &[(u16, Option<u8>)], config: CpmConfig) -> Seen {
    let mut of = vec![Some(0); 0x1_0000];
    for &(start, phase) in phases {
        of[usize::from(start)..].fill(phase);
    }
    let mut machine = CpmMachine::load(program, b"", Script::new(b""), config).expect("the program loads");
    let mut profiler = Profiler::new(of);
    assert_eq!(machine.run(&mut profiler), End::Exit(Exit::Return));
    let contexts = profiler.contexts();
    let cycles: u64 = contexts.iter().flat_map(|c| &c.counts).map(|(_, count)| count.cycles).sum();
    assert_eq!(cycles, machine.t_states());
    let seen = |counts: &[(u16, mlc_runtime_z80::Count)]| counts.iter().map(|&(a, c)| (a, c.runs)).collect();
    let found: Seen = contexts.iter().map(|c| ((c.phase, c.calls.clone()), seen(&c.counts))).collect();
    assert_eq!(found.len(), contexts.len(), "no context comes twice");
    found
}

fn contexts(seen: &Seen) -> Vec<(u8, &[u16])> {
    seen.keys().map(|(phase, calls)| (*phase, calls.as_slice())).collect()
}

/// CALL 0104h / RET / 0104h: LD (0200h),SP / LD SP,0119h / RET / 010Ch: RET / NOP / 010Eh: LD SP,(0200h) / RET /
/// padding / 0119h: the stream 010Ch, 010Eh
#[rustfmt::skip]
const DISPATCH: &[u8] = &[
    0xCD, 0x04, 0x01, 0xC9,
    0xED, 0x73, 0x00, 0x02, 0x31, 0x19, 0x01, 0xC9,
    0xC9, 0x00,
    0xED, 0x7B, 0x00, 0x02, 0xC9,
    0, 0, 0, 0, 0, 0,
    0x0C, 0x01, 0x0E, 0x01,
];

#[test]
fn a_dispatch_with_ret_is_no_return() {
    let seen = profile(DISPATCH, &[], config());
    let inside = [0x0104, 0x0108, 0x010B, 0x010C, 0x010E, 0x0112].map(|address| (address, 1));
    let want: Seen =
        [((0, vec![]), vec![(0x0100, 1), (0x0103, 1)]), ((0, vec![0x0104]), inside.to_vec())].into();
    assert_eq!(seen, want);
}

#[test]
fn a_jump_by_push_and_ret_is_no_return() {
    // CALL 0104h / RET / 0104h: LD HL,0109h / PUSH HL / RET / 0109h: RET
    let program = [0xCD, 0x04, 0x01, 0xC9, 0x21, 0x09, 0x01, 0xE5, 0xC9, 0xC9];
    let seen = profile(&program, &[], config());
    assert_eq!(contexts(&seen), [(0, &[][..]), (0, &[0x0104])]);
    assert_eq!(seen[&(0, vec![0x0104])], [(0x0104, 1), (0x0107, 1), (0x0108, 1), (0x0109, 1)]);
}

#[test]
fn a_system_call_has_a_frame_and_ends() {
    // LD E,'A' / LD C,2 / CALL 5 / NOP / RET
    let seen = profile(&[0x1E, 0x41, 0x0E, 0x02, 0xCD, 0x05, 0x00, 0x00, 0xC9], &[], config());
    assert_eq!(contexts(&seen), [(0, &[][..]), (0, &[0x0005])]);
    assert_eq!(seen[&(0, vec![0x0005])], [(0x0005, 1), (0xE406, 1)]);
}

#[test]
fn a_routine_left_with_a_new_stack_pointer_is_no_caller_for_ever() {
    // LD (0200h),SP / LD SP,0300h / CALL 0112h / 010Ah: CALL 0118h / LD SP,(0200h) / RET /
    // 0112h: LD SP,0300h / JP 010Ah / 0118h: RST 18h's like: CALL NZ and RET Z not taken, RET
    let program = [
        0xED, 0x73, 0x00, 0x02, 0x31, 0x00, 0x03, 0xCD, 0x12, 0x01, 0xCD, 0x18, 0x01, 0xED, 0x7B, 0x00, 0x02,
        0xC9, 0x31, 0x00, 0x03, 0xC3, 0x0A, 0x01, 0xBF, 0xC4, 0x00, 0x00, 0xC0, 0xC9,
    ];
    let seen = profile(&program, &[], config());
    // CP A sets Z: neither CALL NZ nor RET NZ is taken.
    assert_eq!(seen[&(0, vec![0x0118])], [(0x0118, 1), (0x0119, 1), (0x011C, 1), (0x011D, 1)]);
    // Back in the main program after the return.
    assert_eq!(seen[&(0, vec![])].last(), Some(&(0x0111, 1)));
    // The jump out of the first routine is not seen, so that the second call is still its.
    assert_eq!(contexts(&seen), [(0, &[][..]), (0, &[0x0112]), (0, &[0x0118])]);
}

#[test]
fn conditional_and_prefixed_calls_and_restarts() {
    // CP A / CALL Z,010Fh / DD CALL 010Fh / LD A,C9h / LD (0008h),A / RST 8 / RET / 010Fh: RET Z
    let program =
        [0xBF, 0xCC, 0x0F, 0x01, 0xDD, 0xCD, 0x0F, 0x01, 0x3E, 0xC9, 0x32, 0x08, 0x00, 0xCF, 0xC9, 0xC8];
    let seen = profile(&program, &[], config());
    assert_eq!(contexts(&seen), [(0, &[][..]), (0, &[0x0008]), (0, &[0x010F])]);
    assert_eq!(seen[&(0, vec![0x010F])], [(0x010F, 2)]);
}

#[test]
fn endless_recursion_makes_no_endless_table() {
    // LD HL,0 / ADD HL,SP / LD SP,4000h / LD B,200 / CALL 010Eh / LD SP,HL / RET / 010Eh: DEC B / CALL NZ,010Eh / RET
    let program = [
        0x21, 0x00, 0x00, 0x39, 0x31, 0x00, 0x40, 0x06, 200, 0xCD, 0x0E, 0x01, 0xF9, 0xC9, 0x05, 0xC4, 0x0E,
        0x01, 0xC9,
    ];
    let seen = profile(&program, &[], config());
    assert_eq!(seen.keys().map(|(_, calls)| calls.len()).max(), Some(64));
    let deepest = &seen[&(0, vec![0x010E; 64])];
    assert_eq!(deepest[0], (0x010E, 200 - 63));
    // Outside all calls again at the end.
    assert_eq!(seen[&(0, vec![])].last(), Some(&(0x010D, 1)));
}

#[test]
fn an_interrupt_is_a_call() {
    // LD BC,1000 / 0103h: DEC BC / LD A,B / OR C / JR NZ,0103h / RET
    let program = [0x01, 0xE8, 0x03, 0x0B, 0x78, 0xB1, 0x20, 0xFB, 0xC9];
    for isr in [Isr::Minimal, Isr::PushAll] {
        let interrupt = Some(ClockInterrupt { every: 5000, isr });
        let seen = profile(&program, &[], CpmConfig { interrupt, ..config() });
        assert_eq!(contexts(&seen), [(0, &[][..]), (0, &[0x0038])], "{isr:?}");
        assert_eq!(seen[&(0, vec![])][1..5], [0x0103, 0x0104, 0x0105, 0x0106].map(|a| (a, 1000)), "{isr:?}");
        // The acceptance counts at the routine's address, beside its first instruction.
        let taken = seen[&(0, vec![0x0038])][1].1;
        assert!((5..10).contains(&taken), "{isr:?}: {taken}");
        assert_eq!(seen[&(0, vec![0x0038])][0], (0x0038, 2 * taken), "{isr:?}");
    }
}

#[test]
fn phases_keep_their_own_calls_and_share_code() {
    // 0100h: CALL 0107h / CALL 010Bh / RET / 0107h: CALL 010Bh / RET / 010Bh: NOP / RET
    let program = [0xCD, 0x07, 0x01, 0xCD, 0x0B, 0x01, 0xC9, 0xCD, 0x0B, 0x01, 0xC9, 0x00, 0xC9];
    let seen = profile(&program, &[(0x0107, Some(1)), (0x010B, None)], config());
    let shared = vec![(0x010B, 1), (0x010C, 1)];
    let want: Seen = [
        ((0, vec![]), vec![(0x0100, 1), (0x0103, 1), (0x0106, 1)]),
        ((0, vec![0x010B]), shared.clone()),
        // Phase 1 is entered by a call of phase 0, which is none of its own.
        ((1, vec![]), vec![(0x0107, 1), (0x010A, 1)]),
        ((1, vec![0x010B]), shared),
    ]
    .into();
    assert_eq!(seen, want);
}

#[test]
fn what_was_counted_can_be_forgotten() {
    // CALL 0104h / NOP / 0104h: LD C,2 / CALL 5 / RET
    let program = [0xCD, 0x04, 0x01, 0xC9, 0x0E, 0x02, 0xCD, 0x05, 0x00, 0xC9];
    let mut profiler = Profiler::new(vec![]);
    let mut machine = load(&program, "", b"");
    // To the end of LD C.
    assert_eq!(machine.run_for(20, &mut profiler), State::Running);
    profiler.forget();
    assert_eq!(machine.run(&mut profiler), End::Exit(Exit::Return));
    let found: Vec<_> = profiler.contexts().into_iter().map(|c| (c.calls, c.counts[0].0)).collect();
    assert_eq!(found, [(vec![], 0x0103), (vec![0x0104], 0x0106), (vec![0x0104, 0x0005], 0x0005)]);
}
