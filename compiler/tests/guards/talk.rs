//! Guards of what chats and drawn tokens have beside other sequence models.

use super::transformers::{small, story_mut};
use mlc_compiler::ir::{self, Const, Data, Graph, NodeId, Op, State, StateId, StateType, infer};
use mlc_compiler::model::{Action, Choice, Draw, Penalty, Prior, Tool, ToolTable, Turns};
use mlc_compiler::valid::validate;

/// A chat that draws tokens.
fn chat() -> Graph {
    let mut model = small();
    let story = story_mut(&mut model);
    story.turns = Some(Turns { start: vec![0], keeps: true, ..Turns::default() });
    story.choice = Choice { draw: Some(Draw::default()), penalty: Some(Penalty::default()), beam: None };
    ir::build(&model).unwrap_or_else(|e| panic!("{e}"))
}

fn find(g: &Graph, is: impl Fn(&Op) -> bool) -> (NodeId, Op) {
    let (id, node) = g.nodes.iter().find(|(_, node)| is(&node.op)).expect("it is there");
    (id, node.op.clone())
}

fn state(g: &Graph, name: &str) -> StateId {
    g.states.iter().find(|(_, state)| state.name == name).expect("it is there").0
}

#[track_caller]
fn ill_typed(g: &Graph, op: &Op, error: &str) {
    assert_eq!(infer(g, op).expect_err("it has no type").to_string(), error);
}

#[track_caller]
fn invalid(change: impl Fn(&mut Graph), error: &str) {
    let mut g = chat();
    assert_eq!(validate(&g, "build"), Ok(()));
    change(&mut g);
    let found = validate(&g, "test").expect_err("it is not valid");
    assert_eq!(format!("{}: {}", found.place, found.problem), error);
}

#[test]
fn turns() {
    let mut g = chat();
    let (_, turn) = find(&g, |op| matches!(op, Op::Turn { .. }));
    let Op::Turn { state: queue, tokens, turns } = turn else { unreachable!("it was found") };
    let far = Turns { close: vec![6], ..Turns::default() };
    let far = g.consts.push(Const { name: "far".into(), data: Data::Turns(far) });
    let vector = g.consts.push(Const { name: "v".into(), data: Data::Vector(vec![1]) });
    let op = |turns| Op::Turn { state: queue, tokens, turns };
    ill_typed(&g, &op(far), "turn: frames a line with 6, of tokens below 6");
    ill_typed(&g, &op(vector), "turn: @v frames no line");
    let op = Op::Turn { state: queue, tokens: NodeId::first(), turns };
    let error = infer(&g, &op).expect_err("a text is no tokens").to_string();
    assert!(error.starts_with("turn: %0 is text[") && error.ends_with("], not tokens below 6"), "{error}");
    let op = Op::Turn { state: state(&g, "random"), tokens, turns };
    ill_typed(&g, &op, "turn: $random is index<65536>, not tokens");
}

#[test]
fn choices() {
    let mut g = chat();
    let (id, choose) = find(&g, |op| matches!(op, Op::Choose { .. }));
    let Op::Choose { input, state: queue, random, rules } = choose else { unreachable!("it was found") };
    let greedy = Choice { penalty: Some(Penalty::default()), ..Choice::default() }.rules(8);
    let greedy = g.consts.push(Const { name: "greedy".into(), data: Data::Choice(greedy) });
    let op = |input, random, rules| Op::Choose { input, state: queue, random, rules };
    ill_typed(&g, &op(input, None, rules), "choose: draws without a random number");
    ill_typed(&g, &op(input, Some(input), rules), "choose: with i16[6] for a random number");
    ill_typed(&g, &op(input, Some(id), rules), "choose: with index<6> for a random number");
    assert!(infer(&g, &op(input, None, greedy)).is_ok());
    let random_of_greedy = op(input, random, greedy);
    ill_typed(&g, &random_of_greedy, "choose: with index<65536> for a random number");
    let (_, read) = find(&g, |op| matches!(op, Op::Tokenize { .. }));
    let rules_of_it = read.constants()[0];
    ill_typed(&g, &op(input, random, rules_of_it), "choose: @tokenizer says nothing of choosing");
    let (narrow, _) = find(&g, |op| matches!(op, Op::Narrow { .. }));
    ill_typed(&g, &op(narrow, random, rules), "choose: of i8[4], not of a logit for each of 6 tokens");
}

