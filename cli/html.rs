//! Pieces of HTML pages: text that is safe in them, and templates with places.

/// Text as it stands between tags and in attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // What no parser of HTML takes.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// JSON as it stands in a script element: nothing in it ends that.
pub fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// A template with each `{{ name }}` replaced by what `value` gives for it. What is put there is not looked at again.
pub fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{ ") {
        let (name, behind) = after.split_once(" }}").expect("each place of a template ends");
        filled.push_str(before);
        filled.push_str(&value(name));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_be_taken_for_tags() {
        assert_eq!(
            escape("<a href=\"x\">&\u{1b}</a>"),
            "&lt;a href=&quot;x&quot;&gt;&amp;\u{fffd}&lt;/a&gt;"
        );
        assert_eq!(in_script("{\"a\":\"</script>\"}"), "{\"a\":\"\\u003c/script>\"}");
    }

    #[test]
    fn places_are_filled_once() {
        let value = |name: &str| format!("{{{{ {name} }}}}");
        assert_eq!(fill("a {{ b }}{{ c }} d", value), "a {{ b }}{{ c }} d");
        assert_eq!(fill("a {{ b }} d", |_| String::new()), "a  d");
    }
}
