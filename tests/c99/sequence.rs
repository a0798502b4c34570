//! Sequence models.

#[path = "../../compiler/tests/support/transformers.rs"]
mod transformers;

#[path = "../../compiler/tests/support/stories.rs"]
pub mod stories;

/// Where the files above look for it.
mod random {
    pub use crate::support::Random;
}

use super::support::shared::tools;
use super::{STRICT, chip, compiled, host, installed, sources, write};
use mlc_compiler::import::sequence::hugging_face::Generation;
use mlc_compiler::import::sequence::model::{Wanted, model};
use mlc_compiler::import::sequence::quantize::Quantization;
use mlc_compiler::import::{sequence, tokenizer};
use mlc_compiler::model::{Grid, Head, Model, NormOrder};
use mlc_compiler::tokens::{
    Alphabet, Fallback, Form, Merge, Merges, Prefix, Rule, Scheme, Special, Split, Tokenizer, Unit,
};
use mlc_compiler::{Assets, CompileError, c99};
use random::Random;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Lines for a model, none longer than it reads: cut ones may end inside a character.
fn queries(model: &Model, r: &mut Random) -> Vec<Vec<u8>> {
    let most = transformers::tokens(model).max_length.into();
    let mut queries = transformers::queries(r);
    queries.push((0..r.within(1, 20)).map(|_| b"ab \xc3\xa9\xe2\xff\x00\xb8\xad"[r.within(0, 9)]).collect());
    queries.iter_mut().for_each(|query| query.truncate(most));
    queries
}

fn random_model(seed: u64) -> (Model, Random) {
    let mut r = Random(seed);
    let model = transformers::Shape::random(&mut r).model(&mut r);
    (model, r)
}

#[test]
fn networks_of_every_shape_are_exact() {
    if !installed("cc") {
        return;
    }
    for seed in super::support::wide::seeds(40) {
        let (model, mut r) = random_model(seed);
        host::check(&model, &queries(&model, &mut r));
    }
}

/// Lines of one conversation, with the command that clears it among them.
#[test]
fn chats_and_drawn_tokens_are_exact() {
    if !installed("cc") {
        return;
    }
    for seed in super::support::wide::seeds(30) {
        let (mut model, mut r) = random_model(seed);
        stories::talk_or_labels(&mut model, seed, &mut r);
        let mut lines = queries(&model, &mut r);
        if model.reader.max_query() >= 6 {
            lines.push(b"/Clear".to_vec());
        }
        lines.extend(queries(&model, &mut r));
        host::check(&model, &lines);
    }
}

/// Replies that grow side by side, half of them in conversations.
#[test]
fn beams_are_exact() {
    if !installed("cc") {
        return;
    }
    for seed in super::support::wide::seeds(30) {
        let (mut model, mut r) = random_model(seed);
        stories::beam(&mut model, &mut r);
        let mut lines = queries(&model, &mut r);
        if model.reader.max_query() >= 6 {
            lines.push(b"/Clear".to_vec());
        }
        lines.extend(queries(&model, &mut r));
        host::check(&model, &lines);
    }
}

#[test]
fn tools_are_exact() {
    if !installed("cc") {
        return;
    }
    let mut told = 0;
    for seed in super::support::wide::seeds(30) {
        let (mut model, mut r) = random_model(seed);
        if seed % 2 == 0 {
            stories::talk(&mut model, &mut r);
        }
        let inputs = stories::tools(&mut model, &mut r, true);
        told += inputs.len();
        let lines = [queries(&model, &mut r), queries(&model, &mut r)].concat();
        host::check_reading(&model, &lines, &inputs);
    }
    assert!(told > 10, "{told} values");
}

