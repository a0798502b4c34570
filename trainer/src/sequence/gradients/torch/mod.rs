//! Gradients by LibTorch: the passes of `pass` and `backward` on its tensors, with the derivatives that LibTorch keeps books of.
//!
//! [`rows`] is a part of a batch on the device, [`weights`] the parameters, [`steps`] what networks are made of, [`network`] the way
//! forward, [`seen`] the ranges that it shows. Rounding, and norms in front of it, have the adjoints of this crate's own code, so that
//! both devices train the same network. What differs is the order of sums.
//!
//! # Memory
//! A batch is cut into pieces, whose gradients add up. Either all activations of a piece stay until the way back, or, where they are
//! *recomputed* (Chen, Xu, Zhang, Guestrin 2016, arXiv:1604.06174), only what goes into each block: on the way back each block runs
//! again, and no more than one block's activations are there at a time.

mod network;
mod rows;
mod seen;
mod steps;
mod weights;

use super::{Found, Gradients};
use crate::arrays::{Arrays, Done, Torch};
use crate::device::DeviceError;
use crate::sequence::example::Example;
use crate::sequence::pass::Net;
use crate::sequence::ranges::Ranges;
use crate::sequence::settings::Settings;
use crate::sequence::teacher::Teacher;
use network::{Judged, Pass};
use rows::{Rows, Text, pieces};
use seen::Seen;
use steps::Products;
use tch::{Kind, Tensor};
use weights::Weights;

/// LibTorch, and what it keeps from batch to batch.
pub(crate) struct OnTorch<'a> {
    torch: Torch,
    products: Products,
    recompute: bool,
    /// Most rows of a piece.
    pub(super) rows: usize,
    teacher: Option<(&'a Teacher, Weights)>,
}

/// Most rows of a piece, padding counted. So many that a batch is hardly ever cut, and so few that the
/// activations of a block stay within memory.
const MOST_ROWS: usize = 1 << 14;
/// Most logits of a piece: half a gigabyte.
const MOST_LOGITS: usize = 1 << 27;

impl<'a> OnTorch<'a> {
    /// # Errors
    /// There is no such device; the teacher does not fit there.
    pub(crate) fn new(settings: &Settings, teacher: Option<&'a Teacher>) -> Result<Self, DeviceError> {
        let torch = Torch::new(settings.schedule.device, settings.schedule.threads)?;
        let on_device = |teacher: &'a Teacher| {
            let weights = torch.attempt(|| Weights::new(&torch, &teacher.layout, &teacher.weights, false));
            weights.map(|weights| (teacher, weights))
        };
        let teacher = teacher.and_then(on_device);
        torch.check()?;
        let products = Products(settings.precision);
        Ok(Self { torch, products, recompute: settings.recompute, rows: MOST_ROWS, teacher })
    }

    /// Most rows of a piece of this network.
    fn most(&self, net: &Net) -> usize {
        self.rows.min(MOST_LOGITS / net.shape.outputs().max(1))
    }

    fn batch(&self, net: &Net, examples: &[&Example], factor: f64) -> Done<Found> {
        let weights = Weights::new(&self.torch, net.layout, net.weights, true)?;
        let (mut seen, mut losses, mut rights) = (Seen::default(), Vec::new(), Vec::new());
        for texts in pieces(examples, self.most(net)) {
            let lesson = self.lesson(&texts)?;
            let rows = Rows::new(&self.torch, net, &texts)?;
            let pass = Pass { net, weights: &weights, rows: &rows, products: self.products };
            let Judged { nats, right, .. } = match self.recompute {
                true => pass.backward_by_blocks(lesson.as_ref(), factor, &mut seen)?,
                false => pass.backward(lesson.as_ref(), factor, &mut seen)?,
            };
            losses.push(nats);
            rights.push(right);
        }
        let total = |parts: &[Tensor]| Tensor::f_stack(parts, 0)?.f_sum(Kind::Double);
        Ok(Found {
            gradients: weights.gradients()?,
            seen: seen.read(net.layout.blocks.len())?,
            loss: total(&losses)?.f_double_value(&[])?,
            right: total(&rights)?.f_double_value(&[])? as usize,
        })
    }

    /// The teacher's probabilities behind the rows that count, if there is one: `[targets, outputs]`.
    fn lesson(&self, texts: &[Text]) -> Done<Option<Tensor>> {
        let Some((teacher, weights)) = &self.teacher else { return Ok(None) };
        let _still = tch::no_grad_guard();
        let net = teacher.net();
        let rows = Rows::new(&self.torch, &net, texts)?;
        let pass = Pass { net: &net, weights, rows: &rows, products: self.products };
        pass.logits(&mut Seen::nothing())?.f_softmax(-1, Kind::Float).map(Some)
    }
}

impl Gradients for OnTorch<'_> {
    fn of_batch(&mut self, net: &Net, examples: &[&Example], counted: usize) -> Option<Found> {
        self.torch.attempt(|| self.batch(net, examples, 1.0 / counted as f64))
    }

    fn ranges(&mut self, net: &Net, examples: &[&Example]) -> Option<Ranges> {
        self.torch.attempt(|| {
            let _still = tch::no_grad_guard();
            let weights = Weights::new(&self.torch, net.layout, net.weights, false)?;
            let mut seen = Seen::default();
            for texts in pieces(examples, self.most(net)) {
                let rows = Rows::new(&self.torch, net, &texts)?;
                let pass = Pass { net, weights: &weights, rows: &rows, products: self.products };
                let _ = pass.logits(&mut seen)?;
            }
            seen.read(net.layout.blocks.len())
        })
    }

    fn check(&self) -> Result<(), DeviceError> {
        self.torch.check()
    }
}
