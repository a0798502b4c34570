//! Draws records.

use super::leak::leak;
use super::phrase::{Phrase, Piece};
use super::pools::{Pool, held_words, pools};
use super::reach::can_hold;
use super::slot::{Expr, Operand, Operator, Ref, Slot, Which};
use super::{Body, ExpandError, Problem, Side, Step, Template, Templates, Values};
use crate::texts::{Content, Kind, Message, Records, conversation, question};
use mlc_compiler::arithmetic::hash::{FNV_START, fnv1a};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Tries until a condition holds, something that is held back is drawn, or nothing of it is said by chance.
const TRIES: usize = 10_000;

/// Values that slots have in a record, or in turns that it includes.
type Scope = BTreeMap<(usize, Which), String>;

struct Drawer<'a> {
    file: &'a Templates,
    pools: &'a [Pool],
    /// What is held back.
    words: &'a [String],
    side: Side,
    seed: u64,
    rng: ChaCha8Rng,
    /// The innermost last.
    scopes: Vec<Scope>,
    /// Something that is held back was drawn.
    held: bool,
}

/// What was drawn does not fit; another try may.
enum Miss {
    Again(String),
    /// Training would see something that is held back: words may be put together of parts.
    Leak(String),
    Wrong(Problem),
}

impl From<Problem> for Miss {
    fn from(problem: Problem) -> Self {
        Self::Wrong(problem)
    }
}

impl Templates {
    /// Whether anything is held back.
    pub fn holds_back(&self) -> bool {
        self.templates.iter().any(|template| can_hold(self, template))
    }

    /// Draws `count` records, the same for the same seed.
    ///
    /// # Errors
    /// A template that cannot be drawn; nothing is held back for the held-out side; all records of
    /// training that a template gives say a word that is held back.
    pub fn expand(&self, count: usize, seed: u64, side: Side) -> Result<Records, ExpandError> {
        let at = |(line, problem)| ExpandError { name: self.name.clone(), line, problem };
        let pools = pools(self, seed).map_err(at)?;
        let templates: Vec<&Template> = self
            .templates
            .iter()
            .filter(|template| side == Side::Training || can_hold(self, template))
            .collect();
        if templates.is_empty() {
            return Err(at((1, Problem::NothingHeld)));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Streams of pools begin at 1, so the sides take the upper ones.
        rng.set_stream(u64::MAX - u64::from(side == Side::HeldOut));
        let words = held_words(&pools);
        let mut drawer = Drawer {
            file: self,
            pools: &pools,
            words: &words,
            side,
            seed,
            rng,
            scopes: Vec::new(),
            held: false,
        };
        let total: u32 = templates.iter().map(|template| template.weight).sum();
        let mut records = Records::made(&self.name, Kind::Texts);
        for _ in 0..count {
            let template = pick(&templates, drawer.rng.random_range(0..total));
            let content = drawer.record(template).map_err(|problem| at((template.line, problem)))?;
            records.push_made(content, template.line);
        }
        records.name_kind();
        Ok(records)
    }
}

/// The template that a number below the sum of weights falls on.
fn pick<'t>(templates: &[&'t Template], mut number: u32) -> &'t Template {
    for template in templates {
        match number.checked_sub(template.weight) {
            Some(rest) => number = rest,
            None => return template,
        }
    }
    unreachable!("the number is below the sum of all weights")
}

