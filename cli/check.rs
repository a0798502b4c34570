//! `mlc compile --check`: compares files on the disk with what `mlc compile` would write now.

use crate::Outcome;
use crate::error::CliError;
use crate::files::{self, Kind, Output};
use crate::say::say;
use crate::table::grouped;
use serde::Serialize;
use similar::TextDiff;
use std::io::Write;

/// Bytes of a line that a diff shows.
const LONGEST_LINE: usize = 4096;

/// What a file is beside its new content.
#[derive(Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    /// The old one has CRLF, the new one LF.
    LineEnds,
    /// A unified diff without line ends, and whether those differ as well.
    Text {
        diff: String,
        line_ends: bool,
    },
    /// The first byte that differs; the old size and the new one.
    Bytes {
        at: usize,
        old: usize,
        new: usize,
    },
}

#[derive(Serialize)]
struct Row {
    file: String,
    equal: bool,
    only_line_ends: bool,
    /// Of texts: a unified diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
    /// Of other files: the first byte that differs, from 0 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    differs_at: Option<usize>,
}

/// Compares the files where `outputs` would be written, and shows what differs.
///
/// # Errors
/// One that cannot be read.
pub fn run(outputs: &[Output], json: bool, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let mut outcome = Outcome::Done;
    for output in outputs {
        let name = files::shown(&output.path);
        let comparison = compare(&name, &files::read(&output.path, Kind::Generated)?, &output.bytes);
        let equal = comparison == Comparison::Equal;
        if !equal {
            outcome = Outcome::Difference;
        }
        if json {
            let only_line_ends = comparison == Comparison::LineEnds;
            let (diff, differs_at) = match comparison {
                Comparison::Equal | Comparison::LineEnds => (None, None),
                Comparison::Text { diff, .. } => (Some(diff), None),
                Comparison::Bytes { at, .. } => (None, Some(at)),
            };
            let row = serde_json::to_string(&Row { file: name, equal, only_line_ends, diff, differs_at });
            writeln!(out, "{}", row.expect("a row has string keys only"))?;
            continue;
        }
        let git = || {
            let extension = output.path.extension().map_or("".into(), |e| e.to_string_lossy());
            format!(
                "Git does that with core.autocrlf; `*.{extension} text eol=lf` in .gitattributes keeps LF"
            )
        };
        match comparison {
            Comparison::Equal => writeln!(out, "{name}: up to date")?,
            Comparison::LineEnds => {
                writeln!(out, "{name}: only its line ends differ: they are CRLF, those written are LF")?;
                writeln!(out, "{}", git())?;
            }
            Comparison::Text { diff, line_ends } => {
                if line_ends {
                    writeln!(
                        out,
                        "{name}: its line ends are CRLF, those written are LF; what else differs:"
                    )?;
                    writeln!(out, "{}", git())?;
                }
                write!(out, "{diff}")?;
            }
            Comparison::Bytes { at, old, new } => {
                let [at, old, new] = [at, old, new].map(|n| grouped(n as u64));
                writeln!(
                    out,
                    "{name}: differs from byte {at} on; it has {old} bytes, as compiled now {new}"
                )?;
            }
        }
    }
    if outcome == Outcome::Difference {
        say!("to accept what is compiled now, run the same command with -o in place of --check");
    }
    Ok(outcome)
}

/// Compares a file with its new content; `name` stands in the diff.
pub fn compare(name: &str, old: &[u8], new: &[u8]) -> Comparison {
    if old == new {
        return Comparison::Equal;
    }
    let (Some(old_text), Some(new_text)) = (text(old), text(new)) else {
        let equal = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        return Comparison::Bytes { at: equal, old: old.len(), new: new.len() };
    };
    let line_ends = old_text.contains("\r\n") && !new_text.contains("\r\n");
    let plain = if line_ends { old_text.replace("\r\n", "\n") } else { old_text.to_string() };
    if plain == new_text {
        return Comparison::LineEnds;
    }
    let diff = TextDiff::from_lines(plain.as_str(), new_text);
    let diff = diff.unified_diff().context_radius(3).header(name, "as compiled now").to_string();
    Comparison::Text { diff, line_ends }
}

/// `None`: no text, as Git tells, or one whose lines nobody reads, as pages have them.
fn text(bytes: &[u8]) -> Option<&str> {
    let is_read = |text: &&str| !text.contains('\0') && text.lines().all(|line| line.len() <= LONGEST_LINE);
    std::str::from_utf8(bytes).ok().filter(is_read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_difference() {
        let compare = |old: &[u8], new: &[u8]| compare("f", old, new);
        assert_eq!(compare(b"a\n", b"a\n"), Comparison::Equal);
        assert_eq!(compare(b"a\r\nb\r\n", b"a\nb\n"), Comparison::LineEnds);
        let diff = "--- f\n+++ as compiled now\n@@ -1 +1 @@\n-a\n+b\n".to_string();
        assert_eq!(compare(b"a\r\n", b"b\n"), Comparison::Text { diff: diff.clone(), line_ends: true });
        assert_eq!(compare(b"a\n", b"b\n"), Comparison::Text { diff, line_ends: false });
        assert_eq!(compare(b"a\0b", b"a\0cd"), Comparison::Bytes { at: 2, old: 3, new: 4 });
        assert_eq!(compare(b"a\0", b"a\0b"), Comparison::Bytes { at: 2, old: 2, new: 3 });
        let long = [b'x'; LONGEST_LINE + 1];
        assert_eq!(compare(b"x\n", &long), Comparison::Bytes { at: 1, old: 2, new: LONGEST_LINE + 1 });
    }
}
