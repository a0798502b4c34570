//! UART, timer 1, interrupts, sleep and pins, by the cycle.

mod support;

use mlc_runtime_avr::{ATMEGA328P, ATTINY85, Avr, AvrConfig, End, Exit, NoObserver, Observer, Pins, Typing};
use support::encode::Code;
use support::machine;

const UCSRA: u16 = 0xC0;
const UCSRB: u16 = 0xC1;
const UCSRC: u16 = 0xC2;
const UBRRL: u16 = 0xC4;
const UDR: u16 = 0xC6;
const TCCRB: u16 = 0x81;
const TCNTL: u16 = 0x84;
const TCNTH: u16 = 0x85;
const OCRAL: u16 = 0x88;
const OCRAH: u16 = 0x89;
const TIMSK: u16 = 0x6F;
const GPIOR: u8 = 0x1E;
const SMCR: u8 = 0x33;
const TIFR: u8 = 0x16;

const NOP: u16 = 0x0000;
const SEI: u16 = 0x9478;
const CLI: u16 = 0x94F8;
const SLEEP: u16 = 0x9588;
const RETI: u16 = 0x9518;

#[derive(Default)]
struct Seen {
    out: Vec<(u8, u64)>,
    input: Vec<u8>,
    asleep: u64,
    markers: Vec<(u8, u64)>,
    pins: Vec<(Pins, u64)>,
    total: u64,
}

impl Observer<Avr> for Seen {
    fn wants_instructions(&self) -> bool {
        true
    }

    fn on_instruction(&mut self, _: u32, before: u64, after: u64) {
        assert_eq!(before, self.total, "the instructions follow one another");
        self.total = after;
    }

    fn on_sleep(&mut self, pc: u32, before: u64, after: u64) {
        self.asleep += after - before;
        self.on_instruction(pc, before, after);
    }

    fn on_console_in(&mut self, byte: u8, _t: u64) {
        self.input.push(byte);
    }

    fn on_console_out(&mut self, byte: u8, t: u64) {
        self.out.push((byte, t));
    }

    fn on_marker(&mut self, value: u8, t: u64) {
        self.markers.push((value, t));
    }

    fn on_pins(&mut self, pins: Pins, t: u64) {
        self.pins.push((pins, t));
    }
}

impl Code {
    fn set(&mut self, address: u16, value: u8) {
        self.ldi(16, value);
        self.sts(address, 16);
    }

    /// Enables sleep; 2 cycles.
    fn may_sleep(&mut self) {
        self.ldi(16, 1);
        self.output(SMCR, 16);
    }

    fn mark(&mut self, value: u8) {
        self.ldi(17, value);
        self.output(GPIOR, 17);
    }

    /// A `JMP` at a vector.
    fn vector(&mut self, number: u8, target: u16) {
        let at = 2 * usize::from(number);
        self.words[at..at + 2].copy_from_slice(&[0x940C, target]);
    }

    /// All vectors, to be filled in; reset goes behind them.
    fn with_vectors() -> Code {
        let mut code = Code { words: vec![0; 52] };
        code.vector(0, 52);
        code
    }
}

fn run(code: &Code, input: &str, typing: Typing) -> (End, Seen, u64, u64) {
    let config = AvrConfig { typing, limit: Some(1_000_000), ..AvrConfig::default() };
    let mut machine = machine(&ATMEGA328P, &code.words, input, config);
    let mut seen = Seen::default();
    let end = machine.run(&mut seen);
    assert_eq!(seen.total, machine.cycles(), "instructions and sleep add up to everything");
    assert_eq!(seen.asleep, machine.sleep_cycles());
    assert!(input.as_bytes().starts_with(&seen.input), "{:?} came", seen.input);
    if end == End::EndOfInput {
        assert_eq!(seen.input, input.as_bytes());
    }
    let output: Vec<u8> = seen.out.iter().map(|&(byte, _)| byte).collect();
    assert_eq!(machine.console().output(), output);
    (end, seen, machine.sleep_cycles(), machine.lost_bytes())
}

