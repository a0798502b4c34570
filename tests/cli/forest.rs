//! Trees: `mlc inspect`, `eval`, `run`, `verify`, `bench`, `profile` and `compile` of one.

use crate::tflite::dense;
use crate::{Folder, json, models};

/// Two trees over three values, of which one is not read.
pub const FLOWERS: &str = r#"(
    format: 2,
    head: (name: "flowers", about: "two trees", training: []),
    reader: Sensors((
        inputs: ["length", "width", "age"],
        shape: (1, 1, 3),
        decimals: 1,
        ranks: [[2.45, 4.85], [-0.5], []],
    )),
    answer: Class((labels: ["rose", "tulip", "aster"], margin: 2, output: (0.5, 0))),
    body: Network((
        rounding: OnnxRuntime,
        operators: [(
            name: "trees1",
            shape: (1, 1, 3),
            output: (0.5, 0),
            kind: Trees(input: 0, trees: (
                base: [0, 1, 0],
                roots: [0, 2],
                splits: [(0, -128, -1, 1), (1, -128, -2, -3), (0, -127, -2, -3)],
                leaves: [[(0, 4)], [(1, 2)], [(1, -1), (2, 3)]],
            )),
        )],
    )),
)"#;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("flowers.ron", FLOWERS);
    folder
}

const TARGETS: [&str; 8] =
    ["reference", "atmega328p", "atmega2560", "attiny85", "z80-cpm", "zx48", "cpc464", "msx"];

/// Lines, and what is said to them.
const LINES: [(&str, &str); 7] = [
    // A reading at a threshold is not above it: 2.45 counts as 2.4, 4.85 as 4.8.
    ("2.4 0 9", "?"),
    ("2.45, 0, 9", "?"),
    ("2.5 -0.5 9", "tulip"),
    ("2.5 -0.4 9", "?"),
    ("4.8,-7,9", "tulip"),
    ("4.9;-0.4;9", "aster"),
    ("1 2", "? 3 numbers"),
];

#[test]
fn trees_answer_alike_everywhere() {
    let folder = folder();
    let words = LINES.map(|(line, _)| line);
    let wants: String = LINES.iter().map(|(_, answer)| format!("{answer}\n")).collect();
    for target in TARGETS {
        let ran = folder.mlc(["run", "flowers.ron", "--target", target, "--"].iter().chain(&words)).ok();
        assert_eq!(ran, wants, "{target}");
    }
}

