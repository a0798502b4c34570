//! `mlc bench`: cycles a step, simulated beside predicted; one program by phase, or many programs in one table.

mod all;
mod chip;
#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a test says what it found")]
mod kept;
mod measure;
#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a test says what it found")]
mod predicted;
#[cfg(test)]
#[path = "../../tests/support/mod.rs"]
#[expect(clippy::print_stderr, reason = "a test says what is missing")]
mod support;
mod tokens;

use crate::args::BenchArgs;
use crate::energy::{Energy, energy};
use crate::error::CliError;
use crate::prompts::{self, Chosen};
use crate::table::{Align, TIE, count, fold, grouped, table, whole};
use crate::targets::{self, REFERENCE};
use crate::{Outcome, files, shipped};
pub use all::Row;
pub use chip::FlashChip;
use measure::{Measured, Spread, Sums};
pub use measure::{Subject, measure};
use mlc_compiler::plan::Prediction;
use mlc_compiler::{Assets, Compiled, Target};
use serde::{Deserialize, Serialize};
use std::io::Write;
pub use tokens::Read;

/// Where nothing else is said.
const TARGET: &str = "z80-cpm";

/// Times are in cycles of the target's processor; on a Z80 T-states.
#[derive(Serialize)]
pub struct Figures {
    model: String,
    target: String,
    clock_hz: u32,
    encodings: Vec<Stage>,
    pub prompts: usize,
    /// Prompts that are too long for the machine, of those that are taken where nobody names any.
    left_out: usize,
    pub steps: usize,
    /// All steps of all prompts, from start to exit.
    cycles: u64,
    pub step: Spread,
    pub step_milliseconds: Spread,
    /// From the end of the question to the first character of the answer; none where no answer has one.
    pub first_character: Option<Spread>,
    pub predicted: f64,
    pub phases: Vec<Phase>,
    /// Sequence models: of tokens that are read, those of the question among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<tokens::Read>,
    pub image_bytes: usize,
    /// AVR: bytes of SRAM, with the stack's most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sram_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_bytes: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy: Option<Energy>,
    /// AVR: what a flash chip at the SPI has, and how busy its bus is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flash_chip: Option<FlashChip>,
}

#[derive(Serialize)]
struct Stage {
    stage: String,
    encoding: String,
}

/// Cycles a step of a part of the program.
#[derive(Serialize)]
pub struct Phase {
    pub phase: String,
    pub predicted: Option<f64>,
    pub simulated: f64,
}

pub fn run(args: &BenchArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    if args.target.as_deref() == Some(REFERENCE) {
        return Err(CliError::Usage("the reference interpreter has no clock: name a machine".into()));
    }
    if args.all && !args.tools.tools.is_empty() {
        return Err(CliError::Usage("--tool is for one model: leave it out with --all".into()));
    }
    if args.all {
        let rows = all::rows(args)?;
        match (args.json, args.markdown) {
            (true, _) => writeln!(out, "{}", targets::json(&rows))?,
            (_, true) => write!(out, "{}", all::markdown(&rows))?,
            _ => write!(out, "{}", all::text(&rows))?,
        }
        return Ok(Outcome::Done);
    }
    let [model] = args.models.as_slice() else {
        let message = "one model is measured at a time; --all makes a table of several";
        return Err(CliError::Usage(message.into()));
    };
    let assets = Assets::builtin();
    let loaded = files::model(model)?;
    let (name, profile) = (args.target.as_deref().unwrap_or(TARGET), args.profile.as_deref());
    let target = targets::at_bdos(targets::to_run(name, profile, &assets, &loaded.model)?, args.bdos)?;
    let (demands, max_cycles) = (&args.plan.demands()?, args.limit.max_cycles);
    let (model, tools) = (&loaded.model, args.tools.tools.as_slice());
    let subject = Subject { model, target: &target, assets: &assets, demands, max_cycles, tools };
    let Chosen { prompts, left_out } =
        prompts::choose(args.prompts.as_deref(), &loaded.found, subject.place())?;
    let queries: Vec<Vec<u8>> = prompts.into_iter().map(|p| p.query.into_bytes()).collect();
    let measured = measure(subject, &queries, "bench", true)?;
    let figures = Figures { left_out, ..Figures::new(&measured, subject, &queries) };
    match args.json {
        true => writeln!(out, "{}", targets::json(&figures))?,
        false => figures.print(&target, out)?,
    }
    Ok(Outcome::Done)
}

