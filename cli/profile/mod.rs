//! `mlc profile`: where the time goes, by symbol, line and stack.
//!
//! [`report`] adds up what the machine's profiler has counted, with names from [`names`] and lines from [`source`];
//! [`print`] and [`render`] show it.

mod names;
mod print;
mod probe;
mod render;
mod report;
mod source;
mod symbols;
#[cfg(test)]
mod tests;

use crate::args::{ProfileArgs, View, ViewFile};
use crate::error::CliError;
use crate::files::{Loaded, Output};
use crate::prompts::{self, Chosen, Place};
use crate::say::Said;
use crate::sim::{self, ProgramFile, Simulator};
use crate::table::{TIE, grouped};
use crate::targets::{self, REFERENCE};
use crate::tools::{self, Readings};
use crate::{Outcome, files, progress};
use mlc_compiler::plan::Demands;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Assets, Request, Target};
use names::Names;
use probe::ProfileProbe;
use report::{Report, Sample};
use source::Source;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;

/// A profile with everything that is needed to show it.
struct Profile {
    name: String,
    target: String,
    clock_hz: u32,
    /// What a cycle is called.
    unit: &'static str,
    /// How each stage is stored; of a program of its own, where its labels come from.
    encodings: Vec<String>,
    /// Prompts, or runs of a program of its own.
    runs: usize,
    run_name: &'static str,
    /// Passes through the network; 0 where none are known of.
    steps: usize,
    phases: Vec<String>,
    source: Source,
    names: Names,
    report: Report,
}

impl Profile {
    /// Cycles a step, or of everything where there are no steps.
    fn mean(&self) -> f64 {
        self.report.total.cycles as f64 / self.steps.max(1) as f64
    }

    fn milliseconds(&self, cycles: f64) -> f64 {
        cycles * 1000.0 / f64::from(self.clock_hz)
    }
}

pub fn run(args: &ProfileArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    if args.target.name == REFERENCE {
        return Err(CliError::Usage("the reference interpreter has no clock: name a machine".into()));
    }
    files::check_writable(args.files())?;
    let assets = Assets::builtin();
    let (name, board) = (args.target.name.as_str(), args.target.profile.as_deref());
    sim::disk::check(&args.program, &args.disk)?;
    let profile = match sim::loaded_kind(&args.program) {
        Some(kind) => {
            let target = targets::at_bdos(targets::find(name, board, &assets)?, args.target.bdos)?;
            of_program(kind, args, &target)?
        }
        None => {
            let loaded = files::model(&args.program)?;
            let target = targets::to_run(name, board, &assets, &loaded.model)?;
            of_model(args, &loaded, &targets::at_bdos(target, args.target.bdos)?, &assets)?
        }
    };
    show(&profile, args, out)?;
    Ok(Outcome::Done)
}

fn show(profile: &Profile, args: &ProfileArgs, out: &mut dyn Write) -> Result<(), CliError> {
    let content = |kind| match kind {
        View::Svg => render::flame_graph(profile),
        View::Folded => Ok(render::folded(profile).into_bytes()),
        View::Lst => Ok(render::listing(profile).into_bytes()),
    };
    let output = |file: &ViewFile| content(file.kind).map(|bytes| Output { path: file.path.clone(), bytes });
    let outputs: Vec<Output> = args.outputs.iter().map(output).collect::<Result<_, _>>()?;
    files::write_all(&outputs)?;
    if let Some(kind) = args.emit {
        return Ok(out.write_all(&content(kind)?)?);
    }
    if args.json {
        return Ok(writeln!(out, "{}", print::json(profile))?);
    }
    print::tables(profile, args.top, out)?;
    for (n, output) in outputs.iter().enumerate() {
        let space = if n == 0 { "\n" } else { "" };
        writeln!(out, "{space}{}: {} bytes", files::shown(&output.path), grouped(output.bytes.len() as u64))?;
    }
    Ok(())
}

