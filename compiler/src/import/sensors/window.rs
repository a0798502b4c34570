//! Windows from what files say of them.

use crate::model::{Shape, Window};

/// A kernel that goes over a tensor: `same` pads so that as many positions come out as strides fit, otherwise nothing is
/// padded.
#[derive(Debug, Clone, Copy)]
pub struct Geometry {
    pub input: Shape,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub same: bool,
}

/// The window, as TensorFlow counts its positions and pads. `None` where there is none.
pub fn window(geometry: Geometry) -> Option<Window> {
    let Geometry { input, kernel, stride, same } = geometry;
    let (mut before, mut output) = ([0; 2], [0; 2]);
    for (axis, size) in [input.height, input.width].into_iter().enumerate() {
        let (kernel, stride) = (kernel[axis], stride[axis]);
        if !(1..=4096).contains(&kernel) || !(1..=4096).contains(&stride) {
            return None;
        }
        if same {
            output[axis] = size.div_ceil(stride);
            // The odd one goes behind.
            before[axis] = ((output[axis] - 1) * stride + kernel).saturating_sub(size) / 2;
        } else {
            output[axis] = size.checked_sub(kernel)? / stride + 1;
        }
    }
    Some(Window { input, kernel, stride, before, output })
}
