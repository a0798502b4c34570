//! Why a model was not compiled: it does not fit, or mlc has a bug. The two never look alike.

use crate::asm::AsmError;
use crate::image::Oversize;
use crate::ir::{Form, TypeError};
use crate::plan::{PlanError, Survey};
use crate::target::Target;
use crate::valid::InvalidGraph;
use std::fmt::Write;
use thiserror::Error;

/// Why [`crate::compile`] gave nothing.
#[derive(Debug, Error)]
pub enum CompileError {
    #[error("{name} does not fit {target}: {free} bytes are free there")]
    TooLarge { name: String, target: String, free: usize, table: String },
    #[error("a bug in mlc: {0}")]
    Types(#[from] TypeError),
    #[error("a bug in mlc: {0}")]
    Graph(#[from] InvalidGraph),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("template {name}: {message}")]
    Template { name: String, message: String },
    #[error("the generated assembly does not assemble: {0}")]
    Assembly(Box<AsmError>),
}

impl CompileError {
    /// What the user can do about it.
    pub fn help(&self) -> String {
        match self {
            Self::TooLarge { table, .. } => {
                format!(
                    "{table}Fewer non-zero weights (train with a stronger L1 term), smaller layers, or another target would help."
                )
            }
            Self::Template { .. } => "correct the template, or leave --templates away".into(),
            Self::Assembly(_) => {
                "with --templates: correct the template; otherwise this is a bug in mlc, please report it"
                    .into()
            }
            Self::Types(_) | Self::Graph(_) | Self::Plan(_) => "please report it with the model file".into(),
        }
    }

    /// Whether mlc is at fault, not the model, target or templates.
    pub fn is_bug(&self) -> bool {
        matches!(self, Self::Types(_) | Self::Graph(_) | Self::Plan(_))
    }

    /// The table of what each plan tried would need, smallest last.
    pub(crate) fn too_large(
        name: &str,
        target: &Target,
        survey: &Survey,
        refused: &[(Vec<Form>, Oversize)],
    ) -> Self {
        let mut table = String::from("what it would need there with its buffers, in bytes (about):\n");
        for (forms, size) in refused {
            let forms: Vec<_> = forms.iter().map(|f| f.name()).collect();
            let _ = writeln!(table, "  {:>6} with {}", size.needs, forms.join(", "));
        }
        for (name, offers) in survey.stages() {
            let offers: Vec<_> = offers.iter().map(|o| format!("{} {}", o.form, o.bytes)).collect();
            let _ = writeln!(table, "  {name}: {}", offers.join(", "));
        }
        Self::TooLarge { name: name.to_string(), target: target.name.clone(), free: target.memory(), table }
    }
}
