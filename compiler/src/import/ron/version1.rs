//! The schema of format 1.

use super::parts::{Context, Parameters, Query, Shape};
use super::version::latin1;
use crate::import::Problem;
use crate::model::{Answer, Body, Chat, HashedText, Head, Model, Reader};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename = "Model", deny_unknown_fields)]
pub struct File {
    #[serde(rename = "format")]
    _format: i64,
    name: String,
    about: String,
    query: Query,
    output: Output,
    training: Vec<(String, String)>,
    #[serde(default)]
    calibration: Vec<String>,
    layers: Vec<Shape>,
    parameters: Vec<Parameters>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum Output {
    Chat { charset: String, context: Context, max_reply: u8 },
    Classifier { labels: Vec<String> },
}

impl File {
    /// The model without weights and biases, and these as the file has them.
    ///
    /// # Errors
    /// A character of the charset that is no byte.
    pub fn parts(self) -> Result<(Model, Vec<Parameters>), Problem> {
        let (context, answer) = match self.output {
            Output::Chat { charset, context, max_reply } => {
                (Some(context.into()), Answer::Chat(Chat { charset: latin1(&charset)?, max_reply }))
            }
            Output::Classifier { labels } => (None, Answer::Label { labels, margin: 0 }),
        };
        let (training, calibration) = (self.training, self.calibration);
        let model = Model {
            head: Head { name: self.name, about: self.about, training, calibration },
            reader: Reader::HashedText(HashedText { query: self.query.into(), context }),
            body: Body::Layers(self.layers.into_iter().map(Into::into).collect()),
            answer,
        };
        Ok((model, self.parameters))
    }
}
