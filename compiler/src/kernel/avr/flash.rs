//! A flash chip at the SPI, which has weights that are read while they are multiplied: what is to be written to it, and the
//! program's part of that.
//!
//! The file for the chip begins with 32 bytes: a mark, a hash of weights and places, how long all is, two sums of the bytes
//! behind. The program has the same, and looks at all of it when it starts. Behind them lie the weights, without a gap.

use super::board::{BoardContext, byte, word};
use crate::CompileError;
use crate::arithmetic::hash::{FNV_START, fnv1a};
use crate::asm::Isa;
use crate::kernel::Templates;
use crate::kernel::cycles::Code as Counted;
use crate::target::SpiFlash;
use serde::Serialize;
use std::collections::BTreeMap;

/// What it begins with: 8 bytes, the last of which is the version.
const MARK: &[u8; 8] = b"mlcflsh1";
/// Bytes in front of the weights.
const HEADER: usize = 32;
/// Of these, those that the program compares; the others are 0.
const IDENTITY: usize = 24;

/// Bytes of a command with its address.
pub const COMMAND: usize = 4;
/// Where the data register of the SPI may be for code that is only counted.
pub const SOME_DATA: &str = "0x2E";

/// Weights on their way to a chip.
#[derive(Debug, Default)]
pub struct Content {
    /// Behind the header.
    bytes: Vec<u8>,
    /// Where what has a label begins in the chip.
    places: BTreeMap<String, usize>,
}

/// What is known of a chip once all weights are there.
pub struct Finished {
    /// What the program calls the file: `NAME.dat`.
    pub name: String,
    /// What is to be written to the chip.
    pub bytes: Vec<u8>,
    /// What the program compares and says, by label: data that `lpm` reads.
    pub data: Vec<(&'static str, Vec<u8>)>,
    /// Context of `code` in `flash.S`.
    pub code: Code,
}

impl Content {
    /// Puts bytes there.
    pub fn put(&mut self, label: &str, values: &[u8]) {
        self.places.insert(label.into(), HEADER + self.bytes.len());
        self.bytes.extend(values);
    }

    /// The address of a label.
    pub fn place(&self, label: &str) -> Option<usize> {
        self.places.get(label).copied()
    }

    /// All labels with their addresses, in the order of the labels.
    pub fn places(&self) -> impl Iterator<Item = (&str, usize)> {
        self.places.iter().map(|(label, &at)| (label.as_str(), at))
    }

    /// Of weights and of where they are (64-bit FNV-1a).
    fn hash(&self) -> u64 {
        let places = self.places.values().flat_map(|&at| (at as u32).to_le_bytes());
        fnv1a(FNV_START, self.bytes.iter().copied().chain(places))
    }

