//! Where a field stands in RON text, and which field stands at a place.
//!
//! The `ron` crate gives a place with an error but no field, and keeps no places for values that parse but
//! break a rule later. So this walks over the tokens, as far as brackets, names and commas go; it runs only
//! when there is an error to tell, and on text that may be broken: it never fails, it only stops earlier.

use crate::import::Position;
use std::iter::Peekable;
use std::str::Chars;

/// A step from a value to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Field(String),
    /// Counted from 0.
    Item(usize),
}

/// Deepest brackets that are walked into: a model.ron has five, one in another, and no more than these are remembered.
const MAX_DEPTH: usize = 64;

/// The place of the value that `path` leads to, or of the last one on the way that is there.
pub fn place(text: &str, path: &[Step]) -> Option<Position> {
    let mut best: Option<(usize, Position)> = None;
    walk(text, |at, here, part| {
        // The first token of a value is where it starts.
        if part == Part::Value && path.starts_with(here) && best.is_none_or(|(depth, _)| here.len() > depth) {
            best = Some((here.len(), at));
        }
        true
    });
    best.map(|(_, at)| at)
}

/// The field that stands at `position`, as error messages name it: `body.layers[2].shift`, with
/// items of `layers` and `parameters` counted from 1 and other items left out. Empty at the top.
pub fn field(text: &str, position: Position) -> String {
    let mut found = Vec::new();
    walk(text, |at, here, _| {
        if at <= position {
            found = here.to_vec();
        }
        at <= position
    });
    let mut name = String::new();
    let mut list = "";
    for step in &found {
        match step {
            Step::Field(field) if name.is_empty() => name.push_str(field),
            Step::Field(field) => name.push_str(&format!(".{field}")),
            Step::Item(i) if list == "layers" || list == "parameters" => {
                name.push_str(&format!("[{}]", i + 1));
            }
            Step::Item(_) => {}
        }
        list = if let Step::Field(field) = step { field } else { "" };
    }
    name
}

/// The number at `position`, which may be in the midst of it: `1.5`. `None` if what stands there is no number.
pub fn number(text: &str, position: Position) -> Option<&str> {
    let line = text.lines().nth(position.line.checked_sub(1)?)?;
    let at = line.char_indices().nth(position.column.checked_sub(1)?).map_or(line.len(), |(at, _)| at);
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    let start = at - line[..at].chars().rev().take_while(|&c| part(c)).count();
    let end = at + line[at..].chars().take_while(|&c| part(c)).count();
    let number = &line[start..end];
    number.trim_start_matches(['+', '-', '.']).starts_with(|c: char| c.is_ascii_digit()).then_some(number)
}

/// Whether the first token behind spaces and comments can start the struct named `name`.
pub fn starts_struct(text: &str, name: &str) -> bool {
    let mut w = Walker { rest: text.chars().peekable(), at: Position { line: 1, column: 1 } };
    loop {
        match w.rest.peek() {
            Some(c) if c.is_whitespace() => {
                w.next();
            }
            Some('/') => w.comment(),
            // Attributes: `#![enable(…)]`.
            Some('#') => return w.rest.take(3).eq("#![".chars()),
            Some('(') => return true,
            _ => return w.name() == name,
        }
    }
}

struct Walker<'a> {
    rest: Peekable<Chars<'a>>,
    at: Position,
}

/// What a visited token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Value,
    /// A field's name, a colon, a comma, a closing bracket.
    Frame,
}

