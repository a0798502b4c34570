//! Tokens that name an action.

use super::writer::Writer;
use crate::CompileError;
use crate::model::{Action, Story};
use crate::tokens::Tokenizer;
use serde::Serialize;

/// Context of `tools.S`.
#[derive(Serialize)]
struct Tools {
    tools: Vec<Tool>,
    most: u16,
    two: bool,
}

#[derive(Serialize)]
struct Tool {
    token: u32,
    name: String,
    /// The place of what it reads.
    input: Option<usize>,
    /// Twice the place of what it switches, and 1 more for on.
    switch: Option<usize>,
    /// Tokens behind what was read.
    close: usize,
}

/// Powers of ten up to the largest that a value has.
const POWERS: [u16; 5] = [10_000, 1_000, 100, 10, 1];

impl Writer<'_> {
    /// What is done with a token that was chosen, and the routines that it calls; `None` without tools. `two`: tokens have
    /// two bytes.
    ///
    /// # Errors
    /// A damaged template.
    pub fn tools(
        &mut self,
        story: &Story,
        tokenizer: &Tokenizer,
        two: bool,
    ) -> Result<Option<(String, String)>, CompileError> {
        if story.tools.is_empty() {
            return Ok(None);
        }
        let size = if two { 2 } else { 1 };
        let bytes = |tokens: &[u32]| -> Vec<u8> {
            tokens.iter().flat_map(|token| token.to_le_bytes().into_iter().take(size)).collect()
        };
        let (inputs, switches) = (story.inputs(), story.switches());
        let reads = tokenizer.digits().filter(|_| !inputs.is_empty());
        if let Some(digits) = &reads {
            self.data("net_digits", &bytes(digits));
            self.data("net_powers", &POWERS.map(u16::to_le_bytes).concat());
        }
        let mut tools = Vec::new();
        for (tool, number) in story.tools.iter().zip(1..) {
            let place = |names: &[&str]| names.iter().position(|name| *name == tool.name);
            let (input, switch, close) = match &tool.action {
                Action::Read { close } => (place(&inputs), None, close.as_slice()),
                Action::Switch { on } => {
                    (None, place(&switches).map(|place| 2 * place + usize::from(*on)), &[][..])
                }
            };
            if !close.is_empty() {
                self.data(&format!("net_close_{number}"), &bytes(close));
            }
            let (token, name) = (tool.token, tool.name.clone());
            tools.push(Tool { token, name, input, switch, close: close.len() });
        }
        let context = |tools| Tools { tools, most: story.most, two };
        let act = self.templates.call("tools.S", "act", context(tools))?;
        let read_out = match reads {
            Some(_) => self.templates.call("tools.S", "read_out", context(Vec::new()))?,
            None => String::new(),
        };
        Ok(Some((act, read_out)))
    }
}
