//! Matrix products on slices: `matrixmultiply::sgemm` with its preconditions checked.

/// A view of a matrix, row by row or transposed.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `data` holds `rows` rows of `cols` elements.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "matrix of {rows} x {cols}");
        Self { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    pub(crate) fn rows(self) -> usize {
        self.rows
    }

    /// The elements, and how far apart rows and columns of them are.
    pub(crate) fn strides(self) -> (&'a [f32], usize, usize) {
        (self.data, self.row_stride, self.col_stride)
    }

    pub(crate) fn columns(self) -> usize {
        self.cols
    }

    /// Only some columns.
    pub(crate) fn part(self, range: std::ops::Range<usize>) -> Self {
        assert!(range.start < range.end && range.end <= self.cols, "columns {range:?} of {}", self.cols);
        Self { data: &self.data[range.start * self.col_stride..], cols: range.len(), ..self }
    }

    pub(crate) fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

/// `c = a·b`, or `c += a·b`; `c` row by row. Runs on the calling thread.
pub(crate) fn multiply(a: Matrix, b: Matrix, add: bool, c: &mut [f32]) {
    assert_eq!(a.cols, b.rows, "inner dimension");
    assert_eq!(c.len(), a.rows * b.cols, "result of {} x {}", a.rows, b.cols);
    let (m, k, n) = (a.rows, a.cols, b.cols);
    // SAFETY: `new`, `part` and `transposed` keep (rows-1)*row_stride + (cols-1)*col_stride < data.len() (or no
    // element at all), so every element read lies in `data`; `c` has m*n elements at strides (n, 1), checked above;
    // `c` is a unique borrow, so it overlaps neither input. Strides are at most 1,024 * 1,024 and fit isize.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            a.data.as_ptr(),
            a.row_stride as isize,
            a.col_stride as isize,
            b.data.as_ptr(),
            b.row_stride as isize,
            b.col_stride as isize,
            if add { 1.0 } else { 0.0 },
            c.as_mut_ptr(),
            n as isize,
            1,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_plain_and_transposed_views() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // 2 x 3
        let b = [1.0, 0.0, 2.0, -1.0, 3.0, 1.0]; // 2 x 3
        let mut c = vec![100.0; 4];
        multiply(Matrix::new(&a, 2, 3), Matrix::new(&b, 2, 3).transposed(), false, &mut c);
        assert_eq!(c, [7.0, 8.0, 16.0, 17.0]);
        let mut d = vec![1.0; 9];
        multiply(Matrix::new(&a, 2, 3).transposed(), Matrix::new(&b, 2, 3), true, &mut d);
        assert_eq!(d, [-2.0, 13.0, 7.0, -2.0, 16.0, 10.0, -2.0, 19.0, 13.0]);
        let mut e = vec![0.0; 6];
        multiply(Matrix::new(&a, 2, 3).part(1..3).transposed(), Matrix::new(&b, 2, 3), false, &mut e);
        assert_eq!(e, [-3.0, 15.0, 9.0, -3.0, 18.0, 12.0]);
    }
}
