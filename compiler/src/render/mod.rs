//! Plan → complete, typed context → template → assembly text. Decisions are made here, loops stand in
//! the templates.

mod avr;
pub mod board;
mod context;
mod prefix;
mod stage;
mod text;
mod weights;

pub(crate) use text::tidy;

use crate::ir::Form;
use crate::plan::Plan;
use crate::plan::network::{Source, Stage};
use crate::target::Cpu;
use crate::{CompileError, Request};
use tera::{Context, Tera};

/// Templates of a processor by the ends of their names. Everything else is included from `program`; the console of the
/// target is included as `console`.
fn extension(cpu: Cpu) -> &'static str {
    match cpu {
        Cpu::Z80 => ".asm",
        Cpu::Avr(_) => ".S",
    }
}

/// Renders the program of a plan.
///
/// # Errors
/// [`CompileError::Template`] where a template does not parse or asks for what is not there.
pub fn render(plan: &Plan, request: &Request) -> Result<String, CompileError> {
    let mut tera = Tera::default();
    tera.autoescape_on(vec![]);
    let extension = extension(plan.cpu);
    let (program, console) = (format!("program{extension}"), format!("console{extension}"));
    let error = |e: &tera::Error| template_error(&program, e);
    let templates = request.assets.templates();
    let templates = templates.filter(|(name, _)| name.ends_with(extension) && !name.contains('/'));
    let own = request.target.console.as_str();
    let templates = templates.map(|(name, text)| (if name == own { console.as_str() } else { name }, text));
    tera.add_raw_templates(templates).map_err(|e| error(&e))?;
    let context = match plan.cpu {
        Cpu::Z80 => Context::from_serialize(context::program(plan, request)),
        Cpu::Avr(_) => Context::from_serialize(avr::program(plan, request)),
    };
    let text = tera.render(&program, &context.map_err(|e| error(&e))?).map_err(|e| error(&e))?;
    Ok(tidy(&text))
}

/// Where each phase of a program starts, by label. Code behind a label without a name belongs to the
/// phase that called it.
pub fn phases(plan: &Plan) -> Vec<(String, Option<String>)> {
    match plan.cpu {
        Cpu::Z80 => context::phases(plan),
        Cpu::Avr(_) => avr::phases(plan),
    }
}

/// The whole chain of causes: tera names the template in the outermost one only.
fn template_error(name: &str, error: &tera::Error) -> CompileError {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    CompileError::Template { name: name.to_string(), message }
}

/// What a stage computes, in words.
fn title(stage: &Stage, form: Form) -> String {
    let from = match stage.source {
        Source::Trigrams { bands: 1, .. } => "trigrams of the query".to_string(),
        Source::Trigrams { bands, .. } => format!("trigrams of the query in {bands} bands"),
        Source::Ngrams { .. } => "n-grams of the last characters".to_string(),
        Source::Hidden { shift, .. } => format!("max(acc >> {shift}, 0) of the stage before"),
    };
    let sums = match stage.folds.len() {
        0 => String::new(),
        n => format!(" and {n} sums that they share"),
    };
    let inputs = stage.columns.len();
    format!("{}: {inputs} inputs ({from}), {} outputs{sums}, {form} weights", stage.name, stage.visible())
}