/// Calls `visit` at the start of every token with the path of the value that it belongs to, until it says `false`.
fn walk(text: &str, mut visit: impl FnMut(Position, &[Step], Part) -> bool) {
    let mut w = Walker { rest: text.chars().peekable(), at: Position { line: 1, column: 1 } };
    let mut way = Way::default();
    let mut last = Last::Other;
    let mut goes_on = true;
    while let Some(&c) = w.rest.peek()
        && goes_on
        && way.path.len() <= MAX_DEPTH
    {
        let at = w.at;
        let before = std::mem::replace(&mut last, Last::Other);
        match c {
            c if c.is_whitespace() => {
                w.next();
                last = before;
            }
            '/' => {
                w.comment();
                last = before;
            }
            '(' if before == Last::Variant => {
                w.next();
                way.open(false);
            }
            '(' | '[' | '{' => {
                goes_on = visit(at, &way.path, Part::Value);
                w.next();
                way.open(true);
                last = if before == Last::Name { Last::Variant } else { Last::Other };
            }
            ')' | ']' | '}' => {
                w.next();
                way.close();
                goes_on = visit(at, &way.path, Part::Frame);
            }
            ',' => {
                goes_on = visit(at, &way.path, Part::Frame);
                w.next();
                way.next();
            }
            '"' => {
                goes_on = visit(at, &way.path, Part::Value);
                w.string();
            }
            c if c.is_alphabetic() || c == '_' => {
                let name = w.name();
                while w.rest.peek().is_some_and(|c| c.is_whitespace()) {
                    w.next();
                }
                if w.rest.peek() == Some(&':') {
                    // The name belongs to the struct, all behind it to the field.
                    goes_on = visit(at, &way.path[..way.path.len().saturating_sub(1)], Part::Frame);
                    way.field(name);
                    goes_on = goes_on && visit(w.at, &way.path, Part::Frame);
                    w.next();
                } else {
                    goes_on = visit(at, &way.path, Part::Value);
                    last = Last::Name;
                }
            }
            _ => {
                goes_on = visit(at, &way.path, Part::Value);
                w.next();
            }
        }
    }
}

/// The last token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A name without a colon: of a variant or a struct, or a word.
    Name,
    /// The bracket behind such a name.
    Variant,
    Other,
}

/// The way to where a walker is. Before the first bracket it is empty; each open bracket adds a step for the item it is at.
/// But a variant around a struct, `Transformer((`, is one value with two brackets: the second one adds none.
#[derive(Default)]
struct Way {
    path: Vec<Step>,
    items: Vec<usize>,
    /// Of each open bracket: whether it added a step.
    brackets: Vec<bool>,
}

impl Way {
    fn open(&mut self, adds: bool) {
        self.brackets.push(adds);
        if adds {
            self.items.push(0);
            self.path.push(Step::Item(0));
        }
    }

    fn close(&mut self) {
        if self.brackets.pop() == Some(false) {
            // Back from the struct's last field to the struct.
            self.path.last_mut().into_iter().for_each(|step| *step = Step::Item(0));
        } else {
            self.items.pop();
            self.path.pop();
        }
    }

    fn next(&mut self) {
        if let (Some(item), Some(step)) = (self.items.last_mut(), self.path.last_mut()) {
            *item += 1;
            *step = Step::Item(*item);
        }
    }

    fn field(&mut self, name: String) {
        if let Some(step) = self.path.last_mut() {
            *step = Step::Field(name);
        }
    }
}

