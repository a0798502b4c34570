//! The rules of trees and of thresholds, each broken once.

use crate::networks::quantization;
use crate::numbers::{good, operator, sensors};
use mlc_compiler::model::{Branch, Kind, Linear, Real, Sensors, Shape, Split, Trees, Vote};

#[test]
fn what_is_compared() {
    let ranks = |lists: &[&[f32]]| -> Vec<Vec<Real>> {
        lists.iter().map(|list| list.iter().map(|&t| Real(t.into())).collect()).collect()
    };
    let with = |change: &dyn Fn(&mut Sensors)| {
        let mut m = good();
        let sensors = sensors(&mut m);
        (sensors.scaling, sensors.quantization) = (vec![], vec![]);
        sensors.ranks = ranks(&[&[-1.5, 0.0, 2.0][..]; 40]);
        sensors.ranks[39] = (0..255).map(|t| Real(f64::from(t))).collect();
        change(sensors);
        m.check().map_err(|e| e.to_string())
    };
    assert_eq!(with(&|_| {}), Ok(()));
    let length = "reader.ranks has 39 values, its place wants 40";
    assert_eq!(with(&|s| _ = s.ranks.pop()), Err(length.into()));
    let lists = "reader.ranks must be of lists of 30,000 rising 32-bit floats at most";
    // One more is a byte more.
    let more = "reader.shape has 40 values, its place wants 41";
    assert_eq!(with(&|s| s.ranks[39].push(Real(255.0))), Err(more.into()));
    let parted = |s: &mut Sensors| {
        s.ranks[39].push(Real(255.0));
        s.ranks.remove(0);
    };
    assert_eq!(with(&parted), Ok(()));
    let many = |s: &mut Sensors, count: i32| {
        let list = (0..count).map(|t| Real(t.into())).collect();
        (s.shape, s.ranks) = (Shape::vector(118), vec![list]);
    };
    assert_eq!(with(&|s| many(s, 30_001)), Err(lists.into()));
    for wrong in [&[1.0, 1.0][..], &[1.0, 0.5], &[f32::NAN], &[f32::INFINITY], &[-0.0, 0.0]] {
        assert_eq!(with(&|s| s.ranks[0] = ranks(&[wrong]).remove(0)), Err(lists.into()), "{wrong:?}");
    }
    assert_eq!(with(&|s| s.ranks[0] = vec![Real(0.1)]), Err(lists.into()), "no 32-bit float");
    let beside = "reader.ranks must be without a scaling and a quantization beside them";
    assert_eq!(with(&|s| s.quantization = vec![quantization(1.0, 0)]), Err(beside.into()));
    let line = Linear { multiplier: 1, offset: 0, shift: 0 };
    assert_eq!(with(&|s| s.scaling = vec![line]), Err(beside.into()));
}

/// A tree of one split, which reads the bytes of a table.
fn vote(change: impl FnOnce(&mut Trees)) -> Result<(), String> {
    let mut m = good();
    let split = Split { feature: 3, most: 126, low: Branch::Leaf(0), high: Branch::Leaf(1) };
    let leaf = |output| vec![Vote { output, weight: 1 }];
    let mut trees = Trees {
        roots: vec![Branch::Split(0)],
        splits: vec![split],
        leaves: vec![leaf(0), leaf(2)],
        base: vec![0; 3],
    };
    change(&mut trees);
    operator(&mut m, 5).kind = Kind::Trees { input: 5, trees };
    m.check().map_err(|e| e.to_string())
}

#[test]
fn what_votes() {
    assert_eq!(vote(|_| {}), Ok(()));
    let error = |text: &str| Err(text.to_string());
    assert_eq!(vote(|t| t.base.push(0)), error("operators[6].trees.base has 4 values, its place wants 3"));
    assert_eq!(
        vote(|t| t.splits[0].feature = 4),
        error("operators[6].trees: split 0 of value 4 at 126, for 4 values and -128 to 126")
    );
    assert_eq!(vote(|t| t.roots.clear()), error("operators[6].trees: 0 trees; 1 to 4096 are possible"));
    // Their votes have 16 bits, which no operator takes.
    let mut m = good();
    let trees =
        Trees { roots: vec![Branch::Leaf(0)], splits: vec![], leaves: vec![vec![]], base: vec![0; 4] };
    operator(&mut m, 4).kind = Kind::Trees { input: 4, trees };
    let e = m.check().expect_err("it is not the last one").to_string();
    assert_eq!(e, "operators[6].input must be a tensor of bytes");
}
