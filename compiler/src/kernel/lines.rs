//! Lines of data, texts as operands and as comments, and the last touch on rendered text.

/// Values of a line of `db` or `dw`.
const PER_LINE: usize = 16;

/// Numbers as operands of `db`, so many a line.
pub fn bytes(values: impl IntoIterator<Item = u8>) -> Vec<String> {
    lines(values.into_iter().map(|b| b.to_string()), PER_LINE)
}

/// Numbers as lines of GNU's `.byte`.
pub fn gnu_bytes(values: impl IntoIterator<Item = u8>) -> Vec<String> {
    bytes(values).into_iter().map(|line| format!(".byte {line}")).collect()
}

/// Expressions as operands of `db` or `dw`, so many a line.
pub fn lines(values: impl IntoIterator<Item = String>, per_line: usize) -> Vec<String> {
    let values: Vec<_> = values.into_iter().collect();
    values.chunks(per_line).map(|line| line.join(",")).collect()
}

/// Printable bytes in quotes, others as numbers: operands of `db`.
pub fn quoted(bytes: &[u8]) -> Vec<String> {
    let plain = |b: u8| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\';
    let runs = bytes.chunk_by(|&a, &b| plain(a) && plain(b));
    let operand = |run: &[u8]| {
        if plain(run[0]) {
            format!("\"{}\"", run.escape_ascii()).replace("\\'", "'")
        } else {
            run[0].to_string()
        }
    };
    lines(runs.map(operand), PER_LINE)
}

/// A text that people wrote as a comment may show it: on one line, and without what the C preprocessor, which reads an
/// AVR's source first, would look for in it.
pub fn remark(text: &str) -> String {
    text.replace(|c: char| c.is_control() || "\"'\\".contains(c), " ").replace("/*", "/ *")
}

/// Drops blanks at line ends and all but one of several empty lines.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && empty) {
            out.push_str(line);
            out.push('\n');
        }
        empty = line.is_empty();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_hold_nothing_that_a_preprocessor_reads() {
        assert_eq!(remark("it's \"4/5\" /* \n\\"), "it s  4/5  / *   ");
        let plain = "Arduino Nano (its old boot loader: 57,600 baud)";
        assert_eq!(remark(plain), plain);
    }

    #[test]
    fn strings_quote_what_every_assembler_takes_as_it_is() {
        assert_eq!(quoted(b"AB'c\0"), ["\"AB'c\",0"]);
        assert_eq!(quoted(b"a\"b\\"), ["\"a\",34,\"b\",92"]);
        assert_eq!(quoted(b"\xe9\n"), ["233,10"]);
    }
}
