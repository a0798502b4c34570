//! Documents show what `mlc` prints: the commands in them are run, and the blocks below compared.
//!
//! A comment stands above it:
//!
//! - `<!-- measured: the commands shown -->`: lines of the block that begin with `$ ` are commands, and below each stands
//!   all that it prints.
//! - `<!-- measured: mlc … -->`: the block is all that the command prints. Without a block, the file that it writes with
//!   `-o` or `--screenshot` is that of the repository.
//! - `, parts left out` behind it: a line `...` stands for lines that are not shown. Lines between two of them stand
//!   together in what is printed, and in this order; without a `...` at its beginning or end the block begins or ends with
//!   what is printed.
//! - `, lines cut` behind it: lines that are shown are beginnings of those that are printed.
//! - `<!-- measured by hand, REASON: … -->`: no test runs it. The reasons are [`REASONS`].
//!
//! `MLC_BLESS=1 cargo test --test cli measured` writes what is printed now into the documents. Of a part it finds the first
//! line anew by everything that is no number, and takes as many lines as were there.

use crate::Folder;
use std::path::{Path, PathBuf};

/// Why something is not measured by a test.
const REASONS: [&str; 3] = ["a training", "files that are not here", "another test prints it"];
const HOW: &str =
    "if that is meant, run `MLC_BLESS=1 cargo test --test cli measured` and look at what it changes";
const BEGIN: &str = "<!-- measured";
const GAP: &str = "...";

/// What a comment says of what is below it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Claim {
    /// `None`: the commands stand in the block.
    command: Option<String>,
    parts: bool,
    cut: bool,
}

/// Reads what stands between `<!--` and `-->`. `None`: measured by hand.
fn claim(comment: &str) -> Result<Option<Claim>, String> {
    let comment = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(rest) = comment.strip_prefix("measured by hand, ") {
        let reason = rest.split_once(": ").map_or(rest, |(reason, _)| reason);
        return match REASONS.contains(&reason) {
            true => Ok(None),
            false => Err(format!("\"{reason}\" is no reason: there are {REASONS:?}")),
        };
    }
    let rest =
        comment.strip_prefix("measured: ").ok_or("it begins with `measured: ` or `measured by hand, `")?;
    let mut claim = Claim::default();
    let mut words = rest.split(", ");
    match words.next() {
        Some("the command shown" | "the commands shown") => {}
        Some(command) if command.starts_with("mlc ") => claim.command = Some(command.into()),
        other => return Err(format!("{other:?} is neither a command of mlc nor `the commands shown`")),
    }
    for word in words {
        match word {
            "parts left out" => claim.parts = true,
            "lines cut" => claim.cut = true,
            other => return Err(format!("{other:?} is neither `parts left out` nor `lines cut`")),
        }
    }
    Ok(Some(claim))
}

/// Words of a command, in double quotes where they have spaces.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in command.split('"').enumerate() {
        match i % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_string)),
            _ => words.push(part.to_string()),
        }
    }
    words
}

/// A folder with the models, to run commands in.
fn folder() -> Folder {
    let folder = Folder::new();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for name in ["commands", "guess", "tinychat"] {
        for file in ["model.ron", "prompts.txt", "pairs.txt", "train.ron"] {
            let path = models.join(name).join(file);
            folder.write(&format!("models/{name}/{file}"), std::fs::read(path).expect("each model has it"));
        }
    }
    for file in ["model.ron", "prompts.txt"] {
        let text = std::fs::read(models.join("thermo").join(file)).expect("it is there");
        folder.write(&format!("models/thermo/{file}"), text);
    }
    folder
}

/// What a command prints, a line each, without spaces at their ends.
fn printed(folder: &Folder, command: &str) -> Vec<String> {
    let words = words(command);
    assert_eq!(words.first().map(String::as_str), Some("mlc"), "{command}");
    let said = folder.mlc(&words[1..]).ok();
    said.lines().map(|line| line.trim_end().to_string()).collect()
}

