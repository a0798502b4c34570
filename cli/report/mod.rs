//! `mlc report`: everything about a model and its program on one page, which needs no script to be read.

mod curve;
mod machine;
mod network;
mod parts;
mod replies;

use crate::args::ReportArgs;
use crate::bench::{Figures, Subject, measure};
use crate::error::CliError;
use crate::files::{self, Found, Loaded, Output, Written};
use crate::html::{escape, fill};
use crate::inspect;
use crate::models::family;
use crate::prompts::{self, Chosen, Prompt};
use crate::sim::Simulator;
use crate::table::{grouped, whole};
use crate::tools::Readings;
use crate::{Outcome, shell, targets};
use mlc_compiler::ir::Graph;
use mlc_compiler::model::Model;
use mlc_compiler::plan::Demands;
use mlc_compiler::{Assets, Target};
use parts::{Cell, facts, paragraph, section};
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// Pairs beside a model, if nobody names any.
const PAIRS: &str = "pairs.txt";

#[derive(Serialize)]
struct Summary<'a> {
    model: &'a str,
    target: &'a str,
    files: Vec<Written>,
}

pub fn run(args: &ReportArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let assets = Assets::builtin();
    let loaded = files::model(&args.model.path)?;
    if loaded.model.network().is_some() {
        let message =
            "there is no report about networks on numbers: `mlc inspect`, `eval` and `bench` tell about them";
        return Err(CliError::Usage(message.into()));
    }
    let target = targets::find(&args.target.name, args.target.profile.as_deref(), &assets)?;
    let target = targets::at_bdos(target, args.target.bdos)?;
    files::check_writable(Some(args.output.as_path()))?;
    let page = page(args, &loaded, &target, &assets)?;
    let outputs = [Output { path: args.output.clone(), bytes: page.into_bytes() }];
    files::write_all(&outputs)?;
    let name = &loaded.model.head.name;
    match args.json {
        true => {
            let files = outputs.iter().map(Written::from).collect();
            writeln!(out, "{}", targets::json(&Summary { model: name, target: &target.name, files }))?;
        }
        false => {
            let (path, bytes) = (files::shown(&args.output), grouped(outputs[0].bytes.len() as u64));
            writeln!(out, "{path}: {bytes} bytes, a page about {name} on {}", target.name)?;
        }
    }
    Ok(Outcome::Done)
}

/// The whole page.
fn page(args: &ReportArgs, loaded: &Loaded, target: &Target, assets: &Assets) -> Result<String, CliError> {
    let model = &loaded.model;
    let (demands, tools) = (&args.plan.demands()?, args.tools.tools.as_slice());
    let subject = Subject { model, target, assets, demands, max_cycles: args.limit.max_cycles, tools };
    let Chosen { prompts, .. } = prompts::choose(args.prompts.as_deref(), &loaded.found, subject.place())?;
    let queries: Vec<Vec<u8>> = prompts.iter().map(|prompt| prompt.query.clone().into_bytes()).collect();
    let measured = measure(subject, &queries, "report", true)?;
    let figures = Figures::new(&measured, subject, &queries);
    let compiled = &measured.compiled;
    let readings = Readings::new(model, Some(target), tools)?;
    let graph = mlc_compiler::reference(model)?;
    let simulator = Simulator::new(&compiled.image, model, target, None)
        .within(args.limit.max_cycles)
        .reading(readings.clone());
    let sums = match model.sequence() {
        None => network::bounds(&inspect::bounds(model, &assets.targets()?)?),
        Some(_) => paragraph(
            "Left out: bounds of sums. mlc proves none that a report could show for sequence models.",
        ),
    };
    let training = match &args.log {
        Some(log) => curve::curve(log)?,
        None => paragraph(
            "Left out: the curve. No log was given with --log; mlc train --log FILE.csv writes one.",
        ),
    };
    let answers = (&graph, &readings);
    let mut html = section("summary", "In short", &summary(model, target, &figures));
    html += &section("network", "The network", &network::drawing(model));
    html += &section("weights", "Weights", &(network::weights(model) + &sums));
    html += &section("memory-map", "Memory", &machine::memory(compiled, target, &figures));
    html += &section("time", "Time", &machine::time(&figures, target));
    html += &section("forms-of-weights", "Forms of weights", &machine::forms(compiled, target));
    html += &section("accuracy", "Accuracy", &accuracy(args, loaded, answers, &prompts)?);
    html += &section("training", "Training", &(training_facts(model) + &training));
    html +=
        &section("talk", "A conversation", &replies::conversation(&simulator, answers, target, &prompts)?);
    html += &section("repeat", "How to repeat these figures", &repeat(args, loaded, target));
    Ok(fill(TEMPLATE, |place| match place {
        "name" => escape(&model.head.name),
        "target" => escape(&target.name),
        "about" => escape(&model.head.about),
        "style" => STYLE.into(),
        "content" => html.clone(),
        other => unreachable!("page.html has no place {other}"),
    }))
}

