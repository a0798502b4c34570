//! Who has installed `mlc` and stands in an empty folder: the models that it brings, and a project of one's own.

use crate::{Folder, json, models};
use insta::assert_snapshot;
use std::path::Path;

/// A file of the repository.
fn root(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn models_are_there_without_a_file() {
    let folder = Folder::new();
    assert_eq!(folder.mlc(["run", "tinychat", "hello"]).ok(), "HELLO!\n");
    assert_eq!(folder.mlc(["run", "guess", "-t", "reference", "is it alive"]).ok(), "NO\n");
    assert_eq!(folder.names(), [""; 0], "nothing is left behind");
    // Its own prompts, not the small talk for models without any.
    let prompts = root("models/commands/prompts.txt").lines().filter(|line| !line.starts_with('#')).count();
    let verified = json(&folder.mlc(["verify", "commands", "--json"]).ok());
    assert_eq!((&verified["prompts"], &verified["differences"]), (&prompts.into(), &0.into()));
    // On a chip, whose pins labels drive, too.
    let verified = json(&folder.mlc(["verify", "commands", "--target", "atmega328p", "--json"]).ok());
    assert_eq!((&verified["prompts"], &verified["differences"]), (&prompts.into(), &0.into()));
    let measured = json(&folder.mlc(["bench", "commands", "--json"]).ok());
    assert_eq!(measured["prompts"], prompts);
    assert!(folder.mlc(["profile", "commands"]).ok().contains("fc1"));
    assert!(folder.mlc(["inspect", "commands"]).ok().starts_with("commands: classifier 64→32→16→10\n"));
    folder.mlc(["compile", "commands", "-o", "c.com"]).ok();
    folder.mlc(["compile", "commands", "-o", "c.c"]).ok();
    assert_eq!(folder.mlc(["run", "c.com", "louder"]).ok(), "UP\n");
    folder.mlc(["compile", "commands"]).ok();
    assert!(folder.path("build/commands/z80-cpm/commands.com").is_file());
    folder.mlc(["import", "commands", "-o", "mine.ron"]).ok();
    assert_eq!(folder.text("mine.ron"), root("models/commands/model.ron"));
    folder.mlc(["export", "commands", "-o", "c.npz"]).ok();
    folder.write("pairs.txt", "louder|UP\n");
    assert!(folder.mlc(["eval", "commands", "pairs.txt"]).ok().contains("1 of 1"));
    let said = folder.mlc(["data", "lint", "pairs.txt", "--model", "commands"]).ok();
    assert!(said.starts_with("1 pair, ") || said.contains("\n1 pair, "), "{said}");
    folder.mlc(["train", "pairs.txt", "--resume", "commands", "--epochs", "1", "-o", "more.ron"]).ok();
}

#[test]
fn what_is_in_the_folder_comes_first() {
    let folder = Folder::new();
    let mine = models::text(&models::chat());
    let answer = |folder: &Folder, named: &str| folder.mlc(["run", "-t", "reference", named, "hello"]).ok();
    folder.write("mine.ron", &mine);
    let wants = answer(&folder, "mine.ron");
    assert_ne!(answer(&folder, "tinychat"), wants);
    // A folder that is no model hides none.
    folder.write("tinychat/notes.txt", "");
    assert_eq!(answer(&folder, "tinychat"), "HELLO!\n");
    folder.write("models/tinychat/model.ron", &mine);
    assert_eq!(answer(&folder, "tinychat"), wants);
    folder.write("guess/model.ron", &mine).write("commands", &mine);
    assert_eq!(answer(&folder, "guess"), wants);
    assert_eq!(answer(&folder, "commands"), wants);
    // All of them: those of the folder.
    folder.write("models/other/model.ron", models::text(&models::classifier()));
    let args = ["bench", "--all", "-t", "z80-cpm", "--encoding", "packed", "--json"];
    let rows = json(&folder.mlc(args).ok());
    let names: Vec<_> = rows.as_array().expect("rows").iter().map(|row| row["network"].clone()).collect();
    assert_eq!(names, ["sorter", "tiny"]);
    let rows = json(&Folder::new().mlc(args).ok());
    let names: Vec<_> = rows.as_array().expect("rows").iter().map(|row| row["network"].clone()).collect();
    assert!(names.contains(&"tinychat".into()) && names.contains(&"commands".into()), "{names:?}");
}

#[test]
fn a_wrong_name_is_answered_with_the_right_one() {
    let folder = Folder::new();
    let mut said = folder.mlc(["run", "tinychta", "hello"]).fails(1);
    said += &folder.mlc(["inspect", "parrot-like"]).fails(1);
    said += &folder.mlc(["export", "Guess", "-o", "g.npz"]).fails(1);
    said += &folder.mlc(["compile", "tinychat.npz"]).fails(1);
    folder.write("models/mine/model.ron", models::text(&models::chat()));
    said += &folder.mlc(["verify", "mien"]).fails(1);
    assert_snapshot!("wrong-names", said);
}

#[test]
fn the_list_of_models_says_what_was_measured() {
    let folder = Folder::new();
    let text = folder.mlc(["models"]).ok();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let rows = json(&folder.mlc(["models", "--json"]).ok());
    let kept = json(&root("tests/benchmarks.json"));
    let rows = rows.as_array().expect("rows");
    assert!(rows.len() >= 3);
    for row in rows {
        let name = row["name"].as_str().expect("a name");
        assert!(text.contains(name), "{text}");
        let of_it = kept["models"].as_array().expect("rows").iter();
        let of_it: Vec<_> =
            of_it.filter(|kept| kept["network"] == name && kept["encoding"] == "auto").collect();
        let fits = row["targets"].as_array().expect("targets");
        assert_eq!(fits.len(), of_it.len(), "{name}");
        assert!(!fits.is_empty(), "{name}: its figures are not kept yet");
        for (fit, kept) in fits.iter().zip(of_it) {
            assert_eq!(fit["target"], kept["target"]);
            assert_eq!(fit["fits"], !kept["figures"].is_null());
            assert_eq!(fit["image_bytes"], kept["figures"]["bytes"]);
        }
        assert_eq!(row["bytes"], root(&format!("models/{name}/model.ron")).len());
    }
}

#[test]
fn what_is_shown_fits_80_columns() {
    let folder = Folder::new();
    let pairs = root("models/commands/pairs.txt").lines().take(200).collect::<Vec<_>>().join("\n");
    folder.write("pairs.txt", pairs);
    for command in [
        "models",
        "targets",
        "inspect tinychat",
        "inspect commands",
        "compile tinychat -o t.com -vv",
        "compile guess -t atmega328p -o g.hex -vv",
        "bench tinychat",
        "bench commands -t atmega328p",
        "bench --all commands -t z80-cpm",
        "profile commands -t zx48",
        "profile guess hello",
        "verify commands",
        "data stats pairs.txt",
        "eval commands pairs.txt",
    ] {
        let text = folder.mlc(command.split(' ')).ok();
        // A command that flashes is one line.
        let mut lines = text.lines().filter(|line| !line.starts_with("avrdude "));
        let wide = lines.find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "mlc {command}: {text}");
    }
}

