//! The nodes of trees: thresholds of scaled values become thresholds of values, and these become ranks.

use super::super::file::Node;
use super::super::option;
use super::votes::Scores;
use crate::arithmetic::network::rank_bytes;
use crate::import::sensors::error::NetworkProblem;
use crate::model::{Branch, MAX_RANKS, MAX_SPLITS, MAX_TREES, Real, Split, Trees};
use std::collections::{BTreeMap, HashMap};

/// What scales values in front of trees: `(x - offset) · scale`, both results 32-bit floats.
pub struct Scaler {
    offset: Vec<f32>,
    scale: Vec<f32>,
}

impl Scaler {
    /// # Errors
    /// Other numbers of values; a scale below 0.
    pub fn read(node: &Node, count: usize) -> Result<Self, NetworkProblem> {
        let all = |name: &str| match node.attribute(name).floats {
            one if one.len() == 1 => vec![one[0]; count],
            many => many,
        };
        let (offset, scale) = (all("offset"), all("scale"));
        if offset.len() != count || scale.len() != count {
            return Err(option(node, format!("{} scales for {count} values", scale.len())));
        }
        if scale.iter().any(|s| !s.is_finite() || *s < 0.0) || offset.iter().any(|o| !o.is_finite()) {
            return Err(option(node, "scales below 0 in front of trees"));
        }
        Ok(Self { offset, scale })
    }
}

/// A node of a tree of the file: a place in the list of all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A value is compared, and where it is at most the threshold, it goes on at `low`. `None`: no value is, or all are.
    Compare {
        feature: usize,
        threshold: Real,
        low: usize,
        high: usize,
    },
    Leaf,
}

/// A tree: its nodes, the root first; each has one way to it, from a node before.
pub struct Tree {
    pub nodes: Vec<Place>,
    /// The number of each node in the file, for its votes.
    pub names: Vec<(i64, i64)>,
}

/// The lists that describe all nodes.
struct Lists {
    trees: Vec<i64>,
    ids: Vec<i64>,
    features: Vec<i64>,
    values: Vec<f32>,
    modes: Vec<String>,
    yes: Vec<i64>,
    no: Vec<i64>,
}

impl Lists {
    fn read(node: &Node) -> Result<Self, NetworkProblem> {
        let numbers = |name: &str| node.attribute(name).numbers;
        let lists = Self {
            trees: numbers("nodes_treeids"),
            ids: numbers("nodes_nodeids"),
            features: numbers("nodes_featureids"),
            values: node.attribute("nodes_values").floats,
            modes: node.attribute("nodes_modes").texts,
            yes: numbers("nodes_truenodeids"),
            no: numbers("nodes_falsenodeids"),
        };
        let count = lists.trees.len();
        let lengths = [
            lists.ids.len(),
            lists.features.len(),
            lists.values.len(),
            lists.modes.len(),
            lists.yes.len(),
            lists.no.len(),
        ];
        match lengths.iter().find(|length| **length != count) {
            Some(length) => Err(option(node, format!("lists of {count} and of {length} nodes"))),
            None if count == 0 => Err(option(node, "an ensemble without trees")),
            None => Ok(lists),
        }
    }
}

/// The trees of an ensemble, in the order of the file.
///
/// # Errors
/// Comparisons of other kinds; nodes that make no tree.
pub fn read(node: &Node, count: usize, scaler: Option<&Scaler>) -> Result<Vec<Tree>, NetworkProblem> {
    let lists = Lists::read(node)?;
    let mut places: HashMap<(i64, i64), usize> = HashMap::new();
    for (at, key) in lists.trees.iter().copied().zip(lists.ids.iter().copied()).enumerate() {
        if places.insert(key, at).is_some() {
            return Err(option(node, format!("node {} of tree {} twice", key.1, key.0)));
        }
    }
    let is_leaf = |at: usize| lists.modes[at] == "LEAF";
    let mut is_child = vec![false; lists.trees.len()];
    for at in (0..lists.trees.len()).filter(|&at| !is_leaf(at)) {
        for to in [lists.yes[at], lists.no[at]] {
            let Some(&to) = places.get(&(lists.trees[at], to)) else {
                let (tree, from) = (lists.trees[at], lists.ids[at]);
                return Err(option(node, format!("a way from node {from} of tree {tree} to none")));
            };
            if std::mem::replace(&mut is_child[to], true) {
                return Err(option(node, "nodes with two ways to them"));
            }
        }
    }
    let mut trees = Vec::new();
    for root in (0..lists.trees.len()).filter(|&at| !is_child[at]) {
        trees.push(tree(node, &lists, &places, root, (count, scaler))?);
    }
    // Nodes in a circle are behind no root.
    if trees.iter().map(|tree| tree.nodes.len()).sum::<usize>() != lists.trees.len() {
        return Err(option(node, "nodes that lead to themselves"));
    }
    let names: std::collections::HashSet<i64> = trees.iter().map(|tree| tree.names[0].0).collect();
    if names.len() != trees.len() {
        return Err(option(node, "a tree that begins twice"));
    }
    if trees.len() > MAX_TREES {
        return Err(option(node, format!("{} trees; {MAX_TREES} are possible", trees.len())));
    }
    Ok(trees)
}

