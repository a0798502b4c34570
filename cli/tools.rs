//! What the tools of a sequence model read and switch: the command line's values for the interpreter and for a machine.

use crate::args::Reading;
use crate::error::CliError;
use crate::table::TIE;
use mlc_compiler::Target;
use mlc_compiler::model::{Answer, Model, Story};
use mlc_compiler::target::Profile;
use mlc_compiler::target::tools::{Input, MOST_COUNT, find};

/// Refuses what tools read where a program file is run.
///
/// # Errors
/// A value was given.
pub fn of_program(extension: &str, given: &[Reading]) -> Result<(), CliError> {
    let Some(Reading { name, value }) = given.first() else { return Ok(()) };
    let words = format!("{}={value}", name.to_ascii_uppercase());
    Err(CliError::Usage(format!(
        "a .{extension} file is a program of its own: leave --tool out; a .com file takes {words} as a word"
    )))
}

/// What tools read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readings {
    /// A value for each thing that is read, in the order of the model.
    pub values: Vec<(String, u16)>,
    /// On a board: the channels that are measured, with their counts.
    pub counts: Vec<(u8, u16)>,
    /// Names of those that nobody has given a value.
    pub open: Vec<String>,
}

impl Readings {
    /// The values given for a model on a target; `None`: for the interpreter. What is not given is 0, on a board what
    /// a count of 0 is there.
    ///
    /// # Errors
    /// A value for something that the model does not read, two values for one, one that no count of a board becomes.
    pub fn new(model: &Model, target: Option<&Target>, given: &[Reading]) -> Result<Self, CliError> {
        let Answer::Story(story) = &model.answer else {
            return match given {
                [] => Ok(Self::default()),
                [..] => Err(CliError::Usage(
                    "--tool is for sequence models whose tokens name an action: leave it out".into(),
                )),
            };
        };
        check(&model.head.name, story, given)?;
        let value_of = |name: &str| {
            given.iter().find(|reading| reading.name.eq_ignore_ascii_case(name)).map(|reading| reading.value)
        };
        let names = story.inputs();
        let open =
            names.iter().filter(|name| value_of(name).is_none()).map(|name| name.to_string()).collect();
        match target.and_then(|target| target.board.as_ref()) {
            Some(board) => {
                let counts = counts(&board.profile, &names, &value_of)?;
                let count = |input: &Input| counts.iter().find(|(channel, _)| *channel == input.channel);
                let value = |name: &&str| {
                    let input = find(&board.profile.inputs, name);
                    input.map_or(0, |input| input.value(count(input).map_or(0, |(_, count)| *count)))
                };
                let values = names.iter().map(|name| (name.to_string(), value(name))).collect();
                Ok(Self { values, counts, open })
            }
            None => {
                let value = |name: &&str| (name.to_string(), value_of(name).unwrap_or(0));
                Ok(Self { values: names.iter().map(value).collect(), counts: Vec::new(), open })
            }
        }
    }

    /// What is to be said of values that nobody has given.
    pub fn note(&self) -> Option<String> {
        let read = |(name, value): &(String, u16)| format!("{name} reads {value}");
        let open: Vec<String> =
            self.values.iter().filter(|(name, _)| self.open.contains(name)).map(read).collect();
        let name = self.open.first()?;
        Some(format!("{}; --tool {name}=NUMBER gives another value", open.join(", ")))
    }
}

/// Whether the model reads all that is given, once each.
fn check(model: &str, story: &Story, given: &[Reading]) -> Result<(), CliError> {
    let reads = story.inputs();
    for (at, Reading { name, .. }) in given.iter().enumerate() {
        let is = |other: &str| other.eq_ignore_ascii_case(name);
        let problem = if reads.iter().any(|other| is(other)) {
            match given[..at].iter().any(|before| is(&before.name)) {
                true => format!("--tool {name} stands twice"),
                false => continue,
            }
        } else if story.switches().iter().any(|other| is(other)) {
            format!("--tool {name}: {model} switches {name}, it does not read it")
        } else if reads.is_empty() {
            format!("--tool {name}: {model} reads nothing")
        } else {
            format!("--tool {name}: {model} does not read that; it reads {}", reads.join(", "))
        };
        return Err(CliError::Usage(problem));
    }
    Ok(())
}

/// The counts of the channels, so that each name that has a value reads it.
fn counts(
    profile: &Profile,
    names: &[&str],
    value_of: &dyn Fn(&str) -> Option<u16>,
) -> Result<Vec<(u8, u16)>, CliError> {
    // A name without a pin is the compiler's to refuse.
    let wanted: Vec<(&str, &Input, u16)> = names
        .iter()
        .filter_map(|name| Some((*name, find(&profile.inputs, name)?, value_of(name)?)))
        .collect();
    let mut counts: Vec<(u8, u16)> = Vec::new();
    for (name, input, value) in &wanted {
        if counts.iter().any(|(channel, _)| *channel == input.channel) {
            continue;
        }
        let here = || wanted.iter().filter(|(_, other, _)| other.channel == input.channel);
        let fits = |count: &u16| here().all(|(_, input, value)| input.value(*count) == *value);
        let Some(count) = (0..=MOST_COUNT).find(fits) else {
            let problem = match input.count(*value) {
                Ok(_) => format!(
                    "the values of {} are those of one pin, {}, which does not measure them at once",
                    here().map(|(name, ..)| *name).collect::<Vec<_>>().join(", "),
                    input.pin
                ),
                Err(near) => {
                    let near: Vec<_> = near.iter().flatten().map(u16::to_string).collect();
                    format!(
                        "no voltage at {} is {name} {value} on the profile {}; the nearest: {}",
                        input.pin,
                        profile.name,
                        near.join(", ")
                    )
                }
            };
            return Err(CliError::Usage(format!("--tool {name}={value}: {problem}")));
        };
        counts.push((input.channel, count));
    }
    Ok(counts)
}

/// Tells in a line which pins a board has for the tools of a model; none without tools.
pub fn line(profile: &Profile, story: &Story) -> Option<String> {
    let inputs = story.inputs().into_iter().filter_map(|name| {
        let input = find(&profile.inputs, name)?;
        Some(format!("{name} is measured at {}", input.pin))
    });
    let switches = story.switches().into_iter().filter_map(|name| {
        let drive = find(&profile.switches, name)?;
        Some(format!("{name} is on with {drive}"))
    });
    // A line folds between tools.
    let all: Vec<String> = inputs.chain(switches).map(|tool| tool.replace(' ', &TIE.to_string())).collect();
    (!all.is_empty()).then(|| format!("tools: {}", all.join(", ")))
}
