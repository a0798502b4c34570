//! The header of a file on an Amstrad disk: 128 bytes with a checksum over the first 67.

use std::borrow::Cow;
use thiserror::Error;

const HEADER: usize = 128;
const SUMMED: usize = 67;
pub(super) const BINARY: u8 = 2;

/// Why a file is no program that can be started.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AmsdosError {
    #[error("the file has {length} bytes, less than an AMSDOS header")]
    Short { length: usize },
    #[error(
        "the header's checksum is {found:04X}h, its bytes give {wants:04X}h: no AMSDOS file, or a damaged one"
    )]
    Checksum { found: u16, wants: u16 },
    #[error("the header says file type {kind}; a binary file has 2")]
    Kind { kind: u8 },
    #[error("the header says {says} bytes of content; the file has {has}")]
    Length { says: usize, has: usize },
    #[error(
        "content from {start:04X}h to {end:05X}h meets what the system needs below 0040h or from {limit:04X}h on"
    )]
    Place { start: u16, end: usize, limit: u16 },
    #[error("the entry {entry:04X}h lies outside of the content")]
    Entry { entry: u16 },
}

/// Content of a binary file, where it is loaded and entered.
#[derive(Debug)]
pub(super) struct Binary<'f> {
    pub(super) start: u16,
    pub(super) entry: u16,
    pub(super) bytes: Cow<'f, [u8]>,
}

impl Binary<'_> {
    /// Whether it can be loaded between `first` and `limit`, and started.
    pub(super) fn check(self, first: u16, limit: u16) -> Result<Self, AmsdosError> {
        let (start, entry) = (self.start, self.entry);
        let end = usize::from(start) + self.bytes.len();
        if start < first || end > usize::from(limit) {
            return Err(AmsdosError::Place { start, end, limit });
        }
        if !(usize::from(start)..end).contains(&usize::from(entry)) {
            return Err(AmsdosError::Entry { entry });
        }
        Ok(self)
    }
}

/// Reads a binary file with its header.
pub(super) fn read(file: &[u8]) -> Result<Binary<'_>, AmsdosError> {
    let Some((header, bytes)) = file.split_at_checked(HEADER) else {
        return Err(AmsdosError::Short { length: file.len() });
    };
    let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let wants = header[..SUMMED].iter().map(|&byte| u16::from(byte)).sum();
    if word(SUMMED) != wants {
        return Err(AmsdosError::Checksum { found: word(SUMMED), wants });
    }
    if header[18] != BINARY {
        return Err(AmsdosError::Kind { kind: header[18] });
    }
    let says = usize::from(word(24));
    // A disk stores whole records: what stands behind the content is anything.
    let Some(bytes) = bytes.get(..says) else { return Err(AmsdosError::Length { says, has: bytes.len() }) };
    Ok(Binary { start: word(21), entry: word(26), bytes: Cow::Borrowed(bytes) })
}
