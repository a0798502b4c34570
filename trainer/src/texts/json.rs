//! Conversations and instructions as JSON: an entry a line, entries one behind the other, or a list of them.

use super::check::{conversation, question};
use super::{At, Content, Kind, Message, Problem, Records, RecordsError, Role};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Deserializer, Value};

/// An entry with a conversation. Keys that say where it comes from are left alone; every other is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    messages: Vec<RawMessage>,
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "source")]
    _source: IgnoredAny,
    #[serde(default, rename = "category")]
    _category: IgnoredAny,
    #[serde(default, rename = "language")]
    _language: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMessage {
    role: Role,
    content: String,
}

/// An entry with an instruction.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instruction {
    instruction: String,
    #[serde(default, alias = "context")]
    input: Option<String>,
    #[serde(alias = "response")]
    output: String,
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "source")]
    _source: IgnoredAny,
    #[serde(default, rename = "category")]
    _category: IgnoredAny,
    #[serde(default, rename = "language")]
    _language: IgnoredAny,
}

impl Conversation {
    fn content(self) -> Result<Content, Problem> {
        let messages = self.messages.into_iter();
        conversation(messages.map(|m| Message { role: m.role, content: m.content }).collect())
    }
}

impl Instruction {
    /// The input stands behind the instruction, with a space between: a line that is typed has no line ends.
    fn content(self) -> Result<Content, Problem> {
        let Self { instruction, input, output, .. } = self;
        let input = input.filter(|input| !input.trim().is_empty());
        question(
            input.map_or(instruction.clone(), |input| format!("{} {}", instruction.trim(), input.trim())),
            output,
        )
    }
}

/// Whether the entries are conversations or instructions: the keys of the first one say.
pub fn kind(text: &str) -> Result<Kind, Problem> {
    let json = |e: serde_json::Error| Problem::Json(e.to_string());
    let first = match text.trim_start().starts_with('[') {
        true => serde_json::from_str::<First>(text).map_err(json)?.0,
        false => Deserializer::from_str(text).into_iter::<Value>().next().transpose().map_err(json)?,
    };
    let Some(first) = first else { return Ok(Kind::Conversations) };
    let Value::Object(map) = &first else {
        return Err(Problem::JsonKind { found: "it is no object".into() });
    };
    match (map.contains_key("messages"), map.contains_key("instruction")) {
        (true, _) => Ok(Kind::Conversations),
        (false, true) => Ok(Kind::Instructions),
        (false, false) => {
            let keys: Vec<_> = map.keys().take(8).map(|key| format!("`{key}`")).collect();
            let found =
                if keys.is_empty() { "it is empty".into() } else { format!("it has {}", keys.join(", ")) };
            Err(Problem::JsonKind { found })
        }
    }
}

/// The first element of a list; the others are only passed over.
struct First(Option<Value>);

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = First;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a list of entries")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<First, A::Error> {
                let first = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

impl Records {
    /// All entries of a source.
    pub(super) fn json(&mut self, name: &str, text: &str, kind: Kind) -> Result<(), RecordsError> {
        match kind {
            Kind::Instructions => self.entries(name, text, Instruction::content),
            _ => self.entries(name, text, Conversation::content),
        }
    }

