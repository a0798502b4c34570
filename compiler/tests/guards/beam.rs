//! What a model must keep whose replies grow side by side, and what the reference refuses.

use crate::stories;
use crate::transformers::{Shape, story_mut};
use mlc_compiler::model::{Choice, Draw, Model, Penalty};
use mlc_compiler::reference;

fn model() -> Model {
    let mut r = crate::random::Random(7);
    let mut model = Shape::random(&mut r).model(&mut r);
    story_mut(&mut model).choice = Choice { beam: Some(2), ..Choice::default() };
    model
}

#[test]
fn rules_of_beams_are_guarded() {
    assert_eq!(model().check(), Ok(()));
    let broken = |change: &dyn Fn(&mut Model)| {
        let mut model = model();
        change(&mut model);
        model.check().expect_err("the change breaks a rule").to_string()
    };
    let with = |choice: Choice| broken(&|model| story_mut(model).choice = choice);
    for beam in [0, 1, 5] {
        let said = with(Choice { beam: Some(beam), ..Choice::default() });
        assert!(said.contains(&format!("choice.beam is {beam}, outside 2..4")), "{said}");
    }
    let drawn = Choice { draw: Some(Draw::default()), beam: Some(2), penalty: None };
    let held = Choice { penalty: Some(Penalty::default()), beam: Some(2), draw: None };
    for choice in [drawn, held] {
        let said = with(choice);
        assert!(said.contains("choice must be without draw and penalty"), "{said}");
    }
    let said = broken(&|model| {
        story_mut(model).choice = Choice::default();
        stories::tools(model, &mut crate::random::Random(1), true);
        story_mut(model).choice.beam = Some(2);
    });
    assert!(said.contains("tools must be left out"), "{said}");
}

/// The graph of a model takes a token at a time, so it would say something else.
#[test]
fn the_graph_runs_no_beam() {
    let error = reference(&model()).expect_err("a beam has a graph of its own").to_string();
    assert!(error.contains("beam search"), "{error}");
}
