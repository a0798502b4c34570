//! `mlc train --from` a float network, with adapters and without, and `mlc distill`.

use crate::train_sequence::{SMALL, nats};
use crate::{Folder, json, shared};
use std::path::Path;

/// A short training.
const FAST: [&str; 6] = ["--steps", "60", "--batch", "8", "--lr", "0.02"];
/// One that changes hardly anything.
const IDLE: [&str; 4] = ["--steps", "1", "--lr", "0.000001"];

/// A folder with a float network that writes lines, `net/`, and lines and pairs.
fn floats(more: &[&str]) -> Folder {
    let folder = Folder::new();
    let words = ["on", "off", "red", "dim", "up", "low"];
    folder.write("lines.txt", words.map(|word| format!("say {word} is it {word} no\n")).concat());
    folder.write("pairs.txt", words.map(|word| format!("say {word}|{word}\nis it {word}|no\n")).concat());
    let train = ["train", "lines.txt", "--cut", "lines", "-o", "base.ron"];
    folder.mlc(train.iter().chain(&SMALL).chain(more)).ok();
    folder.mlc(["export", "base.ron", "-o", "net"]).ok();
    folder
}

/// Without norms of heads, whose gains the trainer does not have.
fn plain() -> Folder {
    floats(&["--no-qk-norm"])
}

fn train(folder: &Folder, data: &str, more: &[&[&str]]) -> crate::Ran {
    let args = ["train", data, "--family", "sequence", "--from", "net", "--cut", "lines"];
    folder.mlc(args.iter().chain(more.concat().iter()))
}

#[test]
fn training_goes_on_from_a_folder_of_floats() {
    let folder = plain();
    let before = folder.read("net/model.safetensors");
    // It begins where the floats are: the base's figures were those of the same weights.
    let base = folder.mlc(
        ["train", "lines.txt", "--cut", "lines", "--family", "sequence", "--from", "base.ron"]
            .iter()
            .chain(&IDLE)
            .chain(&["-o", "b.ron"]),
    );
    let ran = train(&folder, "lines.txt", &[&["--weights", "8", "-o", "a.ron"], &IDLE]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("a.ron: net, "), "{}", ran.stdout);
    let [base, floats] = [&base, &ran].map(|ran| nats(ran).parse::<f64>().expect("a number"));
    assert!((base - floats).abs() < 0.1 && base < 2.0, "{floats} for {base}");
    // New tokens stand behind its own, which stay.
    let ran = train(&folder, "pairs.txt", &[&["--weights", "4", "-o", "pairs.ron"], &FAST]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let tokens = |model: &str| -> Vec<String> {
        let text = folder.text(model);
        let (_, rest) = text.split_once("pieces: [").expect("a model has tokens");
        rest.split_once(']').expect("a list ends").0.split(',').map(|t| t.trim().to_string()).collect()
    };
    let (own, more) = (tokens("a.ron"), tokens("pairs.ron"));
    assert!(more.len() > own.len(), "{more:?}");
    assert_eq!(own[..own.len() - 1], more[..own.len() - 1]);
    let said = folder.mlc(["verify", "pairs.ron", "--target", "z80-cpm", "--random", "2"]).ok();
    assert!(said.contains("all equal"), "{said}");
    // Labels get an output of their own.
    let ran = train(&folder, "pairs.txt", &[&["--classifier", "-o", "labels.ron"], &FAST]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let said = folder.mlc(["verify", "labels.ron", "--target", "atmega1284p", "--random", "2"]).ok();
    assert!(said.contains("all equal"), "{said}");
    folder
        .mlc(
            ["train", "pairs.txt", "--family", "sequence", "--from", "labels.ron", "-o", "c.ron"]
                .iter()
                .chain(&IDLE),
        )
        .ok();
    assert_eq!(folder.read("net/model.safetensors"), before, "the base stays");
    // So does what belongs to it.
    folder.write("net/tokenizer_config.json", "{}");
    let result = ["--result", "net/tokenizer_config.json", "-o", "x.ron"];
    let ran = train(&folder, "lines.txt", &[&result, &IDLE]);
    assert!(ran.code == Some(2) && ran.stderr.contains("tokenizer_config.json is read by"), "{}", ran.stderr);
    assert_eq!(folder.text("net/tokenizer_config.json"), "{}");
}

/// FNV-1a, 64 bits.
fn hash(bytes: impl IntoIterator<Item = u8>) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, step))
}

