//! `mlc compile`: a model as a program.

use crate::args::{CompileArgs, Kind};
use crate::error::CliError;
use crate::files::Output;
use crate::say::say;
use crate::sweep_grid::shell_word;
use crate::table::{Align, grouped, table};
use crate::{Outcome, c99, check, cpm, files, pins, prompts, sim, targets, templates, wokwi};
use mlc_compiler::model::{Model, Output as ModelOutput};
use mlc_compiler::pass::Wrap;
use mlc_compiler::plan::network::Answer;
use mlc_compiler::target::{Board, ImageKind};
use mlc_compiler::{Compiled, Image, Request, Target};
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Warnings shown in full.
const WARNINGS: usize = 5;

pub fn run(args: &CompileArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let assets = templates::assets(args.templates.as_deref())?;
    if c99::wanted(args)? {
        return c99::run(args, &assets, &files::model(&args.model)?.model, out);
    }
    let target = targets::find(&args.target.name, args.target.profile.as_deref(), &assets)?;
    let target = targets::at_bdos(target, args.target.bdos)?;
    check_outputs(args, &target)?;
    let model = files::model(&args.model)?.model;
    let calibration = match &args.calibrate {
        Some(path) => prompts::read(path)?.into_iter().map(|p| p.query.into_bytes()).collect(),
        None => Vec::new(),
    };
    if args.check.is_none() {
        let files = args.outputs.iter().filter(|file| file.kind != Kind::Wokwi);
        files::check_writable(files.map(|file| file.path.as_path()))?;
    }
    let demands = &args.plan.demands()?;
    let request = Request {
        model: &model,
        target: &target,
        assets: &assets,
        demands,
        wide: false,
        calibration: &calibration,
    };
    let compiled = mlc_compiler::compile(&request)?;
    warn(&compiled.wraps);
    if let Some(kind) = args.emit {
        out.write_all(&content(&compiled, kind))?;
        if args.outputs.is_empty() {
            return Ok(Outcome::Done);
        }
    }
    if let Some(pass) = &args.print_after {
        print_after(&compiled, pass, out)?;
    }
    let (folders, outputs) = outputs(args, &model, &target, &compiled)?;
    if args.check.is_some() {
        return check::run(&outputs, args.json, out);
    }
    folders.iter().try_for_each(|folder| files::create_folder(folder))?;
    files::write_all(&outputs)?;
    let programs = outputs.iter().filter(|output| sim::program_kind(&output.path) == Some(ImageKind::Com));
    programs.filter_map(|output| cpm::note(&output.path)).for_each(|note| say!("{note}"));
    if args.json {
        writeln!(out, "{}", targets::json(&Summary::new(&compiled, &target, &outputs)))?;
    } else if args.emit.is_none() {
        report(&compiled, &target, &outputs, out)?;
    }
    Ok(Outcome::Done)
}

fn content(compiled: &Compiled, kind: Kind) -> Vec<u8> {
    match kind {
        Kind::Image(kind) => compiled.image.file(kind, &compiled.plan.network.name),
        Kind::C | Kind::Library => unreachable!("files of these kinds never come here: c99::wanted"),
        Kind::Wokwi => unreachable!("a folder is several files: outputs() makes them"),
        Kind::Asm => compiled.assembly.clone().into_bytes(),
        Kind::Lst => compiled.image.assembly.listing(&compiled.assembly).into_bytes(),
        Kind::Map => compiled.image.assembly.map().into_bytes(),
        Kind::Ir => compiled.graph().to_string().into_bytes(),
        Kind::Plan => compiled.plan.table().into_bytes(),
    }
}

/// Neurons that can wrap: the model still does what it says, but it may not say what was meant.
fn warn(wraps: &[Wrap]) {
    for wrap in wraps.iter().take(WARNINGS) {
        say!(
            "warning: {}, neuron {}: its sum can reach {} and wraps at 16 bits",
            wrap.layer,
            wrap.neuron,
            wrap.range
        );
    }
    if let Some(more @ 1..) = wraps.len().checked_sub(WARNINGS) {
        say!("warning: and {} more", grouped(more as u64));
    }
}

