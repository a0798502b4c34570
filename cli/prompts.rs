//! Chooses the prompts of a verb: those of a file, those in the model's folder, or the calibration queries.

use crate::error::CliError;
use crate::files::{self, Found};
use crate::readings;
use crate::say::say;
use crate::table::count;
use mlc_compiler::Target;
use mlc_compiler::model::Model;
use mlc_compiler::stage::calibration;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt;
use std::path::Path;

/// The most bytes that fit a command tail behind its leading space.
pub const LONGEST: usize = 126;

/// A query, and what is expected of it if somebody said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    pub query: String,
    pub reply: Option<String>,
}

impl Prompt {
    fn new(query: &str) -> Self {
        Self { query: query.to_string(), reply: None }
    }
}

/// What is asked, on which machine: for messages.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub model: &'a str,
    pub target: &'a str,
    /// Bytes of a query that the program takes there.
    pub longest: usize,
    /// How many numbers a query has, where it has numbers.
    pub values: Option<readings::Count>,
}

impl<'a> Place<'a> {
    pub fn new(model: &'a Model, target: &'a Target, longest: usize) -> Self {
        Self { model: &model.head.name, target: &target.name, longest, values: readings::count(model) }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.model, self.target)
    }
}

/// Prompts of a verb, and how many it would have had if the machine took them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub prompts: Vec<Prompt>,
    pub left_out: usize,
}

/// Prompts of a verb: the file's, or those of the model's folder (`prompts.txt`), or the calibration queries. Of the
/// latter two those that are too long for the machine are left out, which a warning on standard error says. There may be
/// none left.
///
/// # Errors
/// A file that cannot be read or has no prompt.
pub fn choose(file: Option<&Path>, model: &Found, place: Place) -> Result<Chosen, CliError> {
    if let Some(file) = file {
        return Ok(Chosen { prompts: read(file)?, left_out: 0 });
    }
    let mut prompts = match model.prompts()? {
        Some((beside, text)) => some(&text, &beside)?,
        None if place.values.is_some() => place.values.map_or(vec![], readings::measured),
        None => calibration::QUERIES.iter().map(|query| Prompt::new(query)).collect(),
    };
    let all = prompts.len();
    prompts.retain(|prompt| prompt.query.len() <= place.longest);
    let left_out = all - prompts.len();
    if left_out > 0 {
        let holds = count(place.longest, "byte");
        say!(
            "warning: {place}: {left_out} of {} left out: the line that it reads holds {holds}",
            count(all, "prompt")
        );
    }
    Ok(Chosen { prompts, left_out })
}

/// Refuses to go on without a prompt: there would be nothing to measure.
///
/// # Errors
/// There is none.
pub fn require(prompts: usize, place: Place) -> Result<(), CliError> {
    if prompts > 0 {
        return Ok(());
    }
    Err(CliError::Nothing {
        what: place.to_string(),
        problem: format!(
            "no prompt is short enough: the line that it reads holds {}",
            count(place.longest, "byte")
        ),
        help: "give shorter ones with --prompts FILE",
    })
}

/// Refuses figures of a network that never ran: programs do not answer a prompt of spaces.
///
/// # Errors
/// Not a single step.
pub fn require_step(steps: usize, place: Place) -> Result<(), CliError> {
    if steps > 0 {
        return Ok(());
    }
    Err(CliError::Nothing {
        what: place.to_string(),
        problem: "no prompt has anything but spaces, so that the network has not run".into(),
        help: "give a prompt with a word in it",
    })
}

/// Reads `query` and `query|reply` lines; empty ones and those that start with `#` don't count.
///
/// # Errors
/// A file that cannot be read or has no prompt.
pub fn read(path: &Path) -> Result<Vec<Prompt>, CliError> {
    some(&files::read_text(path, files::Kind::Prompts)?, path)
}

/// The prompts of a file's text.
///
/// # Errors
/// There is none.
fn some(text: &str, path: &Path) -> Result<Vec<Prompt>, CliError> {
    let prompts = parse(text);
    if prompts.is_empty() {
        return Err(CliError::Read {
            path: path.to_path_buf(),
            problem: "there is no prompt in it".into(),
            help: "write one prompt a line, `query` or `query|reply`",
        });
    }
    Ok(prompts)
}

fn parse(text: &str) -> Vec<Prompt> {
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().map(str::trim);
    let used = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let prompt = |line: &str| match line.split_once('|') {
        Some((query, reply)) => Prompt { query: query.trim().into(), reply: Some(reply.trim().into()) },
        None => Prompt::new(line),
    };
    used.map(prompt).collect()
}

/// `wanted` prompts that nobody has thought of: lines of numbers for a network that reads them.
pub fn random(wanted: usize, seed: u64, place: Place) -> Box<dyn Iterator<Item = Prompt>> {
    match place.values {
        Some(count) => Box::new(readings::random(wanted, seed, count)),
        None => Box::new(texts(wanted, seed, place.longest)),
    }
}

/// `wanted` prompts of printable ASCII, short ones and ones of up to `longest` bytes; none where that is 0. The same seed
/// gives the same.
fn texts(wanted: usize, seed: u64, longest: usize) -> impl Iterator<Item = Prompt> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let wanted = if longest == 0 { 0 } else { wanted };
    let one = move || {
        let longest = if rng.random_ratio(1, 4) { longest } else { longest.min(24) };
        let length = rng.random_range(1..=longest);
        // Lower-case letters and spaces as in speech, or anything printable.
        let speech = rng.random_ratio(1, 2);
        let mut character = || match speech {
            true => b"etaoin shrdlu cmfwyp vbgkqjxz"[rng.random_range(0..29)],
            false => rng.random_range(b' '..=b'~'),
        };
        let query: String = (0..length).map(|_| char::from(character())).collect();
        Prompt::new(&query)
    };
    // Spaces are no question, and a single "!" ends a chat.
    std::iter::repeat_with(one).filter(|p| !matches!(p.query.trim(), "" | "!")).take(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_queries_or_pairs() {
        let prompts = parse("\u{feff}# note\n\nhello|HI\r\n  how are you \na|b|c\n");
        let wants = [("hello", Some("HI")), ("how are you", None), ("a", Some("b|c"))];
        let found: Vec<_> = prompts.iter().map(|p| (p.query.as_str(), p.reply.as_deref())).collect();
        assert_eq!(found, wants);
    }

    #[test]
    fn random_prompts_fit_a_command_tail_and_depend_on_the_seed_only() {
        let random = |seed, longest| texts(200, seed, longest).collect::<Vec<_>>();
        let prompts = random(7, LONGEST);
        assert_eq!(prompts, random(7, LONGEST));
        assert_ne!(prompts, random(8, LONGEST));
        assert!(random(7, 3).iter().all(|p| p.query.len() <= 3));
        assert!(random(7, 1).iter().all(|p| !matches!(p.query.as_str(), " " | "!")));
        assert!(random(7, 0).is_empty());
        assert!(prompts.iter().all(|p| (1..=LONGEST).contains(&p.query.len())));
        assert!(prompts.iter().any(|p| p.query.len() > 62));
    }
}
