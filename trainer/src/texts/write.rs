//! Records as files.

use super::{Content, Kind, Message, Record, Records};
use serde::Serialize;
use thiserror::Error;

/// Why records cannot be written as a kind of file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WriteError {
    #[error("{place}: {what}, and {} cannot say that", kind.name())]
    Cannot { place: String, what: &'static str, kind: Kind },
}

#[derive(Serialize)]
struct Conversation<'a> {
    messages: &'a [Message],
}

#[derive(Serialize)]
struct Instruction<'a> {
    instruction: &'a str,
    output: &'a str,
}

/// Records as a file of a kind.
///
/// # Errors
/// A record that such a file cannot hold.
pub fn write(records: &Records, chosen: &[&Record], kind: Kind) -> Result<String, WriteError> {
    let mut text = String::new();
    if let Kind::Csv | Kind::Tsv = kind {
        text.push_str(&row(["query", "reply"], kind));
    }
    for record in chosen {
        let cannot = |what| WriteError::Cannot { place: records.place(record), what, kind };
        text.push_str(&one(record, kind).map_err(cannot)?);
    }
    Ok(text)
}

fn one(record: &Record, kind: Kind) -> Result<String, &'static str> {
    let pair = || record.pair().ok_or("this is no single question with its reply");
    match kind {
        Kind::Texts => match &record.content {
            Content::Text(text) if !text.contains('\n') => Ok(format!("{text}\n")),
            // Several lines: an empty line ends it.
            Content::Text(text) if !text.contains("\n\n") => Ok(format!("{text}\n\n")),
            Content::Text(_) => Err("this text has empty lines"),
            Content::Conversation(_) => Err("this is a conversation"),
        },
        Kind::Pairs => {
            let (query, reply) = pair()?;
            let is_line = |text: &str| !text.contains('\n');
            match query.contains('|') || query.starts_with('#') || !is_line(query) || !is_line(reply) {
                true => Err("the pair has a bar or a # in the query, or line ends"),
                false => Ok(format!("{query}|{}\n", reply.trim())),
            }
        }
        Kind::Conversations => match &record.content {
            Content::Conversation(messages) => Ok(line(&Conversation { messages })),
            Content::Text(_) => Err("this is a text"),
        },
        Kind::Instructions => {
            let (query, reply) = pair()?;
            Ok(line(&Instruction { instruction: query, output: reply }))
        }
        Kind::Csv | Kind::Tsv => {
            let (query, reply) = pair()?;
            Ok(row([query, reply], kind))
        }
    }
}

fn line(entry: &impl Serialize) -> String {
    serde_json::to_string(entry).expect("texts can be written") + "\n"
}

fn row(cells: [&str; 2], kind: Kind) -> String {
    let delimiter = if kind == Kind::Tsv { b'\t' } else { b',' };
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(cells).expect("memory takes it");
    let bytes = writer.into_inner().expect("memory takes it");
    String::from_utf8(bytes).expect("of texts it makes text")
}
