//! `mlc profile`: every T-state is somewhere, and nothing is there twice.

use crate::{Folder, json};
use serde_json::Value;

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The sum of `key` over a list.
fn sum(list: &Value, key: &str) -> u64 {
    list.as_array().expect("it is a list").iter().map(|row| number(&row[key])).sum()
}

/// The numbers of a column of an annotated listing, by its title.
fn column(listing: &str, title: &str) -> Vec<u64> {
    let head = listing.lines().find(|line| line.starts_with("ADDR")).expect("the listing has a head");
    let end = head.find(title).expect("the column is there") + title.len();
    let cell = |line: &str| line.get(..end)?.rsplit(' ').next()?.replace(',', "").parse().ok();
    listing.lines().filter_map(cell).collect()
}

#[test]
fn everything_adds_up_to_what_bench_counts() {
    let folder = Folder::with_models();
    for (model, encoding) in
        [("model.ron", "auto"), ("model.ron", "packed"), ("model.ron", "columns"), ("sorter.ron", "unrolled")]
    {
        let options = ["--encoding", encoding, "--json"];
        let of = |verb| json(&folder.mlc([&[verb, model], &options[..]].concat()).ok());
        let (bench, profile) = (of("bench"), of("profile"));
        let total = number(&bench["cycles"]);
        let steps = number(&bench["steps"]) as f64;
        assert_eq!(number(&profile["cycles"]), total, "{model}, {encoding}");
        assert_eq!((&profile["steps"], &profile["runs"]), (&bench["steps"], &bench["prompts"]));
        for list in ["phases", "symbols", "lines"] {
            assert_eq!(sum(&profile[list], "cycles"), total, "{model}, {encoding}, {list}");
        }
        let instructions = number(&profile["instructions"]);
        assert_eq!(sum(&profile["symbols"], "instructions"), instructions);
        assert_eq!(sum(&profile["lines"], "executions"), instructions);
        let stacks = profile["stacks"].as_object().expect("stacks are a table");
        assert_eq!(stacks.values().map(number).sum::<u64>(), total, "{model}, {encoding}, stacks");
        for phase in bench["phases"].as_array().expect("phases are a list") {
            let same = |row: &&Value| row["name"] == phase["phase"];
            let found = profile["phases"].as_array().and_then(|rows| rows.iter().find(same));
            let cycles = found.map_or(0, |row| number(&row["cycles"]));
            let simulated = phase["simulated"].as_f64().expect("it is a number");
            assert!((cycles as f64 / steps - simulated).abs() < 0.01, "{model}, {encoding}: {phase}");
        }
    }
}

#[test]
fn the_tables_are_as_they_were() {
    let folder = Folder::with_models();
    let said = folder.mlc(["profile", "sorter.ron", "--top", "6"]).ok();
    // Line numbers change with the comments on top of a program.
    let line = |line: &str| match line.trim_start().split_once(' ') {
        Some((number, rest)) if number.parse::<u32>().is_ok() && line.contains('(') => {
            format!("   N {rest}\n")
        }
        _ => format!("{line}\n"),
    };
    insta::assert_snapshot!("profile-sorter", said.lines().map(line).collect::<String>());
}

#[test]
fn files_hold_the_same_sum_and_are_the_same_each_time() {
    let folder = Folder::with_models();
    let run = |names: [&str; 3]| {
        let [svg, folded, lst] = names;
        folder.mlc(["profile", "model.ron", "hello", "-o", svg, "-o", folded, "-o", lst]).ok()
    };
    let said = run(["a.svg", "a.folded", "a.lst"]);
    assert!(said.contains("1 prompt, ") && said.contains("\na.svg: "), "{said}");
    let total = number(&json(&folder.mlc(["profile", "model.ron", "hello", "--json"]).ok())["cycles"]);

    let folded = folder.text("a.folded");
    let cycles = |line: &str| {
        line.rsplit(' ').next().and_then(|n| n.parse::<u64>().ok()).expect("a stack ends with its cycles")
    };
    assert_eq!(folded.lines().map(cycles).sum::<u64>(), total);
    // Kernels dispatch with RET: what they dispatch to stays in its phase, and callers are callers.
    assert!(folded.lines().any(|line| line.starts_with("console;start ")), "{folded}");
    assert!(folded.lines().any(|line| line.starts_with("console;set_query;")), "{folded}");
    assert!(folded.lines().all(|line| line.matches(';').count() < 6), "{folded}");

    let listing = folder.text("a.lst");
    assert_eq!(column(&listing, "T-STATES").iter().sum::<u64>(), total);
    let source = folder.mlc(["compile", "model.ron", "--emit", "asm"]).ok();
    assert!(source.lines().count() > 300, "{source}");
    for line in source.lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert!(listing.contains(line), "{line}");
    }
    // The start runs once.
    let start = listing.lines().position(|line| line.ends_with(" start:")).expect("start is there");
    let first = listing.lines().nth(start + 1).expect("something follows");
    assert_eq!(first.split_whitespace().nth(2), Some("1"), "{first}");

    let picture = folder.text("a.svg");
    assert!(picture.starts_with("<?xml") && picture.trim_end().ends_with("</svg>"));
    assert!(picture.contains("T-states a step") && picture.contains(">fc2 ("), "no frames");

    run(["b.svg", "b.folded", "b.lst"]);
    for kind in ["svg", "folded", "lst"] {
        assert!(folder.read(&format!("a.{kind}")) == folder.read(&format!("b.{kind}")), "{kind}");
    }
    assert_eq!(folder.mlc(["profile", "model.ron", "hello", "--emit", "folded"]).ok(), folded);
}

