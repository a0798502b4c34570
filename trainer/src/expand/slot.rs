//! Slots: `{name}`, `{name.2}`, `{*name}`, `{name:spell}`, `{a+b}`, `{a-1:words}`.

use super::Problem;
use super::phrase::Names;

/// What stands between braces.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// As it is written, for messages.
    pub shown: String,
    pub value: Expr,
    /// One after the other.
    pub functions: Vec<Function>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A value of a list.
    Ref(Ref),
    /// Numbers reckoned with from left to right.
    Reckoned(Operand, Vec<(Operator, Operand)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Plus,
    Minus,
    Times,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operand {
    Number(i64),
    Ref(Ref),
}

/// A value of a list, by the list's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ref {
    pub list: usize,
    pub which: Which,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The same value wherever this number stands in a record; another number is another value. 1 without one.
    Same(u8),
    /// A value of its own each time.
    Fresh,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Upper,
    Lower,
    Capital,
    Spell,
    Reverse,
    Count,
    First,
    Last,
    Words,
}

pub const FUNCTIONS: [(&str, Function); 9] = [
    ("upper", Function::Upper),
    ("lower", Function::Lower),
    ("capital", Function::Capital),
    ("spell", Function::Spell),
    ("reverse", Function::Reverse),
    ("count", Function::Count),
    ("first", Function::First),
    ("last", Function::Last),
    ("words", Function::Words),
];

impl Slot {
    pub fn parse(text: &str, names: &Names) -> Result<Self, Problem> {
        let mut parts = text.split(':');
        let value = expr(text, parts.next().unwrap_or_default(), names)?;
        let function = |name: &str| {
            let found = FUNCTIONS.iter().find(|(known, _)| *known == name.trim());
            let unknown = || Problem::Function { slot: text.into(), function: name.trim().into() };
            found.map(|(_, function)| *function).ok_or_else(unknown)
        };
        let functions = parts.map(function).collect::<Result<_, _>>()?;
        Ok(Self { shown: text.to_string(), value, functions })
    }

    /// The lists that the value comes from.
    pub fn refs(&self) -> Vec<Ref> {
        self.value.refs()
    }
}

impl Expr {
    pub fn refs(&self) -> Vec<Ref> {
        let operand = |operand: &Operand| match operand {
            Operand::Number(_) => None,
            Operand::Ref(found) => Some(*found),
        };
        match self {
            Self::Ref(found) => vec![*found],
            Self::Reckoned(first, rest) => {
                operand(first).into_iter().chain(rest.iter().filter_map(|(_, o)| operand(o))).collect()
            }
        }
    }
}

/// Reads what is before the functions; `shown` is the whole slot.
pub fn expr(shown: &str, text: &str, names: &Names) -> Result<Expr, Problem> {
    let wrong = |problem| Problem::Slot { slot: shown.to_string(), problem };
    let text = text.trim();
    let is_operator = |c: char| matches!(c, '+' | '-' | '*');
    // A star in front asks for a value of its own, a minus makes a number negative.
    let first_end =
        text.char_indices().skip(1).find(|&(_, c)| is_operator(c)).map_or(text.len(), |(at, _)| at);
    let first = operand(shown, &text[..first_end], names)?;
    let mut rest = Vec::new();
    let mut behind = &text[first_end..];
    while let Some(sign) = behind.chars().next() {
        let operator = match sign {
            '+' => Operator::Plus,
            '-' => Operator::Minus,
            _ => Operator::Times,
        };
        let end =
            behind.char_indices().skip(1).find(|&(_, c)| is_operator(c)).map_or(behind.len(), |(at, _)| at);
        rest.push((operator, operand(shown, &behind[1..end], names)?));
        behind = &behind[end..];
    }
    match (first, rest.is_empty()) {
        (Operand::Ref(found), true) => Ok(Expr::Ref(found)),
        (Operand::Number(_), true) if text.is_empty() => Err(wrong("name a list")),
        _ => Ok(Expr::Reckoned(first, rest)),
    }
}

