//! Data of sequence models: from bytes to examples of tokens.

use mlc_compiler::model::Action;
use mlc_compiler::tokens::{Fallback, Merge, Merges, Scheme};
use mlc_trainer::texts::tokenizer::{Choice, Fold, TokenizerKind};
use mlc_trainer::texts::{Cut, Example, Framing, Kind, Records, write};

fn records(name: &str, text: &str) -> Records {
    let mut records = Records::default();
    records.read(name, text.as_bytes(), None, Cut::Lines).unwrap_or_else(|e| panic!("{e}"));
    records
}

fn characters(fold: Fold) -> Choice {
    Choice { kind: TokenizerKind::Characters, fold }
}

/// Tokens as text, special ones by their name; those that count in capitals of their own: `[..]`.
fn shown(framing: &Framing, example: &Example) -> String {
    let mut text = String::new();
    let mut open = false;
    for (&token, &counts) in example.tokens.iter().zip(&example.counts) {
        if counts != open {
            text.push(if counts { '[' } else { ']' });
            open = counts;
        }
        let special = framing.tokenizer.specials.iter().find(|special| special.id == token);
        match special {
            Some(special) => text.push_str(&special.text),
            None => text.push_str(
                std::str::from_utf8(&framing.tokenizer.pieces[token as usize]).expect("characters"),
            ),
        }
    }
    text + if open { "]" } else { "" }
}

fn examples(records: &Records, length: usize) -> (Framing, Vec<String>) {
    let framing = Framing::fresh(records, Choice::default()).unwrap_or_else(|e| panic!("{e}"));
    let made = framing.examples(records, length).unwrap_or_else(|e| panic!("{e}"));
    assert!(made.examples.iter().all(|e| e.tokens.len() <= length && e.counts.contains(&true)));
    let shown = made.examples.iter().map(|e| shown(&framing, e)).collect();
    (framing, shown)
}

#[test]
fn pairs() {
    let records = records("a.txt", "HI|HO\nMY NAME IS ZORA|HELLO ZORA\n");
    let (framing, made) = examples(&records, 64);
    assert_eq!(made, ["HI<sep>[HO<end>]", "MY NAME IS ZORA<sep>[HELLO ZORA<end>]"]);
    let turns = framing.turns.as_ref().expect("pairs have turns");
    assert_eq!((turns.before.len(), turns.after.len(), turns.keeps), (0, 1, false));
    assert_eq!((framing.start.len(), framing.end), (0, Some(framing.tokenizer.pieces.len() as u32 - 1)));
    // Letters of one case: what is typed in the other is folded.
    assert_eq!(framing.tokenizer.encode(b"hi").unwrap(), framing.tokenizer.encode(b"HI").unwrap());
    let made = framing.examples(&records, 8).unwrap();
    assert_eq!((made.examples.len(), made.too_long, made.first_too_long.as_deref()), (1, 1, Some("a.txt:2")));
}

fn entry(messages: &[(&str, &str)]) -> String {
    let messages: Vec<_> = messages
        .iter()
        .map(|(role, content)| serde_json::json!({"role": role, "content": content}))
        .collect();
    serde_json::json!({ "messages": messages }).to_string() + "\n"
}

#[test]
fn conversations_are_cut_between_turns() {
    let turns: Vec<(String, String)> = (0..5).map(|i| (format!("Q{i}"), format!("A{i}"))).collect();
    let messages: Vec<(&str, &str)> =
        turns.iter().flat_map(|(q, a)| [("user", q.as_str()), ("assistant", a.as_str())]).collect();
    let records = records("a.jsonl", &entry(&messages));
    let whole = "<s><user>Q0<assistant>[A0<end>]<user>Q1<assistant>[A1<end>]<user>Q2<assistant>[A2<end>]<user>Q3<assistant>[A3<end>]<user>Q4<assistant>[A4<end>]";
    assert_eq!(examples(&records, 36).1, [whole]);
    let (framing, made) = examples(&records, 24);
    let wants = [
        "<s><user>Q0<assistant>[A0<end>]<user>Q1<assistant>[A1<end>]<user>Q2<assistant>[A2<end>]",
        "<s><user>Q2<assistant>A2<end><user>Q3<assistant>[A3<end>]<user>Q4<assistant>[A4<end>]",
    ];
    assert_eq!(made, wants);
    // A turn that is too long stands in nobody's context.
    let long = "X".repeat(30);
    let messages = [
        ("user", "A"),
        ("assistant", "B"),
        ("user", &long),
        ("assistant", "C"),
        ("user", "D"),
        ("assistant", "E"),
    ];
    let records = self::records("b.jsonl", &entry(&messages));
    let framing =
        Framing::fresh(&records, characters(Fold::Keep)).unwrap_or_else(|e| panic!("{e} {framing:?}"));
    let made = framing.examples(&records, 20).unwrap();
    let all: Vec<_> = made.examples.iter().map(|e| shown(&framing, e)).collect();
    assert_eq!(all, ["<s><user>A<assistant>[B<end>]", "<s><user>D<assistant>[E<end>]"]);
    assert_eq!((made.too_long, made.records), (1, vec![0, 0]));
}

