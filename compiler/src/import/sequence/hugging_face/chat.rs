//! The chat template of a folder → what stands around a line.
//!
//! A template is a program in Jinja that writes a whole conversation. A machine sets fixed tokens around each line instead
//! ([`Turns`]). So conversations whose lines are marks are rendered: what is between the marks are those tokens, if longer
//! conversations are put together of the same pieces. Templates are rendered as the library transformers does it
//! (`trim_blocks`, `lstrip_blocks`, Python's methods of texts; no tools, no date), with an end to the steps that one may take.

use super::File;
use super::fields::Fields;
use crate::import::sequence::{CheckpointError, Problem};
use crate::model::{Answer, Model, Reader, Turns};
use crate::shown::shown;
use crate::tokens::{EncodeError, Part, Rule, Tokenizer};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, Value as Jinja, context};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use thiserror::Error;

/// Largest template, in bytes.
const MAX_BYTES: usize = 256 << 10;
/// Most steps of a template.
const FUEL: u64 = 500_000;
/// Special tokens that templates know by these names.
const MARKS: [&str; 4] = ["bos_token", "eos_token", "unk_token", "pad_token"];
/// What is said in the conversations that are rendered.
const LINES: [&str; 5] = ["qqONEqq", "aaTWOaa", "qqTHREEqq", "aaFOURaa", "qqFIVEqq"];

/// A chat template, and the marks that it is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// In Jinja.
    source: String,
    /// Written forms of special tokens by their names: `bos_token`. Those that a folder does not have are not there.
    marks: BTreeMap<String, String>,
}

/// Conversations of one, two and three questions that wait for a reply, as a template writes them.
pub type Conversations = [String; 3];

/// What a template says of turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    pub turns: Turns,
    /// What ends a reply, where the template says it.
    pub end: Option<u32>,
    /// The tokenizer of lines: without a space in front where marks stand there.
    pub lines: Tokenizer,
}

impl Chat {
    /// Lets a model that continues text reply in turns.
    ///
    /// # Errors
    /// There is no room for the tokens around a line, and the model is as it was.
    pub fn give(self, model: &mut Model) -> Result<(), NoTurns> {
        let (Reader::Tokens(reader), Answer::Story(story)) = (&mut model.reader, &mut model.answer) else {
            return Ok(());
        };
        let (framing, most) = (self.turns.framing().0, usize::from(story.most));
        if framing >= most {
            return Err(NoTurns::Room { framing, most });
        }
        reader.tokenizer = self.lines;
        story.ends.extend(self.end);
        story.ends.sort_unstable();
        story.ends.dedup();
        story.turns = Some(self.turns);
        Ok(())
    }
}

/// Why a template is none that fixed tokens around a line can stand for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoTurns {
    #[error("it cannot be rendered: {0}")]
    Render(String),
    #[error("what it sets around a line is not the same for every line")]
    Varies,
    #[error("the tokenizer has no tokens for it: {0}")]
    Tokens(#[from] EncodeError),
    #[error("it sets {framing} tokens around a line, and the model reads {most}: --most allows more")]
    Room { framing: usize, most: usize },
    #[error(
        "tokens reach from what it sets around a line into the line, or there are too few characters to tell"
    )]
    Joins,
}

impl Template {
    /// Reads the template of a folder: of `chat_template.jinja`, else of `tokenizer_config.json`, which names the marks
    /// too; `None` where neither has one.
    ///
    /// # Errors
    /// A file that is too long, no JSON or no text; a template of another kind than a text.
    pub fn read(config: Option<&File>, own: Option<&File>) -> Result<Option<Self>, CheckpointError> {
        let mut marks = BTreeMap::new();
        let mut source = None;
        if let Some(file) = config {
            let fail = |problem| CheckpointError::new(file.name, problem);
            let fields = Fields::parse(file.bytes).map_err(fail)?;
            for name in MARKS {
                marks.extend(mark(&fields, name).map_err(fail)?.map(|text| (name.to_string(), text)));
            }
            source = in_config(&fields).map_err(fail)?;
        }
        if let Some(file) = own {
            let fail = |problem| CheckpointError::new(file.name, problem);
            if file.bytes.len() > MAX_BYTES {
                return Err(fail(too_long(file.bytes.len())));
            }
            let text = std::str::from_utf8(file.bytes);
            source = Some(text.map_err(|_| fail(not_text()))?.to_string());
        }
        Ok(source.map(|source| Self { source, marks }))
    }

