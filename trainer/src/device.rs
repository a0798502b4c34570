//! On what training computes.

use std::fmt;
use thiserror::Error;

/// Where the training loop computes. Figures are counted by this crate's own integer code everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// This crate's own code on the processor: the same in every build.
    #[default]
    Cpu,
    /// LibTorch on the processor. Only with the feature `tch`.
    TorchCpu,
    /// LibTorch on the first CUDA device. Only with the feature `tch`.
    Cuda,
}

/// In what numbers LibTorch computes the products of sequence models. All else is computed in 32 bits: sums, roundings, norms,
/// losses, and what Adam keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Floats of 32 bits.
    #[default]
    F32,
    /// Floats of 16 bits with the exponent of 32 and 8 bits of precision, summed up in 32.
    Bf16,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::F32, Self::Bf16];

    /// What is typed for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeviceError {
    #[error("the device \"{device}\" is LibTorch's, and this program was built without LibTorch")]
    NotBuilt { device: Device },
    #[error("LibTorch finds no CUDA device here")]
    NoCuda,
    /// With LibTorch's own words.
    #[error("LibTorch failed: {0}")]
    Failed(String),
}

impl DeviceError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotBuilt { .. } => {
                "build it in: `pip install torch==2.13.0`, then `LIBTORCH_USE_PYTORCH=1 cargo build --release \
                 --features tch`; docs/training.md says more"
            }
            Self::NoCuda => {
                "it takes an NVIDIA GPU, its driver, and a PyTorch made for CUDA; \"torch-cpu\" and \"cpu\" do without"
            }
            Self::Failed(_) => {
                "where memory is short a smaller batch helps, and for sequence models --recompute; the device \"cpu\" needs no \
                 LibTorch"
            }
        }
    }
}

impl Device {
    /// All devices, built in or not.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::TorchCpu, Self::Cuda];

    /// What is typed for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::TorchCpu => "torch-cpu",
            Self::Cuda => "cuda",
        }
    }

    /// Whether training can use it here.
    ///
    /// # Errors
    /// It is not built in, or there is none.
    #[cfg(feature = "tch")]
    pub fn check(self) -> Result<(), DeviceError> {
        if self == Self::Cuda && !tch::Cuda::is_available() { Err(DeviceError::NoCuda) } else { Ok(()) }
    }

    /// Whether training can use it here.
    ///
    /// # Errors
    /// It is not built in.
    #[cfg(not(feature = "tch"))]
    pub fn check(self) -> Result<(), DeviceError> {
        if self == Self::Cpu { Ok(()) } else { Err(DeviceError::NotBuilt { device: self }) }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_everywhere_and_others_are_asked_for() {
        assert_eq!(Device::default().check(), Ok(()));
        assert_eq!(Device::ALL.map(Device::name), ["cpu", "torch-cpu", "cuda"]);
        let built = cfg!(feature = "tch");
        assert_eq!(Device::TorchCpu.check().is_ok(), built);
        if !built {
            let error = Device::Cuda.check().unwrap_err();
            assert_eq!(error, DeviceError::NotBuilt { device: Device::Cuda });
            assert!(error.help().contains("--features tch"), "{}", error.help());
        }
    }
}
