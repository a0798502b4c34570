//! What has no rows gets some, where its bytes lie in the same order: a network of one row is put on end, so that a row is a place of it,
//! and values that a dense layer reads are cut into rows.

use crate::kernel::sensors::net::{Array, Border, Net, Window, Work};

/// Most values of a row that is cut off. Longer ones need more memory, shorter ones are added to sums more often.
const ROW: usize = 32;

/// The same network, with rows in it.
pub fn all(net: &Net) -> impl Iterator<Item = Net> {
    [Some(net.clone()), on_end(net), cut(net)].into_iter().flatten()
}

/// A network whose arrays have one row each, and its windows too: columns become rows.
fn on_end(net: &Net) -> Option<Net> {
    let is_flat = |array: &Array| array.rows == 1 && array.border.top + array.border.bottom == 0;
    let windows = || net.steps.iter().filter_map(|step| step.window());
    if !net.arrays.iter().all(is_flat) || windows().any(|window| window.rows != 1 || window.above != 0) {
        return None;
    }
    let mut net = net.clone();
    for array in &mut net.arrays {
        let Border { left, right, byte, .. } = array.border;
        array.border = Border { top: left, left: 0, bottom: right, right: 0, byte };
        (array.rows, array.cols) = (array.cols, 1);
    }
    for step in &mut net.steps {
        step.origin = (step.origin.1, 0);
        if let Some(window) = window(&mut step.work) {
            *window = Window {
                rows: window.cols,
                cols: 1,
                down: window.right,
                right: 1,
                above: window.before,
                before: 0,
                places: (window.places.1, 1),
            };
        }
    }
    Some(net)
}

/// A network whose first steps are dense layers: the values that they read become rows.
fn cut(net: &Net) -> Option<Net> {
    let values = &net.arrays[0];
    let readers = || net.steps.iter().filter(|step| step.reads.contains(&0));
    let is_dense = |work: &Work| matches!(work, Work::Product(product) if !product.apart && product.window.places == (1, 1));
    let is_flat = values.rows * values.cols == 1 && values.size() == values.values();
    if !is_flat || !readers().all(|step| is_dense(&step.work)) {
        return None;
    }
    let row = (1..=ROW.min(values.channels / 2)).rev().find(|row| values.channels.is_multiple_of(*row))?;
    let mut net = net.clone();
    let array = &mut net.arrays[0];
    (array.rows, array.channels) = (array.channels / row, row);
    let whole = Window::whole(array);
    let steps = net.steps.iter_mut().filter(|step| step.reads.contains(&0));
    steps.filter_map(|step| window(&mut step.work)).for_each(|window| *window = whole);
    Some(net)
}

fn window(work: &mut Work) -> Option<&mut Window> {
    match work {
        Work::Product(product) => Some(&mut product.window),
        Work::Sum { window, .. } | Work::Max(window) => Some(window),
        Work::Add { .. } | Work::Table(_) | Work::Trees(_) => None,
    }
}
