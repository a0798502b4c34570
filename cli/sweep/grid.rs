//! `mlc sweep --print`: every combination of the options that have several values, as a command of its own.

use crate::args::TrainArgs;
use crate::error::CliError;
use crate::parse::takes_numbers;
use crate::train;
use clap::{Arg, ArgAction, Args, Command, FromArgMatches};
use std::collections::BTreeSet;
use std::path::Path;

/// More commands than any batch system is given by intention.
const MOST_RUNS: usize = 10_000;
/// Longest name of a run, in characters: files may have 255.
const LONGEST_NAME: usize = 150;
/// What a sweep gives each run by itself, or what makes no sense in a batch.
const REFUSED: [&str; 5] = ["output", "result", "log", "curve", "chat"];

/// One training of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Names its files.
    pub name: String,
    /// All words behind `mlc`.
    pub words: Vec<String>,
}

/// An option of `mlc train` with all the values that it was given.
#[derive(Debug)]
struct Axis {
    option: String,
    /// `None`: a flag.
    values: Option<Vec<String>>,
}

/// The runs of a sweep into `folder`, in the order of the options: that of the last one changes first.
///
/// An option that is given several times has several values; so has one of numbers with a list, unless the list is
/// one value (`--hidden 128,64`). `--seeds N` stands for N values of `--seed`.
///
/// # Errors
/// Words that `mlc train` would refuse in any combination.
pub fn runs(words: &[String], folder: &Path) -> Result<Vec<Run>, CliError> {
    let command = TrainArgs::augment_args(Command::new("train"));
    let (mut axes, pairs) = parse(words, &command)?;
    seeds(&mut axes)?;
    let count = axes.iter().map(|axis| axis.values.as_ref().map_or(1, Vec::len));
    if count.fold(1usize, usize::saturating_mul) > MOST_RUNS {
        return Err(usage(format!("these are more than {MOST_RUNS} runs")));
    }
    let mut runs: Vec<Run> = Vec::new();
    let mut names = BTreeSet::new();
    for values in combinations(&axes) {
        let name = name(&axes, &values, &mut names);
        let mut words: Vec<String> = ["train".to_string()].into_iter().chain(pairs.iter().cloned()).collect();
        for (axis, value) in axes.iter().zip(&values) {
            match value {
                // The next word would be an option.
                Some(value) if value.starts_with('-') => words.push(format!("--{}={value}", axis.option)),
                Some(value) => words.extend([format!("--{}", axis.option), (*value).clone()]),
                None => words.push(format!("--{}", axis.option)),
            }
        }
        let file = |extension: &str| folder.join(format!("{name}.{extension}")).display().to_string();
        words.extend(["--output".to_string(), file("ron"), "--result".to_string(), file("json")]);
        check(&command, &words)?;
        runs.push(Run { name, words });
    }
    Ok(runs)
}

fn usage(message: String) -> CliError {
    CliError::Usage(message)
}