/// What is kept of the models that mlc brings, planned in every way.
pub fn kept() -> Vec<Row> {
    #[derive(Deserialize)]
    struct Kept {
        models: Vec<Row>,
    }
    let kept: Kept = serde_json::from_str(shipped::FIGURES).expect("a test reads the same file");
    kept.models
}

/// Bytes of SRAM: the program's own, and the most that the stack had.
fn sram(compiled: &Compiled, target: &Target, stack: Option<u16>) -> usize {
    let own = compiled.image.needs().buffers - usize::from(target.stack);
    own + usize::from(stack.unwrap_or(target.stack))
}

/// Predicted phases in their order, then those that only the machine has.
fn phases(prediction: &Prediction, names: &[String], sums: &Sums) -> Vec<Phase> {
    let simulated = |name: &str| {
        let at = names.iter().position(|n| n == name);
        at.and_then(|at| sums.phases.get(at)).map_or(0.0, |&t| sums.per_step(t))
    };
    let mut rows: Vec<Phase> = Vec::new();
    for (name, cost) in &prediction.phases {
        match rows.iter_mut().find(|row| row.phase == *name) {
            Some(row) => row.predicted = row.predicted.map(|sum| sum + cost),
            None => {
                rows.push(Phase { phase: name.clone(), predicted: Some(*cost), simulated: simulated(name) })
            }
        }
    }
    for name in names {
        if !rows.iter().any(|row| row.phase == *name) {
            rows.push(Phase { phase: name.clone(), predicted: None, simulated: simulated(name) });
        }
    }
    rows
}

/// Share of the cycles that may be unpredicted where a sum is compared.
const UNKNOWN: f64 = 0.05;

impl Figures {
    /// Of what was measured with these prompts.
    pub fn new(measured: &Measured, subject: Subject, queries: &[Vec<u8>]) -> Self {
        let Measured { compiled, prediction, sums, phases: names } = measured;
        let (plan, target) = (&compiled.plan, subject.target);
        let step = sums.spread();
        let phases = match sums.tokens.steps(names, prediction) {
            Some(phases) => phases,
            None => phases(prediction, names, sums),
        };
        Self {
            model: subject.model.head.name.clone(),
            clock_hz: target.clock_hz,
            encodings: plan
                .homes()
                .map(|(stage, encoding)| Stage { stage: stage.into(), encoding })
                .collect(),
            prompts: queries.len(),
            left_out: 0,
            steps: sums.steps,
            cycles: sums.t_states,
            step_milliseconds: Spread {
                least: target.milliseconds(step.least),
                mean: target.milliseconds(step.mean),
                most: target.milliseconds(step.most),
            },
            step,
            first_character: sums.first(),
            predicted: phases.iter().filter_map(|phase| phase.predicted).sum(),
            phases,
            tokens: sums.tokens.read(names, plan.tokens.as_ref()),
            image_bytes: compiled.image.bytes.len(),
            sram_bytes: target.flash.map(|_| sram(compiled, target, sums.stack)),
            stack_bytes: sums.stack,
            flash_chip: FlashChip::of(compiled, target, queries, step.mean),
            energy: target.board.as_ref().and_then(|board| {
                let (active, idle) = (sums.spread().mean, sums.per_step(sums.asleep));
                energy(&board.device, target.clock_hz, board.profile.supply_millivolts, active, idle)
            }),
            target: target.name.clone(),
        }
    }

