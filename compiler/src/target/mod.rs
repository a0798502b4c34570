//! Machines, described as data: what the planner and the templates must know of them.
//!
//! A description ([`Target`]) is a RON file, `runtime-z80/targets/NAME.ron`; `--target FILE.ron` takes one from outside.
//! The target of an AVR chip has no such file: [`Board::target`] makes it of the chip's file and its board's.

pub mod amsdos;
mod board;
mod called;
mod check;
pub mod cpm;
mod description;
pub mod device;
mod error;
mod line;
pub mod pins;
pub mod profile;
mod profile_file;
mod read;
mod rom;
mod selector;
pub mod spi_flash;
pub mod tools;

pub use description::{Bank, Cpu, ImageKind, Machine, Mapper, Rom, Select, Target};
pub use device::{Core, Device};
pub use error::TargetError;
pub use profile::{Board, Profile};
pub use selector::{GATE_ARRAY_BASE, Selector};
pub use spi_flash::SpiFlash;
