//! Cuts messages to a readable length, whatever they quote: a name of ten megabytes helps nobody.

use mlc_compiler::shown::start;

/// Characters of a value in quotes.
pub const VALUE: usize = 80;
/// Characters of a line.
const LINE: usize = 1000;
/// Bytes of a line of a file that is shown: a row of the widest layer is shorter.
pub const SOURCE: usize = 500;

/// A message with long values in quotes, and long lines, cut.
pub fn message(text: &str) -> String {
    let lines = text.split('\n').map(|line| start(&values(line), LINE));
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands between two quotes is a value. Quotes that are themselves quoted, `'"'` and `\"`, are none.
fn values(line: &str) -> String {
    let bytes = line.as_bytes();
    let is_quote = |&(at, _): &(usize, &str)| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        before != Some(b'\\') && !(before == Some(b'\'') && bytes.get(at + 1) == Some(&b'\''))
    };
    let quotes: Vec<usize> = line.match_indices('"').filter(is_quote).map(|(at, _)| at).collect();
    let mut out = String::new();
    let mut done = 0;
    for pair in quotes.chunks_exact(2) {
        out += &line[done..=pair[0]];
        out += &start(&line[pair[0] + 1..pair[1]], VALUE);
        done = pair[1];
    }
    out + &line[done..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_lines_are_cut() {
        let (long, cut) = ("ä".repeat(90), "ä".repeat(80));
        let text = format!("m.ron: name \"{long}\" is no name, \"ab\" is\n  at \"{long}\"");
        let wants = format!("m.ron: name \"{cut}…\" is no name, \"ab\" is\n  at \"{cut}…\"");
        assert_eq!(message(&text), wants);
        assert_eq!(message(&"x".repeat(5000)).chars().count(), 1001);
    }

    #[test]
    fn what_is_short_stays_as_it_is() {
        let prose = "z".repeat(100);
        for text in [
            "a \"b\" c",
            "no quote",
            "one \" quote",
            "",
            &format!("'\"' {prose} \"x\""),
            &format!("\"a\\\"b\" {prose} \"x\""),
        ] {
            assert_eq!(message(text), text);
        }
    }
}
