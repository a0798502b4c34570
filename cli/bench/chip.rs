//! What a program reads of a flash chip at the SPI.

use mlc_compiler::target::SpiFlash;
use mlc_compiler::{Compiled, Target};
use serde::Serialize;

/// Weights in a flash chip.
#[derive(Serialize)]
pub struct FlashChip {
    /// Of the file for it.
    pub bytes: usize,
    /// Of these, what a step or a token reads, with commands.
    pub bytes_a_step: usize,
    /// Of the time that it takes: while the bus brings them.
    pub bus_share: f64,
}

impl FlashChip {
    /// Of a program whose step takes so many cycles on these queries; `None` where no chip has weights.
    pub fn of(compiled: &Compiled, target: &Target, queries: &[Vec<u8>], step: f64) -> Option<Self> {
        let (file, _) = compiled.image.beside.as_ref().zip(target.spi_flash.as_ref())?;
        let matrices = file.matrices.iter().filter(|matrix| !matrix.inside);
        let reads = match compiled.plan.is_whole() {
            true => matrices.map(|matrix| matrix.reads).sum::<usize>() as f64,
            false => compiled.plan.reads(compiled.graph(), queries),
        };
        let bus_share = reads * SpiFlash::CYCLES_A_BYTE as f64 / step.max(1.0);
        Some(Self { bytes: file.bytes.len(), bytes_a_step: reads.round() as usize, bus_share })
    }
}
