//! `model.ron` text as a model.

use super::FORMAT;
use super::locate::{self, Step};
use super::pack::{self, RowError};
use crate::import::{ImportError, MAX_TEXT_MIB, Position, Problem};
use crate::model::{self, Chat, ContextEncoder, Layer, Model, ModelError, Output, QueryEncoder, WeightSet};
use crate::shown::{cut, shown};
use ::ron::error::{Error as RonError, SpannedError};
use serde::{Deserialize, Deserializer};

/// All that is read of a file of another format.
#[derive(Deserialize)]
#[serde(rename = "Model")]
struct Versioned {
    #[serde(default, deserialize_with = "present")]
    format: Option<i64>,
}

/// A number that is there: RON would want `Some(1)` for an `Option`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(rename = "Model", deny_unknown_fields)]
struct File {
    #[serde(rename = "format")]
    _format: i64,
    name: String,
    about: String,
    query: Query,
    output: OutputKind,
    training: Vec<(String, String)>,
    #[serde(default)]
    calibration: Vec<String>,
    layers: Vec<Shape>,
    parameters: Vec<Parameters>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    buckets: u16,
    #[serde(default = "one_band")]
    bands: u8,
    max_length: u8,
}

/// What a file without the field means.
fn one_band() -> u8 {
    1
}

#[derive(Deserialize)]
#[serde(rename = "Output", deny_unknown_fields)]
enum OutputKind {
    Chat { charset: String, context: Context, max_reply: u8 },
    Classifier { labels: Vec<String> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Context {
    buckets: u16,
    length: u8,
}

#[derive(Deserialize)]
#[serde(rename = "Layer", deny_unknown_fields)]
struct Shape {
    inputs: usize,
    outputs: usize,
    shift: u8,
    #[serde(default)]
    set: Set,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename = "WeightSet")]
enum Set {
    #[default]
    Full,
    Ternary,
    Binary,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    bias: Vec<i16>,
    weights: Vec<String>,
}

/// Reads a model from the text of a `model.ron`; `file` names it in errors.
///
/// # Errors
/// The first thing found wrong: the version before the syntax of the rest, that before names and
/// shapes, and those before weights.
pub fn read(text: &str, file: &str) -> Result<Model, ImportError> {
    if text.len() > MAX_TEXT_MIB << 20 {
        return Err(ImportError::new(
            file,
            None,
            Problem::FileSize { what: "a model.ron", most: MAX_TEXT_MIB },
        ));
    }
    // Editors of some systems put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !locate::starts_struct(text, "Model") {
        let what = if text.trim().is_empty() { "an empty file" } else { "some other text" };
        return Err(ImportError::new(file, None, Problem::NotAModel(what.to_string())));
    }
    let fail = |path: &[Step], problem| ImportError::new(file, locate::place(text, path), problem);
    let versioned: Versioned = ::ron::from_str(text).map_err(|e| syntax(text, file, &e))?;
    match versioned.format {
        Some(FORMAT) => {}
        Some(found) => return Err(fail(&[name("format")], Problem::Version { found, reads: FORMAT })),
        None => return Err(fail(&[], Problem::NoVersion)),
    }
    let source: File = ::ron::from_str(text).map_err(|e| syntax(text, file, &e))?;

    let output = match source.output {
        OutputKind::Chat { charset, context, max_reply } => Output::Chat(Chat {
            charset: latin1(&charset).map_err(|e| fail(&[name("output"), name("charset")], e))?,
            context: ContextEncoder { buckets: context.buckets, length: context.length },
            max_reply,
        }),
        OutputKind::Classifier { labels } => Output::Classifier { labels },
    };
    let layer = |shape: Shape| Layer {
        inputs: shape.inputs,
        outputs: shape.outputs,
        weights: Vec::new(),
        bias: Vec::new(),
        shift: shape.shift,
        set: match shape.set {
            Set::Full => WeightSet::Full,
            Set::Ternary => WeightSet::Ternary,
            Set::Binary => WeightSet::Binary,
        },
    };
    let Query { buckets, bands, max_length } = source.query;
    let mut model = Model {
        name: source.name,
        about: source.about,
        query: QueryEncoder { buckets, bands, max_length },
        output,
        layers: source.layers.into_iter().map(layer).collect(),
        training: source.training,
        calibration: source.calibration,
    };
    let broken = |e: ModelError| fail(&path(&e), Problem::Model(e));
    model.check_head().map_err(broken)?;

    let (found, wants) = (source.parameters.len(), model.layers.len());
    if found != wants {
        return Err(fail(&[name("parameters")], Problem::Parameters { found, wants }));
    }
    for (i, (layer, parameters)) in model.layers.iter_mut().zip(source.parameters).enumerate() {
        let weights = [name("parameters"), Step::Item(i), name("weights")];
        layer.bias = parameters.bias;
        let (found, wants) = (parameters.weights.len(), layer.outputs);
        if found != wants {
            return Err(fail(&weights, Problem::Rows { layer: i + 1, found, wants }));
        }
        for (output, row) in parameters.weights.iter().enumerate() {
            let row = pack::unpack(row, layer.inputs, layer.set).map_err(|e| {
                let [a, b, c] = weights.clone();
                fail(&[a, b, c, Step::Item(output)], row_problem(e, i + 1, output, layer.inputs))
            })?;
            layer.weights.extend(row);
        }
    }
    model.check().map_err(broken)?;
    Ok(model)
}

