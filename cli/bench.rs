//! `mlc bench`: T-states a step, simulated and predicted.

use crate::args::BenchArgs;
use crate::energy::{Energy, energy};
use crate::error::CliError;
use crate::sim::Simulator;
use crate::table::{Align, count, grouped, table};
use crate::targets::{self, REFERENCE};
use crate::{Outcome, files, progress, prompts};
use mlc_compiler::plan::Prediction;
use mlc_compiler::{Assets, Compiled, Request, Target};
use serde::Serialize;
use std::io::Write;

/// Times are in cycles of the target's processor; on a Z80 T-states.
#[derive(Serialize)]
struct Figures {
    model: String,
    target: String,
    clock_hz: u32,
    encodings: Vec<Stage>,
    prompts: usize,
    steps: usize,
    /// All steps of all prompts, from start to exit.
    cycles: u64,
    step: Spread,
    step_milliseconds: Spread,
    predicted: f64,
    phases: Vec<Phase>,
    image_bytes: usize,
    /// AVR: bytes of SRAM, with the stack's most.
    #[serde(skip_serializing_if = "Option::is_none")]
    sram_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack_bytes: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    energy: Option<Energy>,
}

#[derive(Serialize)]
struct Stage {
    stage: String,
    encoding: &'static str,
}

/// `mean` counts everything from start to exit; `least` and `most` are between two steps of one reply.
#[derive(Serialize)]
struct Spread {
    least: f64,
    mean: f64,
    most: f64,
}

/// Cycles a step of a part of the program.
#[derive(Serialize)]
struct Phase {
    phase: String,
    predicted: Option<f64>,
    simulated: f64,
}

pub fn run(args: &BenchArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    if args.target.name == REFERENCE {
        return Err(CliError::Usage("the reference interpreter has no clock: name a machine".into()));
    }
    let assets = Assets::builtin();
    let target = targets::find(&args.target.name, args.target.profile.as_deref(), &assets)?;
    let loaded = files::model(&args.model.path)?;
    let model = &loaded.model;
    let demands = &args.plan.demands()?;
    let request = Request { model, target: &target, assets: &assets, demands, wide: false, calibration: &[] };
    // The program that `mlc compile` makes, not one made for these prompts.
    let compiled = mlc_compiler::compile(&request)?;
    let simulator = Simulator::new(&compiled.image, model, &target, None);
    let prompts = prompts::choose(args.prompts.as_deref(), &loaded.path, simulator.longest())?;
    let queries: Vec<Vec<u8>> = prompts.into_iter().map(|p| p.query.into_bytes()).collect();
    let prediction = compiled.plan.predict(compiled.graph(), &queries);

    let mut sums = Sums::default();
    let bar = progress::bar(queries.len(), "bench");
    for query in &queries {
        sums.add(&simulator, query)?;
        bar.inc(1);
    }
    bar.finish_and_clear();

    let plan = &compiled.plan;
    let step = sums.spread();
    let stages = plan.network.stages.iter().zip(&plan.forms);
    let figures = Figures {
        model: model.name.clone(),
        clock_hz: target.clock_hz,
        encodings: stages.map(|(s, f)| Stage { stage: s.name.clone(), encoding: f.name() }).collect(),
        prompts: queries.len(),
        steps: sums.steps,
        cycles: sums.t_states,
        step_milliseconds: Spread {
            least: target.milliseconds(step.least),
            mean: target.milliseconds(step.mean),
            most: target.milliseconds(step.most),
        },
        step,
        predicted: prediction.total(),
        phases: phases(&prediction, simulator.phase_names(), &sums),
        image_bytes: compiled.image.bytes.len(),
        sram_bytes: target.flash.map(|_| sram(&compiled, &target, sums.stack)),
        stack_bytes: sums.stack,
        energy: target.board.as_ref().and_then(|board| {
            let (active, idle) = (sums.per_step(sums.t_states), sums.per_step(sums.asleep));
            energy(&board.device, target.clock_hz, board.profile.supply_millivolts, active, idle)
        }),
        target: target.name.clone(),
    };
    match args.json {
        true => writeln!(out, "{}", targets::json(&figures))?,
        false => figures.print(&target, out)?,
    }
    Ok(Outcome::Done)
}

