//! Help by topic, man pages, completions.

use crate::Folder;
use insta::assert_snapshot;

/// Every verb, as `--help` lists them.
fn verbs(folder: &Folder) -> Vec<String> {
    let help = folder.mlc(["--help"]).ok();
    let list = help.split("Commands:\n").nth(1).expect("it lists them");
    let names = list.lines().take_while(|line| !line.is_empty());
    names.map(|line| line.split_whitespace().next().expect("a name").to_string()).collect()
}

#[test]
fn help_explains_commands_and_topics() {
    let folder = Folder::new();
    let all = folder.mlc(["help"]).ok();
    assert!(all.starts_with(&folder.mlc(["--help"]).ok()), "{all}");
    let topics = all.split("Topics, for `mlc help TOPIC`:\n").nth(1).expect("it lists them");
    let topics: Vec<_> = topics.lines().map(|line| line.split_whitespace().next().expect("a name")).collect();
    assert!(topics.len() > 8, "{topics:?}");
    for topic in &topics {
        assert!(folder.mlc(["help", topic]).ok().lines().count() > 4, "{topic}");
    }
    let verbs = verbs(&folder);
    assert!(verbs.len() > 15);
    for verb in verbs.iter().filter(|verb| !topics.contains(&verb.as_str())) {
        assert_eq!(folder.mlc(["help", verb]).ok(), folder.mlc([verb, "--help"]).ok(), "{verb}");
    }
    assert_eq!(folder.mlc(["help", "data", "lint"]).ok(), folder.mlc(["data", "lint", "--help"]).ok());
    assert_snapshot!("help-on-exit-codes", folder.mlc(["help", "exit-codes"]).ok());
    assert_snapshot!("help-on-targets", folder.mlc(["help", "targets"]).ok());
    let wrong =
        [&["help", "comple"][..], &["help", "nonsense"], &["help", "data", "lnit"], &["man", "help", "me"]];
    assert_snapshot!("help-on-nothing", wrong.map(|args| folder.mlc(args).fails(2)).join(""));
}

#[test]
fn every_command_has_a_man_page() {
    let folder = Folder::new();
    let said = folder.mlc(["man", "-o", "pages/man1"]).ok();
    let pages: Vec<_> = folder.names().into_iter().filter(|name| name.ends_with(".1")).collect();
    assert_eq!(said, format!("pages/man1: {} pages\n", pages.len()));
    for verb in verbs(&folder) {
        let page = folder.text(&format!("pages/man1/mlc-{verb}.1"));
        assert_eq!(page, folder.mlc(["man", &verb]).ok(), "{verb}");
        assert!(page.contains(&format!(".TH mlc-{verb} 1 ")), "{page}");
        assert!(page.contains("\\-\\-help"), "{page}");
    }
    let page = folder.mlc(["man", "data", "lint"]).ok();
    assert_eq!(page, folder.text("pages/man1/mlc-data-lint.1"));
    assert!(page.contains("\\-\\-strict"), "{page}");
    assert!(folder.mlc(["man"]).ok().contains("mlc\\-compile(1)"));
    // The same at any time.
    folder.mlc(["man", "-o", "again"]).ok();
    assert_eq!(folder.read("again/mlc.1"), folder.read("pages/man1/mlc.1"));
}

#[test]
fn completions_complete() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let text = folder.mlc(["completions", shell]).ok();
        assert!(text.contains("compile") && text.contains("max-bytes"), "{shell}");
    }
    assert!(folder.mlc(["completions", "tcsh"]).fails(2).contains("[possible values: bash, elvish"));
    // As bash does it, where there is one.
    folder.write("mlc.bash", folder.mlc(["completions", "bash"]).ok());
    let ask =
        "source mlc.bash; COMP_WORDS=(mlc insp); COMP_CWORD=1; _mlc mlc insp mlc; echo \"${COMPREPLY[@]}\"";
    let bash = std::process::Command::new("bash").args(["-c", ask]).current_dir(folder.path("")).output();
    match bash {
        Ok(ran) => assert_eq!(String::from_utf8_lossy(&ran.stdout), "inspect\n", "{ran:?}"),
        Err(e) => eprintln!("skipped: bash: {e}"),
    }
}
