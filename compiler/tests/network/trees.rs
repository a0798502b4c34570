//! Small ensembles of trees as `.onnx`: every label is the one that a plain version of ONNX Runtime's rules gives, for values on
//! both sides of every threshold and as lines of text, and what is refused.

use crate::onnx::{M, attribute, file, ints, list, node, port};
use crate::random::Random;
use mlc_compiler::eval;
use mlc_compiler::import::sensors::{Settings, import};
use mlc_compiler::model::{Answer, Kind, Model, Trees};

/// A node of the file: tree, number, value, threshold, mode, the nodes where it is true and where not.
pub type Row = (i64, i64, i64, f32, &'static str, i64, i64);
/// A weight of the file: tree, node, output.
pub type Weight = (i64, i64, i64, f32);

#[derive(Clone)]
pub struct Ensemble {
    pub rows: Vec<Row>,
    pub weights: Vec<Weight>,
    pub base: Vec<f32>,
    pub labels: usize,
    /// What is subtracted, and what is multiplied with then.
    pub scaler: Option<(Vec<f32>, Vec<f32>)>,
}

impl Ensemble {
    pub fn attributes(&self, kind: &str) -> Vec<M> {
        let rows = |part: fn(&Row) -> i64| self.rows.iter().map(part).collect::<Vec<_>>();
        let of = |part: fn(&Weight) -> i64| self.weights.iter().map(part).collect::<Vec<_>>();
        let thresholds: Vec<f32> = self.rows.iter().map(|row| row.3).collect();
        let weights: Vec<f32> = self.weights.iter().map(|weight| weight.3).collect();
        let modes = self.rows.iter().fold(attribute("nodes_modes"), |m, row| m.text(9, row.4));
        let mut all = vec![
            ints("nodes_treeids", &rows(|row| row.0)),
            ints("nodes_nodeids", &rows(|row| row.1)),
            ints("nodes_featureids", &rows(|row| row.2)),
            list("nodes_values", &thresholds),
            modes,
            ints("nodes_truenodeids", &rows(|row| row.5)),
            ints("nodes_falsenodeids", &rows(|row| row.6)),
            ints(&format!("{kind}_treeids"), &of(|weight| weight.0)),
            ints(&format!("{kind}_nodeids"), &of(|weight| weight.1)),
            ints(&format!("{kind}_ids"), &of(|weight| weight.2)),
            list(&format!("{kind}_weights"), &weights),
            attribute("post_transform").bytes(4, b"NONE"),
        ];
        if !self.base.is_empty() {
            all.push(list("base_values", &self.base));
        }
        all
    }

    /// The file of a classifier of three values, as skl2onnx writes it.
    pub fn classifier(&self, more: Vec<M>) -> Vec<u8> {
        let labels: Vec<i64> = (0..self.labels as i64).collect();
        let mut attributes = self.attributes("class");
        attributes.push(ints("classlabels_int64s", &labels));
        attributes.extend(more);
        let mut nodes = Vec::new();
        if let Some((offset, scale)) = &self.scaler {
            nodes.push(node("Scaler", &["x"], &["s"], vec![list("offset", offset), list("scale", scale)]));
        }
        let from = if nodes.is_empty() { "x" } else { "s" };
        nodes.extend([
            node("Cast", &[from], &["c"], vec![attribute("to").number(3, 1)]),
            node("TreeEnsembleClassifier", &["c"], &["i", "p"], attributes),
            node("Cast", &["i"], &["l"], vec![attribute("to").number(3, 7)]),
            node("ZipMap", &["p"], &["z"], vec![]),
        ]);
        file(nodes, vec![], port("x", &[0, 3]), &["l", "z"])
    }

    pub fn regressor(&self, more: Vec<M>) -> Vec<u8> {
        let attributes = self.attributes("target").into_iter().chain(more).collect();
        let nodes = vec![node("TreeEnsembleRegressor", &["x"], &["y"], attributes)];
        file(nodes, vec![], port("x", &[0, 3]), &["y"])
    }

    /// The sum of each output's weights, and whether it has any.
    fn scores(&self, x: &[f32; 3]) -> Vec<(f64, bool)> {
        let mut scores = vec![(0.0, false); self.labels.max(1)];
        let trees: std::collections::BTreeSet<i64> = self.rows.iter().map(|row| row.0).collect();
        for tree in trees {
            let find =
                |id: i64| self.rows.iter().find(|row| row.0 == tree && row.1 == id).expect("it is there");
            let mut at = find(0);
            while at.4 != "LEAF" {
                let value = at.2 as usize;
                let scaled = match &self.scaler {
                    Some((offset, scale)) => (x[value] - offset[value]) * scale[value],
                    None => x[value],
                };
                let is_true = match at.4 {
                    "BRANCH_LEQ" => scaled <= at.3,
                    "BRANCH_LT" => scaled < at.3,
                    "BRANCH_GT" => scaled > at.3,
                    _ => scaled >= at.3,
                };
                at = find(if is_true { at.5 } else { at.6 });
            }
            for weight in self.weights.iter().filter(|w| (w.0, w.1) == (tree, at.1)) {
                let score = &mut scores[weight.2 as usize];
                *score = (score.0 + f64::from(weight.3), true);
            }
        }
        scores
    }

    /// The label that ONNX Runtime gives: `TreeAggregatorClassifier`.
    fn label(&self, x: &[f32; 3]) -> usize {
        let mut scores = self.scores(x);
        if self.labels > 2 {
            for (score, base) in scores.iter_mut().zip(&self.base) {
                *score = (score.0 + f64::from(*base), true);
            }
            let scored = |i: &usize| scores[*i].1;
            return (0..self.labels)
                .filter(scored)
                .fold(None, |best: Option<usize>, i| match best {
                    Some(best) if scores[best].0 >= scores[i].0 => Some(best),
                    _ => Some(i),
                })
                .unwrap_or(0);
        }
        let of_one = self.weights.iter().all(|w| w.2 == self.weights[0].2);
        let base = f64::from(self.base.last().copied().unwrap_or(0.0));
        let score = if of_one { scores[self.weights[0].2 as usize].0 + base } else { scores[1].0 };
        let positive = self.weights.iter().all(|w| w.3 >= 0.0);
        usize::from(score > if of_one && positive { 0.5 } else { 0.0 })
    }

    /// All thresholds as they are before scaling, about, and values around them.
    fn values(&self, r: &mut Random) -> [f32; 3] {
        std::array::from_fn(|value| {
            let of: Vec<&Row> =
                self.rows.iter().filter(|row| row.2 as usize == value && row.4 != "LEAF").collect();
            if of.is_empty() || r.chance(20) {
                return [0.0, -1e9, 1e9, 0.25][r.within(0, 3)];
            }
            let t = of[r.within(0, of.len() - 1)].3;
            let t = self.scaler.as_ref().map_or(t, |(offset, scale)| t / scale[value] + offset[value]);
            [t, t.next_up(), t.next_down(), t + 0.125][r.within(0, 3)]
        })
    }
}

/// Random trees over three values. Weights are eighths, or anything.
fn ensemble(r: &mut Random, labels: usize, eighths: bool) -> Ensemble {
    let mut made = Ensemble { rows: vec![], weights: vec![], base: vec![], labels, scaler: None };
    let one = labels == 2 && r.chance(70);
    let signed = labels > 2 && r.chance(40);
    for tree in 0..r.within(1, 7) as i64 {
        let splits = r.within(0, 12) as i64;
        let (mut open, mut next) = (vec![0], 1);
        for _ in 0..splits {
            let at = open.swap_remove(r.within(0, open.len() - 1));
            let threshold = (r.within(0, 60) as f32 - 30.0) / 8.0;
            let mode = ["BRANCH_LEQ", "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"][r.within(0, 4)];
            made.rows.push((tree, at, r.within(0, 2) as i64, threshold, mode, next, next + 1));
            open.extend([next, next + 1]);
            next += 2;
        }
        for leaf in open {
            made.rows.push((tree, leaf, 0, 0.0, "LEAF", 0, 0));
            for label in 0..labels as i64 {
                if one && label == 1 {
                    continue;
                }
                let weight = r.within(0, 8) as f32 / 8.0 - if signed { 0.5 } else { 0.0 };
                let weight = if eighths { weight } else { weight * 0.739_1 + r.within(0, 999) as f32 * 1e-4 };
                made.weights.push((tree, leaf, label, weight));
            }
        }
    }
    if r.chance(40) {
        let base = |r: &mut Random| r.within(0, 16) as f32 / 8.0 - 1.0;
        made.base = match labels {
            2 if one => (0..r.within(1, 2)).map(|_| base(r)).collect(),
            2 => vec![],
            _ => (0..labels).map(|_| base(r)).collect(),
        };
    }
    if r.chance(40) {
        let offset = (0..3).map(|_| r.within(0, 900) as f32 / 100.0).collect();
        made.scaler = Some((offset, (0..3).map(|_| r.within(1, 400) as f32 / 77.0).collect()));
    }
    made
}

fn read(bytes: &[u8]) -> Model {
    import(bytes, "t.onnx", &Settings::default(), None).unwrap_or_else(|e| panic!("{e}")).model
}

fn trees(model: &Model) -> &Trees {
    match &model.network().expect("it is one").1.operators[0].kind {
        Kind::Trees { trees, .. } => trees,
        other => panic!("{}", other.name()),
    }
}

#[test]
fn labels_are_those_of_onnx_runtime() {
    let mut r = Random(11);
    let mut seen = [0; 2];
    for case in 0..400 {
        let labels = [2, 3, 5][r.within(0, 2)];
        let ensemble = ensemble(&mut r, labels, true);
        let model = read(&ensemble.classifier(vec![]));
        let (sensors, _) = model.network().expect("it is one");
        let graph = mlc_compiler::reference(&model).expect("it was checked");
        for _ in 0..40 {
            let x = ensemble.values(&mut r);
            let wants = ensemble.label(&x);
            let found = eval::classify(&graph, &sensors.bytes(&x.map(f64::from), true)).text();
            assert_eq!(found, wants.to_string(), "case {case}: {x:?}");
            seen[usize::from(wants > 0)] += 1;
            if ensemble.scaler.is_none() && x.iter().all(|x| x.abs() < 1000.0) {
                // The thresholds are eighths, so that three digits are all of them.
                let typed = x.map(|x| format!("{:.3}", (x * 1000.0).trunc() / 1000.0));
                let x = [0, 1, 2].map(|i| typed[i].parse::<f64>().expect("a number") as f32);
                let run = eval::run(&graph, typed.join(" ").as_bytes());
                assert_eq!(run.text(), ensemble.label(&x).to_string(), "case {case}: {typed:?}");
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 3000), "{seen:?}");
}

#[test]
fn rounded_votes_keep_labels_that_are_no_tie() {
    let mut r = Random(12);
    let (mut rows, mut ties) = (0, 0);
    for _ in 0..200 {
        let ensemble = ensemble(&mut r, 4, false);
        let imported = import(&ensemble.classifier(vec![]), "t.onnx", &Settings::default(), None);
        let imported = imported.unwrap_or_else(|e| panic!("{e}"));
        let model = imported.model;
        let (sensors, network) = model.network().expect("it is one");
        let graph = mlc_compiler::reference(&model).expect("it was checked");
        let step = network.operators[0].output.scale.0;
        let off = (trees(&model).roots.len() + 1) as f64 / 2.0 * step;
        for _ in 0..20 {
            let x = ensemble.values(&mut r);
            let run = eval::classify(&graph, &sensors.bytes(&x.map(f64::from), true));
            let mut scores: Vec<f64> = ensemble.scores(&x).iter().map(|score| score.0).collect();
            scores.iter_mut().zip(&ensemble.base).for_each(|(score, base)| *score += f64::from(*base));
            for (score, found) in scores.iter().zip(&run.logits[0]) {
                assert!(
                    (f64::from(*found) * step - score).abs() <= off * 1.000_001,
                    "{found} steps of {step} for {score}"
                );
            }
            let label = ensemble.label(&x);
            let far = |(i, score): (usize, &f64)| i == label || scores[label] - score > 2.0 * off;
            rows += 1;
            if scores.iter().enumerate().all(far) {
                assert_eq!(run.text(), label.to_string());
            } else {
                ties += 1;
            }
        }
    }
    assert!(ties * 20 < rows, "{ties} of {rows} are near a tie");
}

#[test]
fn numbers_are_sums_and_means() {
    let mut r = Random(13);
    for case in 0..60 {
        let mut ensemble = ensemble(&mut r, 1, false);
        ensemble.scaler = None;
        ensemble.base = if r.chance(50) { vec![2.5] } else { vec![] };
        let is_mean = r.chance(50);
        let more = if is_mean { vec![attribute("aggregate_function").bytes(4, b"AVERAGE")] } else { vec![] };
        let model = read(&ensemble.regressor(more));
        let Answer::Numbers(answer) = &model.answer else { panic!("it gives numbers") };
        let (sensors, _) = model.network().expect("it is one");
        let graph = mlc_compiler::reference(&model).expect("it was checked");
        let trees = trees(&model).roots.len();
        for _ in 0..20 {
            let x = ensemble.values(&mut r);
            let run = eval::classify(&graph, &sensors.bytes(&x.map(f64::from), true));
            let share = if is_mean { trees as f64 } else { 1.0 };
            let wants =
                ensemble.scores(&x)[0].0 / share + f64::from(ensemble.base.first().copied().unwrap_or(0.0));
            let found = f64::from(run.logits[0][0]) * answer.output.scale.0;
            let off = (trees + 1) as f64 / 2.0 * answer.output.scale.0;
            assert!((found - wants).abs() <= off * 1.000_001 + 1e-6, "case {case}: {found} for {wants}");
            let typed: f64 = run.text().parse().expect("a number");
            // A line of 16 bits, and a digit.
            assert!((typed - found).abs() <= 3.0 * answer.output.scale.0, "case {case}: {typed} for {found}");
        }
    }
}

/// A tree of one comparison.
pub fn one() -> Ensemble {
    Ensemble {
        rows: vec![
            (0, 0, 1, 2.5, "BRANCH_LEQ", 1, 2),
            (0, 1, 0, 0.0, "LEAF", 0, 0),
            (0, 2, 0, 0.0, "LEAF", 0, 0),
        ],
        weights: vec![(0, 1, 0, 1.0), (0, 1, 1, 0.0), (0, 1, 2, 0.0), (0, 2, 2, 1.0)],
        base: vec![],
        labels: 3,
        scaler: None,
    }
}

/// The file that other tests damage.
pub fn small() -> Vec<u8> {
    let mut ensemble = ensemble(&mut Random(3), 3, true);
    ensemble.scaler = Some((vec![1.0, 2.0, 3.0], vec![0.5]));
    ensemble.classifier(vec![])
}

#[test]
fn votes_are_integers_where_they_can_be() {
    let model = read(&one().classifier(vec![]));
    let Answer::Class(class) = &model.answer else { panic!("it has labels") };
    let weights: Vec<i16> = trees(&model).leaves.iter().flatten().map(|vote| vote.weight).collect();
    assert_eq!((class.output.scale.0, weights), (1.0, vec![1, 1]));
    let (sensors, _) = model.network().expect("it is one");
    let ranks: Vec<Vec<f64>> = sensors.ranks.iter().map(|list| list.iter().map(|t| t.0).collect()).collect();
    assert_eq!((ranks, sensors.decimals), (vec![vec![], vec![2.5], vec![]], 1));
}

/// Thresholds of a value that fill one byte, or 1, 2 or 3 and a few: each is passed where ONNX Runtime passes it, and a value without
/// any and one of few stand beside it.
#[test]
fn a_value_has_as_many_bytes_as_its_thresholds_want() {
    for (count, bytes) in [(255, 1), (256, 2), (510, 2), (511, 3), (766, 4)] {
        let mut chain = one();
        (chain.rows, chain.weights) = (vec![], vec![]);
        for at in 0..count {
            // In an order that jumps between the bytes, half of them by the other comparison.
            let threshold = (at * 97 % count) as f32 / 8.0 - 20.0;
            chain.rows.push((at, 0, 1, threshold, ["BRANCH_LEQ", "BRANCH_GT"][(at % 2) as usize], 1, 2));
            chain.rows.extend([(at, 1, 0, 0.0, "LEAF", 0, 0), (at, 2, 0, 0.0, "LEAF", 0, 0)]);
            chain.weights.extend([(at, 1, at % 3, 1.0), (at, 2, (at + 1) % 3, 2.0)]);
        }
        chain.rows.extend([(count, 0, 2, 0.5, "BRANCH_LEQ", 1, 2)]);
        chain.rows.extend([(count, 1, 0, 0.0, "LEAF", 0, 0), (count, 2, 0, 0.0, "LEAF", 0, 0)]);
        chain.weights.extend([(count, 1, 0, 1.0), (count, 2, 1, 1.0)]);
        let model = read(&chain.classifier(vec![]));
        let (sensors, _) = model.network().expect("it is one");
        assert_eq!((sensors.numbers(), sensors.shape.len()), (3, 2 + bytes), "{count} thresholds");
        let graph = mlc_compiler::reference(&model).expect("it was checked");
        for at in (0..count).chain([count + 5]) {
            let t = at as f32 / 8.0 - 20.0;
            for x in [[0.0, t, 0.5], [9.0, t.next_up(), 0.75], [-1.0, t.next_down(), -4.0]] {
                let run = eval::classify(&graph, &sensors.bytes(&x.map(f64::from), true));
                let scores: Vec<f64> = chain.scores(&x).iter().map(|score| score.0).collect();
                let found: Vec<f64> = run.logits[0].iter().map(|&logit| f64::from(logit)).collect();
                assert_eq!(found, scores, "{count} thresholds: {x:?}");
            }
            let typed = eval::run(&graph, format!("7 {t} 0.6").as_bytes());
            assert_eq!(typed.text(), chain.label(&[7.0, t, 0.6]).to_string(), "{count} thresholds: {t}");
        }
        assert_eq!(eval::run(&graph, b"1 2").text(), "? 3 numbers");
    }
}
