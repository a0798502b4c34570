//! The SPI and the flash chip behind it, as programs use them.

mod support;

use mlc_runtime_avr::{
    ATMEGA328P, ATMEGA2560, ATTINY85, Avr, AvrConfig, AvrMachine, Device, End, Exit, FaultKind, NoObserver,
    Observer, Script, SerialFlash,
};
use support::encode::Code;
use support::machine;

const NOP: u16 = 0x0000;
const DDRB: u8 = 0x04;
const PORTB: u8 = 0x05;
const GPIOR: u8 = 0x1E;
const SPCR: u8 = 0x2C;
const SPSR: u8 = 0x2D;
const SPDR: u8 = 0x2E;

/// Bits of SS, SCK and MOSI.
const UNO: [u8; 3] = [4, 32, 8];
const MEGA: [u8; 3] = [1, 2, 4];

#[derive(Default)]
struct Seen(Vec<(u8, u64)>);

impl Observer<Avr> for Seen {
    fn on_marker(&mut self, value: u8, t: u64) {
        self.0.push((value, t));
    }
}

impl Code {
    /// The SPI at half the clock, and the chip selected by SS.
    fn open(&mut self, [select, clock, mosi]: [u8; 3]) {
        for (register, value) in
            [(PORTB, select), (DDRB, select | clock | mosi), (SPSR, 1), (SPCR, 0x50), (PORTB, 0)]
        {
            self.ldi(16, value);
            self.output(register, 16);
        }
    }

    /// Sends bytes, each when the one before is gone.
    fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.ldi(16, byte);
            self.output(SPDR, 16);
            let wait = self.here();
            self.input(17, SPSR);
            self.put(&[0xFF17]); // SBRS r17, 7
            self.branch_always(wait);
        }
    }

    /// Reads `count` bytes to GPIOR0: each is taken, and the next begun, so many cycles behind the one before.
    fn stream(&mut self, count: usize, cycles: usize) {
        self.output(SPDR, 16);
        self.put(&[NOP]);
        for _ in 0..count {
            self.put(&vec![NOP; cycles - 3]);
            self.input(17, SPDR);
            self.output(SPDR, 16);
            self.output(GPIOR, 17);
        }
    }

    fn stop(&mut self) {
        self.put(&[0x94F8, 0xCFFF]);
    }
}

fn run(device: &'static Device, code: &Code, flash: &[u8]) -> (Vec<u8>, End, AvrMachine<Script>) {
    let mut machine = machine(device, &code.words, "", AvrConfig::default());
    let chip = SerialFlash::new(16, flash.to_vec()).unwrap();
    let spi = device.spi.unwrap();
    assert!(machine.attach_flash(spi.select, chip));
    let mut seen = Seen::default();
    let end = machine.run(&mut seen);
    (seen.0.into_iter().map(|(value, _)| value).collect(), end, machine)
}

#[test]
fn bytes_are_streamed_while_the_processor_works() {
    let flash: Vec<u8> = (0..=255).collect();
    for (device, pins) in [(&ATMEGA328P, UNO), (&ATMEGA2560, MEGA)] {
        let mut code = Code::default();
        code.open(pins);
        code.send(&[0x03, 0, 0, 7]);
        code.stream(40, 18);
        code.stop();
        let (seen, end, _) = run(device, &code, &flash);
        assert_eq!(end, End::Exit(Exit::Stop), "{}", device.name);
        assert_eq!(seen, &flash[7..47], "{}", device.name);
    }
}

#[test]
fn too_quick_a_program_is_told() {
    // 17 cycles are what it takes.
    for (cycles, works) in [(17, true), (16, false)] {
        let mut code = Code::default();
        code.open(UNO);
        code.send(&[0x03, 0, 0, 0]);
        code.stream(3, cycles);
        code.stop();
        let (_, end, _) = run(&ATMEGA328P, &code, &[1, 2, 3]);
        let lost = matches!(&end, End::Fault(fault) if matches!(fault.kind, FaultKind::SpiLost { .. }));
        assert_eq!((lost, end == End::Exit(Exit::Stop)), (!works, works), "{end:?}");
    }
}

#[test]
fn what_is_written_stays() {
    let mut code = Code::default();
    let command = |code: &mut Code, bytes: &[u8]| {
        code.ldi(16, 0);
        code.output(PORTB, 16);
        code.send(bytes);
        code.ldi(16, UNO[0]);
        code.output(PORTB, 16);
    };
    code.open(UNO);
    command(&mut code, &[0x06]);
    command(&mut code, &[0x02, 0, 1, 0, 42, 43]);
    code.stop();
    let (_, end, machine) = run(&ATMEGA328P, &code, &[9]);
    assert_eq!(end, End::Exit(Exit::Stop));
    let bytes = machine.flash().unwrap().bytes();
    assert_eq!((bytes[0], &bytes[255..259]), (9, &[0xFF, 42, 43, 0xFF][..]));
}

#[test]
fn without_a_chip_the_line_floats() {
    let mut code = Code::default();
    code.open(UNO);
    code.send(&[0x9F]);
    code.stream(3, 20);
    code.stop();
    let mut machine = machine(&ATMEGA328P, &code.words, "", AvrConfig::default());
    let mut seen = Seen::default();
    assert_eq!(machine.run(&mut seen), End::Exit(Exit::Stop));
    let values: Vec<u8> = seen.0.iter().map(|(value, _)| *value).collect();
    assert!(values == [0; 3] || values == [0xFF; 3], "{values:?}");
}

#[test]
fn a_chip_is_attached_where_there_are_pins_for_it() {
    let new = || SerialFlash::new(16, vec![]).unwrap();
    let mut small = machine(&ATTINY85, &[NOP], "", AvrConfig::default());
    assert!(!small.attach_flash(('B', 2), new()) && small.flash().is_none());
    let mut uno = machine(&ATMEGA328P, &[NOP, 0xCFFF], "", AvrConfig::default());
    assert!(!uno.attach_flash(('A', 2), new()) && !uno.attach_flash(('B', 8), new()));
    assert!(uno.attach_flash(('D', 4), new()) && uno.flash().is_some());
    uno.run_for(10, &mut NoObserver);
}
