//! Who computes the gradients of a batch.
//!
//! [`Gradients`] is all that a training asks of a device: rounded weights, ranges and texts go in, the gradient of every parameter and
//! what the batch showed come out. Shadows, Adam, grids and figures stay with [`super::learner`], the same everywhere. [`Cpu`] has
//! the adjoints of this crate, `torch` leaves them to LibTorch.

mod cpu;
#[cfg(feature = "tch")]
mod torch;
#[cfg(all(test, feature = "tch"))]
mod torch_tests;

pub(crate) use cpu::Cpu;

use super::example::Example;
use super::pass::Net;
use super::ranges::Ranges;
use super::settings::Settings;
use super::teacher::Teacher;
use crate::device::DeviceError;

/// What a batch showed.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Of the mean loss of the tokens that count, for all parameters as the layout has them.
    pub gradients: Vec<f32>,
    pub seen: Ranges,
    /// Sum over the tokens that count, in nats.
    pub loss: f64,
    /// Tokens whose logit was the largest.
    pub right: usize,
}

/// A device that computes gradients.
pub(crate) trait Gradients {
    /// Both passes over a batch, in which `counted` tokens count: one at least. `None` once the device has failed.
    fn of_batch(&mut self, net: &Net, examples: &[&Example], counted: usize) -> Option<Found>;

    /// The ranges of activations that some texts show. `None` once the device has failed.
    fn ranges(&mut self, net: &Net, examples: &[&Example]) -> Option<Ranges>;

    /// Whether all that was asked for was done.
    ///
    /// # Errors
    /// What the device said first.
    fn check(&self) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// What computes on the device of these settings. `teacher`: a network whose probabilities are to be learned.
///
/// # Errors
/// There is no such device.
pub(crate) fn on<'a>(
    settings: &Settings,
    teacher: Option<&'a Teacher>,
) -> Result<Box<dyn Gradients + 'a>, DeviceError> {
    let schedule = &settings.schedule;
    schedule.device.check()?;
    // Without LibTorch no other device passes the check.
    #[cfg(feature = "tch")]
    if schedule.device != crate::device::Device::Cpu {
        return Ok(Box::new(torch::OnTorch::new(settings, teacher)?));
    }
    Ok(Box::new(Cpu::new(schedule.threads, teacher)))
}
