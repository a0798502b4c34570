//! The layers of ARCHITECTURE.md, kept by reading manifests and `use` paths.
//!
//! What is checked is absence: who must not know whom. A comment does not count.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Names under `[section]` of a manifest.
fn dependencies(manifest: &str, section: &str) -> BTreeSet<String> {
    let text = read(&root().join(manifest));
    let lines = text.lines().skip_while(|line| line.trim() != section).skip(1);
    let own = lines.take_while(|line| !line.trim_start().starts_with('['));
    let names = own.filter_map(|line| line.split(['.', '=', ' ']).next());
    names.filter(|name| !name.is_empty() && !name.starts_with('#')).map(str::to_string).collect()
}

fn mlc_crates(manifest: &str) -> Vec<String> {
    let sections = ["[dependencies]", "[dev-dependencies]", "[build-dependencies]"];
    let all = sections.iter().flat_map(|section| dependencies(manifest, section));
    all.filter(|name| name.starts_with("mlc")).collect()
}

/// All Rust files below a folder, or the one file, with the comments taken out.
fn sources(path: &str) -> Vec<(PathBuf, String)> {
    let path = root().join(path);
    let mut files = Vec::new();
    let mut open = vec![path];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            open.extend(entries.map(|entry| entry.expect("the folder can be read").path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let code = read(&path);
            let code = code.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>();
            files.push((path, code.join("\n")));
        }
    }
    assert!(!files.is_empty(), "no Rust file was found: has a folder moved?");
    files.sort();
    files
}

/// What stands behind `base::` in a text, first segments only; a group `{a, b::c}` gives all of them.
fn users_of(code: &str, base: &str) -> BTreeSet<String> {
    let prefix = format!("{base}::");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(&prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group)),
            None => found.extend([head(rest)]),
        }
    }
    found
}

/// First segments of the items of a group whose `{` has been read.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut start) = (0, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.push(head(group[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn head(path: &str) -> String {
    path.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect()
}

#[test]
fn paths_are_found_in_code() {
    let code = "use crate::{asm::{self, Isa}, ir::Op, text};\nlet x = crate::plan::z();\nmy_crate::no::x();";
    let found: Vec<_> = users_of(code, "crate").into_iter().collect();
    assert_eq!(found, ["asm", "ir", "plan", "text"]);
}

#[test]
fn crates_depend_in_one_direction() {
    let none: [String; 0] = [];
    assert_eq!(
        mlc_crates("compiler/Cargo.toml"),
        none,
        "the compiler knows no machine, trainer or command line"
    );
    assert_eq!(mlc_crates("machine/Cargo.toml"), none, "what machines share knows none of them");
    for runtime in ["runtime-z80", "runtime-avr"] {
        let crates = mlc_crates(&format!("{runtime}/Cargo.toml"));
        assert_eq!(crates, ["mlc-machine"], "a machine knows nothing of what it runs");
    }
    assert_eq!(mlc_crates("trainer/Cargo.toml"), ["mlc-compiler"]);
    let root = mlc_crates("Cargo.toml");
    assert!(root.contains(&"mlc-compiler".to_string()), "{root:?}: the manifest's form has changed");
}

#[test]
fn machines_name_no_other_crate_of_the_project() {
    for folder in ["machine/src", "runtime-z80/src", "runtime-avr/src"] {
        for (file, code) in sources(folder) {
            let code = code.replace("mlc_machine", "");
            assert!(!code.contains("mlc_"), "{} names another crate of mlc", file.display());
        }
    }
}

#[test]
fn the_trainer_takes_no_graph_kernel_or_plan_from_the_compiler() {
    for (file, code) in sources("trainer/src") {
        // What is trained is compared with the interpreter.
        if file.to_string_lossy().ends_with("_tests.rs") {
            continue;
        }
        for name in users_of(&code, "mlc_compiler") {
            assert!(
                ["arithmetic", "import", "math", "model", "shown", "text", "tokens", "words"]
                    .contains(&name.as_str()),
                "{} uses mlc_compiler::{name}",
                file.display()
            );
        }
    }
}

/// What each module of the compiler may know of the others. A module stands behind all that it knows, so there is no
/// circle.
const MODULES: [(&str, &[&str]); 26] = [
    ("words", &[]),
    ("shown", &[]),
    ("text", &[]),
    ("math", &[]),
    ("arithmetic", &["math"]),
    ("tokens", &["shown", "words"]),
    ("weights", &[]),
    // A mistake that assembler and generator share would cancel out.
    ("asm", &[]),
    ("target", &[]),
    ("assets", &["target"]),
    ("model", &["arithmetic", "math", "shown", "text", "tokens", "words"]),
    ("import", &["arithmetic", "math", "model", "shown", "tokens", "words"]),
    ("ir", &["model", "text", "tokens"]),
    ("valid", &["arithmetic", "ir"]),
    ("eval", &["arithmetic", "ir", "model", "text", "tokens"]),
    ("pass", &["ir", "text", "valid", "words"]),
    ("stage", &["arithmetic", "eval", "ir", "model", "text", "weights"]),
    ("kernel", &["arithmetic", "asm", "model", "stage", "target", "text", "tokens", "weights", "words"]),
    ("plan", &["ir", "kernel", "stage", "target", "weights"]),
    ("render", &["kernel", "plan", "target"]),
    ("image", &["asm", "kernel", "plan", "render", "stage", "target", "words"]),
    ("c99", &["arithmetic", "assets", "ir", "kernel", "model", "pass", "plan", "stage", "tokens", "weights"]),
    ("error", &["asm", "ir", "plan", "target", "valid", "weights"]),
    ("sensors", &["error", "image", "kernel", "plan", "render", "target", "words"]),
    ("storage", &["error", "image", "kernel", "plan", "render", "target", "words"]),
    (
        "compile",
        &[
            "error", "image", "ir", "kernel", "model", "pass", "plan", "render", "sensors", "stage",
            "storage", "target", "valid", "words",
        ],
    ),
];

