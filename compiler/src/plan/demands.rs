//! What the user asks of a plan, beside that it fits the target.

use super::Needs;
use super::network::{Network, label};
use crate::ir::Form;
use crate::target::Target;
use std::fmt;
use thiserror::Error;

/// Bytes by which the estimate of code is wrong at most, more or less.
pub(super) const ROUGH: usize = 300;

/// How to choose a plan. The default is the fastest one that fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    /// The form of all stages that `layers` does not name; `None`: the planner chooses.
    pub encoding: Option<Form>,
    /// Forms of single layers and stages. A stage's name goes before the number of its layer.
    pub layers: Vec<(Layer, Form)>,
    pub optimize: Optimize,
    /// The largest image, in bytes.
    pub max_bytes: Option<usize>,
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

/// A form is asked for a layer that the model does not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no layer {wanted}: there are {layers}")]
pub struct NoSuchLayer {
    pub wanted: String,
    /// What there is: `1 (fc1_query, fc1_context), 2 (fc2)`.
    pub layers: String,
}

impl Demands {
    /// All weights in one form; `None` for the fastest plan that fits.
    pub fn of(encoding: Option<Form>) -> Self {
        Self { encoding, ..Self::default() }
    }

    /// The form that is asked for each stage of `network`, `None` where the planner chooses.
    ///
    /// # Errors
    /// A layer that is named and is not there.
    pub fn forms(&self, network: &Network) -> Result<Vec<Option<Form>>, NoSuchLayer> {
        let mut forms = vec![self.encoding; network.stages.len()];
        let numbers = network.layers();
        let numbered = |layer: &Layer| matches!(layer, Layer::Number(_));
        let ordered = self.layers.iter().filter(|(layer, _)| numbered(layer));
        for (layer, form) in ordered.chain(self.layers.iter().filter(|(layer, _)| !numbered(layer))) {
            let named = |i: usize| match layer {
                Layer::Number(number) => numbers[i] == *number,
                Layer::Stage(name) => network.stages[i].name == label(name),
            };
            let mut stages = (0..forms.len()).filter(|&i| named(i)).peekable();
            if stages.peek().is_none() {
                return Err(NoSuchLayer { wanted: layer.to_string(), layers: layers(network) });
            }
            stages.for_each(|i| forms[i] = Some(*form));
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
fn layers(network: &Network) -> String {
    let numbers = network.layers();
    let stages: Vec<_> = numbers.iter().zip(&network.stages).collect();
    let layer = |stages: &[(&usize, &super::network::Stage)]| {
        let names: Vec<_> = stages.iter().map(|(_, s)| s.name.as_str()).collect();
        format!("{} ({})", stages[0].0, names.join(", "))
    };
    let layers: Vec<_> = stages.chunk_by(|(a, _), (b, _)| a == b).map(layer).collect();
    layers.join(", ")
}
