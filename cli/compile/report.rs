//! What `mlc compile` says of a program: for people, and as JSON.

use super::disk;
use super::rows::{self, RowsTold};
use crate::args::CompileArgs;
use crate::error::CliError;
use crate::files::{self, Output, Written};
use crate::table::{Align, TIE, fold, grouped, table, whole};
use crate::{cpm, pins, readings, shell, sim, targets, tools};
use mlc_compiler::kernel::predict::{SHOWN, Tokens};
use mlc_compiler::kernel::sequence::Beside;
use mlc_compiler::model::Model;
use mlc_compiler::pass::{Report, Wrap};
use mlc_compiler::plan::Plan;
use mlc_compiler::target::{ImageKind, SpiFlash};
use mlc_compiler::{Compiled, Image, Target};
use serde::Serialize;
use std::io::Write;

/// Numbers of the longest line that is given as an example.
const LONGEST_LINE: usize = 16;

/// Prints what was made, in ten lines or so: forms, predicted time, sizes and files, and what to type next. With `--verbose` what the
/// passes did, twice the plan as well.
///
/// # Errors
/// The writer's.
pub fn print(
    (model, compiled): (&Model, &Compiled),
    target: &Target,
    outputs: &[Output],
    args: &CompileArgs,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let plan = &compiled.plan;
    if args.verbose > 0 {
        let row = |r: &Report| vec![r.pass.to_string(), r.summary.clone()];
        let rows: Vec<_> = compiled.reports.iter().map(row).collect();
        writeln!(out, "{}", table(&[("pass", Align::Left), ("what it did", Align::Fold)], &rows))?;
    }
    if args.verbose > 1 {
        writeln!(out, "{}", plan.table())?;
    }
    writeln!(out, "{}", heading(&plan.layout.name, target, plan))?;
    if plan.is_predicted() {
        let cycles = plan.prediction.total();
        let of = rows::unit(model, plan);
        let line = format!(
            "predicted: {} {} a {of}, {:.1} ms at {} MHz",
            whole(cycles),
            targets::cycles(target),
            target.milliseconds(cycles),
            f64::from(target.clock_hz) / 1e6
        );
        writeln!(out, "{}", fold(&line))?;
    }
    sizes(compiled, target, out)?;
    if let Some(line) = rows::beam(model, plan).or_else(|| Some(rows::line(plan.rows.as_ref()?, target))) {
        writeln!(out, "{}", fold(&line))?;
    }
    for output in outputs {
        let on_disk = || disk::name(outputs.iter().map(|output| output.path.as_path()));
        let start = sim::program_kind(&output.path)
            .and_then(|kind| Image::start(kind, &plan.layout.name))
            .or_else(|| sim::disk::is(&output.path).then(on_disk))
            .map_or(String::new(), |line| format!("; on the machine type {line}"));
        let bytes = grouped(output.bytes.len() as u64);
        writeln!(out, "{}: {bytes} bytes{start}", files::shown(&output.path))?;
    }
    // A program that is made as a whole has no stages, and no labels.
    if !plan.is_whole()
        && let (Some(board), [_, ..]) = (&target.board, model.answer.labels())
        && let Some(line) = pins::line(&board.profile, model.answer.labels())
    {
        writeln!(out, "{}", fold(&line))?;
    }
    if let (Some(board), Some((.., story))) = (&target.board, model.sequence())
        && let Some(line) = tools::line(&board.profile, story)
    {
        writeln!(out, "{}", fold(&line))?;
    }
    next(model, target, (outputs, args.target.profile.as_deref()), out)
}

