//! Two labels of one score, and linear models.

use crate::onnx::{M, attribute, file, floats, list, node, port, tensor};
use mlc_compiler::eval;
use mlc_compiler::import::sensors::data::Examples;
use mlc_compiler::import::sensors::{Floats, Settings, import};

fn scalar(name: &str, value: f32) -> M {
    floats(name, &[], &[value])
}

/// A layer with one output, and what stands behind it: nodes that end with `labels`.
fn one_score(behind: Vec<M>) -> Vec<u8> {
    let front = vec![node("MatMul", &["x", "w"], &["m"], vec![]), node("Add", &["m", "b"], &["s"], vec![])];
    let end = vec![
        node("ArgMax", &["both"], &["i"], vec![]),
        node("ArrayFeatureExtractor", &["classes", "i"], &["labels"], vec![]),
    ];
    let known = vec![
        floats("w", &[2, 1], &[2.0, -1.0]),
        floats("b", &[1], &[0.25]),
        scalar("one", 1.0),
        scalar("minus", -1.0),
        tensor("classes", &[2], 6, [3i32, 8].iter().flat_map(|v| v.to_le_bytes()).collect()),
    ];
    file([front, behind, end].concat(), known, port("x", &[0, 2]), &["labels", "both"])
}

#[test]
fn two_labels_of_one_score_are_told_apart() {
    let sigmoid = || node("Sigmoid", &["s"], &["p"], vec![]);
    let rest = || node("Sub", &["one", "p"], &["q"], vec![]);
    let both = |inputs: [&str; 2]| node("Concat", &inputs, &["both"], vec![attribute("axis").number(3, 1)]);
    let negated = || node("Mul", &["s", "minus"], &["n"], vec![]);
    let rows: String = (0..100).map(|i| format!("{},{}\n", f64::from(i % 10) / 8.0 - 0.5, i / 10)).collect();
    let data = Examples::read(rows.as_bytes(), 2).expect("two columns");
    for bytes in
        [one_score(vec![sigmoid(), rest(), both(["q", "p"])]), one_score(vec![negated(), both(["n", "s"])])]
    {
        let floats = Floats::read(&bytes, "m.onnx").expect("it is right").expect("it has floats");
        let model = import(&bytes, "m.onnx", &Settings::default(), Some(&data)).expect("it is right").model;
        let (sensors, _) = model.network().expect("it is one");
        let graph = mlc_compiler::reference(&model).expect("it was checked");
        let mut seen = [0; 2];
        for row in 0..data.rows {
            let x = data.reals(row).expect("numbers");
            let score = 2.0 * x[0] - x[1] + 0.25;
            let wants = if score > 0.0 { "8" } else { "3" };
            assert_eq!(floats.label(x, &model.answer).as_deref(), Some(wants), "{x:?}");
            if score.abs() > 0.1 {
                assert_eq!(eval::classify(&graph, &sensors.bytes(x, false)).text(), wants, "{x:?}");
                seen[usize::from(score > 0.0)] += 1;
            }
        }
        assert!(seen[0] > 10 && seen[1] > 3, "{seen:?}");
    }
    // Another order, or another number in the place of 1, is something else.
    for behind in [
        vec![sigmoid(), rest(), both(["p", "q"])],
        vec![sigmoid(), node("Sub", &["minus", "p"], &["q"], vec![]), both(["q", "p"])],
        vec![sigmoid(), negated(), both(["n", "p"])],
    ] {
        let bytes = one_score(behind);
        import(&bytes, "m.onnx", &Settings::default(), Some(&data)).expect_err("it is refused");
    }
}

#[test]
fn a_linear_regression_gives_numbers() {
    let regressor = |bias: &[f32]| {
        let attributes = vec![
            list("coefficients", &[2.0, -1.0, 0.5, 3.0]),
            list("intercepts", bias),
            attribute("targets").number(3, 2),
        ];
        file(vec![node("LinearRegressor", &["x"], &["y"], attributes)], vec![], port("x", &[0, 2]), &["y"])
    };
    let floats =
        Floats::read(&regressor(&[0.5, 7.0]), "m.onnx").expect("it is right").expect("it has floats");
    assert_eq!(floats.run(&[3.0, 4.0]), [2.5, 20.5]);
    assert!(
        Floats::read(&regressor(&[0.5]), "m.onnx")
            .is_err_and(|e| e.to_string().contains("1 constants for 2"))
    );
}
