//! What the processor sees: 64 KB of memory and the ports.

use mlc_machine::Junk;

const SIZE: usize = 0x1_0000;

/// The whole address space. Addresses wrap.
pub struct Memory {
    bytes: Box<[u8; SIZE]>,
}

impl Memory {
    fn junk(seed: u64) -> Self {
        let mut junk = Junk::new(seed);
        let mut bytes = zeroed();
        bytes.fill_with(|| junk.word() as u8);
        Memory { bytes }
    }

    /// The byte at `address`.
    #[inline]
    pub fn byte(&self, address: u16) -> u8 {
        self.bytes[usize::from(address)]
    }

    /// The little-endian word at `address` and the next.
    pub fn word(&self, address: u16) -> u16 {
        u16::from_le_bytes([self.byte(address), self.byte(address.wrapping_add(1))])
    }

    /// All of it, indexed by address.
    pub fn bytes(&self) -> &[u8; SIZE] {
        &self.bytes
    }
}

/// The devices behind `IN` and `OUT`. `port` is the whole 16-bit address, with `B` or `A` in its upper half.
pub trait Ports {
    /// What a device answers to an input.
    fn read(&mut self, port: u16) -> u8;
    /// An output.
    fn write(&mut self, port: u16, value: u8);
}

/// No devices: reads give FFh, as an open bus with pull-up resistors does; writes are lost.
pub struct FloatingBus;

impl Ports for FloatingBus {
    fn read(&mut self, _port: u16) -> u8 {
        0xFF
    }

    fn write(&mut self, _port: u16, _value: u8) {}
}

/// Marks of an address. One byte an address, so that the run loop decides with one look.
pub(crate) mod mark {
    /// Neither loaded nor written yet: not to be executed.
    pub(crate) const BLANK: u8 = 1;
    /// A write is refused and ends the run.
    pub(crate) const PROTECTED: u8 = 2;
    /// Not to be executed.
    pub(crate) const NO_EXECUTE: u8 = 4;
    /// The host acts when PC gets here.
    pub(crate) const TRAP: u8 = 8;
    /// The observer is told when PC gets here.
    pub(crate) const WATCHED: u8 = 16;
    /// A write is lost.
    pub(crate) const READ_ONLY: u8 = 32;

    pub(crate) const AT_WRITE: u8 = BLANK | PROTECTED | READ_ONLY;
    pub(crate) const AT_EXECUTION: u8 = BLANK | NO_EXECUTE | TRAP | WATCHED;
}

pub(crate) struct Bus<P> {
    pub(crate) memory: Memory,
    marks: Box<[u8; SIZE]>,
    pub(crate) ports: P,
    /// Added to port addresses: block input and output of `iz80` put the wrong value of B on the bus.
    pub(crate) port_correction: u16,
    /// The first refused write since it was last taken.
    pub(crate) refused: Option<u16>,
}

impl<P: Ports> Bus<P> {
    pub(crate) fn new(ports: P, seed: u64) -> Self {
        let mut marks = zeroed();
        marks.fill(mark::BLANK);
        Bus { memory: Memory::junk(seed), marks, ports, port_correction: 0, refused: None }
    }

    #[inline]
    pub(crate) fn marks(&self, address: u16) -> u8 {
        self.marks[usize::from(address)]
    }

    pub(crate) fn set_mark(&mut self, address: u16, mark: u8, on: bool) {
        let marks = &mut self.marks[usize::from(address)];
        *marks = if on { *marks | mark } else { *marks & !mark };
    }

    /// A write by the program, or on its behalf.
    #[inline]
    pub(crate) fn write(&mut self, address: u16, value: u8) {
        let marks = &mut self.marks[usize::from(address)];
        if *marks & mark::AT_WRITE != 0 {
            if *marks & mark::PROTECTED != 0 {
                self.refused.get_or_insert(address);
                return;
            }
            if *marks & mark::READ_ONLY != 0 {
                return;
            }
            *marks &= !mark::BLANK;
        }
        self.memory.bytes[usize::from(address)] = value;
    }

    /// Puts `value` there whatever the protection says, and makes it executable.
    pub(crate) fn place(&mut self, address: u16, value: u8) {
        self.marks[usize::from(address)] &= !mark::BLANK;
        self.memory.bytes[usize::from(address)] = value;
    }
}

impl<P: Ports> iz80::Machine for Bus<P> {
    #[inline]
    fn peek(&mut self, address: u16) -> u8 {
        self.memory.byte(address)
    }

    #[inline]
    fn poke(&mut self, address: u16, value: u8) {
        self.write(address, value);
    }

    fn port_in(&mut self, address: u16) -> u8 {
        self.ports.read(address.wrapping_add(self.port_correction))
    }

    fn port_out(&mut self, address: u16, value: u8) {
        self.ports.write(address.wrapping_add(self.port_correction), value);
    }
}

fn zeroed() -> Box<[u8; SIZE]> {
    vec![0; SIZE].into_boxed_slice().try_into().expect("the slice was made with exactly SIZE elements")
}