    fn print(&self, target: &Target, out: &mut dyn Write) -> Result<(), CliError> {
        let unit = targets::cycles(target);
        let clock = f64::from(self.clock_hz) / 1e6;
        let encoding = |s: &Stage| match s.encoding.strip_suffix(", file") {
            Some(form) => format!("{}{TIE}{form}{TIE}(flash{TIE}chip)", s.stage),
            None => format!("{}{TIE}{}", s.stage, s.encoding),
        };
        let encodings: Vec<_> = self.encodings.iter().map(encoding).collect();
        let stored = if encodings.is_empty() { String::new() } else { format!(": {}", encodings.join(", ")) };
        let line = format!("{} on {}{stored}", self.model, self.target);
        writeln!(out, "{}", fold(&line))?;
        writeln!(out, "{}, {}\n", count(self.prompts, "prompt"), count(self.steps, "step"))?;
        let row = |name: &str, cycles: f64, milliseconds: f64| {
            vec![name.to_string(), whole(cycles), format!("{milliseconds:.1}")]
        };
        let (t, ms) = (&self.step, &self.step_milliseconds);
        let rows =
            [row("least", t.least, ms.least), row("mean", t.mean, ms.mean), row("most", t.most, ms.most)];
        let title = format!("ms at {clock} MHz");
        let columns = [("step", Align::Left), (unit, Align::Right), (title.as_str(), Align::Right)];
        writeln!(out, "{}", table(&columns, &rows))?;
        if let Some(first) = self.first_character {
            let steps = |cycles: f64| format!("{:.1} steps", cycles / self.step.mean.max(1.0));
            let line = format!(
                "first character after {} {unit} ({}), at most {} ({})",
                whole(first.mean),
                steps(first.mean),
                whole(first.most),
                steps(first.most)
            );
            writeln!(out, "{}\n", fold(&line))?;
        }

        let mut rows: Vec<_> = self
            .phases
            .iter()
            .map(|p| phase_row(&p.phase, p.predicted, p.simulated, self.step.mean))
            .collect();
        // Somebody's own templates may have jumps of which nothing is known, and how long a line of numbers takes to read
        // depends on its digits: a sum without a large part says nothing.
        let unknown: f64 = self.phases.iter().filter(|p| p.predicted.is_none()).map(|p| p.simulated).sum();
        let is_known =
            self.phases.iter().any(|p| p.predicted.is_some()) && unknown < UNKNOWN * self.step.mean;
        let predicted = is_known.then_some(self.predicted);
        let all = match &self.tokens {
            Some(_) => self.phases.iter().map(|phase| phase.simulated).sum(),
            None => self.step.mean,
        };
        rows.push(phase_row("all", predicted, all, all));
        let columns = [
            ("phase", Align::Left),
            ("predicted", Align::Right),
            ("simulated", Align::Right),
            ("difference", Align::Right),
            ("share", Align::Right),
        ];
        writeln!(out, "{}", table(&columns, &rows))?;
        if let Some(tokens) = &self.tokens {
            tokens.print(unit, |cycles| target.milliseconds(cycles), out)?;
        }
        match (self.sram_bytes, self.stack_bytes) {
            (Some(sram), Some(stack)) => writeln!(
                out,
                "flash: {} bytes, SRAM: {} bytes, {stack} of them on the stack",
                grouped(self.image_bytes as u64),
                grouped(sram as u64)
            )?,
            _ => writeln!(out, "image: {} bytes", grouped(self.image_bytes as u64))?,
        }
        if let Some(chip) = &self.flash_chip {
            let line = format!(
                "flash chip: {} bytes, of which a step reads {}; its bus is busy {:.0} % of the time",
                grouped(chip.bytes as u64),
                grouped(chip.bytes_a_step as u64),
                100.0 * chip.bus_share
            );
            writeln!(out, "{}", fold(&line))?;
        }
        if let Some(energy) = &self.energy {
            let line = format!(
                "energy: {:.0} µJ a step at {} V ({:.1} mA, {:.2} mA asleep); a 110 mAh cell lasts {} steps",
                energy.microjoules_a_step,
                energy.volts,
                energy.active_milliamperes,
                energy.idle_milliamperes,
                whole(energy.steps_from_cell.floor())
            );
            writeln!(out, "{}", fold(&line))?;
        }
        Ok(())
    }
}

fn phase_row(name: &str, predicted: Option<f64>, simulated: f64, all: f64) -> Vec<String> {
    let difference = match predicted {
        Some(p) if simulated > 0.0 => format!("{:+.1} %", 100.0 * (p - simulated) / simulated),
        _ => String::new(),
    };
    let share = if all > 0.0 { format!("{:.1} %", 100.0 * simulated / all) } else { String::new() };
    vec![name.to_string(), predicted.map(whole).unwrap_or_default(), whole(simulated), difference, share]
}
