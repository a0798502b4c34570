//! The schema of format 2.

use super::network::{Class, Network, Numbers, Sensors};
use super::parts::{Context, Parameters, Query, Shape, present};
use super::story::{Choice, Tool, Turns};
use super::tokenizer::Tokenizer;
use super::transformer::Transformer;
use super::version::latin1;
use crate::import::Problem;
use crate::model::{self, Chat, HashedText, Model, Tokens};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename = "Model", deny_unknown_fields)]
pub struct File {
    #[serde(rename = "format")]
    _format: i64,
    head: Head,
    reader: Reader,
    answer: Answer,
    body: Body,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    about: String,
    training: Vec<(String, String)>,
    #[serde(default)]
    calibration: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum Reader {
    HashedText {
        query: Query,
        #[serde(default, deserialize_with = "present")]
        context: Option<Context>,
    },
    Tokens {
        max_length: u8,
        tokenizer: Box<Tokenizer>,
    },
    Sensors(Sensors),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum Answer {
    Chat {
        charset: String,
        max_reply: u8,
    },
    Label {
        labels: Vec<String>,
        #[serde(default)]
        margin: u8,
    },
    Story {
        ends: Vec<u32>,
        most: u16,
        logit_bits: u8,
        #[serde(default, deserialize_with = "present")]
        turns: Option<Turns>,
        #[serde(default, deserialize_with = "present")]
        choice: Option<Choice>,
        #[serde(default)]
        tools: Vec<Tool>,
        #[serde(default)]
        labels: Vec<String>,
        #[serde(default)]
        margin: u8,
    },
    Class(Class),
    Numbers(Numbers),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum Body {
    Layers { layers: Vec<Shape>, parameters: Vec<Parameters> },
    Transformer(Box<Transformer>),
    Network(Network),
}

impl File {
    /// The model without weights and biases, and these as the file has them.
    ///
    /// # Errors
    /// A character of the charset that is no byte; a tokenizer or a matrix that is not written as it should be.
    pub fn parts(self) -> Result<(Model, Vec<Parameters>), Problem> {
        let Head { name, about, training, calibration } = self.head;
        let reader = match self.reader {
            Reader::HashedText { query, context } => {
                let context = context.map(Into::into);
                model::Reader::HashedText(HashedText { query: query.into(), context })
            }
            Reader::Tokens { max_length, tokenizer } => {
                model::Reader::Tokens(Tokens { tokenizer: tokenizer.read()?, max_length })
            }
            Reader::Sensors(sensors) => model::Reader::Sensors(sensors.read()),
        };
        let answer = match self.answer {
            Answer::Chat { charset, max_reply } => {
                model::Answer::Chat(Chat { charset: latin1(&charset)?, max_reply })
            }
            Answer::Label { labels, margin } => model::Answer::Label { labels, margin },
            Answer::Class(class) => model::Answer::Class(class.read()),
            Answer::Numbers(numbers) => model::Answer::Numbers(numbers.read()),
            Answer::Story { ends, most, logit_bits, turns, choice, tools, labels, margin } => {
                model::Answer::Story(model::Story {
                    turns: turns.map(Turns::read),
                    choice: choice.map(Choice::read).unwrap_or_default(),
                    tools: tools.into_iter().map(Tool::read).collect(),
                    labels,
                    margin,
                    ..model::Story::plain(ends, most, logit_bits)
                })
            }
        };
        let (body, parameters) = match self.body {
            Body::Layers { layers, parameters } => {
                (model::Body::Layers(layers.into_iter().map(Into::into).collect()), parameters)
            }
            Body::Transformer(body) => (model::Body::Transformer(body.read()?), vec![]),
            Body::Network(body) => (model::Body::Network(body.read()?), vec![]),
        };
        let head = model::Head { name, about, training, calibration };
        Ok((Model { head, reader, body, answer }, parameters))
    }
}
