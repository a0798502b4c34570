//! 64 KB of addresses, in eight slots that show blocks of memory.

use mlc_machine::Junk;

const SIZE: usize = 0x1_0000;
/// Bytes of a block, and of the slot that shows it.
pub(crate) const BLOCK: usize = 0x2000;
/// Slots of the memory, each a block long.
pub(crate) const SLOTS: usize = SIZE / BLOCK;
/// Banks of 16 KB, as most machines have them, are two blocks.
const BANK_SLOTS: usize = SLOTS / 2;

/// Marks of a byte. They stand with the byte in its block, and go where it goes. One byte for all of them, so that the run
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

/// The memory as the processor sees it: slot `n` has the addresses from `n` × 2000h on, and shows one block of 8 KB.
/// Several slots may show the same block. Addresses wrap.
///
/// A flat machine has blocks 0 to 7, and each slot shows the block of its own number. What is shown is kept by address, and
/// blocks are copied when a slot is to show another one: a byte is read and written as fast as if there were no others.
/// Bank `n` of 16 KB is blocks 2 `n` and the next.
pub struct Memory {
    bytes: Box<[u8; SIZE]>,
    marks: Box<[u8; SIZE]>,
    /// The block that each slot shows.
    shown: [u16; SLOTS],
    /// All blocks by number, those that are shown as they were before. Empty while nobody asks
    /// for another map than the flat one.
    blocks: Vec<Block>,
    junk: Junk,
}

#[derive(Clone)]
struct Block {
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
        Memory { bytes, marks, shown: [0, 1, 2, 3, 4, 5, 6, 7], blocks: Vec::new(), junk }
    }

    /// One more bank of 16 KB with junk that nobody wrote; no slot shows it yet. Gives its number.
    pub(crate) fn add_bank(&mut self) -> u8 {
        for _ in 0..2 {
            let bytes = (0..BLOCK).map(|_| self.junk.word() as u8).collect();
            self.add(Block { bytes, marks: vec![mark::BLANK; BLOCK] });
        }
        u8::try_from(self.blocks.len() / 2 - 1).expect("no machine has more than 4 MB of memory in banks")
    }

    /// One more block: a ROM, to which every write is refused. No slot shows it yet. Gives its number. Behind a short
    /// content it is FFh.
    pub(crate) fn add_rom(&mut self, content: &[u8]) -> u16 {
        let mut bytes = content.to_vec();
        bytes.resize(BLOCK, 0xFF);
        self.add(Block { bytes, marks: vec![mark::PROTECTED; BLOCK] })
    }

    fn add(&mut self, block: Block) -> u16 {
        self.keep_blocks();
        self.blocks.push(block);
        u16::try_from(self.blocks.len() - 1).expect("no machine has more than 512 MB of memory")
    }

    /// Makes places for the blocks that a flat machine has; what is shown comes there when it is shown no longer.
    fn keep_blocks(&mut self) {
        if self.blocks.is_empty() {
            self.blocks = vec![Block { bytes: vec![0; BLOCK], marks: vec![0; BLOCK] }; SLOTS];
        }
    }

    /// Has each slot show a block, by its number.
    pub(crate) fn show(&mut self, blocks: [u16; SLOTS]) {
        if blocks == self.shown {
            return;
        }
        for block in blocks {
            assert!(
                usize::from(block) < self.blocks.len().max(SLOTS),
                "the machine has no bank {}",
                block / 2
            );
        }
        self.keep_blocks();
        let before = std::mem::replace(&mut self.shown, blocks);
        // What other slots show from now on, or none, must be up to date in its block.
        let stays = |block: u16| (0..SLOTS).all(|slot| (before[slot] == block) == (blocks[slot] == block));
        for slot in (0..SLOTS).filter(|&slot| !stays(before[slot])) {
            let block = &mut self.blocks[usize::from(before[slot])];
            block.bytes.copy_from_slice(&self.bytes[slot * BLOCK..][..BLOCK]);
            block.marks.copy_from_slice(&self.marks[slot * BLOCK..][..BLOCK]);
        }
        for slot in (0..SLOTS).filter(|&slot| before[slot] != blocks[slot]) {
            let block = &self.blocks[usize::from(blocks[slot])];
            self.bytes[slot * BLOCK..][..BLOCK].copy_from_slice(&block.bytes);
            self.marks[slot * BLOCK..][..BLOCK].copy_from_slice(&block.marks);
        }
        let is_shared = |blocks: [u16; SLOTS], slot: usize| {
            blocks.iter().filter(|&&block| block == blocks[slot]).count() > 1
        };
        for slot in 0..SLOTS {
            let shared = is_shared(blocks, slot);
            // A block that was put aside may have been shared then.
            if before[slot] == blocks[slot] && shared == is_shared(before, slot) {
                continue;
            }
            let shared = if shared { mark::SHARED } else { 0 };
            for marks in &mut self.marks[slot * BLOCK..][..BLOCK] {
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
fn places(shown: [u16; SLOTS], address: u16) -> impl Iterator<Item = usize> {
    let (slot, offset) = (usize::from(address) / BLOCK, usize::from(address) % BLOCK);
    let same = move |&other: &usize| shown[other] == shown[slot];
    (0..SLOTS).filter(same).map(move |slot| slot * BLOCK + offset)
}

/// The blocks of four banks of 16 KB.
pub(crate) fn blocks_of(banks: [u8; BANK_SLOTS]) -> [u16; SLOTS] {
    std::array::from_fn(|slot| 2 * u16::from(banks[slot / 2]) + (slot % 2) as u16)
}

fn zeroed() -> Box<[u8; SIZE]> {
    vec![0; SIZE].into_boxed_slice().try_into().expect("the slice was made with exactly SIZE elements")
}
