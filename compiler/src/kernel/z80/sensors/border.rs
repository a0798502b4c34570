//! What lies around an array, for windows that read over its edge.

use super::writer::Writer;
use crate::CompileError;
use crate::kernel::sensors::border::Fill;
use crate::kernel::sensors::net::Array;
use serde::Serialize;

#[derive(Serialize)]
struct Border {
    name: String,
    at: String,
    #[serde(flatten)]
    fill: Fill,
}

/// Code that fills the border of the array at `at`; empty where it has none. `name` is part of a label.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn text(w: &mut Writer, array: &Array, name: &str, at: &str) -> Result<String, CompileError> {
    let Some(fill) = Fill::of(array) else { return Ok(String::new()) };
    w.routine("net_border", ("pool.asm", "fill"), ())?;
    w.facts.rounds(format!("{name}_edge"), (fill.rows - 1) as f64);
    w.filled((fill.first, 1.0));
    w.filled((fill.between, (fill.rows - 1) as f64));
    w.filled((fill.last, 1.0));
    w.call("pool.asm", "border", Border { name: name.into(), at: at.into(), fill })
}