/// The program that `mlc compile` makes, on all prompts.
fn of_model(
    args: &ProfileArgs,
    loaded: &Loaded,
    target: &Target,
    assets: &Assets,
) -> Result<Profile, CliError> {
    if args.symbols.is_some() {
        let message = "--symbols is for a program of its own: that of a model comes with its source";
        return Err(CliError::Usage(message.into()));
    }
    let (model, demands) = (&loaded.model, &args.plan.demands()?);
    let readings = Readings::new(model, Some(target), &args.tools.tools)?;
    let request = Request { model, target, assets, demands, wide: false, calibration: &[] };
    let compiled = mlc_compiler::compile(&request)?;
    let simulator =
        Simulator::new(&compiled.image, model, target, None).within(args.limit.max_cycles).reading(readings);
    let place = Place::new(model, target, simulator.longest());
    let queries: Vec<Vec<u8>> = match args.words.is_empty() {
        true => {
            let Chosen { prompts, .. } = prompts::choose(args.prompts.as_deref(), &loaded.found, place)?;
            prompts.into_iter().map(|p| p.query.into_bytes()).collect()
        }
        false => args.words.iter().map(|word| word.clone().into_bytes()).collect(),
    };
    files::check_distinct(args.files())?;
    prompts::require(queries.len(), place)?;
    let mut samples: Vec<Sample> = Vec::new();
    let mut steps = 0;
    let bar = progress::bar(queries.len(), "profile");
    for query in &queries {
        let mut probe = ProfileProbe::new(simulator.phases(), true);
        steps += simulator.observe(query, None, &mut probe)?.logits.len();
        samples.extend(probe.profiler.contexts());
        bar.inc(1);
    }
    bar.finish_and_clear();
    prompts::require_step(steps, place)?;
    let source = Source::assembled(&compiled.image.assembly, &compiled.assembly);
    let names = Names::new(&source.labels, &report::called(&samples), inside(target), show_address);
    let phases = simulator.phase_names().to_vec();
    Ok(Profile {
        name: model.head.name.clone(),
        target: target.name.clone(),
        clock_hz: target.clock_hz,
        unit: targets::cycles(target),
        encodings: compiled
            .plan
            .forms()
            .map(|(stage, form)| format!("{stage}{TIE}{}", form.name()))
            .collect(),
        runs: queries.len(),
        run_name: "prompt",
        steps,
        report: Report::new(&samples, &names, &source.lines, &phases, &show_address(inside(target).start)),
        phases,
        source,
        names,
    })
}

/// A program of its own, with each prompt as its command tail.
fn of_program(kind: ImageKind, args: &ProfileArgs, target: &Target) -> Result<Profile, CliError> {
    let extension = kind.extension();
    if args.plan.demands()? != Demands::default() {
        let message =
            format!("a .{extension} file is compiled already: leave out what plans it, as --encoding");
        return Err(CliError::Usage(message));
    }
    tools::of_program(extension, &args.tools.tools)?;
    if target.flash.is_some() {
        let message = format!("of an AVR chip a model can be profiled, no .{extension} file");
        return Err(CliError::Usage(message));
    }
    let loaded = sim::read_program(&args.program, target, &args.disk)?;
    let origin = target.origin.into();
    let symbols = symbols::find(&args.program, args.symbols.as_deref(), &loaded.bytes, origin)?;
    let tails: Vec<String> = match &args.prompts {
        Some(path) => prompts::read(path)?.into_iter().map(|p| p.query).collect(),
        None => vec![args.words.join(" ")],
    };
    files::check_distinct(args.files())?;
    let name = files::shown(&args.program);
    let mut samples: Vec<Sample> = Vec::new();
    for tail in &tails {
        let mut probe = ProfileProbe::new(Vec::new(), false);
        let mut said = Said::default();
        // Without a command line, words are lines to type, as `mlc run` has them.
        let lines = args.prompts.as_ref().map_or(args.words.as_slice(), |_| std::slice::from_ref(tail));
        let console = sim::console(target, lines, &mut said, io::stdin().is_terminal());
        let limit = args.limit.of_program();
        let file = ProgramFile { name: &name, loaded: &loaded, tail, limit };
        sim::run_program(&file, target, None, console, &mut probe)?;
        samples.extend(probe.profiler.contexts());
    }
    let names = Names::new(&symbols.source.labels, &report::called(&samples), inside(target), show_address);
    let root = show_address(inside(target).start);
    Ok(Profile {
        name,
        target: target.name.clone(),
        clock_hz: target.clock_hz,
        unit: targets::cycles(target),
        encodings: vec![symbols.from],
        runs: tails.len(),
        run_name: "run",
        steps: 0,
        report: Report::new(&samples, &names, &symbols.source.lines, &[], &root),
        phases: Vec::new(),
        source: symbols.source,
        names,
    })
}

/// Where a program's own code can be.
fn inside(target: &Target) -> Range<u32> {
    if let Some(rom) = &target.rom {
        return rom.first.into()..u32::from(rom.first) + u32::from(rom.size);
    }
    match target.whole_flash() {
        None => target.origin.into()..target.memory_end.into(),
        // No flash of a chip has more than 256 KB.
        Some(flash) => 0..flash as u32,
    }
}

/// Intel's notation.
fn show_address(address: u32) -> String {
    format!("{address:04X}h")
}
