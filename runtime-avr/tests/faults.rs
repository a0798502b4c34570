//! What ends a run, to the letter.

mod support;

use mlc_runtime_avr::{
    ATMEGA328P, ATMEGA2560, ATTINY85, AvrConfig, Device, End, Exit, NoObserver, State, Symbols,
};
use support::encode::Code;
use support::machine;

fn symbols() -> Option<Symbols> {
    Some([(0, "start".to_owned()), (0x20, "next".to_owned())].into_iter().collect())
}

fn end(device: &'static Device, words: &[u16]) -> End {
    let config = AvrConfig { symbols: symbols(), limit: Some(10_000), ..AvrConfig::default() };
    machine(device, words, "", config).run(&mut NoObserver)
}

fn fault(device: &'static Device, words: &[u16]) -> String {
    match end(device, words) {
        End::Fault(fault) => fault.to_string(),
        end => panic!("{end:?}"),
    }
}

/// A program on the ATmega328P and how it ends there.
#[rustfmt::skip]
const FAULTS: &[(&[u16], &str)] = &[
    (&[0x0000], "at start+2 (0x0002): execution of erased flash (0xFFFF)"),
    (&[0x940C, 0x0010], "at next (0x0020): execution of erased flash (0xFFFF)"),
    (&[0x0001], "at start (0x0000): the undefined opcode 0x0001"),
    (&[0x9404], "at start (0x0000): the undefined opcode 0x9404"),
    (&[0x940B], "at start (0x0000): the undefined opcode 0x940b"),
    (&[0x9204], "at start (0x0000): the undefined opcode 0x9204"),
    (&[0xFE08], "at start (0x0000): the undefined opcode 0xfe08"),
    (&[0x91AD], "at start (0x0000): the opcode 0x91ad, whose registers overlap so that its result is undefined"),
    (&[0x93CA], "at start (0x0000): the opcode 0x93ca, whose registers overlap so that its result is undefined"),
    (&[0x91F5], "at start (0x0000): the opcode 0x91f5, whose registers overlap so that its result is undefined"),
    (&[0x95D8], "at start (0x0000): the opcode 0x95d8, an instruction that this device does not have"),
    (&[0x9519], "at start (0x0000): the opcode 0x9519, an instruction that this device does not have"),
    (&[0x95E8], "at start (0x0000): SPM: a program that writes its own flash is not provided for"),
    (&[0x940C, 0x4000], "at start (0x0000): a jump to 0x8000, outside the flash"),
    (&[0xE0E0, 0xE7F0, 0x9409], "at start+4 (0x0004): a jump to 0xe000, outside the flash"),
    (&[0x9000, 0x0900], "at start (0x0000): a read of 0x0900, outside the memory"),
    (&[0x9200, 0xFFFF], "at start (0x0000): a write to 0xffff, outside the memory"),
    (&[0xE0E0, 0xE8F0, 0x95C8], "at start+4 (0x0004): a read of 0x8000, outside the flash"),
    (&[0x9000, 0x00BB], "at start (0x0000): a read of the I/O register at 0x00bb, which is reserved or not provided for"),
    (&[0x9200, 0x0083], "at start (0x0000): a write to the I/O register at 0x0083, which is reserved or not provided for"),
    (&[0xE800, 0x9300, 0x004C], "at start+2 (0x0002): 0x80 written to the I/O register at 0x004c, which switches on something not provided for"),
    (
        &[0xE001, 0x9300, 0x0064, 0xE800, 0x9300, 0x007A],
        "at start+8 (0x0008): the ADC is switched on while its clock is off: clear PRADC in the power reduction register first",
    ),
    (
        &[0xE004, 0x9300, 0x0064, 0xE500, 0xBD0C],
        "at start+8 (0x0008): the SPI is switched on while its clock is off: clear PRSPI in the power reduction register first",
    ),
    (
        &[0xE208, 0xB904, 0xE500, 0xBD0C],
        "at start+6 (0x0006): the SPI is used as master while SS, MOSI or SCK is no output: set their bits in DDRB first",
    ),
    (&[0xBD0E], "at start (0x0000): a byte written to the SPI's data register that is lost: the SPI is off (SPE is 0)"),
    (
        &[0xE20C, 0xB904, 0xE500, 0xBD0C, 0xBD0E, 0xBD0E],
        "at start+10 (0x000a): a byte written to the SPI's data register that is lost: the previous one is still on its way (WCOL)",
    ),
    (&[0xE001, 0x9300, 0x0080], "at start+2 (0x0002): 0x01 written to the I/O register at 0x0080, which switches on something not provided for"),
    (&[0xE006, 0x9300, 0x0081], "at start+2 (0x0002): 0x06 written to the I/O register at 0x0081, which switches on something not provided for"),
    (&[0xE004, 0x9300, 0x00C1], "at start+2 (0x0002): 0x04 written to the I/O register at 0x00c1, which switches on something not provided for"),
    (&[0x9200, 0x00C6], "at start (0x0000): a byte written to the UART's data register that is lost: the transmitter is off (TXEN is 0)"),
    (&[0xE008, 0x9300, 0x00C1, 0x9300, 0x00C6, 0x9300, 0x00C6, 0x9300, 0x00C6], "at start+14 (0x000e): a byte written to the UART's data register that is lost: the previous one still waits (UDRE is 0)"),
    (&[0xE005, 0xBF03, 0x9588], "at start+4 (0x0004): SLEEP in mode 0x04, which stops the clock of UART and timer; use idle"),
    (&[0xE001, 0xBF03, 0x9478, 0x9588], "at start+6 (0x0006): SLEEP, and no interrupt that could wake the processor is enabled"),
    (&[0x9478, 0xCFFF], "at start+2 (0x0002): an endless loop: the jump leads to itself, and no interrupt is enabled"),
    (&[0x0000, 0xCFFE], "at start+2 (0x0002): still running 10000 cycles after the start or the last input; raise the limit if the program needs longer"),
    // SP = 0, then PUSH.
    (&[0xE000, 0xBF0E, 0xBF0D, 0x920F], "at start+6 (0x0006): the stack has grown down to 0x0000; 0x0100 is the lowest address it may use"),
    // SP = 0, and nothing.
    (&[0xE000, 0xBF0E, 0xBF0D, 0, 0, 0], "at start+8 (0x0008): the stack has grown down to 0x0001; 0x0100 is the lowest address it may use"),
    (&[0x900F], "at start (0x0000): the stack is read at 0x0900, beyond the end of the SRAM: more was taken off than put on"),
    (&[0x9508], "at start (0x0000): the stack is read at 0x0900, beyond the end of the SRAM: more was taken off than put on"),
    // RCALL to itself.
    (&[0xDFFF], "at start (0x0000): the stack has grown down to 0x00ff; 0x0100 is the lowest address it may use"),
    // UDRE interrupt, whose vector is erased.
    (&[0xE200, 0x9300, 0x00C1, 0x9478, 0x0000, 0x0000], "at start+10 (0x000a): an interrupt at vector 19, where no handler is (the flash there is erased); write one or switch the interrupt off"),
];

