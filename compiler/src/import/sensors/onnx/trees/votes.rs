//! What leaves vote, rounded to integers of 16 bits.
//!
//! All weights are multiplied with the same number of steps. If some number makes integers of all of them, as of the votes of trees
//! that were grown to their ends, sums are exact, and of labels with as many votes the first is taken: ONNX Runtime takes what its floats
//! make of them, which depends on the order in which it adds. Otherwise it is the largest that 16 bits allow: then an output is
//! off by half a step for each tree and half of one for the base, at most, and a label is that of ONNX Runtime where the two largest
//! outputs are twice as far apart.

use super::super::file::Node;
use super::super::option;
use super::nodes::{Place, Tree};
use crate::import::sensors::error::NetworkProblem;
use crate::model::{MAX_VOTED, Vote};
use std::collections::{BTreeMap, HashMap};

/// What trees vote.
pub struct Scores {
    pub base: Vec<i16>,
    /// The votes of leaves: each list once.
    pub leaves: Vec<Vec<Vote>>,
    /// The list of each node of each tree.
    pub of: Vec<Vec<usize>>,
    /// Steps of 1.
    pub steps: f64,
    pub labels: Option<Vec<String>>,
    pub notes: Vec<String>,
}

/// Weights of leaves, before they are rounded: by output, of each node of each tree.
struct Weights {
    base: Vec<f64>,
    of: Vec<Vec<BTreeMap<usize, f64>>>,
}

/// Multiples of the smallest weight that are tried as steps.
const MULTIPLES: u32 = 64;
/// How far from an integer a multiple of a 32-bit float may be.
const NEAR: f64 = 1e-5;

/// The lists that say what leaves give; `kind` is `class` or `target`.
fn weights(node: &Node, kind: &str, trees: &[Tree], outputs: usize) -> Result<Weights, NetworkProblem> {
    let numbers = |name: &str| node.attribute(&format!("{kind}_{name}")).numbers;
    let (ids, in_trees, in_nodes) = (numbers("ids"), numbers("treeids"), numbers("nodeids"));
    let values = node.attribute(&format!("{kind}_weights")).floats;
    if [in_trees.len(), in_nodes.len(), values.len()].iter().any(|length| *length != ids.len()) {
        return Err(option(node, format!("lists of {} and of {} weights", ids.len(), values.len())));
    }
    let mut places = HashMap::new();
    for (tree, of) in trees.iter().enumerate() {
        places.extend(of.names.iter().enumerate().map(|(at, key)| (*key, (tree, at))));
    }
    let mut of: Vec<Vec<BTreeMap<usize, f64>>> =
        trees.iter().map(|tree| vec![BTreeMap::new(); tree.nodes.len()]).collect();
    for (i, &value) in values.iter().enumerate() {
        let output = usize::try_from(ids[i]).ok().filter(|output| *output < outputs);
        let output =
            output.ok_or_else(|| option(node, format!("a weight for output {}, of {outputs}", ids[i])))?;
        let place = places
            .get(&(in_trees[i], in_nodes[i]))
            .filter(|(tree, at)| trees[*tree].nodes[*at] == Place::Leaf);
        let Some(&(tree, at)) = place else {
            return Err(option(
                node,
                format!("a weight of node {} of tree {}, which is no leaf", in_nodes[i], in_trees[i]),
            ));
        };
        if !value.is_finite() {
            return Err(option(node, "weights that are no numbers"));
        }
        *of[tree][at].entry(output).or_default() += f64::from(value);
    }
    Ok(Weights { base: vec![0.0; outputs], of })
}

/// The values that sums begin with.
fn base(node: &Node) -> Result<Vec<f32>, NetworkProblem> {
    let base = node.attribute("base_values").floats;
    match base.iter().all(|b| b.is_finite()) {
        true => Ok(base),
        false => Err(option(node, "base values that are no numbers")),
    }
}

