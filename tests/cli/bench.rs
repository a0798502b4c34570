//! `mlc bench`, `mlc inspect` and `mlc targets`.

use crate::{Folder, json, models, parts};
use serde_json::Value;

#[test]
fn phases_add_up_to_the_whole() {
    let folder = Folder::with_models();
    for (model, encoding) in [("model.ron", "auto"), ("model.ron", "packed"), ("sorter.ron", "auto")] {
        let value = json(&folder.mlc(["bench", model, "--encoding", encoding, "--json"]).ok());
        let number = |v: &Value| v.as_f64().expect("it is a number");
        let step = &value["step"];
        let mean = number(&step["mean"]);
        let phases = value["phases"].as_array().expect("phases are a list");
        let sum: f64 = phases.iter().map(|p| number(&p["simulated"])).sum();
        assert!((sum - mean).abs() < 0.01, "{model}: {sum} and {mean}");
        assert!(number(&step["least"]) > 0.0 && number(&step["least"]) <= number(&step["most"]));
        assert_eq!(value["prompts"], 24);
        // 4 MHz: 4,000 T-states a millisecond.
        assert!((number(&value["step_milliseconds"]["mean"]) * 4000.0 - mean).abs() < 0.01);
        let predicted: f64 = phases.iter().filter_map(|p| p["predicted"].as_f64()).sum();
        assert!((predicted - number(&value["predicted"])).abs() < 0.01);
    }
}

#[test]
fn the_table_has_steps_and_phases() {
    let folder = Folder::with_models();
    let said = folder.mlc(["bench", "model.ron"]).ok();
    for line in ["least ", "mean ", "most ", "encode ", "fc1_query ", "fc2 ", "argmax ", "all ", "image: "] {
        assert!(said.lines().any(|l| l.starts_with(line)), "{line}: {said}");
    }
    assert!(said.contains("ms at 4 MHz"), "{said}");
}

#[test]
fn inspect_shows_layers_ranges_and_targets() {
    let folder = Folder::with_models();
    insta::assert_snapshot!("inspect-sorter", folder.mlc(["inspect", "sorter.ron"]).ok());
    let value = json(&folder.mlc(["inspect", "model.ron", "--json"]).ok());
    assert_eq!(value["kind"], "chat");
    assert_eq!(value["shape"], "40→12→7");
    let layers = value["layers"].as_array().expect("layers are a list");
    let counted = parts::layers(&models::chat())
        .iter()
        .map(|l| l.weights.iter().filter(|&&w| w != 0).count())
        .sum::<usize>();
    let shown: u64 = layers.iter().filter_map(|l| l["nonzero"].as_u64()).sum();
    assert_eq!(shown, counted as u64);
    let fits = |name: &str| {
        let targets = value["targets"].as_array().expect("targets are a list");
        targets.iter().find(|t| t["target"] == name).map(|t| t["fits"].clone())
    };
    for target in ["z80-cpm", "zx48", "cpc464", "msx"] {
        assert_eq!(fits(target), Some(true.into()), "{target}");
    }
    assert_eq!(value["training"][0][0], "pairs");
}

#[test]
fn inspect_says_where_a_model_does_not_fit() {
    let folder = Folder::new();
    folder.write("huge.ron", models::text(&models::huge()));
    let said = folder.mlc(["inspect", "huge.ron"]).ok();
    assert!(said.contains("\nz80-cpm: huge does not fit z80-cpm: "), "{said}");
    let value = json(&folder.mlc(["inspect", "huge.ron", "--json"]).ok());
    assert_eq!(
        (&value["targets"][0]["fits"], &value["targets"][0]["image_bytes"]),
        (&Value::Bool(false), &Value::Null)
    );
}

#[test]
fn targets_are_listed() {
    let folder = Folder::new();
    assert!(folder.mlc(["targets"]).ok().lines().any(|line| line.starts_with("z80-cpm ")));
    let value = json(&folder.mlc(["targets", "--json"]).ok());
    let row = value.as_array().expect("targets are a list").iter().find(|t| t["name"] == "z80-cpm");
    let row = row.expect("z80-cpm is there");
    assert_eq!((&row["clock_hz"], &row["image"]), (&4_000_000.into(), &"com".into()));
}

