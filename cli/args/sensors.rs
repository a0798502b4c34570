//! What can be said of networks on numbers.

use super::values::whole;
use clap::{Args, ValueEnum};
use mlc_compiler::model;

/// Where help shows these options.
const SENSORS: &str =
    "Networks on numbers (.tflite, .onnx), for which --calibrate takes training data, an .npz or a .csv";

/// Options of `mlc import` for networks on numbers.
#[derive(Debug, Args)]
pub struct SensorArgs {
    /// Whose arithmetic a .tflite follows [default: tflm]
    #[arg(long, value_name = "TOOL", help_heading = SENSORS)]
    pub rounding: Option<Rounding>,
    /// Names of the inputs
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', help_heading = SENSORS)]
    pub inputs: Option<Vec<String>>,
    /// Answer ? where the largest output is less than this above another one, in steps of the outputs
    #[arg(long, value_name = "STEPS", value_parser = whole(0u8, 255u8), help_heading = SENSORS)]
    pub margin: Option<u8>,
    /// Digits behind the point of a reading that count [default: as many as its steps need]
    #[arg(long, value_name = "N", value_parser = whole(0u8, model::MAX_DECIMALS), help_heading = SENSORS)]
    pub decimals: Option<u8>,
    /// The outputs are numbers, not scores of labels
    #[arg(long, conflicts_with_all = ["labels", "margin"], help_heading = SENSORS)]
    pub numbers: bool,
}

/// An arithmetic, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Rounding {
    /// TensorFlow Lite for Microcontrollers
    Tflm,
    /// The reference kernels of LiteRT
    Builtin,
    /// XNNPACK, the interpreter's default
    Xnnpack,
}

impl From<Rounding> for model::Rounding {
    fn from(from: Rounding) -> Self {
        match from {
            Rounding::Tflm => Self::Tflm,
            Rounding::Builtin => Self::Builtin,
            Rounding::Xnnpack => Self::Xnnpack,
        }
    }
}

impl SensorArgs {
    /// The first of these options that was given.
    pub fn given(&self) -> Option<&'static str> {
        let options = [
            (self.rounding.is_some(), "--rounding"),
            (self.inputs.is_some(), "--inputs"),
            (self.margin.is_some(), "--margin"),
            (self.decimals.is_some(), "--decimals"),
            (self.numbers, "--numbers"),
        ];
        options.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }
}