/// Lines between `...`, each part with whether such a line is before and behind it.
fn parts(lines: &[String]) -> Vec<(bool, &[String], bool)> {
    let parts: Vec<&[String]> = lines.split(|line| line == GAP).collect();
    let last = parts.len() - 1;
    let with_gaps = parts.iter().enumerate().map(|(i, part)| (i > 0, *part, i < last));
    with_gaps.filter(|(_, part, _)| !part.is_empty()).collect()
}

/// Numbers become `#`, so that a line is known by what is around them.
fn masked(line: &str) -> String {
    let is_number = |word: &str| {
        word.contains(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_digit() || "ABCDEFhx,.+-%/→:;()".contains(c))
    };
    let words = line.split_whitespace().map(|word| if is_number(word) { "#" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether what is shown is what was printed; the first line that is not.
fn compare(shown: &[String], printed: &[String], claim: &Claim) -> Result<(), String> {
    let equal = |shown: &str, line: &str| if claim.cut { line.starts_with(shown) } else { line == shown };
    if !claim.parts && shown.iter().any(|line| line == GAP) {
        return Err(format!("a line `{GAP}`, but nothing says `parts left out`"));
    }
    let mut at = 0;
    for (gap_before, part, gap_behind) in parts(shown) {
        let fits = |start: &usize| {
            let lines = printed.get(*start..start + part.len());
            lines.is_some_and(|lines| part.iter().zip(lines).all(|(shown, line)| equal(shown, line)))
        };
        let first = if gap_before { (at..printed.len()).find(fits) } else { Some(at).filter(fits) };
        let Some(first) = first else {
            let strange = part.iter().find(|shown| !printed[at..].iter().any(|line| equal(shown, line)));
            return Err(format!("not printed: {:?}", strange.or(part.first()).expect("a part has lines")));
        };
        at = first + part.len();
        if !gap_behind && at != printed.len() {
            return Err(format!("not shown: {:?}", printed[at]));
        }
    }
    Ok(())
}

/// What is to be shown in the place of `shown`.
fn renewed(shown: &[String], printed: &[String], claim: &Claim) -> Result<Vec<String>, String> {
    if !claim.parts {
        return Ok(printed.to_vec());
    }
    let (mut out, mut at) = (Vec::new(), 0);
    for (gap_before, part, gap_behind) in parts(shown) {
        let anchor = masked(&part[0]);
        let is_it = |line: &&String| {
            let line = masked(line);
            if claim.cut { line.starts_with(&anchor) } else { line == anchor }
        };
        let first = match gap_before {
            true => printed[at..].iter().position(|line| is_it(&line)).map(|i| at + i),
            false => Some(at),
        };
        let first =
            first.ok_or_else(|| format!("no line like {:?} is printed: choose the part anew", part[0]))?;
        let end = if gap_behind { (first + part.len()).min(printed.len()) } else { printed.len() };
        out.extend(gap_before.then(|| GAP.to_string()));
        for (i, line) in printed[first..end].iter().enumerate() {
            // A line that is cut keeps the width that it had.
            let width = part.get(i).map_or(usize::MAX, |shown| shown.chars().count());
            let width = if claim.cut { width } else { usize::MAX };
            out.push(line.chars().take(width).collect::<String>().trim_end().to_string());
        }
        at = end;
    }
    out.extend(shown.last().filter(|line| *line == GAP).cloned());
    // Two parts with one gap between them have one.
    out.dedup_by(|a, b| a == GAP && b == GAP);
    Ok(out)
}

/// The block with every command's output compared, or renewed.
fn block(folder: &Folder, claim: &Claim, shown: &[String], bless: bool) -> Result<Vec<String>, String> {
    let one = |command: &str, shown: &[String]| {
        let printed = printed(folder, command);
        match bless {
            true => renewed(shown, &printed, claim),
            false => compare(shown, &printed, claim).map(|()| shown.to_vec()),
        }
        .map_err(|e| format!("`{command}`: {e}"))
    };
    if let Some(command) = &claim.command {
        return one(command, shown);
    }
    let starts: Vec<usize> = (0..shown.len()).filter(|&i| shown[i].starts_with("$ ")).collect();
    if starts.first() != Some(&0) {
        return Err("the block does not begin with a command: `$ mlc …`".into());
    }
    let mut out = Vec::new();
    for (n, &start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).copied().unwrap_or(shown.len());
        out.push(shown[start].clone());
        out.extend(one(&shown[start][2..], &shown[start + 1..end])?);
    }
    Ok(out)
}

/// The file that a command writes is that of the repository, or becomes it.
fn file(folder: &Folder, command: &str, bless: bool) -> Result<(), String> {
    let words = words(command);
    let is_output = |word: &String| word == "-o" || word == "--screenshot";
    let named = words.iter().position(is_output).and_then(|at| words.get(at + 1));
    let named = named.ok_or_else(|| format!("`{command}`: there is no block below it, and no file in it"))?;
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(named);
    let parent = kept.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    folder.write(&format!("{}/.folder", parent.unwrap_or_default()), "");
    printed(folder, command);
    let made = folder.read(named);
    if bless {
        std::fs::write(&kept, made).expect("the repository can be written");
        return Ok(());
    }
    match std::fs::read(&kept).is_ok_and(|kept| kept == made) {
        true => Ok(()),
        false => Err(format!("{named} is not what `{command}` writes")),
    }
}

/// A document with each block below a comment compared, or renewed; and what is wrong with it.
fn checked(document: &str, folder: &Folder, bless: bool) -> (String, Vec<String>) {
    let (mut out, mut wrong) = (String::new(), Vec::new());
    let mut rest = document;
    while let Some(at) = rest.find(BEGIN) {
        let end = rest[at..].find("-->").map_or(rest.len(), |end| at + end + 3);
        let comment = rest[at..end].trim_start_matches("<!--").trim_end_matches("-->").trim();
        out += &rest[..end];
        rest = &rest[end..];
        let claim = match claim(comment) {
            Ok(Some(claim)) => claim,
            Ok(None) => continue,
            Err(e) => {
                wrong.push(format!("{comment}: {e}"));
                continue;
            }
        };
        let body = rest.trim_start();
        if !body.starts_with("```") {
            let command = claim.command.as_deref().unwrap_or("");
            wrong.extend(file(folder, command, bless).err());
            continue;
        }
        let start = rest.len() - body.len() + body.find('\n').map_or(body.len(), |i| i + 1);
        let length = rest[start..].find("```").expect("a block ends");
        let shown: Vec<String> = rest[start..start + length].lines().map(str::to_string).collect();
        out += &rest[..start];
        match block(folder, &claim, &shown, bless) {
            Ok(lines) => out.extend(lines.iter().map(|line| format!("{line}\n"))),
            Err(e) => {
                wrong.push(e);
                out += &rest[start..start + length];
            }
        }
        rest = &rest[start + length..];
    }
    (out + rest, wrong)
}

/// All documents that a reader sees first, by name.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("README.md")];
    for folder in [
        "docs",
        "models/commands",
        "models/guess",
        "models/parrot",
        "models/teller",
        "models/thermo",
        "models/tinychat",
    ] {
        let entries = std::fs::read_dir(root.join(folder)).expect("the folder is there");
        let paths = entries.map(|entry| entry.expect("it can be read").path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    found.sort();
    found
}

#[test]
fn measured_blocks_are_what_is_printed() {
    let bless = std::env::var_os("MLC_BLESS").is_some_and(|value| !value.is_empty() && value != "0");
    let (folder, mut wrong, mut claims) = (folder(), Vec::new(), 0);
    for path in documents() {
        let document = std::fs::read_to_string(&path).expect("it is text");
        claims += document.matches(BEGIN).count();
        let (new, problems) = checked(&document, &folder, bless);
        if bless && new != document {
            std::fs::write(&path, &new).expect("the repository can be written");
        }
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&path).display().to_string();
        wrong.extend(problems.into_iter().map(|problem| format!("{name}: {problem}")));
    }
    assert!(claims > 10, "only {claims} comments were found");
    assert!(wrong.is_empty(), "{}\n{HOW}", wrong.join("\n"));
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_string).collect()
}

#[test]
fn measured_comments_are_read() {
    let with = |command: Option<&str>, parts, cut| {
        Ok(Some(Claim { command: command.map(str::to_string), parts, cut }))
    };
    assert_eq!(claim("measured: the commands shown"), with(None, false, false));
    assert_eq!(claim("measured: the command shown, parts left out"), with(None, true, false));
    let command = "measured: mlc inspect\n  tinychat, parts left out, lines cut";
    assert_eq!(claim(command), with(Some("mlc inspect tinychat"), true, true));
    assert_eq!(claim("measured by hand, a training: mlc train pairs.txt"), Ok(None));
    for wrong in [
        "measured by hand, no time: mlc train",
        "measured by hand: mlc train",
        "measured: cargo test",
        "measured: mlc bench, cut",
        "measured on a Sunday",
    ] {
        assert!(claim(wrong).is_err(), "{wrong}");
    }
    assert_eq!(words("mlc run x \"a b\" c"), ["mlc", "run", "x", "a b", "c"]);
}

#[test]
fn measured_blocks_are_compared_line_by_line() {
    let printed = lines("head\na 1\nb 2\nc 3\ntail");
    let parts = Claim { parts: true, ..Claim::default() };
    let check = |shown: &str, claim: &Claim| compare(&lines(shown), &printed, claim).err();
    let said = |text: &str| Some(text.to_string());
    assert_eq!(check("head\na 1\nb 2\nc 3\ntail", &Claim::default()), None);
    assert_eq!(check("head\n...\nb 2\n...\ntail", &parts), None);
    assert_eq!(check("...\na 1\nb 2\n...", &parts), None);
    assert_eq!(check("head\n...\nb 3\n...", &parts), said("not printed: \"b 3\""));
    // In their order, together, and with both ends.
    assert_eq!(check("...\nb 2\n...\na 1\n...", &parts), said("not printed: \"a 1\""));
    assert_eq!(check("...\na 1\nc 3\n...", &parts), said("not printed: \"a 1\""));
    assert_eq!(check("head\na 1", &parts), said("not shown: \"b 2\""));
    assert_eq!(check("a 1\n...", &parts), said("not printed: \"a 1\""));
    assert!(check("head\n...\ntail", &Claim::default()).is_some_and(|e| e.contains("parts left out")));
    let cut = Claim { cut: true, ..parts };
    assert_eq!(check("he\n...\nc\n...", &cut), None);
}

#[test]
fn measured_blocks_are_renewed_by_what_is_no_number() {
    let printed = lines("head 7\n0BB1  add_36:\n0BB1  C1  pop bc ; of\nrow 1,234 x\nend");
    let cut = Claim { parts: true, cut: true, ..Claim::default() };
    let shown = lines("...\n0BAA  add_36:\n0BAA  C1  pop bc\n...\nend");
    let new = renewed(&shown, &printed, &cut).unwrap();
    assert_eq!(new, lines("...\n0BB1  add_36:\n0BB1  C1  pop bc\n...\nend"));
    assert_eq!(compare(&new, &printed, &cut), Ok(()));
    assert_eq!(renewed(&lines("x"), &printed, &Claim::default()), Ok(printed.clone()));
    assert!(renewed(&lines("...\nno such line\n..."), &printed, &cut).is_err());
}
