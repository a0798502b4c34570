//! `mlc run`: prompts in, replies out.

use crate::args::RunArgs;
use crate::error::CliError;
use crate::host::{Host, Said};
use crate::say::say;
use crate::sim::machine::NoProbe;
use crate::sim::{self, Answer, ProgramFile, Simulator};
use crate::targets::{self, REFERENCE};
use crate::tools::{self, Readings};
use crate::visible::console_output;
use crate::{Outcome, files, readings, screenshot};
use mlc_compiler::eval;
use mlc_compiler::ir::Graph;
use mlc_compiler::model::Model;
use mlc_compiler::target::ImageKind;
use mlc_compiler::{Assets, CompileError, Request, Target, text};
use serde::Serialize;
use std::io::{self, BufRead, IsTerminal, Read, Write};

const DEFAULT_TARGET: &str = "z80-cpm";
/// Bytes of a line of standard input. Any machine's prompts are shorter, and what has no end must not fill the memory.
const LONGEST_LINE: u64 = 1 << 16;

/// What answers.
enum Speaker<'a> {
    Reference { graph: Graph, readings: Readings },
    Beam { graph: Graph, width: usize },
    Machine { simulator: Simulator<'a>, target: &'a Target },
}

/// A reply as `--json` prints it, an object a line.
#[derive(Serialize)]
struct Row<'a> {
    prompt: &'a str,
    reply: String,
    steps: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    switched: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cycles: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<f64>,
}

pub fn run(args: &RunArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let terminal = io::stdin().is_terminal();
    sim::disk::check(&args.program, &args.disk)?;
    if let Some(kind) = sim::loaded_kind(&args.program) {
        return run_file(kind, args, terminal);
    }
    let target = args.target.as_deref().unwrap_or(DEFAULT_TARGET);
    if target == REFERENCE {
        if args.speed.is_some() || args.screenshot.is_some() || args.limit.max_cycles.is_some() {
            let message = "the reference interpreter has no clock and no screen: leave --speed, --screenshot and \
                           --max-cycles out";
            return Err(CliError::Usage(message.into()));
        }
        if args.bdos.is_some() {
            let message = "the reference interpreter is no CP/M system: leave --bdos out";
            return Err(CliError::Usage(message.into()));
        }
        let mut model = files::model(&args.program)?.model;
        args.choice.apply(args.draw.seed, &mut model)?;
        let readings = Readings::new(&model, None, &args.tools.tools)?;
        if let Some(width) = args.choice.beam {
            let graph = eval::beam::graph(&model).map_err(CompileError::from)?;
            return converse(&Speaker::Beam { graph, width: width.into() }, &model, args, terminal, out);
        }
        tell(&readings);
        let speaker = Speaker::Reference { graph: mlc_compiler::reference(&model)?, readings };
        return converse(&speaker, &model, args, terminal, out);
    }
    let assets = Assets::builtin();
    if args.screenshot.is_some() && args.prompts.is_empty() {
        return Err(CliError::Usage("--screenshot shows what prompts lead to: give one at least".into()));
    }
    let mut model = files::model(&args.program)?.model;
    let target = targets::to_run(target, args.profile.as_deref(), &assets, &model)?;
    let target = targets::at_bdos(target, args.bdos)?;
    args.choice.apply(args.draw.seed, &mut model)?;
    let readings = Readings::new(&model, Some(&target), &args.tools.tools)?;
    screenshot::check(args.screenshot.as_deref(), &target)?;
    let demands = &args.plan.demands()?;
    let request =
        Request { model: &model, target: &target, assets: &assets, demands, wide: false, calibration: &[] };
    let compiled = mlc_compiler::compile(&request)?;
    tell(&readings);
    let simulator = Simulator::new(&compiled.image, &model, &target, args.speed)
        .within(args.limit.max_cycles)
        .reading(readings);
    if let Some(path) = &args.screenshot {
        screenshot::write(path, simulator.picture(&args.prompts)?.as_ref())?;
    }
    converse(&Speaker::Machine { simulator, target: &target }, &model, args, terminal, out)
}

