//! `mlc verify`.

use crate::{Folder, models, parts, shared};
use mlc_compiler::weights::Form;

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

/// A comparison of nothing is none.
#[test]
fn prompts_that_do_not_fit_are_counted_and_one_must_be_left() {
    let folder = Folder::new();
    let with = |longest| {
        let mut model = models::chat();
        parts::reader_mut(&mut model).query.max_length = longest;
        models::text(&model)
    };
    folder.write("one.ron", with(1)).write("three.ron", with(3));
    for target in ["zx48", "cpc464", "msx", "atmega328p"] {
        for verb in ["verify", "bench", "profile"] {
            let said = folder.mlc([verb, "one.ron", "--target", target]).fails(1);
            let wants = format!(
                "warning: tiny on {target}: 24 of 24 prompts left out: the line that it reads holds 1 byte\n  \
                 x tiny on {target}: no prompt is short enough: the line that it reads holds 1 byte\n  \
                 help: give shorter ones with --prompts FILE\n"
            );
            assert_eq!(said, wants, "{verb}");
        }
        let said = folder.mlc(["bench", "--all", "one.ron", "--target", target]).fails(1);
        assert!(said.contains(&format!("tiny on {target}: no prompt is short enough")), "{said}");
        let said = folder.mlc(["verify", "one.ron", "--target", target, "--random", "9"]).ok();
        assert!(said.contains(": 9 prompts, "), "{said}");
    }
    let ran = folder.mlc(["verify", "three.ron", "--target", "zx48", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    let (asked, left_out) = (value["prompts"].as_u64().unwrap(), value["left_out"].as_u64().unwrap());
    assert!(asked > 0 && left_out > 0 && asked + left_out == 24, "{}", ran.stdout);
    let wants = format!(
        "warning: tiny on zx48: {left_out} of 24 prompts left out: the line that it reads holds 3 bytes\n"
    );
    assert_eq!(ran.stderr, wants);
    let value = folder.mlc(["bench", "three.ron", "--target", "zx48", "--json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&value).expect("it is JSON");
    assert_eq!((value["prompts"].as_u64(), value["left_out"].as_u64()), (Some(asked), Some(left_out)));
    let said = folder.mlc(["profile", "three.ron", "  "]).fails(1);
    assert!(said.contains("no prompt has anything but spaces, so that the network has not run"), "{said}");
}

#[test]
fn nobody_needs_a_million_random_prompts() {
    let folder = tiny();
    for many in ["18446744073709551615", "1000001", "-1"] {
        let said = folder.mlc(["verify", "tiny", &format!("--random={many}")]).fails(2);
        assert!(said.contains("--random"), "{said}");
    }
}
