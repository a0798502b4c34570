//! Tells in a line which labels drive which pins.

use mlc_compiler::target::Profile;
use mlc_compiler::target::pins::matched;

/// What a board's profile does for the labels of a model. None without labels: a chat drives no pins.
pub fn line(profile: &Profile, labels: &[String]) -> Option<String> {
    if labels.is_empty() {
        return None;
    }
    let driving = matched(&profile.pins, labels);
    let drive = |&(label, pin): &(usize, usize)| format!("{} {}", labels[label], profile.pins[pin].1);
    let mut parts = vec![match driving.len() {
        0 => "no label drives one".to_string(),
        _ => driving.iter().map(drive).collect::<Vec<_>>().join(", "),
    }];
    match labels.len() - driving.len() {
        0 => {}
        _ if driving.is_empty() => {}
        1 => parts.push("the other label drives none".into()),
        n => parts.push(format!("the other {n} labels drive none")),
    }
    let idle = profile.pins.iter().enumerate().filter(|(i, _)| !driving.iter().any(|(_, pin)| pin == i));
    let idle: Vec<_> = idle.map(|(_, (name, _))| name.as_str()).collect();
    if !idle.is_empty() {
        let names = idle.join(", ");
        parts.push(format!("the profile {} has pins for {names}, no labels of this model", profile.name));
    }
    Some(format!("pins: {}", parts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlc_compiler::Assets;

    #[test]
    fn each_label_and_each_pin_is_accounted_for() {
        let profiles = Assets::builtin().profiles().unwrap();
        let uno = profiles.iter().find(|p| p.name == "uno").unwrap();
        for (labels, said) in [
            (&["ON", "OFF"][..], Some("pins: ON PB5 high, OFF PB5 low")),
            (&["on", "up", "off"], Some("pins: on PB5 high, off PB5 low; the other label drives none")),
            (
                &["UP", "OFF", "DOWN"],
                Some(
                    "pins: OFF PB5 low; the other 2 labels drive none; the profile uno has pins for ON, no labels of this \
                     model",
                ),
            ),
            (
                &["UP", "On", "on"],
                Some(
                    "pins: no label drives one; the profile uno has pins for ON, OFF, no labels of this model",
                ),
            ),
            (&[], None),
        ] {
            let labels: Vec<String> = labels.iter().map(|label| label.to_string()).collect();
            assert_eq!(line(uno, &labels).as_deref(), said, "{labels:?}");
        }
    }
}
