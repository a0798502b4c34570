//! What the processor sees: memory and the ports.

use crate::memory::{Memory, blocks_of};
use std::any::Any;

/// The devices behind `IN` and `OUT`, and those that listen to writes to a ROM. `port` is the whole 16-bit address, with `B` or `A` in its upper half.
pub trait Ports: Any {
    /// What a device answers to an input.
    fn read(&mut self, port: u16) -> u8;

    /// An output.
    fn write(&mut self, port: u16, value: u8);

    /// A write to memory that is protected: whether a device takes it there. Nobody does: it ends the run.
    fn poke(&mut self, address: u16, value: u8) -> bool {
        let _ = (address, value);
        false
    }

    /// Asked after each output: the banks of 16 KB that the four slots of memory show from now on, by number (see
    /// [`crate::Core::add_bank`]). `None`, the default, leaves the memory as it is: the devices switch none.
    fn banks(&self) -> Option<[u8; 4]> {
        None
    }

    /// The same for devices that switch blocks of 8 KB: asked after each output, and after each write that
    /// [`Ports::poke`] has taken.
    fn blocks(&self) -> Option<[u16; 8]> {
        self.banks().map(blocks_of)
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
            self.refuse(address, value);
        }
    }

    #[cold]
    fn refuse(&mut self, address: u16, value: u8) {
        if self.ports.poke(address, value) {
            self.switch();
        } else {
            self.refused.get_or_insert(address);
        }
    }

    /// What the devices want to be shown from now on.
    pub(crate) fn switch(&mut self) {
        if let Some(blocks) = self.ports.blocks() {
            self.memory.show(blocks);
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
        self.switch();
    }
}
