//! Addresses as people know them: `scan_2+5 (0234h)`.

use std::collections::BTreeMap;
use std::fmt;

/// The names of a program's addresses.
#[derive(Debug, Clone, Default)]
pub struct Symbols {
    names: BTreeMap<u16, String>,
}

impl Symbols {
    /// The symbol at `address`, or the nearest below it with the distance.
    pub fn locate(&self, address: u16) -> Location {
        let symbol = self.names.range(..=address).next_back().map(|(at, name)| (name.clone(), address - at));
        Location { address, symbol }
    }
}

impl From<BTreeMap<u16, String>> for Symbols {
    fn from(names: BTreeMap<u16, String>) -> Self {
        Symbols { names }
    }
}

impl FromIterator<(u16, String)> for Symbols {
    /// Of several names for one address, the first one given stays.
    fn from_iter<I: IntoIterator<Item = (u16, String)>>(pairs: I) -> Self {
        let mut names = BTreeMap::new();
        for (address, name) in pairs {
            names.entry(address).or_insert(name);
        }
        Symbols { names }
    }
}

/// An address with the symbol it belongs to. Prints as `scan_2+5 (0234h)`, or `0234h` without a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub address: u16,
    /// The symbol's name and the distance from it in bytes.
    pub symbol: Option<(String, u16)>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.symbol {
            Some((name, 0)) => write!(f, "{name} ({:04X}h)", self.address),
            Some((name, distance)) => write!(f, "{name}+{distance} ({:04X}h)", self.address),
            None => write!(f, "{:04X}h", self.address),
        }
    }
}
