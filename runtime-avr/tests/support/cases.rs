//! The cases that [`super::generate`] makes: an instruction with random operands and what it needs around it.

use mlc_machine::Junk;

use super::encode::{displaced, immediate, io, one, two};
use super::generate::{SCRATCH, SCRATCH_BYTES};

const X: u8 = 26;
const Y: u8 = 28;
const Z: u8 = 30;
const GPIOR: u8 = 0x1E;

/// `INC R25`, `COM R24`: what branches and skips jump over shows.
const MARK: u16 = one(0x9403, 25);
const OTHER_MARK: u16 = one(0x9400, 24);

const TWO: [(&str, u16); 11] = [
    ("cpc", 0x0400),
    ("sbc", 0x0800),
    ("add", 0x0C00),
    ("cp", 0x1400),
    ("sub", 0x1800),
    ("adc", 0x1C00),
    ("and", 0x2000),
    ("eor", 0x2400),
    ("or", 0x2800),
    ("mov", 0x2C00),
    ("mul", 0x9C00),
];
const IMMEDIATE: [(&str, u16); 6] =
    [("cpi", 0x3000), ("sbci", 0x4000), ("subi", 0x5000), ("ori", 0x6000), ("andi", 0x7000), ("ldi", 0xE000)];
const ONE: [(&str, u16); 8] = [
    ("com", 0x9400),
    ("neg", 0x9401),
    ("swap", 0x9402),
    ("inc", 0x9403),
    ("asr", 0x9405),
    ("lsr", 0x9406),
    ("ror", 0x9407),
    ("dec", 0x940A),
];
/// d and r from 16 to 23.
const SIGNED: [(&str, u16); 4] = [("mulsu", 0x0300), ("fmul", 0x0308), ("fmuls", 0x0380), ("fmulsu", 0x0388)];
/// Name, pattern, pointer, whether the pointer changes, whether it is a load.
const POINTED: [(&str, u16, u8, bool, bool); 16] = [
    ("ld Z+", 0x9001, Z, true, true),
    ("ld -Z", 0x9002, Z, true, true),
    ("ld Y+", 0x9009, Y, true, true),
    ("ld -Y", 0x900A, Y, true, true),
    ("ld X", 0x900C, X, false, true),
    ("ld X+", 0x900D, X, true, true),
    ("ld -X", 0x900E, X, true, true),
    ("st Z+", 0x9201, Z, true, false),
    ("st -Z", 0x9202, Z, true, false),
    ("st Y+", 0x9209, Y, true, false),
    ("st -Y", 0x920A, Y, true, false),
    ("st X", 0x920C, X, false, false),
    ("st X+", 0x920D, X, true, false),
    ("st -X", 0x920E, X, true, false),
    ("ld Z", 0x8000, Z, false, true),
    ("st Y", 0x8208, Y, false, false),
];

/// A case under construction.
pub struct Case<'a> {
    junk: &'a mut Junk,
    /// The word address of its first word.
    at: u16,
    pub name: String,
    pub words: Vec<u16>,
    registers: [u8; 32],
    sreg: u8,
    gpior: u8,
    scratch: [u8; SCRATCH_BYTES as usize],
}

impl<'a> Case<'a> {
    /// With operands as they interest: limits of the number ranges as often as anything else.
    pub fn new(junk: &'a mut Junk, at: u16) -> Self {
        let mut case = Case {
            junk,
            at,
            name: String::new(),
            words: Vec::new(),
            registers: [0; 32],
            sreg: 0,
            gpior: 0,
            scratch: [0; SCRATCH_BYTES as usize],
        };
        for n in 0..32 {
            case.registers[n] = case.operand();
        }
        for n in 0..case.scratch.len() {
            case.scratch[n] = case.operand();
        }
        case.sreg = case.junk.word() as u8;
        case.gpior = case.operand();
        case
    }

    /// The table's entry.
    pub fn input(&self) -> Vec<u8> {
        [&self.registers[..], &[self.sreg, self.gpior], &self.scratch[..]].concat()
    }

    fn below(&mut self, n: u16) -> u16 {
        self.junk.word() % n
    }

    fn register(&mut self) -> u8 {
        self.below(32) as u8
    }

