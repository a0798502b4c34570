//! Arrays on LibTorch, on the processor or a CUDA device.
//!
//! Everything stays on the device but the sparse inputs of a batch, three sums and the overflow tests. Integers are
//! as exact as with the default: LibTorch's `f32` products are true ones, unless someone allows TF32 by the
//! environment (`TORCH_ALLOW_TF32_CUBLAS_OVERRIDE`).
//!
//! # Errors
//! A device can fail in any operation, most likely for want of memory. The first failure is kept, every later
//! operation does nothing, and [`Arrays::check`] tells. So the training loop needs to look once an epoch only.

use super::{Arrays, Matrix, Parameters};
use crate::adam::{BETA1, BETA2, Step};
use crate::device::{Device, DeviceError};
use std::cell::RefCell;
use tch::{Kind, TchError, Tensor};

/// Steps in a chunk: so many that a batch is hardly ever cut, and so few that dense inputs take 128 MiB at most.
const CHUNK: usize = 1 << 14;

/// LibTorch on one device.
pub(crate) struct Torch {
    device: tch::Device,
    failure: RefCell<Option<TchError>>,
}

pub(crate) type Done<T = ()> = Result<T, TchError>;

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
    pub(crate) fn attempt<T>(&self, work: impl FnOnce() -> Done<T>) -> Option<T> {
        if self.failure.borrow().is_some() {
            return None;
        }
        work().map_err(|failure| *self.failure.borrow_mut() = Some(failure)).ok()
    }

    pub(crate) fn zeros(&self, shape: &[i64]) -> Done<Tensor> {
        Tensor::f_zeros(shape, (Kind::Float, self.device))
    }

    pub(crate) fn upload<T: tch::kind::Element>(&self, values: &[T]) -> Done<Tensor> {
        Tensor::f_from_slice(values)?.f_to_device(self.device)
    }
}

impl Arrays for Torch {
    type Array = Tensor;

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
        self.attempt(|| download(array)).unwrap_or_default()
    }

    fn product(&self, a: Matrix<Tensor>, b: Matrix<Tensor>, out: &mut Tensor) {
        self.attempt(|| {
            *out = view(&a)?.f_matmul(&view(&b)?)?;
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

    fn adam(&self, parameters: &mut Parameters<Tensor>, step: Step) {
        self.attempt(|| {
            let gradient = parameters.gradient.f_mul_scalar(f64::from(parameters.grid.scale))?;
            moved(parameters, &gradient, step)
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

/// The numbers of an array in its order.
pub(crate) fn download(array: &Tensor) -> Done<Vec<f32>> {
    let array = array.f_to_device(tch::Device::Cpu)?.f_contiguous()?;
    let mut values = vec![0.0; array.numel()];
    array.f_copy_data(&mut values, array.numel())?;
    Ok(values)
}

/// An array as a matrix of so many columns.
pub(crate) fn matrix(array: &Tensor, columns: usize) -> Done<Tensor> {
    array.f_view([-1, columns as i64])
}

fn view(matrix: &Matrix<Tensor>) -> Done<Tensor> {
    let view = matrix.array.f_view([matrix.rows as i64, matrix.columns as i64])?;
    if matrix.transposed { view.f_transpose(0, 1) } else { Ok(view) }
}

/// Moves parameters by a step of Adam. `gradient`: by the shadows, as long as they.
pub(crate) fn moved(parameters: &mut Parameters<Tensor>, gradient: &Tensor, step: Step) -> Done {
    let Parameters { values, first, second, grid, .. } = parameters;
    // The same `f32` factors as the default's.
    let (one, two) = (f64::from(1.0 - BETA1), f64::from(1.0 - BETA2));
    *first = first.f_mul_scalar(f64::from(BETA1))?.f_add(&gradient.f_mul_scalar(one)?)?;
    let squares = gradient.f_mul_scalar(two)?.f_mul(gradient)?;
    *second = second.f_mul_scalar(f64::from(BETA2))?.f_add(&squares)?;
    let root = second.f_sqrt()?.f_add_scalar(f64::from(step.epsilon))?;
    let next = values.f_sub(&first.f_mul_scalar(f64::from(step.size))?.f_div(&root)?)?;
    *values = next.f_clamp(f64::from(grid.shadows.0), f64::from(grid.shadows.1))?;
    Ok(())
}