#[test]
fn tools_are_called_and_read() {
    let one = entry(&[
        ("system", "BE SHORT"),
        ("user", "WARM?"),
        ("assistant", "IT IS <temp>"),
        ("tool", "21"),
        ("assistant", " C"),
    ]);
    let two = entry(&[
        ("system", "BE SHORT"),
        ("user", "ON <temp>"),
        ("assistant", "<lamp>"),
        ("tool", ""),
        ("assistant", "OK"),
    ]);
    let (framing, made) = examples(&records("a.jsonl", &(one.clone() + &two)), 64);
    let wants = [
        "<s><system>BE SHORT<user>WARM?<assistant>[IT IS <temp>]21[ C<end>]",
        "<s><system>BE SHORT<user>ON <temp><assistant>[<lamp>OK<end>]",
    ];
    assert_eq!(made, wants);
    let names: Vec<_> = framing.tools.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["lamp", "temp"]);
    // What the system says to all is read once, at the start.
    assert_eq!(framing.start.len(), 2 + "BE SHORT".len());
    assert_eq!(framing.action("temp"), ("temp".into(), Action::Read { close: vec![] }));
    assert_eq!(framing.action("lamp"), ("lamp".into(), Action::Switch { on: true }));
    assert_eq!(framing.action("lamp-on"), ("lamp".into(), Action::Switch { on: true }));
    assert_eq!(framing.action("lamp-off"), ("lamp".into(), Action::Switch { on: false }));
    assert_eq!(framing.action("-off"), ("-off".into(), Action::Switch { on: true }));
    // A machine may read any number.
    assert!(framing.tokenizer.digits().is_some());
    // What a user types makes no token of a tool.
    let typed = framing.tokenizer.encode(b"<temp>").unwrap();
    assert!(typed.iter().all(|&token| framing.tools.iter().all(|&(_, tool)| tool != token)));
    let other = entry(&[("system", "BE KIND"), ("user", "A"), ("assistant", "B")]);
    let (framing, made) = examples(&records("b.jsonl", &(one + &other)), 64);
    assert_eq!(made[1], "<s><system>BE KIND<user>A<assistant>[B<end>]");
    assert_eq!(framing.start.len(), 1);
}

/// A machine reads digits one by one, also where the tokenizer merges them.
#[test]
fn results_are_digits() {
    let turn =
        |number: &str| entry(&[("user", "21"), ("assistant", "<t>"), ("tool", number), ("assistant", "21")]);
    let records = records("a.jsonl", &(turn("21") + &turn("65535") + &turn("0")));
    let mut tokenizer = Framing::fresh(&records, characters(Fold::Auto)).unwrap().tokenizer;
    let digits = tokenizer.digits().unwrap();
    let merge = Merge { rank: 0, left: digits[2], right: digits[1], merged: tokenizer.pieces.len() as u32 };
    tokenizer.pieces.push(b"21".to_vec());
    tokenizer.scheme =
        Scheme::Merged { merges: Merges::new(vec![merge]).unwrap(), whole: Default::default() };
    let framing = Framing::new(&records, tokenizer).unwrap();
    assert_eq!(framing.tokenizer.encode(b"21").unwrap().len(), 1);
    let made = framing.examples(&records, 64).unwrap();
    for (example, number) in made.examples.iter().zip(["21", "65535", "0"]) {
        let at = example.tokens.iter().position(|&token| token == framing.tools[0].1).unwrap() + 1;
        let wants: Vec<u32> = number.bytes().map(|digit| digits[usize::from(digit - b'0')]).collect();
        assert_eq!(example.tokens[at..at + wants.len()], wants);
        assert!(example.counts[at..at + wants.len()].iter().all(|counts| !counts));
    }
}