/// The bytes of a charset, a character each.
pub fn latin1(charset: &str) -> Result<Vec<u8>, Problem> {
    let byte = |(index, found)| u8::try_from(found).map_err(|_| Problem::Charset { index, found });
    charset.chars().enumerate().map(byte).collect()
}

fn row_problem(e: RowError, layer: usize, output: usize, inputs: usize) -> Problem {
    match e {
        RowError::Length { found, wants } => Problem::Row { layer, output, found, wants, inputs },
        RowError::Symbol { at, found } => Problem::Symbol { layer, output, at, found },
        RowError::Padding => Problem::PaddingBits { layer, output },
    }
}

/// An error of the `ron` crate, with the field and in this module's words.
fn syntax(text: &str, file: &str, e: &SpannedError) -> ImportError {
    let at = Position { line: e.span.start.line, column: e.span.start.col };
    let field = locate::field(text, at);
    let problem = match &e.code {
        RonError::NoSuchStructField { expected, found, .. } => {
            let expected: Vec<String> = expected.iter().map(|e| format!("`{e}`")).collect();
            Problem::UnknownField { field, found: found.clone(), expected: expected.join(", ") }
        }
        RonError::MissingStructField { field: missing, .. } => {
            Problem::MissingField { field, missing: (*missing).to_string() }
        }
        RonError::DuplicateStructField { field: twice, .. } => {
            Problem::DuplicateField { field, twice: (*twice).to_string() }
        }
        RonError::IntegerOutOfBounds => Problem::Number { field },
        RonError::ExceededRecursionLimit => {
            Problem::Syntax { field, message: "too many brackets, one in another".to_string() }
        }
        RonError::InvalidIdentifier(name) | RonError::SuggestRawIdentifier(name) => {
            Problem::Syntax { field, message: format!("`{}` is no name of a field", shown(name)) }
        }
        // An integer ends before the point of 1.5, and then something else should follow.
        code => match locate::number(text, at).filter(|found| found.parse::<i128>().is_err()) {
            Some(found) => Problem::NotWhole { field, found: shown(found) },
            None => Problem::Syntax { field, message: uncapitalized(&code.to_string()) },
        },
    };
    ImportError::new(file, Some(at), problem)
}

/// The message of another crate as a part of a sentence.
fn uncapitalized(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    cut(&(first + chars.as_str()), 200)
}

/// The value in the file that breaks a rule of the model.
fn path(e: &ModelError) -> Vec<Step> {
    let layer = |n: &usize, field| vec![name("layers"), Step::Item(n - 1), name(field)];
    match e {
        ModelError::Name(_) => vec![name("name")],
        ModelError::Range { field, .. } => range_path(field),
        ModelError::CharsetSize(_) | ModelError::EndMark | ModelError::SameCharacter { .. } => {
            vec![name("output"), name("charset")]
        }
        ModelError::Control { field, .. } => range_path(field),
        ModelError::Label { index }
        | ModelError::LongLabel { index, .. }
        | ModelError::SameLabel { index, .. } => vec![name("output"), name("labels"), Step::Item(*index)],
        ModelError::Calibration { index } => vec![name("calibration"), Step::Item(*index)],
        ModelError::NoLayers | ModelError::TooManyWeights(_) => vec![name("layers")],
        ModelError::Chain { layer: n, .. } => layer(n, "inputs"),
        ModelError::Classes { .. } => vec![name("output")],
        ModelError::Count { layer: n, what, .. } => {
            let field = if *what == model::Parameters::Biases { "bias" } else { "weights" };
            vec![name("parameters"), Step::Item(n - 1), name(field)]
        }
        ModelError::Weight { layer: n, output, .. } => {
            vec![name("parameters"), Step::Item(n - 1), name("weights"), Step::Item(*output)]
        }
    }
}

/// The path of a field as [`ModelError::Range`] names it: `query.buckets`, `layers[2].shift`.
/// A name that is no field of the file leads nowhere further, which is a place all the same.
fn range_path(field: &str) -> Vec<Step> {
    let mut path = Vec::new();
    for part in field.split(['.', ':']) {
        match part.strip_suffix(']').and_then(|p| p.split_once('[')) {
            Some((list, n)) => {
                path.push(name(list));
                path.extend(n.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).map(Step::Item));
            }
            None => path.push(name(part)),
        }
    }
    // The model's names leave out that context, reply length and labels stand inside the output.
    if matches!(&path[0], Step::Field(f) if ["context", "max_reply", "labels"].contains(&f.as_str())) {
        path.insert(0, name("output"));
    }
    path
}

fn name(field: &str) -> Step {
    Step::Field(field.to_string())
}
