//! A whole firmware made by avr-gcc: on simavr and here the same text and the same cycles.

mod support;

use mlc_runtime_avr::{
    ATMEGA328P, ATTINY85, AvrConfig, AvrMachine, End, Exit, LoadError, NoObserver, Program, Script, Typing,
};
use support::tools;

/// Echoes in upper case, by interrupts on both sides and asleep between. Control-D: the cycles of a
/// computation, and the end.
const ECHO: &str = r#"
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>

static volatile uint8_t received[16], sent[64], rx_head, rx_tail, tx_head, tx_tail;
static const uint16_t table[] PROGMEM = { 1, 10, 100, 1000, 10000 };
static uint16_t factors[5] = { 3, 5, 7, 11, 13 };

ISR(USART_RX_vect) {
    received[rx_head++ & 15] = UDR0;
}

ISR(USART_UDRE_vect) {
    if (tx_head == tx_tail) UCSR0B &= ~(1 << UDRIE0);
    else UDR0 = sent[tx_tail++ & 63];
}

static void put(char c) {
    while ((uint8_t)(tx_head - tx_tail) == 64) {}
    sent[tx_head & 63] = c;
    cli();
    tx_head++;
    UCSR0B |= 1 << UDRIE0;
    sei();
}

static void number(uint32_t n) {
    if (n >= 10) number(n / 10);
    put('0' + n % 10);
}

static uint32_t __attribute__((noinline)) compute(void) {
    uint32_t sum = 0;
    for (uint8_t turn = 0; turn < 20; turn++)
        for (uint8_t i = 0; i < 5; i++)
            sum = sum * 31 + (int32_t)pgm_read_word(&table[i]) * factors[i] / (turn + 1);
    return sum;
}

