//! `mlc data`.

use crate::{Folder, Ran, json};

const PAIRS: &str = "# weather\nIs it raining?|YES\nis it sunny|NO\nis it sunny|NO\nis it sunny|YES\n\nno bar here\n\
                     hello|HI\n";

fn data(folder: &Folder, args: &[&str]) -> Ran {
    folder.mlc(["data"].iter().chain(args))
}

#[test]
fn stats_count() {
    let folder = Folder::new();
    folder.write("pairs.txt", PAIRS);
    let ran = data(&folder, &["stats", "pairs.txt"]);
    assert!(ran.stderr.starts_with("warning: pairs.txt:7: no '|'"), "{}", ran.stderr);
    insta::assert_snapshot!("data-stats", ran.ok());
    let said = json(&data(&folder, &["stats", "pairs.txt", "--json"]).ok());
    assert_eq!((&said["lines"], &said["left_out"], &said["blank"]), (&8.into(), &1.into(), &1.into()));
    assert_eq!((&said["pairs"], &said["ceiling"]), (&5.into(), &4.into()));
    assert_eq!(said["replies"][0][1], 2);
}

#[test]
fn lint_finds_and_strict_fails() {
    let folder = Folder::new();
    folder.write("pairs.txt", PAIRS);
    insta::assert_snapshot!("data-lint", data(&folder, &["lint", "pairs.txt", "--rare", "0"]).ok());
    let ran = data(&folder, &["lint", "pairs.txt", "--strict", "--json"]);
    assert_eq!(ran.code, Some(1));
    let said = json(&ran.stdout);
    assert_eq!((&said[0]["severity"], &said[0]["places"][0]), (&"Warning".into(), &"pairs.txt:3".into()));
    assert_eq!(said[0]["remark"]["Contradiction"]["query"], "is it sunny");

    folder.write("clean.txt", "is it raining|YES\nhello|NO\n");
    let clean = ["lint", "clean.txt", "--classifier", "--strict", "--rare", "0"];
    assert_eq!(data(&folder, &clean).ok(), "2 pairs, 0 warnings, 0 notes\n");
}

#[test]
fn lint_knows_the_labels_of_a_model() {
    let folder = Folder::new();
    folder.write("pairs.txt", "yes please|YES\nno thanks|NO\n").write("more.txt", "who knows|MAYBE\n");
    folder.mlc(["train", "pairs.txt", "--classifier", "--hidden", "4", "--epochs", "1"]).ok();
    let said = data(&folder, &["lint", "more.txt", "--model", "model.ron"]).ok();
    assert!(
        said.starts_with("warning: label \"MAYBE\" is not one of the model's\n  at more.txt:1\n"),
        "{said}"
    );
    let said = data(&folder, &["lint", "more.txt", "--model", "model.ron", "--query-buckets", "64"]).fails(2);
    assert!(said.contains("'--model <MODEL>' cannot be used with '--query-buckets <N>'"), "{said}");
}

#[test]
fn lint_looks_at_labels_not_at_their_letters() {
    let folder = Folder::new();
    let pairs: String = (0..38).map(|i| format!("number {}|ON\n", i * 7919)).collect();
    folder.write("pairs.txt", pairs + "dark|OFF\nbright|On\n");
    let said = data(&folder, &["lint", "pairs.txt", "--classifier"]).ok();
    insta::assert_snapshot!("data-lint-classifier", said);
    assert_eq!(data(&folder, &["lint", "pairs.txt", "--classifier", "--strict"]).code, Some(1));
}

#[test]
fn split_keeps_every_pair() {
    let folder = Folder::new();
    let pairs: String = (0..20).map(|i| format!("query {i}|A\nquery {i}|B\n")).collect();
    folder.write("pairs.txt", &pairs);
    let args = ["split", "pairs.txt", "--share", "0.25", "-o", "train.txt", "--held-out", "rest.txt"];
    assert_eq!(data(&folder, &args).ok(), "train.txt: 30 pairs\nrest.txt: 10 pairs\n");
    let (train, rest) = (folder.text("train.txt"), folder.text("rest.txt"));
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_string).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&(train.clone() + &rest)), sorted(&pairs));
    for line in rest.lines() {
        let (query, _) = line.split_once('|').expect("it is a pair");
        assert!(!train.contains(&format!("{query}|")), "{query} is on both sides");
    }
    let said = data(&folder, &["split", "pairs.txt", "-o", "a", "--held-out", "b", "--share", "2"]).fails(1);
    assert!(said.contains("a share of 2 cannot be held out"), "{said}");
    let said = data(&folder, &["split", "pairs.txt", "-o", "a", "--held-out", "a"]).fails(2);
    assert!(said.contains("a is given twice"), "{said}");
    assert_eq!(folder.names(), ["pairs.txt", "rest.txt", "train.txt"]);
}

#[test]
fn dedup_and_balance_make_lists() {
    let folder = Folder::new();
    folder.write("pairs.txt", PAIRS);
    let ran = data(&folder, &["dedup", "pairs.txt"]);
    assert!(ran.stderr.ends_with("\n4 pairs of 5\n"), "{}", ran.stderr);
    assert_eq!(ran.ok(), "is it raining?|YES\nis it sunny|NO\nis it sunny|YES\nhello|HI\n");
    let said = data(&folder, &["dedup", "pairs.txt", "--resolve", "-o", "clean.txt"]).ok();
    assert_eq!(said, "clean.txt: 3 pairs of 5\n");
    assert_eq!(folder.text("clean.txt"), "is it raining?|YES\nis it sunny|NO\nhello|HI\n");
    let said = data(&folder, &["balance", "clean.txt", "--count", "2"]).ok();
    assert_eq!(
        said,
        "is it raining?|YES\nis it raining?|YES\nis it sunny|NO\nis it sunny|NO\nhello|HI\nhello|HI\n"
    );
    let said = data(&folder, &["balance", "clean.txt", "--count", "0"]).fails(2);
    assert!(said.contains("write a whole number from 1 to 100000"), "{said}");
    let many: String = (0..101).map(|i| format!("query {i}|R{i}\n")).collect();
    folder.write("many.txt", many);
    let said = data(&folder, &["balance", "many.txt", "--count", "100000"]).fails(2);
    assert!(said.contains("--count 100000 for 101 replies makes more than 10,000,000 pairs"), "{said}");
}

#[test]
fn bad_files_are_named() {
    let folder = Folder::new();
    folder.write("bin.txt", "a\0b").write("none.txt", "");
    for verb in [&["stats"][..], &["lint"], &["dedup"], &["balance", "--count", "1"]] {
        let fails = |file| data(&folder, &[verb, &[file]].concat()).fails(1);
        assert!(fails("gone.txt").contains("gone.txt: there is no such file"));
        assert!(fails("bin.txt").contains("bin.txt:1"));
        assert!(fails("none.txt").contains("no \"query|reply\" pair in 0 lines of none.txt"));
    }
}
