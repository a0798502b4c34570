//! `model.ron`: mlc's own model file. docs/model-format.md is its description for users.
//!
//! The head is for people; the weights follow as one base64 string a row ([`pack`]). [`write`] is
//! canonical: reading what it wrote and writing that again gives the same bytes. It writes the newest format;
//! [`read`] takes that one and the one before.

mod locate;
mod network;
mod pack;
mod parts;
mod prior;
mod read;
mod story;
mod syntax;
mod tokenizer;
mod transformer;
mod version;
mod version1;
mod version2;
mod write;

pub use read::read;
pub(super) use version::latin1;
pub use version::{NEWEST, OLDEST};
pub use write::write;