/// Scores of labels, such that the first largest is the label that ONNX Runtime gives.
///
/// # Errors
/// Labels and weights that do not fit together.
pub fn classes(node: &Node, trees: &[Tree]) -> Result<Scores, NetworkProblem> {
    let (texts, numbers) =
        (node.attribute("classlabels_strings").texts, node.attribute("classlabels_int64s").numbers);
    let labels: Vec<String> =
        if texts.is_empty() { numbers.iter().map(i64::to_string).collect() } else { texts };
    if !(2..=MAX_VOTED).contains(&labels.len()) {
        return Err(option(node, format!("{} labels; 2 to {MAX_VOTED} are possible", labels.len())));
    }
    let mut weights = weights(node, "class", trees, labels.len())?;
    let base = base(node)?;
    let is_positive = node.attribute("class_weights").floats.iter().all(|w| *w >= 0.0);
    match labels.len() {
        2 => two(node, &mut weights, &base, is_positive)?,
        count if base.len() == count => weights.base = base.iter().map(|&b| b.into()).collect(),
        // A label that nothing votes for is not the largest of what is below 0.
        count
            if base.is_empty() && (is_positive || (0..count).all(|label| always(&weights, trees, label))) => {
        }
        _ if base.is_empty() => return Err(option(node, "labels that not every row has a vote for")),
        count => return Err(option(node, format!("{} base values for {count} labels", base.len()))),
    }
    rounded(node, weights, trees, Some(labels))
}

/// Two labels: ONNX Runtime compares the score of the second one with 0, or with a half where it has only votes for one of them, none
/// of them below 0. The first output is what is compared with.
fn two(node: &Node, weights: &mut Weights, base: &[f32], is_positive: bool) -> Result<(), NetworkProblem> {
    let mut outputs: Vec<usize> =
        weights.of.iter().flatten().flat_map(|votes| votes.keys().copied()).collect();
    outputs.sort_unstable();
    outputs.dedup();
    let leaves = || weights.of.iter().flatten();
    if outputs.len() < 2 {
        let second = match base {
            [] => 0.0,
            [one] | [_, one] => *one,
            _ => return Err(option(node, format!("{} base values for 2 labels", base.len()))),
        };
        weights.base = vec![if is_positive { 0.5 } else { 0.0 }, second.into()];
        for votes in weights.of.iter_mut().flatten() {
            *votes = votes.values().map(|&weight| (1, weight)).collect();
        }
        return Ok(());
    }
    if !base.is_empty() || leaves().any(|votes| votes.len() == 1) {
        return Err(option(
            node,
            "votes for both of two labels with base values, or of leaves that vote for one",
        ));
    }
    for votes in weights.of.iter_mut().flatten() {
        votes.remove(&0);
    }
    Ok(())
}

/// Whether some tree votes for a label in each of its leaves.
fn always(weights: &Weights, trees: &[Tree], label: usize) -> bool {
    trees.iter().zip(&weights.of).any(|(tree, of)| {
        tree.nodes.iter().zip(of).all(|(place, votes)| *place != Place::Leaf || votes.contains_key(&label))
    })
}

/// The sum or the mean of what trees give: a number.
///
/// # Errors
/// Several targets; other functions of what trees give.
pub fn target(node: &Node, trees: &[Tree]) -> Result<Scores, NetworkProblem> {
    if node.number("n_targets", 1) != 1 {
        return Err(option(node, "several targets (a regressor for each works)"));
    }
    let text = |name: &str, default: &str| node.attribute(name).text.unwrap_or(default.into());
    let post = text("post_transform", "NONE");
    if post != "NONE" {
        return Err(option(node, format!("post_transform {post}")));
    }
    let share = match text("aggregate_function", "SUM").as_str() {
        "SUM" => 1.0,
        "AVERAGE" => 1.0 / trees.len() as f64,
        other => return Err(option(node, format!("aggregate_function {other}"))),
    };
    let mut weights = weights(node, "target", trees, 1)?;
    weights.of.iter_mut().flatten().flat_map(|votes| votes.values_mut()).for_each(|w| *w *= share);
    weights.base = match base(node)?.as_slice() {
        [] => vec![0.0],
        [one] => vec![f64::from(*one)],
        many => return Err(option(node, format!("{} base values for 1 target", many.len()))),
    };
    rounded(node, weights, trees, None)
}

