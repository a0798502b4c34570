//! On what a training computes, and in what numbers: what `mlc train` and `mlc distill` share.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use mlc_trainer::{Device, Precision};

#[derive(Debug, Clone, Copy, Args)]
pub struct ComputeArgs {
    /// Compute with mlc's own code, with LibTorch on the processor, or with LibTorch on a GPU; those two only if
    /// they are built in
    #[arg(long, value_name = "DEVICE", default_value = Device::Cpu.name(), value_parser = device())]
    pub device: Device,
    /// Floats that LibTorch multiplies in a sequence model [default: f32]
    #[arg(long, value_name = "FLOATS", value_parser = precision())]
    pub precision: Option<Precision>,
    /// On LibTorch, compute the activations of a sequence model once more on the way back, block by block: less memory,
    /// more time
    #[arg(long)]
    pub recompute: bool,
}

impl ComputeArgs {
    /// The first option that was given and that only sequence models have.
    pub fn of_sequence(&self) -> Option<&'static str> {
        let given = [(self.precision.is_some(), "--precision"), (self.recompute, "--recompute")];
        given.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }

    /// The first option that is LibTorch's, where that is not what computes.
    pub fn of_torch(&self) -> Option<String> {
        if self.device != Device::Cpu {
            return None;
        }
        let narrow = self.precision.filter(|precision| *precision != Precision::F32);
        narrow
            .map(|precision| format!("--precision {}", precision.name()))
            .or_else(|| self.recompute.then(|| "--recompute".to_string()))
    }
}

fn device() -> impl TypedValueParser<Value = Device> {
    let named = |name: String| Device::ALL.into_iter().find(|device| device.name() == name);
    PossibleValuesParser::new(Device::ALL.map(Device::name))
        .map(move |name| named(name).expect("only names of devices pass"))
}

fn precision() -> impl TypedValueParser<Value = Precision> {
    let named = |name: String| Precision::ALL.into_iter().find(|precision| precision.name() == name);
    PossibleValuesParser::new(Precision::ALL.map(Precision::name))
        .map(move |name| named(name).expect("only names of precisions pass"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_do_not_fit_are_named() {
        let of = |device, precision, recompute| ComputeArgs { device, precision, recompute };
        let (cpu, torch) = (Device::Cpu, Device::TorchCpu);
        assert_eq!(of(cpu, None, false).of_torch(), None);
        assert_eq!(of(cpu, Some(Precision::F32), false).of_torch(), None);
        assert_eq!(of(cpu, Some(Precision::Bf16), true).of_torch().as_deref(), Some("--precision bf16"));
        assert_eq!(of(cpu, None, true).of_torch().as_deref(), Some("--recompute"));
        assert_eq!(of(torch, Some(Precision::Bf16), true).of_torch(), None);
        assert_eq!(of(torch, None, false).of_sequence(), None);
        assert_eq!(of(torch, Some(Precision::F32), true).of_sequence(), Some("--precision"));
        assert_eq!(of(torch, None, true).of_sequence(), Some("--recompute"));
    }
}
