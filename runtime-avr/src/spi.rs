//! The SPI as a master in mode 0, the highest bit first, polled; and the chip that is selected by a pin.
//!
//! A byte takes eight clocks of the divided clock, and one cycle before: what `OUT` has begun is there 17 cycles later at half
//! the processor's clock. Not there: a slave, the other modes, the interrupt.

use crate::device::SpiRegisters;
use crate::end::FaultKind;
use crate::serial_flash::SerialFlash;

/// Distances from `SPCR`: `SPSR`, `SPDR`.
const STATUS: u8 = 1;

/// In `SPCR`.
const ON: u8 = 0x40;
const MASTER: u8 = 0x10;
const RATE: u8 = 0x03;
/// In `SPSR`.
const DONE: u8 = 0x80;
const DOUBLE: u8 = 0x01;

/// Cycles between `OUT` and the first clock.
const START: u64 = 1;

/// A chip at a pin.
#[derive(Debug, Clone)]
pub(crate) struct Attached {
    /// The index of the pin's port, and its bit as a mask.
    pub(crate) port: u8,
    pub(crate) mask: u8,
    pub(crate) flash: SerialFlash,
}

/// What the processor is like when a register is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings {
    pub(crate) now: u64,
    /// The clock of the SPI is on.
    pub(crate) powered: bool,
    /// MOSI, SCK and SS are outputs.
    pub(crate) drives: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Spi {
    control: u8,
    double: bool,
    /// What came in last.
    received: u8,
    /// What comes in, and when it is there.
    coming: Option<(u8, u64)>,
    done: bool,
    /// SPSR was read while the flag was set: it goes with the next access of SPDR.
    seen: bool,
    /// What MISO reads that nothing drives.
    floating: u8,
    pub(crate) attached: Option<Attached>,
}

impl Spi {
    pub(crate) fn new(floating: u8) -> Self {
        let (control, double, received, coming) = (0, false, 0, None);
        Spi { control, double, received, coming, done: false, seen: false, floating, attached: None }
    }

    fn catch_up(&mut self, now: u64) {
        if let Some((byte, at)) = self.coming
            && at <= now
        {
            (self.received, self.coming, self.done) = (byte, None, true);
        }
    }

    /// Cycles of the processor in one of the SPI.
    fn divider(&self) -> u64 {
        let slow = [4, 16, 64, 128][usize::from(self.control & RATE)];
        match (self.double, self.control & RATE) {
            (true, RATE) => 64,
            (true, _) => slow / 2,
            (false, _) => slow,
        }
    }

    fn access_data(&mut self) {
        if self.seen {
            (self.done, self.seen) = (false, false);
        }
    }

    /// The register `offset` addresses above `SPCR`.
    pub(crate) fn read(&mut self, offset: u8, now: u64) -> u8 {
        self.catch_up(now);
        match offset {
            0 => self.control,
            STATUS => {
                self.seen |= self.done;
                let done = if self.done { DONE } else { 0 };
                done | u8::from(self.double)
            }
            _ => {
                self.access_data();
                self.received
            }
        }
    }

    /// `address` is that of the register, for faults.
    pub(crate) fn write(
        &mut self,
        address: u16,
        offset: u8,
        value: u8,
        around: Surroundings,
    ) -> Result<(), FaultKind> {
        let Surroundings { now, powered, drives } = around;
        self.catch_up(now);
        match offset {
            0 if value & !(ON | MASTER | RATE) != 0 || value & ON != 0 && value & MASTER == 0 => {
                return Err(FaultKind::UnsupportedMode { address, value });
            }
            0 if value & ON != 0 && !powered => return Err(FaultKind::SpiWithoutPower),
            0 if value & ON != 0 && !drives => return Err(FaultKind::SpiPins),
            0 => {
                if value & ON == 0 {
                    self.coming = None;
                }
                self.control = value;
            }
            STATUS => self.double = value & DOUBLE != 0,
            _ if self.control & ON == 0 => {
                return Err(FaultKind::SpiLost { reason: "the SPI is off (SPE is 0)" });
            }
            _ if self.coming.is_some() => {
                return Err(FaultKind::SpiLost { reason: "the previous one is still on its way (WCOL)" });
            }
            _ if !drives => return Err(FaultKind::SpiPins),
            _ => {
                self.access_data();
                let byte = match &mut self.attached {
                    Some(attached) => attached.flash.exchange(value, now)?,
                    None => None,
                };
                let end = now + START + 8 * self.divider();
                self.coming = Some((byte.unwrap_or(self.floating), end));
            }
        }
        Ok(())
    }

    /// The pins of a port have changed: `high` are those that are driven high, `driven` all that are outputs.
    pub(crate) fn pins_changed(&mut self, port: u8, high: u8, driven: u8, now: u64) {
        if let Some(attached) = self.attached.as_mut().filter(|attached| attached.port == port) {
            // A pin that is no output is held high by the resistor that such chips need there.
            let is_low = driven & attached.mask != 0 && high & attached.mask == 0;
            attached.flash.select(is_low, now);
        }
    }
}

impl SpiRegisters {
    /// The pins that a master drives: port and bit.
    pub(crate) fn driven(&self) -> [(char, u8); 3] {
        [self.select, self.mosi, self.clock]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now: u64) -> Surroundings {
        Surroundings { now, powered: true, drives: true }
    }

    #[test]
    fn a_byte_takes_its_time() {
        for (control, double, cycles) in
            [(0, 1, 2), (0, 0, 4), (1, 1, 8), (1, 0, 16), (2, 1, 32), (2, 0, 64), (3, 1, 64), (3, 0, 128)]
        {
            let mut spi = Spi::new(0xA5);
            spi.write(0x4D, STATUS, double, at(0)).unwrap();
            spi.write(0x4C, 0, ON | MASTER | control, at(0)).unwrap();
            spi.write(0x4E, 2, 0, at(100)).unwrap();
            let end = 100 + 1 + 8 * cycles;
            assert_eq!(spi.read(STATUS, end - 1), double);
            let lost = spi.write(0x4E, 2, 0, at(end - 1));
            assert!(matches!(lost, Err(FaultKind::SpiLost { .. })), "{lost:?}");
            assert_eq!((spi.read(2, end - 1), spi.read(2, end)), (0, 0xA5));
            assert_eq!(spi.read(STATUS, end), DONE | double);
            // The flag stays for who has not looked at it, and goes with the data then.
            assert_eq!(
                (spi.read(STATUS, end), spi.read(2, end), spi.read(STATUS, end)),
                (DONE | double, 0xA5, double)
            );
        }
    }

    #[test]
    fn what_is_not_there_is_refused() {
        for value in [ON, ON | MASTER | 0x80, ON | MASTER | 0x20, ON | MASTER | 0x0C, 0x08] {
            let found = Spi::new(0).write(0x4C, 0, value, at(0));
            assert_eq!(found, Err(FaultKind::UnsupportedMode { address: 0x4C, value }));
        }
        let on = |around| Spi::new(0).write(0x4C, 0, ON | MASTER, around);
        assert_eq!(on(Surroundings { powered: false, ..at(0) }), Err(FaultKind::SpiWithoutPower));
        assert_eq!(on(Surroundings { drives: false, ..at(0) }), Err(FaultKind::SpiPins));
        let off = Spi::new(0).write(0x4E, 2, 0, at(0));
        assert!(matches!(off, Err(FaultKind::SpiLost { .. })), "{off:?}");
    }
}
