//! I/O registers: who answers at which data-space address.
//!
//! A read or write takes effect at the beginning of its instruction. The one-cycle delay of the pins'
//! synchronizer is not there: `PINx` read right after `PORTx` was written shows the new level.

use crate::core::{Core, News};
use crate::device::Device;
use crate::end::FaultKind;
use crate::memory::{SPH, SPL, SREG};
use crate::spi::Surroundings;
use crate::uart;
use mlc_machine::Pins;

const RAMPZ: u16 = 0x5B;
const EIND: u16 = 0x5C;

/// Polls of the UART's status this close together, and so many of them, are a program that waits.
const POLL_GAP: u64 = 32;
pub(crate) const POLLS: u32 = 64;

/// The bits that SP's and PC's extensions have.
const RAMPZ_BITS: u8 = 0x03;
const EIND_BITS: u8 = 0x01;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Register {
    None,
    Kept,
    Off,
    Sreg,
    Spl,
    Sph,
    Rampz,
    Eind,
    Marker,
    Sleep,
    Pin(u8),
    Ddr(u8),
    Port(u8),
    /// Distance from UCSRnA.
    Uart(u8),
    /// Distance from TCCR1A.
    Timer(u8),
    Tifr,
    Timsk,
    Gtccr,
    /// Distance from ADCL.
    Adc(u8),
    /// Distance from SPCR.
    Spi(u8),
}

impl Register {
    /// The registers by data-space address, from 0 (the first 20h belong to R0 to R31) to the SRAM.
    pub(crate) fn map(device: &Device) -> Box<[Register]> {
        let mut map = vec![Register::None; usize::from(device.sram_start)].into_boxed_slice();
        let mut set = |address: u16, register| map[usize::from(address)] = register;
        device.kept.iter().for_each(|&address| set(address, Register::Kept));
        device.off.iter().for_each(|&address| set(address, Register::Off));
        for (index, port) in (0u8..).zip(device.ports) {
            set(port.pin, Register::Pin(index));
            set(port.pin + 1, Register::Ddr(index));
            set(port.pin + 2, Register::Port(index));
        }
        if let Some(uart) = device.uart {
            [0, 1, 2, 4, 5, 6].into_iter().for_each(|n| set(uart.base + u16::from(n), Register::Uart(n)));
        }
        if let Some(timer) = device.timer1 {
            for n in [0, 1, 2, 4, 5, 8, 9, 10, 11] {
                set(timer.base + u16::from(n), Register::Timer(n));
            }
            set(timer.tifr, Register::Tifr);
            set(timer.timsk, Register::Timsk);
            set(timer.gtccr, Register::Gtccr);
        }
        if let Some(adc) = device.adc {
            (0..5).for_each(|n| set(adc.base + u16::from(n), Register::Adc(n)));
        }
        if let Some(spi) = device.spi {
            (0..3).for_each(|n| set(spi.base + u16::from(n), Register::Spi(n)));
        }
        set(device.gpior[0], Register::Marker);
        set(device.gpior[1], Register::Kept);
        set(device.gpior[2], Register::Kept);
        set(device.sleep.address, Register::Sleep);
        if device.family.has_far_data() {
            set(RAMPZ, Register::Rampz);
        }
        if device.family.has_wide_pc() {
            set(EIND, Register::Eind);
        }
        set(SPL, Register::Spl);
        set(SPH, Register::Sph);
        set(SREG, Register::Sreg);
        map
    }
}

impl Core {
    /// `RAMPZ`, or 0 on a device without.
    pub(crate) fn rampz(&self) -> u32 {
        if self.device.family.has_far_data() { u32::from(self.kept[usize::from(RAMPZ)]) } else { 0 }
    }

    pub(crate) fn set_rampz(&mut self, value: u8) {
        self.kept[usize::from(RAMPZ)] = value & RAMPZ_BITS;
    }

    pub(crate) fn eind(&self) -> u32 {
        if self.wide_pc { u32::from(self.kept[usize::from(EIND)]) } else { 0 }
    }

    /// Reads the I/O register at a data-space address from 20h up to the SRAM.
    pub(crate) fn io_read(&mut self, address: u16) -> Result<u8, FaultKind> {
        let place = usize::from(address);
        let unknown = FaultKind::UnknownRegisterRead { address };
        let now = self.t;
        Ok(match self.map[place] {
            Register::None => return Err(unknown),
            Register::Off | Register::Gtccr => 0,
            Register::Kept | Register::Marker | Register::Sleep | Register::Rampz | Register::Eind => {
                self.kept[place]
            }
            Register::Sreg => self.memory.sreg,
            Register::Spl => self.memory.sp as u8,
            Register::Sph => (self.memory.sp >> 8) as u8,
            Register::Pin(n) => self.pins(n),
            Register::Ddr(n) => self.ports[usize::from(n)].outputs,
            Register::Port(n) => self.ports[usize::from(n)].levels,
            Register::Uart(offset) => {
                let offset = u16::from(offset);
                let value = self.uart.read(offset).ok_or(unknown)?;
                self.count_poll(offset, value);
                if offset == uart::UDR {
                    self.due = 0;
                }
                value
            }
            Register::Timer(offset) => self.timer.read(u16::from(offset), now).ok_or(unknown)?,
            Register::Tifr => {
                self.timer.catch_up(now);
                self.timer.flags
            }
            Register::Timsk => self.timer.mask,
            Register::Adc(offset) => self.adc.read(offset, now),
            Register::Spi(offset) => self.spi.read(offset, now),
        })
    }

