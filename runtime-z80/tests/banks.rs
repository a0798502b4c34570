//! Banks of memory behind a port, as a ZX Spectrum 128 has them.

use mlc_runtime_z80::{Core, End, FaultKind, Host, NoObserver, Observer, Ports, Registers, State, Z80};

const PORT: u16 = 0x7FFD;
/// Where programs of the tests lie: in the slot that never changes.
const CODE: u16 = 0x8000;
const END: u16 = 0x9000;

/// Bits 0 to 2 choose the bank at C000h, of which 5 and 2 always lie at 4000h and 8000h; bit 4 the ROM.
struct Pager {
    /// The number of each bank of RAM, then those of the two ROMs.
    rams: [u8; 8],
    roms: [u8; 2],
    value: u8,
}

impl Ports for Pager {
    fn read(&mut self, _port: u16) -> u8 {
        0xFF
    }

    fn write(&mut self, port: u16, value: u8) {
        if port & 0x8002 == 0 {
            self.value = value;
        }
    }

    fn banks(&self) -> Option<[u8; 4]> {
        let (rom, ram) = (usize::from(self.value >> 4 & 1), usize::from(self.value & 7));
        Some([self.roms[rom], self.rams[5], self.rams[2], self.rams[ram]])
    }
}

/// Ends at each trap.
struct Stop;

impl Host for Stop {
    fn trap(&mut self, core: &mut Core, _: &mut dyn Observer<Z80>) -> Result<(), End> {
        let _ = core;
        Err(End::EndOfInput)
    }
}

/// The machine just switched on: ROM 0 and bank 0. Each ROM holds its number and a `RET`.
fn machine() -> Core {
    let pager = Pager { rams: [3, 4, 2, 5, 6, 1, 7, 8], roms: [0, 9], value: 0 };
    let mut core = Core::new(pager, 1);
    let added: Vec<u8> = (0..6).map(|_| core.add_bank()).collect();
    assert_eq!(added, [4, 5, 6, 7, 8, 9]);
    for rom in [1, 0] {
        core.show_banks([[0, 9][rom], 1, 2, 3]);
        core.load_rom(0x0000, &[rom as u8; 0x3FFF]);
        core.load_rom(0x3FFF, &[0xC9]);
    }
    core
}

/// `LD A,value` / `LD BC,7FFDh` / `OUT (C),A`
fn select(value: u8) -> Vec<u8> {
    let [low, high] = PORT.to_le_bytes();
    vec![0x3E, value, 0x01, low, high, 0xED, 0x79]
}

/// `LD A,value` / `LD (address),A`
fn store(address: u16, value: u8) -> Vec<u8> {
    let [low, high] = address.to_le_bytes();
    vec![0x3E, value, 0x32, low, high]
}

/// Runs a program to its end.
fn run(core: &mut Core, program: &[Vec<u8>]) {
    let [low, high] = END.to_le_bytes();
    core.load(CODE, &[program.concat(), vec![0xC3, low, high]].concat()); // JP END
    core.trap(END);
    core.set_registers(Registers { pc: CODE, sp: 0x7F00, ..core.registers() });
    assert_eq!(core.run(&mut Stop, &mut NoObserver, 100_000), State::Ended(End::EndOfInput));
}

#[test]
fn a_port_chooses_what_the_program_sees() {
    let mut core = machine();
    let values: Vec<_> = (0..8).flat_map(|bank| [select(bank), store(0xC123, 0x40 + bank)]).collect();
    run(&mut core, &values);
    for bank in 0..8 {
        run(&mut core, &[select(bank)]);
        assert_eq!(core.memory().byte(0xC123), 0x40 + bank);
        assert_eq!(core.memory().bytes()[0xC123], 0x40 + bank);
    }
    // 5 and 2 lie at their own addresses as well.
    assert_eq!((core.memory().byte(0x4123), core.memory().byte(0x8123)), (0x45, 0x42));
    // Another port is nobody's.
    run(&mut core, &[vec![0x01, 0x02, 0x80, 0x3E, 0x01, 0xED, 0x79]]);
    assert_eq!(core.memory().byte(0xC123), 0x47);
}

#[test]
fn a_bank_in_two_slots_is_one() {
    let mut core = machine();
    run(&mut core, &[select(5), store(0xC200, 0x11), store(0x4201, 0x22)]);
    assert_eq!((core.memory().word(0x4200), core.memory().word(0xC200)), (0x2211, 0x2211));
    assert!(!core.is_blank(0x4200) && !core.is_blank(0xC201));
    // Loading goes to both as well, and both are told apart again afterwards.
    core.load(0xC202, &[0x33]);
    run(&mut core, &[select(6), store(0xC200, 0x44), store(0x4201, 0x55)]);
    assert_eq!(core.memory().word(0x4201), 0x3355);
    assert_eq!((core.memory().byte(0x4200), core.memory().byte(0xC200)), (0x11, 0x44));
    run(&mut core, &[select(5)]);
    assert_eq!(core.memory().word(0xC200), 0x5511);
}

#[test]
fn roms_are_banks_that_lose_writes() {
    let mut core = machine();
    run(&mut core, &[store(0x0005, 0xAA)]);
    assert_eq!(core.memory().byte(0x0005), 0);
    run(&mut core, &[select(0x10), store(0x0005, 0xAA)]);
    assert_eq!(core.memory().byte(0x0005), 1);
    // A call into what is shown.
    run(&mut core, &[vec![0xCD, 0xFF, 0x3F]]);
    // RAM in the place of a ROM is RAM.
    core.show_banks([4, 1, 2, 3]);
    core.write(0x0005, 0xAA);
    assert_eq!(core.memory().byte(0x0005), 0xAA);
}

/// What nobody wrote, what is protected and where the host acts: all of it belongs to a bank, not to an address.
#[test]
fn marks_stay_in_their_bank() {
    let mut core = machine();
    run(&mut core, &[select(1), store(0xC000, 0xC9)]);
    core.trap(0xC001);
    core.protect(0xC002, 0xC002, "the table");
    let at = |core: &mut Core, pc: u16| {
        core.set_registers(Registers { pc, ..core.registers() });
        core.run(&mut Stop, &mut NoObserver, 1000)
    };
    let fault = |state: State| match state {
        State::Ended(End::Fault(fault)) => fault.kind,
        other => panic!("a fault expected: {other:?}"),
    };
    assert_eq!(at(&mut core, 0xC001), State::Ended(End::EndOfInput));
    core.write(0xC002, 1);
    let table = FaultKind::ProtectedWrite { address: 0xC002, area: "the table" };
    assert_eq!(core.take_refused(), Some(table));
    run(&mut core, &[select(3)]);
    assert!(core.is_blank(0xC000) && core.is_blank(0xC001));
    assert_eq!(fault(at(&mut core, 0xC001)), FaultKind::BlankExecution);
    core.write(0xC002, 1);
    assert_eq!((core.take_refused(), core.memory().byte(0xC002)), (None, 1));
    run(&mut core, &[select(1)]);
    assert!(!core.is_blank(0xC000));
    assert_eq!(at(&mut core, 0xC001), State::Ended(End::EndOfInput));
}

#[test]
#[should_panic(expected = "the machine has no bank 10")]
fn a_bank_that_is_not_there() {
    machine().show_banks([0, 1, 2, 10]);
}
