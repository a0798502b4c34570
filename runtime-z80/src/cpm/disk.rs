//! Drive A: files by user and name, in memory, within the space of a disk of 8 MB.

use std::collections::BTreeMap;

use thiserror::Error;

/// Name and type, upper case, padded with spaces.
pub(super) type Name = [u8; 11];

/// User number and name: what tells files apart.
pub(super) type Key = (u8, Name);

/// Bytes of a record, the unit of reading and writing.
pub(super) const RECORD: usize = 128;
/// Bytes of a block, the unit in which space is given away.
pub(super) const BLOCK: usize = 2048;
/// 8 MB, the most that CP/M 2.2 can address on a drive.
pub(super) const BLOCKS: usize = 4096;
/// The first blocks hold the directory.
pub(super) const DIRECTORY_BLOCKS: usize = 8;
pub(super) const ENTRIES: usize = 512;
/// Bytes that a directory entry describes.
const EXTENT: usize = 16384;

/// Why a file cannot be put on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DiskError {
    #[error(
        "\"{name}\" is no CP/M file name: 1 to 8 characters, or with a point and 1 to 3 more, and none of <>.,;:=?*_ or space"
    )]
    Name { name: String },
    #[error(
        "\"{name}\" with its {size} bytes does not fit on the disk, which has 8372224 bytes in 512 extents"
    )]
    Full { name: String, size: usize },
}

/// What the disk lacks for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    Blocks,
    Entries,
}

#[derive(Debug, Clone, Default)]
pub(super) struct File {
    pub(super) contents: Vec<u8>,
    /// Bit 7 of each character of the name, from bit 0 on.
    pub(super) attributes: u16,
}

impl File {
    /// Attribute t1': writes to it are refused.
    pub(super) fn is_read_only(&self) -> bool {
        self.attributes & 1 << 8 != 0
    }

    /// 65,536 at most.
    pub(super) fn records(&self) -> u32 {
        self.contents.len().div_ceil(RECORD) as u32
    }

    pub(super) fn extents(&self) -> usize {
        extents(self.contents.len())
    }

    pub(super) fn blocks(&self) -> usize {
        self.contents.len().div_ceil(BLOCK)
    }
}

/// An empty file has an entry, too.
fn extents(size: usize) -> usize {
    size.div_ceil(EXTENT).max(1)
}

/// The files of a drive. CP/M knows their sizes in records of 128 bytes only; the rest of a last record that
/// is not full reads as 1Ah, CP/M's end of text.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    pub(super) files: BTreeMap<Key, File>,
}

impl Disk {
    /// Puts a file there for user 0, in place of one with the same name. Lower case is made upper case.
    ///
    /// # Errors
    /// A name that CP/M does not have; a disk that is full.
    pub fn insert(&mut self, name: &str, contents: Vec<u8>) -> Result<(), DiskError> {
        let key = (0, key(name).ok_or_else(|| DiskError::Name { name: name.to_owned() })?);
        if self.lacks(&key, contents.len()).is_some() {
            return Err(DiskError::Full { name: name.to_owned(), size: contents.len() });
        }
        self.files.insert(key, File { contents, attributes: 0 });
        Ok(())
    }

    /// The contents of a file of user 0; what programs wrote comes in whole records.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(&(0, key(name)?)).map(|file| file.contents.as_slice())
    }

    /// The names of all files, `NAME.TYP`, sorted by user; those of other users than 0 as `3:NAME.TYP`. Bytes that are not
    /// ASCII show as `?`.
    pub fn names(&self) -> Vec<String> {
        let shown = |(user, name): &Key| match user {
            0 => display(name),
            user => format!("{user}:{}", display(name)),
        };
        self.files.keys().map(shown).collect()
    }

    /// What is not there to have the file `key` in `size` bytes; `None` if it fits.
    pub(super) fn lacks(&self, key: &Key, size: usize) -> Option<Lack> {
        let others = || self.files.iter().filter(|(other, _)| *other != key).map(|(_, file)| file);
        if others().map(File::blocks).sum::<usize>() + size.div_ceil(BLOCK) > BLOCKS - DIRECTORY_BLOCKS {
            return Some(Lack::Blocks);
        }
        let entries = others().map(File::extents).sum::<usize>() + extents(size);
        (entries > ENTRIES).then_some(Lack::Entries)
    }

    /// The first block of a file: files lie one behind the other.
    pub(super) fn first_block(&self, key: &Key) -> usize {
        let before = self.files.range(..key).map(|(_, file)| file.blocks());
        DIRECTORY_BLOCKS + before.sum::<usize>()
    }
}

/// Whether every byte can stand in a name.
fn legal(part: &[u8]) -> bool {
    part.iter().all(|b| b.is_ascii_graphic() && !b"<>.,;:=?*_".contains(b))
}

/// Whether a name in a directory is one that can be typed: in upper case, blanks only behind it and behind its type.
pub(super) fn is_name(name: &Name) -> bool {
    let filled = |part: &[u8]| part.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    let (stem, kind) = (&name[..filled(&name[..8])], &name[8..8 + filled(&name[8..])]);
    !stem.is_empty() && legal(stem) && legal(kind) && !name.iter().any(u8::is_ascii_lowercase)
}

fn key(name: &str) -> Option<Name> {
    let (stem, kind) = match name.split_once('.') {
        Some((stem, kind)) if !kind.is_empty() => (stem, kind),
        Some(_) => return None,
        None => (name, ""),
    };
    let legal = |part: &str| legal(part.as_bytes());
    if stem.is_empty() || stem.len() > 8 || kind.len() > 3 || !legal(stem) || !legal(kind) {
        return None;
    }
    let mut key = [b' '; 11];
    key[..stem.len()].copy_from_slice(stem.to_ascii_uppercase().as_bytes());
    key[8..8 + kind.len()].copy_from_slice(kind.to_ascii_uppercase().as_bytes());
    Some(key)
}

pub(super) fn display(name: &Name) -> String {
    let text = |part: &[u8]| -> String {
        part.trim_ascii_end().iter().map(|&b| if b.is_ascii_graphic() { b as char } else { '?' }).collect()
    };
    let (stem, kind) = (text(&name[..8]), text(&name[8..]));
    if kind.is_empty() { stem } else { format!("{stem}.{kind}") }
}
