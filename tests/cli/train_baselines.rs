//! `mlc train --family sequence --baselines`.

use crate::train_sequence::{SMALL, pairs};

#[test]
fn hashed_text_stands_beside_the_network() {
    let folder = pairs();
    let train = |data: &str, more: &[&str]| folder.mlc(["train", data].iter().chain(&SMALL).chain(more));
    let ran = train("pairs.txt", &["--hold-out", "0.34", "--baselines", "-o", "a.ron"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let row = |name: &str| {
        let row = ran.stdout.lines().find(|line| line.starts_with(name));
        let row = row.unwrap_or_else(|| panic!("{name}: {}", ran.stdout));
        row.matches(" %").count()
    };
    for name in ["majority", "keyword table", "1-nearest neighbour", "network of hashed text", "this network"]
    {
        assert_eq!(row(name), 2, "{name}: {}", ran.stdout);
    }
    // It is the network that `mlc train` makes of the same pairs.
    folder.mlc(["train", "pairs.txt", "-o", "hashed.ron", "--max-query", "127", "--max-reply", "255"]).ok();
    let ran = train("pairs.txt", &["--baselines", "-o", "a.ron"]);
    let eval = folder.mlc(["eval", "hashed.ron", "pairs.txt"]).ok();
    let share = |text: &str, line: &str| {
        let line = text.lines().find(|l| l.starts_with(line)).expect("there is a line").to_string();
        line.split_once(" %").expect("it has a share").0.rsplit(' ').next().expect("a number").to_string()
    };
    assert_eq!(share(&ran.stdout, "network of hashed text"), share(&eval, "exact replies"), "{eval}");
    let ran = train("pairs.txt", &["--classifier", "--baselines", "-o", "a.ron"]);
    assert!(ran.code == Some(0) && ran.stdout.contains("network of hashed text"), "{}", ran.stderr);
    folder.write("text.txt", "say red on dim up is it no\n".repeat(40));
    let ran = train("text.txt", &["--baselines", "-o", "x.ron"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("at text.txt:1 is no question"), "{}", ran.stderr);
    assert!(!folder.path("x.ron").exists());
}
