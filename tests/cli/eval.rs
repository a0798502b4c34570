//! `mlc eval`.

use crate::Folder;
use serde_json::Value;

const LEARNED: &str = "is it raining|YES\nis it sunny|NO\nhello|HI\n";

/// A folder with a classifier that knows the learned pairs.
fn learned() -> Folder {
    let folder = Folder::new();
    folder.write("pairs.txt", LEARNED);
    let args =
        ["train", "pairs.txt", "--classifier", "--epochs", "200", "--hidden", "8", "--name", "weather"];
    folder.mlc(args).ok();
    folder
}

#[test]
fn what_is_right_and_what_comes_instead() {
    let folder = learned();
    assert_eq!(
        folder.mlc(["eval", "model.ron", "pairs.txt"]).ok(),
        "weather on pairs.txt: 3 pairs\n\
         characters          100.0 %    3 of 3\n\
         exact replies       100.0 %    3 of 3\n\
         mean of all labels  100.0 %  3 labels\n"
    );
    // Two replies to one query: only one of them can be right. And a label that the model does not have.
    folder.write("more.txt", "is it sunny|YES\nis it sunny|YES\nis it sunny|NO\nhello|BYE\n");
    assert_eq!(
        folder.mlc(["eval", "model.ron", "more.txt"]).ok(),
        "weather on more.txt: 4 pairs\n\
         characters                    25.0 %    1 of 4\n\
         exact replies                 25.0 %    1 of 4\n\
         mean of all labels            33.3 %  3 labels\n\
         at most, as pairs contradict  75.0 %    3 of 4\n\
         \n\
         reply  pairs  right  instead  times  for example\n\
         \"YES\"      2      0  \"NO\"         2  \"is it sunny\"\n\
         \"BYE\"      1      0  \"HI\"         1  \"hello\"\n"
    );
}

#[test]
fn json_has_every_reply() {
    let folder = learned();
    let said = folder.piped(&["eval", "model.ron", "-", "--json"], b"hello|HI\nis it sunny|YES\n").ok();
    let json: Value = serde_json::from_str(&said).expect("it is JSON");
    assert_eq!((&json["model"], &json["sources"][0]), (&"weather".into(), &"standard input".into()));
    assert_eq!((json["replies"].as_f64(), json["ceiling"].as_u64()), (Some(0.5), Some(2)));
    assert_eq!(
        (json["figures"]["replies_right"].as_u64(), json["macro_average"].as_f64()),
        (Some(1), Some(0.5))
    );
    assert_eq!(json["by_reply"][0]["reply"], "YES");
    assert_eq!(json["by_reply"][0]["instead"][0][0], "NO");
    assert_eq!(json["by_reply"][1]["right"], 1);
}

#[test]
fn errors_name_the_file() {
    let folder = learned();
    folder.write("none.txt", "# nothing\nno bar\n");
    let fails = |args: &[&str]| folder.mlc(["eval"].iter().chain(args)).fails(1);
    let said = fails(&["model.ron", "none.txt"]);
    assert!(said.contains("no \"query|reply\" pair in 2 lines of none.txt; none.txt:2: "), "{said}");
    let said = fails(&["model.ron", "gone.txt"]);
    assert!(said.contains("gone.txt: there is no such file"), "{said}");
    let said = fails(&["gone.ron", "pairs.txt"]);
    assert!(said.contains("gone.ron"), "{said}");
    let said = folder.mlc(["eval", "model.ron"]).fails(2);
    assert!(said.contains("<PAIRS>..."), "{said}");
}

#[test]
fn pairs_that_it_is_not_sure_of_are_counted_apart() {
    let folder = learned();
    let train = |more: &[&str]| {
        let args = ["train", "pairs.txt", "--epochs", "1", "--name", "weather"];
        folder.mlc([&args, more].concat())
    };
    train(&["--classifier", "--margin", "255", "-o", "shy.ron", "--seed", "3"]).ok();
    assert!(folder.text("shy.ron").contains("margin: 255"));
    let said = folder.mlc(["eval", "shy.ron", "pairs.txt"]).ok();
    let line = |text: &str| said.lines().find(|line| line.starts_with(text)).map(str::to_owned);
    assert_eq!(line("exact replies").expect("it is told").split_whitespace().last(), Some("3"), "{said}");
    assert!(line("exact replies").expect("it is told").contains(" 0.0 %"), "{said}");
    assert!(line("not sure: answered ?").expect("it is told").contains("100.0 %"), "{said}");
    let json = folder.mlc(["eval", "shy.ron", "pairs.txt", "--json"]).ok();
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!((json["not_sure"].as_u64(), json["macro_average"].as_f64()), (Some(3), Some(0.0)));
    for target in ["reference", "z80-cpm", "atmega328p"] {
        assert_eq!(folder.mlc(["run", "shy.ron", "-t", target, "is it sunny"]).ok(), "?\n", "{target}");
    }
    assert!(folder.mlc(["inspect", "shy.ron"]).ok().contains(", or ? below a margin of 255"));
    // It goes on with its margin, or another one.
    train(&["--resume", "shy.ron", "-o", "on.ron"]).ok();
    assert!(folder.text("on.ron").contains("margin: 255"));
    train(&["--resume", "shy.ron", "-o", "sure.ron", "--margin", "0"]).ok();
    assert!(!folder.text("sure.ron").contains("margin"));
    let json = folder.mlc(["eval", "sure.ron", "pairs.txt", "--json"]).ok();
    assert!(!json.contains("not_sure"), "{json}");
    // What writes has none.
    let said = crate::unfolded(&train(&["--margin", "3", "-o", "chat.ron"]).fails(2));
    assert!(
        said.contains("--margin is for classifiers: a reply is written character by character"),
        "{said}"
    );
    let said = crate::unfolded(&train(&["--margin", "3", "-o", "t.ron", "--family", "sequence"]).fails(2));
    assert!(said.contains("--margin is for classifiers"), "{said}");
    // A format that cannot say it.
    let said = crate::unfolded(&folder.mlc(["export", "shy.ron", "-o", "shy.npz"]).fails(1));
    assert!(said.contains("it answers ? below a margin"), "{said}");
}
