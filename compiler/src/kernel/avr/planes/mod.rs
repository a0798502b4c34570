//! Rows in bit planes, looked up: tables in RAM have the sums of all subsets of four inputs, filled once a run, and a row
//! is a walk over nibbles, each of which is the place of a sum.
//!
//! A page of 256 bytes has the tables of eight groups, side by side: sum `n` of group `g` lies at `16·n + 2·g`, low byte
//! first. So a nibble in the upper half of YL, and a constant behind it, are an address, whatever the stage.
//!
//! An input of 0 takes as long as any other, and so does a weight of 0: where there are many, columns are faster.

mod context;
mod cost;

use crate::CompileError;
use crate::kernel::look_up::{self, Shape};
use crate::kernel::sequence::Home;
use crate::kernel::{Fragment, Kernel, Machine, Offer, PAGE, Site, View};
use crate::stage::Stage;
use crate::weights::Form;
use crate::weights::planes::{FOUR, Planes};
use context::{Fill, Rows, SIDE_BY_SIDE, Tables, Weights};
use std::collections::BTreeMap;

const TEMPLATE: &str = "planes.S";

pub struct LookUp;

impl Kernel for LookUp {
    fn name(&self) -> &'static str {
        "planes"
    }

    fn offers(&self, view: &View, at: usize) -> Vec<Offer> {
        if view.home(at) != Home::Image {
            return vec![];
        }
        let shape = view.stages[at].product().and_then(|product| Shape::of(product, FOUR));
        let offer = |s: Shape| {
            let scratch = s.tables().div_ceil(SIDE_BY_SIDE) * PAGE;
            look_up::offer(&LookUp, (view, at), &s, s.tables().div_ceil(2), scratch)
        };
        shape.map(offer).into_iter().collect()
    }

    fn cost(&self, view: &View, at: usize, _: Option<Form>) -> Vec<(String, f64)> {
        let stage = &view.stages[at];
        let shape = stage.product().and_then(|product| Shape::of(product, FOUR));
        let cost =
            |shape: Shape| (stage.name.clone(), cost::stage(&shape, &view.usage.stages[at], view.machine));
        shape.map(cost).into_iter().collect()
    }

    fn code_bytes(&self, stages: &[Stage], forms: &[Option<Form>], machine: Machine) -> usize {
        let shapes = Shape::taken(stages, forms, FOUR);
        let costs: Vec<_> = shapes.iter().map(|shape| (shape.planes, cost::of(shape, machine))).collect();
        // Each kind of planes has a routine that fills tables.
        let fills: BTreeMap<Planes, usize> =
            costs.iter().map(|(planes, c)| (*planes, c.fill_bytes)).collect();
        fills.values().sum::<usize>() + costs.iter().map(|(_, costs)| costs.bytes).sum::<usize>()
    }

    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError> {
        let stage = &site.layout.stages[at];
        let (product, shape) = look_up::offered(stage, FOUR);
        let name = &stage.name;
        let tables = site.templates.call(TEMPLATE, "tables", Tables::new(site.layout, name, &shape))?;
        let rows = site.templates.call(TEMPLATE, "rows", Rows::new(name, &shape))?;
        let weights = site.templates.call(TEMPLATE, "weights", Weights::new(name, product, &shape))?;
        Ok(look_up::fragment(stage, product, [tables, rows, weights]))
    }

    fn shared(&self, site: &Site) -> Result<Fragment, CompileError> {
        let shapes = Shape::taken(&site.layout.stages, &site.layout.forms, FOUR);
        let mut code = String::new();
        for planes in kinds(&shapes) {
            code += &site.templates.call(TEMPLATE, "fill", Fill::new(planes))?;
        }
        Ok(Fragment { code, ..Fragment::default() })
    }
}

/// The planes that these shapes have: each kind once.
fn kinds(shapes: &[Shape]) -> Vec<Planes> {
    let all = [Planes::Signs, Planes::Twos].into_iter();
    all.filter(|kind| shapes.iter().any(|shape| shape.planes == *kind)).collect()
}
