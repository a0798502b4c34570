//! Every error of a model.ron of format 1, to the letter.

use super::model_ron::{LIMITS, TRUNCATED, WRITTEN_SO, refused};
use super::{shown, small_chat, version1};
use mlc_compiler::import::{Position, ron};

/// Checks the error of the small model's text with `from` made `to`.
#[track_caller]
fn case(from: &str, to: &str, expected: &str) {
    refused(&version1(&small_chat()), from, to, expected);
}

#[test]
fn versions() {
    case(
        "format: 1",
        "format: 3",
        ":3:13: format: this file is format 3, this mlc reads 1 to 2\nhelp: use a newer mlc",
    );
    case(
        "    format: 1,\n",
        "",
        ":2:1: format: the field is missing\nhelp: a model.ron starts with `format: 2`",
    );
    // What one format says in its words is nothing in the other.
    case(
        "format: 1",
        "format: 2",
        ":4:5: there is no field `name` here, only `format`, `head`, `reader`, `answer`, `body`\n\
         help: correct its name or take it out",
    );
}

#[test]
fn syntax() {
    let syntax = |from: &str, to: &str, error: &str| case(from, to, &format!("{error}\n{WRITTEN_SO}"));
    syntax("inputs: 7, outputs", "inputs: 7 outputs", ":17:20: layers[1]: expected comma");
    syntax("buckets: 4", "buckets: \"4\"", ":6:21: query.buckets: expected integer");
    syntax("Says a", "Says \\q a", ":5:13: about: unknown escape character");
    syntax("\n)\n", "\n)\n)", ":44:2: non-whitespace trailing characters");
    syntax(
        "Chat(",
        "Chart(",
        ":7:13: output: unexpected variant named `Chart` in enum `Output`, \
         expected either `Chat` or `Classifier` instead",
    );
    syntax(
        "Says a or b.\"",
        &format!("\", x: {}", "[".repeat(1000)),
        ":5:82: x: too many brackets, one in another",
    );
    syntax("name:", "na-me:", ":4:5: `na-me` is no name of a field");
    let text = version1(&small_chat());
    let cut = ron::read(&text[..text.find("\"Egs").unwrap()], "model.ron").expect_err("cut off");
    assert_eq!(cut.position, Some(Position { line: 29, column: 23 }));
    assert_eq!(
        shown(cut),
        format!("model.ron:29:23: parameters[1].weights: unexpected end of RON\n{WRITTEN_SO}")
    );
}

#[test]
fn fields() {
    case(
        "    name:",
        "    nom:",
        ":4:5: there is no field `nom` here, only `format`, `name`, `about`, `query`, `output`, `training`, \
         `calibration`, `layers`, `parameters`\nhelp: correct its name or take it out",
    );
    case(
        "max_reply:",
        "max_replies:",
        ":10:9: output: there is no field `max_replies` here, only `charset`, `context`, `max_reply`\n\
         help: correct its name or take it out",
    );
    case(
        ", shift: 2",
        "",
        ":17:31: layers[1]: the field `shift` is missing\n\
         help: add it; docs/model-format.md describes every field",
    );
    case(
        "    about: \"Says a or b.\",\n",
        "",
        ":43:1: the field `about` is missing\nhelp: add it; docs/model-format.md describes every field",
    );
    case(
        "shift: 2",
        "shift: 2, shift: 2",
        ":17:43: layers[1]: the field `shift` is there twice\nhelp: take one of the two out",
    );
}