#[test]
fn results_that_no_machine_gives_are_refused() {
    let turn =
        |result: &str| entry(&[("user", "A"), ("assistant", "<t>"), ("tool", result), ("assistant", "B")]);
    let refused = |text: &str| {
        let e = Framing::fresh(&records("a.jsonl", text), characters(Fold::Auto)).unwrap_err();
        assert!(!e.help().is_empty());
        e.to_string()
    };
    for wrong in ["21.5", "-3", "65536", "007", "+1", "warm", " 1"] {
        let wants = format!(
            "a.jsonl:2: <t> gives {wrong:?}: a machine reads whole numbers from 0 to 65535, written without a 0 in front"
        );
        assert_eq!(refused(&(turn("1") + &turn(wrong))), wants);
    }
    let wants = "a.jsonl:2: <t> has none, and at a.jsonl:1 it has a result";
    assert_eq!(refused(&(turn("1") + &turn(""))), wants);
    let wants = "a.jsonl:2: <t> has a result, and at a.jsonl:1 it has none";
    assert_eq!(refused(&(turn("") + &turn("1"))), wants);
    // A tokenizer of before, without digits, gets them; one that has a token for whatever it does not know does not.
    let plain = records("a.jsonl", &entry(&[("user", "A"), ("assistant", "B")]));
    let mut tokenizer = Framing::fresh(&plain, characters(Fold::Auto)).unwrap().tokenizer;
    let framing = Framing::new(&records("a.jsonl", &turn("1")), tokenizer.clone()).unwrap();
    assert!(framing.tokenizer.digits().is_some());
    tokenizer.alphabet.fallback = Fallback::Unknown { id: 0, fuse: false };
    let error = Framing::new(&records("a.jsonl", &turn("1")), tokenizer).unwrap_err();
    assert_eq!(error.to_string(), "<t> reads numbers, and the tokenizer has no token for a digit");
}

#[test]
fn texts_begin_with_the_start() {
    let (framing, made) = examples(&records("a.txt", "Once upon.\nA cat.\n"), 7);
    assert_eq!(made, ["<s>[Once u]", "<s>[pon.<end>]", "<s>[A cat.]", "<s>[<end>]"]);
    assert!(framing.tokenizer.adds_bos && framing.turns.is_none());
    let mut one = Records::default();
    one.read("a.txt", b"Once upon\na time", None, Cut::Whole).unwrap();
    assert_eq!(examples(&one, 64).1, ["<s>[Once upon\na time]"]);
    one.read("b.txt", b"x|y\n", None, Cut::Whole).unwrap();
    let said = Framing::fresh(&one, Choice::default()).unwrap_err().to_string();
    assert_eq!(said, "texts (a.txt:1) and conversations (b.txt:1) together");
}

#[test]
fn bpe_keeps_to_words() {
    let text = "the cat sat on the mat. the rat sat on the cat: 12 12 12, the the the.\n".repeat(3);
    let records = records("a.txt", &text);
    let kind = TokenizerKind::Bpe { tokens: 64 };
    let framing = Framing::fresh(&records, Choice { kind, fold: Fold::Keep }).unwrap();
    let tokenizer = &framing.tokenizer;
    assert!(tokenizer.pieces.len() <= 64);
    assert_eq!(
        tokenizer.pieces.len() - framing.added - tokenizer.alphabet.start.len(),
        tokenizer.merges().len()
    );
    for piece in &tokenizer.pieces {
        let piece = std::str::from_utf8(piece).unwrap();
        assert!(!piece.get(1..).is_some_and(|behind| behind.contains(' ')), "{piece:?}");
        assert!(piece.len() < 2 || !piece.contains(|c: char| c.is_ascii_digit() || c == '.'), "{piece:?}");
    }
    let the = tokenizer.encode(b"cat the").unwrap();
    assert_eq!(tokenizer.pieces[*the.last().unwrap() as usize], b" the");
    assert_eq!(tokenizer.decode(&the), b"cat the");
    let few = Framing::fresh(&records, Choice { kind: TokenizerKind::Bpe { tokens: 10 }, fold: Fold::Keep });
    assert!(
        few.unwrap_err()
            .to_string()
            .starts_with("a vocabulary of 10 tokens has no room for 16 characters and 2 marks")
    );
}

