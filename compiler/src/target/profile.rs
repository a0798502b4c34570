//! Boards: a device with its clock, its serial speed, its supply and the way programs get onto it.
//!
//! A file `runtime-avr/profiles/NAME.ron`; `--profile FILE.ron` takes one from outside.

use super::TargetError;
use super::device::{Device, Uart};
use super::read::{self, fail};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most by which a line's speed may be off, in percent. A receiver of eight bits takes about 4 %, shared by both
/// ends. 2.1 % is what 115,200 baud needs at 16 MHz, as Arduino boards have always been run.
const WORST_SPEED: f64 = 2.2;

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
    /// The pin that a label's answer drives.
    pub pins: BTreeMap<String, Drive>,
    /// The part of the Wokwi simulator, and its pins by the chip's names (`PB5`).
    pub wokwi: Option<Wokwi>,
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wokwi {
    pub part: String,
    /// The board's names of chip pins that lead out.
    pub pins: BTreeMap<String, String>,
}

/// A pin and the level that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drive {
    /// The port's letter.
    pub port: char,
    /// The bit in the port.
    pub bit: u8,
    pub high: bool,
}

impl std::fmt::Display for Drive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let level = if self.high { "high" } else { "low" };
        write!(f, "P{}{} {level}", self.port, self.bit)
    }
}

impl Drive {
    /// Reads `PB5 high`.
    fn read(text: &str) -> Option<Self> {
        let (pin, level) = text.split_once(' ')?;
        let (port, bit) = pin.strip_prefix('P')?.split_at_checked(1)?;
        let port = port.chars().next().filter(char::is_ascii_uppercase)?;
        let bit = bit.parse().ok().filter(|&bit: &u8| bit < 8 && pin.len() == 3)?;
        let high = match level.trim() {
            "high" => true,
            "low" => false,
            _ => return None,
        };
        Some(Self { port, bit, high })
    }
}

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    device: String,
    clock_hz: u32,
    #[serde(default)]
    baud: Option<u32>,
    supply_millivolts: u32,
    #[serde(default)]
    bootloader: u32,
    upload: Upload,
    #[serde(default)]
    pins: BTreeMap<String, String>,
    #[serde(default)]
    wokwi: Option<Wokwi>,
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
    /// Reads a profile called `name` from the text of `file`, and checks it with its device, one of `devices`.
    ///
    /// # Errors
    /// It is no RON, has unknown or missing fields, names a device that is not there, or asks for what the device
    /// cannot do.
    pub fn read(text: &str, name: &str, file: &str, devices: &[Device]) -> Result<Self, TargetError> {
        let raw: File = read::ron(text, file)?;
        let Some(device) = devices.iter().find(|device| device.name == raw.device) else {
            let known: Vec<_> = devices.iter().map(|device| device.name.as_str()).collect();
            let problem = format!("there is no device {}; there are {}", raw.device, known.join(", "));
            return Err(fail(file, "device", &problem));
        };
        if raw.clock_hz == 0 {
            return Err(fail(file, "clock_hz", "a clock has more than 0 Hz"));
        }
        if !(1_800..=5_500).contains(&raw.supply_millivolts) {
            return Err(fail(file, "supply_millivolts", "must be 1800 to 5500, which the chips run on"));
        }
        if raw.bootloader >= device.flash {
            return Err(fail(file, "bootloader", "must be smaller than the flash"));
        }
        match (raw.baud, device.uart) {
            (Some(_), None) => {
                return Err(fail(file, "baud", &format!("{} has no serial port", device.name)));
            }
            (None, Some(_)) => return Err(fail(file, "baud", "the serial port needs a speed")),
            (Some(baud), Some(Uart { .. })) if Divider::new(raw.clock_hz, baud).is_none() => {
                let problem =
                    format!("{baud} baud cannot be made from {} Hz within {WORST_SPEED} %", raw.clock_hz);
                return Err(fail(file, "baud", &problem));
            }
            _ => {}
        }
        let mut pins = BTreeMap::new();
        for (label, text) in raw.pins {
            let drive = Drive::read(&text).filter(|drive| device.ports.contains_key(&drive.port));
            let Some(drive) = drive else {
                let problem = format!(
                    "{label:?}: {text:?} is no pin of {} with its level, as \"PB5 high\"",
                    device.name
                );
                return Err(fail(file, "pins", &problem));
            };
            pins.insert(label, drive);
        }
        Ok(Self {
            name: name.to_string(),
            about: raw.about,
            device: raw.device,
            clock_hz: raw.clock_hz,
            baud: raw.baud,
            supply_millivolts: raw.supply_millivolts,
            bootloader: raw.bootloader,
            upload: raw.upload,
            pins,
            wokwi: raw.wokwi,
        })
    }

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

    #[test]
    fn drives_are_read() {
        let pin = |text| Drive::read(text).map(|drive| drive.to_string());
        assert_eq!(pin("PB5 high").as_deref(), Some("PB5 high"));
        assert_eq!(pin("PD0 low").as_deref(), Some("PD0 low"));
        for wrong in
            ["", "PB5", "PB8 high", "B5 high", "Pb5 high", "PB55 high", "PB5 up", "PÄ5 high", "PB high"]
        {
            assert_eq!(pin(wrong), None, "{wrong}");
        }
    }
}
