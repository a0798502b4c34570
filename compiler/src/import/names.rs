//! Decides by their names which tensors make up which layer.

use super::Problem;
use super::tensor::Part;
use crate::model::check_layer_count;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The ways to name a layer's tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `layers.0.weight`. Activations take numbers in an `nn.Sequential`, so that there may be gaps.
    Layers,
    /// `fc1.weight`
    Dot,
    /// `fc1_weight`
    Underscore,
}

/// The names of a layer's tensors, as the file has them.
#[derive(Debug, PartialEq, Eq)]
pub struct Pair {
    pub weight: String,
    pub bias: String,
}

/// Buffer in which the published trainer's layers note the largest sum they saw. mlc does not need it.
const NOTE: &str = ".max_accum_seen";

/// What wraps a module, and puts its own name before or into those of the module's tensors: `torch.compile`,
/// `DataParallel` and its kin, FSDP, activation checkpoints.
const WRAPPERS: [&str; 4] = ["_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];
/// What a module calls the network that it holds.
const HOLDERS: [&str; 3] = ["model", "net", "network"];

/// The name of a tensor without wrappers and holders.
#[derive(Debug, PartialEq, Eq)]
pub struct Bare {
    /// What was left out in front, with its dots: `module._orig_mod.`.
    pub front: String,
    /// Wrappers left out further behind: `_orig_mod.`.
    pub inner: String,
    pub name: String,
}

impl Bare {
    pub fn of(name: &str) -> Self {
        let (mut front, mut inner) = (String::new(), String::new());
        let mut rest = name;
        while let Some((part, behind)) = rest.split_once('.')
            && (WRAPPERS.contains(&part) || HOLDERS.contains(&part))
        {
            front.push_str(part);
            front.push('.');
            rest = behind;
        }
        let mut kept = Vec::new();
        for part in rest.split('.') {
            if WRAPPERS.contains(&part) {
                inner.push_str(part);
                inner.push('.');
            } else {
                kept.push(part);
            }
        }
        Self { front, inner, name: kept.join(".") }
    }
}

/// What was left out of all names, as a note for the user.
#[derive(Debug, Default)]
pub struct LeftOut {
    /// The first name and its front, which all others must share.
    first: Option<(String, String)>,
    inner: String,
}

impl LeftOut {
    /// Takes the name of one tensor more.
    ///
    /// # Errors
    /// Its front is not that of the others: these are parts of two networks.
    pub fn add(&mut self, name: &str, bare: &Bare) -> Result<(), Problem> {
        let (first, front) = self.first.get_or_insert_with(|| (name.to_string(), bare.front.clone()));
        if *front != bare.front {
            return Err(Problem::Fronts { first: first.clone(), other: name.to_string() });
        }
        if self.inner.is_empty() {
            self.inner.clone_from(&bare.inner);
        }
        Ok(())
    }

    /// `None` if nothing was left out.
    pub fn note(&self) -> Option<String> {
        let front = self.first.as_ref().map_or("", |(_, front)| front);
        let mut note = String::new();
        if !front.is_empty() {
            note = format!("left out of the names of all tensors: {front}");
        }
        if !self.inner.is_empty() {
            let and = if note.is_empty() { "left out of the names of tensors" } else { "; inside them" };
            write!(note, "{and}: {}", self.inner).expect("a String takes every write");
        }
        (!note.is_empty()).then_some(note)
    }
}

/// The layers that the tensors of these names make up, in order, at least one; and a note of what was left out of
/// the names.
///
/// # Errors
/// A name that is no layer's, or not of the style of the first one; half a layer; a gap; no layer, or too many.
pub fn pairs<'a>(names: impl Iterator<Item = &'a str>) -> Result<(Vec<Pair>, Option<String>), Problem> {
    let mut layers: BTreeMap<usize, [Option<&str>; 2]> = BTreeMap::new();
    let mut all = None;
    let mut left_out = LeftOut::default();
    for name in names {
        let bare = Bare::of(name);
        let unknown = || Problem::UnknownTensor(name.to_string());
        if is_note(&bare.name) {
            continue;
        }
        let (style, number, part) = parse(&bare.name).ok_or_else(unknown)?;
        left_out.add(name, &bare)?;
        if *all.get_or_insert(style) != style {
            return Err(unknown());
        }
        if let Some(first) = layers.entry(number).or_default()[part as usize].replace(name) {
            return Err(Problem::SameTensor { first: first.to_string(), other: name.to_string() });
        }
    }
    let Some((style, &first)) = all.zip(layers.keys().next()) else {
        return Err(Problem::MissingTensor("layers.0.weight".to_string()));
    };
    check_layer_count(layers.len())?;
    let mut pairs = Vec::new();
    // fc1 or, for who counts from 0, fc0.
    for (missing, (found, parts)) in (first.min(1)..).zip(layers) {
        if style != Style::Layers && found != missing {
            return Err(Problem::Gap { missing, found });
        }
        let [Some(weight), Some(bias)] = parts else {
            let part = if parts[0].is_none() { Part::Weight } else { Part::Bias };
            return Err(Problem::MissingTensor(written(style, found, part)));
        };
        pairs.push(Pair { weight: weight.to_string(), bias: bias.to_string() });
    }
    Ok((pairs, left_out.note()))
}

fn is_note(name: &str) -> bool {
    let layer = name.strip_suffix(NOTE).and_then(|n| n.strip_prefix("layers."));
    layer.is_some_and(|n| number(n).is_some())
}

fn written(style: Style, number: usize, part: Part) -> String {
    let part = if part == Part::Weight { "weight" } else { "bias" };
    match style {
        Style::Layers => format!("layers.{number}.{part}"),
        Style::Dot => format!("fc{number}.{part}"),
        Style::Underscore => format!("fc{number}_{part}"),
    }
}

fn parse(name: &str) -> Option<(Style, usize, Part)> {
    let (style, rest, separator) = match name.strip_prefix("layers.") {
        Some(rest) => (Style::Layers, rest, '.'),
        None => {
            let rest = name.strip_prefix("fc")?;
            if rest.contains('.') { (Style::Dot, rest, '.') } else { (Style::Underscore, rest, '_') }
        }
    };
    let (digits, part) = rest.split_once(separator)?;
    let part = match part {
        "weight" => Part::Weight,
        "bias" => Part::Bias,
        _ => return None,
    };
    Some((style, number(digits)?, part))
}

/// A number without leading zeros, which would make two names of one layer.
fn number(digits: &str) -> Option<usize> {
    let n: usize = digits.parse().ok()?;
    (n.to_string() == digits).then_some(n)
}