    fn operand(&mut self) -> u8 {
        match self.below(16) {
            0 => 0x00,
            1 => 0x01,
            2 => 0x7F,
            3 => 0x80,
            4 => 0xFF,
            5 => 0x0F,
            6 => 0x10,
            _ => self.junk.word() as u8,
        }
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.below(all.len() as u16))]
    }

    fn put(&mut self, name: &str, words: &[u16]) {
        if !self.name.is_empty() {
            self.name += "; ";
        }
        self.name += name;
        self.words.extend(words);
    }

    fn point(&mut self, pointer: u8, address: u16) {
        let [low, high] = address.to_le_bytes();
        self.registers[usize::from(pointer)] = low;
        self.registers[usize::from(pointer) + 1] = high;
    }

    /// The word address of what comes next.
    fn here(&self) -> u16 {
        self.at + self.words.len() as u16
    }
}

/// Fills a case in.
pub fn choose(case: &mut Case, wide: bool) {
    match case.below(if wide { 11 } else { 10 }) {
        0..=3 => register_only(case),
        4 | 5 => memory(case),
        6 => skip(case),
        7 => jump(case),
        8 => bits(case),
        9 => (0..8).for_each(|_| register_only(case)),
        _ => wide_only(case),
    }
}

/// What needs a 22-bit program counter. RAMPZ is set first: 0, or 1 where the flash is erased.
fn wide_only(case: &mut Case) {
    let (d, ramp) = (apart(case, Z), case.below(2) as u8);
    let z = if ramp == 0 { case.below(0x200) } else { 0xFFF8 + case.below(8) };
    case.point(Z, z);
    let (name, words): (_, &[u16]) = match case.below(5) {
        0 => ("elpm", &[0x95D8]),
        1 => ("elpm Z", &[one(0x9006, d)]),
        2 => ("elpm Z+", &[one(0x9007, d), io(0xB000, d, 0x3B)]),
        3 => {
            case.point(Z, case.here() + 2 + 2);
            ("eijmp", &[0x9419, MARK, OTHER_MARK])
        }
        _ => {
            case.point(Z, case.here() + 2 + 2);
            ("eicall, ret", &[0x9519, 0xC002, MARK, 0x9508, OTHER_MARK])
        }
    };
    case.put("ldi r16; out rampz", &[immediate(0xE000, 16, ramp), io(0xB800, 16, 0x3B)]);
    case.put(name, words);
}

fn register_only(case: &mut Case) {
    let (d, r) = (case.register(), case.register());
    match case.below(40) {
        0..=15 => {
            let (name, op) = case.of(&TWO);
            case.put(name, &[two(op, d, r)]);
        }
        16..=21 => {
            let (name, op) = case.of(&IMMEDIATE);
            let k = case.operand();
            case.put(name, &[immediate(op, d, k)]);
        }
        22..=29 => {
            let (name, op) = case.of(&ONE);
            case.put(name, &[one(op, d)]);
        }
        30 | 31 => {
            let k = case.below(64);
            let (name, op) = case.of(&[("adiw", 0x9600), ("sbiw", 0x9700)]);
            case.put(name, &[op | u16::from(d & 3) << 4 | (k & 0x30) << 2 | k & 0xF]);
        }
        32 => case.put("movw", &[0x0100 | u16::from(d & 15) << 4 | u16::from(r & 15)]),
        33 => case.put("muls", &[0x0200 | u16::from(d & 15) << 4 | u16::from(r & 15)]),
        34..=36 => {
            let (name, op) = case.of(&SIGNED);
            case.put(name, &[op | u16::from(d & 7) << 4 | u16::from(r & 7)]);
        }
        37 => {
            let (name, op) = case.of(&[("bld", 0xF800), ("bst", 0xFA00)]);
            case.put(name, &[one(op, d) | u16::from(r & 7)]);
        }
        38 => {
            let (name, op) = case.of(&[("bset", 0x9408), ("bclr", 0x9488)]);
            case.put(name, &[op | u16::from(r & 7) << 4]);
        }
        _ => {
            let (name, op) = case.of(&[("nop", 0x0000), ("wdr", 0x95A8), ("in sreg", io(0xB000, d, 0x3F))]);
            case.put(name, &[op]);
        }
    }
}

/// A register that is not half of the pointer.
fn apart(case: &mut Case, pointer: u8) -> u8 {
    loop {
        let d = case.register();
        if d & !1 != pointer {
            return d;
        }
    }
}

