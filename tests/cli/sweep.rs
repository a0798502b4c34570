//! `mlc sweep`: commands that a shell runs, and what is made of their results.

use crate::Folder;
use serde_json::Value;

const PAIRS: &str =
    "is it raining|YES\nis it sunny|NO\nwill it snow|MAYBE\nhello|HI\ncan it rain|YES\nis it hot|NO\n";

/// Three shapes and two seeds of a small classifier, from a file with a name that a shell would take apart.
const OPTIONS: [&str; 12] = [
    "it's $HOME.txt",
    "--classifier",
    "--hidden",
    "8",
    "--hidden",
    "8,4",
    "--epochs",
    "60",
    "--seeds",
    "2",
    "--about",
    "a \"b\", `c`",
];

fn sweep(folder: &Folder, options: &[&str]) -> String {
    let words = ["sweep", "--print", "runs"];
    folder.mlc(words.iter().chain(options)).ok()
}

/// Runs lines of a shell script one by one, as a batch system does.
fn run(folder: &Folder, script: &str) {
    for line in script.lines() {
        let status = std::process::Command::new("sh")
            .args(["-c", line])
            .current_dir(folder.path(""))
            .stdin(std::process::Stdio::null())
            .output()
            .expect("there is a shell");
        assert!(status.status.success(), "{line}: {}", String::from_utf8_lossy(&status.stderr));
    }
}

#[cfg(unix)]
#[test]
fn a_shell_runs_what_was_printed_and_results_are_merged() {
    let folder = Folder::new();
    folder.write("it's $HOME.txt", PAIRS);
    let script = sweep(&folder, &OPTIONS);
    assert_eq!(script.lines().count(), 4, "{script}");
    assert_eq!(script, sweep(&folder, &OPTIONS), "names and order are the same every time");
    assert_eq!(folder.names(), ["it's $HOME.txt", "runs", "runs/sweep.json"]);

    let ran = folder.mlc(["sweep", "--collect", "runs"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("warning: hidden-8_seed-1: missing, it has no result (yet)\n"),
        "{}",
        ran.stderr
    );

    let (first, rest) = script.split_once('\n').expect("there are several lines");
    run(&folder, first);
    let missing = folder.mlc(["sweep", "--collect", "runs", "--missing"]).ok();
    assert_eq!(missing, rest, "all but the first");
    run(&folder, &missing);

    let said = folder.mlc(["sweep", "--collect", "runs", "--curve", "runs.svg"]).ok();
    let names = ["hidden-8_seed-1", "hidden-8_seed-2", "hidden-8-4_seed-1", "hidden-8-4_seed-2"];
    let rows: Vec<&str> = said.lines().collect();
    assert!(
        rows[0].contains("run ") && rows[0].contains("characters") && rows[0].contains("cycles a step"),
        "{said}"
    );
    for (row, name) in rows[1..5].iter().zip(names) {
        assert!(row.contains(&format!("{name} ")) && row.contains(" % "), "{said}");
    }
    assert!(rows[1..5].iter().any(|row| row.starts_with("*  ")), "{said}");
    assert!(folder.text("runs.svg").matches("<circle ").count() == 8, "two figures a run");

    // What the table says is what the model does.
    let runs: Value =
        serde_json::from_str(&folder.mlc(["sweep", "--collect", "runs", "--json"]).ok()).expect("JSON");
    let of: Vec<&Value> = runs["runs"].as_array().expect("a list").iter().collect();
    assert_eq!(of.len(), 4);
    let model = folder.mlc(["eval", "runs/hidden-8-4_seed-2.ron", "it's $HOME.txt", "--json"]).ok();
    let model: Value = serde_json::from_str(&model).expect("JSON");
    assert_eq!(of[3]["train"], model["figures"]);
    assert_eq!((&of[3]["settings"]["hidden"], &of[3]["settings"]["seed"]), (&"8,4".into(), &"2".into()));
    assert_eq!(of[3]["settings"]["about"], "a \"b\", `c`");
    let compiled = folder.mlc(["compile", "runs/hidden-8-4_seed-2.ron", "--json", "-o", "x.com"]).ok();
    let compiled: Value = serde_json::from_str(&compiled).expect("JSON");
    assert_eq!(of[3]["cycles"], compiled["predicted_cycles_a_step"]);
    assert_eq!(of[3]["bytes"], folder.read("x.com").len());

    let csv = folder.mlc(["sweep", "--collect", "runs", "--csv"]).ok();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.starts_with("run,front,seed,characters,replies,"), "{csv}");
    assert!(csv.contains(",\"a \"\"b\"\", `c`\","), "{csv}");
}

