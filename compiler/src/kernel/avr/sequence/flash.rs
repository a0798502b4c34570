//! Weights in a flash chip at the SPI, which are read while they are multiplied.
//!
//! What is to be written to the chip begins with 32 bytes: a mark, a hash of weights and places, how long all is, two sums of
//! the bytes behind. The program has the same, and looks at all of it when it starts. Behind them lie the matrices, in the
//! order in which a token meets them, without a gap.

use super::writer::Writer;
use crate::CompileError;
use crate::arithmetic::hash::{FNV_START, fnv1a};
use crate::kernel::avr::board::{BoardContext, byte, word};
use crate::kernel::sequence::{Beside, Filed, Filing, SequenceSite, unsupported};
use crate::target::SpiFlash;
use serde::Serialize;
use std::collections::BTreeMap;

/// What it begins with: 8 bytes, the last of which is the version.
const MARK: &[u8; 8] = b"mlcflsh1";
/// Bytes in front of the weights.
const HEADER: usize = 32;
/// Of these, those that the program compares; the others are 0.
const IDENTITY: usize = 24;

/// Weights on their way to a chip.
#[derive(Debug)]
pub struct Streamed {
    filing: Filing,
    /// The SPI's data register, for `in` and `out`.
    data: String,
    /// Behind the header.
    bytes: Vec<u8>,
    /// Where what has a label begins in the chip.
    places: BTreeMap<String, usize>,
}

impl Streamed {
    /// Nothing yet; `None` without weights that are to be there.
    pub fn new(site: &SequenceSite) -> Option<Self> {
        let (filing, chip) = (site.filing?, site.request.target.spi_flash.as_ref()?);
        let data = io(chip.spi.data);
        Some(Self { filing: filing.clone(), data, bytes: Vec::new(), places: BTreeMap::new() })
    }

    /// Whether a matrix is there; of some that are stored together, the name ends with `_all`.
    pub fn has(&self, name: &str) -> bool {
        !self.filing.inside.contains(name.strip_suffix("_all").unwrap_or(name))
    }

    /// Puts bytes there.
    pub fn put(&mut self, label: &str, values: &[u8]) {
        self.places.insert(label.into(), HEADER + self.bytes.len());
        self.bytes.extend(values);
    }

    /// The address of a label.
    pub fn place(&self, label: &str) -> Option<usize> {
        self.places.get(label).copied()
    }

    /// Of weights and of where they are (64-bit FNV-1a).
    fn hash(&self) -> u64 {
        let places = self.places.values().flat_map(|&at| (at as u32).to_le_bytes());
        fnv1a(FNV_START, self.bytes.iter().copied().chain(places))
    }
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
struct Code {
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

impl Writer<'_> {
    /// Whether a flash chip has a matrix.
    pub fn is_filed(&self, name: &str) -> bool {
        self.beside.as_ref().is_some_and(|beside| beside.has(name))
    }

    /// The SPI's data register, if a flash chip has the matrix.
    pub fn data_of(&self, name: &str) -> Option<String> {
        self.beside.as_ref().filter(|beside| beside.has(name)).map(|beside| beside.data.clone())
    }

    /// Where weights are: their address in the flash chip, or their label.
    pub fn place(&self, label: &str) -> String {
        let place = self.beside.as_ref().and_then(|beside| beside.place(label));
        place.map_or_else(|| label.to_string(), |place| place.to_string())
    }

    /// What the chip is to have, with the routines that read it and what they say, once all weights are there; `None` without.
    ///
    /// # Errors
    /// More than the chip has; a damaged template.
    pub fn flash_chip(
        &mut self,
        site: &SequenceSite,
        matrices: &[Filed],
    ) -> Result<Option<Beside>, CompileError> {
        let target = site.request.target;
        let Some((beside, chip)) = self.beside.as_ref().zip(target.spi_flash.as_ref()) else {
            return Ok(None);
        };
        let length = HEADER + beside.bytes.len();
        if length > chip.bytes as usize {
            let what = format!("{length} bytes of weights in a flash chip of {}", chip.bytes);
            return Err(unsupported(site, &what));
        }
        let identity = [&MARK[..], &beside.hash().to_le_bytes(), &(length as u32).to_le_bytes()].concat();
        let mut behind = vec![0; HEADER - IDENTITY];
        behind.extend(&beside.bytes);
        let sum = sums(&behind);
        let identity = [&identity[..], &sum.to_le_bytes()].concat();
        debug_assert_eq!(identity.len(), IDENTITY);
        let name = site.request.demands.file.as_deref().unwrap_or(&site.request.model.head.name);
        let name = format!("{name}.dat");
        let context = code(chip, length, behind.len(), sum);
        self.data("net_flash_identity", &identity);
        for (label, text) in messages(&name, length) {
            self.data(label, &[b"SPI flash: ", text.as_bytes(), b"\r\n\0"].concat());
        }
        let ask = format!("w: take {name} by XMODEM. Enter: look again.\r\n> \0");
        self.data("net_flash_ask", ask.as_bytes());
        self.routine("net_flash", ("flash.S", "code"), || super::writer::value(context))?;
        let bytes = [identity, behind].concat();
        Ok(Some(Beside { name, bytes, matrices: matrices.to_vec() }))
    }
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
