//! Every rule of the validator on constants, broken once.

use crate::graphs::{add_const, chat};
use mlc_compiler::ir::{Column, Data, Fold};
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
    let matrix = |rows, cols, values: &[i8]| Data::Matrix { rows, cols, values: values.to_vec() };
    assert_eq!(said(matrix(2, 3, &[-2, -1, 0, 1, 1, 1])), Ok(()));
    refused(matrix(2, 3, &[0; 5]), "has 5 weights for 2 × 3");
    refused(matrix(2, 3, &[0; 7]), "has 7 weights for 2 × 3");
    refused(matrix(0, 3, &[]), "is empty: 0 × 3");
    refused(matrix(3, 0, &[]), "is empty: 3 × 0");
    refused(matrix(1, 2, &[0, 2]), "holds the weight 2");
    refused(matrix(1, 2, &[-3, 0]), "holds the weight -3");
}

#[test]
fn columns_ascend_and_name_outputs_that_exist() {
    let columns = |plus: &[u16], minus: &[u16]| Data::Columns {
        rows: 4,
        columns: vec![Column::default(), Column { plus: plus.to_vec(), minus: minus.to_vec() }],
    };
    let problem = "column 1 is not a list of distinct outputs below 4";
    assert_eq!(said(columns(&[0, 2], &[1, 1, 3])), Ok(()));
    for (plus, minus) in [
        // Not in order.
        (&[2, 0][..], &[][..]),
        (&[], &[3, 1]),
        // Twice where there is no weight of +2, thrice where there is none of -3.
        (&[1, 1], &[]),
        (&[], &[1, 1, 1]),
        // There are outputs 0 to 3.
        (&[4], &[]),
        (&[], &[4]),
        // Added and subtracted.
        (&[1], &[1]),
    ] {
        refused(columns(plus, minus), problem);
    }
}

#[test]
fn folds_add_the_next_element_to_two_before_it() {
    let folds = |folds: &[[u16; 3]]| {
        let fold = |&[from, plus, other]: &[u16; 3]| Fold { from, plus, other, minus: false };
        Data::Folds { outputs: 3, folds: folds.iter().map(fold).collect() }
    };
    let problem = "fold 1 does not add an element behind the outputs to two before it";
    assert_eq!(said(folds(&[[3, 0, 1], [4, 3, 2]])), Ok(()));
    for second in [
        // Not the next element.
        [5, 0, 1],
        [3, 0, 1],
        // Not before it.
        [4, 4, 1],
        [4, 1, 5],
        // The same twice.
        [4, 1, 1],
    ] {
        refused(folds(&[[3, 0, 1], second]), problem);
    }
    refused(folds(&[[2, 0, 1]]), "fold 0 does not add an element behind the outputs to two before it");
}

#[test]
fn vectors_and_tables_may_hold_anything() {
    assert_eq!(said(Data::Vector(vec![])), Ok(()));
    assert_eq!(said(Data::Charset(vec![7, 7])), Ok(()));
    assert_eq!(said(Data::Labels(vec![String::new()])), Ok(()));
}
