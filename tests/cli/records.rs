//! `mlc data` on conversations, tables and texts, and `mlc data expand`.

use crate::{Folder, Ran, json};
use std::collections::BTreeSet;

fn data(folder: &Folder, args: &[&str]) -> Ran {
    folder.mlc([&["data"], args].concat())
}

fn entry(turns: &[(&str, &str)]) -> String {
    let messages: Vec<_> = turns
        .iter()
        .flat_map(|(user, assistant)| {
            [
                serde_json::json!({"role": "user", "content": user}),
                serde_json::json!({"role": "assistant", "content": assistant}),
            ]
        })
        .collect();
    serde_json::json!({ "messages": messages }).to_string() + "\n"
}

#[test]
fn stats_count_every_kind() {
    let folder = Folder::new();
    let chat = entry(&[("HI", "HELLO"), ("WHO?", "ME")]) + &entry(&[("HI", "HELLO")]);
    folder
        .write("chat.jsonl", &chat)
        .write("more.csv", "query,reply\nA,B\n")
        .write("text.txt", "One.\nTwo.\n");
    let said = data(&folder, &["stats", "chat.jsonl", "more.csv"]).ok();
    assert!(said.starts_with("chat.jsonl: conversations\nmore.csv: csv\n"), "{said}");
    let counted = json(&data(&folder, &["stats", "chat.jsonl", "more.csv", "--json"]).ok());
    let number = |key: &str| counted[key].as_u64().expect("it is a number");
    assert_eq!([number("records"), number("pairs"), number("conversations"), number("turns")], [3, 2, 1, 4]);
    assert_eq!(counted["conversation_turns"]["most"], 2);
    let counted = json(&data(&folder, &["stats", "text.txt", "--cut", "lines", "--json"]).ok());
    assert_eq!((counted["texts"].as_u64(), counted["counted"].as_u64()), (Some(2), Some(8)));
    // What the name says can be overruled.
    let said = data(&folder, &["stats", "chat.jsonl", "--kind", "pairs"]).fails(1);
    assert!(said.contains("no \"query|reply\" pair"), "{said}");
}

#[test]
fn lint_names_what_will_not_be_learnt() {
    let folder = Folder::new();
    let long = "X".repeat(130);
    folder.write(
        "a.jsonl",
        entry(&[("A", "1")]) + &entry(&[("A", "2")]) + &entry(&[("A", "2")]) + &entry(&[(&long, "é")]),
    );
    let said = data(&folder, &["lint", "a.jsonl"]).ok();
    for wants in [
        "warning: \"A\" has 2 different replies: \"2\" 2 x, \"1\" 1 x\n  at a.jsonl:1, a.jsonl:2, a.jsonl:3\n",
        "warning: questions above 127 bytes: 1, as \"XXXX",
        "note: records that say a record again word for word: 1\n  at a.jsonl:3\n",
        "note: 'é' costs a token of its own, for 1 record\n",
        "4 records, 2 warnings, ",
    ] {
        assert!(said.contains(wants), "{wants:?} in {said}");
    }
    assert_eq!(data(&folder, &["lint", "a.jsonl", "--strict"]).code, Some(1));
    let said = data(&folder, &["lint", "a.jsonl", "--classifier"]).fails(2);
    assert!(said.contains("--classifier is for query|reply pairs"), "{said}");
}

#[test]
fn split_keeps_conversations_whole() {
    let folder = Folder::new();
    let all: Vec<String> = (0..20).map(|i| entry(&[(&format!("Q{i}"), "A"), ("WHAT?", "B")])).collect();
    folder.write("all.jsonl", all.concat() + &all.concat());
    let args = ["split", "all.jsonl", "--share", "0.25", "-o", "train.jsonl", "--held-out", "rest.jsonl"];
    assert_eq!(data(&folder, &args).ok(), "train.jsonl: 30 records\nrest.jsonl: 10 records\n");
    let lines = |name: &str| folder.text(name).lines().map(String::from).collect::<BTreeSet<_>>();
    assert!(lines("train.jsonl").is_disjoint(&lines("rest.jsonl")));
    folder.write("text.txt", "One two.\nThree four.\nFive six.\nSeven.\n");
    let args = ["split", "text.txt", "--share", "0.3", "-o", "head.txt", "--held-out", "tail.txt"];
    data(&folder, &args).ok();
    assert_eq!(folder.text("head.txt").trim_end(), "One two.\nThree four.\nFive six.");
    assert_eq!(folder.text("tail.txt").trim_end(), "Seven.");
}

#[test]
fn lists_change_their_kind_by_name() {
    let folder = Folder::new();
    folder.write("a.csv", "query,reply\nA,1\nA,1\nB,2\nB,2\nB,3\n");
    assert_eq!(data(&folder, &["dedup", "a.csv", "-o", "a.jsonl"]).ok(), "a.jsonl: 3 records of 5\n");
    assert!(folder.text("a.jsonl").starts_with("{\"messages\":[{\"role\":\"user\",\"content\":\"A\"},"));
    assert_eq!(data(&folder, &["dedup", "a.csv", "--resolve"]).ok(), "query,reply\nA,1\nB,2\n");
    assert_eq!(
        data(&folder, &["balance", "a.jsonl", "--count", "1", "-o", "b.tsv"]).ok(),
        "b.tsv: 3 records of 3\n"
    );
    assert_eq!(folder.text("b.tsv"), "query\treply\nA\t1\nB\t2\nB\t3\n");
    folder.write("c.jsonl", entry(&[("A", "B"), ("C", "D")]));
    let said = data(&folder, &["balance", "c.jsonl", "--count", "1"]).fails(1);
    assert!(
        said.contains("c.jsonl:1 is no single question with its reply: only these can be balanced"),
        "{said}"
    );
    let said = data(&folder, &["dedup", "c.jsonl", "-o", "c.csv"]).fails(1);
    assert!(
        said.contains("c.jsonl:1: this is no single question with its reply, and csv cannot say that"),
        "{said}"
    );
    let said = data(&folder, &["dedup", "a.csv", "c.jsonl"]).fails(2);
    assert!(said.contains("the files are of several kinds: name the output"), "{said}");
    assert_eq!(folder.names(), ["a.csv", "a.jsonl", "b.tsv", "c.jsonl"]);
}

