//! Why a training did not start, or ended without a network.

use crate::device::DeviceError;
use crate::schedule::SettingsError;
use mlc_compiler::model::ModelError;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Error)]
pub enum TrainError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("model: {0}")]
    Model(#[from] ModelError),
    /// The data asks for what the network cannot give.
    #[error("{0}")]
    Data(String),
    /// Integers of a machine cannot hold the network that training has come to.
    #[error("{0}")]
    Unfit(String),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("the model to go on with takes {found}, the pairs were encoded for {wants}")]
    OtherModel { found: String, wants: String },
    #[error("pairs that were put aside cannot be read back: {0}")]
    Storage(String),
}

impl TrainError {
    pub(crate) fn storage(e: std::io::Error) -> Self {
        Self::Storage(e.to_string())
    }
}