int main(void) {
    UBRR0 = 16;
    UCSR0A = 1 << U2X0;
    UCSR0B = 1 << RXEN0 | 1 << TXEN0 | 1 << RXCIE0;
    TCCR1B = 1;
    DDRB = 1 << PB5;
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
    for (;;) {
        cli();
        if (rx_head == rx_tail) {
            sleep_enable();
            sei();
            sleep_cpu();
            sleep_disable();
            continue;
        }
        sei();
        char c = received[rx_tail++ & 15];
        PORTB ^= 1 << PB5;
        if (c == 4) break;
        put(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    while (tx_head != tx_tail) {}
    cli();
    uint16_t start = TCNT1;
    uint32_t sum = compute();
    uint16_t cycles = TCNT1 - start;
    sei();
    number(sum); put(' '); number(cycles); put('\n');
    while (tx_head != tx_tail) {}
    while (!(UCSR0A & 1 << UDRE0)) {}
    cli();
    sleep_enable();
    sleep_cpu();
    return 0;
}
"#;

const INPUT: &str = "Hello, firmware!\nall letters,  too\n\u{4}";

/// The input as a value change dump for simavr, a byte every 100 microseconds. simavr stops
/// where the dump ends, so something comes after the program's end. It sleeps a thousand times longer than the
/// program, so the dump is short.
fn dump(input: &str) -> String {
    let mut text = "$timescale 1ns $end\n$scope module logic $end\n$var wire 8 ! uar0_in $end\n\
                    $upscope $end\n$enddefinitions $end\n"
        .to_owned();
    let mut time = 200_000;
    for byte in input.bytes() {
        text += &format!("#{time}\nb{byte:08b} !\n");
        time += 100_000;
    }
    text + &format!("#{}\nb00000000 !\n#{}\nb00000000 !\n", time + 8_000_000, time + 8_300_000)
}

#[test]
fn echo_by_interrupts_and_sleep() {
    if !tools::have("avr-gcc") || !tools::have("simavr") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let elf = tools::compile(ECHO, "atmega328p", folder.path());
    let file = std::fs::read(&elf).unwrap();
    let vcd = folder.path().join("in.vcd");
    std::fs::write(&vcd, dump(INPUT)).unwrap();
    let theirs = tools::simavr(&elf, "atmega328p", &["-i", vcd.to_str().unwrap()]);

    let program = Program::from_elf(&file, &ATMEGA328P).unwrap();
    // Five factors and what .bss has.
    let end = program.data_end.unwrap();
    assert!((0x100 + 10 + 16 + 64 + 4..0x180).contains(&end), "{end:#x}");
    for name in ["main", "compute", "__vector_18", "__vector_19"] {
        assert!(program.symbols.iter().any(|(_, symbol)| symbol == name), "{name}");
    }
    for typing in [Typing::WhenWaiting, Typing::Every(4800), Typing::Every(0)] {
        let script = Script::new(INPUT.as_bytes());
        let config = AvrConfig { typing, limit: Some(10_000_000), ..AvrConfig::default() };
        let mut machine = AvrMachine::new(program.clone(), script, config);
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Sleep));
        let text = String::from_utf8(machine.console().output().to_vec()).unwrap();
        let ours: Vec<&str> = text.lines().collect();
        assert_eq!(ours[..2], ["HELLO, FIRMWARE!", "ALL LETTERS,  TOO"], "{typing:?}");
        // The last line has the cycles of the computation.
        assert_eq!(ours, theirs, "{typing:?}");
        assert_eq!(machine.lost_bytes(), 0);
        assert_eq!(machine.bit_cycles(), 17 * 8);
        // Most of the time that a byte takes on the line.
        assert!(machine.sleep_cycles() > 36 * 1000, "{typing:?}");
        assert!((10..100).contains(&machine.stack_high_water()), "{}", machine.stack_high_water());
        assert_eq!(machine.pins('B').map(|pins| (pins.outputs, pins.levels)), Some((0x20, 0x00)));
    }

    // HEX and ELF files give the same flash.
    let hex = folder.path().join("a.hex");
    tools::run("avr-objcopy", &["-O", "ihex", elf.to_str().unwrap(), hex.to_str().unwrap()]);
    let from_hex = Program::from_hex(&std::fs::read_to_string(hex).unwrap(), &ATMEGA328P).unwrap();
    assert_eq!((&from_hex.flash, from_hex.flash_used), (&program.flash, program.flash_used));
    assert!(from_hex.symbols.is_empty());

    let error = Program::from_elf(&file, &ATTINY85).unwrap_err();
    assert!(matches!(error, LoadError::OtherFamily { family: 5, .. }), "{error}");
    let cut = Program::from_elf(&file[..60], &ATMEGA328P).unwrap_err();
    assert!(matches!(cut, LoadError::Elf(_) | LoadError::ElfCut { .. }), "{cut}");

    // A damaged file may be refused or not; nothing panics.
    let mut junk = mlc_machine::Junk::new(1);
    let mut refused = 0;
    for _ in 0..2000 {
        let mut damaged = file.clone();
        for _ in 0..3 {
            // The header and the program headers, mostly.
            let place =
                usize::from(junk.word()) % if junk.word().is_multiple_of(4) { damaged.len() } else { 200 };
            damaged[place] = junk.word() as u8;
        }
        refused += usize::from(Program::from_elf(&damaged, &ATMEGA328P).is_err());
    }
    assert!((100..2000).contains(&refused), "{refused}");
}

/// The ends that avr-libc's start-up code leads to.
#[test]
fn main_returns() {
    if !tools::have("avr-gcc") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for device in mlc_runtime_avr::DEVICES {
        let source = "#include <avr/io.h>\nint main(void) { GPIOR0 = 42; return 0; }";
        let elf = std::fs::read(tools::compile(source, device.name, folder.path())).unwrap();
        let program = Program::from_elf(&elf, device).unwrap();
        let mut machine = AvrMachine::new(program, Script::default(), AvrConfig::default());
        assert_eq!(machine.run(&mut NoObserver), End::Exit(Exit::Stop), "{}", device.name);
    }
}
