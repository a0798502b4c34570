//! Labels that sequence models learn, and turns that go out to a folder and come back.

use crate::train_sequence::{SMALL, pairs};

/// From pairs to a program that names a label, and what a model that writes no text refuses.
#[test]
fn labels_are_learnt() {
    let folder = pairs();
    let lines =
        "put it on|ON\nmake it on|ON\nlet it be on|ON\nput it off|OFF\nmake it off|OFF\nlet it be off|OFF\n";
    folder.write("labels.txt", lines);
    folder.write("turns.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \
        \"content\": \"b\"}, {\"role\": \"user\", \"content\": \"c\"}, {\"role\": \"assistant\", \"content\": \"d\"}]}\n");
    let train = |more: &[&str]| folder.mlc(["train"].iter().chain(more).copied().chain(SMALL));
    let ran = train(&["labels.txt", "--classifier", "-o", "c.ron"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("6 texts with 6 tokens that count"), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("c.ron: classifier, "), "{}", ran.stdout);
    assert!(ran.stdout.contains(" nats a label, 100.0 % of labels right"), "{}", ran.stdout);
    assert!(folder.text("c.ron").contains("labels: [\"OFF\", \"ON\"]"), "sorted by their bytes");
    let said = folder.mlc(["run", "c.ron", "--target", "z80-cpm", "PUT IT ON", "PUT IT OFF"]).ok();
    assert_eq!(said, "ON\nOFF\n", "letters that are typed become small as those of the queries");
    let measured = folder.mlc(["eval", "c.ron", "labels.txt"]).ok();
    assert!(measured.contains("exact replies") && measured.contains("6 of 6"), "{measured}");
    folder.mlc(["verify", "c.ron", "--target", "atmega1284p", "--prompts", "labels.txt"]).ok();
    assert!(folder.mlc(["inspect", "c.ron"]).ok().contains("gives a label: OFF, ON"));

    // Labels of a model stay; a model of text gets an output for labels.
    let goes_on = |args: &[&str]| {
        folder.mlc(["train"].iter().chain(args).copied().chain(["--steps", "2", "--family", "sequence"]))
    };
    goes_on(&["labels.txt", "--resume", "c.ron", "-o", "c.ron"]).ok();
    let other = goes_on(&["pairs.txt", "--from", "c.ron", "-o", "d.ron"]);
    assert!(
        other.code == Some(1) && other.stderr.contains("the label \"on\" is none of those"),
        "{}",
        other.stderr
    );
    train(&["labels.txt", "-o", "text.ron"]).ok();
    goes_on(&["labels.txt", "--classifier", "--from", "text.ron", "-o", "d.ron"]).ok();
    assert!(folder.text("d.ron").contains("labels: [\"OFF\", \"ON\"]"));
    // What stands around a label is none of it, and what is typed is read to its end.
    let few = ["labels.txt", "--classifier", "--labels", "ON, OFF", "--from", "text.ron"];
    goes_on(&[&few[..], &["--most", "20", "-o", "d.ron"]].concat()).ok();
    let text = folder.text("d.ron");
    assert!(text.contains("labels: [\"ON\", \"OFF\"]") && text.contains("max_length: 17"), "{text}");
    folder.mlc(["compile", "c.ron", "-o", "c.com"]).ok();

    for (args, says) in [
        (&["export", "c.ron", "-o", "folder/"][..], "a classifier is written as model.ron only"),
        (&["run", "c.ron", "--temperature", "0.5", "put it on"], "this one gives a label"),
        (
            &["run", "c.com", "--temperature", "0.5"],
            "a .com file is a program of its own: --temperature is for the model",
        ),
        (&["run", "c.com", "--optimize", "size"], "--optimize is for the model"),
        (
            &[
                "train",
                "labels.txt",
                "--family",
                "sequence",
                "--classifier",
                "--max-query",
                "9",
                "--most",
                "8",
                "-o",
                "d.ron",
            ],
            "--most 8 reads 5 bytes at most",
        ),
        (
            &["train", "turns.jsonl", "--family", "sequence", "--classifier", "-o", "d.ron"],
            "turns.jsonl:1: a label is wanted",
        ),
        (
            &[
                "train",
                "labels.txt",
                "--family",
                "sequence",
                "--from",
                "text.ron",
                "--lora",
                "2",
                "--classifier",
                "-o",
                "d.ron",
            ],
            "--classifier does not go with --lora",
        ),
        (&["eval", "c.ron", "turns.jsonl"], "turns.jsonl:1: here is no question with one reply"),
    ] {
        let ran = folder.mlc(args);
        assert!(matches!(ran.code, Some(1 | 2)) && ran.stderr.contains(says), "{args:?}: {}", ran.stderr);
    }
}

/// A folder says in its chat template what stands around a line, and the model that is made of it knows.
#[test]
fn turns_go_out_and_come_back() {
    let folder = pairs();
    folder.mlc(["train", "pairs.txt", "-o", "a.ron"].into_iter().chain(SMALL)).ok();
    let turns = |name: &str| {
        let text = folder.text(name);
        let line = text.lines().find(|line| line.trim_start().starts_with("turns: (")).expect("it has turns");
        line.replace("keeps: false", "keeps: true")
    };
    folder.mlc(["export", "a.ron", "-o", "out"]).ok();
    assert!(folder.text("out/chat_template.jinja").contains("<sep>"));
    let import = || folder.mlc(["import", "out", "-o", "b.ron"]);
    let ran = import();
    assert!(ran.stderr.contains("note: the folder's chat template became turns"), "{}", ran.stderr);
    assert_eq!(turns("b.ron"), turns("a.ron"));
    folder.mlc(["export", "out", "-o", "copy"]).ok();
    assert_eq!(folder.read("copy/chat_template.jinja"), folder.read("out/chat_template.jinja"));

    folder.write(
        "out/chat_template.jinja",
        "{% for m in messages %}{{ loop.index }}{{ m['content'] }}{% endfor %}",
    );
    let ran = import();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("chat template is not used, the model continues text: what it sets"),
        "{}",
        ran.stderr
    );
    assert!(!folder.text("b.ron").contains("turns: ("));
    // One without an end of its time, of its stack, of its memory.
    for endless in [
        "{% set n = namespace(s=[1, 2]) %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s | length }}",
        "{% set n = namespace(s=1) %}{% set n.s = n %}{{ n }}",
    ] {
        folder.write("out/chat_template.jinja", endless);
        let ran = import();
        assert_eq!(ran.code, Some(0), "{endless}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("chat template is not used, the model continues text: it cannot be"),
            "{}",
            ran.stderr
        );
    }
    folder.write("out/tokenizer_config.json", "{");
    assert!(import().fails(1).contains("tokenizer_config.json: the file is no JSON object"));
}
