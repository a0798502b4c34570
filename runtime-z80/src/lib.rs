//! The machines that run Z80 programs here.
//!
//! [`Core`] is a Z80 (the `iz80` crate, with its T-states and its few wrong results put right) with 64 KB
//! of memory or several banks, traps, watched addresses, limits and a clock interrupt. It knows no operating system. A
//! [`Host`] on top of it is one, and the two together are a [`Machine`]: [`CpmMachine`] is CP/M 2.2,
//! [`SpectrumMachine`] a ZX Spectrum whose ROM is traps, [`FullSpectrum`] one that runs a ROM image, [`CpcMachine`] an
//! Amstrad CPC 464 whose firmware is traps, [`MsxMachine`] an MSX with a cartridge.
//!
//! Everything is deterministic: the same program, console input and [`CpmConfig`] give the same T-states.
//! What a real machine leaves undefined (memory that nobody wrote, registers after a BDOS call) holds junk
//! from a seeded generator, so that a program cannot come to rely on it.
//!
//! This crate knows neither the compiler nor its assembler: a mistake that both sides share would cancel out.

mod bus;
mod core;
mod cpc;
mod cpm;
mod end;
mod execute;
mod file;
mod flags;
mod leap;
mod machine;
mod memory;
mod msx;
mod observe;
mod page;
mod quick;
mod registers;
mod run;
mod spectrum;
mod symbols;
mod terminal;
mod timing;

pub use bus::{FloatingBus, Ports};
pub use core::Core;
pub use cpc::{CpcConfig, CpcMachine};
pub use cpm::{
    ClockInterrupt, CpmConfig, CpmMachine, Disk, DiskError, DiskFile, Dos, Geometry, ImageError, Isr,
    LoadError, read_image,
};
pub use end::{End, Exit, Fault, FaultKind, State};
pub use file::FileError;
pub use machine::Machine;
pub use memory::Memory;
pub use mlc_machine::{Call, Console, Context, Count, Input, Readiness, Return, Script};
pub use mlc_machine::{NoObserver, Observer};
pub use msx::{MsxConfig, MsxMachine};
pub use observe::{PhaseCounter, Profiler, Z80};
pub use registers::Registers;
pub use run::Host;
pub use spectrum::{FullSpectrum, Picture, SpectrumConfig, SpectrumMachine, character_rows};
pub use symbols::{Location, Symbols};
