//! Random trees, and thresholds of readings.

use super::super::random::Random;
use super::byte;
use mlc_compiler::model::{Branch, Real, Split, Trees, Vote};

/// Thresholds of a value: none, a few, or as many as there may be; near each other, or as far as readings go.
pub fn ranks(r: &mut Random) -> Vec<Real> {
    let count = [0, 1, r.within(2, 9), 255][r.within(0, 3)];
    let mut list: Vec<f32> = (0..count)
        .map(|_| match r.within(0, 9) {
            0 => [-9e6, 9e6, 0.0, -8_388_608.0, 8_388_607.0, 0.5][r.within(0, 5)],
            1 => (r.within(0, 400_000) as f32 - 200_000.0) / 8.0,
            _ => (r.within(0, 4000) as f32 - 2000.0) / 16.0,
        })
        .collect();
    list.sort_by(f32::total_cmp);
    list.dedup();
    list.into_iter().map(|t| Real(t.into())).collect()
}

/// Trees of random splits, with values at both ends, votes of few and of all outputs, and sums that reach both ends of 16 bits.
pub fn trees(r: &mut Random, values: usize, outputs: usize) -> Trees {
    let leaves: Vec<Vec<Vote>> = (0..r.within(1, 12))
        .map(|_| {
            let weight = |r: &mut Random| r.within(0, 4000) as i16 - 2000;
            let chosen = |r: &mut Random| r.chance(if outputs > 9 { 10 } else { 60 });
            let votes = (0..outputs).filter(|_| chosen(r)).collect::<Vec<_>>();
            votes.into_iter().map(|output| Vote { output, weight: weight(r) }).collect()
        })
        .collect();
    let mut trees = Trees { leaves, base: vec![0; outputs], ..Trees::default() };
    for _ in 0..r.within(1, 6) {
        let splits = [0, r.within(1, 9), r.within(10, 40), 150][r.within(0, 3)];
        let is_chain = r.chance(25);
        let first = trees.splits.len();
        // Branches that lead nowhere yet: the split, and whether it is the low one.
        let mut open = vec![None];
        let mut root = Branch::Leaf(0);
        let mut set = |splits: &mut Vec<Split>, place: Option<(usize, bool)>, branch| match place {
            None => root = branch,
            Some((at, true)) => splits[at].low = branch,
            Some((at, false)) => splits[at].high = branch,
        };
        for at in first..first + splits {
            let place = open.swap_remove(if is_chain { open.len() - 1 } else { r.within(0, open.len() - 1) });
            set(&mut trees.splits, place, Branch::Split(at));
            let feature = [0, values - 1, r.within(0, values - 1)][r.within(0, 2)];
            let most = byte(r).min(126);
            let (low, high) = (Branch::Leaf(0), Branch::Leaf(0));
            trees.splits.push(Split { feature, most, low, high });
            let first = r.chance(50);
            open.extend([Some((at, first)), Some((at, !first))]);
        }
        for place in open {
            let leaf = r.within(0, trees.leaves.len() - 1);
            set(&mut trees.splits, place, Branch::Leaf(leaf));
        }
        trees.roots.push(root);
    }
    for output in 0..outputs {
        let (least, most) = trees.bounds(output);
        trees.base[output] = match r.within(0, 2) {
            0 => (-32_768 - least.min(0)) as i16,
            1 => (32_767 - most.max(0)) as i16,
            _ => r.within(0, 200) as i16 - 100,
        };
    }
    trees
}
