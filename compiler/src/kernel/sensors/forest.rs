//! Trees as kernels see them: the nodes of each in the order in which they lie, the lower side of a split right behind it.

use super::net::Array;
use crate::model::{Branch, Trees, Vote};
use serde::Serialize;

/// A node of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// The byte so far behind the first of the array is at least `from`: on at node `high`. Otherwise at the next node.
    Split { offset: usize, from: u8, high: usize },
    /// The tree ends, with these votes, by number.
    Leaf(usize),
}

/// Trees over the bytes of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forest {
    /// The nodes of each tree.
    pub trees: Vec<Vec<Node>>,
    /// What a leaf adds to which outputs: each list once.
    pub votes: Vec<Vec<Vote>>,
    pub base: Vec<i16>,
}

impl Forest {
    /// Of trees that read an array.
    pub fn new(trees: &Trees, array: &Array) -> Self {
        let run = array.cols * array.channels;
        let offset = |feature: usize| feature / run * array.pitch() + feature % run;
        let nodes = |&root: &Branch| {
            let (mut nodes, mut open) = (Vec::new(), vec![(root, None)]);
            while let Some((branch, above)) = open.pop() {
                let at = nodes.len();
                if let Some(Node::Split { high, .. }) = above.and_then(|above: usize| nodes.get_mut(above)) {
                    *high = at;
                }
                match branch {
                    Branch::Leaf(leaf) => nodes.push(Node::Leaf(leaf)),
                    Branch::Split(n) => {
                        let split = trees.splits[n];
                        // A byte stands for a value that is less by 128.
                        let from = (i16::from(split.most) + 129) as u8;
                        nodes.push(Node::Split { offset: offset(split.feature), from, high: 0 });
                        open.push((split.high, Some(at)));
                        open.push((split.low, None));
                    }
                }
            }
            nodes
        };
        Self {
            trees: trees.roots.iter().map(nodes).collect(),
            votes: trees.leaves.clone(),
            base: trees.base.clone(),
        }
    }

    /// The votes that some tree ends in, with their numbers.
    pub fn used(&self) -> impl Iterator<Item = (usize, &[Vote])> {
        let mut used = vec![false; self.votes.len()];
        for node in self.trees.iter().flatten() {
            if let Node::Leaf(leaf) = node {
                used[*leaf] = true;
            }
        }
        self.votes
            .iter()
            .enumerate()
            .filter(move |(at, _)| used[*at])
            .map(|(at, votes)| (at, votes.as_slice()))
    }

    /// Splits of all trees.
    pub fn splits(&self) -> usize {
        self.trees.iter().map(|nodes| splits(nodes)).sum()
    }
}

/// Splits of a tree.
pub fn splits(nodes: &[Node]) -> usize {
    nodes.iter().filter(|node| matches!(node, Node::Split { .. })).count()
}

/// How often a run comes to each node of a tree, if each side of a split is as likely as the other.
pub fn odds(nodes: &[Node]) -> Vec<f64> {
    let mut odds = vec![0.0; nodes.len()];
    odds[0] = 1.0;
    for (at, node) in nodes.iter().enumerate() {
        if let Node::Split { high, .. } = node {
            let half = odds[at] / 2.0;
            odds[at + 1] += half;
            odds[*high] += half;
        }
    }
    odds
}

/// How many votes a tree ends with on the mean, by [`odds`].
pub fn mean_votes(forest: &Forest, nodes: &[Node]) -> f64 {
    let votes = |(node, odds): (&Node, f64)| match node {
        Node::Leaf(leaf) => odds * forest.votes[*leaf].len().max(1) as f64,
        Node::Split { .. } => 0.0,
    };
    nodes.iter().zip(odds(nodes)).map(votes).sum()
}

/// How large the parts of a node are as code of a processor, in words or bytes.
pub struct Sizes {
    /// Of a load of the byte so far behind the first.
    pub load: fn(usize) -> usize,
    pub compare: usize,
    pub leaf: usize,
    /// Of each way to jump, and how far it reaches, the shortest first; the last one reaches everything.
    pub jumps: &'static [(usize, usize)],
}

/// A node as code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coded {
    /// Its label, if something jumps to it: it ends with `_high` or `_low`.
    pub label: Option<String>,
    /// Where the byte lies behind the first; `None` where it is the one that the node above has loaded.
    pub load: Option<usize>,
    pub from: u8,
    /// Which way to jump.
    pub jump: usize,
    pub low: String,
    pub high: String,
    /// Of a leaf: its votes, by number.
    pub votes: Option<usize>,
}