fn tree(
    node: &Node,
    lists: &Lists,
    places: &HashMap<(i64, i64), usize>,
    root: usize,
    (count, scaler): (usize, Option<&Scaler>),
) -> Result<Tree, NetworkProblem> {
    let (mut nodes, mut names) = (Vec::new(), Vec::new());
    let mut open: Vec<(usize, Option<(usize, bool)>)> = vec![(root, None)];
    while let Some((at, above)) = open.pop() {
        let here = nodes.len();
        if let Some((above, is_low)) = above
            && let Place::Compare { low, high, .. } = &mut nodes[above]
        {
            *(if is_low { low } else { high }) = here;
        }
        names.push((lists.trees[at], lists.ids[at]));
        if lists.modes[at] == "LEAF" {
            nodes.push(Place::Leaf);
            continue;
        }
        let feature = usize::try_from(lists.features[at]).ok().filter(|f| *f < count);
        let feature =
            feature.ok_or_else(|| option(node, format!("value {}, of {count}", lists.features[at])))?;
        // Whether the true way is that of small values, and whether the threshold is one of them.
        let (small, with) = match lists.modes[at].as_str() {
            "BRANCH_LEQ" => (true, true),
            "BRANCH_LT" => (true, false),
            "BRANCH_GT" => (false, true),
            "BRANCH_GTE" => (false, false),
            other => return Err(option(node, format!("a comparison by {other}"))),
        };
        let threshold =
            largest(lists.values[at], with, scaler.map(|s| (s.offset[feature], s.scale[feature])));
        nodes.push(Place::Compare { feature, threshold: Real(threshold.into()), low: 0, high: 0 });
        let child = |id: i64| places[&(lists.trees[at], id)];
        let (yes, no) = (child(lists.yes[at]), child(lists.no[at]));
        open.push((no, Some((here, !small))));
        open.push((yes, Some((here, small))));
    }
    Ok(Tree { nodes, names })
}

/// The largest 32-bit float that, scaled, is below a threshold, or `with` it at most; infinities for all floats and for none.
/// Subtracting and multiplying with what is not negative never falls, rounded or not.
fn largest(threshold: f32, with: bool, scaler: Option<(f32, f32)>) -> f32 {
    let is_low = |x: f32| {
        let x = scaler.map_or(x, |(offset, scale)| (x - offset) * scale);
        if with { x <= threshold } else { x < threshold }
    };
    // Floats in their order: bit patterns as integers, those of negative ones turned round.
    let float = |n: i64| if n >= 0 { f32::from_bits(n as u32) } else { -f32::from_bits((-1 - n) as u32) };
    let most = i64::from(f32::MAX.to_bits());
    let (mut below, mut above) = (-2 - most, most + 1);
    while above - below > 1 {
        let middle = below + (above - below).div_euclid(2);
        if is_low(float(middle)) {
            below = middle;
        } else {
            above = middle;
        }
    }
    match below {
        b if b == most => f32::INFINITY,
        b if b < -1 - most => f32::NEG_INFINITY,
        // -0 is 0.
        b => float(b) + 0.0,
    }
}