/// What the networks above have, all of them together.
#[test]
fn every_shape_is_there() {
    let shapes: Vec<_> = (0..40).map(|seed| transformers::Shape::random(&mut Random(seed))).collect();
    let some = |what: &str, has: &dyn Fn(&transformers::Shape) -> bool| {
        assert!(shapes.iter().any(has) && !shapes.iter().all(has), "{what}");
    };
    for grid in transformers::GRIDS {
        some("a grid", &|shape| shape.grid == grid);
    }
    for place in [transformers::Place::Rotary, transformers::Place::Learnt, transformers::Place::None] {
        some("a place", &|shape| shape.place == place);
    }
    for middle in [transformers::Middle::Relu, transformers::Middle::Table, transformers::Middle::Gate] {
        some("a middle", &|shape| shape.middle == middle);
    }
    some("norms in front", &|shape| shape.order == NormOrder::Pre);
    some("rounds", &|shape| shape.rounds > 1);
    some("shared heads", &|shape| shape.heads > shape.kv_heads);
    some("norms of heads", &|shape| shape.head_norms);
    some("gains", &|shape| shape.gains);
    some("biases", &|shape| shape.biases);
    some("an output of its own", &|shape| shape.tied);
    some("a last norm", &|shape| shape.last_norm);
    some("a window that rolls", &|shape| shape.window < shape.most);
}

/// Values of norms, sums and means that small networks do not reach.
#[test]
fn large_networks_are_exact() {
    if !installed("cc") {
        return;
    }
    let long =
        transformers::Shape { window: 300, most: 320, dim: 70, hidden: 90, ..transformers::Shape::small() };
    let many = transformers::Shape {
        head_size: 64,
        heads: 3,
        kv_heads: 3,
        dim: 129,
        ..transformers::Shape::small()
    };
    for (seed, shape) in [long, many].into_iter().enumerate() {
        let mut r = Random(seed as u64);
        let mut model = shape.model(&mut r);
        transformers::story_mut(&mut model).ends.clear();
        transformers::tokens_mut(&mut model).max_length = 20;
        host::check(&model, &queries(&model, &mut r)[2..4]);
    }
}

/// A tokenizer with some of all that C can do.
fn random_tokenizer(plain: &Tokenizer, r: &mut Random) -> Tokenizer {
    const KEYS: [&str; 12] = ["a", "b", "c", " ", "é", "中", "▁", "k", "i", "\u{307}", "e", "Z"];
    let tokens = plain.pieces.len();
    let id = |r: &mut Random| r.within(0, tokens - 1) as u32;
    let unit = if r.chance(30) { Unit::Byte } else { Unit::Character };
    let start: BTreeMap<Vec<u8>, u32> = KEYS
        .iter()
        .filter(|key| unit == Unit::Character || key.len() == 1)
        .filter(|_| r.chance(70))
        .map(|key| key.as_bytes().to_vec())
        .collect::<Vec<_>>()
        .into_iter()
        .map(|key| (key, id(r)))
        .collect();
    let first = tokens as u32;
    let fallback = match r.within(0, 3) {
        0 => Fallback::Bytes((0..256).map(|byte| (byte * 7 + 1) % first).collect()),
        1 => Fallback::Unknown { id: id(r), fuse: r.chance(50) },
        _ => Fallback::Refuse,
    };
    let may_fold = matches!(fallback, Fallback::Unknown { .. }) && unit == Unit::Character;
    let rules = (0..r.within(0, 3)).map(|_| match r.within(0, if may_fold { 6 } else { 5 }) {
        0 => Rule::Prepend(b" ".to_vec()),
        1 => Rule::Prepend("é".into()),
        2 => Rule::Replace { from: b" ".to_vec(), to: "▁".into() },
        3 => Rule::Replace { from: b"ab".to_vec(), to: b"c".to_vec() },
        4 => Rule::LowerAscii,
        5 => Rule::UpperAscii,
        _ => Rule::Lower,
    });
    let rules = rules.collect();
    let split = match r.within(0, 5) {
        0 => Some(Split::Before("▁".into())),
        1 => Some(Split::After(b" ".to_vec())),
        2 => Some(Split::Around(b"aa".to_vec())),
        _ => None,
    };
    let merges = (0..r.within(0, 25)).map(|_| {
        let [left, right, merged] = [id(r), id(r), id(r)];
        Merge { rank: r.within(0, 3) as u32 * 70_000, left, right, merged }
    });
    let mut merges: Vec<Merge> = merges.collect();
    // Sometimes with the order of the merged tokens for a rank.
    if r.chance(40) {
        merges.iter_mut().for_each(|merge| merge.rank = merge.merged * 3);
    }
    merges.sort_unstable_by_key(|merge| (merge.left, merge.right));
    merges.dedup_by_key(|merge| (merge.left, merge.right));
    let scheme = match r.chance(70) {
        true => {
            Scheme::Merged { merges: Merges::new(merges).expect("no pair twice"), whole: BTreeMap::new() }
        }
        false => Scheme::Characters,
    };
    let prefix = r.chance(30).then(|| Prefix { text: "▁".into(), first_only: r.chance(50) });
    Tokenizer {
        rules,
        prefix,
        splits: split.into_iter().collect(),
        alphabet: Alphabet { unit, start, fallback },
        scheme,
        ..plain.clone()
    }
}

