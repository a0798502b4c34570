//! Every error of a model.ron, to the letter.

use super::model_ron::{LIMITS, TRUNCATED, WRITTEN_SO, refused};
use super::parts::layers_mut;
use super::{shown, small_chat};
use mlc_compiler::import::{Options, Position, load, ron};
use mlc_compiler::model::WeightSet;

/// Checks the error of the small model's text with `from` made `to`.
#[track_caller]
fn case(from: &str, to: &str, expected: &str) {
    refused(&ron::write(&small_chat()), from, to, expected);
}

#[test]
fn not_a_model() {
    let help = "help: give a model.ron, an .npz, a .pt, a .safetensors, a .tflite or an .onnx; docs/import.md says what is read from each";
    let cases: [(&[u8], &str); 7] = [
        (b"", "an empty file"),
        (b" \n", "an empty file"),
        (b"// C++\nint main() {}", "some other text"),
        (b"[package]\nname = \"a\"", "some other text"),
        (b"{\"format\": 1}", "some other text"),
        (b"\xff\xfe\x00", "neither text nor an archive that mlc knows"),
        (b"\x93NUMPY\x01\x00", "a single NumPy array (.npy), not an .npz with all of them"),
    ];
    for (bytes, what) in cases {
        let e = load(bytes, "a/file", &Options::default()).expect_err("no model");
        assert_eq!(e.position, None);
        assert_eq!(shown(e), format!("a/file: not a model: this is {what}\n{help}"));
    }
}

#[test]
fn versions() {
    case(
        "format: 2",
        "format: 4",
        ":3:13: format: this file is format 4, this mlc reads 1 to 2\nhelp: use a newer mlc",
    );
    // The version is checked before fields that only a newer mlc knows.
    case(
        "format: 2,",
        "format: 3, wings: [1, (2)],",
        ":3:13: format: this file is format 3, this mlc reads 1 to 2\nhelp: use a newer mlc",
    );
    case(
        "format: 2",
        "format: 0",
        ":3:13: format: this file is format 0, this mlc reads 1 to 2\n\
         help: there was no such format: correct the field, or write the file again",
    );
    case(
        "    format: 2,\n",
        "",
        ":2:1: format: the field is missing\nhelp: a model.ron starts with `format: 2`",
    );
    case("format: 2", "format: \"2\"", &format!(":3:12: format: expected integer\n{WRITTEN_SO}"));
    // What one format says in its words is nothing in the other.
    case(
        "format: 2",
        "format: 1",
        ":4:5: there is no field `head` here, only `format`, `name`, `about`, `query`, `output`, `training`, \
         `calibration`, `layers`, `parameters`\nhelp: correct its name or take it out",
    );
}

#[test]
fn syntax() {
    let syntax = |from: &str, to: &str, error: &str| case(from, to, &format!("{error}\n{WRITTEN_SO}"));
    syntax("inputs: 7, outputs", "inputs: 7 outputs", ":22:24: body.layers[1]: expected comma");
    syntax("buckets: 4", "buckets: \"4\"", ":13:25: reader.query.buckets: expected integer");
    syntax("Says a", "Says \\q a", ":6:17: head.about: unknown escape character");
    syntax("\n)\n", "\n)\n)", ":50:2: non-whitespace trailing characters");
    syntax(
        "HashedText(",
        "Text(",
        ":12:13: reader: unexpected variant named `Text` in enum `Reader`, expected one of `HashedText`, `Tokens`, or `Sensors` instead",
    );
    syntax(
        "Layers(",
        "Layer(",
        ":20:11: body: unexpected variant named `Layer` in enum `Body`, expected one of `Layers`, `Transformer`, or `Network` instead",
    );
    syntax(
        "Chat(",
        "Chart(",
        ":16:13: answer: unexpected variant named `Chart` in enum `Answer`, \
         expected one of `Chat`, `Label`, `Story`, `Class`, or `Numbers` instead",
    );
    syntax(
        "Says a or b.\"",
        &format!("\", x: {}", "[".repeat(1000)),
        ":6:85: head.x: too many brackets, one in another",
    );
    syntax("head:", "he-ad:", ":4:5: `he-ad` is no name of a field");
    let text = ron::write(&small_chat());
    let cut = ron::read(&text[..text.find("\"Egs").unwrap()], "model.ron").expect_err("cut off");
    assert_eq!(cut.position, Some(Position { line: 34, column: 27 }));
    assert_eq!(
        shown(cut),
        format!("model.ron:34:27: body.parameters[1].weights: unexpected end of RON\n{WRITTEN_SO}")
    );
}

