//! The file functions of the BDOS, 13 to 40, on FCBs in the program's memory.
//!
//! A file is looked up by name at every call, so that nothing is lost when a program forgets to close it.

use super::directory;
use super::disk::{Disk, File, Key};
use super::fcb::{self, EX, NEW_NAME, S2};
use crate::core::Core;
use crate::end::FaultKind;

const DEFAULT_DMA: u16 = 0x0080;
/// Drive A's bit in a vector of drives.
const A: u16 = 1;
/// Users that CP/M 2.2 tells apart.
const USERS: u8 = 0x1F;

/// Results in A.
pub(super) const OK: u16 = 0;
pub(super) const NOT_FOUND: u16 = 0xFF;
const NO_ENTRY: u16 = 1;
/// Function 13: a file whose name begins with `$` is there.
const BATCH: u16 = 0xFF;

/// The disk and what the BDOS remembers between calls.
pub(super) struct Files {
    pub(super) disk: Disk,
    bdos: u16,
    pub(super) dma: u16,
    user: u8,
    /// Vectors of drives: those logged in, and those write-protected.
    logged: u16,
    protected: u16,
    /// The extents that a search has not given yet, the next one last.
    matches: Vec<(Key, u32)>,
}

impl Files {
    /// Of the BDOS at `bdos`, with drive A logged in, as the command processor leaves it.
    pub(super) fn new(bdos: u16) -> Self {
        Files {
            disk: Disk::default(),
            bdos,
            dma: DEFAULT_DMA,
            user: 0,
            logged: A,
            protected: 0,
            matches: Vec::new(),
        }
    }

    pub(super) fn disk(&mut self) -> &mut Disk {
        &mut self.disk
    }

    /// Does function `number` with `de`. Numbers that CP/M 2.2 does not have do nothing and give 0, as there.
    pub(super) fn call(&mut self, number: u8, de: u16, core: &mut Core) -> Result<u16, FaultKind> {
        Ok(match number {
            13 => self.reset(),
            14 if de & 0xFF == 0 => {
                self.logged = A;
                OK
            }
            14 => return Err(no_drive(de as u8)),
            18 => self.next_match(core),
            24 => self.logged,
            // The current drive is A, number 0.
            25 => 0,
            26 => {
                self.dma = de;
                OK
            }
            27 => directory::allocation(core, self.bdos, &self.disk),
            28 => {
                self.protected = A;
                OK
            }
            29 => self.protected,
            31 => directory::parameters(self.bdos),
            32 if de as u8 == 0xFF => u16::from(self.user),
            32 => {
                self.user = de as u8 & USERS;
                OK
            }
            37 => {
                self.logged &= !de;
                self.protected &= !de;
                OK
            }
            15..=17 | 19..=23 | 30 | 33..=36 | 40 => return self.on_file(number, de, core),
            _ => 0,
        })
    }

    /// Function 13 tells whether a file is there whose name begins with `$`: a batch that waits.
    fn reset(&mut self) -> u16 {
        (self.dma, self.logged, self.protected) = (DEFAULT_DMA, A, 0);
        let waits = self.disk.files.keys().any(|(user, name)| *user == self.user && name[0] == b'$');
        if waits { BATCH } else { OK }
    }

    /// The functions that take an FCB.
    fn on_file(&mut self, number: u8, fcb: u16, core: &mut Core) -> Result<u16, FaultKind> {
        match core.memory().byte(fcb) {
            0 | 1 => {}
            b'?' if number == 17 => {}
            drive => return Err(no_drive(drive - 1)),
        }
        self.logged = A;
        let key = (self.user, fcb::name(core, fcb));
        Ok(match number {
            15 => self.open(core, fcb, &key),
            16 => found(self.disk.files.contains_key(&key)),
            17 => {
                self.search(core, fcb, &key);
                self.next_match(core)
            }
            19 => self.delete(&key)?,
            20 => {
                let record = fcb::sequential(core, fcb);
                let result = self.read(core, &key, record);
                if result == OK {
                    self.seek(core, fcb, &key, record + 1);
                }
                result
            }
            21 => {
                let record = fcb::sequential(core, fcb);
                let result = self.write(core, &key, record, NO_ENTRY)?;
                if result == OK {
                    self.seek(core, fcb, &key, record + 1);
                }
                result
            }
            22 => self.make(core, fcb, &key)?,
            23 => self.rename(core, fcb, &key)?,
            30 => self.set_attributes(core, fcb, &key)?,
            33 | 34 | 40 => self.at_random(number, core, fcb, &key)?,
            35 => {
                let records = self.disk.files.get(&key).map(File::records);
                fcb::set_random(core, fcb, records.unwrap_or(0));
                found(records.is_some())
            }
            // 36 is what remains of the numbers let through above.
            _ => {
                let record = fcb::sequential(core, fcb);
                fcb::set_random(core, fcb, record);
                OK
            }
        })
    }

