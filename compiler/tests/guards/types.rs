//! Every operand and constant that an operation cannot take, and the error.

use crate::graphs::{add, add_const, beyond, chat, constant, ill_typed, node};
use mlc_compiler::ir::{Column, Data, Encoder, Fold, Form, Graph, Op};

/// What is wrong with the operation in [`chat`].
#[track_caller]
fn refused(op: impl FnOnce(&Graph) -> Op, error: &str) {
    let mut graph = chat();
    let op = op(&graph);
    assert_eq!(ill_typed(&mut graph, op).to_string(), error);
}

#[test]
fn operands_and_constants_exist() {
    refused(|g| Op::Relu { input: beyond(&g.nodes) }, "relu: operand #17 does not exist");
    refused(|g| Op::Sum { terms: vec![node(g, 4), beyond(&g.nodes)] }, "sum: operand #17 does not exist");
    refused(|g| Op::Constant { value: beyond(&g.consts) }, "constant: constant #3 does not exist");
    refused(|g| Op::Unpack { weights: beyond(&g.consts) }, "unpack: constant #3 does not exist");
    refused(
        |g| Op::Mac { input: node(g, 8), weights: beyond(&g.consts), form: Form::Packed },
        "mac: constant #3 does not exist",
    );
    refused(|g| Op::Fold { input: node(g, 8), folds: beyond(&g.consts) }, "fold: constant #3 does not exist");
    refused(
        |g| Op::Lookup { index: node(g, 12), table: beyond(&g.consts) },
        "lookup: constant #3 does not exist",
    );
    refused(|g| Op::State { state: beyond(&g.states) }, "state: the state does not exist");
    refused(|g| Op::Push { state: beyond(&g.states), text: node(g, 0) }, "push: the state does not exist");
}

#[test]
fn vectors_are_vectors() {
    let text = "%0 is text[9], not a vector";
    refused(|g| Op::Scale { input: node(g, 0), factor: 32 }, &format!("scale: {text}"));
    refused(|g| Op::Shift { input: node(g, 0), bits: 2 }, &format!("shift: {text}"));
    refused(|g| Op::Relu { input: node(g, 0) }, &format!("relu: {text}"));
    refused(|g| Op::Concat { inputs: vec![node(g, 2), node(g, 0)] }, &format!("concat: {text}"));
    refused(|g| Op::Sum { terms: vec![node(g, 0), node(g, 4)] }, &format!("sum: {text}"));
    refused(|g| Op::Sum { terms: vec![node(g, 4), node(g, 0)] }, &format!("sum: {text}"));
    refused(|g| Op::ArgMax { input: node(g, 0) }, &format!("argmax: {text}"));
    refused(|g| Op::Dense { input: node(g, 0), weights: node(g, 3) }, &format!("dense: {text}"));
    refused(
        |g| Op::Mac { input: node(g, 0), weights: constant(g, "weights"), form: Form::Packed },
        &format!("mac: {text}"),
    );
    refused(|g| Op::Relu { input: node(g, 3) }, "relu: %3 is i2[3, 4], not a vector");
    refused(|g| Op::Relu { input: node(g, 12) }, "relu: %12 is index<3>, not a vector");
    refused(|g| Op::Relu { input: node(g, 13) }, "relu: %13 is (), not a vector");
}

#[test]
fn texts_are_texts() {
    let trigrams = Encoder::Trigrams { buckets: 2, bands: 1 };
    let problem = "%2 is i16[2], not a text";
    refused(|g| Op::Encode { text: node(g, 2), encoder: trigrams }, &format!("trigrams: {problem}"));
    let ngrams = Encoder::Ngrams { buckets: 2 };
    refused(|g| Op::Encode { text: node(g, 2), encoder: ngrams }, &format!("ngrams: {problem}"));
    refused(|g| Op::Emit { text: node(g, 2) }, &format!("emit: {problem}"));
    refused(
        |g| Op::Push { state: g.states.ids().next().expect("a chat has a window"), text: node(g, 2) },
        &format!("push: {problem}"),
    );
}

#[test]
fn indices_are_indices_below_what_they_select() {
    refused(|g| Op::ExitIf { index: node(g, 2), equals: 0 }, "exit_if: %2 is i16[2], not an index");
    refused(
        |g| Op::ExitIf { index: node(g, 12), equals: 3 },
        "exit_if: 3 is never reached by an index below 3",
    );
    refused(
        |g| Op::Lookup { index: node(g, 2), table: constant(g, "charset") },
        "lookup: %2 is i16[2], not an index",
    );
    refused(
        |g| Op::Lookup { index: node(g, 12), table: constant(g, "bias") },
        "lookup: @bias is no table of texts",
    );
    for (table, data) in [
        ("charset", Data::Charset(b"A\0".to_vec())),
        ("labels", Data::Labels(vec!["on".into(), "off".into()])),
    ] {
        let mut graph = chat();
        let op = Op::Lookup { index: node(&graph, 12), table: add_const(&mut graph, table, data) };
        assert_eq!(ill_typed(&mut graph, op).to_string(), "lookup: 3 indices for 2 entries");
    }
}

