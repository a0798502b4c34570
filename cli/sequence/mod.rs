//! Sequence models on the command line: reading float networks, quantizing them, measuring them on texts.

pub mod chat_template;
mod describe;
mod eval;
mod facts;
mod load;

pub use chat_template::rendered;
pub use describe::{grid, inspect, named, summary};
pub use eval::eval;
pub use facts::Facts;
pub use load::{MAX_LENGTH, Opened, Source, WINDOW, open, quantize, template, texts, turns};
