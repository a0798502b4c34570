//! Pairs in tables: CSV, and the same with tabs.

use super::check::question;
use super::{At, Problem, Records, RecordsError};
use csv::{ErrorKind, ReaderBuilder, StringRecord};
use mlc_compiler::import::table::line_of;

/// Names of columns, in any case.
const QUERIES: [&str; 9] =
    ["query", "question", "prompt", "input", "user", "instruction", "text", "sentence", "message"];
const REPLIES: [&str; 10] = [
    "reply",
    "answer",
    "response",
    "output",
    "assistant",
    "label",
    "completion",
    "class",
    "category",
    "intent",
];

/// Where the columns are, and whether the first row names them.
struct Columns {
    query: usize,
    reply: usize,
    named: bool,
}

impl Columns {
    /// The first row names the columns if it names both. Others beside them say nothing of the pair.
    fn of(first: &StringRecord) -> Result<Self, Problem> {
        let find = |names: &[&str], what| {
            let is_one = |cell: &str| names.contains(&cell.trim().to_ascii_lowercase().as_str());
            let mut found = first.iter().enumerate().filter(|(_, cell)| is_one(cell));
            match (found.next(), found.next()) {
                (Some((_, first)), Some((_, second))) => Err(Problem::TwoColumns {
                    what,
                    first: first.trim().into(),
                    second: second.trim().into(),
                }),
                (one, _) => Ok(one.map(|(at, _)| at)),
            }
        };
        match (find(&QUERIES, "query")?, find(&REPLIES, "reply")?) {
            (Some(query), Some(reply)) => Ok(Self { query, reply, named: true }),
            _ => Ok(Self { query: 0, reply: 1, named: false }),
        }
    }
}

impl Records {
    /// A pair a row. The first row may name the columns; without names there are two.
    pub(super) fn table(&mut self, name: &str, text: &str, separator: u8) -> Result<(), RecordsError> {
        let mut reader = ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .comment(None)
            .from_reader(text.as_bytes());
        let mut columns: Option<Columns> = None;
        for row in reader.records() {
            let row = row.map_err(|e| damaged(name, &e))?;
            let line = row.position().map_or(1, |place| line_of(text, place));
            let wrong = |problem| RecordsError { place: format!("{name}:{line}"), problem };
            // An empty line is a row without cells, or with one that is empty.
            if row.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let known = match &columns {
                Some(known) => known,
                None => {
                    let found = columns.insert(Columns::of(&row).map_err(wrong)?);
                    if found.named {
                        continue;
                    }
                    found
                }
            };
            if !known.named && row.len() != 2 {
                return Err(wrong(Problem::Columns(row.len())));
            }
            let cell = |at: usize, what| match row.get(at).map(str::trim) {
                None | Some("") => Err(wrong(Problem::EmptyCell(what))),
                Some(cell) => Ok(cell.to_string()),
            };
            let pair = question(cell(known.query, "query")?, cell(known.reply, "reply")?);
            self.push(pair.map_err(wrong)?, At::Line(line));
        }
        Ok(())
    }
}

fn damaged(name: &str, error: &csv::Error) -> RecordsError {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.kind() {
        ErrorKind::Utf8 { .. } => Problem::NotUtf8,
        _ => Problem::Table(error.to_string()),
    };
    RecordsError { place: format!("{name}:{line}"), problem }
}

#[cfg(test)]
mod tests {
    use super::super::{Cut, Record};
    use super::*;

    fn read(name: &str, text: &str) -> Result<Records, String> {
        let mut records = Records::default();
        records.read(name, text.as_bytes(), None, Cut::Whole).map_err(|e| e.to_string()).map(|()| records)
    }

    fn pairs(records: &Records) -> Vec<(&str, &str)> {
        records.records.iter().filter_map(Record::pair).collect()
    }

    #[test]
    fn columns_by_name_and_by_place() {
        let named = read("a.csv", "id,Question,answer\n1,\"A, B\",\"SAY \"\"HI\"\"\"\n\n2, C ,D\n").unwrap();
        assert_eq!(pairs(&named), [("A, B", "SAY \"HI\""), ("C", "D")]);
        assert_eq!(named.records[1].at, At::Line(4));
        assert_eq!(pairs(&read("a.tsv", "A\tB\nC|D\tE\n").unwrap()), [("A", "B"), ("C|D", "E")]);
        assert_eq!(pairs(&read("a.csv", "text,Label\nA,B\n").unwrap()), [("A", "B")]);
        // Quotes of a text over several lines; the next row counts lines.
        let long = read("a.csv", "a,\"b\nc\"\nd,e\n").unwrap();
        assert_eq!((pairs(&long)[0], long.records[1].at), (("a", "b\nc"), At::Line(3)));
    }

    #[test]
    fn bad_rows_are_named() {
        let said = |text| read("a.csv", text).unwrap_err();
        assert_eq!(
            said("a,b\nc\n"),
            "a.csv:2: 1 column in the row, 2 wanted: query and reply; or name them in the first row"
        );
        assert_eq!(said("query,reply\na,\n"), "a.csv:2: the column of the reply is empty");
        assert_eq!(said("query,prompt,reply\n"), "a.csv:1: two columns may be the query: query and prompt");
        assert_eq!(said("query,reply\n"), "a.csv: no pair in it");
    }
}
