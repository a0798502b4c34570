//! What the user decides of a plan: `--encoding`, `--layer`, `--optimize`, `--max-bytes`.

use crate::{Folder, models, unfolded};
use insta::assert_snapshot;
use mlc_compiler::plan::{Demands, Layer};
use mlc_compiler::weights::Form;
use mlc_compiler::{Assets, Request, compile};

/// Form of each stage, as the table shows it.
fn forms(folder: &Folder, options: &[&str]) -> Vec<(String, String)> {
    let args = ["compile", "--emit", "plan"].iter().chain(options);
    let table = folder.mlc(args).ok();
    let stages = table.lines().skip(1).filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[1].to_string(), words[3].to_string())
    };
    stages.map(row).collect()
}

/// Size of the image that these options give.
fn bytes(folder: &Folder, options: &[&str]) -> usize {
    let args = ["compile", "-o", "size.com"].iter().chain(options);
    folder.mlc(args).ok();
    folder.read("size.com").len()
}

#[test]
fn a_layer_s_form_is_asked_for_and_the_rest_follows() {
    let folder = Folder::with_chat();
    let asked = |options: &[&str]| -> Vec<String> {
        forms(&folder, options).into_iter().map(|(stage, form)| format!("{stage} {form}")).collect()
    };
    assert_eq!(
        asked(&["--encoding", "packed", "--layer", "1=gaps"]),
        ["fc1_query gaps", "fc1_context gaps", "fc2 packed"]
    );
    // A stage by name goes before its layer, in any order.
    let named = ["--layer", "fc1_query=columns", "--layer", "1=gaps", "--encoding", "packed"];
    assert_eq!(asked(&named), ["fc1_query columns", "fc1_context gaps", "fc2 packed"]);
    let [query, context, last] = &forms(&folder, &["--layer", "2=packed"])[..] else {
        panic!("three stages")
    };
    let free = forms(&folder, &[]);
    assert_eq!((query, context), (&free[0], &free[1]), "what is free is chosen as without the demand");
    assert_eq!(last.1, "packed");
    assert_snapshot!("layer-asked", folder.mlc(["compile", "--emit", "plan", "--layer", "2=packed"]).ok());
}

/// Size of the image with these forms, without a process of its own.
fn bytes_in(forms: [Form; 3]) -> usize {
    let assets = Assets::builtin();
    let targets = assets.targets().expect("the targets that mlc brings are right");
    let target = targets.iter().find(|target| target.name == "z80-cpm").expect("mlc brings it");
    let stages = ["fc1_query", "fc1_context", "fc2"].map(|stage| Layer::Stage(stage.into()));
    let demands = &Demands { layers: stages.into_iter().zip(forms).collect(), ..Demands::default() };
    let model = &models::chat();
    let request = Request { model, target, assets: &assets, demands, wide: false, calibration: &[] };
    compile(&request).expect("the model is small").image.bytes.len()
}

#[test]
fn the_smallest_image_is_the_smallest_of_all() {
    let folder = Folder::with_chat();
    let smallest = bytes(&folder, &["--optimize", "size"]);
    let columns = [Form::Packed, Form::Columns, Form::Shared, Form::Gaps, Form::Unrolled];
    assert_eq!(bytes(&folder, &["--encoding", "gaps"]), bytes_in([Form::Gaps; 3]));
    for (query, context) in columns.iter().flat_map(|query| columns.map(|context| (*query, context))) {
        for last in Form::ALL {
            let forms = [query, context, last];
            let size = bytes_in(forms);
            assert!(smallest <= size, "{forms:?} has {size} bytes, --optimize size {smallest}");
        }
    }
    assert_snapshot!("optimize-size", folder.mlc(["compile", "--emit", "plan", "--optimize", "size"]).ok());
}

#[test]
fn the_fastest_within_a_size() {
    let folder = Folder::with_chat();
    let (fastest, smallest) = (bytes(&folder, &[]), bytes(&folder, &["--optimize", "size"]));
    assert!(smallest < fastest);
    assert_eq!(bytes(&folder, &["--max-bytes", &fastest.to_string()]), fastest);
    let between = bytes(&folder, &["--max-bytes", &(fastest - 1).to_string()]);
    assert!((smallest..fastest).contains(&between), "{between}");
    assert_eq!(bytes(&folder, &["--max-bytes", &smallest.to_string()]), smallest);
}

#[test]
fn what_no_plan_keeps_is_refused_with_what_each_would_need() {
    let folder = Folder::with_chat();
    assert_snapshot!("max-bytes-too-few", folder.mlc(["compile", "--max-bytes", "500"]).fails(1));
    let only = ["compile", "--max-bytes", "500", "--layer", "1=columns", "--encoding", "packed"];
    assert_snapshot!("max-bytes-demanded", folder.mlc(only).fails(1));
    assert_eq!(folder.names(), ["model.ron"]);
}

#[test]
fn layers_that_are_not_there() {
    let folder = Folder::with_chat();
    assert_snapshot!("layer-missing", folder.mlc(["compile", "--layer", "3=packed"]).fails(1));
    assert_snapshot!(
        "layer-unknown",
        folder.mlc(["run", "model.ron", "--layer", "fc9=packed", "a"]).fails(1)
    );
    let wrong = |layers: &[&str]| {
        let options = layers.iter().flat_map(|layer| ["--layer", layer]);
        folder.mlc(["compile"].into_iter().chain(options)).fails(2)
    };
    assert_snapshot!("layer-twice", wrong(&["2=packed", "2=gaps"]));
    assert_snapshot!("layer-form", wrong(&["2=zip"]));
    assert_snapshot!("layer-zero", wrong(&["0=gaps"]));
}

/// Sequence models have a plan: a step for each matrix. What is asked of them is done, or refused by name.
#[test]
fn a_sequence_model_has_a_plan() {
    let folder = Folder::with_models();
    for (option, value) in [("--encoding", "packed"), ("--layer", "1=packed")] {
        let ran = folder.mlc(["compile", "parrot", option, value, "-o", "x.com"]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let said = unfolded(&ran.stderr);
        assert!(
            said.contains(&format!("parrot is a sequence model: {option} is for networks of hashed text")),
            "{said}"
        );
        assert!(said.contains(&format!("leave {option} out")), "{said}");
    }
    for target in ["z80-cpm", "atmega1284p"] {
        let plan = |more: &[&str]| {
            folder.mlc(["compile", "parrot", "--target", target, "--emit", "plan"].iter().chain(more)).ok()
        };
        let weights = |plan: &str| -> usize {
            let taken = plan.lines().filter(|line| line.ends_with("  taken"));
            let bytes =
                |line: &str| line.split_whitespace().rev().nth(2).and_then(|word| word.parse::<usize>().ok());
            taken.filter_map(bytes).sum()
        };
        let fast = plan(&[]);
        assert!(
            fast.contains("\nkey of block 1 ") && fast.contains(" a token, the mean of the first 100\n"),
            "{fast}"
        );
        let small = plan(&["--optimize", "size"]);
        assert!(weights(&small) < weights(&fast), "{small}\n{fast}");
    }
}
