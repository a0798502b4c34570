//! The machine that runs AVR programs here: an AVR core with flash, SRAM, one USART, timer 1, ADC,
//! SPI with a flash chip, pins and sleep.
//!
//! [`AvrMachine`] is a chip ([`Device`]) with a [`Program`] in its flash and its UART joined to a
//! [`Console`]. An [`Observer`] sees it run. What would not work on the chip, or is not provided for, ends the
//! run with a [`Fault`] that names the instruction.
//!
//! Everything is deterministic: the same program, console input and [`AvrConfig`] give the same cycles. What
//! the chip leaves undefined (registers and SRAM after power-up, unconnected pins) holds junk from a seeded
//! generator, so that a program cannot come to rely on it.
//!
//! This crate knows neither the compiler nor its assembler: a mistake that both sides share would cancel out.
//!
//! Left out: self-programming, EEPROM, watchdog, what the ADC does beyond single conversions, the SPI beyond a polled master, TWI, timers 0 and 2 and above, external and
//! pin-change interrupts, sleep modes but idle. Switching one of them on is a fault.

mod adc;
mod alu;
mod call;
mod core;
mod decode;
mod device;
mod end;
mod execute;
mod io;
mod machine;
mod memory;
mod observe;
mod program;
mod run;
mod serial_flash;
mod spi;
mod timer;
mod uart;

pub use device::{
    ATMEGA32U4, ATMEGA328P, ATMEGA1284P, ATMEGA2560, ATTINY85, AdcRegisters, DEVICES, Device, Family,
    PortRegisters, SleepRegister, SpiRegisters, TimerRegisters, UartRegisters,
};
pub use end::{End, Exit, Fault, FaultKind, Location, State, Symbols};
pub use machine::{AvrConfig, AvrMachine};
pub use memory::Memory;
pub use mlc_machine::{Call, Console, Input, Readiness, Return, Script};
pub use mlc_machine::{NoObserver, Observer, Pins};
pub use observe::{Avr, PhaseCounter};
pub use program::{LoadError, Program};
pub use run::Typing;
pub use serial_flash::SerialFlash;
