//! llama2.c's and soulplayer's files.

use crate::small::{self, network};
use crate::writers;
use mlc_compiler::import::sequence::{Checkpoint, Problem, Shape, llama2c, read, soul};

fn problem(bytes: &[u8]) -> Problem {
    *llama2c::read(bytes, "net.bin").unwrap_err().problem
}

#[test]
fn all_forms_of_llama2c_give_the_network() {
    for tied in [true, false] {
        let wants = network(small::llama(), tied, [false; 3], 5);
        for bytes in [writers::legacy(&wants), writers::version1(&wants)] {
            assert!(llama2c::is_llama2c(&bytes));
            assert_eq!(llama2c::read(&bytes, "net.bin").unwrap(), wants);
        }
        let bytes = writers::version2(&wants, 8, false);
        let found = llama2c::read(&bytes, "net.bin").unwrap();
        assert_eq!(found.layers[1].feed_norm, wants.layers[1].feed_norm);
        let matrices = |c: &Checkpoint| {
            let layers =
                c.layers.iter().flat_map(|l| [l.wq.clone(), l.wo.clone(), l.down.clone(), l.up.clone()]);
            let all: Vec<f32> = layers.chain(c.output.clone()).flat_map(|m| m.weights).collect();
            [c.embedding.clone(), all].concat()
        };
        for (group, wants) in matrices(&found).chunks(8).zip(matrices(&wants).chunks(8)) {
            let most = wants.iter().fold(0f32, |m, v| m.max(v.abs()));
            let near = |(found, wants): (&f32, &f32)| (found - wants).abs() <= most / 250.0;
            assert!(group.iter().zip(wants).all(near), "{group:?} for {wants:?}");
        }
    }
}

#[test]
fn headers_of_llama2c_are_checked() {
    let c = network(small::llama(), true, [false; 3], 5);
    let set = |bytes: &[u8], at: usize, value: i32| {
        let mut bytes = bytes.to_vec();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        problem(&bytes).to_string()
    };
    let legacy = writers::legacy(&c);
    assert_eq!(set(&legacy, 0, 0), "dim is 0, a size of at least 1 wanted");
    assert_eq!(set(&legacy, 0, 18), "heads is 4, a divisor of dim 18 wanted");
    assert_eq!(set(&legacy, 4, -5), "hidden is -5, a size of at least 1 wanted");
    assert_eq!(set(&legacy, 8, i32::MAX), "layers is 2147483647, possible is 1 to 256");
    assert_eq!(set(&legacy, 16, 3), "kv_heads is 3, a divisor of 4 heads wanted");
    assert_eq!(set(&legacy, 20, i32::MIN), "vocabulary is -2147483648, a size of at least 1 wanted");
    let (found, wants) = (legacy.len(), legacy.len() + 4 * 4);
    let length = format!("the file has {found} bytes, {wants} wanted by what its header says");
    assert_eq!(set(&legacy, 24, 33), length);

    let v1 = writers::version1(&c);
    assert_eq!(
        set(&v1, 4, 3),
        "version 3 of llama2.c's format: only 1 and 2 are read, and files without a version"
    );
    assert_eq!(set(&v1, 28, -20), "vocabulary is -20, a size of at least 1 wanted");
    assert_eq!(set(&v1, 36, 2), "shared_classifier is 2, 0 or 1 wanted");
    assert_eq!(set(&v1, 200, 1), "the rest of the header is not zero, zeros wanted");
    let v2 = writers::version2(&c, 8, false);
    for group in [0, -8, 7] {
        let wants = format!("group_size is {group}, a number that divides the size of every matrix wanted");
        assert_eq!(set(&v2, 37, group), wants);
    }
}

#[test]
fn weights_and_scales_that_are_none_are_refused() {
    let mut c = network(small::llama(), false, [false; 3], 5);
    c.layers[1].up.weights[18] = f32::INFINITY;
    for bytes in [writers::legacy(&c), writers::version1(&c)] {
        assert_eq!(problem(&bytes).to_string(), "tensor layers.1.w3: the value at [1, 2] is inf");
    }
    c.layers[0].attention_norm[3] = f32::NAN;
    let text = "tensor layers.0.attention_norm: the value at [3] is NaN";
    assert_eq!(problem(&writers::version2(&c, 4, false)).to_string(), text);
    let c = network(small::llama(), false, [false; 3], 5);
    let error = llama2c::read(&writers::version2(&c, 8, true), "old.bin").unwrap_err();
    assert!(matches!(&*error.problem, Problem::Scale { tensor, .. } if tensor == "embedding"), "{error}");
    assert!(error.help().contains("earlier"));
}

