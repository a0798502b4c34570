//! `mlc compile -o FILE.html`: a page with the program and an emulator that runs it. What the page runs is in `page/`,
//! bundled by `page/build.mjs`; here stands what it is told of a program.

mod board;

use crate::error::CliError;
use crate::html::{escape, fill, in_script};
use crate::table::{grouped, whole};
use crate::{sim, targets};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use board::{Chip, Lamp, Reading};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use mlc_compiler::kernel::predict::FIRST;
use mlc_compiler::model::{Model, Reader};
use mlc_compiler::target::{GATE_ARRAY_BASE, ImageKind, Machine, cpm};
use mlc_compiler::{Compiled, Image, Target};
use mlc_runtime_z80::character_rows;
use serde::Serialize;
use std::io::Write;

const TEMPLATE: &str = include_str!("../../page/page.html");
const STYLE: &str = include_str!("../../page/page.css");
/// What pages run, and the licences of what is not this project's.
const Z80: (&str, &str) =
    (include_str!("../../page/dist/z80.js"), include_str!("../../page/dist/z80-licences.txt"));
const AVR: (&str, &str) =
    (include_str!("../../page/dist/avr.js"), include_str!("../../page/dist/avr-licences.txt"));

/// What `page/src/` reads.
#[derive(Debug, Serialize)]
struct Program<'a> {
    machine: &'static str,
    /// What is typed to start it.
    name: String,
    /// The image, or the file of a cartridge, in base64.
    bytes: String,
    origin: u16,
    /// Where it is entered, and what it loads then: blocks of a tape, files of a disk.
    entry: u16,
    pages: Vec<Page>,
    /// MSX: what shows the cartridge's banks, where something does.
    mapper: Option<&'a str>,
    /// T-states that each fetch of an opcode takes more than the manual says.
    wait: u8,
    clock: u32,
    /// What a cycle is called.
    unit: &'a str,
    /// Execution comes here when logits are ready, and so often in a step.
    ready: u32,
    hits: usize,
    /// A step is a token that was chosen and is read: what reads the question is none.
    #[serde(rename = "readsTokens")]
    reads_tokens: bool,
    /// Bytes of a line.
    longest: usize,
    /// Lines are typed in UTF-8; otherwise in ASCII.
    utf8: bool,
    /// The far end shows what is typed.
    #[serde(rename = "localEcho")]
    local_echo: bool,
    /// What the program shows of the end of a line.
    echo: &'static str,
    /// CP/M: the entry of the BDOS, and with what the program is started at once, if it is.
    bdos: u16,
    tail: Option<&'static str>,
    /// CP/M: what the program reads while it runs.
    file: Option<File<'a>>,
    /// ZX Spectrum: eight rows of each of the characters 32 to 127, in base64.
    font: Option<String>,
    chip: Option<Chip>,
    readings: Vec<Reading>,
    lamps: Vec<Lamp>,
}

/// What shows in a window when `select` is sent to a port.
#[derive(Debug, Serialize)]
struct Page {
    select: u8,
    /// In base64.
    bytes: String,
}

/// A file beside the program.
#[derive(Debug, Serialize)]
struct File<'a> {
    name: &'a str,
    /// In base64.
    bytes: String,
}

/// The page of a program.
///
/// # Errors
/// There is no emulator for its machine or chip, or no way to type what its model reads.
pub fn talk(model: &Model, target: &Target, compiled: &Compiled) -> Result<Vec<u8>, CliError> {
    check(model, target)?;
    let program = Program::new(model, target, compiled)?;
    let (script, licences) = match target.machine {
        Machine::Avr => AVR,
        Machine::Cpm
        | Machine::Spectrum48
        | Machine::Spectrum128
        | Machine::Cpc464
        | Machine::Cpc6128
        | Machine::Msx => Z80,
    };
    let listing = compiled.image.assembly.listing(&compiled.assembly);
    let page = fill(TEMPLATE, |place| match place {
        "name" => escape(&model.head.name),
        "about" => escape(&model.head.about),
        "target" => escape(&target.name),
        "machine" => escape(&format!("{}.", board::about(target))),
        "clock" => (f64::from(target.clock_hz) / 1e6).to_string(),
        "unit" => targets::cycles(target).into(),
        "ask" => ask(&program).into(),
        "facts" => escape(&facts(target, compiled)),
        "command" => escape(&command(model, target)),
        "licences" => escape(licences),
        "style" => STYLE.into(),
        "script" => script.into(),
        "program" => in_script(&serde_json::to_string(&program).expect("its keys are strings")),
        "listing" => STANDARD.encode(packed(listing.as_bytes())),
        other => unreachable!("page.html has no place {other}"),
    });
    Ok(page.into_bytes())
}