#[cfg(unix)]
#[test]
fn broken_and_foreign_results_are_told() {
    let folder = Folder::new();
    folder.write("p.txt", PAIRS);
    let options = ["p.txt", "--classifier", "--hidden", "4", "--epochs", "3", "--seed", "1,2,3"];
    run(&folder, &sweep(&folder, &options));
    // A sweep with fewer runs: what is there beside it counts all the same.
    sweep(&folder, &["p.txt", "--classifier", "--hidden", "4", "--epochs", "3", "--seed", "1,3"]);
    let said = folder.mlc(["sweep", "--collect", "runs"]).ok();
    assert!(said.contains("seed-2 "), "{said}");

    let whole = folder.text("runs/seed-1.json");
    folder.write("runs/seed-1.json", &whole[..whole.len() / 2]);
    folder.write("runs/seed-2.ron", folder.read("runs/seed-3.ron"));
    std::fs::remove_file(folder.path("runs/seed-3.json")).expect("it is there");
    let ran = folder.mlc(["sweep", "--collect", "runs"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let broken = ["seed-1: broken: runs/seed-1.json: no result: ", "seed-3: missing, "];
    assert!(broken.iter().all(|text| ran.stderr.contains(text)), "{}", ran.stderr);
    let said = folder.mlc(["sweep", "--collect", "runs", "--missing"]).ok();
    assert_eq!(said.lines().count(), 2, "{said}");

    folder.mlc(["sweep", "--collect", "empty"]).fails(1);
    folder.write("empty/readme.txt", "");
    let said = folder.mlc(["sweep", "--collect", "empty"]).fails(1);
    assert!(said.contains("neither a list of runs nor a result"), "{said}");
    folder.write("empty/sweep.json", "{}");
    let said = folder.mlc(["sweep", "--collect", "empty"]).fails(1);
    assert!(said.contains("empty/sweep.json: no list of a sweep's runs: missing field"), "{said}");
}

#[test]
fn wrong_sweeps_are_usage_errors() {
    let folder = Folder::new();
    folder.write("p.txt", PAIRS);
    for (words, said) in [
        (&["sweep"][..], "give --print DIR or --collect DIR first"),
        (&["sweep", "p.txt", "--print", "runs"], "give --print DIR or --collect DIR first"),
        (&["sweep", "--print", "runs"], "were not provided: <PAIRS>"),
        (&["sweep", "--print", "runs", "p.txt", "--max-tstates", "0,5"], "--max-tstates 0 leaves no network"),
        (&["sweep", "--collect", "runs", "p.txt"], "--collect takes no options of `mlc train`"),
    ] {
        let error = folder.mlc(words).fails(2);
        assert!(error.contains(said), "{words:?}: {error}");
    }
    let said = folder.mlc(["sweep", "--print", "p.txt", "p.txt"]).fails(1);
    assert!(said.contains("p.txt: cannot be written"), "{said}");
    assert_eq!(folder.names(), ["p.txt"]);
}

#[test]
fn the_same_training_gives_the_same_result() {
    let folder = Folder::new();
    folder.write("p.txt", PAIRS);
    let train = ["train", "p.txt", "--classifier", "--hidden", "4", "--epochs", "2", "--result", "r.json"];
    folder.mlc(train).ok();
    let first = folder.text("r.json");
    folder.mlc(train).ok();
    assert_eq!(folder.text("r.json"), first, "the same command, the same file");
    let said = folder.mlc(["train", "p.txt", "--result", "gone/r.json"]).fails(1);
    assert!(said.contains("gone/r.json: cannot be written: its folder is not there"), "{said}");
}

#[cfg(unix)]
#[test]
fn sweeps_of_sequence_models_are_collected() {
    let folder = crate::train_sequence::pairs();
    let options =
        ["pairs.txt", "--hold-out", "0.2", "--target", "atmega1284p", "--hidden", "8", "--hidden", "16"];
    let small = [
        "--family", "sequence", "--dim", "16", "--heads", "2", "--layers", "1", "--steps", "20", "--batch",
        "8",
    ];
    run(&folder, &sweep(&folder, &[&options[..], &small].concat()));
    let said = folder.mlc(["sweep", "--collect", "runs", "--curve", "runs.svg"]).ok();
    let rows: Vec<&str> = said.lines().collect();
    let heads: Vec<&str> = rows[0].split_whitespace().collect();
    assert_eq!(heads[..4], ["run", "likelihood", "tokens", "replies"], "{said}");
    assert!(rows[0].contains("held out:") && rows[0].contains("cycles a step"), "{said}");
    assert!(rows[1].contains("hidden-8 ") && rows[2].contains("hidden-16 "), "{said}");
    assert!(rows[1].starts_with("* "), "the one with fewer cycles is on the front: {said}");
    assert!(rows[3].starts_with("* on the front: no other run has more of held-out likelihood"), "{said}");
    assert_eq!(folder.text("runs.svg").matches("<circle ").count(), 12, "three shares of two sides");
    // What the table says is what the model does, and what its program takes.
    let runs: Value =
        serde_json::from_str(&folder.mlc(["sweep", "--collect", "runs", "--json"]).ok()).expect("JSON");
    let one = &runs["runs"][0];
    let result: Value = serde_json::from_str(&folder.text("runs/hidden-8.json")).expect("JSON");
    assert_eq!((&one["held_out"], &one["cycles"]), (&result["held_out"], &result["cycles"]));
    let compile = ["compile", "runs/hidden-8.ron", "--target", "atmega1284p", "--json", "-o", "x.hex"];
    let compiled: Value = serde_json::from_str(&folder.mlc(compile).ok()).expect("JSON");
    assert_eq!(one["cycles"], compiled["predicted_cycles_a_step"]);
    let csv = folder.mlc(["sweep", "--collect", "runs", "--csv"]).ok();
    assert!(
        csv.starts_with("run,front,seed,likelihood,tokens,replies,held_out_likelihood,held_out_tokens,"),
        "{csv}"
    );

    // A result of another model, one of hashed text beside them, and one of a family that nobody knows.
    folder.write("runs/hidden-8.ron", folder.read("runs/hidden-16.ron"));
    let hashed = ["train", "pairs.txt", "--classifier", "--hidden", "4", "--epochs", "3"];
    folder.mlc(hashed.iter().chain(&["-o", "runs/other.ron", "--result", "runs/other.json"])).ok();
    let unknown = folder.text("runs/hidden-16.json").replace("\"sequence\"", "\"crystal\"");
    folder.write("runs/strange.json", unknown);
    let ran = folder.mlc(["sweep", "--collect", "runs"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let broken = ["hidden-8: broken: the result is of another model", "knows no family \"crystal\""];
    assert!(broken.iter().all(|text| ran.stderr.contains(text)), "{}", ran.stderr);
    assert!(ran.stdout.contains(" characters ") && ran.stdout.contains(" likelihood "), "{}", ran.stdout);
    let ran = folder.mlc(["sweep", "--collect", "runs", "--curve", "x.svg"]);
    assert!(
        ran.code == Some(2) && ran.stderr.contains("these are for atmega1284p, z80-cpm"),
        "{}",
        ran.stderr
    );
}
