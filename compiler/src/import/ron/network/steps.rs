//! How sums become bytes, and windows, in `model.ron`.

use super::{Shape, read_shape, shape};
use crate::model;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    input: Shape,
    kernel: (usize, usize),
    stride: (usize, usize),
    before: (usize, usize),
    output: (usize, usize),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requantization {
    steps: Steps,
    multipliers: Vec<i32>,
    shifts: Vec<i8>,
    zero: i16,
    least: i16,
    most: i16,
}

#[derive(Serialize, Deserialize)]
pub enum Steps {
    Twice,
    Up,
    Even,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    input: usize,
    zero: i16,
    left: u8,
    steps: Steps,
    multiplier: i32,
    shift: i8,
}

impl From<&model::Window> for Window {
    fn from(from: &model::Window) -> Self {
        let pair = |[a, b]: [usize; 2]| (a, b);
        Self {
            input: shape(from.input),
            kernel: pair(from.kernel),
            stride: pair(from.stride),
            before: pair(from.before),
            output: pair(from.output),
        }
    }
}

impl Window {
    pub fn read(self) -> model::Window {
        let pair = |(a, b)| [a, b];
        model::Window {
            input: read_shape(self.input),
            kernel: pair(self.kernel),
            stride: pair(self.stride),
            before: pair(self.before),
            output: pair(self.output),
        }
    }
}

impl From<&model::Requantization> for Requantization {
    fn from(from: &model::Requantization) -> Self {
        Self {
            steps: from.steps.into(),
            multipliers: from.multipliers.clone(),
            shifts: from.shifts.clone(),
            zero: from.zero,
            least: from.least,
            most: from.most,
        }
    }
}

impl Requantization {
    pub fn read(self) -> model::Requantization {
        model::Requantization {
            steps: self.steps.read(),
            multipliers: self.multipliers,
            shifts: self.shifts,
            zero: self.zero,
            least: self.least,
            most: self.most,
        }
    }
}

impl From<model::Steps> for Steps {
    fn from(from: model::Steps) -> Self {
        match from {
            model::Steps::Twice => Self::Twice,
            model::Steps::Up => Self::Up,
            model::Steps::Even => Self::Even,
        }
    }
}

impl Steps {
    pub fn read(self) -> model::Steps {
        match self {
            Self::Twice => model::Steps::Twice,
            Self::Up => model::Steps::Up,
            Self::Even => model::Steps::Even,
        }
    }
}

impl From<&model::Term> for Term {
    fn from(from: &model::Term) -> Self {
        Self {
            input: from.input,
            zero: from.zero,
            left: from.left,
            steps: from.steps.into(),
            multiplier: from.multiplier,
            shift: from.shift,
        }
    }
}

impl Term {
    pub fn read(self) -> model::Term {
        model::Term {
            input: self.input,
            zero: self.zero,
            left: self.left,
            steps: self.steps.read(),
            multiplier: self.multiplier,
            shift: self.shift,
        }
    }
}
