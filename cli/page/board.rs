//! What a page is told of a board: its chip, what is measured and what is switched.

use crate::error::CliError;
use mlc_compiler::Target;
use mlc_compiler::model::{Answer, Model};
use mlc_compiler::target::pins::{Drive, matched};
use mlc_compiler::target::tools::{MOST_COUNT, find};
use mlc_runtime_avr::Device;
use serde::Serialize;

/// A chip as the emulator wants it; addresses are data-space addresses.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chip {
    flash: u32,
    sram: u16,
    sram_start: u16,
    /// Its program counter has 22 bits.
    wide: bool,
    /// `UCSRnA`, and the vector of RX complete.
    uart: u16,
    rx_vector: u8,
    sleep: u16,
    sleep_enable: u8,
    /// `ADCL`.
    adc: Option<u16>,
}

/// Something that is measured.
#[derive(Debug, Serialize)]
pub struct Reading {
    name: String,
    /// On a board: its pin, the converter's channel there, and what each count becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<u16>>,
}

/// A pin that is switched.
#[derive(Debug, PartialEq, Serialize)]
pub struct Lamp {
    name: String,
    /// The address of `PORTx`; `DDRx` is before it.
    port: u16,
    bit: u8,
    /// The level at which it is on.
    high: bool,
}

impl Chip {
    /// # Errors
    /// A chip that has no serial line, or that no machine here has.
    pub fn of(target: &Target) -> Result<Self, CliError> {
        let device = device(target);
        let Some((device, uart)) = device.and_then(|device| Some((device, device.uart?))) else {
            let message = format!("a page has no emulator for {}: leave the .html out", target.name);
            return Err(CliError::Usage(message));
        };
        Ok(Self {
            flash: device.flash_bytes,
            sram: device.sram_bytes,
            sram_start: device.sram_start,
            wide: device.family.has_wide_pc(),
            uart: uart.base,
            rx_vector: uart.first_vector,
            sleep: device.sleep.address,
            sleep_enable: device.sleep.enable,
            adc: device.adc.map(|adc| adc.base),
        })
    }
}

fn device(target: &Target) -> Option<&'static Device> {
    Device::by_name(&target.name)
}

/// The machine in half a sentence.
pub fn about(target: &Target) -> String {
    match &target.board {
        Some(board) => format!("{}: {}", target.name, board.profile.about),
        None => target.about.clone(),
    }
}

/// What a model's tools read and switch, or its labels.
pub fn tools(model: &Model, target: &Target) -> (Vec<Reading>, Vec<Lamp>) {
    let story = match &model.answer {
        Answer::Story(story) => Some(story),
        Answer::Chat(_) | Answer::Label { .. } | Answer::Class(_) | Answer::Numbers(_) => None,
    };
    let names: Vec<&str> = story.map_or(vec![], |story| story.inputs());
    let Some(board) = &target.board else {
        let reading =
            |name: &&str| Reading { name: name.to_string(), pin: None, channel: None, values: None };
        return (names.iter().map(reading).collect(), Vec::new());
    };
    let profile = &board.profile;
    let reading = |name: &&str| {
        let input = find(&profile.inputs, name)?;
        Some(Reading {
            name: name.to_string(),
            pin: Some(input.pin.clone()),
            channel: Some(input.channel),
            values: Some((0..=MOST_COUNT).map(|count| input.value(count)).collect()),
        })
    };
    let switched = story.map_or(vec![], |story| story.switches());
    let switches = switched.into_iter().filter_map(|name| Some((name, find(&profile.switches, name)?)));
    let mut lamps: Vec<Lamp> = switches.filter_map(|(name, drive)| lamp(name, drive, target)).collect();
    for (label, pin) in matched(&profile.pins, model.answer.labels()) {
        let drive = profile.pins[pin].1;
        let name = format!("{} ({})", drive.pin(), model.answer.labels()[label]);
        // Labels that switch it off drive the same pin.
        let known = profile.pins.iter().position(|(_, other)| other.pin() == drive.pin() && other.high);
        if drive.high || known.is_none() {
            lamps.extend(lamp(&name, &Drive { high: true, ..drive }, target));
        }
    }
    (names.iter().filter_map(reading).collect(), lamps)
}

fn lamp(name: &str, drive: &Drive, target: &Target) -> Option<Lamp> {
    let port = device(target)?.ports.iter().find(|port| port.name == drive.port)?;
    Some(Lamp { name: name.into(), port: port.pin + 2, bit: drive.bit, high: drive.high })
}
