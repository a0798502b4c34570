//! `mlc train DATA.csv --classifier`: rows of numbers → a network on numbers, and everything that is done with it.

use crate::arrays::{npy, stored};
use crate::{Folder, Random, json, shared};

/// Points on three rings: `x`, `y` with three digits, a label with a comma in it.
pub fn rings(count: usize, seed: u64) -> Vec<(f64, f64, usize)> {
    let mut random = Random(seed);
    let mut number = || random.within(0, 100_000) as f64 / 100_000.0;
    let point = |i: usize| {
        let (angle, radius) =
            (number() * std::f64::consts::TAU, 0.5 + (i % 3) as f64 + 0.4 * (number() - 0.5));
        let round = |x: f64| (x * 1000.0).round() / 1000.0;
        (round(radius * angle.cos()), round(100.0 + 20.0 * radius * angle.sin()), i % 3)
    };
    (0..count).map(point).collect()
}

const LABELS: [&str; 3] = ["in, near", "middle", "out"];

pub fn csv(rows: &[(f64, f64, usize)]) -> String {
    let row = |(x, y, label): &(f64, f64, usize)| format!("{x},{y},\"{}\"\n", LABELS[*label]);
    format!("\"x, left\",y,where\n{}", rows.iter().map(row).collect::<String>())
}

pub fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("rings.csv", csv(&rings(300, 1)));
    folder
}

const SHORT: [&str; 2] = ["--steps", "1200"];

/// The share of held-out rows that are right.
pub fn share(said: &str) -> f64 {
    let (_, rest) = said.split_once("held-out rows: ").expect("held-out rows are measured");
    rest.split_once(" %").expect("it is a share").0.parse().expect("it is a number")
}

