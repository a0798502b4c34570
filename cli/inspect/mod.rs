//! `mlc inspect`: what a model consists of and where it fits.

mod print;

use crate::args::{Bdos, InspectArgs};
use crate::compile::PositionRow;
use crate::error::CliError;
use crate::import::widths;
use crate::models::family;
use crate::table::fold;
use crate::{Outcome, files, progress, sensors, sequence, targets};
use mlc_compiler::ir::Op;
use mlc_compiler::model::{Answer, Body, Layer, Model, Reader};
use mlc_compiler::pass::{self, Report};
use mlc_compiler::plan::{Demands, Offer, Plan};
use mlc_compiler::target::Board;
use mlc_compiler::{Assets, CompileError, Request, Target};
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct Facts<'a> {
    name: &'a str,
    about: &'a str,
    kind: &'static str,
    shape: String,
    query_buckets: u16,
    max_query: u8,
    /// Chat models only.
    charset: Option<String>,
    context_buckets: Option<u16>,
    context_length: Option<u8>,
    max_reply: Option<u8>,
    /// Classifiers only.
    labels: Option<&'a [String]>,
    /// Of a classifier that can be unsure.
    margin: Option<u8>,
    layers: Vec<LayerFacts>,
    accumulators: Vec<Accumulator>,
    targets: Vec<Fit>,
    training: Vec<(&'a str, &'a str)>,
}

#[derive(Serialize)]
pub struct LayerFacts {
    pub inputs: usize,
    pub outputs: usize,
    pub nonzero: usize,
    /// Outputs and inputs without a weight.
    pub zero_rows: usize,
    pub zero_columns: usize,
    pub minus_two: usize,
    pub bias_least: i16,
    pub bias_most: i16,
    pub shift: u8,
}

/// Proven bounds of sums, for the longest query.
#[derive(Serialize)]
pub struct Accumulator {
    pub stage: String,
    pub least: i64,
    pub most: i64,
    /// Neurons whose sum can leave 16 bits.
    pub wraps: usize,
}

