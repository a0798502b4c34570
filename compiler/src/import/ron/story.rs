//! The schema of what a sequence model answers in `model.ron`. Shares and the temperature are decimals there, and
//! thousandths in the model.

use super::parts::bare;
use crate::model;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turns {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    start: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    after: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    close: Vec<u32>,
    keeps: bool,
}

/// Tokens are drawn with `draw`, and the largest logit is taken without.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    draw: Option<Draw>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "bare")]
    penalty: Option<Penalty>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Draw {
    #[serde(with = "thousandths")]
    temperature: u16,
    top_k: u8,
    #[serde(with = "thousandths")]
    top_p: u16,
    #[serde(with = "thousandths")]
    min_p: u16,
    seed: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Penalty {
    #[serde(with = "thousandths")]
    strength: u16,
    recent: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    token: u32,
    name: String,
    action: Action,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Action {
    Read { close: Vec<u32> },
    Switch { on: bool },
}

/// What is said of a number that has more.
pub const THREE_DECIMALS: &str = "a number from 0 to 65.535 with three decimals at most is wanted";

/// A number with three decimals at most.
mod thousandths {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &u16, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(*value) / 1000.0)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
        let value = f64::deserialize(deserializer)?;
        let thousandths = (value * 1000.0).round();
        // What three decimals give differs from a whole number by an error of rounding.
        if !(0.0..=65_535.0).contains(&thousandths) || (value * 1000.0 - thousandths).abs() > 1e-6 {
            return Err(D::Error::custom(super::THREE_DECIMALS));
        }
        Ok(thousandths as u16)
    }
}

/// The answer as the value of its field: on one line where nothing is said of turns, choice, tools and labels.
pub fn text(story: &model::Story) -> String {
    let model::Story { ends, most, logit_bits, turns, choice, tools, labels, margin } = story;
    let first = format!("ends: {ends:?}, most: {most}, logit_bits: {logit_bits}");
    let mut more = Vec::new();
    if let Some(turns) = turns {
        more.push(format!("turns: {}", line(&Turns::from(turns))));
    }
    if *choice != model::Choice::default() {
        more.push(format!("choice: {}", line(&Choice::from(choice))));
    }
    if !tools.is_empty() {
        more.push(format!("tools: {}", line(&tools.iter().map(Tool::from).collect::<Vec<_>>())));
    }
    if !labels.is_empty() {
        more.push(format!("labels: {}", line(labels)));
    }
    if *margin > 0 {
        more.push(format!("margin: {margin}"));
    }
    if more.is_empty() {
        return format!("Story({first})");
    }
    let lines: String = more.iter().map(|field| format!("        {field},\n")).collect();
    format!("Story(\n        {first},\n{lines}    )")
}

fn line(part: &impl Serialize) -> String {
    let config = ::ron::ser::PrettyConfig::new().depth_limit(0);
    ::ron::ser::to_string_pretty(part, config).expect("strings, numbers and lists can be written")
}

impl From<&model::Turns> for Turns {
    fn from(turns: &model::Turns) -> Self {
        let model::Turns { start, before, after, close, keeps } = turns.clone();
        Self { start, before, after, close, keeps }
    }
}

impl Turns {
    pub fn read(self) -> model::Turns {
        let Self { start, before, after, close, keeps } = self;
        model::Turns { start, before, after, close, keeps }
    }
}

impl From<&model::Choice> for Choice {
    fn from(choice: &model::Choice) -> Self {
        let draw = |model::Draw { temperature, top_k, top_p, min_p, seed }| Draw {
            temperature,
            top_k,
            top_p,
            min_p,
            seed,
        };
        let penalty = |model::Penalty { strength, recent }| Penalty { strength, recent };
        Self { draw: choice.draw.map(draw), penalty: choice.penalty.map(penalty) }
    }
}

impl Choice {
    pub fn read(self) -> model::Choice {
        let draw = |Draw { temperature, top_k, top_p, min_p, seed }| model::Draw {
            temperature,
            top_k,
            top_p,
            min_p,
            seed,
        };
        let penalty = |Penalty { strength, recent }| model::Penalty { strength, recent };
        model::Choice { draw: self.draw.map(draw), penalty: self.penalty.map(penalty), beam: None }
    }
}

impl From<&model::Tool> for Tool {
    fn from(tool: &model::Tool) -> Self {
        let action = match &tool.action {
            model::Action::Read { close } => Action::Read { close: close.clone() },
            model::Action::Switch { on } => Action::Switch { on: *on },
        };
        Self { token: tool.token, name: tool.name.clone(), action }
    }
}

impl Tool {
    pub fn read(self) -> model::Tool {
        let action = match self.action {
            Action::Read { close } => model::Action::Read { close },
            Action::Switch { on } => model::Action::Switch { on },
        };
        model::Tool { token: self.token, name: self.name, action }
    }
}
