//! `--tool`: what the tools of a sequence model read, on the reference and on machines; and what is refused.

use crate::{Folder, json, sequence};
use mlc_compiler::import::ron;
use mlc_compiler::model::{Action, Answer, Model, Reader, Tool};

/// A network whose tokens all name an action: whatever it chooses reads `temp` or `light`, or switches `lamp`.
fn model() -> Model {
    let mut model = sequence::model(7);
    model.head.name = "board".into();
    let (Reader::Tokens(reader), Answer::Story(story)) = (&mut model.reader, &mut model.answer) else {
        unreachable!("a sequence model")
    };
    for digit in b'0'..=b'9' {
        reader.tokenizer.alphabet.start.entry(vec![digit]).or_insert(1);
    }
    let tokens = (reader.tokenizer.pieces.len() as u32).min(60);
    story.ends.clear();
    story.most = 30;
    story.tools = (0..tokens)
        .map(|token| {
            let read = Action::Read { close: vec![] };
            let (name, action) = match token % 3 {
                0 => ("temp", read),
                1 => ("light", read),
                _ => ("lamp", Action::Switch { on: true }),
            };
            Tool { token, name: name.into(), action }
        })
        .collect();
    model.check().unwrap_or_else(|e| panic!("{e}"));
    model
}

fn folder() -> Folder {
    let folder = Folder::with_chat();
    folder.write("board.ron", ron::write(&model()));
    folder
}

const QUERY: &str = "ab";

#[test]
fn machines_read_what_the_reference_reads() {
    let folder = folder();
    let run = |target: &str, tools: &[&str]| {
        let args = ["run", "board.ron", "--target", target, QUERY].into_iter();
        folder.mlc(args.chain(tools.iter().copied()))
    };
    for tools in [&[][..], &["--tool", "temp=25"], &["--tool", "LIGHT=99", "--tool", "temp=150"]] {
        let wants = run("reference", tools);
        let (said, notes) = (wants.stdout.clone(), wants.stderr.clone());
        assert!(wants.code == Some(0) && said.contains(|c: char| c.is_ascii_digit()), "{wants:?}");
        let open = notes.starts_with("note: ");
        assert_eq!(open, tools.len() < 4, "{notes}");
        for target in ["z80-cpm", "atmega1284p", "atmega2560"] {
            let ran = run(target, tools);
            assert_eq!(ran.stdout, said, "{target} {tools:?}: {}", ran.stderr);
            let verify = ["verify", "board.ron", "--target", target, "--random", "5"].into_iter();
            let verified = folder.mlc(verify.chain(tools.iter().copied()));
            assert!(verified.code == Some(0) && verified.stdout.contains("all equal"), "{verified:?}");
        }
    }
    let note = run("reference", &["--tool", "light=3"]).stderr;
    assert!(note.starts_with("note: temp reads 0; --tool temp=NUMBER gives another value\n"), "{note}");
    // Something else is read, so something else is said.
    assert_ne!(
        run("reference", &["--tool", "temp=1"]).stdout,
        run("reference", &["--tool", "temp=2"]).stdout
    );
    let bench = ["bench", "board.ron", "--target", "atmega1284p", "--tool", "temp=25", "--json"];
    assert!(json(&folder.mlc(bench).ok())["steps"].as_u64() > Some(0));
    let profile = |tool| {
        let args = ["profile", "board.ron", QUERY, "--target", "atmega1284p", "--tool", tool, "--json"];
        json(&folder.mlc(args).ok())["cycles"].as_u64()
    };
    assert!(profile("temp=25") > Some(0) && profile("temp=25") != profile("temp=450"));
}

#[test]
fn what_is_switched_is_told() {
    let folder = folder();
    let mut model = model();
    let Answer::Story(story) = &mut model.answer else { unreachable!("a sequence model") };
    for tool in &mut story.tools {
        (tool.name, tool.action) = ("lamp".into(), Action::Switch { on: true });
    }
    folder.write("board.ron", ron::write(&model));
    let ran = folder.mlc(["run", "board.ron", "--target", "reference", "--json", QUERY]).ok();
    let row = json(&ran);
    let switched: Vec<&str> =
        row["switched"].as_array().map_or(vec![], |all| all.iter().filter_map(|s| s.as_str()).collect());
    let told = folder.mlc(["run", "board.ron", "--target", "reference", QUERY]).stderr;
    assert_eq!(told.matches("lamp is switched on\n").count(), switched.len(), "{told}");
    assert!(!switched.is_empty() && switched.iter().all(|what| *what == "lamp on"), "{ran}");
}

