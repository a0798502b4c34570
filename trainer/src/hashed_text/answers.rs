//! What a network answers, for many queries at once.

use super::dataset::{Example, Inputs};
use super::figures::{chosen, outputs};
use super::network::Network;
use super::sparse::Sparse;
use mlc_compiler::arithmetic::network::decide;
use mlc_compiler::model::{Answer, Chat, HashedText, Model, Reader, with_unsure};

/// The replies (or labels) that the machine gives to queries, normalized or not.
pub fn answers(model: &Model, queries: &[&[u8]], threads: usize) -> Vec<Vec<u8>> {
    let Reader::HashedText(reader) = &model.reader else { unreachable!("a model of hashed text") };
    let network = Network::from_model(model);
    let mut encoded = Sparse::new();
    for query in queries {
        encoded.push_query(&mlc_compiler::text::normalize(query), &reader.query);
    }
    match &model.answer {
        Answer::Label { labels, margin } => {
            let mut windows = Sparse::new();
            windows.push_none();
            let inputs = Inputs { queries: &encoded, windows: &windows };
            let examples: Vec<_> =
                (0..queries.len()).map(|i| Example { query: i as u32, window: 0, target: 0 }).collect();
            // Logits are integers.
            let sure = |logits: &[f32]| {
                decide(&logits.iter().map(|&logit| logit as i32).collect::<Vec<_>>(), *margin)
            };
            let outputs = chosen(&network, inputs, &examples, threads, sure);
            let labels = with_unsure(labels, *margin);
            outputs.iter().map(|&i| labels[usize::from(i)].clone().into_bytes()).collect()
        }
        Answer::Story(_) | Answer::Class(_) | Answer::Numbers(_) => unreachable!("a model of hashed text"),
        Answer::Chat(chat) => replies(&network, reader, chat, &encoded, queries.len(), threads),
    }
}

/// All replies a character at a time; those that are complete drop out.
fn replies(
    network: &Network,
    reader: &HashedText,
    chat: &Chat,
    queries: &Sparse,
    count: usize,
    threads: usize,
) -> Vec<Vec<u8>> {
    let mut replies = vec![Vec::new(); count];
    let mut open: Vec<(usize, Vec<u8>)> = (0..count).map(|i| (i, reader.empty_window())).collect();
    for _ in 0..chat.max_reply {
        let mut windows = Sparse::new();
        let examples: Vec<_> = open
            .iter()
            .map(|(i, window)| Example {
                query: *i as u32,
                window: windows.push_window(window, reader),
                target: 0,
            })
            .collect();
        let outputs = outputs(network, Inputs { queries, windows: &windows }, &examples, threads);
        let mut next = outputs.iter().map(|&output| chat.charset[usize::from(output)]);
        open.retain_mut(|(i, window)| match next.next() {
            None | Some(0) => false,
            Some(c) => {
                replies[*i].push(c);
                HashedText::push(window, c);
                true
            }
        });
    }
    replies
}
