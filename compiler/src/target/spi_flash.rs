//! A flash chip at the SPI of a board, for weights that the chip's own flash has no room for.

use super::device::{Device, Spi, Timer};
use super::pins::{self, Drive, pin_name};
use serde::Deserialize;

/// Bytes that such a chip has: 64 KiB to what three bytes of an address reach.
const SIZES: std::ops::RangeInclusive<u32> = 0x1_0000..=0x100_0000;
/// The first data address that `sbi` does not reach.
const SBI: u16 = 0x40;

/// A flash chip of the 25 series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpiFlash {
    pub spi: Spi,
    /// What tells that nobody sends what is to be written.
    pub timer: Timer,
    /// The pin that selects it while it is low.
    pub select: Bit,
    /// The pins that are outputs: the one that selects it, SS, MOSI and SCK.
    pub outputs: Vec<Bit>,
    /// Its bytes, a power of two.
    pub bytes: u32,
}

impl SpiFlash {
    /// Cycles from one byte to the next while weights are read.
    pub const CYCLES_A_BYTE: usize = 18;
}

/// A bit of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bit {
    /// The port's letter.
    pub port: char,
    pub bit: u8,
    /// The data address of `PINx`; `DDRx` and `PORTx` follow.
    pub pin: u16,
}

/// What a file says of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    select: String,
    bytes: u32,
}

impl Raw {
    /// The chip, and the device with the pins taken that it needs.
    ///
    /// # Errors
    /// The field that is wrong, and what is.
    pub(super) fn checked(
        self,
        device: &Device,
        crystal: bool,
    ) -> Result<(SpiFlash, Device), (&'static str, String)> {
        let Some((spi, timer)) = device.spi.clone().zip(device.timer1) else {
            return Err(("spi_flash", format!("{} has no SPI for it; leave it out", device.name)));
        };
        if !SIZES.contains(&self.bytes) || !self.bytes.is_power_of_two() {
            return Err(("spi_flash.bytes", "must be a power of two from 65536 to 16777216".into()));
        }
        let mut taken = device.clone();
        let pins = [(&spi.mosi, "MOSI"), (&spi.miso, "MISO"), (&spi.clock, "SCK")];
        taken.taken.extend(pins.map(|(pin, what)| (pin.clone(), what.to_string())));
        let wrong = |problem: String| Err(("spi_flash.select", problem));
        let Some((port, bit)) = pin_name(&self.select) else {
            return wrong(format!("{:?} is no pin, as \"{}\"", self.select, spi.select));
        };
        if let Some(problem) = pins::refusal(&Drive { port, bit, high: false }, &taken, crystal) {
            return wrong(problem);
        }
        let Some(select) = find(device, &self.select).filter(|found| found.pin + 2 < SBI) else {
            let reached: Vec<_> = device
                .ports
                .iter()
                .filter(|(_, pin)| **pin + 2 < SBI)
                .map(|(port, _)| port.to_string())
                .collect();
            return wrong(format!("{}: must be a pin of port {}", self.select, reached.join(", ")));
        };
        taken.taken.insert(spi.select.clone(), "SS".into());
        taken.taken.insert(self.select.clone(), "chip select".into());
        let mut outputs = vec![select];
        for pin in [&spi.select, &spi.mosi, &spi.clock] {
            let Some(found) = find(device, pin).filter(|found| found.pin + 2 < SBI) else {
                return Err(("spi_flash", format!("{pin} of {} is out of reach for it", device.name)));
            };
            if !outputs.contains(&found) {
                outputs.push(found);
            }
        }
        Ok((SpiFlash { spi, timer, select, outputs, bytes: self.bytes }, taken))
    }
}

fn find(device: &Device, pin: &str) -> Option<Bit> {
    let (port, bit) = pin_name(pin)?;
    Some(Bit { port, bit, pin: *device.ports.get(&port)? })
}

#[cfg(test)]
mod tests {
    use crate::Assets;
    use crate::target::Profile;

    const UNO: &str = include_str!("../../../runtime-avr/profiles/uno+flash.ron");

    /// What is said of the profile with `old` in it made `new`.
    fn said(old: &str, new: &str) -> String {
        assert!(UNO.contains(old), "{old}");
        let devices = Assets::builtin().devices().expect("built-in devices are valid");
        let read = Profile::read(&UNO.replacen(old, new, 1), "own", "own.ron", &devices);
        read.map_or_else(|error| error.to_string(), |profile| format!("{:?}", profile.spi_flash))
    }

    #[test]
    fn the_chip_is_where_the_program_reaches_it() {
        let of = |message: &str| format!("own.ron:9: spi_flash.{message}");
        let no_pin = "atmega328p has no pin PE1; its pins are PB0-7, PC0-6, PD0-7";
        for (new, message) in [
            ("\"B2\"", of("select: \"B2\" is no pin, as \"PB2\"")),
            ("\"PE1\"", of(&format!("select: {no_pin}"))),
            ("\"PB3\"", of("select: PB3 is the MOSI of atmega328p; take another pin")),
            ("\"PD0\"", of("select: PD0 is the RX of atmega328p; take another pin")),
        ] {
            assert_eq!(said("\"PB2\"", new), message);
        }
        for bytes in ["65_535", "32_768", "33_554_432", "100_000"] {
            let message = of("bytes: must be a power of two from 65536 to 16777216");
            assert_eq!(said("bytes: 4_194_304", &format!("bytes: {bytes}")), message, "{bytes}");
        }
        let free = said("\"PB2\"", "\"PD4\"");
        assert!(free.contains("select: Bit { port: 'D', bit: 4, pin: 41 }"), "{free}");
    }

    #[test]
    fn its_pins_are_taken() {
        for (pin, what) in [("PB2", "chip select"), ("PB3", "MOSI"), ("PB4", "MISO"), ("PB5", "SCK")] {
            let message = format!("\"ON\": {pin} is the {what} of atmega328p; take another pin");
            let found = said("\"ON\": \"PD7 high\"", &format!("\"ON\": \"{pin} high\""));
            assert!(found.ends_with(&message), "{found}");
            let found = said("\"lamp\": \"PD7 high\"", &format!("\"lamp\": \"{pin} high\""));
            assert!(found.contains(&format!("{pin} is the {what} of atmega328p")), "{found}");
        }
    }
}