/// The trees of the model, over the bytes of values, and the thresholds of each value.
///
/// # Errors
/// More splits than there may be.
pub fn ranked(
    node: &Node,
    trees: Vec<Tree>,
    scores: &Scores,
    count: usize,
) -> Result<(Trees, Vec<Vec<Real>>), NetworkProblem> {
    let mut found: Vec<BTreeMap<i64, Real>> = vec![BTreeMap::new(); count];
    // The order of finite floats, as integers.
    let order = |t: Real| {
        let bits = i64::from((t.0 as f32).to_bits());
        if bits >= 1 << 31 { (1 << 31) - bits } else { bits }
    };
    for place in trees.iter().flat_map(|tree| &tree.nodes) {
        if let Place::Compare { feature, threshold, .. } = place
            && threshold.0.is_finite()
        {
            found[*feature].insert(order(*threshold), *threshold);
        }
    }
    let ranks: Vec<Vec<Real>> = found.iter().map(|list| list.values().copied().collect()).collect();
    // The byte that counts each threshold, and the largest rank there of what is at most the threshold.
    let mut first = 0;
    let mut places: Vec<HashMap<i64, (usize, i8)>> = Vec::with_capacity(count);
    for list in &found {
        let place = |at: usize| (first + at / MAX_RANKS, ((at % MAX_RANKS) as i32 - 128) as i8);
        places.push(list.keys().enumerate().map(|(at, key)| (*key, place(at))).collect());
        first += rank_bytes(list.len());
    }
    let mut made = Trees { leaves: scores.leaves.clone(), base: scores.base.clone(), ..Trees::default() };
    for (tree, leaves) in trees.iter().zip(&scores.of) {
        // Comparisons that always go the same way are none.
        let skip = |mut at: usize| loop {
            match tree.nodes[at] {
                Place::Compare { threshold, low, .. } if threshold.0 == f64::INFINITY => at = low,
                Place::Compare { threshold, high, .. } if threshold.0 == f64::NEG_INFINITY => at = high,
                _ => return at,
            }
        };
        let root = skip(0);
        let mut open = vec![(root, None)];
        while let Some((at, above)) = open.pop() {
            let branch = match tree.nodes[at] {
                Place::Leaf => Branch::Leaf(leaves[at]),
                Place::Compare { feature, threshold, low, high } => {
                    let here = made.splits.len();
                    let (feature, most) = places[feature][&order(threshold)];
                    made.splits.push(Split { feature, most, low: Branch::Leaf(0), high: Branch::Leaf(0) });
                    open.push((skip(high), Some((here, false))));
                    open.push((skip(low), Some((here, true))));
                    Branch::Split(here)
                }
            };
            match above {
                None => made.roots.push(branch),
                Some((above, true)) => made.splits[above].low = branch,
                Some((above, false)) => made.splits[above].high = branch,
            }
        }
    }
    if made.splits.len() > MAX_SPLITS {
        return Err(option(node, format!("{} splits; {MAX_SPLITS} are possible", made.splits.len())));
    }
    Ok((made, ranks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_of_scaled_values_are_thresholds_of_values() {
        assert_eq!(largest(2.5, true, None), 2.5);
        assert_eq!(largest(2.5, false, None), 2.5f32.next_down());
        assert_eq!(largest(-0.0, true, None).to_bits(), 0);
        assert_eq!(largest(0.0, false, None), 0.0f32.next_down());
        assert_eq!(largest(f32::INFINITY, true, None), f32::INFINITY);
        assert_eq!(largest(f32::MAX, true, None), f32::INFINITY);
        assert_eq!(largest(f32::MIN, false, None), f32::NEG_INFINITY);
        assert_eq!(largest(f32::NAN, true, None), f32::NEG_INFINITY);
        assert_eq!(largest(1.0, true, Some((3.0, 0.0))), f32::INFINITY);
        assert_eq!(largest(-1.0, true, Some((3.0, 0.0))), f32::NEG_INFINITY);
        for (offset, scale) in [(5.84f32, 1.21f32), (-1e-3, 733.3), (3.0, 0.001)] {
            for t in [-1.3f32, 0.0, 0.7, 2.25e-3, 1e4] {
                for with in [false, true] {
                    let found = largest(t, with, Some((offset, scale)));
                    let low =
                        |x: f32| if with { (x - offset) * scale <= t } else { (x - offset) * scale < t };
                    assert!(low(found) && !low(found.next_up()), "{offset} {scale} {t} {with}: {found}");
                }
            }
        }
    }
}
