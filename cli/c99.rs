//! `mlc compile -o FILE.c` and `-o FILE.zip`: a model as C, and as an Arduino library. C runs on any
//! machine, so these take no target.

use crate::args::{Artifact, CompileArgs};
use crate::error::CliError;
use crate::files::{Output, Written};
use crate::table::grouped;
use crate::{Outcome, check, files, targets};
use mlc_compiler::c99::{self, Sources};
use mlc_compiler::model::{Answer, Model};
use mlc_compiler::plan::Demands;
use mlc_compiler::{Assets, CompileError};
use std::io::Write;

/// Whether C is asked for.
///
/// # Errors
/// C and a program in one command: C takes none of the options of a program.
pub fn wanted(args: &CompileArgs) -> Result<bool, CliError> {
    let c = args.files().iter().filter(|o| matches!(o.kind, Artifact::C | Artifact::Library)).count();
    let of_program = args.emit.is_some() || args.print_after.is_some();
    if c > 0 && (c < args.files().len() || of_program) {
        let problem = "C has no target: write .c and .zip in a command of their own";
        return Err(CliError::Usage(problem.into()));
    }
    if c > 0 {
        refuse_options(args)?;
    }
    Ok(c > 0)
}

/// Options that would change nothing.
fn refuse_options(args: &CompileArgs) -> Result<(), CliError> {
    let refused = |problem: &str| Err(CliError::Usage(problem.into()));
    if args.target.bdos.is_some() {
        return refused("C has no target: leave --bdos out");
    }
    if args.target.profile.is_some() {
        return refused("C has no target: leave --profile out");
    }
    if args.screen.is_some() {
        return refused("C has no target: leave --screen out");
    }
    if args.no_console {
        return refused("C never has a console: leave --no-console out");
    }
    if args.disk.is_some() {
        return refused("C has no target: leave --disk out");
    }
    if args.calibrate.is_some() {
        return refused("C has one form of weights: leave --calibrate out");
    }
    match args.plan.demands()? == Demands::default() {
        true => Ok(()),
        false => refused(
            "C has one form of weights: leave --layer, --encoding, --optimize, --max-bytes and --weights out",
        ),
    }
}

pub fn run(
    args: &CompileArgs,
    assets: &Assets,
    model: &Model,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let sources = c99::sources(model, assets)?;
    let outputs = outputs(args, assets, model, &sources)?;
    if args.check.is_some() {
        return check::run(&outputs, args.json, out);
    }
    files::write_all(&outputs)?;
    let (flash, ram) = (sources.flash, sources.ram);
    if args.json {
        let files: Vec<_> = outputs.iter().map(Written::from).collect();
        let mut summary =
            serde_json::json!({ "model": model.head.name, "constants": flash, "state": ram, "files": files });
        if let Some(whole) = sources.ram_of_whole {
            summary["state_of_whole_arrays"] = whole.into();
        }
        writeln!(out, "{}", targets::json(&summary))?;
        return Ok(Outcome::Done);
    }
    for output in &outputs {
        writeln!(out, "{}: {} bytes", files::shown(&output.path), grouped(output.bytes.len() as u64))?;
    }
    let code = if let Answer::Story(_) = model.answer { "4,500" } else { "1,000" };
    writeln!(
        out,
        "{} bytes of constants, {} bytes of state; about {code} bytes of code on AVR",
        grouped(flash as u64),
        grouped(ram as u64)
    )?;
    if let Some(whole) = sources.ram_of_whole {
        writeln!(out, "row by row: whole arrays would take {} bytes of state", grouped(whole as u64))?;
    }
    Ok(Outcome::Done)
}

/// The files to write. The code names its header, so that one lies beside it under its own name.
fn outputs(
    args: &CompileArgs,
    assets: &Assets,
    model: &Model,
    sources: &Sources,
) -> Result<Vec<Output>, CompileError> {
    let mut outputs: Vec<Output> = Vec::new();
    for file in args.files() {
        let path = file.path.clone();
        if file.kind == Artifact::Library {
            outputs.push(Output { path, bytes: c99::library(model, sources, assets)? });
            continue;
        }
        let header = path.with_file_name(format!("{}.h", sources.name));
        outputs.push(Output { path, bytes: sources.code.clone().into_bytes() });
        // Two copies of the code in a folder share it.
        if outputs.iter().all(|output| output.path != header) {
            outputs.push(Output { path: header, bytes: sources.header.clone().into_bytes() });
        }
    }
    Ok(outputs)
}