#[test]
fn a_soul_gives_the_network() {
    let c = network(small::soul(), false, [false, false, true], 5);
    let bytes = writers::soul(&c, 6);
    assert!(soul::is_soul(&bytes) && !llama2c::is_llama2c(&bytes));
    let found = soul::read(&bytes, "soul.bin").unwrap();
    assert_eq!(found.shape, c.shape);
    let near = |found: &[f32], wants: &[f32], step: f32| {
        assert_eq!(found.len(), wants.len());
        assert!(found.iter().zip(wants).all(|(f, w)| (f - w).abs() <= step / 2.0), "{found:?} for {wants:?}");
    };
    near(&found.embedding, &c.embedding, 1.0 / 64.0);
    near(found.learnt_positions.as_ref().unwrap(), c.learnt_positions.as_ref().unwrap(), 1.0 / 64.0);
    for (found, wants) in found.layers.iter().zip(&c.layers) {
        near(&found.attention_norm, &wants.attention_norm, 1.0 / 64.0);
        for (f, w) in [
            (&found.wq, &wants.wq),
            (&found.wo, &wants.wo),
            (&found.up, &wants.up),
            (&found.down, &wants.down),
        ] {
            near(&f.weights, &w.weights, 1.0 / 128.0);
        }
        near(found.up.bias.as_ref().unwrap(), wants.up.bias.as_ref().unwrap(), 1.0 / 32768.0);
        near(found.down.bias.as_ref().unwrap(), wants.down.bias.as_ref().unwrap(), 1.0 / 32768.0);
    }
    near(&found.output.unwrap().weights, &c.output.unwrap().weights, 1.0 / 64.0);
}

#[test]
fn damage_of_a_soul_is_named() {
    let c = network(small::soul(), false, [false, false, true], 5);
    let good = writers::soul(&c, 6);
    let fails = |bytes: &[u8]| soul::read(bytes, "soul.bin").unwrap_err().to_string();
    let changed = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        fails(&bytes)
    };
    assert_eq!(fails(&[]), "soul.bin: the number of tensors is 0, 4, and 10 for each layer wanted");
    assert_eq!(fails(&good[..good.len() - 1]), "soul.bin: the file ends within tensor number 23");
    assert_eq!(changed(0, 7), "soul.bin: the kind of tensor number 0 is 7, 0 (int8) or 1 (int16) wanted");
    // The first norm: behind 20 by 16 and 32 by 16 values.
    let n1 = 6 + 320 + 6 + 512;
    assert_eq!(good[n1..n1 + 6], [0, 16, 0, 1, 0, 6]);
    let mut bytes = good.clone();
    bytes[n1 + 1] = 8;
    bytes[n1 + 3] = 2;
    assert_eq!(fails(&bytes), "soul.bin: tensor l0.n1 has shape 8 by 2, 16 by 1 wanted");
    let deep =
        writers::soul(&network(Shape { layers: 257, ..small::soul() }, false, [false, false, true], 5), 6);
    assert_eq!(fails(&deep), "soul.bin: layers is 257, possible is 1 to 256");
}

#[test]
fn the_content_decides_what_a_file_is() {
    let c = network(small::llama(), true, [false; 3], 5);
    assert_eq!(read(&writers::legacy(&c), "a").unwrap(), c);
    assert_eq!(read(&writers::version1(&c), "a").unwrap(), c);
    let c = network(small::soul(), false, [false, false, true], 5);
    assert_eq!(read(&writers::soul(&c, 6), "a").unwrap().shape, c.shape);
    let files: [(&[u8], &str); 5] = [
        (b"", "empty"),
        (b"{}", "config.json"),
        (b"\x10\0\0\0\0\0\0\0{}", "safetensors"),
        (b"PK\x03\x04", "archive"),
        (b"Once upon a time there was a story.", "no file of a sequence model"),
    ];
    for (bytes, says) in files {
        let error = read(bytes, "a").unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.help().contains("llama2.c"));
    }
}
