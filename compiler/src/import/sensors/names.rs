//! Names of operators, labels and models.

use crate::model::{Kind, Pooling};

/// Numbers operators: `conv1`, `dense2`.
#[derive(Debug, Default)]
pub struct Namer {
    count: usize,
}

impl Namer {
    pub fn name(&mut self, kind: &Kind) -> String {
        self.count += 1;
        let word = match kind {
            Kind::Dense { .. } => "dense",
            Kind::Convolution { groups: 1, .. } => "conv",
            Kind::Convolution { .. } => "dwconv",
            Kind::Pool { pooling: Pooling::Average, .. } => "avgpool",
            Kind::Pool { .. } => "maxpool",
            Kind::Mean { .. } => "mean",
            Kind::Add { .. } | Kind::Sum { .. } => "add",
            Kind::Table { .. } => "table",
            Kind::Trees { .. } => "trees",
        };
        format!("{word}{}", self.count)
    }
}
