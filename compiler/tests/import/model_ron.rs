//! What the errors of both formats of a model.ron are checked with.

use super::shown;
use mlc_compiler::import::ron;

pub const WRITTEN_SO: &str = "help: docs/model-format.md shows how the file is written";
pub const LIMITS: &str = "help: change the field; docs/model-format.md has its limits";
pub const TRUNCATED: &str =
    "help: the file is truncated or damaged, or its shapes were changed: write it again";

/// Checks the error of a text with `from` made `to`.
#[track_caller]
pub fn refused(text: &str, from: &str, to: &str, expected: &str) {
    assert!(text.contains(from), "{from} is not in the text");
    let e = ron::read(&text.replacen(from, to, 1), "model.ron").expect_err("the change breaks the file");
    assert_eq!(shown(e), format!("model.ron{expected}"));
}