#[test]
fn tokenizers_of_every_kind_are_exact() {
    if !installed("cc") {
        return;
    }
    for seed in super::support::wide::seeds(40) {
        let mut r = Random(seed ^ 0x70CE_4153);
        let mut shape = transformers::Shape::small();
        (shape.vocabulary, shape.most, shape.blocks, shape.window) = (12, 60, 1, 60);
        let mut model = shape.model(&mut r);
        let reader = transformers::tokens_mut(&mut model);
        (reader.tokenizer, reader.max_length) = (random_tokenizer(&reader.tokenizer, &mut r), 127);
        transformers::story_mut(&mut model).ends = (0..12).collect();
        let mut line = |length: usize| -> Vec<u8> {
            let parts = ["a", "a", "b", "ab", " ", "é", "É", "中", "▁", "K", "\u{212a}", "\u{130}", "Z", "z"];
            let stray: [&[u8]; 5] = [b"\xc3", b"\xa9", b"\x00\x80", b"\xe2\x84", b"\xed\xa0\x80"];
            let one = |r: &mut Random| match r.chance(95) {
                true => parts[r.within(0, parts.len() - 1)].as_bytes(),
                false => stray[r.within(0, stray.len() - 1)],
            };
            (0..length).flat_map(|_| one(&mut r)).copied().collect()
        };
        let mut queries: Vec<Vec<u8>> = [0, 1, 1, 2, 3, 4, 5, 8, 12, 30, 60].map(&mut line).to_vec();
        queries.iter_mut().for_each(|query| query.truncate(127));
        host::check(&model, &queries);
    }
}

#[test]
fn what_c_cannot_tokenize_is_refused() {
    let refuse = |change: &dyn Fn(&mut Tokenizer)| {
        let mut model = transformers::small();
        change(&mut transformers::tokens_mut(&mut model).tokenizer);
        let error = c99::sources(&model, &Assets::builtin()).expect_err("it cannot");
        assert!(
            matches!(error, CompileError::Tokenizer { .. }) && !error.is_bug() && !error.help().is_empty()
        );
        error.to_string()
    };
    let has = |what: &str| format!("random: its tokenizer has {what}, and mlc writes no C for that");
    assert_eq!(refuse(&|t| t.splits = vec![Split::Gpt2]), has("words by GPT-2's pattern"));
    assert_eq!(refuse(&|t| t.splits = vec![Split::Digits]), has("words that digits of Unicode cut"));
    let two = || vec![Split::Before(b"a".to_vec()), Split::After(b"a".to_vec())];
    assert_eq!(refuse(&|t| t.splits = two()), has("words that are cut in several ways"));
    assert_eq!(refuse(&|t| t.rules = vec![Rule::Normal(Form::Nfc)]), has("Unicode's normal forms"));
    let everywhere = Special { everywhere: true, ..Special::control(1, "<a>") };
    assert_eq!(
        refuse(&|t| t.specials = vec![everywhere.clone()]),
        has("special tokens that are recognized in every text")
    );
    let lower = |t: &mut Tokenizer| {
        t.rules = vec![Rule::Lower];
        t.alphabet.fallback = Fallback::Refuse;
    };
    assert_eq!(refuse(&lower), has("rules that put all letters of Unicode in lower case"));
    let whole = |t: &mut Tokenizer| {
        let merges = Merges::new(vec![]).expect("none");
        t.scheme = Scheme::Merged { merges, whole: BTreeMap::from([(b"a".to_vec(), 0)]) };
    };
    assert_eq!(refuse(&whole), has("words that are tokens whatever the merges say"));
    let character = |t: &mut Tokenizer| {
        t.alphabet.start.insert(vec![0, 0x80], 0);
    };
    assert_eq!(refuse(&character), has("characters that are none of UTF-8"));
}

