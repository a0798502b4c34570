//! Columns in a flash chip at the SPI. All of a tile have the same distance, so that a number finds its own without a table: what is
//! behind a short one nobody reads.

use super::column::{ColumnKernel, column_kernel, low_byte, tile_name};
use super::core::isa;
use super::flash::{self, COMMAND, Content};
use crate::CompileError;
use crate::kernel::sequence::{Beside, Filed, Home};
use crate::kernel::{Layout, Machine, Site};
use crate::stage::{Product, Usage};
use crate::weights::{Column, Form, tiles};

/// The label of the first column of a tile.
pub fn label(tile: &str) -> String {
    format!("{tile}_chip")
}

/// From one column to the next, for each tile: what the longest takes.
pub fn strides(product: &Product, kernel: &dyn ColumnKernel) -> Vec<usize> {
    let size_of = kernel.size(product);
    let longest = |(t, &outputs): (usize, &usize)| {
        product.columns.iter().map(|column| size_of(&column.tile(t), outputs)).max().unwrap_or(0)
    };
    tiles(product.outputs).iter().enumerate().map(longest).collect()
}

/// Bytes of all columns of a product there.
pub fn bytes(product: &Product, kernel: &dyn ColumnKernel) -> usize {
    strides(product, kernel).into_iter().sum::<usize>() * product.columns.len()
}

/// Cycles of finding one column beside what a macro has of it: the way through the chip's routine.
pub fn seek(machine: Machine) -> f64 {
    flash::costs(isa(machine))[0]
}

/// The call behind a stage that has read the chip, if it does.
pub fn end(layout: &Layout, at: usize) -> String {
    match layout.home(at) {
        Home::Image => String::new(),
        Home::File | Home::Bank => {
            format!("\n        {} net_flash_end", super::core::to_shared(layout.machine).0)
        }
    }
}

/// Cycles of that call.
pub fn end_cost(machine: Machine) -> f64 {
    let call = if machine.far { 4.0 } else { 3.0 };
    call + flash::costs(isa(machine))[1]
}

/// What the chip is to have.
pub fn content(layout: &Layout) -> Content {
    let mut content = Content::default();
    for (at, product, form) in layout.products().filter(|(at, ..)| layout.home(*at) == Home::File) {
        let kernel = column_kernel(form, Home::File);
        let strides = strides(product, kernel);
        for (t, (&outputs, stride)) in tiles(product.outputs).iter().zip(strides).enumerate() {
            let base = low_byte(layout.memory.start, layout.memory.tiles[at][t].0);
            let column = |column: &Column| {
                let mut bytes = kernel.bytes(&column.tile(t), outputs, base);
                bytes.resize(stride, 0);
                bytes
            };
            let bytes: Vec<u8> = product.columns.iter().flat_map(column).collect();
            content.put(&label(&tile_name(&layout.stages[at].name, t)), &bytes);
        }
    }
    content
}

/// The file for the chip, with what a step reads of each stage; `None` where nothing is there.
///
/// # Errors
/// More than the chip has.
pub fn beside(site: &Site, usage: &Usage) -> Result<Option<Beside>, CompileError> {
    let Some(finished) = finish(site)? else { return Ok(None) };
    let layout = site.layout;
    let filed = |(at, product, form): (usize, &Product, Form)| {
        let name = layout.stages[at].name.clone();
        let inside = layout.home(at) == Home::Image;
        let bytes = if inside { 0 } else { bytes(product, column_kernel(form, Home::File)) };
        let reads = reads(layout, (at, product, form), usage).round() as usize;
        Filed { name, bytes, reads, gain: 0, inside }
    };
    let matrices = layout.products().map(filed).collect();
    Ok(Some(Beside { name: finished.name, bytes: finished.bytes, matrices }))
}

/// What is known of the chip; `None` where nothing is there.
///
/// # Errors
/// More than the chip has.
pub fn finish(site: &Site) -> Result<Option<flash::Finished>, CompileError> {
    let request = site.request;
    let Some(chip) = request.target.spi_flash.as_ref().filter(|_| site.layout.has_elsewhere()) else {
        return Ok(None);
    };
    let name = request.demands.file.as_deref().unwrap_or(&request.model.head.name);
    let refuse = |what| {
        let (name, target) = (request.model.head.name.clone(), request.target.name.clone());
        CompileError::Sequence { name, target, what }
    };
    content(site.layout).finish(chip, name).map(Some).map_err(refuse)
}

/// Bytes that a step reads of a stage there, commands included.
pub fn reads(layout: &Layout, (at, product, form): (usize, &Product, Form), usage: &Usage) -> f64 {
    if layout.home(at) != Home::File {
        return 0.0;
    }
    let (size_of, used) = (column_kernel(form, Home::File).size(product), &usage.stages[at]);
    let mut reads = 0.0;
    for (t, &outputs) in tiles(product.outputs).iter().enumerate() {
        let uses = product.columns.iter().zip(used.low.iter().zip(&used.high));
        for (column, (&low, &high)) in uses.filter(|(_, (low, high))| **low + **high > 0) {
            // An input above 255 is counted in both; one of 256 in the second alone.
            reads += low.max(high) as f64 * (COMMAND + size_of(&column.tile(t), outputs)) as f64;
        }
    }
    reads / usage.per_step()
}
