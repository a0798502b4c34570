//! AVR devices: memory, registers and currents, as small deltas over a family.
//!
//! A file `runtime-avr/devices/NAME.ron` names its family; a file without one is a family. What the device does not
//! say, its family says. A test compares every number with the manufacturer's device files.

use super::error::TargetError;
use super::read::{self, fail};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The instruction set, by GNU's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Core {
    /// Up to 8 KiB of flash, no multiplication, `jmp` or `call`.
    Avr25,
    /// Up to 64 KiB of flash.
    Avr5,
    /// 128 KiB of flash.
    Avr51,
    /// 256 KiB of flash, return addresses of three bytes.
    Avr6,
}

impl Core {
    /// GNU's name: what `avr-as -mmcu=` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avr25 => "avr25",
            Self::Avr5 => "avr5",
            Self::Avr51 => "avr51",
            Self::Avr6 => "avr6",
        }
    }

    /// Bytes from vector to vector: `jmp` where there is one, else `rjmp`.
    pub fn vector_bytes(self) -> u8 {
        if self == Self::Avr25 { 2 } else { 4 }
    }
}

/// A chip. Addresses are data-space addresses: `lds` takes them as they are, `in` less 0x20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// As `avr-gcc -mmcu=` and avrdude have it.
    pub name: String,
    pub about: String,
    /// Name of the profile that is meant where none is given.
    pub profile: String,
    pub core: Core,
    /// Bytes of flash, the boot loader's among them.
    pub flash: u32,
    pub sram_start: u16,
    pub sram: u16,
    /// The number of vectors, with the reset.
    pub vectors: u8,
    /// `PINx` of each port; `DDRx` and `PORTx` follow it.
    pub ports: BTreeMap<char, u16>,
    /// Which bits of each port lead out, as a mask.
    pub pins: BTreeMap<char, u8>,
    /// Pins that are needed for something else, by name (`PC6`), and for what: `RX` and `TX` of the serial port, `reset`.
    pub taken: BTreeMap<String, String>,
    /// Pins that a crystal takes where the board has one.
    pub crystal: Vec<String>,
    /// The serial port that programs talk over.
    pub uart: Option<Uart>,
    pub sleep: Sleep,
    /// `GPIOR0`, which does nothing: a program marks places with it.
    pub marker: u16,
    /// Power reduction registers, with the bits that switch off all that a program does not use.
    pub power_off: Vec<PowerOff>,
    /// What measures voltages for programs.
    pub adc: Option<Adc>,
    /// What talks to a chip of weights.
    pub spi: Option<Spi>,
    /// What tells that nobody answers.
    pub timer1: Option<Timer>,
    /// What the datasheet says of its current; may be empty.
    pub currents: Vec<Current>,
}

/// An analogue-to-digital converter of 10 bits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adc {
    /// `ADCL`; `ADCH` follows.
    pub data: u16,
    /// `ADCSRA`.
    pub control: u16,
    /// `ADCSRB`, whose bit 3 is the highest bit of the channel on larger chips.
    pub extended: u16,
    /// `ADMUX`.
    pub select: u16,
    /// The bit that switches it off, in a power reduction register.
    pub power: PowerOff,
    /// The channel of each pin.
    pub channels: BTreeMap<String, u8>,
}

/// An SPI, whose registers `in` and `out` reach.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spi {
    /// `SPCR`, `SPSR` and `SPDR`.
    pub control: u16,
    pub status: u16,
    pub data: u16,
    /// The bit that switches it off, in a power reduction register.
    pub power: PowerOff,
    /// The pin that must be an output: SS.
    pub select: String,
    pub mosi: String,
    pub miso: String,
    /// SCK.
    pub clock: String,
}

/// A timer of 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// `TCCRnB`.
    pub control: u16,
    /// `TCNTn`, two bytes.
    pub count: u16,
    /// `TIMSKn`, whose bit 0 is for the overflow.
    pub mask: u16,
    /// The bit that switches it off, in a power reduction register.
    pub power: PowerOff,
}

/// A USART in asynchronous mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uart {
    /// The n in its registers' names.
    pub number: u8,
    /// `UCSRnA`.
    pub status: u16,
    /// `UCSRnB`.
    pub control: u16,
    /// `UCSRnC`.
    pub format: u16,
    /// `UBRRn`, two bytes.
    pub divider: u16,
    /// `UDRn`.
    pub data: u16,
    /// Vector of the interrupt for a byte received.
    pub received: u8,
    /// Vector of the interrupt for an empty data register.
    pub empty: u8,
}

