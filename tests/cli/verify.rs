//! `mlc verify`.

use crate::{Folder, models, shared};
use mlc_compiler::ir::Form;

fn tiny() -> Folder {
    let folder = Folder::new();
    folder.write("tiny/model.ron", models::text(&models::chat()));
    folder.write("sorter.ron", models::text(&models::classifier()));
    folder
}

#[test]
fn machine_and_reference_agree_in_every_encoding() {
    let folder = tiny();
    for encoding in std::iter::once("auto").chain(Form::ALL.map(Form::name)) {
        for model in ["tiny", "sorter.ron"] {
            let said = folder.mlc(["verify", model, "--random", "20", "--encoding", encoding]).ok();
            assert!(said.contains(": 44 prompts, ") && said.ends_with(": all equal\n"), "{said}");
        }
    }
}

#[test]
fn prompts_beside_the_model_are_taken_and_replies_in_them_checked() {
    let folder = tiny();
    let reply = folder.mlc(["run", "tiny", "hello"]).ok();
    folder.write("tiny/prompts.txt", format!("# two\nhello|{reply}\nyou\n"));
    assert!(folder.mlc(["verify", "tiny"]).ok().starts_with("tiny on z80-cpm: 2 prompts, "));
    folder.write("wrong.txt", "hello|NEVER\n");
    let ran = folder.mlc(["verify", "tiny", "--prompts", "wrong.txt"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let head = "prompt \"hello\": not the reply that is expected\n";
    let reply = reply.trim_end();
    let both = format!("  reference \"{reply}\"\n  z80-cpm   \"{reply}\"\n  expected  \"NEVER\"\n");
    assert!(ran.stdout.starts_with(&format!("{head}{both}tiny on z80-cpm: 1 prompt, ")), "{}", ran.stdout);
    assert!(ran.stdout.ends_with(": 1 prompt with a difference\n"), "{}", ran.stdout);
}

#[test]
fn json_has_the_counts_and_the_first_difference() {
    let folder = tiny();
    folder.write("wrong.txt", "hello|NEVER\n");
    let ran = folder.mlc(["verify", "tiny", "--json", "--prompts", "wrong.txt", "--random", "2"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    assert_eq!((value["prompts"].as_u64(), value["differences"].as_u64()), (Some(3), Some(1)));
    assert_eq!(value["first"]["kind"], "expected");
    assert_eq!(value["first"]["expected"], "NEVER");
}

#[test]
fn a_file_without_prompts_is_an_error() {
    let folder = tiny();
    folder.write("none.txt", "# nothing\n");
    insta::assert_snapshot!("no-prompts", folder.mlc(["verify", "tiny", "--prompts", "none.txt"]).fails(1));
}

#[test]
fn published_networks_give_every_expected_reply() {
    let folder = Folder::new();
    for name in ["tinychat", "guess"] {
        let files = [".npz", "-expected.txt"].map(|end| shared::file(&format!("{name}{end}")));
        let [Some(model), Some(prompts)] = files else { continue };
        let args = ["verify".as_ref(), model.as_os_str(), "--prompts".as_ref(), prompts.as_os_str()];
        let said = folder.mlc(args).ok();
        assert!(said.starts_with(&format!("{name} on z80-cpm: 213 prompts, ")), "{said}");
        assert!(said.ends_with(": all equal\n"), "{said}");
    }
}
