//! Chats and drawn tokens: `mlc run`, `mlc verify` and `mlc inspect` of a sequence model.

#[path = "../../compiler/tests/support/transformers.rs"]
mod transformers;

use crate::{Folder, json, random};
use insta::assert_snapshot;
use mlc_compiler::eval::Session;
use mlc_compiler::import::ron;
use mlc_compiler::model::{Draw, Model, Turns};
use mlc_compiler::reference;

/// A chat that keeps its conversation, and draws tokens where it says `draws`.
fn chat(draws: bool) -> Model {
    let mut model = transformers::small();
    let tokens = transformers::tokens_mut(&mut model);
    tokens.max_length = 20;
    let pieces = &mut tokens.tokenizer.pieces;
    for (piece, byte) in pieces.iter_mut().zip(b'a'..) {
        *piece = vec![byte];
    }
    let story = transformers::story_mut(&mut model);
    (story.ends, story.most) = (vec![], 40);
    story.turns = Some(Turns { start: vec![1], after: vec![2], keeps: true, ..Turns::default() });
    story.choice.draw = draws.then_some(Draw { temperature: 10_000, seed: 77, ..Draw::default() });
    // Long replies would leave no room for another turn.
    story.ends = vec![0];
    model.head.name = "talker".into();
    model.check().unwrap_or_else(|e| panic!("{e}"));
    model
}

/// What a session of the reference replies.
fn replies(model: &Model, lines: &[&str]) -> String {
    let graph = reference(model).expect("the model was checked");
    let mut session = Session::new(&graph);
    lines.iter().map(|line| session.ask(line.as_bytes()).text() + "\n").collect()
}

#[test]
fn prompts_are_turns_of_a_conversation() {
    let folder = Folder::new();
    let model = chat(true);
    folder.write("model.ron", ron::write(&model));
    let lines = ["ab", "b", "a b", "/clear", "ab"];
    let wants = replies(&model, &lines);
    let on = |target: &'static str| [&["run", "model.ron", "--target", target][..], &lines].concat();
    assert_eq!(folder.mlc(on("reference")).ok(), wants);
    assert_eq!(folder.mlc(on("z80-cpm")).ok(), wants);
    let input = lines.join("\n") + "\n";
    for target in ["reference", "z80-cpm"] {
        let ran = folder.piped(&["run", "model.ron", "--target", target, "--json"], input.as_bytes()).ok();
        let said: String =
            ran.lines().map(|row| json(row)["reply"].as_str().unwrap().to_string() + "\n").collect();
        assert_eq!(said, wants, "{target}");
    }
    let verified = folder.mlc(["verify", "model.ron", "--target", "z80-cpm", "--random", "6"]);
    assert!(verified.code == Some(0) && verified.stdout.contains("all equal"), "{verified:?}");
}

#[test]
fn options_go_before_the_model() {
    let folder = Folder::new();
    let plain = chat(false);
    folder.write("model.ron", ron::write(&plain));
    let run = |more: &[&str]| {
        let args = [&["run", "model.ron", "-t", "reference", "ab", "ab", "ab"][..], more].concat();
        folder.mlc(args).ok()
    };
    let lines = ["ab"; 3];
    assert_eq!(run(&[]), replies(&plain, &lines));
    let with = |draw: Draw| {
        let mut model = plain.clone();
        transformers::story_mut(&mut model).choice.draw = Some(draw);
        replies(&model, &lines)
    };
    let warm = Draw { temperature: 9500, top_k: 3, top_p: 990, min_p: 10, seed: 9 };
    let args = ["--temperature", "9.5", "--top-k", "3", "--top-p", "0.99", "--min-p", "0.01", "--seed", "9"];
    assert_eq!(run(&args), with(warm));
    assert_eq!(run(&["--seed", "5"]), with(Draw { seed: 5, ..Draw::default() }));
    assert_eq!(run(&["--greedy"]), run(&[]));
    assert_eq!(run(&["--temperature", "0"]), run(&[]));
    let said = folder.mlc(["run", "model.ron", "ab", "--greedy", "--top-k", "3"]).fails(2);
    assert!(said.contains("cannot be used with"), "{said}");
    let said = folder.mlc(["run", "model.ron", "ab", "--top-k", "0"]).fails(2);
    assert!(said.contains("write a whole number from 1 to 255"), "{said}");
    let said = folder.mlc(["run", "model.ron", "ab", "--top-p", "1.5"]).fails(2);
    assert!(said.contains("write a number from 0.001 to 1, with three decimals at most"), "{said}");
    folder.write("other.ron", crate::models::text(&crate::models::chat()));
    let said = folder.mlc(["run", "other.ron", "hi", "--temperature", "1"]).fails(2);
    assert!(said.contains("--temperature is for sequence models: leave it out"), "{said}");
}

