//! A trained network as the importers read it and the trainer writes it: the input of everything.
//!
//! What it computes is integer arithmetic, exact to the bit. For each layer, with the input vector `x`
//! (counts × 32, or the activations of the layer before), weights `w` in {-2, -1, 0, +1} or a part of
//! these ([`WeightSet`]), and biases `b`:
//!
//! ```text
//! acc = wrap16(Σ w·x + b)      two's complement, modulo 65536
//! y   = acc >> shift           arithmetic: rounds towards minus infinity
//! y   = max(y, 0)              hidden layers only
//! ```

use crate::text;
use std::fmt;
use thiserror::Error;

/// Widest layer, input and output, that a model may have.
pub const MAX_WIDTH: usize = 1024;
/// Largest arithmetic shift behind a layer.
pub const MAX_SHIFT: u8 = 7;
/// Most position bands of a query: a query of 127 bytes has trigrams up to position 126, in band 15.
pub const MAX_BANDS: u8 = 16;
/// Most calibration queries: planning runs the network on each of them.
pub const MAX_CALIBRATION: usize = 256;
/// Longest calibration query, in characters: what fits the command tail of CP/M.
pub const MAX_CALIBRATION_LENGTH: usize = 127;

/// A network with everything needed to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Short name: letters, digits, `-` and `_`, 1 to 32 of them. Names the outputs of `mlc compile`.
    pub name: String,
    /// What it is, in a sentence or two.
    pub about: String,
    pub query: QueryEncoder,
    pub output: Output,
    /// In order; the first takes the buckets, the last gives the logits.
    pub layers: Vec<Layer>,
    /// Facts about the training, in order, for people: (`"pairs"`, `"1840"`).
    pub training: Vec<(String, String)>,
    /// Queries like those that the network is for, printable ASCII: the planner measures on them how often each
    /// column is used. Queries and not the densities themselves, because the price of a shared sum and of a carry
    /// depends on which inputs come together, and a pass may rename or drop the neurons that a density was for.
    /// They are never in the program. None: the planner's own ([`crate::plan::calibration::QUERIES`]).
    pub calibration: Vec<String>,
}

/// Trigrams of the query, counted in hash buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryEncoder {
    /// 1 to 1,024.
    pub buckets: u16,
    /// Bands of eight positions that hash differently, the last without an end; 1 to 16. With 1, as in
    /// the published networks, a trigram counts the same wherever it stands.
    pub bands: u8,
    /// Longest line that the program's own prompt takes, in bytes (1 to 127; 62 unless the model says otherwise).
    pub max_length: u8,
}

/// What the logits mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Chat(Chat),
    /// One pass; the answer is `labels[argmax]`. One label an output.
    Classifier {
        labels: Vec<String>,
    },
}

/// Generates a reply, a character a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// A byte an output. The last one is the end mark (0), which is never printed.
    pub charset: Vec<u8>,
    pub context: ContextEncoder,
    /// Longest reply in characters (1 to 255; 50 unless the model says otherwise).
    pub max_reply: u8,
}

/// n-grams (n = 1, 2, 3) of the last characters produced, counted in hash buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextEncoder {
    /// 1 to 1,024.
    pub buckets: u16,
    /// Window in characters (1 to 32; 8 unless the model says otherwise).
    pub length: u8,
}

/// A fully connected layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// `[outputs, inputs]`, row by row; each of `set`.
    pub weights: Vec<i8>,
    /// `[outputs]`.
    pub bias: Vec<i16>,
    /// `y = acc >> shift`; 0 to 7, 2 in the published networks.
    pub shift: u8,
    pub set: WeightSet,
}

/// Values that the weights of a layer may take. A smaller set says that the layer was trained for it:
/// the file and some kernels store it in less space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum WeightSet {
    /// -2, -1, 0 and +1: 2 bits each.
    #[default]
    Full,
    /// -1, 0 and +1: 2 bits each.
    Ternary,
    /// -1 and +1: 1 bit each.
    Binary,
}

impl WeightSet {
    pub const ALL: [Self; 3] = [Self::Full, Self::Ternary, Self::Binary];

    /// Its weights, ascending.
    pub fn weights(self) -> &'static [i8] {
        match self {
            Self::Full => &[-2, -1, 0, 1],
            Self::Ternary => &[-1, 0, 1],
            Self::Binary => &[-1, 1],
        }
    }

    pub fn contains(self, weight: i8) -> bool {
        self.weights().contains(&weight)
    }

    /// As `model.ron` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "Full",
            Self::Ternary => "Ternary",
            Self::Binary => "Binary",
        }
    }
}

