//! Rows in bit planes, looked up: a page for each seven inputs has the sums of their subsets, filled once a run, and a row
//! is a walk over bytes, each of which is the place of a sum.
//!
//! An input of 0 takes as long as any other, and so does a weight of 0: where there are many, columns are faster.
//! SP writes the tables and reads the rows, so interrupts are off meanwhile, and let in behind every table and behind
//! some rows, or inside of them where they are long.

mod context;
mod cost;

use crate::CompileError;
use crate::kernel::look_up::{self, Shape};
use crate::kernel::{Fragment, Kernel, Machine, Offer, PAGE, Phase, Site, View};
use crate::stage::Stage;
use crate::weights::Form;
use crate::weights::planes::SEVEN;
use context::{Fill, Rows, Tables, Weights};
use std::collections::BTreeSet;

const TEMPLATE: &str = "planes.asm";

pub struct LookUp;

impl Kernel for LookUp {
    fn name(&self) -> &'static str {
        "planes"
    }

    fn offers(&self, view: &View, at: usize) -> Vec<Offer> {
        let shape = view.stages[at].product().and_then(|product| Shape::of(product, SEVEN));
        let offer = |s: Shape| look_up::offer(&LookUp, (view, at), &s, s.tables(), s.tables() * PAGE);
        shape.map(offer).into_iter().collect()
    }

    fn cost(&self, view: &View, at: usize, _: Option<Form>) -> Vec<(String, f64)> {
        let stage = &view.stages[at];
        let shape = stage.product().and_then(|product| Shape::of(product, SEVEN));
        let cost = |shape: Shape| (stage.name.clone(), cost::stage(&shape, &view.usage.stages[at]));
        shape.map(cost).into_iter().collect()
    }

    fn code_bytes(&self, stages: &[Stage], forms: &[Option<Form>], _: Machine) -> usize {
        let shapes = Shape::taken(stages, forms, SEVEN);
        let shared = if shapes.is_empty() { 0 } else { cost::fill_bytes(sizes(&shapes).len()) };
        shared + shapes.iter().map(|shape| cost::of(shape).bytes).sum::<usize>()
    }

    fn emit(&self, site: &Site, at: usize) -> Result<Fragment, CompileError> {
        let stage = &site.layout.stages[at];
        let (product, shape) = look_up::offered(stage, SEVEN);
        let name = &stage.name;
        let tables = site.templates.call(TEMPLATE, "tables", Tables::new(site.layout, name, &shape))?;
        let rows = Rows::new(site.layout, at, &shape, cost::of(&shape).piece);
        let enables = rows.enables();
        let rows = site.templates.call(TEMPLATE, "rows", rows)?;
        let weights = site.templates.call(TEMPLATE, "weights", Weights::new(name, product, &shape))?;
        let fragment = look_up::fragment(stage, product, [tables, rows, weights]);
        Ok(Fragment { enables, ..fragment })
    }

    fn shared(&self, site: &Site) -> Result<Fragment, CompileError> {
        let shapes = Shape::taken(&site.layout.stages, &site.layout.forms, SEVEN);
        let sizes = sizes(&shapes);
        let Some(first) = sizes.first() else { return Ok(Fragment::default()) };
        let first = format!("planes_fill_{first}");
        Ok(Fragment {
            code: site.templates.call(TEMPLATE, "code", Fill::new(sizes))?,
            phases: vec![Phase::shared(first)],
            enables: vec!["planes_ei".to_string()],
            ..Fragment::default()
        })
    }
}

/// How many inputs the groups have: each number once.
fn sizes(shapes: &[Shape]) -> BTreeSet<usize> {
    shapes.iter().flat_map(|shape| shape.groups.iter().flatten().copied()).collect()
}