/// Talks to the reference interpreter: on a terminal a chat, else an answer for each line of standard input.
///
/// # Errors
/// A model that was never checked; input that cannot be read, output that cannot be written.
pub fn talk(model: &Model, out: &mut dyn Write) -> Result<(), CliError> {
    let graph = mlc_compiler::reference(model)?;
    if io::stdin().is_terminal() {
        return chat(&mut Host::session(&graph, &[]), out);
    }
    let mut input = io::stdin().lock();
    let speaker = Speaker::Reference { graph, readings: Readings::default() };
    answer_all(&speaker, model, std::iter::from_fn(|| read_line(&mut input).transpose()), false, out)
}

/// Says what tools read, where nobody has said it.
fn tell(readings: &Readings) {
    if let Some(note) = readings.note() {
        say!("note: {note}");
    }
}

/// Says what was switched.
fn tell_switched(switched: &[(String, bool)]) {
    for (name, on) in switched {
        say!("{name} is switched {}", if *on { "on" } else { "off" });
    }
}

/// Runs a program of its own.
fn run_file(kind: ImageKind, args: &RunArgs, terminal: bool) -> Result<Outcome, CliError> {
    let extension = kind.extension();
    if args.target.as_deref() == Some(REFERENCE) || args.json {
        let message = format!(
            "a .{extension} file is a program of its own: it takes neither --json nor --target reference"
        );
        return Err(CliError::Usage(message));
    }
    tools::of_program(extension, &args.tools.tools)?;
    if let Some(option) = args.choice.given(args.draw.seed).or(args.plan.given()) {
        let message = format!(
            "a .{extension} file is a program of its own: {option} is for the model that it is made of"
        );
        return Err(CliError::Usage(message));
    }
    let assets = Assets::builtin();
    let target = match &args.target {
        None if args.profile.is_none() => targets::that_loads(kind, &assets)?,
        name => {
            let name = name.as_deref().unwrap_or(DEFAULT_TARGET);
            targets::find(name, args.profile.as_deref(), &assets)?
        }
    };
    let target = targets::at_bdos(target, args.bdos)?;
    let loaded = sim::read_program(&args.program, &target, &args.disk)?;
    let (name, tail) = (files::shown(&args.program), args.prompts.join(" "));
    let limit = args.limit.of_program();
    let file = ProgramFile { name: &name, loaded: &loaded, tail: &tail, limit };
    screenshot::check(args.screenshot.as_deref(), &target)?;
    let mut out = console_output();
    let console = sim::console(&target, &args.prompts, &mut *out, terminal);
    let picture = sim::run_program(&file, &target, args.speed, console, &mut NoProbe)?;
    if let Some(path) = &args.screenshot {
        screenshot::write(path, picture.as_ref())?;
    }
    Ok(Outcome::Done)
}

/// Prompts from the command line, from standard input, or typed.
fn converse(
    speaker: &Speaker,
    model: &Model,
    args: &RunArgs,
    terminal: bool,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    if !args.prompts.is_empty() {
        answer_all(speaker, model, args.prompts.iter().cloned().map(Ok), args.json, out)?;
    } else if terminal {
        match speaker {
            Speaker::Machine { simulator, .. } => simulator.chat(&mut *console_output(), terminal)?,
            Speaker::Reference { graph, readings } => chat(&mut Host::session(graph, &readings.values), out)?,
            Speaker::Beam { graph, width } => chat(&mut Host::beam(model, graph, *width), out)?,
        }
    } else {
        let mut input = io::stdin().lock();
        let lines = std::iter::from_fn(|| read_line(&mut input).transpose());
        answer_all(speaker, model, lines, args.json, out)?;
    }
    Ok(Outcome::Done)
}

