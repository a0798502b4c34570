//! Finds the line of a RON file on which a field stands. serde tells where it cannot read a text, but not where a value
//! stood.

/// The line, from 1, on which the field at `path` begins: the names of the fields and the keys of maps around it, the
/// outermost first. Of several the last; `None` where there is none.
pub(super) fn line(text: &str, path: &[&str]) -> Option<usize> {
    let mut open: Vec<String> = Vec::new();
    let mut key = String::new();
    let mut found = None;
    let (mut line, mut rest) = (1, text);
    while let Some(c) = rest.chars().next() {
        let length = token(rest);
        let piece = &rest[..length];
        match c {
            '(' | '[' | '{' => open.push(std::mem::take(&mut key)),
            ')' | ']' | '}' => drop(open.pop()),
            ':' => {
                // The outermost bracket has no name.
                let around = open.get(1..).unwrap_or_default();
                let here = around.iter().map(String::as_str).chain([key.as_str()]);
                if here.eq(path.iter().copied()) {
                    found = Some(line);
                }
            }
            '"' => key = ron::from_str(piece).unwrap_or_default(),
            _ if c.is_alphanumeric() || c == '_' => key = piece.to_string(),
            _ => {}
        }
        line += piece.matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Bytes of the token that a text begins with, which is not empty: a comment, a string, a word, or one character.
fn token(text: &str) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    if let Some(string) = text.strip_prefix('"') {
        let mut escaped = false;
        let ends = |c: char| {
            let end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            end
        };
        return string.find(ends).map_or(text.len(), |end| end + 2);
    }
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.find(|c| !word(c)).unwrap_or(text.len()).max(first)
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn fields_are_found_by_the_names_around_them() {
        let text = "// baud: no\n(\n    baud: 1,\n    upload: (programmer: \"a: \\\" (\",\n        baud: 2),\n\
                    /* pins: (\n */ pins: {\n \"ON\": \"baud: 3\", \"A\\u{42}\":\n 4,\n\"ON\": 5 },\n)";
        for (path, found) in [
            (&["baud"][..], Some(3)),
            (&["upload"], Some(4)),
            (&["upload", "programmer"], Some(4)),
            (&["upload", "baud"], Some(5)),
            (&["pins"], Some(7)),
            (&["pins", "AB"], Some(8)),
            // The last of two.
            (&["pins", "ON"], Some(10)),
            (&["no"], None),
            (&["programmer"], None),
            (&[], None),
        ] {
            assert_eq!(line(text, path), found, "{path:?}");
        }
        for text in ["", ":", ")", "\"", "/*", "(a", "ä: b", "(:", "'a'"] {
            line(text, &["a"]);
        }
        assert_eq!(line("(ä: 1)", &["ä"]), Some(1));
    }
}
