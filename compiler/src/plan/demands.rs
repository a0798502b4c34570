//! What the user asks of a plan, beside that it fits the target.

use super::Needs;
use crate::stage::{Stage, label};
use crate::target::Target;
use crate::weights::Form;
use std::fmt;
use thiserror::Error;

/// Bytes by which the estimate of code is wrong at most, more or less.
pub(super) const ROUGH: usize = 300;

/// How to choose a plan. The default is the fastest one that fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    /// The form of all stages that `layers` does not name and that can have it; `None`: the planner chooses.
    pub encoding: Option<Form>,
    /// Forms of single layers and stages. A stage's name goes before the number of its layer.
    pub layers: Vec<(Layer, Form)>,
    pub optimize: Optimize,
    /// The largest image, in bytes.
    pub max_bytes: Option<usize>,
    pub storage: Storage,
    /// What the file of weights is called, without its extension; `None`: as the model is.
    pub file: Option<String>,
}

/// Where the weights of a program live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Storage {
    /// In the image where they fit; else in banks, where the machine has them, or, where it has files or a flash chip, those
    /// that the image has no room for in a file beside it.
    #[default]
    Auto,
    /// All in the image.
    Image,
    /// All in the file.
    File,
    /// All in banks of the ROM.
    Banks,
}

impl Storage {
    pub const ALL: [Self; 4] = [Self::Auto, Self::Image, Self::File, Self::Banks];

    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Image => "image",
            Self::File => "file",
            Self::Banks => "banks",
        }
    }

    /// The place in a sentence.
    pub fn place(self) -> &'static str {
        match self {
            Self::Auto | Self::Image => "the image",
            Self::File => "a file",
            Self::Banks => "banks",
        }
    }
}

/// A layer of the model, or one of the stages that it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layer {
    /// From 1 on. The first layer of a chat has two stages: both.
    Number(usize),
    /// As tables of plans show it: `fc1_query`.
    Stage(String),
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Stage(name) => write!(f, "{name}"),
        }
    }
}

/// What a plan is best in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Optimize {
    /// The fastest program that fits.
    #[default]
    Speed,
    /// The smallest image; of equal ones the fastest.
    Size,
}

impl Optimize {
    pub const ALL: [Self; 2] = [Self::Speed, Self::Size];

    pub fn name(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Size => "size",
        }
    }
}

/// What is asked of a layer cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayerError {
    /// The model does not have it. `layers` is what there is: `1 (fc1_query, fc1_context), 2 (fc2)`.
    #[error("there is no layer {wanted}: there are {layers}")]
    Missing { wanted: String, layers: String },
    /// No kernel computes the stage in that form. `forms` are those that it can have.
    #[error("{stage} cannot have {form} weights: it can have {forms}")]
    Form { stage: String, form: Form, forms: String },
    /// All layers are asked for a form, and no kernel computes any of them in it.
    #[error("no layer of this model can have {form} weights")]
    Nowhere { form: Form },
}

impl Demands {
    /// Whether the planner decides everything. What a file is called is no demand: it changes nothing of a plan.
    pub fn are_none(&self) -> bool {
        Self { file: None, ..self.clone() } == Self::default()
    }

    /// All weights in one form; `None` for the fastest plan that fits.
    pub fn of(encoding: Option<Form>) -> Self {
        Self { encoding, ..Self::default() }
    }

    /// Whether the smallest image is asked for.
    pub fn is_for_size(&self) -> bool {
        self.optimize == Optimize::Size
    }

    /// The option that asks for forms of weights, if one does: sequence models have none to choose.
    pub fn of_forms(&self) -> Option<&'static str> {
        let given = [(self.encoding.is_some(), "--encoding"), (!self.layers.is_empty(), "--layer")];
        given.into_iter().find(|(given, _)| *given).map(|(_, option)| option)
    }

    /// The form that [`Demands::layers`] ask for each stage.
    ///
    /// # Errors
    /// A layer that is named and is not there.
    pub fn forms(&self, stages: &[Stage]) -> Result<Vec<Option<Form>>, LayerError> {
        let mut forms = vec![None; stages.len()];
        let numbered = |layer: &Layer| matches!(layer, Layer::Number(_));
        let ordered = self.layers.iter().filter(|(layer, _)| numbered(layer));
        for (layer, form) in ordered.chain(self.layers.iter().filter(|(layer, _)| !numbered(layer))) {
            let named = |i: usize| match layer {
                _ if stages[i].layer == 0 => false,
                Layer::Number(number) => stages[i].layer == *number,
                Layer::Stage(name) => stages[i].name == label(name),
            };
            let mut found = (0..forms.len()).filter(|&i| named(i)).peekable();
            if found.peek().is_none() {
                return Err(LayerError::Missing { wanted: layer.to_string(), layers: layers(stages) });
            }
            found.for_each(|i| forms[i] = Some(*form));
        }
        Ok(forms)
    }

    /// How many bytes what a plan needs is too many; 0 if it fits.
    pub fn excess(&self, target: &Target, needs: Needs) -> usize {
        let above = self.max_bytes.map_or(0, |most| needs.image.saturating_sub(most));
        target.excess(needs.image, needs.buffers).max(above)
    }

    /// Whether an estimate fits with so many percent of error, and what it may be wrong by in small programs.
    pub fn may_fit(&self, target: &Target, needs: Needs, percent: usize) -> bool {
        let room = self.max_bytes.map_or(target.image_room(), |most| most.min(target.image_room()));
        self.excess(target, needs) <= room * percent / 100 + ROUGH
    }
}

/// The layers of a network with their stages.
fn layers(stages: &[Stage]) -> String {
    let layer = |stages: &[&Stage]| {
        let names: Vec<_> = stages.iter().map(|stage| stage.name.as_str()).collect();
        format!("{} ({})", stages[0].layer, names.join(", "))
    };
    let weighted: Vec<&Stage> = stages.iter().filter(|stage| stage.layer > 0).collect();
    let layers: Vec<_> = weighted.chunk_by(|a, b| a.layer == b.layer).map(layer).collect();
    layers.join(", ")
}
