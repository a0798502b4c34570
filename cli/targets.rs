//! `mlc targets`, and finding the target that the user named.

use crate::args::{Bdos, TargetsArgs};
use crate::error::CliError;
use crate::say::say;
use crate::sim::routine;
use crate::table::{Align, grouped, table};
use crate::{Outcome, files};
use mlc_compiler::kernel::processor;
use mlc_compiler::model::Model;
use mlc_compiler::target::{Board, ImageKind, Profile};
use mlc_compiler::{Assets, Target};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// The interpreter, where a verb takes it for a target.
pub const REFERENCE: &str = "reference";

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    about: &'a str,
    clock_hz: u32,
    /// RAM for the program; on AVR chips SRAM.
    memory: usize,
    /// AVR: flash without the boot loader.
    #[serde(skip_serializing_if = "Option::is_none")]
    flash: Option<usize>,
    /// AVR: the boards that `--profile` takes, the usual one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    profiles: Vec<ProfileRow>,
    longest_query: u8,
    /// Extension of the file that `mlc compile` writes by itself; of all that it can write.
    image: &'static str,
    images: Vec<&'static str>,
    /// First and last address of memory that is slower than the table of T-states says.
    contended: Option<(u16, u16)>,
}

/// A board with the target's chip.
#[derive(Serialize)]
struct ProfileRow {
    name: String,
    about: String,
    clock_hz: u32,
}

pub fn run(args: &TargetsArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let assets = Assets::builtin();
    let (mut targets, profiles) = (assets.targets()?, assets.profiles()?);
    targets.extend(assets.libraries()?);
    let rows: Vec<_> = targets.iter().map(|target| row(target, &profiles)).collect();
    match args.json {
        true => writeln!(out, "{}", json(&rows))?,
        false => print(&rows, out)?,
    }
    Ok(Outcome::Done)
}

fn print(rows: &[Row], out: &mut dyn Write) -> Result<(), CliError> {
    let megahertz = |hertz: u32| format!("{} MHz", f64::from(hertz) / 1e6);
    let line = |row: &Row| {
        let images: Vec<_> = row.images.iter().map(|image| format!(".{image}")).collect();
        vec![
            row.name.to_string(),
            megahertz(row.clock_hz),
            grouped(row.memory as u64),
            row.flash.map_or(String::new(), |flash| grouped(flash as u64)),
            images.join(" "),
            row.about.to_string(),
        ]
    };
    let columns = [
        ("target", Align::Left),
        ("clock", Align::Right),
        ("RAM", Align::Right),
        ("flash", Align::Right),
        ("files", Align::Left),
        ("", Align::Fold),
    ];
    writeln!(out, "{}", table(&columns, &rows.iter().map(line).collect::<Vec<_>>()))?;
    let boards = rows.iter().flat_map(|row| row.profiles.iter().map(|profile| (row.name, profile)));
    let line = |(chip, board): (&str, &ProfileRow)| {
        vec![board.name.clone(), chip.to_string(), megahertz(board.clock_hz), board.about.clone()]
    };
    let columns = [("profile", Align::Left), ("of", Align::Left), ("clock", Align::Right), ("", Align::Fold)];
    Ok(write!(out, "{}", table(&columns, &boards.map(line).collect::<Vec<_>>()))?)
}

fn row<'a>(target: &'a Target, profiles: &[Profile]) -> Row<'a> {
    let usual = target.board.as_ref().map(|board| board.profile.name.as_str());
    let chip =
        |p: &&Profile| usual.is_some() && p.device == target.name && p.baud.is_some() != target.is_library();
    let mut boards: Vec<_> = profiles.iter().filter(chip).collect();
    boards.sort_by_key(|p| (usual != Some(p.name.as_str()), p.name.clone()));
    let board =
        |p: &Profile| ProfileRow { name: p.name.clone(), about: p.about.clone(), clock_hz: p.clock_hz };
    let mut images: Vec<_> = target.images.iter().map(|kind| kind.extension()).collect();
    if target.is_library() {
        images.push("S");
    }
    Row {
        name: &target.name,
        about: &target.about,
        clock_hz: target.clock_hz,
        memory: target.memory(),
        flash: target.flash,
        profiles: boards.into_iter().map(board).collect(),
        longest_query: target.longest_query,
        image: images[0],
        images,
        contended: target.contended,
    }
}

