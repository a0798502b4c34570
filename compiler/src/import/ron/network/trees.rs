//! Trees in `model.ron`: a branch is the number of a split, or -1 and less for leaf 0 and those behind it.

use crate::model;
use serde::{Deserialize, Serialize};

/// Feature, most, low, high.
type Split = (usize, i8, i32, i32);
/// Output and weight.
type Vote = (usize, i16);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trees {
    base: Vec<i16>,
    roots: Vec<i32>,
    splits: Vec<Split>,
    leaves: Vec<Vec<Vote>>,
}

/// Of trees that were checked: their numbers have 16 bits.
fn branch(from: model::Branch) -> i32 {
    match from {
        model::Branch::Split(n) => n as i32,
        model::Branch::Leaf(n) => -1 - n as i32,
    }
}

fn read_branch(from: i32) -> model::Branch {
    match usize::try_from(from) {
        Ok(n) => model::Branch::Split(n),
        Err(_) => model::Branch::Leaf(from.unsigned_abs() as usize - 1),
    }
}

impl From<&model::Trees> for Trees {
    fn from(from: &model::Trees) -> Self {
        let split = |s: &model::Split| (s.feature, s.most, branch(s.low), branch(s.high));
        let leaf = |votes: &Vec<model::Vote>| votes.iter().map(|v| (v.output, v.weight)).collect();
        Self {
            base: from.base.clone(),
            roots: from.roots.iter().copied().map(branch).collect(),
            splits: from.splits.iter().map(split).collect(),
            leaves: from.leaves.iter().map(leaf).collect(),
        }
    }
}

impl Trees {
    pub fn read(self) -> model::Trees {
        let split = |(feature, most, low, high): Split| model::Split {
            feature,
            most,
            low: read_branch(low),
            high: read_branch(high),
        };
        let vote = |(output, weight): Vote| model::Vote { output, weight };
        let leaf = |votes: Vec<Vote>| votes.into_iter().map(vote).collect();
        model::Trees {
            roots: self.roots.into_iter().map(read_branch).collect(),
            splits: self.splits.into_iter().map(split).collect(),
            leaves: self.leaves.into_iter().map(leaf).collect(),
            base: self.base,
        }
    }
}
