//! The page of `mlc report`: well-formed, its figures those of `mlc inspect` and `mlc bench`, and it fits a telephone.

use super::browser::{drive, modules};
use super::{mlc, near, ran};
use roxmltree::{Document, Node};
use serde_json::{Value, json};
use std::path::Path;

/// The page as XML: all its elements end, so that only the declaration and empty elements differ.
fn parsed(text: &str) -> String {
    let body = text.strip_prefix("<!doctype html>\n").expect("it is HTML");
    let mut xml = String::new();
    for (at, part) in body.split('<').enumerate() {
        if at > 0 {
            xml.push('<');
        }
        match part.strip_prefix("meta ").and_then(|meta| meta.split_once('>')) {
            Some((meta, rest)) => xml += &format!("meta {meta}/>{rest}"),
            None => xml += part,
        }
    }
    xml
}

fn with_id<'a>(document: &'a Document, id: &str) -> Node<'a, 'a> {
    let found = document.descendants().find(|node| node.attribute("id") == Some(id));
    found.unwrap_or_else(|| panic!("nothing is called {id}"))
}

fn text(node: Node) -> String {
    node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

/// The rows of a table: each its heading, and the figures behind it; what is no figure is left out.
fn rows(document: &Document, id: &str) -> Vec<(String, Vec<f64>)> {
    let body = with_id(document, id).children().find(|node| node.has_tag_name("tbody")).expect("it has rows");
    let row = |row: Node| {
        let heading = row.children().find(|node| node.has_tag_name("th")).expect("a row has a heading");
        let figures = row.descendants().filter(|node| node.has_tag_name("data"));
        (text(heading), figures.map(|node| node.attribute("value").unwrap().parse().unwrap()).collect())
    };
    body.children().filter(|node| node.has_tag_name("tr")).map(row).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Headings follow each other, everything has a name that is told, and there is no script.
fn is_accessible(document: &Document) {
    let ids: Vec<_> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "an id stands twice");
    let tags = |name: &'static str| document.descendants().filter(move |node| node.has_tag_name(name));
    assert_eq!((tags("h1").count(), tags("main").count(), tags("nav").count()), (1, 1, 1));
    assert_eq!(tags("script").count(), 0);
    for section in tags("section") {
        let heading = with_id(document, section.attribute("aria-labelledby").expect("it has a heading"));
        assert!(heading.has_tag_name("h2") && !text(heading).is_empty());
    }
    for link in tags("a") {
        with_id(document, link.attribute("href").unwrap().strip_prefix('#').expect("links stay in the page"));
    }
    let svg = |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
    assert!(svg("svg").count() >= 4);
    for picture in svg("svg") {
        let told = picture.attribute("aria-label").unwrap_or_default();
        assert!(picture.attribute("role") == Some("img") && told.len() > 20, "{told:?}");
    }
    for table in tags("table") {
        let columns = table.descendants().filter(|node| node.attribute("scope") == Some("col")).count();
        for row in table.descendants().filter(|node| node.has_tag_name("tr")) {
            assert_eq!(row.children().filter(Node::is_element).count(), columns, "{}", text(table));
        }
    }
}

fn report(folder: &Path, words: &str) -> String {
    mlc(folder, &format!("report {words} -o report.html"), &[]);
    std::fs::read_to_string(folder.join("report.html")).unwrap()
}

fn bench(folder: &Path, words: &str) -> Value {
    serde_json::from_str(&mlc(folder, &format!("bench {words} --json"), &[])).unwrap()
}

#[test]
fn figures_are_those_of_inspect_and_bench() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for words in ["commands --target z80-cpm", "guess --target atmega328p --profile lilypad"] {
        let page = report(folder, words);
        assert_eq!(page, report(folder, words), "the page is not the same twice");
        let xml = parsed(&page);
        let document = Document::parse(&xml).unwrap_or_else(|e| panic!("{words}: {e}"));
        is_accessible(&document);
        let model = words.split(' ').next().unwrap();
        let inspect: Value =
            serde_json::from_str(&mlc(folder, &format!("inspect {model} --json"), &[])).unwrap();
        let layers = rows(&document, "layers");
        assert_eq!(layers.len(), inspect["layers"].as_array().unwrap().len());
        for ((_, seen), layer) in layers.iter().zip(inspect["layers"].as_array().unwrap()) {
            let of = |field: &str| number(&layer[field]);
            let weights = of("inputs") * of("outputs");
            let mut wants =
                vec![of("inputs"), of("outputs"), weights, of("nonzero"), of("nonzero") / weights];
            let rest = ["minus_two", "zero_rows", "zero_columns", "bias_least", "bias_most", "shift"];
            wants.extend(rest.map(of));
            assert!(near(seen, &wants), "{seen:?} {wants:?}");
        }
        let sums: Vec<_> = inspect["accumulators"].as_array().unwrap().iter().collect();
        let wants: Vec<Vec<f64>> = sums
            .iter()
            .map(|sum| ["least", "most", "wraps"].map(|field| number(&sum[field])).to_vec())
            .collect();
        assert_eq!(rows(&document, "sums").into_iter().map(|(_, row)| row).collect::<Vec<_>>(), wants);
        let bench = bench(folder, words);
        let steps = rows(&document, "steps");
        for ((_, seen), part) in steps.iter().zip(["least", "mean", "most"]) {
            let wants = [number(&bench["step"][part]), number(&bench["step_milliseconds"][part])];
            assert!(near(seen, &wants), "{seen:?} {wants:?}");
        }
        let phases = rows(&document, "phases");
        for ((name, seen), phase) in phases.iter().zip(bench["phases"].as_array().unwrap()) {
            assert_eq!(name, phase["phase"].as_str().unwrap());
            let wants = [number(&phase["predicted"]), number(&phase["simulated"])];
            assert!(near(&seen[..2], &wants), "{seen:?} {wants:?}");
        }
        let last = phases.last().unwrap();
        let wants = [number(&bench["predicted"]), number(&bench["step"]["mean"])];
        assert!(last.0 == "all" && near(&last.1[..2], &wants), "{last:?} {wants:?}");
        let facts = with_id(&document, "figures");
        let shown: Vec<_> = facts.descendants().filter_map(|node| node.attribute("value")).collect();
        assert!(shown.contains(&bench["image_bytes"].to_string().as_str()), "{shown:?}");
        let talk = text(with_id(&document, "conversation"));
        assert!(talk.contains("yes") && !talk.contains("no\n"), "{talk}");
    }
}