    /// The template itself, in Jinja.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Renders all conversations. A template of a stranger may take all time, memory and stack that there is: who calls this with
    /// one does it where that has an end.
    ///
    /// # Errors
    /// A mistake in the template; what it refuses.
    pub fn rendered(&self) -> Result<Conversations, NoTurns> {
        let [one, two, three] = [1, 3, 5].map(|lines| self.written(&LINES[..lines]));
        let failed = |error: Error| NoTurns::Render(shown(&error.to_string()));
        Ok([one.map_err(failed)?, two.map_err(failed)?, three.map_err(failed)?])
    }

    fn written(&self, said: &[&str]) -> Result<String, Error> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.expect("the usual marks"));
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        let refuse = |why: String| Err::<String, _>(Error::new(ErrorKind::InvalidOperation, why));
        environment.add_function("raise_exception", refuse);
        let roles = ["user", "assistant"].into_iter().cycle();
        let message = |(content, role): (&&str, &str)| context! { role => role, content => *content };
        let messages: Vec<Jinja> = said.iter().zip(roles).map(message).collect();
        environment.template_from_str(&self.source)?.render(context! {
            messages,
            add_generation_prompt => true,
            tools => (),
            documents => (),
            ..Jinja::from(self.marks.clone())
        })
    }
}

/// What stands around a line, in tokens.
///
/// # Errors
/// More than a machine can do, which sets fixed tokens around each line.
pub fn turns(conversations: &Conversations, tokenizer: &Tokenizer) -> Result<Chat, NoTurns> {
    let around = Around::of(conversations)?;
    // In front of a line of its own many tokenizers set a space, which behind a mark is not there.
    let bare = unprefixed(tokenizer);
    let (lines, (front, after)) = match around.first(tokenizer, tokenizer) {
        Err(NoTurns::Joins) if bare != *tokenizer => (&bare, around.first(tokenizer, &bare)?),
        found => (tokenizer, found?),
    };
    let mut close = around.close(tokenizer, lines, &after)?;
    // White space in front of the mark that ends a reply is the reply's: the network writes it.
    let is_special = |id: &u32| tokenizer.specials.iter().any(|special| special.id == *id);
    let is_blank = |id: &u32| tokenizer.pieces[*id as usize].trim_ascii().is_empty();
    let end = close.iter().position(is_special).filter(|&at| close[..at].iter().all(is_blank));
    close.drain(..end.unwrap_or(0));
    let end = end.map(|_| close[0]);
    // What stands between a reply and a line ends with what stands in front of every line.
    let shared = front.iter().rev().zip(close.iter().rev()).take_while(|(a, b)| a == b).count();
    let (start, before) = front.split_at(front.len() - shared);
    let close = close[..close.len() - shared].to_vec();
    let turns = Turns { start: start.to_vec(), before: before.to_vec(), after, close, keeps: true };
    Ok(Chat { turns, end, lines: lines.clone() })
}

/// A tokenizer that sets nothing in front of a text.
fn unprefixed(tokenizer: &Tokenizer) -> Tokenizer {
    let mut bare = tokenizer.clone();
    bare.prefix = None;
    bare.rules.retain(|rule| !matches!(rule, Rule::Prepend(_)));
    bare
}

/// The texts between what is said in a conversation.
fn between(text: &str, said: &[&str]) -> Result<Vec<String>, NoTurns> {
    let mut rest = text;
    let mut between = Vec::new();
    for line in said {
        let (before, behind) = rest.split_once(line).ok_or(NoTurns::Varies)?;
        between.push(before.to_string());
        rest = behind;
    }
    between.push(rest.to_string());
    match between.iter().any(|text| LINES.iter().any(|line| text.contains(line))) {
        true => Err(NoTurns::Varies),
        false => Ok(between),
    }
}

/// Texts around lines: `front` line `back` `lead` reply `close` line `back` …
struct Around {
    front: String,
    back: String,
    lead: String,
    close: String,
}

