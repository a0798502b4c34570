//! The analogue-to-digital converter: single conversions against AVCC, polled. Each channel has the count that the caller
//! gave it.

use crate::end::FaultKind;

/// Channels of the largest devices.
pub const CHANNELS: usize = 16;
/// The largest count.
pub const MOST_COUNT: u16 = 1023;

/// Distances from `ADCL`: `ADCH`, `ADCSRA`, `ADCSRB`, `ADMUX`.
const HIGH: u8 = 1;
const CONTROL: u8 = 2;
const EXTENDED: u8 = 3;
const SELECT: u8 = 4;

/// In `ADCSRA`.
const ON: u8 = 0x80;
const START: u8 = 0x40;
const DONE: u8 = 0x10;
const PRESCALER: u8 = 0x07;
/// In `ADCSRB`: the highest bit of the channel.
const MUX5: u8 = 0x08;
/// In `ADMUX`: the reference is AVCC.
const AVCC: u8 = 0x40;

/// Cycles of the converter's clock that a conversion takes, and the first one behind switching on.
const CONVERSION: u64 = 13;
const FIRST: u64 = 25;

/// A converter.
#[derive(Debug, Clone)]
pub(crate) struct Adc {
    pub(crate) counts: [u16; CHANNELS],
    control: u8,
    extended: u8,
    select: u8,
    result: u16,
    /// When the conversion that runs is done.
    until: Option<u64>,
    /// None has run since it was switched on.
    is_first: bool,
}

impl Adc {
    pub(crate) fn new(counts: [u16; CHANNELS]) -> Self {
        let (control, extended, select, result) = (0, 0, 0, 0);
        Adc { counts, control, extended, select, result, until: None, is_first: true }
    }

    /// Finishes what is done by now.
    fn catch_up(&mut self, now: u64) {
        if self.until.is_some_and(|until| until <= now) {
            self.until = None;
            self.control = self.control & !START | DONE;
            self.result = self.counts[usize::from(self.select & 7 | self.extended & MUX5)];
        }
    }

    /// The register `offset` addresses above `ADCL`.
    pub(crate) fn read(&mut self, offset: u8, now: u64) -> u8 {
        self.catch_up(now);
        match offset {
            HIGH => (self.result >> 8) as u8,
            CONTROL => self.control,
            EXTENDED => self.extended,
            SELECT => self.select,
            _ => self.result as u8,
        }
    }

    /// `address` is that of the register, for faults. `powered`: its clock is on.
    pub(crate) fn write(
        &mut self,
        address: u16,
        offset: u8,
        value: u8,
        (now, powered): (u64, bool),
    ) -> Result<(), FaultKind> {
        self.catch_up(now);
        let unsupported = Err(FaultKind::UnsupportedMode { address, value });
        match offset {
            CONTROL if value & !(ON | START | DONE | PRESCALER) != 0 => return unsupported,
            CONTROL if value & ON == 0 => {
                (self.until, self.is_first) = (None, true);
                self.control = value & PRESCALER;
            }
            CONTROL if !powered => return Err(FaultKind::AdcWithoutPower),
            CONTROL => {
                // The flag goes where a one is written to it.
                let kept = self.control & (START | DONE) & !(value & DONE);
                self.control = value & (ON | PRESCALER) | kept;
                if value & START != 0 && self.until.is_none() {
                    if self.select & !7 != AVCC {
                        return Err(FaultKind::UnsupportedMode { address: address + 2, value: self.select });
                    }
                    let clocks = if self.is_first { FIRST } else { CONVERSION };
                    self.until = Some(now + (clocks << (value & PRESCALER).max(1)));
                    (self.is_first, self.control) = (false, self.control | START);
                }
            }
            EXTENDED if value & !MUX5 != 0 => return unsupported,
            EXTENDED => self.extended = value,
            SELECT => self.select = value,
            // What was measured cannot be written.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adc() -> Adc {
        let mut counts = [0; CHANNELS];
        (counts[3], counts[11]) = (0x2A5, 7);
        Adc::new(counts)
    }

    #[test]
    fn a_conversion_takes_its_time() {
        let mut adc = adc();
        let on = |now| (now, true);
        adc.write(0x7C, SELECT, AVCC | 3, on(0)).unwrap();
        adc.write(0x7A, CONTROL, ON | START | 7, on(100)).unwrap();
        assert_eq!(adc.read(CONTROL, 100 + 25 * 128 - 1), ON | START | 7);
        assert_eq!(adc.read(CONTROL, 100 + 25 * 128), ON | DONE | 7);
        assert_eq!((adc.read(0, 4000), adc.read(HIGH, 4000)), (0xA5, 0x02));
        // The second one is quicker; the channel with its highest bit elsewhere.
        adc.write(0x7B, EXTENDED, MUX5, on(5000)).unwrap();
        adc.write(0x7A, CONTROL, ON | START | DONE | 1, on(5000)).unwrap();
        assert_eq!(adc.read(CONTROL, 5025), ON | START | 1);
        assert_eq!(adc.read(CONTROL, 5026), ON | DONE | 1);
        assert_eq!((adc.read(0, 5026), adc.read(HIGH, 5026)), (7, 0));
        // Off, it forgets what it was about to do.
        adc.write(0x7A, CONTROL, ON | START, on(6000)).unwrap();
        adc.write(0x7A, CONTROL, 0, on(6001)).unwrap();
        assert_eq!(adc.read(CONTROL, 9000), 0);
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let refused = |offset, value| {
            let found = adc().write(0x78 + u16::from(offset), offset, value, (0, true));
            assert_eq!(found, Err(FaultKind::UnsupportedMode { address: 0x78 + u16::from(offset), value }));
        };
        refused(CONTROL, ON | 0x20);
        refused(CONTROL, ON | 0x08);
        refused(EXTENDED, 1);
        let mut other = adc();
        other.write(0x7C, SELECT, 0xC0, (0, true)).unwrap();
        let found = other.write(0x7A, CONTROL, ON | START, (0, true));
        assert_eq!(found, Err(FaultKind::UnsupportedMode { address: 0x7C, value: 0xC0 }));
        assert_eq!(adc().write(0x7A, CONTROL, ON, (0, false)), Err(FaultKind::AdcWithoutPower));
    }
}