#[test]
fn fields() {
    case(
        "    name:",
        "    nom:",
        ":5:9: head: there is no field `nom` here, only `name`, `about`, `training`, `calibration`\nhelp: correct its name or take it out",
    );
    case(
        "max_reply:",
        "max_replies:",
        ":18:9: answer: there is no field `max_replies` here, only `charset`, `max_reply`\n\
         help: correct its name or take it out",
    );
    case(
        ", shift: 2",
        "",
        ":22:35: body.layers[1]: the field `shift` is missing\n\
         help: add it; docs/model-format.md describes every field",
    );
    case(
        "    about: \"Says a or b.\",\n",
        "",
        ":10:5: head: the field `about` is missing\nhelp: add it; docs/model-format.md describes every field",
    );
    case(
        "shift: 2",
        "shift: 2, shift: 2",
        ":22:47: body.layers[1]: the field `shift` is there twice\nhelp: take one of the two out",
    );
}

#[test]
fn numbers() {
    let number = |from: &str, to: &str, error: &str| case(from, to, &format!("{error}\n{LIMITS}"));
    number(
        "max_reply: 50",
        "max_reply: 256",
        ":18:20: answer.max_reply: the number is outside the range of its field",
    );
    number("300,", "32768,", ":28:31: body.parameters[1].bias: the number is outside the range of its field");
    number(
        "buckets: 4",
        "buckets: -4",
        ":13:27: reader.query.buckets: the number is outside the range of its field",
    );
    number("buckets: 4", "buckets: 1025", ":13:26: query.buckets is 1025, outside 1..1024");
    number("max_length: 62", "bands: 0, max_length: 62", ":13:36: query.bands is 0, outside 1..16");
    number("max_length: 62", "max_length: 62, bands: 17", ":13:52: query.bands is 17, outside 1..16");
    number("max_length: 62", "max_length: 128", ":13:41: query.max_length is 128, outside 1..127");
    number("max_reply: 50", "max_reply: 0", ":18:20: max_reply is 0, outside 1..255");
    number("buckets: 3", "buckets: 0", ":14:28: context.buckets is 0, outside 1..1024");
    number("length: 8", "length: 33", ":14:39: context.length is 33, outside 1..32");
    number("shift: 2", "shift: 8", ":22:44: layers[1].shift is 8, outside 0..7");
    number("outputs: 5", "outputs: 1025", ":22:34: layers[1].outputs is 1025, outside 1..1024");
    number("buckets: 4", "buckets: 1.5", ":13:27: reader.query.buckets: 1.5 is no whole number");
    number("max_reply: 50", "max_reply: 5e1", ":18:20: answer.max_reply: 5e1 is no whole number");
    number("300,", "0.5,", ":28:32: body.parameters[1].bias: 0.5 is no whole number");
    // Not even multiplied.
    number(
        "inputs: 7",
        "inputs: 18446744073709551615",
        ":22:22: layers[1].inputs is 18446744073709551615, outside 1..1024",
    );
}

