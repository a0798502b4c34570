//! What a training of adapters gives: a few numbers, and which base they belong to.

use super::export::quantized;
use super::floats::{FloatBase, Rounding};
use super::layout::Layout;
use super::lora::{Adapters, Lora};
use super::ranges::Ranges;
use super::resume::{Parameters, parameters_of, shape_of};
use super::shape::Shape;
use crate::error::TrainError;
use mlc_compiler::arithmetic::hash::{FNV_START, fnv1a};
use mlc_compiler::import::ron;
use mlc_compiler::import::sequence::quantize::Quantized;
use mlc_compiler::model::{Answer, Body, Head, Model, Story};
use serde::{Deserialize, Serialize};

/// The format of an adapter's file, and that of one beside floats.
const FORMAT: u32 = 1;
const FORMAT_OF_FLOATS: u32 = 2;

/// A trained adapter. Its fields are those of its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adapter {
    /// Version of the format: 1, with `rounding` 2.
    adapter: u32,
    /// [`fingerprint`] of the base, or what a float one is told by.
    base: String,
    /// How a float base is rounded; none of a base of integers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
    /// Rank, alpha and matrices.
    pub lora: Lora,
    /// Of each block and matrix in their order: `A` (`[rank, inputs]`), then `B` (`[outputs, rank]`).
    pub(super) values: Vec<f32>,
    /// Largest magnitudes of activations, from which the merged network's 8-bit steps follow.
    pub(super) ranges: Ranges,
}

/// What tells a base from another: FNV-1a (64 bits) of its canonical text without name, description and facts of training.
pub fn fingerprint(model: &Model) -> String {
    let bare = Model { head: Head::default(), ..model.clone() };
    format!("{:016x}", fnv1a(FNV_START, ron::write(&bare).bytes()))
}

/// What adapters stand beside.
#[derive(Debug, Clone, Copy)]
pub enum Base<'a> {
    Model(&'a Model),
    Floats(&'a FloatBase),
}

impl Base<'_> {
    pub(super) fn fingerprint(self) -> String {
        match self {
            Self::Model(model) => fingerprint(model),
            Self::Floats(base) => base.fingerprint.clone(),
        }
    }

    pub(super) fn rounding(self) -> Option<Rounding> {
        match self {
            Self::Model(_) => None,
            Self::Floats(base) => Some(base.rounding),
        }
    }

    /// The shape of its network.
    ///
    /// # Errors
    /// A part that the trainer does not have.
    pub fn shape(self) -> Result<Shape, TrainError> {
        match self {
            Self::Model(model) => shape_of(model),
            Self::Floats(base) => Ok(base.shape.clone()),
        }
    }

    /// What adapters are added to.
    ///
    /// # Errors
    /// A part that the trainer does not have.
    pub fn parameters(self) -> Result<Parameters, TrainError> {
        match self {
            // No token is new, so that no seed matters.
            Self::Model(model) => parameters_of(model, &shape_of(model)?, 1),
            Self::Floats(base) => Ok(base.parameters()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Model(model) => &model.head.name,
            Self::Floats(base) => base.name(),
        }
    }

    /// Its model with another network.
    fn with(self, network: Quantized) -> Model {
        let base = match self {
            Self::Model(model) => model,
            Self::Floats(base) => return base.with(network),
        };
        let Answer::Story(story) = &base.answer else { unreachable!("shape_of takes sequence models only") };
        Model {
            body: Body::Transformer(network.body),
            answer: Answer::Story(Story { logit_bits: network.logit_bits, ..story.clone() }),
            ..base.clone()
        }
    }
}

impl Adapter {
    pub(super) fn new(
        (base, rounding): (String, Option<Rounding>),
        lora: Lora,
        values: Vec<f32>,
        ranges: Ranges,
    ) -> Self {
        let adapter = if rounding.is_some() { FORMAT_OF_FLOATS } else { FORMAT };
        Self { adapter, base, rounding, lora, values, ranges }
    }

    /// Whether this base is its own.
    ///
    /// # Errors
    /// It is another one, or something in the adapter does not go with it.
    pub fn check(&self, base: Base) -> Result<(), TrainError> {
        let wrong = |what: String| Err(TrainError::Data(what));
        let format = if self.rounding.is_some() { FORMAT_OF_FLOATS } else { FORMAT };
        if self.adapter != format {
            return wrong(format!("the adapter has format {}: this mlc reads {format} there", self.adapter));
        }
        let found = base.fingerprint();
        if self.base != found {
            let name = base.name();
            return wrong(format!(
                "the adapter's base is {}, and {name} is {found}: another network",
                self.base
            ));
        }
        if self.rounding != base.rounding() {
            return wrong("the adapter was trained beside a base that is rounded otherwise".to_string());
        }
        let shape = base.shape()?;
        self.lora.check(&shape)?;
        let (has, wants) = (self.values.len(), self.lora.len(&shape));
        if has != wants {
            return wrong(format!("the adapter has {has} values, its base wants {wants}"));
        }
        if let Some(at) = self.values.iter().position(|v| !v.is_finite()) {
            return wrong(format!("value {at} of the adapter is no finite number"));
        }
        let (has, wants) = (self.ranges.blocks.len(), shape.network.layers);
        if has != wants {
            return wrong(format!("the adapter has ranges of {has} blocks, its base has {wants}"));
        }
        if !self.ranges.are_sound() {
            return wrong("a range of the adapter is not between 1e-12 and 1e12".to_string());
        }
        Ok(())
    }

    /// How many numbers were trained.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has no number, which no adapter of a base is.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The base with the adapter in it. One that adds nothing leaves a base of integers as it is.
    ///
    /// # Errors
    /// An adapter of another base; see [`Adapter::check`].
    pub fn merged(&self, base: Base) -> Result<Model, TrainError> {
        self.check(base)?;
        let shape = base.shape()?;
        let Parameters { values: parameters, prior, .. } = base.parameters()?;
        let mut adapters = Adapters::new(&self.lora, &shape, parameters.clone(), self.values.clone());
        if let (Base::Model(model), true) = (base, adapters.is_idle()) {
            return Ok(model.clone());
        }
        let mut merged = parameters;
        adapters.merge(&mut merged);
        let network = quantized(&shape, &Layout::new(&shape), &merged, &self.ranges, prior.as_ref())?;
        let model = base.with(network);
        model.check()?;
        Ok(model)
    }
}
