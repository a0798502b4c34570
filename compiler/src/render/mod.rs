//! Plan → assembly text. What the text is, the kernels say; here is what surrounds them.

pub use crate::kernel::avr::board;

use crate::kernel::{Fragment, Phase, Site, Templates, processor, tidy};
use crate::plan::Plan;
use crate::target::Cpu;
use crate::{CompileError, Request};

/// The text of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub assembly: String,
    /// Where each phase starts, by label.
    pub phases: Vec<Phase>,
}

/// The templates of a request's target.
///
/// # Errors
/// [`CompileError::Template`] where one does not parse.
pub fn templates(request: &Request) -> Result<Templates, CompileError> {
    let extension = match request.target.cpu {
        Cpu::Z80 => ".asm",
        Cpu::Avr(_) => ".S",
    };
    Templates::new(request.assets, request.target, extension)
}

/// The text of one stage of a plan, as its kernel makes it: for tests and for who wants to read a kernel alone.
///
/// # Errors
/// [`CompileError::Template`] where a template asks for what is not there.
pub fn stage(
    plan: &Plan,
    request: &Request,
    templates: &Templates,
    at: usize,
) -> Result<Fragment, CompileError> {
    plan.layout.kernels[at].emit(&Site { layout: &plan.layout, request, templates }, at)
}

/// Renders the program of a plan.
///
/// # Errors
/// [`CompileError::Template`] where a template asks for what is not there.
pub fn render(plan: &Plan, request: &Request, templates: &Templates) -> Result<Text, CompileError> {
    let site = Site { layout: &plan.layout, request, templates };
    let program = processor(plan.layout.machine.cpu).program(&site, &plan.table())?;
    Ok(Text { assembly: tidy(&program.code), phases: program.phases })
}
