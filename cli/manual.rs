//! `mlc man` and `mlc completions`: what is known of the command line, for other programs.

use crate::args::{CompletionsArgs, ManArgs};
use crate::error::CliError;
use crate::files::{self, Output};
use crate::{Outcome, help, parse};
use clap::Command;
use clap_mangen::Man;
use std::io::Write;

/// What users type.
const BINARY: &str = "mlc";

pub fn man(args: &ManArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let mut command = parse::command();
    let Some(folder) = &args.output else {
        out.write_all(&page(help::find(&mut command, &args.words)?)?.1)?;
        return Ok(Outcome::Done);
    };
    command.build();
    let mut pages = Vec::new();
    all(&command, &mut pages)?;
    let output = |(name, bytes): (String, Vec<u8>)| Output { path: folder.join(name), bytes };
    let outputs: Vec<_> = pages.into_iter().map(output).collect();
    files::write_all_below([folder.as_path()], &outputs)?;
    writeln!(out, "{}: {} pages", files::shown(folder), outputs.len())?;
    Ok(Outcome::Done)
}

/// The pages of a command and of all below it.
fn all(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> Result<(), CliError> {
    pages.push(page(command)?);
    // What clap adds explains the others.
    let verbs = command.get_subcommands().filter(|verb| !is_clap_s(command, verb));
    verbs.into_iter().try_for_each(|verb| all(verb, pages))
}

/// Whether it is the `help` that clap gives a command with subcommands.
fn is_clap_s(command: &Command, verb: &Command) -> bool {
    verb.get_name() == "help" && command.get_name() != BINARY
}

/// A page: the name of its file, and its text.
///
/// # Errors
/// None: it is written to memory.
fn page(command: &Command) -> Result<(String, Vec<u8>), CliError> {
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render(&mut text)?;
    Ok((man.get_filename(), text))
}

pub fn completions(args: &CompletionsArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut parse::command(), BINARY, &mut text);
    Ok(out.write_all(&text).map(|()| Outcome::Done)?)
}
