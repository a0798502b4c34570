//! Timer 1 in normal mode and in CTC mode with OCR1A as top.
//!
//! Not there: PWM modes, input capture, external clock, output pins, OCR1C. The counter is computed when
//! somebody looks or when an enabled flag is due, not cycle by cycle. A tick falls on every multiple of the
//! prescaler's division since reset (or since the prescaler was reset through GTCCR), whenever the timer was
//! started, as on the chip. A flag is set on the tick that follows the match, as in the datasheet's timing
//! diagrams.

use crate::end::FaultKind;

pub(crate) const OCFA: u8 = 0x02;
pub(crate) const OCFB: u8 = 0x04;
pub(crate) const TOV: u8 = 0x01;
const FLAGS: u8 = OCFA | OCFB | TOV;
const WGM12: u8 = 0x08;

/// Which register, as a distance from `TCCR1A`.
pub(crate) const TCCRA: u16 = 0;
pub(crate) const TCCRB: u16 = 1;
pub(crate) const TCCRC: u16 = 2;
pub(crate) const TCNTL: u16 = 4;
pub(crate) const TCNTH: u16 = 5;
pub(crate) const OCRAL: u16 = 8;
pub(crate) const OCRAH: u16 = 9;
pub(crate) const OCRBL: u16 = 10;
pub(crate) const OCRBH: u16 = 11;

#[derive(Debug, Clone, Default)]
pub(crate) struct Timer {
    control: u8,
    count: u16,
    compare: [u16; 2],
    /// The high byte on its way to or from a 16-bit register.
    temp: u8,
    pub(crate) flags: u8,
    pub(crate) mask: u8,
    /// When the prescaler was reset.
    prescaler: u64,
    /// Ticks since then, up to which `count` and `flags` are right.
    ticks: u64,
}

impl Timer {
    fn division(&self) -> Option<u64> {
        match self.control & 7 {
            1 => Some(1),
            2 => Some(8),
            3 => Some(64),
            4 => Some(256),
            5 => Some(1024),
            _ => None,
        }
    }

    /// The value after which the counter returns to zero, from where it stands.
    fn top(&self) -> u16 {
        let ctc = self.control & WGM12 != 0 && self.count <= self.compare[0];
        if ctc { self.compare[0] } else { 0xFFFF }
    }

    /// Ticks until the counter leaves `value`, from where it stands; `None` if it turns round before.
    fn leaves(&self, value: u16) -> Option<u64> {
        (self.count <= value && value <= self.top()).then(|| u64::from(value - self.count) + 1)
    }

    fn watched(&self) -> [(u8, u16); 3] {
        [(OCFA, self.compare[0]), (OCFB, self.compare[1]), (TOV, 0xFFFF)]
    }

    /// Brings counter and flags up to cycle `now`.
    pub(crate) fn catch_up(&mut self, now: u64) {
        let Some(division) = self.division() else { return };
        let ticks = (now - self.prescaler) / division;
        let mut left = ticks - self.ticks;
        self.ticks = ticks;
        // At most three rounds: to the first turn, once through a whole period, and the rest of one. Whatever
        // a whole period sets, further ones would set again.
        while left > 0 {
            let round = u64::from(self.top() - self.count) + 1;
            let step = left.min(round);
            for (flag, value) in self.watched() {
                if self.leaves(value).is_some_and(|leaves| leaves <= step) {
                    self.flags |= flag;
                }
            }
            if step < round {
                self.count += step as u16;
            } else {
                let whole = self.count == 0;
                self.count = 0;
                if whole {
                    left = step + (left - step) % round;
                }
            }
            left -= step;
        }
    }

    /// The cycle in which the next flag is set whose interrupt is enabled.
    pub(crate) fn next_event(&self) -> u64 {
        let Some(division) = self.division() else { return u64::MAX };
        let wanted = self.mask & !self.flags;
        if wanted == 0 {
            return u64::MAX;
        }
        let round = u64::from(self.top() - self.count) + 1;
        let after = Timer { count: 0, ..self.clone() };
        let due = |&(flag, value): &(u8, u16)| {
            if wanted & flag == 0 {
                return None;
            }
            self.leaves(value).or_else(|| after.leaves(value).map(|ticks| round + ticks))
        };
        match self.watched().iter().filter_map(due).min() {
            Some(ticks) => self.prescaler + (self.ticks + ticks) * division,
            None => u64::MAX,
        }
    }

    /// Whether an interrupt will come by itself.
    pub(crate) fn is_armed(&self) -> bool {
        self.next_event() != u64::MAX
    }

    /// Restarts the prescaler: bit 0 of GTCCR.
    pub(crate) fn reset_prescaler(&mut self, now: u64) {
        self.catch_up(now);
        (self.prescaler, self.ticks) = (now, 0);
    }

    /// Reads the register at `offset` from `TCCR1A`.
    pub(crate) fn read(&mut self, offset: u16, now: u64) -> Option<u8> {
        self.catch_up(now);
        Some(match offset {
            TCCRA | TCCRC => 0,
            TCCRB => self.control,
            TCNTL => {
                self.temp = (self.count >> 8) as u8;
                self.count as u8
            }
            TCNTH => self.temp,
            OCRAL => self.compare[0] as u8,
            OCRAH => (self.compare[0] >> 8) as u8,
            OCRBL => self.compare[1] as u8,
            OCRBH => (self.compare[1] >> 8) as u8,
            _ => return None,
        })
    }

    /// Writes the register at `offset` from `TCCR1A`, which is `address`.
    pub(crate) fn write(&mut self, address: u16, offset: u16, value: u8, now: u64) -> Result<(), FaultKind> {
        self.catch_up(now);
        let word = u16::from_le_bytes([value, self.temp]);
        match offset {
            TCCRA | TCCRC if value == 0 => {}
            TCCRB if value & !(WGM12 | 7) == 0 && value & 7 < 6 => {
                self.control = value;
                self.ticks = self.division().map_or(0, |division| (now - self.prescaler) / division);
            }
            TCNTH | OCRAH | OCRBH => self.temp = value,
            TCNTL => self.count = word,
            OCRAL => self.compare[0] = word,
            OCRBL => self.compare[1] = word,
            TCCRA | TCCRB | TCCRC => return Err(FaultKind::UnsupportedMode { address, value }),
            _ => return Err(FaultKind::UnknownRegisterWrite { address }),
        }
        Ok(())
    }

    /// Writes TIFR1: ones clear.
    pub(crate) fn clear(&mut self, value: u8, now: u64) {
        self.catch_up(now);
        self.flags &= !(value & FLAGS);
    }

    /// Writes TIMSK1.
    pub(crate) fn set_mask(&mut self, address: u16, value: u8, now: u64) -> Result<(), FaultKind> {
        self.catch_up(now);
        if value & !FLAGS != 0 {
            return Err(FaultKind::UnsupportedMode { address, value });
        }
        self.mask = value;
        Ok(())
    }
}
