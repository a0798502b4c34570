//! Going on from a model that this trainer made.

use super::error::DataError;
use super::network::Network;
use mlc_compiler::model::{Grid, Model};

/// The network of a model.
///
/// # Errors
/// A model of another family, or one with layers that this trainer does not make.
pub(super) fn network(model: &Model) -> Result<Network, DataError> {
    let (sensors, body) = model.network().ok_or(DataError::OtherModel("reads no numbers"))?;
    let network = Network::of(body, sensors.shape.len());
    network.ok_or(DataError::OtherModel("was not trained here: its layers have other units"))
}

/// The smallest grid that has all weights.
pub(super) fn grid(network: &Network) -> Grid {
    let grids = [Grid::Ternary, Grid::TwoBits].into_iter();
    let mut grids = grids.chain((3..=8).map(|bits| Grid::Symmetric { bits }));
    let weights = || network.layers.iter().flat_map(|layer| &layer.weights);
    let has = |grid: &Grid| {
        let (least, most) = grid.limits();
        weights().all(|w| (least..=most).contains(w))
    };
    grids.find(has).unwrap_or(Grid::Symmetric { bits: 8 })
}