impl fmt::Display for WeightSet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Layer {
    /// Weights of output `o`, one an input.
    pub fn row(&self, o: usize) -> &[i8] {
        &self.weights[o * self.inputs..(o + 1) * self.inputs]
    }
}

impl Model {
    /// Buckets of query and context together: the inputs of the first layer.
    pub fn inputs(&self) -> usize {
        let context = match &self.output {
            Output::Chat(chat) => usize::from(chat.context.buckets),
            Output::Classifier { .. } => 0,
        };
        usize::from(self.query.buckets) + context
    }

    /// How many logits the last layer must give.
    pub fn classes(&self) -> usize {
        match &self.output {
            Output::Chat(chat) => chat.charset.len(),
            Output::Classifier { labels } => labels.len(),
        }
    }

    /// Checks every rule stated on the fields. Importers and the trainer call it last.
    ///
    /// # Errors
    /// The first rule broken, with the field.
    pub fn check(&self) -> Result<(), ModelError> {
        self.check_head()?;
        self.check_layers()
    }

    /// Checks every rule but those on weights and biases, which may still be empty: an importer
    /// calls it before it reads them, so that a wrong shape shows as one and not as wrong weights.
    ///
    /// # Errors
    /// The first rule broken, with the field.
    pub fn check_head(&self) -> Result<(), ModelError> {
        let named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(1..=32).contains(&self.name.len()) || !self.name.chars().all(named) {
            return Err(ModelError::Name(self.name.clone()));
        }
        in_range("query.buckets", self.query.buckets.into(), 1, MAX_WIDTH)?;
        in_range("query.bands", self.query.bands.into(), 1, MAX_BANDS.into())?;
        in_range("query.max_length", self.query.max_length.into(), 1, 127)?;
        match &self.output {
            Output::Chat(chat) => chat.check()?,
            Output::Classifier { labels } => {
                in_range("labels: their number", labels.len(), 1, MAX_WIDTH)?;
                if let Some(i) =
                    labels.iter().position(|l| l.is_empty() || l.chars().any(|c| !(' '..='~').contains(&c)))
                {
                    return Err(ModelError::Label { index: i });
                }
            }
        }
        in_range("calibration: their number", self.calibration.len(), 0, MAX_CALIBRATION)?;
        if let Some(index) = self.calibration.iter().position(|query| !is_calibration_query(query)) {
            return Err(ModelError::Calibration { index });
        }
        self.check_shapes()
    }

    fn check_shapes(&self) -> Result<(), ModelError> {
        if self.layers.is_empty() {
            return Err(ModelError::NoLayers);
        }
        let mut width = self.inputs();
        let mut source = "the encoders give".to_string();
        for (i, layer) in self.layers.iter().enumerate() {
            let n = i + 1;
            in_range(&format!("layers[{n}].inputs"), layer.inputs, 1, MAX_WIDTH)?;
            in_range(&format!("layers[{n}].outputs"), layer.outputs, 1, MAX_WIDTH)?;
            in_range(&format!("layers[{n}].shift"), layer.shift.into(), 0, MAX_SHIFT.into())?;
            if layer.inputs != width {
                return Err(ModelError::Chain {
                    layer: n,
                    takes: layer.inputs,
                    source_name: source,
                    gives: width,
                });
            }
            width = layer.outputs;
            source = format!("layer {n} gives");
        }
        if width != self.classes() {
            return Err(ModelError::Classes { gives: width, wants: self.classes() });
        }
        Ok(())
    }

    fn check_layers(&self) -> Result<(), ModelError> {
        for (i, layer) in self.layers.iter().enumerate() {
            let n = i + 1;
            let wants = layer.inputs * layer.outputs;
            if layer.weights.len() != wants {
                return Err(ModelError::Count {
                    layer: n,
                    what: "weights",
                    found: layer.weights.len(),
                    wants,
                });
            }
            if layer.bias.len() != layer.outputs {
                return Err(ModelError::Count {
                    layer: n,
                    what: "biases",
                    found: layer.bias.len(),
                    wants: layer.outputs,
                });
            }
            if let Some(at) = layer.weights.iter().position(|&w| !layer.set.contains(w)) {
                let (output, input) = (at / layer.inputs, at % layer.inputs);
                let (value, set) = (layer.weights[at], layer.set);
                return Err(ModelError::Weight { layer: n, output, input, value, set });
            }
        }
        Ok(())
    }
}