/// Weights in steps.
fn rounded(
    node: &Node,
    weights: Weights,
    trees: &[Tree],
    labels: Option<Vec<String>>,
) -> Result<Scores, NetworkProblem> {
    let largest = |output: usize| {
        let of = |of: &Vec<BTreeMap<usize, f64>>| {
            of.iter().filter_map(|votes| votes.get(&output)).fold(0.0, |most: f64, w| most.max(w.abs()))
        };
        weights.of.iter().map(of).sum::<f64>() + weights.base[output].abs()
    };
    let reach = (0..weights.base.len()).map(largest).fold(0.0, f64::max);
    if reach < 1e-30 {
        return Err(option(node, "trees that vote for nothing"));
    }
    // Each tree rounds by half a step.
    let most = (32_767.0 - (trees.len() + 1) as f64 / 2.0) / reach;
    let votes = weights.of.iter().flatten().flat_map(|votes| votes.values());
    let all: Vec<f64> = votes.chain(&weights.base).copied().filter(|w| *w != 0.0).collect();
    let exact = grid(&all, most);
    let steps = exact.unwrap_or(most);
    let step = |w: f64| (w * steps).round() as i16;
    let mut notes = Vec::new();
    if exact.is_none() {
        let off = (trees.len() + 1) as f64 / 2.0 / steps;
        notes.push(match labels {
            Some(_) => format!(
                "votes are rounded: labels are equal where the two largest scores are {:.2e} apart",
                2.0 * off
            ),
            None => format!("numbers are rounded: they are off by {off:.2e} at most"),
        });
    }
    let (mut leaves, mut known) = (Vec::new(), HashMap::new());
    let mut list = |votes: &BTreeMap<usize, f64>| {
        let votes = votes.iter().map(|(&output, &w)| Vote { output, weight: step(w) });
        let votes: Vec<Vote> = votes.filter(|vote| vote.weight != 0).collect();
        let key: Vec<(usize, i16)> = votes.iter().map(|vote| (vote.output, vote.weight)).collect();
        *known.entry(key).or_insert_with(|| {
            leaves.push(votes);
            leaves.len() - 1
        })
    };
    let of = trees.iter().zip(&weights.of).map(|(tree, of)| {
        let places = tree.nodes.iter().zip(of);
        places.map(|(place, votes)| if *place == Place::Leaf { list(votes) } else { 0 }).collect()
    });
    let of = of.collect();
    let base = weights.base.iter().map(|&b| step(b)).collect();
    Ok(Scores { base, leaves, of, steps, labels, notes })
}

/// The fewest steps of 1 that make integers of all weights, if so few do.
fn grid(weights: &[f64], most: f64) -> Option<f64> {
    let least = weights.iter().map(|w| w.abs()).fold(f64::INFINITY, f64::min);
    let is_integer = |x: f64| (x - x.round()).abs() <= NEAR * x.abs().max(1.0);
    (1..=MULTIPLES)
        .map(|n| f64::from(n) / least)
        .take_while(|steps| *steps <= most)
        .find(|steps| weights.iter().all(|w| is_integer(w * steps)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_make_integers_of_weights_where_they_can() {
        let tenth = f64::from(0.1f32);
        assert_eq!(grid(&[tenth, 3.0 * tenth], 1000.0), Some(1.0 / tenth));
        let half = grid(&[tenth / 3.0, 0.5], 1000.0).expect("thirtieths");
        assert!((half - 30.0).abs() < 1e-3);
        assert_eq!(grid(&[0.5, 0.7, std::f64::consts::PI], 1e6), None);
        assert_eq!(grid(&[tenth], 9.0), None);
    }
}
