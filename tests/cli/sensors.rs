//! `mlc import`, `inspect`, `eval` and `run` of networks on numbers.

use crate::Folder;
use crate::arrays::{npy, stored};
use crate::tflite::{dense, floats, wide};

/// A folder with a network of two numbers and two outputs.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("net.tflite", dense(9).bytes()).write("floats.tflite", floats().bytes());
    folder
}

#[test]
fn a_network_is_read_shown_run_and_measured() {
    let folder = folder();
    let ran = folder.mlc(["import", "net.tflite", "--labels", "up,down", "--inputs", "x,y"]);
    assert!(ran.ok().starts_with("model.ron: net, 2 to 2, 1 operator, 4 weights, rounds as tflm, "));
    let shown = folder.mlc(["inspect", "model.ron"]).ok();
    assert!(shown.contains("inputs: x, y\nanswers: up, down\n"), "{shown}");
    assert!(shown.contains("dense1    dense      2        4      4         4        "), "{shown}");
    let run =
        |more: &[&str]| folder.mlc([&["run", "--target", "reference", "model.ron"], more].concat()).ok();
    assert_eq!(run(&["6.5, 1", "#10,-1", "#10,97"]), "up\nup\ndown\n");
    folder.write("data.csv", "a,b,label\n6.5,1,up\n6.5,50,down\n6.5,49,up\n");
    let said = folder.mlc(["eval", "model.ron", "data.csv"]).ok();
    assert!(said.contains("net on data.csv: 3 rows\n66.7 % right, 2 of 3\n"), "{said}");
    assert!(said.contains("up        2      1   50.0 %  1 down"), "{said}");
    let json = folder.mlc(["eval", "model.ron", "data.csv", "--json"]).ok();
    assert!(json.contains("\"right\": 2") && json.contains("\"rows\": 3"), "{json}");
}

#[test]
fn a_margin_makes_it_unsure() {
    let folder = folder();
    folder.mlc(["import", "net.tflite", "--margin", "20"]).ok();
    let run = |line: &str| folder.mlc(["run", "--target", "reference", "model.ron", line]).ok();
    assert_eq!([run("#10,-1"), run("#127,-128")], ["?\n", "0\n"]);
}

