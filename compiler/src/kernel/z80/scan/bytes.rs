//! A scan of byte accumulators: see [`crate::stage::bytes`].

use super::{specimen, visit_cost};
use crate::CompileError;
use crate::kernel::cycles::START;
use crate::kernel::z80::column::ColumnKernel;
use crate::kernel::{Site, lines};
use crate::stage::usage::ProductUsage;
use crate::stage::{Bytes, Product};
use serde::Serialize;

/// Looking at every byte of the layer before, and what is around the columns that are added.
pub fn cost(product: &Product, kernel: &dyn ColumnKernel, usage: &ProductUsage) -> f64 {
    let code = specimen(product, kernel, "bytes", false);
    let (low, high) = (usage.low.iter().sum::<u64>() as f64, usage.high.iter().sum::<u64>() as f64);
    let zeros = (usage.zero + usage.high_without_low) as f64;
    let above = if product.is_big() {
        high * visit_cost(&code, product, kernel, &["s_0_scan", "s_0_big"], "s_0_next")
    } else {
        0.0
    };
    // The byte behind the last ends the scan: its activation is 0.
    let run = code.way(&[START, "s_0_scan"]) + code.way(&["s_0_scan", "s_0_zero", "s_0_done"]);
    usage.negative as f64 * code.way(&["s_0_scan", "s_0_scan"])
        + zeros * code.way(&["s_0_scan", "s_0_zero", "s_0_scan"])
        + low * visit_cost(&code, product, kernel, &["s_0_scan"], "s_0_next")
        + above
        + usage.runs as f64 * run
}

/// What `scan.asm` must know of the bytes that it scans.
#[derive(Serialize)]
pub struct Context {
    threshold: u8,
    /// The threshold is set for each query.
    long: bool,
    bits: u8,
    /// Counts from here on have activations above 255.
    limit: u16,
    high_mask: u16,
}

impl Context {
    pub fn new(n: &Bytes) -> Self {
        Self {
            threshold: n.threshold,
            long: n.long.is_some(),
            bits: n.bits,
            limit: 256 >> n.bits,
            high_mask: (1u16 << n.bits) - 1,
        }
    }
}

/// What activations have below their lowest counted bit, a byte a neuron.
///
/// # Errors
/// [`CompileError::Template`] for a damaged template.
pub fn remainders(site: &Site, stage: &str, n: &Bytes) -> Result<String, CompileError> {
    let context = Remainders { name: stage, lines: lines::bytes(n.remainders.iter().copied()) };
    site.templates.call("scan.asm", "remainders", context)
}

#[derive(Serialize)]
struct Remainders<'a> {
    name: &'a str,
    lines: Vec<String>,
}
