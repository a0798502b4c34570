//! What [`lint`](super::lint()) says of small lists.

use super::{LintOptions, lint};
use crate::pairs::{Limits, Pairs};
use mlc_compiler::model::{Answer, Body, HashedText, Head, Model, QueryEncoder, Reader};

fn findings(text: &str, buckets: u16, rare: usize, model: Option<&Model>) -> Vec<String> {
    look(text, buckets, rare, model, Some(8))
}

fn look(text: &str, buckets: u16, rare: usize, model: Option<&Model>, window: Option<usize>) -> Vec<String> {
    let mut pairs = Pairs::default();
    pairs.read(&mut text.as_bytes(), "f", &Limits::default()).unwrap();
    let encoder = QueryEncoder { buckets, bands: 1, max_length: 62 };
    let limits = Limits::default();
    let options = LintOptions { encoder, model, rare, places: 3, limits, window };
    let (mut last, mut all) = (0, 0);
    let found = lint(&pairs, &options, &mut |done, of| {
        assert!(last <= done && done <= of, "{last}, {done} of {of}");
        (last, all) = (done, of);
    });
    assert!(all <= pairs.pairs.len());
    found.iter().map(|f| format!("{:?} {} [{}]", f.severity, f.remark, f.places.join(" "))).collect()
}

#[test]
fn contradictions_and_the_ceiling() {
    assert_eq!(
        findings("hi|A\nhi|B\nhi|B\nyou|A\n", 128, 0, None),
        [
            "Warning \"hi\" has 2 different replies: \"B\" 2 x, \"A\" 1 x [f:1 f:2 f:3]",
            "Warning contradictions: at most 3 of 4 replies (75.0 %) can come out right []",
            "Note pairs that say a pair again word for word: 1 [f:3]",
        ]
    );
}

#[test]
fn queries_the_network_cannot_tell_apart() {
    // With a single bucket only the length tells.
    assert_eq!(
        findings("ab|A\ncd|B\nefg|A\n", 1, 0, None),
        ["Warning the same to the network, which sees only trigram counts, but with different replies: \
          \"ab\", \"cd\" [f:1 f:2]"]
    );
    assert_eq!(
        findings(
            "where do you live|A\nat 10 pm in the bar|A\nat 11 pm in the bar|B\nwhere do you live, now|B\n",
            1024,
            0,
            None
        ),
        ["Warning nearly the same, but with different replies: \"where do you live\", \
          \"where do you live, now\" [f:1 f:4]"]
    );
    assert_eq!(
        findings(
            "where do you live|A\nwhere do you live now|A\nwho|B\nwhy|C\nare you well|D\nare you a wall|E\n",
            1024,
            0,
            None
        ),
        ["Note queries nearly the same, with the same reply: 1, as \"where do you live\", \
          \"where do you live now\" [f:1 f:2]"]
    );
    assert_eq!(
        findings("whats up?|A\nwhats up|B\nwhat's new|C\nwhats new|C\n", 128, 0, None),
        ["Warning nearly the same, but with different replies: \"whats up\", \"whats up?\" [f:1 f:2]"]
    );
}

#[test]
fn replies_that_go_in_circles() {
    assert_eq!(
        findings("laugh|Ha ha ha ha ha!\nlaugh less|Ha ha ha!\nsay|A long way, a LONG way!\n", 128, 0, None),
        [
            "Warning no network can say \"A long way, a LONG way!\": after \"long way\" comes ',' and elsewhere '!' [f:3]",
            "Warning no network can say \"Ha ha ha ha ha!\": after \"ha ha ha\" comes ' ' and elsewhere '!' [f:1]",
        ]
    );
}

#[test]
fn characters_lengths_and_balance() {
    let mut text: String =
        (0..120).map(|i| format!("query {i}|{}\n", if i < 100 { "AA" } else { "B" })).collect();
    text.push_str("caf\u{e9}|ACAB\nlong|AAAAAAAAAAAAAAAA\nlimit|");
    text.push_str(&"A".repeat(60));
    text.push_str("\nc|CC\nd|DD\n");
    assert_eq!(
        findings(&text, 1024, 2, None),
        [
            "Warning no network can say \"AAAAAAAAAAAAAAAA\": after \"aaaaaaaa\" comes 'A' and elsewhere the end \
             [f:122]",
            "Warning reply \"AA\" has 80.0 % of the pairs, 6 other replies the rest []",
            "Warning replies cut to 50 characters: 1 []",
            "Note \"café\" has 'é', which nobody can type at the machine [f:121]",
            "Note 'D' costs an output of its own, for 1 of the replies [f:125]",
            "Note the reply \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\" has 50 characters; 99 of 100 \
             have at most 16 [f:123]",
        ]
    );
}