/// The target of that name, or the one described in a file: anything that ends in `.ron` is one.
///
/// `profile` is the board that an AVR chip is on: a name, or a file that ends in `.ron`.
///
/// # Errors
/// No such target or board; a file that is no description; a board with another chip.
pub fn find(name: &str, profile: Option<&str>, assets: &Assets) -> Result<Target, CliError> {
    if let Some(profile) = profile {
        return on_board(name, profile, assets);
    }
    let path = Path::new(name);
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("ron")) {
        return Ok(assets.read_target(&files::read_text(path, files::Kind::Description)?, name)?);
    }
    let targets = assets.targets()?;
    if is_silent(name, assets)? {
        return Err(silent(name));
    }
    let silent = assets.libraries()?;
    let known = targets.iter().chain(&silent).map(|t| t.name.clone()).collect();
    targets
        .into_iter()
        .find(|t| t.name == name)
        .ok_or_else(|| CliError::UnknownTarget { name: name.to_string(), known })
}

/// The target to compile a model for: that of [`find`], or, for a network on numbers and a chip without a serial line, what a
/// program in C calls.
///
/// # Errors
/// Those of [`find`].
pub fn to_compile(
    name: &str,
    profile: Option<&str>,
    assets: &Assets,
    model: &Model,
) -> Result<Target, CliError> {
    match model.network() {
        Some(_) => for_numbers(name, profile, assets),
        None => find(name, profile, assets),
    }
}

/// The same to run its program on, and says so where mlc has to call it.
///
/// # Errors
/// Those of [`find`].
pub fn to_run(name: &str, profile: Option<&str>, assets: &Assets, model: &Model) -> Result<Target, CliError> {
    let target = to_compile(name, profile, assets, model)?;
    if target.is_library() {
        if target.board.is_none() {
            let message = format!(
                "{name} has no console, so that nobody can talk to a program there: `mlc compile` makes what one of your own calls"
            );
            return Err(CliError::Usage(message));
        }
        let routine = routine(model);
        say!(
            "note: {name} has no serial line: mlc hands values over and calls {routine}_run as a program in C does"
        );
    }
    Ok(target)
}

/// The target for networks on numbers, see [`to_compile`].
///
/// # Errors
/// Those of [`find`].
pub fn for_numbers(name: &str, profile: Option<&str>, assets: &Assets) -> Result<Target, CliError> {
    if !is_silent(name, assets)? {
        return find(name, profile, assets);
    }
    let devices = assets.devices()?;
    let device = devices.iter().find(|device| device.name == name).ok_or_else(|| silent(name))?;
    let board = match profile {
        Some(profile) => board(name, profile, assets)?,
        None => board(name, &device.profile, assets)?,
    };
    board.library().ok_or_else(|| silent(name))
}

/// Whether a model's program has somebody to talk to on a target of that name, or can be called there.
///
/// # Errors
/// A damaged description: a bug in mlc.
pub fn takes(name: &str, assets: &Assets, model: &Model) -> Result<bool, CliError> {
    Ok(model.network().is_some() || !is_silent(name, assets)?)
}

/// Whether it is a chip without a serial line.
fn is_silent(name: &str, assets: &Assets) -> Result<bool, CliError> {
    Ok(assets.devices()?.iter().any(|device| device.name == name && device.uart.is_none()))
}

/// The target, with its BDOS at the address of `--bdos` if there is one.
///
/// # Errors
/// The target is no CP/M system.
pub fn at_bdos(target: Target, bdos: Option<Bdos>) -> Result<Target, CliError> {
    let Some(Bdos(bdos)) = bdos else { return Ok(target) };
    let message = format!("--bdos is for CP/M systems, and {} is none", target.name);
    target.with_bdos(bdos).ok_or(CliError::Usage(message))
}

