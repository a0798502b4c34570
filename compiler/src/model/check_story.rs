//! The rules of what sequence models answer.

use super::check::{check_labels, in_range};
use super::check_sequence::broken;
use super::choice::{Choice, Draw, MOST_WIDE, Penalty};
use super::error::ModelError;
use super::sequence::{Action, Story, Tool, Turns};
use crate::tokens::Tokenizer;

/// Most tokens behind what a tool reads.
const MAX_CLOSE: usize = 32;
/// Most tools.
const MAX_TOOLS: usize = 64;
/// Longest name of a tool, in characters.
pub const MAX_TOOL_NAME: usize = 16;

/// Checks what is said of the answer, with the tokenizer that its tokens are from.
pub fn check(tokenizer: &Tokenizer, story: &Story) -> Result<(), ModelError> {
    in_range("logit_bits", story.logit_bits.into(), 0, 15)?;
    in_range("most", story.most.into(), 2, u16::MAX.into())?;
    let vocabulary = tokenizer.pieces.len();
    if !story.ends.is_sorted_by(|a, b| a < b) || !known(&story.ends, vocabulary) {
        return Err(broken("ends", "tokens of the vocabulary, ascending"));
    }
    if let Some(turns) = &story.turns {
        check_turns(turns, vocabulary, story.most.into())?;
    }
    check_choice(&story.choice)?;
    if story.choice.beam.is_some() && !story.tools.is_empty() {
        return Err(broken("tools", "left out: replies that a beam drops would call them"));
    }
    if story.classifies() {
        check_classifier(story)?;
    } else if story.margin > 0 {
        return Err(broken("margin", "left out: only labels are ones that it can be unsure of"));
    }
    if story.tools.len() > MAX_TOOLS {
        return Err(broken("tools", "64 at most"));
    }
    for (i, tool) in story.tools.iter().enumerate() {
        check_tool(&format!("tools[{}]", i + 1), tool, tokenizer, story)?;
        let before = &story.tools[..i];
        if before.iter().any(|other| other.token == tool.token) {
            return Err(broken(&format!("tools[{}].token", i + 1), "a token that no other tool has"));
        }
        // A command line of CP/M has capitals only.
        let alike = |other: &Tool| other.name != tool.name && other.name.eq_ignore_ascii_case(&tool.name);
        if before.iter().any(alike) {
            let rule = "a name that differs from those before in more than capitals";
            return Err(broken(&format!("tools[{}].name", i + 1), rule));
        }
    }
    Ok(())
}

/// One label is chosen behind the query, and nothing is written.
fn check_classifier(story: &Story) -> Result<(), ModelError> {
    check_labels(&story.labels)?;
    if !story.ends.is_empty() {
        return Err(broken("ends", "[]: the answer is a label"));
    }
    let parts = [
        (story.turns.is_none(), "turns"),
        (story.choice.is_plain(), "choice"),
        (story.tools.is_empty(), "tools"),
    ];
    match parts.into_iter().find(|(fits, _)| !fits) {
        Some((_, field)) => Err(broken(field, "left out: the answer is a label")),
        None => Ok(()),
    }
}

fn known(tokens: &[u32], vocabulary: usize) -> bool {
    tokens.iter().all(|&token| (token as usize) < vocabulary)
}

fn check_turns(turns: &Turns, vocabulary: usize, most: usize) -> Result<(), ModelError> {
    let lists = [
        ("turns.start", &turns.start),
        ("turns.before", &turns.before),
        ("turns.after", &turns.after),
        ("turns.close", &turns.close),
    ];
    for (field, tokens) in lists {
        if !known(tokens, vocabulary) {
            return Err(broken(field, "tokens of the vocabulary"));
        }
    }
    if turns.framing().0 >= most {
        return Err(broken(
            "turns",
            "shorter: `most` has no room for a line between start, before and after",
        ));
    }
    Ok(())
}

fn check_choice(choice: &Choice) -> Result<(), ModelError> {
    if let Some(Draw { temperature, top_k, top_p, min_p, seed }) = choice.draw {
        in_range("choice.temperature: its thousandths", temperature.into(), 1, 10_000)?;
        in_range("choice.top_k", top_k.into(), 1, 255)?;
        in_range("choice.top_p: its thousandths", top_p.into(), 1, 1000)?;
        in_range("choice.min_p: its thousandths", min_p.into(), 0, 1000)?;
        in_range("choice.seed", seed.into(), 1, u16::MAX.into())?;
    }
    if let Some(Penalty { strength, recent }) = choice.penalty {
        in_range("choice.repetition_penalty: its thousandths", strength.into(), 1001, 3900)?;
        in_range("choice.recent", recent.into(), 1, 255)?;
    }
    if let Some(beam) = choice.beam {
        in_range("choice.beam", beam.into(), 2, MOST_WIDE.into())?;
        if choice.draw.is_some() || choice.penalty.is_some() {
            return Err(broken("choice", "without draw and penalty: a beam takes the likeliest reply"));
        }
    }
    Ok(())
}

fn check_tool(field: &str, tool: &Tool, tokenizer: &Tokenizer, story: &Story) -> Result<(), ModelError> {
    let vocabulary = tokenizer.pieces.len();
    if !known(&[tool.token], vocabulary) || story.ends.contains(&tool.token) {
        return Err(broken(&format!("{field}.token"), "a token of the vocabulary that ends no reply"));
    }
    let is_named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !(1..=MAX_TOOL_NAME).contains(&tool.name.len()) || !tool.name.chars().all(is_named) {
        return Err(broken(&format!("{field}.name"), "1 to 16 letters, digits, '-' and '_'"));
    }
    let Action::Read { close } = &tool.action else { return Ok(()) };
    if !known(close, vocabulary) {
        return Err(broken(&format!("{field}.action"), "closed with tokens of the vocabulary"));
    }
    if close.len() > MAX_CLOSE {
        return Err(broken(&format!("{field}.action"), "closed with 32 tokens at most"));
    }
    if tokenizer.digits().is_none() {
        let rule = "no `Read`, for the tokenizer's alphabet lacks a digit";
        return Err(broken(&format!("{field}.action"), rule));
    }
    Ok(())
}
