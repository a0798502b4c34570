//! What the processor sees: memory and the ports.

use crate::memory::Memory;
use std::any::Any;

/// The devices behind `IN` and `OUT`. `port` is the whole 16-bit address, with `B` or `A` in its upper half.
pub trait Ports: Any {
    /// What a device answers to an input.
    fn read(&mut self, port: u16) -> u8;

    /// An output.
    fn write(&mut self, port: u16, value: u8);

    /// Asked after each output: the banks that the four slots of memory show from now on, by number (see
    /// [`crate::Core::add_bank`]). `None`, the default, leaves the memory as it is: the devices switch none.
    fn banks(&self) -> Option<[u8; 4]> {
        None
    }
}

/// No devices: reads give FFh, as an open bus with pull-up resistors does; writes are lost.
pub struct FloatingBus;

impl Ports for FloatingBus {
    fn read(&mut self, _port: u16) -> u8 {
        0xFF
    }

    fn write(&mut self, _port: u16, _value: u8) {}
}

pub(crate) struct Bus {
    pub(crate) memory: Memory,
    pub(crate) ports: Box<dyn Ports>,
    /// Added to port addresses: block input and output of `iz80` put the wrong value of B on the bus.
    pub(crate) port_correction: u16,
    /// The first refused write since it was last taken.
    pub(crate) refused: Option<u16>,
}

impl Bus {
    pub(crate) fn new(ports: impl Ports, seed: u64) -> Self {
        Bus { memory: Memory::flat(seed), ports: Box::new(ports), port_correction: 0, refused: None }
    }

    /// A write by the program, or on its behalf.
    #[inline]
    pub(crate) fn write(&mut self, address: u16, value: u8) {
        if !self.memory.write(address, value) {
            self.refused.get_or_insert(address);
        }
    }
}

impl iz80::Machine for Bus {
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
        if let Some(banks) = self.ports.banks() {
            self.memory.show(banks);
        }
    }
}