/// A tree as code: jumps are as short as they can be.
pub fn code(name: &str, nodes: &[Node], sizes: &Sizes) -> Vec<Coded> {
    let high = |at: usize| format!("{name}_{at}_high");
    let mut loaded = vec![None; nodes.len()];
    let mut coded: Vec<Coded> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let none = Coded {
            label: None,
            load: None,
            from: 0,
            jump: 0,
            low: String::new(),
            high: String::new(),
            votes: None,
        };
        coded.push(match *node {
            Node::Leaf(votes) => Coded { votes: Some(votes), ..none },
            Node::Split { offset, from, high: to } => {
                // A node has one way to it, on which nothing else is loaded.
                (loaded[at + 1], loaded[to]) = (Some(offset), Some(offset));
                let load = (loaded[at] != Some(offset)).then_some(offset);
                Coded { load, from, high: high(to), low: format!("{name}_{at}_low"), ..none }
            }
        });
    }
    reach(nodes, &mut coded, sizes);
    for (at, node) in nodes.iter().enumerate() {
        if let Node::Split { high: to, .. } = node {
            coded[*to].label = Some(high(*to));
            if coded[at].jump > 0 {
                coded[at + 1].label = Some(coded[at].low.clone());
            }
        }
    }
    coded
}

/// The size of a node as code.
fn size(node: &Coded, sizes: &Sizes) -> usize {
    match node.votes {
        Some(_) => sizes.leaf,
        None => node.load.map_or(0, sizes.load) + sizes.compare + sizes.jumps[node.jump].0,
    }
}

/// Whether trees take fewer bytes as tables with so many bytes that go through them than as code, whose sizes are in units of `unit`
/// bytes.
pub fn tables_are_smaller(forest: &Forest, sizes: &Sizes, unit: usize, walk: usize) -> bool {
    let coded =
        |nodes: &Vec<Node>| code("", nodes, sizes).iter().map(|node| size(node, sizes)).sum::<usize>();
    let as_code = unit * forest.trees.iter().map(coded).sum::<usize>();
    let split = 4 + usize::from(is_wide(forest));
    let ends = forest.splits() + forest.trees.len();
    split * forest.splits() + 3 * ends + walk < as_code
}

/// Takes longer jumps until each reaches: a longer one never makes another shorter, so this ends.
fn reach(nodes: &[Node], coded: &mut [Coded], sizes: &Sizes) {
    loop {
        let mut ends = Vec::with_capacity(nodes.len());
        let mut end = 0;
        for node in coded.iter() {
            end += size(node, sizes);
            ends.push(end);
        }
        let mut is_done = true;
        for (at, node) in nodes.iter().enumerate() {
            let Node::Split { high, .. } = node else { continue };
            while ends[high - 1] - ends[at] > sizes.jumps[coded[at].jump].1 {
                coded[at].jump += 1;
                is_done = false;
            }
        }
        if is_done {
            return;
        }
    }
}

/// A node in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// What a byte is compared with, where it lies behind the first, one byte or two, and how many bytes are skipped where it is
    /// not less, two bytes; the low bytes first.
    Split(Vec<u8>),
    /// The number of a list of votes: a byte of 0, and where the list is, two bytes.
    Leaf(usize),
}

/// Whether bytes lie so far behind the first that a table needs two bytes for it.
pub fn is_wide(forest: &Forest) -> bool {
    let far = |node: &Node| matches!(node, Node::Split { offset, .. } if *offset > 255);
    forest.trees.iter().flatten().any(far)
}

/// A tree as a table.
///
/// # Errors
/// It is so large that two bytes do not skip a side.
pub fn table(nodes: &[Node], wide: bool) -> Result<Vec<Record>, String> {
    let mut starts = vec![0];
    for node in nodes {
        let size = if matches!(node, Node::Split { .. }) { 4 + usize::from(wide) } else { 3 };
        starts.push(starts[starts.len() - 1] + size);
    }
    let record = |(at, node): (usize, &Node)| match *node {
        Node::Leaf(votes) => Some(Record::Leaf(votes)),
        Node::Split { offset, from, high } => {
            let skip = u16::try_from(starts[high] - starts[at + 1]).ok()?;
            let offset = offset.to_le_bytes().into_iter().take(1 + usize::from(wide));
            Some(Record::Split([from].into_iter().chain(offset).chain(skip.to_le_bytes()).collect()))
        }
    };
    let records: Option<_> = nodes.iter().enumerate().map(record).collect();
    records.ok_or_else(|| format!("a tree of {} splits", splits(nodes)))
}

/// How many splits a tree is compared at on the mean, by [`odds`].
pub fn mean_splits(nodes: &[Node]) -> f64 {
    let split = |(node, odds): (&Node, f64)| if matches!(node, Node::Split { .. }) { odds } else { 0.0 };
    nodes.iter().zip(odds(nodes)).map(split).sum()
}

