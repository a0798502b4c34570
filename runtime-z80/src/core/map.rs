//! What is where in memory, and what may be done there.

use super::{Area, Core};
use crate::bus::Ports;
use crate::memory::{blocks_of, mark};

impl Core {
    /// One more bank of 16 KB, with junk, behind the four that the slots of memory show at first. Gives its number: 4, 5
    /// and so on. What is loaded, protected, trapped or watched is so in the bank that is shown at that moment.
    pub fn add_bank(&mut self) -> u8 {
        self.bus.memory.add_bank()
    }

    /// Has each slot of memory show a bank, by its number: 0 to 3 from the start, or one of [`Core::add_bank`].
    ///
    /// # Panics
    /// There is no bank of such a number.
    pub fn show_banks(&mut self, banks: [u8; 4]) {
        self.bus.memory.show(blocks_of(banks));
    }

    /// Watches an address while some blocks are shown, or ends that.
    pub(crate) fn watch_in(&mut self, blocks: [u16; 8], address: u16, on: bool) {
        self.bus.memory.show(blocks);
        if on {
            self.watch(address)
        } else {
            self.unwatch(address)
        }
        self.bus.switch();
    }

    /// Puts other devices in the place of those that the core was made with.
    pub(crate) fn attach(&mut self, ports: impl Ports) {
        self.bus.ports = Box::new(ports);
        self.bus.switch();
    }

    /// One more block of 8 KB, a ROM. Gives its number, which [`Ports::blocks`] selects it by.
    pub(crate) fn add_rom(&mut self, content: &[u8]) -> u16 {
        self.bus.memory.add_rom(content)
    }

    /// Shows what the devices want to be shown: after something else than an output changed that.
    pub(crate) fn switch(&mut self) {
        self.bus.switch();
    }

    /// A name in faults for protected addresses.
    pub(crate) fn name_area(&mut self, first: u16, last: u16, name: &'static str) {
        self.areas.push(Area { first, last, name });
    }

    /// Has each opcode fetch take so many T-states more, as machines do whose memory is slow.
    pub(crate) fn set_fetch_wait(&mut self, t_states: u64) {
        self.fetch_wait = t_states;
    }

    /// Puts a program or data there, whatever the protection says; executable. Addresses wrap.
    pub fn load(&mut self, address: u16, bytes: &[u8]) {
        let mut at = address;
        for &byte in bytes {
            self.bus.memory.put(at, byte);
            at = at.wrapping_add(1);
        }
    }

    /// Refuses writes to `first..=last`; `name` appears in the fault ("the BDOS").
    pub fn protect(&mut self, first: u16, last: u16, name: &'static str) {
        self.name_area(first, last, name);
        (first..=last).for_each(|address| self.bus.memory.set_mark(address, mark::PROTECTED, true));
    }

    /// Puts a ROM there: writes to it are lost.
    pub fn load_rom(&mut self, address: u16, bytes: &[u8]) {
        self.load(address, bytes);
        for at in (address..=u16::MAX).take(bytes.len()) {
            self.bus.memory.set_mark(at, mark::READ_ONLY, true);
        }
    }

    /// Leaves out the memory behind `last`: writes there are lost.
    pub(crate) fn leave_out(&mut self, last: u16) {
        (last..=u16::MAX)
            .skip(1)
            .for_each(|address| self.bus.memory.set_mark(address, mark::READ_ONLY, true));
    }

    /// Like [`Core::protect`], and nothing in it may be executed but traps.
    pub fn close(&mut self, first: u16, last: u16, name: &'static str) {
        self.protect(first, last, name);
        (first..=last).for_each(|address| self.bus.memory.set_mark(address, mark::NO_EXECUTE, true));
    }
}
