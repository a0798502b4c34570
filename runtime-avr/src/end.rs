//! How a run ends.

use thiserror::Error;

/// An address of code with its symbol. Prints as `main+4 (0x0068)`; addresses are byte addresses.
pub type Location = mlc_machine::Location<u32>;

/// The names of a program's addresses in flash (byte addresses).
pub type Symbols = mlc_machine::Symbols<u32>;

/// What [`crate::AvrMachine::run_for`] came back with.
pub type State = mlc_machine::State<End>;

/// Why a program ended.
pub type End = mlc_machine::End<Exit, Fault>;

/// The ways in which a program ends by itself: nothing but a reset would get the chip out of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// `SLEEP` with interrupts off.
    Sleep,
    /// A jump to itself with interrupts off, as in avr-libc's `exit`.
    Stop,
    /// The routine that was called from outside has returned.
    Return,
}

/// A fault and the instruction that caused it.
pub type Fault = mlc_machine::Fault<u32, FaultKind>;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FaultKind {
    #[error("execution of erased flash (0xFFFF)")]
    BlankExecution,
    #[error("the undefined opcode {word:#06x}")]
    UndefinedOpcode { word: u16 },
    #[error("the opcode {word:#06x}, whose registers overlap so that its result is undefined")]
    UndefinedResult { word: u16 },
    #[error("the opcode {word:#06x}, an instruction that this device does not have")]
    MissingInstruction { word: u16 },
    #[error("SPM: a program that writes its own flash is not provided for")]
    SelfProgramming,
    #[error("a jump to {target:#06x}, outside the flash")]
    JumpOutside { target: u32 },
    #[error("a two-word instruction whose second word lies outside the flash")]
    CutInstruction,
    #[error("a read of {address:#06x}, outside the memory")]
    ReadOutside { address: u16 },
    #[error("a write to {address:#06x}, outside the memory")]
    WriteOutside { address: u16 },
    #[error("a read of {address:#06x}, outside the flash")]
    FlashReadOutside { address: u32 },
    #[error("a read of the I/O register at {address:#06x}, which is reserved or not provided for")]
    UnknownRegisterRead { address: u16 },
    #[error("a write to the I/O register at {address:#06x}, which is reserved or not provided for")]
    UnknownRegisterWrite { address: u16 },
    #[error(
        "{value:#04x} written to the I/O register at {address:#06x}, which switches on something not provided for"
    )]
    UnsupportedMode { address: u16, value: u8 },
    #[error(
        "the ADC is switched on while its clock is off: clear PRADC in the power reduction register first"
    )]
    AdcWithoutPower,
    #[error(
        "the SPI is switched on while its clock is off: clear PRSPI in the power reduction register first"
    )]
    SpiWithoutPower,
    #[error("the SPI is used as master while SS, MOSI or SCK is no output: set their bits in DDRB first")]
    SpiPins,
    #[error("a byte written to the SPI's data register that is lost: {reason}")]
    SpiLost { reason: &'static str },
    #[error("the command {command:#04x}, which the flash chip at the SPI does not have")]
    FlashCommand { command: u8 },
    #[error("a byte written to the UART's data register that is lost: {reason}")]
    TransmitLost { reason: &'static str },
    #[error(
        "an interrupt at vector {vector}, where no handler is (the flash there is erased); write one or switch the interrupt off"
    )]
    MissingHandler { vector: u8 },
    #[error("SLEEP in mode {mode:#04x}, which stops the clock of UART and timer; use idle")]
    SleepMode { mode: u8 },
    #[error("SLEEP, and no interrupt that could wake the processor is enabled")]
    SleepForever,
    #[error("an endless loop: the jump leads to itself, and no interrupt is enabled")]
    EndlessLoop,
    #[error(
        "still running {limit} cycles after the start or the last input; raise the limit if the program needs longer"
    )]
    TimeLimit { limit: u64 },
    #[error("the stack has grown down to {reached:#06x}; {lowest:#06x} is the lowest address it may use")]
    StackOverflow { reached: u16, lowest: u16 },
    #[error(
        "the stack is read at {address:#06x}, beyond the end of the SRAM: more was taken off than put on"
    )]
    StackUnderflow { address: u16 },
    #[error("a return to the caller with another r{register}: what is called leaves it as it is")]
    RegisterLost { register: u8 },
}