#[test]
fn texts() {
    for (words, expected) in FAULTS {
        let found = fault(&ATMEGA328P, words);
        assert!(found.starts_with(expected), "{words:04X?}\n{found}\n{expected}");
    }
}

#[test]
fn what_a_device_lacks() {
    for word in [0x940C, 0x940E, 0x9F01, 0x0212, 0x0301] {
        let found = fault(&ATTINY85, &[word, 0]);
        assert!(found.ends_with("an instruction that this device does not have"), "{found}");
    }
    // The last word of the flash: a JMP without its second word.
    let mut words = vec![0; 0x2_0000];
    words[0x1_FFFF] = 0x940C;
    let config = AvrConfig::default();
    let mut machine = machine(&ATMEGA2560, &words, "", config);
    let State::Ended(End::Fault(fault)) = machine.run_for(u64::MAX, &mut NoObserver) else { panic!() };
    assert_eq!(
        fault.to_string(),
        "at 0x3fffe: a two-word instruction whose second word lies outside the flash"
    );
    assert_eq!(machine.cycles(), 0x1_FFFF);
}

/// The lowest stack address: PUSH and a call reach it, and not one byte more. SP set too low is found once
/// both halves are written, in either order.
#[test]
fn stack_limit_and_high_water() {
    let run = |words: &[u16], lowest| {
        let config = AvrConfig { lowest_sp: Some(lowest), limit: Some(1000), ..AvrConfig::default() };
        let mut machine = machine(&ATMEGA328P, words, "", config);
        (machine.run(&mut NoObserver), machine.stack_high_water())
    };
    // PUSH, RCALL .+0, CLI, RJMP .-2
    let words = [0x920F, 0xD000, 0x94F8, 0xCFFF];
    assert_eq!(run(&words, 0x08FD), (End::Exit(Exit::Stop), 3));
    let (End::Fault(fault), 2) = run(&words, 0x08FE) else { panic!() };
    assert_eq!(
        fault.to_string(),
        "at 0x0002: the stack has grown down to 0x08fd; 0x08fe is the lowest address it may use"
    );
    // SP = 0x07F0: high byte first, SREG between, low byte; low byte first; both end well above 0x0700.
    for order in [&[0x3E, 0x3F, 0x3D][..], &[0x3E, 0x3D], &[0x3D, 0x3E]] {
        let mut code = Code::default();
        code.ldi(16, 0xF0);
        code.ldi(17, 0x07);
        code.ldi(18, 0);
        for &register in order {
            code.output(
                register,
                match register {
                    0x3D => 16,
                    0x3E => 17,
                    _ => 18,
                },
            );
        }
        code.put(&[0, 0, 0x94F8, 0xCFFF]);
        assert_eq!(run(&code.words, 0x07F1), (End::Exit(Exit::Stop), 0x010F));
        let (End::Fault(fault), 0) = run(&code.words, 0x07F2) else { panic!() };
        assert!(fault.to_string().ends_with("down to 0x07f1; 0x07f2 is the lowest address it may use"));
    }
}