/// `tinychat for z80-cpm: fc1 columns, fc2 unrolled`; of stages that are all stored alike, the form alone.
fn heading(name: &str, target: &Target, plan: &Plan) -> String {
    let forms: Vec<_> = plan.homes().collect();
    let stages = match forms.first() {
        None => String::new(),
        Some((_, first)) if forms.iter().all(|(_, form)| form == first) => match first.strip_suffix(", file")
        {
            Some(form) => format!(": weights as {form}, in the flash chip"),
            None => format!(": weights as {first}"),
        },
        Some(_) => {
            let of = |(stage, form): &(&str, String)| match form.strip_suffix(", file") {
                Some(form) => format!("{stage}{TIE}{form}{TIE}(flash{TIE}chip)"),
                None => format!("{stage}{TIE}{form}"),
            };
            format!(": {}", forms.iter().map(of).collect::<Vec<_>>().join(", "))
        }
    };
    fold(&format!("{name} for {}{stages}", target.name))
}

/// How much of the machine's memory the program takes.
fn sizes(compiled: &Compiled, target: &Target, out: &mut dyn Write) -> Result<(), CliError> {
    let image = &compiled.image;
    match compiled.plan.flash(target) {
        None if target.is_library() => writeln!(
            out,
            "network: {} bytes, and {} of memory behind it",
            grouped(image.bytes.len() as u64),
            grouped((image.memory_end - usize::from(image.origin) - image.bytes.len()) as u64)
        )?,
        None => writeln!(
            out,
            "image: {} bytes at {:04X}h, memory up to {:04X}h of {:04X}h",
            grouped(image.bytes.len() as u64),
            image.origin,
            image.memory_end,
            image.limit(target)
        )?,
        Some(flash) => writeln!(
            out,
            "{}: {} of {} bytes, {}: {} of {}, {} of them for the stack",
            target.code_memory(),
            grouped(image.bytes.len() as u64),
            grouped(flash as u64),
            target.data_memory(),
            grouped(image.needs().buffers as u64),
            grouped(target.memory() as u64),
            target.stack
        )?,
    }
    if let Some(needs) = cpm::needs(image, target).filter(|_| !target.is_library()) {
        writeln!(out, "{}", fold(&needs))?;
    }
    if let Some(banks) = &image.banked {
        let count = banks.bytes.len().div_ceil(banks.bank);
        let (selector, bank, bytes) = (&banks.selector, banks.bank >> 10, grouped(banks.bytes.len() as u64));
        let names: Vec<_> = banks.pages.iter().map(|page| page.name.as_str()).collect();
        match names.is_empty() {
            true => writeln!(out, "weights: {bytes} bytes in {count} banks of {bank} KB, mapper {selector}")?,
            false => writeln!(out, "weights: {bytes} bytes in {} ({selector})", names.join(", "))?,
        }
    }
    if let Some(rom) = &target.rom {
        let caches = image.banked.as_ref().and_then(|banked| banked.caches);
        let start = caches.map_or(image.memory_end - image.needs().buffers, |(start, _)| start.into());
        let least = match start {
            _ if caches.is_some() => 32,
            start if rom.least_ram.is_some_and(|least| start >= least.into()) => 8,
            _ => 16,
        };
        writeln!(out, "needs RAM from {start:04X}h on: a machine of {least} KB or more has it")?;
    }
    if let Some(file) = &image.beside {
        let (inside, outside): (Vec<_>, Vec<_>) = file.matrices.iter().partition(|matrix| matrix.inside);
        let reads: usize = outside.iter().map(|matrix| matrix.reads).sum();
        let (place, unit) = match target.spi_flash {
            Some(_) => ("for the flash chip", "bytes"),
            None => ("beside the program", "records of 128 bytes"),
        };
        let (what, step) = if compiled.plan.is_whole() { ("matrices", "token") } else { ("stages", "step") };
        let mut line = format!(
            "weights: {} of {} {what} in {}, {place}; a {step} reads {} {unit}",
            outside.len(),
            inside.len() + outside.len(),
            file.name,
            grouped(reads as u64)
        );
        if let Some(share) = bus_share(compiled, target) {
            line += &format!(", for which the bus is busy {:.0} % of the time", 100.0 * share);
        }
        writeln!(out, "{}", fold(&line))?;
    }
    Ok(())
}