#[test]
fn inspect_says_how_it_talks() {
    let folder = Folder::new();
    folder.write("model.ron", ron::write(&chat(true)));
    let said = folder.mlc(["inspect", "model.ron"]).ok();
    let chat = "chat: 2 tokens around the first line, 1 around a later one, a conversation goes\n  on\n";
    assert!(said.contains(chat), "{said}");
    let draws = "draws tokens: temperature 10, of the 40 likeliest, top-p 1, min-p 0, seed 77\n";
    assert!(said.contains(draws), "{said}");
}

#[test]
fn replies_that_may_cost_too_much_are_refused() {
    let folder = Folder::new();
    let mut model = chat(false);
    let story = transformers::story_mut(&mut model);
    (story.logit_bits, story.most) = (15, 40_000);
    model.check().unwrap_or_else(|e| panic!("{e}"));
    folder.write("model.ron", ron::write(&model));
    let made = folder.mlc(["compile", "model.ron", "--beam", "4", "--target", "z80-cpm", "-o", "a.com"]);
    assert_snapshot!("beam-of-too-large-costs", made.fails(1));
    assert!(!folder.path("a.com").exists());
}

/// The likeliest reply of several, on the host and on a machine.
#[test]
fn replies_are_searched_for() {
    let folder = Folder::new();
    let asked = ["MY NAME IS ZORA", "WHAT IS MY NAME?"];
    let here = ["run", "parrot", "--beam", "2", "--target", "reference"];
    let ran = folder.mlc(here.into_iter().chain(asked)).ok();
    assert_eq!(ran, "HELLO ZORA!\nZORA\n", "the conversation goes on");
    let ran =
        folder.mlc(["run", "parrot", "--beam", "3", "--target", "reference", "--json", "SAY GALAXY"]).ok();
    assert_eq!(ran, "{\"prompt\":\"SAY GALAXY\",\"reply\":\"GALAXY\",\"steps\":21}\n");
    let ran = folder.mlc(["verify", "teller", "--target", "z80-cpm", "--beam", "2"]).ok();
    assert!(ran.contains("all equal"), "{ran}");
    folder.write("model.ron", ron::write(&chat(false)));
    for target in ["zx48", "atmega1284p"] {
        let args = ["verify", "model.ron", "--target", target, "--beam", "3", "--random", "4"];
        let ran = folder.mlc(args).ok();
        assert!(ran.contains("all equal"), "{target}: {ran}");
    }
    let made = folder.mlc(["compile", "teller", "--beam", "2", "-o", "teller.com"]).ok();
    assert!(
        made.contains("beam: 2 replies, 28,672 bytes") && made.contains("T-states a token of each reply"),
        "{made}"
    );
    let inspected = folder.mlc(["inspect", "teller"]).ok();
    let said = "keys and values: 8,192 bytes; with --beam 2: 16,384, 3: 24,576, 4: 32,768\n";
    assert!(inspected.contains(said), "{inspected}");
    // A conversation goes on behind the best reply, which keeps its own.
    let inspected = folder.mlc(["inspect", "parrot"]).ok();
    assert!(inspected.contains("12,288 bytes; with --beam 2: 36,864, 3: 49,152, 4: 61,440\n"), "{inspected}");
    let inspected = folder.mlc(["inspect", "thermo"]).ok();
    assert!(inspected.contains("keys and values: 768 bytes\n"), "tools: {inspected}");
    for (args, code, says) in [
        (
            &["run", "parrot", "--beam", "2", "--target", "z80-cpm", "HI"][..],
            1,
            "bytes of them for keys and values of 2 replies side by side",
        ),
        (
            &["compile", "teller", "--beam", "2", "--target", "atmega1284p"],
            1,
            "16,384 bytes of them for keys and values of 2 replies side by side",
        ),
        // One reply fits there, its keys and values where banks show otherwise.
        (
            &["compile", "teller", "--beam", "2", "--target", "msx"],
            1,
            "28,672 bytes of them for keys and values of 2 replies side by side",
        ),
        (&["run", "parrot", "--beam", "1", "HI"], 2, "2 to 4"),
        (&["run", "parrot", "--beam", "2", "--temperature", "1", "HI"], 2, "cannot be used with"),
        (&["run", "thermo", "--beam", "2", "hi"], 2, "--beam is for models without tools"),
        (&["run", "tinychat", "--beam", "2", "hi"], 2, "--beam is for sequence models"),
    ] {
        let stderr = folder.mlc(args).fails(code);
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
}
