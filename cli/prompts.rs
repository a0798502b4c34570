//! Prompts: from a file, from the model's folder, or the calibration queries.

use crate::error::CliError;
use crate::files;
use mlc_compiler::plan::calibration;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
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

/// Prompts of a verb: the file's, or those of the model's folder (`prompts.txt`), or the calibration queries; the latter
/// two up to `longest` bytes.
///
/// # Errors
/// A file that cannot be read or has no prompt.
pub fn choose(file: Option<&Path>, model: &Path, longest: usize) -> Result<Vec<Prompt>, CliError> {
    let beside = model.with_file_name("prompts.txt");
    let mut prompts = match file {
        Some(file) => return read(file),
        None if beside.is_file() => read(&beside)?,
        None => calibration::QUERIES.iter().map(|query| Prompt::new(query)).collect(),
    };
    prompts.retain(|prompt| prompt.query.len() <= longest);
    Ok(prompts)
}

/// Reads `query` and `query|reply` lines; empty ones and those that start with `#` don't count.
///
/// # Errors
/// A file that cannot be read or has no prompt.
pub fn read(path: &Path) -> Result<Vec<Prompt>, CliError> {
    let prompts = parse(&files::read_text(path, files::Kind::Prompts)?);
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

/// `count` prompts of printable ASCII, short ones and ones of up to `longest` bytes. The same seed gives the same.
pub fn random(count: usize, seed: u64, longest: usize) -> Vec<Prompt> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let one = || {
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
    // A single "!" is no question: it ends a chat.
    std::iter::repeat_with(one).filter(|p| p.query.trim() != "!").take(count).collect()
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
        let prompts = random(200, 7, LONGEST);
        assert_eq!(prompts, random(200, 7, LONGEST));
        assert_ne!(prompts, random(200, 8, LONGEST));
        assert!(random(200, 7, 3).iter().all(|p| p.query.len() <= 3));
        assert!(prompts.iter().all(|p| (1..=LONGEST).contains(&p.query.len())));
        assert!(prompts.iter().any(|p| p.query.len() > 62));
    }
}
