//! How errors look, and where they point.

use super::*;

#[test]
fn a_bug_looks_different() {
    let fault = |compiled| CliError::Fault {
        program: "tiny".into(),
        machine: "z80-cpm".into(),
        fault: "at start (0100h): HALT".into(),
        compiled,
    };
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        render(&fault(true), Style::Script),
        format!(
            "This is a bug in mlc {version}, not in your model or target.\n  \
             x tiny stopped on z80-cpm: at start (0100h): HALT\n  \
             help: please report it with the model file and the prompt\n"
        )
    );
    assert!(render(&fault(false), Style::Script).starts_with("  x tiny stopped on z80-cpm"));
    let plan = mlc_compiler::plan::PlanError::Shape("a sum has two products".into());
    let shown = render(&CliError::Compile(plan.into()), Style::Script);
    assert!(
        shown.starts_with("This is a bug in mlc ") && shown.contains("  x a sum has two products\n"),
        "{shown}"
    );
}

#[test]
fn places_become_offsets() {
    let text = "ab\n\u{e9}f\n";
    assert_eq!(offset(text, 1, 2), Some(1));
    assert_eq!(offset(text, 2, 2), Some(5));
    assert_eq!(offset(text, 2, 9), Some(6));
    assert_eq!(offset(text, 9, 1), None);
    assert_eq!(offset("", 1, 1), Some(0));
}
