//! Sequence models on the command line: reading float networks, quantizing them, measuring them on texts.

mod describe;
mod eval;
mod load;

pub use describe::{inspect, summary};
pub use eval::eval;
pub use load::{MAX_LENGTH, Source, WINDOW, is_folder, open, quantize, texts};
