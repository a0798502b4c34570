//! What a test needs of the machine that it runs on: other people's tools, ROMs, files. Where such a thing is missing the
//! test says so and passes, but with MLC_REQUIRE_TOOLS=1 it fails.

/// Whether `tool` is installed.
pub fn installed(tool: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()));
    there(found, &format!("{tool} (CONTRIBUTING.md says how to install it)"))
}

/// Hands on whether `what` was `found`.
pub fn there(found: bool, what: &str) -> bool {
    if !found {
        let required = std::env::var_os("MLC_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "missing, and MLC_REQUIRE_TOOLS=1 demands it: {what}");
        eprintln!("skipped: missing: {what}");
    }
    found
}