#[test]
fn exits() {
    // Sleep enabled, interrupts off; the jump to itself; after the end, the same end again.
    assert_eq!(end(&ATMEGA328P, &[0xE001, 0xBF03, 0x9588]), End::Exit(Exit::Sleep));
    assert_eq!(end(&ATTINY85, &[0xE200, 0xBF05, 0x9588]), End::Exit(Exit::Sleep));
    let mut machine = machine(&ATMEGA328P, &[0xCFFF], "", AvrConfig::default());
    for _ in 0..2 {
        assert_eq!(machine.run_for(100, &mut NoObserver), State::Ended(End::Exit(Exit::Stop)));
        assert_eq!(machine.cycles(), 2);
    }
}

/// Whatever the flash holds, the run ends with a fault or goes on; it never panics.
#[test]
fn any_flash() {
    for seed in 1..=300 {
        let mut junk = mlc_machine::Junk::new(seed);
        let device = mlc_runtime_avr::DEVICES[usize::from(junk.word()) % mlc_runtime_avr::DEVICES.len()];
        let words: Vec<u16> = (0..device.flash_bytes / 2).map(|_| junk.word()).collect();
        let config = AvrConfig { seed, limit: Some(50_000), ..AvrConfig::default() };
        let end = machine(device, &words, "some input", config).run(&mut NoObserver);
        assert!(matches!(end, End::Fault(_) | End::Exit(_)), "{end:?}");
    }
}