    fn entries<T: DeserializeOwned>(
        &mut self,
        name: &str,
        text: &str,
        content: fn(T) -> Result<Content, Problem>,
    ) -> Result<(), RecordsError> {
        let damaged = |e: serde_json::Error| {
            let said = e.to_string();
            let problem = said.rsplit_once(" at line ").map_or(said.as_str(), |(problem, _)| problem);
            let place = format!("{name}:{}:{}", e.line(), e.column());
            RecordsError { place, problem: Problem::Json(problem.into()) }
        };
        if text.trim_start().starts_with('[') {
            let entries: Vec<T> = serde_json::from_str(text).map_err(damaged)?;
            for (number, entry) in (1..).zip(entries) {
                let wrong = |problem| RecordsError { place: format!("{name}, entry {number}"), problem };
                self.push(content(entry).map_err(wrong)?, At::Entry(number));
            }
            return Ok(());
        }
        let mut stream = Deserializer::from_str(text).into_iter::<T>();
        let (mut line, mut counted) = (1, 0);
        loop {
            // An entry begins behind the white space behind the one before.
            let from = stream.byte_offset();
            let begins = from + text[from..].len() - text[from..].trim_start().len();
            let Some(entry) = stream.next() else { return Ok(()) };
            line += text.as_bytes()[counted..begins].iter().filter(|&&b| b == b'\n').count();
            counted = begins;
            let entry = entry.map_err(damaged)?;
            let wrong = |problem| RecordsError { place: format!("{name}:{line}"), problem };
            self.push(content(entry).map_err(wrong)?, At::Line(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cut, Records};
    use super::*;

    fn read(name: &str, text: &str) -> Result<Records, String> {
        let mut records = Records::default();
        records.read(name, text.as_bytes(), None, Cut::Whole).map_err(|e| e.to_string()).map(|()| records)
    }

    #[test]
    fn conversations_in_lines_and_in_a_list() {
        let one = r#"{"messages":[{"role":"system","content":"BE SHORT"},{"role":"user","content":" HI "},{"role":"assistant","content":"HELLO"}], "id": 7}"#;
        let lines = read("a.jsonl", &format!("{one}\n\n{one}\n")).unwrap();
        assert_eq!(lines.sources, [("a.jsonl".to_string(), Kind::Conversations)]);
        assert_eq!(lines.records.iter().map(|r| r.at).collect::<Vec<_>>(), [At::Line(1), At::Line(3)]);
        let Content::Conversation(messages) = &lines.records[1].content else { panic!("it is one") };
        let said: Vec<_> = messages.iter().map(|m| (m.role.name(), m.content.as_str())).collect();
        assert_eq!(said, [("system", "BE SHORT"), ("user", "HI"), ("assistant", "HELLO")]);
        let list = read("a.json", &format!("[{one},\n{one}]")).unwrap();
        assert_eq!(list.records[1].at, At::Entry(2));
        assert_eq!(list.records[1].content, lines.records[1].content);
        // Content decides where the name says nothing.
        assert_eq!(read("a.txt", one).unwrap().sources[0].1, Kind::Conversations);
    }

    #[test]
    fn instructions_are_pairs() {
        let text = "{\"instruction\":\"ADD\",\"input\":\"1 2\",\"output\":\"3\"}\n{\"instruction\":\"HI\",\"input\":\"\",\"response\":\"HO\"}";
        let records = read("a.jsonl", text).unwrap();
        let pairs: Vec<_> = records.records.iter().filter_map(Record::pair).collect();
        assert_eq!(pairs, [("ADD 1 2", "3"), ("HI", "HO")]);
    }

    use super::super::Record;

    #[test]
    fn what_is_wrong_has_its_place() {
        let message =
            |role: &str, content: &str| format!("{{\"role\":\"{role}\",\"content\":\"{content}\"}}");
        let entry = |messages: &[String]| format!("{{\"messages\":[{}]}}", messages.join(","));
        let good = entry(&[message("user", "A"), message("assistant", "B")]);
        let second =
            |messages: &[String]| read("f.jsonl", &format!("{good}\n{}\n", entry(messages))).unwrap_err();
        let wants =
            "f.jsonl:2: message 1 is of assistant, the first; the user begins, perhaps behind one of system";
        assert_eq!(second(&[message("assistant", "B")]), wants);
        assert_eq!(
            second(&[message("user", "A"), message("user", "B")]),
            "f.jsonl:2: message 2 is of user, behind one of user; the assistant answers the user"
        );
        assert_eq!(
            second(&[message("user", "A"), message("assistant", "")]),
            "f.jsonl:2: message 2: assistant has nothing to say: `content` is empty"
        );
        assert!(second(&[message("user", "A")]).starts_with("f.jsonl:2: the last message is of user"));
        assert!(second(&[]).ends_with("a conversation without messages"));
        let tool = second(&[
            message("user", "A"),
            message("assistant", "B"),
            message("tool", "1"),
            message("assistant", "C"),
        ]);
        assert!(
            tool.starts_with(
                "f.jsonl:2: message 3 is a tool's, but the assistant's message before it names no"
            ),
            "{tool}"
        );
        let bot = second(&[message("user", "A"), message("bot", "B")]);
        assert!(bot.starts_with("f.jsonl:2:56: unknown variant `bot`"), "{bot}");
        let unknown =
            read("f.jsonl", &good.replace("\"content\":\"B\"", "\"content\":\"B\",\"tool_calls\":[]"))
                .unwrap_err();
        assert!(
            unknown.starts_with("f.jsonl:1:89: unknown field `tool_calls`, expected `role` or `content`"),
            "{unknown}"
        );
        let twice = read("f.jsonl", "{\"messages\":[],\"messages\":[]}").unwrap_err();
        assert!(twice.contains("duplicate field `messages`"), "{twice}");
        let other = read("f.json", "{\"text\":\"a\"}").unwrap_err();
        assert_eq!(other, "f.json: the first entry has neither `messages` nor `instruction`: it has `text`");
        let cut = read("f.jsonl", "{\"messages\":").unwrap_err();
        assert!(cut.starts_with("f.jsonl: EOF while parsing"), "{cut}");
        let both =
            read("f.jsonl", "{\"instruction\":\"a\",\"output\":\"b\",\"response\":\"c\"}").unwrap_err();
        assert!(both.contains("duplicate field `output`"), "{both}");
        assert_eq!(read("f.jsonl", "").unwrap_err(), "f.jsonl: no conversation in it");
    }
}
