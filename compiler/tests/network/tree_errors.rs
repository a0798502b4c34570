//! Ensembles of trees that are none, and what stands around them.

use crate::onnx::{M, attribute, file, ints, list, node, port};
use crate::trees::{Ensemble, one};
use mlc_compiler::import::sensors::{Settings, import};

#[track_caller]
fn refused(change: impl FnOnce(&mut Ensemble), error: &str) {
    let mut ensemble = one();
    change(&mut ensemble);
    let e = import(&ensemble.classifier(vec![]), "t.onnx", &Settings::default(), None)
        .expect_err("it is refused");
    assert_eq!(e.to_string(), format!("t.onnx: TreeEnsembleClassifier (i): mlc does not compute {error}"));
}

#[test]
fn what_makes_no_trees_is_told() {
    refused(|e| e.rows[0].2 = 3, "value 3, of 3");
    refused(|e| e.rows[0].4 = "BRANCH_EQ", "a comparison by BRANCH_EQ");
    refused(|e| e.rows[0].5 = 7, "a way from node 0 of tree 0 to none");
    refused(|e| e.rows[0].5 = 2, "nodes with two ways to them");
    refused(|e| e.rows[2].1 = 1, "node 1 of tree 0 twice");
    refused(|e| e.rows[0].6 = 0, "nodes that lead to themselves");
    refused(|e| e.rows[0].4 = "LEAF", "a tree that begins twice");
    refused(
        |e| {
            e.rows.extend([
                (1, 0, 0, 0.0, "BRANCH_LEQ", 1, 2),
                (1, 1, 0, 0.0, "BRANCH_LEQ", 0, 3),
                (1, 2, 0, 0.0, "LEAF", 0, 0),
                (1, 3, 0, 0.0, "LEAF", 0, 0),
            ])
        },
        "nodes that lead to themselves",
    );
    refused(|e| e.rows.clear(), "an ensemble without trees");
    refused(|e| e.weights[0].2 = 3, "a weight for output 3, of 3");
    refused(|e| e.weights[0].1 = 0, "a weight of node 0 of tree 0, which is no leaf");
    refused(|e| e.weights[0].3 = f32::NAN, "weights that are no numbers");
    refused(|e| e.weights.iter_mut().for_each(|w| w.3 = 0.0), "trees that vote for nothing");
    refused(|e| e.weights[0].3 = -1.0, "labels that not every row has a vote for");
    refused(|e| e.base = vec![1.0], "1 base values for 3 labels");
    refused(|e| e.base = vec![f32::INFINITY; 3], "base values that are no numbers");
    refused(|e| (e.labels, e.weights) = (1, vec![]), "1 labels; 2 to 127 are possible");
    let both = |e: &mut Ensemble| (e.labels, e.weights) = (2, vec![(0, 1, 0, 1.0), (0, 2, 1, 1.0)]);
    refused(both, "votes for both of two labels with base values, or of leaves that vote for one");
    let weights = vec![(0, 1, 0, 1.0)];
    let bytes = Ensemble { weights, ..one() }.regressor(vec![]);
    let labels = Settings { labels: Some(vec!["x".into()]), ..Settings::default() };
    let e = import(&bytes, "t.onnx", &labels, None).expect_err("it gives a number").to_string();
    assert_eq!(e, "t.onnx: --labels changes nothing: the network has one output, which is a number");
    let doubles = vec![attribute("nodes_values_as_tensor")];
    let e =
        import(&one().classifier(doubles), "t.onnx", &Settings::default(), None).expect_err("it is refused");
    assert!(e.to_string().contains("64-bit floats"), "{e}");
    let number = |more: M| {
        let bytes = Ensemble { weights: vec![(0, 1, 0, 1.0)], ..one() }.regressor(vec![more]);
        import(&bytes, "t.onnx", &Settings::default(), None).expect_err("it is refused").to_string()
    };
    let says = |text: &str| format!("t.onnx: TreeEnsembleRegressor (y): mlc does not compute {text}");
    assert_eq!(
        number(attribute("n_targets").number(3, 2)),
        says("several targets (a regressor for each works)")
    );
    assert_eq!(number(attribute("aggregate_function").bytes(4, b"MAX")), says("aggregate_function MAX"));
    assert_eq!(number(attribute("post_transform").bytes(4, b"PROBIT")), says("post_transform PROBIT"));
    assert_eq!(number(list("base_values", &[1.0, 2.0])), says("2 base values for 1 target"));
}

#[test]
fn what_stands_around_trees_is_told() {
    let says = |nodes: Vec<M>, outputs: &[&str]| {
        let bytes = file(nodes, vec![], port("x", &[0, 3]), outputs);
        import(&bytes, "t.onnx", &Settings::default(), None).expect_err("it is refused").to_string()
    };
    let tree = |from: &str| {
        let mut attributes = one().attributes("class");
        attributes.push(ints("classlabels_int64s", &[0, 1, 2]));
        node("TreeEnsembleClassifier", &[from], &["i", "p"], attributes)
    };
    let scaler = |from: &str, to: &str, scale: f32| {
        node("Scaler", &[from], &[to], vec![list("offset", &[0.0]), list("scale", &[scale])])
    };
    let what = |text: &str| format!("t.onnx: {text}");
    assert_eq!(
        says(vec![scaler("x", "s", -1.0), tree("s")], &["i"]),
        what("Scaler (s): mlc does not compute scales below 0 in front of trees")
    );
    assert_eq!(
        says(vec![scaler("x", "s", 1.0), scaler("s", "t", 1.0), tree("t")], &["i"]),
        what("Scaler (t): mlc does not compute a second scaler")
    );
    assert_eq!(
        says(vec![node("Normalizer", &["x"], &["n"], vec![]), tree("n")], &["i"]),
        what("Normalizer (n) is an operator that mlc does not compute")
    );
    assert_eq!(
        says(vec![node("Cast", &["x"], &["c"], vec![attribute("to").number(3, 7)]), tree("c")], &["i"]),
        what("Cast (c): mlc does not compute values that become something else than 32-bit floats")
    );
    assert_eq!(
        says(vec![tree("y")], &["i"]),
        what("tensor y: is used as a value, and no node before has computed it")
    );
    assert_eq!(
        says(vec![tree("x"), node("Relu", &["p"], &["r"], vec![])], &["r"]),
        what("Relu (r) is an operator that mlc does not compute")
    );
    assert_eq!(says(vec![tree("x")], &["x"]), what("tensor x: is an output, and not what the trees give"));
}
