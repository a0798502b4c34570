//! How a run ends.

use thiserror::Error;

/// What [`crate::Machine::run_for`] came back with.
pub type State = mlc_machine::State<End>;

/// Why a program ended.
pub type End = mlc_machine::End<Exit, Fault>;

/// The ways in which a program ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// `RET` to the command processor, or to BASIC. A CPC resets.
    Return,
    /// `MC START PROGRAM` of a CPC with BASIC's entry, or ROM 0 of a Spectrum 128 from its start: BASIC starts anew.
    Basic,
    /// `JP 0`, or a call of the BIOS's warm or cold boot.
    WarmBoot,
    /// BDOS function 0.
    SystemReset,
    /// Control-C typed as the first character of a line read by BDOS function 10.
    ControlC,
}

/// A fault and the instruction that caused it. For what the BDOS was asked to do: the call.
pub type Fault = mlc_machine::Fault<u16, FaultKind>;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FaultKind {
    #[error("a write to {address:04X}h, which belongs to {area}")]
    ProtectedWrite { address: u16, area: &'static str },
    #[error("execution inside {area}, where no entry point is")]
    ProtectedExecution { area: &'static str },
    #[error("execution of memory that was neither loaded nor written")]
    BlankExecution,
    #[error("the undefined opcode {:02X} {:02X}", bytes[0], bytes[1])]
    UndefinedOpcode { bytes: [u8; 2] },
    #[error("HALT, and no interrupt would wake the processor (interrupts are {})", if *.interrupts { "on" } else { "off" })]
    Halt { interrupts: bool },
    #[error("an endless loop: the jump leads to itself")]
    EndlessLoop,
    #[error(
        "still running {limit} T-states after the start or the last input; raise the limit if the program needs longer"
    )]
    TimeLimit { limit: u64 },
    #[error("the stack has grown down to {sp:04X}h; {lowest:04X}h is the lowest address it may use")]
    StackOverflow { sp: u16, lowest: u16 },
    #[error("BIOS entry {entry}, {name}, which reaches the sectors of a disk: the one here has files only")]
    Sectors { entry: u8, name: &'static str },
    #[error(
        "BDOS function 9 finds no '$' in the text at {address:04X}h before {blank:04X}h, where nothing was written"
    )]
    UnterminatedText { address: u16, blank: u16 },
    #[error("drive {drive}, but only drive A is there")]
    NoSuchDrive { drive: char },
    #[error("a write to drive A, which BDOS function 28 protects (on a real machine \"Bdos Err On A: R/O\")")]
    ReadOnlyDrive,
    #[error("a write to a file with the attribute R/O (on a real machine \"Bdos Err On A: File R/O\")")]
    ReadOnlyFile,
    #[error("RST 8: BASIC stops with its report {}", report(*.number))]
    Report { number: u8 },
    #[error("a character for the screen before CHAN-OPEN (1601h) has chosen a channel")]
    NoChannel,
    #[error("channel {channel}; the machine has channel 2 only, the upper screen")]
    NoSuchChannel { channel: u8 },
    #[error("the character {code:02X}h, a command or a graphic that is not provided")]
    UnprintableCode { code: u8 },
    #[error("AT {row},{column}, which lies outside of the upper screen")]
    OutOfScreen { row: u8, column: u8 },
    #[error("the ROM would ask \"scroll?\" here and wait for a key: keep SCR_CT (5C8Ch) above 1")]
    ScrollQuestion,
    #[error("IY is {iy:04X}h; BASIC and its interrupt routine need 5C3Ah there")]
    BasicPointer { iy: u16 },
    #[error(
        "MC START PROGRAM (BD16h) with HL = {entry:04X}h and C = {rom}; there is BASIC, C006h in ROM 0, and memory, with C = 255"
    )]
    NoSuchRom { entry: u16, rom: u8 },
    #[error(
        "the firmware runs with SP at {sp:04X}h; its ROMs lie below 4000h and from C000h on, so it needs 4000h to C000h"
    )]
    FirmwareStack { sp: u16 },
    #[error("TXT CUR {0}, and the cursor is {0} already", if *.on { "ON" } else { "OFF" })]
    Cursor { on: bool },
    #[error("BC' is {bc:04X}h; the firmware left 7F89h there, and its interrupt routine needs it")]
    GateArray { bc: u16 },
    #[error("the firmware starts a program with {sent:02X}h sent to port 7F00h: C0h is what it left there")]
    PageLeft { sent: u8 },
    #[error(
        "KL INIT BACK (BCCEh) with C = {rom} and HL = {hl:04X}h; the disk system is ROM 7, and takes 0500h bytes up to HL"
    )]
    BackgroundRom { rom: u8, hl: u16 },
    #[error(
        "a call of {entry:04X}h: of a disk, KL INIT BACK (BCCEh) with ROM 7 comes first, and CAS IN OPEN (BC77h) before its file"
    )]
    NoFile { entry: u16 },
    #[error("CHPUT (00A2h) before INITXT (006Ch): nobody knows what the screen shows")]
    NoText,
    #[error("CHGET (009Fh) with interrupts off: the BIOS reads the keyboard in its interrupt")]
    KeysWithoutInterrupts,
    #[error(
        "ENASLT (0024h) with slot {slot:02X}h in page {page}; page 2 can show the cartridge's own slot and 03h, which was there"
    )]
    Slot { slot: u8, page: u16 },
    #[error("back in the BIOS with the cartridge in page 2; put the slot back that was there")]
    SlotLeft,
    #[error(
        "the BIOS runs with SP at {sp:04X}h; its stack must be in page 3 below its variables: C000h to F380h"
    )]
    BiosStack { sp: u16 },
    #[error("back in BASIC with HL' = {hl:04X}h; its calculator needs 2758h there")]
    BasicCalculator { hl: u16 },
    #[error(
        "back in BASIC with {sent:02X}h sent to port 7FFDh and {bankm:02X}h in BANKM (5B5Ch); it had 10h in both"
    )]
    Pages { sent: u8, bankm: u8 },
    #[error("LD-BYTES (0556h), and nothing is left on the tape")]
    NoTape,
    #[error(
        "RET to the command processor, which the program has overwritten at {address:04X}h; end with JP 0 instead"
    )]
    CcpOverwritten { address: u16 },
}

/// What BASIC calls a report: a digit, or a letter for those from 10 on. Report 0 has the code 255.
fn report(number: u8) -> String {
    match number {
        4 => "4 Out of memory".to_string(),
        0..=9 => number.to_string(),
        10..=27 => char::from(b'A' + number - 10).to_string(),
        _ => format!("number {number}, which it does not have"),
    }
}