#[test]
fn floats_are_quantized_by_data() {
    let folder = folder();
    let refused = folder.mlc(["import", "floats.tflite"]).fails(1);
    assert!(refused.contains("computes with floats") && refused.contains("--calibrate"), "{refused}");
    let rows: String =
        (0..60).map(|i| format!("{},{},{}\n", i % 10, i % 7, usize::from(i % 10 < 4))).collect();
    folder.write("train.csv", rows);
    let ran = folder.mlc(["import", "floats.tflite", "--calibrate", "train.csv"]);
    assert!(ran.stderr.contains("train.csv: 60 rows to quantize by\nin floats: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("label 0: "), "{}", ran.stderr);
    ran.ok();
    folder.write("wide.csv", "1,2,3,4\n");
    let refused = folder.mlc(["import", "floats.tflite", "--calibrate", "wide.csv"]).fails(1);
    assert!(refused.contains("wide.csv: the data have 4 values in a row, the network reads 2"), "{refused}");
}

#[test]
fn options_of_other_families_are_refused() {
    let folder = folder();
    let said = |options: &[&str]| folder.mlc([&["import", "net.tflite"], options].concat()).fails(2);
    assert!(
        said(&["--charset", "ab"])
            .contains("--charset is for networks of hashed text, and this is one on numbers")
    );
    assert!(said(&["--bits", "5"]).contains("--bits is for the float network of a sequence model"));
    assert!(
        said(&["--calibrate", "net.tflite"])
            .contains("--calibrate is for networks of floats, and this one has integers")
    );
    folder.mlc(["import", "net.tflite"]).ok();
    let said = folder.mlc(["import", "model.ron", "--margin", "3", "-o", "b.ron"]).fails(2);
    assert!(said.contains("--margin is for a .tflite or an .onnx, and this file is neither"), "{said}");
    let said = folder.mlc(["diff", "model.ron", "tinychat"]).fails(2);
    assert!(said.contains("networks on numbers are not compared"), "{said}");
}

#[test]
fn a_network_runs_on_the_z80_and_is_verified_and_measured() {
    let folder = folder();
    folder.mlc(["import", "net.tflite", "--labels", "up,down", "--inputs", "x,y"]).ok();
    let said = folder.mlc(["compile", "model.ron", "--target", "z80-cpm", "-o", "net.com"]).ok();
    assert!(said.contains("predicted: ") && said.ends_with("next: mlc run net.com '0 0'\n"), "{said}");
    let run = |more: &[&str]| folder.mlc([&["run"], more].concat()).ok();
    assert_eq!(run(&["net.com", "6.5, 1"]), "up\n");
    for target in ["z80-cpm", "zx48", "cpc464", "msx", "msxdos"] {
        let ran = run(&["--target", target, "model.ron", "6.5, 1", "#10,-1", "#10,97", "6.5"]);
        assert_eq!(ran, "up\nup\ndown\n? 2 numbers\n", "{target}");
    }
    folder.write("data.csv", "a,b,label\n6.5,1,up\n6.5,50,down\n6.5,49,up\n");
    let verified = folder.mlc(["verify", "model.ron", "--target", "z80-cpm", "--data", "data.csv"]).ok();
    assert_eq!(verified, "net on z80-cpm: 3 prompts, 3 steps, 6 logits: all equal\n");
    let bench = folder.mlc(["bench", "model.ron", "--target", "z80-cpm"]).ok();
    assert!(bench.contains("\ns1_dense ") && bench.contains("16 prompts, 16 steps"), "{bench}");
    let profile = folder.mlc(["profile", "model.ron", "--target", "z80-cpm"]).ok();
    assert!(profile.contains("s1_dense"), "{profile}");
    folder.mlc(["compile", "model.ron", "--target", "z80-cpm", "-o", "net.asm"]).ok();
    let text = String::from_utf8(folder.read("net.asm")).expect("assembly is text");
    for entry in ["\nnet_begin:", "\nnet_input:", "\nnet_run:", "\nnet_logits "] {
        assert!(text.contains(entry), "{entry}");
    }
}

#[test]
fn values_that_memory_has_no_room_for_are_computed_row_by_row() {
    let folder = folder();
    folder.write("wide.tflite", wide(2_200).bytes());
    folder.mlc(["import", "wide.tflite", "--labels", "up,down", "-o", "wide.ron"]).ok();
    let said = folder.mlc(["compile", "wide.ron", "--target", "atmega328p", "-o", "wide.hex"]).ok();
    assert!(
        said.contains("row by row: all steps; 27 bytes of rows in the place of 2,202; behind each 25"),
        "{said}"
    );
    assert!(!said.contains("characters are lost"), "{said}");
    let said = folder.mlc(["compile", "wide.ron", "--target", "atmega2560", "-o", "wide.hex"]).ok();
    assert!(!said.contains("row by row"), "{said}");
    let size = ["--optimize", "size", "-o", "wide.hex"];
    let said = folder.mlc(["compile", "wide.ron", "--target", "atmega2560"].iter().chain(&size)).ok();
    assert!(said.contains("row by row: all steps"), "{said}");
    let said = folder.mlc(["inspect", "wide.ron"]).ok();
    let line =
        |target: &str| said.lines().find(|line| line.starts_with(target)).unwrap_or_default().to_string();
    assert!(line("atmega328p").ends_with("; row by row"), "{said}");
    assert!(!line("atmega2560").contains("row by row"), "{said}");
    let values =
        |of: &dyn Fn(usize) -> usize| (0..2_200).map(|at| of(at).to_string()).collect::<Vec<_>>().join(" ");
    folder.write("p.txt", format!("#{}\n{}\n1 2 3\n", values(&|at| at * 7 % 128), values(&|at| at % 60)));
    let verified = folder.mlc(["verify", "wide.ron", "--target", "atmega328p", "--prompts", "p.txt"]).ok();
    assert!(verified.ends_with("all equal\n"), "{verified}");
    let bench = folder.mlc(["bench", "wide.ron", "--target", "atmega328p"]).ok();
    // What is computed while the line comes counts.
    let counted = |phase: &str| {
        let row = bench.lines().find(|line| line.starts_with(phase)).unwrap_or_default();
        let cells: Vec<&str> = row.split_whitespace().collect();
        cells.get(2).and_then(|cell| cell.replace(',', "").parse::<u64>().ok()).unwrap_or_default()
    };
    assert!(counted("s1_dense") > 30_000 && counted("rows") > 2_000, "{bench}");
}

#[test]
fn lines_that_are_something_else_are_answered_so() {
    let folder = folder();
    folder.mlc(["import", "net.tflite", "--labels", "up,down"]).ok();
    let words = ["1e1,2", "1", "1 2 3", "", "6.5 1"];
    let wants = "? 2 numbers\n? 2 numbers\n? 2 numbers\n\nup\n";
    for target in ["reference", "atmega328p", "attiny85", "z80-cpm", "zx48"] {
        let ran = folder.mlc(["run", "model.ron", "--target", target].iter().chain(&words));
        for note in [
            "value 1 is \"1e1\"; machines read numbers like 12, -3 and 0.25",
            "it has 1 number\n",
            "it has 3 numbers",
        ] {
            assert!(
                ran.stderr.contains(&format!("note: the network cannot read this line: {note}")),
                "{}",
                ran.stderr
            );
        }
        assert_eq!(ran.ok(), wants, "{target}");
    }
    folder.write("p.txt", "6.5,1\n1e1,1\nabc\n\n#1,2\n");
    folder.mlc(["verify", "model.ron", "--target", "atmega328p", "--prompts", "p.txt"]).ok();
}

#[test]
fn options_that_change_nothing_are_refused() {
    let folder = folder();
    folder.write("train.csv", "1,2,a\n2,3,b\n3,1,a\n");
    let said =
        folder.mlc(["import", "floats.tflite", "--calibrate", "train.csv", "--rounding", "tflm"]).fails(1);
    assert!(
        said.contains("--rounding changes nothing: a network of floats gets a rounding of mlc's own"),
        "{said}"
    );
    let said = folder.mlc(["import", "net.tflite", "--ignore", "key"]).fails(2);
    assert!(said.contains("--ignore is for keys of other formats"), "{said}");
    let said = folder.mlc(["import", "net.tflite", "--inputs", "a,a"]).fails(1);
    assert!(said.contains("reader.inputs must be each another one"), "{said}");
    folder.mlc(["import", "net.tflite"]).ok();
    for (options, what) in [
        (["--encoding", "packed"], "--encoding is for networks of hashed text"),
        (["--weights", "file"], "--weights is for sequence models"),
    ] {
        let said = folder
            .mlc([&["compile", "--target", "atmega328p", "-o", "x.hex"], &options[..]].concat())
            .fails(1);
        assert!(said.contains(&format!("net is a network on numbers: {what}")), "{said}");
    }
    let made = folder.mlc(["compile", "--target", "atmega328p", "-o", "x.hex"]).ok();
    assert!(made.contains("next: mlc run x.hex --target atmega328p '0 0'"), "{made}");
}

#[test]
fn a_damaged_file_is_called_that() {
    let folder = folder();
    folder.write("cut.onnx", b"\x08").write("cut.tflite", b"abcd").write("train.csv", "1,2,a\n");
    for name in ["cut.onnx", "cut.tflite"] {
        for options in [&["--calibrate", "train.csv"][..], &[]] {
            let said = folder.mlc([&["import", name], options].concat()).fails(1);
            assert!(said.contains("damaged"), "{said}");
        }
    }
}

#[test]
fn an_import_keeps_the_model_that_it_replaces() {
    let folder = folder();
    folder.mlc(["import", "net.tflite"]).ok();
    let first = folder.text("model.ron");
    folder.mlc(["import", "net.tflite"]).ok();
    assert!(!folder.names().contains(&"model.ron.bak".to_string()), "the same model replaces nothing");
    let ran = folder.mlc(["import", "net.tflite", "--name", "other"]);
    assert!(ran.stderr.contains("note: what was in model.ron is now in model.ron.bak"), "{}", ran.stderr);
    ran.ok();
    assert_eq!(folder.text("model.ron.bak"), first);
}

/// Whatever of the data is not compared is said.
#[test]
fn data_that_nobody_compares_are_named() {
    let folder = folder();
    folder.mlc(["import", "net.tflite", "--labels", "up,down"]).ok();
    folder.write("data.csv", "6.5,1,up\n6.5,50,left\n6.5,49,left\n6.5,3,right\n");
    let ran = folder.mlc(["eval", "model.ron", "data.csv"]);
    assert_eq!(
        ran.stderr,
        "note: data.csv: 3 rows have a label that the network does not have, and so cannot be right: \"left\" (2), \
         \"right\" (1)\n"
    );
    assert!(ran.ok().contains("25.0 % right, 1 of 4\n"));
    let floats = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let member =
        |name: &str, kind: &str, shape: &str, data: &[u8]| (name.to_string(), npy(kind, false, shape, data));
    let wide = |text: &str| -> Vec<u8> { text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect() };
    let x = member("x", "<f4", "(2, 2)", &floats(&[6.5, 1.0, 6.5, 50.0]));
    let mut members = vec![
        x.clone(),
        member("label", "<U4", "(2,)", &wide("up\0\0down")),
        member("y", "<f4", "(2, 3)", &floats(&[0.0; 6])),
        member("z", "<f4", "(3,)", &floats(&[0.0; 3])),
        member("who", "|S2", "(2,)", b"anna"),
    ];
    folder.write("data.npz", stored(&members));
    let ran = folder.mlc(["eval", "model.ron", "data.npz"]);
    assert_eq!(
        ran.stderr,
        "note: data.npz: array who has text and is not compared\n\
         note: data.npz: array z has 3 rows beside the 2 rows of x and is not compared\n\
         note: data.npz: array y has 3 values a row beside 2 outputs, and is not compared\n"
    );
    assert!(ran.ok().contains("100.0 % right, 2 of 2\n"));
    members[0] = member("x", "<f4", "(2, 2)", &floats(&[6.5, 1.0, f32::NAN, 50.0]));
    folder.write("nan.npz", stored(&members));
    let refused = folder.mlc(["eval", "model.ron", "nan.npz"]).fails(1);
    assert!(refused.contains("nan.npz: array x: value 1 of row 2 is NaN, which is no number"), "{refused}");
    members[0] = x;
    members[1] = member("label", "<f4", "(3,)", &floats(&[0.0; 3]));
    folder.write("short.npz", stored(&members));
    let refused =
        folder.mlc(["verify", "model.ron", "--target", "atmega328p", "--data", "short.npz"]).fails(1);
    assert!(refused.contains("short.npz: array label has 3 values for the 2 rows of x"), "{refused}");
    // Numbers that are given are not compared with words.
    folder.mlc(["import", "net.tflite", "--numbers", "-o", "numbers.ron"]).ok();
    let ran = folder.mlc(["eval", "numbers.ron", "data.csv"]);
    let note = "note: data.csv: the last column is no number in some rows, and so is compared with nothing\n";
    assert_eq!(ran.stderr, note);
    // A table of another width is no calibration data either.
    folder.write("wide.csv", "1,2,3,4\n");
    let refused = folder.mlc(["eval", "model.ron", "wide.csv"]).fails(1);
    assert!(refused.contains("wide.csv: the data have 4 values in a row, the network reads 2"), "{refused}");
    assert!(!refused.contains("calibration"), "{refused}");
}
