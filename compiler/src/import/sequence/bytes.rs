//! Takes values from the front of bytes, all little-endian, and looks at floats.

use super::Problem;

/// What is left of a file.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    /// The next `count` bytes, of `what` for messages.
    pub fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], Problem> {
        let (front, rest) = self.0.split_at_checked(count).ok_or_else(|| Problem::Ends(what.to_string()))?;
        self.0 = rest;
        Ok(front)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Problem> {
        let (front, rest) = self.0.split_first_chunk().ok_or_else(|| Problem::Ends(what.to_string()))?;
        self.0 = rest;
        Ok(*front)
    }

    /// A tensor of `rows` by `columns` floats, all finite.
    pub fn floats(&mut self, name: &str, rows: usize, columns: usize) -> Result<Vec<f32>, Problem> {
        let bytes = rows.checked_mul(columns).and_then(|n| n.checked_mul(4));
        let bytes = self.take(bytes.ok_or_else(|| Problem::Ends(name.to_string()))?, name)?;
        let values: Vec<f32> = bytes.as_chunks().0.iter().map(|&v| f32::from_le_bytes(v)).collect();
        check_finite(name, &values, columns)?;
        Ok(values)
    }
}

/// Refuses values that are not finite; a tensor of one column is a vector in the message.
pub(super) fn check_finite(name: &str, values: &[f32], columns: usize) -> Result<(), Problem> {
    let Some(at) = values.iter().position(|v| !v.is_finite()) else { return Ok(()) };
    let index = if columns > 1 { format!("[{}, {}]", at / columns, at % columns) } else { format!("[{at}]") };
    Err(Problem::NotFinite { tensor: name.to_string(), index, value: values[at].to_string() })
}
