//! Pins of the tools of sequence models: what a board switches, and what it measures.

use super::device::Device;
use super::pins::{self, Drive, pin_name};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The largest count of the converters.
pub const MOST_COUNT: u16 = 1023;

/// An analogue input: a pin, and what is made of its count c, 0 to 1,023:
/// (c · mul + offset) >> shift, held within 0 to 65,535.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// `PC0`.
    pub pin: String,
    /// The converter's channel there.
    pub channel: u8,
    pub mul: i16,
    pub offset: i32,
    pub shift: u8,
}

impl Input {
    /// What a count becomes.
    pub fn value(&self, count: u16) -> u16 {
        let scaled = (i32::from(count) * i32::from(self.mul) + self.offset) >> self.shift;
        scaled.clamp(0, u16::MAX.into()) as u16
    }

    /// A count that becomes `value`, the least one.
    ///
    /// # Errors
    /// None does: the values next to it that are reached, below and above.
    pub fn count(&self, value: u16) -> Result<u16, [Option<u16>; 2]> {
        let values = || (0..=MOST_COUNT).map(|count| self.value(count));
        let found = values().zip(0..).find(|&(reached, _)| reached == value);
        let near = || {
            let (below, above) = (values().filter(|&v| v < value), values().filter(|&v| v > value));
            [below.max(), above.min()]
        };
        found.map(|(_, count)| count).ok_or_else(near)
    }
}

/// An input as a file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pin: String,
    #[serde(default = "one")]
    mul: i16,
    #[serde(default)]
    offset: i32,
    #[serde(default)]
    shift: u8,
}

fn one() -> i16 {
    1
}

/// Entries with what tools call them.
type Named<T> = Vec<(String, T)>;

/// What is wrong with an entry: its field, its key, and what.
pub(super) type Problem = (&'static str, String, String);

/// Checks what is switched, the level being that of *on*, and what is measured. `crystal`: the board has one.
pub(super) fn read(
    switches: &[(String, String)],
    inputs: BTreeMap<String, Raw>,
    device: &Device,
    crystal: bool,
) -> Result<(Named<Drive>, Named<Input>), Problem> {
    let mut driven: Named<Drive> = Vec::new();
    for (name, text) in switches {
        let wrong = |problem: String| Err(("switches", name.clone(), format!("{name:?}: {problem}")));
        let Some(drive) = Drive::read(text) else {
            return wrong(format!("{text:?} is no pin with its level, as \"PB5 high\" or \"PB5 low\""));
        };
        if let Some(problem) = refused_name(name).or_else(|| pins::refusal(&drive, device, crystal)) {
            return wrong(problem);
        }
        if let Some((other, _)) = driven.iter().find(|(_, other)| other.pin() == drive.pin()) {
            return wrong(format!("{} is the pin of {other:?}; take another one", drive.pin()));
        }
        if let Some((other, _)) = driven.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return wrong(format!("differs from {other:?} in capitals only"));
        }
        driven.push((name.clone(), drive));
    }
    let mut measured: Named<Input> = Vec::new();
    for (name, raw) in inputs {
        let wrong = |problem: String| Err(("inputs", name.clone(), format!("{name:?}: {problem}")));
        let Raw { pin, mul, offset, shift } = raw;
        if let Some(problem) = refused_name(&name) {
            return wrong(problem);
        }
        let Some((port, bit)) = pin_name(&pin) else {
            return wrong(format!("{pin:?} is no pin, as \"PC0\""));
        };
        let level = Drive { port, bit, high: false };
        if let Some(problem) = pins::refusal(&level, device, crystal) {
            return wrong(problem);
        }
        let channels = device.adc.as_ref().map(|adc| &adc.channels);
        let Some(&channel) = channels.and_then(|channels| channels.get(&pin)) else {
            let of =
                |channels: &BTreeMap<String, u8>| channels.keys().cloned().collect::<Vec<_>>().join(", ");
            let known = channels.map_or("none are".into(), of);
            return wrong(format!("{pin} is no analogue input of {}; these are: {known}", device.name));
        };
        if let Some((other, _)) = driven.iter().find(|(_, drive)| drive.pin() == pin) {
            return wrong(format!("{pin} is switched by {other:?}; take another pin"));
        }
        if let Some((other, _)) = measured.iter().find(|(other, _)| other.eq_ignore_ascii_case(&name)) {
            return wrong(format!("differs from {other:?} in capitals only"));
        }
        if shift > 24 || offset.unsigned_abs() > 1 << 30 {
            return wrong("shift is 0 to 24, offset within 2^30 of 0".into());
        }
        measured.push((name, Input { pin, channel, mul, offset, shift }));
    }
    Ok((driven, measured))
}

/// Why nothing can be called so.
fn refused_name(name: &str) -> Option<String> {
    let is_named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let fits = (1..=16).contains(&name.len()) && name.chars().all(is_named);
    (!fits).then(|| "is no name of a tool: 1 to 16 letters, digits, '-' and '_'".into())
}

