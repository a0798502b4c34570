//! Random trees, and thresholds of readings.

use super::super::random::Random;
use super::{Maker, byte, bytes};
use mlc_compiler::arithmetic::network::{MOST_READING, rank_bytes};
use mlc_compiler::model::{Branch, Model, Reader, Real, Sensors, Shape, Split, Trees, Vote};
use std::collections::BTreeSet;

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

/// A forest on readings some of which have more thresholds than a byte counts.
pub fn parted(seed: u64) -> Model {
    let mut r = Random(seed ^ 0xBA7E);
    let mut maker = Maker::new(seed, Shape::vector(r.within(2, 12)));
    maker.trees([1, 3, r.within(2, 9)][r.within(0, 2)]);
    let mut model = maker.model();
    part(&mut model, &mut r);
    model
}

/// Makes ranks of a model's readings, some of several bytes, as many as it reads: 2 at least.
pub fn part(model: &mut Model, r: &mut Random) {
    let Reader::Sensors(sensors) = &mut model.reader else { unreachable!("a network on numbers") };
    let (mut left, mut large, mut ranks) = (sensors.shape.len(), 0, vec![]);
    while left > 0 {
        let counts = [256, 509, 510, 511, 765, 766].into_iter().filter(|count| rank_bytes(*count) <= left);
        let counts: Vec<usize> = counts.collect();
        let is_large = !counts.is_empty() && large < 3 && (r.chance(40) || (large == 0 && left < 4));
        large += usize::from(is_large);
        let count = match is_large {
            true => counts[r.within(0, counts.len() - 1)],
            false => [0, 1, r.within(2, 9), if left < 9 { 255 } else { 3 }][r.within(0, 3)],
        };
        left -= rank_bytes(count);
        let mut list = BTreeSet::new();
        while list.len() < count {
            list.insert(r.within(0, 64_000) as i32 - 32_000);
        }
        ranks.push(list.into_iter().map(|t| Real(f64::from(t) / 16.0)).collect());
    }
    (sensors.scaling, sensors.quantization) = (vec![], vec![]);
    sensors.inputs.truncate(ranks.len());
    sensors.ranks = ranks;
    model.check().expect("the generator keeps the rules");
}

/// Lines of readings at thresholds and around them, those at the ends of bytes often; bytes as they are; lines of other counts.
pub fn lines(seed: u64, sensors: &Sensors) -> Vec<String> {
    let mut r = Random(seed ^ 0x11E5);
    let thresholds = sensors.thresholds();
    let reading = |r: &mut Random, list: &Vec<i32>| {
        let last = list.len().saturating_sub(1);
        let at = [0, 254, 255, 256, 509, 510, last, r.within(0, last)][r.within(0, 7)].min(last);
        let n = list.get(at).map_or(7, |t| t + r.within(0, 2) as i32 - 1);
        let n = n.clamp(-MOST_READING, MOST_READING);
        let (unit, width) = (10u32.pow(sensors.decimals.into()), usize::from(sensors.decimals));
        let (sign, size) = (if n < 0 { "-" } else { "" }, n.unsigned_abs());
        let behind = if width == 0 { String::new() } else { format!(".{:0width$}", size % unit) };
        format!("{sign}{}{behind}", size / unit)
    };
    let mut line = |lists: &[Vec<i32>]| {
        lists.iter().map(|list| reading(&mut r, list)).collect::<Vec<_>>().join([" ", ","][lists.len() % 2])
    };
    let mut lines: Vec<String> = (0..8).map(|_| line(&thresholds)).collect();
    let more = [&thresholds[..], &[vec![]]].concat();
    lines.extend([line(&more), line(&thresholds[1..]), line(&thresholds)]);
    let count = sensors.shape.len();
    lines.extend([-128, 127].map(|byte| Sensors::line(&vec![byte; count])));
    let mut r = Random(seed ^ 0x2222);
    lines.extend([count, sensors.numbers()].map(|count| Sensors::line(&bytes(&mut r, count))));
    lines
}