#[derive(Serialize)]
pub struct Fit {
    target: String,
    fits: bool,
    /// RAM for the program; on AVR chips SRAM.
    memory: usize,
    /// AVR: flash without the boot loader. A cartridge: its ROM.
    #[serde(skip_serializing_if = "Option::is_none")]
    flash: Option<usize>,
    /// What code and buffers are in there.
    #[serde(skip)]
    memories: [&'static str; 2],
    /// Size of the image with the encodings that were chosen.
    image_bytes: Option<usize>,
    /// Image, buffers and stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_bytes: Option<usize>,
    /// AVR: what is in a flash chip beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    flash_chip_bytes: Option<usize>,
    /// Networks on numbers: rows are computed while they come.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_rows: bool,
    refusal: Option<String>,
    /// The refusal is a fault of mlc, not of the model.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    bug: bool,
    stages: Vec<StageFacts>,
    /// Where it fits: cycles of a step, or of a token that needs an output, the mean of the first 100.
    predicted: Vec<PhaseRow>,
    predicted_cycles_a_step: Option<f64>,
    /// Sequence models: of tokens at some positions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    predicted_positions: Vec<PositionRow>,
}

#[derive(Serialize)]
struct PhaseRow {
    phase: String,
    cycles: f64,
}

/// Bytes and cycles a step for each encoding that the target has.
#[derive(Serialize)]
struct StageFacts {
    stage: String,
    encodings: Vec<EncodingFacts>,
}

#[derive(Serialize)]
struct EncodingFacts {
    encoding: String,
    bytes: usize,
    cycles: f64,
}

/// Labels with the index of their output: `0 ON, 1 OFF`.
pub fn numbered(labels: &[String]) -> String {
    labels.iter().enumerate().map(|(i, label)| format!("{i} {label}")).collect::<Vec<_>>().join(", ")
}

/// Exit code 1 where mlc fails to tell whether the model fits a target.
pub fn run(args: &InspectArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let model = files::model(&args.model.path)?.model;
    let assets = Assets::builtin();
    let fits = || Ok::<_, CliError>(fits(&model, &targets::all(&assets, args.bdos, &model)?, &assets));
    if let Some(parts) = model.network() {
        let fits = fits()?;
        let bug = fits.iter().any(|fit| fit.bug);
        sensors::inspect((&model, &assets), parts, fits, args.json, out)?;
        return Ok(if bug { Outcome::Difference } else { Outcome::Done });
    }
    if let Some(parts) = model.sequence() {
        let fits = fits()?;
        let bug = fits.iter().any(|fit| fit.bug);
        match args.json {
            true => writeln!(out, "{}", targets::json(&sequence::Facts::new(&model, parts, fits)))?,
            false => {
                sequence::inspect(&model, parts, out)?;
                writeln!(out)?;
                fits.iter().try_for_each(|fit| writeln!(out, "{}", fold(&fit.line())))?;
            }
        }
        return Ok(if bug { Outcome::Difference } else { Outcome::Done });
    }
    let facts = Facts::new(&model, &assets, args.bdos)?;
    match args.json {
        true => writeln!(out, "{}", targets::json(&facts))?,
        false => facts.print(out)?,
    }
    Ok(if facts.targets.iter().any(|fit| fit.bug) { Outcome::Difference } else { Outcome::Done })
}

/// The margin of a classifier on hashed text, where it has one.
fn margin(model: &Model) -> Option<u8> {
    match model.answer {
        Answer::Label { margin: margin @ 1.., .. } => Some(margin),
        _ => None,
    }
}

impl<'a> Facts<'a> {
    fn new(model: &'a Model, assets: &Assets, bdos: Option<Bdos>) -> Result<Self, CliError> {
        let targets = targets::all(assets, bdos, model)?;
        let Reader::HashedText(reader) = &model.reader else { unreachable!("a model of hashed text") };
        let Body::Layers(layers) = &model.body else { unreachable!("a model of hashed text") };
        let (chat, labels) = match &model.answer {
            Answer::Chat(chat) => (Some(chat), None),
            Answer::Label { labels, .. } => (None, Some(labels)),
            Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => (None, None),
        };
        Ok(Self {
            name: &model.head.name,
            about: &model.head.about,
            kind: family(model),
            shape: widths(model),
            query_buckets: reader.query.buckets,
            max_query: reader.query.max_length,
            charset: chat.map(|c| c.charset.iter().map(|&b| char::from(b)).collect()),
            context_buckets: reader.context.as_ref().map(|c| c.buckets),
            context_length: reader.context.as_ref().map(|c| c.length),
            max_reply: chat.map(|c| c.max_reply),
            labels: labels.map(Vec::as_slice),
            margin: margin(model),
            layers: layers.iter().map(LayerFacts::new).collect(),
            accumulators: bounds(model, &targets)?,
            targets: fits(model, &targets, assets),
            training: model.head.training.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(),
        })
    }
}

impl LayerFacts {
    pub fn new(layer: &Layer) -> Self {
        let zero = |w: &&i8| **w == 0;
        let rows = (0..layer.outputs).filter(|&o| layer.row(o).iter().all(|w| zero(&w))).count();
        let column = |i: usize| (0..layer.outputs).all(|o| layer.row(o)[i] == 0);
        Self {
            inputs: layer.inputs,
            outputs: layer.outputs,
            nonzero: layer.weights.iter().filter(|w| !zero(w)).count(),
            zero_rows: rows,
            zero_columns: (0..layer.inputs).filter(|&i| column(i)).count(),
            minus_two: layer.weights.iter().filter(|&&w| w == -2).count(),
            bias_least: layer.bias.iter().copied().min().unwrap_or(0),
            bias_most: layer.bias.iter().copied().max().unwrap_or(0),
            shift: layer.shift,
        }
    }
}

/// Bounds of the sums of a model of hashed text that hold on all of these targets.
///
/// # Errors
/// The compiler's.
pub fn bounds(model: &Model, targets: &[Target]) -> Result<Vec<Accumulator>, CliError> {
    let longest = targets.iter().map(|t| t.longest_query).chain([model.reader.max_query()]).max();
    let graph = mlc_compiler::reference(model)?;
    let (reports, wraps) = pass::optimise(graph, longest.unwrap_or(0).into()).map_err(CompileError::from)?;
    Ok(accumulators(&reports, &wraps))
}

/// Bounds of the sums that are shifted: those that must be 16-bit integers.
fn accumulators(reports: &[Report], wraps: &[pass::Wrap]) -> Vec<Accumulator> {
    let Some(graph) = reports.last().map(|r| &r.graph) else { return Vec::new() };
    let shifted = graph.nodes.iter().filter_map(|(_, node)| match node.op {
        Op::Shift { input, .. } => Some((node.name.clone(), graph.nodes[input].facts.hull()?)),
        _ => None,
    });
    let row = |(stage, hull): (String, mlc_compiler::ir::Interval)| Accumulator {
        wraps: wraps.iter().filter(|w| w.layer == stage).count(),
        stage,
        least: hull.least,
        most: hull.most,
    };
    shifted.map(row).collect()
}

/// Each target's answer. One that cannot be had takes none of the others away.
fn fits(model: &Model, targets: &[Target], assets: &Assets) -> Vec<Fit> {
    let bar = progress::bar(targets.len(), "inspect");
    let one = |target: &Target| {
        bar.inc(1);
        let plain = fit(model, target, assets);
        let beside = if plain.fits { None } else { beside_chip(model, target, assets) };
        std::iter::once(plain).chain(beside)
    };
    let fits = targets.iter().flat_map(one).collect();
    bar.finish_and_clear();
    fits
}

/// A board with the same processor and a flash chip beside it, where the model fits that.
fn beside_chip(model: &Model, target: &Target, assets: &Assets) -> Option<Fit> {
    let profile = assets.profiles_with_chip(target).ok()?.into_iter().next()?;
    let device = assets.devices().ok()?.into_iter().find(|device| device.name == profile.device)?;
    let name = format!("{} --profile {}", target.name, profile.name);
    let board = Board { device, profile }.target()?;
    Some(Fit { target: name, ..fit(model, &board, assets) }).filter(|fit| fit.fits)
}

/// What every encoding of every stage would take.
fn stages(plan: &Plan) -> Vec<StageFacts> {
    let encodings = |offers: &[Offer]| {
        let facts = |o: &Offer| EncodingFacts { encoding: o.name(), bytes: o.bytes, cycles: o.cost };
        offers.iter().map(facts).collect()
    };
    let stages = plan.stages().iter().zip(&plan.options).filter(|(stage, _)| stage.layer > 0);
    let stages =
        stages.map(|(stage, offers)| StageFacts { stage: stage.name.clone(), encodings: encodings(offers) });
    let matrices = plan.steps.iter().map(|step| {
        let facts = |o: &mlc_compiler::kernel::sequence::Offer| EncodingFacts {
            encoding: o.name(),
            bytes: o.bytes,
            cycles: o.cycles,
        };
        StageFacts { stage: step.name.clone(), encodings: step.offers.iter().map(facts).collect() }
    });
    stages.chain(matrices).collect()
}

/// Compiles for a target: whether it fits, or why that is not so.
fn fit(model: &Model, target: &Target, assets: &Assets) -> Fit {
    let demands = &Demands::default();
    let request = Request { model, target, assets, demands, wide: false, calibration: &[] };
    let compiled = mlc_compiler::compile(&request);
    // What does not fit has a plan all the same: the one that is too large by the least.
    let stages = match &compiled {
        Ok(compiled) => stages(&compiled.plan),
        Err(_) => mlc_compiler::price(&request).map_or(Vec::new(), |plan| stages(&plan)),
    };
    let plan = compiled.as_ref().ok().map(|compiled| &compiled.plan).filter(|plan| plan.is_predicted());
    let phase = |(phase, cycles): &(String, f64)| PhaseRow { phase: phase.clone(), cycles: *cycles };
    let predicted = plan.map_or(vec![], |plan| plan.prediction.phases.iter().map(phase).collect());
    let predicted_cycles_a_step = plan.map(|plan| plan.prediction.total());
    let tokens = plan.and_then(|plan| plan.tokens.as_ref());
    let predicted_positions = tokens.map_or(vec![], |tokens| PositionRow::all(tokens).collect());
    let used = |image: &mlc_compiler::Image| match target.flash {
        Some(_) => image.needs().buffers,
        None => image.memory_end - usize::from(target.origin),
    };
    let by_rows = compiled.as_ref().is_ok_and(|compiled| compiled.plan.rows.is_some());
    let limit = compiled.as_ref().map_or(target.memory_end, |compiled| compiled.image.limit(target));
    let flash = compiled.as_ref().map_or(target.flash, |compiled| compiled.plan.flash(target));
    let beside = compiled.as_ref().ok().filter(|_| target.spi_flash.is_some());
    let flash_chip_bytes = beside.and_then(|compiled| Some(compiled.image.beside.as_ref()?.bytes.len()));
    let (sizes, refusal) = match compiled {
        Ok(compiled) => (Some((compiled.image.bytes.len(), used(&compiled.image))), None),
        Err(refusal) => (None, Some(refusal)),
    };
    let bug = refusal.as_ref().is_some_and(CompileError::is_bug);
    let refusal = refusal.map(|refusal| refusal.to_string());
    let image_bytes = sizes.map(|(bytes, _)| bytes);
    let used_bytes = sizes.map(|(_, used)| used);
    Fit {
        target: target.name.clone(),
        fits: sizes.is_some(),
        memory: target.memory() - usize::from(target.memory_end - limit),
        flash,
        memories: [target.code_memory(), target.data_memory()],
        image_bytes,
        used_bytes,
        flash_chip_bytes,
        by_rows,
        refusal,
        bug,
        stages,
        predicted,
        predicted_cycles_a_step,
        predicted_positions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlc_compiler::import;

    /// A target that mlc fails on: the others are judged all the same, and the exit code tells.
    #[test]
    fn one_bad_target_takes_no_other_away() {
        let text = include_bytes!("../../models/commands/model.ron");
        let model = import::load(text, "commands", &import::Options::default()).unwrap();
        let mut assets = Assets::builtin();
        assets.set_template("zx48.asm", "{{ nothing_of_that_name }}");
        let facts = Facts::new(&model, &assets, None).unwrap();
        let of = |name: &str| facts.targets.iter().find(|fit| fit.target == name).expect("it is a target");
        let bad = of("zx48");
        assert!(!bad.fits && bad.refusal.as_ref().is_some_and(|text| text.contains("nothing_of_that_name")));
        assert!(
            facts.targets.len() > 3
                && facts.targets.iter().all(|fit| fit.fits || fit.target.starts_with("zx"))
        );
        let mut shown = Vec::new();
        facts.print(&mut shown).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.contains("\nzx48: ") && shown.contains("\ncpc464: fits: "), "{shown}");
    }
}
