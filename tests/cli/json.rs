//! docs/json.md names every field that is printed, and no other.

use crate::{Folder, json, models, sequence, tflite};
use mlc_compiler::import::ron;
use serde_json::Value;
use std::collections::BTreeSet;

/// The paths of all that holds no other value: `a.b`, `a[].b`; keys of `stacks` are names.
fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let key = if path.ends_with("stacks") { "*" } else { key };
                let dot = if path.is_empty() { "" } else { "." };
                paths(value, &format!("{path}{dot}{key}"), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().for_each(|item| paths(item, &format!("{path}[]"), found));
        }
        _ => _ = found.insert(path.to_string()),
    }
}

/// The fields that the page has below a heading: those in the first column of its table.
fn documented(heading: &str) -> BTreeSet<String> {
    let page = include_str!("../../docs/json.md");
    let begin = format!("\n## {heading}\n");
    let section = page.split(&begin).nth(1).unwrap_or_else(|| panic!("there is no section {heading}"));
    let section = section.split("\n## ").next().expect("a text has a beginning");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row[2..].split(" | ").next().expect("a row has cells"));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_string).collect()
}

/// Compares what was printed, an object or a line of them, with the page.
#[track_caller]
fn check(heading: &str, printed: &[String]) {
    let mut found = BTreeSet::new();
    for text in printed {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => paths(&value, "", &mut found),
            Err(_) => text.lines().for_each(|line| paths(&json(line), "", &mut found)),
        }
    }
    let page = documented(heading);
    assert!(page.len() > 1 || heading == "mlc export" && !page.is_empty(), "{heading}: {page:?}");
    let is_empty = |path: &String| found.contains(path.trim_end_matches("[]"));
    let unsaid: Vec<_> = page.difference(&found).filter(|path| !is_empty(path)).collect();
    // An empty list, or a null, has no fields of its own; where another run had some, they are named.
    let is_beginning = |path: &String| page.iter().any(|known| known.starts_with(path.as_str()));
    let unknown: Vec<_> = found.difference(&page).filter(|path| !is_beginning(path)).collect();
    assert!(
        unsaid.is_empty() && unknown.is_empty(),
        "{heading}: not printed {unsaid:?}, not on the page {unknown:?}"
    );
}

/// A sequence model that the Z80 has kernels for.
fn sequence_model(folder: &Folder) {
    for seed in 100.. {
        folder.write("talk.ron", ron::write(&sequence::model(seed)));
        if folder.mlc(["compile", "talk.ron", "--emit", "plan"]).code == Some(0) {
            return;
        }
    }
}

