//! Machine code by instruction, for programs that the tests generate. Written from the manual, apart from the
//! decoder.

/// Instructions in a row, from word address 0.
#[derive(Default)]
pub struct Code {
    pub words: Vec<u16>,
}

const fn d5(d: u8) -> u16 {
    (d as u16) << 4
}

/// Two registers: `op` is the pattern without them.
pub const fn two(op: u16, d: u8, r: u8) -> u16 {
    op | d5(d) | (r as u16 & 0x10) << 5 | r as u16 & 0xF
}

/// A register from 16 on, and a byte.
pub const fn immediate(op: u16, d: u8, k: u8) -> u16 {
    op | (d as u16 & 0xF) << 4 | (k as u16 & 0xF0) << 4 | k as u16 & 0xF
}

/// One register.
pub const fn one(op: u16, d: u8) -> u16 {
    op | d5(d)
}

/// `LDD`/`STD` (8000h/8200h for Z, 8 more for Y).
pub const fn displaced(op: u16, d: u8, q: u8) -> u16 {
    let q = q as u16;
    op | d5(d) | (q & 0x20) << 8 | (q & 0x18) << 7 | q & 7
}

/// `IN` (B000h) and `OUT` (B800h).
pub const fn io(op: u16, d: u8, address: u8) -> u16 {
    op | d5(d) | (address as u16 & 0x30) << 5 | address as u16 & 0xF
}

impl Code {
    pub fn put(&mut self, words: &[u16]) {
        self.words.extend(words);
    }

    /// The word address of what comes next.
    pub fn here(&self) -> u16 {
        self.words.len() as u16
    }

    pub fn ldi(&mut self, d: u8, k: u8) {
        self.put(&[immediate(0xE000, d, k)]);
    }

    pub fn lds(&mut self, d: u8, address: u16) {
        self.put(&[one(0x9000, d), address]);
    }

    pub fn sts(&mut self, address: u16, d: u8) {
        self.put(&[one(0x9200, d), address]);
    }

    pub fn input(&mut self, d: u8, address: u8) {
        self.put(&[io(0xB000, d, address)]);
    }

    pub fn output(&mut self, address: u8, d: u8) {
        self.put(&[io(0xB800, d, address)]);
    }

    pub fn call(&mut self, word: u16) {
        self.put(&[0x940E, word]);
    }

    pub fn ret(&mut self) {
        self.put(&[0x9508]);
    }

    /// `BRNE` or `BREQ` (F401h, F001h) or another branch, back or forth to a word address.
    pub fn branch(&mut self, op: u16, target: u16) {
        let offset = target.wrapping_sub(self.here() + 1);
        self.put(&[op | (offset & 0x7F) << 3]);
    }

    /// `RJMP` to a word address.
    pub fn branch_always(&mut self, target: u16) {
        let offset = target.wrapping_sub(self.here() + 1);
        self.put(&[0xC000 | offset & 0x0FFF]);
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
}

/// Intel HEX.
pub fn hex_file(bytes: &[u8]) -> String {
    let record = |offset: u16, value: &[u8]| ihex::Record::Data { offset, value: value.to_vec() };
    let mut records: Vec<_> =
        bytes.chunks(32).enumerate().map(|(n, chunk)| record(n as u16 * 32, chunk)).collect();
    records.push(ihex::Record::EndOfFile);
    ihex::create_object_file_representation(&records).unwrap()
}