#[test]
fn what_a_model_cannot_say() {
    use mlc_compiler::model::{Chat, ContextEncoder, Layer};
    let query = QueryEncoder { buckets: 4, bands: 1, max_length: 62 };
    let layer = |inputs, outputs| Layer {
        inputs,
        outputs,
        weights: vec![0; inputs * outputs],
        bias: vec![0; outputs],
        shift: 2,
        set: mlc_compiler::model::WeightSet::Full,
    };
    let context = Some(ContextEncoder { buckets: 4, length: 8 });
    let mut model = Model {
        head: Head { name: "m".into(), ..Head::default() },
        reader: Reader::HashedText(HashedText { query: query.clone(), context }),
        body: Body::Layers(vec![layer(8, 3)]),
        answer: Answer::Chat(Chat { charset: b"AB\0".to_vec(), max_reply: 50 }),
    };
    assert_eq!(
        findings("one|AB\ntwo|AC\n", 128, 9, Some(&model)),
        ["Warning 'C' is not in the charset of the model [f:2]"]
    );
    model.reader = Reader::HashedText(HashedText { query, context: None });
    model.answer = Answer::Label { labels: vec!["AB".into()], margin: 0 };
    model.body = Body::Layers(vec![layer(4, 1)]);
    assert_eq!(
        findings("one|AB\ntwo|AC\n", 128, 9, Some(&model)),
        ["Warning label \"AC\" is not one of the model's [f:2]"]
    );
}

/// A label is one output: its letters cost nothing, but labels may be too many or too few.
#[test]
fn labels_are_no_characters() {
    let many: String = (0..95).map(|i| format!("query number {}|ON\n", i * 7919)).collect();
    let text = many + "off please|OFF\nout|OFF\nno light|OFF\nnow|On\nQ|ZYX-WVU\n";
    let long = "a label of many letters that nobody types";
    assert_eq!(
        look(&format!("{text}long|{long}\n"), 1024, 3, None, None),
        [
            "Warning label \"ON\" has 94.1 % of the pairs, 4 other labels the rest []".to_string(),
            "Warning labels that differ in case and spaces only are several labels: \"ON\" 95 x, \"On\" 1 x [f:99]"
                .to_string(),
            "Warning label \"On\" has 1 pair [f:99]".to_string(),
            "Warning label \"ZYX-WVU\" has 1 pair [f:100]".to_string(),
            format!("Warning label \"{long}\" has 1 pair [f:101]"),
        ]
    );
    // Two labels: nine of ten is too many, though it is less than twice the half. Two pairs are few.
    let two: String = (0..19).map(|i| format!("word {}|YES\n", i * 7919)).collect();
    assert_eq!(
        look(&(two.clone() + "never|NO\n"), 1024, 0, None, None),
        ["Warning label \"YES\" has 95.0 % of the pairs, 1 other label the rest []"]
    );
    assert_eq!(look("a|+1\nb|-1\nc|+1\nd|-1\n", 1024, 2, None, None), [""; 0]);
    assert_eq!(look("a|+1\nb|-1\nc|+1\nd|-1\n", 1024, 3, None, None).len(), 2);
    // Chats have no labels.
    let chat = findings(&(two + "never|NO\n"), 1024, 0, None);
    assert_eq!(chat, ["Warning reply \"YES\" has 95.0 % of the pairs, 1 other reply the rest []"]);
}

/// A label that a model has in another spelling.
#[test]
fn labels_of_a_model_are_compared_too() {
    use mlc_compiler::model::{Layer, WeightSet};
    let layer = Layer {
        inputs: 4,
        outputs: 2,
        weights: vec![0; 8],
        bias: vec![0; 2],
        shift: 2,
        set: WeightSet::Full,
    };
    let query = QueryEncoder { buckets: 4, bands: 1, max_length: 62 };
    let model = Model {
        head: Head { name: "m".into(), ..Head::default() },
        reader: Reader::HashedText(HashedText { query, context: None }),
        body: Body::Layers(vec![layer]),
        answer: Answer::Label { labels: vec!["ON".into(), "OFF".into()], margin: 0 },
    };
    assert_eq!(
        look("one|On\ntwo|OFF\n", 128, 3, Some(&model), None),
        [
            "Warning labels that differ in case and spaces only are several labels: \"On\" 1 x, \"ON\" 0 x [f:1]",
            "Warning label \"On\" is not one of the model's [f:1]",
        ]
    );
}