#[test]
fn numbers() {
    let number = |from: &str, to: &str, error: &str| case(from, to, &format!("{error}\n{LIMITS}"));
    number(
        "max_reply: 50",
        "max_reply: 256",
        ":10:20: output.max_reply: the number is outside the range of its field",
    );
    number("300,", "32768,", ":23:27: parameters[1].bias: the number is outside the range of its field");
    number("buckets: 4", "buckets: -4", ":6:23: query.buckets: the number is outside the range of its field");
    number("buckets: 4", "buckets: 1025", ":6:22: query.buckets is 1025, outside 1..1024");
    number("max_length: 62", "bands: 0, max_length: 62", ":6:32: query.bands is 0, outside 1..16");
    number("max_length: 62", "max_length: 62, bands: 17", ":6:48: query.bands is 17, outside 1..16");
    number("max_length: 62", "max_length: 128", ":6:37: query.max_length is 128, outside 1..127");
    number("max_reply: 50", "max_reply: 0", ":10:20: max_reply is 0, outside 1..255");
    number("buckets: 3", "buckets: 0", ":9:28: context.buckets is 0, outside 1..1024");
    number("length: 8", "length: 33", ":9:39: context.length is 33, outside 1..32");
    number("shift: 2", "shift: 8", ":17:40: layers[1].shift is 8, outside 0..7");
    number("outputs: 5", "outputs: 1025", ":17:30: layers[1].outputs is 1025, outside 1..1024");
    number("buckets: 4", "buckets: 1.5", ":6:23: query.buckets: 1.5 is no whole number");
    number("max_reply: 50", "max_reply: 5e1", ":10:20: output.max_reply: 5e1 is no whole number");
    number("300,", "0.5,", ":23:28: parameters[1].bias: 0.5 is no whole number");
    // Not even multiplied.
    number(
        "inputs: 7",
        "inputs: 18446744073709551615",
        ":17:18: layers[1].inputs is 18446744073709551615, outside 1..1024",
    );
}

#[test]
fn head() {
    case(
        "\"small\"",
        "\"a b\"",
        ":4:11: name: \"a b\" is no name for a model\nhelp: use 1 to 32 letters, digits, '-' and '_'",
    );
    case(
        "ab\\u{0}",
        "ab",
        ":8:18: charset does not end with the end mark (NUL)\n\
         help: append NUL to the charset: the last output is the end of the reply",
    );
    case(
        "ab\\u{0}",
        "a\u{20ac}\\u{0}",
        ":8:18: charset: character 1 is '\u{20ac}' (U+20AC), beyond U+00FF\n\
         help: a character is one byte: use characters up to U+00FF (Latin-1) only",
    );
    case(
        "ab\\u{0}",
        &format!("{}\\u{{0}}", "a".repeat(256)),
        ":8:18: charset has 257 characters, at most 256 are possible\n\
         help: train with fewer distinct characters in the replies",
    );
    let chat = "Chat(\n        charset: \"ab\\u{0}\",\n        context: (buckets: 3, length: 8),\n        \
                max_reply: 50,\n    )";
    case(
        chat,
        "Classifier(labels: [\n\"a\",\n\"\"])",
        ":9:1: labels[1] is empty or holds something else than printable ASCII\n\
         help: give every class a printable label",
    );
    case(
        chat,
        "Classifier(labels: [])",
        &format!(":7:32: labels: their number is 0, outside 1..1024\n{LIMITS}"),
    );
}

#[test]
fn calibration() {
    let with = |list: &str, error: &str| {
        case("    layers: [", &format!("    calibration: {list},\n    layers: ["), error);
    };
    let wrong = "is no query: printable ASCII, not blank, at most 127 characters\n\
                 help: correct the query or take it out: the list may be left out altogether";
    for query in ["", "  ", "caf\u{e9}", "a\\nb", &"x".repeat(128)] {
        with(&format!("[\"ok\", \"{query}\"]"), &format!(":16:25: calibration[1] {wrong}"));
    }
    with(
        &format!("[{}]", "\"a\",".repeat(257)),
        &format!(":16:18: calibration: their number is 257, outside 0..256\n{LIMITS}"),
    );
    with("[1]", &format!(":16:19: calibration: expected string\n{WRITTEN_SO}"));
}

#[test]
fn shapes() {
    let chain =
        "help: a layer takes what the one before gives; the file is damaged or was put together wrongly";
    case(
        "inputs: 5, outputs",
        "inputs: 6, outputs",
        &format!(":18:18: layers[2] takes 6 inputs, but layer 1 gives 5\n{chain}"),
    );
    case(
        "inputs: 7",
        "inputs: 9",
        &format!(":17:18: layers[1] takes 9 inputs, but the encoders give 7\n{chain}"),
    );
    case(
        "ab\\u{0}",
        "abc\\u{0}",
        ":7:13: the last layer gives 3 outputs, but charset or labels have 4\n\
         help: the last layer has one output a character or label",
    );
    case(
        "(inputs: 7, outputs: 5, shift: 2),\n        (inputs: 5, outputs: 3, shift: 2),",
        "",
        ":16:13: layers: there is none\nhelp: a network has at least one layer",
    );
}

