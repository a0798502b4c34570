//! `mlc compile`: a model as a program. [`report`] says what was made.

mod disk;
mod report;
mod rows;
pub mod screen;

pub use report::PositionRow;

use crate::args::{Artifact, CompileArgs};
use crate::error::CliError;
use crate::files::Output;
use crate::say::say;
use crate::table::grouped;
use crate::{
    Outcome, adapter, c99, check, cpm, files, page, project, prompts, sim, targets, templates, wokwi,
};
use mlc_compiler::model::Model;
use mlc_compiler::pass::Wrap;
use mlc_compiler::plan::Demands;
use mlc_compiler::target::{Board, ImageKind};
use mlc_compiler::{Assets, Compiled, Request, Target};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Warnings shown in full.
const WARNINGS: usize = 5;

/// A program and what it was made of.
pub struct Program {
    pub model: Model,
    pub target: Target,
    pub compiled: Compiled,
}

pub fn run(args: &CompileArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    if args.all {
        return project::run(args, out);
    }
    let assets = templates::assets(args.templates.as_deref())?;
    if c99::wanted(args)? {
        return c99::run(args, &assets, &model(args)?, out);
    }
    let (model, target) = inputs(args, &assets)?;
    check_outputs(args, &target)?;
    let screen = screen::read(args, &target)?;
    if args.check.is_none() {
        let files = args.outputs.iter().filter(|file| file.kind != Artifact::Wokwi);
        files::check_writable(files.map(|file| file.path.as_path()))?;
    }
    let Program { model, target, compiled } = program(args, &assets, model, target)?;
    warn(&compiled.wraps);
    if let Some(kind) = args.emit {
        out.write_all(&content(&compiled, kind, screen.as_deref())?)?;
        if args.outputs.is_empty() {
            return Ok(Outcome::Done);
        }
    }
    if let Some(pass) = &args.print_after {
        print_after(&compiled, pass, out)?;
    }
    let (folders, outputs) = outputs(args, (&model, &target), &compiled, screen.as_deref())?;
    if args.check.is_some() {
        return check::run(&outputs, args.json, out);
    }
    files::write_all_below(folders.iter().map(PathBuf::as_path), &outputs)?;
    let programs = outputs.iter().filter(|output| sim::program_kind(&output.path) == Some(ImageKind::Com));
    programs.filter_map(|output| cpm::note(&output.path)).for_each(|note| say!("{note}"));
    if args.json {
        writeln!(out, "{}", targets::json(&report::Summary::new(&compiled, &target, &outputs)))?;
    } else if args.emit.is_none() {
        report::print((&model, &compiled), &target, &outputs, args, out)?;
    }
    Ok(Outcome::Done)
}

/// The model and the target that the options name.
///
/// # Errors
/// They cannot be read, or do not go together.
pub fn inputs(args: &CompileArgs, assets: &Assets) -> Result<(Model, Target), CliError> {
    let model = model(args)?;
    let target = targets::to_compile(&args.target.name, args.target.profile.as_deref(), assets, &model)?;
    let target = targets::at_bdos(target, args.target.bdos)?;
    let target = if args.no_console { target.called() } else { target };
    Ok((model, target))
}

/// The model with what the options change of it.
///
/// # Errors
/// It cannot be read, or does not go with the options.
fn model(args: &CompileArgs) -> Result<Model, CliError> {
    let mut model = match &args.lora {
        Some(lora) => adapter::merged(&args.model, args.tokenizer.as_deref(), lora)?,
        None => files::model(&args.model)?.model,
    };
    args.choice.apply(args.draw.seed, &mut model)?;
    Ok(model)
}