/// The share of a step, or of a token, in which the bus to a flash chip is busy, by what is predicted; `None` without.
pub fn bus_share(compiled: &Compiled, target: &Target) -> Option<f64> {
    let (file, _) = compiled.image.beside.as_ref().zip(target.spi_flash.as_ref())?;
    let reads: usize = file.matrices.iter().filter(|matrix| !matrix.inside).map(|matrix| matrix.reads).sum();
    let all = Some(compiled.plan.prediction.total()).filter(|all| *all > 0.0)?;
    Some((reads * SpiFlash::CYCLES_A_BYTE) as f64 / all)
}

/// What to type: the command that flashes a board, the one that runs the program here.
fn next(
    model: &Model,
    target: &Target,
    (outputs, profile): (&[Output], Option<&str>),
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let hex =
        outputs.iter().find(|output| output.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("hex")));
    if let (Some(board), Some(hex)) = (&target.board, hex) {
        writeln!(out, "to flash it, with the board's port for PORT:")?;
        let words = board.profile.avrdude(&files::shown(&hex.path));
        writeln!(out, "{}", words.iter().map(|word| shell::word(word)).collect::<Vec<_>>().join(" "))?;
    }
    let dat =
        outputs.iter().find(|output| output.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("dat")));
    if let (Some(dat), Some(_)) = (dat, &target.spi_flash) {
        let path = files::shown(&dat.path);
        let line = format!("{path} goes to its flash chip: the board says how, and so does mlc help avr");
        writeln!(out, "{}", fold(&line))?;
    }
    let is_text = |output: &&Output| {
        output.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("s") || e.eq_ignore_ascii_case("asm"))
    };
    if let (true, Some(text)) = (target.is_library(), outputs.iter().find(is_text)) {
        match target.board {
            Some(_) => writeln!(out, "its first lines have what a program in C calls; to link it with one:")?,
            None => {
                writeln!(out, "its first lines have what a program calls that includes it; to assemble one:")?
            }
        }
        let text = shell::word(&files::shown(&text.path));
        match target.board {
            Some(_) => writeln!(out, "avr-gcc -mmcu={} -Os {text} main.c -o main.elf", target.name)?,
            None => writeln!(out, "pasmo main.asm main.bin")?,
        }
    }
    // The machines here hear no sound.
    let runs = |output: &&Output| sim::loaded_kind(&output.path).is_some_and(|kind| kind != ImageKind::Wav);
    if let Some(program) = outputs.iter().find(runs) {
        let mut words = vec!["mlc".to_string(), "run".into(), files::shown(&program.path)];
        // A file for a chip does not say for which.
        if target.board.is_some() {
            words.extend(["--target".into(), target.name.clone()]);
        }
        // Nor that there is a flash chip.
        if let Some(profile) = profile.filter(|_| target.spi_flash.is_some()) {
            words.extend(["--profile".into(), profile.into()]);
        }
        match readings::count(model) {
            None => words.push("hello".into()),
            Some(count) if count.readings <= LONGEST_LINE => {
                words.push(vec!["0"; count.readings].join(" "));
            }
            // It asks.
            Some(_) => {}
        }
        let words: Vec<_> = words.iter().map(|word| shell::word(word)).collect();
        writeln!(out, "next: {}", words.join(" "))?;
    }
    Ok(())
}

/// What `--json` prints.
#[derive(Serialize)]
pub struct Summary<'a> {
    model: &'a str,
    target: &'a str,
    passes: Vec<PassRow<'a>>,
    /// Neurons whose sum can leave 16 bits.
    wraps: Vec<WrapRow<'a>>,
    stages: Vec<StageRow<'a>>,
    predicted: Vec<PhaseRow<'a>>,
    predicted_cycles_a_step: f64,
    /// Sequence models: of tokens that need an output.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    predicted_positions: Vec<PositionRow>,
    image_bytes: usize,
    memory_end: usize,
    /// Networks on numbers whose rows are computed while they come.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<RowsTold>,
    /// CP/M: where the BDOS of a system must lie at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest_bdos: Option<u16>,
    /// CP/M, AVR: the file of weights that the program reads, or its flash chip.
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<Weights<'a>>,
    files: Vec<Written>,
}

