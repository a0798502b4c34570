//! Random networks on numbers that can be computed row by row.
//!
//! Whoever includes `networks.rs` has them there.

use super::super::random::Random;
use super::Maker;
use mlc_compiler::model::{Model, Pooling, Shape, Window};

/// A network of rows: windows of every kind, and what goes between them.
pub fn of_rows(seed: u64) -> Model {
    let mut r = Random(seed ^ 0x5045);
    let shape = Shape { height: r.within(2, 14), width: r.within(1, 6), channels: r.within(1, 3) };
    let mut maker = Maker::new(seed, shape);
    maker.as_onnx = seed % 3 == 1;
    for _ in 0..r.within(1, 5) {
        let (_, shape) = maker.last();
        if shape.height * shape.width == 1 {
            break;
        }
        match r.within(0, 8) {
            0 | 1 => maker.convolution(r.within(1, 5), 1),
            2 => maker.convolution(shape.channels * r.within(1, 2), shape.channels),
            3 => maker.pool(Pooling::Max),
            4 => maker.pool(Pooling::Average),
            5 => maker.table(),
            6 => maker.add(),
            _ => branches(&mut maker),
        }
    }
    match r.within(0, 3) {
        0 | 1 => maker.dense(r.within(1, 12)),
        2 if maker.last().1.height * maker.last().1.width > 1 => maker.mean(),
        _ => {}
    }
    if maker.last().1.len() > 30 || maker.operators.is_empty() {
        maker.dense(3);
    }
    let model = maker.model();
    model.check().unwrap_or_else(|e| panic!("{seed}: {e}"));
    model
}

/// A window of a size of 1 to 5 that shows as many places as there are, and a sum with what is before it.
fn branches(maker: &mut Maker) {
    let (_, shape) = maker.last();
    let size = maker.r.within(1, 5).min(shape.height).min(shape.width);
    let mut window = Window::whole(shape);
    for (axis, places) in [shape.height, shape.width].into_iter().enumerate() {
        (window.kernel[axis], window.stride[axis], window.before[axis]) = (size, 1, (size - 1) / 2);
        window.output[axis] = places;
    }
    maker.convolve(window, shape.channels, 1);
    maker.add();
}