#[test]
fn a_program_of_its_own_has_what_its_listing_says() {
    let folder = Folder::with_models();
    let compiled = ["compile", "model.ron", "-o", "chat.com", "-o", "chat.lst", "-o", "chat.map"];
    folder.mlc(compiled).ok();
    let of_model = json(&folder.mlc(["profile", "model.ron", "hello", "--json"]).ok());
    // The listing lies beside it.
    let ran = folder.mlc(["profile", "chat.com", "hello", "--json"]);
    assert!(ran.stderr.starts_with(&folder.mlc(["run", "model.ron", "hello"]).ok()), "{}", ran.stderr);
    let profile = json(&ran.ok());
    assert_eq!(profile["cycles"], of_model["cycles"]);
    assert_eq!(profile["lines"], of_model["lines"]);
    assert_eq!(sum(&profile["symbols"], "cycles"), number(&profile["cycles"]));
    // Callers are kept where phases do not cut them.
    let stacks = profile["stacks"].as_object().expect("stacks are a table");
    assert!(stacks.keys().any(|stack| stack.starts_with("net_answer;")), "{stacks:?}");

    // The symbol file has the same labels.
    let said = folder.mlc(["profile", "chat.com", "hello", "--symbols", "chat.map"]).ok();
    assert!(said.starts_with("chat.com on z80-cpm: labels from chat.map\n1 run, "), "{said}");
    assert!(said.contains("fc2_0_threshold"), "{said}");

    // Without any, addresses.
    folder.write("bare.com", folder.read("chat.com"));
    let bare = folder.mlc(["profile", "bare.com", "hello"]).ok();
    assert!(bare.contains("no labels") && bare.lines().any(|line| line.starts_with("0100h ")), "{bare}");
    let value = json(&folder.mlc(["profile", "bare.com", "hello", "--json"]).ok());
    assert_eq!(value["cycles"], of_model["cycles"]);
    assert_eq!(sum(&value["lines"], "cycles"), number(&value["cycles"]));

    // Each prompt of a file is a command tail.
    folder.write("two.txt", "hello\nhello\n");
    let twice = json(&folder.mlc(["profile", "bare.com", "--prompts", "two.txt", "--json"]).ok());
    assert_eq!(number(&twice["cycles"]), 2 * number(&value["cycles"]));
    assert_eq!(twice["runs"], 2);
}

#[test]
fn a_listing_of_another_program_is_not_believed() {
    let folder = Folder::with_models();
    folder.mlc(["compile", "model.ron", "-o", "chat.com"]).ok();
    folder.mlc(["compile", "sorter.ron", "-o", "chat.lst"]).ok();
    let ran = folder.mlc(["profile", "chat.com", "hello"]);
    assert!(ran.stderr.contains("note: chat.lst: the listing of another program"), "{}", ran.stderr);
    assert!(ran.ok().contains("no labels"));
    let said = folder.mlc(["profile", "chat.com", "hello", "--symbols", "chat.lst"]).fails(1);
    assert!(said.contains("its bytes differ"), "{said}");
    let said = folder.mlc(["profile", "chat.com", "hello", "--symbols", "model.ron"]).fails(1);
    assert!(said.contains("neither a listing nor a symbol file"), "{said}");
}

#[test]
fn wrong_usage_is_refused() {
    let folder = Folder::with_models();
    folder.write("x.com", [0xC9]).write("p.txt", "hello");
    for args in [
        &["model.ron", "--target", "reference"][..],
        &["model.ron", "--symbols", "x.map"],
        &["x.com", "--encoding", "packed"],
        &["model.ron", "hello", "--prompts", "p.txt"],
        &["model.ron", "-o", "x.png"],
        &["model.ron", "-o", "x.svg", "-o", "x.svg"],
        &["model.ron", "--emit", "svg", "--json"],
    ] {
        folder.mlc([&["profile"], args].concat()).fails(2);
    }
    let said = folder.mlc(["profile", "model.ron", "-o", "none/x.svg"]).fails(1);
    assert!(said.contains("its folder is not there"), "{said}");
    assert!(!folder.names().iter().any(|name| name.ends_with(".svg")));
}