/// Over all queries.
#[derive(Default)]
struct Sums {
    steps: usize,
    t_states: u64,
    asleep: u64,
    /// The most of all queries.
    stack: Option<u16>,
    /// Of each phase, in the simulator's order.
    phases: Vec<u64>,
    /// Shortest and longest step.
    extremes: Option<(u64, u64)>,
}

impl Sums {
    fn add(&mut self, simulator: &Simulator, query: &[u8]) -> Result<(), CliError> {
        let (answer, phases) = simulator.measure(query)?;
        self.steps += answer.logits.len();
        self.t_states += answer.t_states;
        self.asleep += answer.asleep;
        self.stack = self.stack.max(answer.stack);
        self.phases.resize(phases.len(), 0);
        self.phases.iter_mut().zip(&phases).for_each(|(sum, t)| *sum += t);
        let steps = answer.ready.windows(2).map(|pair| pair[1] - pair[0]);
        // A classifier's only step is its whole run.
        let whole = (answer.logits.len() == 1).then_some(answer.t_states);
        for t in steps.chain(whole) {
            let (least, most) = self.extremes.unwrap_or((t, t));
            self.extremes = Some((least.min(t), most.max(t)));
        }
        Ok(())
    }

    fn per_step(&self, t: u64) -> f64 {
        t as f64 / self.steps.max(1) as f64
    }

    fn spread(&self) -> Spread {
        let mean = self.per_step(self.t_states);
        let (least, most) = self.extremes.map_or((mean, mean), |(a, b)| (a as f64, b as f64));
        Spread { least, mean, most }
    }
}

/// Bytes of SRAM: the program's own, and the most that the stack had.
fn sram(compiled: &Compiled, target: &Target, stack: Option<u16>) -> usize {
    let own = compiled.image.memory_end - usize::from(target.origin) - usize::from(target.stack);
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

impl Figures {
    fn print(&self, target: &Target, out: &mut dyn Write) -> Result<(), CliError> {
        let unit = targets::cycles(target);
        let clock = f64::from(self.clock_hz) / 1e6;
        let encodings: Vec<_> =
            self.encodings.iter().map(|s| format!("{} {}", s.stage, s.encoding)).collect();
        writeln!(out, "{} on {}: {}", self.model, self.target, encodings.join(", "))?;
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

        let mut rows: Vec<_> = self
            .phases
            .iter()
            .map(|p| phase_row(&p.phase, p.predicted, p.simulated, self.step.mean))
            .collect();
        rows.push(phase_row("all", Some(self.predicted), self.step.mean, self.step.mean));
        let columns = [
            ("phase", Align::Left),
            ("predicted", Align::Right),
            ("simulated", Align::Right),
            ("difference", Align::Right),
            ("share", Align::Right),
        ];
        writeln!(out, "{}", table(&columns, &rows))?;
        match (self.sram_bytes, self.stack_bytes) {
            (Some(sram), Some(stack)) => writeln!(
                out,
                "flash: {} bytes, SRAM: {} bytes, {stack} of them on the stack",
                grouped(self.image_bytes as u64),
                grouped(sram as u64)
            )?,
            _ => writeln!(out, "image: {} bytes", grouped(self.image_bytes as u64))?,
        }
        if let Some(energy) = &self.energy {
            writeln!(
                out,
                "energy: {:.0} µJ a step at {} V ({:.1} mA, {:.2} mA asleep); a 110 mAh cell lasts {} steps",
                energy.microjoules_a_step,
                energy.volts,
                energy.active_milliamperes,
                energy.idle_milliamperes,
                grouped(energy.steps_from_cell as u64)
            )?;
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

fn whole(cycles: f64) -> String {
    grouped(cycles.round() as u64)
}