/// The entry of a tool's name; capitals do not matter.
pub fn find<'a, T>(entries: &'a [(String, T)], name: &str) -> Option<&'a T> {
    entries.iter().find(|(entry, _)| entry.eq_ignore_ascii_case(name)).map(|(_, entry)| entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Assets;
    use crate::target::Profile;

    const UNO: &str = include_str!("../../../runtime-avr/profiles/uno.ron");

    /// What is said of the uno's file with these entries in the place of its own.
    fn said(entries: &str) -> String {
        let at = UNO.find("    // Of sequence models").expect("the uno has tools");
        let text = format!("{}{entries} )", &UNO[..at]);
        let devices = Assets::builtin().devices().expect("built-in devices are valid");
        let read = Profile::read(&text, "own", "own.ron", &devices);
        read.map_or_else(|error| error.to_string(), |p| format!("{:?} {:?}", p.switches, p.inputs))
    }

    #[test]
    fn pins_of_tools_are_checked() {
        let line = UNO[..UNO.find("    // Of sequence models").expect("it has")].lines().count() + 1;
        for (entries, message) in [
            (
                "switches: { \"a\": \"PB5\" },",
                "switches: \"a\": \"PB5\" is no pin with its level, as \"PB5 high\" or \"PB5 low\"",
            ),
            (
                "switches: { \"a\": \"PD0 high\" },",
                "switches: \"a\": PD0 is the RX of atmega328p; take another pin",
            ),
            (
                "switches: { \"a\": \"PD1 low\" },",
                "switches: \"a\": PD1 is the TX of atmega328p; take another pin",
            ),
            (
                "switches: { \"a\": \"PC6 low\" },",
                "switches: \"a\": PC6 is the reset of atmega328p; take another pin",
            ),
            (
                "switches: { \"a\": \"PB7 low\" },",
                "switches: \"a\": the crystal is at PB7; take another pin, or say internal_clock: true without one",
            ),
            (
                "switches: { \"a b\": \"PB5 low\" },",
                "switches: \"a b\": is no name of a tool: 1 to 16 letters, digits, '-' and '_'",
            ),
            (
                "switches: { \"a\": \"PB5 low\", \"a\": \"PB4 low\" },",
                "switches: \"a\" stands twice; a name has one pin",
            ),
            (
                "switches: { \"a\": \"PB5 low\", \"A\": \"PB4 low\" },",
                "switches: \"A\": differs from \"a\" in capitals only",
            ),
            (
                "switches: { \"a\": \"PB5 low\", \"b\": \"PB5 high\" },",
                "switches: \"b\": PB5 is the pin of \"a\"; take another one",
            ),
            ("inputs: { \"t\": (pin: \"C0\") },", "inputs: \"t\": \"C0\" is no pin, as \"PC0\""),
            (
                "inputs: { \"t\": (pin: \"PC7\") },",
                "inputs: \"t\": atmega328p has no pin PC7; its pins are PB0-7, PC0-6, PD0-7",
            ),
            (
                "inputs: { \"t\": (pin: \"PD0\") },",
                "inputs: \"t\": PD0 is the RX of atmega328p; take another pin",
            ),
            (
                "inputs: { \"t\": (pin: \"PB1\") },",
                "inputs: \"t\": PB1 is no analogue input of atmega328p; these are: PC0, PC1, PC2, PC3, PC4, PC5",
            ),
            (
                "inputs: { \"t\": (pin: \"PC0\", shift: 25) },",
                "inputs: \"t\": shift is 0 to 24, offset within 2^30 of 0",
            ),
            (
                "inputs: { \"t\": (pin: \"PC0\", offset: 1_073_741_825) },",
                "inputs: \"t\": shift is 0 to 24, offset within 2^30 of 0",
            ),
            (
                "inputs: { \"t\": (pin: \"PC0\"), \"T\": (pin: \"PC1\") },",
                "inputs: \"t\": differs from \"T\" in capitals only",
            ),
            (
                "inputs: { \"\": (pin: \"PC0\") },",
                "inputs: \"\": is no name of a tool: 1 to 16 letters, digits, '-' and '_'",
            ),
            (
                "switches: { \"a\": \"PC0 low\" }, inputs: { \"t\": (pin: \"PC0\") },",
                "inputs: \"t\": PC0 is switched by \"a\"; take another pin",
            ),
        ] {
            assert_eq!(said(entries), format!("own.ron:{line}: {message}"), "{entries}");
        }
        let unknown = said("inputs: { \"t\": (pin: \"PC0\", scale: 2) },");
        assert!(unknown.contains("scale"), "{unknown}");
        let two = said("inputs: { \"t\": (pin: \"PC0\"), \"u\": (pin: \"PC0\", mul: 2) },");
        assert!(two.contains("channel: 0, mul: 2, offset: 0, shift: 0"), "{two}");
    }

    #[test]
    fn counts_are_scaled_and_held() {
        let input = |mul, offset, shift| Input { pin: "PC0".into(), channel: 0, mul, offset, shift };
        // MCP9700 at 5 V: 10 mV a degree, 500 mV at 0.
        let degrees = input(125, -12_672, 8);
        assert_eq!([0, 102, 103, 154, 1023].map(|count| degrees.value(count)), [0, 0, 0, 25, 450]);
        assert_eq!(degrees.count(25), Ok(153));
        assert_eq!(degrees.count(451), Err([Some(450), None]));
        assert_eq!(input(64, 0, 0).value(1023), 65_472);
        assert_eq!(input(65, 0, 0).value(1023), 65_535);
        assert_eq!(input(-1, 1023, 0).count(0), Ok(1023));
        assert_eq!(input(3, 1, 0).count(0), Err([None, Some(1)]));
        assert_eq!(input(3, 1, 0).count(2), Err([Some(1), Some(4)]));
        assert_eq!(input(i16::MAX, 1 << 30, 24).value(1023), 65);
        assert_eq!(input(i16::MIN, -(1 << 30), 0).value(1023), 0);
    }
}
