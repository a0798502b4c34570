//! Sequence models on the command line: reading float networks, quantizing them, measuring them on texts.

mod describe;
mod eval;
mod load;

pub use describe::{inspect, summary};
pub use eval::eval;
pub use load::{Source, is_folder, open, quantize};