fn memory(case: &mut Case) {
    let place = SCRATCH + case.below(u16::from(SCRATCH_BYTES));
    let d = case.register();
    match case.below(12) {
        0..=4 => {
            let (name, op, pointer, changes, loads) = case.of(&POINTED);
            let d = if changes { apart(case, pointer) } else { d };
            let before = name.starts_with("ld -") || name.starts_with("st -");
            // Registers have data addresses too. Not those of the pointers, for what changes one.
            let target = if case.below(6) == 0 { case.below(if changes { 24 } else { 26 }) } else { place };
            let target = if !loads && target < 32 { target & 0x0F } else { target };
            case.point(pointer, target + u16::from(before));
            case.put(name, &[one(op, d)]);
        }
        5 | 6 => {
            let q = case.below(64) as u8;
            let (name, op, pointer) = case.of(&[
                ("ldd Y", 0x8008, Y),
                ("ldd Z", 0x8000, Z),
                ("std Y", 0x8208, Y),
                ("std Z", 0x8200, Z),
            ]);
            case.point(pointer, place - u16::from(q));
            case.put(name, &[displaced(op, d, q)]);
        }
        7 => {
            let (name, op) = case.of(&[("lds", 0x9000), ("sts", 0x9200)]);
            case.put(name, &[one(op, d), place]);
        }
        8 => {
            let z = case.below(0x200);
            case.point(Z, z);
            let d = apart(case, Z);
            let word = case.of(&[("lpm", 0x95C8), ("lpm Z", one(0x9004, d)), ("lpm Z+", one(0x9005, d))]);
            case.put(word.0, &[word.1]);
        }
        9 => case.put("push", &[one(0x920F, d)]),
        10 => case.put("pop", &[one(0x900F, d)]),
        _ => {
            let e = case.register();
            case.put("push, pop", &[one(0x920F, d), one(0x900F, e)]);
        }
    }
}

fn skip(case: &mut Case) {
    let (d, r) = (case.register(), case.register());
    if case.below(3) == 0 {
        case.registers[usize::from(r)] = case.registers[usize::from(d)];
    }
    let bit = case.below(8);
    let gpior = u16::from(GPIOR) << 3 | bit;
    let (name, op) = case.of(&[
        ("cpse", two(0x1000, d, r)),
        ("sbrc", one(0xFC00, d) | bit),
        ("sbrs", one(0xFE00, d) | bit),
        ("sbic", 0x9900 | gpior),
        ("sbis", 0x9B00 | gpior),
        ("brbs", 0xF008 | bit),
        ("brbc", 0xF408 | bit),
    ]);
    if name.starts_with('b') || case.below(2) == 0 {
        case.put(name, &[op, MARK, OTHER_MARK]);
    } else {
        // A long instruction to be skipped.
        case.put(name, &[op, one(0x9200, d), SCRATCH, OTHER_MARK]);
    }
}

/// Jumps over a mark, and routines that set one.
fn jump(case: &mut Case) {
    let here = case.here();
    match case.below(6) {
        0 => case.put("rjmp", &[0xC001, MARK, OTHER_MARK]),
        1 => case.put("jmp", &[0x940C, here + 3, MARK, OTHER_MARK]),
        2 => {
            case.point(Z, here + 2);
            case.put("ijmp", &[0x9409, MARK, OTHER_MARK]);
        }
        // The routine behind the jump over it.
        3 => case.put("rcall, ret", &[0xD001, 0xC002, MARK, 0x9508, OTHER_MARK]),
        4 => case.put("call, reti", &[0x940E, here + 3, 0xC002, MARK, 0x9518, OTHER_MARK]),
        _ => {
            case.point(Z, here + 2);
            case.put("icall, ret", &[0x9509, 0xC002, MARK, 0x9508, OTHER_MARK]);
        }
    }
}

fn bits(case: &mut Case) {
    let bit = u16::from(GPIOR) << 3 | case.below(8);
    let d = case.register();
    let (name, op) = case.of(&[
        ("sbi", 0x9A00 | bit),
        ("cbi", 0x9800 | bit),
        ("out", io(0xB800, d, GPIOR)),
        ("in", io(0xB000, d, GPIOR)),
        ("out sreg", io(0xB800, d, 0x3F)),
        ("in spl", io(0xB000, d, 0x3D)),
        ("in sph", io(0xB000, d, 0x3E)),
    ]);
    case.put(name, &[op]);
}