#[test]
fn one_of_a_kind_is_singular() {
    let chain =
        "help: a layer takes what the one before gives; the file is damaged or was put together wrongly";
    case(
        "inputs: 5, outputs",
        "inputs: 1, outputs",
        &format!(":18:18: layers[2] takes 1 input, but layer 1 gives 5\n{chain}"),
    );
    case(
        "outputs: 3,",
        "outputs: 1,",
        ":7:13: the last layer gives 1 output, but charset or labels have 3\n\
         help: the last layer has one output a character or label",
    );
    case(
        "5, -6, 7,",
        "5,",
        ":34:19: layers[2] has 1 bias, its shape wants 3\nhelp: the file is truncated or damaged: write it again",
    );
    case(
        "\"Syw\",\n                \"xBI\",\n                \"LDE\",\n                \"Egs\",",
        "",
        &format!(":25:22: parameters[1].weights: 1 row found, 5 wanted, one an output\n{TRUNCATED}"),
    );
    case(
        "Syw",
        "S",
        &format!(
            ":27:17: parameters[1].weights: the row of output 1 has 1 character, 3 wanted for 7 weights\n{TRUNCATED}"
        ),
    );
}

#[test]
fn weight_sets() {
    let larger = "help: quantize the weights to the layer's set, or give the layer a larger set";
    case(
        "shift: 2",
        "shift: 2, set: Ternary",
        &format!(
            ":26:17: layers[1]: the weight of output 0 for input 3 is -2, not in the set Ternary [-1, 0, 1]\n{larger}"
        ),
    );
    case(
        "shift: 2",
        "shift: 2, set: Binary",
        &format!(
            ":26:17: parameters[1].weights: the row of output 0 has 3 characters, 2 wanted for 7 weights\n{TRUNCATED}"
        ),
    );
    case(
        "shift: 2",
        "shift: 2, set: Wide",
        &format!(
            ":17:48: layers[1].set: unexpected variant named `Wide` in enum `WeightSet`, \
             expected one of `Full`, `Ternary`, or `Binary` instead\n{WRITTEN_SO}"
        ),
    );
}

#[test]
fn weights() {
    let cut = |from: &str, to: &str, error: &str| case(from, to, &format!("{error}\n{TRUNCATED}"));
    cut(
        "        ( // layer 2",
        "        (bias: [], weights: []), ( // layer 2",
        ":20:17: parameters: 3 found, 2 wanted, one for each of `layers`",
    );
    cut(
        "                \"Syw\",\n",
        "",
        ":25:22: parameters[1].weights: 4 rows found, 5 wanted, one an output",
    );
    cut(
        "Syw",
        "Sy",
        ":27:17: parameters[1].weights: the row of output 1 has 2 characters, 3 wanted for 7 weights",
    );
    cut(
        "Syw",
        "SywA",
        ":27:17: parameters[1].weights: the row of output 1 has 4 characters, 3 wanted for 7 weights",
    );
    case(
        "300, ",
        "",
        ":22:19: layers[1] has 4 biases, its shape wants 5\n\
         help: the file is truncated or damaged: write it again",
    );
    let damaged = "help: the file is damaged: write it again";
    case(
        "Syw",
        "S=w",
        &format!(
            ":27:17: parameters[1].weights: character 1 in the row of output 1 is '=', which is not base64\n{damaged}"
        ),
    );
    // Bits behind the last byte, and a code behind the last weight.
    for row in ["Syx", "S6w"] {
        case(
            "Syw",
            row,
            &format!(
                ":27:17: parameters[1].weights: in the row of output 1, bits behind the last weight are not zero\n{damaged}"
            ),
        );
    }
}
