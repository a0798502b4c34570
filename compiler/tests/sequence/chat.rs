//! Chat templates as published folders have them, and what becomes of them.

use mlc_compiler::import::sequence::hugging_face::File;
use mlc_compiler::import::sequence::hugging_face::chat::{Chat, NoTurns, Template, turns, written};
use mlc_compiler::model::Turns;
use mlc_compiler::tokens::{Part, Prefix, Special, Tokenizer};
use serde_json::{Value, json};

/// Of SmolLM2, Qwen and others, with a message of the system where a conversation has none.
const CHATML: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
    {{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}\
    {{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
/// Of TinyLlama's chat, on lines of its own.
const ZEPHYR: &str = "{% for message in messages %}\n{% if message['role'] == 'user' %}\n\
    {{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n\
    {{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n\
    {{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n\
    {% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}";
/// Of Llama 2, with Python's methods and a refusal.
const LLAMA2: &str = "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
    {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
    {% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + message['content'].strip() + ' [/INST]' }}\
    {% elif message['role'] == 'assistant' %}{{ ' ' + message['content'].strip() + ' ' + eos_token }}{% endif %}\
    {% endfor %}";

/// Characters, with the marks of all of these.
fn tokenizer() -> Tokenizer {
    let mut pieces: Vec<Vec<u8>> = (b' '..=b'~').chain([b'\n']).map(|byte| vec![byte]).collect();
    let marks = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|user|>", "<|system|>", "<|assistant|>"];
    let first = pieces.len() as u32;
    pieces.resize(pieces.len() + marks.len(), Vec::new());
    let specials = marks.iter().zip(first..).map(|(text, id)| Special::control(id, text)).collect();
    Tokenizer { specials, ..Tokenizer::characters(pieces, None).expect("each is one character") }
}

/// The same as SentencePiece has it: a text starts with a space, whatever it is.
fn with_prefix() -> Tokenizer {
    Tokenizer { prefix: Some(Prefix { text: " ".into(), first_only: true }), ..tokenizer() }
}

fn template(source: &str) -> Template {
    let config = json!({ "chat_template": source, "bos_token": "<s>", "eos_token": { "content": "</s>" } });
    read(&config).expect("it can be read").expect("there is one")
}

fn read(config: &Value) -> Result<Option<Template>, String> {
    let bytes = config.to_string().into_bytes();
    Template::read(Some(&File { name: "tokenizer_config.json", bytes: &bytes }), None)
        .map_err(|e| e.to_string())
}

fn chat(source: &str, tokenizer: &Tokenizer) -> Chat {
    found(&template(source), tokenizer).unwrap_or_else(|e| panic!("{source}: {e}"))
}

fn found(template: &Template, tokenizer: &Tokenizer) -> Result<Chat, NoTurns> {
    turns(&template.rendered()?, tokenizer)
}

/// Tokens in words: special ones by their written form.
fn words(tokens: &[u32], tokenizer: &Tokenizer) -> String {
    let word = |id: &u32| match tokenizer.specials.iter().find(|special| special.id == *id) {
        Some(special) => special.text.clone(),
        None => String::from_utf8(tokenizer.pieces[*id as usize].clone()).expect("ASCII"),
    };
    tokens.iter().map(word).collect()
}

#[track_caller]
fn is(chat: &Chat, tokenizer: &Tokenizer, wants: [&str; 4], end: &str) {
    let Turns { start, before, after, close, keeps } = &chat.turns;
    assert_eq!([start, before, after, close].map(|tokens| words(tokens, tokenizer)), wants.map(String::from));
    assert!(*keeps);
    assert_eq!(words(&chat.end.into_iter().collect::<Vec<_>>(), tokenizer), end);
}

#[test]
fn published_templates_become_turns() {
    let t = tokenizer();
    let chatml = chat(CHATML, &t);
    let wants = [
        "<|im_start|>system\nYou help.",
        "<|im_end|>\n<|im_start|>user\n",
        "<|im_end|>\n<|im_start|>assistant\n",
        "",
    ];
    is(&chatml, &t, wants, "<|im_end|>");
    is(&chat(ZEPHYR, &t), &t, ["", "<|user|>\n", "</s>\n<|assistant|>\n", "</s>\n"], "</s>");
    is(&chat(LLAMA2, &t), &t, ["", "<s>[INST] ", " [/INST]", "</s>"], "</s>");
    // Behind a mark and a line's end there is no space: lines bring none then.
    let p = with_prefix();
    let zephyr = chat(ZEPHYR, &p);
    assert_eq!((&zephyr.turns, &zephyr.lines.prefix), (&chat(ZEPHYR, &t).turns, &None));
    // What a folder does not have is no text, and there are no tools.
    let source = format!("{{{{ bos_token }}}}{{% if tools is not none %}}<s>{{% endif %}}{CHATML}");
    let bare =
        read(&json!({ "chat_template": source, "bos_token": null })).expect("read").expect("there is one");
    assert_eq!(found(&bare, &t).expect("turns").turns, chatml.turns);
    // A line brings its space itself there.
    let llama = chat(LLAMA2, &p);
    let line = p.encode(b"hello").expect("characters");
    let whole = p
        .encode_parts(&[Part::Template(b"<s>[INST] "), Part::Text(b"hello"), Part::Template(b" [/INST]")])
        .expect("characters");
    assert_eq!([llama.turns.before, line, llama.turns.after].concat(), whole);
}

#[test]
fn what_is_written_says_the_same() {
    for (source, t) in [(CHATML, tokenizer()), (ZEPHYR, tokenizer()), (LLAMA2, with_prefix())] {
        let turns = chat(source, &t).turns;
        let text = written(&turns, &t).unwrap_or_else(|| panic!("{source}"));
        let own = File { name: "chat_template.jinja", bytes: text.as_bytes() };
        let again = Template::read(None, Some(&own)).expect("a text").expect("one");
        let again = found(&again, &t).expect("turns");
        assert_eq!(again.turns, turns, "{text}");
    }
    let unsaid = Turns { before: vec![96], ..Turns::default() };
    let bare = Tokenizer { specials: vec![], ..tokenizer() };
    assert_eq!(written(&unsaid, &bare), None, "a token without a written form");
}

#[test]
fn a_file_of_its_own_stands_above_the_other() {
    let config = json!({ "chat_template": [{ "name": "rag", "template": "x" }, { "name": "default", "template": "y" }] });
    assert_eq!(read(&config).expect("read").expect("there is one").source(), "y");
    assert_eq!(read(&json!({ "chat_template": null })), Ok(None));
    assert_eq!(read(&json!({ "chat_template": [] })), Ok(None));
    let bytes = config.to_string().into_bytes();
    let (config, own) = (File { name: "c", bytes: &bytes }, File { name: "o", bytes: b"z" });
    assert_eq!(Template::read(Some(&config), Some(&own)).expect("read").expect("one").source(), "z");
    let wrong = read(&json!({ "chat_template": 7 })).expect_err("a number");
    assert_eq!(wrong, "tokenizer_config.json: chat_template is 7, a text wanted");
    let own = File { name: "o", bytes: b"\xff" };
    assert_eq!(
        Template::read(None, Some(&own)).expect_err("bytes").to_string(),
        "o: the chat template is no text in UTF-8, a template in Jinja wanted"
    );
    let long = vec![b' '; (256 << 10) + 1];
    let own = File { name: "o", bytes: &long };
    assert!(Template::read(None, Some(&own)).expect_err("long").to_string().contains("at most"));
}

#[test]
fn what_no_tokens_around_a_line_can_say_is_refused() {
    let refused = |source: &str| found(&template(source), &tokenizer()).expect_err("no turns");
    let varies = [
        "",
        "the same for all",
        "{% for m in messages %}{{ loop.index }}{{ m['content'] }}{% endfor %}",
        "{% for m in messages %}{{ m['content'] | upper }}{% endfor %}",
        "{% for m in messages %}{{ m['content'] }}{{ m['content'] }}{% endfor %}",
        "{{ messages[-1]['content'] }}",
    ];
    for source in varies {
        assert_eq!(refused(source), NoTurns::Varies, "{source}");
    }
    for source in [
        "{% for m in messages %}",
        "{{ raise_exception('no') }}",
        "{{ strftime_now('%d') }}",
        "{{ nothing() }}",
        "{% for i in range(9999) %}{% for j in range(9999) %}{{ i }}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% include 'x' %}",
    ] {
        let error = refused(source);
        assert!(matches!(error, NoTurns::Render(_)), "{source}: {error}");
    }
    let strange = "{% for m in messages %}{{ 'é' if m['role'] == 'user' }}{{ m['content'] }}{% endfor %}";
    assert!(matches!(refused(strange), NoTurns::Tokens(_)));
}
