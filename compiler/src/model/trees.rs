//! Decision trees: nested comparisons of bytes, whose leaves vote.

use super::sensor::{MAX_DECIMALS, Real};
use crate::arithmetic::network::MOST_READING;

pub use crate::arithmetic::network::{MAX_RANKS, MAX_THRESHOLDS, ranked_bytes};

/// Most trees.
pub const MAX_TREES: usize = 4096;
/// Most splits of all trees together: with their leaves they are less than 65,536 nodes.
pub const MAX_SPLITS: usize = MAX_THRESHOLDS;
/// Most outputs: twice the number of one, with a mark, is a byte of the programs.
pub const MAX_VOTED: usize = 127;

/// Where a tree goes on: at a split or at a leaf, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    Split(usize),
    Leaf(usize),
}

/// A comparison: where byte `feature` is at most `most`, the tree goes on at `low`, otherwise at `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// An element of the tensor that is read.
    pub feature: usize,
    /// -128 to 126.
    pub most: i8,
    pub low: Branch,
    pub high: Branch,
}

/// What a leaf adds to an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    pub output: usize,
    pub weight: i16,
}

/// Trees. Each output is its entry of `base` and the votes of the leaf in which each tree ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trees {
    /// Where each tree begins.
    pub roots: Vec<Branch>,
    /// Of all trees. A branch leads to a split behind it and a split has one way to it, so that every tree ends.
    pub splits: Vec<Split>,
    /// Votes of each leaf, their outputs rising. Several branches may lead to one.
    pub leaves: Vec<Vec<Vote>>,
    pub base: Vec<i16>,
}

impl Trees {
    /// The leaf in which a tree ends.
    pub fn leaf(&self, root: Branch, x: impl Fn(usize) -> i32) -> &[Vote] {
        let mut at = root;
        loop {
            match at {
                Branch::Leaf(leaf) => return &self.leaves[leaf],
                Branch::Split(split) => {
                    let Split { feature, most, low, high } = self.splits[split];
                    at = if x(feature) <= i32::from(most) { low } else { high };
                }
            }
        }
    }

    /// The outputs for bytes: sums of 16 bits, which no trees of a model can leave.
    pub fn run(&self, x: impl Fn(usize) -> i32) -> Vec<i32> {
        let mut sums: Vec<i32> = self.base.iter().map(|&b| b.into()).collect();
        for &root in &self.roots {
            for vote in self.leaf(root, &x) {
                sums[vote.output] += i32::from(vote.weight);
            }
        }
        sums
    }

    /// The least and the largest that an output can be, if every tree ended in its worst leaf.
    pub fn bounds(&self, output: usize) -> (i64, i64) {
        let leaf = |leaf: usize| {
            let vote = self.leaves[leaf].iter().find(|vote| vote.output == output);
            let weight = vote.map_or(0, |vote| i64::from(vote.weight));
            (weight, weight)
        };
        // Branches lead to splits behind them: from the last one on, both are known.
        let mut of = vec![(0, 0); self.splits.len()];
        let side = |of: &[(i64, i64)], branch: Branch| match branch {
            Branch::Leaf(n) => leaf(n),
            Branch::Split(n) => of[n],
        };
        for (at, split) in self.splits.iter().enumerate().rev() {
            let (low, high) = (side(&of, split.low), side(&of, split.high));
            of[at] = (low.0.min(high.0), low.1.max(high.1));
        }
        let base = i64::from(self.base[output]);
        self.roots
            .iter()
            .map(|&root| side(&of, root))
            .fold((base, base), |sum, of| (sum.0 + of.0, sum.1 + of.1))
    }

    /// Why these are no trees over so many bytes, if so.
    pub fn problem(&self, values: usize) -> Option<String> {
        let outputs = self.base.len();
        if !(1..=MAX_VOTED).contains(&outputs) {
            return Some(format!("{outputs} outputs; 1 to {MAX_VOTED} are possible"));
        }
        let leaves = MAX_SPLITS + MAX_TREES;
        for (what, count, least, most) in [
            ("trees", self.roots.len(), 1, MAX_TREES),
            ("splits", self.splits.len(), 0, MAX_SPLITS),
            ("leaves", self.leaves.len(), 1, leaves),
        ] {
            if !(least..=most).contains(&count) {
                return Some(format!("{count} {what}; {least} to {most} are possible"));
            }
        }
        self.ways().or_else(|| self.wrong_split(values)).or_else(|| self.wrong_leaf())
    }

