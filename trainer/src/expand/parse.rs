//! Reads a file of templates, line by line.

use super::condition::Condition;
use super::phrase::{Names, Phrase, bars};
use super::reach;
use super::{
    Body, ExpandError, Group, List, MOST_FILE, MOST_RANGE, Problem, Step, Template, Templates, Values,
};
use crate::texts::Role;
use std::collections::BTreeMap;

/// A line with those that belong to it, which begin with white space.
struct Entry<'a> {
    line: usize,
    keyword: &'a str,
    rest: &'a str,
    /// Lines and their texts.
    below: Vec<(usize, &'a str)>,
}

/// Reads templates. `name` is what messages call the file.
///
/// # Errors
/// The first line that is wrong.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Templates, ExpandError> {
    let at = |line, problem| ExpandError { name: name.to_string(), line, problem };
    if bytes.len() > MOST_FILE {
        return Err(at(1, Problem::TooLarge));
    }
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let text = text
        .map_err(|e| at(1 + bytes[..e.valid_up_to()].split(|&b| b == b'\n').count() - 1, Problem::NotUtf8))?;
    let entries = entries(text).map_err(|(line, problem)| at(line, problem))?;
    let mut reader = Reader {
        names: Names::new(),
        file: Templates {
            name: name.to_string(),
            lists: Vec::new(),
            groups: Vec::new(),
            templates: Vec::new(),
            turns: BTreeMap::new(),
        },
    };
    // Lists may stand behind what uses them.
    for entry in entries.iter().filter(|entry| entry.keyword == "list") {
        reader.name_list(entry).map_err(|problem| at(entry.line, problem))?;
    }
    for entry in &entries {
        reader.entry(entry).map_err(|(line, problem)| at(line, problem))?;
    }
    let last = entries.last().map_or(1, |entry| entry.line);
    if reader.file.templates.is_empty() {
        return Err(at(last, Problem::NoTemplate));
    }
    reach::check(&reader.file).map_err(|(line, problem)| at(line, problem))?;
    Ok(reader.file)
}

fn entries(text: &str) -> Result<Vec<Entry<'_>>, (usize, Problem)> {
    let mut entries: Vec<Entry> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if text.starts_with([' ', '\t']) {
            let before = entries.last_mut().ok_or((line, Problem::NoLineBefore))?;
            // A space behind what an assistant says may count; a line end of Windows does not.
            before.below.push((line, text.trim_start().trim_end_matches('\r')));
            continue;
        }
        let (keyword, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        entries.push(Entry { line, keyword, rest: rest.trim(), below: Vec::new() });
    }
    Ok(entries)
}

struct Reader {
    names: Names,
    file: Templates,
}

const LIST: Problem = Problem::Form("a list", "list NAME = VALUE | VALUE …, or list NAME = 0..99");
const HELD: Problem =
    Problem::Form("what is held back", "held NAME = VALUE | …, held NAME 10 %, or held A, B 10 %");
const PAIR: Problem = Problem::Form("a pair", "pair QUERY | REPLY");
const TURNS: Problem = Problem::Form("turns", "turns NAME, with lines like those of a chat below");
const STEP: Problem =
    Problem::Form("a line of a chat", "user: …, assistant: …, tool: …, system: …, or include NAME 0..2");