/// Options in the order of their first mention, and the pairs.
fn parse(words: &[String], command: &Command) -> Result<(Vec<Axis>, Vec<String>), CliError> {
    let (mut axes, mut pairs): (Vec<Axis>, Vec<String>) = Default::default();
    let mut rest = words.iter().peekable();
    let mut only_pairs = false;
    while let Some(word) = rest.next() {
        if !only_pairs && word == "--" {
            only_pairs = true;
            continue;
        }
        let Some(long) = word.strip_prefix("--").filter(|_| !only_pairs) else {
            if word == "-" {
                let message = "each run of a sweep reads its pairs: name a file, not standard input";
                return Err(usage(message.into()));
            }
            if word.starts_with('-') && !only_pairs {
                return Err(usage(format!("{word}: write options of `mlc train` in their long form")));
            }
            // Else it would be an option of the command.
            pairs.push(if word.starts_with('-') { format!("./{word}") } else { word.clone() });
            continue;
        };
        let (option, given) = match long.split_once('=') {
            Some((option, value)) => (option, Some(value.to_string())),
            None => (long, None),
        };
        let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == Some(option)) else {
            return Err(usage(format!("`mlc train` has no option --{option}")));
        };
        if REFUSED.contains(&option) {
            return Err(usage(format!("--{option} is not for a sweep: its runs have files of their own")));
        }
        let value = match (takes_value(arg), given) {
            (false, None) => None,
            (false, Some(_)) => return Err(usage(format!("--{option} takes no value"))),
            (true, Some(value)) => Some(value),
            (true, None) => match rest.next() {
                Some(value) => Some(value.clone()),
                None => return Err(usage(format!("--{option} needs a value"))),
            },
        };
        let values = value.map(|value| values(arg, &value));
        match axes.iter_mut().find(|axis| axis.option == option) {
            Some(axis) => {
                if let (Some(known), Some(more)) = (&mut axis.values, values) {
                    known.extend(more);
                }
            }
            None => axes.push(Axis { option: option.to_string(), values }),
        }
    }
    for axis in &mut axes {
        // The same value twice is one run.
        let mut seen = BTreeSet::new();
        axis.values.iter_mut().for_each(|values| values.retain(|value| seen.insert(value.clone())));
    }
    Ok((axes, pairs))
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// A list of numbers is several values, unless the option itself takes a list. Texts may have commas.
fn values(arg: &Arg, text: &str) -> Vec<String> {
    if arg.get_value_delimiter().is_none() && takes_numbers(arg) {
        text.split(',').map(|value| value.trim().to_string()).collect()
    } else {
        vec![text.to_string()]
    }
}