#[test]
fn encoders_have_buckets_and_bands() {
    for (encoder, error) in [
        (Encoder::Trigrams { buckets: 0, bands: 1 }, "trigrams: no buckets"),
        (Encoder::Trigrams { buckets: 8, bands: 0 }, "trigrams: 0 bands"),
        (Encoder::Trigrams { buckets: 8, bands: 17 }, "trigrams: 17 bands"),
        (Encoder::Ngrams { buckets: 0 }, "ngrams: no buckets"),
    ] {
        refused(|g| Op::Encode { text: node(g, 0), encoder }, error);
    }
    let mut graph = chat();
    let text = node(&graph, 0);
    add(&mut graph, Graph::ENTRY, Op::Encode { text, encoder: Encoder::Trigrams { buckets: 8, bands: 16 } });
}

#[test]
fn shifts_leave_a_bit() {
    refused(|g| Op::Shift { input: node(g, 2), bits: 16 }, "shift: 16 bits, of 16");
    let mut graph = chat();
    let input = node(&graph, 2);
    add(&mut graph, Graph::ENTRY, Op::Shift { input, bits: 15 });
}

#[test]
fn constants_hold_what_the_operation_takes() {
    refused(|g| Op::Constant { value: constant(g, "weights") }, "constant: @weights is not a vector");
    refused(|g| Op::Unpack { weights: constant(g, "bias") }, "unpack: @bias is not a matrix");
    refused(|g| Op::Fold { input: node(g, 8), folds: constant(g, "bias") }, "fold: @bias holds no folds");
    for form in Form::ALL {
        let error = format!("mac: @bias does not hold {form} weights");
        refused(|g| Op::Mac { input: node(g, 8), weights: constant(g, "bias"), form }, &error);
    }
}

#[test]
fn weights_stand_in_the_form_that_a_product_names() {
    let lists = [Form::Columns, Form::Shared, Form::Gaps, Form::Unrolled];
    for form in lists {
        let error = format!("mac: @weights does not hold {form} weights");
        refused(|g| Op::Mac { input: node(g, 8), weights: constant(g, "weights"), form }, &error);
    }
    let mut graph = chat();
    let columns = Data::Columns { rows: 3, columns: vec![Column::default(); 4] };
    let (input, weights) = (node(&graph, 8), add_const(&mut graph, "lists", columns));
    let packed = Op::Mac { input, weights, form: Form::Packed };
    assert_eq!(ill_typed(&mut graph, packed).to_string(), "mac: @lists does not hold packed weights");
    let narrow = node(&graph, 2);
    for form in lists {
        add(&mut graph, Graph::ENTRY, Op::Mac { input, weights, form });
        let error = ill_typed(&mut graph, Op::Mac { input: narrow, weights, form });
        assert_eq!(error.to_string(), "mac: 2 inputs for 4 columns");
    }
}

#[test]
fn products_have_an_input_a_column() {
    refused(|g| Op::Dense { input: node(g, 8), weights: node(g, 4) }, "dense: %4 is i16[3], not a matrix");
    refused(|g| Op::Dense { input: node(g, 4), weights: node(g, 3) }, "dense: 3 inputs for 4 columns");
    refused(
        |g| Op::Mac { input: node(g, 4), weights: constant(g, "weights"), form: Form::Packed },
        "mac: 3 inputs for 4 columns",
    );
}

#[test]
fn sums_have_terms_of_one_width() {
    refused(|_| Op::Sum { terms: vec![] }, "sum: nothing to add");
    refused(|g| Op::Sum { terms: vec![node(g, 4), node(g, 2)] }, "sum: adds vectors of 3 and 2");
}

#[test]
fn folds_take_the_outputs_and_one_element_a_fold() {
    let mut graph = chat();
    let folds = vec![Fold { from: 3, plus: 0, other: 1, minus: false }];
    let folds = add_const(&mut graph, "folds", Data::Folds { outputs: 3, folds });
    let (four, three, text) = (node(&graph, 8), node(&graph, 4), node(&graph, 0));
    let folded = add(&mut graph, Graph::ENTRY, Op::Fold { input: four, folds });
    assert_eq!(graph.width(folded), 3);
    let error = ill_typed(&mut graph, Op::Fold { input: three, folds });
    assert_eq!(error.to_string(), "fold: of 3 elements, not 4");
    let error = ill_typed(&mut graph, Op::Fold { input: text, folds });
    assert_eq!(error.to_string(), "fold: %0 is text[9], not a vector");
}

#[test]
fn an_empty_vector_has_no_largest_element() {
    let mut graph = chat();
    let value = add_const(&mut graph, "nothing", Data::Vector(vec![]));
    let input = add(&mut graph, Graph::ENTRY, Op::Constant { value });
    assert_eq!(ill_typed(&mut graph, Op::ArgMax { input }).to_string(), "argmax: of an empty vector");
}
