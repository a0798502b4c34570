//! Reads the command line, and says what is wrong with it.

use crate::args::{Cli, Clock};
use crate::error::{self, CliError};
use crate::visible::on_stderr;
use crate::{say, shorten};
use clap::error::ErrorKind;
use clap::{Arg, Command, CommandFactory, FromArgMatches};
use mlc_compiler::shown::start;
use std::any::TypeId;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Exit code of wrong usage.
const WRONG_USAGE: u8 = 2;

/// What was typed, or the exit code where that is all: help was asked for, or the usage is wrong.
///
/// # Errors
/// Help cannot be written.
pub fn parse() -> Result<Result<Cli, ExitCode>, CliError> {
    let words: Vec<OsString> = std::env::args_os().collect();
    // What is wrong with the command line is an error, too.
    if wants_json(&words) {
        say::as_json();
    }
    match command().try_get_matches_from(&words).and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => Ok(Ok(cli)),
        Err(wrong) if wrong.use_stderr() => {
            refuse(&wrong, &words);
            Ok(Err(ExitCode::from(WRONG_USAGE)))
        }
        Err(help) => {
            help.print()?;
            std::io::stdout().flush()?;
            Ok(Err(ExitCode::SUCCESS))
        }
    }
}

/// Whether messages are wanted as JSON.
fn wants_json(words: &[OsString]) -> bool {
    let mut options = words.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = options.next() {
        if word == "--message-format=json"
            || word == "--message-format" && options.next().is_some_and(|w| w == "json")
        {
            return true;
        }
    }
    false
}

/// Reports wrong usage found after parsing as clap reports it. Gives its exit code.
pub fn usage(message: &str) -> ExitCode {
    if say::is_json() {
        error::say(&CliError::Usage(message.into()));
        return ExitCode::from(WRONG_USAGE);
    }
    let message = shorten::message(&on_stderr(message));
    say::put(&Cli::command().error(ErrorKind::ValueValidation, message).render().to_string());
    ExitCode::from(WRONG_USAGE)
}

/// With clap's colours where it has any; without them where a word is longer than any that is meant, or is not to be
/// shown as it is.
fn refuse(wrong: &clap::Error, words: &[OsString]) {
    let text = wrong.render().to_string();
    if say::is_json() {
        return error::say(&CliError::Usage(without_usage(&shortened_words(&text, words))));
    }
    let shown = shortened_words(&text, words);
    let shown = on_stderr(&shown);
    match shown == text {
        // As for all that is said: nobody need be listening.
        true => drop(wrong.print()),
        false => say::put(&shown),
    }
}

/// What is wrong and what is meant, without how the command is called.
pub fn without_usage(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let parts =
        text.split("\n\n").take_while(|part| !part.starts_with("Usage: ") && !part.starts_with("For more "));
    parts.map(str::trim).collect::<Vec<_>>().join("; ")
}

/// clap quotes what was typed, as long as it is.
fn shortened_words(text: &str, words: &[OsString]) -> String {
    let mut text = text.to_string();
    for word in words {
        let word = word.to_string_lossy();
        let value = word.split_once('=').map_or(&*word, |(_, value)| value);
        for long in [&*word, value].into_iter().filter(|long| long.chars().count() > shorten::VALUE) {
            text = text.replace(long, &start(long, shorten::VALUE));
        }
    }
    text
}

/// Everything that can be typed. What looks like a negative number is a value of an option of numbers, which then says
/// what it takes; to clap it would be an option that nobody knows.
pub fn command() -> Command {
    fn lenient(command: Command) -> Command {
        let arg = |arg: Arg| match !arg.is_positional() && takes_numbers(&arg) {
            true => arg.allow_negative_numbers(true),
            false => arg,
        };
        command.mut_args(arg).mut_subcommands(lenient)
    }
    lenient(Cli::command())
}

/// Whether the values of an option are numbers.
pub fn takes_numbers(arg: &Arg) -> bool {
    // A flag that counts how often it is given takes none.
    if !arg.get_action().takes_values() {
        return false;
    }
    let parser = arg.get_value_parser().type_id();
    let numbers = [
        TypeId::of::<u8>(),
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<f32>(),
        TypeId::of::<f64>(),
        TypeId::of::<Clock>(),
    ];
    numbers.iter().any(|number| parser == *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every option of numbers of every verb, with the words in front of it.
    fn options(command: &Command, verbs: &[String], found: &mut Vec<Vec<String>>) {
        for arg in command.get_arguments().filter(|arg| takes_numbers(arg) && !arg.is_positional()) {
            let long = arg.get_long().expect("every option has a long name");
            found.push([verbs, &[format!("--{long}")]].concat());
        }
        for verb in command.get_subcommands() {
            options(verb, &[verbs, &[verb.get_name().to_string()]].concat(), found);
        }
    }

    #[test]
    fn a_negative_number_is_answered_with_the_values_that_there_are() {
        let mut found = Vec::new();
        options(&command(), &["mlc".to_string()], &mut found);
        assert!(found.len() > 40, "{found:?}");
        for words in found {
            let words = [words.as_slice(), &["-1".to_string()]].concat();
            let Err(e) = command().try_get_matches_from(&words) else { continue };
            let text = e.to_string();
            let says = ["write a ", "-1 is not in ", "a clock has "].iter().any(|words| text.contains(words));
            // Real numbers are judged by the trainer, which says their range; here only pairs are missing.
            assert!(says || e.kind() == ErrorKind::MissingRequiredArgument, "{words:?}: {text}");
        }
        let hidden = ["mlc", "train", "p.txt", "--hidden", "-1,2"];
        let said = command().try_get_matches_from(hidden).unwrap_err().to_string();
        assert!(said.contains("'-1'") && said.contains("write a whole number from 0 to 1024"), "{said}");
    }

    #[test]
    fn json_is_wanted_before_the_command_line_is_read() {
        let wants = |line: &str| wants_json(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(wants("mlc run --message-format json") && wants("mlc --message-format=json run"));
        for line in
            ["mlc run", "mlc run --message-format text json", "mlc run -- --message-format json", "mlc json"]
        {
            assert!(!wants(line), "{line}");
        }
        let text = "error: a b\n\n  tip: c\n\nUsage: mlc d\n\nFor more information, try '--help'.\n";
        assert_eq!(without_usage(text), "a b; tip: c");
    }

    #[test]
    fn long_words_are_cut() {
        let words = [OsString::from("x".repeat(300)), OsString::from(format!("--name={}", "y".repeat(200)))];
        let text = format!("unknown '{}', {}", "x".repeat(300), "y".repeat(200));
        let wants = format!("unknown '{}…', {}…", "x".repeat(80), "y".repeat(80));
        assert_eq!(shortened_words(&text, &words), wants);
    }
}
