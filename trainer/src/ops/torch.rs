//! The operations on LibTorch, on the processor or a CUDA device.
//!
//! Everything stays on the device but the sparse inputs of a batch, three sums and the overflow tests. Integers are
//! as exact as with the default: LibTorch's `f32` products are true ones, unless someone allows TF32 by the
//! environment (`TORCH_ALLOW_TF32_CUBLAS_OVERRIDE`).
//!
//! # Errors
//! A device can fail in any operation, most likely for want of memory. The first failure is kept, every later
//! operation does nothing, and [`Operations::check`] tells. So the training loop needs to look once an epoch only.

use super::{Form, Given, Matrix, Operations, Parameters, Softmax, Sums, WeightUpdate};
use crate::adam::{BETA1, BETA2, Step};
use crate::dataset::{Example, Inputs};
use crate::device::{Device, DeviceError};
use crate::forward::{EXACT_SUM, OVERFLOW_MARGIN};
use crate::network::Layer;
use std::cell::RefCell;
use tch::{Kind, TchError, Tensor};

/// Steps in a chunk: so many that a batch is hardly ever cut, and so few that dense inputs take 128 MiB at most.
const CHUNK: usize = 1 << 14;

/// LibTorch on one device.
pub(crate) struct Torch {
    device: tch::Device,
    failure: RefCell<Option<TchError>>,
}

/// Where accumulators are beyond the margin, and all accumulators before wrapping.
pub(crate) struct Overflows {
    beyond: Tensor,
    acc: Tensor,
}

type Done<T = ()> = Result<T, TchError>;

impl Torch {
    /// `threads`: of LibTorch on the processor, for the whole process.
    ///
    /// # Errors
    /// There is no such device.
    pub(crate) fn new(device: Device, threads: usize) -> Result<Self, DeviceError> {
        device.check()?;
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
        let device = if device == Device::Cuda { tch::Device::Cuda(0) } else { tch::Device::Cpu };
        Ok(Self { device, failure: RefCell::new(None) })
    }

    /// Does some work unless the device has failed; nothing comes of work that fails.
    fn attempt<T>(&self, work: impl FnOnce() -> Done<T>) -> Option<T> {
        if self.failure.borrow().is_some() {
            return None;
        }
        work().map_err(|failure| *self.failure.borrow_mut() = Some(failure)).ok()
    }

    fn zeros(&self, shape: &[i64]) -> Done<Tensor> {
        Tensor::f_zeros(shape, (Kind::Float, self.device))
    }

    fn upload<T: tch::kind::Element>(&self, values: &[T]) -> Done<Tensor> {
        Tensor::f_from_slice(values)?.f_to_device(self.device)
    }
}

impl Operations for Torch {
    type Array = Tensor;
    /// `[rows, inputs]`; `None` before the first chunk.
    type Encoded = Option<Tensor>;
    /// `None`: there is no overflow.
    type Overflows = Option<Overflows>;

    fn chunk(&self) -> usize {
        CHUNK
    }

    fn check(&self) -> Result<(), DeviceError> {
        match &*self.failure.borrow() {
            Some(failure) => Err(DeviceError::Failed(failure.to_string())),
            None => Ok(()),
        }
    }

    fn array(&self, values: &[f32]) -> Tensor {
        self.attempt(|| self.upload(values)).unwrap_or_default()
    }

    fn read(&self, array: &Tensor) -> Vec<f32> {
        let values = self.attempt(|| {
            let array = array.f_to_device(tch::Device::Cpu)?.f_contiguous()?;
            let mut values = vec![0.0; array.numel()];
            array.f_copy_data(&mut values, array.numel())?;
            Ok(values)
        });
        values.unwrap_or_default()
    }

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

    fn product(&self, a: Matrix<Tensor>, b: Matrix<Tensor>, out: &mut Tensor) {
        self.attempt(|| {
            *out = view(&a)?.f_matmul(&view(&b)?)?;
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

    fn column_sums(&self, matrices: &[&Tensor], columns: usize, sums: &mut Tensor) {
        self.attempt(|| {
            *sums = self.zeros(&[columns as i64])?;
            for rows in matrices {
                let of_chunk =
                    matrix(rows, columns)?.f_sum_dim_intlist([0i64].as_slice(), false, Kind::Float)?;
                let _ = sums.f_add_(&of_chunk)?;
            }
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
                adam(parameters, &scaled.f_add(&l1)?.f_view(-1)?, step)
            });
        }
    }

    fn adam(&self, parameters: &mut Parameters<Tensor>, step: Step) {
        self.attempt(|| {
            let gradient = parameters.gradient.f_mul_scalar(f64::from(parameters.grid.scale))?;
            adam(parameters, &gradient, step)
        });
    }

    fn quantize(&self, parameters: &Parameters<Tensor>, relaxed: bool, numbers: &mut Tensor) {
        let grid = parameters.grid;
        self.attempt(|| {
            let scaled = parameters.values.f_mul_scalar(f64::from(grid.scale))?;
            let clamped = || scaled.f_clamp(f64::from(grid.least), f64::from(grid.most));
            let (origin, step) = (f64::from(grid.origin), f64::from(grid.step));
            let steps = || clamped()?.f_sub_scalar(origin)?.f_div_scalar(step);
            // Half to even, like the default.
            let integers = || steps()?.f_round()?.f_mul_scalar(step)?.f_add_scalar(origin);
            *numbers = if relaxed { scaled } else { integers()? };
            Ok(())
        });
    }
}

/// An array as a matrix of so many columns.
fn matrix(array: &Tensor, columns: usize) -> Done<Tensor> {
    array.f_view([-1, columns as i64])
}

fn view(matrix: &Matrix<Tensor>) -> Done<Tensor> {
    let view = matrix.array.f_view([matrix.rows as i64, matrix.columns as i64])?;
    if matrix.transposed { view.f_transpose(0, 1) } else { Ok(view) }
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

/// `gradient`: by the shadows, as long as they.
fn adam(parameters: &mut Parameters<Tensor>, gradient: &Tensor, step: Step) -> Done {
    let Parameters { values, first, second, grid, .. } = parameters;
    // The same `f32` factors as the default's.
    let (one, two) = (f64::from(1.0 - BETA1), f64::from(1.0 - BETA2));
    *first = first.f_mul_scalar(f64::from(BETA1))?.f_add(&gradient.f_mul_scalar(one)?)?;
    let squares = gradient.f_mul_scalar(two)?.f_mul(gradient)?;
    *second = second.f_mul_scalar(f64::from(BETA2))?.f_add(&squares)?;
    let root = second.f_sqrt()?.f_add_scalar(f64::from(step.epsilon))?;
    let moved = values.f_sub(&first.f_mul_scalar(f64::from(step.size))?.f_div(&root)?)?;
    *values = moved.f_clamp(f64::from(grid.shadows.0), f64::from(grid.shadows.1))?;
    Ok(())
}