impl Reader {
    fn name_list(&mut self, entry: &Entry) -> Result<(), Problem> {
        let (name, _) = entry.rest.split_once('=').ok_or(LIST)?;
        let name = name.trim();
        let mut rest = name.chars();
        let is_name = rest.next().is_some_and(|c| c.is_ascii_lowercase())
            && rest.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !is_name {
            return Err(Problem::Name(name.to_string()));
        }
        if let Some(&first) = self.names.get(name) {
            return Err(Problem::ListTwice(name.to_string(), self.file.lists[first].line));
        }
        self.names.insert(name.to_string(), self.file.lists.len());
        let empty = || Values::Words(Vec::new());
        let (name, line) = (name.to_string(), entry.line);
        self.file.lists.push(List { name, line, values: empty(), held: empty(), share: 0.0, group: None });
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), (usize, Problem)> {
        let here = |problem| (entry.line, problem);
        let (keyword, weight) = match entry.keyword.split_once('*') {
            Some((keyword @ ("pair" | "chat" | "turns" | "text"), weight)) => {
                (keyword, self::weight(weight).map_err(here)?)
            }
            _ => (entry.keyword, 1),
        };
        match keyword {
            "list" => self.list(entry).map_err(here),
            "held" => self.held(entry).map_err(here),
            "pair" | "text" => {
                let whole = joined(entry);
                let (condition, text) = self.condition(&whole).map_err(here)?;
                let body =
                    if keyword == "pair" { self.pair(text) } else { self.phrase(text).map(Body::Text) };
                let body = body.map_err(here)?;
                self.file.templates.push(Template { line: entry.line, weight, condition, body });
                Ok(())
            }
            "chat" => {
                let (condition, rest) = self.condition(entry.rest).map_err(here)?;
                if !rest.is_empty() {
                    return Err(here(STEP));
                }
                let body = Body::Chat(self.steps(entry)?);
                self.file.templates.push(Template { line: entry.line, weight, condition, body });
                Ok(())
            }
            "turns" => {
                let (name, rest) = entry.rest.split_once(char::is_whitespace).unwrap_or((entry.rest, ""));
                let (condition, rest) = self.condition(rest.trim()).map_err(here)?;
                if name.is_empty() || !rest.is_empty() {
                    return Err(here(TURNS));
                }
                let body = Body::Chat(self.steps(entry)?);
                let turns = Template { line: entry.line, weight, condition, body };
                self.file.turns.entry(name.to_string()).or_default().push(turns);
                Ok(())
            }
            other => Err(here(Problem::Keyword { found: other.to_string() })),
        }
    }

    fn phrase(&self, text: &str) -> Result<Phrase, Problem> {
        Phrase::parse(text, &self.names)
    }

    fn list(&mut self, entry: &Entry) -> Result<(), Problem> {
        let whole = joined(entry);
        let (name, values) = whole.split_once('=').ok_or(LIST)?;
        let list = self.names[name.trim()];
        self.file.lists[list].values = self.values(values)?;
        Ok(())
    }

    fn values(&self, text: &str) -> Result<Values, Problem> {
        let text = text.trim();
        if let Some((first, last)) = text.split_once("..")
            && let (Ok(first), Ok(last)) = (first.trim().parse::<i64>(), last.trim().parse::<i64>())
        {
            return match last.checked_sub(first) {
                Some(0..MOST_RANGE) => Ok(Values::Numbers((first..=last).collect())),
                _ => Err(Problem::Range { first, last }),
            };
        }
        if text.is_empty() {
            return Err(LIST);
        }
        let words = bars(text).into_iter().map(|value| self.phrase(value)).collect::<Result<Vec<_>, _>>()?;
        let number = |phrase: &Phrase| phrase.literal()?.parse().ok();
        Ok(match words.iter().map(number).collect::<Option<Vec<i64>>>() {
            // Only what is printed as it is written: 007 is a word.
            Some(numbers)
                if numbers.iter().zip(&words).all(|(n, word)| word.literal() == Some(n.to_string())) =>
            {
                Values::Numbers(numbers)
            }
            _ => Values::Words(words),
        })
    }

    fn held(&mut self, entry: &Entry) -> Result<(), Problem> {
        let whole = joined(entry);
        let find = |name: &str| {
            self.names.get(name.trim()).copied().ok_or_else(|| Problem::NoList(name.trim().to_string()))
        };
        if let Some((name, values)) = whole.split_once('=') {
            let list = find(name)?;
            self.hold(list)?;
            self.file.lists[list].held = self.values(values)?;
            return self.check_held(list);
        }
        let (names, share) = split_share(&whole)?;
        let lists = names.split(',').map(find).collect::<Result<Vec<_>, _>>()?;
        lists.iter().try_for_each(|&list| self.hold(list))?;
        if let [list] = lists[..] {
            self.file.lists[list].share = share;
            return Ok(());
        }
        let group = self.file.groups.len();
        lists.iter().for_each(|&list| self.file.lists[list].group = Some(group));
        self.file.groups.push(Group { lists, share });
        Ok(())
    }

    /// A list holds back once only.
    fn hold(&self, list: usize) -> Result<(), Problem> {
        let List { name, held, share, group, .. } = &self.file.lists[list];
        match held.len() > 0 || *share > 0.0 || group.is_some() {
            true => Err(Problem::HeldTwice(name.clone())),
            false => Ok(()),
        }
    }

