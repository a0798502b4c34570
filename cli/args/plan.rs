//! The options about a plan: how weights are stored, what is best, how large the image may be.

use super::values::whole;
use crate::error::CliError;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use mlc_compiler::plan::{Demands, Layer, Optimize, Storage};
use mlc_compiler::weights::Form;
use std::str::FromStr;

/// `auto`, or a form for all weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding(Option<Form>);

impl Encoding {
    const AUTO: &str = "auto";

    /// The form of all weights, `None` for the fastest plan that fits.
    pub fn form(self) -> Option<Form> {
        self.0
    }

    /// All there are, auto first.
    fn all() -> impl Iterator<Item = Self> {
        std::iter::once(None).chain(Form::ALL.map(Some)).map(Self)
    }

    fn name(self) -> &'static str {
        self.0.map_or(Self::AUTO, Form::name)
    }

    /// Takes every form there is by its name.
    fn parser() -> impl TypedValueParser<Value = Self> {
        let names = Self::all().map(Self::name);
        PossibleValuesParser::new(names).map(|text| Self(Form::ALL.into_iter().find(|f| f.name() == text)))
    }
}

/// `N=FORM`: a layer's number or a stage's name, and the form of its weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerForm(Layer, Form);

impl FromStr for LayerForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Form::ALL.map(Form::name).join(", ");
        let (layer, form) = text
            .split_once('=')
            .ok_or("write the layer's number, or a stage's name, and a form: 2=packed")?;
        let layer = match layer.parse() {
            Ok(0) => return Err("layers are counted from 1 on".into()),
            Ok(number) => Layer::Number(number),
            Err(_) if layer.is_empty() => return Err("there is no layer before the =".into()),
            Err(_) => Layer::Stage(layer.into()),
        };
        let form = Form::ALL.into_iter().find(|f| f.name() == form);
        form.map(|form| Self(layer, form)).ok_or_else(|| format!("the forms are {names}"))
    }
}

/// What a plan is best in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal(Optimize);

impl Goal {
    fn parser() -> impl TypedValueParser<Value = Self> {
        let goal =
            |text: String| Self(Optimize::ALL.into_iter().find(|o| o.name() == text).unwrap_or_default());
        PossibleValuesParser::new(Optimize::ALL.map(Optimize::name)).map(goal)
    }
}

/// Where weights live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(Storage);

impl Place {
    fn parser() -> impl TypedValueParser<Value = Self> {
        let place =
            |text: String| Self(Storage::ALL.into_iter().find(|s| s.name() == text).unwrap_or_default());
        PossibleValuesParser::new(Storage::ALL.map(Storage::name)).map(place)
    }
}

/// What to plan for, and what of it is decided already.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// How weights are stored; auto chooses for each layer
    #[arg(long, value_name = "FORM", default_value = Encoding::AUTO, value_parser = Encoding::parser())]
    pub encoding: Encoding,
    /// The form of one layer, by its number or the name of one of its stages; may repeat
    #[arg(long = "layer", value_name = "N=FORM", allow_hyphen_values = true)]
    pub layers: Vec<LayerForm>,
    /// Which of the plans that fit: the fastest program, or the smallest image
    #[arg(long, value_name = "GOAL", default_value = Optimize::Speed.name(), value_parser = Goal::parser())]
    pub optimize: Goal,
    /// Largest image, in bytes
    #[arg(long, value_name = "N", value_parser = whole(1usize, usize::MAX))]
    pub max_bytes: Option<usize>,
    /// Where the weights of a sequence model live: in the image; on CP/M in a file that the program reads, on an AVR board in a
    /// file for its flash chip; on an MSX in banks of a large cartridge, on a Spectrum 128 and a CPC 6128 in banks of memory; auto
    /// takes the file or banks for what the image has no room for
    #[arg(long, value_name = "PLACE", default_value = Storage::Auto.name(), value_parser = Place::parser())]
    pub weights: Place,
}

impl PlanArgs {
    /// The first option that asks for another plan than the usual one.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            (self.encoding.0.is_some(), "--encoding"),
            (!self.layers.is_empty(), "--layer"),
            (self.optimize.0 != Optimize::Speed, "--optimize"),
            (self.max_bytes.is_some(), "--max-bytes"),
            (self.weights.0 != Storage::Auto, "--weights"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, option)| option)
    }

    /// What the planner is asked for.
    ///
    /// # Errors
    /// A layer that is named twice: wrong usage.
    pub fn demands(&self) -> Result<Demands, CliError> {
        for (i, LayerForm(layer, _)) in self.layers.iter().enumerate() {
            if self.layers[..i].iter().any(|LayerForm(before, _)| before == layer) {
                return Err(CliError::Usage(format!("--layer {layer} is given twice")));
            }
        }
        Ok(Demands {
            encoding: self.encoding.form(),
            layers: self.layers.iter().map(|LayerForm(layer, form)| (layer.clone(), *form)).collect(),
            optimize: self.optimize.0,
            max_bytes: self.max_bytes,
            storage: self.weights.0,
            file: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_and_its_form() {
        let parsed = |text: &str| text.parse::<LayerForm>();
        assert_eq!(parsed("2=packed"), Ok(LayerForm(Layer::Number(2), Form::Packed)));
        assert_eq!(parsed("fc1_query=gaps"), Ok(LayerForm(Layer::Stage("fc1_query".into()), Form::Gaps)));
        for wrong in ["2", "=packed", "2=", "2=Packed", "0=gaps", "2=packed=gaps"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
