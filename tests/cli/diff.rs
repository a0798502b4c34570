//! `mlc diff`: two models, two programs.

use crate::{Folder, json, models, sequence};
use insta::assert_snapshot;
use mlc_compiler::import::ron;

#[test]
fn two_models_are_compared() {
    let folder = Folder::with_models();
    folder.write("changed.ron", models::text(&models::changed()));
    let ran = folder.mlc(["diff", "model.ron", "changed.ron"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    assert_snapshot!("diff", ran.stdout);
    let found = json(&folder.mlc(["diff", "model.ron", "changed.ron", "--json"]).stdout);
    assert_eq!((&found["layers"][0]["weights"], &found["layers"][0]["biases"]), (&1.into(), &0.into()));
    assert_eq!((&found["layers"][1]["weights"], &found["layers"][1]["biases"]), (&0.into(), &4.into()));
    // Its replies are those that the models give by themselves.
    let replies = found["replies"].as_array().expect("replies");
    assert!(!replies.is_empty());
    for reply in replies {
        let prompt = reply["prompt"].as_str().expect("a text");
        for (model, said) in [("model.ron", &reply["a"]), ("changed.ron", &reply["b"])] {
            let alone = folder.mlc(["run", model, "-t", "reference", prompt]).ok();
            assert_eq!(alone.trim_end_matches('\n'), said.as_str().expect("a text"), "{model}: {prompt}");
        }
    }
    // As many as the file has, and the rest is equal.
    folder.write("p.txt", "hello\nbye\n");
    let args = ["diff", "model.ron", "changed.ron", "--prompts", "p.txt", "-t", "zx48", "--json"];
    let found = json(&folder.mlc(args).stdout);
    assert_eq!((&found["prompts"], &found["target"]), (&2.into(), &"zx48".into()));
}

#[test]
fn what_computes_the_same_is_equal() {
    let folder = Folder::with_models();
    let named = folder.text("model.ron").replace("\"tiny\"", "\"other\"");
    folder.write("other.ron", named);
    let said = folder.mlc(["diff", "model.ron", "other.ron"]).ok();
    assert_eq!(said, "model.ron and other.ron are equal but for their names or what is told of them\n");
    let found = json(&folder.mlc(["diff", "model.ron", "other.ron", "--json"]).ok());
    assert_eq!((&found["equal"], &found["head_equal"]), (&true.into(), &false.into()));
    assert_eq!(folder.mlc(["diff", "commands", "commands"]).ok(), "commands and commands are equal\n");
    // Other shapes, and other families.
    let ran = folder.mlc(["diff", "model.ron", "sorter.ron"]);
    assert_eq!(ran.code, Some(1));
    for says in ["what is read differs", "what answers mean differs", "not of the same shapes", "classifier"]
    {
        assert!(ran.stdout.contains(says), "{says}: {}", ran.stdout);
    }
    folder.write("talk.ron", ron::write(&sequence::model(100)));
    assert_eq!(folder.mlc(["diff", "talk.ron", "talk.ron"]).ok(), "talk.ron and talk.ron are equal\n");
    assert!(folder.mlc(["diff", "model.ron", "talk.ron"]).stdout.contains("sequence"));
    assert!(folder.mlc(["diff", "model.ron", "nobody"]).fails(1).contains("nobody: there is no such file"));
}

#[test]
fn two_programs_are_compared() {
    let folder = Folder::new();
    folder.write("a.com", [1, 2, 3, 4]).write("b.com", [1, 9, 3, 8, 5]).write("c.hex", [1, 2, 3, 4]);
    let ran = folder.mlc(["diff", "a.com", "b.com"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stdout, "a.com has 4 bytes, b.com 5; 2 of those that both have differ, from byte 1 on\n");
    assert_eq!(folder.mlc(["diff", "a.com", "c.hex"]).ok(), "a.com and c.hex are equal\n");
    let found = json(&folder.mlc(["diff", "a.com", "b.com", "--json"]).stdout);
    let wants =
        serde_json::json!({"equal": false, "a_bytes": 4, "b_bytes": 5, "bytes_changed": 2, "differs_at": 1});
    assert_eq!(found, wants);
    folder.mlc(["diff", "a.com", "commands"]).fails(2);
    // What cannot be read is named, whatever the other one is.
    let gone = folder.mlc(["diff", "none.com", "commands"]).fails(1);
    assert!(gone.contains("none.com: there is no such file"), "{gone}");
    folder.write("g.ron", "garbage");
    assert!(folder.mlc(["diff", "a.com", "g.ron"]).fails(1).contains("x g.ron"));
    folder.mlc(["diff", "a.com", "b.com", "--prompts", "p.txt"]).fails(2);
}
