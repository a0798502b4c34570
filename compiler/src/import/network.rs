//! From layers to a model, the same for every format that states little about its network.

use super::ron::latin1;
use super::{Options, Problem};
use crate::model::{Chat, ContextEncoder, Layer, Model, Output, QueryEncoder};
use serde::Deserialize;

/// Shift behind every layer of the published networks, which their files do not state.
pub const SHIFT: u8 = 2;

/// What a file says about the meaning of the outputs; [`Options`] go before it.
#[derive(Debug, Default)]
pub struct Facts {
    /// A character an output, the last one NUL.
    pub charset: Option<String>,
    /// A label an output.
    pub labels: Option<Vec<String>>,
}

/// The shapes as the published trainer states them; further keys are left alone.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object of input_size, hidden_sizes and num_classes")]
pub struct Architecture {
    pub input_size: u64,
    pub hidden_sizes: Vec<u64>,
    pub num_classes: u64,
}

impl Architecture {
    /// Compares with the layers, of which there must be one: a file that lost its last layers shows here.
    ///
    /// # Errors
    /// The first difference; `place` is where the file says it.
    pub fn check(&self, place: &'static str, layers: &[Layer]) -> Result<(), Problem> {
        let differ = |field, says: String, found: String| {
            if says == found { Ok(()) } else { Err(Problem::Architecture { place, field, says, found }) }
        };
        let outputs: Vec<usize> = layers.iter().map(|l| l.outputs).collect();
        let (classes, hidden) = outputs.split_last().expect("every reader finds at least one layer");
        differ("input_size", self.input_size.to_string(), layers[0].inputs.to_string())?;
        differ("hidden_sizes", format!("{:?}", self.hidden_sizes), format!("{hidden:?}"))?;
        differ("num_classes", self.num_classes.to_string(), classes.to_string())
    }
}

/// The model of `layers`: at least one, no side of it beyond 1,024.
///
/// # Errors
/// The first rule of a model that is broken, or nothing that says what the outputs mean.
pub fn model(layers: Vec<Layer>, facts: Facts, file: &str, options: &Options) -> Result<Model, Problem> {
    let inputs = layers[0].inputs;
    let labels = match (&options.labels, &options.charset) {
        (Some(labels), _) => Some(labels.clone()),
        (None, Some(_)) => None,
        (None, None) => facts.labels,
    };
    let (buckets, output) = match labels {
        Some(labels) => (classifier_buckets(inputs, options)?, Output::Classifier { labels }),
        None => {
            let charset = match &options.charset {
                // Nobody can type the end mark.
                Some(typed) => format!("{}\0", typed.trim_end_matches('\0')),
                None => facts.charset.ok_or(Problem::NoOutput)?,
            };
            let (query, context) = split(inputs, options)?;
            let chat = Chat {
                charset: latin1(&charset)?,
                context: ContextEncoder { buckets: context, length: options.context_length },
                max_reply: options.max_reply,
            };
            (query, Output::Chat(chat))
        }
    };
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let model = Model {
        name: options.name.clone().unwrap_or_else(|| name(base)),
        about: format!("imported from {base}"),
        query: QueryEncoder { buckets, bands: 1, max_length: options.max_query },
        output,
        layers,
        training: Vec::new(),
        calibration: Vec::new(),
    };
    model.check()?;
    Ok(model)
}

/// A name for the model in the file `base`: its stem, other characters as `-`.
fn name(base: &str) -> String {
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().map(keep).take(32).collect();
    match name.trim_matches('-') {
        "" => "model".to_string(),
        name => name.to_string(),
    }
}

/// Buckets of query and context: as the options say, or half of the inputs each.
fn split(inputs: usize, options: &Options) -> Result<(u16, u16), Problem> {
    // A layer is at most 1,024 wide, so every part of it fits.
    let narrow = |n: usize| u16::try_from(n).expect("a width of at most 1024");
    match options.query_buckets {
        None if inputs % 2 == 1 => Err(Problem::OddInputs { inputs }),
        None => Ok((narrow(inputs / 2), narrow(inputs / 2))),
        Some(query) if usize::from(query) >= inputs => Err(Problem::NoContext { query, inputs }),
        Some(query) => Ok((query, narrow(inputs - usize::from(query)))),
    }
}

fn classifier_buckets(inputs: usize, options: &Options) -> Result<u16, Problem> {
    let all = u16::try_from(inputs).expect("a width of at most 1024");
    match options.query_buckets {
        Some(query) if query != all => Err(Problem::ClassifierBuckets { query, inputs }),
        _ => Ok(all),
    }
}
