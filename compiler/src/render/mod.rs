//! Plan → complete, typed context → template → assembly text. Decisions are made here, loops stand in
//! the templates.

pub mod board;
mod context;
mod prefix;
mod stage;
mod text;
mod weights;

pub use context::phases;
pub(crate) use text::tidy;

use crate::plan::Plan;
use crate::{CompileError, Request};
use tera::{Context, Tera};

/// The template that everything else is included from.
const PROGRAM: &str = "program.asm";

/// The name under which a program includes the console of its target.
const CONSOLE: &str = "console.asm";

/// Renders the program of a plan.
///
/// # Errors
/// [`CompileError::Template`] where a template does not parse or asks for what is not there.
pub fn render(plan: &Plan, request: &Request) -> Result<String, CompileError> {
    let mut tera = Tera::default();
    tera.autoescape_on(vec![]);
    let console = request.target.console.as_str();
    let templates = request
        .assets
        .templates()
        .filter(|(name, _)| !name.contains('/'))
        .map(|(name, text)| (if name == console { CONSOLE } else { name }, text));
    tera.add_raw_templates(templates).map_err(|e| template_error(&e))?;
    let program = context::program(plan, request);
    let context = Context::from_serialize(&program).map_err(|e| template_error(&e))?;
    let text = tera.render(PROGRAM, &context).map_err(|e| template_error(&e))?;
    Ok(tidy(&text))
}

/// The whole chain of causes: tera names the template in the outermost one only.
fn template_error(error: &tera::Error) -> CompileError {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    CompileError::Template { name: PROGRAM.to_string(), message }
}