/// All targets that mlc brings and that a model's program can run on, those for CP/M with their BDOS at the address of `--bdos` if there
/// is one. For networks on numbers chips without a serial line are among them.
///
/// # Errors
/// A damaged description: a bug in mlc.
pub fn all(assets: &Assets, bdos: Option<Bdos>, model: &Model) -> Result<Vec<Target>, CliError> {
    let moved = |target: Target| match bdos {
        Some(Bdos(bdos)) => target.clone().with_bdos(bdos).unwrap_or(target),
        None => target,
    };
    let mut targets: Vec<Target> = assets.targets()?.into_iter().map(moved).collect();
    if model.network().is_some() {
        targets.extend(assets.libraries()?);
    }
    Ok(targets)
}

/// The first built-in target that loads files of a kind: of several on one system the one without wait states, and with banks of
/// memory: it runs what is for one without.
///
/// # Errors
/// There is none, or it is a chip: files for chips do not say for which.
pub fn that_loads(kind: ImageKind, assets: &Assets) -> Result<Target, CliError> {
    let message = || {
        let extension = kind.extension();
        match kind {
            ImageKind::Hex | ImageKind::Elf => {
                format!("a .{extension} file does not say for which chip it is: name one with --target")
            }
            _ => format!("no built-in target loads .{extension} files: name one with --target"),
        }
    };
    // A .com file may be for CP/M or for what is like it.
    let loads = |t: &Target| t.images.contains(&kind) && t.board.is_none();
    let found =
        assets.targets()?.into_iter().filter(loads).min_by_key(|t| (t.fetch_wait, t.banks.is_empty()));
    found.ok_or_else(|| CliError::Usage(message()))
}

/// The chip `name` on a board.
fn on_board(name: &str, profile: &str, assets: &Assets) -> Result<Target, CliError> {
    board(name, profile, assets)?.target().ok_or_else(|| silent(name))
}

/// The board of that name, or in that file, with the chip `name`.
fn board(name: &str, profile: &str, assets: &Assets) -> Result<Board, CliError> {
    let devices = assets.devices()?;
    let Some(device) = devices.iter().find(|device| device.name == name) else {
        let known: Vec<_> = devices.iter().map(|device| device.name.as_str()).collect();
        let message =
            format!("--profile is a board with an AVR chip; --target must be one: {}", known.join(", "));
        return Err(CliError::Usage(message));
    };
    let path = Path::new(profile);
    let board = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("ron")) {
        let stem = path.file_stem().map_or_else(|| profile.into(), |stem| stem.to_string_lossy());
        Profile::read(&files::read_text(path, files::Kind::Description)?, &stem, profile, &devices)?
    } else {
        let profiles = assets.profiles()?;
        let on_chip = |p: &&Profile| p.device == name && p.baud.is_some() == device.uart.is_some();
        let known: Vec<_> = profiles.iter().filter(on_chip).map(|p| p.name.clone()).collect();
        let found = profiles.into_iter().find(|p| p.name == profile && p.device == name);
        found.ok_or_else(|| {
            let message =
                format!("there is no board {profile} with an {name}; there are {}", known.join(", "));
            CliError::Usage(message)
        })?
    };
    if board.device != name {
        return Err(CliError::Usage(format!("the board {profile} has an {}, no {name}", board.device)));
    }
    Ok(Board { device: device.clone(), profile: board })
}

/// A chip without a serial line: programs have nobody to talk to.
fn silent(chip: &str) -> CliError {
    CliError::Usage(format!(
        "{chip} has no serial line: networks on numbers run there, called as by a program in C; compile any other model with \
         -o NAME.c, and call the C from a program of your own"
    ))
}

/// What a table calls the unit of time.
pub fn cycles(target: &Target) -> &'static str {
    processor(target.cpu).unit().long
}

/// Any result as JSON for scripts.
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("results have string keys only, so that they always serialize")
}