#[test]
fn trees_are_shown_measured_and_verified() {
    let folder = folder();
    let shown = folder.mlc(["inspect", "flowers.ron"]).ok();
    let in_c = shown.lines().find(|line| line.starts_with("c99: ")).expect("what its C takes");
    assert!(in_c.contains(" bytes of constants, ") && in_c.ends_with(" of state"), "{in_c}");
    assert!(
        shown.starts_with("flowers, 3 to 3, 1 operator, 3 splits, rounds as onnxruntime\ntwo trees\n"),
        "{shown}"
    );
    assert!(shown.contains("\nreads: 3 numbers, 1 decimal counted, compared with 3 thresholds\n"), "{shown}");
    assert!(shown.contains("\ntrees1    2 trees, 3 splits      3\n"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    // Floats are compared as they are, whatever digits a line has.
    folder.write("data.csv", "a,b,c,label\n2.45,0,1,rose\n2.46,-1,1,tulip\n9,0.01,1,aster\n9,0,1,rose\n");
    let said = folder.mlc(["eval", "flowers.ron", "data.csv"]).ok();
    assert!(said.contains("4 rows\n50.0 % right, 2 of 4, 1 answered ?\n"), "{said}");
    for target in ["z80-cpm", "atmega328p"] {
        let verified = folder.mlc(["verify", "flowers.ron", "--target", target, "--data", "data.csv"]).ok();
        assert_eq!(verified, format!("flowers on {target}: 4 prompts, 4 steps, 12 logits: all equal\n"));
        for optimize in ["speed", "size"] {
            let bench = folder.mlc(["bench", "flowers.ron", "--target", target, "--optimize", optimize]).ok();
            assert!(bench.contains("\ns1_trees ") && bench.contains("16 prompts, 16 steps"), "{bench}");
        }
        let profile = folder.mlc(["profile", "flowers.ron", "--target", target]).ok();
        assert!(profile.contains("s1_trees"), "{profile}");
    }
}

/// The same trees with a chain of 38 more splits.
fn many() -> String {
    let chain: String = (3..40).map(|at| format!("({}, -128, {}, -1), ", at % 2, at + 1)).collect();
    FLOWERS.replace("(0, -127, -2, -3)]", &format!("(0, -127, -2, 3), {chain}(0, -128, -3, -1)]"))
}

/// Tables take less than code and longer, but not of so few splits: what goes through them is code, too.
#[test]
fn trees_are_tables_where_that_is_smaller() {
    let folder = folder();
    folder.write("many.ron", many());
    folder.mlc(["inspect", "many.ron"]).ok();
    for (target, ending) in [("z80-cpm", "asm"), ("atmega328p", "S"), ("attiny85", "S")] {
        let text = |model: &str, optimize: &str| {
            let file = format!("{optimize}.{ending}");
            folder.mlc(["compile", model, "--target", target, "--optimize", optimize, "-o", &file]).ok();
            folder.text(&file)
        };
        let is_table = |text: &str| text.contains("net_tree:");
        assert!(
            text("flowers.ron", "size").contains("s1_trees_tree1:\n")
                && !is_table(&text("flowers.ron", "size"))
        );
        assert!(!is_table(&text("many.ron", "speed")) && is_table(&text("many.ron", "size")), "{target}");
        let verified = folder.mlc(["verify", "many.ron", "--target", target, "--optimize", "size"]).ok();
        assert!(verified.contains("all equal"), "{verified}");
    }
}

/// Cycles of sixteen lines and bytes of the image: what changes them shows, and is kept on purpose.
#[test]
fn networks_on_numbers_take_what_is_kept() {
    let folder = folder();
    folder.write("many.ron", many()).write("net.tflite", dense(9).bytes());
    folder.mlc(["import", "net.tflite", "--labels", "up,down", "-o", "dense.ron"]).ok();
    let mut kept = String::new();
    for model in ["dense", "flowers", "many"] {
        for target in ["atmega328p", "attiny85", "z80-cpm"] {
            for optimize in ["speed", "size"] {
                let file = format!("{model}.ron");
                let args = ["bench", &file, "--target", target, "--optimize", optimize, "--json"];
                let bench = json(&folder.mlc(args).ok());
                let (cycles, bytes) = (&bench["cycles"], &bench["image_bytes"]);
                assert!(cycles.is_u64() && bytes.is_u64(), "{bench}");
                kept += &format!("{model} on {target} for {optimize}: {cycles} cycles, {bytes} bytes\n");
            }
        }
    }
    insta::assert_snapshot!("numbers-kept", kept);
}

/// The same trees with 300 thresholds of `length`, from 0 to 29.9: it becomes two bytes, of which the second one counts from 25.5 on.
fn parted() -> String {
    let thresholds: Vec<String> = (0..300).map(|at| format!("{:?}", at as f32 / 10.0)).collect();
    FLOWERS
        .replace("shape: (1, 1, 3),\n        decimals", "shape: (1, 1, 4),\n        decimals")
        .replace("[2.45, 4.85]", &format!("[{}]", thresholds.join(", ")))
        .replace("(0, -128, -1, 1), (1, -128, -2, -3)", "(0, 126, -1, 1), (2, -128, -2, -3)")
        .replace("(0, -127, -2, -3)", "(1, -84, -2, -3)")
}

/// A value with more thresholds than a byte counts is one number of a line, and one column of data.
#[test]
fn values_of_several_bytes_are_one_number() {
    let folder = folder();
    folder.write("parted.ron", parted());
    let shown = folder.mlc(["inspect", "parted.ron"]).ok();
    assert!(shown.starts_with("flowers, 3 numbers to 3, 1 operator, 3 splits"), "{shown}");
    assert!(
        shown.contains("\nreads: 3 numbers, 1 decimal counted, compared with 301 thresholds\n"),
        "{shown}"
    );
    // The first split is at 25.4, the last threshold of the first byte; the third one at 29.9, the last of the second.
    let lines = [
        ("25.4 0 9", "?"),
        ("25.5 -0.5 9", "tulip"),
        ("25.5 -0.4 9", "?"),
        ("29.9 0 9", "?"),
        ("30 0 9", "aster"),
        ("#126 -128 5 0", "?"),
        ("#127 -83 5 0", "aster"),
        ("#127 -83 5", "? 3 numbers"),
        ("1 2 3 4", "? 3 numbers"),
    ];
    let words = lines.map(|(line, _)| line);
    let wants: String = lines.iter().map(|(_, answer)| format!("{answer}\n")).collect();
    for target in TARGETS {
        let ran = folder.mlc(["run", "parted.ron", "--target", target, "--"].iter().chain(&words)).ok();
        assert_eq!(ran, wants, "{target}");
    }
    folder.write("data.csv", "a,b,c,label\n25.4,0,1,rose\n25.46,-1,1,tulip\n99,0.01,1,aster\n");
    let said = folder.mlc(["eval", "parted.ron", "data.csv"]).ok();
    assert!(said.contains("3 rows\n66.7 % right, 2 of 3, 1 answered ?\n"), "{said}");
    for target in ["z80-cpm", "atmega328p", "attiny85"] {
        let verified = folder.mlc(["verify", "parted.ron", "--target", target, "--data", "data.csv"]).ok();
        assert_eq!(verified, format!("flowers on {target}: 3 prompts, 3 steps, 9 logits: all equal\n"));
        folder.mlc(["verify", "parted.ron", "--target", target]).ok();
    }
    folder.mlc(["compile", "parted.ron", "-o", "parted.zip"]).ok();
    folder.mlc(["compile", "parted.ron", "--target", "attiny85", "-o", "parted.S"]).ok();
    let text = folder.text("parted.S");
    assert!(text.contains("takes the values of one of 3 readings, times 10\n"), "{text}");
    folder.write("bytes.npz", models::rows(3, &[0; 6]));
    let refused = crate::unfolded(&folder.mlc(["eval", "parted.ron", "bytes.npz"]).fails(1));
    assert!(refused.contains("values of this model become several bytes: give readings"), "{refused}");
}
