//! Products on chips without `MUL`. A loop over a window takes them from a table of triangular numbers T(n) = n (n - 1) / 2:
//! T(x + w) = T(x) + T(w) + x w, so that a product is one look-up. The T(w) of an output are a constant, and the T(x) of a
//! window are added up once for all outputs. Where the table is too large, and where sums are scaled, bits are added.

use super::writer::Writer;
use crate::CompileError;
use crate::kernel::cycles::Code;
use crate::kernel::lines::gnu_bytes;
use serde::Serialize;

/// Most bytes of a window: the sum of T(x) has 24 bits, and T(x) is 32,896 at most.
pub const WINDOW: usize = 510;
/// Bytes of the table.
const TABLE: usize = 1024;
/// Registers that the weights of a byte are in.
pub const WEIGHTS: [usize; 3] = [0, 11, 19];
/// What calls the routine.
const CALL: &str = "rcall net_mul";

#[derive(Serialize)]
struct Routine {
    cycles: usize,
}

#[derive(Serialize)]
struct Table {
    lines: Vec<String>,
}

/// Labels of other code that code with products names.
pub fn others(w: &Writer) -> Vec<&'static str> {
    if w.multiplies() { vec![] } else { vec!["net_mul", "net_triangle", "net_triangles"] }
}

/// Cycles that routines for products take, which `code` calls, without the calls.
pub fn products(w: &Writer, code: &Code) -> f64 {
    let calls = code.insns().iter().filter(|insn| insn.text() == CALL).count();
    calls as f64 * Code::of(w.isa, "nomul.S", "routine", Routine { cycles: 0 }, &[]).straight()
}

/// Writes the routine that multiplies, if code names it and it is not there.
///
/// # Errors
/// A damaged template.
pub fn routine(w: &mut Writer, code: &Code) -> Result<(), CompileError> {
    if w.products || !code.insns().iter().any(|insn| insn.text() == CALL) {
        return Ok(());
    }
    w.products = true;
    let cycles = Code::of(w.isa, "nomul.S", "routine", Routine { cycles: 0 }, &[]).straight();
    w.routine("nomul.S", "routine", Routine { cycles: cycles as usize + 3 })
}

/// Writes the table, if it is not there. It begins a page, and is the first of all data: what is skipped before it is little then.
///
/// # Errors
/// A damaged template.
pub fn table(w: &mut Writer) -> Result<(), CompileError> {
    if std::mem::replace(&mut w.triangles, true) {
        return Ok(());
    }
    let entry = |at: usize| triangle(at as i64 - 256) as u16;
    let bytes = |shift: u32| (0..TABLE / 2).map(move |at| (entry(at) >> shift) as u8);
    let table = w.call("nomul.S", "table", Table { lines: gnu_bytes(bytes(0).chain(bytes(8))) })?;
    w.data.insert_str(0, &format!("{table}\n"));
    w.data_bytes += TABLE;
    Ok(())
}

/// A triangular number.
fn triangle(n: i64) -> i64 {
    n * (n - 1) / 2
}

/// What the sum of an output begins with, so that the sum of T(x + w) less that of T(x) is the product of bytes and weights.
pub fn start(weights: &[i8]) -> i64 {
    weights.iter().map(|&w| 128 * i64::from(w) - triangle(w.into())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_triangular_numbers() {
        for w in -128..=127i8 {
            for byte in 0..=255i64 {
                let x = byte - 128;
                let sum = triangle(x + i64::from(w)) - triangle(x) + start(&[w]);
                assert_eq!(sum, byte * i64::from(w), "{byte} {w}");
                assert!((0..1 << 16).contains(&triangle(x + i64::from(w))));
            }
        }
        assert!(WINDOW as i64 * triangle(-256) < 1 << 24);
    }
}