fn summary(model: &Model, target: &Target, figures: &Figures) -> String {
    let unit = targets::cycles(target);
    let milliseconds =
        |cycles: f64| format!("{} {unit}, {:.1} ms", whole(cycles), target.milliseconds(cycles));
    let step = figures.step.mean;
    let mut list = vec![
        ("kind", Cell::text(family(model))),
        ("weights", Cell::count(model.body.weights())),
        ("machine", Cell::text(target.about.clone())),
        (
            "clock",
            Cell::Figure(f64::from(target.clock_hz), format!("{} MHz", f64::from(target.clock_hz) / 1e6)),
        ),
        ("bytes of the program", Cell::count(figures.image_bytes)),
        ("a step, on the mean", Cell::Figure(step, milliseconds(step))),
        ("prompts that were run", Cell::count(figures.prompts)),
        ("steps that they took", Cell::count(figures.steps)),
    ];
    if let Some(first) = figures.first_character {
        list.push(("first character, on the mean", Cell::Figure(first.mean, milliseconds(first.mean))));
    }
    if let Some(sram) = figures.sram_bytes {
        list.push(("bytes of SRAM, with the stack’s most", Cell::count(sram)));
    }
    if let Some(energy) = &figures.energy {
        let shown = format!("{:.0} µJ at {} V", energy.microjoules_a_step, energy.volts);
        list.push(("energy of a step", Cell::Figure(energy.microjoules_a_step, shown)));
    }
    facts("figures", &list)
}

fn training_facts(model: &Model) -> String {
    let rows: Vec<Vec<Cell>> =
        model.head.training.iter().map(|(key, value)| vec![Cell::text(key), Cell::text(value)]).collect();
    match rows.is_empty() {
        true => paragraph("The model’s file says nothing about its training."),
        false => parts::table(
            "training-facts",
            "What the model’s file says of its training",
            &["fact", "value"],
            &rows,
        ),
    }
}

/// Accuracy on the pairs that are named, those beside the model, or the replies that prompts demand.
fn accuracy(
    args: &ReportArgs,
    loaded: &Loaded,
    (graph, readings): (&Graph, &Readings),
    prompts: &[Prompt],
) -> Result<String, CliError> {
    let sequence = loaded.model.sequence().is_some();
    if sequence && !args.pairs.is_empty() {
        let message = "--pairs are for networks of hashed text: give prompts `query|reply` with --prompts";
        return Err(CliError::Usage(message.into()));
    }
    let files = if sequence { Vec::new() } else { pairs(args, loaded) };
    if !files.is_empty() {
        return replies::accuracy(&loaded.model, &files);
    }
    let on_prompts = replies::on_prompts(graph, readings, prompts);
    let missing =
        if sequence { "" } else { ", there is no pairs.txt beside the model, and --pairs names none" };
    Ok(on_prompts.unwrap_or_else(|| {
        paragraph(&format!(
            "Left out: accuracy. No prompt says what its reply must be (query|reply){missing}."
        ))
    }))
}

/// Files of pairs: those that are named, or the one beside the model.
fn pairs(args: &ReportArgs, loaded: &Loaded) -> Vec<PathBuf> {
    let beside = match &loaded.found {
        Found::File(path) => Some(path.with_file_name(PAIRS)).filter(|path| path.is_file()),
        Found::Shipped(_) => None,
    };
    if args.pairs.is_empty() { beside.into_iter().collect() } else { args.pairs.clone() }
}

/// The commands that print the figures of the page.
fn repeat(args: &ReportArgs, loaded: &Loaded, target: &Target) -> String {
    let model = shell::word(&files::shown(&args.model.path));
    let board =
        args.target.profile.as_ref().map_or(String::new(), |b| format!(" --profile {}", shell::word(b)));
    let machine = format!("--target {}{board}", shell::word(&args.target.name));
    let prompts = args
        .prompts
        .as_ref()
        .map_or(String::new(), |path| format!(" --prompts {}", shell::word(&files::shown(path))));
    let mut commands = vec![
        ("weights and bounds", format!("mlc inspect {model} --json")),
        ("time and memory", format!("mlc bench {model} {machine}{prompts} --json")),
        ("the program, its forms and its memory", format!("mlc compile {model} {machine} -vv")),
        ("a conversation", format!("mlc run {model} {machine} hello")),
        ("that it says what the reference says", format!("mlc verify {model} {machine}{prompts}")),
    ];
    let files: Vec<String> =
        pairs(args, loaded).iter().map(|path| shell::word(&files::shown(path))).collect();
    if loaded.model.sequence().is_none() && !files.is_empty() {
        commands.push(("accuracy", format!("mlc eval {model} {} --json", files.join(" "))));
    }
    let one = |(what, command): &(&str, String)| {
        format!("<dt>{}</dt><dd><code>{}</code></dd>\n", escape(what), escape(command))
    };
    let mut html =
        format!("<dl class=\"commands\">\n{}</dl>\n", commands.iter().map(one).collect::<String>());
    let changed = args.plan.demands().is_ok_and(|demands| demands != Demands::default())
        || args.target.bdos.is_some()
        || !args.tools.tools.is_empty();
    if changed {
        html += &paragraph(
            "This page was made with options of the plan, of tools or of the system: the commands take the same.",
        );
    }
    html + &paragraph(&format!(
        "Everything here was counted on the simulated {}; nothing depends on this computer.",
        target.name
    ))
}
