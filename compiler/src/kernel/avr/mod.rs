//! The AVR: its kernels, and what they have in common.

mod argmax;
pub mod board;
mod chip;
mod column;
mod core;
mod flash;
mod gaps;
mod hashed;
mod library;
mod lists;
mod loads;
mod packed;
mod place;
mod planes;
mod product;
mod program;
mod reply;
mod scan;
pub mod sensors;
pub mod sequence;
mod table;
mod tools;
mod unrolled;

pub use core::assembler_core;
pub use place::place;

use super::sequence::{Beside, Home};
use super::{Fragment, Kernel, Layout, Memory, Processor, Site, Taken, Unit, Variant, View};
use crate::CompileError;
use crate::stage::{Answer, Source, Stage, Usage, answer, bytes};
use crate::target::{Core, Cpu, Target};
use crate::weights::tiles;
use column::{find_kernel, routine_bytes};
use std::collections::BTreeMap;

/// Start, interrupts, serial line, prompt.
const RUNTIME: usize = 700;
/// What looks at a flash chip, reads and writes it, and says what is wrong with it.
const CHIP: usize = 1_200;

pub struct Avr;

impl Processor for Avr {
    fn kernels(&self) -> &'static [&'static dyn Kernel] {
        &[&hashed::Hashed, &scan::Scan, &planes::LookUp, &argmax::Argmax, &reply::Reply]
    }

    /// Counting in bytes, where no query is too long for them, and not.
    fn variants(&self, stages: &[Stage], longest: u8) -> Vec<Variant> {
        let proof = bytes::prove(stages, longest).filter(|proof| proof.bytes.long.is_none());
        let counted =
            proof.map(|proof| Variant { stages: proof.apply(stages), fallback: false, patches: false });
        counted
            .into_iter()
            .chain([Variant { stages: stages.to_vec(), fallback: true, patches: false }])
            .collect()
    }

    /// A program of somebody's own may stand beside the network in flash.
    fn slack(&self) -> f64 {
        1.15
    }

    fn shared_bytes(&self, taken: &Taken) -> usize {
        let &Taken { stages, forms, machine, homes } = taken;
        // What a call of two words has more than one of one.
        let more = if machine.far { 2 } else { 0 };
        let mut routines = BTreeMap::new();
        let elsewhere = homes.iter().any(|home| *home != Home::Image);
        let mut bytes = RUNTIME + 330 + if elsewhere { CHIP } else { 0 };
        for (at, (stage, form)) in stages.iter().zip(forms).enumerate() {
            let (Some(product), Some(form)) = (stage.product(), *form) else { continue };
            let home = taken.home(at);
            let Some(kernel) = find_kernel(form, home) else { continue };
            let seek = if home == Home::Image { 0 } else { scan::SEEK * tiles(product.outputs).len() };
            let kinds = kernel.kinds(product);
            let names = kinds.iter().map(|kind| kernel.routine(*kind));
            routines.extend(names.map(|name| (name, routine_bytes(name))));
            let value = if product.counts().is_some() { 1 } else { 2 };
            bytes += product.constants().map_or(0, |values| values.len() * value) + 24;
            bytes += more * loads::loads(stages, at).len();
            bytes += match product.source {
                Source::Hidden { .. } => scan::code_bytes(stages, product, (form, home), more),
                Source::Trigrams { .. } => 90 + more + seek,
                Source::Ngrams { .. } => 200 + more + seek,
            };
        }
        bytes += routines.values().sum::<usize>();
        let kernels = self.kernels().iter().map(|kernel| kernel.code_bytes(stages, forms, machine));
        bytes += kernels.sum::<usize>();
        if let Answer::Chat { charset, .. } = answer(stages) {
            bytes += charset.len();
        }
        bytes
    }

    fn place(&self, stages: &[Stage], scratch: &[usize], target: &Target, longest: u8) -> Memory {
        place(stages, scratch, target.origin, longest)
    }

    fn buffer_bytes(&self, stages: &[Stage], scratch: &[usize], target: &Target, longest: u8) -> usize {
        place::size(stages, scratch, target.origin, longest) + usize::from(target.stack)
    }

    /// Of the console only what the network does for it is counted: taking the query. `emit` is the runtime's.
    fn frame_cost(&self, view: &View) -> Vec<(String, f64)> {
        vec![("console".into(), program::query_cost(view))]
    }

    fn beside(&self, site: &Site, usage: &Usage) -> Result<Option<Beside>, CompileError> {
        chip::beside(site, usage)
    }

    fn reads(&self, layout: &Layout, usage: &Usage) -> f64 {
        layout.products().map(|at| chip::reads(layout, at, usage)).sum()
    }

    fn can_reach_far(&self, cpu: Cpu) -> bool {
        cpu != Cpu::Avr(Core::Avr25)
    }

    fn program(&self, site: &Site, table: &str) -> Result<Fragment, CompileError> {
        program::program(site, table)
    }

    fn unit(&self) -> Unit {
        Unit { short: "cyc", long: "cycles" }
    }
}
