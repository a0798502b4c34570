//! Errors that only a text for the AVR can have.

use super::AvrCore;
use crate::asm::error::ErrorKind;
use crate::asm::section::SectionKind;

/// What is wrong in a text for the AVR. `Display` is the message; [`AvrError::help`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AvrError {
    #[error("`{0}` starts with 0")]
    LeadingZero(String),
    #[error("`{0}` does not fit in 32 bits")]
    NumberTooLarge(String),
    #[error("this is not a character constant")]
    BadCharacter,
    #[error("the result does not fit in 32 bits")]
    Overflow,
    #[error("a negative number shifted right")]
    NegativeShift,
    #[error("an address in an operation that is none of addresses")]
    AddressArithmetic,
    #[error("an address where a number is needed")]
    AddressForNumber,
    #[error("an address where a byte is needed")]
    AddressForByte,
    #[error("`{0}` cannot stand here")]
    ModifierHere(&'static str),
    #[error("`{0}` cannot stand here on the avr6 core")]
    Stub(&'static str),
    #[error("{0} does not fit in 8 bits")]
    NotAByte(i64),
    #[error("{0} does not fit in 16 bits")]
    NotAWord(i64),
    #[error("the flash address {0:#x} does not fit in 16 bits")]
    WordAddress(i64),
    #[error("{what} {value} is out of range")]
    OutOfRange { what: &'static str, value: i64, last: u16 },
    #[error("`{mnemonic}` cannot use r{number}")]
    Register { mnemonic: &'static str, number: i64, allowed: &'static str },
    #[error("`{mnemonic}` moves the pointer that r{number} is a half of: the result is undefined")]
    MovedPointer { mnemonic: &'static str, number: i64 },
    #[error("there is no register {0}")]
    RegisterNumber(i64),
    #[error("the {core} core has no `{mnemonic}`")]
    NotOnCore { mnemonic: &'static str, core: AvrCore, instead: &'static str },
    #[error("`{mnemonic}` has no displacement")]
    Displaced { mnemonic: &'static str, instead: &'static str, pointer: &'static str },
    #[error("the target is {distance} bytes away, `{mnemonic}` reaches -{reach}..{}", .reach - 2)]
    TooFar { mnemonic: &'static str, distance: i64, reach: i64 },
    #[error("the flash address {0} is odd")]
    OddTarget(i64),
    #[error("the address {address} is not in the flash of the {core} core")]
    BeyondFlash { address: i64, core: AvrCore },
    #[error("the address {0} is not in RAM")]
    BeyondRam(i64),
    #[error("an address in RAM where one in flash is needed")]
    NotInFlash,
    #[error("an address in flash where one in RAM is needed")]
    NotInRam,
    #[error("an instruction at an odd address")]
    OddInstruction,
    #[error("an instruction in `{0}`")]
    CodeInSection(&'static str),
    #[error("`{0}` holds no values")]
    BytesInSection(&'static str),
    #[error("unknown section `{0}`")]
    UnknownSection(String),
    #[error("the section `{name}` is declared otherwise")]
    SectionFlags { name: &'static str, flags: &'static str },
    #[error("`.org` goes back from {from} to {to}")]
    OriginBackwards { from: u32, to: i64 },
    #[error("{0} is not a power of two")]
    Alignment(i64),
    #[error("{0} is not a count")]
    Count(i64),
    #[error("{} ends at {limit:#x}", memory(*.kind))]
    MemoryFull { kind: SectionKind, limit: u32 },
    #[error("a second label on the line")]
    SecondLabel,
    #[error("no label `{number}:` {}", if *.below { "below" } else { "above" })]
    NumericLabel { number: String, below: bool },
}

fn memory(kind: SectionKind) -> &'static str {
    if kind == SectionKind::Text { "flash" } else { "RAM" }
}

impl From<AvrError> for ErrorKind {
    fn from(error: AvrError) -> ErrorKind {
        ErrorKind::Avr(error)
    }
}

impl AvrError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        use AvrError as E;
        let text = match self {
            E::LeadingZero(text) => {
                let digits = text.trim_start_matches('0');
                let digits = if digits.is_empty() { "0" } else { digits };
                return Some(format!("GNU as reads it as octal: write `{digits}` or `0x…`"));
            }
            E::NumberTooLarge(_) => "the largest number is 0xFFFFFFFF",
            E::BadCharacter => "write one ASCII character or an escape between single quotes: `'a'`, `'\\n'`",
            E::NegativeShift => "divide it, or mask it with `&` first",
            E::AddressArithmetic => {
                "only `address + number`, `address - number` and the difference of two addresses in one section \
                 have a value; `lo8`, `hi8` and the like take bytes out of an address, `lo8(-(x))` out of its \
                 negative"
            }
            E::AddressForNumber => "the difference of two addresses in one section is a number",
            E::AddressForByte => "write `lo8(…)` or `hi8(…)`; for a flash address in words `pm_lo8(…)`",
            E::ModifierHere("gs" | "pm") => {
                "an operand takes `lo8(pm(…))` and `hi8(pm(…))`, `.word` takes `pm(…)`"
            }
            E::ModifierHere(_) => {
                "`.byte` takes `lo8`, `hi8` and `hh8`, `.word` takes `gs` and `pm`, `ldi` and its like all others"
            }
            E::Stub(_) => {
                "for it the linker would put a jump of its own into flash; `lo8(pm(…))` and `hi8(pm(…))` take the bytes"
            }
            E::NotAByte(_) => "a byte is -128..255; `lo8` and `hi8` take a byte out of a word",
            E::NotAWord(_) => "a word is -32768..65535",
            E::WordAddress(_) => "take its bytes one by one, with `lo8`, `hi8` and `hh8`",
            E::OutOfRange { what: "the displacement", .. } => {
                "a displacement is 0..63: add to the pointer first, or order the variables otherwise"
            }
            E::OutOfRange { what: "the I/O address", last, .. } => {
                return Some(format!(
                    "I/O addresses are 0..{last} here; use `lds` and `sts` with the memory address"
                ));
            }
            E::OutOfRange { last, .. } => return Some(format!("it is 0..{last}")),
            E::Register { allowed, .. } => return Some(format!("it takes {allowed}")),
            E::MovedPointer { .. } => "use another register, or a form that leaves the pointer as it is",
            E::RegisterNumber(_) => "the registers are r0..r31",
            E::NotOnCore { instead, .. } => instead,
            E::Displaced { instead, pointer, .. } => {
                return Some(format!("use `{instead}` with `{pointer}+…`"));
            }
            E::TooFar { mnemonic, .. } => return Some(farther(mnemonic)),
            E::OddTarget(_) => "instructions lie at even addresses: `.balign 2` before the label",
            E::BeyondRam(_) => "the machine addresses 0..65535",
            E::OddInstruction => "write `.balign 2` before it",
            E::CodeInSection(_) => "instructions stand in `.text` or `.vectors`",
            E::BytesInSection(_) => "reserve room with `.skip`; values stand in `.data`",
            E::UnknownSection(_) => {
                "the sections are `.text`, `.data`, `.bss`, `.noinit`, `.progmem.data` and `.vectors`"
            }
            E::SectionFlags { name, flags: "" } => return Some(format!("write `.section {name}`")),
            E::SectionFlags { name, flags } => return Some(format!("write `.section {name},{flags}`")),
            E::OriginBackwards { .. } => "`.org` counts from the start of the section and only goes on",
            E::Count(_) => "a count is 0 or more",
            E::SecondLabel => "give it a line of its own",
            E::NumericLabel { below: true, .. } => "`1f` means the next `1:` below, `1b` the last one above",
            E::NumericLabel { below: false, .. } => "`1b` means the last `1:` above, `1f` the next one below",
            E::Overflow
            | E::BeyondFlash { .. }
            | E::NotInFlash
            | E::NotInRam
            | E::Alignment(_)
            | E::MemoryFull { .. } => return None,
        };
        Some(text.to_owned())
    }
}

/// Each branch and the one that branches when it does not.
const OPPOSITES: &[(&str, &str)] = &[
    ("brcs", "brcc"),
    ("brlo", "brsh"),
    ("breq", "brne"),
    ("brmi", "brpl"),
    ("brvs", "brvc"),
    ("brlt", "brge"),
    ("brhs", "brhc"),
    ("brts", "brtc"),
    ("brie", "brid"),
    ("brbs", "brbc"),
];

/// What reaches further.
fn farther(mnemonic: &str) -> String {
    let opposite = OPPOSITES.iter().find_map(|(a, b)| match mnemonic {
        _ if mnemonic == *a => Some(b),
        _ if mnemonic == *b => Some(a),
        _ => None,
    });
    match opposite {
        Some(opposite) => format!("use `{opposite}` over an `rjmp`"),
        None if mnemonic == "rcall" => "use `call`".to_owned(),
        None => "use `jmp`".to_owned(),
    }
}