impl Walker<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(&c) = self.rest.peek()
            && (c.is_alphanumeric() || c == '_')
        {
            name.push(c);
            self.next();
        }
        name
    }

    /// Past the closing quote of a string with escapes. (Raw strings are not written by mlc; a bracket in
    /// one can at worst name a wrong field in an error message.)
    fn string(&mut self) {
        self.next();
        while let Some(c) = self.next() {
            match c {
                '\\' => {
                    self.next();
                }
                '"' => return,
                _ => {}
            }
        }
    }

    /// Past a `//` comment or a `/* */` comment, which nest in RON; past the `/` if it is neither.
    fn comment(&mut self) {
        self.next();
        match self.rest.peek() {
            Some('/') => while self.next().is_some_and(|c| c != '\n') {},
            Some('*') => {
                self.next();
                let mut depth = 1;
                while depth > 0
                    && let Some(c) = self.next()
                {
                    match (c, self.rest.peek()) {
                        ('*', Some('/')) => depth -= 1,
                        ('/', Some('*')) => depth += 1,
                        _ => continue,
                    }
                    self.next();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// a(b\n(\n  one: \"),[\",\n  /* [ /* ( */ */ layers: [\n    (x: 1, y: Some(2)),\n    (x: 3),\n  ],\n  two: E(z: [4, 5]),\n)";

    fn at(line: usize, column: usize) -> Position {
        Position { line, column }
    }

    #[test]
    fn values_have_places() {
        let f = |s: &str| Step::Field(s.to_string());
        assert_eq!(place(TEXT, &[]), Some(at(2, 1)));
        assert_eq!(place(TEXT, &[f("one")]), Some(at(3, 8)));
        assert_eq!(place(TEXT, &[f("layers"), Step::Item(1), f("x")]), Some(at(6, 9)));
        assert_eq!(place(TEXT, &[f("two"), f("z"), Step::Item(1)]), Some(at(8, 17)));
        // Not there: the place of what is around it.
        assert_eq!(place(TEXT, &[f("layers"), Step::Item(1), f("y")]), Some(at(6, 5)));
        assert_eq!(place("", &[f("one")]), None);
    }

    #[test]
    fn places_have_fields() {
        assert_eq!(field(TEXT, at(2, 1)), "");
        assert_eq!(field(TEXT, at(3, 3)), "");
        assert_eq!(field(TEXT, at(3, 7)), "one");
        assert_eq!(field(TEXT, at(3, 10)), "one");
        assert_eq!(field(TEXT, at(5, 9)), "layers[1].x");
        assert_eq!(field(TEXT, at(6, 9)), "layers[2].x");
        assert_eq!(field(TEXT, at(8, 14)), "two.z");
    }

    #[test]
    fn a_struct_in_a_variant_is_one_value() {
        let text = "(\n  a: T((x: 1, y: [O ( (z: 2)), O((z: 3))])),\n  b: ((x: 4), (x: 5)), c: 6)";
        let f = |s: &str| Step::Field(s.to_string());
        assert_eq!(place(text, &[f("a")]), Some(at(2, 6)));
        assert_eq!(place(text, &[f("a"), f("x")]), Some(at(2, 12)));
        assert_eq!(place(text, &[f("a"), f("y"), Step::Item(0), f("z")]), Some(at(2, 27)));
        assert_eq!(place(text, &[f("a"), f("y"), Step::Item(1), f("z")]), Some(at(2, 38)));
        assert_eq!(place(text, &[f("b"), Step::Item(0), f("x")]), Some(at(3, 11)));
        assert_eq!(place(text, &[f("b"), Step::Item(1), f("x")]), Some(at(3, 19)));
        assert_eq!(place(text, &[f("c")]), Some(at(3, 27)));
        assert_eq!(field(text, at(2, 27)), "a.y.z");
        assert_eq!(field(text, at(3, 19)), "b.x");
    }

    #[test]
    fn numbers_have_their_whole_text() {
        for column in 4..=7 {
            assert_eq!(number("\n(a:-1.5,", at(2, column)), Some("-1.5"), "{column}");
        }
        assert_eq!(number("(a: 2e3)", at(1, 6)), Some("2e3"));
        for (line, column) in [(1, 2), (1, 1), (2, 1), (1, 99)] {
            assert_eq!(number("(a: \u{e9}1.5)", at(line, column)), None);
        }
    }

    #[test]
    fn starts_of_structs() {
        for text in ["(", " \n/* x */ // y\n (", "M(", "#![enable(implicit_some)]\n(", "M (a: 1)"] {
            assert!(starts_struct(text, "M"), "{text}");
        }
        for text in ["", "// (", "[(", "#!/bin/sh\n(", "# M", "Mo(", "/* ("] {
            assert!(!starts_struct(text, "M"), "{text}");
        }
    }

    #[test]
    fn broken_text_is_walked_to_its_end() {
        for text in
            ["(", ")", "]]", "\"", "\"\\", "/*", "/", "a:", "(a:", "(a: [1,", ",,", "T((", "T(())", "T(()))"]
        {
            place(text, &[Step::Item(3)]);
            field(text, at(1, 9));
        }
    }
}
