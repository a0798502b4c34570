//! Why a model was not compiled: it does not fit, or mlc has a bug. The two never look alike.

use crate::Request;
use crate::asm::AsmError;
use crate::ir::TypeError;
use crate::plan::{self, Combination, Demands, LayerError, Needs, Optimize, PlanError, Survey};
use crate::target::{Machine, cpm};
use crate::valid::InvalidGraph;
use crate::weights::Form;
use std::fmt::Write;
use thiserror::Error;

/// Why [`crate::compile`] gave nothing.
#[derive(Debug, Error)]
pub enum CompileError {
    #[error("{name} does not fit {target}: {limit}")]
    TooLarge { name: String, target: String, limit: String, table: String, advice: String },
    #[error("{name} cannot be compiled for {target}: mlc has no kernels for {what} there yet")]
    Sequence { name: String, target: String, what: String },
    #[error("{name} is a {family}: {option} is for {}", for_others(option))]
    Forms { name: String, family: &'static str, option: &'static str },
    #[error("{name} does not fit {target}: {needs}")]
    SequenceTooLarge { name: String, target: String, needs: String, short_of: ShortOf },
    #[error("{name} does not fit {target}: {needs}")]
    SensorsTooLarge { name: String, target: String, needs: String },
    #[error("{name} has the tool {tool:?}, and the profile {profile} has no pin for it in its {kind}: {}", none_or(.names))]
    Tool { name: String, profile: String, tool: String, kind: &'static str, names: Vec<String> },
    #[error("{name}: its tokenizer has {what}, and mlc writes no C for that")]
    Tokenizer { name: String, what: &'static str },
    #[error(transparent)]
    Layer(#[from] LayerError),
    #[error("a bug in mlc: {0}")]
    Types(#[from] TypeError),
    #[error("a bug in mlc: {0}")]
    Graph(#[from] InvalidGraph),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("template {name}: {message}")]
    Template { name: String, message: String },
    #[error("the generated assembly does not assemble: {0}")]
    Assembly(Box<AsmError>),
}

/// What a sequence model needs less of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShortOf {
    /// Bytes of weights, or of anything.
    Weights,
    /// Memory beside weights, which are elsewhere: keys and values, buffers, and the program.
    Memory,
    /// Keys and values of several replies.
    Replies,
}

impl CompileError {
    /// What the user can do about it.
    pub fn help(&self) -> String {
        match self {
            Self::TooLarge { table, advice, .. } => format!(
                "{table}{advice}Fewer non-zero weights (`mlc train --max-bytes`), smaller layers, or another target would help."
            ),
            Self::Forms { option, family: NUMBERS, .. } => format!("leave {option} out"),
            Self::Forms { option, .. } => format!(
                "leave {option} out: such weights have the bits of the model's own (`mlc import --bits`, `mlc train --weights`), \
                 stored as is fastest, or smallest with --optimize size"
            ),
            Self::SequenceTooLarge { short_of: ShortOf::Memory, .. } => {
                "a smaller window (`mlc import --window`, `mlc train --window`), a smaller vocabulary, or another target would help"
                    .into()
            }
            Self::SequenceTooLarge { short_of: ShortOf::Replies, .. } => {
                "fewer replies (`--beam`), or one alone, fewer bits, a smaller window, or another target would help".into()
            }
            Self::SequenceTooLarge { .. } => {
                "fewer bits (`mlc import --bits`, `mlc train --weights`), a smaller window, or another target would help".into()
            }
            Self::SensorsTooLarge { .. } => {
                "fewer channels, a smaller input, or another target would help".into()
            }
            Self::Sequence { .. } => {
                "`mlc run --target reference` and `mlc eval` compute it on this machine".into()
            }
            Self::Tool { tool, kind, .. } => {
                let entry = if *kind == "inputs" { "(pin: \"PC0\")" } else { "\"PB5 high\"" };
                format!(
                    "give it a pin in a profile of your own: {kind}: {{ {tool:?}: {entry} }} (docs/avr.md), with --profile FILE.ron"
                )
            }
            Self::Tokenizer { .. } => {
                "`mlc run --target reference` reads such texts; docs/c99.md says what C can do".into()
            }
            Self::Layer(LayerError::Missing { .. }) => {
                "name a layer by its number, or one of its stages".into()
            }
            Self::Layer(LayerError::Form { .. }) => {
                "ask for one of those forms, or leave the choice to mlc".into()
            }
            Self::Layer(LayerError::Nowhere { .. }) => {
                "ask for another form, or leave the choice to mlc".into()
            }
            Self::Template { .. } => "correct the template, or leave --templates away".into(),
            Self::Assembly(_) => {
                "with --templates: correct the template; otherwise this is a bug in mlc, please report it"
                    .into()
            }
            Self::Types(_) | Self::Graph(_) | Self::Plan(_) => "please report it with the model file".into(),
        }
    }

    /// A memory map that contradicts itself.
    pub(crate) fn memory(problem: String) -> Self {
        Self::Plan(PlanError::Memory(problem))
    }

    /// Whether mlc is at fault, not the model, target or templates.
    pub fn is_bug(&self) -> bool {
        matches!(self, Self::Types(_) | Self::Graph(_) | Self::Plan(_))
    }

    /// The table of what each plan that was tried would need, and each with one form for all that is free.
    pub(crate) fn too_large(request: &Request, survey: &Survey, refused: Vec<(Combination, Needs)>) -> Self {
        let (target, demands) = (request.target, request.demands);
        let mut refused: Vec<(Vec<Form>, Needs)> =
            refused.into_iter().map(|(c, needs)| (weight_forms(survey, &c), needs)).collect();
        // The layers exist: plans were tried.
        let asked = survey.asked(demands).unwrap_or_default();
        for form in Form::ALL {
            let stages = survey.variants[0].stages.iter().zip(&asked);
            let forms: Vec<Option<Form>> =
                stages.map(|(stage, asked)| stage.product().map(|_| asked.unwrap_or(form))).collect();
            let known = forms.iter().flatten().copied().collect::<Vec<_>>();
            if refused.iter().any(|(tried, _)| *tried == known) {
                continue;
            }
            // Of several variants the one without tables of its own: where something is too large, size is all.
            let plainest = survey.variants.len().saturating_sub(2);
            if let Some(combination) = survey.find(plainest, &forms) {
                refused.push((known, survey.estimate(&combination).0));
            }
        }
        refused.sort_by_key(|(_, needs)| std::cmp::Reverse(needs.total()));
        let what = match target.flash {
            Some(_) => format!("{}, RAM", target.code_memory()),
            None => "image, with buffers".into(),
        };
        let mut table = format!("what it would need there, in bytes (about): {what}\n");
        for (forms, needs) in &refused {
            let same = forms.iter().all(|f| *f == forms[0]);
            let names: Vec<_> =
                forms[..if same { 1 } else { forms.len() }].iter().map(|f| f.name()).collect();
            let memory = if target.flash.is_some() { needs.buffers } else { needs.total() };
            let line = format!("  {:>8} {:>8}  {}\n", needs.image, memory, names.join(", "));
            // The same forms with and without what is known of a window may need the same.
            if !table.ends_with(&line) {
                table.push_str(&line);
            }
        }
        table.push_str("each stage, in bytes:\n");
        for (at, stage) in survey.variants[0].stages.iter().enumerate().filter(|(_, s)| s.layer > 0) {
            let offers = survey.options(0, at);
            let sizes: Vec<_> =
                offers.iter().map(|o| format!("{} {}", o.form.map_or("", Form::name), o.bytes)).collect();
            let _ = writeln!(table, "  {}: {}", stage.name, sizes.join(", "));
        }
        let advice = advice(request, survey, refused.iter().map(|(_, needs)| *needs));
        let mut limit = match target.flash {
            None if target.image_end < target.memory_end => {
                let image = target.image_end - target.origin;
                format!("{} bytes are free there, {image} of them for the image", target.memory())
            }
            None => format!("{} bytes are free there", target.memory()),
            Some(flash) => {
                let (code, memory) = (target.code_memory(), target.memory());
                format!("{flash} bytes of {code} and {memory} of RAM are free there")
            }
        };
        if let Some(most) = demands.max_bytes {
            limit = format!("{limit}, and its image may have {most} bytes at most");
        }
        Self::TooLarge {
            name: request.model.head.name.clone(),
            target: target.name.clone(),
            limit,
            table,
            advice,
        }
    }
}

/// The other families, as a sentence names one of them.
pub(crate) const SEQUENCE: &str = "sequence model";
pub(crate) const NUMBERS: &str = "network on numbers";

/// The families that have an option.
fn for_others(option: &str) -> &'static str {
    if option == "--weights" { "sequence models" } else { "networks of hashed text" }
}

/// Names, or that there are none.
fn none_or(names: &[String]) -> String {
    if names.is_empty() { "there are none".into() } else { format!("there are {}", names.join(", ")) }
}

/// The forms of the stages that have weights.
fn weight_forms(survey: &Survey, combination: &Combination) -> Vec<Form> {
    survey.forms(combination).into_iter().flatten().collect()
}

/// A board with the target's processor that has a flash chip beside it, where the target has none.
fn profile_with_chip(request: &Request) -> Option<String> {
    let profiles = request.assets.profiles_with_chip(request.target).unwrap_or_default();
    profiles.into_iter().next().map(|profile| profile.name)
}

/// What other options would do about a program that is too large; a sentence each. `needs` are those of the plans that
/// the options of now allow.
fn advice(request: &Request, survey: &Survey, needs: impl Iterator<Item = Needs>) -> String {
    let mut advice = String::new();
    let max_bytes = request.demands.max_bytes;
    let free = Demands { optimize: Optimize::Size, max_bytes, ..Demands::default() };
    let plans = plan::candidates(survey, &free).unwrap_or_default();
    let smallest = plans.iter().map(|plan| survey.estimate(plan).0).min_by_key(|needs| needs.total());
    let decided = request.demands.encoding.is_some() || !request.demands.layers.is_empty();
    if let Some(needs) = smallest.filter(|needs| decided && free.excess(request.target, *needs) == 0) {
        let _ = writeln!(
            advice,
            "With --optimize size, and without --encoding and --layer, it would fit: an image of about {} bytes.",
            needs.image
        );
    }
    let needs: Vec<Needs> = needs.collect();
    let has_memory = needs.iter().any(|needs| request.target.excess(0, needs.buffers) == 0);
    if let Some(profile) = profile_with_chip(request).filter(|_| has_memory) {
        let _ = writeln!(advice, "A flash chip at its SPI has room for weights: --profile {profile}.");
    }
    let bdos = |needs: Needs| {
        let memory_end = usize::from(request.target.origin) + needs.total();
        cpm::lowest_bdos(needs.image, memory_end).filter(|_| max_bytes.is_none())
    };
    if request.target.machine == Machine::Cpm
        && let Some(bdos) = needs.into_iter().filter_map(bdos).min()
    {
        let _ = writeln!(
            advice,
            "With its BDOS at about {bdos:04X}h or above (--bdos) a CP/M system would run it."
        );
    }
    advice
}
