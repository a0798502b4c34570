//! Makes a model of layers, in the same way for every format that states little about its network.

use super::ron::latin1;
use super::{Facts, Imported, Options, Problem};
use crate::model::{
    Answer, Body, Chat, ContextEncoder, HashedText, Head, Layer, Model, QueryEncoder, Reader,
};
use crate::shown::shown;

/// Shift behind every layer of the published networks, which their files do not state.
pub const SHIFT: u8 = 2;
/// Other settings of the published networks: window of the context, longest reply, longest query.
const CONTEXT_LENGTH: u8 = 8;
const MAX_REPLY: u8 = 50;
const MAX_QUERY: u8 = 62;

/// The model of `layers`: at least one, no side of it beyond 1,024. What the user typed overrides what the
/// file states, and that overrides what the published networks have.
///
/// # Errors
/// The first rule of a model that is broken, or nothing that says what the outputs mean.
pub fn model(
    layers: Vec<Layer>,
    mut facts: Facts,
    file: &str,
    options: &Options,
) -> Result<Imported, Problem> {
    facts.check_shapes(&layers)?;
    let (inputs, outputs) = (layers[0].inputs, layers[layers.len() - 1].outputs);
    // `Facts::state` lets in no number beyond a field's range.
    let narrow = |stated: Option<u64>| stated.map(|n| u8::try_from(n).expect("a number in its range"));
    let stated_buckets = facts.query_buckets.map(|n| u16::try_from(n).expect("a number in its range"));
    let query_buckets = options.query_buckets.or(stated_buckets);
    let labels = match (&options.labels, &options.charset) {
        (Some(labels), _) => Some(labels.clone()),
        (None, Some(_)) => None,
        (None, None) => facts.labels,
    };
    let (buckets, context, answer) = match labels {
        Some(labels) => {
            (classifier_buckets(inputs, query_buckets)?, None, Answer::Label { labels, margin: 0 })
        }
        None => {
            let charset = match &options.charset {
                // Nobody can type the end mark.
                Some(typed) => format!("{}\0", typed.trim_end_matches('\0')),
                None => facts.charset.ok_or(Problem::NoOutput { outputs })?,
            };
            let (query, context) = split(inputs, query_buckets)?;
            let length = options.context_length.or(narrow(facts.context_length)).unwrap_or(CONTEXT_LENGTH);
            let chat = Chat {
                charset: latin1(&charset)?,
                max_reply: options.max_reply.or(narrow(facts.max_reply)).unwrap_or(MAX_REPLY),
            };
            (query, Some(ContextEncoder { buckets: context, length }), Answer::Chat(chat))
        }
    };
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let query = QueryEncoder {
        buckets,
        bands: options.position_bands.or(narrow(facts.position_bands)).unwrap_or(1),
        max_length: options.max_query.or(narrow(facts.max_query)).unwrap_or(MAX_QUERY),
    };
    let head = Head {
        name: options.name.clone().unwrap_or_else(|| name(base)),
        about: format!("imported from {}", shown(base)),
        ..Head::default()
    };
    let reader = Reader::HashedText(HashedText { query, context });
    let model = Model { head, reader, body: Body::Layers(layers), answer };
    model.check()?;
    Ok(Imported { model, notes: facts.notes })
}

/// A name for the model in the file `base`: its stem, other characters as `-`.
pub fn name(base: &str) -> String {
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().map(keep).take(32).collect();
    match name.trim_matches('-') {
        "" => "model".to_string(),
        name => name.to_string(),
    }
}

/// Buckets of query and context: so many as said, or half of the inputs each.
fn split(inputs: usize, query_buckets: Option<u16>) -> Result<(u16, u16), Problem> {
    // A layer is at most 1,024 wide, so every part of it fits.
    let narrow = |n: usize| u16::try_from(n).expect("a width of at most 1024");
    match query_buckets {
        None if inputs % 2 == 1 => Err(Problem::OddInputs { inputs }),
        None => Ok((narrow(inputs / 2), narrow(inputs / 2))),
        Some(query) if usize::from(query) >= inputs => Err(Problem::NoContext { query, inputs }),
        Some(query) => Ok((query, narrow(inputs - usize::from(query)))),
    }
}

fn classifier_buckets(inputs: usize, query_buckets: Option<u16>) -> Result<u16, Problem> {
    let all = u16::try_from(inputs).expect("a width of at most 1024");
    match query_buckets {
        Some(query) if query != all => Err(Problem::ClassifierBuckets { query, inputs }),
        _ => Ok(all),
    }
}
