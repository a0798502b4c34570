//! Shows values of a file in messages: cut short, and without characters that a terminal would obey.

/// Most characters of a value that a message shows.
const MOST: usize = 60;

/// A text of a file for a message: control characters escaped, cut behind 60 characters. A value of 10 MB costs
/// no more than a short one.
pub fn shown(text: &str) -> String {
    cut(text, MOST)
}

/// The same with another limit, for text that is a message itself.
pub fn cut(text: &str, most: usize) -> String {
    // Quotes are as they are; all that does not show, or changes how others show, is escaped.
    let plain = |c: char| if matches!(c, '"' | '\'') { c.to_string() } else { c.escape_debug().collect() };
    start(text, most).chars().map(plain).collect()
}

/// The first `most` characters of a text, and `…` where it goes on. Nothing is escaped.
pub fn start(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_and_escaped() {
        assert_eq!(shown("caf\u{e9} \"a\""), "caf\u{e9} \"a\"");
        assert_eq!(shown("\u{1b}[2J\n\u{9b}\u{202e}"), "\\u{1b}[2J\\n\\u{9b}\\u{202e}");
        assert_eq!(shown(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(shown(&"x".repeat(10_000_000)), format!("{}…", "x".repeat(60)));
    }
}
