//! Limits for the training of a network on numbers: what a shape costs is known before anything is learned.

use crate::args::TrainSettings;
use crate::budget::{Limits, Price};
use crate::error::CliError;
use crate::say::say;
use mlc_compiler::model::Model;
use mlc_trainer::sensors::{Settings, Task, Training, untrained};

/// Hidden layers that are tried where those that were meant cost too much.
const SMALLER: [&[usize]; 7] = [&[32, 16], &[16, 16], &[16, 8], &[16], &[8], &[4], &[]];

/// Says what such a network costs. Where nobody has said how wide its hidden layers are, the first that keep the limits are
/// taken; else one that does not keep them is refused.
///
/// # Errors
/// It costs too much, with what would not; the target has no kernels for it.
pub fn check(
    limits: &Limits,
    given: &TrainSettings,
    task: &Task,
    settings: &mut Settings,
    start: Option<&Model>,
) -> Result<(), CliError> {
    let price = |settings: &Settings| -> Result<Price, CliError> {
        limits.price(&untrained(&Training { task, settings, start })?)
    };
    let priced = price(settings)?;
    if limits.keep(&priced) {
        say!("{}", limits.shown(&priced));
        return Ok(());
    }
    let problem = limits.broken(&priced);
    if start.is_some() {
        let help =
            "the model that training goes on from has its own layers: allow more, or train another one";
        return Err(CliError::Limits { problem, help: help.into() });
    }
    let weights = |hidden: &[usize]| -> usize {
        let widths = [&[task.reader.shape.len()], hidden, &[task.labels.len()]].concat();
        widths.windows(2).map(|pair| pair[0] * pair[1]).sum()
    };
    let most = weights(&settings.shape.hidden);
    for hidden in SMALLER.into_iter().filter(|hidden| weights(hidden) < most) {
        let smaller = settings.clone().with(|s| s.shape.hidden = hidden.to_vec());
        let priced = price(&smaller)?;
        if !limits.keep(&priced) {
            continue;
        }
        let widths: Vec<String> = hidden.iter().map(usize::to_string).collect();
        let widths = widths.join(",");
        return match given.hidden {
            Some(_) if hidden.is_empty() => Err(CliError::Limits {
                problem,
                help: "leave --hidden out: a network without hidden layers fits".into(),
            }),
            Some(_) => Err(CliError::Limits {
                problem,
                help: format!("--hidden {widths} would keep the limits; or allow more"),
            }),
            None => {
                let widths =
                    if widths.is_empty() { "no hidden layer".into() } else { format!("--hidden {widths}") };
                say!("{}: with {widths}, to keep the limits", limits.shown(&priced));
                *settings = smaller;
                Ok(())
            }
        };
    }
    let help = "not even a network without hidden layers keeps the limits: give fewer columns, or allow more";
    Err(CliError::Limits { problem, help: help.into() })
}
