//! Reads the files of boards, and checks each field.

use super::device::{Device, Uart};
use super::error::TargetError;
use super::line::line;
use super::pins::{self, Drive, Entries};
use super::profile::{Divider, Profile, Upload, WORST_SPEED, Wokwi};
use super::read::{self, fail};
use super::{spi_flash, tools};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The fastest clock that the datasheets of the chips here allow.
const FASTEST: u32 = 20_000_000;

/// Speeds that terminals know.
const SPEEDS: [u32; 10] = [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 250_000];

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    device: String,
    clock_hz: u32,
    /// The clock is the chip's own: nothing is at its pins for a crystal.
    #[serde(default)]
    internal_clock: bool,
    #[serde(default)]
    baud: Option<u32>,
    supply_millivolts: u32,
    #[serde(default)]
    bootloader: u32,
    upload: Upload,
    #[serde(default)]
    pins: Entries,
    #[serde(default)]
    switches: Entries,
    #[serde(default)]
    inputs: BTreeMap<String, tools::Raw>,
    #[serde(default)]
    spi_flash: Option<spi_flash::Raw>,
    #[serde(default)]
    wokwi: Option<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    part: String,
    pins: Entries,
}

impl File {
    /// The profile called `name`, if every field can be.
    fn checked(self, name: &str, devices: &[Device]) -> Result<Profile, Wrong> {
        if self.about.is_empty() || self.about.contains(char::is_control) {
            return wrong("about", "must be text on one line");
        }
        let Some(device) = devices.iter().find(|device| device.name == self.device) else {
            let known: Vec<_> = devices.iter().map(|device| device.name.as_str()).collect();
            let problem = format!("there is no device {:?}; there are {}", self.device, known.join(", "));
            return wrong("device", problem);
        };
        if !(1..=FASTEST).contains(&self.clock_hz) {
            return wrong("clock_hz", format!("must be 1 to {FASTEST} Hz, which the chips run at"));
        }
        if !(1_800..=5_500).contains(&self.supply_millivolts) {
            return wrong("supply_millivolts", "must be 1800 to 5500, which the chips run on");
        }
        if self.bootloader >= device.flash || !self.bootloader.is_multiple_of(2) {
            let problem = format!("must be an even number below {}, the bytes of the flash", device.flash);
            return wrong("bootloader", problem);
        }
        self.check_speed(device)?;
        self.upload.check()?;
        let chip = self.spi_flash.clone().map(|chip| chip.checked(device, !self.internal_clock)).transpose();
        let (spi_flash, taken) = chip
            .map_err(|(field, problem)| Wrong { field, key: None, problem })?
            .map_or((None, None), |(chip, taken)| (Some(chip), Some(taken)));
        let device = taken.as_ref().unwrap_or(device);
        let pins = self.drives(device)?;
        if let Some(name) = self.switches.twice() {
            return wrong_entry("switches", name, format!("{name:?} stands twice; a name has one pin"));
        }
        let tools = tools::read(&self.switches.0, self.inputs, device, !self.internal_clock);
        let (switches, inputs) =
            tools.map_err(|(field, key, problem)| Wrong { field, key: Some(key), problem })?;
        let wokwi = self.wokwi.map(|part| part.checked(device)).transpose()?;
        Ok(Profile {
            name: name.to_string(),
            about: self.about,
            device: self.device,
            clock_hz: self.clock_hz,
            baud: self.baud,
            supply_millivolts: self.supply_millivolts,
            bootloader: self.bootloader,
            upload: self.upload,
            pins,
            switches,
            inputs,
            spi_flash,
            wokwi,
        })
    }

    fn check_speed(&self, device: &Device) -> Result<(), Wrong> {
        let possible = |baud: &u32| Divider::new(self.clock_hz, *baud).is_some();
        match (self.baud, device.uart) {
            (Some(_), None) => wrong("baud", format!("{} has no serial port; leave it out", device.name)),
            (None, Some(_)) => wrong("baud", "the serial port needs a speed"),
            (Some(baud), Some(Uart { .. })) if !possible(&baud) => {
                let known: Vec<_> = SPEEDS.iter().filter(|baud| possible(baud)).map(u32::to_string).collect();
                let instead = match known.is_empty() {
                    true => "no usual speed can be; take a faster clock".to_string(),
                    false => format!("these can: {}", known.join(", ")),
                };
                let clock = self.clock_hz;
                let problem =
                    format!("{baud} baud cannot be made from {clock} Hz within {WORST_SPEED} %; {instead}");
                wrong("baud", problem)
            }
            _ => Ok(()),
        }
    }

