//! `mlc run`.

use crate::{Folder, shared};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

/// Replies of the reference interpreter, which the compiler's own tests check.
fn reference(folder: &Folder, model: &str, prompts: &[&str]) -> String {
    let args = ["run", "--target", "reference", model].into_iter().chain(prompts.iter().copied());
    folder.mlc(args).ok()
}

const PROMPTS: [&str; 5] = ["hello", "How are YOU", "", "  spaces  ", "!"];

#[test]
fn each_prompt_gets_a_line_and_the_machine_agrees_with_the_reference() {
    let folder = Folder::with_models();
    for model in ["model.ron", "sorter.ron"] {
        let wants = reference(&folder, model, &PROMPTS);
        assert_eq!(wants.lines().count(), PROMPTS.len(), "{wants}");
        assert!(wants.lines().any(|line| !line.is_empty()), "a model that says nothing shows nothing");
        let args = ["run", model].into_iter().chain(PROMPTS);
        assert_eq!(folder.mlc(args).ok(), wants, "{model}");
    }
}

#[test]
fn prompts_come_from_a_pipe_a_line_each() {
    let folder = Folder::with_models();
    let wants = reference(&folder, "model.ron", &PROMPTS);
    for target in ["z80-cpm", "reference"] {
        let args = ["run", "model.ron", "--target", target];
        assert_eq!(folder.piped(&args, PROMPTS.join("\n").as_bytes()).ok(), wants, "{target}");
        assert_eq!(folder.piped(&args, (PROMPTS.join("\r\n") + "\r\n").as_bytes()).ok(), wants, "{target}");
        assert_eq!(folder.piped(&args, b"").ok(), "");
    }
}

#[test]
fn a_reply_comes_before_the_next_prompt_is_there() {
    let folder = Folder::with_models();
    let mut child = folder
        .command(["run", "model.ron"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("mlc starts");
    let mut input = child.stdin.take().expect("it is a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("it is a pipe"));
    let wants = reference(&folder, "model.ron", &["hello"]);
    for _ in 0..2 {
        input.write_all(b"hello\n").expect("mlc listens");
        let mut line = String::new();
        output.read_line(&mut line).expect("mlc answers");
        assert_eq!(line, wants);
    }
    drop(input);
    assert!(child.wait().expect("mlc ends").success());
}

#[test]
fn a_compiled_program_runs_as_it_is() {
    let folder = Folder::with_models();
    folder.mlc(["compile", "-o", "t.com"]).ok();
    let hello = reference(&folder, "model.ron", &["hello there"]);
    assert_eq!(folder.mlc(["run", "t.com", "hello", "there"]).ok(), hello);
    // Its own chat loop; an empty line asks again.
    let chat = folder.piped(&["run", "t.com"], b"hello there\n\n!\nnever read\n").ok();
    assert_eq!(chat, format!("tiny. Type a line; ! ends.\n> \n{hello}> \n> \n"));
    // The end of the input ends it, too.
    assert_eq!(
        folder.piped(&["run", "t.com"], b"hello there").ok(),
        format!("tiny. Type a line; ! ends.\n> \n{hello}> \n")
    );
}

#[test]
fn any_program_runs_and_its_fault_is_its_own() {
    let folder = Folder::with_models();
    // LD DE,0109h / LD C,9 / JP 5 / "hi$"
    folder.write("hi.com", b"\x11\x08\x01\x0e\x09\xc3\x05\x00hi\r\n$");
    assert_eq!(folder.mlc(["run", "hi.com"]).ok(), "hi\n");
    folder.write("halt.com", [0x00, 0x76]);
    let said = folder.mlc(["run", "halt.com"]).fails(1);
    insta::assert_snapshot!("fault-of-a-program", said);
    folder.write("empty.com", "");
    insta::assert_snapshot!("empty-program", folder.mlc(["run", "empty.com"]).fails(1));
}

#[test]
fn prompts_that_no_command_line_holds_are_refused() {
    let folder = Folder::with_models();
    let longest = "x".repeat(126);
    assert_eq!(folder.mlc(["run", "model.ron", &longest]).ok(), reference(&folder, "model.ron", &[&longest]));
    let said = folder.mlc(["run", "model.ron", &"x".repeat(127)]).fails(1);
    insta::assert_snapshot!("prompt-too-long", said);
    insta::assert_snapshot!("prompt-control", folder.mlc(["run", "model.ron", "a\tb"]).fails(1));
}

#[test]
fn json_is_an_object_a_line() {
    let folder = Folder::with_models();
    let rows = |target: &str| -> Vec<serde_json::Value> {
        let said = folder.mlc(["run", "--json", "--target", target, "model.ron", "hello", "you"]).ok();
        said.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
    };
    let (machine, reference) = (rows("z80-cpm"), rows("reference"));
    assert_eq!(machine.len(), 2);
    for (machine, reference) in machine.iter().zip(&reference) {
        for field in ["prompt", "reply", "steps"] {
            assert_eq!(machine[field], reference[field]);
        }
        assert!(machine["cycles"].as_u64().is_some_and(|t| t > 1000));
        assert!(machine["milliseconds"].as_f64().is_some_and(|ms| ms > 0.0));
        assert!(reference.get("cycles").is_none());
    }
}

#[test]
fn a_slow_clock_takes_its_time() {
    let folder = Folder::with_models();
    let said = folder.mlc(["run", "--json", "model.ron", "hello"]).ok();
    let row: serde_json::Value = serde_json::from_str(&said).expect("it is JSON");
    let cycles = row["cycles"].as_u64().expect("the machine counts T-states");
    // A clock at which the run takes 0.4 s.
    let clock = format!("{}Hz", cycles * 5 / 2);
    let began = std::time::Instant::now();
    let slow = folder.mlc(["run", "--speed", &clock, "model.ron", "hello"]).ok();
    assert!(began.elapsed().as_secs_f64() >= 0.35, "{:?}", began.elapsed());
    assert_eq!(slow.trim_end(), row["reply"].as_str().expect("a reply is text"));
}

#[test]
fn the_published_network_talks() {
    let Some(npz) = shared::file("tinychat.npz") else { return };
    let folder = Folder::new();
    let said =
        folder.mlc(["run".as_ref(), npz.as_os_str(), "hello".as_ref(), "are you a robot".as_ref()]).ok();
    assert_eq!(said, "HI\nNO\n");
}
