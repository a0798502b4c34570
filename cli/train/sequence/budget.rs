//! Limits for the training of a sequence model: what a shape costs is known before anything is learned.

use crate::budget::{Limits, Price};
use crate::error::CliError;
use crate::say::say;
use crate::table::grouped;
use mlc_trainer::sequence::{Settings, Shape, Training, untrained};

/// Says what a network of such a shape costs, and refuses one that does not keep the limits. `is_new`: its sizes were chosen
/// here, and not by a model to go on with.
///
/// # Errors
/// It costs too much, with the number that would not; the target has no kernels for it.
pub fn check(limits: &Limits, training: &Training, is_new: bool) -> Result<(), CliError> {
    let priced = price(limits, training, training.settings)?;
    say!("{}", limits.shown(&priced));
    if limits.keep(&priced) {
        return Ok(());
    }
    let help = match is_new {
        true => advice(limits, training)?,
        false => {
            "the model that training goes on from has its own sizes: allow more, or train another one".into()
        }
    };
    Err(CliError::Limits { problem: limits.broken(&priced), help })
}

fn price(limits: &Limits, training: &Training, settings: &Settings) -> Result<Price, CliError> {
    limits.price(&untrained(&Training { settings, ..*training })?)
}

/// Sets a number of a shape.
type Set<'a> = &'a dyn Fn(&mut Shape, usize);

/// The largest hidden layer that keeps the limits; else the most layers.
fn advice(limits: &Limits, training: &Training) -> Result<String, CliError> {
    let keeps = |change: &dyn Fn(&mut Shape)| {
        let mut settings = training.settings.clone();
        change(&mut settings.shape);
        Ok::<_, CliError>(limits.keep(&price(limits, training, &settings)?))
    };
    let network = &training.settings.shape.network;
    let numbers: [(&str, usize, Set); 2] = [
        ("--hidden", network.hidden, &|shape, n| shape.network.hidden = n),
        ("--layers", network.layers, &|shape, n| shape.network.layers = n),
    ];
    for (option, now, set) in numbers {
        // What fits with fewer fits with fewer still.
        let (mut fits, mut fails) = (0, now);
        while fails - fits > 1 {
            let middle = fits.midpoint(fails);
            match keeps(&|shape| set(shape, middle))? {
                true => fits = middle,
                false => fails = middle,
            }
        }
        if fits > 0 {
            let fits = grouped(fits as u64);
            return Ok(format!("{option} {fits} would keep the limits; or allow more"));
        }
    }
    Ok("neither a smaller --hidden nor fewer --layers keep the limits: make --dim or --window smaller, or allow more".into())
}
