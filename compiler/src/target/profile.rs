//! Boards: a device with its clock, its serial speed, its supply and the way programs get onto it.
//!
//! A file `runtime-avr/profiles/NAME.ron`; `--profile FILE.ron` takes one from outside. [`super::profile_file`] reads them.

use super::device::Device;
use super::pins::Drive;
use super::spi_flash::SpiFlash;
use super::tools::Input;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most by which a line's speed may be off, in percent. A receiver of eight bits takes about 4 %, shared by both
/// ends. 2.1 % is what 115,200 baud needs at 16 MHz, as Arduino boards have always been run.
pub(super) const WORST_SPEED: f64 = 2.2;

/// A board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    pub about: String,
    /// Name of its device.
    pub device: String,
    pub clock_hz: u32,
    /// Speed of the serial line, if the device has one.
    pub baud: Option<u32>,
    pub supply_millivolts: u32,
    /// Bytes at the end of the flash that are not the program's.
    pub bootloader: u32,
    pub upload: Upload,
    /// Pins by the labels whose answer drives them, in the order of the file.
    pub pins: Vec<(String, Drive)>,
    /// What tools of sequence models switch: the level is that of *on*.
    pub switches: Vec<(String, Drive)>,
    /// What they measure.
    pub inputs: Vec<(String, Input)>,
    /// The chip at its SPI that weights can be in.
    pub spi_flash: Option<SpiFlash>,
    /// The part of the Wokwi simulator, and its pins by the chip's names (`PB5`).
    pub wokwi: Option<Wokwi>,
}

/// A chip on its board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    pub device: Device,
    pub profile: Profile,
}

/// How avrdude reaches the board.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// avrdude's `-c`.
    pub programmer: String,
    /// avrdude's `-b`; programmers on USB have none.
    pub baud: Option<u32>,
}

/// A board of the Wokwi simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wokwi {
    pub part: String,
    /// The board's names of chip pins that lead out.
    pub pins: BTreeMap<String, String>,
}

/// The serial port's divider for a speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divider {
    /// What goes into `UBRRn`, with double speed (`U2Xn`) on.
    pub ubrr: u16,
}

impl Divider {
    /// The divider for `baud` at `clock_hz`, at double speed: it comes nearest. `None`: none is near enough.
    pub fn new(clock_hz: u32, baud: u32) -> Option<Self> {
        if baud == 0 {
            return None;
        }
        let (clock, baud) = (f64::from(clock_hz), f64::from(baud));
        let steps = (clock / (8.0 * baud)).round();
        if !(1.0..=4096.0).contains(&steps) {
            return None;
        }
        let error = (clock / (8.0 * steps) / baud - 1.0) * 100.0;
        (error.abs() <= WORST_SPEED).then_some(Self { ubrr: steps as u16 - 1 })
    }
}

impl Profile {
    /// The divider of the serial port; `None` without one.
    pub fn divider(&self) -> Option<Divider> {
        Divider::new(self.clock_hz, self.baud?)
    }

    /// The words of the avrdude command that writes a HEX file to the board. The port is the user's to fill in.
    pub fn avrdude(&self, file: &str) -> Vec<String> {
        let mut words =
            ["avrdude", "-p", &self.device, "-c", &self.upload.programmer].map(String::from).to_vec();
        if let Some(baud) = self.upload.baud {
            words.extend(["-P", "PORT", "-b", &baud.to_string(), "-D"].map(String::from));
        }
        words.extend(["-U".into(), format!("flash:w:{file}:i")]);
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dividers_are_those_of_the_datasheet() {
        // ATmega328P datasheet, tables 19-9 to 19-12, U2X = 1.
        for (clock, baud, ubrr) in [
            (16_000_000, 115_200, Some(16)),
            (16_000_000, 38_400, Some(51)),
            (16_000_000, 9_600, Some(207)),
            (8_000_000, 38_400, Some(25)),
            (8_000_000, 57_600, Some(16)),
            (8_000_000, 115_200, None),
            (8_000_000, 9_600, Some(103)),
            (1_000_000, 115_200, None),
            (16_000_000, 0, None),
            (16_000_000, 100, None),
        ] {
            let found = Divider::new(clock, baud).map(|divider| divider.ubrr);
            assert_eq!(found, ubrr, "{baud} at {clock}");
        }
    }
}