impl Drawer<'_> {
    fn record(&mut self, template: &Template) -> Result<Content, Problem> {
        let mut last = Problem::NeverRight(String::new());
        for _ in 0..TRIES {
            self.scopes.clear();
            self.held = false;
            match self.body(template).and_then(|content| self.fits(content)) {
                Ok(content) => return Ok(content),
                Err(Miss::Again(why)) => last = Problem::NeverRight(why),
                Err(Miss::Leak(word)) => last = Problem::Leak { word },
                Err(Miss::Wrong(problem)) => return Err(problem),
            }
        }
        Err(last)
    }

    /// Whether a record may be on its side.
    fn fits(&self, content: Content) -> Result<Content, Miss> {
        match self.side {
            Side::Training => match leak(&content, self.words) {
                Some(word) => Err(Miss::Leak(word.to_string())),
                None => Ok(content),
            },
            Side::HeldOut if self.held => Ok(content),
            Side::HeldOut => Err(Miss::Again("nothing that is held back comes in it".into())),
        }
    }

    fn body(&mut self, template: &Template) -> Result<Content, Miss> {
        self.scopes.push(Scope::new());
        self.condition(template)?;
        let checked = match &template.body {
            Body::Pair(query, reply) => {
                let (query, reply) = (self.phrase(query)?, self.phrase(reply)?);
                question(spaces(&query).trim().into(), spaces(&reply).trim().into())
            }
            Body::Text(text) => match spaces(&self.phrase(text)?).trim() {
                "" => return Err(Miss::Again("the text is empty".into())),
                text => return Ok(Content::Text(text.to_string())),
            },
            Body::Chat(steps) => {
                let mut messages = Vec::new();
                self.steps(steps, &mut messages)?;
                conversation(messages)
            }
        };
        // What a conversation may be is said where files of them are read.
        checked.map_err(|problem| Miss::Again(problem.to_string()))
    }

    fn condition(&mut self, template: &Template) -> Result<(), Miss> {
        let Some(condition) = &template.condition else { return Ok(()) };
        let (left, right) = (self.number(&condition.left)?, self.number(&condition.right)?);
        match condition.holds(left, right) {
            true => Ok(()),
            false => Err(Miss::Again(format!("[{}] does not hold", condition.shown))),
        }
    }

    fn steps(&mut self, steps: &[Step], messages: &mut Vec<Message>) -> Result<(), Miss> {
        for step in steps {
            match step {
                Step::Say(role, said) => {
                    let content = spaces(&self.phrase(said)?);
                    messages.push(Message { role: *role, content });
                }
                Step::Include { turns, least, most } => {
                    let file = self.file;
                    let all: Vec<&Template> = file.turns[turns].iter().collect();
                    let total: u32 = all.iter().map(|turns| turns.weight).sum();
                    for _ in 0..self.rng.random_range(*least..=*most) {
                        let chosen = pick(&all, self.rng.random_range(0..total));
                        let Body::Chat(steps) = &chosen.body else { unreachable!("turns are chats") };
                        self.scopes.push(Scope::new());
                        self.condition(chosen)?;
                        self.steps(steps, messages)?;
                        self.scopes.pop();
                    }
                }
            }
        }
        Ok(())
    }

    fn phrase(&mut self, phrase: &Phrase) -> Result<String, Miss> {
        let mut text = String::new();
        for piece in &phrase.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Slot(slot) => text.push_str(&self.slot(slot)?),
            }
        }
        Ok(text)
    }

    fn slot(&mut self, slot: &Slot) -> Result<String, Miss> {
        let value = match &slot.value {
            Expr::Ref(used) => self.value(*used)?,
            reckoned => self.number(reckoned)?.to_string(),
        };
        Ok(slot.functions.iter().try_fold(value, |value, function| function.apply(&value))?)
    }

    fn number(&mut self, expr: &Expr) -> Result<i64, Miss> {
        let mut operand = |operand: &Operand| match operand {
            Operand::Number(number) => Ok(*number),
            Operand::Ref(used) => {
                let text = self.value(*used)?;
                Ok::<_, Miss>(text.parse().expect("lists that are reckoned with hold numbers"))
            }
        };
        let (first, rest) = match expr {
            Expr::Ref(used) => return operand(&Operand::Ref(*used)),
            Expr::Reckoned(first, rest) => (first, rest),
        };
        let mut sum: i64 = operand(first)?;
        for (operator, other) in rest {
            let other = operand(other)?;
            let result = match operator {
                Operator::Plus => sum.checked_add(other),
                Operator::Minus => sum.checked_sub(other),
                Operator::Times => sum.checked_mul(other),
            };
            sum = result.ok_or_else(|| Problem::Overflow(format!("{sum} with {other}")))?;
        }
        Ok(sum)
    }

    /// The value of a list that a slot has, drawn where it has none yet.
    fn value(&mut self, used: Ref) -> Result<String, Miss> {
        let key = (used.list, used.which);
        if let Some(known) = self.scopes.iter().rev().find_map(|scope| scope.get(&key)) {
            return Ok(known.clone());
        }
        if used.which == Which::Fresh {
            return self.draw(used.list);
        }
        if let Some(group) = self.file.lists[used.list].group {
            self.draw_group(group, used.which)?;
        } else {
            let value = self.draw_other(used.list)?;
            self.bind(key, value);
        }
        self.value(used)
    }

    fn bind(&mut self, key: (usize, Which), value: String) {
        self.scopes.last_mut().expect("a record has a scope").insert(key, value);
    }

    /// A value that no other slot of the list has.
    fn draw_other(&mut self, list: usize) -> Result<String, Miss> {
        for _ in 0..100 {
            let value = self.draw(list)?;
            let taken =
                |scope: &Scope| scope.iter().any(|(&(other, _), known)| other == list && *known == value);
            if !self.scopes.iter().any(taken) {
                return Ok(value);
            }
        }
        Err(Miss::Again(format!("{} has too few different values", self.file.lists[list].name)))
    }

    fn draw(&mut self, list: usize) -> Result<String, Miss> {
        let (values, held) = self.pools[list].of(self.side);
        let at = self.rng.random_range(0..values.len());
        self.held |= held;
        match values {
            Values::Numbers(numbers) => Ok(numbers[at].to_string()),
            Values::Words(words) => self.phrase(&words[at]),
        }
    }

    /// Values of all lists of a group, together held back or not.
    fn draw_group(&mut self, group: usize, which: Which) -> Result<(), Miss> {
        let group = &self.file.groups[group];
        for _ in 0..TRIES {
            let values = group.lists.iter().map(|&list| self.draw(list)).collect::<Result<Vec<_>, _>>()?;
            let held = is_held(&values, group.share, self.seed);
            if held == (self.side == Side::HeldOut) {
                self.held |= held;
                group.lists.iter().zip(values).for_each(|(&list, value)| self.bind((list, which), value));
                return Ok(());
            }
        }
        Err(Problem::NeverRight("its combinations are all on one side".into()).into())
    }
}

/// Whether a combination is held back: its hash with the seed says (FNV-1a, with the final mix of MurmurHash3).
fn is_held(values: &[String], share: f64, seed: u64) -> bool {
    let mut hash = fnv1a(FNV_START ^ seed, values.iter().flat_map(|value| value.bytes().chain([0])));
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^= hash >> 33;
    ((hash >> 11) as f64) < share * (1u64 << 53) as f64
}

/// Several spaces are one: an empty value leaves two behind.
fn spaces(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !(c == ' ' && out.ends_with(' ')) {
            out.push(c);
        }
    }
    out
}