    /// The file `name`.dat for a chip, with what the program needs of it.
    ///
    /// # Errors
    /// More than the chip has: what it is, as an error names it.
    pub fn finish(&self, chip: &SpiFlash, name: &str) -> Result<Finished, String> {
        let length = HEADER + self.bytes.len();
        if length > chip.bytes as usize {
            return Err(format!("{length} bytes of weights in a flash chip of {}", chip.bytes));
        }
        let identity = [&MARK[..], &self.hash().to_le_bytes(), &(length as u32).to_le_bytes()].concat();
        let mut behind = vec![0; HEADER - IDENTITY];
        behind.extend(&self.bytes);
        let sum = sums(&behind);
        let identity = [&identity[..], &sum.to_le_bytes()].concat();
        debug_assert_eq!(identity.len(), IDENTITY);
        let name = format!("{name}.dat");
        let code = code(chip, length, behind.len(), sum);
        let bytes = [&identity[..], &behind].concat();
        let mut data = vec![("net_flash_identity", identity)];
        for (label, text) in messages(&name, length) {
            data.push((label, [b"SPI flash: ", text.as_bytes(), b"\r\n\0"].concat()));
        }
        data.push((
            "net_flash_ask",
            format!("w: take {name} by XMODEM. Enter: look again.\r\n> \0").into_bytes(),
        ));
        Ok(Finished { name, bytes, data, code })
    }
}

impl Finished {
    /// The routines that look at the chip and read it.
    ///
    /// # Errors
    /// A damaged template.
    pub fn routines(&self, templates: &Templates) -> Result<String, CompileError> {
        templates.call("flash.S", "code", &self.code)
    }
}

/// Cycles of `net_flash_at`, with its return, and of a call of `net_flash_end`, without the call itself.
pub fn costs(isa: Isa) -> [f64; 2] {
    let texts = ["net_flash_identity", "net_flash_none", "net_flash_small", "net_flash_empty"];
    let others = [&texts[..], &["net_flash_foreign", "net_flash_damaged"]].concat();
    let code = Counted::of(isa, "flash.S", "code", Code::specimen(), &others);
    let wait = code.way(&["net_flash_wait", "ret"]);
    [code.way(&["net_flash_at", "ret"]) + COMMAND as f64 * wait, code.way(&["net_flash_end", "ret"])]
}

/// The SPI's data register, for `in` and `out`.
pub fn data(chip: &SpiFlash) -> String {
    io(chip.spi.data)
}

/// Sums of bytes, and sums of these, both of 16 bits: the second in the upper half.
fn sums(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((0u16, 0u16), |(low, high), &byte| {
        let low = low.wrapping_add(byte.into());
        (low, high.wrapping_add(low))
    });
    u32::from(low) | u32::from(high) << 16
}

/// Context of `code` in `flash.S`.
#[derive(Serialize)]
pub struct Code {
    /// The pin that selects the chip.
    pin: String,
    /// I/O addresses of the SPI's registers.
    control: String,
    status: String,
    data: String,
    /// Of the register that selects the chip, and its bit.
    select_port: String,
    select_bit: u8,
    outputs: Vec<Output>,
    /// The power of two of the bytes that it must have.
    power: u32,
    /// Bytes that are compared, and how many of them are the program's own.
    identity: usize,
    own: usize,
    /// Bytes behind these, and their sums.
    bytes: usize,
    sum: u32,
}

impl Code {
    /// One to be counted.
    fn specimen() -> Self {
        let [pin, control, status, data, select_port] =
            ["", "0x2C", "0x2D", SOME_DATA, "0x05"].map(String::from);
        let (select_bit, outputs, power, identity, own) = (2, vec![], 20, IDENTITY, IDENTITY - MARK.len());
        Self {
            pin,
            control,
            status,
            data,
            select_port,
            select_bit,
            outputs,
            power,
            identity,
            own,
            bytes: 1,
            sum: 0,
        }
    }
}

/// Context of `xmodem.S`.
#[derive(Serialize)]
pub struct Writes {
    /// Registers of the timer.
    control: String,
    count_low: String,
    count_high: String,
    mask: String,
    /// The power reduction register, while it runs and else.
    power: String,
    power_on: String,
    power_off: String,
    /// Until it overflows, about.
    seconds: u32,
    select_port: String,
    select_bit: u8,
}

impl Writes {
    /// For a chip at the SPI of a board with such a clock, in Hz.
    pub fn new(board: &BoardContext, chip: &SpiFlash, clock: u32) -> Self {
        let timer = &chip.timer;
        let register = board.power_off.iter().find(|power| power.register == timer.power.register);
        let bits = register.map_or(0, |power| power.bits);
        Self {
            control: word(timer.control),
            count_low: word(timer.count),
            count_high: word(timer.count + 1),
            mask: word(timer.mask),
            power: word(timer.power.register),
            power_on: byte((bits & !timer.power.bits).into()),
            power_off: byte(bits.into()),
            seconds: (32_768 * 1024 + clock / 2) / clock,
            select_port: io(chip.select.pin + 2),
            select_bit: chip.select.bit,
        }
    }
}

/// A pin that is an output: the I/O address of its `DDRx`, and its bit.
#[derive(Serialize)]
struct Output {
    register: String,
    bit: u8,
}

/// An I/O address, for `in`, `out` and `sbi`.
fn io(address: u16) -> String {
    byte(address - 0x20)
}

fn code(chip: &SpiFlash, length: usize, bytes: usize, sum: u32) -> Code {
    let spi = &chip.spi;
    let output = |pin: &crate::target::spi_flash::Bit| Output { register: io(pin.pin + 1), bit: pin.bit };
    Code {
        pin: format!("P{}{}", chip.select.port, chip.select.bit),
        control: io(spi.control),
        status: io(spi.status),
        data: io(spi.data),
        select_port: io(chip.select.pin + 2),
        select_bit: chip.select.bit,
        outputs: chip.outputs.iter().map(output).collect(),
        power: length.next_power_of_two().trailing_zeros(),
        identity: IDENTITY,
        own: IDENTITY - MARK.len(),
        bytes,
        sum,
    }
}

/// What the program says when it starts, by the label of each text.
fn messages(name: &str, length: usize) -> [(&'static str, String); 5] {
    [
        ("net_flash_none", "no chip answers: look at its wires".into()),
        ("net_flash_small", format!("the chip is too small for {name}, {length} bytes")),
        ("net_flash_empty", format!("it has no weights: {name} belongs there")),
        ("net_flash_foreign", format!("it has weights of another program: {name} belongs there")),
        ("net_flash_damaged", format!("{name} is damaged there: write it again")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_tell_an_order() {
        assert_eq!(sums(&[]), 0);
        assert_eq!(sums(&[1, 2, 3]), 6 | (1 + 3 + 6) << 16);
        assert_ne!(sums(&[1, 2]), sums(&[2, 1]));
        assert_eq!(sums(&[255; 600]) as u16, (600u32 * 255) as u16);
    }
}
