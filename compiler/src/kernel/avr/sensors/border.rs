//! What lies around an array, for windows that read over its edge.

use super::writer::Writer;
use crate::CompileError;
use crate::kernel::sensors::net::Array;
use serde::Serialize;

#[derive(Serialize)]
struct Border {
    name: String,
    at: String,
    byte: u8,
    first: usize,
    rows: usize,
    inside: usize,
    between: usize,
    last: usize,
    call: &'static str,
}

/// Code that fills the border of the array at `at`; empty where it has none. `name` is part of a label.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn text(w: &mut Writer, array: &Array, name: &str, at: &str) -> Result<String, CompileError> {
    let border = array.border;
    if array.size() == array.values() {
        return Ok(String::new());
    }
    if !w.fills {
        w.fills = true;
        w.routine("pool.S", "fill", ())?;
    }
    let (row, between) = (array.cols * array.channels, (border.left + border.right) * array.channels);
    // Rows that follow each other are one.
    let (rows, inside) = if between == 0 { (1, array.rows * row) } else { (array.rows, row) };
    let context = Border {
        name: name.into(),
        at: at.into(),
        byte: border.byte,
        first: border.top * array.pitch() + border.left * array.channels,
        rows,
        inside,
        between,
        last: border.right * array.channels + border.bottom * array.pitch(),
        call: "call",
    };
    w.call("pool.S", "border", context)
}
