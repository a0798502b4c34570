//! What the start-up code and the serial line of an AVR program are told of their board: the context of
//! `runtime-avr/uart.S`.

use super::core::reads_far;
use super::tools::Measuring;
use crate::kernel::lines;
use crate::target::device::{Core, Device, PowerOff, Uart};
use crate::target::pins::{self, Drive};
use crate::target::profile::Profile;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Keys that may wait while a program thinks, and one. People type some ten a second, and no answer takes so long; what
/// is pasted all at once may be longer.
pub const RING: u16 = 64;

/// Characters that may wait to be sent, and one: a label with the line end and the next prompt behind it. The characters
/// of a chat come one a step, which takes longer than sending one.
const OUT_RING: u8 = 16;

/// A board. Addresses and values are text in hexadecimal, as the source shows them.
#[derive(Debug, Clone, Serialize)]
pub struct BoardContext {
    pub device: String,
    pub about: String,
    pub baud: u32,
    pub ubrr: u16,
    pub uart: Port,
    pub sleep: SleepBits,
    pub ram_end: String,
    pub ring: u16,
    pub out_ring: u8,
    /// Handlers of the vectors, up to the last in use.
    pub vectors: Vec<&'static str>,
    /// How the vectors jump, and how the network is called.
    pub jump: &'static str,
    pub call: &'static str,
    /// Whether there is RAMPZ, for more than 64 KiB of flash.
    pub far_data: bool,
    /// Whether there is EIND, with three bytes of a program counter.
    pub wide: bool,
    #[serde(serialize_with = "shown")]
    pub power_off: Vec<PowerOff>,
    pub outputs: Vec<Output>,
    /// What it says when it starts.
    pub greeting: Text,
    /// Classifiers only.
    pub labels: Vec<Text>,
    pub drives: Vec<Pin>,
    /// Sequence models only: what is switched, twice the number of a switch, and 1 more for on.
    pub switches: Vec<Pin>,
    /// Levels that outputs have at first.
    pub resting_high: Vec<Output>,
    pub measuring: Option<Measuring>,
    pub max_query: u8,
}

/// Data addresses of the serial port.
#[derive(Debug, Clone, Serialize)]
pub struct Port {
    pub status: String,
    pub control: String,
    pub format: String,
    pub divider_low: String,
    pub divider_high: String,
    pub data: String,
}

/// The register of sleep, by its I/O address.
#[derive(Debug, Clone, Serialize)]
pub struct SleepBits {
    pub io: String,
    pub enable: String,
}

/// Registers with their bits, as the source shows them.
fn shown<S: Serializer>(registers: &[PowerOff], serializer: S) -> Result<S::Ok, S::Error> {
    let shown = |power: &PowerOff| Output { register: word(power.register), bits: byte(power.bits.into()) };
    serializer.collect_seq(registers.iter().map(shown))
}

/// Pins of a port: those that are outputs, or levels of them.
#[derive(Debug, Clone, Serialize)]
pub struct Output {
    pub register: String,
    pub bits: String,
}

/// Characters in flash: a comment, and the bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Text {
    pub name: String,
    pub bytes: String,
}

/// The pin that a label drives: `mask` is what `ori` or `andi` takes.
#[derive(Debug, Clone, Serialize)]
pub struct Pin {
    pub label: usize,
    pub name: String,
    pub pin: String,
    pub port: String,
    pub mask: String,
    pub high: bool,
}