/// A frame takes 10 bits of 8 cycles (U2X, UBRR 0); the second byte waits for the first.
#[test]
fn transmission() {
    let mut code = Code::default();
    code.may_sleep(); // 2
    code.set(UCSRA, 2); // 5
    code.set(UCSRB, 8); // 8
    code.set(UDR, b'A'); // LDI 9, written in cycle 9
    code.set(UDR, b'B'); // into the buffer
    code.put(&[CLI, SLEEP]);
    let (end, seen, asleep, _) = run(&code, "", Typing::WhenWaiting);
    assert_eq!(end, End::Exit(Exit::Sleep));
    assert_eq!(seen.out, [(b'A', 9 + 80), (b'B', 9 + 160)]);
    assert_eq!(asleep, 9 + 160 - 16);
}

/// The frame's length by format and divider: 7 data bits, parity, two stop bits; UBRR 2, no U2X.
#[test]
fn frame_formats() {
    for (format, bits) in [(0x06, 10), (0x04, 9), (0x00, 7), (0x26, 11), (0x0E, 11), (0x2C, 11)] {
        let mut code = Code::default();
        code.may_sleep();
        code.set(UBRRL, 2);
        code.set(UCSRC, format);
        code.set(UCSRB, 8);
        code.set(UDR, 0xFF);
        code.put(&[CLI, SLEEP]);
        let (_, seen, ..) = run(&code, "", Typing::WhenWaiting);
        let byte = 0xFFu8 >> (3 - (format >> 1 & 3));
        assert_eq!(seen.out, [(byte, 12 + bits * 16 * 3)], "{format:#x}");
    }
}

/// Polling: RXC, then UDR; the run ends when a poll would wait for ever.
#[test]
fn reception_by_polling() {
    let mut code = Code::default();
    code.set(UCSRB, 0x18);
    let wait = code.here();
    code.lds(16, UCSRA);
    code.put(&[0xFF07]); // SBRS R16,7
    code.branch_always(wait);
    code.lds(16, UDR);
    code.sts(UDR, 16);
    code.branch_always(wait);
    for typing in [Typing::WhenWaiting, Typing::Every(0), Typing::Every(5000)] {
        let (end, seen, _, lost) = run(&code, "abc", typing);
        assert_eq!(end, End::EndOfInput, "{typing:?}");
        assert_eq!(seen.out.iter().map(|&(byte, _)| byte).collect::<Vec<_>>(), b"abc");
        assert_eq!(lost, 0);
        if typing == Typing::Every(5000) {
            assert!((5000 - 10..5000 + 10).contains(&(seen.out[1].1 - seen.out[0].1)));
        }
    }
}

/// The limit begins anew with each byte, and counts while the program waits for nothing.
#[test]
fn the_limit_counts_from_the_last_byte() {
    let mut code = Code::default();
    code.set(UCSRB, 0x10);
    let wait = code.here();
    code.lds(16, UCSRA);
    code.put(&[0xFF07]); // SBRS R16,7
    code.branch_always(wait);
    code.lds(16, UDR);
    code.branch_always(wait);
    let config = AvrConfig { limit: Some(1000), ..AvrConfig::default() };
    let mut listening = machine(&ATMEGA328P, &code.words, &"x".repeat(100), config.clone());
    assert_eq!(listening.run(&mut Seen::default()), End::EndOfInput);
    assert!(listening.cycles() > 16_000, "a frame takes 160 cycles");
    let mut looping = machine(&ATMEGA328P, &[0x0000, 0xCFFE], "x", config);
    assert!(matches!(looping.run(&mut Seen::default()), End::Fault(_)));
    assert!(looping.cycles() < 1010);
}

/// Nobody reads: two bytes in the buffer, one in the shift register, the rest lost; DOR tells until UDR is read.
#[test]
fn overrun() {
    let mut code = Code::default();
    code.set(UCSRA, 2);
    code.set(UCSRB, 0x10);
    code.ldi(18, 0);
    let wait = code.here();
    code.put(&[0x940A | 18 << 4]); // DEC R18: 256 times 3 cycles
    code.branch(0xF401, wait);
    for _ in 0..4 {
        code.lds(20, UCSRA);
        code.output(GPIOR, 20);
        code.lds(20, UDR);
        code.output(GPIOR, 20);
    }
    code.put(&[CLI, 0xCFFF]);
    let (end, seen, _, lost) = run(&code, "12345", Typing::Every(0));
    assert_eq!((end, lost), (End::Exit(Exit::Stop), 2));
    let values: Vec<u8> = seen.markers.iter().map(|&(value, _)| value).collect();
    assert_eq!(values, [0xAA, b'1', 0xA2, b'2', 0xA2, b'5', 0x22, 0]);
}