#[test]
fn wrong_values_are_refused() {
    let folder = folder();
    let refused = |args: &[&str], code: i32, wants: &str| {
        let said = folder.mlc(args).fails(code);
        assert!(said.contains(wants), "{args:?}: {said}\nwants {wants}");
    };
    let run = |tool: &'static str| ["run", "board.ron", "--target", "reference", QUERY, "--tool", tool];
    refused(&run("tmp=3"), 2, "--tool tmp: board does not read that; it reads temp, light");
    refused(&run("lamp=1"), 2, "--tool lamp: board switches lamp, it does not read it");
    refused(&run("temp"), 2, "write a name and a whole number from 0 to 65535, as temp=23");
    refused(&run("temp=65536"), 2, "write a name and a whole number from 0 to 65535, as temp=23");
    let twice = [&run("temp=1")[..], &["--tool", "Temp=2"]].concat();
    refused(&twice, 2, "--tool Temp stands twice");
    let plain = ["run", "model.ron", QUERY, "--tool", "temp=1"];
    refused(&plain, 2, "--tool is for sequence models whose tokens name an action: leave it out");
    let board = |tool: &'static str| ["verify", "board.ron", "--target", "atmega1284p", "--tool", tool];
    let none = "no voltage at PA0 is temp 451 on the profile mighty; the nearest: 450";
    refused(&board("temp=451"), 2, none);
    refused(&["profile", "board.ron", QUERY, "--tool", "tmp=3"], 2, "--tool tmp: board does not read that");
    refused(&["profile", "own.com", "--tool", "temp=1"], 2, "a .com file takes TEMP=1 as a word");
    refused(&["bench", "--all", "board.ron", "--tool", "temp=1"], 2, "--tool is for one model");
    for target in ["zx48", "cpc464", "msx"] {
        refused(&["run", "board.ron", "--target", target, QUERY], 1, "tokens that read a value");
    }
    folder.mlc(["compile", "board.ron", "-o", "board.com"]).ok();
    refused(&["run", "board.com", "--tool", "temp=1"], 2, "a .com file takes TEMP=1 as a word");
    let words = folder.mlc(["run", "board.com", "TEMP=25", QUERY]).ok();
    let wants = folder.mlc(["run", "board.ron", "--target", "reference", "--tool", "temp=25", "AB"]).ok();
    assert_eq!(words.trim_end(), wants.trim_end());
}

/// A board of one's own.
fn profile(folder: &Folder, entries: &str) -> String {
    let text = format!(
        "(about: \"own\", device: \"atmega1284p\", clock_hz: 16_000_000, baud: 115_200, supply_millivolts: 5_000, \
         upload: (programmer: \"usbasp\"),\n{entries}\n)"
    );
    folder.write("own.ron", text);
    "own.ron".into()
}

#[test]
fn tools_need_pins() {
    let folder = folder();
    let compile = |entries: &str| {
        let own = profile(&folder, entries);
        folder.mlc(["compile", "board.ron", "--target", "atmega1284p", "--profile", &own, "-o", "a.hex"])
    };
    let inputs = "inputs: { \"temp\": (pin: \"PA3\"), \"Light\": (pin: \"PA3\", mul: -1, offset: 1023) }";
    let said = compile("").fails(1);
    let wants =
        "board has the tool \"temp\", and the profile own has no pin for it in its inputs: there are none";
    assert!(said.contains(wants) && said.contains("inputs: { \"temp\": (pin: \"PC0\") }"), "{said}");
    let said = compile(&format!("{inputs}, switches: {{ \"fan\": \"PB1 high\" }}")).fails(1);
    let wants =
        "board has the tool \"lamp\", and the profile own has no pin for it in its switches: there are fan";
    assert!(said.contains(wants) && said.contains("switches: { \"lamp\": \"PB5 high\" }"), "{said}");
    let said = compile(&format!("{inputs}, switches: {{ \"lamp\": \"PB1 low\" }}")).ok();
    let line = "tools: temp is measured at PA3, light is measured at PA3,\n  lamp is on with PB1 low\n";
    assert!(said.contains(line), "{said}");
    // One voltage in two scales.
    let verify = |tools: &[&str]| {
        let args = ["verify", "board.ron", "--target", "atmega1284p", "--profile", "own.ron"].into_iter();
        folder.mlc(args.chain(tools.iter().copied()))
    };
    assert!(verify(&["--tool", "temp=23"]).ok().contains("all equal"));
    assert!(verify(&["--tool", "temp=23", "--tool", "light=1000"]).ok().contains("all equal"));
    let said = verify(&["--tool", "temp=23", "--tool", "light=7"]).fails(2);
    let wants = "the values of temp, light are those of one pin, PA3, which does not measure them at once";
    assert!(said.contains(wants), "{said}");
}

/// The project's own board, on a chip and under CP/M.
#[test]
fn thermo_is_exact_and_says_what_it_measured() {
    let folder = Folder::new();
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/thermo");
    for file in ["model.ron", "prompts.txt"] {
        let text = std::fs::read(models.join(file)).expect("it is there");
        folder.write(&format!("models/thermo/{file}"), text);
    }
    for (target, profile) in [("z80-cpm", None), ("atmega328p", Some("lilypad")), ("atmega1284p", None)] {
        let on = |verb: &'static str| {
            let board = profile.map(|profile| ["--profile", profile]);
            let values = ["--tool", "temp=21", "--tool", "light=60"];
            [verb, "thermo", "--target", target].into_iter().chain(values).chain(board.into_iter().flatten())
        };
        let verified = folder.mlc(on("verify")).ok();
        assert!(verified.contains("18 prompts") && verified.contains("all equal"), "{verified}");
        let said = folder.mlc(on("run").chain(["how warm is it?", "light on", "how bright is it?"])).ok();
        assert_eq!(said, "IT IS 21 DEGREES\nTHE LAMP IS ON\nTHE LIGHT IS AT 60 PERCENT\n", "{target}");
    }
}
