//! Windows from what files say of them.

use crate::model::{MAX_ELEMENTS, Shape, Window};

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

/// What is said of padding that no convolution does by itself.
pub const PADDING: &str = "padding in front of anything but a convolution whose windows all show a value";

/// A tensor with places around it that stand for 0: what PAD makes.
#[derive(Debug, Clone, Copy)]
pub struct Padded {
    pub number: usize,
    /// Without and with those places.
    pub inner: Shape,
    pub shape: Shape,
    /// Rows above and places to the left.
    pub before: [usize; 2],
}

impl Padded {
    /// By a list of what stands before and behind along each dimension: of batches, rows, columns and channels. `None` where that pads
    /// batches or channels, or is too much.
    pub fn new(number: usize, inner: Shape, list: &[i32]) -> Option<Self> {
        let &[0, 0, above, below, left, right, 0, 0] = list else { return None };
        let size = |n: i32| usize::try_from(n).ok().filter(|n| *n <= MAX_ELEMENTS);
        let (height, width) =
            (inner.height + size(above)? + size(below)?, inner.width + size(left)? + size(right)?);
        let before = [size(above)?, size(left)?];
        Some(Self { number, inner, shape: Shape { height, width, ..inner }, before })
    }

    /// A window over all of it as one over the tensor that pads by itself. `None` where a position would show padding alone.
    pub fn fold(&self, window: Window) -> Option<Window> {
        let before = [0, 1].map(|axis| window.before[axis] + self.before[axis]);
        let folded = Window { input: self.inner, before, ..window };
        let shows = |axis: usize| {
            let size = [self.inner.height, self.inner.width][axis];
            let last = (window.output[axis] - 1) * window.stride[axis];
            before[axis] < window.kernel[axis] && last < size + before[axis]
        };
        (shows(0) && shows(1)).then_some(folded)
    }
}
