//! The Z80: its kernels, and what they have in common.

mod argmax;
mod bits;
mod column;
mod console;
mod gaps;
mod hashed;
mod lists;
mod packed;
mod place;
mod planes;
mod product;
mod program;
mod quick;
mod reply;
mod scan;
pub mod sensors;
pub mod sequence;
mod starts;
mod table;
mod unrolled;

pub use place::{pages, place};

use super::called;
use super::{Fragment, Kernel, Memory, PAGE, Processor, Site, Taken, Unit, Variant, View};
use crate::CompileError;
use crate::stage::{Product, Stage, bytes, output};
use crate::target::Target;
use crate::weights::{Form, tiles};
use column::{COLUMN_KERNELS, find_kernel};

pub struct Z80;

impl Processor for Z80 {
    fn kernels(&self) -> &'static [&'static dyn Kernel] {
        &[&hashed::Hashed, &scan::Scan, &planes::LookUp, &argmax::Argmax, &reply::Reply]
    }

    /// Counting in bytes with what is known of a window, without it, and not at all.
    fn variants(&self, stages: &[Stage], longest: u8) -> Vec<Variant> {
        let proof = bytes::prove(stages, longest);
        let known = proof.as_ref().filter(|proof| hashed::takes_prefix(stages, proof));
        let known = known.and_then(|proof| proof.with_prefix(stages));
        let counted = known.iter().chain(&proof).map(|proof| proof.apply(stages));
        let variant = |stages: Vec<Stage>, fallback| {
            let patches = hashed::counts_in_pieces(&stages);
            Variant { stages, fallback, patches }
        };
        let mut variants: Vec<Variant> = counted.map(|stages| variant(stages, false)).collect();
        variants.push(variant(stages.to_vec(), true));
        variants
    }

    /// Memory that a program leaves free serves nobody.
    fn slack(&self) -> f64 {
        1.0
    }

    fn shared_bytes(&self, &Taken { stages, forms, machine, .. }: &Taken) -> usize {
        let products: Vec<(&Product, Form)> =
            stages.iter().zip(forms).filter_map(|(s, form)| Some((s.product()?, (*form)?))).collect();
        let shared = |kernel: &&dyn column::ColumnKernel| kernel.code_bytes(&taken_by(*kernel, &products));
        let code = |(product, form): &(&Product, Form)| {
            let kernel = find_kernel(*form, product)?;
            Some(starts::bytes(product, kernel) + 60 + 60 * tiles(product.columns.len()).len())
        };
        let columns = COLUMN_KERNELS.iter().map(shared).sum::<usize>()
            + hashed::more_bytes(stages)
            + products.iter().filter_map(code).sum::<usize>();
        let kernels = self.kernels().iter().map(|kernel| kernel.code_bytes(stages, forms, machine));
        columns + kernels.sum::<usize>() + 420
    }

    fn place(&self, stages: &[Stage], scratch: &[usize], target: &Target, _: u8) -> Memory {
        let mut memory = place(stages, scratch, target.stack.into());
        if target.is_library() {
            let logits = stages[output(stages).0].product().map_or(0, |product| product.visible());
            memory.append(&called::buffers(logits));
        }
        Memory { start: target.ram_start(memory.size), ..memory }
    }

    /// With the bytes lost on the way to a page.
    fn buffer_bytes(&self, stages: &[Stage], scratch: &[usize], target: &Target, longest: u8) -> usize {
        self.place(stages, scratch, target, longest).size + PAGE / 2
    }

    fn frame_cost(&self, view: &View) -> Vec<(String, f64)> {
        let usage = view.usage;
        let (once, byte) = program::query_cost();
        let console = usage.query_bytes as f64 * byte
            + usage.queries as f64 * (once + console::around())
            + usage.reply_bytes as f64 * console::print();
        vec![("console".into(), console)]
    }

    fn quicken(&self, view: &View, forms: &[Option<Form>], room: usize) -> Option<Vec<Stage>> {
        quick::choose(view, forms, room, &scan::around_quick)
    }

    fn program(&self, site: &Site, table: &str) -> Result<Fragment, CompileError> {
        program::program(site, table)
    }

    fn unit(&self) -> Unit {
        Unit { short: "T", long: "T-states" }
    }
}

/// The products whose columns a kernel adds.
fn taken_by<'p>(kernel: &dyn column::ColumnKernel, products: &[(&'p Product, Form)]) -> Vec<&'p Product> {
    let takes = |(product, form): &&(&Product, Form)| {
        find_kernel(*form, product).is_some_and(|of_form| of_form.template() == kernel.template())
    };
    products.iter().filter(takes).map(|(product, _)| *product).collect()
}

/// What a product computes, in words.
fn title(stage: &Stage, product: &Product, form: Form) -> String {
    super::title(stage, product, form)
}
