//! Routines that are called from outside.

mod support;

use mlc_runtime_avr::{
    ATMEGA328P, ATMEGA2560, ATTINY85, Avr, AvrConfig, Call, Device, End, Exit, NoObserver, Observer, Return,
    State,
};
use support::encode::{Code, one, two};
use support::machine;

const ADD: u16 = 0x0C00;
const INC: u16 = 0x9403;
const RCALL: u16 = 0xD000;
const RET: u16 = 0x9508;

/// `ADD r24, r22`; `RET`
const SUM: [u16; 2] = [two(ADD, 24, 22), RET];

fn ended(device: &'static Device, words: &[u16], limit: Option<u64>) -> End {
    let mut machine = machine(device, words, "", AvrConfig { limit, ..AvrConfig::default() });
    machine.call(0, &mut NoObserver);
    machine.run(&mut NoObserver)
}

#[test]
fn a_routine_gets_arguments_and_returns() {
    for (device, cycles, address) in [(&ATTINY85, 8, 2), (&ATMEGA328P, 8, 2), (&ATMEGA2560, 10, 3)] {
        let mut machine = machine(device, &SUM, "", AvrConfig::default());
        for (a, b) in [(1, 2), (200, 55)] {
            assert!(machine.poke(24, a) && machine.poke(22, b));
            let before = machine.cycles();
            machine.call(0, &mut NoObserver);
            assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return), "{}", device.name);
            assert_eq!((machine.memory().byte(24), machine.memory().byte(1)), (a + b, 0));
            assert_eq!(machine.cycles() - before, cycles, "{}", device.name);
        }
        assert_eq!(machine.memory().sp(), device.ram_end());
        assert_eq!(machine.stack_high_water(), address, "{}", device.name);
    }
}

/// Returns inside of it are its own, in slices of any length.
#[test]
fn only_the_return_to_the_caller_ends_it() {
    let words = [RCALL, RCALL, SUM[0], RET];
    let mut machine = machine(&ATTINY85, &words, "", AvrConfig::default());
    assert!(machine.poke(24, 1) && machine.poke(22, 10));
    machine.call(0, &mut NoObserver);
    let end = (0..100).find_map(|_| match machine.run_for(1, &mut NoObserver) {
        State::Running => None,
        State::Ended(end) => Some(end),
    });
    // The first calls what follows it, and so does the second: the sum is made four times.
    assert_eq!(end, Some(End::Exit(Exit::Return)));
    assert_eq!(machine.memory().byte(24), 41);
}

#[test]
fn what_the_caller_keeps_is_looked_at() {
    let lost = |words: &[u16]| match ended(&ATTINY85, words, None) {
        End::Fault(fault) => fault.to_string(),
        other => panic!("{other:?}"),
    };
    for register in [1, 2, 17, 28, 29] {
        let text =
            format!("a return to the caller with another r{register}: what is called leaves it as it is");
        assert_eq!(lost(&[one(INC, register), RET]), format!("at 0x0002: {text}"));
    }
    for register in [0, 18, 27, 30, 31] {
        assert_eq!(
            ended(&ATTINY85, &[one(INC, register), RET], None),
            End::Exit(Exit::Return),
            "r{register}"
        );
    }
}

/// Each call has its limit for itself.
#[test]
fn a_limit_begins_with_each_call() {
    let mut code = Code::default();
    code.ldi(24, 200);
    let again = code.here();
    code.put(&[0x5081]); // SUBI r24, 1
    code.branch(0xF401, again);
    code.ret();
    let config = AvrConfig { limit: Some(1_000), ..AvrConfig::default() };
    let mut machine = machine(&ATTINY85, &code.words, "", config);
    for _ in 0..3 {
        machine.call(0, &mut NoObserver);
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Return));
    }
    assert!(machine.cycles() > 1_000, "{}", machine.cycles());
    let End::Fault(fault) = ended(&ATTINY85, &code.words, Some(100)) else { panic!("it takes longer") };
    assert!(fault.to_string().contains("still running 100 cycles"), "{fault}");
    // A jump to itself.
    assert_eq!(ended(&ATTINY85, &[0xCFFF], None), End::Exit(Exit::Stop));
}

#[derive(Default)]
struct Told {
    calls: Vec<Call<u32>>,
    returns: Vec<Return<u32>>,
    cycles: u64,
}

impl Observer<Avr> for Told {
    fn wants_instructions(&self) -> bool {
        true
    }

    fn wants_calls(&self) -> bool {
        true
    }

    fn on_call(&mut self, call: Call<u32>) {
        self.calls.push(call);
    }

    fn on_return(&mut self, ret: Return<u32>) {
        self.returns.push(ret);
    }

    fn on_instruction(&mut self, _: u32, before: u64, after: u64) {
        self.cycles += after - before;
    }
}

#[test]
fn an_observer_is_told_of_the_call_and_of_all_cycles() {
    let mut machine = machine(&ATTINY85, &SUM, "", AvrConfig::default());
    let mut told = Told::default();
    machine.call(0, &mut told);
    assert_eq!(machine.run(&mut told), End::Exit(Exit::Return));
    let ([call], [ret]) = (&told.calls[..], &told.returns[..]) else { panic!("one of each") };
    assert_eq!((call.to, call.back, call.slot), (0, ret.to, ret.slot));
    assert_eq!(told.cycles, machine.cycles());
}

/// No room for a return address.
#[test]
fn a_call_without_a_stack_is_a_fault() {
    let config = AvrConfig { lowest_sp: Some(ATTINY85.ram_end()), ..AvrConfig::default() };
    let mut machine = machine(&ATTINY85, &SUM, "", config);
    machine.call(0, &mut NoObserver);
    let End::Fault(fault) = machine.run(&mut NoObserver) else { panic!("the stack is full") };
    assert!(fault.to_string().contains("the stack has grown down to"), "{fault}");
}