/// Compiles them as the options say.
///
/// # Errors
/// The compiler's; queries to calibrate on that cannot be read.
pub fn program(
    args: &CompileArgs,
    assets: &Assets,
    model: Model,
    target: Target,
) -> Result<Program, CliError> {
    let calibration: Vec<Vec<u8>> = match &args.calibrate {
        Some(path) => prompts::read(path)?.into_iter().map(|p| p.query.into_bytes()).collect(),
        None => Vec::new(),
    };
    let demands = &Demands { file: file_name(args), ..args.plan.demands()? };
    let request =
        Request { model: &model, target: &target, assets, demands, wide: false, calibration: &calibration };
    let compiled = mlc_compiler::compile(&request)?;
    Ok(Program { model, target, compiled })
}

/// The name of the file of weights that comes with the program, without its extension; `None`: that of the model.
fn file_name(args: &CompileArgs) -> Option<String> {
    disk::stem(args.files().iter().map(|file| file.path.as_path()))
}

/// Programs that come with a file of weights, where they have one.
const WEIGHED: [ImageKind; 3] = [ImageKind::Com, ImageKind::Hex, ImageKind::Elf];

/// What goes into a file of some kind; `screen` is what tapes show while they load.
///
/// # Errors
/// A file of weights of a program that has none.
pub fn content(compiled: &Compiled, kind: Artifact, screen: Option<&[u8]>) -> Result<Vec<u8>, CliError> {
    Ok(match kind {
        Artifact::Image(kind) if kind.is_spectrum_tape() => {
            compiled.image.tape(kind, &compiled.plan.layout.name, screen)
        }
        Artifact::Image(kind) => compiled.image.file(kind, &compiled.plan.layout.name),
        Artifact::C | Artifact::Library => unreachable!("files of these kinds never come here: c99::wanted"),
        Artifact::Wokwi => unreachable!("a folder is several files: outputs() makes them"),
        Artifact::Page => unreachable!("a page says what the model is: outputs() makes it"),
        Artifact::Disk => unreachable!("a disk has a format: outputs() makes it"),
        Artifact::Weights => match &compiled.image.beside {
            Some(file) => file.bytes.clone(),
            None => {
                let message = "all weights of this program are in its image: leave the .dat out, or ask for one with \
                               --weights file";
                return Err(CliError::Usage(message.into()));
            }
        },
        Artifact::Asm => compiled.assembly.clone().into_bytes(),
        Artifact::Lst => compiled.image.assembly.listing(&compiled.assembly).into_bytes(),
        Artifact::Map => compiled.image.assembly.map().into_bytes(),
        Artifact::Ir => compiled.graph().to_string().into_bytes(),
        Artifact::Plan => compiled.plan.table().into_bytes(),
    })
}

