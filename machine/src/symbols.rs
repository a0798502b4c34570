//! Addresses as people know them: `scan_2+5 (0234h)`.

use std::collections::BTreeMap;
use std::fmt;

/// An address of code, with the notation usual for its processor.
pub trait Address: Copy + Ord + fmt::Debug {
    /// The address as a number.
    fn index(self) -> usize;

    /// Writes the address as this processor's programmers do.
    fn show(self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A Z80's address, in Intel's notation: `0234h`.
impl Address for u16 {
    #[inline]
    fn index(self) -> usize {
        usize::from(self)
    }

    fn show(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:04X}h")
    }
}

/// A byte address in an AVR's flash (which may have 23 bits), in the notation of GNU's tools: `0x0234`.
impl Address for u32 {
    #[inline]
    fn index(self) -> usize {
        self as usize
    }

    fn show(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#06x}")
    }
}

/// The names of a program's addresses.
#[derive(Debug, Clone)]
pub struct Symbols<A> {
    names: BTreeMap<A, String>,
}

impl<A> Default for Symbols<A> {
    fn default() -> Self {
        Symbols { names: BTreeMap::new() }
    }
}

impl<A: Address> Symbols<A> {
    /// The symbol at `address`, or the nearest below it with the distance.
    pub fn locate(&self, address: A) -> Location<A> {
        let nearest = self.names.range(..=address).next_back();
        let symbol = nearest.map(|(at, name)| (name.clone(), address.index() - at.index()));
        Location { address, symbol }
    }

    /// All symbols, by address.
    pub fn iter(&self) -> impl Iterator<Item = (A, &str)> {
        self.names.iter().map(|(&address, name)| (address, name.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl<A> From<BTreeMap<A, String>> for Symbols<A> {
    fn from(names: BTreeMap<A, String>) -> Self {
        Symbols { names }
    }
}

impl<A: Address> FromIterator<(A, String)> for Symbols<A> {
    /// Of several names for one address, the first one given stays.
    fn from_iter<I: IntoIterator<Item = (A, String)>>(pairs: I) -> Self {
        let mut names = BTreeMap::new();
        for (address, name) in pairs {
            names.entry(address).or_insert(name);
        }
        Symbols { names }
    }
}

/// An address with the symbol it belongs to. Prints as `scan_2+5 (0234h)`, or `0234h` without a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location<A> {
    pub address: A,
    /// The symbol's name and the distance from it in bytes.
    pub symbol: Option<(String, usize)>,
}

impl<A: Address> fmt::Display for Location<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.symbol {
            Some((name, 0)) => write!(f, "{name} (")?,
            Some((name, distance)) => write!(f, "{name}+{distance} (")?,
            None => return self.address.show(f),
        }
        self.address.show(f)?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations() {
        let z80: Symbols<u16> = [(0x0200, "a".to_owned()), (0x0200, "b".to_owned())].into_iter().collect();
        assert_eq!(z80.locate(0x0200).to_string(), "a (0200h)");
        assert_eq!(z80.locate(0x0234).to_string(), "a+52 (0234h)");
        assert_eq!(z80.locate(0x01FF).to_string(), "01FFh");
        let avr: Symbols<u32> = [(0x68, "main".to_owned())].into_iter().collect();
        assert_eq!(avr.locate(0x68).to_string(), "main (0x0068)");
        assert_eq!(avr.locate(0x1_0000).to_string(), "main+65432 (0x10000)");
        assert_eq!(avr.locate(0).to_string(), "0x0000");
    }
}