#[test]
fn bad_data_is_named() {
    let folder = Folder::new();
    folder.write("a.jsonl", entry(&[("A", "B")]) + "{\"messages\":[{\"role\":\"user\",\"content\":7}]}\n");
    for verb in [&["stats"][..], &["lint"], &["dedup"]] {
        let said = data(&folder, &[verb, &["a.jsonl"]].concat()).fails(1);
        assert!(said.contains("a.jsonl:2:39: invalid type: integer `7`, expected a string"), "{said}");
        assert!(
            data(&folder, &[verb, &["gone.jsonl"]].concat())
                .fails(1)
                .contains("gone.jsonl: there is no such file")
        );
    }
}

const TEMPLATES: &str = "list name = ANN | BOB | CID
held name = ZORA
list a = 0..9
list b = 0..9
held a, b 10 %
pair MY NAME IS {name} | HELLO {name}
pair {a}+{b} | {a+b}
";

#[test]
fn templates_make_thousands() {
    let folder = Folder::new();
    folder.write("t.txt", TEMPLATES);
    let args = ["expand", "t.txt", "--count", "2000", "-o", "train.txt", "--held-out", "rest.txt"];
    let said = data(&folder, &args).ok();
    assert!(
        said.starts_with("train.txt: 2,000 pairs, ") && said.contains("\nrest.txt: 200 pairs, "),
        "{said}"
    );
    let (train, rest) = (folder.text("train.txt"), folder.text("rest.txt"));
    let lines = |text: &str| text.lines().map(String::from).collect::<BTreeSet<_>>();
    assert!(
        lines(&train).is_disjoint(&lines(&rest)) && !train.contains("ZORA") && rest.contains("HELLO ZORA")
    );
    // The same seed gives the same bytes, another one others.
    data(&folder, &["expand", "t.txt", "--count", "2000", "-o", "again.txt"]).ok();
    assert_eq!(folder.text("again.txt"), train);
    data(&folder, &["expand", "t.txt", "--count", "2000", "--seed", "2", "-o", "again.txt"]).ok();
    assert_ne!(folder.text("again.txt"), train);
    // What was made is what networks of hashed text learn, too.
    assert!(data(&folder, &["stats", "train.txt"]).ok().contains("train.txt: 2,000 lines, 0 comments"));
}

#[test]
fn expanding_tells_what_is_wrong() {
    let folder = Folder::new();
    folder
        .write("t.txt", "pair HI | HO\npear A | B\n")
        .write("chat.txt", "chat\n  user: A\n  assistant: B\n  user: C\n  assistant: D\n");
    let said = data(&folder, &["expand", "t.txt", "-o", "a.txt"]).fails(1);
    assert!(said.contains("t.txt:2: a line begins with \"pear\""), "{said}");
    let said = data(&folder, &["expand", "chat.txt", "-o", "a.txt"]).fails(2);
    assert!(said.contains("a.txt: the templates make conversations") && said.contains(".jsonl"), "{said}");
    let said = data(&folder, &["expand", "chat.txt", "-o", "a.jsonl", "--held-out", "b.jsonl"]).fails(1);
    assert!(said.contains("no template uses a list of which something is held back"), "{said}");
    let said = data(&folder, &["expand", "chat.txt", "-o", "chat.txt"]).fails(2);
    assert!(said.contains("chat.txt is read by this command"), "{said}");
    assert!(
        data(&folder, &["expand", "gone.txt", "-o", "a.txt"])
            .fails(1)
            .contains("gone.txt: there is no such file")
    );
    assert_eq!(folder.names(), ["chat.txt", "t.txt"]);
    data(&folder, &["expand", "chat.txt", "--count", "3", "-o", "a.jsonl"]).ok();
    let line = "{\"messages\":[{\"role\":\"user\",\"content\":\"A\"},{\"role\":\"assistant\",\"content\":\"B\"},\
                {\"role\":\"user\",\"content\":\"C\"},{\"role\":\"assistant\",\"content\":\"D\"}]}\n";
    assert_eq!(folder.text("a.jsonl"), line.repeat(3));
}

#[test]
fn the_projects_own_templates_expand() {
    let folder = Folder::new();
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for (name, output, held) in
        [("parrot", "a.jsonl", true), ("thermo", "a.jsonl", true), ("teller", "a.txt", false)]
    {
        let file = models.join(name).join("templates.txt");
        let file = file.to_str().expect("the path is text");
        let mut args = vec!["expand", file, "--count", "300", "-o", output];
        if held {
            args.extend(["--held-out", "held.jsonl"]);
        }
        let said = data(&folder, &args).ok();
        assert!(said.contains("300 ") && said.lines().count() == 1 + usize::from(held), "{said}");
    }
    let stories = folder.text("a.txt");
    assert!(stories.len() > 300 * 170, "1 MB of them are 6,000: {}", stories.len());
    assert!(stories.lines().collect::<BTreeSet<_>>().len() > 295);
}