/// Lines and replies whose tokens are looked at.
const SAMPLES: [(&str, &str); 3] = [("hello", "yes"), ("Is it 42?", "Not now."), ("WHO ARE YOU", "A FRIEND")];
/// Most letters and digits that are looked at as lines and replies.
const LETTERS: usize = 6;

impl Around {
    /// Those of which all conversations are made.
    fn of([one, two, three]: &Conversations) -> Result<Self, NoTurns> {
        let (one, two) = (between(one, &LINES[..1])?, between(two, &LINES[..3])?);
        let three = between(three, &LINES)?;
        let [front, back] = &one[..] else { return Err(NoTurns::Varies) };
        let [_, answered, close, _] = &two[..] else { return Err(NoTurns::Varies) };
        // White space in front of a reply that is there: the network writes it.
        let lead = answered.strip_prefix(back.as_str()).filter(|lead| lead.trim().is_empty());
        let lead = lead.ok_or(NoTurns::Varies)?.to_string();
        let is_made = two == [front, answered, close, back].map(String::clone)
            && three == [front, answered, close, answered, close, back].map(String::clone);
        match is_made {
            true => Ok(Self { front: front.clone(), back: back.clone(), lead, close: close.clone() }),
            false => Err(NoTurns::Varies),
        }
    }

    /// Lines and replies that the tokenizer has tokens for; the last characters of some replies differ.
    fn samples(tokenizer: &Tokenizer) -> Vec<(String, String)> {
        let has = |text: &str| tokenizer.encode(text.as_bytes()).is_ok();
        let known = SAMPLES.iter().filter(|(line, reply)| has(line) && has(reply));
        let letters: Vec<char> =
            ('a'..='z').chain('A'..='Z').chain('0'..='9').filter(|c| has(&c.to_string())).collect();
        let short = letters.iter().zip(letters.iter().skip(1)).take(LETTERS);
        let short = short.map(|(a, b)| (format!("{a}{b}"), a.to_string()));
        known.map(|(line, reply)| (line.to_string(), reply.to_string())).chain(short).collect()
    }

    /// Tokens in front of the first line and behind it. Parts become tokens together, as if they were one text: what a
    /// machine makes of a line by itself, by `lines`, must be in it.
    fn first(&self, tokenizer: &Tokenizer, lines: &Tokenizer) -> Result<(Vec<u32>, Vec<u32>), NoTurns> {
        let mut all = Vec::new();
        for (line, _) in Self::samples(tokenizer) {
            let parts = [
                Part::Template(self.front.as_bytes()),
                Part::Text(line.as_bytes()),
                Part::Template(self.back.as_bytes()),
            ];
            all.push((tokenizer.encode_parts(&parts)?, lines.encode(line.as_bytes())?));
        }
        let Some((whole, line)) = all.first() else { return Err(NoTurns::Joins) };
        let places = (0..=whole.len().saturating_sub(line.len())).filter(|&at| whole[at..].starts_with(line));
        let cut = |at: usize| (whole[..at].to_vec(), whole[at + line.len()..].to_vec());
        let fits = |(front, back): &(Vec<u32>, Vec<u32>)| {
            all.iter().all(|(whole, line)| *whole == [front.as_slice(), line, back].concat())
        };
        places.map(cut).find(fits).ok_or(NoTurns::Joins)
    }

    /// Tokens between a reply and the next line: what different conversations have there, whatever the reply.
    fn close(&self, tokenizer: &Tokenizer, lines: &Tokenizer, after: &[u32]) -> Result<Vec<u32>, NoTurns> {
        let mut fronts: Vec<Vec<u32>> = Vec::new();
        for (line, reply) in Self::samples(tokenizer) {
            let parts = [
                Part::Template(self.front.as_bytes()),
                Part::Text(line.as_bytes()),
                Part::Template(self.back.as_bytes()),
                Part::Template(self.lead.as_bytes()),
                Part::Text(reply.as_bytes()),
                Part::Template(self.close.as_bytes()),
                Part::Text(line.as_bytes()),
                Part::Template(self.back.as_bytes()),
            ];
            let tail = [&lines.encode(line.as_bytes())?, after].concat();
            let whole = tokenizer.encode_parts(&parts)?;
            fronts.push(whole.strip_suffix(&tail[..]).ok_or(NoTurns::Joins)?.to_vec());
        }
        let Some((first, others)) = fronts.split_first() else { return Err(NoTurns::Joins) };
        let common =
            |other: &Vec<u32>| first.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
        let length = others.iter().map(common).min().ok_or(NoTurns::Joins)?;
        Ok(first[first.len() - length..].to_vec())
    }
}