    fn open(&mut self, core: &mut Core, fcb: u16, pattern: &Key) -> u16 {
        let Some(key) = self.matching(pattern).next() else { return NOT_FOUND };
        fcb::set(core, fcb, S2, 0);
        let extent = u32::from(fcb::field(core, fcb, EX));
        if extent as usize >= self.disk.files[&key].extents() {
            return NOT_FOUND;
        }
        let entry = directory::entry(&self.disk, &key, extent);
        for (offset, &byte) in (0..).zip(&entry).skip(1).filter(|(offset, _)| ![EX, S2].contains(offset)) {
            fcb::set(core, fcb, offset, byte);
        }
        OK
    }

    /// Files of the pattern's user.
    fn matching(&self, (user, pattern): &Key) -> impl Iterator<Item = Key> {
        let fits = move |(owner, name): &&Key| owner == user && fcb::matches(pattern, name);
        self.disk.files.keys().filter(fits).copied()
    }

    /// Extents of all users with `?` for the drive, all of matching files with `?` for the extent, else that one.
    fn search(&mut self, core: &Core, fcb: u16, pattern: &Key) {
        let everything = core.memory().byte(fcb) == b'?';
        let wanted = fcb::field(core, fcb, EX);
        let extents = |key: Key| {
            let all = 0..self.disk.files[&key].extents() as u32;
            let wants = move |extent: &u32| everything || wanted == b'?' || *extent == u32::from(wanted);
            all.filter(wants).map(move |extent| (key, extent))
        };
        self.matches = match everything {
            true => self.disk.files.keys().copied().flat_map(extents).collect(),
            false => self.matching(pattern).flat_map(extents).collect(),
        };
        self.matches.reverse();
    }

    /// A directory entry at the start of the DMA buffer, the other three unused.
    fn next_match(&mut self, core: &mut Core) -> u16 {
        let Some((key, extent)) = self.matches.pop() else { return NOT_FOUND };
        let entry = directory::entry(&self.disk, &key, extent);
        self.to_dma(core, &directory::record(&entry));
        OK
    }

    fn delete(&mut self, pattern: &Key) -> Result<u16, FaultKind> {
        let keys: Vec<Key> = self.matching(pattern).collect();
        keys.iter().try_for_each(|key| self.check_writable(key))?;
        for key in &keys {
            self.disk.files.remove(key);
        }
        Ok(found(!keys.is_empty()))
    }

    fn make(&mut self, core: &mut Core, fcb: u16, key: &Key) -> Result<u16, FaultKind> {
        self.check_writable(key)?;
        if self.disk.lacks(key, 0).is_some() {
            return Ok(NOT_FOUND);
        }
        let attributes = fcb::attributes(core, fcb);
        self.disk.files.insert(*key, File { contents: Vec::new(), attributes });
        self.seek(core, fcb, key, 0);
        Ok(OK)
    }

    fn rename(&mut self, core: &mut Core, fcb: u16, key: &Key) -> Result<u16, FaultKind> {
        self.check_writable(key)?;
        let new = fcb.wrapping_add(NEW_NAME);
        let Some(file) = self.disk.files.remove(key) else { return Ok(NOT_FOUND) };
        let attributes = fcb::attributes(core, new);
        self.disk.files.insert((self.user, fcb::name(core, new)), File { attributes, ..file });
        Ok(OK)
    }

    fn set_attributes(&mut self, core: &mut Core, fcb: u16, pattern: &Key) -> Result<u16, FaultKind> {
        self.check_drive()?;
        let attributes = fcb::attributes(core, fcb);
        let keys: Vec<Key> = self.matching(pattern).collect();
        keys.iter()
            .filter_map(|key| self.disk.files.get_mut(key).map(|file| file.attributes = attributes))
            .count();
        Ok(found(!keys.is_empty()))
    }

    fn check_drive(&self) -> Result<(), FaultKind> {
        if self.protected != 0 { Err(FaultKind::ReadOnlyDrive) } else { Ok(()) }
    }

    /// A file that is not there yet is writable where the drive is.
    pub(super) fn check_writable(&self, key: &Key) -> Result<(), FaultKind> {
        self.check_drive()?;
        match self.disk.files.get(key) {
            Some(file) if file.is_read_only() => Err(FaultKind::ReadOnlyFile),
            _ => Ok(()),
        }
    }
}

fn no_drive(number: u8) -> FaultKind {
    let letter = number.checked_add(b'A').filter(u8::is_ascii_uppercase);
    FaultKind::NoSuchDrive { drive: letter.map_or('?', char::from) }
}

fn found(yes: bool) -> u16 {
    if yes { OK } else { NOT_FOUND }
}