    /// Values that are held back are no values of the list, and of the same sort.
    fn check_held(&mut self, list: usize) -> Result<(), Problem> {
        let list = &mut self.file.lists[list];
        match (&list.values, &list.held) {
            (Values::Numbers(values), Values::Numbers(held)) => {
                match held.iter().find(|n| values.contains(n)) {
                    Some(n) => Err(Problem::HeldValue(n.to_string(), list.name.clone())),
                    None => Ok(()),
                }
            }
            (Values::Words(values), Values::Words(held)) => match held
                .iter()
                .find(|word| values.contains(word))
            {
                Some(word) => Err(Problem::HeldValue(word.literal().unwrap_or_default(), list.name.clone())),
                None => Ok(()),
            },
            // Words among numbers, or the other way round.
            _ => {
                let words = |values: &Values| match values {
                    Values::Words(words) => words.clone(),
                    Values::Numbers(numbers) => {
                        let text = |n: &i64| Phrase(vec![super::phrase::Piece::Text(n.to_string())]);
                        numbers.iter().map(text).collect()
                    }
                };
                (list.values, list.held) =
                    (Values::Words(words(&list.values)), Values::Words(words(&list.held)));
                Ok(())
            }
        }
    }

    /// A condition in front of a template, and what is behind it.
    fn condition<'t>(&self, text: &'t str) -> Result<(Option<Condition>, &'t str), Problem> {
        let Some(behind) = text.strip_prefix('[') else { return Ok((None, text)) };
        let (condition, rest) =
            behind.split_once(']').ok_or_else(|| Problem::Condition(behind.to_string()))?;
        Ok((Some(Condition::parse(condition, &self.names)?), rest.trim_start()))
    }

    fn pair(&self, text: &str) -> Result<Body, Problem> {
        match bars(text)[..] {
            [query, reply] if !query.is_empty() && !reply.is_empty() => {
                Ok(Body::Pair(self.phrase(query)?, self.phrase(reply)?))
            }
            _ => Err(PAIR),
        }
    }

    fn steps(&self, entry: &Entry) -> Result<Vec<Step>, (usize, Problem)> {
        let step = |&(line, text): &(usize, &str)| self.step(text).map_err(|problem| (line, problem));
        let steps = entry.below.iter().map(step).collect::<Result<Vec<_>, _>>()?;
        if steps.is_empty() { Err((entry.line, Problem::EmptyChat)) } else { Ok(steps) }
    }

    fn step(&self, text: &str) -> Result<Step, Problem> {
        if let Some(rest) = text.strip_prefix("include ") {
            let (turns, range) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), "1"));
            let (least, most) = range.trim().split_once("..").unwrap_or((range.trim(), range.trim()));
            return match (least.trim().parse(), most.trim().parse()) {
                (Ok(least), Ok(most @ 1..=100)) if least <= most => {
                    Ok(Step::Include { turns: turns.into(), least, most })
                }
                _ => Err(STEP),
            };
        }
        let (role, said) = text.split_once(':').ok_or(STEP)?;
        let role = Role::ALL.into_iter().find(|known| known.name() == role.trim()).ok_or(STEP)?;
        // One space behind the colon is none of the text.
        let said = said.strip_prefix(' ').unwrap_or(said);
        Ok(Step::Say(role, self.phrase(said)?))
    }
}

/// A line with those below it, as one.
fn joined(entry: &Entry) -> String {
    let below = entry.below.iter().map(|(_, text)| text.trim());
    [entry.rest].into_iter().chain(below).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn weight(text: &str) -> Result<u32, Problem> {
    match text.parse() {
        Ok(weight @ 1..=1000) => Ok(weight),
        _ => Err(Problem::Weight(text.to_string())),
    }
}

/// `a, b 10 %` → the names and 0.1.
fn split_share(text: &str) -> Result<(&str, f64), Problem> {
    let text = text.trim().strip_suffix('%').ok_or(HELD)?.trim_end();
    let (names, share) = text.rsplit_once(char::is_whitespace).ok_or(HELD)?;
    match share.parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent < 100.0 => Ok((names, percent / 100.0)),
        _ => Err(Problem::Share(share.to_string())),
    }
}