/// A list of votes as bytes: for each twice the output, and 1 more for the last one, then the weight, its low byte first.
/// A list without votes is one of nothing for output 0.
pub fn packed(votes: &[Vote]) -> Vec<u8> {
    let nothing = [Vote { output: 0, weight: 0 }];
    let votes = if votes.is_empty() { &nothing } else { votes };
    let last = votes.len() - 1;
    let one = |(at, vote): (usize, &Vote)| {
        let [low, high] = vote.weight.to_le_bytes();
        [2 * vote.output as u8 + u8::from(at == last), low, high]
    };
    votes.iter().enumerate().flat_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::net::Border;
    use super::*;
    use crate::model::Split;

    #[test]
    fn trees_lie_with_their_lower_sides_behind_splits() {
        let split = |feature, most, low, high| Split { feature, most, low, high };
        let trees = Trees {
            roots: vec![Branch::Leaf(1), Branch::Split(0)],
            splits: vec![
                split(0, -128, Branch::Split(1), Branch::Split(2)),
                split(3, 126, Branch::Leaf(0), Branch::Leaf(1)),
                split(2, 0, Branch::Leaf(1), Branch::Leaf(0)),
            ],
            leaves: vec![vec![], vec![Vote { output: 1, weight: -2 }], vec![]],
            base: vec![0, 0],
        };
        let border = Border { top: 1, left: 2, bottom: 0, right: 1, byte: 0 };
        let array = Array { rows: 2, cols: 2, channels: 1, border };
        let forest = Forest::new(&trees, &array);
        let split = |offset, from, high| Node::Split { offset, from, high };
        let nodes = vec![
            split(0, 1, 4),
            split(6, 255, 3),
            Node::Leaf(0),
            Node::Leaf(1),
            split(5, 129, 6),
            Node::Leaf(1),
            Node::Leaf(0),
        ];
        assert_eq!(forest.trees, [vec![Node::Leaf(1)], nodes.clone()]);
        assert_eq!(forest.splits(), 3);
        assert_eq!(forest.used().map(|(at, _)| at).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(mean_votes(&forest, &nodes), 1.0);
        assert_eq!(odds(&nodes), [1.0, 0.5, 0.25, 0.25, 0.5, 0.25, 0.25]);
        assert_eq!((mean_splits(&nodes), is_wide(&forest)), (2.0, false));
        let split = |bytes: &[u8]| Record::Split(bytes.to_vec());
        let leaf = Record::Leaf;
        let records =
            [split(&[1, 0, 10, 0]), split(&[255, 6, 3, 0]), leaf(0), leaf(1), split(&[129, 5, 3, 0])];
        assert_eq!(table(&nodes, false).expect("it is small")[..5], records);
        assert_eq!(table(&nodes, true).expect("it is small")[0], split(&[1, 0, 0, 11, 0]));
        let chain = |n: usize| {
            let split = |at| Node::Split { offset: 0, from: 1, high: 2 * n - at };
            (0..n).map(split).chain((0..=n).map(|_| Node::Leaf(0))).collect::<Vec<_>>()
        };
        // All splits but the first, and all leaves but the last.
        assert_eq!(table(&chain(9362), false).expect("65,530 bytes").len(), 2 * 9362 + 1);
        assert_eq!(table(&chain(9363), false), Err("a tree of 9363 splits".into()));
        assert_eq!(packed(&forest.votes[0]), [1, 0, 0]);
        assert_eq!(
            packed(&[Vote { output: 0, weight: 256 }, Vote { output: 126, weight: -1 }]),
            [0, 0, 1, 253, 255, 255]
        );
    }

    #[test]
    fn jumps_are_as_long_as_they_must_be() {
        let sizes = Sizes { load: |_| 2, compare: 1, leaf: 3, jumps: &[(1, 9), (2, usize::MAX)] };
        let chain = |splits: usize, offset: fn(usize) -> usize| {
            let mut nodes: Vec<Node> = Vec::new();
            for at in 0..splits {
                nodes.push(Node::Split { offset: offset(at), from: 1, high: 2 * splits - at });
            }
            nodes.extend((0..=splits).map(|_| Node::Leaf(0)));
            nodes
        };
        // Split 2 leads over 3 words of a leaf, split 1 over a split more, which loads nothing where the byte is the same one.
        let jumps = |nodes: &[Node]| code("t", nodes, &sizes).iter().map(|n| n.jump).collect::<Vec<_>>();
        assert_eq!(jumps(&chain(3, |at| at)), [1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(jumps(&chain(3, |_| 7)), [1, 0, 0, 0, 0, 0, 0]);
        let coded = code("t", &chain(3, |_| 7), &sizes);
        let labels: Vec<_> = coded.iter().map(|node| node.label.as_deref()).collect();
        let (low, high) = (Some("t_0_low"), |at: &'static str| Some(at));
        assert_eq!(labels, [None, low, None, None, high("t_4_high"), high("t_5_high"), high("t_6_high")]);
        let loads: Vec<_> = coded.iter().map(|node| node.load).collect();
        assert_eq!(loads[..3], [Some(7), None, None]);
        // 2 words loaded, 3 compared, 4 jumped, 4 leaves of 3: 42 bytes. A table: 3 splits of 4, 4 leaves of 3.
        let forest = Forest { trees: vec![chain(3, |_| 7)], votes: vec![vec![]], base: vec![0] };
        assert!(tables_are_smaller(&forest, &sizes, 2, 17) && !tables_are_smaller(&forest, &sizes, 2, 18));
    }
}