#[test]
fn adapters_stand_beside_a_float_network() {
    let folder = plain();
    folder.write("more.txt", "is it red yes\nis it low yes\nis it up yes\n");
    let bits = ["--weights", "4", "--window", "24", "--most", "32"];
    let lora = ["--lora", "2", "--lora-targets", "wq,wv,down"];
    let ran = train(&folder, "more.txt", &[&bits, &lora, &FAST, &["-o", "a.ron"]]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains(" numbers, for net"), "{}", ran.stdout);
    let adapter = folder.text("a.ron");
    assert!(adapter.contains("window: 24") && adapter.contains("most: 32"), "{adapter}");
    // The base is told by what exporting it gives.
    let files = json(&folder.mlc(["export", "net", "-o", "again", "--json"]).ok());
    let files = files["files"].as_array().expect("a list").clone();
    let bytes = files.iter().flat_map(|file| folder.read(file["path"].as_str().expect("a path")));
    let base = hash(bytes.collect::<Vec<_>>());
    assert!(adapter.contains(&format!("base: \"{base}\"")), "{base}: {adapter}");

    // What was measured is what merging gives, in every verb.
    folder.mlc(["export", "net", "--lora", "a.ron", "-o", "merged.ron"]).ok();
    let again = [
        "train",
        "more.txt",
        "--cut",
        "lines",
        "--family",
        "sequence",
        "--from",
        "merged.ron",
        "-o",
        "c.ron",
    ];
    let again = folder.mlc(again.iter().chain(&IDLE));
    // Going on finds steps of activations and scales of rows anew, which are not those of the adapter to the bit.
    let [merged, measured] = [&again, &ran].map(|ran| nats(ran).parse::<f64>().expect("a number"));
    assert!((merged - measured).abs() < 0.02, "{}{}", again.stdout, ran.stdout);
    let program = |model: &[&str]| {
        let args = ["compile"].iter().chain(model).chain(&["--target", "z80-cpm", "--emit", "asm"]);
        folder.mlc(args).ok()
    };
    assert_eq!(program(&["net", "--lora", "a.ron"]), program(&["merged.ron"]));
    folder.mlc(["export", "net", "--lora", "a.ron", "-o", "merged"]).ok();
    assert!(folder.path("merged/model.safetensors").exists());

    // Training goes on where it ended, with the same rounding.
    let on = ["--resume", "-o", "a.ron"];
    let ran = train(&folder, "more.txt", &[&on, &lora, &FAST]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let further = folder.text("a.ron");
    assert!(further != adapter && further.contains("window: 24"), "{further}");
    let ran = train(&folder, "more.txt", &[&on, &lora, &["--window", "8"]]);
    assert!(
        ran.code == Some(2) && ran.stderr.contains("--window does not go with --resume: the adapter"),
        "{}",
        ran.stderr
    );
}

#[test]
fn bases_that_adapters_do_not_go_with_are_refused() {
    let folder = plain();
    let lora = ["--lora", "1", "--lora-targets", "wq"];
    train(&folder, "lines.txt", &[&lora, &IDLE, &["-o", "a.ron"]]).ok();
    folder
        .mlc(
            [
                "train",
                "lines.txt",
                "--cut",
                "lines",
                "--family",
                "sequence",
                "--from",
                "base.ron",
                "-o",
                "b.ron",
            ]
            .iter()
            .chain(&lora)
            .chain(&IDLE),
        )
        .ok();
    let refused = |args: &[&str], code: i32, says: &str| {
        let ran = folder.mlc(args);
        assert!(ran.code == Some(code) && ran.stderr.contains(says), "{args:?}: {}", ran.stderr);
        assert!(!folder.path("x.ron").exists(), "{args:?}");
    };
    let export = |base: &str, adapter: &str, says: &str| {
        refused(&["export", base, "--lora", adapter, "-o", "x.ron"], 1, says);
    };
    export("net", "b.ron", "b.ron: the adapter's base is a model of integers, no float network");
    export("base.ron", "a.ron", "another network");
    let text = folder.text("a.ron");
    folder.write("c.ron", text.replace("base: \"", "base: \"0"));
    export("net", "c.ron", "another network");
    folder.write("c.ron", text.replace("window: 64", "window: 1"));
    export("net", "c.ron", "window is 1");
    // One bit of a weight, and the name of a token.
    let weights = folder.read("net/model.safetensors");
    let mut others = weights.clone();
    let last = others.len() - 4;
    others[last] ^= 1;
    folder.write("net/model.safetensors", others);
    export("net", "a.ron", "another network");
    folder.write("net/model.safetensors", weights);
    let own = folder.text("net/tokenizer.json");
    folder.write("net/tokenizer.json", own.replace("<s>", "<b>"));
    export("net", "a.ron", "another network");
    folder.write("net/tokenizer.json", own);
    folder.mlc(["export", "net", "--lora", "a.ron", "-o", "merged.ron"]).ok();

    let from = ["train", "pairs.txt", "--family", "sequence", "--from", "net", "-o", "x.ron"];
    let with = |more: &[&'static str]| [&from[..], more].concat();
    refused(&with(&["--lora", "1"]), 1, "that net does not have");
    refused(&with(&["--dim", "8"]), 2, "the model that training goes on from has its own");
    let own = [
        "train",
        "pairs.txt",
        "--family",
        "sequence",
        "--from",
        "base.ron",
        "--tokenizer",
        "t.json",
        "-o",
        "x.ron",
    ];
    refused(&own, 2, "--tokenizer is for float networks");
    refused(&["compile", "base.ron", "--tokenizer", "t.json", "-o", "x.com"], 2, "--lora");
    refused(
        &["train", "pairs.txt", "--family", "sequence", "--resume", "net", "-o", "x.ron"],
        1,
        "net is a float network",
    );
}

#[test]
fn networks_with_parts_that_the_trainer_lacks_are_refused() {
    let folder = floats(&[]);
    let ran = train(&folder, "pairs.txt", &[&["-o", "x.ron"]]);
    assert!(ran.code == Some(1) && ran.stderr.contains("gains in the norms of heads"), "{}", ran.stderr);
    assert!(!folder.path("x.ron").exists());
}

/// A public checkpoint of llama2.c.
#[test]
fn a_published_checkpoint_has_adapters() {
    let paths = ["stories260K.bin", "tok512.bin"].map(|name| shared::beside("sequence", name));
    let [Some(network), Some(tokens)] = paths else { return };
    let [network, tokens] = [&network, &tokens].map(|path| path.to_str().expect("its name is text"));
    let folder = Folder::new();
    folder.write("story.txt", "Once upon a time, there was a dog named Rex.\nRex saw a big red ball.\n");
    let with = ["--tokenizer", tokens];
    let fast = ["--steps", "2", "--batch", "2", "--lr", "0.001"];
    let from = ["train", "story.txt", "--cut", "lines", "--family", "sequence", "--from", network];
    let lora = ["--lora", "1", "--lora-targets", "wq", "--weights", "8", "-o", "a.ron"];
    let ran = folder.mlc(from.iter().chain(&with).chain(&fast).chain(&lora));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    folder.mlc(["export", network, "--lora", "a.ron", "-o", "merged.ron"].iter().chain(&with)).ok();
    // After two small steps both lines are nearly as likely as the float network finds them.
    let eval = |model: &[&str]| {
        let said = folder.mlc(["eval"].iter().chain(model).chain(&["story.txt", "--json"])).ok();
        json(&said)[0]["nats"].as_f64().expect("a number")
    };
    let (merged, floats) = (eval(&["merged.ron"]), eval(&[&[network][..], &with].concat()));
    assert!((merged - floats).abs() < 0.3, "{merged} for {floats}");
    let ran = folder.mlc(from.iter().chain(&fast).chain(&["-o", "x.ron"]));
    assert!(ran.code == Some(2) && ran.stderr.contains("name the network's tokenizer"), "{}", ran.stderr);
    let ran = folder.mlc(from.iter().chain(&with).chain(&fast).chain(&["--weights", "4", "-o", "whole.ron"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // soulplayer's network has biases.
    let paths = ["soul.bin", "soul-tokenizer.json"].map(|name| shared::beside("sequence", name));
    let [Some(soul), Some(tokens)] = &paths else { return };
    let paths: [&Path; 2] = [soul, tokens];
    let [soul, tokens] = paths.map(|path| path.to_str().expect("its name is text"));
    let soul = ["train", "story.txt", "--family", "sequence", "--from", soul, "--tokenizer", tokens];
    let ran = folder.mlc(soul.iter().chain(&["-o", "x.ron"]));
    assert!(ran.code == Some(1) && ran.stderr.contains("biases"), "{}", ran.stderr);
}

#[test]
fn weights_of_a_student_come_onto_their_grids_by_either_method() {
    let folder = plain();
    let distill = |more: &[&'static str]| {
        let args = ["distill", "net", "--texts", "16", "--length", "12", "--steps", "40", "--lr", "0.002"];
        folder.mlc(args.iter().chain(more))
    };
    let made = |more: &[&'static str]| {
        let ran = distill(&[more, &["-o", "d.ron"]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        std::fs::read(folder.path("d.ron")).expect("it was written")
    };
    let [usual, incremental, through] = [
        made(&["--weights", "4"]),
        made(&["--weights", "4", "--method", "incremental"]),
        made(&["--weights", "4", "--method", "straight-through"]),
    ];
    assert!(usual == incremental && incremental != through);
    assert_eq!(made(&[]), made(&["--method", "straight-through"]), "ternary");
    for more in [
        &["--method", "incremental"][..],
        &["--weights", "4", "--embedding-bits", "2", "--method", "incremental"],
    ] {
        let ran = distill(more);
        let wants = "--method incremental is for --weights and --embedding-bits of 3 bits and more";
        assert!(ran.code == Some(2) && ran.stderr.contains(wants), "{}", ran.stderr);
    }
}

#[test]
fn a_student_has_a_prior() {
    let folder = plain();
    let distill = |more: &[&'static str]| {
        let args = ["distill", "net", "--texts", "16", "--length", "12", "--steps", "3", "-o", "d.ron"];
        folder.mlc(args.iter().chain(more))
    };
    let ran = distill(&["--prior", "bigram", "--prior-bytes", "900", "--held-out", "lines.txt"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("a prior of "), "{}", ran.stderr);
    let said = folder.mlc(["inspect", "d.ron"]).ok();
    assert!(said.contains("\nan n-gram prior: "), "{said}");
    let said = folder.mlc(["verify", "d.ron", "--target", "z80-cpm", "--random", "2"]).ok();
    assert!(said.contains("all equal"), "{said}");
    let ran = distill(&["--prior-bytes", "900"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("give --prior as well"), "{}", ran.stderr);
}