#[test]
fn head() {
    case(
        "\"small\"",
        "\"a b\"",
        ":5:15: name: \"a b\" is no name for a model\nhelp: use 1 to 32 letters, digits, '-' and '_'",
    );
    case(
        "ab\\u{0}",
        "ab",
        ":17:18: charset does not end with the end mark (NUL)\n\
         help: append NUL to the charset: the last output is the end of the reply",
    );
    case(
        "ab\\u{0}",
        "a\u{20ac}\\u{0}",
        ":17:18: charset: character 1 is '\u{20ac}' (U+20AC), beyond U+00FF\n\
         help: a character is one byte: use characters up to U+00FF (Latin-1) only",
    );
    case(
        "ab\\u{0}",
        &format!("{}\\u{{0}}", "a".repeat(256)),
        ":17:18: charset has 257 characters, at most 256 are possible\n\
         help: train with fewer distinct characters in the replies",
    );
    let chat = "Chat(\n        charset: \"ab\\u{0}\",\n        max_reply: 50,\n    )";
    case(
        chat,
        "Label(labels: [\n\"a\",\n\"\"])",
        ":18:1: labels[1] is empty or holds something else than printable ASCII\n\
         help: give every class a printable label",
    );
    case(chat, "Label(labels: [])", &format!(":16:27: labels: their number is 0, outside 1..1024\n{LIMITS}"));
}

#[test]
fn calibration() {
    let with = |list: &str, error: &str| {
        case("    training: [", &format!("    calibration: {list},\n        training: ["), error);
    };
    let wrong = "is no query: printable ASCII, not blank, at most 127 characters\n\
                 help: correct the query or take it out: the list may be left out altogether";
    for query in ["", "  ", "caf\u{e9}", "a\\nb", &"x".repeat(128)] {
        with(&format!("[\"ok\", \"{query}\"]"), &format!(":7:29: calibration[1] {wrong}"));
    }
    with(
        &format!("[{}]", "\"a\",".repeat(257)),
        &format!(":7:22: calibration: their number is 257, outside 0..256\n{LIMITS}"),
    );
    with("[1]", &format!(":7:23: head.calibration: expected string\n{WRITTEN_SO}"));
}

#[test]
fn shapes() {
    let chain =
        "help: a layer takes what the one before gives; the file is damaged or was put together wrongly";
    case(
        "inputs: 5, outputs",
        "inputs: 6, outputs",
        &format!(":23:22: layers[2] takes 6 inputs, but layer 1 gives 5\n{chain}"),
    );
    case(
        "inputs: 7",
        "inputs: 9",
        &format!(":22:22: layers[1] takes 9 inputs, but the encoders give 7\n{chain}"),
    );
    case(
        "ab\\u{0}",
        "abc\\u{0}",
        ":16:13: the last layer gives 3 outputs, but charset or labels have 4\n\
         help: the last layer has one output a character or label",
    );
    case(
        "(inputs: 7, outputs: 5, shift: 2),\n            (inputs: 5, outputs: 3, shift: 2),",
        "",
        ":21:17: layers: there is none\nhelp: a network has at least one layer",
    );
}

#[test]
fn one_of_a_kind_is_singular() {
    let chain =
        "help: a layer takes what the one before gives; the file is damaged or was put together wrongly";
    case(
        "inputs: 5, outputs",
        "inputs: 1, outputs",
        &format!(":23:22: layers[2] takes 1 input, but layer 1 gives 5\n{chain}"),
    );
    case(
        "outputs: 3,",
        "outputs: 1,",
        ":16:13: the last layer gives 1 output, but charset or labels have 3\n\
         help: the last layer has one output a character or label",
    );
    case(
        "5, -6, 7,",
        "5,",
        ":39:23: layers[2] has 1 bias, its shape wants 3\nhelp: the file is truncated or damaged: write it again",
    );
    case(
        "\"Syw\",\n                    \"xBI\",\n                    \"LDE\",\n                    \"Egs\",",
        "",
        &format!(":30:26: parameters[1].weights: 1 row found, 5 wanted, one an output\n{TRUNCATED}"),
    );
    case(
        "Syw",
        "S",
        &format!(
            ":32:21: parameters[1].weights: the row of output 1 has 1 character, 3 wanted for 7 weights\n{TRUNCATED}"
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
            ":31:21: layers[1]: the weight of output 0 for input 3 is -2, not in the set Ternary [-1, 0, 1]\n{larger}"
        ),
    );
    case(
        "shift: 2",
        "shift: 2, set: Binary",
        &format!(
            ":31:21: parameters[1].weights: the row of output 0 has 3 characters, 2 wanted for 7 weights\n{TRUNCATED}"
        ),
    );
    case(
        "shift: 2",
        "shift: 2, set: Wide",
        &format!(
            ":22:52: body.layers[1].set: unexpected variant named `Wide` in enum `WeightSet`, \
             expected one of `Full`, `Ternary`, or `Binary` instead\n{WRITTEN_SO}"
        ),
    );
}

