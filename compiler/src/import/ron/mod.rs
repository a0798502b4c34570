//! `model.ron`: mlc's own model file. docs/model-format.md is its description for users.
//!
//! The head is for people; the weights follow as one base64 string a row ([`pack`]). [`write`] is
//! canonical: reading what it wrote and writing that again gives the same bytes.

mod locate;
mod pack;
mod read;
mod write;

pub(super) use read::latin1;
pub use read::read;
pub use write::write;

/// The format that is written, and the only one that is read.
pub const FORMAT: i64 = 1;