#[test]
fn every_field_is_on_the_page() {
    let folder = Folder::with_models();
    sequence_model(&folder);
    folder.write("rows.tflite", tflite::wide(2_200).bytes());
    folder.mlc(["import", "rows.tflite", "-o", "rows.ron"]).ok();
    folder.write("wraps.ron", models::text(&models::wrapping()));
    folder.write("huge.ron", models::text(&models::huge()));
    folder.write("changed.ron", models::text(&models::changed()));
    folder.write("pairs.txt", "hello|HI\nbye|BYE\nhello|HO\n").write("wrong.txt", "hello|NEVER\n");
    let run = |line: &str| folder.mlc(line.split(' ')).stdout;
    let all = |lines: &[&str]| lines.iter().map(|line| run(line)).collect::<Vec<_>>();

    check(
        "mlc compile",
        &all(&[
            "compile -o t.com --json",
            "compile wraps.ron -o w.com --json",
            "compile talk.ron --weights file -o talk.com --json",
            "compile rows.ron --target atmega328p -o rows.hex --json",
        ]),
    );
    let c = json(&run("compile -o net.c --json"));
    assert!(["model", "files", "constants", "state"].iter().all(|key| !c[key].is_null()), "{c}");
    folder.write("a.asm", "x\n").write("b.com", [0, 1]);
    check("mlc compile --check", &all(&["compile --check a.asm --json", "compile --check b.com --json"]));
    folder.write("mlc.ron", "(models: [\"model.ron\", \"huge.ron\"], targets: [\"z80-cpm\"])");
    folder.write("golden/tiny/z80-cpm/tiny.asm", "x\n");
    check("mlc compile --all", &all(&["compile --all --check golden/ --json"]));
    check("mlc diff", &all(&["diff model.ron changed.ron --json"]));
    check("mlc run", &all(&["run model.ron hello --json", "run model.ron -t reference a --json"]));
    check("mlc verify", &all(&["verify model.ron --json", "verify model.ron --prompts wrong.txt --json"]));
    check(
        "mlc bench",
        &all(&[
            "bench model.ron --json",
            "bench talk.ron --json",
            "bench sorter.ron -t atmega328p --json",
            "bench model.ron -t atmega328p --profile uno+flash --weights file --json",
        ]),
    );
    check("mlc bench --all", &all(&["bench --all model.ron huge.ron -t z80-cpm --encoding packed --json"]));
    check("mlc profile", &all(&["profile model.ron hello --json"]));
    check(
        "mlc inspect",
        &all(&["inspect model.ron --json", "inspect sorter.ron --json", "inspect huge.ron --json"]),
    );
    check("mlc inspect of a sequence model", &all(&["inspect talk.ron --json"]));
    folder.write("net.tflite", tflite::dense(9).bytes());
    folder.mlc(["import", "net.tflite", "--labels", "up,down", "--inputs", "x,y", "-o", "numbers.ron"]).ok();
    folder.write("flowers.ron", crate::forest::FLOWERS);
    check(
        "mlc inspect of a network on numbers",
        &all(&["inspect numbers.ron --json", "inspect rows.ron --json", "inspect flowers.ron --json"]),
    );
    check("mlc report", &all(&["report model.ron --json"]));
    check("mlc models", &all(&["models --json"]));
    check("mlc targets", &all(&["targets --json"]));
    check("mlc import", &all(&["import model.ron -o again.ron --json"]));
    check("mlc export", &all(&["export model.ron -o m.npz --json", "export talk.ron -o talk --json"]));
    check("mlc new", &all(&["new chatty --json"]));
    folder.write("t.txt", "list n = A | B | C\npair HELLO {n} | HI {n}\n");
    check(
        "mlc data split, dedup, balance, expand",
        &all(&[
            "data split pairs.txt --share 0.4 -o s.txt --held-out h.txt --json",
            "data dedup pairs.txt -o d.txt --json",
            "data balance pairs.txt --count 2 -o b.txt --json",
            "data expand t.txt --count 3 -o e.txt --json",
        ]),
    );
    let files = json(&folder.mlc(["data", "dedup", "pairs.txt", "--resolve", "-o", "d.txt", "--json"]).ok());
    let wants = serde_json::json!({ "files": [{ "path": "d.txt", "bytes": 17, "records": 2 }] });
    assert_eq!(files, wants, "{}", folder.text("d.txt"));
}

#[test]
fn messages_are_json_where_that_is_asked_for() {
    let folder = Folder::with_chat();
    folder
        .write("wraps.ron", models::text(&models::wrapping()))
        .write("bad.ron", "(\n  format: 2,\n  what: 1,\n)\n");
    let said = |line: &str| folder.mlc(line.split(' ').chain(["--message-format", "json"])).stderr;
    let one = |line: &str| json(&said(line));
    let found: Vec<String> = [
        said("run tinychta hello"),
        said("inspect bad.ron"),
        said("compile -o no/t.com"),
        said("compile -t zx49"),
        said("compile --max-bytes -1"),
        said("compile --max-bytes 10"),
        said("compile wraps.ron -o w.com"),
        said("bench a b"),
        said("frobnicate"),
    ]
    .into();
    for text in &found {
        assert!(!text.is_empty() && text.lines().all(|line| json(line)["message"].is_string()), "{text}");
    }
    insta::assert_snapshot!("messages-as-json", found.join(""));
    assert_eq!(one("compile -t zx49")["code"], "unknown-target");
    let place = one("inspect bad.ron");
    assert_eq!((&place["file"], &place["code"]), (&"bad.ron".into(), &"import".into()));
    assert!(place["line"].as_u64().is_some_and(|line| line > 1), "{place}");
    // In front of the command as well; results and exit codes stay as they are.
    let ran = folder.mlc(["--message-format=json", "run", "nobody", "hello"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert_eq!(json(&ran.stderr)["code"], "unknown-model");
    assert_eq!(folder.mlc(["compile", "--message-format=json", "--max-bytes", "x"]).code, Some(2));
    assert_eq!(folder.mlc(["run", "model.ron", "hello", "--message-format", "xml"]).code, Some(2));
    assert_eq!(
        folder.mlc(["run", "model.ron", "hello", "--message-format", "json"]).ok(),
        folder.mlc(["run", "model.ron", "hello"]).ok()
    );
    // Every code that there is stands on the page.
    let page = include_str!("../../docs/json.md");
    let codes = include_str!("../../cli/error.rs").split("pub fn code(&self)").nth(1).expect("it is there");
    let codes = codes.split("\n    }\n").next().expect("it ends").split('"').skip(1).step_by(2);
    for code in codes.chain(["bug"]) {
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
}
