//! What `mlc compile` says of a program: for people, and as JSON.

use crate::error::CliError;
use crate::files::{self, Output};
use crate::table::{Align, grouped, table};
use crate::{cpm, pins, shell, sim};
use mlc_compiler::kernel::sequence::Beside;
use mlc_compiler::pass::Wrap;
use mlc_compiler::stage::{Answer, answer};
use mlc_compiler::{Compiled, Image, Target};
use serde::Serialize;
use std::io::Write;

/// Prints passes, plan, sizes and files; and what to type to start the program, or to flash it.
///
/// # Errors
/// The writer's.
pub fn print(
    compiled: &Compiled,
    target: &Target,
    outputs: &[Output],
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let rows: Vec<_> = compiled.reports.iter().map(|r| vec![r.pass.to_string(), r.summary.clone()]).collect();
    write!(out, "{}", table(&[("pass", Align::Left), ("what it did", Align::Left)], &rows))?;
    writeln!(out, "\n{}", compiled.plan.table())?;
    let image = &compiled.image;
    let is_whole = compiled.plan.is_whole();
    match if is_whole { target.whole_flash() } else { target.flash } {
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
    if let Some(file) = &image.beside {
        let (inside, outside): (Vec<_>, Vec<_>) = file.matrices.iter().partition(|matrix| matrix.inside);
        let records: usize = outside.iter().map(|matrix| matrix.records).sum();
        writeln!(
            out,
            "weights: {} of {} matrices in {}, beside the program; a token reads {} records of 128 bytes",
            outside.len(),
            inside.len() + outside.len(),
            file.name,
            grouped(records as u64)
        )?;
    }
    for output in outputs {
        let start = sim::program_kind(&output.path)
            .and_then(|kind| Image::start(kind, &compiled.plan.layout.name))
            .map_or(String::new(), |line| format!("; on the machine type {line}"));
        let bytes = grouped(output.bytes.len() as u64);
        writeln!(out, "{}: {bytes} bytes{start}", files::shown(&output.path))?;
    }
    // A program that is made as a whole has no stages, and no labels.
    if !is_whole
        && let (Some(board), Answer::Label { labels }) = (&target.board, answer(compiled.plan.stages()))
        && let Some(line) = pins::line(&board.profile, labels)
    {
        writeln!(out, "{line}")?;
    }
    let hex =
        outputs.iter().find(|output| output.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("hex")));
    if let (Some(board), Some(hex)) = (&target.board, hex) {
        writeln!(out, "\nto flash it, with the board's port for PORT:")?;
        let words = board.profile.avrdude(&files::shown(&hex.path));
        let words: Vec<_> = words.iter().map(|word| shell::word(word)).collect();
        writeln!(out, "{}", words.join(" "))?;
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
    image_bytes: usize,
    memory_end: usize,
    /// CP/M: where the BDOS of a system must lie at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest_bdos: Option<u16>,
    /// CP/M: the file of weights that the program reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<Weights<'a>>,
    files: Vec<FileRow>,
}

/// A file of weights.
#[derive(Serialize)]
struct Weights<'a> {
    /// On the machine.
    name: &'a str,
    bytes: usize,
    /// Of 128 bytes.
    records_a_token: usize,
    /// Matrices that the image has.
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
    pub fn new(compiled: &'a Compiled, target: &'a Target, outputs: &[Output]) -> Self {
        let plan = &compiled.plan;
        let prediction = &plan.prediction;
        Self {
            model: &plan.layout.name,
            target: &target.name,
            passes: compiled.reports.iter().map(|r| PassRow { pass: r.pass, summary: &r.summary }).collect(),
            wraps: compiled.wraps.iter().map(WrapRow::new).collect(),
            stages: plan.forms().map(|(stage, form)| StageRow { stage, encoding: form.name() }).collect(),
            predicted: prediction
                .phases
                .iter()
                .map(|(phase, cycles)| PhaseRow { phase, cycles: *cycles })
                .collect(),
            predicted_cycles_a_step: prediction.total(),
            image_bytes: compiled.image.bytes.len(),
            memory_end: compiled.image.memory_end,
            lowest_bdos: cpm::lowest_bdos(&compiled.image, target),
            weights: compiled.image.beside.as_ref().map(Weights::new),
            files: outputs
                .iter()
                .map(|o| FileRow { path: files::shown(&o.path), bytes: o.bytes.len() })
                .collect(),
        }
    }
}

impl<'a> Weights<'a> {
    fn new(file: &'a Beside) -> Self {
        let (inside, outside): (Vec<_>, Vec<_>) = file.matrices.iter().partition(|matrix| matrix.inside);
        Self {
            name: &file.name,
            bytes: file.bytes.len(),
            records_a_token: outside.iter().map(|matrix| matrix.records).sum(),
            in_image: inside.iter().map(|matrix| matrix.name.as_str()).collect(),
        }
    }
}

impl<'a> WrapRow<'a> {
    fn new(wrap: &'a Wrap) -> Self {
        Self { layer: &wrap.layer, neuron: wrap.neuron, least: wrap.range.least, most: wrap.range.most }
    }
}