#[test]
fn a_target_can_be_described_in_a_file() {
    let folder = Folder::with_models();
    let own = include_str!("../../runtime-z80/targets/z80-cpm.ron").replace("4000000", "2000000");
    folder.write("slow.ron", own.replace("\"z80-cpm\"", "\"slow\""));
    let value = json(&folder.mlc(["bench", "model.ron", "--target", "slow.ron", "--json"]).ok());
    assert_eq!((&value["target"], &value["clock_hz"]), (&"slow".into(), &2_000_000.into()));
}

#[test]
fn all_is_a_table_of_networks_targets_and_encodings() {
    let folder = Folder::new();
    folder.write("models/net/model.ron", models::text(&models::chat()));
    folder.write("models/net/prompts.txt", "hello\nwho are you\n");
    folder.write("models/sorter/model.ron", models::text(&models::classifier()));
    folder.write("models/notes.txt", "no model");
    let rows = json(&folder.mlc(["bench", "--all", "--json"]).ok());
    let rows = rows.as_array().expect("it is a list");
    let names: Vec<_> = rows.iter().map(|row| row["network"].as_str().expect("it has a name")).collect();
    let half = rows.len() / 2;
    assert!(
        names[..half].iter().all(|n| *n == "tiny") && names[half..].iter().all(|n| *n == "sorter"),
        "{names:?}"
    );
    // What the verb says of one of them.
    let one = json(&folder.mlc(["bench", "net", "--encoding", "packed", "--json"]).ok());
    let same = |row: &&Value| row["target"] == "z80-cpm" && row["encoding"] == "packed";
    let row = &rows.iter().find(same).expect("packed is there")["figures"];
    assert_eq!((&row["cycles"], &row["bytes"]), (&one["cycles"], &one["image_bytes"]));
    assert_eq!((&row["steps"], &row["prompts"]), (&one["steps"], &2.into()));
    assert_eq!(row["first_character"][1].as_f64(), one["first_character"]["most"].as_f64());

    let some = ["bench", "--all", "sorter", "net", "--target", "z80-cpm", "--encoding", "packed"];
    let text = folder.mlc(some).ok();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 7, "{text}");
    assert_eq!((lines[0], lines[3], lines[4]), ("sorter", "", "tiny"), "{text}");
    assert!(lines[1].starts_with("target   encoding  bytes  cycles/step"), "{text}");
    assert!(lines[2].starts_with("z80-cpm  packed "), "{text}");
    let limited = folder.mlc(["bench", "--all", "net", "--layer", "2=packed", "--max-bytes", "20000"]).ok();
    assert!(limited.contains("  auto 2=packed ≤20,000  "), "{limited}");
    let markdown = folder.mlc(some.iter().chain(&["--markdown"])).ok();
    assert_eq!(markdown.lines().nth(1), Some("|---|---|---|---:|---:|---:|---:|---:|---:|"));
    assert_eq!(markdown.lines().count(), 4);
}

#[test]
fn all_has_a_row_for_what_does_not_fit() {
    let folder = Folder::new();
    folder.write("huge.ron", models::text(&models::huge()));
    let args = ["bench", "--all", "huge.ron", "--target", "z80-cpm", "--encoding", "packed"];
    assert!(folder.mlc(args).ok().contains("\nz80-cpm  packed    does not fit\n"));
    assert_eq!(json(&folder.mlc(args.iter().chain(&["--json"])).ok())[0]["figures"], Value::Null);
}

#[test]
fn the_first_character_is_timed() {
    let folder = Folder::with_models();
    let value = json(&folder.mlc(["bench", "model.ron", "--json"]).ok());
    let first = &value["first_character"];
    let number = |v: &Value| v.as_f64().expect("it is a number");
    assert!(
        number(&first["least"]) <= number(&first["mean"]) && number(&first["mean"]) <= number(&first["most"])
    );
    // It needs a step at least, and no answer is over before it has begun.
    assert!(number(&first["least"]) > 0.5 * number(&value["step"]["least"]), "{value}");
    assert!(number(&first["most"]) < number(&value["cycles"]));
    assert!(folder.mlc(["bench", "model.ron"]).ok().contains("\nfirst character after "));
}

#[test]
fn bench_refuses_what_it_cannot_measure() {
    let folder = Folder::with_models();
    for args in [
        &[][..],
        &["model.ron", "sorter.ron"],
        &["model.ron", "--markdown"],
        &["--all", "--target", "reference"],
    ] {
        folder.mlc([&["bench"], args].concat()).fails(2);
    }
    folder.write("models/readme.txt", "");
    assert!(folder.mlc(["bench", "--all"]).fails(1).contains("no folder in it has a model.ron"));
}
