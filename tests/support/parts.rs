//! Parts of models that tests build, look at and change. Their models read hashed text and have layers.

#![allow(dead_code, reason = "each test target uses a part of it")]

use mlc_compiler::model::{
    Answer, Body, Chat, ContextEncoder, HashedText, Head, Layer, Model, QueryEncoder, Reader,
};

/// A model of these parts, which keep the rules.
pub fn model(
    (name, about): (&str, &str),
    (query, context): (QueryEncoder, Option<ContextEncoder>),
    layers: Vec<Layer>,
    answer: Answer,
) -> Model {
    let model = Model {
        head: Head { name: name.to_string(), about: about.to_string(), ..Head::default() },
        reader: Reader::HashedText(HashedText { query, context }),
        body: Body::Layers(layers),
        answer,
    };
    model.check().expect("the test makes valid models");
    model
}

pub fn reader(model: &Model) -> &HashedText {
    let Reader::HashedText(reader) = &model.reader else { unreachable!("a model of hashed text") };
    reader
}

pub fn reader_mut(model: &mut Model) -> &mut HashedText {
    let Reader::HashedText(reader) = &mut model.reader else { unreachable!("a model of hashed text") };
    reader
}

/// Encoder of a chat's context.
pub fn context(model: &Model) -> &ContextEncoder {
    reader(model).context.as_ref().expect("a chat model")
}

pub fn layers(model: &Model) -> &[Layer] {
    let Body::Layers(layers) = &model.body else { unreachable!("a model of hashed text") };
    layers
}

pub fn layers_mut(model: &mut Model) -> &mut Vec<Layer> {
    let Body::Layers(layers) = &mut model.body else { unreachable!("a model of hashed text") };
    layers
}

pub fn chat(model: &Model) -> &Chat {
    match &model.answer {
        Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => unreachable!("a model of hashed text"),
        Answer::Chat(chat) => chat,
        Answer::Label { .. } => panic!("a chat model"),
    }
}

pub fn chat_mut(model: &mut Model) -> &mut Chat {
    match &mut model.answer {
        Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => unreachable!("a model of hashed text"),
        Answer::Chat(chat) => chat,
        Answer::Label { .. } => panic!("a chat model"),
    }
}

/// The answer of a classifier.
pub fn label<S: ToString>(labels: impl IntoIterator<Item = S>) -> Answer {
    Answer::Label { labels: labels.into_iter().map(|label| label.to_string()).collect(), margin: 0 }
}

/// Makes the model one that answers with these labels, which reads no context.
pub fn classify<S: ToString>(model: &mut Model, buckets: u16, labels: impl IntoIterator<Item = S>) {
    let reader = reader_mut(model);
    (reader.query.buckets, reader.context) = (buckets, None);
    model.answer = label(labels);
}