    fn drives(&self, device: &Device) -> Result<Vec<(String, Drive)>, Wrong> {
        if let Some(label) = self.pins.twice() {
            return wrong_entry("pins", label, format!("{label:?} stands twice; a label drives one pin"));
        }
        let drive = |(label, text): &(String, String)| {
            let wrong = |problem: String| wrong_entry("pins", label, format!("{label:?}: {problem}"));
            if label.is_empty() || label.contains(|c| !(' '..='~').contains(&c)) {
                return wrong("is no label: those are printable ASCII".into());
            }
            let Some(drive) = Drive::read(text) else {
                return wrong(format!("{text:?} is no pin with its level, as \"PB5 high\" or \"PB5 low\""));
            };
            match pins::refusal(&drive, device, !self.internal_clock) {
                Some(problem) => wrong(problem),
                None => Ok((label.clone(), drive)),
            }
        };
        self.pins.0.iter().map(drive).collect()
    }
}

impl Part {
    fn checked(self, device: &Device) -> Result<Wokwi, Wrong> {
        if self.part.is_empty() {
            return wrong("wokwi.part", "must name a part of Wokwi, as \"wokwi-arduino-uno\"");
        }
        if let Some(pin) = self.pins.twice() {
            return wrong_entry("wokwi.pins", pin, format!("{pin:?} stands twice"));
        }
        if let Some((pin, _)) = self.pins.0.iter().find(|(pin, _)| !pins::exists(pin, device)) {
            let problem = format!("{} has no pin {pin:?}; its pins are {}", device.name, pins::all(device));
            return wrong_entry("wokwi.pins", pin, problem);
        }
        if let Some((pin, _)) = self.pins.0.iter().find(|(_, outside)| outside.is_empty()) {
            return wrong_entry("wokwi.pins", pin, format!("{pin:?} needs the board's name for the pin"));
        }
        Ok(Wokwi { part: self.part, pins: self.pins.0.into_iter().collect() })
    }
}

impl Upload {
    /// Both words stand in a command that people copy into a shell.
    fn check(&self) -> Result<(), Wrong> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.programmer.is_empty() || !self.programmer.chars().all(plain) {
            let problem = "must be avrdude's name of the programmer: letters, digits, '-' and '_'";
            return wrong("upload.programmer", problem);
        }
        if self.baud == Some(0) {
            return wrong("upload.baud", "a line has more than 0 baud; leave it out for a programmer on USB");
        }
        Ok(())
    }
}

/// What is wrong with a file.
struct Wrong {
    /// The field, as `upload.baud`.
    field: &'static str,
    /// Its key, where the field is a map.
    key: Option<String>,
    problem: String,
}

fn wrong<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { field, key: None, problem: problem.into() })
}

fn wrong_entry<T>(field: &'static str, key: &str, problem: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { field, key: Some(key.into()), problem: problem.into() })
}

impl Wrong {
    /// The error, with the line in the text of `file`.
    fn locate(self, text: &str, file: &str) -> TargetError {
        let path: Vec<&str> = self.field.split('.').chain(self.key.as_deref()).collect();
        let place = line(text, &path).map_or_else(|| file.to_string(), |line| format!("{file}:{line}"));
        fail(&place, self.field, &self.problem)
    }
}

