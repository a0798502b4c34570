//! Pins that labels drive: how a profile names them, which ones a board has free, and which label drives which.

use super::device::Device;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

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
        write!(f, "{} {level}", self.pin())
    }
}

impl Drive {
    /// The pin as the chip's maker names it: `PB5`.
    pub fn pin(&self) -> String {
        format!("P{}{}", self.port, self.bit)
    }

    /// Reads `PB5 high`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (pin, level) = text.split_once(' ')?;
        let (port, bit) = pin_name(pin)?;
        let high = match level.trim() {
            "high" => true,
            "low" => false,
            _ => return None,
        };
        Some(Self { port, bit, high })
    }
}

/// Port and bit of `PB5`.
pub(super) fn pin_name(text: &str) -> Option<(char, u8)> {
    let (port, bit) = text.strip_prefix('P')?.split_at_checked(1)?;
    let port = port.chars().next().filter(char::is_ascii_uppercase)?;
    let bit = bit.parse().ok().filter(|&bit: &u8| bit < 8 && text.len() == 3)?;
    Some((port, bit))
}

/// Why labels cannot drive a pin of `device`, if so: the chip lacks it, or needs it for something else. `crystal`: the
/// board's clock comes from one.
pub(super) fn refusal(drive: &Drive, device: &Device, crystal: bool) -> Option<String> {
    let (name, chip) = (drive.pin(), &device.name);
    if !exists(&name, device) {
        return Some(format!("{chip} has no pin {name}; its pins are {}", all(device)));
    }
    if let Some(use_) = device.taken.get(&name) {
        return Some(format!("{name} is the {use_} of {chip}; take another pin"));
    }
    (crystal && device.crystal.contains(&name)).then(|| {
        format!("the crystal is at {name}; take another pin, or say internal_clock: true without one")
    })
}

/// Whether a device has a pin of that name.
pub(super) fn exists(name: &str, device: &Device) -> bool {
    let bits = |(port, bit): (char, u8)| device.pins.get(&port).map_or(0, |bits| bits >> bit & 1);
    pin_name(name).is_some_and(|pin| bits(pin) == 1)
}

/// All pins of a device, by port: `PB0-7, PC0-6`.
pub(super) fn all(device: &Device) -> String {
    let port = |(port, &bits): (&char, &u8)| {
        let mut runs: Vec<(u8, u8)> = Vec::new();
        for bit in (0..8).filter(|bit| bits >> bit & 1 == 1) {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == bit => *last = bit,
                _ => runs.push((bit, bit)),
            }
        }
        let run = |(first, last): (u8, u8)| match first == last {
            true => format!("P{port}{first}"),
            false => format!("P{port}{first}-{last}"),
        };
        runs.into_iter().map(run).collect::<Vec<_>>().join(", ")
    };
    device.pins.iter().map(port).collect::<Vec<_>>().join(", ")
}

/// The pin of each label that drives one, in the order of the labels: the label's place, and the place in `pins`. A
/// label takes the pin of its own name. Else it takes a pin whose name differs in capitals only, if no other label and no
/// other pin differ from it in capitals only.
pub fn matched<T>(pins: &[(String, T)], labels: &[String]) -> Vec<(usize, usize)> {
    let found = |label: &String| {
        if let Some(pin) = pins.iter().position(|(name, _)| name == label) {
            return Some(pin);
        }
        let alike = |name: &String| name.eq_ignore_ascii_case(label);
        let mut like = pins.iter().enumerate().filter(|(_, (name, _))| alike(name));
        let (pin, _) = like.next()?;
        let alone = like.next().is_none() && labels.iter().filter(|other| alike(other)).count() == 1;
        alone.then_some(pin)
    };
    labels.iter().enumerate().filter_map(|(label, name)| Some((label, found(name)?))).collect()
}

/// The entries of a map as they stand in the file, a key that is there twice included.
#[derive(Debug, Default)]
pub(super) struct Entries(pub Vec<(String, String)>);

impl Entries {
    /// A key that stands twice.
    pub fn twice(&self) -> Option<&str> {
        let mut keys = self.0.iter().enumerate();
        let found = keys.find(|(i, (key, _))| self.0[..*i].iter().any(|(other, _)| other == key));
        found.map(|(_, (key, _))| key.as_str())
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Entries;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_are_read() {
        let pin = |text| Drive::read(text).map(|drive| drive.to_string());
        assert_eq!(pin("PB5 high").as_deref(), Some("PB5 high"));
        assert_eq!(pin("PD0 low").as_deref(), Some("PD0 low"));
        for wrong in [
            "",
            "PB5",
            "PB8 high",
            "B5 high",
            "Pb5 high",
            "PB55 high",
            "PB5 up",
            "PÄ5 high",
            "PB high",
            "PB+ high",
        ] {
            assert_eq!(pin(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn labels_find_their_pins() {
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(|name| name.to_string()).collect() };
        for (pins, labels, found) in [
            (&["ON", "OFF"][..], &["ON", "UP", "OFF"][..], &[(0, 0), (2, 1)][..]),
            (&["ON", "OFF"], &["off", "On"], &[(0, 1), (1, 0)]),
            // The exact name goes first, and leaves nothing for the other.
            (&["ON"], &["on", "ON"], &[(1, 0)]),
            // Which of the two labels is meant, or which of the two pins, nobody can tell.
            (&["ON"], &["on", "On"], &[]),
            (&["ON", "on"], &["On"], &[]),
            (&["ON", "on"], &["on"], &[(0, 1)]),
            (&["ON"], &["ONE"], &[]),
        ] {
            let pins: Vec<_> = names(pins).into_iter().map(|name| (name, ())).collect();
            assert_eq!(matched(&pins, &names(labels)), found, "{labels:?}");
        }
    }
}
