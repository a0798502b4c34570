//! The header of a file on an Amstrad disk: 128 bytes with a checksum over the first 67.

use crate::file::FileError;
use std::borrow::Cow;

const HEADER: usize = 128;
const SUMMED: usize = 67;
pub(super) const BINARY: u8 = 2;

/// Content of a binary file, where it is loaded and entered.
#[derive(Debug)]
pub(super) struct Binary<'f> {
    pub(super) start: u16,
    pub(super) entry: u16,
    pub(super) bytes: Cow<'f, [u8]>,
}

impl Binary<'_> {
    /// Whether it can be loaded between `first` and `limit`, and started.
    pub(super) fn check(self, first: u16, limit: u16) -> Result<Self, FileError> {
        let (start, entry) = (self.start, self.entry);
        let end = usize::from(start) + self.bytes.len();
        if start < first || end > usize::from(limit) {
            return Err(FileError::Place { start, end, limit });
        }
        if !(usize::from(start)..end).contains(&usize::from(entry)) {
            return Err(FileError::Entry { entry });
        }
        Ok(self)
    }
}

/// Reads a binary file with its header.
pub(super) fn read(file: &[u8]) -> Result<Binary<'_>, FileError> {
    let Some((header, bytes)) = file.split_at_checked(HEADER) else {
        return Err(FileError::HeaderShort { length: file.len() });
    };
    let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let wants = header[..SUMMED].iter().map(|&byte| u16::from(byte)).sum();
    if word(SUMMED) != wants {
        return Err(FileError::HeaderChecksum { found: word(SUMMED), wants });
    }
    if header[18] != BINARY {
        return Err(FileError::HeaderType { kind: header[18] });
    }
    let says = usize::from(word(24));
    // A disk stores whole records: what stands behind the content is anything.
    let Some(bytes) = bytes.get(..says) else {
        return Err(FileError::HeaderLength { says, has: bytes.len() });
    };
    Ok(Binary { start: word(21), entry: word(26), bytes: Cow::Borrowed(bytes) })
}
