//! `--help` of every verb.

use crate::Folder;
use insta::assert_snapshot;

#[test]
fn every_verb_explains_itself() {
    let folder = Folder::new();
    assert_snapshot!("help", folder.mlc(["--help"]).ok());
    for verb in [
        "import",
        "export",
        "compile",
        "run",
        "verify",
        "bench",
        "profile",
        "inspect",
        "diff",
        "report",
        "models",
        "targets",
        "new",
        "train",
        "distill",
        "sweep",
        "eval",
        "data",
        "help",
        "man",
        "completions",
    ] {
        assert_snapshot!(format!("help-{verb}"), folder.mlc([verb, "--help"]).ok());
    }
    for verb in ["stats", "lint", "split", "dedup", "balance", "expand"] {
        assert_snapshot!(format!("help-data-{verb}"), folder.mlc(["data", verb, "--help"]).ok());
    }
    assert_eq!(folder.mlc(["--version"]).ok(), format!("mlc {}\n", env!("CARGO_PKG_VERSION")));
}