/// The template that says what `turns` say; `None` where texts cannot: a token that prints nothing and has no written form,
/// or parts that become other tokens when they are read again.
pub fn written(turns: &Turns, tokenizer: &Tokenizer) -> Option<String> {
    let text = |tokens: &[u32]| {
        let one = |&id: &u32| match tokenizer.specials.iter().find(|special| special.id == id) {
            Some(special) => Some(special.text.clone()),
            None => {
                String::from_utf8(tokenizer.pieces[id as usize].clone()).ok().filter(|text| !text.is_empty())
            }
        };
        tokens.iter().map(one).collect::<Option<String>>()
    };
    let parts = [&turns.start, &turns.before, &turns.after, &turns.close].map(|tokens| text(tokens));
    let [Some(start), Some(before), Some(after), Some(close)] = parts else { return None };
    let whole = |turns: &Turns| {
        let Turns { start, before, after, close, .. } = turns;
        [[&start[..], before].concat(), after.clone(), [&close[..], before].concat()]
    };
    // A line that is encoded by itself may bring a space of its own.
    let sources = ["", " "].map(|space| {
        let [start, before, after, close] = [&start, &format!("{before}{space}"), &after, &close].map(|text: &String| quoted(text));
        format!(
            "{{{{ {start} }}}}{{% for message in messages %}}{{% if message['role'] == 'user' %}}\
             {{% if not loop.first %}}{{{{ {close} }}}}{{% endif %}}\
             {{{{ {before} }}}}{{{{ message['content'] }}}}{{{{ {after} }}}}\
             {{% elif message['role'] == 'assistant' %}}{{{{ message['content'] }}}}\
             {{% if loop.last %}}{{{{ {close} }}}}{{% endif %}}\
             {{% else %}}{{{{ raise_exception('only user and assistant speak') }}}}{{% endif %}}{{% endfor %}}\n"
        )
    });
    sources.into_iter().find(|source| {
        let again = Template { source: source.clone(), marks: BTreeMap::new() }.rendered();
        let again = again.and_then(|conversations| self::turns(&conversations, tokenizer));
        again.is_ok_and(|again| whole(&again.turns) == whole(turns))
    })
}

/// A text in Jinja: as in JSON.
fn quoted(text: &str) -> String {
    Value::String(text.to_string()).to_string()
}

fn not_text() -> Problem {
    let (field, value) = ("the chat template".into(), "no text in UTF-8".into());
    Problem::Value { field, value, wants: "a template in Jinja".into() }
}

fn too_long(bytes: usize) -> Problem {
    Problem::TooLong { found: bytes as u64, most: MAX_BYTES as u64 }
}

/// The written form of a mark: a text, or an object with its `content`.
fn mark(fields: &Fields, key: &str) -> Result<Option<String>, Problem> {
    match fields.get(key) {
        Some(Value::Object(map)) => Fields::of(map).text("content"),
        _ => fields.text(key),
    }
}

/// The template of `tokenizer_config.json`: a text, or that of several that is called `default`.
fn in_config(fields: &Fields) -> Result<Option<String>, Problem> {
    const KEY: &str = "chat_template";
    let source = match fields.get(KEY) {
        Some(Value::Array(list)) => {
            let objects = list.iter().filter_map(Value::as_object).map(Fields::of);
            let mut named = objects.filter(|fields| fields.text("name") == Ok(Some("default".into())));
            named.next().map_or(Ok(None), |fields| fields.text("template"))?
        }
        _ => fields.text(KEY)?,
    };
    match source {
        Some(source) if source.len() > MAX_BYTES => Err(too_long(source.len())),
        source => Ok(source),
    }
}