impl Chat {
    fn check(&self) -> Result<(), ModelError> {
        if self.charset.len() > 256 {
            return Err(ModelError::CharsetSize(self.charset.len()));
        }
        if self.charset.last() != Some(&0) {
            return Err(ModelError::EndMark);
        }
        in_range("context.buckets", self.context.buckets.into(), 1, MAX_WIDTH)?;
        in_range("context.length", self.context.length.into(), 1, 32)?;
        in_range("max_reply", self.max_reply.into(), 1, 255)
    }

    /// The context window before the first character: all spaces.
    pub fn empty_window(&self) -> Vec<u8> {
        vec![b' '; usize::from(self.context.length)]
    }

    /// Moves a produced character into the window, folded as queries are.
    pub fn push(window: &mut [u8], c: u8) {
        window.rotate_left(1);
        if let Some(last) = window.last_mut() {
            *last = c.to_ascii_lowercase();
        }
    }

    /// Inputs of one step: query counts, then context counts, × 32.
    pub fn step_input(&self, query: &[u8], encoder: &QueryEncoder, window: &[u8]) -> Vec<i16> {
        let trigrams = text::trigram_buckets(query, encoder.buckets, encoder.bands);
        let mut x = text::count(trigrams, encoder.buckets);
        x.extend(text::count(text::ngram_buckets(window, self.context.buckets), self.context.buckets));
        x.iter().map(|c| c.wrapping_mul(text::COUNT_SCALE)).collect()
    }
}

/// Whether [`Model::calibration`] may hold `query`.
pub fn is_calibration_query(query: &str) -> bool {
    let printable = query.bytes().all(|b| (b' '..=b'~').contains(&b));
    printable && query.len() <= MAX_CALIBRATION_LENGTH && query.bytes().any(|b| b != b' ')
}

fn in_range(field: &str, value: usize, least: usize, most: usize) -> Result<(), ModelError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ModelError::Range { field: field.to_string(), value, least, most })
}

/// Why a set of values is no model. Fields and layers count from 1, outputs and inputs from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    #[error("name: \"{0}\" is no name for a model")]
    Name(String),
    #[error("{field} is {value}, outside {least}..{most}")]
    Range { field: String, value: usize, least: usize, most: usize },
    #[error("charset has {0} characters, at most 256 are possible")]
    CharsetSize(usize),
    #[error("charset does not end with the end mark (NUL)")]
    EndMark,
    #[error("labels[{index}] is empty or holds something else than printable ASCII")]
    Label { index: usize },
    #[error(
        "calibration[{index}] is no query: printable ASCII, not blank, at most {MAX_CALIBRATION_LENGTH} characters"
    )]
    Calibration { index: usize },
    #[error("layers: there is none")]
    NoLayers,
    #[error("layers[{layer}] takes {takes} inputs, but {source_name} {gives}")]
    Chain { layer: usize, takes: usize, source_name: String, gives: usize },
    #[error("the last layer gives {gives} outputs, but charset or labels have {wants}")]
    Classes { gives: usize, wants: usize },
    #[error("layers[{layer}] has {found} {what}, its shape wants {wants}")]
    Count { layer: usize, what: &'static str, found: usize, wants: usize },
    #[error(
        "layers[{layer}]: the weight of output {output} for input {input} is {value}, not in the set {set} {:?}",
        set.weights()
    )]
    Weight { layer: usize, output: usize, input: usize, value: i8, set: WeightSet },
}

impl ModelError {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Name(_) => "use 1 to 32 letters, digits, '-' and '_'",
            Self::Range { .. } => "change the field; docs/model-format.md has its limits",
            Self::CharsetSize(_) => "train with fewer distinct characters in the replies",
            Self::EndMark => "append NUL to the charset: the last output is the end of the reply",
            Self::Label { .. } => "give every class a printable label",
            Self::Calibration { .. } => {
                "correct the query or take it out: the list may be left out altogether"
            }
            Self::NoLayers => "a network has at least one layer",
            Self::Chain { .. } => {
                "a layer takes what the one before gives; the file is damaged or was put together wrongly"
            }
            Self::Classes { .. } => "the last layer has one output a character or label",
            Self::Count { .. } => "the file is truncated or damaged: write it again",
            Self::Weight { .. } => "quantize the weights to the layer's set, or give the layer a larger set",
        }
    }
}