#[test]
fn priors() {
    let mut g = chat();
    let (_, choose) = find(&g, |op| matches!(op, Op::Choose { .. }));
    let Op::Choose { input, state: queue, random, rules } = choose else { unreachable!("it was found") };
    let mut of = |vocabulary: usize| {
        let prior = Prior { shift: 0, costs: vec![0; vocabulary], last: vec![0; vocabulary], pairs: vec![] };
        g.consts.push(Const { name: "prior".into(), data: Data::Prior(prior) })
    };
    let (right, small) = (of(6), of(4));
    let op = |input, state, prior| Op::Prior { input, state, prior };
    assert!(infer(&g, &op(input, queue, right)).is_ok());
    ill_typed(&g, &op(input, queue, small), "prior: of i16[6], not of a logit for each of 4 tokens");
    ill_typed(&g, &op(input, queue, rules), "prior: @choice says nothing of what tokens cost");
    let (narrow, _) = find(&g, |op| matches!(op, Op::Narrow { .. }));
    ill_typed(&g, &op(narrow, queue, small), "prior: of i8[4], not of a logit for each of 4 tokens");
    ill_typed(&g, &op(input, state(&g, "random"), right), "prior: $random is index<65536>, not tokens");
    let random = random.expect("the chat draws");
    let error = format!("prior: %{} is index<65536>, not a vector", random.index());
    ill_typed(&g, &op(random, queue, right), &error);
}

#[test]
fn random_numbers() {
    let g = chat();
    let numbers = state(&g, "random");
    ill_typed(&g, &Op::Read { state: numbers }, "read: $random gives random numbers");
    ill_typed(
        &g,
        &Op::Random { state: state(&g, "tokens") },
        "random: $tokens is tokens<6>, not random numbers",
    );
    let seed = |g: &mut Graph| {
        let id = state(g, "random");
        g.states[id].ty = StateType::Random { seed: 0 };
    };
    invalid(seed, "$random: starts with 0, behind which nothing else comes");
}

#[test]
fn kept_states_belong_to_the_entry() {
    let inner = |g: &mut Graph| {
        let owner = g.blocks.ids().nth(1).expect("a loop");
        let ty = StateType::Text { length: 1 };
        g.states.push(State { name: "inner".into(), owner, ty, kept: true });
    };
    invalid(inner, "$inner: is kept from query to query, but belongs to a loop");
}

#[test]
fn actions() {
    let mut g = chat();
    let (_, turn) = find(&g, |op| matches!(op, Op::Turn { .. }));
    let Op::Turn { state: queue, turns, .. } = turn else { unreachable!("it was found") };
    let (index, _) = find(&g, |op| matches!(op, Op::Choose { .. }));
    let tool = |token, action| Tool { token, name: "t".into(), action };
    let mut table = |tools: Vec<Tool>, digits| {
        let data = Data::Tools(ToolTable { tools, digits });
        g.consts.push(Const { name: "t".into(), data })
    };
    let far = table(vec![tool(6, Action::Switch { on: true })], None);
    let closed = table(vec![tool(5, Action::Read { close: vec![7] })], Some([1; 10]));
    let digits = table(vec![tool(5, Action::Read { close: vec![] })], Some([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    let none = table(vec![tool(5, Action::Read { close: vec![] })], None);
    let right = table(vec![tool(5, Action::Read { close: vec![4] })], Some([1; 10]));
    let op = |tools| Op::Act { state: queue, index, tools };
    ill_typed(&g, &op(far), "act: acts with 6, of tokens below 6");
    ill_typed(&g, &op(closed), "act: acts with 7, of tokens below 6");
    ill_typed(&g, &op(digits), "act: acts with 6, of tokens below 6");
    ill_typed(&g, &op(none), "act: reads without tokens for digits");
    ill_typed(&g, &op(turns), "act: @turns names no action");
    let (random, _) = find(&g, |op| matches!(op, Op::Random { .. }));
    let op = Op::Act { state: queue, index: random, tools: right };
    ill_typed(&g, &op, "act: by an index below 65536, of tokens below 6");
    assert!(infer(&g, &Op::Act { state: queue, index, tools: right }).is_ok());
}
