//! What conversations must be, whatever file they come from.

use super::framing::MARKS;
use super::{Content, MOST_MESSAGE, MOST_MESSAGES, Message, Problem, Role};

/// Most characters of a tool's name, as a model has it.
const TOOL_NAME: usize = 16;

/// A question and its reply.
pub fn question(query: String, reply: String) -> Result<Content, Problem> {
    let user = Message { role: Role::User, content: query };
    conversation(vec![user, Message { role: Role::Assistant, content: reply }])
}

/// Checks a conversation. White space around what users and systems say goes; line ends are `\n`.
pub fn conversation(messages: Vec<Message>) -> Result<Content, Problem> {
    if messages.len() > MOST_MESSAGES {
        return Err(Problem::ManyMessages(messages.len()));
    }
    let mut checked: Vec<Message> = Vec::with_capacity(messages.len());
    for (number, message) in (1..).zip(messages) {
        let message = content(number, message)?;
        order(number, &message, checked.last())?;
        checked.push(message);
    }
    match checked.last().map(|message| message.role) {
        None => Err(Problem::NoMessage),
        Some(Role::Assistant) => Ok(Content::Conversation(checked)),
        Some(role) => Err(Problem::NoReply(role)),
    }
}

fn content(number: usize, Message { role, content }: Message) -> Result<Message, Problem> {
    if content.len() > MOST_MESSAGE {
        return Err(Problem::Long { number, bytes: content.len() });
    }
    let content = content.replace("\r\n", "\n").replace('\t', " ");
    let content = match role {
        // As a machine takes a line that is typed. Between a tool and what the assistant goes on with, a space counts.
        Role::User | Role::System => content.trim().to_string(),
        Role::Assistant | Role::Tool => content,
    };
    if let Some(c) = content.chars().find(|&c| c.is_control() && c != '\n') {
        return Err(Problem::MessageControl { number, character: c.into() });
    }
    match content.trim().is_empty() && role != Role::Tool {
        true => Err(Problem::Empty { number, role }),
        false => Ok(Message { role, content }),
    }
}

fn order(number: usize, message: &Message, before: Option<&Message>) -> Result<(), Problem> {
    let role = message.role;
    let wrong =
        |wants| Err(Problem::Order { number, role, before: before.map(|message| message.role), wants });
    match (before.map(|message| message.role), role) {
        (None, Role::System | Role::User) | (Some(Role::System), Role::User) => Ok(()),
        (None | Some(Role::System), _) => wrong("the user begins, perhaps behind one of system"),
        (Some(Role::User), Role::Assistant) | (Some(Role::Tool), Role::Assistant) => Ok(()),
        (Some(Role::User), _) => wrong("the assistant answers the user"),
        (Some(Role::Tool), _) => wrong("the assistant goes on behind a tool"),
        (Some(Role::Assistant), Role::User) => Ok(()),
        (Some(Role::Assistant), Role::Tool) => {
            let said = before.map_or("", |message| message.content.as_str());
            let (_, name) = tool(said).ok_or(Problem::NoTool { number })?;
            match MARKS.contains(&format!("<{name}>").as_str()) {
                true => Err(Problem::ReservedTool { number: number - 1, name: name.to_string() }),
                false => Ok(()),
            }
        }
        (Some(Role::Assistant), _) => wrong("the user or a tool comes behind the assistant"),
    }
}

/// What is said before the token of a tool, and its name, where a message ends with one: `IT IS <temp>`.
pub fn tool(content: &str) -> Option<(&str, &str)> {
    let (said, name) = content.strip_suffix('>')?.rsplit_once('<')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    ((1..=TOOL_NAME).contains(&name.len()) && name.chars().all(is_name)).then_some((said, name))
}