/// Neurons that can wrap: the model still does what it says, but it may not say what was meant.
fn warn(wraps: &[Wrap]) {
    for wrap in wraps.iter().take(WARNINGS) {
        say!(
            "warning: {}, neuron {}: its sum can reach {} and wraps at {} bits",
            wrap.layer,
            wrap.neuron,
            wrap.range,
            wrap.bits
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
/// A file that is named twice, or that the target does not load; a format of disks without one.
fn check_outputs(args: &CompileArgs, target: &Target) -> Result<(), CliError> {
    disk::check(args, target)?;
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
        if file.kind == Artifact::Wokwi && target.board.is_none() {
            let (path, name) = (files::shown(&file.path), &target.name);
            return Err(CliError::Usage(format!("{path}: Wokwi has AVR boards, no {name}")));
        }
        if target.is_library() && matches!(file.kind, Artifact::Image(_) | Artifact::Page | Artifact::Wokwi) {
            let (path, name) = (files::shown(&file.path), &target.name);
            return Err(CliError::Usage(match target.board {
                Some(_) => format!(
                    "{path}: what is compiled for {name} is called from C: write NAME.S, and give it to avr-gcc with a \
                     program of your own"
                ),
                None => format!(
                    "{path}: without a console there is no program: write NAME.asm, and include it in one of your own"
                ),
            }));
        }
        if let Artifact::Image(kind) = file.kind
            && !target.images.contains(&kind)
        {
            let known: Vec<_> = target.images.iter().map(|kind| format!(".{}", kind.extension())).collect();
            let (path, name, known) = (files::shown(&file.path), &target.name, known.join(" or "));
            let others = loading(kind)?;
            return Err(CliError::Usage(format!("{path}: {name} loads {known}; {others}")));
        }
    }
    Ok(())
}

/// Which targets load files of a kind.
///
/// # Errors
/// A built-in description that is damaged.
fn loading(kind: ImageKind) -> Result<String, CliError> {
    let targets = Assets::builtin().targets()?;
    let found = targets.iter().filter(|target| target.images.contains(&kind));
    let names: Vec<&str> = found.map(|target| &*target.name).collect();
    Ok(format!(".{} is for --target {}", kind.extension(), names.join(" or ")))
}

/// The files to write, or to compare, and folders to make for them.
fn outputs(
    args: &CompileArgs,
    (model, target): (&Model, &Target),
    compiled: &Compiled,
    screen: Option<&[u8]>,
) -> Result<(Vec<PathBuf>, Vec<Output>), CliError> {
    let output = |path: PathBuf, kind| {
        if kind == Artifact::Image(ImageKind::Cdt) && compiled.image.banked.is_some() {
            return Err(CliError::Limits {
                problem: format!(
                    "{}: this program has weights in pages, which it reads from a disk",
                    files::shown(&path)
                ),
                help: "write a .dsk; a smaller network, which needs no pages, comes from a cassette".into(),
            });
        }
        Ok(Output { path, bytes: content(compiled, kind, screen)? })
    };
    if !args.files().is_empty() {
        let (mut folders, mut outputs) = (Vec::new(), Vec::new());
        let mut asks = args.files().iter().any(|file| file.kind == Artifact::Weights);
        for file in args.files() {
            match (file.kind, &target.board) {
                (Artifact::Wokwi, Some(board)) => {
                    folders.push(file.path.clone());
                    outputs.extend(wokwi_files(&file.path, model, board, compiled)?);
                }
                (Artifact::Page, _) => {
                    let bytes = page::talk(model, target, compiled)?;
                    outputs.push(Output { path: file.path.clone(), bytes });
                }
                (Artifact::Disk, _) => {
                    let name = disk::name(args.files().iter().map(|file| file.path.as_path()));
                    let bytes = disk::image(&file.path, args.disk(), &compiled.image, &name)?;
                    outputs.push(Output { path: file.path.clone(), bytes });
                }
                (kind, _) => outputs.push(output(file.path.clone(), kind)?),
            }
            let weighed = WEIGHED.iter().any(|kind| file.kind == Artifact::Image(*kind));
            if weighed && compiled.image.beside.is_some() && !asks {
                outputs.push(output(sim::beside(&file.path), Artifact::Weights)?);
                asks = true;
            }
        }
        return Ok((folders, outputs));
    }
    let folder: PathBuf = ["build", &model.head.name, &target.name].iter().collect();
    let path = |kind: Artifact| {
        let extension = if kind == Artifact::Asm && target.board.is_some() { "S" } else { kind.extension() };
        folder.join(format!("{}.{extension}", model.head.name))
    };
    let weights = compiled.image.beside.as_ref().map(|_| Artifact::Weights);
    let kinds = Artifact::default(target).chain(weights);
    let outputs = kinds.map(|kind| output(path(kind), kind)).collect::<Result<_, _>>()?;
    Ok((vec![folder], outputs))
}

/// The folder for Wokwi.
fn wokwi_files(
    folder: &Path,
    model: &Model,
    board: &Board,
    compiled: &Compiled,
) -> Result<Vec<Output>, CliError> {
    let labels = model.answer.labels();
    let file = |kind: ImageKind| (kind.extension(), compiled.image.file(kind, &model.head.name));
    wokwi::files(folder, &model.head.name, &board.profile, labels, [ImageKind::Hex, ImageKind::Elf].map(file))
}
