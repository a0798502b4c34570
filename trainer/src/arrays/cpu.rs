//! Arrays on this machine's processor: slices, with `matrixmultiply` for the dense products.

use super::{Arrays, Matrix, Parameters};
use crate::adam::Step;
use crate::gemm;

/// Steps in a chunk. Fixed, so that results don't depend on the number of threads.
pub(crate) const CHUNK: usize = 64;

/// This machine's processor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    pub threads: usize,
}

impl Arrays for Cpu {
    type Array = Vec<f32>;

    fn chunk(&self) -> usize {
        CHUNK
    }

    fn array(&self, values: &[f32]) -> Vec<f32> {
        values.to_vec()
    }

    fn read(&self, array: &Vec<f32>) -> Vec<f32> {
        array.clone()
    }

    fn product(&self, a: Matrix<Vec<f32>>, b: Matrix<Vec<f32>>, out: &mut Vec<f32>) {
        let (a, b) = (view(&a), view(&b));
        out.resize(a.rows() * b.columns(), 0.0);
        gemm::multiply(a, b, false, out);
    }

    fn column_sums(&self, matrices: &[&Vec<f32>], columns: usize, sums: &mut Vec<f32>) {
        sums.clear();
        sums.resize(columns, 0.0);
        for row in matrices.iter().flat_map(|matrix| matrix.chunks_exact(columns)) {
            sums.iter_mut().zip(row).for_each(|(s, d)| *s += d);
        }
    }

    fn adam(&self, parameters: &mut Parameters<Vec<f32>>, step: Step) {
        let Parameters { values, gradient, first, second, grid } = parameters;
        let moments = first.iter_mut().zip(second);
        for ((value, &g), (first, second)) in values.iter_mut().zip(&*gradient).zip(moments) {
            *value = grid.kept(step.update(*value, g * grid.scale, first, second));
        }
    }

    fn quantize(&self, parameters: &Parameters<Vec<f32>>, relaxed: bool, numbers: &mut Vec<f32>) {
        let grid = parameters.grid;
        let pairs = numbers.iter_mut().zip(&parameters.values);
        if relaxed {
            pairs.for_each(|(number, &shadow)| *number = shadow * grid.scale);
        } else {
            pairs.for_each(|(number, &shadow)| *number = grid.integer(shadow));
        }
    }
}

fn view<'a>(matrix: &Matrix<'a, Vec<f32>>) -> gemm::Matrix<'a> {
    let view = gemm::Matrix::new(matrix.array, matrix.rows, matrix.columns);
    if matrix.transposed { view.transposed() } else { view }
}