fn print_after(compiled: &Compiled, pass: &str, out: &mut dyn Write) -> Result<(), CliError> {
    for report in compiled.reports.iter().filter(|r| pass == "all" || r.pass == pass) {
        writeln!(out, "; after {}: {}\n{}", report.pass, report.summary, report.graph)?;
    }
    Ok(())
}

/// # Errors
/// A file that is named twice, or that the target does not load.
fn check_outputs(args: &CompileArgs, target: &Target) -> Result<(), CliError> {
    for (i, file) in args.files().iter().enumerate() {
        if args.files()[..i].contains(file) {
            return Err(CliError::Usage(format!("{} is given twice", files::shown(&file.path))));
        }
        let is_avr = file.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("s"));
        if is_avr && target.board.is_none() {
            let (path, name) = (files::shown(&file.path), &target.name);
            return Err(CliError::Usage(format!(
                "{path}: .S is assembly for AVR chips; that of {name} is .asm"
            )));
        }
        if file.kind == Kind::Wokwi && target.board.is_none() {
            let (path, name) = (files::shown(&file.path), &target.name);
            return Err(CliError::Usage(format!("{path}: Wokwi has AVR boards, no {name}")));
        }
        if let Kind::Image(kind) = file.kind
            && !target.images.contains(&kind)
        {
            let known: Vec<_> = target.images.iter().map(|kind| format!(".{}", kind.extension())).collect();
            let (path, name, known) = (files::shown(&file.path), &target.name, known.join(" or "));
            return Err(CliError::Usage(format!("{path}: {name} loads {known}")));
        }
    }
    Ok(())
}

/// The files to write, or to compare, and folders to make for them.
fn outputs(
    args: &CompileArgs,
    model: &Model,
    target: &Target,
    compiled: &Compiled,
) -> Result<(Vec<PathBuf>, Vec<Output>), CliError> {
    let output = |path: PathBuf, kind| Output { path, bytes: content(compiled, kind) };
    if !args.files().is_empty() {
        let (mut folders, mut outputs) = (Vec::new(), Vec::new());
        for file in args.files() {
            match (file.kind, &target.board) {
                (Kind::Wokwi, Some(board)) => {
                    folders.push(file.path.clone());
                    outputs.extend(wokwi_files(&file.path, model, board, compiled)?);
                }
                (kind, _) => outputs.push(output(file.path.clone(), kind)),
            }
        }
        return Ok((folders, outputs));
    }
    let folder: PathBuf = ["build", &model.name, &target.name].iter().collect();
    let path = |kind: Kind| {
        let extension = if kind == Kind::Asm && target.board.is_some() { "S" } else { kind.extension() };
        folder.join(format!("{}.{extension}", model.name))
    };
    let outputs = Kind::default(target).map(|kind| output(path(kind), kind)).collect();
    Ok((vec![folder], outputs))
}

/// The folder for Wokwi.
fn wokwi_files(
    folder: &Path,
    model: &Model,
    board: &Board,
    compiled: &Compiled,
) -> Result<Vec<Output>, CliError> {
    let labels: &[String] = match &model.output {
        ModelOutput::Classifier { labels } => labels,
        ModelOutput::Chat(_) => &[],
    };
    let file = |kind: ImageKind| (kind.extension(), compiled.image.file(kind, &model.name));
    wokwi::files(folder, &model.name, &board.profile, labels, [ImageKind::Hex, ImageKind::Elf].map(file))
}