#[test]
fn sequence_models_leave_out_what_they_have_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("few.txt"), "HOW WARM IS IT?\nHOW BRIGHT IS IT?|NEVER\n").unwrap();
    let words =
        "thermo --target atmega328p --profile lilypad --prompts few.txt --tool temp=21 --tool light=60";
    let page = report(folder, words);
    let xml = parsed(&page);
    let document = Document::parse(&xml).unwrap();
    is_accessible(&document);
    let inspect: Value = serde_json::from_str(&mlc(folder, "inspect thermo --json", &[])).unwrap();
    for ((name, seen), matrix) in
        rows(&document, "matrices").iter().zip(inspect["matrices"].as_array().unwrap())
    {
        assert_eq!(name, matrix["matrix"].as_str().unwrap());
        let of = |field: &str| number(&matrix[field]);
        assert_eq!([seen[0], seen[1], seen[3], seen[5]], ["inputs", "outputs", "nonzero", "bytes"].map(of));
    }
    let bench = bench(folder, words);
    let mean = rows(&document, "steps")[1].1[0];
    assert!(near(&[mean], &[number(&bench["step"]["mean"])]), "{mean} {bench}");
    for left_out in ["Left out: bounds of sums", "Left out: the curve"] {
        assert!(page.contains(left_out), "{left_out}");
    }
    let taken =
        document.descendants().filter(|node| node.is_element() && node.text() == Some("taken")).count();
    assert_eq!(taken, inspect["matrices"].as_array().unwrap().len(), "a form of each matrix was taken");
    assert_eq!(rows(&document, "replies"), [("NEVER".to_string(), vec![1.0, 0.0, 0.0])]);
}

#[test]
fn accuracy_is_that_of_eval_and_the_curve_that_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("pairs.txt"), "hello|HI\nbye|BYE\nhi there|HI\nsee you|BYE\n").unwrap();
    mlc(folder, "train pairs.txt --hidden 16 --epochs 12 --seed 1 --log log.csv -o model.ron", &[]);
    std::fs::write(folder.join("others.txt"), "hello|HI\nbye|NEVER\n").unwrap();
    let page = report(folder, "model.ron --log log.csv --pairs others.txt");
    let xml = parsed(&page);
    let document = Document::parse(&xml).unwrap();
    is_accessible(&document);
    let eval: Value = serde_json::from_str(&mlc(folder, "eval model.ron others.txt --json", &[])).unwrap();
    let facts = with_id(&document, "accuracy-facts");
    let shown: Vec<f64> = facts
        .descendants()
        .filter_map(|node| node.attribute("value"))
        .map(|value| value.parse().unwrap())
        .collect();
    let wants = [2.0, number(&eval["characters"]), number(&eval["replies"])];
    assert!(near(&shown, &wants), "{shown:?} {wants:?}");
    let log = std::fs::read_to_string(folder.join("log.csv")).unwrap();
    let last: Vec<&str> = log.lines().last().unwrap().split(',').collect();
    let header: Vec<&str> = log.lines().next().unwrap().split(',').collect();
    let at = header.iter().position(|name| *name == "loss").unwrap();
    assert_eq!(rows(&document, "training-curve")[0].1[1..], [last[at].parse::<f64>().unwrap()]);
    // The pairs beside the model are its own.
    let beside = report(folder, "model.ron");
    assert!(beside.contains("On pairs.txt") && beside.contains("mlc eval model.ron pairs.txt"));
}

#[test]
fn what_a_report_cannot_show_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("pairs.txt"), "hello|HI\n").unwrap();
    std::fs::write(folder.join("log.csv"), "a,b\n1,2\n").unwrap();
    for (words, code, says) in [
        ("report guess -o report.txt", 2, "written as HTML"),
        ("report parrot --pairs pairs.txt", 2, "for networks of hashed text"),
        ("report commands --log log.csv", 1, "does not name the columns"),
        ("report commands --target reference", 1, "reference"),
        ("report parrot --target zx48", 1, "zx48"),
    ] {
        let (found, _, said) = ran(folder, words, &[]);
        assert!(found == Some(code) && said.contains(says), "{words}: {found:?} {said}");
        assert!(!folder.join("report.html").exists() && !folder.join("report.txt").exists(), "{words}");
    }
}

#[test]
fn a_browser_shows_it_without_scripts_on_a_telephone() {
    let Some(modules) = modules() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    mlc(folder, "report commands -o 0.html", &[]);
    mlc(folder, "report commands --target atmega2560 -o 1.html", &[]);
    let job = |at: usize| json!({ "page": folder.join(format!("{at}.html")), "report": true, "unscripted": at == 1 });
    assert_eq!(drive(&modules, &[job(0), job(1)]).len(), 2);
}