    /// A branch to what is not there, or to a split that has another way to it.
    fn ways(&self) -> Option<String> {
        let mut ways = vec![0usize; self.splits.len()];
        let roots = self.roots.iter().map(|&root| (None, root));
        let inner = self.splits.iter().enumerate();
        let branches = inner.flat_map(|(at, s)| [(Some(at), s.low), (Some(at), s.high)]);
        for (from, branch) in roots.chain(branches) {
            match branch {
                Branch::Leaf(leaf) if leaf >= self.leaves.len() => {
                    return Some(format!("a branch to leaf {leaf}, of {}", self.leaves.len()));
                }
                Branch::Leaf(_) => {}
                Branch::Split(split) => match ways.get_mut(split) {
                    Some(count) if from.is_none_or(|from| from < split) => *count += 1,
                    Some(_) => return Some(format!("a branch back to split {split}")),
                    None => return Some(format!("a branch to split {split}, of {}", self.splits.len())),
                },
            }
        }
        let at = ways.iter().position(|&count| count != 1)?;
        Some(format!("{} ways to split {at}, which has one", ways[at]))
    }

    fn wrong_split(&self, values: usize) -> Option<String> {
        let of = self.splits.iter().position(|s| s.feature >= values || s.most == i8::MAX)?;
        let Split { feature, most, .. } = self.splits[of];
        Some(format!("split {of} of value {feature} at {most}, for {values} values and -128 to 126"))
    }

    fn wrong_leaf(&self) -> Option<String> {
        let falls = |votes: &Vec<Vote>| votes.windows(2).any(|pair| pair[0].output >= pair[1].output);
        let beyond = |votes: &Vec<Vote>| votes.iter().any(|vote| vote.output >= self.base.len());
        if let Some(leaf) = self.leaves.iter().position(|votes| falls(votes) || beyond(votes)) {
            return Some(format!(
                "leaf {leaf} with votes for outputs that do not rise below {}",
                self.base.len()
            ));
        }
        let range = i64::from(i16::MIN)..=i64::from(i16::MAX);
        let bounds = |at: usize| (at, self.bounds(at));
        let mut all = (0..self.base.len()).map(bounds);
        let (at, (least, most)) = all.find(|(_, (a, b))| !range.contains(a) || !range.contains(b))?;
        Some(format!("sums of output {at} from {least} to {most}, which 16 bits do not hold"))
    }
}

/// The largest reading, in units of the last of `decimals` digits, that is at most `threshold` as a 32-bit float: a reading
/// `n` is the float nearest to the number `n / 10^decimals` of 64 bits. [`MOST_READING`] where all are, one less than the
/// least where none is.
pub fn threshold(threshold: f32, decimals: u8) -> i32 {
    let unit = 10f64.powi(decimals.into());
    // Both are exact, so the quotient is the number nearest to the decimal one, as every reader of text has it.
    let is_low = |n: i32| (f64::from(n) / unit) as f32 <= threshold;
    // Neither rounding ever falls when n rises.
    let (mut below, mut above) = (-MOST_READING - 1, MOST_READING + 1);
    while above - below > 1 {
        let middle = below + (above - below) / 2;
        if is_low(middle) {
            below = middle;
        } else {
            above = middle;
        }
    }
    below
}

