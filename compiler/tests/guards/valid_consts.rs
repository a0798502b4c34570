//! Every rule of the validator on constants, broken once.

use crate::graphs::{add_const, chat};
use mlc_compiler::ir::Data;
use mlc_compiler::valid::validate;

/// What the validator says of a graph with this constant.
fn said(data: Data) -> Result<(), String> {
    let mut graph = chat();
    add_const(&mut graph, "test", data);
    let problem = |text: String| text.strip_prefix("after pass: @test: ").map(str::to_string);
    validate(&graph, "pass").map_err(|e| problem(e.to_string()).unwrap_or_else(|| panic!("{e}")))
}

#[track_caller]
fn refused(data: Data, problem: &str) {
    assert_eq!(said(data), Err(problem.into()));
}

#[test]
fn matrices_have_a_weight_a_place_and_are_not_empty() {
    let matrix = |rows, cols, values: &[i8]| Data::Matrix { rows, cols, bits: 2, values: values.to_vec() };
    assert_eq!(said(matrix(2, 3, &[-2, -1, 0, 1, 1, 1])), Ok(()));
    refused(matrix(2, 3, &[0; 5]), "has 5 weights for 2 × 3");
    refused(matrix(2, 3, &[0; 7]), "has 7 weights for 2 × 3");
    refused(matrix(0, 3, &[]), "is empty: 0 × 3");
    refused(matrix(3, 0, &[]), "is empty: 3 × 0");
    refused(matrix(1, 2, &[0, 2]), "holds the weight 2, which has more than 2 bits");
    refused(matrix(1, 2, &[-3, 0]), "holds the weight -3, which has more than 2 bits");
}

#[test]
fn vectors_and_tables_may_hold_anything() {
    assert_eq!(said(Data::Vector(vec![])), Ok(()));
    assert_eq!(said(Data::Charset(vec![7, 7])), Ok(()));
    assert_eq!(said(Data::Labels(vec![String::new()])), Ok(()));
}