#[test]
fn a_model_made_in_memory_keeps_to_its_sets() {
    let mut model = small_chat();
    layers_mut(&mut model)[1].set = WeightSet::Binary;
    let e = model.check().expect_err("weight 1 is 0");
    assert_eq!(
        e.to_string(),
        "layers[2]: the weight of output 0 for input 1 is 0, not in the set Binary [-1, 1]"
    );
    layers_mut(&mut model)[1].set = WeightSet::Full;
    layers_mut(&mut model)[0].weights[9] = 2;
    let e = model.check().expect_err("2 is in no set");
    assert_eq!(
        e.to_string(),
        "layers[1]: the weight of output 1 for input 2 is 2, not in the set Full [-2, -1, 0, 1]"
    );
}

#[test]
fn weights() {
    let cut = |from: &str, to: &str, error: &str| case(from, to, &format!("{error}\n{TRUNCATED}"));
    cut(
        "            ( // layer 2",
        "            (bias: [], weights: []), ( // layer 2",
        ":25:21: parameters: 3 found, 2 wanted, one for each of `layers`",
    );
    cut(
        "                    \"Syw\",\n",
        "",
        ":30:26: parameters[1].weights: 4 rows found, 5 wanted, one an output",
    );
    cut(
        "Syw",
        "Sy",
        ":32:21: parameters[1].weights: the row of output 1 has 2 characters, 3 wanted for 7 weights",
    );
    cut(
        "Syw",
        "SywA",
        ":32:21: parameters[1].weights: the row of output 1 has 4 characters, 3 wanted for 7 weights",
    );
    case(
        "300, ",
        "",
        ":27:23: layers[1] has 4 biases, its shape wants 5\n\
         help: the file is truncated or damaged: write it again",
    );
    let damaged = "help: the file is damaged: write it again";
    case(
        "Syw",
        "S=w",
        &format!(
            ":32:21: parameters[1].weights: character 1 in the row of output 1 is '=', which is not base64\n{damaged}"
        ),
    );
    // Bits behind the last byte, and a code behind the last weight.
    for row in ["Syx", "S6w"] {
        case(
            "Syw",
            row,
            &format!(
                ":32:21: parameters[1].weights: in the row of output 1, bits behind the last weight are not zero\n{damaged}"
            ),
        );
    }
}

/// What ties the parts together.
#[test]
fn a_chat_has_a_context_and_only_a_chat() {
    case(
        "        context: (buckets: 3, length: 8),\n",
        "",
        ":12:13: the reader has no context, but a chat reads what it has said so far\n\
         help: give the reader a context, or let the answer be a label",
    );
    case(
        "Chat(\n        charset: \"ab\\u{0}\",\n        max_reply: 50,\n    )",
        "Label(labels: [\"a\", \"b\", \"c\"])",
        ":14:18: the reader has a context, but what answers with a label says nothing that it could read\n\
         help: take the context out, or let the answer be a chat",
    );
}
