//! Drive A: files by name, in memory.

use std::collections::BTreeMap;

use thiserror::Error;

/// Name and type, upper case, padded with spaces.
pub(super) type Name = [u8; 11];

/// Why a file cannot be put on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DiskError {
    #[error(
        "\"{name}\" is no CP/M file name: 1 to 8 characters, or with a point and 1 to 3 more, and none of <>.,;:=?*_ or space"
    )]
    Name { name: String },
    #[error("\"{name}\" has {size} bytes; a CP/M 2.2 file has at most 8388608")]
    TooLarge { name: String, size: usize },
}

/// 65,536 records of 128 bytes.
const LARGEST: usize = 8_388_608;

/// The files of a drive. CP/M knows their sizes in records of 128 bytes only; the rest of a last record that
/// is not full reads as 1Ah, CP/M's end of text.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    pub(super) files: BTreeMap<Name, Vec<u8>>,
}

impl Disk {
    /// Puts a file there, in place of one with the same name. Lower case is made upper case.
    pub fn insert(&mut self, name: &str, contents: Vec<u8>) -> Result<(), DiskError> {
        let key = key(name).ok_or_else(|| DiskError::Name { name: name.to_owned() })?;
        if contents.len() > LARGEST {
            return Err(DiskError::TooLarge { name: name.to_owned(), size: contents.len() });
        }
        self.files.insert(key, contents);
        Ok(())
    }

    /// The contents of a file; what programs wrote comes in whole records.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(&key(name)?).map(Vec::as_slice)
    }

    /// The names of all files, `NAME.TYP`, sorted. Bytes that are not ASCII show as `?`.
    pub fn names(&self) -> Vec<String> {
        self.files.keys().map(display).collect()
    }
}

fn key(name: &str) -> Option<Name> {
    let (stem, kind) = match name.split_once('.') {
        Some((stem, kind)) if !kind.is_empty() => (stem, kind),
        Some(_) => return None,
        None => (name, ""),
    };
    let legal = |part: &str| part.bytes().all(|b| b.is_ascii_graphic() && !b"<>.,;:=?*_".contains(&b));
    if stem.is_empty() || stem.len() > 8 || kind.len() > 3 || !legal(stem) || !legal(kind) {
        return None;
    }
    let mut key = [b' '; 11];
    key[..stem.len()].copy_from_slice(stem.to_ascii_uppercase().as_bytes());
    key[8..8 + kind.len()].copy_from_slice(kind.to_ascii_uppercase().as_bytes());
    Some(key)
}

fn display(name: &Name) -> String {
    let text = |part: &[u8]| -> String {
        part.trim_ascii_end().iter().map(|&b| if b.is_ascii_graphic() { b as char } else { '?' }).collect()
    };
    let (stem, kind) = (text(&name[..8]), text(&name[8..]));
    if kind.is_empty() { stem } else { format!("{stem}.{kind}") }
}
