//! Shapes: ONNX has channels before rows, networks here have them behind.

use super::file::{Node, Port};
use super::option;
use crate::import::sensors::error::NetworkProblem;
use crate::model::{MAX_ELEMENTS, Shape, Window};

/// Height, width and channels of an input: its dimensions but the batch.
///
/// # Errors
/// Open dimensions, several channels of several places, more values than there may be.
pub fn input(port: &Port) -> Result<Shape, NetworkProblem> {
    let shape = match port.dims.get(1..).unwrap_or_default() {
        [] => port.dims.first().map(|&channels| Shape::vector(channels)),
        &[channels] => Some(Shape::vector(channels)),
        &[channels, width] => Some(Shape { height: 1, width, channels }),
        &[channels, height, width] => Some(Shape { height, width, channels }),
        _ => None,
    };
    let wrong = |what: String| Err(NetworkProblem::Tensor { name: port.name.clone(), what });
    let Some(shape) = shape else { return wrong(format!("a shape of {:?}", port.dims)) };
    let sides = [shape.height, shape.width, shape.channels];
    let elements = sides.iter().try_fold(1usize, |n, &side| n.checked_mul(side));
    if sides.contains(&0) || elements.is_none_or(|n| n > MAX_ELEMENTS) {
        return wrong(format!(
            "a shape of {:?}; all but the first must be known, and {MAX_ELEMENTS} values are possible",
            port.dims
        ));
    }
    if shape.channels > 1 && shape.height * shape.width > 1 {
        return wrong(
            "several channels in front of rows: give a .tflite, whose channels stand behind them".into(),
        );
    }
    Ok(shape)
}

/// Columns of weights for a flattened tensor, in the order that its values have here.
pub fn columns<T: Copy>(weights: &[T], shape: Shape) -> Vec<T> {
    let Shape { height, width, channels } = shape;
    let place = |i: usize| (i % channels) * height * width + i / channels;
    weights.chunks(shape.len()).flat_map(|row| (0..shape.len()).map(move |i| row[place(i)])).collect()
}

/// Weights `[outputs, channels, height, width]` with the channels behind.
pub fn taps<T: Copy>(weights: &[T], kernel: [usize; 2], channels: usize) -> Vec<T> {
    columns(weights, Shape { height: kernel[0], width: kernel[1], channels })
}

/// The window of a convolution or pool with this kernel.
///
/// # Errors
/// Dilations, ceilings, paddings of other kinds.
pub fn window(node: &Node, input: Shape, kernel: &[usize]) -> Result<Window, NetworkProblem> {
    let list = |name: &str, default: i64, count: usize| -> Vec<i64> {
        let found = node.attribute(name).numbers;
        if found.is_empty() { vec![default; count] } else { found }
    };
    let count = kernel.len();
    if list("dilations", 1, count).iter().any(|&d| d != 1) {
        return Err(option(node, "dilations"));
    }
    if node.number("ceil_mode", 0) != 0 {
        return Err(option(node, "positions that are only partly there (ceil_mode)"));
    }
    let (strides, pads) = (list("strides", 1, count), list("pads", 0, 2 * count));
    if !(1..=2).contains(&count) || strides.len() != count || pads.len() != 2 * count {
        return Err(option(node, "such a kernel"));
    }
    let auto = node.attribute("auto_pad").text.unwrap_or_default();
    let mut window = Window::whole(input);
    for axis in 0..2 {
        // A kernel of one dimension goes along the places of a row.
        let (kernel, stride, before, behind) = match axis + count {
            1 => (1, 1, 0, 0),
            at => {
                let at = at - 2;
                (kernel[at], strides[at], pads[at], pads[at + count])
            }
        };
        let size = [input.height, input.width][axis] as i64;
        let kernel_size = kernel as i64;
        if !(1..=4096).contains(&kernel_size) || !(1..=4096).contains(&stride) {
            return Err(option(node, "such a kernel"));
        }
        let (before, positions) = match auto.as_str() {
            "" | "NOTSET" => {
                (before, (size + before.clamp(0, 4096) + behind.clamp(0, 4096) - kernel_size) / stride + 1)
            }
            "VALID" => (0, (size - kernel_size) / stride + 1),
            "SAME_UPPER" => {
                let positions = (size + stride - 1) / stride;
                (((positions - 1) * stride + kernel_size - size).max(0) / 2, positions)
            }
            _ => return Err(option(node, format!("auto_pad {auto}"))),
        };
        if !(0..kernel_size).contains(&before) || !(1..=4096).contains(&positions) {
            return Err(option(node, "such a padding"));
        }
        (window.kernel[axis], window.stride[axis]) = (kernel, stride as usize);
        (window.before[axis], window.output[axis]) = (before as usize, positions as usize);
    }
    Ok(window)
}
