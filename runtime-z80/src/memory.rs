//! 64 KB of addresses, in four slots that show banks of memory.

use mlc_machine::Junk;

const SIZE: usize = 0x1_0000;
/// Bytes of a bank, and of the slot that shows it.
const BANK: usize = 0x4000;
const SLOTS: usize = SIZE / BANK;

/// Marks of a byte. They stand with the byte in its bank, and go where it goes. One byte for all of them, so that the run
/// loop decides with one look.
pub(crate) mod mark {
    /// Neither loaded nor written yet: not to be executed.
    pub(crate) const BLANK: u8 = 1;
    /// A write is refused and ends the run.
    pub(crate) const PROTECTED: u8 = 2;
    /// Not to be executed.
    pub(crate) const NO_EXECUTE: u8 = 4;
    /// The host acts when PC gets here.
    pub(crate) const TRAP: u8 = 8;
    /// The observer is told when PC gets here.
    pub(crate) const WATCHED: u8 = 16;
    /// A write is lost: a ROM, or no memory at all.
    pub(crate) const READ_ONLY: u8 = 32;
    /// Another slot shows the same byte: a write changes it there, too.
    pub(crate) const SHARED: u8 = 64;

    pub(crate) const AT_WRITE: u8 = BLANK | PROTECTED | READ_ONLY | SHARED;
    pub(crate) const AT_EXECUTION: u8 = BLANK | NO_EXECUTE | TRAP | WATCHED;
}

/// The memory as the processor sees it: slot `n` has the addresses from `n` × 4000h on, and shows one bank of 16 KB.
/// Several slots may show the same bank. Addresses wrap.
///
/// A flat machine has banks 0 to 3, and each slot shows the bank of its own number. What is shown is kept by address, and
/// banks are copied when a slot is to show another one: a byte is read and written as fast as if there were no banks.
pub struct Memory {
    bytes: Box<[u8; SIZE]>,
    marks: Box<[u8; SIZE]>,
    /// The bank that each slot shows.
    shown: [u8; SLOTS],
    /// All banks by number, those that are shown as they were before. Empty while nobody asks
    /// for another map than the flat one.
    banks: Vec<Bank>,
    junk: Junk,
}

#[derive(Clone)]
struct Bank {
    bytes: Vec<u8>,
    marks: Vec<u8>,
}

impl Memory {
    /// A flat machine's memory, with junk from `seed`.
    pub(crate) fn flat(seed: u64) -> Self {
        let mut junk = Junk::new(seed);
        let (mut bytes, mut marks) = (zeroed(), zeroed());
        bytes.fill_with(|| junk.word() as u8);
        marks.fill(mark::BLANK);
        Memory { bytes, marks, shown: [0, 1, 2, 3], banks: Vec::new(), junk }
    }

    /// One more bank with junk that nobody wrote; no slot shows it yet. Gives its number.
    pub(crate) fn add_bank(&mut self) -> u8 {
        self.keep_banks();
        let bytes = (0..BANK).map(|_| self.junk.word() as u8).collect();
        self.banks.push(Bank { bytes, marks: vec![mark::BLANK; BANK] });
        u8::try_from(self.banks.len() - 1).expect("no machine has more than 4 MB of memory")
    }

    /// Makes places for the banks that a flat machine has; what is shown comes there when it is shown no longer.
    fn keep_banks(&mut self) {
        if self.banks.is_empty() {
            self.banks = vec![Bank { bytes: vec![0; BANK], marks: vec![0; BANK] }; SLOTS];
        }
    }

    /// Has each slot show a bank, by its number.
    pub(crate) fn show(&mut self, banks: [u8; SLOTS]) {
        if banks == self.shown {
            return;
        }
        for bank in banks {
            assert!(usize::from(bank) < self.banks.len().max(SLOTS), "the machine has no bank {bank}");
        }
        self.keep_banks();
        let before = std::mem::replace(&mut self.shown, banks);
        // What other slots show from now on, or none, must be up to date in its bank.
        let stays = |bank: u8| (0..SLOTS).all(|slot| (before[slot] == bank) == (banks[slot] == bank));
        for slot in (0..SLOTS).filter(|&slot| !stays(before[slot])) {
            let bank = &mut self.banks[usize::from(before[slot])];
            bank.bytes.copy_from_slice(&self.bytes[slot * BANK..][..BANK]);
            bank.marks.copy_from_slice(&self.marks[slot * BANK..][..BANK]);
        }
        for slot in (0..SLOTS).filter(|&slot| before[slot] != banks[slot]) {
            let bank = &self.banks[usize::from(banks[slot])];
            self.bytes[slot * BANK..][..BANK].copy_from_slice(&bank.bytes);
            self.marks[slot * BANK..][..BANK].copy_from_slice(&bank.marks);
        }
        for slot in 0..SLOTS {
            let is_shared = banks.iter().filter(|&&bank| bank == banks[slot]).count() > 1;
            let shared = if is_shared { mark::SHARED } else { 0 };
            for marks in &mut self.marks[slot * BANK..][..BANK] {
                *marks = *marks & !mark::SHARED | shared;
            }
        }
    }

    /// The byte at `address`.
    #[inline]
    pub fn byte(&self, address: u16) -> u8 {
        self.bytes[usize::from(address)]
    }

    /// The little-endian word at `address` and the next.
    #[inline]
    pub fn word(&self, address: u16) -> u16 {
        u16::from_le_bytes([self.byte(address), self.byte(address.wrapping_add(1))])
    }

    /// All that the slots show, indexed by address.
    pub fn bytes(&self) -> &[u8; SIZE] {
        &self.bytes
    }

    #[inline]
    pub(crate) fn marks(&self, address: u16) -> u8 {
        self.marks[usize::from(address)]
    }

    pub(crate) fn set_mark(&mut self, address: u16, mark: u8, on: bool) {
        for place in places(self.shown, address) {
            let marks = &mut self.marks[place];
            *marks = if on { *marks | mark } else { *marks & !mark };
        }
    }

    /// A write by the program, or on its behalf. `false`: the byte is protected, and stays.
    #[inline]
    pub(crate) fn write(&mut self, address: u16, value: u8) -> bool {
        let marks = self.marks(address);
        if marks & mark::AT_WRITE != 0 {
            return self.write_marked(address, value, marks);
        }
        self.bytes[usize::from(address)] = value;
        true
    }

    fn write_marked(&mut self, address: u16, value: u8, marks: u8) -> bool {
        if marks & mark::PROTECTED != 0 {
            return false;
        }
        if marks & mark::READ_ONLY == 0 {
            self.put(address, value);
        }
        true
    }

    /// Puts `value` there whatever the protection says, and makes it executable.
    pub(crate) fn put(&mut self, address: u16, value: u8) {
        for place in places(self.shown, address) {
            self.marks[place] &= !mark::BLANK;
            self.bytes[place] = value;
        }
    }
}

/// All addresses at which the byte at `address` is shown.
fn places(shown: [u8; SLOTS], address: u16) -> impl Iterator<Item = usize> {
    let (slot, offset) = (usize::from(address) / BANK, usize::from(address) % BANK);
    let same = move |&other: &usize| shown[other] == shown[slot];
    (0..SLOTS).filter(same).map(move |slot| slot * BANK + offset)
}

fn zeroed() -> Box<[u8; SIZE]> {
    vec![0; SIZE].into_boxed_slice().try_into().expect("the slice was made with exactly SIZE elements")
}
