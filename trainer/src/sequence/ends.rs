//! How many replies end by themselves.

use super::example::Example;
use super::figures::chosen;
use super::task::Texts;
use crate::threads;
use mlc_compiler::eval::Session;
use mlc_compiler::ir::{Graph, TypeError, build_scoring};
use mlc_compiler::model::{Model, Story};

/// Replies that are written at least, if there are so many: all would take long.
const ENOUGH: usize = 500;

/// Replies that a network wrote token by token, the first of the largest logits each time, behind what the data has before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    /// Replies that were begun.
    pub replies: usize,
    /// Those with an end mark before the model's most tokens.
    pub ended: usize,
}

/// Lets a sequence model write replies in the first of these texts, on so many threads. `None`: it has no end mark, it gives labels, or it
/// calls tools, whose answers nobody gives here.
///
/// # Errors
/// The model was not checked.
pub fn ends(model: &Model, texts: &Texts, threads: usize) -> Result<Option<Ends>, TypeError> {
    let (Some((.., story)), Some(graph)) = (model.sequence(), build_scoring(model)?) else { return Ok(None) };
    if story.ends.is_empty() || story.classifies() || !story.tools.is_empty() {
        return Ok(None);
    }
    let mut begun = 0;
    let few = texts.examples.iter().take_while(|example| {
        let wanted = begun < ENOUGH;
        begun += replies(example).count();
        wanted
    });
    let few: Vec<&Example> = few.collect();
    let share = threads::share(few.len(), threads);
    let mut found = vec![Ends::default(); few.len().div_ceil(share)];
    threads::each(few.chunks(share).zip(&mut found).collect(), |(examples, found)| {
        examples.iter().for_each(|example| write(&graph, story, example, found));
    });
    let add = |a: Ends, b: Ends| Ends { replies: a.replies + b.replies, ended: a.ended + b.ended };
    Ok(Some(found.into_iter().fold(Ends::default(), add)))
}

/// Where replies begin: at tokens that count, behind one that does not.
fn replies(example: &Example) -> impl Iterator<Item = usize> {
    (1..example.tokens.len()).filter(|&i| example.counts[i] && !example.counts[i - 1])
}

/// Writes the replies of a text, each behind the text's own tokens.
fn write(graph: &Graph, story: &Story, example: &Example, found: &mut Ends) {
    let mut session = Session::new(graph);
    let mut read = 0;
    for begin in replies(example) {
        let mut token = 0;
        session.read(&example.tokens[read..begin], &mut |logits| token = chosen(logits));
        read = begin;
        found.replies += 1;
        let mut writing = session.clone();
        // So many tokens are read, and one more is chosen behind the last.
        let most = usize::from(story.most);
        for position in begin..=most {
            if story.ends.contains(&token) {
                found.ended += 1;
                break;
            }
            if position < most {
                writing.read(&[token], &mut |logits| token = chosen(logits));
            }
        }
    }
}
