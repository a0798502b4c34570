//! `mlc-compiler`: a model file's bytes in, a plan, assembly text and an image out. No IO, no printing.

pub mod asm;
pub mod import;
pub mod model;
pub mod text;
pub mod eval;
pub mod ir;
pub mod pass;
pub mod valid;