    /// Writes the I/O register at a data-space address from 20h up to the SRAM.
    pub(crate) fn io_write(&mut self, address: u16, value: u8) -> Result<(), FaultKind> {
        let place = usize::from(address);
        let now = self.t;
        match self.map[place] {
            Register::None => return Err(FaultKind::UnknownRegisterWrite { address }),
            Register::Off if value != 0 => return Err(FaultKind::UnsupportedMode { address, value }),
            Register::Off => {}
            Register::Kept | Register::Sleep => self.kept[place] = value,
            Register::Rampz => self.kept[place] = value & RAMPZ_BITS,
            Register::Eind => self.kept[place] = value & EIND_BITS,
            Register::Marker => {
                self.kept[place] = value;
                self.tell(News::Marker(value));
            }
            Register::Sreg => self.set_sreg(value),
            Register::Spl => self.set_sp(self.memory.sp & 0xFF00 | u16::from(value)),
            Register::Sph => self.set_sp(self.memory.sp & 0xFF | u16::from(value) << 8),
            Register::Pin(n) => self.write_port(n, |port| port.levels ^= value),
            Register::Ddr(n) => self.write_port(n, |port| port.outputs = value),
            Register::Port(n) => self.write_port(n, |port| port.levels = value),
            Register::Uart(offset) => {
                self.uart.write(address, u16::from(offset), value, now)?;
                (self.polls, self.due) = ((0, 0), 0);
            }
            Register::Timer(offset) => {
                self.timer.write(address, u16::from(offset), value, now)?;
                self.due = 0;
            }
            Register::Tifr => {
                self.timer.clear(value, now);
                self.due = 0;
            }
            Register::Timsk => {
                self.timer.set_mask(address, value, now)?;
                self.due = 0;
            }
            Register::Adc(offset) => {
                let power = self.device.adc.map_or(0, |adc| self.kept[usize::from(adc.power)]);
                self.adc.write(address, offset, value, (now, power & 1 == 0))?;
            }
            Register::Spi(offset) => {
                let around = self.around_spi();
                self.spi.write(address, offset, value, around)?;
            }
            Register::Gtccr if value & !1 != 0 => {
                return Err(FaultKind::UnsupportedMode { address, value });
            }
            Register::Gtccr => {
                if value & 1 != 0 {
                    self.timer.reset_prescaler(now);
                }
                self.due = 0;
            }
        }
        Ok(())
    }

    /// `SBI` and `CBI`. On PINx a one toggles its bit alone; on other registers the whole byte is written.
    pub(crate) fn io_write_bit(&mut self, address: u16, mask: u8, on: bool) -> Result<(), FaultKind> {
        if let Register::Pin(_) = self.map[usize::from(address)] {
            return self.io_write(address, if on { mask } else { 0 });
        }
        // TIFR1: "SBI and CBI … operate on the specified bit only, and can therefore be used on registers
        // containing such status flags".
        if let Register::Tifr = self.map[usize::from(address)] {
            return self.io_write(address, if on { mask } else { 0 });
        }
        let value = self.io_read(address)?;
        self.io_write(address, if on { value | mask } else { value & !mask })
    }

    /// Sets SREG. After I has been set, one more instruction runs before an interrupt is taken: `SEI` is
    /// documented so, and avr-gcc's function prologues rely on it for `OUT`.
    #[inline]
    pub(crate) fn set_sreg(&mut self, value: u8) {
        if value & !self.memory.sreg & crate::alu::I != 0 {
            (self.held, self.due) = (true, 0);
        }
        self.memory.sreg = value;
    }

    /// SP is written a byte at a time, with up to one instruction in between (avr-gcc restores SREG there), and
    /// counts only when that is over.
    fn set_sp(&mut self, sp: u16) {
        self.memory.sp = sp;
        (self.sp_settles, self.due) = (3, 0);
    }

    fn write_port(&mut self, n: u8, change: impl FnOnce(&mut crate::core::Port)) {
        let port = &mut self.ports[usize::from(n)];
        change(port);
        let pins = Pins { port: port.name, levels: port.levels, outputs: port.outputs };
        self.spi.pins_changed(n, pins.levels, pins.outputs, self.t);
        self.tell(News::Pins(pins));
    }

    fn around_spi(&self) -> Surroundings {
        let Some(spi) = self.device.spi else { unreachable!("the device has its registers") };
        let is_output = |(name, bit): (char, u8)| {
            self.ports.iter().any(|port| port.name == name && port.outputs >> bit & 1 == 1)
        };
        Surroundings {
            now: self.t,
            powered: self.kept[usize::from(spi.power)] & 1 << 2 == 0,
            drives: spi.driven().into_iter().all(is_output),
        }
    }

    /// Outputs show what they drive, inputs what drives them, or their pull-up, or junk.
    fn pins(&self, n: u8) -> u8 {
        let port = &self.ports[usize::from(n)];
        let free = port.floating | port.levels;
        let inputs = port.driven & port.driven_levels | !port.driven & free;
        port.outputs & port.levels | !port.outputs & inputs
    }

    fn tell(&mut self, news: News) {
        self.news.push(news);
        self.due = 0;
    }

    fn count_poll(&mut self, offset: u16, value: u8) {
        let (count, last) = self.polls;
        let idle = offset == uart::A && value & uart::RXC == 0 && self.uart.is_quiet();
        let count = match (idle, self.t - last <= POLL_GAP) {
            (true, true) => count.saturating_add(1),
            (true, false) => 1,
            (false, _) => 0,
        };
        self.polls = (count, self.t);
        if count >= POLLS {
            self.due = 0;
        }
    }
}
