//! `mlc-compiler`: a model in, a plan, assembly text and an image out. No IO, no printing.
//!
//! [`compile`] is the whole pipeline and the map of this crate.

pub mod arithmetic;
pub mod asm;
pub mod assets;
pub mod c99;
mod compile;
pub mod error;
pub mod eval;
pub mod image;
pub mod import;
pub mod ir;
pub mod kernel;
pub mod math;
pub mod model;
pub mod pass;
pub mod plan;
pub mod render;
mod sensors;
pub mod shown;
pub mod stage;
mod storage;
pub mod target;
pub mod text;
pub mod tokens;
pub mod valid;
pub mod weights;
pub mod words;

pub use assets::Assets;
pub use compile::{Compiled, Request, compile, price, reference};
pub use error::CompileError;
pub use image::Image;
pub use target::Target;
