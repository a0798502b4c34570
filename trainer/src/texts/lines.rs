//! `query|reply` lines, and texts.

use super::check::question;
use super::{At, Content, Cut, Problem, Records, RecordsError};
use crate::pairs::{FaultKind, Line, MAX_LINE, parse};

impl Records {
    /// Pairs, a line each. Nothing is folded, and replies may have any character.
    pub(super) fn pairs(&mut self, text: &str) {
        for (number, line) in (1..).zip(text.lines()) {
            let parsed = match line.len() > MAX_LINE {
                true => Err(FaultKind::TooLong),
                false => parse(line.as_bytes()),
            };
            match parsed {
                Ok(Line::Pair { query, reply }) => {
                    let pair = question(query, reply);
                    self.push(
                        pair.expect("both are short, not empty, and without control characters"),
                        At::Line(number),
                    );
                }
                Ok(Line::Blank | Line::Comment) => {}
                Err(kind) => self.fault(number, kind),
            }
        }
    }

    /// Texts. Line ends become `\n`, and white space around a text goes.
    pub(super) fn texts(&mut self, name: &str, text: &str, cut: Cut) -> Result<(), RecordsError> {
        let text = text.replace("\r\n", "\n").replace('\t', " ");
        if let Some((at, c)) = text.char_indices().find(|&(_, c)| c.is_control() && c != '\n') {
            let line = 1 + text[..at].matches('\n').count();
            let problem = if c == '\0' { Problem::Binary } else { Problem::Control(c.into()) };
            return Err(RecordsError { place: format!("{name}:{line}"), problem });
        }
        let mut put = |line, text: &str| {
            let text = text.trim();
            if !text.is_empty() {
                self.push(Content::Text(text.to_string()), At::Line(line));
            }
        };
        match cut {
            Cut::Whole => put(1, &text),
            Cut::Lines => (1..).zip(text.lines()).for_each(|(number, line)| put(number, line)),
            Cut::Paragraphs => {
                let mut begun: Option<(usize, Vec<&str>)> = None;
                for (number, line) in (1..).zip(text.lines().chain([""])) {
                    match line.trim().is_empty() {
                        false => begun.get_or_insert((number, Vec::new())).1.push(line),
                        true => {
                            if let Some((first, lines)) = begun.take() {
                                put(first, &lines.join("\n"));
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Record};
    use super::*;

    fn read(text: &str, cut: Cut) -> Records {
        let mut records = Records::default();
        records.read("a.txt", text.as_bytes(), None, cut).unwrap();
        records
    }

    #[test]
    fn pairs_keep_their_case() {
        let records = read("# c\nMy name is Zora|Hello, Zoë\nno bar\nx | y | z\n", Cut::Whole);
        assert_eq!(records.sources[0].1, Kind::Pairs);
        let pairs: Vec<_> = records.records.iter().filter_map(Record::pair).collect();
        assert_eq!(pairs, [("My name is Zora", "Hello, Zoë"), ("x", "y | z")]);
        assert_eq!((records.fault_count, records.faults[0].line), (1, 3));
        let said = Records::default().read("b.txt", b"x|\ny|\n", None, Cut::Whole).unwrap_err();
        assert_eq!(said.to_string(), "b.txt: no pair in it; line 1: nothing after the '|'");
    }

    #[test]
    fn texts_are_cut_as_asked() {
        let text = "\nOne.\r\nTwo.\n\n\nThree.\n";
        let texts = |cut| {
            let found = read(text, cut).records.into_iter().map(|r| (r.at, r.content));
            found.collect::<Vec<_>>()
        };
        let text = |line, text: &str| (At::Line(line), Content::Text(text.into()));
        assert_eq!(texts(Cut::Whole), [text(1, "One.\nTwo.\n\n\nThree.")]);
        assert_eq!(texts(Cut::Lines), [text(2, "One."), text(3, "Two."), text(6, "Three.")]);
        assert_eq!(texts(Cut::Paragraphs), [text(2, "One.\nTwo."), text(6, "Three.")]);
        let mut records = Records::default();
        let said = records.read("a", b"x\ny\x07\n", None, Cut::Whole).unwrap_err();
        assert_eq!(said.to_string(), "a:2: control character 0x07");
        assert_eq!(
            records.read("a", b"x\xff", None, Cut::Whole).unwrap_err().to_string(),
            "a:1: not UTF-8 text"
        );
    }
}
