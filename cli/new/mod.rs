//! `mlc new`: a folder with everything that a network of one's own begins with.

use crate::args::NewArgs;
use crate::error::CliError;
use crate::files;
use crate::{Outcome, shell, targets};
use mlc_compiler::model::Head;
use std::io::Write;

/// What stands for the model's name in the files.
const NAME: &str = "{name}";

/// The files, each below the new folder.
const FILES: [(&str, &str); 7] = [
    ("pairs.txt", include_str!("pairs.txt")),
    ("train.ron", include_str!("train.ron")),
    ("mlc.ron", include_str!("mlc.ron")),
    ("prompts.txt", include_str!("prompts.txt")),
    ("README.md", include_str!("readme.md")),
    (".gitignore", include_str!("gitignore")),
    (".github/workflows/mlc.yml", include_str!("workflow.yml")),
];

pub fn run(args: &NewArgs, out: &mut dyn Write) -> Result<Outcome, CliError> {
    let folder = &args.folder;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let head = Head { name: name.clone(), ..Head::default() };
    head.check_texts()
        .map_err(|e| CliError::Usage(format!("{}: {e}; {}", files::shown(folder), e.help())))?;
    let files: Vec<_> = FILES.iter().map(|(path, text)| (*path, text.replace(NAME, &name))).collect();
    files::create_project(folder, &files)?;
    if args.json {
        let file = |(path, text): &(&str, String)| serde_json::json!({ "path": files::shown(&folder.join(path)), "bytes": text.len() });
        let files: Vec<_> = files.iter().map(file).collect();
        writeln!(out, "{}", targets::json(&serde_json::json!({ "model": name, "files": files })))?;
        return Ok(Outcome::Done);
    }
    writeln!(out, "{}: a network of your own", files::shown(folder))?;
    for (file, what) in [
        ("pairs.txt", "what it learns: replace it with your own"),
        ("train.ron", "how it is trained"),
        ("mlc.ron", "the machines that it is compiled for"),
        ("prompts.txt", "what it is checked with"),
        (".github/workflows/mlc.yml", "the same checks on GitHub"),
    ] {
        writeln!(out, "  {file:<27}{what}")?;
    }
    let folder = shell::word(&files::shown(folder));
    writeln!(out, "next: cd {folder} && mlc train --config train.ron && mlc run model.ron hello")?;
    Ok(Outcome::Done)
}
