//! The operations on LibTorch.

use super::{EXACT_SUM, Form, Given, OVERFLOW_MARGIN, Operations, Softmax, Sums, WeightUpdate};
use crate::adam::Step;
use crate::arrays::{Done, Torch, matrix, moved};
use crate::hashed_text::dataset::{Example, Inputs};
use crate::hashed_text::network::Layer;
use tch::{Kind, Tensor};

/// Where accumulators are beyond the margin, and all accumulators before wrapping.
pub(crate) struct Overflows {
    beyond: Tensor,
    acc: Tensor,
}

impl Operations for Torch {
    /// `[rows, inputs]`; `None` before the first chunk.
    type Encoded = Option<Tensor>;
    /// `None`: there is no overflow.
    type Overflows = Option<Overflows>;

    fn encode(&self, inputs: Inputs, examples: &[Example], width: usize, encoded: &mut Option<Tensor>) {
        let (mut places, mut values) = (Vec::new(), Vec::new());
        for (row, example) in examples.iter().enumerate() {
            for (input, value) in inputs.of(example) {
                places.push((row * width + input) as i64); // a chunk's rows times at most 2,048 inputs
                values.push(value);
            }
        }
        *encoded = self.attempt(|| {
            let mut x = self.zeros(&[(examples.len() * width) as i64])?;
            let _ = x.f_scatter_(0, &self.upload(&places)?, &self.upload(&values)?)?;
            x.f_view([examples.len() as i64, width as i64])
        });
    }

    fn encoded_product(&self, x: &Option<Tensor>, _: usize, layer: &Layer<Tensor>, out: &mut Tensor) {
        let Some(x) = x else { return };
        self.attempt(|| {
            *out = x.f_matmul(&matrix(&layer.weights, layer.outputs)?)?;
            Ok(())
        });
    }

    fn activate(
        &self,
        layer: &Layer<Tensor>,
        x: Option<&Tensor>,
        form: Form,
        acc: &mut Tensor,
        overflows: &mut Option<Overflows>,
    ) {
        *overflows = None;
        self.attempt(|| {
            let mut y = match x {
                Some(x) if !form.relaxed => exact_where_needed(layer, x, acc)?,
                _ => acc.shallow_clone(),
            };
            y = y.f_add(&layer.bias)?;
            if !form.relaxed && largest(&y.f_abs()?)? > f64::from(OVERFLOW_MARGIN) {
                let wrapped = low_16_bits(&y.f_to_kind(Kind::Int)?)?.f_to_kind(Kind::Float)?;
                let beyond = y.f_abs()?.f_gt(f64::from(OVERFLOW_MARGIN))?;
                *overflows = Some(Overflows { beyond, acc: y });
                y = wrapped;
            }
            if form.hidden {
                y = y.f_relu()?;
            }
            y = y.f_mul_scalar(f64::from(layer.scale()))?;
            *acc = if form.relaxed { y } else { y.f_floor()? };
            Ok(())
        });
    }

    fn count(&self, overflows: &Option<Overflows>) -> usize {
        let Some(overflows) = overflows else { return 0 };
        let count = self.attempt(|| overflows.beyond.f_sum(Kind::Int64)?.f_int64_value(&[]));
        count.map_or(0, |count| count as usize)
    }