/// A file of weights.
#[derive(Serialize)]
struct Weights<'a> {
    /// On the machine.
    name: &'a str,
    bytes: usize,
    /// CP/M: of 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    records_a_token: Option<usize>,
    /// Of a flash chip.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_a_token: Option<usize>,
    /// Of a network of hashed text.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_a_step: Option<usize>,
    /// Of the time of a token or a step: while the flash chip's bus is busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    bus_share: Option<f64>,
    /// Matrices, or stages, that the image has.
    in_image: Vec<&'a str>,
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
    encoding: String,
}

#[derive(Serialize)]
struct PhaseRow<'a> {
    phase: &'a str,
    cycles: f64,
}

#[derive(Serialize)]
pub struct PositionRow {
    /// From 1 on.
    position: usize,
    cycles: f64,
}

impl PositionRow {
    /// Of the positions that `mlc bench` shows.
    pub fn all(tokens: &Tokens) -> impl Iterator<Item = Self> {
        let cycles = |position| tokens.at(position, true).iter().sum();
        SHOWN.into_iter().map(move |position| Self { position, cycles: cycles(position) })
    }
}

/// The form of each stage, or of each matrix of a sequence model.
fn stages(plan: &Plan) -> Vec<StageRow<'_>> {
    let steps = plan.steps.iter().filter_map(|step| Some((step.name.as_str(), step.offers.first()?.name())));
    plan.homes().chain(steps).map(|(stage, encoding)| StageRow { stage, encoding }).collect()
}

impl<'a> Summary<'a> {
    pub fn new(compiled: &'a Compiled, target: &'a Target, outputs: &[Output]) -> Self {
        let plan = &compiled.plan;
        let prediction = &plan.prediction;
        Self {
            model: &plan.layout.name,
            target: &target.name,
            passes: compiled.reports.iter().map(|r| PassRow { pass: r.pass, summary: &r.summary }).collect(),
            wraps: compiled.wraps.iter().map(WrapRow::new).collect(),
            stages: stages(plan),
            predicted: prediction
                .phases
                .iter()
                .map(|(phase, cycles)| PhaseRow { phase, cycles: *cycles })
                .collect(),
            predicted_cycles_a_step: prediction.total(),
            predicted_positions: plan.tokens.iter().flat_map(PositionRow::all).collect(),
            image_bytes: compiled.image.bytes.len(),
            memory_end: compiled.image.memory_end,
            rows: plan.rows.as_ref().map(RowsTold::new),
            lowest_bdos: cpm::lowest_bdos(&compiled.image, target),
            weights: compiled.image.beside.as_ref().map(|file| Weights::new(file, compiled, target)),
            files: outputs.iter().map(Written::from).collect(),
        }
    }
}

impl<'a> Weights<'a> {
    fn new(file: &'a Beside, compiled: &Compiled, target: &Target) -> Self {
        let (inside, outside): (Vec<_>, Vec<_>) = file.matrices.iter().partition(|matrix| matrix.inside);
        let reads = outside.iter().map(|matrix| matrix.reads).sum();
        let (in_chip, whole) = (target.spi_flash.is_some(), compiled.plan.is_whole());
        Self {
            name: &file.name,
            bytes: file.bytes.len(),
            records_a_token: (!in_chip).then_some(reads),
            bytes_a_token: (in_chip && whole).then_some(reads),
            bytes_a_step: (in_chip && !whole).then_some(reads),
            bus_share: bus_share(compiled, target),
            in_image: inside.iter().map(|matrix| matrix.name.as_str()).collect(),
        }
    }
}

impl<'a> WrapRow<'a> {
    fn new(wrap: &'a Wrap) -> Self {
        Self { layer: &wrap.layer, neuron: wrap.neuron, least: wrap.range.least, most: wrap.range.most }
    }
}