/// A published file, or `None` with a message.
fn published(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/sequence").join(name);
    tools::there(path.is_file(), &format!("../shared/sequence/{name}, beside the repository"))
        .then(|| std::fs::read(path).expect("it can be read"))
}

/// stories260K in 5 bits, with stories of at most `most` tokens.
fn stories(most: u16) -> Option<Model> {
    let checkpoint = sequence::read(&published("stories260K.bin")?, "stories260K.bin").expect("published");
    let bytes = published("tok512.bin")?;
    let tokenizer =
        tokenizer::llama2c::read("tok512.bin", &bytes, checkpoint.shape.vocabulary).expect("published");
    let grid = Grid::Symmetric { bits: 5 };
    let wanted = Wanted {
        head: Head { name: "stories".into(), ..Head::default() },
        how: Quantization { weights: grid, embedding: grid, window: 64 },
        most: Some(most),
        max_length: 127,
        texts: vec![b"Once upon a time, there was a little girl who had a big red ball.".to_vec()],
    };
    Some(model(&checkpoint, tokenizer, &Generation::default(), &wanted).expect("it fits"))
}

#[test]
fn stories_are_told_exactly() {
    if !installed("cc") {
        return;
    }
    let Some(model) = stories(110) else { return };
    let prompts = ["Once upon a time", "Lily and Tom like to play with 3 cats – “é”!", ""];
    host::check(&model, &prompts.map(|prompt| prompt.as_bytes().to_vec()));
}

/// Sizes as `mlc compile` prints them.
#[test]
fn state_is_as_large_as_said() {
    if !installed("cc") {
        return;
    }
    for seed in 0..6 {
        let (mut model, mut r) = random_model(seed);
        if seed % 2 == 1 {
            stories::beam(&mut model, &mut r);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sources = sources(&model);
        write(folder.path(), &sources);
        let name = &sources.name;
        let text = format!(
            "#include \"{name}.h\"\ntypedef char fits[sizeof({name}_net) == {} ? 1 : -1];\n",
            sources.ram
        );
        let main = folder.path().join("main.c");
        std::fs::write(&main, text).expect("the folder is writable");
        compiled(Command::new("cc").args(["-std=c99", "-fsyntax-only"]).arg(&main), name);
    }
}

#[test]
fn small_networks_are_exact_on_the_chip() {
    if !installed("avr-gcc") {
        return;
    }
    let fits = |model: &Model| sources(model).flash < 20_000 && sources(model).ram < 1_100;
    let models = (100..).map(random_model).filter(|(model, _)| fits(model)).take(10);
    for (mut model, mut r) in models {
        let story = transformers::story_mut(&mut model);
        story.most = story.most.min(12);
        transformers::tokens_mut(&mut model).max_length = 24;
        if sources(&model).ram > 1_100 {
            continue;
        }
        let queries = queries(&model, &mut r);
        chip::check(&model, &queries[1..4]);
    }
}

#[test]
fn an_atmega1284p_takes_the_code() {
    if !installed("avr-gcc") {
        return;
    }
    for seed in 0..8 {
        let (model, _) = random_model(seed);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let code = write(folder.path(), &sources(&model));
        let object = folder.path().join("network.o");
        let mut gcc = chip::gcc_for("atmega1284p", "avr-gcc", folder.path());
        compiled(gcc.args(STRICT).args(["-c", "-o"]).arg(&object).arg(&code), "atmega1284p");
    }
}

#[test]
fn the_example_of_the_library_tells() {
    if !installed("avr-g++") {
        return;
    }
    let mut model = transformers::small();
    let tokenizer = &mut transformers::tokens_mut(&mut model).tokenizer;
    (tokenizer.bos, tokenizer.adds_bos) = (Some(0), true);
    transformers::story_mut(&mut model).ends.clear();
    transformers::tokens_mut(&mut model).max_length = 24;
    chip::talk(&model, &[b"ab".to_vec(), b"b a".to_vec()]);
}