fn report(
    compiled: &Compiled,
    target: &Target,
    outputs: &[Output],
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let rows: Vec<_> = compiled.reports.iter().map(|r| vec![r.pass.to_string(), r.summary.clone()]).collect();
    write!(out, "{}", table(&[("pass", Align::Left), ("what it did", Align::Left)], &rows))?;
    writeln!(out, "\n{}", compiled.plan.table())?;
    let image = &compiled.image;
    match target.flash {
        None => writeln!(
            out,
            "image: {} bytes at {:04X}h, memory up to {:04X}h of {:04X}h",
            grouped(image.bytes.len() as u64),
            image.origin,
            image.memory_end,
            target.memory_end
        )?,
        Some(flash) => writeln!(
            out,
            "flash: {} of {} bytes, SRAM: {} of {} bytes, {} of them for the stack",
            grouped(image.bytes.len() as u64),
            grouped(flash as u64),
            grouped((image.memory_end - usize::from(target.origin)) as u64),
            grouped(target.memory() as u64),
            target.stack
        )?,
    }
    if let Some(needs) = cpm::needs(image, target) {
        writeln!(out, "{needs}")?;
    }
    for output in outputs {
        let start = sim::program_kind(&output.path)
            .and_then(|kind| Image::start(kind, &compiled.plan.network.name))
            .map_or(String::new(), |line| format!("; on the machine type {line}"));
        let bytes = grouped(output.bytes.len() as u64);
        writeln!(out, "{}: {bytes} bytes{start}", files::shown(&output.path))?;
    }
    if let (Some(board), Answer::Label { labels }) = (&target.board, &compiled.plan.network.answer)
        && let Some(line) = pins::line(&board.profile, labels)
    {
        writeln!(out, "{line}")?;
    }
    let hex =
        outputs.iter().find(|output| output.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("hex")));
    if let (Some(board), Some(hex)) = (&target.board, hex) {
        writeln!(out, "\nto flash it, with the board's port for PORT:")?;
        let words = board.profile.avrdude(&files::shown(&hex.path));
        let words: Vec<_> = words.iter().map(|word| shell_word(word)).collect();
        writeln!(out, "{}", words.join(" "))?;
    }
    Ok(())
}

/// What `--json` prints.
#[derive(Serialize)]
struct Summary<'a> {
    model: &'a str,
    target: &'a str,
    passes: Vec<PassRow<'a>>,
    /// Neurons whose sum can leave 16 bits.
    wraps: Vec<WrapRow<'a>>,
    stages: Vec<StageRow<'a>>,
    predicted: Vec<PhaseRow<'a>>,
    predicted_cycles_a_step: f64,
    image_bytes: usize,
    memory_end: usize,
    /// CP/M: where the BDOS of a system must lie at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest_bdos: Option<u16>,
    files: Vec<FileRow>,
}

#[derive(Serialize)]
struct PassRow<'a> {
    pass: &'a str,
    summary: &'a str,
}

#[derive(Serialize)]
struct WrapRow<'a> {
    layer: &'a str,
    neuron: usize,
    least: i64,
    most: i64,
}

#[derive(Serialize)]
struct StageRow<'a> {
    stage: &'a str,
    encoding: &'static str,
}

#[derive(Serialize)]
struct PhaseRow<'a> {
    phase: &'a str,
    cycles: f64,
}

#[derive(Serialize)]
struct FileRow {
    path: String,
    bytes: usize,
}

impl<'a> Summary<'a> {
    fn new(compiled: &'a Compiled, target: &'a Target, outputs: &[Output]) -> Self {
        let plan = &compiled.plan;
        let stages = plan.network.stages.iter().zip(&plan.forms);
        let prediction = &plan.prediction;
        Self {
            model: &plan.network.name,
            target: &target.name,
            passes: compiled.reports.iter().map(|r| PassRow { pass: r.pass, summary: &r.summary }).collect(),
            wraps: compiled.wraps.iter().map(WrapRow::new).collect(),
            stages: stages.map(|(s, form)| StageRow { stage: &s.name, encoding: form.name() }).collect(),
            predicted: prediction
                .phases
                .iter()
                .map(|(phase, cycles)| PhaseRow { phase, cycles: *cycles })
                .collect(),
            predicted_cycles_a_step: prediction.total(),
            image_bytes: compiled.image.bytes.len(),
            memory_end: compiled.image.memory_end,
            lowest_bdos: cpm::lowest_bdos(&compiled.image, target),
            files: outputs
                .iter()
                .map(|o| FileRow { path: files::shown(&o.path), bytes: o.bytes.len() })
                .collect(),
        }
    }
}

impl<'a> WrapRow<'a> {
    fn new(wrap: &'a Wrap) -> Self {
        Self { layer: &wrap.layer, neuron: wrap.neuron, least: wrap.range.least, most: wrap.range.most }
    }
}
