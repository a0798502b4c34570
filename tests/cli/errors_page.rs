//! docs/errors.md: the messages that tests pin to the letter, as a page.
//!
//! `MLC_BLESS=1 cargo test --test cli errors_page` writes it anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a message; the rest of a table is left out.
const LINES: usize = 14;

const HEAD: &str = "# Errors

What mlc says of what it cannot do: what is wrong, where, and what to do. Each message below is one that a test expects to the
letter, and this page is made of those tests: `MLC_BLESS=1 cargo test --test cli errors_page`. `--message-format json` gives the same as
JSON ([json.md](json.md)), with a `code` for programs. [command-line.md](command-line.md#exit-codes) has the exit codes. Nothing is
half-written, and no input is written over.
";

/// A message that a snapshot holds, under what the snapshot is called.
struct Pinned {
    name: String,
    text: String,
}

fn pinned() -> Vec<Pinned> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/snapshots");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let one = |path: PathBuf| {
        let stem = path.file_stem()?.to_str()?;
        let name = stem.rsplit("__").next()?.replace('-', " ");
        let file = fs::read_to_string(&path).expect("snapshots are text");
        let text = file.splitn(3, "---\n").nth(2)?.trim_end().to_string();
        (text.starts_with("  x ") || text.starts_with("error: ")).then_some(Pinned { name, text })
    };
    paths.into_iter().filter_map(one).collect()
}

fn section(page: &mut String, heading: &str, messages: &[&Pinned]) {
    write!(page, "\n## {heading}\n").expect("a text takes more");
    for Pinned { name, text } in messages {
        let shown: Vec<&str> = text.lines().take(LINES).map(str::trim_end).collect();
        let rest = if text.lines().count() > LINES { "\n..." } else { "" };
        write!(page, "\n### {name}\n\n```text\n{}{rest}\n```\n", shown.join("\n"))
            .expect("a text takes more");
    }
}

#[test]
fn the_page_has_every_message() {
    let all = pinned();
    assert!(all.len() > 40, "{}", all.len());
    let (usage, others): (Vec<&Pinned>, Vec<&Pinned>) =
        all.iter().partition(|p| p.text.starts_with("error: "));
    let mut page = HEAD.to_string();
    section(&mut page, "What cannot be done: exit code 1", &others);
    section(&mut page, "Wrong usage: exit code 2", &usage);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    if std::env::var_os("MLC_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &page).expect("the page is writable");
    }
    let kept = fs::read_to_string(&path).expect("the page is there");
    assert!(
        kept == page,
        "docs/errors.md differs from the tests: MLC_BLESS=1 cargo test --test cli errors_page"
    );
}