/// Answers prompts: each for itself, or as the lines of one conversation where the model keeps it.
fn answer_all(
    speaker: &Speaker,
    model: &Model,
    prompts: impl Iterator<Item = Result<String, CliError>>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let mut prompts = prompts.inspect(|prompt| {
        if let Ok(prompt) = prompt {
            readings::tell(model, prompt);
        }
    });
    match speaker {
        Speaker::Reference { graph, readings } => {
            answer_here(&mut Host::session(graph, &readings.values), prompts, json, out)
        }
        Speaker::Beam { graph, width } => {
            answer_here(&mut Host::beam(model, graph, *width), prompts, json, out)
        }
        Speaker::Machine { simulator, target } if simulator.keeps_conversation() => {
            let prompts: Vec<String> = prompts.collect::<Result<_, _>>()?;
            let queries: Vec<&[u8]> = prompts.iter().map(|prompt| prompt.as_bytes()).collect();
            let answers = simulator.session(&queries, if json { None } else { Some(out) })?;
            let rows = prompts.iter().zip(&answers).filter(|_| json);
            rows.into_iter().try_for_each(|(prompt, answer)| {
                // When an answer of several ends is not known to the cycle.
                print_row(Row { cycles: None, milliseconds: None, ..Row::of(prompt, answer, target) }, out)
            })
        }
        Speaker::Machine { simulator, target } => prompts.try_for_each(|prompt| {
            let prompt = prompt?;
            if json {
                let answer = simulator.ask(prompt.as_bytes(), None)?;
                return print_row(Row::of(&prompt, &answer, target), out);
            }
            simulator.ask(prompt.as_bytes(), Some(out))?;
            writeln!(out)?;
            Ok(out.flush()?)
        }),
    }
}

/// The same on this machine.
fn answer_here(
    host: &mut Host,
    mut prompts: impl Iterator<Item = Result<String, CliError>>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    prompts.try_for_each(|prompt| {
        let prompt = prompt?;
        host.begin();
        if json {
            return print_row(Row::of_host(&prompt, host.ask(prompt.as_bytes(), None)?), out);
        }
        let said = host.ask(prompt.as_bytes(), Some(out))?;
        writeln!(out)?;
        out.flush()?;
        tell_switched(&said.switched);
        Ok(())
    })
}

/// A line without its end; bytes that are no UTF-8 are replaced. `None` at the end of the input.
///
/// # Errors
/// The input cannot be read; a line that has no end for [`LONGEST_LINE`] bytes.
fn read_line(input: &mut dyn BufRead) -> Result<Option<String>, CliError> {
    let mut line = Vec::new();
    if input.take(LONGEST_LINE + 1).read_until(b'\n', &mut line).map_err(CliError::Input)? == 0 {
        return Ok(None);
    }
    if line.len() as u64 > LONGEST_LINE {
        return Err(CliError::Prompt {
            place: "standard input".into(),
            problem: format!("a line of more than {LONGEST_LINE} bytes"),
            help: "write one prompt a line".into(),
        });
    }
    let text = String::from_utf8_lossy(&line);
    Ok(Some(text.trim_end_matches(['\n', '\r']).to_string()))
}

impl<'a> Row<'a> {
    fn of_host(prompt: &'a str, said: Said) -> Self {
        let word = |(name, on): &(String, bool)| format!("{name} {}", if *on { "on" } else { "off" });
        let switched = said.switched.iter().map(word).collect();
        Self { prompt, reply: said.text, steps: said.steps, switched, cycles: None, milliseconds: None }
    }

    fn of(prompt: &'a str, answer: &Answer, target: &Target) -> Self {
        let milliseconds = Some(target.milliseconds(answer.t_states as f64));
        let (reply, steps) = (latin1(&answer.reply), answer.logits.len());
        let (switched, cycles) = (Vec::new(), Some(answer.t_states));
        Self { prompt, reply, steps, switched, cycles, milliseconds }
    }
}

fn print_row(row: Row, out: &mut dyn Write) -> Result<(), CliError> {
    let row = serde_json::to_string(&row).expect("a row has string keys only");
    writeln!(out, "{row}")?;
    Ok(out.flush()?)
}

/// Each byte the character of that number.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| char::from(b)).collect()
}

/// The same loop that the programs have: `> `, a line, its answer as it comes; `!` ends it.
fn chat(host: &mut Host, out: &mut dyn Write) -> Result<(), CliError> {
    let mut input = io::stdin().lock();
    loop {
        write!(out, "> ")?;
        out.flush()?;
        let Some(line) = read_line(&mut input)? else {
            writeln!(out)?;
            return Ok(());
        };
        if line.trim() == "!" {
            return Ok(());
        }
        if !text::normalize(line.as_bytes()).is_empty() {
            let said = host.ask(line.as_bytes(), Some(out))?;
            writeln!(out)?;
            out.flush()?;
            tell_switched(&said.switched);
        }
    }
}