impl Profile {
    /// Reads a profile called `name` from the text of `file`, and checks it with its device, one of `devices`.
    ///
    /// # Errors
    /// It is no RON, has unknown or missing fields, names a device that is not there, or asks for what the device
    /// cannot do: with the line and the field, and what is allowed.
    pub fn read(text: &str, name: &str, file: &str, devices: &[Device]) -> Result<Self, TargetError> {
        let raw: File = read::ron(text, file)?;
        raw.checked(name, devices).map_err(|wrong| wrong.locate(text, file))
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;
    use crate::Assets;

    const UNO: &str = include_str!("../../../runtime-avr/profiles/uno.ron");

    /// What is said of the uno's file with `old` in it made `new`.
    fn said(old: &str, new: &str) -> String {
        assert!(UNO.contains(old), "{old}");
        let devices = Assets::builtin().devices().expect("built-in devices are valid");
        let read = Profile::read(&UNO.replacen(old, new, 1), "own", "own.ron", &devices);
        read.map_or_else(|error| error.to_string(), |profile| format!("{:?}", profile.pins))
    }

    #[test]
    fn every_field_is_checked() {
        for (old, new, message) in [
            ("\"Arduino Uno\"", "\"\"", "own.ron:2: about: must be text on one line"),
            ("\"Arduino Uno\"", "\"a\\nb\"", "own.ron:2: about: must be text on one line"),
            (
                "\"atmega328p\"",
                "\"atmega328\"",
                "own.ron:3: device: there is no device \"atmega328\"; there are atmega1284p, atmega2560, atmega328p, atmega32u4, \
                 attiny85",
            ),
            ("16_000_000", "0", "own.ron:4: clock_hz: must be 1 to 20000000 Hz, which the chips run at"),
            (
                "16_000_000",
                "20_000_001",
                "own.ron:4: clock_hz: must be 1 to 20000000 Hz, which the chips run at",
            ),
            (
                "baud: 115_200",
                "baud: 0",
                "own.ron:5: baud: 0 baud cannot be made from 16000000 Hz within 2.2 %; these can: 1200, 2400, 4800, \
                 9600, 19200, 38400, 57600, 115200, 250000",
            ),
            ("    baud: 115_200,\n", "", "own.ron: baud: the serial port needs a speed"),
            (
                "16_000_000",
                "9_000",
                "own.ron:5: baud: 115200 baud cannot be made from 9000 Hz within 2.2 %; no usual speed can be; take a \
                 faster clock",
            ),
            ("5_000", "1_799", "own.ron:6: supply_millivolts: must be 1800 to 5500, which the chips run on"),
            (
                "512",
                "513",
                "own.ron:7: bootloader: must be an even number below 32768, the bytes of the flash",
            ),
            (
                "512",
                "32_768",
                "own.ron:7: bootloader: must be an even number below 32768, the bytes of the flash",
            ),
            (
                "\"arduino\"",
                "\"arduino; ls\"",
                "own.ron:8: upload.programmer: must be avrdude's name of the programmer: letters, digits, '-' and '_'",
            ),
            (
                "\", baud: 115_200",
                "\", baud: 0",
                "own.ron:8: upload.baud: a line has more than 0 baud; leave it out for a programmer on USB",
            ),
            (
                "\"wokwi-arduino-uno\"",
                "\"\"",
                "own.ron:10: wokwi.part: must name a part of Wokwi, as \"wokwi-arduino-uno\"",
            ),
            ("\"PB1\": \"9\"", "\"PB0\": \"9\"", "own.ron:11: wokwi.pins: \"PB0\" stands twice"),
            (
                "\"PC5\": \"A5\"",
                "\"PC7\": \"A5\"",
                "own.ron:12: wokwi.pins: atmega328p has no pin \"PC7\"; its pins are PB0-7, PC0-6, PD0-7",
            ),
            (
                "\"PB1\": \"9\"",
                "\"PB1\": \"\"",
                "own.ron:11: wokwi.pins: \"PB1\" needs the board's name for the pin",
            ),
        ] {
            assert_eq!(said(old, new), message, "{new}");
        }
        let unknown = said("about", "abuot");
        assert!(unknown.starts_with("own.ron:2:") && unknown.contains("`abuot`"), "{unknown}");
    }

    #[test]
    fn pins_are_those_that_the_board_has_free() {
        let line = "\"OFF\": \"PB5 low\" },";
        for (pins, message) in [
            ("\"ON\": \"PB5 low\" },", "\"ON\" stands twice; a label drives one pin"),
            ("\"\": \"PB5 low\" },", "\"\": is no label: those are printable ASCII"),
            ("\"ä\": \"PB5 low\" },", "\"ä\": is no label: those are printable ASCII"),
            (
                "\"UP\": \"PB5\" },",
                "\"UP\": \"PB5\" is no pin with its level, as \"PB5 high\" or \"PB5 low\"",
            ),
            ("\"UP\": \"PC7 low\" },", "\"UP\": atmega328p has no pin PC7; its pins are PB0-7, PC0-6, PD0-7"),
            ("\"UP\": \"PX1 low\" },", "\"UP\": atmega328p has no pin PX1; its pins are PB0-7, PC0-6, PD0-7"),
            ("\"UP\": \"PD0 low\" },", "\"UP\": PD0 is the RX of atmega328p; take another pin"),
            ("\"UP\": \"PD1 low\" },", "\"UP\": PD1 is the TX of atmega328p; take another pin"),
            ("\"UP\": \"PC6 low\" },", "\"UP\": PC6 is the reset of atmega328p; take another pin"),
            (
                "\"UP\":\n \"PB7 low\" },",
                "\"UP\": the crystal is at PB7; take another pin, or say internal_clock: true without one",
            ),
        ] {
            assert_eq!(said(line, pins), format!("own.ron:9: pins: {message}"), "{pins}");
        }
        // The chip's own clock leaves the crystal's pins free; several labels may drive one pin.
        let own = "\"UP\": \"PB7 low\", \"DOWN\": \"PB5 high\" }, internal_clock: true,";
        assert!(said(line, own).contains("port: 'B', bit: 7"), "{}", said(line, own));
    }
}
