//! What an observer may look at: registers, SRAM, flash.

use mlc_machine::Junk;

use crate::device::Device;

/// Data-space addresses of what every AVR has.
pub(crate) const SPL: u16 = 0x5D;
pub(crate) const SPH: u16 = 0x5E;
pub(crate) const SREG: u16 = 0x5F;

/// Registers, SRAM and flash.
#[derive(Debug, Clone)]
pub struct Memory {
    pub(crate) registers: [u8; 32],
    pub(crate) sram: Box<[u8]>,
    pub(crate) sram_start: u16,
    pub(crate) flash: Box<[u8]>,
    pub(crate) sreg: u8,
    pub(crate) sp: u16,
}

impl Memory {
    /// Registers and SRAM hold junk made from `seed`, as after power-up; SREG is 0, SP the end of the SRAM.
    pub(crate) fn new(device: &Device, flash: Box<[u8]>, seed: u64) -> Self {
        let mut junk = Junk::new(seed);
        let mut fill = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| *byte = junk.word() as u8);
        let mut memory = Memory {
            registers: [0; 32],
            sram: vec![0; usize::from(device.sram_bytes)].into_boxed_slice(),
            sram_start: device.sram_start,
            flash,
            sreg: 0,
            sp: device.ram_end(),
        };
        fill(&mut memory.registers);
        fill(&mut memory.sram);
        memory
    }

    /// The byte at a data-space address: a register, SP, SREG or the SRAM. 0 for other I/O registers and
    /// outside.
    pub fn byte(&self, address: u16) -> u8 {
        match address {
            0..0x20 => self.registers[usize::from(address)],
            SPL => self.sp as u8,
            SPH => (self.sp >> 8) as u8,
            SREG => self.sreg,
            _ => self.sram.get(usize::from(address.wrapping_sub(self.sram_start))).copied().unwrap_or(0),
        }
    }

    pub(crate) fn poke(&mut self, address: u16, value: u8) -> bool {
        match address {
            0..0x20 => self.registers[usize::from(address)] = value,
            SPL => self.sp = self.sp & 0xFF00 | u16::from(value),
            SPH => self.sp = self.sp & 0x00FF | u16::from(value) << 8,
            SREG => self.sreg = value,
            _ => match self.sram.get_mut(usize::from(address.wrapping_sub(self.sram_start))) {
                Some(byte) => *byte = value,
                None => return false,
            },
        }
        true
    }

    /// The word at `address` and the next one, low byte first.
    pub fn word(&self, address: u16) -> u16 {
        u16::from_le_bytes([self.byte(address), self.byte(address.wrapping_add(1))])
    }

    /// The byte at a byte address of the flash; 0xFF outside.
    pub fn flash(&self, address: u32) -> u8 {
        self.flash.get(address as usize).copied().unwrap_or(0xFF)
    }

    /// The status register: C, Z, N, V, S, H, T, I from bit 0.
    pub fn sreg(&self) -> u8 {
        self.sreg
    }

    /// The stack pointer.
    pub fn sp(&self) -> u16 {
        self.sp
    }

    #[inline]
    pub(crate) fn reg(&self, n: u8) -> u8 {
        self.registers[usize::from(n & 31)]
    }

    #[inline]
    pub(crate) fn set_reg(&mut self, n: u8, value: u8) {
        self.registers[usize::from(n & 31)] = value;
    }

    /// The pair whose low register is the even `n`.
    #[inline]
    pub(crate) fn pair(&self, n: u8) -> u16 {
        u16::from_le_bytes([self.reg(n), self.reg(n | 1)])
    }

    #[inline]
    pub(crate) fn set_pair(&mut self, n: u8, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.set_reg(n, low);
        self.set_reg(n | 1, high);
    }
}