/// RX complete wakes from sleep: 4 cycles to wake, 4 to take the interrupt, 3 for the JMP.
#[test]
fn reception_by_interrupt() {
    let mut code = Code::with_vectors();
    code.may_sleep();
    code.set(UCSRA, 2);
    code.set(UCSRB, 0x90);
    code.put(&[SEI]);
    let again = code.here();
    code.put(&[SLEEP]);
    code.branch_always(again);
    let handler = code.here();
    code.vector(18, handler);
    code.lds(20, UDR);
    code.output(GPIOR, 20);
    code.put(&[RETI]);
    let (end, seen, asleep, _) = run(&code, "xy", Typing::WhenWaiting);
    assert_eq!(end, End::EndOfInput);
    // JMP 3, set-up 8, SEI, SLEEP; a frame of 80; wake and take 8, JMP 3, LDS 2, OUT 1.
    let first = 3 + 8 + 1 + 1 + 80 + 8 + 3 + 2 + 1;
    // RETI 4, RJMP 2, SLEEP 1, and again.
    let second = first + 4 + 2 + 1 + 80 + 14;
    assert_eq!(seen.markers, [(b'x', first), (b'y', second)]);
    assert_eq!(asleep, 160);
}

/// CTC with OCR1A = 99 and a prescaler of 8: an interrupt every 800 cycles, exactly, from sleep.
#[test]
fn timer_compare_interrupt() {
    let mut code = Code::with_vectors();
    code.may_sleep();
    code.set(OCRAH, 0);
    code.set(OCRAL, 99);
    code.set(TIMSK, 2);
    code.set(TCCRB, 0x08 | 2);
    code.ldi(20, 0);
    code.put(&[SEI]);
    let again = code.here();
    code.put(&[SLEEP]);
    code.branch_always(again);
    let handler = code.here();
    code.vector(11, handler);
    code.put(&[0x9403 | 20 << 4]); // INC R20
    code.output(GPIOR, 20);
    code.put(&[0x3045]); // CPI R20,5
    code.branch(0xF001, code.here() + 2);
    code.put(&[RETI]);
    code.put(&[CLI, 0xCFFF]);
    let (end, seen, asleep, _) = run(&code, "", Typing::WhenWaiting);
    assert_eq!(end, End::Exit(Exit::Stop));
    let times: Vec<u64> = seen.markers.iter().map(|&(_, t)| t).collect();
    // The timer starts in cycle 3 + 2 + 3 * 3 + 1 = 15 and ticks in cycle 16, 24, …: the hundredth time in 808.
    assert_eq!(times, [1, 2, 3, 4, 5].map(|n| 8 + 800 * n + 8 + 3 + 2));
    assert!(asleep > 3800);
}

/// Overflow, reading and writing through the TEMP register, flags cleared by ones, compare in normal mode.
#[test]
fn timer_flags() {
    let mut code = Code::default();
    code.set(OCRAH, 0xFF);
    code.set(OCRAL, 0xF2);
    code.set(TCNTH, 0xFF);
    code.set(TCNTL, 0xF0);
    code.set(TCCRB, 1);
    // Written in the first of STS's two cycles: 2, 3 with IN's, …
    code.input(20, TIFR); // FFF2: not left yet
    code.output(GPIOR, 20);
    code.input(20, TIFR); // FFF4
    code.output(GPIOR, 20);
    code.put(&[NOP; 10]); // to 0000
    code.lds(20, TCNTL);
    code.lds(21, TCNTH);
    code.output(GPIOR, 20);
    code.output(GPIOR, 21);
    code.input(20, TIFR);
    code.output(GPIOR, 20);
    code.ldi(20, 2);
    code.output(TIFR, 20);
    code.input(20, TIFR);
    code.output(GPIOR, 20);
    code.put(&[CLI, 0xCFFF]);
    let (_, seen, ..) = run(&code, "", Typing::WhenWaiting);
    let values: Vec<u8> = seen.markers.iter().map(|&(value, _)| value).collect();
    // OCR1B is 0, so the counter has left it too.
    assert_eq!(values, [0, 2, 0x00, 0x00, 7, 5]);
}

