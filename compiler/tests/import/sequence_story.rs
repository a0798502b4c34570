//! What a sequence model answers, as text.

use super::model_ron::LIMITS;
use super::sequence_small::small_story;
use super::shown;
use super::transformers::{story_mut, tokens_mut};
use mlc_compiler::import::ron;
use mlc_compiler::model::{Action, Choice, Draw, Model, Penalty, Tool, Turns};

/// The small model with turns, drawing, a penalty and tools.
pub fn small_chat() -> Model {
    let mut model = small_story();
    let start = &mut tokens_mut(&mut model).tokenizer.alphabet.start;
    start.extend((b'0'..=b'9').map(|digit| (vec![digit], 2)));
    let story = story_mut(&mut model);
    story.turns =
        Some(Turns { start: vec![0], before: vec![2, 3], after: vec![4], close: vec![1], keeps: true });
    let draw = Draw { temperature: 800, top_k: 40, top_p: 950, min_p: 67, seed: 65_535 };
    story.choice =
        Choice { draw: Some(draw), penalty: Some(Penalty { strength: 1100, recent: 64 }), beam: None };
    let read = Tool { token: 5, name: "temp".into(), action: Action::Read { close: vec![4] } };
    let switch = Tool { token: 3, name: "led".into(), action: Action::Switch { on: true } };
    story.tools = vec![read, switch];
    model.check().unwrap_or_else(|e| panic!("{e}"));
    model
}

#[test]
fn turns_choice_and_tools_come_back() {
    let model = small_chat();
    let text = ron::write(&model);
    assert_eq!(ron::read(&text, "model.ron").as_ref(), Ok(&model), "{text}");
    let answer = &text[text.find("answer: ").expect("an answer")..text.find("    body:").expect("a body")];
    insta::assert_snapshot!(answer);
    // Each of them alone, and parts that may be left out.
    let alone = |change: &dyn Fn(&mut Model)| {
        let mut model = small_story();
        change(&mut model);
        let text = ron::write(&model);
        assert_eq!(ron::read(&text, "model.ron").as_ref(), Ok(&model), "{text}");
        assert_eq!(ron::write(&ron::read(&text, "model.ron").expect("it is read")), text);
    };
    alone(&|m| story_mut(m).turns = Some(Turns::default()));
    alone(&|m| story_mut(m).choice.draw = Some(Draw::default()));
    alone(&|m| story_mut(m).choice.penalty = Some(Penalty::default()));
    let switch = Tool { token: 2, name: "x".into(), action: Action::Switch { on: false } };
    alone(&|m| story_mut(m).tools = vec![switch.clone()]);
}

/// The error of the chat's text with a change.
#[track_caller]
fn refused(from: &str, to: &str, wants: &str) {
    let text = ron::write(&small_chat());
    assert!(text.contains(from), "{from} is not in the text");
    let e = ron::read(&text.replacen(from, to, 1), "model.ron").expect_err("the change breaks the file");
    let said = shown(e);
    assert!(said.contains(wants), "{said}\nwants {wants}");
}

#[test]
fn what_is_out_of_its_limits_is_refused() {
    let rule = "help: correct the field; docs/model-format.md has the rules";
    refused(
        "temperature: 0.8",
        "temperature: 0.0",
        &format!("its thousandths is 0, outside 1..10000\n{LIMITS}"),
    );
    refused("temperature: 0.8", "temperature: 0.8005", "three decimals at most is wanted");
    refused("temperature: 0.8", "temperature: NaN", "three decimals at most is wanted");
    refused("temperature: 0.8", "temperature: -0.8", "three decimals at most is wanted");
    refused("temperature: 0.8", "temperature: 66", "three decimals at most is wanted");
    refused("top_k: 40", "top_k: 0", "choice.top_k is 0, outside 1..255");
    refused("top_k: 40", "top_k: 256", "outside the range of its field");
    refused("top_p: 0.95", "top_p: 1.001", "choice.top_p: its thousandths is 1001, outside 1..1000");
    refused("min_p: 0.067", "min_p: 2", "choice.min_p: its thousandths is 2000, outside 0..1000");
    refused("seed: 65535", "seed: 0", "choice.seed is 0, outside 1..65535");
    refused("strength: 1.1", "strength: 1", "its thousandths is 1000, outside 1001..3900");
    refused("recent: 64", "recent: 0", "choice.recent is 0, outside 1..255");
    refused("seed: 65535", "seed: 1, sed: 2", "sed");
    for list in ["start: [0]", "before: [2, 3]", "after: [4]", "close: [1]"] {
        let field = &list[..list.find(':').expect("a field")];
        refused(
            list,
            &format!("{field}: [6]"),
            &format!("turns.{field} must be tokens of the vocabulary\n{rule}"),
        );
    }
    refused("start: [0]", "start: [0, 0, 0, 0, 0, 0]", "turns must be shorter: `most` has no room");
    refused("(token: 5", "(token: 6", "tools[1].token must be a token of the vocabulary that ends no reply");
    refused("(token: 5", "(token: 1", "tools[1].token must be a token of the vocabulary that ends no reply");
    refused("(token: 3", "(token: 5", "tools[2].token must be a token that no other tool has");
    refused(
        "\"led\"",
        "\"TEMP\"",
        "tools[2].name must be a name that differs from those before in more than capitals",
    );
    refused("\"led\"", "\"\"", "tools[2].name must be 1 to 16 letters, digits, '-' and '_'");
    refused("\"led\"", "\"the led\"", "tools[2].name must be 1 to 16 letters, digits, '-' and '_'");
    refused(
        "Read(close: [4])",
        "Read(close: [6])",
        "tools[1].action must be closed with tokens of the vocabulary",
    );
    refused("(\"7\", 2)", "(\"x\", 2)", "the tokenizer's alphabet lacks a digit");
}
