//! What a source of data is.

use super::Problem;
use super::json;
use serde::Serialize;

/// Lines that are looked at to tell pairs from texts.
const LOOKED_AT: usize = 100;

/// A kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `query|reply` lines.
    Pairs,
    /// Text.
    Texts,
    /// JSON with `messages`, one a line or in a list.
    Conversations,
    /// JSON with `instruction`, perhaps `input`, and `output` or `response`, one a line or in a list.
    Instructions,
    /// A query and a reply in a row.
    Csv,
    /// The same with tabs between.
    Tsv,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Pairs, Self::Texts, Self::Conversations, Self::Instructions, Self::Csv, Self::Tsv];

    /// As options name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pairs => "pairs",
            Self::Texts => "texts",
            Self::Conversations => "conversations",
            Self::Instructions => "instructions",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
        }
    }

    /// What a record of it is called.
    pub fn one(self) -> &'static str {
        match self {
            Self::Pairs | Self::Csv | Self::Tsv => "pair",
            Self::Texts => "text",
            Self::Conversations => "conversation",
            Self::Instructions => "instruction",
        }
    }

    /// What a file is: its extension says whether it is JSON or a table, its content the rest. Lines are pairs if more than
    /// half of the first hundred have a bar.
    pub(super) fn of(name: &str, text: &str) -> Result<Self, Problem> {
        if text.contains('\0') {
            return Err(Problem::Binary);
        }
        match Self::extension(name).as_str() {
            "csv" => return Ok(Self::Csv),
            "tsv" | "tab" => return Ok(Self::Tsv),
            "json" | "jsonl" | "ndjson" => return json::kind(text),
            _ => {}
        }
        let starts = text.trim_start();
        if starts.starts_with("{\"") || starts.starts_with("[{") {
            return json::kind(text);
        }
        Ok(Self::of_lines(text))
    }

    fn of_lines(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (mut lines_seen, mut bars) = (0, 0);
        for line in lines.take(LOOKED_AT) {
            lines_seen += 1;
            bars += usize::from(line.contains('|'));
        }
        if 2 * bars > lines_seen { Self::Pairs } else { Self::Texts }
    }

    /// Whether a file that begins so is one of pairs, or nothing that another kind could be.
    pub fn is_pairs(name: &str, start: &[u8]) -> bool {
        let text = String::from_utf8_lossy(start);
        let is_table =
            matches!(Self::extension(name).as_str(), "csv" | "tsv" | "tab" | "json" | "jsonl" | "ndjson");
        let starts = text.trim_start();
        let is_json = starts.starts_with("{\"") || starts.starts_with("[{");
        let is_text = || !starts.is_empty() && !start.contains(&0) && Self::of_lines(&text) == Self::Texts;
        !(is_table || is_json || is_text())
    }

    /// The kind that a file of this name is written as, where its extension says so.
    pub fn of_output(name: &str) -> Option<Self> {
        match Self::extension(name).as_str() {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "json" | "jsonl" | "ndjson" => Some(Self::Conversations),
            _ => None,
        }
    }

    /// In lower case, of what is packed in a `.gz`.
    fn extension(name: &str) -> String {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        file.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_string())
    }
}
