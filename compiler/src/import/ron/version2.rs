//! The schema of format 2.

use super::parts::{Context, Parameters, Query, Shape, present};
use super::version::latin1;
use crate::import::Problem;
use crate::model::{self, Chat, HashedText, Model};
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum Answer {
    Chat { charset: String, max_reply: u8 },
    Label { labels: Vec<String> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum Body {
    Layers { layers: Vec<Shape>, parameters: Vec<Parameters> },
}

impl File {
    /// The model without weights and biases, and these as the file has them.
    ///
    /// # Errors
    /// A character of the charset that is no byte.
    pub fn parts(self) -> Result<(Model, Vec<Parameters>), Problem> {
        let Head { name, about, training, calibration } = self.head;
        let reader = match self.reader {
            Reader::HashedText { query, context } => {
                let context = context.map(Into::into);
                model::Reader::HashedText(HashedText { query: query.into(), context })
            }
        };
        let answer = match self.answer {
            Answer::Chat { charset, max_reply } => {
                model::Answer::Chat(Chat { charset: latin1(&charset)?, max_reply })
            }
            Answer::Label { labels } => model::Answer::Label { labels },
        };
        let Body::Layers { layers, parameters } = self.body;
        let body = model::Body::Layers(layers.into_iter().map(Into::into).collect());
        let head = model::Head { name, about, training, calibration };
        Ok((Model { head, reader, body, answer }, parameters))
    }
}
