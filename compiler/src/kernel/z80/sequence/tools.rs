//! Tokens that name an action.

use super::emit::Emitter;
use crate::CompileError;
use crate::model::Action;
use serde::Serialize;

/// Context of `tools.asm`.
#[derive(Serialize)]
struct Tools {
    tools: Vec<Tool>,
    reads: bool,
    most: u16,
}

#[derive(Serialize)]
struct Tool {
    token: u32,
    name: String,
    /// The place of what it reads; `None` where it switches something, which these machines do not have.
    input: Option<usize>,
    /// Tokens behind what was read.
    close: usize,
}

/// What consoles are told of what is read.
#[derive(Serialize)]
pub struct Input {
    /// In capitals, as CP/M's command line has it.
    name: String,
}

/// Names of what is read.
pub fn inputs(e: &Emitter) -> Vec<Input> {
    let name = |name: &str| Input { name: name.to_ascii_uppercase() };
    e.site.story.inputs().into_iter().map(name).collect()
}

/// What is done with a token that was chosen, and the routine that reads a value out; `None` without tools.
///
/// # Errors
/// A damaged template.
pub fn code(e: &mut Emitter) -> Result<Option<(String, String)>, CompileError> {
    let story = e.site.story;
    let inputs = story.inputs();
    if story.tools.is_empty() {
        return Ok(None);
    }
    if let Some(digits) = e.site.reader.tokenizer.digits().filter(|_| !inputs.is_empty()) {
        e.words("tool_tokens", digits.map(|token| token as u16));
    }
    let mut tools = Vec::new();
    for tool in &story.tools {
        let close = match &tool.action {
            Action::Read { close } => &close[..],
            Action::Switch { .. } => &[],
        };
        if !close.is_empty() {
            e.words(&format!("tool_close_{}", tool.token), close.iter().map(|&token| token as u16));
        }
        let reads = matches!(tool.action, Action::Read { .. });
        let input = inputs.iter().position(|name| reads && *name == tool.name);
        tools.push(Tool { token: tool.token, name: tool.name.clone(), input, close: close.len() });
    }
    let context = || Tools { reads: !inputs.is_empty(), most: story.most, tools: Vec::new() };
    let act = e.call("tools.asm", "act", Tools { tools, ..context() })?;
    let read_out =
        if inputs.is_empty() { String::new() } else { e.call("tools.asm", "read_out", context())? };
    Ok(Some((act, read_out)))
}

/// What it keeps: names and bytes.
pub fn buffers(e: &Emitter) -> Vec<(&'static str, usize)> {
    match e.site.story.inputs().len() {
        0 => Vec::new(),
        inputs => {
            vec![("tool_values", 2 * inputs), ("tool_value", 2), ("tool_power", 2), ("tool_digit", 2)]
        }
    }
}