/// Where sleeping is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sleep {
    pub register: u16,
    /// The bit that lets `sleep` work.
    pub enable: u8,
    /// The bits of the mode, all of them zero for idle.
    pub mode: u8,
}

/// Bits of a power reduction register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PowerOff {
    pub register: u16,
    pub bits: u8,
}

/// Typical supply current at 25 °C, with all peripherals switched off, and what the serial port adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Current {
    pub millivolts: u32,
    pub hertz: u32,
    /// All currents in nanoamperes: executing, in idle sleep, and of the USART in either.
    pub active: u32,
    pub idle: u32,
    pub uart: u32,
}

/// A file: a device over its family, or a family.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Delta {
    family: Option<String>,
    about: Option<String>,
    profile: Option<String>,
    core: Option<Core>,
    flash: Option<u32>,
    sram_start: Option<u16>,
    sram: Option<u16>,
    vectors: Option<u8>,
    ports: Option<BTreeMap<char, u16>>,
    pins: Option<BTreeMap<char, u8>>,
    taken: Option<BTreeMap<String, String>>,
    crystal: Option<Vec<String>>,
    uart: Option<Uart>,
    sleep: Option<Sleep>,
    marker: Option<u16>,
    power_off: Option<Vec<PowerOff>>,
    adc: Option<Adc>,
    spi: Option<Spi>,
    timer1: Option<Timer>,
    currents: Option<Vec<Current>>,
}

/// The devices among description files, by name. Each item is a file's name without its extension, and its text.
///
/// # Errors
/// A file that is no RON, has unknown fields, names no family that is there, or lacks a fact that its family lacks as
/// well; a fact that cannot be.
pub fn read_devices<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<Device>, TargetError> {
    let mut deltas = BTreeMap::new();
    for (name, text) in files {
        let delta: Delta = read::ron(text, &format!("{name}.ron"))?;
        deltas.insert(name, delta);
    }
    let mut devices = Vec::new();
    for (name, delta) in &deltas {
        let Some(family) = &delta.family else { continue };
        let file = format!("{name}.ron");
        let Some(base) = deltas.get(family.as_str()).filter(|base| base.family.is_none()) else {
            return Err(fail(&file, "family", &format!("there is no family {family}")));
        };
        devices.push(over(delta, base, name, &file)?);
    }
    Ok(devices)
}

/// A device's facts, the family's where it has none.
fn over(delta: &Delta, base: &Delta, name: &str, file: &str) -> Result<Device, TargetError> {
    /// The first that is there.
    macro_rules! fact {
        ($field:ident) => {
            delta
                .$field
                .clone()
                .or_else(|| base.$field.clone())
                .ok_or_else(|| fail(file, stringify!($field), "neither device nor family has it"))?
        };
    }
    let device = Device {
        name: name.to_string(),
        about: fact!(about),
        profile: fact!(profile),
        core: fact!(core),
        flash: fact!(flash),
        sram_start: fact!(sram_start),
        sram: fact!(sram),
        vectors: fact!(vectors),
        ports: fact!(ports),
        pins: fact!(pins),
        taken: fact!(taken),
        crystal: delta.crystal.clone().or_else(|| base.crystal.clone()).unwrap_or_default(),
        uart: delta.uart.or(base.uart),
        sleep: fact!(sleep),
        marker: fact!(marker),
        power_off: delta.power_off.clone().or_else(|| base.power_off.clone()).unwrap_or_default(),
        adc: delta.adc.clone().or_else(|| base.adc.clone()),
        spi: delta.spi.clone().or_else(|| base.spi.clone()),
        timer1: delta.timer1.or(base.timer1),
        currents: delta.currents.clone().or_else(|| base.currents.clone()).unwrap_or_default(),
    };
    if device.sram_start.checked_add(device.sram).is_none() || device.sram == 0 {
        return Err(fail(file, "sram", "must be at least one byte and end within 64 KiB"));
    }
    if !device.pins.keys().eq(device.ports.keys()) {
        return Err(fail(file, "pins", "must have the same ports as `ports`"));
    }
    let reached = |address: &u16| (0x20..0x60).contains(address);
    if let Some(spi) = &device.spi
        && ![spi.control, spi.status, spi.data].iter().all(reached)
    {
        return Err(fail(file, "spi", "its registers must be from 0x20 to 0x5F, which `in` and `out` reach"));
    }
    if device.flash == 0 || !device.flash.is_multiple_of(2) {
        return Err(fail(file, "flash", "must be an even number of bytes"));
    }
    Ok(device)
}

impl Device {
    /// The first address behind the SRAM.
    pub fn sram_end(&self) -> u16 {
        self.sram_start + self.sram
    }
}
