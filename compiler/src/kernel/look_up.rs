//! What kernels that look sums up offer, whatever the processor: see [`crate::weights::planes`].

use super::{Fragment, Kernel, Offer, Phase, Section, View, title};
use crate::stage::{Product, Source, Stage};
use crate::weights::planes::{self, Planes};
use crate::weights::{Form, tiles};

/// What the code of a product depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shape {
    pub planes: Planes,
    /// The stage whose accumulators are the inputs, and how far they are shifted.
    pub from: usize,
    pub shift: u8,
    /// Inputs of each group, tile by tile.
    pub groups: Vec<Vec<usize>>,
    /// Outputs of each tile.
    pub outputs: Vec<usize>,
}

impl Shape {
    /// That of a product that can be computed so, in groups of `size` inputs: of 16-bit accumulators, with constants to
    /// start from.
    pub fn of(product: &Product, size: usize) -> Option<Self> {
        let Source::Hidden { stage: from, shift, .. } = product.source else { return None };
        product.constants().filter(|_| product.bytes.is_none())?;
        Some(Self {
            planes: Planes::of(&product.columns, product.outputs),
            from,
            shift,
            groups: planes::groups(product.columns.len(), size),
            outputs: tiles(product.outputs),
        })
    }

    /// Those of the stages that take bit planes.
    pub fn taken(stages: &[Stage], forms: &[Option<Form>], size: usize) -> Vec<Self> {
        let taken = stages.iter().zip(forms).filter(|(_, form)| **form == Some(Form::Planes));
        taken.filter_map(|(stage, _)| Self::of(stage.product()?, size)).collect()
    }

    /// A table for each group.
    pub fn tables(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }
}

/// The offer of `kernel` for stage `at`: a start value of two bytes and so many `bytes` for each plane of a row, and
/// tables of `scratch` bytes.
pub fn offer(
    kernel: &'static dyn Kernel,
    (view, at): (&View, usize),
    shape: &Shape,
    bytes: usize,
    scratch: usize,
) -> Offer {
    let form = Some(Form::Planes);
    let cycles: f64 = kernel.cost(view, at, form).iter().map(|(_, cycles)| cycles).sum();
    let outputs: usize = shape.outputs.iter().sum();
    let bytes = outputs * (2 + shape.planes.count() * bytes);
    let cost = cycles / view.usage.per_step();
    Offer { kernel, form, home: view.home(at), bytes, cost, scratch, stage: None }
}

/// The product of a stage that a kernel has offered to compute, and its shape in groups of `size` inputs.
pub fn offered(stage: &Stage, size: usize) -> (&Product, Shape) {
    let taken = stage.product().and_then(|product| Some((product, Shape::of(product, size)?)));
    taken.expect("only a product that has a shape is offered")
}

/// The text of a stage that computes `product`: its tables, its rows and their weights.
pub fn fragment(stage: &Stage, product: &Product, [tables, rows, weights]: [String; 3]) -> Fragment {
    let (name, title) = (&stage.name, title(stage, product, Form::Planes));
    Fragment {
        code: format!("; {title}\n{name}:{tables}{rows}"),
        data: vec![(Section::Weights, weights)],
        phases: vec![Phase::new(name, name)],
        ..Fragment::default()
    }
}
