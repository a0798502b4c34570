//! `mlc train DATA.csv --classifier`: trees, margins, and what is said of tables of other kinds.

use crate::json;
use crate::train_numbers::{csv, folder, rings, share};

#[test]
fn a_table_becomes_trees() {
    let folder = folder();
    folder.write("test.csv", csv(&rings(90, 2)));
    for (trees, least) in [("1", 85.0), ("12", 93.0)] {
        let args = [
            "train",
            "rings.csv",
            "--classifier",
            "--forest",
            trees,
            "-o",
            "trees.ron",
            "--result",
            "r.json",
        ];
        let ran = folder.mlc(args);
        let counted = if trees == "1" { "1 tree\n" } else { "12 trees\n" };
        assert!(
            ran.stderr.contains(&format!("240 rows to learn, 60 rows held out; {counted}")),
            "{}",
            ran.stderr
        );
        let said = ran.ok();
        assert!(said.starts_with("trees.ron: rings, 2 to 3, 1 operator, "), "{said}");
        assert!(share(&said) > least && said.contains("\nthese trees "), "{said}");
        assert!(said.contains("\non atmega328p: ") && said.ends_with(" bytes\n"), "{said}");
        let result = json(&folder.text("r.json"));
        assert_eq!((&result["settings"]["forest"], &result["held_out"]["rows"]), (&trees.into(), &60.into()));
        let args = ["verify", "trees.ron", "--target", "atmega328p", "--data", "test.csv"];
        assert_eq!(
            folder.mlc(args).ok(),
            "rings on atmega328p: 90 prompts, 90 steps, 270 logits: all equal\n"
        );
    }
    let model = folder.text("trees.ron");
    let said = folder.mlc(["train", "rings.csv", "--resume", "trees.ron", "-o", "more.ron"]).fails(1);
    assert!(said.contains("trees.ron has trees, which are grown from the start"), "{said}");
    folder.mlc(["train", "rings.csv", "--classifier", "--forest", "12", "-o", "again.ron"]).ok();
    assert_eq!(folder.text("again.ron"), model);
}

#[test]
fn trees_have_no_options_of_networks() {
    let folder = folder();
    let said = |options: &[&str]| {
        folder.mlc([&["train", "rings.csv", "--classifier", "--forest", "3"], options].concat()).fails(2)
    };
    for option in ["--hidden", "--steps", "--epochs", "--batch", "--patience", "--seeds"] {
        let said = said(&[option, "8"]);
        assert!(
            said.contains(&format!("{option} is for networks, and --forest grows trees: leave it out")),
            "{said}"
        );
    }
    assert!(said(&["--weights", "ternary"]).contains("--weights is for networks"));
    let said = folder.mlc(["train", "rings.csv", "--classifier", "--forest", "201"]).fails(2);
    assert!(said.contains("write a whole number from 1 to 200\n"), "{said}");
    folder.write("pairs.txt", "a|B\n");
    let said = folder.mlc(["train", "pairs.txt", "--classifier", "--forest", "3"]).fails(2);
    assert!(said.contains("--forest"), "{said}");
}

#[test]
fn margins_and_networks_without_a_hidden_layer() {
    let folder = folder();
    let train = |more: &[&str]| {
        folder.mlc(["train", "rings.csv", "--steps", "300", "-o", "m.ron"].iter().chain(more)).ok();
        folder.text("m.ron")
    };
    let model = train(&["--classifier", "--hidden", "0", "--margin", "40"]);
    assert!(model.contains("margin: 40") && !model.contains("dense2"), "{model}");
    assert!(train(&["--resume", "m.ron"]).contains("margin: 40"), "a model to go on with keeps its own");
    assert!(train(&["--resume", "m.ron", "--margin", "3"]).contains("margin: 3,"));
    let args = ["train", "rings.csv", "--classifier", "--forest", "5", "--margin", "250", "-o", "m.ron"];
    let said = folder.mlc(args).ok();
    assert!(folder.text("m.ron").contains("margin: 250") && said.contains(" answered ?"), "{said}");
    let said =
        |options: &[&str]| folder.mlc([&["train", "rings.csv", "--classifier"], options].concat()).fails(2);
    assert!(said(&["--patience", "0"]).contains("write a whole number from 1 to 1000000"));
    assert!(said(&["--weights", "9"]).contains("networks on numbers ternary, and 2 to 8"));
    let said = folder.mlc(["train", "rings.csv", "--classifier", "--hidden", "8,0"]).fails(1);
    assert!(said.contains("hidden"), "{said}");
    folder.write("pairs.txt", "a|B\nc|D\n");
    let said = folder.mlc(["train", "pairs.txt", "--margin", "3"]).fails(2);
    assert!(said.contains("--margin"), "{said}");
}

#[test]
fn tables_of_other_kinds_are_told() {
    let folder = folder();
    let table = csv(&rings(60, 1)).replace("in, near", "in").replace("x, left", "x");
    let said = |name: &str, text: String, more: &[&str]| {
        folder.write(name, text);
        let (code, said) = (folder.mlc([&["train", name, "--classifier"], more].concat()), name);
        assert_ne!(code.code, Some(0), "{said}");
        code.stderr
    };
    let bars = said("bars.csv", table.replace(',', "|"), &[]);
    let read = "stand between the values of the first line: a comma, a semicolon or a tab is read";
    assert!(bars.contains(&format!("bars.csv: bars (|) {read}")), "{bars}");
    let spaces = said("spaces.csv", table.replace(',', " "), &[]);
    assert!(spaces.contains(&format!("spaces.csv: spaces {read}")), "{spaces}");
    let text = said("table.txt", table.clone(), &[]);
    assert!(
        text.contains("a table of numbers is a .csv, .tsv or .npz, or has --family sensors beside it"),
        "{text}"
    );
    let input = folder.mlc(["train", "-", "--classifier", "--family", "sensors"]).fails(2);
    assert!(input.contains("- is standard input, and rows of numbers are read from files"), "{input}");
}

#[test]
fn long_labels_stay_within_a_line() {
    let folder = folder();
    let label = |i: usize| format!("a-label-of-forty-characters-as-may-be-{i:02}");
    let row = |i: usize| format!("{},{},{}\n", i * 37 % 101, i * 53 % 97, label(i % 5));
    folder.write("long.csv", (0..200).map(row).collect::<String>());
    let said = folder.mlc(["train", "long.csv", "--classifier", "--steps", "60", "-o", "long.ron"]).ok();
    let eval = folder.mlc(["eval", "long.ron", "long.csv"]).ok();
    let inspect = folder.mlc(["inspect", "long.ron"]).ok();
    for text in [&said, &eval, &inspect] {
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
