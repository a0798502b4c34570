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
    call: &'static str,
}

/// Code that fills the border of the array at `at`; empty where it has none. `name` is part of a label.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn text(w: &mut Writer, array: &Array, name: &str, at: &str) -> Result<String, CompileError> {
    let Some(fill) = Fill::of(array) else { return Ok(String::new()) };
    if !w.fills {
        w.fills = true;
        w.routine("pool.S", "fill", ())?;
    }
    w.call("pool.S", "border", Border { name: name.into(), at: at.into(), fill, call: w.calls() })
}