/// The digits behind the point by which lines of numbers show thresholds: as many as leave room for the largest of them, and as
/// many as all of them have. A threshold has those of the shortest number that is this float or one near it, for it is half the
/// sum of two readings, in floats; one more than count where it has more.
pub fn rank_decimals(ranks: &[Vec<Real>]) -> (u8, u8) {
    let unit = |d: u8| 10f64.powi(-i32::from(d));
    let behind = |t: &Real| {
        let size = (t.0 as f32).abs();
        let near = 4.0 * f64::from(size.next_up() - size);
        let is_near = |d: &u8| ((t.0 / unit(*d)).round() * unit(*d) - t.0).abs() <= near;
        (0..=MAX_DECIMALS).find(is_near).unwrap_or(MAX_DECIMALS + 1)
    };
    let wants = ranks.iter().flatten().map(behind).max().unwrap_or(0);
    let largest = ranks.iter().flatten().map(|t| t.0.abs()).fold(0.0, f64::max);
    let fits = |d: &u8| largest < f64::from(MOST_READING) * unit(*d);
    let most = (0..=MAX_DECIMALS).rev().find(fits).unwrap_or(0);
    (most.min(wants), wants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_between_readings() {
        for (at, decimals, wants) in [
            (2.45f32, 2, 245),
            (2.45, 1, 24),
            (-2.45, 1, -25),
            (0.8, 1, 8),
            (0.8f32.next_up(), 6, 800_000),
            (0.0, 3, 0),
            (1e9, 0, MOST_READING),
            (-1e9, 0, -MOST_READING - 1),
            (f32::MAX, 6, MOST_READING),
        ] {
            assert_eq!(threshold(at, decimals), wants, "{at} with {decimals} decimals");
        }
        // The float nearest to 0.3 is above it, that to 0.7 below.
        for n in -2000..2000 {
            for decimals in [1, 2, 3] {
                let float = (f64::from(n) / 10f64.powi(decimals.into())) as f32;
                assert_eq!(threshold(float, decimals), n, "{n} with {decimals} decimals");
                assert_eq!(threshold(float.next_down(), decimals), n - 1, "{n} with {decimals} decimals");
            }
        }
    }

    #[test]
    fn digits_of_thresholds_are_those_of_readings() {
        let of = |list: &[f32]| rank_decimals(&[list.iter().map(|&t| Real(t.into())).collect(), vec![]]);
        assert_eq!(of(&[]), (0, 0));
        assert_eq!(of(&[3.0, -7.0]), (0, 0));
        // 4.85 as half of 4.8 and 4.9, in floats.
        assert_eq!(of(&[2.5, (4.8f32 + 4.9) / 2.0]), (2, 2));
        assert_eq!(of(&[0.123_456_7]), (6, 7));
        assert_eq!(of(&[0.25, 4254.5]), (2, 2));
        assert_eq!(of(&[0.00325, 4254.5]), (3, 5));
        assert_eq!(of(&[9e6]), (0, 0));
    }

    fn two() -> Trees {
        let vote = |output, weight| Vote { output, weight };
        Trees {
            roots: vec![Branch::Split(0), Branch::Leaf(2)],
            splits: vec![
                Split { feature: 1, most: 3, low: Branch::Leaf(0), high: Branch::Split(1) },
                Split { feature: 0, most: -128, low: Branch::Leaf(1), high: Branch::Leaf(0) },
            ],
            leaves: vec![vec![vote(0, 5)], vec![vote(0, -7), vote(1, 2)], vec![]],
            base: vec![10, -1],
        }
    }

    #[test]
    fn trees_vote() {
        let trees = two();
        assert_eq!(trees.problem(2), None);
        let run = |x: [i32; 2]| trees.run(|i| x[i]);
        assert_eq!(run([0, 3]), [15, -1]);
        assert_eq!(run([-128, 4]), [3, 1]);
        assert_eq!(run([-127, 4]), [15, -1]);
        assert_eq!([trees.bounds(0), trees.bounds(1)], [(3, 15), (-1, 1)]);
    }

    #[test]
    fn what_is_no_tree_is_told() {
        let broken = |change: fn(&mut Trees), what: &str| {
            let mut trees = two();
            change(&mut trees);
            assert_eq!(trees.problem(2).as_deref(), Some(what));
        };
        broken(|t| t.roots.clear(), "0 trees; 1 to 4096 are possible");
        broken(|t| t.base.clear(), "0 outputs; 1 to 127 are possible");
        broken(|t| t.roots = vec![Branch::Leaf(0); 4097], "4097 trees; 1 to 4096 are possible");
        let split = Split { feature: 0, most: 0, low: Branch::Leaf(0), high: Branch::Leaf(0) };
        let mut many = Trees { splits: vec![split; 30_001], ..two() };
        assert_eq!(many.problem(2).as_deref(), Some("30001 splits; 0 to 30000 are possible"));
        many = Trees { leaves: vec![], ..two() };
        assert_eq!(many.problem(2).as_deref(), Some("0 leaves; 1 to 34096 are possible"));
        broken(|t| t.splits[1].low = Branch::Split(1), "a branch back to split 1");
        broken(|t| t.splits[1].low = Branch::Split(2), "a branch to split 2, of 2");
        broken(|t| t.roots[1] = Branch::Leaf(3), "a branch to leaf 3, of 3");
        broken(|t| t.roots[1] = Branch::Split(1), "2 ways to split 1, which has one");
        broken(|t| t.roots[0] = Branch::Leaf(0), "0 ways to split 0, which has one");
        broken(|t| t.splits[0].feature = 2, "split 0 of value 2 at 3, for 2 values and -128 to 126");
        broken(|t| t.splits[1].most = 127, "split 1 of value 0 at 127, for 2 values and -128 to 126");
        broken(|t| t.leaves[1][1].output = 0, "leaf 1 with votes for outputs that do not rise below 2");
        broken(|t| t.leaves[1][1].output = 2, "leaf 1 with votes for outputs that do not rise below 2");
        broken(|t| t.base[0] = 32_763, "sums of output 0 from 32756 to 32768, which 16 bits do not hold");
    }
}
