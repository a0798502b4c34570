//! The cores, named as binutils names its architectures.

use std::fmt;

/// An AVR core: which instructions it has and how wide its program counter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvrCore {
    /// Up to 8 KiB of flash, no `mul`, `jmp` and `call`: ATtiny85.
    Avr25,
    /// Up to 64 KiB of flash: ATmega328P, ATmega32U4.
    Avr5,
    /// 128 KiB of flash, with `elpm`: ATmega1284P.
    Avr51,
    /// 256 KiB of flash, a program counter of three bytes, with `eijmp` and `eicall`: ATmega2560.
    Avr6,
}

/// What an instruction needs of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// `mul` and its family, `jmp` and `call`.
    Mega,
    /// Flash over 64 KiB.
    Elpm,
    /// Flash over 128 KiB.
    Eind,
}

impl AvrCore {
    pub(super) fn has(self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Mega => self != AvrCore::Avr25,
            Needs::Elpm => matches!(self, AvrCore::Avr51 | AvrCore::Avr6),
            Needs::Eind => self == AvrCore::Avr6,
        }
    }

    /// The most flash that devices with the core have, in bytes.
    pub fn flash(self) -> u32 {
        match self {
            AvrCore::Avr25 => 8 << 10,
            AvrCore::Avr5 => 64 << 10,
            AvrCore::Avr51 => 128 << 10,
            AvrCore::Avr6 => 256 << 10,
        }
    }

    /// Cycles that a call or return takes more than on a core with a program counter of two bytes.
    pub(super) fn wide_counter(self) -> u8 {
        u8::from(self == AvrCore::Avr6)
    }
}

impl fmt::Display for AvrCore {
    /// The name that `avr-as -mmcu=` takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AvrCore::Avr25 => "avr25",
            AvrCore::Avr5 => "avr5",
            AvrCore::Avr51 => "avr51",
            AvrCore::Avr6 => "avr6",
        })
    }
}
