//! Rows of numbers from `.csv` and `.npz`: what is read of them, and every error to the letter.

use crate::arrays::{npy, stored};
use crate::random::Random;
use mlc_compiler::import::sensors::data::{Examples, Values};

fn reals(examples: &Examples) -> &[f64] {
    match &examples.values {
        Values::Reals(values) => values,
        Values::Bytes(_) => panic!("bytes"),
    }
}

fn labelled(text: &str) -> Result<Examples, String> {
    Examples::read_labelled(text.as_bytes()).map_err(|e| e.to_string())
}

fn read(text: &str, inputs: usize) -> Result<Examples, String> {
    Examples::read(text.as_bytes(), inputs).map_err(|e| e.to_string())
}

/// An archive of arrays: name, kind, shape, bytes.
fn arrays(arrays: &[(&str, &str, &str, Vec<u8>)]) -> Vec<u8> {
    let member = |(name, kind, shape, data): &(&str, &str, &str, Vec<u8>)| {
        (name.to_string(), npy(kind, false, shape, data))
    };
    stored(&arrays.iter().map(member).collect())
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn x() -> (&'static str, &'static str, &'static str, Vec<u8>) {
    ("x", "<f4", "(2, 2)", floats(&[1.0, 2.0, 3.5, -4.0]))
}

#[test]
fn quotes_separators_and_headers() {
    let rows = labelled(
        "\u{feff}\"length; cm\",width,\"what, it is\"\n1.5,\"-2\",\"a, b\"\n\n .5 , 3e2,\"say \"\"x\"\"\"\n",
    )
    .expect("a table");
    assert_eq!((rows.rows, rows.width, reals(&rows)), (2, 2, &[1.5, -2.0, 0.5, 300.0][..]));
    assert_eq!(rows.columns, ["length; cm", "width"]);
    assert_eq!(rows.labels.as_deref().expect("labels"), ["a, b", "say \"x\""]);
    assert_eq!(
        (rows.place(0), rows.place(1), rows.column(1)),
        ("line 2".into(), "line 4".into(), "column 2 (width)".into())
    );
    for text in ["1;2;x\n3;4;y\n", "1\t2\tx\n3\t4\ty\r\n", "1,2,x\n3,4,y"] {
        let rows = labelled(text).expect("a table");
        assert_eq!((reals(&rows), rows.columns.len()), (&[1.0, 2.0, 3.0, 4.0][..], 0), "{text}");
    }
    // Without a header the first row counts; a name of a column may be empty.
    assert_eq!(labelled("1,2,label\n3,4,label\n").expect("a table").rows, 2);
    assert_eq!(labelled(",b,c\n0,4,x\n").expect("a table").columns, ["", "b"]);
    // A label is there where a column is more than the network reads.
    assert_eq!(read("1,2\n3,4\n", 2).expect("two columns").labels, None);
    assert_eq!(read("a,b,c\n1,2,3\n", 2).expect("three columns").labels, Some(vec!["3".into()]));
    let some = read("1,2,a\n3,4,b\n5,6,c\n", 2).expect("three rows").chosen(&[2, 0]);
    assert_eq!((reals(&some), &some.lines), (&[5.0, 6.0, 1.0, 2.0][..], &vec![3, 1]));
    assert_eq!(some.labels, Some(vec!["c".into(), "a".into()]));
}

#[test]
fn bad_cells_are_named_by_line_and_column() {
    for (text, said) in [
        ("a,b,c\n1,2,x\n3,,y\n", "line 3, column 2 (b): the value is missing"),
        ("1,2,x\n?,4,y\n", "line 2, column 1: the value is missing (\"?\")"),
        ("1,2,x\n\n\n3,NA,y\n", "line 4, column 2: the value is missing (\"NA\")"),
        ("NaN,2,x\n3,4,y\n", "line 1, column 1: the value is missing (\"NaN\")"),
        ("1,2,x\n3,inf,y\n", "line 2, column 2: \"inf\" is larger than any number"),
        ("1,2,x\n3,1e999,y\n", "line 2, column 2: \"1e999\" is larger than any number"),
        ("1,2,x\n3,two,y\n", "line 2, column 2: \"two\" is no number"),
        ("1,two,x\n3,4,y\n", "line 1, column 2: \"two\" is no number"),
        ("a;b;c\n1;2,5;x\n", "line 2, column 2 (b): \"2,5\" has a comma for the decimal point"),
        ("1,2,x\n3,4,\n", "line 2, column 3: the label is missing"),
        ("1,2,x\n3,4\n", "line 2 has 2 values, the first has 3"),
        ("1,2,x\n3,4,y,z\n", "line 2 has 4 values, the first has 3"),
        ("1\n2\n", "there is one column only, and the last one is the label: no number is left"),
        ("a,b,c\n", "the data have no rows"),
        ("\n\n", "the data have no rows"),
        ("", "the data have no rows"),
    ] {
        assert_eq!(labelled(text), Err(said.to_string()), "{text:?}");
    }
    assert_eq!(read("1,2,3,4\n", 2), Err("the data have 4 values in a row, the network reads 2".into()));
    assert_eq!(read("1\n", 2), Err("the data have 1 value in a row, the network reads 2".into()));
    let bytes = Examples::read_labelled(b"1,2,\xff\n").map_err(|e| e.to_string());
    assert_eq!(bytes, Err("neither an .npz nor text in UTF-8".into()));
}

#[test]
fn arrays_are_read_or_named() {
    let text = |texts: &[&str]| -> Vec<u8> {
        texts
            .iter()
            .flat_map(|t| t.chars().chain(['\0'; 4]).take(4))
            .flat_map(|c| u32::from(c).to_le_bytes())
            .collect()
    };
    let labels = ("label", "<U4", "(2,)", text(&["up", "näh"]));
    let others = [
        ("y", "<f4", "(2, 3)", floats(&[0.0; 6])),
        ("z", "<f4", "(3,)", floats(&[0.0; 3])),
        ("names", "<U4", "(2,)", text(&["a", "b"])),
        ("flags", "|b1", "(2,)", vec![0, 1]),
    ];
    let rows = Examples::read(&arrays(&[&[x(), labels][..], &others].concat()), 2).expect("an archive");
    assert_eq!((rows.rows, rows.width, reals(&rows)), (2, 2, &[1.0, 2.0, 3.5, -4.0][..]));
    assert_eq!(rows.labels.as_deref().expect("labels"), ["up", "näh"]);
    assert_eq!(rows.expected.iter().map(|e| (e.name.as_str(), e.width)).collect::<Vec<_>>(), [("y", 3)]);
    assert_eq!(
        rows.notes,
        [
            "array flags is of kind |b1 and is not compared",
            "array names has text and is not compared",
            "array z has 3 rows beside the 2 rows of x and is not compared",
        ]
    );
    // What scikit-learn calls y is the label to learn from, where there is no other.
    let rows = Examples::read_labelled(&arrays(&[
        x(),
        ("y", "<i8", "(2,)", [0i64, 7].map(i64::to_le_bytes).concat()),
    ]));
    let rows = rows.expect("an archive");
    assert_eq!(
        (rows.labels.as_deref(), rows.expected.len()),
        (Some(&["0".to_string(), "7".to_string()][..]), 0)
    );
    assert_eq!(rows.place(1), "row 2");
}

#[test]
fn bad_arrays_are_named() {
    let said = |more: &[(&str, &str, &str, Vec<u8>)]| {
        Examples::read_labelled(&arrays(more)).map(|_| ()).expect_err("it is refused").to_string()
    };
    let nan = ("x", "<f4", "(2, 2)", floats(&[1.0, 2.0, f32::NAN, 4.0]));
    assert_eq!(said(&[nan]), "array x: value 1 of row 2 is NaN, which is no number");
    let far = ("y", "<f4", "(2,)", floats(&[1.0, f32::INFINITY]));
    assert_eq!(said(&[x(), far]), "array y: value 1 of row 2 is inf, which is no number");
    assert_eq!(said(&[x()]), "there is no array label with a value for each row of x");
    let short = ("label", "<f4", "(1,)", floats(&[1.0]));
    assert_eq!(said(&[x(), short]), "array label has 1 value for the 2 rows of x");
    let wide = ("label", "<f4", "(2, 2)", floats(&[1.0; 4]));
    assert_eq!(said(&[x(), wide]), "array label has 4 values for the 2 rows of x");
    let empty = ("label", "|S1", "(2,)", vec![b'a', 0]);
    assert_eq!(said(&[x(), empty]), "array label: the label of row 2 is empty");
    let objects = ("label", "|O", "(2,)", vec![0; 8]);
    assert!(
        said(&[x(), objects]).starts_with("array label is of kind |O: numbers and texts of a fixed width")
    );
    assert_eq!(said(&[("x", "<U1", "(2, 1)", vec![0; 8])]), "array x has text, not numbers");
    let wide = ("x", "<u4", "(2, 1)", vec![0; 8]);
    assert!(
        said(&[wide]).starts_with("array x is of kind <u4: floats, and integers of 8 to 64 bits, are read")
    );
    assert_eq!(said(&[("z", "<f4", "(1,)", floats(&[0.0]))]), "there is no array x of numbers");
    // Sizes are checked before anything of such a size is made.
    let huge = ("label", "<U4000000", "(2000000000000,)", vec![0; 8]);
    assert_eq!(said(&[x(), huge]), "array label: it is too large: 64 MiB of floats are possible");
    let empty = ("x", "<f4", "(0, 2)", Vec::new());
    assert_eq!(said(&[empty, ("label", "<f4", "(0,)", Vec::new())]), "the data have no rows");
}

/// Damaged files are refused or read as what they then say: none ends the program.
#[test]
fn mutated_files_do_no_harm() {
    let table = b"\"a, b\";c;d\n1;-2.5;\"x\"\n3e5;4;y\n\n5;.6;\"z\"\"z\"\n".to_vec();
    let text = [b'u', 0, 0, 0, b'p', 0, 0, 0].to_vec();
    let archive = arrays(&[x(), ("label", "<U1", "(2,)", text), ("y", "<f4", "(2, 1)", floats(&[0.5, 1.0]))]);
    let (mut read, mut refused) = (0, 0);
    for seed in 0..3000 {
        let mut r = Random(seed);
        let mut bytes = if seed % 2 == 0 { table.clone() } else { archive.clone() };
        for _ in 0..r.within(1, 4) {
            let at = r.within(0, bytes.len() - 1);
            match r.within(0, 3) {
                0 => bytes[at] = r.within(0, 255) as u8,
                1 => bytes[at] ^= 1 << r.within(0, 7),
                2 => bytes.truncate(at.max(1)),
                _ => {
                    let cell = *[&b","[..], b"\"", b"\n", b"999999999999", b"nan"]
                        .get(r.within(0, 4))
                        .expect("one of five");
                    bytes.splice(at..at, cell.iter().copied());
                }
            }
        }
        match (Examples::read_labelled(&bytes), Examples::read(&bytes, 2)) {
            (Ok(rows), _) => {
                assert_eq!(rows.labels.as_ref().map(Vec::len), Some(rows.rows), "seed {seed}");
                read += 1;
            }
            (Err(e), _) => {
                assert!(!e.to_string().is_empty() && !e.help().is_empty());
                refused += 1;
            }
        }
    }
    assert!(read > 100 && refused > 1000, "{read} {refused}");
}
