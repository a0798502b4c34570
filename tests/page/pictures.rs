//! The pictures of docs/page.md. `MLC_BLESS=1 cargo test --test page pictures` takes them anew: fonts differ between computers, so
//! that no test compares them.

use super::browser::{drive, modules};
use super::{ROOT, mlc};
use serde_json::json;
use std::path::Path;

/// Name, width and height in points.
const PICTURES: [(&str, u32, u32); 4] = [
    ("talk-zx48-phone", 390, 844),
    ("talk-cpm-desktop", 1000, 760),
    ("report-phone", 390, 844),
    ("report-desktop", 1000, 760),
];

#[test]
fn pictures_of_the_pages() {
    let folder = Path::new(ROOT).join("docs/pictures");
    if std::env::var_os("MLC_BLESS").is_some_and(|value| value == "1") {
        let Some(modules) = modules() else { return };
        take(&folder, &modules);
    }
    let text = include_str!("../../docs/page.md");
    for (name, width, height) in PICTURES {
        let path = folder.join(format!("{name}.png"));
        let file = std::io::BufReader::new(std::fs::File::open(&path).expect("the picture is kept"));
        let info = png::Decoder::new(file).read_info().expect("it is a PNG").info().size();
        assert_eq!(info, (width, height), "{name}");
        assert!(text.contains(&format!("](pictures/{name}.png)")), "{name} is not in docs/page.md");
    }
}

fn take(folder: &Path, modules: &Path) {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    mlc(place, "compile guess --target zx48 -o 0.html", &[]);
    mlc(place, "compile tinychat --target z80-cpm -o 1.html", &[]);
    mlc(place, "report guess --target atmega328p --profile lilypad -o 2.html", &[]);
    let page = |at: u32| place.join(format!("{at}.html"));
    let shot = |at: usize, dark: bool| {
        let (name, width, height) = PICTURES[at];
        json!([{ "path": folder.join(format!("{name}.png")), "width": width, "height": height, "dark": dark }])
    };
    let talk = ["hello", "what is your name", "tell me a joke"];
    let guess = ["is it alive", "is it tall", "is it old", "is it a lighthouse"];
    std::fs::create_dir_all(folder).unwrap();
    drive(
        modules,
        &[
            json!({ "page": page(0), "prompts": guess, "screenshots": shot(0, false), "still": true }),
            json!({ "page": page(1), "prompts": talk, "screenshots": shot(1, false) }),
            json!({ "page": page(2), "report": true, "screenshots": shot(2, false), "at": "#memory-map" }),
            json!({ "page": page(2), "report": true, "screenshots": shot(3, true), "at": "#time" }),
        ],
    );
}