/// Makes `--seeds N` values of `--seed`, from a single one that was given on, or from 1.
fn seeds(axes: &mut Vec<Axis>) -> Result<(), CliError> {
    let Some(at) = axes.iter().position(|axis| axis.option == "seeds") else { return Ok(()) };
    let wrong = || usage("--seeds takes one number from 1 to 1000".into());
    let count = match axes[at].values.as_deref() {
        Some([count]) => count.parse().ok().filter(|count| (1..=1000).contains(count)).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    let first: u64 = match axes.iter().position(|axis| axis.option == "seed") {
        None => 1,
        Some(seed) => match axes[seed].values.as_deref() {
            Some([first]) => {
                first.parse().map_err(|_| usage(format!("--seed {first}: this is no number")))?
            }
            _ => return Err(usage("--seeds counts on from one --seed: give one, or a list alone".into())),
        },
    };
    let values = (0..count).map(|i: u64| first.wrapping_add(i).to_string()).collect();
    axes[at] = Axis { option: "seed".into(), values: Some(values) };
    let mut index = 0..;
    axes.retain(|axis| index.next() == Some(at) || axis.option != "seed");
    Ok(())
}

/// A value of each axis; of the last axis the next one first.
fn combinations(axes: &[Axis]) -> Vec<Vec<Option<&String>>> {
    let mut all = vec![Vec::new()];
    for axis in axes {
        let values: Vec<Option<&String>> = match &axis.values {
            Some(values) => values.iter().map(Some).collect(),
            None => vec![None],
        };
        let mut longer = Vec::with_capacity(all.len() * values.len());
        for start in &all {
            longer.extend(values.iter().map(|value| [&start[..], &[*value]].concat()));
        }
        all = longer;
    }
    all
}

/// A name of what varies: `hidden-128-64_seed-2`. The same options give the same names, in any order of the values.
fn name(axes: &[Axis], values: &[Option<&String>], taken: &mut BTreeSet<String>) -> String {
    let varies = |axis: &Axis| axis.values.as_ref().is_some_and(|values| values.len() > 1);
    let plain = |value: &str| -> String {
        value.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
    };
    let parts: Vec<String> = axes
        .iter()
        .zip(values)
        .filter(|(axis, _)| varies(axis))
        .filter_map(|(axis, value)| Some(format!("{}-{}", axis.option, plain(value.as_ref()?))))
        .collect();
    let mut name = if parts.is_empty() { "run".to_string() } else { parts.join("_") };
    name.truncate(LONGEST_NAME); // ASCII
    let free = (1usize..).map(|n| if n == 1 { name.clone() } else { format!("{name}_{n}") });
    let name = free.into_iter().find(|name| !taken.contains(name)).expect("numbers do not end");
    taken.insert(name.clone());
    name
}

/// Finds out what `mlc train` would refuse before it reads pairs.
fn check(command: &Command, words: &[String]) -> Result<(), CliError> {
    let refused = |e: clap::Error| {
        let text = e.to_string();
        let lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
        let message = lines.join(" ");
        usage(message.strip_prefix("error: ").unwrap_or(&message).to_string())
    };
    let matches = command.clone().try_get_matches_from(words).map_err(refused)?;
    let args = TrainArgs::from_arg_matches(&matches).map_err(refused)?;
    train::check(&args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(words: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        let runs = runs(&words, Path::new("d")).map_err(|e| e.to_string())?;
        Ok(runs.iter().map(|run| crate::shell::line(&run.words).expect("no line end")).collect())
    }

    #[test]
    fn every_combination_is_a_command() {
        let all = lines(&["a.txt", "--hidden", "8,4", "--lr=0.01,0.003", "--hidden", "16", "--classifier"]);
        let run = |hidden: &str, lr: &str, name: &str| {
            format!(
                "train a.txt --hidden {hidden} --lr {lr} --classifier --output d/{name}.ron --result d/{name}.json"
            )
        };
        assert_eq!(
            all.unwrap(),
            [
                run("8,4", "0.01", "hidden-8-4_lr-0.01"),
                run("8,4", "0.003", "hidden-8-4_lr-0.003"),
                run("16", "0.01", "hidden-16_lr-0.01"),
                run("16", "0.003", "hidden-16_lr-0.003"),
            ]
        );
    }

    #[test]
    fn seeds_are_runs_of_their_own() {
        let all = lines(&["a.txt", "--seed", "7", "--seeds", "2", "--about", "x, y"]).unwrap();
        assert_eq!(
            all,
            [
                "train a.txt --seed 7 --about 'x, y' --output d/seed-7.ron --result d/seed-7.json",
                "train a.txt --seed 8 --about 'x, y' --output d/seed-8.ron --result d/seed-8.json",
            ]
        );
        // Twice the same value is one run; a single run has a name all the same.
        let all = lines(&["a.txt", "--seed", "1,1"]).unwrap();
        assert_eq!(all, ["train a.txt --seed 1 --output d/run.ron --result d/run.json"]);
        assert!(lines(&["a.txt", "--seed", "1,2", "--seeds", "2"]).is_err());
    }

    #[test]
    fn names_differ_even_where_values_look_alike() {
        let all = lines(&["a.txt", "--about", "a b", "--about", "a/b"]).unwrap();
        assert!(all[0].ends_with("--result d/about-a-b.json"), "{all:?}");
        assert!(all[1].ends_with("--result d/about-a-b_2.json"), "{all:?}");
        let long = "x".repeat(400);
        let all = lines(&["a.txt", "--about", &long, "--about", "y"]).unwrap();
        assert!(all[0].len() < 400 + 2 * 160 + 60, "{all:?}");
    }

    #[test]
    fn what_train_refuses_is_refused_before() {
        for (words, said) in [
            (&["a.txt", "--rate", "1"][..], "`mlc train` has no option --rate"),
            (&["a.txt", "--lr", "0.1,fast"], "invalid value 'fast' for '--lr <RATE>'"),
            (&["a.txt", "--hidden", "16", "--hidden", "2000"], "write a whole number from 0 to 1024"),
            (&["a.txt", "--output", "x"], "--output is not for a sweep"),
            (&["a.txt", "-o", "x"], "-o: write options of `mlc train` in their long form"),
            (&["--lr", "0.1"], "the following required arguments were not provided: <PAIRS>"),
            (&["a.txt", "--lr"], "--lr needs a value"),
            (&["a.txt", "--classifier=yes"], "--classifier takes no value"),
            (&["-"], "name a file, not standard input"),
            (&["a.txt", "--seed", "1,2", "--patience", "3"], "give --hold-out as well"),
            (&["a.txt", "--seeds", "1000", "--epochs", "1,2,3,4,5,6,7,8,9,10,11"], "more than 10000 runs"),
        ] {
            let error = lines(words).unwrap_err();
            assert!(error.contains(said), "{words:?}: {error}");
        }
    }

    #[test]
    fn pairs_that_look_like_an_option_are_none() {
        assert!(lines(&["--", "-x.txt"]).unwrap()[0].starts_with("train ./-x.txt "));
    }
}