#[test]
fn a_table_becomes_a_network_that_a_chip_computes() {
    let folder = folder();
    let ran = folder.mlc(["train", "rings.csv", "--classifier", "-o", "rings.ron"].into_iter().chain(SHORT));
    assert!(ran.stderr.starts_with("rings.csv: 300 rows of 2 columns, 3 labels\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("\n240 rows to learn, 60 rows held out; 336 weights\n"), "{}", ran.stderr);
    let said = ran.ok();
    assert!(
        said.starts_with("rings.ron: rings, 2 to 3, 3 operators, 336 weights, rounds as builtin, "),
        "{said}"
    );
    assert!(said.contains("\nlabels: 0 in, near, 1 middle, 2 out\n"), "{said}");
    assert!(share(&said) > 95.0, "{said}");
    for method in
        ["most frequent label", "nearest centroid", "nearest neighbour", "decision tree", "this network"]
    {
        assert!(said.contains(&format!("\n{method} ")), "{said}");
    }
    let (_, cost) = said.split_once("\non atmega328p: ").expect("it says what it costs");
    assert!(cost.contains(" cycles a step (predicted), ") && cost.ends_with(" bytes\n"), "{said}");
    let longest = said.lines().skip(2).map(|line| line.chars().count()).max();
    assert!(longest.is_some_and(|longest| longest <= 80), "{said}");

    folder.write("test.csv", csv(&rings(90, 2)));
    let counted = folder.mlc(["eval", "rings.ron", "test.csv"]).ok();
    let (_, rest) = counted.split_once("90 rows\n").expect("rows are counted");
    assert!(
        rest.split_once(" %").is_some_and(|(n, _)| n.parse::<f64>().is_ok_and(|n| n > 95.0)),
        "{counted}"
    );
    let args = ["verify", "rings.ron", "--target", "atmega328p", "--data", "test.csv"];
    assert_eq!(folder.mlc(args).ok(), "rings on atmega328p: 90 prompts, 90 steps, 270 logits: all equal\n");
    // Lines as they are typed, with numbers beyond all that was learned from.
    folder.write(
        "lines.txt",
        "0.4,100.2\n2.5, 100\n0.004,129.999\n99999999,-99999999\n-2.5 100\n0.1,149.98765\n",
    );
    let args = ["verify", "rings.ron", "--target", "atmega328p", "--prompts", "lines.txt"];
    assert_eq!(folder.mlc(args).ok(), "rings on atmega328p: 6 prompts, 6 steps, 18 logits: all equal\n");
    let run = |line: &str| folder.mlc(["run", "--target", "reference", "rings.ron", line]).ok();
    assert_eq!(
        (run("0.4,100.2"), run("0.01,130"), run("2.5,100")),
        ("in, near\n".into(), "middle\n".into(), "out\n".into())
    );
    folder.mlc(["compile", "rings.ron", "-o", "rings.zip", "-o", "rings.c"]).ok();
    let shown = folder.mlc(["inspect", "rings.ron"]).ok();
    assert!(shown.contains("inputs: x__left, y\nanswers: in, near, middle, out\n"), "{shown}");
}

#[test]
fn arrays_give_the_same_network_as_a_table() {
    let folder = folder();
    let rows = rings(300, 1);
    let x: Vec<u8> = rows.iter().flat_map(|&(x, y, _)| [x, y]).flat_map(f64::to_le_bytes).collect();
    let label: Vec<u8> = rows.iter().flat_map(|&(.., label)| (label as i64).to_le_bytes()).collect();
    let member =
        |name: &str, kind: &str, shape: &str, data: &[u8]| (name.to_string(), npy(kind, false, shape, data));
    let members = vec![member("x", "<f8", "(300, 2)", &x), member("label", "<i8", "(300,)", &label)];
    folder.write("rings.npz", stored(&members));
    let numbers = csv(&rows).replace("\"in, near\"", "0").replace("\"middle\"", "1").replace("\"out\"", "2");
    folder.write("numbers.csv", numbers.split_once('\n').expect("a header").1);
    let train = |file: &str, output: &str| {
        let args = ["train", file, "--classifier", "--name", "rings", "-o", output];
        folder.mlc(args.into_iter().chain(["--steps", "300"])).ok()
    };
    train("rings.npz", "a.ron");
    train("numbers.csv", "b.ron");
    assert_eq!(folder.text("a.ron"), folder.text("b.ron"));
    assert!(folder.text("a.ron").contains("labels: [\"0\", \"1\", \"2\"]"));
}

#[test]
fn files_of_their_own_are_held_out() {
    let folder = folder();
    folder.write("more.csv", csv(&rings(60, 3))).write("test.csv", csv(&rings(30, 4)));
    let args =
        ["train", "rings.csv", "more.csv", "--held-out", "test.csv", "--classifier", "--result", "a.json"];
    let ran = folder.mlc(args.into_iter().chain(SHORT));
    assert!(ran.stderr.contains("360 rows to learn, 30 rows held out"), "{}", ran.stderr);
    let said = ran.ok();
    let result = json(&folder.text("a.json"));
    assert_eq!((&result["family"], &result["held_out"]["rows"]), (&"sensor".into(), &30.into()), "{result}");
    let right = result["held_out"]["right"].as_u64().expect("a number");
    assert!(said.contains(&format!(" % right, {right} of 30\n")), "{said}");
    // What is reported is what `mlc eval` counts.
    let counted = folder.mlc(["eval", "model.ron", "test.csv", "--json"]).ok();
    assert_eq!(json(&counted)["right"], right, "{counted}");
    folder.write("other.csv", "1,2,3,out\n").write("strange.csv", "1,2,elsewhere\n");
    let said = |file: &str| folder.mlc(["train", "rings.csv", "--held-out", file, "--classifier"]).fails(1);
    assert!(said("other.csv").contains("other.csv: 3 values in a row here, 2 in the first file"));
    assert!(said("strange.csv").contains("strange.csv: label \"elsewhere\" stands in no training row"));
    let args = ["train", "rings.csv", "--classifier", "--hold-out", "0"];
    let said = folder.mlc(args.into_iter().chain(["--steps", "20"])).ok();
    assert!(said.contains("\nno row is held out: how well it does on others is not known\n"), "{said}");
    assert!(!said.contains("nearest"), "{said}");
}

#[test]
fn limits_choose_the_hidden_layers() {
    let folder = folder();
    let train =
        |more: &[&str]| folder.mlc([&["train", "rings.csv", "--classifier", "--steps", "60"], more].concat());
    let ran = train(&["--max-bytes", "2300"]);
    assert!(ran.stderr.contains(" bytes: with --hidden 16, to keep the limits\n"), "{}", ran.stderr);
    let said = ran.ok();
    assert!(said.contains("limit: 2,") && said.contains(" of at most 2,300 bytes on atmega328p"), "{said}");
    let ran = train(&["--max-tstates", "1000", "--target", "atmega2560"]);
    assert!(
        ran.stderr.contains("on atmega2560: ") && ran.stderr.contains(", to keep the limits\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.ok().contains(" of at most 1,000 cycles a step on atmega2560 (predicted)\n"));
    let refused = train(&["--max-bytes", "2300", "--hidden", "64,64"]).fails(1);
    assert!(refused.contains("such a network costs too much on atmega328p: "), "{refused}");
    assert!(refused.contains(" bytes; allowed are 2,300 bytes"), "{refused}");
    assert!(refused.contains("--hidden 16 would keep the limits; or allow more"), "{refused}");
    let refused = train(&["--max-bytes", "500"]).fails(1);
    assert!(refused.contains("not even a network without hidden layers keeps the limits"), "{refused}");
}

#[test]
fn a_training_is_gone_on_with_and_repeated() {
    let folder = folder();
    let train = |more: &[&str]| folder.mlc([&["train", "rings.csv", "--steps", "200"], more].concat());
    train(&["--classifier", "-o", "a.ron", "--log", "log.csv", "--curve", "curve.svg"]).ok();
    train(&["--classifier", "-o", "b.ron", "--name", "rings", "--threads", "1"]).ok();
    assert_eq!(folder.text("a.ron"), folder.text("b.ron"));
    assert!(
        folder.text("log.csv").lines().next().is_some_and(|l| l.contains("train_likelihood,train_labels"))
    );
    assert!(folder.text("curve.svg").contains("<svg"));
    // Another training keeps what was there.
    let ran = train(&["--classifier", "-o", "b.ron", "--seed", "2"]);
    assert!(ran.stderr.contains("note: what was in b.ron is now in b.ron.bak\n"), "{}", ran.stderr);
    assert_eq!(folder.text("a.ron"), folder.text("b.ron.bak"));
    let before = folder.mlc(["eval", "a.ron", "rings.csv", "--json"]).ok();
    let ran = train(&["--resume", "a.ron", "-o", "c.ron"]);
    assert!(ran.stderr.contains("epoch 0 of ") || ran.code == Some(0), "{}", ran.stderr);
    ran.ok();
    let after = folder.mlc(["eval", "c.ron", "rings.csv", "--json"]).ok();
    let right = |text: &str| json(text)["right"].as_u64().expect("a number");
    assert!(right(&after) + 15 >= right(&before), "{before} {after}");
    assert!(folder.text("c.ron").contains("(\"seed of the split\", \"1\")"));
    // The split is that of the model; with another one, rows that it has learned would be held out.
    let warned = train(&["--resume", "b.ron", "-o", "d.ron", "--seed", "5"]);
    assert!(
        warned.stderr.contains("warning: the model was trained with a split by seed 2: "),
        "{}",
        warned.stderr
    );
    folder.mlc(["import", "tinychat", "-o", "chat.ron"]).ok();
    let refused = train(&["--resume", "chat.ron"]).fails(1);
    assert!(refused.contains("chat.ron is no network on numbers that answers with labels"), "{refused}");
    let refused = train(&["--resume"]).fails(1);
    assert!(refused.contains("no model.ron yet: there is nothing to go on with"), "{refused}");
    let said = train(&["--classifier", "--seeds", "2", "--patience", "2"]).ok();
    assert!(
        said.contains("\nseeds 1 to 2: held-out rows ") && said.contains("\nrows that it was chosen by: "),
        "{said}"
    );
}

#[test]
fn few_bits_are_few_bits() {
    let folder = folder();
    for (weights, least, most) in [("ternary", -1, 1), ("2", -2, 1), ("3", -3, 3), ("4", -7, 7)] {
        let args = ["train", "rings.csv", "--classifier", "--weights", weights, "-o", "a.ron"];
        let said = folder.mlc(args.into_iter().chain(SHORT)).ok();
        assert!(share(&said) > 90.0, "{weights}: {said}");
        // Few levels make small sums, which are shifted to the left.
        let args = ["verify", "a.ron", "--target", "atmega328p", "--data", "rings.csv"];
        assert!(folder.mlc(args).ok().ends_with(": all equal\n"), "{weights}");
        folder.mlc(["compile", "a.ron", "-o", "rings.c"]).ok();
        let text = folder.text("rings.c");
        let layers = text.split("_dense_weights[] PROGMEM = {").skip(1);
        let rows: String =
            layers.filter_map(|rest| rest.split_once('}')).map(|(rows, _)| format!("{rows},")).collect();
        let all: Vec<i32> = rows.split(',').filter_map(|w| w.trim().parse().ok()).collect();
        assert_eq!(all.len(), 336, "{weights}: all weights are there");
        assert!(all.contains(&most) && all.iter().all(|w| (least..=most).contains(w)), "{weights}: {all:?}");
    }
    for (weights, said) in [
        ("binary", "--weights binary: a network on numbers has one kind of weights"),
        ("8,4", "--weights 8,4: a network on numbers has one kind of weights"),
        ("full", "--weights full: a network on numbers has one kind of weights"),
    ] {
        let refused = folder.mlc(["train", "rings.csv", "--classifier", "--weights", weights]).fails(2);
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn what_does_not_go_together_is_refused_and_nothing_is_written() {
    let folder = folder();
    folder.write("bad.csv", "a,b,c\n1,2,x\n3,,y\n");
    let refused = folder.mlc(["train", "bad.csv", "--classifier"]).fails(1);
    assert!(refused.contains("bad.csv: line 3, column 2 (b): the value is missing"), "{refused}");
    assert!(refused.contains("every cell but the label is a number with a decimal point"), "{refused}");
    for (options, said) in [
        (&["--dim", "8"][..], "--dim is not for networks on numbers: leave it out"),
        (&["--l1", "1"], "--l1 is not for networks on numbers: leave it out"),
        (&["--from", "a.ron"], "--from goes on with a sequence model"),
        (&["--chat"], "--chat talks to networks of hashed text"),
        (&["--cost-of-limits"], "--cost-of-limits compares networks of hashed text"),
        (&["--hold-out", "1.5"], "--hold-out 1.5: a share of the rows, 0 to 0.9"),
        (
            &["--hold-out", "0.2", "--held-out", "rings.csv"],
            "--hold-out and --held-out both say what is held out",
        ),
        (&["--epochs", "2", "--steps", "9"], "--epochs and --steps both say how long training takes"),
    ] {
        let refused = folder.mlc([&["train", "rings.csv", "--classifier"], options].concat()).fails(2);
        assert!(refused.contains(said), "{refused}");
    }
    let refused = folder.mlc(["train", "rings.csv", "--classifier", "--target", "z80-cpm"]);
    assert!(
        refused.code == Some(0) || refused.stderr.contains("cannot be compiled for z80-cpm"),
        "{}",
        refused.stderr
    );
    let refused = folder.mlc(["train", "rings.csv", "--classifier", "-o", "rings.csv"]).fails(2);
    assert!(refused.contains("rings.csv"), "{refused}");
    // Who leaves --classifier out is told.
    let refused = folder.mlc(["train", "rings.csv", "-o", "chat.ron"]).fails(1);
    assert!(
        refused.contains("rows of numbers with the label in the last column are learned with --classifier"),
        "{refused}"
    );
    let names = folder.names();
    assert!(!names.iter().any(|name| name == "chat.ron"), "{names:?}");
}

/// The tables of docs/sensors.md, with the rows of the networks of scikit-learn.
#[test]
fn public_tables_are_learned() {
    for (name, rows, least) in [("sk_iris_mlp", 38, 36), ("sk_digits_mlp32", 450, 436)] {
        let [train, test] = [format!("expected/{name}_calib.npz"), format!("expected/{name}.npz")];
        let beside = |name: &str| shared::beside("import-models", name);
        let (Some(train), Some(test)) = (beside(&train), beside(&test)) else { return };
        let folder = Folder::new();
        let [train, test] = [train, test].map(|path| path.display().to_string());
        let args = ["train", &train, "--held-out", &test, "--classifier", "--result", "a.json"];
        folder.mlc(args).ok();
        let result = json(&folder.text("a.json"));
        assert_eq!(result["held_out"]["rows"], rows, "{result}");
        assert!(result["held_out"]["right"].as_u64().is_some_and(|right| right >= least), "{result}");
    }
}

/// What makes a held-out figure worth less than it looks is said, and columns are not taken for one another.
#[test]
fn rows_that_were_learned_and_columns_elsewhere_are_told() {
    let folder = folder();
    let train = |more: &[&str]| {
        folder.mlc(["train", "rings.csv", "--classifier", "-o", "r.ron", "--epochs", "2"].iter().chain(more))
    };
    let said = train(&[]).stderr;
    assert!(!said.contains("warning: the model was trained on other rows"), "{said}");
    let same = folder.mlc(["train", "rings.csv", "--resume", "r.ron", "-o", "s.ron", "--epochs", "1"]);
    assert!(!same.stderr.contains("trained on other rows"), "{}", same.stderr);
    folder.write("more.csv", csv(&rings(303, 1)));
    for (table, option) in [("more.csv", &[][..]), ("rings.csv", &["--hold-out", "0.5"])] {
        let words = ["train", table, "--resume", "r.ron", "-o", "s.ron", "--epochs", "1"];
        let said = folder.mlc(words.iter().chain(option)).stderr;
        assert!(
            said.contains("warning: the model was trained on other rows: of those held out now it may"),
            "{said}"
        );
    }
    let said = train(&["--held-out", "rings.csv"]).stderr;
    assert!(said.contains("warning: 300 of 300 held-out rows are training rows too"), "{said}");
    // Columns by their names.
    let swapped: String =
        rings(30, 2).iter().map(|(x, y, label)| format!("{y},{x},\"{}\"\n", LABELS[*label])).collect();
    folder.write("swapped.csv", format!("y,\"x, left\",where\n{swapped}"));
    let wants = "column 1 is y, where the network reads x__left";
    assert!(folder.mlc(["eval", "r.ron", "swapped.csv"]).fails(1).contains(wants));
    assert!(train(&["--held-out", "swapped.csv"]).fails(1).contains(wants));
    // A margin that somebody wrote into the model stays, and columns of one name are told apart.
    folder.write("r.ron", folder.text("r.ron").replace("answer: Class((", "answer: Class((margin: 64,"));
    folder.mlc(["train", "rings.csv", "--resume", "r.ron", "-o", "s.ron", "--epochs", "1"]).ok();
    assert!(folder.text("s.ron").contains("margin: 64"), "{}", folder.text("s.ron"));
    folder.write("twice.csv", csv(&rings(60, 1)).replacen("\"x, left\",y", "x,x", 1));
    folder.mlc(["train", "twice.csv", "--classifier", "-o", "t.ron", "--epochs", "1"]).ok();
    assert!(folder.text("t.ron").contains("\"x\", \"x_2\""), "{}", folder.text("t.ron"));
    // Readings that no digit behind the point shows.
    let tiny: String = (0..40).map(|i| format!("{}e-13,{}\n", 3 + i % 5, ["a", "b"][i % 2])).collect();
    folder.write("tiny.csv", tiny);
    let said = folder.mlc(["train", "tiny.csv", "--classifier", "-o", "tiny.ron"]).fails(1);
    assert!(said.contains("column 1 changes by less than"), "{said}");
}
