//! `mlc bench`, `mlc inspect` and `mlc targets`.

use crate::{Folder, models};
use serde_json::Value;

fn tiny() -> Folder {
    let folder = Folder::new();
    folder.write("model.ron", models::text(&models::chat()));
    folder.write("sorter.ron", models::text(&models::classifier()));
    folder
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

#[test]
fn phases_add_up_to_the_whole() {
    let folder = tiny();
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
    let folder = tiny();
    let said = folder.mlc(["bench", "model.ron"]).ok();
    for line in ["least ", "mean ", "most ", "encode ", "fc1_query ", "fc2 ", "argmax ", "all ", "image: "] {
        assert!(said.lines().any(|l| l.starts_with(line)), "{line}: {said}");
    }
    assert!(said.contains("ms at 4 MHz"), "{said}");
}

#[test]
fn inspect_shows_layers_ranges_and_targets() {
    let folder = tiny();
    insta::assert_snapshot!("inspect-sorter", folder.mlc(["inspect", "sorter.ron"]).ok());
    let value = json(&folder.mlc(["inspect", "model.ron", "--json"]).ok());
    assert_eq!(value["kind"], "chat");
    assert_eq!(value["shape"], "40→12→7");
    let layers = value["layers"].as_array().expect("layers are a list");
    let counted =
        models::chat().layers.iter().map(|l| l.weights.iter().filter(|&&w| w != 0).count()).sum::<usize>();
    let shown: u64 = layers.iter().filter_map(|l| l["nonzero"].as_u64()).sum();
    assert_eq!(shown, counted as u64);
    assert_eq!(value["targets"][0]["target"], "z80-cpm");
    assert_eq!(value["targets"][0]["fits"], true);
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
    let folder = tiny();
    let own = include_str!("../../runtime-z80/targets/z80-cpm.ron").replace("4000000", "2000000");
    folder.write("slow.ron", own.replace("\"z80-cpm\"", "\"slow\""));
    let value = json(&folder.mlc(["bench", "model.ron", "--target", "slow.ron", "--json"]).ok());
    assert_eq!((&value["target"], &value["clock_hz"]), (&"slow".into(), &2_000_000.into()));
}
