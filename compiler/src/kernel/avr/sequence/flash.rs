//! Weights of a sequence model in a flash chip at the SPI, in the order in which a token meets them.

use super::writer::Writer;
use crate::CompileError;
use crate::kernel::avr::flash::{self, Content};
use crate::kernel::sequence::{Beside, Filed, Filing, SequenceSite, unsupported};

/// Weights on their way to a chip.
#[derive(Debug)]
pub struct Streamed {
    filing: Filing,
    /// The SPI's data register, for `in` and `out`.
    data: String,
    content: Content,
}

impl Streamed {
    /// Nothing yet; `None` without weights that are to be there.
    pub fn new(site: &SequenceSite) -> Option<Self> {
        let (filing, chip) = (site.filing?, site.request.target.spi_flash.as_ref()?);
        Some(Self { filing: filing.clone(), data: flash::data(chip), content: Content::default() })
    }

    /// Whether a matrix is there; of some that are stored together, the name ends with `_all`.
    pub fn has(&self, name: &str) -> bool {
        !self.filing.inside.contains(name.strip_suffix("_all").unwrap_or(name))
    }

    /// Puts bytes there.
    pub fn put(&mut self, label: &str, values: &[u8]) {
        self.content.put(label, values);
    }

    /// The address of a label.
    pub fn place(&self, label: &str) -> Option<usize> {
        self.content.place(label)
    }
}

impl Writer<'_> {
    /// Whether a flash chip has a matrix.
    pub fn is_filed(&self, name: &str) -> bool {
        self.beside.as_ref().is_some_and(|beside| beside.has(name))
    }

    /// The SPI's data register, if a flash chip has the matrix.
    pub fn data_of(&self, name: &str) -> Option<String> {
        self.beside.as_ref().filter(|beside| beside.has(name)).map(|beside| beside.data.clone())
    }

    /// Where weights are: their address in the flash chip, or their label.
    pub fn place(&self, label: &str) -> String {
        let place = self.beside.as_ref().and_then(|beside| beside.place(label));
        place.map_or_else(|| label.to_string(), |place| place.to_string())
    }

    /// What the chip is to have, with the routines that read it and what they say, once all weights are there; `None` without.
    ///
    /// # Errors
    /// More than the chip has; a damaged template.
    pub fn flash_chip(
        &mut self,
        site: &SequenceSite,
        matrices: &[Filed],
    ) -> Result<Option<Beside>, CompileError> {
        let target = site.request.target;
        let Some((beside, chip)) = self.beside.as_ref().zip(target.spi_flash.as_ref()) else {
            return Ok(None);
        };
        let name = site.request.demands.file.as_deref().unwrap_or(&site.request.model.head.name);
        let finished = beside.content.finish(chip, name).map_err(|what| unsupported(site, &what))?;
        finished.data.iter().for_each(|(label, bytes)| self.data(label, bytes));
        self.routine("net_flash", ("flash.S", "code"), || super::writer::value(&finished.code))?;
        Ok(Some(Beside { name: finished.name, bytes: finished.bytes, matrices: matrices.to_vec() }))
    }
}
