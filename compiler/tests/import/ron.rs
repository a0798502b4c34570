//! model.ron: the layout, and that nothing is lost.

use super::parts::{self, chat_mut, classify, layers, layers_mut, reader_mut};
use super::{seeded, small_chat, version1};
use mlc_compiler::import::{Options, load, ron};
use mlc_compiler::model::{
    Answer, Body, Chat, ContextEncoder, HashedText, Head, Layer, Model, QueryEncoder, Reader, WeightSet,
};
use proptest::prelude::*;

#[test]
fn a_chat_model_as_text() {
    insta::assert_snapshot!(ron::write(&small_chat()), @r#"
// A model for mlc. docs/model-format.md describes every field.
(
    format: 2,
    head: (
        name: "small",
        about: "Says a or b.",
        training: [
            ("pairs", "2"),
            ("seed", "1"),
        ],
    ),
    reader: HashedText(
        query: (buckets: 4, max_length: 62),
        context: (buckets: 3, length: 8),
    ),
    answer: Chat(
        charset: "ab\u{0}",
        max_reply: 50,
    ),
    body: Layers(
        layers: [
            (inputs: 7, outputs: 5, shift: 2),
            (inputs: 5, outputs: 3, shift: 2),
        ],
        parameters: [
            ( // layer 1
                bias: [
                    0, 1, -1, 300, -32768,
                ],
                weights: [
                    "sQQ",
                    "Syw",
                    "xBI",
                    "LDE",
                    "Egs",
                ],
            ),
            ( // layer 2
                bias: [
                    5, -6, 7,
                ],
                weights: [
                    "sQA",
                    "sQA",
                    "sQA",
                ],
            ),
        ],
    ),
)
"#);
}

#[test]
fn a_classifier_as_text() {
    let mut model = small_chat();
    classify(&mut model, 7, ["yes", "no", "say \"what\""]);
    model.head.training.clear();
    let text = ron::write(&model);
    let head = text.split("    body:").next().unwrap();
    insta::assert_snapshot!(head, @r#"
// A model for mlc. docs/model-format.md describes every field.
(
    format: 2,
    head: (
        name: "small",
        about: "Says a or b.",
        training: [],
    ),
    reader: HashedText(
        query: (buckets: 7, max_length: 62),
    ),
    answer: Label(labels: [
        "yes",
        "no",
        "say \"what\"",
    ]),
"#);
    assert_eq!(ron::read(&text, "model.ron"), Ok(model));
}

#[test]
fn the_documented_example_is_canonical() {
    let page = include_str!("../../../docs/model-format.md");
    let example = page.split("```ron\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let model = ron::read(example, "model.ron").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(ron::write(&model), example);
    // The row that the page takes apart.
    assert_eq!(layers(&model)[0].row(0), [0, 1, -1, -2, 1]);
}

#[test]
fn layout_and_comments_are_free() {
    let text = ron::write(&small_chat());
    // A byte order mark, line ends of another system, a struct name, comments, no last comma.
    let other = text.replace('\n', "\r\n").replace("(\r\n    format", "Model(/* 1 */ format");
    let other = format!("\u{feff}{}", other.replace(",\r\n)", "\r\n)"));
    assert_ne!(text, other);
    assert_eq!(ron::read(&other, "model.ron"), Ok(small_chat()));
}

#[test]
fn content_decides_not_the_name() {
    let text = ron::write(&small_chat());
    assert_eq!(load(text.as_bytes(), "model.npz", &Options::default()), Ok(small_chat()));
}

#[test]
fn a_row_of_256_weights_has_86_characters() {
    let mut model = small_chat();
    reader_mut(&mut model).query.buckets = 253;
    let first = &mut layers_mut(&mut model)[0];
    (first.inputs, first.weights) = (256, vec![-1; 256 * 5]);
    let text = ron::write(&model);
    assert_eq!(text.lines().filter(|l| l.trim() == format!("\"{}w\",", "/".repeat(85))).count(), 5);
    assert_eq!(ron::read(&text, "model.ron"), Ok(model));
}

#[test]
fn bands_and_sets_are_written_where_they_say_something() {
    let mut model = small_chat();
    reader_mut(&mut model).query.bands = 4;
    let [first, second] = &mut layers_mut(&mut model)[..] else { panic!("two layers") };
    first.set = WeightSet::Ternary;
    first.weights.iter_mut().for_each(|w| *w = (*w).max(-1));
    second.set = WeightSet::Binary;
    second.weights.iter_mut().for_each(|w| *w = if *w > 0 { 1 } else { -1 });
    let text = ron::write(&model);
    assert!(text.contains("query: (buckets: 4, bands: 4, max_length: 62),"), "{text}");
    assert!(text.contains("(inputs: 7, outputs: 5, shift: 2, set: Ternary),"), "{text}");
    assert!(text.contains("(inputs: 5, outputs: 3, shift: 2, set: Binary),"), "{text}");
    // +1 -1 -1 -1 -1 is the bit 0.
    assert_eq!(text.lines().filter(|l| l.trim() == "\"AQ\",").count(), 3, "{text}");
    assert_eq!(ron::read(&text, "model.ron"), Ok(model));
    // What is left out may also be said.
    let text = ron::write(&small_chat());
    let said =
        text.replace("buckets: 4,", "buckets: 4, bands: 1,").replace("shift: 2)", "shift: 2, set: Full)");
    assert_ne!(said, text);
    assert_eq!(ron::read(&said, "model.ron"), Ok(small_chat()));
}

#[test]
fn calibration_is_written_where_there_is_some() {
    let mut model = small_chat();
    model.head.calibration = vec!["say \"a\"".to_string(), "b?".to_string()];
    let text = ron::write(&model);
    let head =
        "\n        calibration: [\n            \"say \\\"a\\\"\",\n            \"b?\",\n        ],\n    ),\n";
    assert!(text.contains(head), "{text}");
    assert_eq!(ron::read(&text, "model.ron"), Ok(model));
    let none = ron::write(&small_chat()).replace("    training: [", "    calibration: [],\n    training: [");
    assert_eq!(ron::read(&none, "model.ron"), Ok(small_chat()));
}

#[test]
fn every_byte_can_be_in_a_charset() {
    let mut model = small_chat();
    let charset: Vec<u8> = (0..=255).rev().collect();
    layers_mut(&mut model)[1] = Layer {
        inputs: 5,
        outputs: 256,
        weights: vec![-2; 5 * 256],
        bias: vec![9; 256],
        shift: 0,
        set: WeightSet::Full,
    };
    chat_mut(&mut model).charset = charset;
    let text = ron::write(&model);
    let line = text.lines().find(|l| l.contains("charset:")).unwrap();
    insta::assert_snapshot!(line.trim(), @r##"charset: "ÿþýüûúùø÷öõôóòñðïîíìëêéèçæåäãâáàßÞÝÜÛÚÙØ×ÖÕÔÓÒÑÐÏÎÍÌËÊÉÈÇÆÅÄÃÂÁÀ¿¾½¼»º¹¸·¶µ´³²±°¯®\u{ad}¬«ª©¨§¦¥¤£¢¡\u{a0}\u{9f}\u{9e}\u{9d}\u{9c}\u{9b}\u{9a}\u{99}\u{98}\u{97}\u{96}\u{95}\u{94}\u{93}\u{92}\u{91}\u{90}\u{8f}\u{8e}\u{8d}\u{8c}\u{8b}\u{8a}\u{89}\u{88}\u{87}\u{86}\u{85}\u{84}\u{83}\u{82}\u{81}\u{80}\u{7f}~}|{zyxwvutsrqponmlkjihgfedcba`_^]\\[ZYXWVUTSRQPONMLKJIHGFEDCBA@?>=<;:9876543210/.-,+*)('&%$#\"! \u{1f}\u{1e}\u{1d}\u{1c}\u{1b}\u{1a}\u{19}\u{18}\u{17}\u{16}\u{15}\u{14}\u{13}\u{12}\u{11}\u{10}\u{f}\u{e}\u{d}\u{c}\u{b}\n\t\u{8}\u{7}\u{6}\u{5}\u{4}\u{3}\u{2}\u{1}\u{0}","##);
    assert_eq!(ron::read(&text, "model.ron"), Ok(model));
}

/// Layers of random widths from `inputs` to `outputs` with `hidden` between them.
fn random_layers(inputs: usize, hidden: Vec<usize>, outputs: usize) -> impl Strategy<Value = Vec<Layer>> {
    let mut widths = vec![inputs];
    widths.extend(hidden);
    widths.push(outputs);
    let layer = |w: &[usize]| {
        let (inputs, outputs) = (w[0], w[1]);
        prop::sample::select(&WeightSet::ALL[..]).prop_flat_map(move |set| {
            let weights = prop::collection::vec(prop::sample::select(set.weights()), inputs * outputs);
            let bias = prop::collection::vec(any::<i16>(), outputs);
            (weights, bias, 0u8..=7).prop_map(move |(weights, bias, shift)| Layer {
                inputs,
                outputs,
                weights,
                bias,
                shift,
                set,
            })
        })
    };
    widths.windows(2).map(layer).collect::<Vec<_>>()
}

fn answer() -> impl Strategy<Value = (Option<ContextEncoder>, Answer)> {
    let charset = prop::collection::btree_set(1u8.., 0..60).prop_flat_map(|set| {
        let set: Vec<u8> = set.into_iter().collect();
        Just(set).prop_shuffle().prop_map(|set| [&set[..], &[0]].concat())
    });
    let chat = (charset, 1u16..40, 1u8..=32, 1u8..).prop_map(|(charset, buckets, length, max_reply)| {
        (Some(ContextEncoder { buckets, length }), Answer::Chat(Chat { charset, max_reply }))
    });
    let labels = prop::collection::btree_set("[ -~]{1,12}", 1..20);
    let labels = labels.prop_flat_map(|set| Just(set.into_iter().collect::<Vec<_>>()).prop_shuffle());
    prop_oneof![chat, labels.prop_map(|labels| (None, parts::label(labels)))]
}

fn model() -> impl Strategy<Value = Model> {
    let text = || "\\PC{0,40}";
    let fact = (text(), text());
    let head = (
        "[A-Za-z0-9_-]{1,32}",
        prop_oneof![text(), "[ -~]{1000,3000}"],
        (1u16..60, 1u8..=16, 1u8..=127).prop_map(|(buckets, bands, max_length)| QueryEncoder {
            buckets,
            bands,
            max_length,
        }),
        answer(),
        prop::collection::vec(fact, 0..4),
        prop::collection::vec("[ -~]{0,20}[!-~][ -~]{0,106}", 0..4),
        prop::collection::vec(1usize..40, 0..4),
    );
    head.prop_flat_map(|(name, about, query, (context, answer), training, calibration, hidden)| {
        let reader = HashedText { query, context };
        let head = Head { name, about, training, calibration };
        let outputs = answer.classes().expect("charsets and labels say how many there are");
        random_layers(reader.inputs(), hidden, outputs).prop_map(move |layers| Model {
            head: head.clone(),
            reader: Reader::HashedText(reader.clone()),
            body: Body::Layers(layers),
            answer: answer.clone(),
        })
    })
}

proptest! {
    #![proptest_config(seeded(150))]

    #[test]
    fn nothing_is_lost_and_bytes_come_back(model in model()) {
        model.check().expect("the strategy keeps the rules");
        let text = ron::write(&model);
        let read = ron::read(&text, "model.ron").expect("what was written is read");
        prop_assert_eq!(&read, &model);
        prop_assert_eq!(ron::write(&read), text);
        prop_assert_eq!(ron::read(&version1(&model), "model.ron"), Ok(model));
    }

    #[test]
    fn damaged_text_never_panics(at in 0usize..2000, new in any::<char>(), cut in any::<bool>()) {
        let mut text: Vec<char> = ron::write(&small_chat()).chars().collect();
        let at = at % text.len();
        if cut { text.truncate(at) } else { text[at] = new }
        let text: String = text.into_iter().collect();
        // A change may be harmless (a comment, a fact); what is read must keep the rules then.
        if let Ok(model) = ron::read(&text, "model.ron") {
            prop_assert_eq!(model.check(), Ok(()));
        }
    }
}

#[test]
fn a_margin_is_written_where_there_is_one() {
    let mut model = small_chat();
    classify(&mut model, 7, ["a", "b", "c"]);
    let sure = model.clone();
    let Answer::Label { margin, .. } = &mut model.answer else { panic!("a classifier") };
    *margin = 255;
    let text = ron::write(&model);
    assert!(text.contains(", margin: 255)"), "{text}");
    assert_eq!(ron::read(&text, "model.ron"), Ok(model));
    assert!(!ron::write(&sure).contains("margin"));
    // What is left out may also be said.
    assert_eq!(ron::read(&text.replace("margin: 255", "margin: 0"), "model.ron"), Ok(sure));
    assert!(ron::read(&text.replace("margin: 255", "margin: 256"), "model.ron").is_err());
    assert!(ron::read(&text.replace("margin: 255", "margin: -1"), "model.ron").is_err());
}
