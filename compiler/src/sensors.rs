//! Programs of networks on numbers: made as a whole, and refused where they do not fit.

use crate::error::NUMBERS;
use crate::image::{self, Image};
use crate::kernel::flow::Facts;
use crate::kernel::predict::Assembled;
use crate::kernel::sensors::{self, Costs, SensorSite};
use crate::kernel::{Machine, tidy};
use crate::plan::{Plan, Storage};
use crate::target::Target;
use crate::words::grouped;
use crate::{CompileError, Request, render};

/// A program that fits.
pub struct Program {
    pub plan: Plan,
    pub assembly: String,
    pub image: Image,
}

/// The program of a network on numbers: the fastest, or the smallest where that does not fit or is asked for. Where whole arrays do not
/// fit memory, and where the smallest is asked for and flash and RAM together become less, rows are computed while they come.
///
/// # Errors
/// What the kernels do not compute; a demand that means nothing here; a program that does not fit; a damaged template.
pub fn program(site: &SensorSite) -> Result<Program, CompileError> {
    let demands = site.request.demands;
    let needless = [
        (demands.encoding.is_some(), "--encoding"),
        (!demands.layers.is_empty(), "--layer"),
        (matches!(demands.storage, Storage::File | Storage::Banks), "--weights"),
    ];
    if let Some((_, option)) = needless.into_iter().find(|(is_given, _)| *is_given) {
        let name = site.request.model.head.name.clone();
        return Err(CompileError::Forms { name, family: NUMBERS, option });
    }
    let by_rows = SensorSite { rows: true, ..*site };
    let whole = at_any_pace(site);
    if !sensors::can_take_rows(site) {
        return whole;
    }
    let all = |program: &Program| program.plan.needs.total();
    match whole {
        Ok(whole) if demands.is_for_size() => Ok(match at_any_pace(&by_rows) {
            Ok(rows) if all(&rows) < all(&whole) => rows,
            _ => whole,
        }),
        Err(CompileError::SensorsTooLarge { .. }) => at_any_pace(&by_rows),
        built => built,
    }
}

/// The fastest program that fits.
fn at_any_pace(site: &SensorSite) -> Result<Program, CompileError> {
    let mut pace = site.pace;
    loop {
        match (build(&SensorSite { pace, ..*site }), pace.slower()) {
            (Err(CompileError::SensorsTooLarge { .. }), Some(slower)) => pace = slower,
            (built, _) => return built,
        }
    }
}

fn build(site: &SensorSite) -> Result<Program, CompileError> {
    let request = site.request;
    let program = sensors::program(site)?;
    let name = request.model.head.name.clone();
    let mut plan = Plan::of_program(name, Machine::of(request.target), program.memory);
    plan.rows = program.rows;
    let text = render::Text { assembly: tidy(&program.text.code), phases: program.text.phases };
    let image = image::assemble_sensors(&plan, request.target, &text, program.outputs)?;
    plan.prediction.phases = match (program.costs, &image) {
        (Costs::Known(costs), _) => costs,
        (Costs::Jumps(facts), Some(image)) => {
            let slowdown = plan.layout.machine.slowdown();
            asked(image, &text.assembly, &facts)
                .into_iter()
                // How long it takes depends on what is typed.
                .filter(|(phase, _)| phase != "console")
                .map(|(phase, cycles)| (phase, slowdown * cycles))
                .collect()
        }
        (Costs::Jumps(_), None) => vec![],
    };
    // These programs read all flash.
    let whole = Target { flash: request.target.whole_flash(), ..request.target.clone() };
    let needs = image.as_ref().map(Image::needs);
    match image {
        Some(image) if request.demands.excess(&whole, image.needs()) == 0 => {
            plan.needs = image.needs();
            plan.prediction.bytes = match request.target.flash {
                Some(_) => plan.needs.image,
                None => plan.needs.total(),
            };
            Ok(Program { plan, assembly: text.assembly, image })
        }
        _ => Err(too_large(request, needs)),
    }
}

/// What a run takes by phase, by the program's own instructions; nothing where a jump is not known, as somebody's own
/// template may have it.
fn asked(image: &Image, text: &str, facts: &Facts) -> Vec<(String, f64)> {
    let phases = image.phases.iter().map(|phase| (phase.start, phase.name.as_deref())).collect();
    let program = Assembled { isa: image.isa, assembly: &image.assembly, text, phases };
    program.way("net_run", "logits_ready", facts).unwrap_or_default()
}

/// Why it does not fit.
fn too_large(request: &Request, needs: Option<crate::plan::Needs>) -> CompileError {
    let (model, target) = (request.model, request.target);
    let needs = match needs {
        Some(needs) if target.flash.is_some() => format!(
            "it needs {} bytes of flash and {} of RAM",
            grouped(needs.image as u64),
            grouped(needs.buffers as u64)
        ),
        Some(needs) => format!("with its buffers it needs {} bytes", grouped(needs.total() as u64)),
        None => match target.whole_flash() {
            Some(flash) => format!("it needs more than {} bytes of flash", grouped(flash as u64)),
            None => "memory ends before its program does".into(),
        },
    };
    let needs = match request.demands.max_bytes {
        Some(most) => format!("{needs}, and its image may have {} bytes at most", grouped(most as u64)),
        None => needs,
    };
    CompileError::SensorsTooLarge { name: model.head.name.clone(), target: target.name.clone(), needs }
}