#[test]
fn a_tokenizer_that_is_there_keeps_its_tokens() {
    let base = Framing::fresh(&records("a.txt", "Ab|c\n"), characters(Fold::Keep)).unwrap();
    let turn = [("user", "A"), ("assistant", "b")];
    let chat = records("b.jsonl", &entry(&[turn, turn].concat()));
    let framing = Framing::new(&chat, base.tokenizer.clone()).unwrap();
    // `<end>` is there already.
    assert_eq!((framing.added, framing.end), (3, base.end));
    let old = base.tokenizer.pieces.len();
    assert_eq!(framing.tokenizer.pieces[..old], base.tokenizer.pieces[..]);
    // One that knows conversations takes a pair as one.
    let again = Framing::new(&records("c.txt", "A|b\n"), framing.tokenizer.clone()).unwrap();
    assert_eq!((again.added, &again.turns), (0, &framing.turns));
    // New characters stand behind its own, before new marks.
    let other = records("c.jsonl", &entry(&[("user", "Axe"), ("assistant", "b")]));
    let framing = Framing::new(&other, base.tokenizer.clone()).unwrap();
    assert_eq!(framing.added, 2);
    assert_eq!(framing.tokenizer.pieces[..old], base.tokenizer.pieces[..]);
    assert_eq!(framing.tokenizer.pieces[old..old + 2], [b"e", b"x"]);
    assert_eq!(framing.tokenizer.encode(b"Axe").unwrap(), [0, old as u32 + 1, old as u32]);
    assert!(framing.examples(&other, 64).is_ok());
    // Where characters are bytes, one of several bytes is none.
    let other = records("c.jsonl", &entry(&[("user", "A\u{e9}"), ("assistant", "b")]));
    let framing = Framing::new(&other, base.tokenizer).unwrap();
    let said = framing.examples(&other, 64).unwrap_err().to_string();
    assert_eq!(said, "c.jsonl:1: byte 1: the tokenizer has no token for the bytes [c3]");
    // Letters of the case that the tokenizer folds away are none of their own.
    let capitals = Framing::fresh(&records("a.txt", "AB|C\n"), characters(Fold::Upper)).unwrap();
    let framing = Framing::new(&records("a.txt", "abd|C\n"), capitals.tokenizer).unwrap();
    assert_eq!((framing.added, framing.tokenizer.pieces.last().unwrap().as_slice()), (1, &b"D"[..]));
}

#[test]
fn records_are_written_and_read_again() {
    let all = records("a.csv", "query,reply\n\"A, B\",C\nD,E\n");
    let chosen: Vec<_> = all.records.iter().collect();
    for (name, kind) in [
        ("b.csv", Kind::Csv),
        ("b.tsv", Kind::Tsv),
        ("b.txt", Kind::Pairs),
        ("b.jsonl", Kind::Conversations),
        ("c.jsonl", Kind::Instructions),
    ] {
        let text = write(&all, &chosen, kind).unwrap();
        let again = records(name, &text);
        assert_eq!(again.sources[0].1, kind);
        let contents =
            |records: &Records| records.records.iter().map(|r| r.content.clone()).collect::<Vec<_>>();
        assert_eq!(contents(&again), contents(&all), "{text}");
    }
    let said = write(&all, &chosen, Kind::Texts).unwrap_err().to_string();
    assert_eq!(said, "a.csv:2: this is a conversation, and texts cannot say that");
}

#[test]
fn tokenizers_are_written_and_read_again() {
    use mlc_compiler::import::tokenizer::huggingface;
    let text = "The cat sat on the mat. THE RAT, the 12 cats: that's it!\nthe end\n".repeat(3);
    let kinds =
        [TokenizerKind::Characters, TokenizerKind::Bpe { tokens: 64 }, TokenizerKind::Bpe { tokens: 100 }];
    let chat = entry(&[("user", "The cat"), ("assistant", "<temp>"), ("tool", "1"), ("assistant", " sat")]);
    for kind in kinds {
        for fold in [Fold::Keep, Fold::Upper, Fold::Lower] {
            for records in
                [records("a.txt", &text), records("b.jsonl", &chat), records("c.txt", "The cat|sat\n")]
            {
                let framing =
                    Framing::fresh(&records, Choice { kind, fold }).unwrap_or_else(|e| panic!("{e}"));
                let written = huggingface::write(&framing.tokenizer).unwrap_or_else(|e| panic!("{e}"));
                let again =
                    huggingface::read("tokenizer.json", &written.bytes).unwrap_or_else(|e| panic!("{e}"));
                assert_eq!((&again, written.notes), (&framing.tokenizer, vec![]), "{kind:?} {fold:?}");
            }
        }
    }
}
