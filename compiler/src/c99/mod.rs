//! A network as portable C99, and as an Arduino library around it: for whoever has a C compiler and no
//! target here, or a program of his own to put the network into.
//!
//! For networks of hashed text there is no plan: one kernel, columns of four-bit codes ([`crate::weights::codes`]), 16-bit sums. The graph is the one
//! that every target starts from, so dead neurons are gone and the query's half runs once a query. Sequence models are
//! written from the model itself: see `sequence/`.

mod context;
mod library;
mod names;
mod readings;
mod sensors;
mod sequence;
mod trees;

pub use library::library;

use crate::CompileError;
use crate::kernel::{self, Templates};
use crate::model::{Model, Offers};
use crate::plan::PlanError;
use crate::stage;
use crate::{Assets, ir, pass};
use serde::Serialize;

/// Generated C.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// Prefix of everything that they define, and name of the files: `tinychat`.
    pub name: String,
    /// `NAME.h`.
    pub header: String,
    /// `NAME.c`.
    pub code: String,
    /// Constants, in bytes of flash.
    pub flash: usize,
    /// What changes, in bytes of RAM, without the stack.
    pub ram: usize,
    /// Networks on numbers that compute row by row: what whole arrays would take.
    pub ram_of_whole: Option<usize>,
}

/// The C of a model. Header and code are pure ASCII but for the model's own texts.
///
/// # Errors
/// [`CompileError`] for a model that was never checked, a tokenizer that there is no C for, or a damaged template.
pub fn sources(model: &Model, assets: &Assets) -> Result<Sources, CompileError> {
    let (model, _) = &model.without_dead();
    if let Some((reader, body, story)) = model.sequence() {
        let name = || model.head.name.clone();
        if let Some(what) = story.lacking(Offers { turns: true, choice: true, beam: true, reads: true }) {
            return Err(CompileError::Sequence { name: name(), target: "c99".into(), what: what.into() });
        }
        let context = sequence::context(model, reader, body, story)
            .map_err(|what| CompileError::Tokenizer { name: name(), what })?;
        let (flash, ram) = context.bytes();
        let header = render(assets, "c99/sequence.h", &context)?;
        let code = render(assets, "c99/sequence.c", &context)?;
        return Ok(Sources { name: context.name, header, code, flash, ram, ram_of_whole: None });
    }
    if let Some((reader, body)) = model.network() {
        let context = sensors::context(model, reader, body).map_err(|what| CompileError::Sequence {
            name: model.head.name.clone(),
            target: "c99".into(),
            what,
        })?;
        let (flash, ram) = context.bytes();
        let header = render(assets, "c99/sensors.h", &context)?;
        let code = render(assets, "c99/sensors.c", &context)?;
        let ram_of_whole = context.state_of_whole();
        return Ok(Sources { name: context.name, header, code, flash, ram, ram_of_whole });
    }
    let (reports, _) = pass::optimise(ir::build(model)?, model.reader.max_query().into())?;
    let graph = &reports.last().expect("optimise() records every pass").graph;
    let context = context::context(model, &stage::read(graph).map_err(PlanError::from)?);
    let (flash, ram) = context.bytes();
    let header = render(assets, "c99/network.h", &context)?;
    let code = render(assets, "c99/network.c", &context)?;
    Ok(Sources { name: context.name, header, code, flash, ram, ram_of_whole: None })
}

/// One template, which may include others of its folder.
fn render(assets: &Assets, name: &str, values: &impl Serialize) -> Result<String, CompileError> {
    let own = Templates::some(assets, |name| name.starts_with("c99/"));
    Ok(kernel::tidy(&own.render(name, values)?))
}
