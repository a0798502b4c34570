//! Which tensors make up which layer.

use super::Problem;
use super::tensor::Part;
use std::collections::BTreeMap;

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

/// The names of a layer's tensors.
#[derive(Debug, PartialEq, Eq)]
pub struct Pair {
    pub weight: String,
    pub bias: String,
}

/// Buffer in which the published trainer's layers note the largest sum they saw. Of no use here.
const NOTE: &str = ".max_accum_seen";

/// The layers that the tensors of these names make up, in order; at least one.
///
/// # Errors
/// A name that is no layer's, or not of the style of the first one; half a layer; a gap; no layer.
pub fn pairs<'a>(names: impl Iterator<Item = &'a str>) -> Result<Vec<Pair>, Problem> {
    let mut layers: BTreeMap<usize, [Option<&str>; 2]> = BTreeMap::new();
    let mut all = None;
    for name in names {
        if name
            .strip_suffix(NOTE)
            .and_then(|n| n.strip_prefix("layers."))
            .is_some_and(|n| number(n).is_some())
        {
            continue;
        }
        let Some((_, number, part)) = parse(name).filter(|(style, ..)| *all.get_or_insert(*style) == *style)
        else {
            return Err(Problem::UnknownTensor(name.to_string()));
        };
        layers.entry(number).or_default()[part as usize] = Some(name);
    }
    let Some((style, &first)) = all.zip(layers.keys().next()) else {
        return Err(Problem::MissingTensor("layers.0.weight".to_string()));
    };
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
    Ok(pairs)
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