fn operand(shown: &str, text: &str, names: &Names) -> Result<Operand, Problem> {
    let wrong = |problem| Problem::Slot { slot: shown.to_string(), problem };
    let text = text.trim();
    if text.is_empty() {
        return Err(wrong("name a list"));
    }
    if let Ok(number) = text.parse() {
        return Ok(Operand::Number(number));
    }
    let (fresh, name) = text.strip_prefix('*').map_or((false, text), |name| (true, name.trim()));
    let (name, which) = match name.split_once('.') {
        None => (name, Which::Same(1)),
        Some((name, number)) => match number.parse() {
            Ok(number @ 1..=99) => (name, Which::Same(number)),
            _ => return Err(wrong("the number behind the dot is 1 to 99")),
        },
    };
    let which = if fresh { Which::Fresh } else { which };
    let list = *names.get(name).ok_or_else(|| Problem::NoList(name.to_string()))?;
    Ok(Operand::Ref(Ref { list, which }))
}

impl Function {
    /// What it makes of a text.
    pub fn apply(self, text: &str) -> Result<String, Problem> {
        Ok(match self {
            Self::Upper => text.to_uppercase(),
            Self::Lower => text.to_lowercase(),
            Self::Capital => {
                let mut rest = text.chars();
                rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
            }
            Self::Spell => text.chars().map(String::from).collect::<Vec<_>>().join("-"),
            Self::Reverse => text.chars().rev().collect(),
            Self::Count => text.chars().count().to_string(),
            Self::First => text.chars().take(1).collect(),
            Self::Last => text.chars().last().map(String::from).unwrap_or_default(),
            Self::Words => words(text.trim().parse().map_err(|_| Problem::Overflow(text.into()))?)?,
        })
    }
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// A number below a million in English words.
fn words(n: i64) -> Result<String, Problem> {
    Ok(match n {
        ..0 => format!("minus {}", words(n.checked_neg().ok_or_else(|| Problem::Overflow(n.to_string()))?)?),
        0..20 => SMALL[n as usize].to_string(),
        20..100 if n % 10 == 0 => TENS[n as usize / 10].to_string(),
        20..100 => format!("{}-{}", TENS[n as usize / 10], SMALL[n as usize % 10]),
        100..1000 if n % 100 == 0 => format!("{} hundred", words(n / 100)?),
        100..1000 => format!("{} hundred {}", words(n / 100)?, words(n % 100)?),
        1000..1_000_000 if n % 1000 == 0 => format!("{} thousand", words(n / 1000)?),
        1000..1_000_000 => format!("{} thousand {}", words(n / 1000)?, words(n % 1000)?),
        _ => return Err(Problem::Overflow(n.to_string())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_a_value() {
        let apply = |name: &str, text: &str| {
            let (_, function) = FUNCTIONS.iter().find(|(known, _)| *known == name).unwrap();
            function.apply(text).unwrap()
        };
        assert_eq!((apply("spell", "ZORA"), apply("reverse", "ZORA")), ("Z-O-R-A".into(), "AROZ".into()));
        assert_eq!((apply("count", "ZOÉ"), apply("capital", "zora")), ("3".into(), "Zora".into()));
        assert_eq!((apply("first", "ZORA"), apply("last", "ZORA")), ("Z".into(), "A".into()));
        assert_eq!(
            (apply("upper", "a"), apply("lower", "A"), apply("last", "")),
            ("A".into(), "a".into(), String::new())
        );
        let numbers = ["0", "13", "20", "42", "100", "219", "-7", "12345", "999000"];
        let wants = [
            "zero",
            "thirteen",
            "twenty",
            "forty-two",
            "one hundred",
            "two hundred nineteen",
            "minus seven",
            "twelve thousand three hundred forty-five",
            "nine hundred ninety-nine thousand",
        ];
        assert_eq!(numbers.map(|n| apply("words", n)), wants);
        assert!(Function::Words.apply("1000000").is_err());
    }
}
