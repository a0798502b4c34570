//! A folder for the Wokwi simulator: `wokwi.toml`, `diagram.json` and the firmware.
//! Formats: https://docs.wokwi.com/vscode/project-config and https://docs.wokwi.com/diagram-format.

use crate::error::CliError;
use crate::files::Output;
use mlc_compiler::target::Profile;
use mlc_compiler::target::pins::matched;
use mlc_compiler::target::profile::Wokwi;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Files of a folder with firmware called `name`. `labels` are those that the program can answer with: each pin that one
/// of them drives gets an LED.
///
/// # Errors
/// Wokwi has no such board, or the board leads such a pin nowhere.
pub fn files(
    folder: &Path,
    name: &str,
    profile: &Profile,
    labels: &[String],
    firmware: [(&str, Vec<u8>); 2],
) -> Result<Vec<Output>, CliError> {
    let Some(board) = &profile.wokwi else {
        let problem = format!("Wokwi has no board for the profile {}", profile.name);
        return Err(CliError::Usage(format!(
            "{problem}: take one with `wokwi` in its description, as uno has"
        )));
    };
    let [hex, elf] = firmware.map(|(extension, bytes)| (format!("{name}.{extension}"), bytes));
    let settings = format!("[wokwi]\nversion = 1\nfirmware = \"{}\"\nelf = \"{}\"\n", hex.0, elf.0);
    let mut diagram =
        serde_json::to_string_pretty(&diagram(profile, board, labels)?).expect("JSON values serialize");
    diagram.push('\n');
    let output = |(name, bytes): (String, Vec<u8>)| Output { path: folder.join(name), bytes };
    Ok(vec![
        output(("wokwi.toml".into(), settings.into_bytes())),
        output(("diagram.json".into(), diagram.into_bytes())),
        output(hex),
        output(elf),
    ])
}

fn diagram(profile: &Profile, board: &Wokwi, labels: &[String]) -> Result<Value, CliError> {
    let mut pins: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (label, pin) in matched(&profile.pins, labels) {
        pins.entry(profile.pins[pin].1.pin()).or_default().push(&labels[label]);
    }
    let mut parts = vec![json!({ "type": board.part, "id": "board", "top": 0, "left": 0, "attrs": {} })];
    let mut connections = Vec::new();
    for (number, (pin, labels)) in pins.iter().enumerate() {
        let Some(outside) = board.pins.get(pin) else {
            let problem =
                format!("profile {}: its board leads {pin} to no pin of Wokwi's part", profile.name);
            return Err(CliError::Usage(problem));
        };
        let led = format!("led{}", number + 1);
        parts.push(json!({
            "type": "wokwi-led", "id": led, "top": -80, "left": 60 + 60 * number,
            "attrs": { "color": "red", "label": labels.join(", ") },
        }));
        connections.push(json!([format!("board:{outside}"), format!("{led}:A"), "green", ["v0"]]));
        connections.push(json!([format!("{led}:C"), "board:GND.1", "black", ["v0"]]));
    }
    Ok(json!({
        "version": 1,
        "author": "mlc",
        "editor": "wokwi",
        "parts": parts,
        "connections": connections,
        "serialMonitor": { "display": "always", "newline": "cr" },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlc_compiler::Assets;

    fn profile(name: &str) -> Profile {
        Assets::builtin().profiles().unwrap().into_iter().find(|p| p.name == name).unwrap()
    }

    #[test]
    fn a_folder_has_settings_diagram_and_firmware() {
        let firmware = [("hex", b":".to_vec()), ("elf", b"E".to_vec())];
        let labels = ["ON".to_string(), "UP".to_string()];
        let files = files(Path::new("w"), "talk", &profile("uno"), &labels, firmware).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.path.display().to_string()).collect();
        assert_eq!(names, ["w/wokwi.toml", "w/diagram.json", "w/talk.hex", "w/talk.elf"]);
        let settings = "[wokwi]\nversion = 1\nfirmware = \"talk.hex\"\nelf = \"talk.elf\"\n";
        assert_eq!(files[0].bytes, settings.as_bytes());
        let diagram: Value = serde_json::from_slice(&files[1].bytes).unwrap();
        assert_eq!(diagram["parts"][0]["type"], "wokwi-arduino-uno");
        assert_eq!(diagram["parts"][1]["attrs"]["label"], "ON");
        assert_eq!(diagram["connections"][0][0], "board:13");
        assert_eq!(diagram["connections"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn boards_that_wokwi_lacks_are_refused() {
        let firmware = || [("hex", Vec::new()), ("elf", Vec::new())];
        let error = files(Path::new("w"), "talk", &profile("lilypad"), &[], firmware()).unwrap_err();
        assert!(error.to_string().contains("lilypad"), "{error}");
        let mut profile = profile("uno");
        profile.wokwi.as_mut().unwrap().pins.clear();
        let labels = ["ON".to_string()];
        let error = files(Path::new("w"), "talk", &profile, &labels, firmware()).unwrap_err();
        assert!(error.to_string().contains("PB5"), "{error}");
    }
}