/// After SEI and after RETI one instruction runs; the lower vector goes first; four cycles each.
#[test]
fn order_of_interrupts() {
    let mut code = Code::with_vectors();
    code.set(UCSRB, 0x28); // data register empty, at once; 3 cycles
    code.set(OCRAH, 0);
    code.set(OCRAL, 1);
    code.set(TIMSK, 2);
    code.set(TCCRB, 1); // compare match A before long
    code.put(&[NOP; 8]);
    code.put(&[SEI]);
    code.mark(1);
    code.mark(2);
    code.mark(3);
    code.put(&[CLI, 0xCFFF]);
    let (timer, uart) = (code.here(), code.here() + 5);
    code.vector(11, timer);
    code.vector(19, uart);
    code.ldi(18, 0x11);
    code.output(GPIOR, 18);
    code.ldi(18, 0);
    code.put(&[NOP]);
    code.put(&[RETI]);
    code.ldi(18, 0x19);
    code.output(GPIOR, 18);
    code.sts(UCSRB, 19); // R19 is junk: set below
    code.put(&[RETI]);
    // R19 = 0 and the timer stopped in its handler.
    code.words[usize::from(timer) + 2] = 0x2733; // EOR R19,R19
    code.words[usize::from(timer) + 3] = NOP;
    let (end, seen, ..) = run(&code, "", Typing::WhenWaiting);
    assert_eq!(end, End::Exit(Exit::Stop));
    let values: Vec<u8> = seen.markers.iter().map(|&(value, _)| value).collect();
    // SEI, LDI; timer; OUT 1 (the one instruction after RETI); UART; and the rest.
    assert_eq!(values, [0x11, 1, 0x19, 2, 3]);
    let times: Vec<u64> = seen.markers.iter().map(|&(_, t)| t).collect();
    // From the timer's marker: EOR, NOP, RETI 4, OUT; from there 4, JMP 3, LDI, OUT; STS 2, RETI 4, LDI, OUT.
    assert_eq!([times[1] - times[0], times[2] - times[1], times[3] - times[2]], [7, 9, 8]);
}

/// PORTB, DDRB, PINB; what drives the pins from outside.
#[test]
fn pins() {
    let (pin, ddr, port) = (0x03, 0x04, 0x05);
    let mut code = Code::default();
    code.ldi(16, 0x0F);
    code.output(ddr, 16);
    code.ldi(16, 0x35);
    code.output(port, 16);
    code.input(20, pin);
    code.output(GPIOR, 20);
    code.put(&[0x9A00 | u16::from(pin) << 3 | 1]); // SBI PINB,1: toggles
    code.ldi(16, 0x01);
    code.output(pin, 16);
    code.put(&[CLI, 0xCFFF]);
    let mut machine = machine(&ATMEGA328P, &code.words, "", AvrConfig::default());
    assert!(machine.drive_pins('B', 0xD0, 0x40));
    assert!(!machine.drive_pins('A', 1, 1));
    let mut seen = Seen::default();
    machine.run(&mut seen);
    // Outputs 5; pull-up 20h; driven 40h high, 10h low in spite of its pull-up, 80h low.
    assert_eq!(seen.markers, [(0x65, 6)]);
    let levels: Vec<(u8, u8, u64)> = seen.pins.iter().map(|(p, t)| (p.outputs, p.levels, *t)).collect();
    assert_eq!(levels, [(0x0F, 0, 2), (0x0F, 0x35, 4), (0x0F, 0x37, 8), (0x0F, 0x36, 10)]);
    assert_eq!(machine.pins('B'), Some(Pins { port: 'B', levels: 0x36, outputs: 0x0F }));
}

/// Two runs are the same, in slices too; another seed leaves other junk.
#[test]
fn determinism() {
    let code = Code { words: vec![CLI, 0xCFFF] };
    let registers = |seed| {
        let config = AvrConfig { seed, ..AvrConfig::default() };
        let mut machine = machine(&ATTINY85, &code.words, "", config);
        machine.run(&mut NoObserver);
        (0..0x20u16).map(|n| machine.memory().byte(n)).collect::<Vec<_>>()
    };
    assert_eq!(registers(1), registers(1));
    assert_ne!(registers(1), registers(2));
}