    fn softmax_gradient(
        &self,
        logits: &Tensor,
        examples: &[Example],
        softmax: Softmax,
        delta: &mut Tensor,
    ) -> Sums {
        let targets: Vec<i64> = examples.iter().map(|example| example.target.into()).collect();
        let sharpness = f64::from(softmax.sharpness);
        let share = 1.0 / softmax.batch as f64;
        let sums = self.attempt(|| {
            let targets = self.upload(&targets)?.f_unsqueeze(1)?;
            let shifted = logits.f_sub(&logits.f_amax([1i64].as_slice(), true)?)?;
            let scaled = shifted.f_mul_scalar(sharpness)?;
            let mut error = scaled.f_exp()?;
            let sum = error.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)?;
            let loss = sum.f_log()?.f_sub(&scaled.f_gather(1, &targets, false)?)?;
            error = error.f_div(&sum)?;
            let minus = sum.f_full_like(-1.0)?;
            let error = error.f_scatter_add(1, &targets, &minus)?;
            let right = logits.f_argmax(1, true)?.f_eq_tensor(&targets)?;
            let three = [
                loss.f_sum(Kind::Double)?,
                error.f_mul(&shifted)?.f_sum(Kind::Double)?,
                right.f_sum(Kind::Double)?,
            ];
            *delta = error.f_mul_scalar(sharpness * f64::from(softmax.scale) * share)?;
            // Together, because each copy from the device waits for all that was asked of it.
            let three = Tensor::f_stack(&three, 0)?.f_to_device(tch::Device::Cpu)?;
            let mut values = [0.0; 3];
            three.f_copy_data(&mut values, 3)?;
            Ok(values)
        });
        let [loss, along, right] = sums.unwrap_or_default();
        Sums { loss, sharpness_gradient: along * sharpness * share, right: right as usize }
    }

    fn mask(&self, y: &Tensor, push: f32, scale: f32, delta: &mut Tensor) {
        self.attempt(|| {
            let pushed = delta.f_add_scalar(f64::from(push))?.f_mul_scalar(f64::from(scale))?;
            *delta = pushed.f_masked_fill(&y.f_le(0.0)?, 0.0)?;
            Ok(())
        });
    }

    fn push_back(
        &self,
        overflows: &Option<Overflows>,
        _: usize,
        (penalty, batch): (f32, usize),
        delta: &mut Tensor,
    ) {
        let Some(Overflows { beyond, acc }) = overflows else { return };
        let margin = f64::from(OVERFLOW_MARGIN);
        self.attempt(|| {
            let excess = acc.f_abs()?.f_sub_scalar(margin)?.f_div_scalar(margin)?;
            let push = excess.f_mul(&acc.f_sign()?)?.f_mul_scalar(f64::from(penalty) / batch as f64)?;
            *delta = push.f_where_self(beyond, delta)?;
            Ok(())
        });
    }

    fn update_weights(&self, updates: Vec<WeightUpdate<Self>>, step: Step) {
        for update in updates {
            self.attempt(|| {
                let parameters = update.parameters;
                let (inputs, outputs) = (update.inputs as i64, update.outputs);
                let mut gradient = self.zeros(&[inputs, outputs as i64])?;
                for part in &update.parts {
                    let x = match part.x {
                        Given::Encoded(Some(x)) | Given::Array(x) => x,
                        // No chunk was encoded: the device has failed before.
                        Given::Encoded(None) => return Ok(()),
                    };
                    let x = x.f_view([-1, inputs])?.f_transpose(0, 1)?;
                    let _ = gradient.f_add_(&x.f_matmul(part.delta)?)?;
                }
                let signs = matrix(&parameters.values, outputs)?;
                let l1 = update.l1.f_unsqueeze(1)?.f_copysign(&signs)?;
                let scaled = gradient.f_mul_scalar(f64::from(parameters.grid.scale))?;
                parameters.gradient = gradient;
                moved(parameters, &scaled.f_add(&l1)?.f_view(-1)?, step)
            });
        }
    }
}

fn largest(array: &Tensor) -> Done<f64> {
    array.f_max()?.f_double_value(&[])
}

/// In two's complement.
fn low_16_bits(integers: &Tensor) -> Done<Tensor> {
    integers.f_add_scalar(32_768)?.f_bitwise_and(65_535)?.f_sub_scalar(32_768)
}

/// `x·W` where `f32` is not enough; see `forward`. Rows with large inputs are computed in `f64`, which holds every
/// integer up to 2^53: sums are below 2·1,024·2^15.
fn exact_where_needed(layer: &Layer<Tensor>, x: &Tensor, acc: &Tensor) -> Done<Tensor> {
    let sums = x.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)?;
    if largest(&sums)? <= f64::from(EXACT_SUM) {
        return Ok(acc.shallow_clone());
    }
    let weights = matrix(&layer.weights, layer.outputs)?.f_to_kind(Kind::Double)?;
    let exact = x.f_to_kind(Kind::Double)?.f_matmul(&weights)?.f_to_kind(Kind::Int64)?;
    // What is kept of large sums: as the default does it.
    let far = exact.f_sign()?.f_mul_scalar(1 << 23)?.f_add(&low_16_bits(&exact)?)?;
    let kept = exact.f_where_self(&exact.f_abs()?.f_le(1 << 23)?, &far)?.f_to_kind(Kind::Float)?;
    kept.f_where_self(&sums.f_gt(f64::from(EXACT_SUM))?, acc)
}