impl BoardContext {
    /// The board of `profile`, whose chip is `device`, for the program of the model `name` with these labels (none: it is
    /// no classifier) and lines of up to `max_query` bytes. `None`: the chip has no serial port, or the profile no speed
    /// for it.
    pub fn new(
        device: &Device,
        profile: &Profile,
        name: &str,
        labels: &[String],
        max_query: u8,
    ) -> Option<Self> {
        let (uart, divider, baud) = (device.uart?, profile.divider()?, profile.baud?);
        let drives: Vec<(usize, &String, &Drive)> = pins::matched(&profile.pins, labels)
            .into_iter()
            .map(|(label, pin)| (label, &labels[label], &profile.pins[pin].1))
            .collect();
        let far = device.core != Core::Avr25;
        Some(Self {
            device: device.name.clone(),
            about: format!("{} at {} Hz", lines::remark(&profile.about), profile.clock_hz),
            baud,
            ubrr: divider.ubrr,
            uart: Port::new(&uart),
            sleep: SleepBits {
                io: byte(device.sleep.register - 0x20),
                enable: byte(device.sleep.enable.into()),
            },
            ram_end: word(device.sram_end() - 1),
            ring: RING,
            out_ring: OUT_RING,
            vectors: vectors(&uart),
            jump: if far { "jmp" } else { "rjmp" },
            call: if far { "call" } else { "rcall" },
            far_data: reads_far(device.core),
            wide: device.core == Core::Avr6,
            power_off: device.power_off.clone(),
            outputs: outputs(device, drives.iter().map(|(_, _, drive)| *drive)),
            greeting: Text::new(&format!("{name}. Type a line.")),
            labels: labels.iter().map(|label| Text::new(label)).collect(),
            drives: drives
                .into_iter()
                .map(|(label, name, drive)| Pin::new(device, label, name, drive))
                .collect(),
            switches: Vec::new(),
            resting_high: Vec::new(),
            measuring: None,
            max_query,
        })
    }
}

impl BoardContext {
    /// Leaves the clock of a part on that the program uses.
    pub fn power(&mut self, part: &PowerOff) {
        let register = self.power_off.iter_mut().find(|power| power.register == part.register);
        register.into_iter().for_each(|power| power.bits &= !part.bits);
    }

    /// The same board, which asks for other lines when it starts.
    #[must_use]
    pub fn asking(self, name: &str, ask: &str) -> Self {
        Self { greeting: Text::new(&format!("{name}. {ask}")), ..self }
    }

    /// The same with room for so many characters that wait, and one: a power of two up to 256. `None`: as many as usual.
    #[must_use]
    pub fn waiting(self, ring: Option<u16>) -> Self {
        Self { ring: ring.unwrap_or(self.ring), ..self }
    }
}

impl Port {
    fn new(uart: &Uart) -> Self {
        Self {
            status: byte(uart.status),
            control: byte(uart.control),
            format: byte(uart.format),
            divider_low: byte(uart.divider),
            divider_high: byte(uart.divider + 1),
            data: byte(uart.data),
        }
    }
}

impl Text {
    fn new(text: &str) -> Self {
        let bytes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
        Self { name: lines::remark(text), bytes: bytes.join(", ") }
    }
}

impl Pin {
    pub(super) fn new(device: &Device, label: usize, name: &str, drive: &Drive) -> Self {
        let bit = 1u8 << drive.bit;
        Self {
            label,
            name: lines::remark(name),
            pin: drive.to_string(),
            port: word(pin_register(device, drive) + 2),
            mask: byte(if drive.high { bit } else { !bit }.into()),
            high: drive.high,
        }
    }
}

/// `PINx` of the port; `DDRx` and `PORTx` follow.
pub(super) fn pin_register(device: &Device, drive: &Drive) -> u16 {
    *device.ports.get(&drive.port).expect("Profile::read refuses pins of ports that the device lacks")
}

/// The ports with pins that labels drive.
pub(super) fn outputs<'a>(device: &Device, drives: impl Iterator<Item = &'a Drive>) -> Vec<Output> {
    let mut bits: BTreeMap<u16, u8> = BTreeMap::new();
    for drive in drives {
        *bits.entry(pin_register(device, drive) + 1).or_default() |= 1 << drive.bit;
    }
    bits.into_iter().map(|(at, bits)| Output { register: word(at), bits: byte(bits.into()) }).collect()
}

/// The handlers from the reset's on.
fn vectors(uart: &Uart) -> Vec<&'static str> {
    let used = [(0, "start"), (uart.received, "received"), (uart.empty, "empty")];
    let handler = |at| used.iter().find(|(vector, _)| *vector == at).map_or("unused", |(_, name)| name);
    (0..=uart.received.max(uart.empty)).map(handler).collect()
}

pub(super) fn byte(value: u16) -> String {
    format!("{value:#04X}").replace("0X", "0x")
}

pub(super) fn word(value: u16) -> String {
    format!("{value:#06X}").replace("0X", "0x")
}