#[test]
fn modules_of_the_compiler_know_only_those_before_them() {
    let mut before = Vec::new();
    for (name, known) in MODULES {
        for other in known {
            assert!(before.contains(other), "{name} may not know {other}, which stands behind it");
        }
        before.push(name);
        let path = format!("compiler/src/{name}");
        let path = if root().join(&path).is_dir() { path } else { format!("{path}.rs") };
        for (file, code) in sources(&path) {
            for other in users_of(&code, "crate") {
                let module = MODULES.iter().any(|(name, _)| *name == other);
                let allowed = other == name || known.contains(&other.as_str());
                assert!(allowed || !module, "{} uses crate::{other}", file.display());
            }
        }
    }
    for entry in std::fs::read_dir(root().join("compiler/src")).expect("the compiler is there") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("names are plain text");
        assert!(name == "lib" || before.contains(&name), "say in MODULES what {name} may know");
    }
}

/// The planner chooses among offers. What a kernel, a form or a family is, is no business of it.
#[test]
fn the_planner_names_no_kernel() {
    for (file, code) in sources("compiler/src/plan") {
        let code = code.replace("Form::ALL", "").replace("Form::name", "");
        for word in ["kernel::z80", "kernel::avr", "Form::", "Hashed"] {
            assert!(!code.contains(word), "{} names {word}", file.display());
        }
    }
}

#[test]
fn file_formats_are_read_in_import_and_target_only() {
    let readers = ["ron", "zip", "base64", "serde_json"];
    let mut others = 0;
    for (file, code) in sources("compiler/src") {
        let path = file.to_string_lossy().replace('\\', "/");
        // The one archive that is written.
        let library = path.ends_with("/src/c99/library.rs");
        if path.contains("/src/import/") || path.contains("/src/target/") || library {
            continue;
        }
        others += 1;
        for name in readers {
            let used = code.lines().any(|l| l.trim_start().starts_with(&format!("use {name}::")));
            assert!(!used, "{path} uses the crate {name}");
        }
        assert!(!code.contains("Deserialize"), "{path} reads a file format");
    }
    assert!(others > 50, "{others} files only: has a folder moved?");
}

#[test]
fn libraries_do_no_io_and_print_nothing() {
    let forbidden =
        ["println!", "eprintln!", "print!(", "dbg!", "std::fs", "std::env", "std::process", "std::net"];
    for folder in ["compiler/src", "machine/src", "runtime-avr/src", "runtime-z80/src", "trainer/src"] {
        for (file, code) in sources(folder) {
            // Tests in files of their own are no part of the library.
            if file.to_string_lossy().ends_with("_tests.rs") {
                continue;
            }
            for word in forbidden {
                assert!(!code.contains(word), "{} has {word}", file.display());
            }
        }
    }
}

/// What Cargo knows of the packages that a build takes in.
fn metadata() -> serde_json::Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args =
        ["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"];
    let output = std::process::Command::new(cargo).args(args).current_dir(root()).output();
    let output = output.expect("cargo runs: it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

/// Rows of the tables of docs/dependencies.md: a crate and its licence.
fn documented(page: &str) -> Vec<(String, String)> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[1].trim_matches('`').to_string(), cells[2].to_string())).collect()
}

#[test]
fn every_dependency_is_documented_with_its_licence() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let page = read(&root().join("docs/dependencies.md"));
    let rows = documented(&page);
    let own = |package: &&serde_json::Value| package["source"].is_null();
    let used = packages.iter().filter(own).flat_map(|package| {
        package["dependencies"].as_array().expect("a list").iter().map(|d| text(&d["name"]))
    });
    let used: BTreeSet<String> = used.filter(|name| !name.starts_with("mlc-")).collect();
    let named: BTreeSet<String> = rows.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(rows.len(), named.len(), "a crate has one row");
    assert_eq!(named, used, "docs/dependencies.md (left) and the manifests (right) name the same crates");
    for package in packages {
        let (name, licence) = (text(&package["name"]), text(&package["license"]));
        // A crate may be there in several versions: one of them is meant.
        if let Some((_, said)) = rows.iter().find(|(row, _)| *row == name) {
            let versions = packages.iter().filter(|other| other["name"] == package["name"]);
            let all: Vec<String> = versions.map(|other| text(&other["license"])).collect();
            assert!(all.contains(said), "{name}: docs/dependencies.md says {said}, its manifest {licence}");
        }
    }
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let page = read(&root().join("docs/dependencies.md"));
    let (_, list) = page.split_once("and no others:").expect("the list of licences");
    let allowed: BTreeSet<&str> = list.split('`').skip(1).step_by(2).collect();
    assert!(allowed.contains("MIT") && allowed.len() > 5, "{allowed:?}");
    let metadata = metadata();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let licence = package["license"].as_str().unwrap_or("no licence at all").to_string();
        let name = &package["name"];
        // `/` is an old way to write OR. What AND joins must all be allowed, of what OR joins one.
        let plain = licence.replace(['(', ')'], "").replace('/', " OR ");
        let fits = |all: &str| all.split(" OR ").any(|one| allowed.contains(one.trim()));
        assert!(plain.split(" AND ").all(fits), "{name} is under {licence}");
        seen.extend(plain.split(" AND ").flat_map(|all| all.split(" OR ")).map(|l| l.trim().to_string()));
    }
    for licence in allowed {
        assert!(seen.contains(licence), "{licence} is allowed, and no crate is under it");
    }
}