#[test]
fn a_new_project_does_what_its_files_say() {
    let folder = Folder::new();
    let said = folder.mlc(["new", "chatty"]).ok();
    assert_snapshot!("new", said);
    let readme = folder.text("chatty/README.md");
    assert!(readme.lines().count() <= 15, "{readme}");
    let block =
        readme.split("```").nth(1).expect("it has a block").strip_prefix("sh\n").expect("of commands");
    let workflow = folder.text("chatty/.github/workflows/mlc.yml");
    let steps = workflow.lines().filter_map(|line| line.trim().strip_prefix("- run: mlc "));
    let commands: Vec<_> = block.lines().filter_map(|line| line.strip_prefix("mlc ")).chain(steps).collect();
    assert!(commands.len() >= 9 && block.lines().all(|line| line.starts_with("mlc ")), "{commands:?}");
    for command in commands {
        // No word is in quotes but prompts, which may as well be two.
        let words = command.split(' ').map(|word| word.trim_matches('"'));
        let ran = folder.command(words).current_dir(folder.path("chatty")).output().expect("mlc starts");
        let stderr = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "mlc {command}: {stderr}");
    }
    assert!(
        folder.path("chatty/model.ron").is_file()
            && folder.path("chatty/golden/chatty/zx48/chatty.tap").is_file()
    );
    // All prompts were taken.
    let said = folder.command(["run", "model.ron", "hello"]).current_dir(folder.path("chatty")).output();
    assert_eq!(said.expect("mlc starts").stdout, b"HI THERE!\n");
}

#[test]
fn a_project_takes_no_other_ones_place() {
    let folder = Folder::new();
    folder.write("file", "x").write("full/x", "x");
    std::fs::create_dir(folder.path("empty")).expect("folders can be made");
    let before = folder.names();
    let mut said = String::new();
    for name in ["file", "full", "empty", "no/folder"] {
        said += &folder.mlc(["new", name]).fails(1);
    }
    for name in ["a b", "..", "/", &"x".repeat(33)] {
        said += &folder.mlc(["new", name]).fails(2);
    }
    assert_eq!(folder.names(), before);
    assert_snapshot!("new-refused", said);
    // Below another folder it is called after its own.
    folder.mlc(["new", "full/deep"]).ok();
    assert!(folder.text("full/deep/train.ron").contains("name: \"deep\""));
}