/// # Errors
/// What a page does not run, wrong usage.
pub fn check(model: &Model, target: &Target) -> Result<(), CliError> {
    let name = &target.name;
    if model.network().is_some() {
        let message =
            "a page talks to a model: for a network on numbers, -o FILE.zip makes an Arduino library";
        return Err(CliError::Usage(message.into()));
    }
    if target.spi_flash.is_some() {
        let message = format!("a page has no flash chip beside {name}: take a --profile without one");
        return Err(CliError::Usage(message));
    }
    Ok(())
}

impl<'a> Program<'a> {
    fn new(model: &Model, target: &'a Target, compiled: &'a Compiled) -> Result<Self, CliError> {
        let image = &compiled.image;
        let as_typed = matches!(model.reader, Reader::Tokens(_));
        let (readings, lamps) = board::tools(model, target);
        let is_avr = target.machine == Machine::Avr;
        Ok(Self {
            machine: match target.machine {
                Machine::Cpm => "cpm",
                Machine::Spectrum48 => "zx48",
                Machine::Spectrum128 => "zx128",
                Machine::Cpc464 => "cpc464",
                Machine::Cpc6128 => "cpc6128",
                Machine::Msx => "msx",
                Machine::Avr => "avr",
            },
            name: cpm::file_name(&compiled.plan.layout.name),
            bytes: match target.machine {
                Machine::Msx => STANDARD.encode(image.file(ImageKind::Rom, "")),
                _ => STANDARD.encode(&image.bytes),
            },
            origin: image.origin,
            entry: image.entry(),
            pages: pages(image),
            mapper: image.banked.as_ref().map(|banked| &*banked.selector),
            wait: target.fetch_wait,
            clock: target.clock_hz,
            unit: targets::cycles(target),
            ready: image.logits.ready,
            hits: image.logits.count.div_ceil(image.logits.accumulators.len().max(1)).max(1),
            reads_tokens: as_typed,
            longest: sim::longest(model, target),
            utf8: is_avr,
            local_echo: is_avr,
            echo: if is_avr { "" } else { "\r\n" },
            bdos: target.memory_end,
            // A model of hashed text is asked at the prompt of CP/M; others go on with a conversation.
            tail: (target.machine == Machine::Cpm && as_typed).then_some(""),
            file: image
                .beside
                .as_ref()
                .map(|file| File { name: &file.name, bytes: STANDARD.encode(&file.bytes) }),
            font: matches!(target.machine, Machine::Spectrum48 | Machine::Spectrum128).then(font),
            chip: if is_avr { Some(Chip::of(target)?) } else { None },
            readings,
            lamps,
        })
    }
}

/// The pages that a program loads itself. What shows when it is started came with it.
fn pages(image: &Image) -> Vec<Page> {
    let elsewhere = image.pages().filter(|(page, _)| page.select != GATE_ARRAY_BASE);
    elsewhere.map(|(page, bytes)| Page { select: page.select, bytes: STANDARD.encode(bytes) }).collect()
}

/// What the line is called that a person types.
fn ask(program: &Program) -> &'static str {
    match (program.machine, program.tail) {
        ("cpm", None) => "What to ask. An empty line starts the program’s own chat, “!” ends that.",
        ("cpm" | "zx48" | "zx128" | "cpc464" | "cpc6128" | "msx", _) => "What to say. “!” ends the program.",
        _ => "What to say",
    }
}

/// Sizes, and what a step is predicted to take.
fn facts(target: &Target, compiled: &Compiled) -> String {
    let (image, plan) = (&compiled.image, &compiled.plan);
    let bytes = grouped(image.bytes.len() as u64);
    let place = match target.flash {
        Some(_) => format!("{bytes} bytes of flash"),
        None => format!("{bytes} bytes at {:04X}h{}", image.origin, in_banks(image)),
    };
    if !plan.is_predicted() {
        return format!("{place}.");
    }
    let (what, of) = match plan.tokens {
        Some(_) => ("token", format!(", the mean of the first {FIRST}")),
        None => ("step", String::new()),
    };
    let cycles = whole(plan.prediction.total());
    format!("{place}. A {what} is predicted to take {cycles} {}{of}.", targets::cycles(target))
}

/// What is loaded beside the image.
fn in_banks(image: &Image) -> String {
    match image.loaded() - image.bytes.len() {
        0 => String::new(),
        more => format!(" and {} in banks", grouped(more as u64)),
    }
}

/// The command that makes such a page.
fn command(model: &Model, target: &Target) -> String {
    let board = target.board.as_ref().map_or(String::new(), |b| format!(" --profile {}", b.profile.name));
    let name = &model.head.name;
    format!("mlc compile {name} --target {}{board} -o {name}.html", target.name)
}

/// Compressed as browsers unpack it: RFC 1950.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

fn font() -> String {
    let rows = (32..=127).flat_map(|code| character_rows(code).expect("it has these characters"));
    STANDARD.encode(rows.collect::<Vec<u8>>())
}
